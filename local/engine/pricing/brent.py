"""Brent's root search with QuantLib's stopping rule, so that coarse accuracies stop at the same root."""
from __future__ import annotations

import math
from collections.abc import Callable

_EPSILON = 2.220446049250313e-16


def find_root(function: Callable[[float], float], low: float, high: float, accuracy: float, most: int = 100) -> float | None:
    """Root between two bounds to within an accuracy; None when the bounds do not enclose one."""
    at_low, at_high = function(low), function(high)
    if at_low == 0:
        return low
    if at_high == 0:
        return high
    if at_low * at_high > 0:
        return None
    root, value = high, at_high
    step = previous = 0.0
    for _ in range(most):
        if value * at_high > 0:
            high, at_high = low, at_low
            previous = step = root - low
        if abs(at_high) < abs(value):
            low, root, high = root, high, root
            at_low, value, at_high = value, at_high, value
        tolerance = 2.0 * _EPSILON * abs(root) + 0.5 * accuracy
        middle = (high - root) / 2.0
        if abs(middle) <= tolerance or abs(value) <= _EPSILON * _EPSILON:
            return root
        if abs(previous) >= tolerance and abs(at_low) > abs(value):
            step, previous = _interpolated(low, root, high, at_low, value, at_high, middle, tolerance, step, previous)
        else:
            step = previous = middle
        low, at_low = root, value
        root += step if abs(step) > tolerance else math.copysign(tolerance, middle)
        value = function(root)
    return None


def _interpolated(low: float, root: float, high: float, at_low: float, value: float, at_high: float, middle: float,
                  tolerance: float, step: float, previous: float) -> tuple[float, float]:
    """Next step by inverse quadratic interpolation, or by bisection when that leaves the bounds."""
    ratio = value / at_low
    if low == high:
        p, q = 2.0 * middle * ratio, 1.0 - ratio
    else:
        q, r = at_low / at_high, value / at_high
        p = ratio * (2.0 * middle * q * (q - r) - (root - low) * (r - 1.0))
        q = (q - 1.0) * (r - 1.0) * (ratio - 1.0)
    q = -q if p > 0.0 else q
    p = abs(p)
    if 2.0 * p < min(3.0 * middle * q - abs(tolerance * q), abs(previous * q)):
        return p / q, step
    return middle, middle
