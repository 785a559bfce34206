"""Indicators of indicators: one that takes in another's values."""
from __future__ import annotations

from typing import Any

from local.engine.errors import MemberNotSupported
from local.engine.indicators.base import ExponentialMovingAverage, Indicator, Maximum, Minimum, SimpleMovingAverage


class _Extensions(type):
    def __getattr__(cls, name: str) -> Any:
        raise AttributeError(name) if name.startswith("__") else MemberNotSupported(f"IndicatorExtensions.{name}")


class IndicatorExtensions(metaclass=_Extensions):
    """Chains of two indicators; the second follows from the moment it is made."""

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
