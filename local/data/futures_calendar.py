"""Contract months and expiries of the futures and of the options on them, by the exchanges' rules.

Equity index: the third Friday of the contract month. Crude oil: three business days before the 25th of the month
before the contract month (four where the 25th is no business day); the micro a day earlier. Metals: the third last
business day of the contract month. Options: index on every month's third Friday, crude seven business days before the
26th of the month before, metals on the fourth last business day of the month before, not on a Friday nor before a
holiday.
"""
from __future__ import annotations

from datetime import date, timedelta

from local.data import calendar
from local.data.products import Future

# New Year's Day on a Saturday is kept on the Friday before by the metals and energy exchanges' settlement calendar
ALSO_CLOSED = frozenset({date(2021, 12, 31)})
LONGEST_OPTION_DAYS = 75
Month = tuple[int, int]


def is_business_day(day: date) -> bool:
    """Whether expiry rules count ``day``."""
    return calendar.is_session(day) and day not in ALSO_CLOSED


def business_days_before(day: date, count: int) -> date:
    """The ``count``-th business day before ``day``."""
    while count:
        day -= timedelta(1)
        count -= is_business_day(day)
    return day


def shift_month(month: Month, count: int) -> Month:
    """The month ``count`` months later."""
    months = month[0] * 12 + month[1] - 1 + count
    return months // 12, months % 12 + 1


def last_business_day(month: Month, number: int) -> date:
    """The ``number``-th last business day of a month."""
    return business_days_before(date(*shift_month(month, 1), 1), number)


def future_expiry(future: Future, month: Month) -> date:
    """Last trading day of the contract of a month."""
    if future.market == "cme":
        return calendar.session_on_or_before(calendar.third_friday(*month))
    if future.market == "comex":
        return last_business_day(month, 3)
    twenty_fifth = date(*shift_month(month, -1), 25)
    count = 3 + (future.ticker == "MCL") + (not is_business_day(twenty_fifth))
    return business_days_before(twenty_fifth, count)


def option_expiry(future: Future, month: Month) -> date:
    """Expiry of the options named after a month."""
    if future.market == "cme":
        return calendar.session_on_or_before(calendar.third_friday(*month))
    if future.market == "nymex":
        return business_days_before(date(*shift_month(month, -1), 26), 7)
    day = last_business_day(shift_month(month, -1), 4)
    while day.weekday() == calendar.FRIDAY or not is_business_day(day + timedelta(1)):
        day = business_days_before(day, 1)
    return day


def contract_months(future: Future, day: date) -> tuple[Month, ...]:
    """Contract months written on ``day``, nearest first: those not yet expired."""
    month, found = (day.year, day.month), []
    while len(found) < future.listed:
        if month[1] in future.months and future_expiry(future, month) >= day:
            found.append(month)
        month = shift_month(month, 1)
    return tuple(found)


def contracts_between(future: Future, first: date, last: date) -> tuple[Month, ...]:
    """Contract months that are the nearest one, or listed, on some day from ``first`` to ``last``."""
    month, found = (first.year, first.month), []
    until = contract_months(future, last)[-1]
    while month <= until:
        if month[1] in future.months and future_expiry(future, month) >= first:
            found.append(month)
        month = shift_month(month, 1)
    return tuple(found)


def option_series(future: Future, day: date) -> tuple[tuple[Month, date], ...]:
    """(contract month of the underlying future, expiry) of the options written on ``day``, by expiry.

    Options of a month without a future of its own are on the next contract month.
    """
    found = []
    for ahead in range(6):
        named = shift_month((day.year, day.month), ahead)
        expiry, underlying = option_expiry(future, named), named
        while underlying[1] not in future.months:
            underlying = shift_month(underlying, 1)
        if day <= expiry <= day + timedelta(LONGEST_OPTION_DAYS) and expiry <= future_expiry(future, underlying):
            found.append((underlying, expiry))
    return tuple(found)
