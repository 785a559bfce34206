"""Last trading days of the futures covered, from the exchanges' rules."""
from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, timedelta

from local.engine.enums import SecurityType
from local.engine.market.market_hours import MarketHoursDatabase

_QUARTERS = (3, 6, 9, 12)
_EVEN_MONTHS = (2, 4, 6, 8, 10, 12)
_MONTHS_TO_CONTRACT = {"CL": 1, "MCL": 1, "NG": 1, "HO": 1, "RB": 1, "B": 2, "BZ": 2, "SB": 1, "YO": 1}
_INDEX_CLOSE = timedelta(hours=13, minutes=30)


def months_from_expiry_to_contract(root: str, expiry: datetime | None = None) -> int:
    """Months from the month a contract expires in to the month it is named after (1 for oil)."""
    return _MONTHS_TO_CONTRACT.get(root.upper(), 0)


def contract_month(root: str, expiry: datetime) -> date:
    """First day of the month a contract is named after."""
    index = expiry.year * 12 + expiry.month - 1 + months_from_expiry_to_contract(root)
    return date(index // 12, index % 12 + 1, 1)


def expiry_of_month(root: str, market: str, month: date, hours: MarketHoursDatabase) -> datetime:
    """Last trading day (with its hour, where LEAN gives one) of the contract of a month.

    Raises
    ------
    NotImplementedError
        When the product's rule is not covered.
    """
    rule = _RULES.get(root.upper())
    if rule is None:
        raise NotImplementedError(f"expiry rule of the future {root}")
    exchange = hours.get_entry(market, root, SecurityType.FUTURE).exchange_hours
    holidays = {d.date() for d in exchange.holidays} | {d.date() for d in exchange.bank_holidays}
    return rule(month, holidays)


def _next_listed(month: date, listed: tuple[int, ...]) -> date:
    while month.month not in listed:
        month = _add_months(month, 1)
    return month


def _add_months(month: date, months: int) -> date:
    index = month.year * 12 + month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def third_friday(month: date) -> date:
    """Third Friday of a month."""
    first = date(month.year, month.month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def _is_business_day(day: date, holidays: set[date]) -> bool:
    return day.weekday() < 5 and day not in holidays


def _business_days_before(day: date, count: int, holidays: set[date]) -> date:
    while count:
        day -= timedelta(days=1)
        count -= _is_business_day(day, holidays)
    return day


def _at(day: date, time: timedelta = timedelta()) -> datetime:
    return datetime(day.year, day.month, day.day) + time


def _index_quarter(month: date, holidays: set[date]) -> datetime:
    """Third Friday of the quarter's month, the business day before when it is a holiday."""
    day = third_friday(_next_listed(month, _QUARTERS))
    return _at(_business_days_before(day, 1, holidays) if day in holidays else day, _INDEX_CLOSE)


def _oil(business_days: int) -> Callable[[date, set[date]], datetime]:
    def rule(month: date, holidays: set[date]) -> datetime:
        day = _add_months(month, -1).replace(day=25)
        return _at(_business_days_before(day, business_days + (not _is_business_day(day, holidays)), holidays))
    return rule


def _third_last_business_day(month: date, holidays: set[date]) -> datetime:
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    return _at(_business_days_before(last + timedelta(days=1), 3, holidays))


def _micro_gold(month: date, holidays: set[date]) -> datetime:
    return _third_last_business_day(_next_listed(month, _EVEN_MONTHS), holidays)


_RULES: dict[str, Callable[[date, set[date]], datetime]] = {
    "ES": _index_quarter, "MES": _index_quarter, "NQ": _index_quarter, "MNQ": _index_quarter,
    "RTY": _index_quarter, "M2K": _index_quarter, "YM": _index_quarter, "MYM": _index_quarter,
    "CL": _oil(3), "MCL": _oil(4), "GC": _third_last_business_day, "SI": _third_last_business_day,
    "SIL": _third_last_business_day, "MGC": _micro_gold,
}
