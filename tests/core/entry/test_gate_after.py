from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from config.strategy_parameters import FRIDAY_0DTE, LT112, SPECS, StrategySpec
from core.codes import RefusalCode as Code
from core.exposure import Exposure
from core.model import HeldLeg, Leg, PortfolioView, Proposal, Right
from core.unified_position_sizer import Sized
from tests.builders import (FRIDAY, make_account, make_calendar, make_contract, make_position, make_quote,
                            make_snapshot, make_view)
from tests.builders_gate import make_gate

NAN = math.nan
ALL = frozenset(SPECS)

SHORT_PUT, LONG_PUT = (make_contract(strike, Right.PUT, date(2024, 11, 15)) for strike in (500.0, 495.0))
QUOTES = {SHORT_PUT.id: make_quote(5.00, 5.10), LONG_PUT.id: make_quote(4.60, 4.70)}
SPREAD = Proposal(strategy="lt112", underlying="SPY", legs=(Leg(contract=SHORT_PUT, ratio=-1),
                                                            Leg(contract=LONG_PUT, ratio=1)),
                  credit=0.40, risk_usd=460.0, contract_cap=5, reason="test")


def sized(contracts: int = 1, **overrides: Any) -> Sized:
    values: dict[str, Any] = dict(contracts=contracts, limits={}, binding="kelly", unit_risk_usd=460.0,
                                  unit_margin_usd=500.0, unit_exposure=Exposure(spy_delta=5.0), edge=None)
    return Sized(**(values | overrides))


def after(size: Sized | None = None, spec: StrategySpec = LT112, view: PortfolioView | None = None,
          proposal: Proposal = SPREAD, **overrides: Any) -> Code | None:
    snapshot = make_snapshot(**({"quotes": QUOTES} | overrides))
    answer = make_gate().after(spec, proposal, size or sized(), snapshot, view or make_view(enabled=ALL),
                                         intent_id="lt112/1:ENTRY:2")
    return None if answer is None else answer.code


def test_size() -> None:
    assert after() is None
    assert after(sized(0)) is Code.SIZE_ZERO
    assert after(sized(5)) is None
    assert after(sized(6)) is Code.SIZE_ZERO, "the strategy's own cap"
    assert after(sized(unit_risk_usd=6_500.0)) is None
    assert after(sized(unit_risk_usd=6_501.0)) is Code.SIZE_ZERO, "a tenth of 65,000"
    assert after(sized(2, unit_risk_usd=3_250.0)) is None
    assert after(sized(2, unit_risk_usd=3_251.0)) is Code.SIZE_ZERO, "all of it counts"
    assert after(phase=9) is Code.GUARD_CANNOT_COMPUTE
    assert after(sized(unit_risk_usd=0.0)) is Code.GUARD_CANNOT_COMPUTE
    assert after(sized(unit_risk_usd=NAN)) is Code.GUARD_CANNOT_COMPUTE
    assert after(account=make_account(NAN)) is Code.GUARD_CANNOT_COMPUTE


def test_the_tighter_of_strategy_and_phase_share() -> None:
    two = {"phase": 2, "account": make_account(50_000.0)}
    assert after(sized(unit_risk_usd=3_500.0), **two) is None
    assert after(sized(unit_risk_usd=3_501.0), **two) is Code.SIZE_ZERO


def test_contracts_of_condors_already_open_count() -> None:
    leg = HeldLeg(contract=SHORT_PUT, quantity=-2, average_price=5.0)
    held = make_position(leg, strategy="friday_0dte", units=2)
    proposal = replace(SPREAD, strategy="friday_0dte")
    assert after(sized(2), FRIDAY_0DTE, proposal=proposal, positions=(held,)) is None
    assert after(sized(3), FRIDAY_0DTE, proposal=proposal, positions=(held,)) is Code.COUNT_STRATEGY


def test_buying_power_after_the_trade() -> None:
    def used(amount: float) -> Code | None:
        return after(account=make_account(65_000.0, buying_power_used=amount))
    cap = 0.75 * 0.70 * 65_000.0
    assert used(cap - 500.0) is None
    assert used(cap - 499.0) is Code.BUYING_POWER
    assert after(view=make_view(enabled=ALL, reserved_margin_usd=cap)) is Code.BUYING_POWER
    assert after(vix=None) is Code.GUARD_CANNOT_COMPUTE
    assert used(NAN) is Code.GUARD_CANNOT_COMPUTE


