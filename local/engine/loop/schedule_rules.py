"""Date rules and time rules of scheduled events."""
from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.engine.enums import DayOfWeek
from local.engine.errors import MemberNotSupported
from local.engine.market.market_hours import SecurityExchangeHours
from local.engine.time_zones import NEW_YORK, ONE_DAY, convert_from_utc, convert_to_utc

HoursOf = Callable[[Any], SecurityExchangeHours]


class DateRule:
    """A named source of dates (midnights)."""

    def __init__(self, name: str, dates: Callable[[datetime, datetime], Iterable[datetime]]) -> None:
        self.name, self._dates = name, dates

    def get_dates(self, start: datetime, end: datetime) -> Iterable[datetime]:
        """Dates between two instants, in order."""
        return self._dates(start, end)


class TimeRule:
    """A named map from dates to UTC times."""

    def __init__(self, name: str, times: Callable[[Iterable[datetime]], Iterable[datetime]]) -> None:
        self.name, self._times = name, times

    def create_utc_event_times(self, dates: Iterable[datetime]) -> Iterable[datetime]:
        """UTC times of an event on the dates given."""
        return self._times(dates)


def each_day(start: datetime, end: datetime) -> Iterator[datetime]:
    """Midnights from one day to another, both included."""
    day, last = _midnight(start), _midnight(end)
    while day < last:
        yield day
        day += ONE_DAY
    yield last


def _midnight(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0, second=0, microsecond=0)


class DateRules:
    """The algorithm's `date_rules`."""

    def __init__(self, hours_of: HoursOf, utc_now: Callable[[], datetime], time_zone: Callable[[], str]) -> None:
        self._hours_of, self._utc_now, self._time_zone = hours_of, utc_now, time_zone

    def on(self, *args: Any) -> DateRule:
        """A date given as year, month, day, or as one or more dates."""
        if len(args) == 3 and all(isinstance(arg, int) for arg in args):
            days = [datetime(*args)]
        else:
            given = args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args
            days = [datetime(d.year, d.month, d.day) for d in given]
        name = ",".join(f"{d.month}/{d.day}/{d.year}" for d in days)
        return DateRule(name, lambda start, end: (d for d in days if start <= d <= end))

    @property
    def today(self) -> DateRule:
        """The current date."""
        return DateRule("TodayOnly", lambda start, end: [self._local_midnight()])

    @property
    def tomorrow(self) -> DateRule:
        """The date after the current one."""
        return DateRule("TomorrowOnly", lambda start, end: [self._local_midnight() + ONE_DAY])

    def _local_midnight(self) -> datetime:
        return _midnight(convert_from_utc(self._utc_now(), self._time_zone()))

    def every(self, *days: DayOfWeek) -> DateRule:
        """Every week on the days given."""
        wanted = {(int(day) - 1) % 7 for day in (days[0] if isinstance(days[0], (list, tuple)) else days)}
        name = ",".join(str(day) for day in days)
        return DateRule(name, lambda start, end: (d for d in each_day(start, end) if d.weekday() in wanted))

    def every_day(self, symbol: Any = None, extended_market_hours: bool = False) -> DateRule:
        """Every calendar day, or every day a security trades."""
        if symbol is None:
            return DateRule("EveryDay", each_day)
        hours = self._hours_of(symbol)
        return DateRule(f"{_value(symbol)}: EveryDay", lambda start, end: (
            d for d in each_day(start, end) if hours.is_date_open(d, extended_market_hours)))

    def week_start(self, *args: Any, **named: Any) -> DateRule:
        """First trading day of each week (Monday without a symbol), plus an offset in trading days."""
        return self._period("WeekStart", True, args, named)

    def week_end(self, *args: Any, **named: Any) -> DateRule:
        """Last trading day of each week (Friday without a symbol), less an offset in trading days."""
        return self._period("WeekEnd", False, args, named)

    def month_start(self, *args: Any, **named: Any) -> DateRule:
        """First trading day of each month, plus an offset in trading days."""
        return self._period("MonthStart", True, args, named)

    def month_end(self, *args: Any, **named: Any) -> DateRule:
        """Last trading day of each month, less an offset in trading days."""
        return self._period("MonthEnd", False, args, named)

    def quarter_start(self, *args: Any, **named: Any) -> DateRule:
        """First trading day of each quarter, plus an offset in trading days."""
        return self._period("QuarterStart", True, args, named)

    def quarter_end(self, *args: Any, **named: Any) -> DateRule:
        """Last trading day of each quarter, less an offset in trading days."""
        return self._period("QuarterEnd", False, args, named)

    def year_start(self, *args: Any, **named: Any) -> DateRule:
        """First trading day of each year, plus an offset in trading days."""
        return self._period("YearStart", True, args, named)

    def year_end(self, *args: Any, **named: Any) -> DateRule:
        """Last trading day of each year, less an offset in trading days."""
        return self._period("YearEnd", False, args, named)

    def _period(self, kind: str, forward: bool, args: tuple[Any, ...], named: dict[str, Any]) -> DateRule:
        symbol, offset, extended = _period_arguments(args, named)
        limit = {"Week": 6, "Month": 30, "Quarter": 92, "Year": 365}[kind.removesuffix("Start").removesuffix("End")]
        if not 0 <= offset <= limit:
            raise ValueError(f"date_rules.{kind}: offset must be between 0 and {limit}")
        hours = SecurityExchangeHours.always_open(NEW_YORK) if symbol is None else self._hours_of(symbol)
        bounds = _week_bounds if kind.startswith("Week") else _BOUNDS[kind.removesuffix("Start").removesuffix("End")]

        def dates(start: datetime, end: datetime) -> Iterator[datetime]:
            for first, last in bounds(start, end, None if symbol is None else hours):
                base, boundary = (first, last) if forward else (last, first)
                day = _scheduled_day(hours, base, offset, forward, extended, boundary)
                if start <= day <= end:
                    yield day

        sign = "" if offset == 0 else f"{offset if forward else -offset:+d}"
        return DateRule(f"{'' if symbol is None else _value(symbol) + ': '}{kind}{sign}", dates)

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            raise MemberNotSupported(f"DateRules.{name}")


