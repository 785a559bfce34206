"""Roots and what they are options on: which are an index's, which were adjusted, and which hours they trade."""
from __future__ import annotations

from datetime import date, timedelta

from local.data import calendar
from local.data.vix_options import settlement_day

# Index to its roots, the one settled at the open first. All are European and settled in cash.
INDEX_ROOTS = {"SPX": ("SPX", "SPXW"), "XSP": ("XSP",), "VIX": ("VIX", "VIXW"), "NDX": ("NDX", "NDXP"), "RUT": ("RUT", "RUTW"),
               "DJX": ("DJX",)}
INDEX_OF = {root: index for index, roots in INDEX_ROOTS.items() for root in roots}
# Options on VIX are options on its futures: the index's own price is no bound of theirs.
NOT_ON_SPOT = ("VIX",)
INDEX_MINUTES_LATER = 15


def plain(ticker: str) -> str:
    """A ticker without the marks that vendors give indices, in capitals."""
    return ticker.strip().lstrip("^$").upper()


def underlying_of(root: str) -> str:
    """What a root's options are on."""
    return INDEX_OF.get(root, root)


def is_index(underlying: str) -> bool:
    """Whether options on it are an index's."""
    return underlying in INDEX_ROOTS


def is_adjusted(root: str) -> bool:
    """Whether a root's contracts deliver something else than 100 shares: a digit at its end."""
    return root[-1:].isdigit()


def monthly_or_weekly(index: str, expiry: date) -> str:
    """The root of an index's contracts where a file names none: the monthly one on the day the monthlies expire."""
    roots, third = INDEX_ROOTS[index], calendar.third_friday(expiry.year, expiry.month)
    if index == "VIX":
        monthlies = {settlement_day((expiry.year, expiry.month))}
    else:
        monthlies = {calendar.session_on_or_before(third), third + timedelta(1)}     # once they expired on Saturday
    return roots[0] if expiry in monthlies else roots[-1]


def closing_minute(day: date, underlying: str) -> int:
    """Minute of the day at which trade in the options of an underlying ends on a session."""
    minutes = calendar.session_minutes(day)
    later = INDEX_MINUTES_LATER if is_index(underlying) and minutes == calendar.SESSION_MINUTES else 0
    return calendar.OPEN_MINUTE_OF_DAY + minutes + later
