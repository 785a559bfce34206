"""The check before the start: each trouble is seen, named with its entry of the runbook, and nothing else is in trouble."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from core.model import EmergencyLevel, State
from operations.backup.keys import key_file
from operations.backup.manifest import Kind
from operations.backup.repository import Repository
from operations.daily import checks
from operations.daily.checks import Line, Verdict
from operations.documents import run_of, runs
from operations.errors import OperationsError
from operations.records import Records
from tests.operations.daily.runs import NOW, PREFIX, StoredRun

FAR = date(2026, 6, 19)


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    made = StoredRun(tmp_path / "storage")
    made.save(made.hold(FAR))
    made.publish()
    return made


def backed_up(run: StoredRun, when: datetime = NOW) -> Repository:
    repository = Repository(run.folder.parent / "backups", key_file(run.folder.parent / "key", make=True))
    repository.run(run.folder, when, kind=Kind.FULL, reason="schedule")
    return repository


def look(run: StoredRun) -> list[Line]:
    """Everything that is read from a store, with a good clock and a backup of a moment ago."""
    found = run_of(run.folder, None)
    return [checks.clock(found, NOW, lambda: True), checks.writable(run.folder), checks.documents(found), *checks.running(found, NOW),
            *checks.reconciliation(found), *checks.due_today(found, NOW.date())]


def troubles(lines: list[Line]) -> list[tuple[str, str]]:
    return [(line.name, line.entry) for line in lines if line.verdict is Verdict.TROUBLE]


def test_all_is_well(run: StoredRun) -> None:
    lines = look(run)
    assert {line.verdict for line in lines} == {Verdict.OK}
    assert any("number 1 of 2026-03-03 10:25 New York" in line.text for line in lines)
    assert any("1 positions, nothing to settle" in line.text for line in lines)


def in_error(run: StoredRun) -> None:
    run.save(run.hold(FAR, State.ERROR))


def quarantined(run: StoredRun) -> None:
    run.managers.book.quarantine(("TSLA",))
    run.save()


def in_emergency(run: StoredRun) -> None:
    run.managers.emergency.restore(run.managers.emergency.facts() | {"level": EmergencyLevel.RED.name, "since": "2026-03-03T10:00:00"})
    run.save()


def unknown_order(run: StoredRun) -> None:
    run.works = [{"intent": {"id": "lt112/1:EXIT:2"}, "unknown": True}]
    run.save()


def torn(run: StoredRun) -> None:
    for place in (run.folder / PREFIX).glob("state-*.json"):
        place.write_text("{", encoding="utf-8")


SEEN: dict[str, tuple[Callable[[StoredRun], object], str, str]] = {
    "a position in ERROR": (in_error, "position", "A position is in ERROR"),
    "a holding nobody knows": (quarantined, "reconcile", "Holdings nobody knows"),
    "an emergency level": (in_emergency, "emergency", "An emergency level stands"),
    "an order's outcome": (unknown_order, "order", "An order's outcome is not known"),
    "a torn state": (torn, "store", "The state cannot be read"),
    "silence": (lambda run: run.publish(NOW - timedelta(seconds=200)), "algorithm", "The algorithm is silent"),
    "the owner is asked": (lambda run: run.publish(needs=("RED stands",)), "owner", "The page asks for you"),
    "no VIX": (lambda run: run.publish(vix=None), "data", "Data is old or missing"),
    "an old VIX": (lambda run: run.publish(vix=301.0), "data", "Data is old or missing"),
    "an old underlying": (lambda run: run.publish(ages={"SPY": 3.0, "QQQ": 121.0}), "data", "Data is old or missing"),
    "a clock behind": (lambda run: run.publish(NOW + timedelta(seconds=6)), "clock", "The clock is wrong"),
}


@pytest.mark.parametrize("case", SEEN)
def test_each_trouble_is_seen_and_named(run: StoredRun, case: str) -> None:
    happens, name, entry = SEEN[case]
    happens(run)
    assert troubles(look(run)) == [(name, entry)]


@pytest.mark.parametrize("happens", [
    lambda run: run.publish(NOW - timedelta(seconds=180)), lambda run: run.publish(vix=300.0), lambda run: run.publish(ages={"SPY": 120.0}),
    lambda run: run.publish(NOW + timedelta(seconds=5)), lambda run: run.publish(vix=None, in_session=False),
    lambda run: run.publish(NOW - timedelta(days=2), ended=True)])
def test_at_the_limit_all_is_well(run: StoredRun, happens: Callable[[StoredRun], object]) -> None:
    happens(run)
    assert troubles(look(run)) == []


def test_one_torn_slot_is_a_note(run: StoredRun) -> None:
    run.save(run.hold(FAR))
    (run.folder / PREFIX / "state-a.json").write_text("{", encoding="utf-8")
    (line,) = [line for line in look(run) if line.name == "store"]
    assert line.verdict is Verdict.NOTE and "the other stands" in line.text


def test_a_status_that_is_torn_is_no_status(run: StoredRun) -> None:
    place = run.folder / PREFIX / "published/status.json"
    place.write_text(place.read_text(encoding="utf-8").replace('"trade"', '"observe"'), encoding="utf-8")
    assert run_of(run.folder, None).status() is None


@pytest.mark.parametrize("kept, verdict", [(True, Verdict.OK), (False, Verdict.TROUBLE), (None, Verdict.NOTE)])
def test_who_keeps_the_clock(kept: bool | None, verdict: Verdict) -> None:
    assert checks.clock(None, NOW, lambda: kept).verdict is verdict


def test_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, verdict in ((1_999_999_999, Verdict.TROUBLE), (2_000_000_000, Verdict.OK)):
        monkeypatch.setattr("operations.daily.checks.shutil.disk_usage", lambda _place, free=free: type("Usage", (), {"free": free}))
        line = checks.disk(tmp_path, tmp_path / "not/there/yet")
        assert line.verdict is verdict and (line.entry == "The disk is full") == (verdict is Verdict.TROUBLE)


def test_an_old_python_is_named() -> None:
    assert checks.system((99, 0)).entry == "The set-up is broken" and checks.system().verdict is Verdict.OK


def test_what_is_due(run: StoredRun) -> None:
    run.save(run.hold(date(2026, 3, 6)), run.hold(date(2026, 3, 24), key="lt112/202601061000"), run.hold(date(2026, 3, 9), key="lt112/3"))
    run.publish(ahead=(("2026-03-04", "FOMC"), ("2026-04-29", "FOMC")))
    assert [line.text for line in checks.due_today(run_of(run.folder, None), NOW.date())] == [
        "Tue 03 Mar: lt112/202601061000 has 21 days left", "Wed 04 Mar: FOMC", "Fri 06 Mar: lt112/202601051000 expires"]


# --- backups --------------------------------------------------------------------------------------------------------


def test_backups_that_are_young_whole_and_tried(run: StoredRun) -> None:
    repository, records = backed_up(run), Records(run.folder)
    records.add("restores", NOW - timedelta(days=7), backup=1)
    assert troubles(checks.backups(repository, records, NOW + timedelta(minutes=20), runs=True)) == []
    assert {line.verdict for line in checks.backups(repository, records, NOW, runs=True)} == {Verdict.OK}


@pytest.mark.parametrize("runs_now, age, entry", [(True, timedelta(minutes=20, seconds=1), ["The backup fails"]),
                                                  (False, timedelta(days=4), []),
                                                  (False, timedelta(days=4, seconds=1), ["The backup fails", "The backup fails"])])
def test_an_old_backup(run: StoredRun, runs_now: bool, age: timedelta, entry: list[str]) -> None:
    lines = checks.backups(backed_up(run), Records(run.folder), NOW + age, runs=runs_now)
    assert [found for _, found in troubles(lines)] == entry


def test_a_backup_that_is_not_whole_or_was_never_tried(run: StoredRun) -> None:
    repository = backed_up(run)
    next(path for path in (run.folder.parent / "backups/pieces").rglob("*") if path.is_file()).unlink()
    lines = checks.backups(repository, Records(run.folder), NOW, runs=True)
    assert [entry for _, entry in troubles(lines)] == ["A backup is torn"]
    assert [line.entry for line in lines if line.verdict is Verdict.NOTE] == ["A backup must be tried"]


def test_there_is_no_backup(run: StoredRun) -> None:
    repository = Repository(run.folder.parent / "none", key_file(run.folder.parent / "key", make=True))
    assert troubles(checks.backups(repository, Records(run.folder), NOW, runs=False)) == [("backup", "The backup fails")]


# --- which run ------------------------------------------------------------------------------------------------------


def test_an_account_must_be_named_where_there_are_two(run: StoredRun) -> None:
    (run.folder / "paper/trial/tom-king").mkdir(parents=True)
    assert [one.prefix for one in runs(run.folder)] == ["live/main/tom-king", "paper/trial/tom-king"]
    with pytest.raises(OperationsError, match="live/main/tom-king, paper/trial/tom-king"):
        run_of(run.folder, None)
    assert run_of(run.folder, "trial").is_paper
    with pytest.raises(OperationsError, match="none"):
        run_of(run.folder, "other")
