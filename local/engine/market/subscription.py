"""Subscriptions: which bars reach the algorithm, from when, and at which instants they make a slice."""
from __future__ import annotations

import functools
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from local.engine.enums import Resolution, SecurityType, TickType
from local.engine.market.market_hours import MarketHoursEntry, SecurityExchangeHours
from local.engine.market.series import RESOLUTION_SECONDS, BarSeries
from local.engine.market.symbol import Symbol
from local.engine.time_zones import local_of_second

NO_END = 1 << 40
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
    """

    point_at: Any = None

    def __init__(self, symbol: Symbol, tick_type: TickType, resolution: Resolution, fill_forward: bool, extended: bool,
                 hours: MarketHoursEntry, series: BarSeries, is_internal: bool = False,
                 fill_series: BarSeries | None = None) -> None:
        self.symbol, self.tick_type, self.resolution = symbol, tick_type, resolution
        self.fill_forward, self.extended_market_hours, self.is_internal = fill_forward, extended, is_internal
        self.hours, self.series, self.until = hours, series, NO_END
        self.fill_series = series if fill_series is None else fill_series
        self.first_bar_end: int | None = None
        self.begin, self.is_warm_up = 0, False
        self.holders: list[object] = []
        self.sort_key = (int(symbol.security_type), int(tick_type), symbol.value)

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

    def steps(self, start: int, stop: int, fill_seconds: int) -> np.ndarray:
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
        step = self._step(fill_seconds)
        grid = self._daily_ends(start, stop) if step >= 86_400 else self._grid(start, stop, step)
        return grid if self.first_bar_end <= start else grid[grid >= self.first_bar_end]

    def _search_from(self, start: int) -> int:
        before_first = self.series.first_end - 1
        return before_first if self.begin > before_first else max(start, before_first)

    def _step(self, fill_seconds: int) -> int:
        own = RESOLUTION_SECONDS[self.resolution]
        return own if self.is_warm_up else min(fill_seconds, own)

    def _grid(self, start: int, stop: int, step: int) -> np.ndarray:
        return _bars_between(self.hours.exchange_hours, self.extended_market_hours, start, stop, step)

    def _daily_ends(self, start: int, stop: int) -> np.ndarray:
        return _closes_between(self.hours.exchange_hours, start, stop)

    def _local_day(self, second: int) -> date:
        return self.local_time(second).date()

    def local_time(self, second: int) -> datetime:
        """Exchange time of an instant."""
        return local_of_second(second, self.hours.exchange_hours.time_zone)

    def has_bar_at(self, second: int, fill_seconds: int) -> bool:
        """Whether the subscription's bar, real or filled forward, belongs to the slice of an instant."""
        if second <= self.begin:
            return False
        if second > self.until or self.first_bar_end is None or second < self.first_bar_end:
            return not self.fill_forward and len(self.series.ends_in(second - 1, second)) > 0
        if not self.fill_forward:
            return self.series.seek(second) and self.series.end() == second
        return self.is_on_grid(second, fill_seconds)

    def is_on_grid(self, second: int, fill_seconds: int) -> bool:
        """Whether a bar filled forward belongs to an instant."""
        step = self._step(fill_seconds)
        if step >= 86_400:
            return len(self._daily_ends(second - 1, second)) > 0
        if second % step:
            return False
        spans = self.hours.exchange_hours.open_spans_utc(self._local_day(second - 1), self.extended_market_hours)
        return any(opening < second and second - step < close for opening, close in spans)


def tick_types_of(security_type: SecurityType, resolution: Resolution) -> list[TickType]:
    """Kinds of bars LEAN subscribes to for a security."""
    if security_type == SecurityType.EQUITY and resolution in (Resolution.HOUR, Resolution.DAILY):
        return [TickType.TRADE]
    if security_type == SecurityType.INDEX:
        return [TickType.TRADE]
    return [TickType.TRADE, TickType.QUOTE]
