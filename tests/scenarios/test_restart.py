"""The algorithm dies, a new one starts on the same broker and the same store: nothing doubled, naked, forgotten."""
from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from core.errors import IntegrityError
from helpers.shell.framework_shell import FrameworkShell
from local.broker_faults.faults import Restart
from local.broker_faults.invariants import violations
from local.broker_faults.lives import Lives
from local.broker_faults.plan import FaultPlan
from local.broker_faults.seeds import evidence_of
from local.broker_faults.truth import intent_of
from tests.scenarios.order_world import FRIDAY, PARAMETERS, lives

EVENTS_OF_THE_DAY = 24      # the condor's limit is moved once


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


@lru_cache(maxsize=2)
def uninterrupted(live: bool) -> Lives:
    with TemporaryDirectory() as folder:
        run = lives(Path(folder), live=live)
        assert run.whole(), run.error
        return run


def traded(run: Lives) -> list[tuple[str, int]]:
    return sorted((str(trade.symbol), trade.quantity) for trade in run.broker.log.trades)


def shorts(run: Lives) -> dict[str, int]:
    return {str(symbol): quantity for symbol, quantity in run.broker.log.holdings.items() if quantity < 0}


def found(run: Lives) -> list[str]:
    return [str(violation) for violation in violations(evidence_of(run, FaultPlan(0, tuple(run.faults), 1)))]


def positions(run: Lives) -> dict[str, str]:
    return {row["strategy"]: row["state"] for row in run.state()["states"]["positions"]}


def test_the_day_that_is_interrupted_holds_entries_an_exit_and_a_position_that_stays(tmp_path):
    run = lives(tmp_path)
    assert run.whole(), run.error
    assert run.broker.brokerage.events_told == EVENTS_OF_THE_DAY
    purposes = [order.tag.split(":")[1] for order in run.broker.log.orders]
    assert purposes == ["ENTRY", "ENTRY", "EXIT"]
    assert positions(run) == {"lt112": "ACTIVE"}
    assert found(run) == []


def died(tmp_path: Path, event: int, live: bool) -> Lives:
    run = lives(tmp_path, live=live)
    run.broker.brokerage.crash_after_event = event
    run.begin()
    assert not run.run() and not run.error
    run.begin(run.die() + timedelta(minutes=1))
    assert run.run(), run.error
    return run


@pytest.mark.parametrize("event", range(1, EVENTS_OF_THE_DAY + 1, 2))
def test_dead_after_order_events_of_a_live_day(tmp_path, event):
    run = died(tmp_path, event, live=True)
    whole = uninterrupted(True)
    assert found(run) == []
    assert shorts(run) == shorts(whole)
    assert positions(run)["lt112"] == "ACTIVE"
    missing = set(traded(whole)) - set(traded(run))
    worthless = {str(symbol): quantity for symbol, quantity in run.broker.log.holdings.items()
                 if symbol.id.date.date() == FRIDAY}
    assert all(symbol in worthless and worthless[symbol] > 0 for symbol, _ in missing), missing


@pytest.mark.parametrize("event", range(2, EVENTS_OF_THE_DAY + 1, 2))
def test_dead_after_order_events_of_a_backtest(tmp_path, event):
    run = died(tmp_path, event, live=False)
    assert found(run) == []
    assert shorts(run) == shorts(uninterrupted(False))


@pytest.mark.parametrize("live", (False, True))
@pytest.mark.parametrize("moment, what", [
    ((9, 49), "in VALIDATION"), ((9, 50), "entry in flight"), ((9, 51), "filled a moment ago"),
    ((12, 0), "positions open"), ((13, 44), "exit working"), ((13, 45), "exit filled a moment ago"), ((15, 45), "saved")])
def test_stopped_at_a_minute_of_the_day(tmp_path, moment, what, live):
    run = lives(tmp_path, Restart(start=at(*moment), end=at(*moment) + timedelta(minutes=2)), live=live, publish="yes")
    assert run.whole(), f"{what}: {run.error}"
    assert run.lives == 2
    assert found(run) == [], what
    assert shorts(run) == shorts(uninterrupted(live))
    entries = [intent_of(order.tag) for order in run.broker.log.orders if ":ENTRY:" in order.tag]
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize("keeps_tags", [True, False])
def test_a_resting_credit_stays_a_credit_when_a_later_life_reprices_it(tmp_path, keeps_tags):
    """The broker's plugin gives it back with a negative quantity and a positive price."""
    run = lives(tmp_path, Restart(start=at(9, 51), end=at(9, 52), keeps_tags=keeps_tags), live=True, fills_after=60)
    assert run.whole(), run.error
    (first, *_) = [order for order in run.broker.log.orders if order.tag.startswith("lt112")]
    later = [limit for time, tag, limit in run.broker.log.repriced if tag == first.tag and time >= at(9, 52)]
    assert later and first.limit < 0 and all(first.limit <= limit < 0 for limit in later)
    assert not [trade for trade in run.broker.log.trades if intent_of(trade.tag) == intent_of(first.tag)]


def test_orders_that_come_back_without_their_tags_are_taken_up(tmp_path):
    run = lives(tmp_path, Restart(start=at(9, 50), end=at(9, 52), keeps_tags=False), live=True, fills_after=3)
    assert run.whole(), run.error
    assert found(run) == []
    tags = [order.tag for order in run.broker.log.orders if order.time < at(9, 53)]
    assert len({intent_of(tag) for tag in tags if tag.startswith("lt112")}) == 1


