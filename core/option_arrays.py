"""Black-Scholes-Merton over whole chains: the same formulas and units as ``core.option_math``, column-wise.

Arguments broadcast; ``is_put`` is boolean. A row's inputs must be finite, and its spot, strike, iv and years positive.
A row that cannot be computed is NaN in the answer (which also serves as the caller's mask), never a default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from config.constants import CALENDAR_DAYS_PER_YEAR
from core.arrays import Flags, Floats
from core.option_math import HIGHEST_IV, LOWEST_IV, VOLATILITY_POINT

_HALLEY_STEPS = 100
_ROUNDING = 16.0 * float(np.finfo(float).eps)
_ROOT_TWO_PI = np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GreekArrays:
    """Columns, each for one long option: price, delta, gamma, vega (per volatility point), theta (per calendar day)."""

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
    """European prices in points; NaN if a row's input is unusable."""
    row = _inputs(spot, strike, is_put, iv, years, rate, dividend_yield)
    d1 = _d1(row)
    d2 = d1 - row.iv * np.sqrt(row.years)
    value: Floats = row.sign * (row.spot * np.exp(-row.carry * row.years) * ndtr(row.sign * d1)
                                - row.strike * np.exp(-row.rate * row.years) * ndtr(row.sign * d2))
    return value


def greeks_arrays(spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, iv: ArrayLike, years: ArrayLike,
                  rate: ArrayLike, dividend_yield: ArrayLike) -> GreekArrays:
    """Prices and sensitivities of one long option per row; NaN if a row's input is unusable."""
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
    """Volatilities at which the model gives ``price``; NaN if none in [LOWEST_IV, HIGHEST_IV] does.

    The solver works on the out-of-the-money option at the same strike (by put-call parity), whose value is all time
    value. It takes Halley steps inside a shrinking bracket, on the logarithm of the value if that is below its
    inflection. A row is done as soon as it meets its price to the price's own rounding.
    """
    row = _inputs(spot, strike, is_put, np.ones(1), years, rate, dividend_yield)
    columns = np.broadcast_arrays(np.asarray(price, dtype=float), row.spot, row.strike, row.sign, row.years, row.rate,
                                  row.carry)
    target, spots, strikes, sign, times, rates, carries = (column.ravel() for column in columns)
    with np.errstate(all="ignore"):
        held, owed, root = spots * np.exp(-carries * times), strikes * np.exp(-rates * times), np.sqrt(times)
        time_value = target - np.maximum(0.0, sign * (held - owed))
        usable = (time_value > 0.0) & (target < np.where(sign > 0.0, held, owed)) & np.isfinite(held + owed + target)
        solved = _out_of_the_money(time_value[usable], target[usable], held[usable], owed[usable], root[usable])
    found = np.full(target.shape, np.nan)
    found[usable] = solved / root[usable]
    return found.reshape(columns[0].shape)


def _out_of_the_money(time_value: Floats, price: Floats, held: Floats, owed: Floats, root: Floats) -> Floats:
    """Volatility times the root of years at which the out-of-the-money option is worth ``time_value``. ``price`` is the
    price of the option asked about; its rounding is contained in ``time_value``."""
    found, rows = np.full(time_value.shape, np.nan), np.arange(len(time_value))
    moneyness = np.log(held / owed)
    side = np.where(moneyness > 0.0, -1.0, 1.0)
    low, high = LOWEST_IV * root, HIGHEST_IV * root
    away = np.abs(moneyness)
    inflection = np.clip(np.sqrt(2.0 * away), low, high)
    bent = _time_value(inflection, moneyness, side, held, owed)[0]
    in_logs = time_value < bent
    in_range = (_time_value(low, moneyness, side, held, owed)[0] <= time_value) \
        & (time_value <= _time_value(high, moneyness, side, held, owed)[0])
    small = away / np.sqrt(0.5 * away + 2.0 * np.log(bent / time_value))
    now = np.clip(np.where(in_logs, small, np.maximum(inflection, _ROOT_TWO_PI * time_value / np.sqrt(held * owed))),
                  low, high)
    state = [column[in_range] for column in (rows, now, low, high, time_value, price, moneyness, side, held, owed, in_logs)]
    for _ in range(_HALLEY_STEPS):
        rows, now, low, high, time_value, price, moneyness, side, held, owed, in_logs = state
        if not len(rows):
            break
        value, whole, upper = _time_value(now, moneyness, side, held, owed)
        error = value - time_value
        settled = np.abs(error) <= _ROUNDING * (whole + price)
        low, high = np.where(error > 0.0, low, now), np.where(error > 0.0, now, high)
        following = _halley(now, error, value, time_value, held * np.exp(-0.5 * upper ** 2) / _ROOT_TWO_PI,
                            upper * (upper - now) / now, in_logs)
        following = np.where((following > low) & (following < high), following, 0.5 * (low + high))
        settled |= high - low <= _ROUNDING * now
        found[rows] = now
        stays = ~settled
        state = [column[stays] for column in (rows, following, low, high, time_value, price, moneyness, side, held, owed,
                                              in_logs)]
    return found


def _time_value(deviation: Floats, moneyness: Floats, side: Floats, held: Floats, owed: Floats
                ) -> tuple[Floats, Floats, Floats]:
    """Value of the out-of-the-money option, the sum of the two parts whose difference it is, and its upper distance."""
    upper = moneyness / deviation + 0.5 * deviation
    gained, paid = held * ndtr(side * upper), owed * ndtr(side * (upper - deviation))
    return side * (gained - paid), gained + paid, upper


def _halley(now: Floats, error: Floats, value: Floats, target: Floats, slope: Floats, bend: Floats, in_logs: Flags
            ) -> Floats:
    """The next deviation. ``bend`` is the second derivative over the first."""
    share = slope / value
    gap = np.where(in_logs, np.log(value / target), error)
    slope, bend = np.where(in_logs, share, slope), np.where(in_logs, bend - share, bend)
    step = gap / slope
    following: Floats = now - step / np.maximum(1.0 - 0.5 * step * bend, 0.5)
    return following
