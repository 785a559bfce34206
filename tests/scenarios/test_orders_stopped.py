"""Entries that are under way when entries are stopped: whole runs on the embedded engine."""
from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from core.model import ContractKind, Right
from core.reconciliation import reconcile
from local.broker_faults.faults import FillAfterCancel
from local.broker_faults.lives import Lives
from local.broker_faults.truth import intent_of
from local.engine.broker.time_in_force import TimeInForce
from local.engine.enums import Market, OptionRight, OptionStyle, SecurityType
from local.engine.market.symbol import Symbol
from tests.builders import make_contract
from tests.scenarios.order_world import lives
from tests.scenarios.test_operator_commands import told

NEVER = 600         # minutes until somebody meets a limit at the middle: not today


def stopped(folder: Path, command: str) -> Lives:
    """The Friday with an entry of each strategy that nobody fills, and one command at 10:36."""
    run = lives(folder, fills_after=NEVER, commands=f"2024-07-26 10:36 {command}")
    assert run.whole(), run.error
    return run


def ends(run: Lives, strategy: str) -> list[tuple[datetime, str]]:
    return [(datetime.fromisoformat(row["time"]), row["facts"]["reason"]) for row in run.audit()
            if row["event"] == "ORDER_NOT_FILLED" and row["facts"]["strategy"] == strategy]


@pytest.mark.parametrize("command, reason", [("halt", "HALTED"), ("liquidate", "OPERATOR_LIQUIDATE"), ("flatten", "OPERATOR_FLATTEN"),
                                             ("flatten friday_0dte", "OPERATOR_FLATTEN"), ("flatten lt112", "TIMEOUT")])
def test_a_command_that_stops_entries_takes_back_the_one_that_is_out(tmp_path, command, reason):
    run = stopped(tmp_path, command)
    first = next(order for order in run.broker.log.orders if order.tag.startswith("friday_0dte"))
    assert first.time == datetime(2024, 7, 26, 10, 34)
    (end, why), *_ = ends(run, "friday_0dte")
    assert why == reason and end <= datetime(2024, 7, 26, 10, 38 if why != "TIMEOUT" else 41)
    if command in ("halt", "liquidate"):
        assert [order for order in run.broker.log.orders if order.time > datetime(2024, 7, 26, 10, 36)] == []
    assert not [trade for trade in run.broker.log.trades if intent_of(trade.tag) == intent_of(first.tag)]


@pytest.mark.parametrize("command", ["flatten", "flatten friday_0dte", "liquidate"])
@pytest.mark.parametrize("dies", [False, True], ids=["one life", "a restart between"])
def test_what_an_entry_fills_after_its_cancel_is_closed_until_everything_is_flat(tmp_path, command, dies):
    """The operator's word stands: the condor's order is out when it comes, and fills all the same."""
    crossing = FillAfterCancel(start=datetime(2024, 7, 26, 10, 30), end=datetime(2024, 7, 26, 10, 50), minutes=3)
    run = lives(tmp_path, crossing, fills_after=NEVER, live=dies, strategies="friday_0dte",
                **({} if dies else {"commands": f"2024-07-26 10:36 {command}"}))
    run.begin()
    if dies:
        assert run.run(datetime(2024, 7, 26, 10, 36)), run.error
        action, _, strategy = command.partition(" ")
        told(run, action, **({"strategy": strategy} if strategy else {}))
        run.begin(run.die() + timedelta(minutes=1))
    assert run.run(), run.error
    held = {symbol: quantity for symbol, quantity in run.broker.log.holdings.items() if quantity}
    assert crossing.hits and run.broker.log.trades and held == {}
    entered = {intent_of(order.tag) for order in run.broker.log.orders if ":ENTRY:" in order.tag}
    assert len(entered) == 1 or command != "liquidate"


def test_no_order_rests_beyond_the_session_in_which_it_is_looked_after(tmp_path):
    """Index and futures options trade on after the stock market's close; the framework does not."""
    run = lives(tmp_path)
    run.begin()
    assert run.run(datetime(2024, 7, 26, 12, 0)), run.error
    gateway = run.engine.algorithm.shell._gateway
    now = run.engine.clock.local
    for underlying, kind in (("SPY", ContractKind.EQUITY_OPTION), ("VIX", ContractKind.INDEX_OPTION)):
        contract = make_contract(20.0, Right.CALL, underlying=underlying, kind=kind, expiry=date(2024, 9, 18))
        assert gateway.session_close(contract, now) == datetime(2024, 7, 26, 16, 0), underlying


def test_every_order_is_for_its_day_and_expires_with_it(tmp_path):
    run = lives(tmp_path, fills_after=NEVER)
    run.begin()
    assert run.run(datetime(2024, 7, 26, 10, 36)), run.error
    orders = run.engine.algorithm.transactions.get_orders(lambda order: True)
    assert orders and all(order.time_in_force is TimeInForce.DAY for order in orders)


def test_what_the_framework_never_trades_is_named_and_not_refused(tmp_path):
    """A future among the account's holdings is quarantined like anything unknown; it must not keep a start from happening."""
    run = lives(tmp_path)
    run.begin()
    assert run.run(datetime(2024, 7, 26, 10, 0)), run.error
    gateway = run.engine.algorithm.shell._gateway
    option = Symbol.create_option(Symbol.create("TSLA", SecurityType.EQUITY, Market.USA), Market.USA, OptionStyle.AMERICAN,
                                  OptionRight.CALL, 250.0, datetime(2024, 9, 20))
    holdings = {}
    for symbol in (Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20)), option):
        found = gateway.contract(symbol)
        assert found.kind is ContractKind.OTHER and found.id == str(symbol.id) and found == gateway.contract(symbol)
        holdings[found] = 1
    assert dict(reconcile((), holdings, busy=(), today=date(2024, 7, 26)).unknown) == holdings
