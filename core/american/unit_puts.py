"""Values of American puts of strike 1 that share interest and yield. Chains and single options are reduced to these.

``log_price`` is the logarithm of price over strike, ``deviation`` is volatility times the root of the years. ``call``
says that the puts stand for calls (spot and strike, interest and dividends exchanged); only ``cells`` needs to know it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from core.american.boundary import ROOT_TWO_PI, exercised_early
from core.american.cells import Boundary, boundary_rows
from core.american.premium import burdens, premium, premium_slopes
from core.arrays import Flags, Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitPuts:
    """Rows of puts of strike 1; ``rate_time`` and ``yield_time`` are interest and yield times the years."""

    log_price: Floats
    deviation: Floats
    rate_time: float
    yield_time: float
    call: bool

    def rows(self, chosen: Flags) -> UnitPuts:
        """Some of the rows."""
        return UnitPuts(log_price=self.log_price[chosen], deviation=self.deviation[chosen], rate_time=self.rate_time,
                        yield_time=self.yield_time, call=self.call)

    def at(self, deviation: Floats) -> UnitPuts:
        """The same puts with other deviations."""
        return UnitPuts(log_price=self.log_price, deviation=deviation, rate_time=self.rate_time,
                        yield_time=self.yield_time, call=self.call)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitGreeks:
    """Value, first and second derivative by the price, derivative by the deviation, and what a whole life of time would
    add at today's pace (``decay``: negative if the option loses value)."""

    value: Floats
    first: Floats
    second: Floats
    by_deviation: Floats
    decay: Floats


def values(puts: UnitPuts) -> Floats:
    """American values."""
    held, _ = _european(puts)
    if not exercised_early(puts.rate_time, puts.yield_time):
        return np.maximum(held, -np.expm1(puts.log_price))
    boundary = boundary_rows(puts.rate_time, puts.yield_time, puts.deviation, call=puts.call)
    added = premium(boundary.rows, puts.log_price[:, None], puts.deviation[:, None],
                    burdens(puts.rate_time, puts.yield_time))
    return _not_below_exercise(puts, boundary, held + added)


def greeks(puts: UnitPuts) -> UnitGreeks:
    """American values and their derivatives. A put worth exercising at once has those of its intrinsic value."""
    held, upper = _european(puts)
    price, kept = np.exp(puts.log_price), np.exp(-puts.yield_time)
    density = kept * np.exp(-0.5 * upper ** 2) / ROOT_TWO_PI
    value, first, second = held, -kept * ndtr(-upper), density / (price * puts.deviation)
    by_deviation = price * density
    now = np.zeros(len(price), dtype=bool)
    if exercised_early(puts.rate_time, puts.yield_time):
        boundary = boundary_rows(puts.rate_time, puts.yield_time, puts.deviation, call=puts.call)
        added = premium_slopes(boundary.rows, boundary.moving, puts.log_price[:, None], puts.deviation[:, None],
                               burdens(puts.rate_time, puts.yield_time))
        now = puts.log_price <= boundary.now
        value = _not_below_exercise(puts, boundary, held + added.value)
        first, second = np.where(now, -1.0, first + added.first), np.where(now, 0.0, second + added.second)
        by_deviation = np.where(now, 0.0, by_deviation + added.by_deviation)
    decay = puts.rate_time * value - (puts.rate_time - puts.yield_time) * price * first \
        - 0.5 * (puts.deviation * price) ** 2 * second
    return UnitGreeks(value=value, first=first, second=second, by_deviation=by_deviation,
                      decay=np.where(now, 0.0, decay))


def european_by_deviation(puts: UnitPuts) -> Floats:
    """Derivative of the European value by the deviation."""
    _, upper = _european(puts)
    slope: Floats = np.exp(puts.log_price - puts.yield_time - 0.5 * upper ** 2) / ROOT_TWO_PI
    return slope


def _european(puts: UnitPuts) -> tuple[Floats, Floats]:
    """European values and their upper distances (d1)."""
    upper = (puts.log_price + puts.rate_time - puts.yield_time) / puts.deviation + 0.5 * puts.deviation
    held: Floats = np.exp(-puts.rate_time) * ndtr(puts.deviation - upper) \
        - np.exp(puts.log_price - puts.yield_time) * ndtr(-upper)
    return held, upper


def _not_below_exercise(puts: UnitPuts, boundary: Boundary, value: Floats) -> Floats:
    exercise = -np.expm1(puts.log_price)
    return np.where(puts.log_price <= boundary.now, exercise, np.maximum(value, exercise))
