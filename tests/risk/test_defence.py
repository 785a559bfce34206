from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.errors import CannotCompute
from core.model import Contract, ContractKind, HeldLeg, IvHistory, Position, Quote, Right, Snapshot, State
from core.option_values import contract_price
from risk.defence import (CloseAll, CloseRiskiest, CutBuyingPower, CutDelta, Halt, excess_protection_delta, has_naked_short,
                          positions_to_close, riskiest, two_sigma_loss_usd)
from risk.dynamic_margin_manager import DynamicMarginManager
from risk.greeks_monitor import GreeksMonitor
from tests.builders import (FRIDAY, make_account, make_contract, make_position, make_quote, make_snapshot,
                            make_underlying)

SPOT, VOLATILITY = 544.0, 0.2
EXPIRY = date(2024, 9, 20)
FAR = date(2025, 9, 19)
MARGIN, GREEKS = DynamicMarginManager(), GreeksMonitor()


def option(strike: float, right: Right = Right.PUT, expiry: date = EXPIRY) -> Contract:
    return make_contract(strike, right, expiry)


def fair(contract: Contract) -> Quote:
    value = contract_price(contract, SPOT, VOLATILITY, FRIDAY)
    return make_quote(round(max(0.0, value - 0.01), 4), round(value + 0.01, 4))


def position(name: str, *legs: tuple[Contract, int], strategy: str = "lt112", **overrides: object) -> Position:
    held = tuple(HeldLeg(contract=contract, quantity=quantity, average_price=1.0) for contract, quantity in legs)
    return make_position(*held, id=name, strategy=strategy, **overrides)


def snapshot(*positions: Position, **overrides: object) -> Snapshot:
    contracts = {leg.contract for held in positions for leg in held.legs
                 if leg.contract.kind is not ContractKind.EQUITY}
    quotes = {contract.id: fair(contract) for contract in contracts}
    return make_snapshot(**({"positions": tuple(positions), "quotes": quotes,
                             "underlyings": {"SPY": make_underlying(price=SPOT)}} | overrides))


NAKED = position("naked", (option(500.0), -1), strategy="ratio")
NARROW = position("narrow", (option(530.0), -1), (option(525.0), 1))
WIDE = position("wide", (option(540.0), -1), (option(510.0), 1), entry_risk_usd=2_000.0)
LADDER = position("ladder", (option(480.0, expiry=FAR), 1), strategy="leap_put_ladder")


# --- naked shorts


SHARES = make_contract(0.0, Right.CALL, date.max, kind=ContractKind.EQUITY, multiplier=1.0)


@pytest.mark.parametrize("legs, naked", [
    (((option(500.0), -1),), True),
    (((option(500.0), -1), (option(495.0), 1)), False),
    (((option(500.0), -2), (option(510.0), 1)), True),
    (((option(500.0), -1), (option(495.0, expiry=date(2024, 8, 16)), 1)), True),
    (((option(500.0), -1), (option(500.0, expiry=FAR), 1)), False),
    (((option(500.0), -1), (option(560.0, Right.CALL), 1)), True),
    (((option(560.0, Right.CALL), -1), (option(440.0, Right.CALL, FAR), 1)), False),
    (((option(560.0, Right.CALL), -1), (SHARES, 100)), False),
    (((option(560.0, Right.CALL), -1), (SHARES, 99)), True),
    (((option(500.0), -1), (SHARES, -100)), False),
    (((option(500.0), -3), (option(495.0), 1), (option(490.0, expiry=FAR), 2)), False),
    (((option(500.0), 2),), False),
    (((option(500.0), -2), (option(505.0, expiry=date(2024, 8, 16)), -2), (option(490.0, expiry=FAR), 3)), True),
    (((option(500.0), -2), (option(505.0, expiry=date(2024, 8, 16)), -1), (option(490.0, expiry=FAR), 3)), False),
])
def test_naked_shorts(legs: tuple[tuple[Contract, int], ...], naked: bool) -> None:
    assert has_naked_short(position("p", *legs)) is naked


# --- two sigmas


