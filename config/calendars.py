"""Dates the method must know beforehand: FOMC decisions, earnings, ex-dividend days, roll weeks, triple witching.

Trading days and hours come from LEAN. The dates here are public record or rules of the exchange, each calendar with the
range of days it covers. Beyond that range, every function returns ``Refused(CALENDAR_UNCOVERED)``; its facts say which
calendar ended, when, and how to continue it. FOMC days, triple witching and roll weeks reach to the end of 2027.
Earnings and ex-dividend days are announced a few weeks ahead, so their calendars end soon after the last known one. The
user continues them with the parameter ``dates`` (``config/own_dates.py``), which comes here with the day's facts.
"""

from __future__ import annotations

from calendar import FRIDAY
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final, Mapping

from core.codes import RefusalCode
from core.model import EMPTY, CalendarFacts, Refused

NORMAL_CLOSE: Final = time(16, 0)
QUARTER_MONTHS: Final = (3, 6, 9, 12)
THIRD_FRIDAY_FIRST_DAY: Final = 15
ROLL_WEEKDAYS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The first and last day that a calendar covers, and what continues it."""

    first: date
    last: date
    continued_by: str = "config/calendars.py"

    def refuses(self, calendar: str, day: date) -> Refused | None:
        """``CALENDAR_UNCOVERED`` if ``day`` lies outside; otherwise None."""
        if self.first <= day <= self.last:
            return None
        return Refused(code=RefusalCode.CALENDAR_UNCOVERED, facts={
            "calendar": calendar, "day": day.isoformat(), "first": self.first.isoformat(),
            "last": self.last.isoformat(), "continued_by": self.continued_by})


def _dates(by_year: Mapping[int, str]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(f"{year}-{day}") for year, days in by_year.items() for day in days.split())


_RECORD_BEGINS: Final = date(2015, 1, 1)
_RULES_COVER: Final = Coverage(first=_RECORD_BEGINS, last=date(2027, 12, 31))

# Second day of each scheduled meeting, as published by the Federal Reserve (2027 tentative). The meeting scheduled for
# 2020-03-18 was not held.
FOMC_SCHEDULED: Final = _dates({
    2015: "01-28 03-18 04-29 06-17 07-29 09-17 10-28 12-16", 2016: "01-27 03-16 04-27 06-15 07-27 09-21 11-02 12-14",
    2017: "02-01 03-15 05-03 06-14 07-26 09-20 11-01 12-13", 2018: "01-31 03-21 05-02 06-13 08-01 09-26 11-08 12-19",
    2019: "01-30 03-20 05-01 06-19 07-31 09-18 10-30 12-11", 2020: "01-29 04-29 06-10 07-29 09-16 11-05 12-16",
    2021: "01-27 03-17 04-28 06-16 07-28 09-22 11-03 12-15", 2022: "01-26 03-16 05-04 06-15 07-27 09-21 11-02 12-14",
    2023: "02-01 03-22 05-03 06-14 07-26 09-20 11-01 12-13", 2024: "01-31 03-20 05-01 06-12 07-31 09-18 11-07 12-18",
    2025: "01-29 03-19 05-07 06-18 07-30 09-17 10-29 12-10", 2026: "01-28 03-18 04-29 06-17 07-29 09-16 10-28 12-09",
    2027: "01-27 03-17 04-28 06-09 07-28 09-15 10-27 12-08",
})
# Decisions outside the schedule. Nobody knew of them the day before, so no rule that looks ahead may use them.
FOMC_UNSCHEDULED: Final = _dates({2020: "03-03 03-15"})
FOMC_COVERS: Final = _RULES_COVER
_FOMC_DAYS: Final = frozenset(FOMC_SCHEDULED + FOMC_UNSCHEDULED)

# Events that a hedge may be bought before. They are the FOMC's only: dates of other releases are not covered here.
HEDGE_EVENTS: Final = FOMC_SCHEDULED

# A company does not report twice within two months, nor pay two quarterly dividends within seventy days. So a calendar
# covers that many days beyond its last date.
QUIET_DAYS: Final[Mapping[str, int]] = MappingProxyType({"earnings": 60, "ex_dividends": 70})
LONGEST_QUARTER_DAYS: Final = 112
AnnouncedDates = Mapping[str, Mapping[str, tuple[date, ...]]]

# Days on which results were published (after the close), from the companies' own announcements.
EARNINGS: Final[Mapping[str, tuple[date, ...]]] = MappingProxyType({
    "AAPL": _dates({
        2015: "01-27 04-27 07-21 10-27", 2016: "01-26 04-26 07-26 10-25", 2017: "01-31 05-02 08-01 11-02",
        2018: "02-01 05-01 07-31 11-01", 2019: "01-29 04-30 07-30 10-30", 2020: "01-28 04-30 07-30 10-29",
        2021: "01-27 04-28 07-27 10-28", 2022: "01-27 04-28 07-28 10-27", 2023: "02-02 05-04 08-03 11-02",
        2024: "02-01 05-02 08-01 10-31", 2025: "01-30 05-01 07-31 10-30", 2026: "01-29 04-30 07-30"}),
    "MSFT": _dates({
        2015: "01-26 04-23 07-21 10-22", 2016: "01-28 04-21 07-19 10-20", 2017: "01-26 04-27 07-20 10-26",
        2018: "01-31 04-26 07-19 10-24", 2019: "01-30 04-24 07-18 10-23", 2020: "01-29 04-29 07-22 10-27",
        2021: "01-26 04-27 07-27 10-26", 2022: "01-25 04-26 07-26 10-25", 2023: "01-24 04-25 07-25 10-24",
        2024: "01-30 04-25 07-30 10-30", 2025: "01-29 04-30 07-30 10-29", 2026: "01-28 04-29 07-29"}),
})

# Ex-dividend days. SPY's is the third Friday of a quarter's last month, QQQ's the next session (see the rules below).
EX_DIVIDENDS: Final[Mapping[str, tuple[date, ...]]] = MappingProxyType({
    "IWM": _dates({
        2015: "03-25 07-02 09-25 12-24", 2016: "03-23 07-06 09-26 12-22", 2017: "03-24 07-06 09-26 12-21",
        2018: "03-22 07-03 09-26 12-17", 2019: "03-20 06-17 09-24 12-16", 2020: "03-25 06-15 09-23 12-14",
        2021: "03-25 06-10 09-24 12-13", 2022: "03-24 06-09 09-26 12-13", 2023: "03-23 06-07 09-26 12-20",
        2024: "03-21 06-11 09-25 12-17", 2025: "03-18 06-16 09-16 12-16"}),
    "AAPL": _dates({
        2015: "02-05 05-07 08-06 11-05", 2016: "02-04 05-05 08-04 11-03", 2017: "02-09 05-11 08-10 11-10",
        2018: "02-09 05-11 08-10 11-08", 2019: "02-08 05-10 08-09 11-07", 2020: "02-07 05-08 08-07 11-06",
        2021: "02-05 05-07 08-06 11-05", 2022: "02-04 05-06 08-05 11-04", 2023: "02-10 05-12 08-11 11-10",
        2024: "02-09 05-10 08-12 11-08", 2025: "02-10 05-12 08-11 11-10", 2026: "02-09 05-11 08-10"}),
    "MSFT": _dates({
        2015: "02-17 05-19 08-18 11-17", 2016: "02-16 05-17 08-16 11-15", 2017: "02-14 05-16 08-15 11-15",
        2018: "02-14 05-16 08-15 11-14", 2019: "02-20 05-15 08-14 11-20", 2020: "02-19 05-20 08-19 11-18",
        2021: "02-17 05-19 08-18 11-17", 2022: "02-16 05-18 08-17 11-16", 2023: "02-15 05-17 08-16 11-15",
        2024: "02-14 05-15 08-15 11-21", 2025: "02-20 05-15 08-21 11-20", 2026: "02-19 05-21 08-20 11-19"}),
})

# Splits: the first day of trading in new shares, and the number of new shares per old share.
SPLITS: Final[Mapping[str, Mapping[date, float]]] = MappingProxyType({
    "AAPL": MappingProxyType({date(2014, 6, 9): 7.0, date(2020, 8, 31): 4.0})})
SHARES: Final = ("SPY", "QQQ", "IWM", "AAPL", "MSFT")

# Calendars that the user continues, by the kind the user names; and symbols whose days follow a rule, or that have none.
CONTINUED: Final[AnnouncedDates] = MappingProxyType({"earnings": EARNINGS, "ex_dividends": EX_DIVIDENDS})
_FUNDS: Final = ("SPY", "QQQ", "IWM")
_BY_RULE: Final = ("SPY", "QQQ")

# Delivery months of metals. They are rolled by the last weekday of the month before (first notice day).
_METAL_NOTICE_MONTHS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType({
    "/GC": (1, 3, 5, 7, 9, 11), "/MGC": (1, 3, 5, 7, 9, 11), "/SI": (2, 4, 6, 8, 11)})
_INDEX_FUTURES: Final = ("/ES", "/MES")
# The number of weekdays before the 25th on which the oil future ends. The micro ends a day before the full size.
_OIL_DAYS_BEFORE: Final[Mapping[str, int]] = MappingProxyType({"/CL": 3, "/MCL": 4})
_INDEX_ROLL_DAYS: Final = 8
_OIL_REFERENCE_DAY: Final = 25


# --- rules ----------------------------------------------------------------------------------------------------------


def third_friday(year: int, month: int) -> date:
    """Third Friday of a month."""
    first = date(year, month, THIRD_FRIDAY_FIRST_DAY)
    return first + timedelta(days=(FRIDAY - first.weekday()) % 7)


def _weekdays_back(day: date, count: int) -> date:
    while count:
        day -= timedelta(days=1)
        count -= day.weekday() <= FRIDAY
    return day


def _last_weekday_until(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - FRIDAY))


def _quarterly_expiry(day: date, next_session: date) -> bool:
    """Whether ``day`` is the session on which the quarter's options and futures end: the third Friday, or the session
    before if the exchange is closed on that Friday."""
    if day.month not in QUARTER_MONTHS:
        return False
    friday = third_friday(day.year, day.month)
    return day == friday or day < friday < next_session


def is_triple_witching(day: date, next_session: date) -> bool | Refused:
    """Whether stock options, index options and index futures all expire on ``day`` (see :func:`_quarterly_expiry`)."""
    return _RULES_COVER.refuses("triple witching", day) or _quarterly_expiry(day, next_session)


def is_fomc_day(day: date) -> bool | Refused:
    """Whether the FOMC decides on ``day``, scheduled or not."""
    return FOMC_COVERS.refuses("FOMC", day) or day in _FOMC_DAYS


def is_roll_week(product: str, day: date) -> bool | Refused:
    """Whether trading in ``product`` moves from one contract month to the next around ``day``.

    Index futures: from the Thursday eight days before the quarterly third Friday through that Friday. Oil: the last
    trading day of the month's future (three weekdays before the 25th, four for the micro) and the five weekdays before
    it. Metals: first notice day (the last weekday before the delivery month) and the five weekdays before it. Exchange
    holidays move these ends by at most a day, which the weeks allow for.

    Raises
    ------
    KeyError
        If the product has no rule.
    """
    refused = _RULES_COVER.refuses("roll weeks", day)
    if refused is not None:
        return refused
    if product in _INDEX_FUTURES:
        friday = third_friday(day.year, day.month)
        return day.month in QUARTER_MONTHS and friday - timedelta(days=_INDEX_ROLL_DAYS) <= day <= friday
    if product in _OIL_DAYS_BEFORE:
        reference = _last_weekday_until(day.replace(day=_OIL_REFERENCE_DAY))
        end = _weekdays_back(reference, _OIL_DAYS_BEFORE[product])
    elif day.month in _METAL_NOTICE_MONTHS[product]:
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        end = _last_weekday_until(following - timedelta(days=1))
    else:
        return False
    return _weekdays_back(end, ROLL_WEEKDAYS - 1) <= day <= end


def known_dates(kind: str, symbol: str, calendar: CalendarFacts) -> tuple[tuple[date, ...], Coverage] | None:
    """Days of a kind (``earnings``, ``ex_dividends``) and how far they reach, including the user's own. None for a
    symbol without such a calendar."""
    days = CONTINUED[kind].get(symbol)
    if days is None:
        return None
    days += calendar.announced.get(kind, EMPTY).get(symbol, ())
    return days, Coverage(first=_RECORD_BEGINS, last=days[-1] + timedelta(days=QUIET_DAYS[kind]),
                          continued_by="parameter dates")


def earnings_within(symbol: str, calendar: CalendarFacts, days: int) -> date | None | Refused:
    """First earnings day of ``symbol`` from today to ``days`` calendar days later, both included. None if there is
    none, or if ``symbol`` is a fund and has no earnings.

    Raises
    ------
    ValueError
        If ``days`` is negative.
    """
    if days < 0:
        raise ValueError(f"days must not be negative: {days}")
    if symbol in _FUNDS:
        return None
    today, name = calendar.today, f"earnings {symbol}"
    known = known_dates("earnings", symbol, calendar)
    if known is None:
        return _unknown(name, today)
    dates, cover = known
    last = today + timedelta(days=days)
    refused = cover.refuses(name, today) or cover.refuses(name, last)
    if refused is not None:
        return refused
    return next((earnings for earnings in dates if today <= earnings <= last), None)


def ex_dividends_reach(symbol: str, day: date, calendar: CalendarFacts) -> Refused | None:
    """``CALENDAR_UNCOVERED`` if the ex-dividend days of ``symbol`` are not known up to ``day``. No call that lives
    longer is sold, because nobody would know when to buy it back."""
    name = f"ex-dividends {symbol}"
    if symbol in _BY_RULE:
        return _RULES_COVER.refuses(name, day)
    known = known_dates("ex_dividends", symbol, calendar)
    return _unknown(name, day) if known is None else known[1].refuses(name, day)


def ex_dividend_next_session(symbol: str, calendar: CalendarFacts) -> bool | Refused:
    """Whether the next session is an ex-dividend day of ``symbol``. Short calls in the money are then bought back
    today."""
    day = calendar.next_session
    refused = ex_dividends_reach(symbol, day, calendar)
    if refused is not None:
        return refused
    friday = third_friday(day.year, day.month)
    if symbol == "SPY":
        return day.month in QUARTER_MONTHS and (day == friday or _closed_before(friday, calendar))
    if symbol == "QQQ":
        return day.month in QUARTER_MONTHS and calendar.today <= friday < day
    known = known_dates("ex_dividends", symbol, calendar)
    return _unknown(f"ex-dividends {symbol}", day) if known is None else day in known[0]


def _closed_before(friday: date, calendar: CalendarFacts) -> bool:
    """Whether the third Friday is not a session and the next session is the last one before it."""
    later = calendar.sessions_ahead[1:2]
    return bool(later) and calendar.next_session < friday < later[0]


def _unknown(calendar: str, day: date) -> Refused:
    return Refused(code=RefusalCode.CALENDAR_UNCOVERED, facts={"calendar": calendar, "day": day.isoformat()})


def split_within(symbol: str, calendar: CalendarFacts, days: int) -> date | None:
    """First split of ``symbol`` from today to ``days`` calendar days later, both included, among those on record and
    those announced by the user or by LEAN. None if none is known. This calendar has no end: splits are announced weeks
    ahead."""
    announced = calendar.announced.get("splits", EMPTY).get(symbol, ())
    last = calendar.today + timedelta(days=days)
    return min((day for day in (*SPLITS.get(symbol, EMPTY), *announced) if calendar.today <= day <= last), default=None)


def split_next_session(symbol: str, calendar: CalendarFacts) -> date | None:
    """The split of ``symbol`` that takes effect before the next session begins, if there is one."""
    found = split_within(symbol, calendar, (calendar.next_session - calendar.today).days)
    return found if found is not None and found > calendar.today else None


def event_within(calendar: CalendarFacts, sessions: int) -> date | None | Refused:
    """First listed event from today to ``sessions`` trading days ahead, both included; None if there is none.

    Returns
    -------
    date, None or Refused
        ``CALENDAR_UNCOVERED`` beyond the list; ``GUARD_CANNOT_COMPUTE`` if fewer sessions ahead are known.
    """
    if len(calendar.sessions_ahead) < sessions:
        return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={
            "guard": "events", "sessions": sessions, "known": len(calendar.sessions_ahead)})
    last = calendar.sessions_ahead[sessions - 1] if sessions else calendar.today
    refused = FOMC_COVERS.refuses("events", calendar.today) or FOMC_COVERS.refuses("events", last)
    if refused is not None:
        return refused
    return next((event for event in HEDGE_EVENTS if calendar.today <= event <= last), None)


def calendar_facts(today: date, *, session_open: datetime | None, session_close: datetime | None,
                   previous_session: date, next_session: date, sessions_ahead: tuple[date, ...] = ()) -> CalendarFacts:
    """Facts of one day: LEAN's hours, and what the calendars here say.

    Parameters
    ----------
    session_open, session_close : datetime or None
        New York time. Both are None on a day without a session.
    sessions_ahead : tuple of date
        Later trading days, ascending, beginning with ``next_session``. Rules that look ahead refuse without them.

    Notes
    -----
    Beyond the FOMC calendar, ``uncovered`` says so and ``is_fomc_day`` reads True, which is the stricter answer:
    entries refuse, exits continue.
    """
    fomc = is_fomc_day(today)
    witching = is_triple_witching(today, next_session)
    uncovered = tuple(str(answer.facts["calendar"]) for answer in (fomc, witching) if isinstance(answer, Refused))
    return CalendarFacts(
        today=today, session_open=session_open, session_close=session_close, previous_session=previous_session,
        next_session=next_session, is_early_close=session_close is not None and session_close.time() < NORMAL_CLOSE,
        is_fomc_day=isinstance(fomc, Refused) or fomc, is_triple_witching=isinstance(witching, Refused) or witching,
        sessions_ahead=sessions_ahead, uncovered=uncovered)
