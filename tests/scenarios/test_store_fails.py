"""A store that takes nothing any more (a full disk, a limit reached) stops entries, never exits, and no algorithm."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local.broker_faults.lives import Lives
from tests.scenarios.order_world import FRIDAY, lives


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def failing(run: Lives, monkeypatch: pytest.MonkeyPatch, start: datetime, end: datetime) -> Any:
    """The day, with a store that refuses from ``start`` to ``end``."""
    engine = run.begin(at(9, 0))
    assert run.run(start), run.error
    monkeypatch.setattr(engine.object_store, "save", lambda key, text: False)
    assert run.run(end), run.error
    monkeypatch.undo()
    return engine.algorithm


def orders(run: Lives, purpose: str) -> list[datetime]:
    return [order.time for order in run.broker.log.orders if f":{purpose}:" in order.tag]


def events(run: Lives) -> list[str]:
    return [row["event"] for row in run.audit()]


def test_an_exit_is_worked_while_nothing_can_be_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lives(tmp_path, live=True)
    algorithm = failing(run, monkeypatch, at(13, 30), at(15, 0))
    assert any(at(13, 30) < moment < at(15, 0) for moment in orders(run, "EXIT"))
    assert algorithm.shell.parts.states.open_positions and not run.error
    assert "friday_0dte" not in {position.strategy for position in algorithm.shell.parts.states.open_positions}
    assert run.run(), run.error
    assert {row["strategy"]: row["state"] for row in run.state()["states"]["positions"]} == {"lt112": "ACTIVE"}
    assert events(run).count("STORE_FAILED") == 1 and events(run).count("STORE_BACK") == 1


def test_no_entry_while_nothing_can_be_stored_and_entries_again_afterwards(tmp_path: Path,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    run = lives(tmp_path, live=True)
    algorithm = failing(run, monkeypatch, at(9, 40), at(9, 55))
    assert orders(run, "ENTRY") == []
    assert algorithm.shell.builder.view().halted == "the store takes nothing"
    assert run.run(at(10, 15)), run.error
    assert algorithm.shell.builder.view().halted is None
    assert orders(run, "ENTRY")


def test_the_audit_trail_keeps_what_it_could_not_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lives(tmp_path / "whole", live=True)
    assert whole.whole(), whole.error
    run = lives(tmp_path / "failing", live=True)
    failing(run, monkeypatch, at(10, 30), at(15, 0))
    assert run.run(), run.error
    told = [event for event in events(run) if not event.startswith(("STORE_", "REFUSED"))]
    assert told == [event for event in events(whole) if event != "REFUSED"] and "EXIT" in told
