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
WIDEST_WING, FAR_SHARE = 10.5, 0.12
LISTED_YEARS = JANUARY_YEARS - 1     # contracts are listed to the January of so many years later
FINE_STEP, MANY_STRIKES = 1.0, 250.0
COMPACT_WEEKS, COMPACT_NEAR_DAYS, COMPACT_MONTHS, CALENDAR_MONTHS = 3, 15, 1, 3
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


def compact_expiries(day: date, calendars: bool) -> tuple[date, ...]:
    """Expiries of the shares that only covered calls, diagonals and calendars trade: Fridays for three weeks, monthlies
    (three months of them for ``calendars``), and the Januaries and Junes of the next two years.
    """
    friday = day + timedelta((4 - day.weekday()) % 7)
    found = {calendar.session_on_or_before(friday + timedelta(7 * week)) for week in range(COMPACT_WEEKS)}
    found |= {_monthly(day, ahead) for ahead in range((CALENDAR_MONTHS if calendars else COMPACT_MONTHS) + 1)}
    found |= {_monthly(date(day.year + years, month, 1), 0) for years, month in ((1, 1), (1, 6), (2, 1), (2, 6))}
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
        if not friday:
            fine = min(max(0.015, 0.9 * move), 0.04)
            return StrikeRange(fine=fine, puts=(min(max(0.05, 2.5 * move), 0.15), fine), calls=(fine, fine), step=1)
        fine = min(max(0.025, 1.5 * move), 0.08)
        return StrikeRange(fine=fine, puts=(min(max(0.06, 3.0 * move), 0.25), fine),
                           calls=(fine, min(max(0.05, 2.0 * move), 0.15)), step=1)
    if days <= MIDDLE_DAYS:
        return StrikeRange(fine=max(0.02, WIDEST_WING / spot), puts=(0.25, 0.03), calls=(0.03, 0.12), step=1)
    if days <= FAR_DAYS:
        return StrikeRange(fine=0.0, puts=(0.27, 0.03), calls=(0.03, 0.15), step=1)
    return StrikeRange(fine=0.0, puts=(0.30, 0.03), calls=(0.30, 0.20), step=2)


def compact_range(days: int, spot: float, calendars: bool) -> StrikeRange:
    """Ranges of ``compact_expiries``: calls above the money, deep calls where long-dated, puts as far as calendars
    need them.
    """
    if days <= COMPACT_NEAR_DAYS:
        return StrikeRange(fine=0.02, puts=(0.05, 0.02), calls=(0.02, 0.10), step=1)
    if days <= MIDDLE_DAYS:
        return StrikeRange(fine=0.015 if calendars else 0.0, puts=(0.08, 0.03), calls=(0.03, 0.08), step=1)
    if days <= FAR_DAYS:
        return StrikeRange(fine=0.0, puts=(0.06, 0.03), calls=(0.06, 0.08), step=2)
    return StrikeRange(fine=0.0, puts=(0.03, 0.01), calls=(0.28, 0.05), step=2 if spot > MANY_STRIKES else 1)


def between(low: float, high: float, step: float) -> np.ndarray:
    """Multiples of ``step`` from ``low`` to ``high``."""
    return np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step


def coarse_step(spot: float, compact: bool = False) -> float:
    """Strike step away from the money: 5 for shares above 350 (200 in compact lists), 2.5 above 100, else 1 (USD)."""
    return 5.0 if spot > (200 if compact else 350) else 2.5 if spot > 100 else 1.0


def _coarse_strikes(low: float, high: float, width: tuple[float, float], multiple: int, step: float) -> np.ndarray:
    """Strikes at ``multiple`` steps from ``low`` less to ``high`` plus shares of them, at two steps far from there."""
    below, above = (min(share, FAR_SHARE) for share in width)
    near = between(low * (1 - below), high * (1 + above), multiple * step)
    return np.union1d(near, between(low * (1 - width[0]), high * (1 + width[1]), 2 * step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Contracts of one expiry on one day: ascending strikes, and which of them have a call and a put."""

    expiry: date
    strikes: np.ndarray
    has_call: np.ndarray
    has_put: np.ndarray

    def only(self, chosen: np.ndarray) -> Chain:
        """The contracts of the chosen strikes."""
        return Chain(expiry=self.expiry, strikes=self.strikes[chosen], has_call=self.has_call[chosen],
                     has_put=self.has_put[chosen])


class Strikes:
    """Strikes listed so far, by series; they only grow until the series expires."""

    def __init__(self) -> None:
        self._calls: dict[tuple[date, object], np.ndarray] = {}
        self._puts: dict[tuple[date, object], np.ndarray] = {}

    def add(self, expiry: date, calls: np.ndarray, puts: np.ndarray, *, series: object = None) -> Chain:
        """List strikes of calls and puts, and return all that is listed of that expiry (and ``series``)."""
        for kept, new in ((self._calls, calls), (self._puts, puts)):
            kept[expiry, series] = np.union1d(new, kept.get((expiry, series), NONE))
        calls, puts = self._calls[expiry, series], self._puts[expiry, series]
        strikes = np.union1d(calls, puts)
        return Chain(expiry=expiry, strikes=strikes, has_call=np.isin(strikes, calls), has_put=np.isin(strikes, puts))

    def keys(self) -> tuple[tuple[date, object], ...]:
        """(expiry, series) with strikes listed."""
        return tuple(self._calls)

    def drop_expired(self, day: date) -> None:
        """Forget what expires on ``day`` or has expired."""
        for kept in (self._calls, self._puts):
            for key in [key for key in kept if key[0] <= day]:
                del kept[key]


class Listing:
    """Walks through the days of a scenario and keeps what has been listed on one share."""

    def __init__(self, *, compact: bool = False, calendars: bool = False) -> None:
        self._compact = compact
        self._calendars = calendars
        self._strikes = Strikes()

    def day(self, day: date, low: float, high: float, index: float) -> tuple[Chain, ...]:
        """Chains of ``day``, given its low, high and volatility index. Days must be asked for in order."""
        chains = []
        spot = (low + high) / 2
        new = compact_expiries(day, self._calendars) if self._compact else equity_expiries(day)
        for expiry in sorted({*new, *(listed for listed, _ in self._strikes.keys())}):
            days, friday = (expiry - day).days, calendar.ends_week(expiry)
            span = compact_range(days, spot, self._calendars) if self._compact else \
                strike_range(days, spot, index, friday)
            coarse = coarse_step(spot, self._compact)
            fine = between(low * (1 - span.fine), high * (1 + span.fine), FINE_STEP) if span.fine else NONE
            calls, puts = (np.union1d(fine, _coarse_strikes(low, high, (below, above), span.step, coarse))
                           for below, above in (span.calls, span.puts))
            chains.append(self._strikes.add(expiry, calls, puts))
        self._strikes.drop_expired(day)
        return tuple(chains)