def _period_arguments(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, int, bool]:
    values = dict(named)
    positional = list(args)
    if positional and not isinstance(positional[0], int):
        values.setdefault("symbol", positional.pop(0))
    for name, value in zip(("days_offset", "extended_market_hours"), positional):
        values.setdefault(name, value)
    symbol = values.get("symbol")
    return symbol, int(values.get("days_offset", 0)), bool(values.get("extended_market_hours", symbol is not None))


def _scheduled_day(hours: SecurityExchangeHours, base: datetime, offset: int, forward: bool, extended: bool,
                   boundary: datetime | None) -> datetime:
    step = hours.get_next_trading_day if forward else hours.get_previous_trading_day
    day = base if hours.is_date_open(base, extended) else step(base)
    for _ in range(offset):
        day = step(day)
    if boundary is not None and (day > boundary if forward else day < boundary):
        return _scheduled_day(hours, boundary, 0, not forward, extended, None)
    return day


def _week_bounds(start: datetime, end: datetime, hours: SecurityExchangeHours | None) -> Iterator[tuple[datetime, datetime]]:
    monday = _midnight(start) - timedelta(days=start.weekday())
    first, last = 0, 4
    if hours is not None:
        open_days = [d for d in (6, 0, 1, 2, 3, 4, 5) if not hours._days[d].is_closed_all_day]
        first, last = open_days[0], open_days[-1]
        first = -1 if first == 6 else first
    while monday <= end - timedelta(days=7):
        yield monday + timedelta(days=first), monday + timedelta(days=last)
        monday += timedelta(days=7)


