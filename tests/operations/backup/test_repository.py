"""Backups: sealed, without doubles, read back; a wrong key, a torn file, a missing piece: one line, nothing lost."""
from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from operations.backup import collect, keys, sealed
from operations.backup.keys import ROTATION, Secret, key_file, open_ring, passphrase
from operations.backup.manifest import KEPT, Kind, Manifest
from operations.backup.repository import Repository
from operations.backup.restore import restore_audit, restore_in_place, restore_into
from operations.errors import OperationsError
from tests.operations.stores import PREFIX, UTC_BEGIN, World, files_of, taken_up

QUARTER = timedelta(minutes=15)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "storage")
    for _ in range(5):
        made.step()
    return made


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    return key_file(tmp_path / "keys" / "backup.key", make=True)


@pytest.fixture
def repository(tmp_path: Path, secret: Secret) -> Repository:
    return Repository(tmp_path / "backups", secret)


def backed_up(repository: Repository, world: World, number: int = 0, kind: Kind = Kind.INCREMENTAL) -> Manifest:
    return repository.run(world.folder, UTC_BEGIN + number * QUARTER, kind=kind, reason="schedule").manifest


def pieces(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "backups" / "pieces").rglob("*") if path.is_file()]


# --- what a backup is -----------------------------------------------------------------------------------------------


def test_what_is_restored_is_the_store_to_the_byte(repository: Repository, world: World, tmp_path: Path) -> None:
    (world.folder / "live/main/tom-king/answer.json").write_bytes(b"")
    (world.folder / "live/empty").mkdir()
    before = world.files()
    made = backed_up(repository, world)
    found = restore_into(repository, made.name, tmp_path / "out")
    assert files_of(tmp_path / "out") == before and (tmp_path / "out/live/empty").is_dir()
    assert (found.files, found.size) == (len(before), sum(map(len, before.values()))) and taken_up(tmp_path / "out") == (5, 5)
    for path in before:
        assert (tmp_path / "out" / path).stat().st_mtime_ns == (world.folder / path).stat().st_mtime_ns


def test_nothing_of_the_store_can_be_read_without_the_key(repository: Repository, world: World, tmp_path: Path) -> None:
    (world.folder / "live/note.txt").write_text("SECRET-ACCOUNT-NUMBER " * 40, encoding="utf-8")
    backed_up(repository, world)
    everything = b"".join(files_of(tmp_path / "backups").values())
    assert b"SECRET-ACCOUNT" not in everything and b"tom-king-state" not in everything and b"note.txt" not in everything
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "backups").rglob("*"))


def test_the_first_of_a_day_is_full_the_rest_are_incremental(repository: Repository, world: World) -> None:
    kinds = [backed_up(repository, world, number).name.kind for number in (0, 1, 2, 4 * 24)]
    assert kinds == [Kind.FULL, Kind.INCREMENTAL, Kind.INCREMENTAL, Kind.FULL]


