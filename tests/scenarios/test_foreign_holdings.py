"""What the owner holds beside the framework's own: quarantined whatever it is, and part of what the account is worth."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from helpers.shell.operator_commands import Command
from local.broker_faults.lives import Lives
from local.engine.broker.broker import Account
from local.engine.enums import Market, OptionRight, OptionStyle, SecurityType
from local.engine.market.symbol import Symbol
from tests.scenarios.order_world import FRIDAY, lives

STOCK = Symbol.create("TSLA", SecurityType.EQUITY, Market.USA)
OPTION = Symbol.create_option(STOCK, Market.USA, OptionStyle.AMERICAN, OptionRight.CALL, 250.0, datetime(2024, 9, 20))
FUTURE = Symbol.create_future("NQ", Market.CME, datetime(2024, 9, 20))
CASH = 65_000.0


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def begun(folder: Path, symbol: Any, quantity: int, price: float) -> Lives:
    """The Friday of the order tests, live, on an account that holds something foreign, as a live start finds it."""
    run = lives(folder, live=True)
    run.broker.account = Account({"USD": CASH}, {symbol: (price, quantity)})
    engine = run.begin(at(0, 1))
    engine.initialize()
    engine.algorithm.securities[symbol].set_market_price(price)
    return run


@pytest.mark.parametrize("symbol, quantity, price, worth", (
    (STOCK, 50, 220.0, 11_000.0), (OPTION, 4, 30.0, 12_000.0), (OPTION, -2, 30.0, -6_000.0), (FUTURE, 1, 19_000.0, 0.0)),
    ids=("stock", "option", "short option", "future"))
def test_it_is_quarantined_and_is_no_loss(tmp_path: Path, symbol: Any, quantity: int, price: float, worth: float
                                          ) -> None:
    run = begun(tmp_path, symbol, quantity, price)
    assert run.run(at(10, 30)), run.error
    shell = run.engine.algorithm.shell
    assert len(shell.parts.book.quarantined) == 1 and not shell.parts.states.open_positions
    assert shell.parts.emergency.report.level.name == "NONE"
    assert shell.parts.book.equity_last == pytest.approx(CASH + worth, abs=5.0)     # the fee of closing
    assert [row["facts"]["code"] for row in run.audit() if row["event"] == "REFUSED"].count("QUARANTINE") == 2


def test_once_accepted_it_stays_and_entries_go_on(tmp_path: Path) -> None:
    run = begun(tmp_path, OPTION, 4, 30.0)
    assert run.run(at(9, 44)), run.error
    assert run.engine.algorithm.shell.commands.carry_out(Command(action="accept"), at(9, 44))["accepted"]
    assert run.run(), run.error
    strategies = {order.tag.partition("/")[0] for order in run.broker.log.orders if ":ENTRY:" in order.tag}
    assert "friday_0dte" in strategies
    assert run.broker.log.holdings.get(OPTION, 4) == 4
