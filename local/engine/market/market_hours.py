"""Exchange hours as LEAN reads them from `market-hours/market-hours-database.json`."""
from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from local.engine.collections import KeyValuePair
from local.engine.enums import MarketHoursState, SecurityType
from local.engine.market.futures_option_tickers import future_of_option
from local.engine.market.index_options import underlying_index
from local.engine.time_zones import ONE_DAY, convert_to_utc, seconds_of

DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_STATES = {"premarket": MarketHoursState.PRE_MARKET, "market": MarketHoursState.MARKET,
           "postmarket": MarketHoursState.POST_MARKET, "closed": MarketHoursState.CLOSED}
_SEARCH_DAYS = 15


class MarketHoursSegment:
    """One stretch of a day with its state; start and end count from local midnight."""

    __slots__ = ("start", "end", "state", "is_market")

    def __init__(self, state: MarketHoursState, start: timedelta, end: timedelta) -> None:
        self.state, self.start, self.end = state, start, end
        self.is_market = state == MarketHoursState.MARKET

    def contains(self, time: timedelta) -> bool:
        """Whether a time of day lies inside, the end excluded."""
        return self.start <= time < self.end

    def overlaps(self, start: timedelta, end: timedelta) -> bool:
        """Whether a span of the day touches the segment."""
        return self.start < end and self.end > start

    def __repr__(self) -> str:
        return f"{self.state}: {self.start}-{self.end}"


class LocalMarketHours:
    """The segments of one day of one exchange."""

    __slots__ = ("segments", "is_closed_all_day", "is_open_all_day", "market_duration")

    def __init__(self, segments: list[MarketHoursSegment]) -> None:
        self.segments = [s for s in segments if s.state != MarketHoursState.CLOSED]
        self.is_closed_all_day = not self.segments
        self.is_open_all_day = (len(self.segments) == 1 and self.segments[0].is_market
                                and self.segments[0].start == timedelta() and self.segments[0].end == ONE_DAY)
        self.market_duration = sum((s.end - s.start for s in self.segments if s.is_market), timedelta())

    def is_open(self, start: timedelta, end: timedelta, extended: bool) -> bool:
        """Whether the market is open at some moment of a span of the day."""
        if start == end:
            inside = next((s for s in self.segments if s.contains(start)), None)
            return inside is not None and (extended or inside.is_market)
        return any(s.overlaps(start, end) for s in self.segments if extended or s.is_market)

    def get_market_open(self, time: timedelta, extended: bool, previous_end: timedelta | None) -> timedelta | None:
        """Next opening after a time of day that does not merely go on from the stretch before it."""
        previous, from_previous_day = previous_end, True
        for segment in self.segments:
            counts = segment.is_market or extended
            if segment.end > time and counts and not _continues(previous, segment.start, from_previous_day):
                return segment.start
            if counts:
                previous, from_previous_day = segment.end, False
        return None

    def get_market_close(self, time: timedelta, extended: bool, last_close: bool,
                         next_start: timedelta | None) -> timedelta | None:
        """Next close after a time of day, or the day's last one."""
        found: timedelta | None = None
        for index, segment in enumerate(self.segments):
            if segment.end <= time or not (segment.is_market or extended):
                continue
            following, from_next_day = next_start, True
            if index + 1 < len(self.segments):
                after = self.segments[index + 1]
                following, from_next_day = (after.start if after.is_market or extended else None), False
            if last_close:
                found = segment.end
            elif not _continues(segment.end, following, from_next_day):
                return segment.end
        return found


def _continues(previous_end: timedelta | None, next_start: timedelta | None, across_midnight: bool) -> bool:
    if previous_end is None or next_start is None:
        return False
    if across_midnight:
        return previous_end == ONE_DAY and next_start == timedelta()
    return previous_end == next_start