def test_the_same_content_is_kept_once(repository: Repository, world: World, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (world.folder / f"live/{name}.bin").write_bytes(b"the same" * 1000)
    backed_up(repository, world)
    count = len(pieces(tmp_path))
    result = repository.run(world.folder, UTC_BEGIN + QUARTER, kind=Kind.FULL, reason="request")
    assert (result.written, len(pieces(tmp_path))) == (0, count) and count == len({*world.files().values()})


def test_an_incremental_one_reads_only_what_changed(repository: Repository, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in world.folder.rglob("*"):
        os.utime(path, ns=(10 ** 18, 10 ** 18))
    monkeypatch.setattr("operations.backup.repository.RACY_NS", -10 ** 12)      # what was written just now counts as old
    backed_up(repository, world)
    read: list[str] = []
    keep = Repository._keep
    monkeypatch.setattr(Repository, "_keep", lambda self, entry, *rest: read.append(entry.path) or keep(self, entry, *rest))
    (world.folder / "live/new.txt").write_text("new", encoding="utf-8")
    made = backed_up(repository, world, 1)
    slots = {path for path in world.files() if "state-" in path}
    assert set(read) == slots | {"live/new.txt"} and {entry.path for entry in made.files} == set(world.files())


def test_a_change_that_the_stamp_does_not_show_is_seen(repository: Repository, world: World, tmp_path: Path) -> None:
    """Written within two seconds of the reading, the same length: it is read again."""
    place = world.folder / "live/answer.json"
    place.write_bytes(b"before")
    backed_up(repository, world)
    place.write_bytes(b"after!")
    made = backed_up(repository, world, 1)
    restore_into(repository, made.name, tmp_path / "out")
    assert (tmp_path / "out/live/answer.json").read_bytes() == b"after!"


def test_stores_of_backtests_are_left_out_unless_asked_for(repository: Repository, world: World) -> None:
    World(world.folder, prefix="backtest/123/tom-king").step()
    assert not any(entry.path.startswith("backtest") for entry in backed_up(repository, world).files)
    result = repository.run(world.folder, UTC_BEGIN + QUARTER, kind=Kind.EVENT, reason="request", backtests=True)
    assert any(entry.path.startswith("backtest/123") for entry in result.manifest.files)


def test_a_point_in_time(repository: Repository, world: World, tmp_path: Path) -> None:
    seen = []
    for number in range(4):
        world.step()
        seen.append(world.files())
        backed_up(repository, world, number)
    name = repository.choose(at=UTC_BEGIN + 2 * QUARTER + timedelta(minutes=14))
    restore_into(repository, name, tmp_path / "out")
    assert files_of(tmp_path / "out") == seen[2]
    with pytest.raises(OperationsError, match="no backup until 2026-03-02 14:29:59"):
        repository.choose(at=UTC_BEGIN - timedelta(seconds=1))


def test_folder_and_store_lie_apart(world: World, secret: Secret) -> None:
    with pytest.raises(OperationsError, match="must lie apart"):
        Repository(world.folder / "backups", secret).run(world.folder, UTC_BEGIN, kind=Kind.FULL, reason="request")


# --- links ----------------------------------------------------------------------------------------------------------


def test_links_are_passed_by_and_named(repository: Repository, world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("not the store's", encoding="utf-8")
    (world.folder / "live/link.txt").symlink_to(outside / "secret.txt")
    (world.folder / "live/folder").symlink_to(outside)
    (world.folder / "live/round").symlink_to(world.folder)
    os.mkfifo(world.folder / "live/pipe")
    made = backed_up(repository, world)
    assert made.passed_by == ("live/folder", "live/link.txt", "live/pipe", "live/round")
    restore_into(repository, made.name, tmp_path / "out")
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))
    assert b"not the store's" not in b"".join(files_of(tmp_path / "out").values())


def test_a_link_to_the_store_itself_is_followed(repository: Repository, world: World, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(world.folder)
    made = repository.run(tmp_path / "link", UTC_BEGIN, kind=Kind.FULL, reason="request").manifest
    assert {entry.path for entry in made.files} == set(world.files())


def test_a_path_that_would_leave_the_folder_is_refused(repository: Repository, world: World, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    made = backed_up(repository, world)
    contents = repository.contents

    def forged(name: object) -> object:
        manifest, content = contents(made.name)
        return replace(manifest, files=(replace(manifest.files[0], path="../../escaped"),)), content

    monkeypatch.setattr(repository, "contents", forged)
    with pytest.raises(OperationsError, match="would leave the folder"):
        restore_into(repository, made.name, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not (tmp_path.parent / "escaped").exists()


# --- keys -----------------------------------------------------------------------------------------------------------


def test_a_wrong_key_opens_nothing_and_changes_nothing(repository: Repository, world: World, tmp_path: Path) -> None:
    backed_up(repository, world)
    before = files_of(tmp_path / "backups")
    other = Repository(tmp_path / "backups", key_file(tmp_path / "other.key", make=True))
    for what in (other.backups, lambda: backed_up(other, world, 1)):
        with pytest.raises(OperationsError, match="^wrong key file: it does not open the backups"):
            what()
    assert files_of(tmp_path / "backups") == before


def test_a_passphrase_opens_and_another_does_not(world: World, tmp_path: Path) -> None:
    mine = Repository(tmp_path / "backups", passphrase("correct horse battery"))
    made = backed_up(mine, world)
    again = Repository(tmp_path / "backups", passphrase("correct horse battery"))
    assert restore_into(again, made.name, tmp_path / "out").files == len(world.files())
    with pytest.raises(OperationsError, match="^wrong passphrase"):
        Repository(tmp_path / "backups", passphrase("correct horse batterx")).backups()
    with pytest.raises(OperationsError, match="opened by a passphrase, not by a key file"):
        Repository(tmp_path / "backups", key_file(tmp_path / "k", make=True)).backups()
    with pytest.raises(OperationsError, match="twelve characters"):
        passphrase("short")


def test_a_key_file_is_the_owners_alone(tmp_path: Path) -> None:
    place = tmp_path / "backup.key"
    secret = key_file(place, make=True)
    assert key_file(place, make=True) == secret and "material" not in repr(secret)
    place.chmod(0o640)
    with pytest.raises(OperationsError, match="chmod 600"):
        key_file(place, make=False)
    place.chmod(0o600)
    place.write_bytes(place.read_bytes()[:20])
    with pytest.raises(OperationsError, match="is no key file"):
        key_file(place, make=False)
    with pytest.raises(OperationsError, match="cannot be read"):
        key_file(tmp_path / "absent", make=False)


def test_keys_are_rotated_and_the_old_ones_still_open(repository: Repository, world: World, secret: Secret, tmp_path: Path) -> None:
    seen = []
    for number in range(3):
        world.step()
        seen.append((repository.run(world.folder, UTC_BEGIN + number * ROTATION, kind=Kind.INCREMENTAL, reason="schedule"), world.files()))
    ring = open_ring(tmp_path / "backups", secret, make=False)
    assert len(ring.keys) == 3 and len({key.material for key in ring.keys}) == 3
    for number, (result, files) in enumerate(seen):
        assert {entry.piece.split("/")[0] for entry in result.manifest.files} == {ring.keys[number].id}
        restore_into(repository, result.manifest.name, tmp_path / f"out{number}")
        assert files_of(tmp_path / f"out{number}") == files


def test_one_torn_copy_of_the_keys_is_mended_two_are_told(repository: Repository, world: World, tmp_path: Path) -> None:
    backed_up(repository, world)
    first, second = (tmp_path / "backups" / name for name in keys.COPIES)
    whole = first.read_bytes()
    first.write_bytes(whole[:100])
    made = backed_up(repository, world, 1)
    assert first.read_bytes() == second.read_bytes() and not repository.troubles(made.name)[1]
    for place in (first, second):
        place.write_bytes(whole[:100])
    with pytest.raises(OperationsError, match="both copies of the keys .* are torn"):
        backed_up(repository, world, 2)


# --- what is torn or missing ----------------------------------------------------------------------------------------


def piece_of(tmp_path: Path, made: Manifest, path: str) -> Path:
    (entry,) = (entry for entry in made.files if entry.path == path)
    key_id, name = entry.piece.split("/")
    return tmp_path / "backups/pieces" / key_id / name[:2] / name[2:]


@pytest.mark.parametrize("harm, told", [
    (lambda place: place.unlink(), "its piece is missing"),
    (lambda place: place.write_bytes(place.read_bytes()[:-1]), "its piece is torn or was changed"),
    (lambda place: place.write_bytes(b""), "its piece is torn"),
    (lambda place: place.write_bytes(place.read_bytes()[:40] + b"\x00" + place.read_bytes()[41:]), "its piece is torn or was changed")])
def test_a_piece_that_is_missing_or_torn(repository: Repository, world: World, tmp_path: Path, harm, told: str) -> None:
    early = backed_up(repository, world)
    world.step()
    made = backed_up(repository, world, 1)
    path = f"{PREFIX}/state-a.json" if (world.folder / PREFIX / "state-a.json").stat().st_mtime_ns != {
        entry.path: entry for entry in early.files}[f"{PREFIX}/state-a.json"].stamp.modified else f"{PREFIX}/state-b.json"
    harm(piece_of(tmp_path, made, path))
    assert repository.troubles(made.name)[1] == [f"{path}: {told}"] or told in repository.troubles(made.name)[1][0]
    with pytest.raises(OperationsError) as problem:
        restore_into(repository, made.name, tmp_path / "out")
    assert f"{path}: its piece" in str(problem.value) and f"backup {early.name.shown} is whole" in str(problem.value)
    assert "\n" not in str(problem.value) and not (tmp_path / "out").exists()
    healed = backed_up(repository, world, 2)
    assert repository.troubles(healed.name)[1] == [] == repository.troubles(made.name)[1]


def test_a_piece_under_another_name_does_not_open(repository: Repository, world: World, tmp_path: Path) -> None:
    made = backed_up(repository, world)
    one, other = (piece_of(tmp_path, made, f"{PREFIX}/state-{slot}.json") for slot in "ab")
    one.write_bytes(other.read_bytes())
    assert "torn or was changed" in repository.troubles(made.name)[1][0]


def test_a_torn_manifest_takes_nothing_with_it(repository: Repository, world: World, secret: Secret, tmp_path: Path) -> None:
    made = [backed_up(repository, world, number) for number in range(2)]
    place = tmp_path / "backups/manifests" / str(made[0].name)
    whole = place.read_bytes()
    place.write_bytes(whole[:50])
    before = set(pieces(tmp_path))
    world.step()
    repository = Repository(tmp_path / "backups", secret)
    result = repository.run(world.folder, UTC_BEGIN + 2 * QUARTER, kind=Kind.INCREMENTAL, reason="schedule")
    assert result.untidied.startswith("nothing was tidied:") and before <= set(pieces(tmp_path))
    assert [type(content) for _, content in repository.backups()] == [str, Manifest, Manifest]
    place.write_bytes(whole)
    assert repository.troubles(made[0].name)[1] == []


def test_a_manifest_under_another_time_does_not_open(repository: Repository, world: World, tmp_path: Path) -> None:
    made = backed_up(repository, world)
    place = tmp_path / "backups/manifests" / str(made.name)
    place.rename(place.with_name(place.name.replace("T143000Z", "T150000Z")))
    assert "torn or was changed" in str(repository.backups()[0][1])


def test_what_cannot_be_read_back_is_no_backup(repository: Repository, world: World, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    early = backed_up(repository, world)
    world.step()
    monkeypatch.setattr("operations.backup.repository.seal", lambda *_: b"a disk that lies")
    with pytest.raises(OperationsError, match="cannot be read back after writing"):
        backed_up(repository, world, 1)
    monkeypatch.setattr("operations.backup.repository.seal", sealed.seal)
    assert [name for name, _ in repository.backups()] == [early.name]
    assert repository.troubles(early.name)[1] == []


# --- restores -------------------------------------------------------------------------------------------------------


def test_in_place_moves_what_is_there_aside(repository: Repository, world: World, tmp_path: Path) -> None:
    World(world.folder, prefix="backtest/123/tom-king").step()
    old = {path: data for path, data in world.files().items() if not path.startswith("backtest")}
    made = backed_up(repository, world)
    world.step()
    newer = {path: data for path, data in world.files().items() if not path.startswith("backtest")}
    now = UTC_BEGIN.replace(year=2099)
    found = restore_in_place(repository, made.name, world.folder, now)
    after = world.files()
    assert {path: data for path, data in after.items() if not path.startswith("backtest")} == old
    assert any(path.startswith("backtest/123") for path in after)
    assert found.aside is not None and files_of(found.aside) == newer


def test_in_place_refuses_while_the_algorithm_writes(repository: Repository, world: World) -> None:
    made = backed_up(repository, world)
    before = world.files()
    with pytest.raises(OperationsError, match="stop the algorithm first"):
        restore_in_place(repository, made.name, world.folder, datetime.now(timezone.utc))
    assert world.files() == before
    restore_in_place(repository, made.name, world.folder, datetime.now(timezone.utc), running=True)
    assert world.files() == before


def test_a_folder_that_holds_something_is_not_written(repository: Repository, world: World, tmp_path: Path) -> None:
    made = backed_up(repository, world)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("mine", encoding="utf-8")
    with pytest.raises(OperationsError, match="is not empty"):
        restore_into(repository, made.name, tmp_path / "out")
    assert files_of(tmp_path / "out") == {"mine": b"mine"}


# --- two at once, and being written meanwhile -----------------------------------------------------------------------


def test_two_at_once_wait_for_each_other(world: World, secret: Secret, tmp_path: Path) -> None:
    backed_up(Repository(tmp_path / "backups", secret), world)
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(3):
                Repository(tmp_path / "backups", secret).run(world.folder, UTC_BEGIN + number * QUARTER, kind=Kind.EVENT, reason="request")
        except BaseException as problem:
            problems.append(problem)

    workers = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    repository = Repository(tmp_path / "backups", secret)
    names = repository.names()
    assert problems == [] and [name.sequence for name in names] == list(range(1, 8))
    assert all(repository.troubles(name)[1] == [] for name in names)


@pytest.mark.parametrize("writes", range(1, 14))
def test_a_copy_taken_while_the_store_is_written_is_one_of_its_moments(
        repository: Repository, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """Between any two readings of a slot the algorithm writes: one slot torn in the middle, then whole, then the next. Positions
    are saved before orders: no copy may know of an order's step that its positions do not know of."""
    left, busy = [writes], world.busily()
    one = collect._one

    def reading(*given: object) -> object:
        found = one(*given)      # type: ignore[arg-type]  # handed on as they came
        if left[0] > 0:
            left[0] -= 1
            next(busy)
        return found

    monkeypatch.setattr(collect, "_one", reading)
    result = repository.run(world.folder, UTC_BEGIN, kind=Kind.FULL, reason="schedule", wait=lambda _seconds: None)
    restore_into(repository, result.manifest.name, tmp_path / "out")
    positions, orders = taken_up(tmp_path / "out")
    assert left == [0] and result.manifest.notes == () and positions >= 5 and positions - orders in (0, 1), (positions, orders)


def test_a_store_that_never_stands_still_is_told(repository: Repository, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slots, busy = collect._slots, world.busily()
    monkeypatch.setattr(collect, "_slots", lambda *given: (slots(*given), next(busy))[0])
    with pytest.raises(OperationsError, match="never stood still: nothing was backed up"):
        repository.run(world.folder, UTC_BEGIN, kind=Kind.FULL, reason="schedule", wait=lambda _seconds: None)
    assert repository.names() == []


def test_documents_nobody_could_start_from_are_kept_and_told(repository: Repository, world: World) -> None:
    for slot in "ab":
        place = world.folder / PREFIX / f"state-{slot}.json"
        place.write_bytes(place.read_bytes()[:-10])
    made = backed_up(repository, world)
    assert len(made.notes) == 1 and "could not start from this" in made.notes[0]
    assert repository.troubles(made.name)[1] == []


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_two_hundred_cycles_with_rotation(repository: Repository, secret: Secret, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """A cycle every seven hours: 58 days, so that a rotation, 30 full days and more than 100 between them come."""
    monkeypatch.setattr("operations.disk.os.fsync", lambda _handle: None)       # how durable it is, is tried elsewhere
    world, seen = World(tmp_path / "storage", segment_bytes=2000), {}
    for number in range(200):
        world.step()
        made = repository.run(world.folder, UTC_BEGIN + number * timedelta(hours=7), kind=Kind.INCREMENTAL, reason="schedule").manifest
        seen[made.name] = world.files()
    names = repository.names()
    by_kind = {kind: [name for name in names if name.kind is kind] for kind in Kind}
    assert len(by_kind[Kind.FULL]) == KEPT[Kind.FULL] == 30 and len(by_kind[Kind.INCREMENTAL]) == KEPT[Kind.INCREMENTAL] == 100
    assert len(open_ring(tmp_path / "backups", secret, make=False).keys) == 2
    for name in names:
        manifest, troubles = repository.troubles(name)
        assert troubles == [] and manifest is not None and len(manifest.files) == len(seen[name])
    for number, name in enumerate([names[0], names[60], names[-1]]):
        restore_into(repository, name, tmp_path / f"out{number}")
        assert files_of(tmp_path / f"out{number}") == seen[name]
    referenced = {entry.piece for name in names for entry in repository.contents(name)[0].files}
    referenced |= {entry.piece for entry in repository.audit()[0]}
    assert len(pieces(tmp_path)) == len(referenced)


def test_the_audit_trail_outlives_its_backups_for_seven_years(repository: Repository, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.backup.repository.KEPT", {Kind.FULL: 2, Kind.INCREMENTAL: 2, Kind.EVENT: 1})
    world = World(tmp_path / "storage")
    for number in range(8):
        world.step()
        backed_up(repository, world, number)
    first = sorted((world.folder / PREFIX / "audit").iterdir())
    lost = {path.name: path.read_bytes() for path in first}
    for path in first:
        path.unlink()
    later = UTC_BEGIN.replace(year=2033, month=2)
    for number in range(4):
        repository.run(world.folder, later + number * QUARTER, kind=Kind.FULL, reason="schedule")
    assert restore_audit(repository, tmp_path / "audit") == len(lost)
    assert {Path(path).name: data for path, data in files_of(tmp_path / "audit").items()} == lost
    repository.run(world.folder, UTC_BEGIN.replace(year=2033, month=3, day=10), kind=Kind.FULL, reason="schedule")
    assert repository.audit()[0] == ()


def test_a_segment_that_came_back_with_other_lines_is_kept_beside(repository: Repository, tmp_path: Path) -> None:
    world = World(tmp_path / "storage")
    place = world.folder / PREFIX / "audit/20260302-0001.jsonl"
    place.parent.mkdir(parents=True)
    for number, text in enumerate([b"first\n", b"first\nsecond\n", b"a new store\n"]):
        place.write_bytes(text)
        backed_up(repository, world, number)
    restore_audit(repository, tmp_path / "audit")
    assert sorted(files_of(tmp_path / "audit").values()) == [b"a new store\n", b"first\nsecond\n"]
