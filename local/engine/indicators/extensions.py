"""Indicators of indicators: one that takes in another's values."""
from __future__ import annotations

from typing import Any

from local.engine.errors import MemberNotSupported
from local.engine.indicators.base import (CompositeIndicator, ConstantIndicator, ExponentialMovingAverage, Indicator,
                                          IndicatorDataPoint, Maximum, Minimum, SimpleMovingAverage, Sum)


class _Extensions(type):
    def __getattr__(cls, name: str) -> Any:
        raise AttributeError(name) if name.startswith("__") else MemberNotSupported(f"IndicatorExtensions.{name}")


class IndicatorExtensions(metaclass=_Extensions):
    """Chains and sums of two indicators; what is made follows from the moment it is made."""

    @staticmethod
    def plus(left: Indicator, right: Indicator | float, name: str | None = None) -> CompositeIndicator:
        """Sum of two indicators, or of one and a number."""
        return CompositeIndicator(name, left, _operand(right), lambda one, two: one + two)

    @staticmethod
    def minus(left: Indicator, right: Indicator | float, name: str | None = None) -> CompositeIndicator:
        """Difference of two indicators, or of one and a number."""
        return CompositeIndicator(name, left, _operand(right), lambda one, two: one - two)

    @staticmethod
    def times(left: Indicator, right: Indicator | float, name: str | None = None) -> CompositeIndicator:
        """Product of two indicators, or of one and a number."""
        return CompositeIndicator(name, left, _operand(right), lambda one, two: one * two)

    @staticmethod
    def over(left: Indicator, right: Indicator | float, name: str | None = None) -> CompositeIndicator:
        """Quotient of two indicators, or of one and a number; a division by zero leaves the value as it was."""
        return CompositeIndicator(name, left, _operand(right), _quotient)

    @staticmethod
    def weighted_by(value: Indicator, weight: Indicator, period: int) -> CompositeIndicator:
        """Mean of an indicator's last values, each weighted by another's of the same moment."""
        top, bottom, counts = Sum("Sum_xy", period), Sum("Sum_y", period), {"x": 0, "y": 0}
        last: dict[str, float] = {}

        def take(side: str, other: str) -> Any:
            def taken(_: Any, point: Any) -> None:
                counts[side], last[side] = counts[side] + 1, point.value
                if counts[side] == counts[other]:
                    top.update(IndicatorDataPoint(point.end_time, point.value * last[other]))
                if side == "y":
                    bottom.update(point)
            return taken
        value.updated += take("x", "y")
        weight.updated += take("y", "x")
        return CompositeIndicator(f"RESET_COMPOSE({top.name},{bottom.name})", top, bottom, _quotient)

    @staticmethod
    def of(second: Indicator, first: Indicator, wait_for_first_to_ready: bool = True) -> Indicator:
        """Hands each value of one indicator to another, once it is ready unless told otherwise."""
        def hand_on(_: Any, point: Any) -> None:
            if first.is_ready or not wait_for_first_to_ready:
                second.update(point)
        first.updated += hand_on
        return second

    @staticmethod
    def ema(left: Indicator, period: int, smoothing_factor: float | None = None,
            wait_for_first_to_ready: bool = True) -> Indicator:
        """Exponential moving average of an indicator."""
        weight = () if smoothing_factor is None else (smoothing_factor,)
        average = ExponentialMovingAverage(f"EMA{period}_Of_{left.name}", period, *weight)
        return IndicatorExtensions.of(average, left, wait_for_first_to_ready)

    @staticmethod
    def sma(left: Indicator, period: int, wait_for_first_to_ready: bool = True) -> Indicator:
        """Mean of an indicator's last values."""
        return IndicatorExtensions.of(SimpleMovingAverage(f"SMA{period}_Of_{left.name}", period), left, wait_for_first_to_ready)

    @staticmethod
    def max(left: Indicator, period: int, wait_for_first_to_ready: bool = True) -> Indicator:
        """Largest of an indicator's last values."""
        return IndicatorExtensions.of(Maximum(f"MAX{period}_Of_{left.name}", period), left, wait_for_first_to_ready)

    @staticmethod
    def min(left: Indicator, period: int, wait_for_first_to_ready: bool = True) -> Indicator:
        """Smallest of an indicator's last values."""
        return IndicatorExtensions.of(Minimum(f"MIN{period}_Of_{left.name}", period), left, wait_for_first_to_ready)


def _operand(right: Indicator | float) -> Indicator:
    return right if isinstance(right, Indicator) else ConstantIndicator(f"{right:g}", float(right))


def _quotient(one: float, two: float) -> float | None:
    return None if two == 0 else one / two