def test_greeks_after_the_trade() -> None:
    assert after(quotes={SHORT_PUT.id: make_quote(5.0, 5.1)}) is Code.GUARD_CANNOT_COMPUTE
    assert after(underlyings={}) is Code.GUARD_CANNOT_COMPUTE
    full = make_view(enabled=ALL, reserved_spy_delta=0.9999 * 1.5 * 65_000.0 / 544.0)
    assert after(view=full) is Code.GREEK_DELTA
    held = make_position(HeldLeg(contract=make_contract(510.0, expiry=date(2024, 11, 15)), quantity=-1,
                                 average_price=6.0))
    assert after(positions=(held,)) is Code.GUARD_CANNOT_COMPUTE, "a position without a quote cannot be weighed"


def test_short_gamma_and_vega_of_entries_on_their_way_count() -> None:
    assert after(view=make_view(enabled=ALL, reserved_short_vega=-900.0)) is None
    assert after(view=make_view(enabled=ALL, reserved_short_vega=-999.9)) is Code.GREEK_VEGA
    assert after(view=make_view(enabled=ALL, reserved_short_gamma=-29.0)) is None
    assert after(view=make_view(enabled=ALL, reserved_short_gamma=-30.0)) is Code.GREEK_GAMMA
    for field in ("reserved_spy_delta", "reserved_short_gamma", "reserved_short_vega"):
        assert after(view=make_view(enabled=ALL, **{field: NAN})) is Code.GUARD_CANNOT_COMPUTE


def test_spy_delta_allocation_is_asked_for() -> None:
    assert after(sized(unit_exposure=Exposure(spy_delta=750.0))) is None
    assert after(sized(unit_exposure=Exposure(spy_delta=751.0))) is Code.SPY_DELTA
    fomc = make_calendar(is_fomc_day=True)
    assert after(sized(unit_exposure=Exposure(spy_delta=375.0)), calendar=fomc) is None
    assert after(sized(unit_exposure=Exposure(spy_delta=376.0)), calendar=fomc) is Code.SPY_DELTA
    assert after(sized(unit_exposure=Exposure(spy_delta=NAN))) is Code.GUARD_CANNOT_COMPUTE


def test_pattern_day_trader_rule() -> None:
    poor = {"account": make_account(24_999.0), "phase": 2}
    rich = {"account": make_account(25_000.0), "phase": 2}
    two, three = (make_view(enabled=ALL, day_trades=count) for count in (2, 3))
    assert after(view=two, **poor) is None
    assert after(view=three, **poor) is Code.PATTERN_DAY_TRADER
    assert after(view=three, **rich) is None
    assert after(view=make_view(enabled=ALL, day_trades=-1), **poor) is Code.GUARD_CANNOT_COMPUTE


def test_what_may_still_become_a_day_trade_counts_as_one() -> None:
    """Two done, one opened today, one on its way: all of them, and the candidate, may have to close today."""
    poor: dict[str, Any] = {"account": make_account(24_999.0), "phase": 2}
    legs = (HeldLeg(contract=SHORT_PUT, quantity=-1, average_price=5.0),
            HeldLeg(contract=LONG_PUT, quantity=1, average_price=4.6))
    today, earlier = FRIDAY - timedelta(minutes=30), FRIDAY - timedelta(days=1)

    def asked(day_trades: int, *opened: datetime, pending: dict[str, str] | None = None, on: str = "SPY") -> Code | None:
        held = tuple(make_position(*legs, id=f"lt112/{number}", underlying=on, opened=moment)
                     for number, moment in enumerate(opened))
        return after(view=make_view(enabled=ALL, day_trades=day_trades, pending=pending or {}), positions=held, **poor)

    assert asked(1, today) is None and asked(2, earlier) is None
    assert asked(2, today) is Code.PATTERN_DAY_TRADER and asked(1, today, today) is Code.PATTERN_DAY_TRADER
    assert asked(1, pending={"ipmcc": "QQQ"}) is None
    assert asked(2, pending={"ipmcc": "QQQ"}) is Code.PATTERN_DAY_TRADER
    assert asked(2, pending={"futures_strangle": "/MCL"}) is None, "futures are not under the rule"


def test_after_keeps_its_order() -> None:
    poor = {"account": make_account(24_999.0, buying_power_used=24_999.0), "phase": 2}
    three = make_view(enabled=ALL, day_trades=3, reserved_spy_delta=5_000.0)
    wild = sized(0, unit_exposure=Exposure(spy_delta=9_999.0))
    assert after(wild, view=three, **poor) is Code.SIZE_ZERO
    assert after(replace(wild, contracts=1), view=three, **poor) is Code.BUYING_POWER
    free = {"account": make_account(24_999.0), "phase": 2}
    assert after(replace(wild, contracts=1), view=three, **free) is Code.GREEK_DELTA
    calm = replace(three, reserved_spy_delta=0.0)
    assert after(replace(wild, contracts=1), view=calm, **free) is Code.SPY_DELTA
    assert after(view=calm, **free) is Code.PATTERN_DAY_TRADER
