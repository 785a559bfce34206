"""Binomial prices of American options for many spots or volatilities at once."""
from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln, ndtr

FORWARD_STEPS = 200
_COUNTS = np.arange(FORWARD_STEPS + 1)
_LOG_CHOOSE = gammaln(FORWARD_STEPS + 1) - gammaln(_COUNTS + 1) - gammaln(FORWARD_STEPS - _COUNTS + 1)


def black_price(spot: float, strike: float, years: float, rate: float, dividend: float, volatility: float,
                is_call: bool) -> float:
    """Black-Scholes price with a continuous dividend yield."""
    d1, d2 = d1_d2(spot, strike, years, rate, dividend, volatility)
    sign = 1.0 if is_call else -1.0
    return sign * (spot * math.exp(-dividend * years) * float(ndtr(sign * d1))
                   - strike * math.exp(-rate * years) * float(ndtr(sign * d2)))


def d1_d2(spot: float, strike: float, years: float, rate: float, dividend: float, volatility: float) -> tuple[float, float]:
    """The two arguments of the Black-Scholes formula; without any spread d1 is 10, as in LEAN."""
    spread = volatility * math.sqrt(max(0.0, years))
    if spread == 0:
        return 10.0, 10.0
    d1 = (math.log(spot / strike) + (rate - dividend + 0.5 * volatility * volatility) * years) / spread
    return d1, d1 - spread


def forward_tree_prices(spot: np.ndarray, strike: float, years: np.ndarray, rate: np.ndarray, dividend: float,
                        volatility: np.ndarray, is_call: bool) -> np.ndarray:
    """Prices on LEAN's forward tree of 200 steps; arguments are arrays of one length.

    As in LEAN, only calls are exercised early, and the nodes' spots leave out the tree's drift.
    """
    step = years / FORWARD_STEPS
    drift = np.exp((rate - dividend) * step)
    spread = volatility * np.sqrt(step)
    up, down = np.exp(spread) * drift, np.exp(-spread) * drift
    flat = up - down == 0
    up, down = np.where(flat, 1.0001, up), np.where(flat, 0.9999, down)
    chance = (drift - down) / (up - down)
    leaves = spot[:, None] * up[:, None] ** (2 * _COUNTS - FORWARD_STEPS)
    if not is_call:
        return _discounted_mean(np.maximum(strike - leaves, 0.0), chance, rate, years)
    values = np.maximum(leaves - strike, 0.0)
    exercise = np.maximum(spot[:, None] * up[:, None] ** (np.arange(2 * FORWARD_STEPS + 1) - FORWARD_STEPS) - strike, 0.0)
    factor = np.exp(-rate * step)
    stay, rise = (factor * (1 - chance))[:, None], (factor * chance)[:, None]
    for period in range(FORWARD_STEPS - 1, -1, -1):
        values = values[:, :-1] * stay + values[:, 1:] * rise
        first = FORWARD_STEPS - period
        np.maximum(values, exercise[:, first:first + 2 * period + 1:2], out=values)
    return values[:, 0]


def _discounted_mean(payoffs: np.ndarray, chance: np.ndarray, rate: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Mean payoff over the leaves; chances outside 0 to 1 (tiny volatility) are summed step by step instead."""
    inside = (chance > 0) & (chance < 1)
    if not inside.all():
        return np.array([_rolled_back(p, c, r, y) for p, c, r, y in zip(payoffs, chance, rate, years)])
    weights = np.exp(_LOG_CHOOSE + _COUNTS * np.log(chance)[:, None]
                     + (FORWARD_STEPS - _COUNTS) * np.log1p(-chance)[:, None])
    return np.exp(-rate * years) * (weights * payoffs).sum(axis=1)


def _rolled_back(values: np.ndarray, chance: float, rate: float, years: float) -> float:
    factor = math.exp(-rate * years / FORWARD_STEPS)
    for _ in range(FORWARD_STEPS):
        values = factor * ((1 - chance) * values[:-1] + chance * values[1:])
    return float(values[0])


def crr_lattice(spot: float, strike: float, years: float, rate: float, dividend: float, volatility: float, is_call: bool,
                steps: int = 100, *, is_american: bool = True, first_exercise: float = 0.0) -> tuple[float, float, float]:
    """Price, delta and gamma of an option on a Cox-Ross-Rubinstein tree.

    It can be exercised from `first_exercise` on, in years.
    Delta and gamma are taken along the upper edge of the tree, as QuantLib's binomial engine takes them.
    """
    step = years / steps
    spread = volatility * math.sqrt(step)
    chance = 0.5 + 0.5 * (rate - dividend - 0.5 * volatility * volatility) * step / spread
    factor, sign = math.exp(-rate * step), 1.0 if is_call else -1.0
    exercise = sign * (spot * np.exp(spread * np.arange(-steps, steps + 1)) - strike)
    values = np.maximum(exercise[::2], 0.0)
    tops = {}
    for period in range(steps - 1, -1, -1):
        values = factor * ((1 - chance) * values[:-1] + chance * values[1:])
        if is_american and period * step >= first_exercise - 1e-12:
            np.maximum(values, exercise[steps - period:steps + period + 1:2], out=values)
        if period <= 2:
            tops[period] = float(values[-1])
    first, second = spot * math.exp(spread), spot * math.exp(2 * spread)
    delta = (tops[1] - tops[0]) / (first - spot)
    following = (tops[2] - tops[1]) / (second - first)
    return tops[0], delta, 2.0 * (following - delta) / (second - spot)
