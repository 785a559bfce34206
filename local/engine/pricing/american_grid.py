"""Option prices on a Crank-Nicolson grid laid out as QuantLib's, and what early exercise adds to them."""
from __future__ import annotations

import math

import numpy as np

_POINTS, _STEPS = 100, 100
_SAFETY = 1.1


def _grid(spot: float, strike: float, spread: float, points: int) -> np.ndarray:
    """Spots evenly spaced in logarithm around the centre, wide enough to hold the strike."""
    factor = math.exp(4.0 * (1.0 + 0.02 / spread) * spread)
    low, high = spot / factor, spot * factor
    if low > strike / _SAFETY:
        low = strike / _SAFETY
        high = spot * spot / low
    if high < strike * _SAFETY:
        high = strike * _SAFETY
        low = spot * spot / high
    return low * np.exp(np.linspace(0.0, math.log(high / low), points))


def early_exercise_premium(spot: float, strike: float, years: float, rate: float, dividend: float, volatility: float,
                           is_call: bool) -> float:
    """American less European price, both on the same grid of 100 points and 100 steps."""
    _, values = grid_values(spot, strike, years, rate, dividend, volatility, is_call)
    middle = (values[_POINTS // 2] + values[_POINTS // 2 - 1]) / 2
    return float(middle[0] - middle[1])


def grid_values(spot: float, strike: float, years: float, rate: float, dividend: float, volatility: float, is_call: bool,
                points: int = _POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Spots of the grid and on them the prices of the American and of the European option."""
    sign = 1.0 if is_call else -1.0
    grid = _grid(spot, strike, volatility * math.sqrt(years), points)
    payoff = np.maximum(sign * (grid - strike), 0.0)
    explicit, implicit = _operators(grid, years / _STEPS, rate, dividend, volatility)
    lower, upper = payoff[1] - payoff[0], payoff[-1] - payoff[-2]
    inverse = np.linalg.inv(implicit)
    values = np.column_stack([payoff, payoff])
    for _ in range(_STEPS):
        values = explicit @ values
        values[0], values[-1] = lower, upper
        values = inverse @ values
        np.maximum(values[:, 0], payoff, out=values[:, 0])
    return grid, values


def at_centre(grid: np.ndarray, values: np.ndarray) -> tuple[float, float, float]:
    """Value, first and second derivative by the spot in the middle of a grid with an odd number of points."""
    middle = len(grid) // 2
    above = (values[middle + 1] - values[middle]) / (grid[middle + 1] - grid[middle])
    below = (values[middle] - values[middle - 1]) / (grid[middle] - grid[middle - 1])
    width = grid[middle + 1] - grid[middle - 1]
    return float(values[middle]), float((values[middle + 1] - values[middle - 1]) / width), float((above - below) / (width / 2))


def _operators(grid: np.ndarray, step: float, rate: float, dividend: float, volatility: float) -> tuple[np.ndarray, np.ndarray]:
    """Explicit and implicit half steps; the implicit one's edges fix the slope there."""
    spacing, variance = math.log(grid[1] / grid[0]), volatility * volatility
    drift = rate - dividend - variance / 2
    down, up = -(variance / spacing - drift) / (2 * spacing), -(variance / spacing + drift) / (2 * spacing)
    points = len(grid)
    operator = np.zeros((points, points))
    inner = np.arange(1, points - 1)
    operator[inner, inner - 1], operator[inner, inner + 1] = down, up
    operator[inner, inner] = variance / (spacing * spacing) + rate
    explicit, implicit = np.eye(points) - 0.5 * step * operator, np.eye(points) + 0.5 * step * operator
    for row, near in ((0, 1), (points - 1, points - 2)):
        implicit[row] = 0.0
        implicit[row, min(row, near)], implicit[row, max(row, near)] = -1.0, 1.0
    return explicit, implicit
