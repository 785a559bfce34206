"""The watch: every fifteen minutes, at each emergency, at the end; a failure does not end it."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from operations.backup.keys import key_file
from operations.backup.repository import Repository, Result
from operations.backup.watch import Emergencies, watch
from operations.errors import OperationsError
from tests.operations.stores import PREFIX, UTC_BEGIN, World


class Clock:
    """Time goes on by waiting; at each wait something may happen, and at the end the watch is told to end."""

    def __init__(self, happens: dict[int, Callable[[], object]], looks: int, step: timedelta = timedelta(minutes=1)) -> None:
        self.happens, self.looks, self.step, self.count = happens, looks, step, 0

    def now(self) -> datetime:
        return UTC_BEGIN + self.count * self.step

    def wait(self, _seconds: float) -> None:
        self.count += 1
        self.happens.get(self.count, lambda: None)()

    def ended(self) -> bool:
        return self.count >= self.looks


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "storage")
    made.step("GUARDS", emergency="RED")        # of yesterday: no news
    return made


def watched(tmp_path: Path, world: World, clock: Clock) -> list[tuple[str, str]]:
    """Minute and reason of each backup, or the problem."""
    repository, seen = Repository(tmp_path / "backups", key_file(tmp_path / "key", make=True)), []

    def told(found: Result | OperationsError) -> None:
        what = found.message if isinstance(found, OperationsError) else f"{found.manifest.name.kind.value} {found.manifest.reason}"
        seen.append((f"{clock.now():%H:%M}", what))

    watch(repository, world.folder, clock=clock.now, wait=clock.wait, ended=clock.ended, told=told)
    return seen


def test_every_quarter_of_an_hour_and_at_the_end(tmp_path: Path, world: World) -> None:
    assert watched(tmp_path, world, Clock({}, 40)) == [
        ("14:30", "full schedule"), ("14:45", "incremental schedule"), ("15:00", "incremental schedule"), ("15:10", "event shutdown")]


def test_a_restart_does_not_begin_the_quarter_anew(tmp_path: Path, world: World) -> None:
    watched(tmp_path, world, Clock({}, 3))
    clock = Clock({}, 20)
    clock.count = 5
    assert [when for when, _ in watched(tmp_path, world, clock)] == ["14:48", "14:50"]


def test_emergencies_are_backed_up_when_they_are_told(tmp_path: Path, world: World) -> None:
    clock = Clock({2: lambda: world.step("GUARDS", emergency="ORANGE"), 4: lambda: world.step("GUARDS", emergency="NONE"),
                   6: lambda: world.step("GUARDS", emergency="RED")}, 8)
    assert watched(tmp_path, world, clock) == [
        ("14:30", "full schedule"), ("14:32", "event emergency ORANGE"), ("14:36", "event emergency RED"), ("14:38", "event shutdown")]


def test_a_failure_is_told_and_tried_again(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, broken = Repository.run, {"14:32", "14:33"}
    clock = Clock({2: lambda: world.step("GUARDS", emergency="RED")}, 5)

    def failing(self: Repository, store: Path, now: datetime, **named: object) -> Result:
        if f"{now:%H:%M}" in broken:
            raise OperationsError("the disk is full")
        return run(self, store, now, **named)        # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(Repository, "run", failing)
    assert watched(tmp_path, world, clock) == [
        ("14:30", "full schedule"), ("14:32", "the disk is full"), ("14:33", "the disk is full"), ("14:34", "event emergency RED"),
        ("14:35", "event shutdown")]


def test_a_line_that_is_not_whole_yet_waits(world: World) -> None:
    reader = Emergencies(world.folder)
    place = next((world.folder / PREFIX / "audit").iterdir())
    with open(place, "ab") as file:
        file.write(b'{"event":"GUARDS","facts":{"emergency":"YELLOW"')
        file.flush()
        assert reader.news() == []
        file.write(b'},"time":"2026-03-02T09:40:00"}\n')
    assert reader.news() == ["YELLOW"] and reader.news() == []