def test_loss_at_two_sigmas_is_the_worse_side_and_never_negative() -> None:
    moment = snapshot(NARROW)
    loss = two_sigma_loss_usd(NARROW, moment)
    assert 0.0 < loss < 500.0
    long_only = position("long", (option(544.0), 1), (option(544.0, Right.CALL), 1))
    assert two_sigma_loss_usd(long_only, snapshot(long_only)) == pytest.approx(0.0, abs=25.0)
    shares = position("shares", (SHARES, 100))
    assert two_sigma_loss_usd(shares, snapshot(shares)) == pytest.approx(
        100 * SPOT * 2.0 * VOLATILITY / math.sqrt(252))


def test_an_options_loss_at_two_sigmas_is_the_models() -> None:
    moment = snapshot(NAKED)
    contract = NAKED.legs[0].contract
    before, after = (contract_price(contract, level, VOLATILITY, FRIDAY)
                     for level in (SPOT, SPOT * (1.0 - 2.0 * VOLATILITY / math.sqrt(252))))
    assert two_sigma_loss_usd(NAKED, moment) == pytest.approx(100.0 * (after - before), rel=1e-3)


def test_a_short_call_loses_upwards() -> None:
    call = position("call", (option(590.0, Right.CALL), -1), strategy="ratio")
    contract = call.legs[0].contract
    before, after = (contract_price(contract, level, VOLATILITY, FRIDAY)
                     for level in (SPOT, SPOT * (1.0 + 2.0 * VOLATILITY / math.sqrt(252))))
    assert two_sigma_loss_usd(call, snapshot(call)) == pytest.approx(100.0 * (after - before), rel=1e-2)


@pytest.mark.parametrize("current", [0.0, math.nan, -0.1])
def test_a_volatility_that_is_none_is_not_calm(current: float) -> None:
    shares = position("shares", (SHARES, 100))
    dark = make_underlying(price=SPOT, iv=IvHistory(current=current, rank=50.0, percentile=50.0, samples=252))
    assert two_sigma_loss_usd(shares, snapshot(shares, underlyings={"SPY": dark})) == pytest.approx(
        100 * SPOT * 2.0 * 0.24 / math.sqrt(252))


def test_a_futures_options_own_volatility_is_its_contract_months() -> None:
    """Held by contract month (/MCL@240920), not by ticker: oil moves by its own volatility, not by the VIX."""
    month = date(2024, 9, 20)
    put = make_contract(70.0, Right.PUT, date(2024, 9, 17), underlying="/MCL", kind=ContractKind.FUTURE_OPTION,
                        multiplier=100.0, future_expiry=month)
    strangle = position("s", (put, -1), strategy="futures_strangle", underlying="/MCL")
    losses = []
    for volatility in (0.2, 0.4):
        oil = make_underlying("/MCL", 75.0, future_expiry=month,
                              iv=IvHistory(current=volatility, rank=50.0, percentile=50.0, samples=252))
        losses.append(two_sigma_loss_usd(strangle, snapshot(
            strangle, underlyings={"SPY": make_underlying(price=SPOT), "/MCL@240920": oil},
            quotes={put.id: make_quote(1.50, 1.52)})))
    assert losses[1] > 1.8 * losses[0] > 0.0


def test_without_own_volatility_the_vix_stands_in_by_beta() -> None:
    shares = position("shares", (SHARES, 100))
    bare = snapshot(shares, underlyings={"SPY": make_underlying(price=SPOT, iv=None)})
    assert two_sigma_loss_usd(shares, bare) == pytest.approx(100 * SPOT * 2.0 * 0.24 / math.sqrt(252))
    with pytest.raises(CannotCompute):
        two_sigma_loss_usd(shares, replace(bare, vix=None))


def test_a_leg_without_a_quote_cannot_be_computed() -> None:
    with pytest.raises(CannotCompute):
        two_sigma_loss_usd(NARROW, snapshot(NARROW, quotes={}))


# --- the order


def test_naked_first_then_by_loss_and_protection_never() -> None:
    moment = snapshot(NARROW, LADDER, WIDE, NAKED)
    assert two_sigma_loss_usd(NAKED, moment) < two_sigma_loss_usd(WIDE, moment)
    assert [found.id for found in riskiest(moment.positions, moment)] == ["naked", "wide", "narrow"]


