"""The judge of the fault runs: what counts as entered twice, and what is only traded back."""
from __future__ import annotations

from datetime import datetime

import pytest

from local.broker_faults.invariants import Evidence, violations
from local.broker_faults.truth import BrokerLog, TakenOrder
from local.engine.enums import Market, SecurityType
from local.engine.market.symbol import Symbol

NOW = datetime(2024, 8, 14, 10, 1)
TAG = "lt112/202408140953:ENTRY:202408140956"
ONE, TWO = (Symbol.create(ticker, SecurityType.EQUITY, Market.USA) for ticker in ("SPY", "QQQ"))


def evidence(asked: dict[Symbol, int], *trades: tuple[Symbol, int]) -> Evidence:
    """One entry at the broker, and what was traded under its intent."""
    log = BrokerLog(orders=[TakenOrder(time=NOW, tag=f"{TAG}#1", legs=tuple(asked.items()), limit=-1.0, answer="ACCEPT")])
    for number, (symbol, quantity) in enumerate(trades, 1):
        log.trade(NOW, symbol, quantity, 1.0, f"{TAG}#{number}", number)
    state = {"states": {"positions": []}, "book": {"quarantined": ["SPY", "QQQ"]},
             "executor": {"works": [], "finished": [TAG]}}
    return Evidence(log=log, faults=(), audit=(), state=state, ended=NOW, error="", untold=0, resting=())


def rules(*arguments) -> list[str]:
    return [violation.rule for violation in violations(evidence(*arguments))]


@pytest.mark.parametrize("quantities, violated", [
    ((-3,), False), ((-3, -1), True), ((-2, -1, -1), True),
    ((-3, 3), False), ((-3, 3, -1), True),           # traded back, then entered again
    ((-3, 3, 2, -2), False),                         # a late fill turned it round: trading that back enters nothing
    ((-3, 3, 2, -3), True),
])
def test_no_more_is_entered_than_was_asked_for(quantities: tuple[int, ...], violated: bool) -> None:
    trades = [(ONE, quantity) for quantity in quantities]
    assert rules({ONE: -3}, *trades) == (["DOUBLE_ENTRY"] if violated else [])


@pytest.mark.parametrize("trades, violated", [
    (((ONE, -3), (TWO, 6)), False),
    (((ONE, -2), (TWO, 6), (TWO, -2), (TWO, -1), (TWO, 1)), False),      # the repair sold one too much
    (((ONE, -2), (TWO, 6), (TWO, -2), (TWO, 1)), True),                  # beyond the units of the other leg
    (((ONE, -3), (TWO, 6), (ONE, -3), (TWO, 6)), True),
    (((ONE, -3), (TWO, 6), (ONE, 3), (TWO, -6), (TWO, 6)), True),
    (((ONE, -3), (TWO, 7)), True),
])
def test_a_leg_may_be_evened_out_up_to_the_other(trades: tuple[tuple[Symbol, int], ...], violated: bool) -> None:
    assert ("DOUBLE_ENTRY" in rules({ONE: -3, TWO: 6}, *trades)) is violated
