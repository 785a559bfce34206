"""Killed at every call to the system, and a disk that is full at every write: what was there before can be restored, and the
next backup goes on. A process is forked and ends in the middle of the call, half of what it was writing written."""
from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from operations.backup.keys import ROTATION, Secret, key_file
from operations.backup.manifest import Kind
from operations.backup.repository import Repository
from operations.backup.restore import restore_in_place, restore_into
from operations.disk import PART
from operations.errors import OperationsError
from tests.operations.stores import UTC_BEGIN, World, files_of

CALLS = ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir")
KILLED, DONE = 9, 0
QUARTER = timedelta(minutes=15)
FEW = {Kind.FULL: 1, Kind.INCREMENTAL: 2, Kind.EVENT: 1, Kind.PROMOTION: 1}


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Carry out ``work`` in a process that ends in the middle of its call to the system of this number; False when it was
    done before."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _patch(number)
            work()
            code = DONE
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (KILLED, DONE)
    return os.waitstatus_to_exitcode(status) == KILLED


def _patch(number: int) -> None:
    left = [number]
    for name in CALLS:
        real = getattr(os, name)

        def call(*given: Any, real: Callable[..., Any] = real, name: str = name, **named: Any) -> Any:
            if name == "open" and not given[1] & os.O_CREAT:
                return real(*given, **named)
            left[0] -= 1
            if left[0] == 0:
                if name == "write":
                    real(given[0], bytes(given[1])[:len(given[1]) // 2])
                os._exit(KILLED)
            return None if name == "fsync" else real(*given, **named)

        setattr(os, name, call)


class Bench:
    """A store, a backup folder and copies of both to begin from again and again."""

    def __init__(self, top: Path, secret: Secret) -> None:
        self.top, self.secret = top, secret
        self.world = World(top / "storage")
        self.folder = top / "backups"

    def keep(self) -> None:
        shutil.copytree(self.folder, self.top / "kept", symlinks=True) if self.folder.exists() else None
        shutil.copytree(self.world.folder, self.top / "kept-storage")

    def again(self) -> Repository:
        """As it was when it was kept."""
        for kept, place in (("kept", self.folder), ("kept-storage", self.world.folder)):
            shutil.rmtree(place, ignore_errors=True)
            if (self.top / kept).exists():
                shutil.copytree(self.top / kept, place)
        return Repository(self.folder, self.secret)

    def restored(self, repository: Repository) -> dict[str, bytes]:
        """What the newest backup brings back."""
        shutil.rmtree(self.top / "out", ignore_errors=True)
        restore_into(repository, repository.choose(), self.top / "out")
        return files_of(self.top / "out")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr("operations.backup.repository.KEPT", FEW)
    return Bench(tmp_path, key_file(tmp_path / "backup.key", make=True))


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob(f".*{PART}"))


CASES = {"first": (0, timedelta()), "incremental": (1, QUARTER), "pruning": (4, 4 * QUARTER), "rotation": (2, ROTATION),
         "next day": (2, timedelta(days=1))}


@pytest.mark.parametrize("case", CASES)
def test_a_backup_killed_at_every_call(bench: Bench, case: str) -> None:
    """Nothing is lost but the newest interval: what comes back is the store as it is, or as the last backup saw it."""
    earlier, later = CASES[case]
    repository, old = Repository(bench.folder, bench.secret), None
    for number in range(earlier):
        bench.world.step()
        repository.run(bench.world.folder, UTC_BEGIN + number * QUARTER, kind=Kind.INCREMENTAL, reason="schedule")
        old = bench.world.files()
    bench.world.step()
    new, now = bench.world.files(), UTC_BEGIN + later
    bench.keep()
    number, seen = 1, set()

    def work() -> object:
        return Repository(bench.folder, bench.secret).run(bench.world.folder, now, kind=Kind.INCREMENTAL, reason="schedule")

    while killed_at(number, work):
        repository = Repository(bench.folder, bench.secret)
        if repository.names():
            back = bench.restored(repository)
            assert back in (old, new), number
            seen.add(back == new)
            assert all(repository.troubles(name)[1] == [] for name in repository.names())
        else:
            assert old is None
        repository.run(bench.world.folder, now + QUARTER, kind=Kind.INCREMENTAL, reason="schedule")
        assert bench.restored(repository) == new and parts(bench.folder) == []
        bench.again()
        number += 1
    assert number > 20 and (seen == {True, False} or case == "first"), (number, seen)


def test_a_restore_in_place_killed_at_every_call(bench: Bench) -> None:
    """Called again it comes to the same end, and what the store held lies beside it."""
    bench.world.step()
    repository = Repository(bench.folder, bench.secret)
    repository.run(bench.world.folder, UTC_BEGIN, kind=Kind.INCREMENTAL, reason="schedule")
    old = bench.world.files()
    bench.world.step()
    newer, store = bench.world.files(), bench.world.folder
    bench.keep()
    number, now = 1, UTC_BEGIN.replace(year=2099)
    while killed_at(number, lambda: restore_in_place(repository, repository.choose(), store, now)):
        around = [data for place in bench.top.glob("storage*") for data in files_of(place).values()]
        assert all(data in around for data in newer.values()), number
        restore_in_place(repository, repository.choose(), store, now)
        assert files_of(store) == old
        for place in bench.top.glob("storage.before*"):
            shutil.rmtree(place)
        bench.again()
        number += 1
    assert number > 20


def test_a_disk_that_is_full_at_every_write(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.world.step()
    Repository(bench.folder, bench.secret).run(bench.world.folder, UTC_BEGIN, kind=Kind.INCREMENTAL, reason="schedule")
    old = bench.world.files()
    bench.world.step()
    new = bench.world.files()
    bench.keep()
    write, number, full = os.write, 0, True
    while full:
        number, full, left = number + 1, False, [number + 1]

        def limited(handle: int, data: Any) -> int:
            left[0] -= 1
            if left[0] == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(handle, data)

        repository = bench.again()
        monkeypatch.setattr(os, "write", limited)
        try:
            repository.run(bench.world.folder, UTC_BEGIN + QUARTER, kind=Kind.INCREMENTAL, reason="schedule")
        except OperationsError as problem:
            full = True
            assert "the disk is full. Nothing that was there is lost" in str(problem) and "\n" not in str(problem)
        monkeypatch.setattr(os, "write", write)
        assert parts(bench.folder) == [] and bench.restored(repository) == (old if full else new)
    assert number > 4


def test_the_name_comes_after_the_content_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from operations.disk import write_file
    done: list[str] = []
    for name in ("write", "fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given, real=real, name=name: done.append(name) or real(*given))
    write_file(tmp_path / "file", b"content")
    assert done == ["write", "fsync", "replace", "fsync"] and (tmp_path / "file").read_bytes() == b"content"