def test_what_cannot_be_computed_comes_first_of_its_kind() -> None:
    dark = position("dark", (option(450.0), -1), (option(445.0), 1))
    moment = snapshot(NARROW, WIDE, NAKED, dark)
    quotes = {name: quote for name, quote in moment.quotes.items() if "0450" not in name}
    moment = replace(moment, quotes=quotes)
    assert [found.id for found in riskiest(moment.positions, moment)] == ["naked", "dark", "wide", "narrow"]


def test_closed_positions_are_not_named() -> None:
    closed = position("closed", (option(500.0), 0))
    assert riskiest((closed,), snapshot(closed)) == ()


# --- which to close


def named(moment: Snapshot, *actions: object) -> list[str]:
    return [found.position.id + ("/shorts" if found.shorts_only else "")
            for found in positions_to_close(actions, moment, MARGIN, GREEKS)]  # type: ignore[arg-type]


def test_close_riskiest_and_all() -> None:
    moment = snapshot(NARROW, LADDER, WIDE, NAKED)
    assert named(moment, Halt(reason="r")) == []
    assert named(moment, CloseRiskiest(count=2, reason="r")) == ["naked", "wide"]
    assert named(moment, CloseRiskiest(count=9, reason="r")) == ["naked", "wide", "narrow"]
    assert named(moment, CloseAll(reason="r")) == ["naked", "wide", "narrow"]


LEAP, WEEKLY = option(440.0, Right.CALL, FAR), option(560.0, Right.CALL, FRIDAY.date() + timedelta(days=7))
COVERED = position("covered", (LEAP, 1), (WEEKLY, -1), strategy="ipmcc")
CALENDAR = position("calendar", (option(544.0, expiry=EXPIRY), 1), (option(544.0, expiry=date(2024, 8, 9)), -1),
                    strategy="calendar")


def test_oranges_riskiest_are_short_volatility_and_naked_and_of_a_covered_short_the_short_alone() -> None:
    moment = snapshot(NARROW, LADDER, COVERED, WIDE, NAKED, CALENDAR)
    assert two_sigma_loss_usd(COVERED, moment) > two_sigma_loss_usd(WIDE, moment), "it would be among the first"

    def orange(count: int) -> list[str]:
        return named(moment, CloseRiskiest(count=count, reason="r", short_volatility_only=True))
    assert sorted(orange(3)) == ["naked", "narrow", "wide"]
    assert sorted(orange(5)) == sorted(orange(4)) == ["covered/shorts", "naked", "narrow", "wide"]
    assert named(moment, CloseRiskiest(count=2, reason="r")) == ["naked", "covered"], "a breaker's are what is riskiest"
    assert "covered" in named(moment, CloseAll(reason="r")) and "calendar" in named(moment, CloseAll(reason="r"))
    assert "covered" in named(moment, CloseRiskiest(count=5, reason="r", short_volatility_only=True), CloseAll(reason="r"))


def test_a_short_sold_against_a_leap_that_covers_it_no_more_is_naked() -> None:
    bare = position("bare", (WEEKLY, -1), strategy="ipmcc")
    spent = position("spent", (LEAP, 1), strategy="ipmcc")
    assert named(snapshot(bare, spent), CloseRiskiest(count=5, reason="r", short_volatility_only=True)) == ["bare"]


def test_what_is_already_leaving_is_not_named_again() -> None:
    moment = snapshot(NARROW, WIDE, replace(NAKED, state=State.DEFENSIVE_EXIT))
    assert named(moment, CloseRiskiest(count=1, reason="r")) == ["wide"]
    assert named(moment, CloseAll(reason="r")) == ["wide", "narrow"]
    walking = snapshot(NARROW, replace(WIDE, state=State.EXITING))
    assert named(walking, CloseRiskiest(count=1, reason="r")) == ["wide"], "a walking exit is escalated"


def test_buying_power_is_cut_by_a_fifth_of_what_is_in_use() -> None:
    twenty = [position(f"spread{place:02}", (option(530.0), -1), (option(525.0), 1)) for place in range(10)]
    moment = snapshot(*twenty, account=make_account(buying_power_used=5_000.0))
    assert len(named(moment, CutBuyingPower(share=0.20, reason="r"))) == 2
    more = replace(moment, account=make_account(buying_power_used=5_001.0))
    assert len(named(more, CutBuyingPower(share=0.20, reason="r"))) == 3
    assert len(named(moment, CloseRiskiest(count=5, reason="r"), CutBuyingPower(share=0.20, reason="r"))) == 5


