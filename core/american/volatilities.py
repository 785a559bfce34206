"""Volatilities implied by American prices, over one expiry's chain."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from core.american import unit_puts
from core.american.boundary import exercised_early
from core.american.unit_puts import UnitPuts
from core.american.values import reduced
from core.arrays import Floats
from core.option_arrays import implied_volatilities
from core.option_math import HIGHEST_IV, LOWEST_IV

STEPS: Final = 60
ROUNDING: Final = 8.0 * float(np.finfo(float).eps)      # of the unit: the finest difference that a value can show
TOLERANCE: Final = 1e-9             # of the unit: how far the nearest value may be from the price and still count
WIDEST_DEVIATION: Final = 10.0      # volatility times root of years at which a put is worth its strike


def american_volatilities(price: ArrayLike, spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, years: float,
                          rate: float, dividend_yield: float) -> Floats:
    """Volatilities at which the American values are ``price``. NaN if none in [LOWEST_IV, HIGHEST_IV] gives it, or if
    the price is not above the value of exercising at once."""
    shape, sides = reduced(spot, strike, is_put, 1.0, years, rate, dividend_yield)
    prices, spots, strikes, puts = np.broadcast_arrays(np.asarray(price, dtype=float), spot, strike, is_put)
    found = np.full(np.broadcast_shapes(shape, prices.shape), np.nan)
    for side in sides:
        rows = np.broadcast_to(side.rows, found.shape)
        european = implied_volatilities(prices[rows], spots[rows], strikes[rows], puts[rows], years, rate, dividend_yield)
        if exercised_early(side.puts.rate_time, side.puts.yield_time):
            found[rows] = _deviations(side.puts, prices[rows] / side.unit, european * np.sqrt(years),
                                      float(np.sqrt(years))) / np.sqrt(years)
        else:
            found[rows] = european
    return found


def _deviations(puts: UnitPuts, target: Floats, european: Floats, root: float) -> Floats:
    """Deviations at which puts of strike 1 are worth ``target``. Secant steps inside a shrinking bracket, whose upper
    end is the European deviation (a European put is worth less). Rows that have converged drop out."""
    found = np.full(target.shape, np.nan)
    told = np.isfinite(target) & (target > np.maximum(0.0, -np.expm1(puts.log_price)) + ROUNDING) & (target < 1.0)
    rows, puts, target, european = np.flatnonzero(told), puts.rows(told), target[told], european[told]
    low = np.full(target.shape, LOWEST_IV * root)
    high = np.where(np.isfinite(european), european * (1.0 + ROUNDING), min(HIGHEST_IV * root, WIDEST_DEVIATION))
    now, error = high, unit_puts.values(puts.at(high)) - target
    before, error_before = now - 1.0, error - unit_puts.european_by_deviation(puts.at(now))    # a Newton step
    for _ in range(STEPS):
        found[rows] = np.where(np.abs(error) <= TOLERANCE, now, np.nan)
        stays = (np.abs(error) > ROUNDING) & (high - low > ROUNDING * high)
        if not stays.any():
            break
        rows, puts, target, low, high = rows[stays], puts.rows(stays), target[stays], low[stays], high[stays]
        before, error_before, now, error = before[stays], error_before[stays], now[stays], error[stays]
        with np.errstate(all="ignore"):
            step = now - error * (now - before) / (error - error_before)
        following = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        before, error_before, now = now, error, following
        error = unit_puts.values(puts.at(now)) - target
        low, high = np.where(error > 0.0, low, now), np.where(error > 0.0, now, high)
    return found
