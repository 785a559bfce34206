"""The judge of the fault runs: what counts as entered twice, and what is only traded back."""
from __future__ import annotations

from datetime import datetime

import pytest

from local.broker_faults.invariants import Evidence, violations
from local.broker_faults.truth import BrokerLog, TakenOrder
from local.engine.enums import Market, SecurityType
from local.engine.symbol import Symbol

NOW = datetime(2024, 8, 14, 10, 1)
TAG = "lt112/202408140953:ENTRY:202408140956"
SYMBOL = Symbol.create("SPY", SecurityType.EQUITY, Market.USA)


def evidence(*quantities: int) -> Evidence:
    """One entry of three sold contracts at the broker, and what was traded under its intent."""
    log = BrokerLog(orders=[TakenOrder(time=NOW, tag=f"{TAG}#1", legs=((SYMBOL, -3),), limit=-1.0, answer="ACCEPT")])
    for number, quantity in enumerate(quantities, 1):
        log.trade(NOW, SYMBOL, quantity, 1.0, f"{TAG}#{number}", number)
    state = {"states": {"positions": []}, "book": {"quarantined": ["SPY"]}, "executor": {"works": [], "finished": [
        TAG]}}
    return Evidence(log=log, faults=(), audit=(), state=state, ended=NOW, error="", untold=0, resting=())


@pytest.mark.parametrize("quantities, violated", [
    ((-3,), False), ((-3, -1), True), ((-2, -1, -1), True),
    ((-3, 3), False), ((-3, 3, -1), True),           # traded back, then entered again
    ((-3, 3, 2, -2), False),                         # a late fill turned it round: trading that back enters nothing
    ((-3, 3, 2, -3), True),
])
def test_no_more_is_entered_than_was_asked_for(quantities: tuple[int, ...], violated: bool) -> None:
    found = [violation.rule for violation in violations(evidence(*quantities))]
    assert found == (["DOUBLE_ENTRY"] if violated else [])
