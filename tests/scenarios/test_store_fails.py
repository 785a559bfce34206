"""The store takes nothing any more: nobody enters, exits go on, and all is kept once it takes again."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from local.broker_faults.invariants import violations
from local.broker_faults.lives import Lives
from local.broker_faults.plan import FaultPlan
from local.broker_faults.seeds import evidence_of
from local.broker_faults.truth import purpose_of
from tests.scenarios.order_world import FRIDAY, lives


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def failing(folder: Path, first: datetime, last: datetime, live: bool) -> Lives:
    """The Friday with a store that refuses every save between two moments."""
    run = lives(folder, live=live)
    run.begin()
    store = run.engine.object_store
    assert run.run(first), run.error
    save, store.save = store.save, lambda key, text: False
    assert run.run(last), run.error
    store.save = save
    assert run.run(), run.error
    return run


def events(run: Lives, name: str) -> list[datetime]:
    return [datetime.fromisoformat(row["time"]) for row in run.audit() if row["event"] == name]


@pytest.mark.parametrize("live", [False, True])
def test_an_exit_goes_out_while_the_store_fails_and_is_remembered(tmp_path, live):
    run = failing(tmp_path, at(13, 35), at(14, 10), live)
    exits = [order for order in run.broker.log.orders if purpose_of(order.tag) == "EXIT"]
    assert [order.time for order in exits] == [at(13, 44)]
    assert not [symbol for symbol, held in run.broker.log.holdings.items() if held < 0 and symbol.id.date.date() == FRIDAY]
    (failed,), (again,) = events(run, "STORE_FAILED"), events(run, "STORE_RECOVERED")
    assert at(13, 35) <= failed <= at(13, 46) and at(14, 10) <= again <= at(14, 12)
    assert [str(found) for found in violations(evidence_of(run, FaultPlan(0, tuple(run.faults), 1)))] == []


def test_nobody_enters_while_the_store_fails(tmp_path):
    run = failing(tmp_path, at(9, 40), at(15, 0), False)
    assert run.broker.log.orders == []
    codes = [row["facts"]["code"] for row in run.audit() if row["event"] == "REFUSED"]
    assert "HALTED" in codes or "BROKER_REFUSED" in codes


def test_the_audit_trail_keeps_what_it_could_not_write(tmp_path):
    whole = lives(tmp_path / "whole", live=True)
    assert whole.whole(), whole.error
    run = failing(tmp_path / "failing", at(10, 45), at(15, 0), True)
    told, expected = ([row["event"] for row in life.audit() if not row["event"].startswith(("STORE_", "REFUSED", "PUBLISH_"))]
                      for life in (run, whole))
    assert told == expected and "EXIT" in told
