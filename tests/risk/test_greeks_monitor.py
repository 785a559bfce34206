"""Exposures by hand, limits at and one past, and the law that ``room`` and ``check`` say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from math import floor, inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import option_values
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.exposure import Exposure
from core.model import Contract, ContractKind, HeldLeg, Leg, Refused, Right
from core.option_math import OptionGreeks
from risk.greeks_monitor import GreeksMonitor
from tests.builders import FRIDAY, make_contract, make_position, make_quote, make_snapshot, make_underlying

MONITOR = GreeksMonitor()
EXPIRY = FRIDAY.date() + timedelta(days=60)
UNDERLYINGS = {"SPY": make_underlying(price=500.0), "QQQ": make_underlying("QQQ", 450.0)}


def quote_at(contract: Contract, price: float, iv: float = 0.2):
    value = option_values.contract_price(contract, price, iv, FRIDAY)
    return make_quote(value - 0.01, value + 0.01)


def greeks_at(contract: Contract, price: float, iv: float = 0.2) -> OptionGreeks:
    return option_values.greeks_at(contract, price, iv, FRIDAY)


def test_a_short_put_of_spy() -> None:
    contract = make_contract(480.0, Right.PUT, EXPIRY)
    one = greeks_at(contract, 500.0)
    found = MONITOR.exposure([(contract, -3)], {contract.id: quote_at(contract, 500.0)}, UNDERLYINGS, FRIDAY)
    assert found.spy_delta == pytest.approx(-300 * one.delta, rel=1e-6) and found.spy_delta > 0
    assert found.gamma == pytest.approx(-300 * one.gamma, rel=1e-6)
    assert found.vega == pytest.approx(-300 * one.vega, rel=1e-6)
    assert found.theta == pytest.approx(-300 * one.theta, rel=1e-5) and found.theta > 0


def test_another_underlying_is_weighted_by_beta_and_price() -> None:
    contract = make_contract(430.0, Right.PUT, EXPIRY, "QQQ")
    one = greeks_at(contract, 450.0)
    found = MONITOR.exposure([(contract, 2)], {contract.id: quote_at(contract, 450.0)}, UNDERLYINGS, FRIDAY)
    ratio = 1.25 * 450 / 500
    assert found.spy_delta == pytest.approx(200 * one.delta * ratio, rel=1e-6)
    assert found.gamma == pytest.approx(200 * one.gamma * ratio ** 2, rel=1e-6)
    assert found.vega == pytest.approx(200 * one.vega, rel=1e-6)


def test_an_es_contract_is_worth_its_multiplier_in_spy() -> None:
    month = date(2024, 9, 20)
    contract = make_contract(4900.0, Right.PUT, EXPIRY, "/ES", kind=ContractKind.FUTURE_OPTION, multiplier=50.0,
                             future_expiry=month)
    one = greeks_at(contract, 5000.0)
    quotes = {contract.id: quote_at(contract, 5000.0)}
    es = make_underlying("/ES", 5000.0, future_expiry=month)
    for key in ("/ES", "/ES@240920"):
        found = MONITOR.exposure([(contract, 1)], quotes, UNDERLYINGS | {key: es}, FRIDAY)
        assert found.spy_delta == pytest.approx(one.delta * 50 * 10, rel=1e-6)
    other = replace(es, future_expiry=date(2024, 12, 20))
    with pytest.raises(CannotCompute):
        MONITOR.exposure([(contract, 1)], quotes, UNDERLYINGS | {"/ES": other}, FRIDAY)


def test_shares_count_as_delta_only() -> None:
    shares = Contract(underlying="QQQ", expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY,
                      multiplier=1.0)
    found = MONITOR.exposure([(shares, -100)], {}, UNDERLYINGS, FRIDAY)
    assert found == Exposure(spy_delta=pytest.approx(-100 * 1.25 * 0.9))


def test_vix_calls_add_nothing_and_may_not_be_short() -> None:
    contract = make_contract(25.0, Right.CALL, EXPIRY, "VIX", kind=ContractKind.INDEX_OPTION)
    assert MONITOR.exposure([(contract, 5)], {}, {}, FRIDAY) == Exposure()
    with pytest.raises(CannotCompute):
        MONITOR.exposure([(contract, -1)], {}, {}, FRIDAY)


def test_a_units_exposure_is_its_legs() -> None:
    short, long = make_contract(480.0, Right.PUT, EXPIRY), make_contract(475.0, Right.PUT, EXPIRY)
    quotes = {leg.id: quote_at(leg, 500.0) for leg in (short, long)}
    unit = MONITOR.unit((Leg(contract=short, ratio=-1), Leg(contract=long, ratio=1)), quotes, UNDERLYINGS, FRIDAY)
    difference = greeks_at(long, 500.0).delta - greeks_at(short, 500.0).delta
    assert unit.spy_delta == pytest.approx(100 * difference, rel=1e-5)


def test_the_book_and_what_it_lacks() -> None:
    contract, dead = make_contract(480.0, Right.PUT, EXPIRY), make_contract(470.0, Right.PUT, EXPIRY)
    good = make_position(HeldLeg(contract=contract, quantity=-1, average_price=3.0), id="a")
    blind = make_position(HeldLeg(contract=dead, quantity=-1, average_price=3.0), id="b")
    quotes = {contract.id: quote_at(contract, 500.0)}
    over = replace(blind, id="c", legs=(replace(blind.legs[0], quantity=0),))
    both = make_snapshot(quotes=quotes, underlyings=UNDERLYINGS, positions=(good, blind, over))
    read = MONITOR.reading(both)
    assert set(read.by_position) == {"a"} and set(read.missing) == {"b"} and read.total == read.by_position["a"]
    assert MONITOR.held(replace(both, positions=(good, over))) == read.total
    with pytest.raises(CannotCompute) as caught:
        MONITOR.held(both)
    assert set(caught.value.facts) == {"b"}
    assert MONITOR.held(replace(both, positions=())) == Exposure()


def test_one_moment_has_one_book() -> None:
    """Computed once for gate, sizer, marks and defence; anew when time, quotes, prices or positions are others."""
    contract = make_contract(480.0, Right.PUT, EXPIRY)
    position = make_position(HeldLeg(contract=contract, quantity=-1, average_price=3.0), id="a")
    moment = make_snapshot(quotes={contract.id: quote_at(contract, 500.0)}, underlyings=UNDERLYINGS, positions=(position,))
    read = MONITOR.reading(moment)
    assert MONITOR.reading(replace(moment, chains={"SPY": ()})) is read
    for change in (dict(positions=(replace(position),)), dict(quotes=dict(moment.quotes)),
                   dict(underlyings=dict(moment.underlyings)), dict(time=FRIDAY + timedelta(minutes=1))):
        assert MONITOR.reading(replace(moment, **change)) is not read
        assert MONITOR.reading(moment) is not read and MONITOR.reading(moment) == read


@pytest.mark.parametrize("quote", [None, make_quote(0.0, 0.0), make_quote(2.0, 1.0), make_quote(nan, 1.0)])
def test_a_quote_that_cannot_be_used_is_not_computed_with(quote) -> None:
    contract = make_contract(480.0, Right.PUT, EXPIRY)
    with pytest.raises(CannotCompute):
        MONITOR.exposure([(contract, 1)], {} if quote is None else {contract.id: quote}, UNDERLYINGS, FRIDAY)


@pytest.mark.parametrize("underlyings", [
    {}, {"QQQ": make_underlying("QQQ", 450.0)}, {"SPY": make_underlying(price=nan)},
    {"SPY": make_underlying(price=0.0)}])
def test_a_missing_underlying_is_not_computed_with(underlyings) -> None:
    contract = make_contract(480.0, Right.PUT, EXPIRY)
    with pytest.raises(CannotCompute):
        MONITOR.exposure([(contract, 1)], {contract.id: quote_at(contract, 500.0)}, underlyings, FRIDAY)


def test_an_unknown_beta_is_not_computed_with() -> None:
    with pytest.raises(CannotCompute):
        MONITOR.exposure([(make_contract(underlying="XYZ", expiry=EXPIRY), 1)], {}, UNDERLYINGS, FRIDAY)


# --- limits

@pytest.mark.parametrize("phase, delta, gamma, vega", [(1, 300, 10, 500), (2, 500, 20, 750), (3, 750, 30, 1000),
                                                       (4, 1000, 40, 1500)])
def test_every_limit_at_and_one_past(phase: int, delta: float, gamma: float, vega: float) -> None:
    none, rich = Exposure(), 1e7
    for sign in (1, -1):
        assert MONITOR.check(none, Exposure(spy_delta=sign * delta), rich, 500.0, phase) is None
        refused = MONITOR.check(none, Exposure(spy_delta=sign * (delta + 0.01)), rich, 500.0, phase)
        assert refused is not None and refused.code is RefusalCode.GREEK_DELTA
        assert refused.facts["limit_name"] == "greek_delta" and refused.facts["limit"] == delta
    assert MONITOR.check(none, Exposure(gamma=-gamma, vega=-vega), rich, 500.0, phase) is None
    refused = MONITOR.check(none, Exposure(gamma=-gamma - 0.01), rich, 500.0, phase)
    assert refused is not None and refused.code is RefusalCode.GREEK_GAMMA
    refused = MONITOR.check(none, Exposure(vega=-vega - 0.01), rich, 500.0, phase)
    assert refused is not None and refused.code is RefusalCode.GREEK_VEGA
    assert MONITOR.check(none, Exposure(gamma=1e6, vega=1e6, theta=-1e6), rich, 500.0, phase) is None


def test_delta_in_dollars_is_bound_by_equity() -> None:
    # 0.75 x 40,000 / 500 = 60 shares
    assert MONITOR.check(Exposure(), Exposure(spy_delta=60.0), 40_000, 500.0, 2) is None
    refused = MONITOR.check(Exposure(), Exposure(spy_delta=-60.01), 40_000, 500.0, 2)
    assert refused is not None and refused.code is RefusalCode.GREEK_DELTA
    assert refused.facts["limit_name"] == "greek_notional_delta"


def test_a_trade_towards_zero_passes() -> None:
    over = Exposure(spy_delta=900.0, gamma=-50.0, vega=-2000.0)
    less = Exposure(spy_delta=899.0, gamma=-49.0, vega=-1999.0)
    assert MONITOR.check(over, less, 1e7, 500.0, 1) is None
    refused = MONITOR.check(over, replace(less, spy_delta=901.0), 1e7, 500.0, 1)
    assert refused is not None and refused.code is RefusalCode.GREEK_DELTA
    refused = MONITOR.check(over, replace(less, vega=-2001.0), 1e7, 500.0, 1)
    assert refused is not None and refused.code is RefusalCode.GREEK_VEGA
    # across zero and out on the other side, further than it was
    assert MONITOR.check(over, replace(less, spy_delta=-901.0), 1e7, 500.0, 1) is not None


@pytest.mark.parametrize("name", ["spy_delta", "gamma", "vega", "theta"])
@pytest.mark.parametrize("bad", [nan, inf])
def test_check_refuses_what_it_cannot_compute(name: str, bad: float) -> None:
    for before, after in ((Exposure(), Exposure(**{name: bad})), (Exposure(**{name: bad}), Exposure())):
        refused = MONITOR.check(before, after, 40_000, 500.0, 2)
        assert refused is not None and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE


@pytest.mark.parametrize("equity, spy, phase", [(nan, 500.0, 2), (0.0, 500.0, 2), (4e4, nan, 2), (4e4, 0.0, 2),
                                                (4e4, 500.0, 5)])
def test_limits_need_their_inputs(equity: float, spy: float, phase: int) -> None:
    refused = MONITOR.check(Exposure(), Exposure(), equity, spy, phase)
    assert isinstance(refused, Refused) and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE
    with pytest.raises(CannotCompute):
        MONITOR.room(Exposure(), Exposure(), equity, spy, phase)


def test_warnings_begin_at_four_fifths() -> None:
    assert MONITOR.warnings(Exposure(spy_delta=-239.9, gamma=-7.9, vega=-399.0), 1e7, 500.0, 1) == ()
    found = MONITOR.warnings(Exposure(spy_delta=-240.0, gamma=-8.0, vega=-400.0), 1e7, 500.0, 1)
    assert [warning.greek for warning in found] == ["greek_delta", "greek_gamma", "greek_vega"]
    assert found[0].used_share == pytest.approx(0.8)


NUMBERS = st.floats(-2000, 2000)
EXPOSURES = st.builds(Exposure, spy_delta=NUMBERS, gamma=st.floats(-60, 60), vega=st.floats(-2000, 2000))


@given(EXPOSURES, st.builds(Exposure, spy_delta=st.floats(-90, 90), gamma=st.floats(-3, 3), vega=st.floats(-90, 90)),
       st.floats(20_000, 500_000), st.integers(1, 4))
def test_room_is_where_check_begins_to_refuse(before: Exposure, unit: Exposure, equity: float, phase: int) -> None:
    room = min(MONITOR.room(before, unit, equity, 500.0, phase).values())
    if room == inf or room > 1e6:
        return
    count = floor(room)
    if abs(room - round(room)) > 1e-6:
        assert MONITOR.check(before, before + unit.times(count), equity, 500.0, phase) is None
        assert MONITOR.check(before, before + unit.times(count + 1), equity, 500.0, phase) is not None


def test_a_book_beyond_its_limit_has_no_room_for_more_of_the_same_however_small() -> None:
    beyond = Exposure(vega=-2_000.0, gamma=-100.0)
    room = MONITOR.room(beyond, Exposure(vega=-0.1, gamma=-0.01), 65_000.0, 544.0, 3)
    assert room["greek_vega"] == room["greek_gamma"] == 0.0
