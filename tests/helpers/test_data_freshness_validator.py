from __future__ import annotations

from datetime import timedelta

import pytest

from config.strategy_parameters import LT112
from core.codes import RefusalCode
from core.model import Refused
from helpers.data_freshness_validator import DataFreshnessValidator
from tests.builders import FRIDAY, make_contract, make_quote, make_underlying

NAN = float("nan")
VALIDATOR = DataFreshnessValidator()
CONTRACT = make_contract()


def code(result: Refused | None) -> RefusalCode | None:
    return None if result is None else result.code


def leg(bid: float = 2.0, ask: float = 2.1, age: timedelta = timedelta(0)) -> RefusalCode | None:
    return code(VALIDATOR.leg(CONTRACT, make_quote(bid, ask, FRIDAY - age), FRIDAY, LT112))


def test_underlying_two_minutes_old_is_fresh_and_a_second_more_is_not() -> None:
    for seconds, expected in ((120, None), (121, RefusalCode.UNDERLYING_STALE), (-1, RefusalCode.GUARD_CANNOT_COMPUTE)):
        seen = make_underlying(quote_time=FRIDAY - timedelta(seconds=seconds))
        assert code(VALIDATOR.underlying("SPY", seen, FRIDAY)) is expected


@pytest.mark.parametrize("overrides", [{"price": 0.0}, {"price": -36.98}, {"price": NAN, "bid": 1.0, "ask": 1.0},
                                       {"bid": NAN}, {"ask": NAN}])
def test_underlying_without_a_price_is_missing(overrides: dict[str, float]) -> None:
    seen = make_underlying(**({"price": 544.0} | overrides))
    assert code(VALIDATOR.underlying("SPY", seen, FRIDAY)) is RefusalCode.UNDERLYING_MISSING
    assert code(VALIDATOR.underlying("SPY", None, FRIDAY)) is RefusalCode.UNDERLYING_MISSING


def test_underlying_crossed() -> None:
    assert code(VALIDATOR.underlying("SPY", make_underlying(bid=2.01, ask=2.0), FRIDAY)) is RefusalCode.QUOTE_CROSSED
    assert VALIDATOR.underlying("SPY", make_underlying(bid=2.0, ask=2.0), FRIDAY) is None


def test_leg_ten_minutes_old_is_fresh_and_a_second_more_is_not() -> None:
    assert leg(age=timedelta(minutes=10)) is None
    assert leg(age=timedelta(minutes=10, seconds=1)) is RefusalCode.QUOTE_STALE
    assert leg(age=timedelta(seconds=-1)) is RefusalCode.GUARD_CANNOT_COMPUTE


def test_leg_missing() -> None:
    assert code(VALIDATOR.leg(CONTRACT, None, FRIDAY, LT112)) is RefusalCode.QUOTE_MISSING


@pytest.mark.parametrize("bid, ask", [(0.0, 0.0), (NAN, 1.0), (1.0, NAN), (-0.1, 0.1), (float("inf"), float("inf"))])
def test_leg_empty(bid: float, ask: float) -> None:
    assert leg(bid, ask) is RefusalCode.QUOTE_EMPTY


def test_a_bid_or_an_ask_is_enough() -> None:
    assert leg(0.0, 0.05) is None
    assert leg(0.05, 0.0) is RefusalCode.QUOTE_EMPTY


def test_crossed_and_locked() -> None:
    assert leg(2.01, 2.0) is RefusalCode.QUOTE_CROSSED
    assert leg(2.0, 2.0) is None


def test_spread_of_a_leg_is_a_share_of_its_mid() -> None:
    assert leg(1.90, 2.10) is None
    assert leg(1.89, 2.10) is RefusalCode.SPREAD_TOO_WIDE


def test_spread_of_a_cheap_leg_is_in_dollars_alone() -> None:
    assert leg(0.10, 0.25) is None
    assert leg(0.10, 0.26) is RefusalCode.SPREAD_TOO_WIDE
    assert leg(0.92, 1.06) is None, "mid 0.99 is cheap: 0.14 wide passes though it is more than a tenth"
    assert leg(0.93, 1.07) is RefusalCode.SPREAD_TOO_WIDE, "mid 1.00 is not cheap"


def test_the_first_bad_leg_refuses_and_no_leg_cannot_be_judged() -> None:
    other = make_contract(505.0)
    quotes = {CONTRACT.id: make_quote()}
    result = VALIDATOR.legs([CONTRACT, other], quotes, FRIDAY, LT112)
    assert result is not None and result.code is RefusalCode.QUOTE_MISSING and result.facts["contract"] == other.id
    assert VALIDATOR.legs([CONTRACT], quotes, FRIDAY, LT112) is None
    assert code(VALIDATOR.legs([], quotes, FRIDAY, LT112)) is RefusalCode.GUARD_CANNOT_COMPUTE
