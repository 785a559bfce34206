"""Dates that became known after this version of the calendars, as the parameter ``dates``: the user's own, which no update
touches.

One part is ``KIND SYMBOL DATE ...``: ``earnings AAPL 2027-01-28``, ``ex_dividends MSFT 2027-02-18 2027-05-20``. Several are
divided by semicolons. The days are those announced, or past; they continue a calendar of ``config/calendars.py`` a
quarter at a time, none left out. ``splits AAPL 2027-06-07`` is the first day of trading in new shares.
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
    """Dates by kind and symbol, without those the calendars know by now.

    Raises
    ------
    ConfigError
        One line: a part that cannot be read, a kind or symbol without a calendar of this sort or named twice, a weekend,
        or a date that is not one quarter after the one before it.
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
            continue        # an update has learnt it too
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
