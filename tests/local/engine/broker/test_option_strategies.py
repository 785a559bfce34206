"""Named option strategies as one order."""

from __future__ import annotations

from datetime import datetime

import pytest

from local.engine.broker.option_strategies import OptionStrategies
from local.engine.enums import Market, OptionRight, SecurityType
from local.engine.errors import ArgumentException
from local.engine.market.symbol import Symbol

SPY = Symbol.create("SPY", SecurityType.EQUITY, Market.USA)
CANONICAL = Symbol.create_canonical_option(SPY)
NEAR, FAR = datetime(2024, 11, 15), datetime(2024, 12, 20)
P, C = OptionRight.PUT, OptionRight.CALL


def legs(strategy: object) -> list[tuple[OptionRight, float, int]]:
    return [(leg.right, leg.strike, leg.quantity) for leg in strategy.option_legs]


def test_iron_condor() -> None:
    strategy = OptionStrategies.iron_condor(CANONICAL, 480, 490, 560, 570, NEAR)
    assert legs(strategy) == [(P, 480, 1), (P, 490, -1), (C, 560, -1), (C, 570, 1)]
    strategy.set_symbols()
    assert strategy.option_legs[0].symbol.value == "SPY   241115P00480000"


def test_strikes_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ArgumentException):
        OptionStrategies.iron_condor(CANONICAL, 490, 480, 560, 570, NEAR)
    with pytest.raises(ArgumentException):
        OptionStrategies.bull_put_spread(CANONICAL, 480, 490, NEAR)
    with pytest.raises(ArgumentException):
        OptionStrategies.call_butterfly(CANONICAL, 520, 511, 500, NEAR)


def test_calendar_and_jelly_roll_use_two_expiries() -> None:
    calendar = OptionStrategies.put_calendar_spread(CANONICAL, 500, NEAR, FAR)
    assert [(leg.expiration, leg.quantity) for leg in calendar.option_legs] == [(NEAR, -1), (FAR, 1)]
    jelly = OptionStrategies.jelly_roll(CANONICAL, 500, NEAR, FAR)
    assert [(leg.right, leg.expiration, leg.quantity) for leg in jelly.option_legs] == [
        (C, NEAR, -1), (C, FAR, 1), (P, NEAR, 1), (P, FAR, -1)]
    with pytest.raises(ArgumentException):
        OptionStrategies.put_calendar_spread(CANONICAL, 500, FAR, NEAR)


def test_covered_call_holds_a_hundred_shares() -> None:
    strategy = OptionStrategies.covered_call(CANONICAL, 560, NEAR)
    assert [(leg.symbol, leg.quantity) for leg in strategy.underlying_legs] == [(SPY, 100)]
    assert OptionStrategies.protective_call(CANONICAL, 560, NEAR).underlying_legs[0].quantity == -100


def test_only_a_canonical_option_will_do() -> None:
    with pytest.raises(ArgumentException, match="canonical"):
        OptionStrategies.naked_put(SPY, 500, NEAR)


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(TypeError, match="takes canonical_option"):
        OptionStrategies.naked_put(CANONICAL, 500, when=NEAR)
