"""Which option contracts are listed on which day: expiries by the exchange's habits, strikes by distance from spot.

A contract that was listed stays listed until it expires, however far the price moves away, so that a position can
always be closed; strike ranges therefore only grow.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from local.data import calendar

WEDNESDAYS_FROM, MONDAYS_FROM, EVERY_DAY_FROM = date(2016, 8, 30), date(2018, 2, 15), date(2022, 11, 14)
WEEKLY_DAYS, MONTHLY_MONTHS, QUARTERLY_MONTHS, JANUARY_YEARS = 56, 8, 18, 4
NEAR_DAYS, MIDDLE_DAYS, FAR_DAYS = 9, 70, 260
DAYS_A_YEAR = 365
WIDEST_WING = 12.0
NONE = np.empty(0)


def _weekdays(day: date) -> set[int]:
    if day >= EVERY_DAY_FROM:
        return {0, 1, 2, 3, 4}
    return {4} | ({2} if day >= WEDNESDAYS_FROM else set()) | ({0} if day >= MONDAYS_FROM else set())


def _monthly(day: date, months_ahead: int) -> date:
    months = day.year * 12 + day.month - 1 + months_ahead
    return calendar.session_on_or_before(calendar.third_friday(months // 12, months % 12 + 1))


def equity_expiries(day: date, *, dailies: bool = True) -> tuple[date, ...]:
    """Expiries listed on ``day``, ascending: dailies of this and the next week, Fridays for eight weeks, monthlies for
    eight months, quarterlies for eighteen, Januaries beyond two years. A Friday holiday moves to the session before.
    """
    found: set[date] = set()
    if dailies:
        week_end = day + timedelta(4 - day.weekday() + 7)
        found |= {later for later in calendar.sessions(day, week_end) if later.weekday() in _weekdays(day)}
    friday = day + timedelta((4 - day.weekday()) % 7)
    found |= {calendar.session_on_or_before(friday + timedelta(7 * week)) for week in range(WEEKLY_DAYS // 7 + 1)}
    found |= {_monthly(day, ahead) for ahead in range(MONTHLY_MONTHS + 1)}
    found |= {expiry for expiry in (_monthly(day, ahead) for ahead in range(QUARTERLY_MONTHS + 1))
              if expiry.month % 3 == 0}
    found |= {_monthly(date(day.year + years, 1, 1), 0) for years in range(1, JANUARY_YEARS)}
    return tuple(sorted(expiry for expiry in found if expiry >= day))


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeRange:
    """Strikes of one expiry on one day, as shares of spot: ``fine`` on both sides, ``puts`` and ``calls`` (below,
    above) at ``step`` coarse steps.
    """

    fine: float
    puts: tuple[float, float]
    calls: tuple[float, float]
    step: int


def strike_range(days: int, spot: float, index: float, friday: bool) -> StrikeRange:
    """Ranges for an expiry ``days`` calendar days away with the volatility index at ``index`` per cent."""
    move = index / 100 * np.sqrt((days + 1) / DAYS_A_YEAR)
    if days <= NEAR_DAYS:
        fine = min(max(0.025, 1.5 * move), 0.08) if friday else min(max(0.015, 0.9 * move), 0.05)
        return StrikeRange(fine=fine, puts=(min(max(0.06, 3.0 * move), 0.25), fine),
                           calls=(fine, min(max(0.05, 2.0 * move), 0.15) if friday else fine), step=1)
    if days <= MIDDLE_DAYS:
        return StrikeRange(fine=max(0.02, WIDEST_WING / spot), puts=(0.25, 0.03), calls=(0.03, 0.12), step=1)
    if days <= FAR_DAYS:
        return StrikeRange(fine=0.0, puts=(0.27, 0.03), calls=(0.03, 0.15), step=1)
    return StrikeRange(fine=0.0, puts=(0.30, 0.03), calls=(0.30, 0.20), step=2)


def _between(low: float, high: float, step: float) -> np.ndarray:
    return np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step


def coarse_step(spot: float) -> float:
    """Strike step away from the money: 5 for shares above 350, 2.5 above 100, else 1 (USD)."""
    return 5.0 if spot > 350 else 2.5 if spot > 100 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Contracts of one expiry on one day: ascending strikes, and which of them have a call and a put."""

    expiry: date
    strikes: np.ndarray
    has_call: np.ndarray
    has_put: np.ndarray


class Listing:
    """Walks through the days of a scenario and keeps what has been listed."""

    def __init__(self, *, dailies: bool = True, fine_step: float = 1.0) -> None:
        self._dailies = dailies
        self._fine_step = fine_step
        self._calls: dict[date, np.ndarray] = {}
        self._puts: dict[date, np.ndarray] = {}

    def day(self, day: date, low: float, high: float, index: float) -> tuple[Chain, ...]:
        """Chains of ``day``, given its low, high and volatility index. Days must be asked for in order."""
        chains = []
        spot = (low + high) / 2
        for expiry in equity_expiries(day, dailies=self._dailies):
            span = strike_range((expiry - day).days, spot, index, expiry.weekday() == calendar.FRIDAY)
            fine = _between(low * (1 - span.fine), high * (1 + span.fine), self._fine_step) if span.fine else NONE
            for kept, (below, above) in ((self._calls, span.calls), (self._puts, span.puts)):
                wide = _between(low * (1 - below), high * (1 + above), span.step * coarse_step(spot))
                kept[expiry] = np.union1d(np.union1d(fine, wide), kept.get(expiry, NONE))
            strikes = np.union1d(self._calls[expiry], self._puts[expiry])
            chains.append(Chain(expiry=expiry, strikes=strikes, has_call=np.isin(strikes, self._calls[expiry]),
                                has_put=np.isin(strikes, self._puts[expiry])))
        for kept in (self._calls, self._puts):
            for expiry in [expiry for expiry in kept if expiry <= day]:
                del kept[expiry]
        return tuple(chains)
