"""Orders that pass the framework by are met at the next round: booked at their own prices, neither fought nor repeated."""
from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers.shell.foreign_orders import REASON
from local.broker_faults.lives import Lives
from local.engine.market.symbol import Symbol
from tests.scenarios.order_world import FRIDAY, lives


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def running(tmp_path: Path, until: datetime, *, live: bool = True, **parameters: Any) -> Lives:
    """The Friday of the order tests up to a minute."""
    run = lives(tmp_path, live=live, **parameters)
    run.begin()
    assert run.run(until), run.error
    return run


def legs(run: Lives, strategy: str) -> dict[Symbol, int]:
    """What the account holds of one strategy's position."""
    (position,) = [position for position in run.engine.algorithm.shell.parts.states.positions
                   if position.strategy == strategy and position.is_open]
    symbols = run.engine.algorithm.shell._gateway._symbols
    return {symbols.symbol(leg.contract): leg.quantity for leg in position.legs}


def our_orders(run: Lives, since: datetime) -> list[str]:
    return [order.tag for order in run.broker.log.orders if order.time > since and "#" in order.tag]


def events(run: Lives, name: str) -> list[dict[str, Any]]:
    return [row["facts"] for row in run.audit() if row["event"] == name]


def trades(run: Lives) -> list[dict[str, Any]]:
    return run.state()["ledger"]["trades"]


@pytest.mark.parametrize("live", [True, False])
def test_all_of_it_liquidated_past_us(tmp_path: Path, live: bool) -> None:
    run = running(tmp_path, at(9, 40), live=live)
    cash = run.engine.algorithm.portfolio.cash
    assert run.run(at(12, 0)), run.error
    held = run.engine.algorithm.shell.parts.states.open_positions
    assert {position.strategy for position in held} == {"friday_0dte", "lt112"}
    run.engine.algorithm.liquidate()
    assert run.run(), run.error
    assert our_orders(run, at(12, 0)) == []                       # neither fought nor repeated, to the end of the day
    assert not any(run.broker.log.holdings.values())
    state = run.state()
    assert [position for position in state["states"]["positions"] if position["legs"]] == []
    assert state["book"]["halted"] == REASON and state["book"]["quarantined"] == []
    closed = trades(run)
    assert {trade["strategy"] for trade in closed} == {"friday_0dte", "lt112"}
    assert all(trade["exit_reason"] == REASON and trade["result_known"] for trade in closed)
    made = sum(trade["pnl_usd"] for trade in closed)
    assert made == pytest.approx(run.engine.algorithm.portfolio.cash - cash)


