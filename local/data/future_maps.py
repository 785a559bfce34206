"""Map files of continuous futures: which contract each of LEAN's mapping modes follows up to which day.

A contract is named by LEAN's security identifier: its expiry in days since 1899-12-30, its market and its type in one
number, written in base 36.
"""
from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from local.data.archive import write_text
from local.data.futures_calendar import Month, business_days_before, contracts_between, future_expiry
from local.data.products import Future

DAY_ZERO = date(1899, 12, 30)
DAYS_PLACE, MARKET_PLACE, FUTURE_TYPE = 10**14, 100, 5
MARKET_NUMBERS = {"cme": 23, "nymex": 7, "comex": 22}
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
LAST_TRADING_DAY, FIRST_DAY_OF_MONTH, OPEN_INTEREST, OPEN_INTEREST_ANNUAL = range(4)
ROLL_BUSINESS_DAYS = 5
LAST_DAY = date(2050, 12, 31)


def security_identifier(future: Future, month: Month) -> str:
    """LEAN's name of a contract, as in ``es ylz9z50bje2p``."""
    number = ((future_expiry(future, month) - DAY_ZERO).days * DAYS_PLACE
              + MARKET_NUMBERS[future.market] * MARKET_PLACE + FUTURE_TYPE)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return f"{future.ticker.lower()} {digits}"


def last_mapped_day(future: Future, month: Month, mode: int) -> date:
    """Last day on which a mapping mode follows the contract: its last trading day, the day before its month begins, or
    (open interest) some business days before it expires.
    """
    expiry = future_expiry(future, month)
    if mode == LAST_TRADING_DAY:
        return expiry
    if mode == FIRST_DAY_OF_MONTH:
        return date(expiry.year, expiry.month, 1) - timedelta(1)
    return business_days_before(expiry, ROLL_BUSINESS_DAYS)


def write_future_map(root: Path, future: Future, first: date, last: date) -> None:
    """Write the map file that covers ``first`` to ``last``; the last contract stays mapped."""
    rows, market = [], future.market.upper()
    months = contracts_between(future, first, last)
    for mode in (LAST_TRADING_DAY, FIRST_DAY_OF_MONTH, OPEN_INTEREST, OPEN_INTEREST_ANNUAL):
        days = [last_mapped_day(future, month, mode) for month in months[:-1]] + [LAST_DAY]
        rows += [(day, mode, security_identifier(future, month)) for day, month in zip(days, months)]
    lines = [f"{day:%Y%m%d},{name},{market},{mode}\n" for day, mode, name in sorted(rows)]
    write_text(root / "future" / future.market / "map_files" / f"{future.ticker.lower()}.csv",
               f"18991230,{future.ticker.lower()},{market}\n" + "".join(lines))