class SecurityExchangeHours:
    """Opening hours of one exchange with its holidays, early closes and late opens, in local time."""

    def __init__(self, time_zone: str, days: dict[int, LocalMarketHours], holidays: set[date],
                 early_closes: dict[date, timedelta], late_opens: dict[date, timedelta],
                 bank_holidays: set[date] | None = None) -> None:
        self.time_zone = time_zone
        self._days, self._holidays = days, holidays
        self._early, self._late = early_closes, late_opens
        self._bank_holidays = bank_holidays or set()
        self._cache: dict[date, LocalMarketHours] = {}
        self._minutes: dict[tuple[date, bool, int], list[tuple[int, int]]] = {}
        durations = [hours.market_duration for hours in days.values()]
        self.regular_market_duration = max(durations, key=lambda d: (durations.count(d), d))
        self.is_market_always_open = all(hours.is_open_all_day for hours in days.values())

    @property
    def content(self) -> tuple[Any, ...]:
        """Everything the hours say. They never change, so two entries that say the same share one object, and with it
        what is worked out for it: spans of days, ends of bars, dates counted back."""
        days = tuple((day, tuple(map(str, hours.segments))) for day, hours in self._days.items())
        return (self.time_zone, days, frozenset(self._holidays), frozenset(self._bank_holidays),
                frozenset(self._early.items()), frozenset(self._late.items()))

    @staticmethod
    def always_open(time_zone: str) -> SecurityExchangeHours:
        """Hours of a market that never closes."""
        segment = MarketHoursSegment(MarketHoursState.MARKET, timedelta(), ONE_DAY)
        return SecurityExchangeHours(time_zone, {d: LocalMarketHours([segment]) for d in range(7)}, set(), {}, {})

    @property
    def holidays(self) -> list[datetime]:
        """Midnights of the days the exchange is shut."""
        return [datetime(d.year, d.month, d.day) for d in sorted(self._holidays)]

    @property
    def bank_holidays(self) -> list[datetime]:
        """Midnights of the bank holidays on which the exchange keeps its own hours."""
        return [datetime(d.year, d.month, d.day) for d in sorted(self._bank_holidays)]

    @property
    def early_closes(self) -> list[KeyValuePair]:
        """Pairs of midnight and early closing time of day."""
        return _pairs(self._early)

    @property
    def late_opens(self) -> list[KeyValuePair]:
        """Pairs of midnight and late opening time of day."""
        return _pairs(self._late)

    def get_market_hours(self, local: datetime) -> LocalMarketHours:
        """Segments of the day a local time falls on."""
        day = local.date() if isinstance(local, datetime) else local
        hours = self._cache.get(day)
        if hours is None:
            hours = self._cache[day] = self._hours_of(day)
        return hours

    def _hours_of(self, day: date) -> LocalMarketHours:
        if day in self._holidays:
            return LocalMarketHours([])
        hours = self._days[day.weekday()]
        early, late = self._early.get(day), self._late.get(day)
        if early is None and late is None:
            return hours
        segments, before_early = hours.segments, None
        if early is not None:
            before_early = _cut_at_early_close(segments, early)
            if late is None or early >= late:
                segments = before_early
        after_late = None
        if late is not None:
            after_late = _cut_at_late_open(segments, late)
            segments = after_late
        if before_early is not None and late is not None and early <= late:
            segments = before_early + after_late
        return LocalMarketHours(segments)

    def is_open(self, start: datetime, end: datetime | bool, extended: bool | None = None) -> bool:
        """Whether the market is open at a local time, or at some moment between two."""
        if extended is None:
            day = start.replace(hour=0, minute=0, second=0, microsecond=0)
            return self.get_market_hours(start).is_open(start - day, start - day, bool(end))
        if start == end:
            return self.is_open(start, extended)
        while start < end:
            midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
            last = min(end, midnight + ONE_DAY - timedelta(microseconds=1))
            if self.get_market_hours(start).is_open(start - midnight, last - midnight, extended):
                return True
            start = midnight + ONE_DAY
        return False

    def is_date_open(self, local: datetime | date, extended_market_hours: bool = False) -> bool:
        """Whether the exchange trades on a date; days with extended hours only count when asked for."""
        hours = self.get_market_hours(local)
        if hours.is_closed_all_day:
            return False
        return extended_market_hours if hours.market_duration == timedelta() else True

    def get_next_market_open(self, local: datetime, extended_market_hours: bool) -> datetime:
        """First opening strictly after a local time."""
        time = local
        yesterday = self.get_market_hours(local - ONE_DAY).segments
        previous_end = yesterday[-1].end if yesterday else None
        limit = _midnight(local) + timedelta(days=_SEARCH_DAYS)
        while time < limit:
            midnight = _midnight(time)
            hours = self.get_market_hours(time)
            if hours.is_closed_all_day:
                previous_end = None
            else:
                opening = hours.get_market_open(time - midnight, extended_market_hours, previous_end)
                if opening is not None and local < midnight + opening:
                    return midnight + opening
                previous_end = None if midnight.date() in self._early else hours.segments[-1].end
            time = midnight + ONE_DAY
        raise ValueError(f"no market open within {_SEARCH_DAYS} days of {local}")

    def get_next_market_close(self, local: datetime, extended_market_hours: bool, last_close: bool = False) -> datetime:
        """First close strictly after a local time; with `last_close` the last one of that day."""
        time = local
        limit = _midnight(local) + timedelta(days=_SEARCH_DAYS)
        while time < limit:
            midnight = _midnight(time)
            hours = self.get_market_hours(time)
            if not hours.is_closed_all_day:
                close = hours.get_market_close(time - midnight, extended_market_hours, last_close,
                                               self._next_day_start(midnight))
                if close is not None and local < midnight + close:
                    return midnight + close
            time = midnight + ONE_DAY
        raise ValueError(f"no market close within {_SEARCH_DAYS} days of {local}")

    def _next_day_start(self, midnight: datetime) -> timedelta | None:
        following = midnight + ONE_DAY
        if following.date() in self._early:
            return None
        segments = self.get_market_hours(following).segments
        return segments[0].start if segments else None

    def get_last_daily_market_close(self, local: datetime, extended_market_hours: bool) -> datetime:
        """Last close of the day a local time falls on (or of the next open day)."""
        return self.get_next_market_close(local, extended_market_hours, last_close=True)

    def get_previous_market_open(self, local: datetime, extended_market_hours: bool, first_open: bool = False) -> datetime:
        """Last opening at or before a local time; with `first_open` the first one of its day."""
        time = local
        if self.get_next_market_open(local - timedelta(microseconds=1), extended_market_hours) == local:
            pass
        for _ in range(9):
            midnight, potential = _midnight(time), None
            for segment in reversed(self.get_market_hours(time).segments):
                opening = midnight + segment.start
                if opening > local or not (segment.is_market or extended_market_hours):
                    continue
                if first_open:
                    potential = opening
                elif self.get_next_market_open(opening - timedelta(microseconds=1), extended_market_hours) == opening:
                    return opening
            if potential is not None:
                return potential
            time -= ONE_DAY
        raise ValueError(f"no market open within 9 days before {local}")

    def get_first_daily_market_open(self, local: datetime, extended_market_hours: bool) -> datetime:
        """First opening of the day a local time falls on."""
        return self.get_previous_market_open(local, extended_market_hours, first_open=True)

    def get_previous_trading_day(self, local: datetime) -> datetime:
        """The same time of day on the last trading day before."""
        return self._step(local, -1)

    def get_next_trading_day(self, local: datetime) -> datetime:
        """The same time of day on the first trading day after."""
        return self._step(local, 1)

    def _step(self, local: datetime, days: int) -> datetime:
        local += timedelta(days=days)
        while not self.is_date_open(local):
            local += timedelta(days=days)
        return local

    def open_spans_utc(self, day: date, extended: bool) -> list[tuple[int, int]]:
        """Epoch seconds (UTC) of the open stretches of a local day."""
        key = (day, extended, 0)
        spans = self._minutes.get(key)
        if spans is None:
            midnight = datetime(day.year, day.month, day.day)
            spans = self._minutes[key] = [
                (self._utc_seconds(midnight + s.start), self._utc_seconds(midnight + s.end))
                for s in self.get_market_hours(day).segments if extended or s.is_market]
        return spans

    def _utc_seconds(self, local: datetime) -> int:
        return seconds_of(convert_to_utc(local, self.time_zone))


