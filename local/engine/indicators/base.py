"""Indicators: the base class, moving averages and windows, with LEAN's warm-up and readiness."""
from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Generic, TypeVar

from local.engine.enums import MovingAverageType
from local.engine.market.bars import BaseData
from local.engine.net_names import other_member

NO_TIME = datetime.min
T = TypeVar("T")


class IndicatorDataPoint(BaseData):
    """A value at a time."""

    __slots__ = ("_value",)

    def __init__(self, *args: Any) -> None:
        symbol, when, value = args if len(args) == 3 else (None, *(args or (NO_TIME, 0.0)))
        super().__init__(symbol, when, when)
        self._value = value

    @property
    def value(self) -> float:
        """The value."""
        return self._value

    def __lt__(self, other: IndicatorDataPoint) -> bool:
        return self._value < other._value

    def __gt__(self, other: IndicatorDataPoint) -> bool:
        return self._value > other._value

    def __repr__(self) -> str:
        return f"{self.time} - {self._value}"


class RollingWindow(Generic[T]):
    """The last items, newest first."""

    def __init__(self, size: int) -> None:
        self._items: deque[T] = deque(maxlen=size)
        self._dropped: T | None = None
        self.samples = 0

    def __class_getitem__(cls, item: Any) -> type:
        return cls

    @property
    def size(self) -> int:
        """Most items the window holds."""
        return self._items.maxlen

    @property
    def count(self) -> int:
        """Items in the window."""
        return len(self._items)

    @property
    def is_ready(self) -> bool:
        """Whether the window is full."""
        return len(self._items) == self._items.maxlen

    @property
    def most_recently_removed(self) -> T:
        """The item that fell out last."""
        if self._dropped is None:
            raise ValueError("No items have been removed yet!")
        return self._dropped

    def add(self, item: T) -> None:
        """Takes in an item."""
        if self.is_ready:
            self._dropped = self._items[-1]
        self._items.appendleft(item)
        self.samples += 1

    def reset(self) -> None:
        """Empties the window."""
        self._items.clear()
        self._dropped, self.samples = None, 0

    def __getitem__(self, index: int) -> T:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._items))


class EventHandlers:
    """Callbacks that are added with `+=` and removed with `-=`."""

    def __init__(self) -> None:
        self._handlers: list[Callable[..., Any]] = []

    def __iadd__(self, handler: Callable[..., Any]) -> EventHandlers:
        self._handlers.append(handler)
        return self

    def __isub__(self, handler: Callable[..., Any]) -> EventHandlers:
        if handler in self._handlers:
            self._handlers.remove(handler)
        return self

    def fire(self, *args: Any) -> None:
        """Calls every handler."""
        for handler in list(self._handlers):
            handler(*args)


