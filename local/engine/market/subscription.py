"""Subscriptions: which bars reach the algorithm, from when, and at which instants they make a slice."""
from __future__ import annotations

import functools
from datetime import datetime, timedelta

import numpy as np

from local.engine.enums import Resolution, SecurityType, TickType
from local.engine.market.bars import BaseData
from local.engine.market.market_hours import MarketHoursEntry, SecurityExchangeHours
from local.engine.market.security import make_bar
from local.engine.market.series import RESOLUTION_SECONDS, BarSeries
from local.engine.market.symbol import Symbol
from local.engine.time_zones import local_of_second

NO_END = 1 << 40
DAY_SECONDS = 86_400
_EMPTY = np.empty(0, dtype=np.int64)


@functools.lru_cache(maxsize=256)
def _bars_between(exchange: SecurityExchangeHours, extended: bool, start: int, stop: int, step: int) -> np.ndarray:
    """Ends of the bars of one length within (start, stop]; the array is shared and must not be changed."""
    found = []
    day, last = (local_of_second(second, exchange.time_zone).date() for second in (start, stop))
    while day <= last:
        for opening, close in exchange.open_spans_utc(day, extended):
            ends = np.arange(opening // step * step + step, close + step, step)
            found.append(ends[(ends > start) & (ends <= stop) & (ends - step < close)])
        day += timedelta(days=1)
    return np.concatenate(found) if found else _EMPTY


@functools.lru_cache(maxsize=256)
def _closes_between(exchange: SecurityExchangeHours, start: int, stop: int) -> np.ndarray:
    """Ends of the sessions that end within (start, stop]; the array is shared and must not be changed."""
    found = []
    day, last = (local_of_second(second, exchange.time_zone).date() for second in (start, stop))
    while day <= last:
        spans = exchange.open_spans_utc(day, False)
        if spans and start < spans[-1][1] <= stop:
            found.append(spans[-1][1])
        day += timedelta(days=1)
    return np.array(found, dtype=np.int64)


class Grid:
    """The instants at which bars of one length are filled forward in an exchange's hours. All streams alike share one,
    which keeps its last answer: a slice asks once for all of them."""

    __slots__ = ("step", "_exchange", "_extended", "_second", "_answer")

    def __init__(self, exchange: SecurityExchangeHours, extended: bool, step: int) -> None:
        self.step, self._exchange, self._extended = step, exchange, extended
        self._second, self._answer = -1, False

    def has(self, second: int) -> bool:
        """Whether a bar filled forward belongs to an instant."""
        if second != self._second:
            self._second, self._answer = second, self._ask(second)
        return self._answer

    def _ask(self, second: int) -> bool:
        if self.step >= DAY_SECONDS:
            return len(_closes_between(self._exchange, second - 1, second)) > 0
        if second % self.step:
            return False
        day = local_of_second(second - 1, self._exchange.time_zone).date()
        spans = self._exchange.open_spans_utc(day, self._extended)
        return any(opening < second and second - self.step < close for opening, close in spans)

    def between(self, start: int, stop: int) -> np.ndarray:
        """The instants within (start, stop]; the array is shared and must not be changed."""
        if self.step >= DAY_SECONDS:
            return _closes_between(self._exchange, start, stop)
        return _bars_between(self._exchange, self._extended, start, stop, self.step)


@functools.lru_cache(maxsize=256)
def _grid_of(exchange: SecurityExchangeHours, extended: bool, step: int) -> Grid:
    return Grid(exchange, extended, step)


class Subscription:
    """One stream of bars of one security.

    Attributes
    ----------
    begin, until
        Epoch seconds up to which nothing comes yet, and after which nothing comes any more.
    is_warm_up
        Whether it stands in for a stream of another resolution until the algorithm's start.
    holders
        Universes that need the stream.
    fill_series
        Bars that are filled forward: those outside the hours asked for count too, as LEAN fills before it filters.
    grid
        Instants at which a bar is filled forward.
    """

    def __init__(self, symbol: Symbol, tick_type: TickType, resolution: Resolution, fill_forward: bool, extended: bool,
                 hours: MarketHoursEntry, series: BarSeries, is_internal: bool = False,
                 fill_series: BarSeries | None = None) -> None:
        self.symbol, self.tick_type, self.resolution = symbol, tick_type, resolution
        self.fill_forward, self.extended_market_hours, self.is_internal = fill_forward, extended, is_internal
        self.hours, self.series, self.until = hours, series, NO_END
        self.zone = hours.exchange_hours.time_zone
        self.fill_series = series if fill_series is None else fill_series
        self.first_bar_end: int | None = None
        self.begin, self.is_warm_up = 0, False
        self.holders: list[object] = []
        self.sort_key = (int(symbol.security_type), int(tick_type), symbol.value)
        self.grid = self.fill_every(RESOLUTION_SECONDS[resolution])

    def show_as(self, contract: Symbol) -> None:
        """Gives a continuous future the ticker of the contract it stands for."""
        self.symbol = Symbol(self.symbol.id, contract.value, contract)
        self.sort_key = (*self.sort_key[:2], contract.value)

    @property
    def is_ended(self) -> bool:
        """Whether no more bars come."""
        return self.until < NO_END

    def started_by(self, second: int) -> bool:
        """Whether a first real bar has come."""
        return self.first_bar_end is not None and self.first_bar_end <= second

    def fill_every(self, seconds: int) -> Grid:
        """Sets how often bars are filled forward: at least as often as they are long."""
        own = RESOLUTION_SECONDS[self.resolution]
        step = own if self.is_warm_up else min(seconds, own)
        self.grid = _grid_of(self.hours.exchange_hours, self.extended_market_hours, step)
        return self.grid

    def steps(self, start: int, stop: int) -> np.ndarray:
        """Instants within (start, stop] at which the subscription has a bar, real or filled forward."""
        start, stop = max(start, self.begin), min(stop, self.until)
        if stop <= start:
            return _EMPTY
        if not self.fill_forward:
            return self.series.ends_in(start, stop)
        if self.first_bar_end is None:
            self.first_bar_end = self.fill_series.first_end_in(self._search_from(start), stop)
            if self.first_bar_end is None:
                return _EMPTY
        grid = self.grid.between(start, stop)
        return grid if self.first_bar_end <= start else grid[grid >= self.first_bar_end]

    def _search_from(self, start: int) -> int:
        before_first = self.series.first_end - 1
        return before_first if self.begin > before_first else max(start, before_first)

    def local_time(self, second: int) -> datetime:
        """Exchange time of an instant."""
        return local_of_second(second, self.zone)

    def bar_at(self, second: int) -> BaseData | None:
        """The bar that belongs to the slice of an instant, filled forward when no real one ended then; None when there is
        none."""
        if not self.begin < second <= self.until:
            return None
        series = self.series
        if self.fill_forward:
            first = self.first_bar_end
            if first is None or second < first or not self.grid.has(second):
                return None
            if not series.ends_at(second):
                series = self.fill_series
                if not series.seek(second):
                    return None
        elif not series.ends_at(second):
            return None
        return make_bar(self.symbol, series, self.zone, second)


def tick_types_of(security_type: SecurityType, resolution: Resolution) -> list[TickType]:
    """Kinds of bars LEAN subscribes to for a security."""
    if security_type == SecurityType.EQUITY and resolution in (Resolution.HOUR, Resolution.DAILY):
        return [TickType.TRADE]
    if security_type == SecurityType.INDEX:
        return [TickType.TRADE]
    return [TickType.TRADE, TickType.QUOTE]
