"""New York stock exchange sessions 2005-2031: holidays by rule, irregular closures by date, early closes.

The rules are the exchange's own (a Saturday holiday is kept on Friday, a Sunday one on Monday; New Year's Day on a
Saturday is not kept), so no table of dates has to be maintained; the days of mourning and of the storm of 2012 are listed.
"""
from __future__ import annotations

import bisect
import functools
from datetime import date, timedelta

FIRST_YEAR, LAST_YEAR = 2005, 2031
SESSION_MINUTES, EARLY_CLOSE_MINUTES = 390, 210
OPEN_MINUTE_OF_DAY = 570
IRREGULAR_CLOSURES = (date(2007, 1, 2), date(2012, 10, 29), date(2012, 10, 30), date(2018, 12, 5), date(2025, 1, 9))
JUNETEENTH_FROM = 2022
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6


class CalendarError(ValueError):
    """A date outside the years the calendar covers, or a session asked of a closed day."""


def nth_weekday(year: int, month: int, weekday: int, number: int) -> date:
    """Date of the ``number``-th ``weekday`` (Monday is 0) of a month; ``number`` -1 is the last one."""
    if number > 0:
        first = date(year, month, 1)
        return first + timedelta((weekday - first.weekday()) % 7 + 7 * (number - 1))
    following = date(year + month // 12, month % 12 + 1, 1)
    last = following - timedelta(1)
    return last - timedelta((last.weekday() - weekday) % 7)


def easter_sunday(year: int) -> date:
    """Gregorian Easter by the anonymous (Meeus/Jones/Butcher) computation."""
    golden, century, in_century = year % 19, year // 100, year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - epact - in_century % 4) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def _observed(day: date) -> date:
    return day - timedelta(1) if day.weekday() == SATURDAY else day + timedelta(1) if day.weekday() == SUNDAY else day


@functools.lru_cache(maxsize=None)
def holidays(year: int) -> frozenset[date]:
    """Full-day closures of one year.

    Raises
    ------
    CalendarError
        The year is outside 2005-2031.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CalendarError(f"the exchange calendar covers {FIRST_YEAR} to {LAST_YEAR}, not {year}")
    days = {
        nth_weekday(year, 1, MONDAY, 3), nth_weekday(year, 2, MONDAY, 3), easter_sunday(year) - timedelta(2),
        nth_weekday(year, 5, MONDAY, -1), _observed(date(year, 7, 4)), nth_weekday(year, 9, MONDAY, 1),
        nth_weekday(year, 11, THURSDAY, 4), _observed(date(year, 12, 25)),
    }
    if date(year, 1, 1).weekday() != SATURDAY:
        days.add(_observed(date(year, 1, 1)))
    if year >= JUNETEENTH_FROM:
        days.add(_observed(date(year, 6, 19)))
    return frozenset(days | {day for day in IRREGULAR_CLOSURES if day.year == year})


@functools.lru_cache(maxsize=None)
def early_closes(year: int) -> frozenset[date]:
    """Sessions of one year that end at 13:00: before Independence Day, after Thanksgiving, on Christmas Eve."""
    days = {nth_weekday(year, 11, THURSDAY, 4) + timedelta(1)}
    days |= {day for day in (date(year, 7, 3), date(year, 12, 24)) if day.weekday() <= THURSDAY}
    return frozenset(days - holidays(year))


def is_session(day: date) -> bool:
    """Whether the exchange opens on ``day``."""
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def session_minutes(day: date) -> int:
    """Minutes of regular trading on ``day``: 390, or 210 when the exchange closes at 13:00.

    Raises
    ------
    CalendarError
        ``day`` is no session.
    """
    if not is_session(day):
        raise CalendarError(f"{day} is no session of the exchange")
    return EARLY_CLOSE_MINUTES if day in early_closes(day.year) else SESSION_MINUTES


@functools.lru_cache(maxsize=1)
def _all_sessions() -> tuple[date, ...]:
    first, days = date(FIRST_YEAR, 1, 1), (date(LAST_YEAR, 12, 31) - date(FIRST_YEAR, 1, 1)).days + 1
    return tuple(day for day in (first + timedelta(i) for i in range(days)) if is_session(day))


def session_number(day: date) -> int:
    """Count of sessions up to and including ``day``: differences count sessions after one day and up to another."""
    holidays(day.year)
    return bisect.bisect_right(_all_sessions(), day)


def sessions(start: date, end: date) -> tuple[date, ...]:
    """Sessions from ``start`` to ``end``, both included."""
    holidays(start.year)
    holidays(end.year)
    every = _all_sessions()
    return every[bisect.bisect_left(every, start):bisect.bisect_right(every, end)]


def shift_session(day: date, count: int) -> date:
    """Session ``count`` sessions after (before, when negative) ``day``; a closed ``day`` counts as the one before it.

    Raises
    ------
    CalendarError
        The answer lies outside the covered years.
    """
    index = session_number(day) - 1 + count
    if not 0 <= index < len(_all_sessions()):
        raise CalendarError(f"{count} sessions from {day} is outside {FIRST_YEAR} to {LAST_YEAR}")
    return _all_sessions()[index]


def session_on_or_before(day: date) -> date:
    """``day``, or the last session before it when the exchange is closed."""
    return shift_session(day, 0)


def ends_week(day: date) -> bool:
    """Whether ``day`` is the last session of its week: a Friday, or the Thursday before a Friday holiday."""
    return session_on_or_before(day + timedelta(FRIDAY - day.weekday())) == day


def third_friday(year: int, month: int) -> date:
    """Third Friday of a month, whether or not the exchange opens on it."""
    return nth_weekday(year, month, FRIDAY, 3)


def index_sessions(day: date) -> float:
    """Sessions in the thirty days of a volatility index, from the close of ``day``: Cboe's formula joins the last Friday
    expiry within thirty days and the one a week later, by calendar time.
    """
    near = day + timedelta(30 - (day + timedelta(30) - timedelta(FRIDAY)).weekday())
    first, second = (session_number(session_on_or_before(friday)) - session_number(day)
                     for friday in (near, near + timedelta(7)))
    return first + (second - first) * (30 - (near - day).days) / 7
