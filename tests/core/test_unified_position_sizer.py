"""The sizer: every limit at and one past, the laws it keeps, and every guard."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from math import floor, nan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.constants import MAX_HEAT_SHARE, PHASES
from config.strategy_parameters import (BUTTERFLY, FRIDAY_0DTE, HEDGE, IPMCC, LEAP_PUT_LADDER, LT112, RATIO,
                                        StrategySpec)
from core.codes import RefusalCode
from core.exposure import Exposure
from core.model import Contract, HeldLeg, Leg, Proposal, Refused, Right, Snapshot, StrategySample
from core.option_values import contract_price
from core.spy_concentration_manager import SpyConcentrationManager, SpyRequest
from core.unified_position_sizer import Sized, UnifiedPositionSizer
from risk.dynamic_margin_manager import DynamicMarginManager
from risk.greeks_monitor import GreeksMonitor
from tests.builders import (make_account, make_calendar, make_contract, make_position, make_quote, make_snapshot,
                            make_underlying, make_view, make_vix)

NOW = datetime(2024, 7, 23, 11, 0)
MARGIN, GREEKS = DynamicMarginManager(), GreeksMonitor()
SIZER = UnifiedPositionSizer(MARGIN, GREEKS, SpyConcentrationManager())
SPOT = 544.0


def quote(contract: Contract):
    value = contract_price(contract, SPOT, 0.2, NOW)
    return make_quote(value * 0.99, value * 1.01, NOW)


def spread(days: int = 112, short: float = 500.0, width: float = 5.0) -> tuple[Leg, ...]:
    expiry = NOW.date() + timedelta(days=days)
    return (Leg(contract=make_contract(short - width, Right.PUT, expiry), ratio=1),
            Leg(contract=make_contract(short, Right.PUT, expiry), ratio=-1))


SPREAD = spread()
UNIT = GREEKS.unit(SPREAD, {leg.contract.id: quote(leg.contract) for leg in SPREAD},
                   {"SPY": make_underlying(price=SPOT)}, NOW)


def proposal(spec: StrategySpec = LT112, legs: tuple[Leg, ...] = SPREAD, risk: float = 400.0, cap: int = 1000
             ) -> Proposal:
    return Proposal(strategy=spec.name, underlying=legs[0].contract.underlying, legs=legs, credit=1.0, risk_usd=risk,
                    contract_cap=cap, reason="test")


def snapshot(equity: float = 65_000.0, phase: int = 3, vix: float = 20.0, time: datetime = NOW, legs=SPREAD,
             **overrides) -> Snapshot:
    held = [leg.contract for position in overrides.get("positions", ()) for leg in position.legs]
    contracts = [leg.contract for leg in legs] + held
    values = dict(account=make_account(equity), phase=phase, vix=make_vix(vix, NOW),
                  quotes={contract.id: quote(contract) for contract in contracts},
                  underlyings={"SPY": make_underlying(price=SPOT, time=NOW)}, calendar=make_calendar(time.date()))
    return make_snapshot(time, **(values | overrides))


def sized(spec: StrategySpec = LT112, offer: Proposal | None = None, shot: Snapshot | None = None, **inputs):
    sizer = inputs.pop("sizer", SIZER)
    view = inputs.pop("view", make_view())
    return sizer.size(spec, offer or proposal(spec), shot or snapshot(), view, **inputs)


def held(strategy: str = "other", risk: float = 0.0, units: int = 1, underlying: str = "SPY"):
    """An open position that costs no Greeks: a long VIX call."""
    call = make_contract(30.0, Right.CALL, NOW.date() + timedelta(days=70), "VIX")
    return make_position(HeldLeg(contract=call, quantity=1, average_price=1.0), id=f"{strategy}/1", strategy=strategy,
                         underlying=underlying, entry_risk_usd=risk, units=units)


def limits(answer: Sized | Refused) -> dict[str, int]:
    return dict(answer.limits if isinstance(answer, Sized) else answer.facts["limits"])


# --- capital

def test_kelly_of_the_table() -> None:
    # 0.19 x 0.25 = 4.75 % of 65,000 = 3,087.5: seven spreads that risk 400
    answer = sized()
    assert isinstance(answer, Sized) and (answer.contracts, answer.binding) == (7, "kelly")
    assert answer.unit_margin_usd == 500.0 and answer.unit_risk_usd == 400.0
    assert answer.unit_exposure.spy_delta > 0


@pytest.mark.parametrize("risk, contracts", [(3087.5, 1), (3087.49, 1), (1543.75, 2), (1543.76, 1)])
def test_contracts_are_capital_by_risk_rounded_down(risk: float, contracts: int) -> None:
    answer = sized(offer=proposal(risk=risk))
    assert isinstance(answer, Sized) and answer.contracts == contracts


def test_one_past_the_capital_is_size_zero() -> None:
    refused = sized(offer=proposal(risk=3087.51))
    assert isinstance(refused, Refused) and refused.code is RefusalCode.SIZE_ZERO
    assert refused.facts["binding"] == "kelly" and refused.facts["room"] < 1


@pytest.mark.parametrize("vix, share", [(14.99, 0.75), (15.0, 1.0), (25.0, 0.75), (30.0, 0.75), (30.01, 0.5)])
def test_kelly_by_vix(vix: float, share: float) -> None:
    answer = sized(offer=proposal(risk=10.0), shot=snapshot(vix=vix))
    assert limits(answer)["kelly"] == floor(65_000 * 0.0475 * share / 10 + 1e-9)


def test_kelly_on_mondays() -> None:
    monday = datetime(2024, 7, 22, 11, 0)
    answer = sized(offer=proposal(risk=10.0), shot=snapshot(time=monday))
    assert limits(answer)["kelly"] == floor(65_000 * 0.0475 * 0.5 / 10)


def test_half_size_halves_what_would_be_traded() -> None:
    # 0DTE: Kelly 10 % is above its cap of 5 %, so half size has to halve the cap
    legs, offer = spread(3), proposal(FRIDAY_0DTE, spread(3), risk=100.0)
    whole = sized(FRIDAY_0DTE, offer, snapshot(legs=legs, phase=4))
    assert limits(whole)["strategy_cap"] == 32 and limits(whole)["kelly"] == 65
    for inputs in (dict(multiplier=0.5), dict(view=make_view(breaker_size_multiplier=0.5))):
        half = sized(FRIDAY_0DTE, offer, snapshot(legs=legs, phase=4), **inputs)
        assert limits(half)["strategy_cap"] == 16 and limits(half)["kelly"] == 32


def test_own_ledger_rules_after_the_sample() -> None:
    sample = StrategySample(trades=30, wins=24, mean_win_usd=100.0, mean_loss_usd=100.0)
    answer = sized(offer=proposal(risk=10.0), view=make_view(samples={"lt112": sample}))
    assert limits(answer)["kelly"] == floor(65_000 * (0.8 - 0.2) * 0.25 / 10 + 1e-9)
    assert isinstance(answer, Sized) and answer.edge is not None and answer.edge.from_ledger


@pytest.mark.parametrize("wins, code", [(16, None), (15, RefusalCode.EDGE_LOST), (14, RefusalCode.EDGE_LOST)])
def test_an_edge_that_is_gone_is_refused(wins: int, code: RefusalCode | None) -> None:
    sample = StrategySample(trades=30, wins=wins, mean_win_usd=100.0, mean_loss_usd=100.0)
    answer = sized(offer=proposal(risk=10.0), view=make_view(samples={"lt112": sample}))
    assert (answer.code if isinstance(answer, Refused) else None) is code


def test_caps_of_strategy_and_phase() -> None:
    rich = StrategySample(trades=50, wins=50)
    answer = sized(offer=proposal(risk=10.0), view=make_view(samples={"lt112": rich}))
    assert limits(answer)["strategy_cap"] == 650 and limits(answer)["phase_cap"] == 650
    for phase, share in ((1, 0.05), (2, 0.07), (3, 0.10), (4, 0.15)):
        assert limits(sized(offer=proposal(risk=10.0), shot=snapshot(phase=phase)))["phase_cap"] == floor(
            65_000 * share / 10 + 1e-9)


def test_fixed_allocation_is_not_sized_by_kelly() -> None:
    leap = (Leg(contract=make_contract(445.0, Right.CALL, date(2025, 8, 15)), ratio=1),)
    monday = snapshot(legs=leap, vix=12.0, time=datetime(2024, 7, 22, 11))
    answer = sized(IPMCC, proposal(IPMCC, leap, risk=520.0), monday)
    assert "kelly" not in limits(answer)
    assert limits(answer)["allocation"] == 10 and limits(answer)["strategy_cap"] == 10
    assert limits(answer)["most_contracts"] == 5


def test_a_leap_that_costs_more_than_eight_percent_is_size_zero() -> None:
    leap = (Leg(contract=make_contract(445.0, Right.CALL, date(2025, 8, 15)), ratio=1),)
    offer = proposal(IPMCC, leap, risk=12_500.0)
    refused = sized(IPMCC, offer, snapshot(legs=leap))
    assert isinstance(refused, Refused) and refused.code is RefusalCode.SIZE_ZERO
    assert refused.facts["binding"] in ("allocation", "strategy_cap")


def test_allocation_is_per_symbol_and_shrinks_with_what_is_held() -> None:
    leap = (Leg(contract=make_contract(445.0, Right.CALL, date(2025, 8, 15)), ratio=1),)
    offer = proposal(IPMCC, leap, risk=500.0)
    same = snapshot(legs=leap, positions=(held("ipmcc", risk=4_700.0),))
    other = snapshot(legs=leap, positions=(held("ipmcc", risk=4_700.0, underlying="QQQ"),))
    assert limits(sized(IPMCC, offer, same))["allocation"] == 1
    assert limits(sized(IPMCC, offer, other))["allocation"] == 10
    two = snapshot(legs=leap, positions=(held("ipmcc", units=2), held("ipmcc", units=2, underlying="QQQ")))
    assert limits(sized(IPMCC, offer, two))["most_contracts"] == 3


def test_ladder_by_rung_and_in_all() -> None:
    rung = (Leg(contract=make_contract(500.0, Right.PUT, date(2025, 8, 15)), ratio=1),)
    offer = proposal(LEAP_PUT_LADDER, rung, risk=1_000.0)
    answer = sized(LEAP_PUT_LADDER, offer, snapshot(100_000.0, legs=rung))
    assert limits(answer)["strategy_cap"] == 3 and limits(answer)["allocation"] == 10
    for phase, share in ((1, 4), (2, 6), (3, 10), (4, 12)):
        assert limits(sized(LEAP_PUT_LADDER, offer, snapshot(100_000.0, legs=rung, phase=phase)))["allocation"] == share
    nearly = snapshot(100_000.0, legs=rung, positions=(held("leap_put_ladder", risk=9_000.0),))
    assert limits(sized(LEAP_PUT_LADDER, offer, nearly))["allocation"] == 1
    full = snapshot(100_000.0, legs=rung, positions=(held("leap_put_ladder", risk=9_000.01),))
    assert limits(sized(LEAP_PUT_LADDER, offer, full))["allocation"] == 0


def test_hedge_in_all() -> None:
    calls = (Leg(contract=make_contract(25.0, Right.CALL, NOW.date() + timedelta(days=70), "VIX"), ratio=1),)
    vix = {"SPY": make_underlying(price=SPOT), "VIX": make_underlying("VIX", 15.0)}
    shot = snapshot(100_000.0, legs=calls, underlyings=vix, quotes={calls[0].contract.id: make_quote(0.95, 1.05)})
    answer = sized(HEDGE, proposal(HEDGE, calls, risk=100.0), shot)
    assert limits(answer)["strategy_cap"] == limits(answer)["allocation"] == 20
    assert "greek_vega" not in limits(answer) and "spy_delta" not in limits(answer)
    nearly = replace(shot, positions=(held("hedge", risk=1_900.0),))
    assert limits(sized(HEDGE, proposal(HEDGE, calls, risk=100.0), nearly))["allocation"] == 1


@pytest.mark.parametrize("equity, cap", [(65_000.0, 500.0), (166_000.0, 500.0), (200_000.0, 600.0), (8_000.0, 400.0)])
def test_butterfly_risks_the_larger_of_five_hundred_and_its_share(equity: float, cap: float) -> None:
    answer = sized(BUTTERFLY, proposal(BUTTERFLY, risk=10.0), snapshot(equity))
    assert limits(answer)["strategy_cap"] == floor(cap / 10 + 1e-9)


def test_heat_counts_what_is_open_and_what_works() -> None:
    shot = snapshot(positions=(held(risk=20_000.0),))
    room = 65_000 * MAX_HEAT_SHARE - 20_000
    answer = sized(offer=proposal(risk=100.0), shot=shot, view=make_view(reserved_risk_usd=4_000.0))
    assert limits(answer)["heat"] == (room - 4_000) / 100 == 20 and answer.binding == "heat"
    full = sized(offer=proposal(risk=100.0), shot=shot, view=make_view(reserved_risk_usd=5_901.0))
    assert isinstance(full, Refused) and full.code is RefusalCode.HEAT_FULL
    last = sized(offer=proposal(risk=100.0), shot=shot, view=make_view(reserved_risk_usd=5_900.0))
    assert isinstance(last, Sized) and last.contracts == 1


# --- buying power

def test_buying_power_reserve_and_queue() -> None:
    # phase 3 at VIX 24: 0.75 x 70 % = 52.5 % of 65,000 = 34,125
    shot = snapshot(vix=24.0, account=make_account(65_000.0, buying_power_used=32_625.0))
    answer = sized(shot=shot)
    assert isinstance(answer, Sized) and (answer.contracts, answer.binding) == (3, "buying_power")
    assert limits(answer)["reserve"] == floor((65_000 * 0.8 - 32_625) / 500)
    assert limits(sized(shot=shot, view=make_view(reserved_margin_usd=500.0)))["buying_power"] == 2
    refused = sized(shot=shot, view=make_view(reserved_margin_usd=1_000.01))
    assert isinstance(refused, Refused) and refused.code is RefusalCode.BUYING_POWER
    queue = sized(buying_power_usd=1_000.0)
    assert isinstance(queue, Sized) and (queue.contracts, queue.binding) == (2, "queue_share")
    none = sized(buying_power_usd=499.99)
    assert isinstance(none, Refused) and none.code is RefusalCode.BUYING_POWER


# --- Greeks and SPY delta

def test_greeks_leave_so_many() -> None:
    shot = snapshot(1e7, 1)
    answer = sized(offer=proposal(risk=1.0), shot=shot)
    assert limits(answer)["greek_delta"] == floor(300 / UNIT.spy_delta)
    assert limits(answer)["greek_vega"] == floor(500 / -UNIT.vega)
    assert limits(answer)["greek_gamma"] == floor(10 / -UNIT.gamma)
    assert limits(answer)["spy_delta"] == limits(answer)["greek_delta"]
    small = sized(offer=proposal(risk=1.0), shot=snapshot(30_000.0, 1))
    assert limits(small)["greek_notional_delta"] == floor(0.75 * 30_000 / SPOT / UNIT.spy_delta)


def test_a_working_entrys_delta_counts() -> None:
    view = make_view(reserved_spy_delta=499.0)
    refused = sized(offer=proposal(risk=1.0), shot=snapshot(1e7, 2), view=view)
    assert isinstance(refused, Refused) and refused.code is RefusalCode.GREEK_DELTA


def test_spy_delta_on_fomc_days() -> None:
    shot = snapshot(1e7, 1, calendar=make_calendar(NOW.date(), is_fomc_day=True))
    answer = sized(offer=proposal(risk=1.0), shot=shot)
    assert limits(answer)["spy_delta"] == floor(150 / UNIT.spy_delta)


def test_reserved_spy_delta_is_refused_by_its_name() -> None:
    concentration = SpyConcentrationManager()
    concentration.ask(SpyRequest(id="x", strategy="ratio", underlying="QQQ", delta_per_unit=499.9, contracts=1), 0.0, 2,
                      False)
    sizer = UnifiedPositionSizer(MARGIN, GREEKS, concentration)
    refused = sized(offer=proposal(risk=1.0), shot=snapshot(1e7, 2), sizer=sizer)
    assert isinstance(refused, Refused) and refused.code is RefusalCode.SPY_DELTA


# --- counts

def test_the_proposals_own_cap() -> None:
    answer = sized(offer=proposal(cap=2))
    assert isinstance(answer, Sized) and (answer.contracts, answer.binding) == (2, "contract_cap")
    refused = sized(offer=proposal(cap=0))
    assert isinstance(refused, Refused) and refused.code is RefusalCode.SIZE_ZERO


@pytest.mark.parametrize("phase, most", [(1, 2), (2, 3), (3, 4), (4, 12)])
def test_contracts_of_0dte_by_phase(phase: int, most: int) -> None:
    legs = spread(3)
    offer = proposal(FRIDAY_0DTE, legs, risk=10.0)
    assert limits(sized(FRIDAY_0DTE, offer, snapshot(1e6, phase, legs=legs)))["most_open"] == most
    open_ones = snapshot(1e6, phase, legs=legs, positions=(held("friday_0dte", units=most - 1),))
    answer = sized(FRIDAY_0DTE, offer, open_ones)
    assert isinstance(answer, Sized) and answer.contracts == 1
    full = sized(FRIDAY_0DTE, offer, snapshot(1e6, phase, legs=legs, positions=(held("friday_0dte", units=most),)))
    assert isinstance(full, Refused) and full.facts["binding"] == "most_open"


def test_a_phase_that_allows_none() -> None:
    refused = sized(replace(LT112, max_open={1: 0, 2: 2, 3: 2, 4: 2}), shot=snapshot(phase=1))
    assert isinstance(refused, Refused) and refused.code is RefusalCode.SIZE_ZERO
    assert refused.facts["binding"] == "most_open"


# --- laws

@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(equity=st.floats(20_000, 300_000), phase=st.integers(2, 4), vix=st.floats(9, 80), risk=st.floats(20, 3_000),
       used=st.floats(0, 0.7), heat=st.floats(0, 0.45), cap=st.integers(0, 40), reserved=st.integers(0, 500),
       multiplier=st.floats(0.1, 1.0))
def test_no_limit_is_ever_exceeded_and_one_more_would(equity, phase, vix, risk, used, heat, cap, reserved, multiplier):
    shot = snapshot(equity, phase, vix, account=make_account(equity, buying_power_used=used * equity),
                    positions=(held(risk=heat * equity),))
    view = make_view(reserved_margin_usd=reserved)
    answer = sized(offer=proposal(risk=risk, cap=cap), shot=shot, view=view, multiplier=multiplier)

    room = min(MARGIN.room_usd(equity, used * equity, reserved, phase, vix).values())

    def allowed(count: int, rounding_usd: float) -> bool:
        return (count <= cap
                and count * risk <= multiplier * min(0.10, PHASES[phase].max_position_share) * equity + rounding_usd
                and heat * equity + count * risk <= MAX_HEAT_SHARE * equity + rounding_usd
                and count * 500.0 <= room + rounding_usd
                and GREEKS.check(Exposure(), UNIT.times(count), equity, SPOT, phase) is None)

    if isinstance(answer, Sized):
        assert allowed(answer.contracts, rounding_usd=1e-6)
        assert MARGIN.check(equity, used * equity, reserved, answer.contracts * 500.0, phase, vix) is None
        assert answer.contracts == min(answer.limits.values()) == answer.limits[answer.binding]
        if answer.binding != "kelly":
            assert not allowed(answer.contracts + 1, rounding_usd=0.0)
    else:
        assert answer.facts["binding"] == "kelly" or not allowed(1, rounding_usd=0.0)


def test_a_limit_is_missed_by_a_cent_and_met_exactly() -> None:
    """Free margin for 18 units of 500 to the cent is 18, a cent less is 17, and the gate counts as the sizer does."""
    equity, vix = 20_000.0, 9.0
    free = min(MARGIN.room_usd(equity, 0.0, 0.0, 2, vix).values())
    assert free == 9_000.0

    def fitting(used_usd: float) -> int:
        shot = snapshot(equity, 2, vix, account=make_account(equity, buying_power_used=used_usd))
        return sized(offer=proposal(risk=20.0, cap=18), shot=shot).limits["buying_power"]

    assert [fitting(used_usd) for used_usd in (0.0, 0.004, 0.01)] == [18, 17, 17]
    assert MARGIN.check(equity, 0.0, 0.0, 18 * 500.0, 2, vix) is None
    assert MARGIN.check(equity, 0.004, 0.0, 18 * 500.0, 2, vix) is not None


@settings(max_examples=40, deadline=None)
@given(equity=st.floats(20_000, 300_000), more=st.floats(1.0, 3.0), risk=st.floats(20, 3_000), dearer=st.floats(1, 3),
       spec=st.sampled_from([LT112, RATIO]))
def test_more_equity_never_means_less_and_more_risk_never_more(equity, more, risk, dearer, spec):
    def count(equity: float, risk: float) -> int:
        answer = sized(spec, proposal(spec, risk=risk), snapshot(equity))
        return answer.contracts if isinstance(answer, Sized) else 0

    assert count(equity, risk) <= count(equity * more, risk)
    assert count(equity, risk) >= count(equity, risk * dearer)


# --- guards

@pytest.mark.parametrize("equity", [nan, 0.0, -1.0])
def test_without_equity_nothing_is_sized(equity: float) -> None:
    refused = sized(shot=snapshot(account=replace(make_account(), equity=equity)))
    assert isinstance(refused, Refused) and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE


@pytest.mark.parametrize("risk", [nan, 0.0, -1.0, float("inf")])
def test_without_a_risk_nothing_is_sized(risk: float) -> None:
    refused = sized(offer=proposal(risk=risk))
    assert isinstance(refused, Refused) and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE


def test_without_a_vix_nothing_is_sized() -> None:
    refused = sized(shot=replace(snapshot(), vix=None))
    assert isinstance(refused, Refused) and refused.code is RefusalCode.VIX_MISSING
    stale = Refused(code=RefusalCode.VIX_STALE)
    assert sized(shot=replace(snapshot(), vix=None, vix_refusal=stale)) is stale
    for bad in (nan, 0.0):
        refused = sized(shot=snapshot(vix=bad))
        assert isinstance(refused, Refused) and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE


def test_without_quotes_or_underlying_nothing_is_sized() -> None:
    shot = snapshot()
    missing = dict(shot.quotes)
    missing.pop(SPREAD[0].contract.id)
    dead = dict(shot.quotes) | {SPREAD[0].contract.id: make_quote(0.0, 0.0)}
    blind = make_position(HeldLeg(contract=make_contract(400.0, Right.PUT, date(2024, 9, 20)), quantity=-1,
                                  average_price=1.0))
    for broken in (replace(shot, quotes=missing), replace(shot, quotes=dead), replace(shot, underlyings={}),
                   replace(shot, positions=(blind,))):
        refused = sized(shot=broken)
        assert isinstance(refused, Refused) and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE


@pytest.mark.parametrize("inputs", [
    dict(multiplier=nan), dict(multiplier=1.5), dict(multiplier=-0.5), dict(buying_power_usd=nan),
    dict(view=make_view(breaker_size_multiplier=nan)), dict(view=make_view(reserved_margin_usd=nan)),
    dict(view=make_view(reserved_risk_usd=nan)), dict(view=make_view(reserved_spy_delta=nan)),
    dict(view=make_view(samples={"lt112": StrategySample(trades=30, wins=40)})),
    dict(offer=proposal(cap=-1)), dict(offer=replace(proposal(), legs=())), dict(shot=snapshot(phase=7)),
    dict(shot=snapshot(positions=(held(risk=nan),)))])
def test_every_other_input_is_guarded(inputs: dict) -> None:
    refused = sized(**inputs)
    assert isinstance(refused, Refused) and refused.code is RefusalCode.GUARD_CANNOT_COMPUTE


def test_a_multiplier_of_zero_is_size_zero() -> None:
    refused = sized(multiplier=0.0)
    assert isinstance(refused, Refused) and refused.code is RefusalCode.SIZE_ZERO
