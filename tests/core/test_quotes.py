"""One answer to one question, wherever it is asked: a usable quote, an underlying, a cover, smallest ratios, rounding."""

from __future__ import annotations

from datetime import date, timedelta
from math import inf, nan
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from config.constants import LEG_MAX_AGE_MINUTES
from config.strategy_parameters import LT112
from core.codes import RefusalCode
from core.entry.checks import Candidate, judged_underlyings
from core.errors import CannotCompute
from core.intents import smallest_ratios, unit_legs
from core.model import Contract, ContractKind, HeldLeg, Quote, Refused, Right
from core.option_values import quote_volatility
from core.quotes import (TOLERANCE, at_least, at_most, covers, is_future, keys_of, quote_fault, require_quotes,
                         ticker_of, underlying_key, underlying_of, underlying_price, units_to_reach, usable_mid,
                         usable_quote, whole_units)
from core.reconciliation import reconcile
from helpers.data_freshness_validator import DataFreshnessValidator
from helpers.orders.pieces import cover, normalised
from risk.defence import has_naked_short
from risk.margin_structures import structures
from strategies.legs import known_closing_price
from tests.builders import (FRIDAY, make_contract, make_position, make_quote, make_snapshot, make_underlying,
                            make_view)

EXPIRY = date(2024, 8, 30)
PUT = make_contract(500.0, expiry=EXPIRY)
SEPTEMBER, DECEMBER = date(2024, 9, 20), date(2024, 12, 20)


# --- a usable quote -------------------------------------------------------------------------------------------------

def by_the_guard(quote: Quote | None) -> RefusalCode | None:
    refused = DataFreshnessValidator().leg(PUT, quote, FRIDAY, LT112)
    return None if refused is None else refused.code


def by_the_strategies(quote: Quote | None) -> RefusalCode | None:
    shot = make_snapshot(quotes={} if quote is None else {PUT.id: quote})
    found = require_quotes([PUT], shot)
    assert (usable_quote(PUT, shot) is None) is isinstance(found, Refused)
    return found.code if isinstance(found, Refused) else None


@pytest.mark.parametrize("quote, code", [
    (None, RefusalCode.QUOTE_MISSING),
    (make_quote(1.0, inf), RefusalCode.QUOTE_EMPTY),
    (make_quote(inf, inf), RefusalCode.QUOTE_EMPTY),
    (make_quote(nan, 1.0), RefusalCode.QUOTE_EMPTY),
    (make_quote(-0.1, 0.1), RefusalCode.QUOTE_EMPTY),
    (make_quote(0.05, 0.0), RefusalCode.QUOTE_EMPTY),
    (make_quote(1.05, 1.0), RefusalCode.QUOTE_CROSSED),
    (make_quote(time=FRIDAY + timedelta(seconds=1)), RefusalCode.GUARD_CANNOT_COMPUTE),
    (make_quote(time=FRIDAY - timedelta(minutes=LEG_MAX_AGE_MINUTES, seconds=1)), RefusalCode.QUOTE_STALE),
    (make_quote(time=FRIDAY - timedelta(minutes=LEG_MAX_AGE_MINUTES)), None),
    (make_quote(0.0, 0.05), None), (make_quote(), None)])
def test_guard_and_strategies_agree_on_a_quote(quote: Quote | None, code: RefusalCode | None) -> None:
    assert quote_fault(quote, FRIDAY) is by_the_guard(quote) is by_the_strategies(quote) is code


@pytest.mark.parametrize("bid, ask", [(1.0, inf), (nan, 1.0), (0.05, 0.0), (1.05, 1.0), (-0.1, 0.1)])
def test_whoever_computes_with_a_quote_refuses_the_same(bid: float, ask: float) -> None:
    quote = make_quote(bid, ask)
    for ask_for in (lambda: usable_mid(PUT, {PUT.id: quote}), lambda: quote_volatility(PUT, quote, 544.0, FRIDAY)):
        with pytest.raises(CannotCompute, match="quote cannot be used"):
            ask_for()


