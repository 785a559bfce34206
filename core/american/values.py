"""American prices and Greeks over one expiry's chain. Units are those of ``core.option_math``.

All options share years, interest and yield; spot, strike, right and volatility are columns. Rows that cannot be
computed are NaN, as in ``core.option_arrays``. So are options that would be exercised only between two prices
(``boundary.two_boundaries``: interest and yield are negative, and the one is below the other).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from config.constants import CALENDAR_DAYS_PER_YEAR
from core.american import unit_puts
from core.american.boundary import two_boundaries
from core.american.unit_puts import UnitPuts
from core.arrays import Flags, Floats
from core.option_arrays import GreekArrays
from core.option_math import VOLATILITY_POINT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """The usable rows of one right as puts of strike 1. ``unit`` is the factor of their values: the strike, or for a
    call the spot."""

    rows: Flags
    unit: Floats
    puts: UnitPuts


def american_prices(spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, iv: ArrayLike, years: float, rate: float,
                    dividend_yield: float) -> Floats:
    """American prices in points; NaN if a row's input is unusable."""
    shape, sides = reduced(spot, strike, is_put, iv, years, rate, dividend_yield)
    found = np.full(shape, np.nan)
    for side in sides:
        found[side.rows] = side.unit * unit_puts.values(side.puts)
    return found


def american_greeks(spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, iv: ArrayLike, years: float, rate: float,
                    dividend_yield: float) -> GreekArrays:
    """Prices and sensitivities of one long American option per row; NaN if a row's input is unusable. An option worth
    exercising at once moves with its intrinsic value, so it has no gamma, vega or theta."""
    shape, sides = reduced(spot, strike, is_put, iv, years, rate, dividend_yield)
    columns = {name: np.full(shape, np.nan) for name in ("price", "delta", "gamma", "vega", "theta")}
    for side in sides:
        found, ratio = unit_puts.greeks(side.puts), np.exp(side.puts.log_price)
        of_call = side.puts.call
        columns["price"][side.rows] = side.unit * found.value
        columns["delta"][side.rows] = found.value - ratio * found.first if of_call else found.first
        columns["gamma"][side.rows] = found.second * (ratio ** 2 if of_call else 1.0) / side.unit
        columns["vega"][side.rows] = side.unit * found.by_deviation * np.sqrt(years) * VOLATILITY_POINT
        columns["theta"][side.rows] = side.unit * found.decay / (years * CALENDAR_DAYS_PER_YEAR)
    return GreekArrays(**columns)


def reduced(spot: ArrayLike, strike: ArrayLike, is_put: ArrayLike, iv: ArrayLike, years: float, rate: float,
            dividend_yield: float) -> tuple[tuple[int, ...], list[Side]]:
    """Shape of the answer, and the usable rows of each right."""
    columns = [np.asarray(column, dtype=float) for column in (spot, strike, iv)]
    spots, strikes, ivs, puts = np.broadcast_arrays(*columns, np.asarray(is_put, dtype=bool))
    usable = np.isfinite(spots) & np.isfinite(strikes) & np.isfinite(ivs) & (spots > 0) & (strikes > 0) & (ivs > 0)
    sides: list[Side] = []
    if not (np.isfinite([years, rate, dividend_yield]).all() and years > 0.0):
        return usable.shape, sides
    for call in (False, True):
        rows = usable & (puts != call)
        earned, forgone = (dividend_yield * years, rate * years) if call else (rate * years, dividend_yield * years)
        if rows.any() and not two_boundaries(earned, forgone):
            unit, other = (spots[rows], strikes[rows]) if call else (strikes[rows], spots[rows])
            unit_rows = UnitPuts(log_price=np.log(other / unit), deviation=ivs[rows] * np.sqrt(years),
                                 rate_time=earned, yield_time=forgone, call=call)
            sides.append(Side(rows=rows, unit=unit, puts=unit_rows))
    return usable.shape, sides