class Indicator:
    """A value computed from a stream of points or bars."""

    is_bar_indicator = False

    def __init__(self, name: str, period: int = 1) -> None:
        self.name, self.period, self.samples = name, period, 0
        self.current = IndicatorDataPoint()
        self.updated = EventHandlers()
        self.window: RollingWindow[IndicatorDataPoint] = RollingWindow(2)

    @property
    def warm_up_period(self) -> int:
        """Points needed until the value is ready."""
        return self.period

    @property
    def is_ready(self) -> bool:
        """Whether enough points have come."""
        return self.samples >= self.warm_up_period

    @property
    def previous(self) -> IndicatorDataPoint:
        """The value before the current one."""
        return self.window[1] if len(self.window) > 1 else IndicatorDataPoint()

    def update(self, *args: Any) -> bool:
        """Takes in a bar, a point, or a time and a value."""
        point = args[0] if len(args) == 1 else IndicatorDataPoint(*args)
        if self.samples and point.end_time is not None and point.end_time < self._last_end:
            return self.is_ready
        if self.is_bar_indicator and isinstance(point, IndicatorDataPoint):
            raise ValueError(f"{type(self).__name__} does not support the `update(datetime, decimal)` method")
        self.samples += 1
        self._last_end = point.end_time
        value = self.compute(point)
        if value is not None:
            self.current = IndicatorDataPoint(point.symbol, point.end_time, value)
            self.window.add(self.current)
            self.updated.fire(self, self.current)
        return self.is_ready

    _last_end = NO_TIME

    def compute(self, point: BaseData) -> float | None:
        """Next value; None leaves the current one."""
        raise NotImplementedError(f"{type(self).__name__}.compute")

    def reset(self) -> None:
        """Starts over."""
        handlers = self.updated
        self.__dict__.update(type(self)._fresh(self))
        self.updated = handlers

    def _fresh(self) -> dict[str, Any]:
        made = type(self).__new__(type(self))
        made.__init__(*self._arguments)
        return made.__dict__

    def __new__(cls, *args: Any, **named: Any) -> Indicator:
        self = super().__new__(cls)
        self._arguments = args
        return self

    def __float__(self) -> float:
        return float(self.current.value)

    def __lt__(self, other: Any) -> bool:
        return float(self) < float(other)

    def __gt__(self, other: Any) -> bool:
        return float(self) > float(other)

    def __le__(self, other: Any) -> bool:
        return float(self) <= float(other)

    def __ge__(self, other: Any) -> bool:
        return float(self) >= float(other)

    def __getitem__(self, index: int) -> IndicatorDataPoint:
        return self.window[index]

    def __str__(self) -> str:
        return f"{self.current.value:.4f}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return other_member(self, name)


def split_name(args: tuple[Any, ...], kind: str) -> tuple[str, tuple[Any, ...]]:
    """The optional leading name of an indicator's arguments, or one made from them."""
    if args and isinstance(args[0], str):
        return args[0], args[1:]
    return f"{kind}({','.join(str(arg) for arg in args)})", args


class Identity(Indicator):
    """The input itself."""

    def __init__(self, name: str = "Identity") -> None:
        super().__init__(name, 1)

    def compute(self, point: BaseData) -> float:
        return point.value


class ConstantIndicator(Indicator):
    """A number as an indicator."""

    is_ready = True

    def __init__(self, name: str, value: float) -> None:
        super().__init__(name)
        self.current = IndicatorDataPoint(NO_TIME, value)

    def compute(self, point: BaseData) -> float:
        return self.current.value


class CompositeIndicator(Indicator):
    """What a function makes of two indicators' values, each time both have a new one."""

    def __init__(self, *args: Any) -> None:
        name, left, right, self._compose = args if len(args) == 4 else (None, *args)
        super().__init__(name or f"COMPOSE({left.name},{right.name})")
        self.left, self.right = left, right
        self._is_new: dict[str, bool] = {}
        left.updated += lambda _, point: self._take("left", "right", point)
        right.updated += lambda _, point: self._take("right", "left", point)

    @property
    def is_ready(self) -> bool:
        """Whether both indicators are ready."""
        return self.left.is_ready and self.right.is_ready

    def _take(self, side: str, other: str, point: IndicatorDataPoint) -> None:
        self._is_new[side] = True
        if self._is_new.get(other) or isinstance(getattr(self, other), ConstantIndicator):
            latest = max(point.end_time, self.left.current.end_time, self.right.current.end_time)
            self.update(IndicatorDataPoint(latest, 0.0))
            self._is_new.clear()

    def compute(self, point: BaseData) -> float | None:
        return self._compose(self.left.current.value, self.right.current.value)

    def reset(self) -> None:
        """Starts over, with both indicators."""
        self.left.reset()
        self.right.reset()
        self.samples, self.current = 0, IndicatorDataPoint()
        self.window.reset()
        self._is_new.clear()


class WindowIndicator(Indicator):
    """An indicator over the last values."""

    extra = 0
    short = ""

    def __init__(self, *args: Any) -> None:
        name, rest = split_name(args, self.short or type(self).__name__)
        super().__init__(name, int(rest[0]))
        self._values: deque[float] = deque(maxlen=self.period + self.extra)

    @property
    def warm_up_period(self) -> int:
        """Points needed until the value is ready."""
        return self.period + self.extra

    def compute(self, point: BaseData) -> float:
        self._values.append(point.value)
        return self.over(self._values)

    def over(self, values: deque[float]) -> float:
        """Value over the window, oldest first."""
        raise NotImplementedError(f"{type(self).__name__}.over")


