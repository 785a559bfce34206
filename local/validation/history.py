"""Daily history for replays: SPY and VIX bars as an index without its accrued dividend, with carry, by session.

SPY's price holds the dividend that is accrued since the last ex-dividend day; the index options are written on does not.
Trades of Cboe's strategy indices fall between 11:30 and 13:30, strikes are chosen at 11:00; both are estimated from the
day's open, high, low and close as a walk through them would have it on average.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from core.arrays import Floats
from core.carry import dividend_share, risk_free_rate
from local.commands.errors import CommandError
from local.data import calendar
from local.validation.series_files import read_bars

FIRST_DAY, LATEST_FIRST = date(2005, 9, 1), date(2006, 1, 31)
# a quarter before the first year, for the accrued dividend; and the latest that will do
CLOSE_WEIGHT, RANGE_WEIGHT = 0.1, 0.4       # of close less open, and of high less open plus low less open
DAYS_A_YEAR = 365
USUAL_QUARTER = 91


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Sessions, one an element: the index at the open, at trade time and at the close; SPY likewise; VIX likewise."""

    days: tuple[date, ...]
    index_open: Floats
    index_trade: Floats
    index_close: Floats
    share_open: Floats
    share_trade: Floats
    share_close: Floats
    shares: Floats                  # SPY shares that one share of the first day has become, dividends reinvested
    vix_open: Floats
    vix_trade: Floats
    vix_close: Floats
    index_sessions: Floats          # sessions in VIX's thirty days, from the close
    rate: Floats                    # continuous, a year
    dividend_yield: Floats          # continuous, a year

    def between(self, years: tuple[int, int]) -> np.ndarray:
        """Whether each session lies in the years, both included."""
        return np.array([years[0] <= day.year <= years[1] for day in self.days])

    def third_friday(self, year: int, month: int) -> int:
        """Session number of a month's third Friday, or of the session before it."""
        first = date(year, month, 1)
        friday = first + timedelta((4 - first.weekday()) % 7 + 14)
        return int(np.searchsorted(np.array(self.days), friday, side="right")) - 1

    def years_between(self, first: np.ndarray, last: np.ndarray) -> Floats:
        """Calendar years between sessions, by their numbers."""
        ordinals = np.array([day.toordinal() for day in self.days])
        return (ordinals[last] - ordinals[first]) / DAYS_A_YEAR


def read_history(folder: Path, last: date) -> History:
    """Bars of ``spy-daily.csv`` and ``vix-daily.csv`` of a folder, on the days both have, at least until ``last``.

    Raises
    ------
    CommandError
        A file is missing or cannot be used, the line names it and its line; or they do not cover the years.
    """
    spy, vix = (read_bars(folder / f"{name}-daily.csv", FIRST_DAY) for name in ("spy", "vix"))
    days = tuple(sorted(set(spy) & set(vix)))
    if not days or days[0] > LATEST_FIRST or days[-1] < last:
        span = f"{days[0]} to {days[-1]}" if days else "no day"
        raise CommandError(f"{folder}: SPY and VIX share {span}, {LATEST_FIRST} to {last} is needed")
    share, volatility = (np.array([bars[day] for day in days]) for bars in (spy, vix))
    accrued, dividend_yield, shares = _dividends(days)
    trade, vix_trade = _midday(share), np.clip(_midday(volatility), volatility[:, 2], volatility[:, 1])
    return History(days=days, index_open=share[:, 0] / (1 + accrued), index_trade=trade / (1 + accrued),
                   index_close=share[:, 3] / (1 + accrued), share_open=share[:, 0], share_trade=trade,
                   share_close=share[:, 3], shares=shares, vix_open=volatility[:, 0], vix_trade=vix_trade,
                   vix_close=volatility[:, 3],
                   index_sessions=np.array([calendar.index_sessions(day) for day in days]),
                   rate=np.array([risk_free_rate(day) for day in days]),
                   dividend_yield=dividend_yield)


def _midday(bars: np.ndarray) -> Floats:
    opening, high, low, close = bars.T
    return opening + CLOSE_WEIGHT * (close - opening) + RANGE_WEIGHT * (high + low - 2 * opening)


def _dividends(days: tuple[date, ...]) -> tuple[Floats, Floats, Floats]:
    """(share of the price accrued since the last dividend, yield, shares with dividends reinvested) of each session."""
    paid = np.array([dividend_share("SPY", day) for day in days])
    ex_days = [days[at].toordinal() for at in np.flatnonzero(paid)]
    shares_paid = list(paid[paid > 0])
    ex_days = [ex_days[0] - USUAL_QUARTER, *ex_days, ex_days[-1] + USUAL_QUARTER]
    shares_paid = [*shares_paid, shares_paid[-1]]
    number = np.searchsorted(ex_days, [day.toordinal() for day in days], side="right") - 1
    number = np.clip(number, 0, len(shares_paid) - 1)
    begin, end = np.array(ex_days)[number], np.array(ex_days)[number + 1]
    due = np.array(shares_paid)[number]
    accrued = due * (np.array([day.toordinal() for day in days]) - begin) / (end - begin)
    return accrued, due * DAYS_A_YEAR / (end - begin), np.cumprod(1 / (1 - paid))
