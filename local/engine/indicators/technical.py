"""Indicators built from bars and from other indicators."""
from __future__ import annotations

from datetime import date
from typing import Any

from local.engine.enums import MovingAverageType
from local.engine.errors import MemberNotSupported
from local.engine.indicators.base import Identity, Indicator, StandardDeviation, moving_average, split_name
from local.engine.market.bars import BaseData, TradeBar


class TrueRange(Indicator):
    """Largest of the bar's range and its reach from the close before."""

    is_bar_indicator = True

    def __init__(self, name: str = "TR") -> None:
        super().__init__(name, 2)
        self._close: float | None = None

    def compute(self, bar: Any) -> float:
        reach = bar.high - bar.low
        if self._close is not None:
            reach = max(reach, abs(self._close - bar.high), abs(self._close - bar.low))
        self._close = bar.close
        return reach


class AverageTrueRange(Indicator):
    """Moving average of the true range."""

    is_bar_indicator = True

    def __init__(self, *args: Any) -> None:
        name, rest = split_name(args, "ATR")
        super().__init__(name, int(rest[0]))
        kind = rest[1] if len(rest) > 1 else MovingAverageType.WILDERS
        self.true_range, self._average = TrueRange(), moving_average(kind, name, self.period)

    @property
    def is_ready(self) -> bool:
        """Whether enough bars have come."""
        return self._average.is_ready

    def compute(self, bar: Any) -> float:
        self.true_range.update(bar)
        self._average.update(bar.end_time, self.true_range.current.value)
        return self._average.current.value


class RelativeStrengthIndex(Indicator):
    """Relative strength index."""

    def __init__(self, *args: Any) -> None:
        name, rest = split_name(args, "RSI")
        super().__init__(name, int(rest[0]))
        kind = rest[1] if len(rest) > 1 else MovingAverageType.WILDERS
        self.average_gain, self.average_loss = (moving_average(kind, name + part, self.period) for part in ("Up", "Down"))
        self._previous: float | None = None

    @property
    def warm_up_period(self) -> int:
        """Points needed until the value is ready."""
        return self.period + 1

    @property
    def is_ready(self) -> bool:
        """Whether gains and losses have their averages."""
        return self.average_gain.is_ready and self.average_loss.is_ready

    def compute(self, point: BaseData) -> float:
        if self._previous is not None:
            change = point.value - self._previous
            self.average_gain.update(point.end_time, max(change, 0.0))
            self.average_loss.update(point.end_time, max(-change, 0.0))
        self._previous = point.value
        gain, loss = max(self.average_gain.current.value, 0.0), max(self.average_loss.current.value, 0.0)
        return 100.0 if round(loss, 10) == 0 else 100.0 - 100.0 / (1 + gain / loss)


class MovingAverageConvergenceDivergence(Indicator):
    """Difference of a fast and a slow average, with its signal line."""

    def __init__(self, *args: Any) -> None:
        name, rest = split_name(args, "MACD")
        fast, slow, signal = (int(value) for value in rest[:3])
        kind = rest[3] if len(rest) > 3 else MovingAverageType.EXPONENTIAL
        super().__init__(name, slow + signal - 1)
        self.fast, self.slow = moving_average(kind, name + "_Fast", fast), moving_average(kind, name + "_Slow", slow)
        self.signal, self.histogram = moving_average(kind, name + "_Signal", signal), Identity(name + "_Histogram")

    @property
    def is_ready(self) -> bool:
        """Whether the signal line is ready."""
        return self.signal.is_ready

    def compute(self, point: BaseData) -> float:
        self.fast.update(point.end_time, point.value)
        self.slow.update(point.end_time, point.value)
        difference = self.fast.current.value - self.slow.current.value
        if self.fast.is_ready and self.slow.is_ready and self.signal.update(point.end_time, difference):
            self.histogram.update(point.end_time, difference - self.signal.current.value)
        return difference


class BollingerBands(Indicator):
    """Bands around a moving average at multiples of the standard deviation."""

    def __init__(self, *args: Any) -> None:
        name, rest = split_name(args, "BB")
        super().__init__(name, int(rest[0]))
        kind = rest[2] if len(rest) > 2 else MovingAverageType.SIMPLE
        self._width = float(rest[1])
        self.standard_deviation = StandardDeviation(name + "_StandardDeviation", self.period)
        self.middle_band = moving_average(kind, name + "_MiddleBand", self.period)
        self.upper_band, self.lower_band = Identity(name + "_UpperBand"), Identity(name + "_LowerBand")
        self.band_width, self.percent_b = Identity(name + "_BandWidth"), Identity(name + "_%B")
        self.price = Identity(name + "_Close")

    @property
    def is_ready(self) -> bool:
        """Whether the middle band is ready."""
        return self.middle_band.is_ready

    def compute(self, point: BaseData) -> float:
        when, value = point.end_time, point.value
        for part in (self.standard_deviation, self.middle_band, self.price):
            part.update(when, value)
        middle, reach = self.middle_band.current.value, self._width * self.standard_deviation.current.value
        self.upper_band.update(when, middle + reach)
        self.lower_band.update(when, middle - reach)
        if middle:
            self.band_width.update(when, 2 * reach / middle * 100.0)
        if reach:
            self.percent_b.update(when, (value - middle + reach) / (2 * reach))
        return value


class IntradayVwap(Indicator):
    """Volume-weighted average price of the day; bars filled forward do not count."""

    def __init__(self, name: str = "VWAP") -> None:
        super().__init__(name, 1)
        self._day: date | None = None
        self._volume = self._amount = 0.0

    @property
    def warm_up_period(self) -> int:
        """LEAN has none for it."""
        raise MemberNotSupported("IntradayVwap.warm_up_period")

    @property
    def is_ready(self) -> bool:
        """Whether a bar has come."""
        return self.samples > 0

    def compute(self, bar: Any) -> float | None:
        if not isinstance(bar, TradeBar) or bar.is_fill_forward:
            return None
        if bar.end_time.date() != self._day:
            self._day, self._volume, self._amount = bar.end_time.date(), 0.0, 0.0
        self._volume += bar.volume
        self._amount += (bar.high + bar.low + bar.close) / 3.0 * bar.volume
        return self._amount / self._volume if self._volume else bar.value


class VolumeWeightedAveragePriceIndicator(Indicator):
    """Volume-weighted average price of the last bars."""

    is_bar_indicator = True

    def __init__(self, *args: Any) -> None:
        name, rest = split_name(args, "VWAP")
        super().__init__(name, int(rest[0]))
        self._bars: list[tuple[float, float]] = []

    def compute(self, bar: Any) -> float:
        self._bars = (self._bars + [((bar.open + bar.high + bar.low + bar.close) / 4.0, bar.volume)])[-self.period:]
        volume = sum(v for _, v in self._bars)
        return sum(p * v for p, v in self._bars) / volume if volume else bar.value
