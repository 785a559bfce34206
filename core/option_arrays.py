"""Black-Scholes-Merton over whole chains: the same formulas and units as ``core.option_math``, column-wise.

Arguments broadcast; ``is_put`` is boolean. Rows that cannot be computed are NaN in the answer (the mask a caller
needs), never a default: a row's inputs must be finite, with spot, strike, iv and years positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from config.constants import CALENDAR_DAYS_PER_YEAR
from core.arrays import Floats
from core.option_math import HIGHEST_IV, LOWEST_IV, VOLATILITY_POINT

_NEWTON_STEPS = 100
_ROOT_TWO_PI = np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GreekArrays:
    """Columns of one long option each: price, delta, gamma, vega (per volatility point), theta (per calendar day)."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Inputs:
    spot: Floats
    strike: Floats
    sign: Floats
    iv: Floats
    years: Floats
    rate: Floats
    carry: Floats


def _inputs(spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, iv: ArrayLike, years: ArrayLike, rate: ArrayLike,
            dividend_yield: ArrayLike) -> _Inputs:
    columns = [np.asarray(column, dtype=float) for column in (spot, strike, iv, years, rate, dividend_yield)]
    spots, strikes, ivs, times, rates, carries, puts = np.broadcast_arrays(*columns, np.asarray(is_put, dtype=bool))
    usable = np.isfinite(spots) & np.isfinite(strikes) & np.isfinite(ivs) & np.isfinite(times) & np.isfinite(rates)
    usable &= np.isfinite(carries) & (spots > 0) & (strikes > 0) & (ivs > 0) & (times > 0)
    return _Inputs(spot=np.where(usable, spots, np.nan), strike=np.where(usable, strikes, np.nan),
                   sign=np.where(puts, -1.0, 1.0), iv=np.where(usable, ivs, np.nan),
                   years=np.where(usable, times, np.nan), rate=rates, carry=carries)


def _d1(row: _Inputs) -> Floats:
    moneyness: Floats = np.log(row.spot / row.strike)
    deviation: Floats = row.iv * np.sqrt(row.years)
    return (moneyness + (row.rate - row.carry + 0.5 * row.iv ** 2) * row.years) / deviation


def prices(spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, iv: ArrayLike, years: ArrayLike, rate: ArrayLike,
           dividend_yield: ArrayLike) -> Floats:
    """European prices in points; NaN where a row's input is unusable."""
    row = _inputs(spot, strike, is_put, iv, years, rate, dividend_yield)
    d1 = _d1(row)
    d2 = d1 - row.iv * np.sqrt(row.years)
    value: Floats = row.sign * (row.spot * np.exp(-row.carry * row.years) * ndtr(row.sign * d1)
                                - row.strike * np.exp(-row.rate * row.years) * ndtr(row.sign * d2))
    return value


def greeks_arrays(spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, iv: ArrayLike, years: ArrayLike,
                  rate: ArrayLike, dividend_yield: ArrayLike) -> GreekArrays:
    """Prices and sensitivities of one long option a row; NaN where a row's input is unusable."""
    row = _inputs(spot, strike, is_put, iv, years, rate, dividend_yield)
    root = np.sqrt(row.years)
    d1 = _d1(row)
    d2 = d1 - row.iv * root
    discount = np.exp(-row.carry * row.years)
    held, owed = row.spot * discount, row.strike * np.exp(-row.rate * row.years)
    density = np.exp(-0.5 * d1 ** 2) / _ROOT_TWO_PI
    weight_1, weight_2 = ndtr(row.sign * d1), ndtr(row.sign * d2)
    theta = (-held * density * row.iv / (2.0 * root) - row.sign * row.rate * owed * weight_2
             + row.sign * row.carry * held * weight_1)
    return GreekArrays(price=row.sign * (held * weight_1 - owed * weight_2), delta=row.sign * discount * weight_1,
                       gamma=discount * density / (row.spot * row.iv * root),
                       vega=held * density * root * VOLATILITY_POINT, theta=theta / CALENDAR_DAYS_PER_YEAR)


def implied_volatilities(price: ArrayLike, spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, years: ArrayLike,
                         rate: ArrayLike, dividend_yield: ArrayLike) -> Floats:
    """Volatilities at which the model gives ``price``; NaN where none in [LOWEST_IV, HIGHEST_IV] does."""
    row = _inputs(spot, strike, is_put, np.ones(1), years, rate, dividend_yield)
    target, spots, strikes, sign, times, rates, carries = np.broadcast_arrays(
        np.asarray(price, dtype=float), row.spot, row.strike, row.sign, row.years, row.rate, row.carry)
    held, owed, root = spots * np.exp(-carries * times), strikes * np.exp(-rates * times), np.sqrt(times)
    forward_log = np.log(spots / strikes) + (rates - carries) * times

    def value_and_slope(iv: Floats) -> tuple[Floats, Floats]:
        d1 = (forward_log + 0.5 * iv ** 2 * times) / (iv * root)
        value = sign * (held * ndtr(sign * d1) - owed * ndtr(sign * (d1 - iv * root)))
        return value, held * np.exp(-0.5 * d1 ** 2) / _ROOT_TWO_PI * root

    low, high = np.full(target.shape, LOWEST_IV), np.full(target.shape, HIGHEST_IV)
    with np.errstate(all="ignore"):
        bound_low = np.maximum(0.0, sign * (held - owed))
        usable = (target > bound_low) & (target < np.where(sign > 0, held, owed))
        usable &= (value_and_slope(low)[0] <= target) & (target <= value_and_slope(high)[0])
        volatility = np.clip(np.sqrt(2.0 * np.abs(forward_log) / times), 0.05, 5.0)
        for _ in range(_NEWTON_STEPS):
            value, slope = value_and_slope(volatility)
            above = value > target
            high, low = np.where(above, volatility, high), np.where(above, low, volatility)
            step = volatility - (value - target) / slope
            inside = (step > low) & (step < high)
            volatility_next = np.where(inside, step, 0.5 * (low + high))
            settled = np.abs(volatility_next - volatility) < 1e-13
            volatility = volatility_next
            if np.all(settled | ~usable):
                break
    return np.where(usable, volatility, np.nan)