class SimpleMovingAverage(WindowIndicator):
    """Mean of the last values."""

    short = "SMA"

    def over(self, values: deque[float]) -> float:
        return math.fsum(values) / len(values)


class Maximum(WindowIndicator):
    """Largest of the last values."""

    short = "MAX"

    def over(self, values: deque[float]) -> float:
        return max(values)


class Minimum(WindowIndicator):
    """Smallest of the last values."""

    short = "MIN"

    def over(self, values: deque[float]) -> float:
        return min(values)


class Sum(WindowIndicator):
    """Sum of the last values."""

    short = "SUM"

    def over(self, values: deque[float]) -> float:
        return math.fsum(values)


class StandardDeviation(WindowIndicator):
    """Population standard deviation of the last values."""

    short = "STD"

    def over(self, values: deque[float]) -> float:
        mean = math.fsum(values) / len(values)
        return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)) if len(values) > 1 else 0.0


class Momentum(WindowIndicator):
    """Change over a number of points."""

    short = "MOM"

    extra = 1

    def over(self, values: deque[float]) -> float:
        return values[-1] - values[0] if len(values) > self.period else values[-1] - values[0]


class RateOfChange(WindowIndicator):
    """Relative change over a number of points."""

    short = "ROC"

    extra = 1

    def over(self, values: deque[float]) -> float:
        return (values[-1] - values[0]) / values[0] if values[0] else 0.0


class RateOfChangePercent(RateOfChange):
    """Change over a number of points in percent."""

    short = "ROCP"

    def over(self, values: deque[float]) -> float:
        return super().over(values) * 100.0


class LinearWeightedMovingAverage(WindowIndicator):
    """Mean with weights that grow towards the newest value."""

    short = "LWMA"

    def over(self, values: deque[float]) -> float:
        count = len(values)
        return math.fsum(value * (i + 1) for i, value in enumerate(values)) / (count * (count + 1) / 2)


class ExponentialMovingAverage(Indicator):
    """Exponentially weighted mean that starts at the mean of its first period."""

    def __init__(self, *args: Any) -> None:
        name, rest = split_name(args, "EMA")
        super().__init__(name, int(rest[0]))
        self._weight = float(rest[1]) if len(rest) > 1 else 2.0 / (1 + self.period)
        self._first: list[float] = []

    def compute(self, point: BaseData) -> float:
        if self.samples <= self.period:
            self._first.append(point.value)
            return math.fsum(self._first) / self.period if self.samples == self.period else 0.0
        return point.value * self._weight + self.current.value * (1 - self._weight)


class WilderMovingAverage(Indicator):
    """Wilder's smoothed mean."""

    def __init__(self, *args: Any) -> None:
        name, rest = split_name(args, "WWMA")
        super().__init__(name, int(rest[0]))
        self._first: list[float] = []

    def compute(self, point: BaseData) -> float:
        if self.samples < self.period:
            self._first.append(point.value)
            return math.fsum(self._first) / len(self._first)
        weight = 1.0 / self.period
        return point.value * weight + self.current.value * (1 - weight)


_AVERAGES: dict[MovingAverageType, type[Indicator]] = {
    MovingAverageType.SIMPLE: SimpleMovingAverage, MovingAverageType.EXPONENTIAL: ExponentialMovingAverage,
    MovingAverageType.WILDERS: WilderMovingAverage,
    MovingAverageType.LINEAR_WEIGHTED_MOVING_AVERAGE: LinearWeightedMovingAverage,
}


def moving_average(kind: MovingAverageType, name: str, period: int) -> Indicator:
    """A moving average of a kind."""
    if kind not in _AVERAGES:
        raise NotImplementedError(f"MovingAverageType.{kind}")
    return _AVERAGES[kind](name, period)
