"""Real, validated values for tests: every builder takes overrides, none takes shortcuts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from core.model import (Account, CalendarFacts, Contract, HeldLeg, Indicators, IvHistory, Mode, PortfolioView,
                        Position, Quote, Right, Snapshot, State, Underlying, VixReading)

FRIDAY = datetime(2024, 7, 26, 11, 0)


def make_vix(value: float = 24.0, time: datetime = FRIDAY, **overrides: Any) -> VixReading:
    values: dict[str, Any] = dict(value=value, time=time, previous_close=value, change=0.0, percentile=60.0,
                                  regime="normal", panic=False, complacent=False, entry_stopped=False)
    return VixReading(**(values | overrides))


def make_underlying(symbol: str = "SPY", price: float = 544.0, time: datetime = FRIDAY, **overrides: Any) -> Underlying:
    values: dict[str, Any] = dict(
        symbol=symbol, price=price, bid=price - 0.01, ask=price + 0.01, quote_time=time, last_close=price,
        indicators=Indicators(atr14=6.0, ema8=545.0, ema21=540.0, ema50=530.0, vwap=price),
        iv=IvHistory(current=0.2, rank=50.0, percentile=60.0, samples=252))
    return Underlying(**(values | overrides))


def make_calendar(day: date = FRIDAY.date(), **overrides: Any) -> CalendarFacts:
    start = datetime.combine(day, datetime.min.time())
    values: dict[str, Any] = dict(
        today=day, session_open=start + timedelta(hours=9, minutes=30), session_close=start + timedelta(hours=16),
        previous_session=day - timedelta(days=1), next_session=day + timedelta(days=3), is_early_close=False,
        is_fomc_day=False, is_triple_witching=False)
    return CalendarFacts(**(values | overrides))


def make_account(equity: float = 65_000.0, **overrides: Any) -> Account:
    values: dict[str, Any] = dict(cash=equity, equity=equity, equity_day_start=equity, protection=0.0, protection_day_start=0.0,
                                  flows_today=0.0, buying_power_used=0.0)
    return Account(**(values | overrides))


def make_contract(strike: float = 500.0, right: Right = Right.PUT, expiry: date = FRIDAY.date(),
                  underlying: str = "SPY", **overrides: Any) -> Contract:
    return Contract(underlying=underlying, expiry=expiry, strike=strike, right=right, **overrides)


def make_quote(bid: float = 1.00, ask: float = 1.04, time: datetime = FRIDAY) -> Quote:
    return Quote(bid=bid, ask=ask, time=time)


def make_position(*legs: HeldLeg, **overrides: Any) -> Position:
    values: dict[str, Any] = dict(
        id="lt112/202407011000", strategy="lt112", underlying="SPY", state=State.ACTIVE,
        opened=datetime(2024, 7, 1, 10, 2), legs=tuple(legs), units=1, entry_price=-1.0, entry_margin_usd=500.0,
        entry_risk_usd=400.0, short_dte_at_entry=112, cash_flow_usd=100.0, fees_usd=2.0)
    return Position(**(values | overrides))


def make_snapshot(time: datetime = FRIDAY, **overrides: Any) -> Snapshot:
    values: dict[str, Any] = dict(
        time=time, account=make_account(), calendar=make_calendar(time.date()), phase=3, vix=make_vix(time=time),
        underlyings={"SPY": make_underlying(time=time)}, chains={}, quotes={}, holdings={}, positions=())
    return Snapshot(**(values | overrides))


def make_view(**overrides: Any) -> PortfolioView:
    values: dict[str, Any] = dict(mode=Mode.TRADE, enabled=frozenset({"friday_0dte", "lt112"}))
    return PortfolioView(**(values | overrides))


__all__ = [name for name in dir() if name.startswith("make_")] + ["FRIDAY", "replace"]