def _months(size: int) -> Callable[..., Iterator[tuple[datetime, datetime]]]:
    def bounds(start: datetime, end: datetime, _: Any) -> Iterator[tuple[datetime, datetime]]:
        index = start.year * 12 + (start.month - 1) // size * size
        while index // 12 < min(end.year, 9990):
            last_index = index + size - 1
            year, month = last_index // 12, last_index % 12 + 1
            yield (datetime(index // 12, index % 12 + 1, 1),
                   datetime(year, month, calendar.monthrange(year, month)[1]))
            index += size
    return bounds


_BOUNDS = {"Month": _months(1), "Quarter": _months(3), "Year": _months(12)}


def _value(symbol: Any) -> str:
    return getattr(symbol, "value", symbol)


class TimeRules:
    """The algorithm's `time_rules`."""

    def __init__(self, hours_of: HoursOf, utc_now: Callable[[], datetime], time_zone: Callable[[], str],
                 all_hours: Callable[[], list[SecurityExchangeHours]]) -> None:
        self._hours_of, self._utc_now, self._time_zone, self._all_hours = hours_of, utc_now, time_zone, all_hours

    @property
    def now(self) -> TimeRule:
        """The moment the times are asked for."""
        return TimeRule("Now", lambda dates: (self._utc_now() for _ in dates))

    @property
    def midnight(self) -> TimeRule:
        """Midnight in the algorithm's time zone."""
        return TimeRule("Midnight", lambda dates: (convert_to_utc(d, self._time_zone()) for d in dates))

    @property
    def noon(self) -> TimeRule:
        """Noon in the algorithm's time zone."""
        half = timedelta(hours=12)
        return TimeRule("Noon", lambda dates: (convert_to_utc(d, self._time_zone()) + half for d in dates))

    def at(self, *args: Any) -> TimeRule:
        """A time of day: a timedelta, or hour, minute[, second][, time zone]."""
        zone = args[-1] if isinstance(args[-1], str) else None
        parts = args[:-1] if zone else args
        span = parts[0] if isinstance(parts[0], timedelta) else timedelta(
            hours=parts[0], minutes=parts[1], seconds=parts[2] if len(parts) > 2 else 0)
        return TimeRule(f"{span.total_seconds() / 3600:.4g}", lambda dates: (
            convert_to_utc(d + span, zone or self._time_zone()) for d in dates))

    def every(self, interval: timedelta) -> TimeRule:
        """Every interval of each day, counted from midnight."""
        if interval <= timedelta():
            raise ValueError("time_rules.every: the interval must be positive")

        def times(dates: Iterable[datetime]) -> Iterator[datetime]:
            for day in dates:
                span = timedelta()
                while span < ONE_DAY:
                    yield convert_to_utc(day + span, self._time_zone())
                    span += interval

        return TimeRule(f"Every {interval.total_seconds() / 60:g} min", times)

    def after_market_open(self, symbol: Any = None, minutes_after_open: float = 0, extended_market_open: bool = False) -> TimeRule:
        """Minutes after the first opening of a security's day (of the earliest market without a symbol)."""
        symbol, minutes, extended = _market_arguments(symbol, minutes_after_open, extended_market_open)
        name = f"{symbol}: {abs(minutes):g} min after MarketOpen"
        return TimeRule(name, lambda dates: self._market_times(dates, symbol, extended, True, timedelta(minutes=minutes)))

    def before_market_open(self, symbol: Any = None, minutes_before_open: float = 0, extended_market_open: bool = False) -> TimeRule:
        """Minutes before the first opening of a security's day."""
        symbol, minutes, extended = _market_arguments(symbol, minutes_before_open, extended_market_open)
        return self.after_market_open(symbol, -minutes, extended)

    def before_market_close(self, symbol: Any = None, minutes_before_close: float = 0,
                            extended_market_close: bool = False) -> TimeRule:
        """Minutes before the last close of a security's day (of the latest market without a symbol)."""
        symbol, minutes, extended = _market_arguments(symbol, minutes_before_close, extended_market_close)
        name = f"{symbol}: {abs(minutes):g} min before MarketClose"
        return TimeRule(name, lambda dates: self._market_times(dates, symbol, extended, False, -timedelta(minutes=minutes)))

    def after_market_close(self, symbol: Any = None, minutes_after_close: float = 0,
                           extended_market_close: bool = False) -> TimeRule:
        """Minutes after the last close of a security's day."""
        symbol, minutes, extended = _market_arguments(symbol, minutes_after_close, extended_market_close)
        return self.before_market_close(symbol, -minutes, extended)

    def _market_times(self, dates: Iterable[datetime], symbol: Any, extended: bool, opening: bool,
                      shift: timedelta) -> Iterator[datetime]:
        exchanges = self._all_hours() if symbol is None else [self._hours_of(symbol)]
        for day in dates:
            found = [convert_to_utc(when + shift, hours.time_zone) for hours in exchanges
                     for when in [_market_time(hours, day, extended, opening)] if when is not None]
            if found:
                yield min(found) if opening else max(found)

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            raise MemberNotSupported(f"TimeRules.{name}")


def _market_arguments(symbol: Any, minutes: float, extended: bool) -> tuple[Any, float, bool]:
    """Both call forms: with a symbol first, and with the minutes first."""
    if isinstance(symbol, (int, float)):
        return None, symbol, bool(minutes)
    return symbol, minutes, extended


def _market_time(hours: SecurityExchangeHours, day: datetime, extended: bool, opening: bool) -> datetime | None:
    if not hours.is_date_open(day, extended):
        return None
    if not opening:
        return hours.get_last_daily_market_close(day, extended)
    when = hours.get_first_daily_market_open(day + ONE_DAY - timedelta(microseconds=1), extended)
    return when if when.date() == date(day.year, day.month, day.day) else None
