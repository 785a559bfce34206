"""Consolidators: longer bars made of shorter ones, emitted as LEAN emits them."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from local.engine.enums import TickType
from local.engine.errors import ArgumentException
from local.engine.indicators.base import EventHandlers, RollingWindow
from local.engine.market.bars import Bar, BaseData, QuoteBar, TradeBar
from local.engine.time_zones import ONE_DAY

_ONE_WEEK, _ONE_SECOND = timedelta(days=7), timedelta(seconds=1)
_BARS_KEPT = 2


class CalendarInfo(NamedTuple):
    """Start and length of a bar."""

    start: datetime
    period: timedelta

    @property
    def end(self) -> datetime:
        """End of the bar."""
        return self.start + self.period


BarCalendar = Callable[[datetime], CalendarInfo]


class Calendar:
    """Bars of calendar weeks, months, quarters and years, for consolidators."""

    @staticmethod
    def WEEKLY(when: datetime) -> CalendarInfo:  # noqa: N802 - LEAN's name of it in Python
        """The week of an instant, from Monday's midnight."""
        return CalendarInfo(_midnight(when) - timedelta(days=when.weekday()), _ONE_WEEK)

    @staticmethod
    def MONTHLY(when: datetime) -> CalendarInfo:  # noqa: N802
        """The month of an instant."""
        return _months(when, when.month, 1)

    @staticmethod
    def QUARTERLY(when: datetime) -> CalendarInfo:  # noqa: N802
        """The quarter of an instant."""
        return _months(when, (when.month - 1) // 3 * 3 + 1, 3)

    @staticmethod
    def YEARLY(when: datetime) -> CalendarInfo:  # noqa: N802
        """The year of an instant."""
        return _months(when, 1, 12)


def _months(when: datetime, first: int, count: int) -> CalendarInfo:
    start, after = datetime(when.year, first, 1), first - 1 + count
    return CalendarInfo(start, datetime(when.year + after // 12, after % 12 + 1, 1) - start)


def _midnight(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0, second=0, microsecond=0)


class Consolidator:
    """Takes in data and hands out bars to the handlers of `data_consolidated`.

    Attributes
    ----------
    tick_type
        Kind of bars it takes in, None for any.
    consolidated
        The last bar that was handed out; within a handler still the one before.
    """

    tick_type: TickType | None = TickType.TRADE

    def __init__(self) -> None:
        self.data_consolidated = EventHandlers()
        self.consolidated: BaseData | None = None
        self.window: RollingWindow[BaseData] = RollingWindow(_BARS_KEPT)

    @property
    def working_data(self) -> BaseData | None:
        """The bar that is under way, None when there is none."""
        return None

    def update(self, data: Any) -> None:
        """Takes in a bar or point."""
        raise NotImplementedError(f"{type(self).__name__}.update")

    def scan(self, local_time: datetime) -> None:
        """Hands out the bar that is under way when its time is over by an exchange time."""

    def emit(self, bar: Any) -> None:
        """Hands out a bar."""
        self.window.add(bar)
        self.data_consolidated.fire(self, bar)
        self.consolidated = bar

    def reset(self) -> None:
        """Forgets all data."""
        self.consolidated = None
        self.window.reset()

    def __getitem__(self, index: int) -> BaseData:
        return self.window[index]


class IdentityDataConsolidator(Consolidator):
    """Hands on what it is given, of one kind of bars or of any."""

    def __init__(self, tick_type: TickType | None = None) -> None:
        super().__init__()
        self.tick_type = tick_type

    def update(self, data: Any) -> None:
        self.emit(data)


class PeriodConsolidator(Consolidator):
    """Bars of a span of time, of a number of bars, of either (whichever is over first), or by a calendar.

    Parameters
    ----------
    period
        A timedelta, a number of bars, or a function that gives the `CalendarInfo` of an instant.
    more
        After a timedelta the time of day the first bar starts at; after a number the span a bar may take.
    """

    def __init__(self, period: timedelta | int | BarCalendar, more: timedelta | None = None) -> None:
        super().__init__()
        self._count: int | None = None
        self._period: timedelta | None = None
        self._first: timedelta | None = None
        self._calendar: BarCalendar | None = None
        if isinstance(period, timedelta):
            self._period, self._first, self._is_span = period, more, True
        elif isinstance(period, int) and not isinstance(period, bool):
            self._count, self._period, self._is_span = period, more, False
        elif callable(period):
            self._calendar, self._period, self._is_span = period, _ONE_SECOND, False
        else:
            raise ArgumentException(f"Unable to create a consolidator period from {period!r}: it is not a supported period type.")
        self._clear()

    def _clear(self) -> None:
        self._working: Any = None
        self._taken, self._last_emit = 0, None
        self._is_checked = False

    @property
    def working_data(self) -> BaseData | None:
        return None if self._working is None else self.copied(self._working)

    def reset(self) -> None:
        super().reset()
        self._clear()

    def copied(self, bar: Any) -> Any:
        """Another bar with the same values."""
        raise NotImplementedError(f"{type(self).__name__}.working_data")

    def started(self, data: Any) -> Any:
        """A new bar from the first data."""
        raise NotImplementedError(f"{type(self).__name__}.update")

    def added(self, bar: Any, data: Any) -> None:
        """Takes data into a bar."""
        raise NotImplementedError(f"{type(self).__name__}.update")

    def update(self, data: Any) -> None:
        self._check(data)
        by_count, is_over = self._count is not None, False
        if by_count:
            self._taken += 1
            if self._taken >= self._count:
                self._taken, is_over = 0, True
        if self._last_emit is None:
            self._last_emit = data.time if by_count else datetime.min
        if self._period is not None and self._working is not None and data.time - self._working.time >= self._period:
            is_over = is_over or self._start_of(data) > self._last_emit
        if by_count and data.time >= self._last_emit:
            self._take(data)
            self._working.end_time = data.end_time
        if is_over:
            self._last_emit = data.time if by_count else self._working.end_time
            self._hand_out()
        if not by_count and data.time >= self._last_emit:
            self._take(data)

    def _check(self, data: Any) -> None:
        if self._is_span and not self._is_checked:
            self._is_checked = True
            if data.end_time - data.time > self._period:
                raise ArgumentException(f"For Symbol {data.symbol} can not consolidate bars of period: {self._period}, using data "
                                        f"of the same or higher period: {data.end_time - data.time}")

    def _take(self, data: Any) -> None:
        if self._working is None:
            self._working = self.started(data)
        self.added(self._working, data)

    def _hand_out(self) -> None:
        bar = self._working
        if isinstance(bar, TradeBar) and self._period is not None:
            bar.end_time = bar.time + self._period
        self.emit(bar)
        self._working = None

    def scan(self, local_time: datetime) -> None:
        bar = self._working
        if bar is None or not self._period or local_time - bar.time < self._period:
            return
        if self._rounded(local_time) > self._last_emit:
            self._last_emit = bar.end_time
            self.emit(bar)
            self._working = None

    def _rounded(self, when: datetime) -> datetime:
        if self._calendar is not None:
            info = self._calendar(when)
            if self._working is None:
                self._period = info.period
            return info.start
        if not self._is_span or self._first is None and self._period > ONE_DAY:
            return when
        if self._first is None:
            return when - (when - datetime.min) % self._period
        first = (when.replace(day=1) if self._period >= _ONE_WEEK else when)
        first = _midnight(first) + self._first
        return first + (when - first) // self._period * self._period

    def _start_of(self, data: Any) -> datetime:
        start = self._rounded(data.time)
        if self._period is not None and start + self._period < data.end_time:
            is_hour_before = data.end_time - data.time == timedelta(hours=1) and start.date() < data.time.date()
            return self._rounded(data.end_time) if is_hour_before else data.time
        return start

    def _span(self, data: Any) -> timedelta:
        return self._period if self._count is None and self._period is not None else data.end_time - data.time


class TradeBarConsolidator(PeriodConsolidator):
    """Makes trade bars."""

    def copied(self, bar: TradeBar) -> TradeBar:
        return TradeBar(bar.time, bar.symbol, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.end_time - bar.time)

    def started(self, data: TradeBar) -> TradeBar:
        start = self._start_of(data)
        return TradeBar(start, data.symbol, data.open, data.high, data.low, data.close, 0.0, self._span(data))

    def added(self, bar: TradeBar, data: TradeBar) -> None:
        bar.close, bar.volume = data.close, bar.volume + data.volume
        bar.low, bar.high = min(bar.low, data.low), max(bar.high, data.high)


class QuoteBarConsolidator(PeriodConsolidator):
    """Makes quote bars; each opens where the one before closed."""

    tick_type = TickType.QUOTE

    def copied(self, bar: QuoteBar) -> QuoteBar:
        sides = [None if side is None else Bar(side.open, side.high, side.low, side.close) for side in (bar.bid, bar.ask)]
        return QuoteBar(bar.time, bar.symbol, sides[0], bar.last_bid_size, sides[1], bar.last_ask_size, bar.end_time - bar.time)

    def started(self, data: QuoteBar) -> QuoteBar:
        start, before = self._start_of(data), self.consolidated
        bar = QuoteBar(start, data.symbol, period=self._span(data))
        if isinstance(before, QuoteBar):
            bar.bid, bar.ask = (None if side is None or not side.close else Bar(*[side.close] * 4)
                                for side in (before.bid, before.ask))
            bar.last_bid_size, bar.last_ask_size = before.last_bid_size, before.last_ask_size
        return bar

    def added(self, bar: QuoteBar, data: QuoteBar) -> None:
        if data.bid is not None:
            bar.bid, bar.last_bid_size = _with(bar.bid, data.bid), data.last_bid_size
        if data.ask is not None:
            bar.ask, bar.last_ask_size = _with(bar.ask, data.ask), data.last_ask_size


def _with(bar: Bar | None, new: Bar) -> Bar:
    if bar is None:
        return Bar(new.open, new.high, new.low, new.close)
    bar.close, bar.high, bar.low = new.close, max(bar.high, new.high), min(bar.low, new.low)
    return bar


class MarketHourAwareConsolidator(Consolidator):
    """Makes a bar of each regular session from a security's trade or quote bars."""

    def __init__(self, kind: type[PeriodConsolidator], exchange: Any, has_exact_ends: bool) -> None:
        super().__init__()
        self.tick_type, self._exchange = kind.tick_type, exchange
        follows_session = has_exact_ends and not exchange.is_market_always_open
        self._inner = kind(self._session if follows_session else lambda when: CalendarInfo(_midnight(when), ONE_DAY))
        self._inner.data_consolidated += lambda _, bar: self.emit(bar)

    def _session(self, when: datetime) -> CalendarInfo:
        start = self._exchange.get_first_daily_market_open(when, False)
        return CalendarInfo(start, self._exchange.get_last_daily_market_close(start, False) - start)

    @property
    def working_data(self) -> BaseData | None:
        return self._inner.working_data

    def update(self, data: Any) -> None:
        is_long = data.end_time - data.time >= timedelta(hours=1)
        if self._exchange.is_open(data.time, False) or is_long and self._exchange.is_open(data.time, data.end_time, False):
            self._inner.update(data)

    def scan(self, local_time: datetime) -> None:
        self._inner.scan(local_time)

    def reset(self) -> None:
        super().reset()
        self._inner.reset()
