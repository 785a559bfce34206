"""The carry of an option: time left, interest and dividends of its underlying, read from ``config/carry.py``.

Dividends are dated: each takes its share of the price on its ex-dividend day. An option's ``dividend_yield`` is the
continuous fraction per year that takes as much as all ex-dividend days between now and its expiry. An option without
such a day has a yield of 0, and ``spot * exp((rate - dividend_yield) * years)`` is its forward.

Ex-dividend days are those of ``config/calendars.py``. Before and after the days listed there, the days of the nearest
year repeat every 364 days: a dividend that a company has not announced is expected where the last one was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import log, log1p
from typing import Final

from config.calendars import EX_DIVIDENDS, QUARTER_MONTHS, third_friday
from config.carry import (BILL_DAYS, BILL_YEAR_DAYS, CLOSED_ROUND_THIRD_FRIDAYS, DIVIDENDS_A_YEAR, DIVIDENDS_PCT,
                          FINANCING_SPREAD, PAYS_AS, PAYS_NOTHING, RATES_COVER_TO, TREASURY_BILLS_PCT)
from config.constants import CALENDAR_DAYS_PER_YEAR, OPTION_EXPIRY_TIME
from core.errors import CannotCompute
from core.model import ContractKind

SECONDS_PER_YEAR: Final = CALENDAR_DAYS_PER_YEAR * 86_400.0
_FIRST_YEAR: Final = min(TREASURY_BILLS_PCT)
_LAST_MONTH: Final = (max(TREASURY_BILLS_PCT), len(TREASURY_BILLS_PCT[max(TREASURY_BILLS_PCT)]))
_REPEAT: Final = timedelta(days=364)
_PERCENT: Final = 100.0
# Options of the exchanges traded here that can be exercised before expiry: those on shares and on futures.
AMERICAN_KINDS: Final = frozenset({ContractKind.EQUITY_OPTION, ContractKind.FUTURE_OPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTerms:
    """What an option's value needs besides price, strike and volatility. ``rate`` and ``dividend_yield`` are continuous
    fractions per year, ``years`` is actual days / 365; ``american`` says whether it can be exercised early."""

    years: float
    rate: float
    dividend_yield: float
    american: bool


def years_to_expiry(expiry: date, now: datetime) -> float:
    """Actual time from ``now`` to 16:00 New York of ``expiry`` in years of 365 days.

    Raises
    ------
    CannotCompute
        If that moment is not in the future.
    """
    seconds = (datetime.combine(expiry, OPTION_EXPIRY_TIME) - now).total_seconds()
    if seconds <= 0:
        raise CannotCompute("option has expired", expiry=expiry.isoformat(), now=now.isoformat())
    return seconds / SECONDS_PER_YEAR


@lru_cache(maxsize=None)
def _month_rate(year: int, month: int) -> float:
    known = min((year, month), _LAST_MONTH)
    discount = TREASURY_BILLS_PCT[known[0]][known[1] - 1] / _PERCENT * BILL_DAYS / BILL_YEAR_DAYS
    return -log1p(-discount) * CALENDAR_DAYS_PER_YEAR / BILL_DAYS + FINANCING_SPREAD


def risk_free_rate(day: date) -> float:
    """Interest at which options are carried in ``day``'s month, a continuous fraction per year: the three-month bill
    plus a financing spread.

    Raises
    ------
    CannotCompute
        Outside the days that the record covers.
    """
    if day.year < _FIRST_YEAR or day > RATES_COVER_TO:
        raise CannotCompute("no interest rate for the day", day=day.isoformat())
    return _month_rate(day.year, day.month)


def dividend_yield(underlying: str, kind: ContractKind, expiry: date, now: datetime) -> float:
    """Continuous yield at which ``underlying`` is carried until 16:00 of ``expiry``: what its ex-dividend days after
    today take. For options on futures it is the rate itself (Black 1976).

    Raises
    ------
    CannotCompute
        For an underlying or a time that the record does not cover, and for an option that has expired.
    """
    if kind is ContractKind.FUTURE_OPTION:
        return risk_free_rate(now.date())
    return dividends_between(underlying, now.date(), expiry) / years_to_expiry(expiry, now)


def option_terms(underlying: str, kind: ContractKind, expiry: date, now: datetime) -> OptionTerms:
    """Time, carry and style of the options of one expiry at ``now``.

    Raises
    ------
    CannotCompute
        As :func:`risk_free_rate` and :func:`dividend_yield`.
    """
    years, rate = years_to_expiry(expiry, now), risk_free_rate(now.date())
    carried = rate if kind is ContractKind.FUTURE_OPTION else \
        dividends_between(underlying, now.date(), expiry) / years
    return OptionTerms(years=years, rate=rate, dividend_yield=carried, american=kind in AMERICAN_KINDS)


def dividend_share(underlying: str, day: date) -> float:
    """Share of the price by which it opens lower on ``day``, all else equal. 0 unless it is an ex-dividend day.

    Raises
    ------
    CannotCompute
        For an underlying that the record does not cover.
    """
    payer = _payer(underlying)
    return _share(payer, day.year) if payer is not None and day in _days_of(payer) else 0.0


@lru_cache(maxsize=4096)
def dividends_between(underlying: str, after: date, until: date) -> float:
    """What the ex-dividend days after ``after``, up to and including ``until``, take from the price together, as a
    logarithm: the price keeps ``exp(-value)`` of itself.

    Raises
    ------
    CannotCompute
        For an underlying or days that the record does not cover.
    """
    payer = _payer(underlying)
    if payer is None:
        return 0.0
    days = _days_of(payer)
    if after.year < _FIRST_YEAR or until > days[-1]:
        raise CannotCompute("no dividends on record for the days", underlying=underlying, after=after.isoformat(),
                            until=until.isoformat())
    return -sum(log(1.0 - _share(payer, day.year))
                for day in days[bisect_right(days, after):bisect_right(days, until)])


def _payer(underlying: str) -> str | None:
    """The payer of the dividends of ``underlying``; None if it pays none."""
    if underlying in PAYS_NOTHING:
        return None
    payer = PAYS_AS.get(underlying, underlying)
    if payer not in DIVIDENDS_PCT:
        raise CannotCompute("no dividends on record for the underlying", underlying=underlying)
    return payer


def _share(payer: str, year: int) -> float:
    by_year = DIVIDENDS_PCT[payer]
    return by_year[min(year, max(by_year))] / _PERCENT / DIVIDENDS_A_YEAR


@lru_cache(maxsize=None)
def _days_of(payer: str) -> tuple[date, ...]:
    """Ex-dividend days from the record's first year to ten years after the rates' last, ascending."""
    years = range(_FIRST_YEAR, RATES_COVER_TO.year + 11)
    if payer in EX_DIVIDENDS:
        return _repeated(EX_DIVIDENDS[payer], date(years[0], 1, 1), date(years[-1], 12, 31))
    fridays = [third_friday(year, month) for year in years for month in QUARTER_MONTHS]
    if payer == "SPY":
        return tuple(day - timedelta(days=day in CLOSED_ROUND_THIRD_FRIDAYS) for day in fridays)
    mondays = [day + timedelta(days=3) for day in fridays]
    return tuple(day + timedelta(days=day in CLOSED_ROUND_THIRD_FRIDAYS) for day in mondays)


def _repeated(listed: tuple[date, ...], first: date, last: date) -> tuple[date, ...]:
    """The listed days, with the nearest year of them repeated every 364 days before and after."""
    days = list(listed)
    while (earlier := days[DIVIDENDS_A_YEAR - 1] - _REPEAT) >= first:
        days.insert(0, earlier)
    while (later := days[-DIVIDENDS_A_YEAR] + _REPEAT) <= last:
        days.append(later)
    return tuple(days[bisect_left(days, first):])
