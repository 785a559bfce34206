"""What the right to exercise early adds to a European put of strike 1, and the slopes of that premium, given the
boundary.

The integral is that of Kim, Jacka, and Carr, Jarrow and Myneni. While the price is below the boundary, exercising earns
interest on the strike and forgoes the yield of the underlying. The premium is the present value of both over all times
and prices.

A boundary comes here ``scaled``: for each time that may pass, it is its logarithm less the drift until then, divided by
the root of that time. The distance in deviations between price and boundary is then one subtraction. All functions work
along the last axis: a column of shape (..., 1) for many options is a plain float for one.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp
from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtr

from core.american.boundary import PREMIUM_ROOTS, PREMIUM_WEIGHTS, ROOT_TWO_PI
from core.arrays import Floats

_PASSED: Final = PREMIUM_ROOTS ** 2
_BY_ROOT: Final = 1.0 / PREMIUM_ROOTS
_HALF_ROOTS: Final = 0.5 * PREMIUM_ROOTS
BURDENS_KEPT: Final = 1024


class Burdens(NamedTuple):
    """Interest and yield at each time, as present values times the integral's weights: what exercising earns, per
    strike, and what it forgoes, per price. ``_dense`` are divided by the root of two pi, ``_by_root`` also by the root
    of time, ``_by_time`` by that root once more."""

    earned: Floats
    forgone: Floats
    earned_dense: Floats
    forgone_dense: Floats
    earned_by_root: Floats
    forgone_by_root: Floats
    earned_by_time: Floats
    forgone_by_time: Floats
    drift: Floats                   # over the root of time, without the variance's own


class Premium(NamedTuple):
    """The premium, its first and second derivative by the price, and its derivative by the deviation."""

    value: Floats
    first: Floats
    second: Floats
    by_deviation: Floats


@lru_cache(maxsize=BURDENS_KEPT)
def burdens(rate_time: float, yield_time: float) -> Burdens:
    """What exercising earns and forgoes."""
    earned = rate_time * np.exp(-rate_time * _PASSED) * PREMIUM_WEIGHTS
    forgone = yield_time * np.exp(-yield_time * _PASSED) * PREMIUM_WEIGHTS
    earned_dense, forgone_dense = earned / ROOT_TWO_PI, forgone / ROOT_TWO_PI
    return Burdens(earned=earned, forgone=forgone, earned_dense=earned_dense, forgone_dense=forgone_dense,
                   earned_by_root=earned_dense * _BY_ROOT, forgone_by_root=forgone_dense * _BY_ROOT,
                   earned_by_time=earned_dense * _BY_ROOT ** 2, forgone_by_time=forgone_dense * _BY_ROOT ** 2,
                   drift=(rate_time - yield_time) * PREMIUM_ROOTS)


def scaled(logs: Floats, burden: Burdens) -> Floats:
    """Logarithms of the boundary at each time (``boundary.log_boundaries`` without the last), in the integral's
    form."""
    rows: Floats = logs * _BY_ROOT - burden.drift
    return rows


def premium(boundary: Floats, log_price: Floats | float, deviation: Floats | float, burden: Burdens) -> Floats:
    """Premium of puts that are not exercised now; ``boundary`` holds ``scaled`` rows."""
    half = deviation * _HALF_ROOTS
    distance = (boundary - log_price * _BY_ROOT) / deviation
    value: Floats = np.dot(ndtr(distance + half), burden.earned) \
        - _price(log_price) * np.dot(ndtr(distance - half), burden.forgone)
    return value


def premium_slopes(boundary: Floats, moving: Floats, log_price: Floats | float, deviation: Floats | float,
                   burden: Burdens) -> Premium:
    """As :func:`premium`, with the derivatives. ``moving`` is the derivative of the boundary by the deviation."""
    price, flat, half = _price(log_price), _flat(deviation), deviation * _HALF_ROOTS
    distance = (boundary - log_price * _BY_ROOT) / deviation
    lower, upper = distance + half, distance - half
    dense_lower, dense_upper = np.exp(-0.5 * lower * lower), np.exp(-0.5 * upper * upper)
    below = np.dot(ndtr(upper), burden.forgone)
    at_lower, at_upper = np.dot(dense_lower, burden.earned_by_root), np.dot(dense_upper, burden.forgone_by_root)
    bend = price * np.dot(upper * dense_upper, burden.forgone_by_time) \
        - np.dot(lower * dense_lower, burden.earned_by_time)
    moved = (moving - distance) / deviation
    by_deviation = np.dot(dense_lower * (moved + _HALF_ROOTS), burden.earned_dense) \
        - price * np.dot(dense_upper * (moved - _HALF_ROOTS), burden.forgone_dense)
    return Premium(value=np.dot(ndtr(lower), burden.earned) - price * below,
                   first=(at_upper - at_lower / price) / flat - below,
                   second=(at_lower / price + at_upper + bend / (price * flat)) / (flat * price),
                   by_deviation=by_deviation)


def _flat(column: Floats | float) -> Floats | float:
    """A column without its last axis."""
    return column[..., 0] if isinstance(column, np.ndarray) else column


def _price(log_price: Floats | float) -> Floats | float:
    return np.exp(log_price[..., 0]) if isinstance(log_price, np.ndarray) else exp(log_price)