def test_a_stop_does_not_read_an_ask_without_end() -> None:
    short = make_position(HeldLeg(contract=PUT, quantity=-1, average_price=1.0))
    assert known_closing_price(short, make_snapshot(quotes={PUT.id: make_quote(1.0, inf)})) == 0.0
    old = make_quote(1.0, 1.2, FRIDAY - timedelta(hours=1))
    assert known_closing_price(short, make_snapshot(quotes={PUT.id: old})) == pytest.approx(1.1)


# --- the underlying of a future -------------------------------------------------------------------------------------

OPTION = make_contract(5_400.0, underlying="/ES", expiry=date(2024, 9, 13), kind=ContractKind.FUTURE_OPTION,
                       multiplier=50.0, future_expiry=SEPTEMBER)


def future(price: float, expiry: date | None):
    return make_underlying("/ES", price, future_expiry=expiry)


@pytest.mark.parametrize("underlyings, price", [
    ({}, None),
    ({"/ES": future(5_400.0, DECEMBER)}, None),
    ({"/ES": future(5_400.0, None)}, None),
    ({"/ES@241220": future(5_450.0, DECEMBER)}, None),
    ({"/ES": future(5_400.0, SEPTEMBER)}, 5_400.0),
    ({"/ES": future(5_450.0, DECEMBER), "/ES@240920": future(5_400.0, SEPTEMBER)}, 5_400.0)])
def test_everybody_finds_the_same_future(underlyings, price: float | None) -> None:
    shot = make_snapshot(underlyings=underlyings)
    judged, = judged_underlyings(Candidate(spec=LT112, snapshot=shot, view=make_view(), underlying="/ES",
                                           contracts=(OPTION,)))
    assert judged is underlying_of(OPTION, underlyings)
    assert (None if judged is None else judged.price) == price
    if price is None:
        with pytest.raises(CannotCompute):
            underlying_price(OPTION, underlyings)
    else:
        assert underlying_price(OPTION, underlyings) == price


def test_every_month_of_the_legs_is_judged_and_the_nearest_before_any_is_chosen() -> None:
    near, far = future(5_400.0, SEPTEMBER), future(5_450.0, DECEMBER)
    shot = make_snapshot(underlyings={"/ES@241220": far, "/ES@240920": near})
    later = make_contract(5_400.0, underlying="/ES", expiry=date(2024, 12, 13), kind=ContractKind.FUTURE_OPTION,
                          multiplier=50.0, future_expiry=DECEMBER)

    def judged(*contracts: Contract):
        return judged_underlyings(Candidate(spec=LT112, snapshot=shot, view=make_view(), underlying="/ES",
                                            contracts=contracts))
    assert judged() == (near,) and judged(later) == (far,) and judged(OPTION, later, OPTION) == (near, far)


def test_keys_of_underlyings() -> None:
    assert underlying_key("/ES", SEPTEMBER) == "/ES@240920" and underlying_key("SPY", None) == "SPY"
    assert ticker_of("/ES@240920") == "/ES" and ticker_of("SPY") == "SPY"
    assert is_future("/ES") and not is_future("SPY")
    months = dict.fromkeys(["/ES@241220", "SPY", "/ES@240920", "/MES@240920"], make_underlying())
    assert keys_of("/ES", months) == ["/ES@240920", "/ES@241220"]


# --- what covers a short --------------------------------------------------------------------------------------------

def held(*legs: tuple[Contract, int]):
    return make_position(*(HeldLeg(contract=contract, quantity=quantity, average_price=1.0)
                           for contract, quantity in legs))


SHORT = make_contract(500.0, expiry=EXPIRY)
FUTURE_PUT = dict(underlying="/ES", expiry=EXPIRY, kind=ContractKind.FUTURE_OPTION, multiplier=50.0)