def test_what_was_paid_for_it_is_booked(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    before = run.engine.algorithm.shell.parts.ledger
    assert not before.trades
    run.engine.algorithm.liquidate()
    assert run.run(at(12, 30)), run.error
    told = sum(-row["quantity"] * row["price"] * 100.0 for row in events(run, REASON) if row.get("price"))
    entries = sum(-row["quantity"] * row["price"] * 100.0 - row["fee"] for row in events(run, "FILL"))
    fees = sum(trade["fees_usd"] for trade in trades(run)) - sum(row["fee"] for row in events(run, "FILL"))
    assert sum(trade["pnl_usd"] for trade in trades(run)) == pytest.approx(entries + told - fees)


def test_after_the_owners_word_entries_go_on(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    run.engine.algorithm.liquidate()
    assert run.run(at(12, 5)), run.error
    shell = run.engine.algorithm.shell
    assert shell.parts.book.halted == REASON
    from helpers.shell.operator_commands import Command
    shell.commands.carry_out(Command(action="resume"), run.engine.clock.local)
    assert shell.parts.book.halted is None


def test_one_leg_closed_past_us_flattens_the_rest(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    held = legs(run, "lt112")
    short = next(symbol for symbol, quantity in held.items() if quantity < 0)
    run.engine.algorithm.market_order(short, -held[short], False, "by hand")
    assert run.run(), run.error
    rest = [tag for tag in our_orders(run, at(12, 0)) if tag.startswith("lt112")]
    assert rest and all(":FLATTEN:" in tag for tag in rest)
    assert not any(run.broker.log.holdings.get(symbol, 0) for symbol in held)
    (trade,) = [trade for trade in trades(run) if trade["strategy"] == "lt112"]
    assert trade["exit_reason"] == "UNEVEN" and trade["result_known"]


def test_fewer_units_but_even_go_on(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    held = legs(run, "lt112")
    units = max(held.values())
    assert units > 1
    for symbol, quantity in held.items():
        run.engine.algorithm.market_order(symbol, -quantity // units, False, "by hand")
    assert run.run(at(12, 30)), run.error
    assert legs(run, "lt112") == {symbol: quantity - quantity // units for symbol, quantity in held.items()}
    (position,) = [row for row in run.state()["states"]["positions"] if row["strategy"] == "lt112"]
    assert (position["state"], position["units"]) == ("ACTIVE", units - 1)
    assert our_orders(run, at(12, 0)) == []


def test_shares_of_ones_own_are_nobodys(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    run.engine.algorithm.market_order(run.engine.algorithm.symbol("SPY"), 10, False, "")
    assert run.run(at(12, 10)), run.error
    assert run.state()["book"]["quarantined"] == ["SPY"] and run.state()["book"]["halted"] is None
    assert our_orders(run, at(12, 0)) == []
    run.engine.algorithm.market_order(run.engine.algorithm.symbol("SPY"), -10, False, "")
    assert run.run(at(12, 20)), run.error
    assert run.state()["book"]["quarantined"] == []


def test_an_exit_of_ours_does_not_close_what_is_closed_already(tmp_path: Path) -> None:
    """The exit of 13:44 is working when everything is liquidated past us."""
    run = running(tmp_path, at(13, 44))
    assert run.engine.algorithm.shell.parts.executor.working_positions
    run.engine.algorithm.liquidate()
    assert run.run(), run.error
    assert not any(run.broker.log.holdings.values())
    assert [position for position in run.state()["states"]["positions"] if position["legs"]] == []


def test_an_entry_on_its_way_is_not_sent_again(tmp_path: Path) -> None:
    run = running(tmp_path, at(9, 50), fills_after=3)
    assert run.engine.algorithm.shell.parts.executor.working_positions
    run.engine.algorithm.liquidate()
    sent = len(our_orders(run, at(0, 0)))
    assert run.run(at(9, 58)), run.error
    assert len(our_orders(run, at(0, 0))) == sent


def test_the_morning_after_nothing_is_left_to_say(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    run.engine.algorithm.liquidate()
    assert run.run(at(12, 30)), run.error
    run.die()
    run.begin(at(12, 35))
    assert run.run(at(12, 45)), run.error
    assert events(run, "QUARANTINE") == [] and run.state()["book"]["halted"] == REASON


# --- as the lean command sends them ---------------------------------------------------------------------------------


def send(run: Lives, name: str, **fields: Any) -> dict[str, Any]:
    """One of LEAN's own commands as the command line writes it; its answer."""
    document = {"$type": f"QuantConnect.Commands.{name}, QuantConnect.Common", "Id": name.lower(), **fields}
    (run.out / "command-1795953564.json").write_text(json.dumps(document), encoding="utf-8")
    assert run.run(run.engine.clock.local + timedelta(minutes=1)), run.error
    return json.loads((run.out / f"result-command-{name.lower()}.json").read_text(encoding="utf-8"))


def test_lean_live_liquidate(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    answer = send(run, "LiquidateCommand", Ticker=None, Market=None, SecurityType=0)
    assert answer == {"CommandName": "LiquidateCommand", "Success": True}
    assert run.run(), run.error
    assert not any(run.broker.log.holdings.values()) and our_orders(run, at(12, 0)) == []
    assert {trade["exit_reason"] for trade in trades(run)} == {REASON}


def test_lean_live_submit_order(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    answer = send(run, "OrderCommand", Ticker="SPY", Market="usa", SecurityType="Equity", OrderType="Market", Quantity=10,
                  LimitPrice=0.0, StopPrice=0.0, Tag=None)
    assert answer["Success"] is True
    assert run.run(at(12, 10)), run.error
    assert run.state()["book"]["quarantined"] == ["SPY"] and our_orders(run, at(12, 0)) == []


def test_lean_live_stop(tmp_path: Path) -> None:
    run = running(tmp_path, at(12, 0))
    send(run, "AlgorithmStatusCommand", Status="Stopped")
    assert run.engine.algorithm._has_ended
    held = dict(run.broker.log.holdings)
    run.die()
    run.begin(at(12, 5))
    assert run.run(at(12, 10)), run.error
    assert run.broker.log.holdings == held and our_orders(run, at(12, 1)) == []
