"""Margin of every structure by hand, laws over random legs, caps at the limit and one past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codes import RefusalCode
from core.errors import CannotCompute
from core.model import Contract, ContractKind, HeldLeg, Leg, Refused, Right
from risk.dynamic_margin_manager import DynamicMarginManager, margin_breaker_share
from tests.builders import make_contract, make_position, make_quote, make_underlying

NEAR, FAR = date(2024, 8, 30), date(2025, 8, 15)
DAY = date(2024, 7, 26)
MANAGER = DynamicMarginManager()
SPOT = 500.0


def put(strike: float, quantity: int, price: float, expiry: date = NEAR) -> HeldLeg:
    return HeldLeg(contract=make_contract(strike, Right.PUT, expiry), quantity=quantity, average_price=price)


def call(strike: float, quantity: int, price: float, expiry: date = NEAR) -> HeldLeg:
    return HeldLeg(contract=make_contract(strike, Right.CALL, expiry), quantity=quantity, average_price=price)


def shares(quantity: int, price: float) -> HeldLeg:
    contract = Contract(underlying="SPY", expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY,
                        multiplier=1.0)
    return HeldLeg(contract=contract, quantity=quantity, average_price=price)


def future_option(strike: float, right: Right, quantity: int, price: float, product: str = "/ES") -> HeldLeg:
    contract = make_contract(strike, right, NEAR, product, kind=ContractKind.FUTURE_OPTION, multiplier=50.0,
                             future_expiry=date(2024, 9, 20))
    return HeldLeg(contract=contract, quantity=quantity, average_price=price)


def margin(*legs: HeldLeg, spot: float | None = SPOT) -> float:
    return MANAGER.position_margin(legs, spot, {leg.contract.id: leg.average_price for leg in legs}, day=DAY)


# --- what each structure asks for

def test_credit_spread_asks_for_its_width() -> None:
    assert margin(put(480, -1, 3.0), put(475, 1, 2.0)) == 500.0
    assert margin(put(480, -7, 3.0), put(475, 7, 2.0)) == 3_500.0


def test_covered_positions_need_no_price() -> None:
    assert MANAGER.position_margin([put(480, -1, 3.0), put(475, 1, 2.0)], day=DAY) == 500.0


def test_condor_asks_for_its_wider_wing() -> None:
    legs = (put(480, -1, 1.0), put(475, 1, 0.5), call(520, -1, 1.0), call(535, 1, 0.2))
    assert margin(*legs) == 1_500.0
    assert margin(put(480, -1, 1.0), put(475, 1, 0.5), call(520, -1, 1.0), call(523, 1, 0.2)) == 500.0


def test_condor_whose_wings_can_both_lose_asks_for_both() -> None:
    # Short put above short call: between them both spreads are in the money.
    legs = (put(510, -1, 12.0), put(505, 1, 9.0), call(490, -1, 12.0), call(495, 1, 9.0))
    assert margin(*legs) == 1_000.0


def test_iron_butterfly_asks_for_one_wing() -> None:
    assert margin(put(500, -2, 9.0), put(490, 2, 5.0), call(500, -2, 9.0), call(510, 2, 5.0)) == 2_000.0


def test_debit_structures_ask_for_their_debit() -> None:
    assert margin(put(480, 1, 3.0)) == 300.0
    assert margin(put(480, 1, 5.0), put(470, -1, 3.0)) == pytest.approx(200.0)
    assert margin(put(500, -1, 4.0), put(500, 1, 10.0, FAR)) == pytest.approx(600.0)
    assert margin(call(410, 1, 100.0, FAR), call(520, -1, 1.5)) == pytest.approx(9_850.0)


def test_adverse_diagonal_asks_for_width_and_debit() -> None:
    assert margin(call(520, 1, 30.0, FAR), call(510, -1, 5.0)) == pytest.approx(1_000.0 + 2_500.0)


def test_long_butterfly_asks_for_its_debit() -> None:
    assert margin(call(490, 1, 16.0), call(500, -2, 9.0), call(510, 1, 5.0)) == pytest.approx(300.0)


def test_naked_put_by_share_of_spot_then_by_share_of_strike() -> None:
    assert margin(put(480, -1, 3.0)) == pytest.approx((0.2 * 500 - 20 + 3) * 100)
    assert margin(put(450, -1, 1.0)) == pytest.approx((0.2 * 500 - 50 + 1) * 100)
    # far out of the money 20 % of spot less the distance is below 10 % of strike, which then rules
    assert margin(put(400, -1, 0.2)) == pytest.approx((0.1 * 400 + 0.2) * 100)
    # in the money the amount out of the money is 0, never negative
    assert margin(put(520, -1, 25.0)) == pytest.approx((0.2 * 500 + 25) * 100)


def test_naked_call() -> None:
    assert margin(call(520, -1, 3.0)) == pytest.approx((0.2 * 500 - 20 + 3) * 100)
    assert margin(call(600, -1, 0.1)) == pytest.approx((0.1 * 600 + 0.1) * 100)


def test_strangle_asks_for_the_larger_side_and_the_others_premium() -> None:
    assert margin(put(480, -1, 3.0), call(510, -1, 4.0)) == pytest.approx((0.2 * 500 - 10 + 4 + 3) * 100)


def test_ratio_asks_for_its_naked_extra() -> None:
    one = margin(put(480, -1, 3.0))
    assert margin(put(490, 1, 5.0), put(480, -2, 3.0)) == pytest.approx(one)
    assert margin(put(490, 2, 5.0), put(480, -3, 4.0)) == pytest.approx(margin(put(480, -1, 4.0)))
    # opened for a debit of 1.00 it asks for that too
    assert margin(put(490, 1, 7.0), put(480, -2, 3.0)) == pytest.approx(one + 100.0)


def test_futures_strangle_asks_for_one_future() -> None:
    one = 12_500.0
    strangle = (future_option(5000, Right.PUT, -1, 40.0), future_option(5700, Right.CALL, -1, 30.0))
    assert margin(*strangle, spot=None) == one
    assert margin(strangle[0], replace(strangle[1], quantity=-3), spot=None) == 3 * one
    assert margin(strangle[0], spot=None) == one
    with pytest.raises(CannotCompute):
        margin(future_option(30, Right.PUT, -1, 1.0, "/ZB"), spot=None)


def test_a_long_option_of_another_contract_month_covers_nothing() -> None:
    cover = future_option(4900, Right.PUT, 1, 20.0)
    other = replace(cover, contract=replace(cover.contract, future_expiry=date(2024, 12, 20)))
    assert margin(future_option(5000, Right.PUT, -1, 40.0), cover, spot=None) == 5_000.0
    assert margin(future_option(5000, Right.PUT, -1, 40.0), other, spot=None) == 12_500.0


def test_a_long_option_that_expires_first_covers_nothing() -> None:
    assert margin(put(480, -1, 3.0, FAR), put(475, 1, 2.0, NEAR)) == pytest.approx((0.2 * 500 - 20 + 3) * 100)


def test_two_spreads_pair_the_cheapest_way() -> None:
    legs = (put(500, -1, 8.0), put(490, 1, 5.0), put(480, -1, 3.0), put(470, 1, 2.0))
    assert margin(*legs) == 2_000.0
    # one short, two candidates: the nearer cover is taken
    assert margin(put(480, -1, 6.0), put(475, 1, 2.0), put(470, 1, 1.0)) == 500.0


def test_pairing_takes_the_nearer_cover_and_leaves_the_cheaper_short_naked() -> None:
    assert margin(call(520, -1, 3.0), call(540, 1, 0.5), call(530, 1, 1.0)) == 1_000.0
    # a cover further in the money than the short is no dearer than one at its strike
    assert margin(call(520, -1, 3.0), call(510, 1, 3.0), call(530, 1, 0.0)) == 0.0
    # covering the 480 and leaving the 450 naked asks for less than the other way round
    legs = (put(480, -1, 3.0), put(450, -1, 1.0), put(470, 1, 4.0))
    assert margin(*legs) == pytest.approx(1_000.0 + (0.1 * 450 + 5 + 1.0) * 100)


def test_covered_call_and_free_shares() -> None:
    assert margin(shares(100, 480.0), call(520, -1, 3.0)) == pytest.approx(48_000.0 - 300.0)
    assert margin(shares(100, 480.0)) == pytest.approx(0.5 * 100 * 500)
    assert margin(shares(-100, 480.0)) == pytest.approx(0.5 * 100 * 500)
    # 60 shares are no lot: the call is naked
    assert margin(shares(60, 480.0), call(520, -1, 3.0)) == pytest.approx((0.2 * 500 - 20 + 3) * 100 + 0.5 * 60 * 500)


@pytest.mark.parametrize("protection, asked", [
    (put(520, 1, 30.0), 0.1 * 520 * 100),                       # in the money: a tenth of the strike
    (put(500, 1, 20.0), 0.1 * 500 * 100), (put(490, 1, 9.0), (0.1 * 490 + 10) * 100),
    (put(278, 1, 0.1), (0.1 * 278 + 222) * 100), (put(277, 1, 0.1), 0.5 * 500 * 100),     # never more than without it
    (call(520, 1, 9.0), 0.5 * 500 * 100)])                      # a call protects no shares held
def test_shares_that_a_long_option_protects(protection: HeldLeg, asked: float) -> None:
    """What an assignment leaves of a calendar. 250 shares and one put: one lot is protected."""
    premium = protection.average_price * 100
    assert margin(shares(100, 530.0), protection) == pytest.approx(asked + premium)
    assert margin(shares(250, 530.0), protection) == pytest.approx(asked + premium + 150 * 0.5 * 500)


def test_protection_of_several_lots_and_of_shares_short() -> None:
    assert margin(shares(300, 530.0), put(520, 2, 0.0)) == pytest.approx(2 * 5_200.0 + 0.5 * 100 * 500)
    assert margin(shares(100, 530.0), put(520, 2, 0.0), put(470, 1, 0.0)) == pytest.approx(5_200.0)
    assert margin(shares(-200, 430.0), call(410, 2, 0.0)) == pytest.approx(2 * 4_100.0)
    assert margin(shares(-100, 430.0), call(520, 1, 0.0)) == pytest.approx(5_200.0 + 2_000.0)
    # a put that covers a short put protects no shares besides
    assert margin(shares(100, 530.0), put(520, 1, 0.0), put(510, -1, 0.0, NEAR)) == pytest.approx(25_000.0)


def test_uneven_legs_are_partly_naked() -> None:
    assert margin(put(480, -3, 4.0), put(475, 2, 3.0)) == pytest.approx(2 * 500 + (0.2 * 500 - 20 + 4) * 100)


def test_nothing_held_asks_for_nothing() -> None:
    assert margin() == 0.0
    assert margin(put(480, 0, 3.0)) == 0.0


def test_missing_prices_raise() -> None:
    naked = [put(480, -1, 3.0)]
    with pytest.raises(CannotCompute):
        MANAGER.position_margin(naked, None, {naked[0].contract.id: 3.0}, day=DAY)
    with pytest.raises(CannotCompute):
        MANAGER.position_margin(naked, 500.0, {}, day=DAY)
    for bad in (nan, inf, -1.0):
        with pytest.raises(CannotCompute):
            MANAGER.position_margin(naked, 500.0, {naked[0].contract.id: bad}, day=DAY)
        with pytest.raises(CannotCompute):
            MANAGER.position_margin([put(480, 1, bad)], day=DAY)
    for bad in (nan, 0.0, -1.0):
        with pytest.raises(CannotCompute):
            MANAGER.position_margin(naked, bad, {naked[0].contract.id: 3.0}, day=DAY)


def test_legs_of_two_underlyings_raise() -> None:
    other = HeldLeg(contract=make_contract(underlying="QQQ"), quantity=1, average_price=1.0)
    with pytest.raises(CannotCompute):
        MANAGER.position_margin([put(480, -1, 3.0), other], 500.0, day=DAY)


# --- positions and proposals

def test_unit_margin_of_a_proposal() -> None:
    legs = (Leg(contract=make_contract(480), ratio=-1), Leg(contract=make_contract(475), ratio=1))
    prices = {legs[0].contract.id: 2.0, legs[1].contract.id: 1.0}
    assert MANAGER.unit_margin(legs, prices, None, day=DAY) == 500.0
    with pytest.raises(CannotCompute):
        MANAGER.unit_margin(legs, {legs[0].contract.id: 2.0}, None, day=DAY)


def test_portfolio_margin_adds_positions_and_marks_naked_shorts() -> None:
    spread = make_position(put(480, -1, 3.0), put(475, 1, 2.0))
    naked = make_position(put(480, -1, 3.0), id="ratio/1", strategy="ratio")
    quotes = {naked.legs[0].contract.id: make_quote(11.0, 13.0)}
    underlyings = {"SPY": make_underlying(price=500.0)}
    assert MANAGER.portfolio_margin([spread, naked], quotes, underlyings, day=DAY) == pytest.approx(500 + (80 + 12) * 100)
    with pytest.raises(CannotCompute) as caught:
        MANAGER.portfolio_margin([spread, naked], {}, underlyings, day=DAY)
    assert caught.value.facts["position"] == "ratio/1"
    with pytest.raises(CannotCompute):
        MANAGER.portfolio_margin([spread, naked], quotes, {}, day=DAY)
    with pytest.raises(CannotCompute):
        MANAGER.portfolio_margin([naked], {naked.legs[0].contract.id: make_quote(float("nan"), 1.0)}, underlyings, day=DAY)
    dead = {naked.legs[0].contract.id: make_quote(11.0, 0.0)}
    assert MANAGER.portfolio_margin([naked], dead, underlyings, day=DAY) == pytest.approx((80 + 11) * 100), "guards go on judging"
    assert MANAGER.portfolio_margin([spread], {}, {}, day=DAY) == 500.0


def test_changed_legs_are_margined_anew() -> None:
    manager = DynamicMarginManager()
    spread = make_position(put(480, -1, 3.0), put(475, 1, 2.0))
    assert manager.margin_of(spread, {}, {}, day=DAY) == manager.margin_of(spread, {}, {}, day=DAY) == 500.0
    assert manager.margin_of(replace(spread, legs=(put(480, -2, 3.0), put(475, 2, 2.0))), {}, {}, day=DAY) == 1_000.0
    with pytest.raises(CannotCompute):
        manager.margin_of(replace(spread, legs=(put(480, -1, 3.0),)), {}, {}, day=DAY)
    many = [replace(spread, id=str(number), legs=(put(480, -1, 3.0), put(479 - number, 1, 2.0)))
            for number in range(300)]
    assert manager.portfolio_margin(many, {}, {}, day=DAY) == sum(100.0 * (number + 1) for number in range(300))


# --- the most a position can lose

def units(*legs: HeldLeg) -> tuple[Leg, ...]:
    return tuple(Leg(contract=leg.contract, ratio=leg.quantity) for leg in legs)


def test_max_loss_of_each_structure() -> None:
    spread = units(put(480, -1, 0), put(475, 1, 0))
    assert MANAGER.max_loss_usd(spread, -1.0) == pytest.approx(400.0)
    condor = units(put(480, -1, 0), put(475, 1, 0), call(520, -1, 0), call(535, 1, 0))
    assert MANAGER.max_loss_usd(condor, -2.0) == pytest.approx(1_300.0)
    assert MANAGER.max_loss_usd(units(put(480, 1, 0)), 3.0) == pytest.approx(300.0)
    ratio = units(put(490, 1, 0), put(480, -2, 0))
    assert MANAGER.max_loss_usd(ratio, -1.0) == pytest.approx((2 * 480 - 490 - 1) * 100)
    covered = units(shares(100, 0), call(520, -1, 0))
    assert MANAGER.max_loss_usd(covered, 477.0) == pytest.approx(47_700.0)
    calendar = units(put(500, -1, 0), put(500, 1, 0, FAR))
    assert MANAGER.max_loss_usd(calendar, 6.0) == pytest.approx(600.0)


def test_max_loss_without_a_bound() -> None:
    assert MANAGER.max_loss_usd(units(call(520, -1, 0)), -3.0) == inf
    assert MANAGER.max_loss_usd(units(put(480, -1, 0)), -3.0) == pytest.approx(47_700.0)
    # a future's price can go below zero
    assert MANAGER.max_loss_usd(units(future_option(5000, Right.PUT, -1, 0)), -3.0) == inf


def test_max_loss_with_several_short_expiries_is_covered_one_by_one() -> None:
    legs = units(call(410, 2, 0, FAR), call(520, -1, 0), call(530, -1, 0, NEAR + timedelta(days=7)))
    assert MANAGER.max_loss_usd(legs, 150.0) == pytest.approx(15_000.0)
    late = units(put(480, -1, 0, FAR), put(490, -1, 0), put(485, 1, 0))
    assert MANAGER.max_loss_usd(late, -4.0) == pytest.approx((480 + 5 - 4) * 100)


def test_max_loss_needs_a_price() -> None:
    with pytest.raises(CannotCompute):
        MANAGER.max_loss_usd(units(put(480, 1, 0)), nan)


# --- laws

STRIKES = st.integers(400, 600).map(float)
QUANTITIES = st.integers(1, 12)
PRICES = st.floats(0.01, 50)


@given(STRIKES, st.integers(1, 30), STRIKES, st.integers(1, 30), QUANTITIES)
def test_condor_is_its_wider_wing_and_never_below_its_loss(short_put: float, put_wing: int, short_call: float,
                                                           call_wing: int, quantity: int) -> None:
    low, high = min(short_put, short_call), max(short_put, short_call)
    legs = (put(low, -quantity, 2.0), put(low - put_wing, quantity, 1.0), call(high, -quantity, 2.0),
            call(high + call_wing, quantity, 1.0))
    assert margin(*legs) == pytest.approx(max(put_wing, call_wing) * 100 * quantity)
    unit = units(*(replace(leg, quantity=leg.quantity // quantity) for leg in legs))
    assert margin(*legs) >= quantity * MANAGER.max_loss_usd(unit, -2.0)


@given(st.lists(st.tuples(st.sampled_from(Right), STRIKES, st.integers(-3, 3), PRICES), min_size=1, max_size=6,
                unique_by=lambda row: row[:2]))
def test_defined_risk_is_never_margined_below_its_loss(rows: list[tuple[Right, float, int, float]]) -> None:
    legs = [HeldLeg(contract=make_contract(strike, right, NEAR), quantity=quantity, average_price=price)
            for right, strike, quantity, price in rows if quantity]
    for right in Right:
        missing = -sum(leg.quantity for leg in legs if leg.contract.right is right)
        if missing > 0:
            legs.append(HeldLeg(contract=make_contract(300.0 if right is Right.PUT else 700.0, right, NEAR),
                                quantity=missing, average_price=0.5))
    entry = sum(leg.quantity * leg.average_price for leg in legs)
    if legs:
        asked = MANAGER.position_margin(legs, day=DAY)
        assert asked >= MANAGER.max_loss_usd(units(*legs), entry) - 1e-6
        assert asked >= 0.0


@given(st.lists(st.tuples(st.sampled_from(Right), STRIKES, st.integers(-3, 3), PRICES), min_size=1, max_size=5,
                unique_by=lambda row: row[:2]), st.integers(2, 5))
def test_margin_grows_in_proportion(rows: list[tuple[Right, float, int, float]], times: int) -> None:
    legs = [HeldLeg(contract=make_contract(strike, right, NEAR), quantity=quantity, average_price=price)
            for right, strike, quantity, price in rows]
    assert margin(*(replace(leg, quantity=leg.quantity * times) for leg in legs)) == pytest.approx(
        times * margin(*legs), rel=1e-9, abs=1e-6)


@given(STRIKES, PRICES, QUANTITIES, st.integers(1, 50))
def test_buying_a_cover_never_asks_for_more_than_width(strike: float, price: float, quantity: int, width: int) -> None:
    assert margin(put(strike, -quantity, price), put(strike - width, quantity, 0.0)) == pytest.approx(
        width * 100.0 * quantity)


# --- how much may be used

@pytest.mark.parametrize("phase, vix, share, source", [
    (1, 12.99, 0.30, "phase"), (2, 12.99, 0.45, "vix"), (2, 13.0, 0.50, "phase"), (3, 13.0, 0.60, "breaker"),
    (4, 17.99, 0.60, "breaker"), (4, 18.0, 0.60, "breaker"), (4, 20.0, 0.525, "breaker"), (4, 24.99, 0.525, "breaker"),
    (4, 25.0, 0.50, "vix"), (4, 29.99, 0.50, "vix"), (4, 30.0, 0.45, "breaker"), (4, 40.0, 0.375, "breaker"),
    (2, 40.0, 0.375, "breaker"), (1, 40.0, 0.30, "phase"), (1, 80.0, 0.30, "phase"),
])
def test_smallest_cap_rules(phase: int, vix: float, share: float, source: str) -> None:
    caps = MANAGER.buying_power_caps(phase, vix)
    assert MANAGER.buying_power_cap_share(phase, vix) == pytest.approx(share)
    assert caps[source] == pytest.approx(share)


@pytest.mark.parametrize("vix, share", [(12.99, 0.45), (13.0, 0.65), (17.99, 0.65), (18.0, 0.75), (24.99, 0.75),
                                        (25.0, 0.50), (29.99, 0.50), (30.0, 0.80)])
def test_vix_table(vix: float, share: float) -> None:
    assert MANAGER.buying_power_caps(4, vix)["vix"] == share


@pytest.mark.parametrize("phase, vix, share", [(2, 19.99, 0.80), (2, 20.0, 0.70), (2, 30.0, 0.60), (2, 40.0, 0.50),
                                               (1, 12.0, 0.60), (1, 30.0, 0.60), (1, 40.0, 0.50)])
def test_margin_breaker_by_vix_and_phase(phase: int, vix: float, share: float) -> None:
    assert margin_breaker_share(phase, vix) == share


def test_check_at_the_cap_and_one_past() -> None:
    assert MANAGER.check(40_000, 10_000, 5_000, 5_000.0, 2, 20.0) is None
    refused = MANAGER.check(40_000, 10_000, 5_000, 5_000.01, 2, 20.0)
    assert refused is not None and refused.code is RefusalCode.BUYING_POWER
    assert refused.facts["cap"] == "phase" and refused.facts["cap_share"] == 0.50
    assert refused.facts["room_usd"] == pytest.approx(5_000)


def test_the_reserve_when_it_is_the_tighter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DynamicMarginManager, "buying_power_cap_share", lambda self, phase, vix: 0.9)
    assert MANAGER.check(10_000, 7_000, 0, 1_000.0, 4, 15.0) is None
    refused = MANAGER.check(10_000, 7_000, 0, 1_000.01, 4, 15.0)
    assert refused is not None and refused.code is RefusalCode.RESERVE


def test_reserve_and_cap_leave_room_by_name() -> None:
    room = MANAGER.room_usd(10_000, 4_000, 500, 4, 15.0)
    assert room == {"buying_power": pytest.approx(1_500), "reserve": pytest.approx(3_500)}


@pytest.mark.parametrize("field", ["equity", "used_usd", "reserved_usd", "new_usd", "vix"])
@pytest.mark.parametrize("bad", [nan, inf, -1.0, None])
def test_check_refuses_what_it_cannot_compute(field: str, bad: float) -> None:
    values = dict(equity=40_000.0, used_usd=0.0, reserved_usd=0.0, new_usd=100.0, phase=2, vix=20.0) | {field: bad}
    refused = MANAGER.check(**values)
    assert isinstance(refused, Refused) and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE


@pytest.mark.parametrize("field", ["equity", "vix", "phase"])
def test_check_refuses_zero(field: str) -> None:
    values = dict(equity=40_000.0, used_usd=0.0, reserved_usd=0.0, new_usd=100.0, phase=2, vix=20.0) | {field: 0}
    refused = MANAGER.check(**values)
    assert refused is not None and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE


def test_marks_of_a_position_are_todays() -> None:
    naked = make_position(put(480, -1, 3.0))
    calm = MANAGER.margin_of(naked, {naked.legs[0].contract.id: make_quote(3.0, 3.0)}, {"SPY": make_underlying()}, day=DAY)
    wild = MANAGER.margin_of(naked, {naked.legs[0].contract.id: make_quote(30.0, 30.0)}, {"SPY": make_underlying()}, day=DAY)
    assert wild - calm == pytest.approx(2_700.0)