def _midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _pairs(items: dict[date, timedelta]) -> list[KeyValuePair]:
    return [KeyValuePair(datetime(d.year, d.month, d.day), value) for d, value in items.items()]


def _cut_at_early_close(segments: list[MarketHoursSegment], close: timedelta) -> list[MarketHoursSegment]:
    for index, segment in enumerate(segments):
        if segment.start <= close <= segment.end:
            return segments[:index] + [MarketHoursSegment(segment.state, segment.start, close)]
        if close < segment.start:
            return segments[:max(index - 1, 0)]
    return list(segments)


def _cut_at_late_open(segments: list[MarketHoursSegment], opening: timedelta) -> list[MarketHoursSegment]:
    for index, segment in enumerate(segments):
        if segment.start <= opening <= segment.end:
            return [MarketHoursSegment(segment.state, opening, segment.end)] + segments[index + 1:]
        if opening < segment.start:
            return segments[index:]
    return list(segments)


class MarketHoursEntry:
    """Hours of a market with the zone its data files are written in."""

    __slots__ = ("data_time_zone", "exchange_hours")

    def __init__(self, data_time_zone: str, exchange_hours: SecurityExchangeHours) -> None:
        self.data_time_zone, self.exchange_hours = data_time_zone, exchange_hours


class MarketHoursDatabase:
    """The market hours of a data folder, built entry by entry as they are asked for."""

    def __init__(self, entries: dict[str, dict[str, Any]]) -> None:
        self._raw = {key.lower(): value for key, value in entries.items()}
        self._built: dict[str, MarketHoursEntry] = {}
        self._exchanges: dict[tuple[Any, ...], SecurityExchangeHours] = {}

    @staticmethod
    @functools.lru_cache(maxsize=4)
    def of_folder(data_folder: Path) -> MarketHoursDatabase:
        """Database of a data folder (read once)."""
        path = Path(data_folder) / "market-hours" / "market-hours-database.json"
        with path.open(encoding="utf-8") as file:
            return MarketHoursDatabase(json.load(file)["entries"])

    def get_entry(self, market: str, ticker: str, security_type: SecurityType) -> MarketHoursEntry:
        """Entry of a ticker, else of its market.

        Raises
        ------
        KeyError
            When neither the ticker nor its market is in the database.
        """
        for key in self._keys(market, ticker, security_type):
            if key in self._raw:
                return self._entry(key)
        raise KeyError(f"market hours of {_type_name(security_type)}-{market}-{ticker} not in the database")

    def _keys(self, market: str, ticker: str, security_type: SecurityType) -> Iterator[str]:
        yield f"{_type_name(security_type)}-{market}-{ticker}".lower()
        yield f"{_type_name(security_type)}-{market}-[*]".lower()
        if security_type == SecurityType.FUTURE_OPTION:
            yield from self._keys(market, future_of_option(ticker), SecurityType.FUTURE)

    def _entry(self, key: str) -> MarketHoursEntry:
        if key not in self._built:
            self._built[key] = self._build(key)
        return self._built[key]

    def _build(self, key: str) -> MarketHoursEntry:
        raw = self._raw[key]
        days = {index: LocalMarketHours([_segment(s) for s in raw.get(name) or []])
                for index, name in enumerate(DAY_NAMES)}
        holidays = {_day(text) for text in raw.get("holidays") or []}
        banks = {_day(text) for text in raw.get("bankHolidays") or []}
        early = {_day(text): _span(value) for text, value in (raw.get("earlyCloses") or {}).items()}
        late = {_day(text): _span(value) for text, value in (raw.get("lateOpens") or {}).items()}
        kind, market, ticker = key.split("-", 2)
        underlying = self._underlying_hours(kind, market, ticker)
        if underlying is not None:
            holidays, banks = holidays or underlying._holidays, banks or underlying._bank_holidays
            early, late = early or underlying._early, late or underlying._late
        common_key = f"{kind}-{market}-[*]"
        if ticker != "[*]" and common_key in self._raw:
            common = self._entry(common_key).exchange_hours
            holidays, banks = holidays | common._holidays, banks | common._bank_holidays
            early, late = {**common._early, **early}, {**common._late, **late}
        hours = SecurityExchangeHours(raw["exchangeTimeZone"], days, holidays, early, late, banks)
        return MarketHoursEntry(raw["dataTimeZone"], self._exchanges.setdefault(hours.content, hours))

    def _underlying_hours(self, kind: str, market: str, ticker: str) -> SecurityExchangeHours | None:
        types = {"option": "equity", "indexoption": "index", "futureoption": "future"}
        if kind not in types:
            return None
        name = ticker.upper()
        mapped = {"indexoption": underlying_index, "futureoption": future_of_option}.get(kind, str)(name).lower()
        for key in (f"{types[kind]}-{market}-{mapped}", f"{types[kind]}-{market}-[*]"):
            if key in self._raw:
                return self._entry(key).exchange_hours
        return None


def _type_name(security_type: SecurityType) -> str:
    return security_type.name.replace("_", "")


def _segment(raw: dict[str, str]) -> MarketHoursSegment:
    return MarketHoursSegment(_STATES[raw["state"]], _span(raw["start"]), _span(raw["end"]))


def _day(text: str) -> date:
    month, day, year = text.split("/")
    return date(int(year), int(month), int(day))


def _span(text: str) -> timedelta:
    parts = [int(part) for part in text.replace(".", ":").split(":")]
    days = parts.pop(0) if len(parts) == 4 else 0
    return timedelta(days=days, hours=parts[0], minutes=parts[1], seconds=parts[2])