def test_a_margin_that_cannot_be_computed_counts_as_at_entry() -> None:
    strangle = position("a", (option(500.0), -1), strategy="ratio", entry_margin_usd=1_000.0)
    moment = snapshot(strangle, NARROW, account=make_account(buying_power_used=5_000.0))
    dark = replace(moment, quotes={name: quote for name, quote in moment.quotes.items() if "0500" not in name})
    assert named(dark, CutBuyingPower(share=0.20, reason="r")) == ["a"]


def test_delta_is_cut_by_closing_what_pushes_outwards() -> None:
    big = position("big", (option(440.0, Right.CALL, FAR), 3), strategy="ipmcc")
    small = position("small", (option(440.0, Right.CALL, FAR), 1), strategy="ipmcc")
    against = position("against", (option(560.0), 1), (option(540.0), -1))
    moment = snapshot(big, small, against, account=make_account(65_000.0))
    assert named(moment, CutDelta(reason="r")) == ["big"]
    roomy = replace(moment, account=make_account(400_000.0), phase=4)
    assert named(roomy, CutDelta(reason="r")) == []


def test_a_leap_goes_last_where_buying_power_or_delta_is_cut() -> None:
    moment = snapshot(COVERED, NARROW)
    read = GREEKS.reading(moment).by_position
    covered, narrow = read["covered"].spy_delta, read["narrow"].spy_delta
    assert covered > narrow > 0.0 and [found.id for found in riskiest(moment.positions, moment)] == ["covered", "narrow"]

    def at_limit(delta: float) -> Snapshot:
        return replace(moment, account=make_account(delta * SPOT / 0.75))
    assert named(at_limit(covered + 0.5 * narrow), CutDelta(reason="r")) == ["narrow"]
    assert named(at_limit(covered - 1.0), CutDelta(reason="r")) == ["covered", "narrow"]
    used = replace(moment, account=make_account(buying_power_used=2_500.0))
    assert named(used, CutBuyingPower(share=0.20, reason="r")) == ["narrow"]


def test_delta_of_what_is_leaving_is_already_gone() -> None:
    big = position("big", (option(440.0, Right.CALL, FAR), 3), strategy="ipmcc", state=State.DEFENSIVE_EXIT)
    small = position("small", (option(440.0, Right.CALL, FAR), 1), strategy="ipmcc")
    assert named(snapshot(big, small), CutDelta(reason="r")) == []


def test_without_greeks_no_position_is_closed_for_its_delta() -> None:
    big = position("big", (option(440.0, Right.CALL, FAR), 3), strategy="ipmcc")
    assert named(snapshot(big, quotes={}), CutDelta(reason="r")) == []
    assert named(snapshot(big, underlyings={}), CutDelta(reason="r")) == []
    late = snapshot(big, time=FRIDAY + timedelta(days=9_999))
    assert named(late, CutDelta(reason="r")) == []


# --- protection once the book is closed


def test_protection_beyond_the_delta_limit_is_told_once_nothing_else_is_open() -> None:
    rungs = [position(f"rung{place}", (option(500.0, expiry=FAR), 3), strategy="leap_put_ladder") for place in range(2)]
    moment = snapshot(*rungs, account=make_account(65_000.0))
    delta = GREEKS.held(moment).spy_delta
    limit = 0.75 * 65_000.0 / SPOT
    assert delta < -limit
    assert excess_protection_delta(moment, GREEKS) == pytest.approx(delta + limit)
    one_leaves = [rungs[0], replace(rungs[1], state=State.EXITING)]
    assert excess_protection_delta(replace(moment, positions=tuple(one_leaves)), GREEKS) == pytest.approx(
        min(0.0, delta / 2 + limit))
    with_a_book = snapshot(*rungs, NARROW, account=make_account(65_000.0))
    assert excess_protection_delta(with_a_book, GREEKS) == 0.0
    assert excess_protection_delta(replace(moment, account=make_account(1_000_000.0), phase=4), GREEKS) == 0.0
    assert excess_protection_delta(replace(moment, quotes={}), GREEKS) == 0.0
    assert excess_protection_delta(replace(moment, underlyings={}), GREEKS) == 0.0