@pytest.mark.parametrize("short, long, covered", [
    (SHORT, make_contract(490.0, expiry=EXPIRY), True),
    (SHORT, make_contract(510.0, expiry=date(2024, 9, 20)), True),
    (SHORT, make_contract(490.0, expiry=date(2024, 8, 23)), False),
    (SHORT, make_contract(490.0, Right.CALL, EXPIRY), False),
    (SHORT, make_contract(490.0, expiry=EXPIRY, underlying="QQQ"), False),
    (SHORT, make_contract(490.0, expiry=EXPIRY, multiplier=10.0), False),
    (make_contract(5_000.0, **FUTURE_PUT, future_expiry=SEPTEMBER),
     make_contract(4_900.0, **FUTURE_PUT, future_expiry=SEPTEMBER), True),
    (make_contract(5_000.0, **FUTURE_PUT, future_expiry=SEPTEMBER),
     make_contract(4_900.0, **FUTURE_PUT, future_expiry=DECEMBER), False)])
def test_margin_defence_and_closing_agree_on_cover(short: Contract, long: Contract, covered: bool) -> None:
    position = held((short, -2), (long, 2))
    pairings, naked, _ = cover({short: 2, long: -2})
    assert covers(long, short) is covered
    assert has_naked_short(position) is (not covered)
    assert bool(structures(position.legs, lambda contract: contract.strike).naked) is (not covered)
    assert bool(pairings) is covered and bool(naked) is (not covered)


# --- smallest ratios ------------------------------------------------------------------------------------------------

def test_a_leg_of_nothing_changes_no_ratio() -> None:
    """Reconciliation divided by the leg of 0 that every other reader leaves out."""
    gone, other = make_contract(480.0, expiry=EXPIRY), make_contract(490.0, expiry=EXPIRY)
    position = held((SHORT, -4), (other, 2), (gone, 0))
    found = reconcile([position], {SHORT: -2, other: 1}, busy=(), today=FRIDAY.date())
    assert found.verdicts[0].kind.value == "FEWER"
    legs, units = unit_legs(position.legs)
    assert ({leg.contract: leg.ratio for leg in legs}, units) == smallest_ratios({SHORT: -4, other: 2, gone: 0})
    piece = normalised({SHORT: -4, other: 2, gone: 0})
    assert (piece.legs, piece.quantity) == (legs, units) and units == 2


@given(some.dictionaries(some.integers(0, 5), some.integers(-12, 12), max_size=5))
def test_ratios_times_units_are_the_quantities(quantities: dict[int, int]) -> None:
    ratios, units = smallest_ratios(quantities)
    assert {key: ratio * units for key, ratio in ratios.items()} == {k: v for k, v in quantities.items() if v}
    assert units >= 0 and (units == 0) is (not ratios)
    assert smallest_ratios(ratios) == (ratios, 1 if ratios else 0)


# --- rounding -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("scale", [1e-4, 1.0, 0.0143, 35_000.0, 80_000.0])
def test_a_limit_met_but_for_rounding_is_met_at_any_size(scale: float) -> None:
    sum_of_tenths = sum(scale / 10 for _ in range(10))
    for near in (scale, sum_of_tenths, scale * (1 + 1e-13), scale * (1 - 1e-13)):
        assert at_least(near, scale) and at_most(near, scale)
    more, less = scale + 1e-6 * max(1.0, scale), scale - 1e-6 * max(1.0, scale)
    assert at_least(more, scale) and not at_most(more, scale)
    assert at_most(less, scale) and not at_least(less, scale)


@pytest.mark.parametrize("ask", [at_least, at_most])
def test_what_is_no_number_meets_no_limit(ask: Callable[[float, float], bool]) -> None:
    assert not ask(nan, 1.0) and not ask(1.0, nan)
    assert at_most(5.0, inf) and not at_least(5.0, inf) and at_least(inf, inf)


def test_whole_units() -> None:
    assert whole_units(3.0 - TOLERANCE / 10) == 3 and whole_units(2.99) == 2 and whole_units(0.3 / 0.1) == 3
    assert units_to_reach(3.0 + TOLERANCE / 10) == 3 and units_to_reach(3.01) == 4
