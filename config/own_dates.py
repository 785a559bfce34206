"""Dates that became known after this version of the calendars, given in the parameter ``dates``. They are the user's
own, and no update touches them.

One part is ``KIND SYMBOL DATE ...``: ``earnings AAPL 2027-01-28``, ``ex_dividends MSFT 2027-02-18 2027-05-20``.
Semicolons separate several parts. The days must be announced or past. They continue a calendar of
``config/calendars.py`` quarter by quarter, and no quarter may be left out. ``splits AAPL 2027-06-07`` is the first day
of trading in new shares.
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import Final

from config.calendars import CONTINUED, LONGEST_QUARTER_DAYS, QUIET_DAYS, SHARES, AnnouncedDates
from core.errors import ConfigError

DIVIDER: Final = ";"
SATURDAY: Final = 5


def read_dates(key: str, text: str) -> AnnouncedDates:
    """Dates by kind and symbol, without those that the calendars already contain.

    Raises
    ------
    ConfigError
        In one line: a part cannot be read, a kind or symbol has no such calendar or is named twice, a day is on a
        weekend, or a date is not one quarter after the one before it.
    """
    found: dict[str, dict[str, tuple[date, ...]]] = {}
    for part in text.split(DIVIDER):
        words = part.split()
        if len(words) < 3:
            raise ConfigError(f"{key}: {part.strip()!r} is not KIND SYMBOL DATE ...")
        kind, symbol, days = words[0], words[1], words[2:]
        if kind not in (*CONTINUED, "splits"):
            raise ConfigError(f"{key}: unknown kind {kind!r}; known: {', '.join((*CONTINUED, 'splits'))}")
        symbols = SHARES if kind == "splits" else tuple(CONTINUED[kind])
        if symbol not in symbols:
            raise ConfigError(f"{key}: {kind} of {symbol!r} are not continued; known: {', '.join(symbols)}")
        if symbol in found.setdefault(kind, {}):
            raise ConfigError(f"{key}: {kind} {symbol} is named twice")
        where = f"{key}: {kind} {symbol}"
        found[kind][symbol] = (tuple(_weekday(where, text) for text in days) if kind == "splits" else
                               _continued(where, CONTINUED[kind][symbol], days, QUIET_DAYS[kind]))
    return MappingProxyType({kind: MappingProxyType(symbols) for kind, symbols in found.items()})


def _continued(where: str, known: tuple[date, ...], texts: list[str], quiet_days: int) -> tuple[date, ...]:
    days: list[date] = []
    last = known[-1]
    for text in texts:
        day = _weekday(where, text)
        if day in known:
            continue        # an update already contains it
        gap = (day - last).days
        if not quiet_days < gap <= LONGEST_QUARTER_DAYS:
            raise ConfigError(f"{where}: {day} is {gap} days after {last}, not one quarter")
        days.append(day)
        last = day
    return tuple(days)


def _weekday(where: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{where}: {text!r} is not a date like 2027-01-28") from None
    if day.weekday() >= SATURDAY:
        raise ConfigError(f"{where}: {day} is no weekday")
    return day