def test_three_restarts_in_a_day(tmp_path):
    restarts = [Restart(start=at(*moment), end=at(*moment) + timedelta(minutes=1)) for moment in
                ((9, 50), (9, 59), (13, 44))]
    run = lives(tmp_path, *restarts, live=True)
    assert run.whole(), run.error
    assert run.lives == 4
    assert found(run) == []


def test_both_slots_unreadable_stop_a_live_start(tmp_path):
    run = lives(tmp_path, live=True)
    run.begin()
    assert run.run(at(12, 0)), run.error
    run.die()
    for path in (tmp_path / "storage").rglob("state-?.json"):
        path.write_text("{", encoding="utf-8")
    run.begin(at(12, 5))
    assert not run.run()
    assert "StoreCorrupt" in run.error


def test_a_holding_nobody_knows_is_quarantined_and_stops_entries(tmp_path):
    run = lives(tmp_path, live=True)
    run.begin()
    assert run.run(at(12, 0)), run.error
    run.die()
    for path in (tmp_path / "storage").rglob("state-?.json"):
        path.unlink()
    run.begin(at(12, 5))
    assert run.run(), run.error
    assert len(run.state()["book"]["quarantined"]) == 6
    assert not [order for order in run.broker.log.orders if order.time > at(12, 5)]


def test_a_command_before_any_data_starts_the_framework(tmp_path):
    """Live, the operator may ask on a Sunday."""
    run = lives(tmp_path, live=True)
    engine = run.begin(at(0, 1))
    engine.initialize()
    algorithm = engine.algorithm
    assert not algorithm.shell.started
    ask = SimpleNamespace(action="status", strategy=None, reason=None, amount=None, position=None, reference=None)
    assert algorithm.on_command(ask) is True
    assert json.loads(algorithm.object_store.read(f"{algorithm.shell.store.prefix}/answer.json"))["phase"] == 3
    assert run.run(), run.error
    assert [line["event"] for line in run.audit()].count("STARTED") == 1
    assert shorts(run) == shorts(uninterrupted(True))


def test_a_start_that_failed_is_not_gone_on_from(tmp_path, monkeypatch):
    """A command's error stops nothing in LEAN: what comes next must not find a half started framework."""
    run = lives(tmp_path, live=True)
    engine = run.begin(at(0, 1))
    engine.initialize()
    monkeypatch.setattr(type(engine.algorithm.shell.parts), "verify", broken)
    ask = SimpleNamespace(action="halt", strategy=None, reason=None, amount=None, position=None, reference=None)
    with pytest.raises(IntegrityError, match="is broken"):
        engine.algorithm.on_command(ask)
    monkeypatch.undo()
    with pytest.raises(IntegrityError, match="the start failed"):
        engine.algorithm.on_command(ask)
    assert not run.run() and "the start failed" in run.error


def broken(_: object) -> None:
    raise IntegrityError("is broken")


def test_a_live_account_is_measured_from_its_own_value(tmp_path):
    """Not from the parameters' cash: an account below it would begin with a day's loss."""
    run = lives(tmp_path, live=True)
    engine = run.begin(at(9, 0))
    assert run.run(at(9, 40)), run.error
    value, parts = engine.algorithm.portfolio.total_portfolio_value, engine.algorithm.shell.parts
    assert value == 100_000.0 != float(dict(PARAMETERS)["cash"])
    assert (parts.book.equity_day_start, parts.phase.earned_equity) == (value,) * 2
    assert parts.ledger.facts()["starting_equity"] == value


def test_a_flow_is_taken_while_the_market_is_closed(tmp_path):
    """In the session guards would stand between the word and the money."""
    run = lives(tmp_path, live=True)
    engine = run.begin(at(9, 0))
    deposit = SimpleNamespace(action="flow", strategy=None, reason=None, amount=5_000.0, position=None, reference=None)
    assert run.run(at(9, 29)), run.error
    book = engine.algorithm.shell.parts.book
    assert engine.algorithm.on_command(deposit) is True and book.flows_today == 5_000.0
    for moment in ((9, 31), (16, 0)):
        assert run.run(at(*moment)), run.error
        assert book.equity_day_start == 105_000.0
        assert engine.algorithm.on_command(deposit) is False and book.flows_today == 0.0
    assert run.run(at(16, 5)), run.error
    assert engine.algorithm.on_command(deposit) is True and book.flows_today == 5_000.0


def test_slices_with_seconds_decide_once_a_minute(tmp_path, monkeypatch):
    """Live, a minute's data comes in several slices, none of them on the whole minute."""
    tick = FrameworkShell.tick

    def several(shell: FrameworkShell, now: datetime) -> None:
        for seconds in (0.2, 0.9, 31.0):
            tick(shell, now + timedelta(seconds=seconds))

    whole = lives(tmp_path / "whole", live=True)
    assert whole.whole(), whole.error
    monkeypatch.setattr(FrameworkShell, "tick", several)
    run = lives(tmp_path / "several", live=True)
    assert run.whole(), run.error
    assert found(run) == []
    assert traded(run) == traded(whole) and positions(run) == positions(whole)
    assert len(steps(whole)) > 5 and steps(run) == steps(whole)


def steps(run: Lives) -> list[tuple[str, str, str]]:
    """Every transition of the run: whose, when (whole minutes), into what."""
    lines = [json.loads(line) for path in sorted(run.out.rglob("audit/*.jsonl"))
             for line in path.read_text(encoding="utf-8").splitlines()]
    return [(line["facts"]["position_id"], line["time"][:16], line["facts"]["to"]) for line in lines
            if line["event"] == "TRANSITION"]
