"""Consolidators that make bars of price steps."""
from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from local.engine.enums import BarDirection, RenkoType
from local.engine.errors import ArgumentException
from local.engine.indicators.consolidators import Consolidator
from local.engine.market.bars import BaseData, TradeBar
from local.engine.market.symbol import Symbol


class RenkoBar(BaseData):
    """A step of price."""

    __slots__ = ("open", "high", "low", "close", "volume", "brick_size", "type", "is_closed")

    def __init__(self, symbol: Symbol | None, start: datetime, end: datetime, brick_size: float, prices: tuple[float, ...],
                 type: RenkoType, volume: float = 0.0) -> None:
        super().__init__(symbol, start, end)
        self.open, self.high, self.low, self.close = prices
        self.brick_size, self.type, self.volume, self.is_closed = brick_size, type, volume, type == RenkoType.WICKED

    @property
    def start(self) -> datetime:
        """Start of the bar."""
        return self.time

    @property
    def value(self) -> float:
        """The close."""
        return self.close

    @property
    def direction(self) -> BarDirection:
        """Whether the close is above the open, below it, or at it."""
        if self.open == self.close:
            return BarDirection.NO_DELTA
        return BarDirection.RISING if self.open < self.close else BarDirection.FALLING

    @property
    def spread(self) -> float:
        """Distance of close and open."""
        return abs(self.close - self.open)

    def update(self, time: datetime, value: float, volume: float) -> bool:
        """Takes a price into a classic bar that is not closed; whether it is now."""
        if self.is_closed:
            return True
        self.end_time, low, high = time, self.open - self.brick_size, self.open + self.brick_size
        self.close, self.volume = min(high, max(low, value)), self.volume + volume
        self.is_closed = value <= low or value >= high
        self.high, self.low = max(self.high, self.close), min(self.low, self.close)
        return self.is_closed


class RenkoConsolidator(Consolidator):
    """Renko bars with wicks: a bar for each step of a size the price goes on, twice the step to turn."""

    tick_type = None

    def __init__(self, bar_size: float) -> None:
        if bar_size <= 0:
            raise ArgumentException("Renko consolidator BarSize must be strictly greater than zero")
        super().__init__()
        self._size = float(bar_size)
        self._clear()

    def _clear(self) -> None:
        self._last: RenkoBar | None = None
        self._current: RenkoBar | None = None
        self._is_first, self._start = True, datetime.min
        self._open = self._high = self._low = 0.0

    @property
    def working_data(self) -> BaseData | None:
        return self._current

    def reset(self) -> None:
        super().reset()
        self._clear()

    def update(self, data: Any) -> None:
        price = data.price
        if self._is_first:
            steps = math.floor(price / self._size)
            self._open = self._high = self._low = self._size * (steps + round((price - self._size * steps) / self._size))
            self._is_first, self._start = False, data.time
            return
        self._high, self._low = max(self._high, price), min(self._low, price)
        if price == self._open:
            return
        sign = 1 if price > self._open else -1
        if self._last is not None and sign * (self._last.close - self._last.open) < 0:
            limit = self._last.open + sign * self._size
            if sign * (price - limit) <= 0:
                return
            self._step(data, sign, self._last.open, limit)
        while sign * (price - (self._open + sign * self._size)) > 0:
            self._step(data, sign, self._open, self._open + sign * self._size)

    def _step(self, data: Any, sign: int, first: float, limit: float) -> None:
        high, low = (limit, self._low) if sign > 0 else (self._high, limit)
        self._last = RenkoBar(data.symbol, self._start, data.time, self._size, (first, high, low, limit), RenkoType.WICKED)
        self.emit(self._last)
        self._current = self._last
        self._start, self._open = data.time, limit
        self._low, self._high = (limit, self._high) if sign > 0 else (self._low, limit)


WickedRenkoConsolidator = RenkoConsolidator


class ClassicRenkoConsolidator(Consolidator):
    """Renko bars of one size without wicks; with even bars the first opens at a multiple of the size."""

    tick_type = None

    def __init__(self, bar_size: float, selector: Callable[[Any], float] | bool | None = None,
                 volume_selector: Callable[[Any], float] | None = None, even_bars: bool = True) -> None:
        if bar_size <= 0:
            raise ArgumentException("RenkoConsolidator bar size must be positve and greater than 1e-28")
        super().__init__()
        if isinstance(selector, bool):
            selector, even_bars = None, selector
        self._size, self._is_even = float(bar_size), even_bars
        self._value, self._volume = selector or _value, volume_selector or _volume
        self._current: RenkoBar | None = None
        self._last_close: float | None = None

    @property
    def working_data(self) -> BaseData | None:
        return self._current

    def reset(self) -> None:
        super().reset()
        self._current = self._last_close = None

    def update(self, data: Any) -> None:
        value, volume = self._value(data), self._volume(data)
        if self._current is not None and self._current.update(data.time, value, volume):
            self._last_close = self._current.close
            self.emit(self._current)
            self._current = None
        if self._current is None:
            first = self._last_close
            if first is None:
                first = math.ceil(value / self._size) * self._size if self._is_even else value
            self._current = RenkoBar(data.symbol, data.time, data.time, self._size, (first,) * 4, RenkoType.CLASSIC, volume)


def _value(data: Any) -> float:
    return data.value


def _volume(data: Any) -> float:
    return data.volume if isinstance(data, TradeBar) else 0.0
