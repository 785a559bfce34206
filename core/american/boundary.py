"""Critical prices of an American put over its life, as logarithms of price over strike.

The boundary ``B(t)``, where ``t`` is the remaining share of the life, solves ``f(B) = B`` with ``f = exp(-(r-q)t) N /
D``, ``N = Phi(d-) + r integral(exp(ru) Phi(d-(t-u)) du)``, ``D = Phi(d+) + q integral(...)`` (equation "FP-B" of
Andersen, Lake and Offengenden 2016). ``H = log(B/X)**2``, with ``X`` its limit at expiry, is smooth in the root of
``t``; its values at Chebyshev nodes are the unknowns. Newton's method finds them in a few steps. If it fails (interest
is large against volatility), the fixed-point iteration is used; it has converged in every case tried.

Integrals run over an angle: ``u = t cos(a)**2`` makes the integrand smooth at both ends of time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, roots_legendre

from core.arrays import Flags, Floats

NODES: Final = 8                   # unknowns of a boundary
POINTS: Final = 16                  # of the integrals that define it
PREMIUM_POINTS: Final = 48          # of the integral over it; denser where little time has passed
PREMIUM_POWER: Final = 3
SETTLED: Final = 1e-9               # largest remainder of the equation that counts as solved, in logarithms
FIRST_STEPS: Final = 3              # fixed-point steps, which smooth the guess before Newton's steps
NEWTON_STEPS: Final = 6
FIXED_POINT_STEPS: Final = 40
GUESS_STEPS: Final = 12
HIGHEST_LOG: Final = float(np.log(1e6))     # a boundary further than this from the strike is never reached
ROOT_TWO_PI: Final = float(np.sqrt(2.0 * np.pi))
LEAST_BURDEN: Final = 1e-10         # interest or yield times years; less than this counts as 0
_TINY: Final = 1e-30


def _chebyshev_nodes() -> Floats:
    """Roots of time of the unknowns, from 1 down to 0 (0 excluded), and the 0 that closes them."""
    nodes: Floats = (1.0 + np.cos(np.pi * np.arange(NODES + 1) / NODES)) / 2.0
    return nodes


def interpolation(nodes: Floats, points: Floats) -> Floats:
    """Matrix (points, nodes) that maps values at Chebyshev extrema to values at ``points``, by Berrut and Trefethen's
    barycentric formula."""
    weights = (-1.0) ** np.arange(len(nodes))
    weights[0] *= 0.5
    weights[-1] *= 0.5
    distance = points[:, None] - nodes[None, :]
    met = np.abs(distance) < 1e-13
    matrix: Floats = weights / np.where(met, 1.0, distance)
    matrix = matrix / matrix.sum(axis=1, keepdims=True)
    return np.where(met.any(axis=1, keepdims=True), met.astype(float), matrix)


def _angles(count: int, power: int) -> tuple[Floats, Floats, Floats]:
    """Sine, cosine and weight of a Gauss-Legendre rule in the angle; the weights are those of ``d(sin**2)``. A
    ``power`` above 1 concentrates the points where the sine is small."""
    points, weights = roots_legendre(count)
    share = (points + 1.0) / 2.0
    angle = np.pi / 2.0 * share ** power
    sine, cosine = np.sin(angle), np.cos(angle)
    return sine, cosine, np.pi / 4.0 * power * share ** (power - 1) * weights * 2.0 * sine * cosine


_ALL_NODES: Final = _chebyshev_nodes()
_ROOTS: Final = _ALL_NODES[:-1]
_SINE, _COSINE, _WEIGHT = _angles(POINTS, 1)
# For every node (row) and point: the time that has passed and the time that is left, as shares of the whole life.
_PASSED: Final = (_ROOTS[:, None] * _SINE) ** 2
_ROOT_PASSED: Final = _ROOTS[:, None] * _SINE
_LEFT: Final = (_ROOTS[:, None] * _COSINE) ** 2
_WEIGHTS: Final = _ROOTS[:, None] ** 2 * _WEIGHT
_TO_POINTS: Final = interpolation(_ALL_NODES, (_ROOTS[:, None] * _COSINE).ravel())
_BY_NODE: Final = _TO_POINTS.reshape(NODES, POINTS, NODES + 1)[:, :, :NODES]

# The premium's own rule: roots of the time that passes, its weights, and the boundary's ages along the way.
PREMIUM_ROOTS, _PREMIUM_COSINE, PREMIUM_WEIGHTS = _angles(PREMIUM_POINTS, PREMIUM_POWER)
_TO_PREMIUM: Final = interpolation(_ALL_NODES, np.append(_PREMIUM_COSINE, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Puts:
    """Columns (rows, 1) of the puts whose boundaries are sought. ``floor`` and ``ceiling`` bound their logarithms: they
    are the boundaries of the perpetual put and at expiry."""

    rate: Floats
    carry: Floats
    deviation: Floats
    floor: Floats
    ceiling: Floats

    def rows(self, chosen: Flags) -> _Puts:
        return _Puts(rate=self.rate[chosen], carry=self.carry[chosen], deviation=self.deviation[chosen],
                     floor=self.floor[chosen], ceiling=self.ceiling[chosen])


def log_boundaries(rate_time: Floats, yield_time: Floats, deviation: Floats) -> Floats:
    """Logarithms of critical price over strike of American puts, one per row.

    Parameters
    ----------
    rate_time, yield_time, deviation
        Arrays of one length, for puts that are exercised early (``exercised_early``); deviations above 0.

    Returns
    -------
    array (rows, PREMIUM_POINTS + 1)
        The boundary after ``PREMIUM_ROOTS ** 2`` of the life has passed, and in the last column now.
    """
    puts = _put_rows(rate_time, yield_time, deviation)
    guess = _guess(puts)
    with np.errstate(all="ignore"):
        guess = _iterate(puts, guess, FIRST_STEPS, newton=False)[0]
        logs, residual = _iterate(puts, guess, NEWTON_STEPS, newton=True)
        left = ~(residual < SETTLED)
        if left.any():
            logs[left] = _iterate(puts.rows(left), guess[left], FIXED_POINT_STEPS, newton=False)[0]
    squares = np.zeros((len(logs), NODES + 1))
    squares[:, :-1] = (logs - puts.ceiling) ** 2
    found: Floats = puts.ceiling - np.sqrt(np.maximum(squares @ _TO_PREMIUM.T, 0.0))
    return found


def exercised_early(rate_time: float, yield_time: float) -> bool:
    """Whether a put may be worth exercising before it expires: because that earns interest, or avoids a negative yield.
    Less than ``LEAST_BURDEN`` makes no difference to a value."""
    return rate_time > LEAST_BURDEN or (rate_time >= -LEAST_BURDEN and yield_time < -LEAST_BURDEN)


def two_boundaries(rate_time: float, yield_time: float) -> bool:
    """Whether a put would be exercised only between two prices, because the yield is below the interest and both are
    negative. The value of such a put is not known here."""
    return rate_time < -LEAST_BURDEN and yield_time < rate_time - LEAST_BURDEN


def _put_rows(rate_time: Floats, yield_time: Floats, deviation: Floats) -> _Puts:
    rate, carry, spread = (np.asarray(column, dtype=float)[:, None] for column in (rate_time, yield_time, deviation))
    variance = spread ** 2
    drift = (carry - rate) / variance
    with np.errstate(all="ignore"):
        root = 0.5 - drift + np.sqrt((drift - 0.5) ** 2 + 2.0 * carry / variance)
        floor = np.where(root > 1.0, -np.log(root / (root - 1.0)), -HIGHEST_LOG)
        ceiling = np.where(carry > rate, np.log(rate / np.where(carry > rate, carry, 1.0)), 0.0)
    return _Puts(rate=rate, carry=carry, deviation=spread, floor=np.maximum(floor, -HIGHEST_LOG),
                 ceiling=np.maximum(ceiling, -HIGHEST_LOG))


def _guess(puts: _Puts) -> Floats:
    """Critical prices of Barone-Adesi and Whaley at every node, by Newton steps inside a bracket."""
    rate, carry = puts.rate * _ROOTS ** 2, puts.carry * _ROOTS ** 2
    spread = puts.deviation * _ROOTS
    variance = spread ** 2
    growth = 2.0 * (rate - carry) / variance
    earned = np.where(np.abs(rate) > 1e-12, rate / np.where(np.abs(rate) > 1e-12, -np.expm1(-rate), 1.0), 1.0)
    power = 0.5 * (1.0 - growth - np.sqrt((growth - 1.0) ** 2 + 8.0 * earned / variance))
    paid, kept = np.exp(-rate), np.exp(-carry)
    low, high = np.broadcast_to(puts.floor, spread.shape), np.broadcast_to(puts.ceiling, spread.shape)
    logs: Floats = 0.5 * (low + high)
    for _ in range(GUESS_STEPS):
        upper = (logs + rate - carry + 0.5 * variance) / spread
        price, below = np.exp(logs), kept * ndtr(-upper)
        gain = 1.0 - price * (1.0 - below) - paid * ndtr(spread - upper) + (1.0 - below) * price / power
        slope = price * ((1.0 - below) * (1.0 / power - 1.0)
                         + kept * np.exp(-0.5 * upper ** 2) / (ROOT_TWO_PI * spread * power))
        low, high = np.where(gain > 0.0, logs, low), np.where(gain > 0.0, high, logs)
        with np.errstate(all="ignore"):
            step = logs - gain / slope
        logs = np.where((step > low) & (step < high), step, 0.5 * (low + high))
    return logs


def _iterate(puts: _Puts, logs: Floats, steps: int, *, newton: bool) -> tuple[Floats, Floats]:
    """Logarithms at the nodes, and the remainder of the equation. Rows that have converged drop out."""
    found, residuals = logs.copy(), np.full(len(logs), np.inf)
    rows = np.arange(len(logs))
    for _ in range(steps):
        error, slopes = _equation(puts, logs, newton)
        residual = np.abs(error).max(axis=1)
        step = error if slopes is None else np.linalg.solve(slopes, -error[:, :, None])[:, :, 0]
        logs = np.clip(logs + np.where(np.isfinite(step), step, 0.0), puts.floor, puts.ceiling)
        found[rows], residuals[rows] = logs, residual
        stays = ~(residual < SETTLED)
        if not stays.any():
            break
        if not stays.all():
            puts, logs, rows = puts.rows(stays), logs[stays], rows[stays]
    return found, residuals


def _equation(puts: _Puts, logs: Floats, newton: bool) -> tuple[Floats, Floats | None]:
    """``log f(B) - log B`` at the nodes and, if asked for, its slopes with respect to every node's logarithm."""
    below = puts.ceiling - logs
    squares = np.zeros((len(logs), NODES + 1))
    squares[:, :-1] = below ** 2
    apart = np.sqrt(np.maximum(squares @ _TO_POINTS.T, _TINY)).reshape(-1, NODES, POINTS)
    drift = puts.rate - puts.carry - 0.5 * puts.deviation ** 2
    spread = puts.deviation[:, :, None] * _ROOT_PASSED
    lower = (apart - below[:, :, None] + drift[:, :, None] * _PASSED) / spread
    earned = puts.rate[:, :, None] * np.exp(puts.rate[:, :, None] * _LEFT) * _WEIGHTS
    paid = puts.carry[:, :, None] * np.exp(puts.carry[:, :, None] * _LEFT) * _WEIGHTS
    whole = puts.deviation * _ROOTS
    lower_end = (logs + drift * _ROOTS ** 2) / whole
    above = ndtr(lower_end) + (earned * ndtr(lower)).sum(axis=2)
    under = ndtr(lower_end + whole) + (paid * ndtr(lower + spread)).sum(axis=2)
    error = np.log(above) - np.log(under) - (puts.rate - puts.carry) * _ROOTS ** 2 - logs
    error = np.where(np.isfinite(error), error, 0.5 * below)
    if not newton:
        return error, None
    inner = earned * _density(lower) / above[:, :, None] - paid * _density(lower + spread) / under[:, :, None]
    inner /= spread
    own = (_density(lower_end) / above - _density(lower_end + whole) / under) / whole + inner.sum(axis=2)
    slopes = -np.matmul((inner / apart).transpose(1, 0, 2), _BY_NODE).transpose(1, 0, 2) * below[:, None, :]
    slopes[:, range(NODES), range(NODES)] += own - 1.0
    usable = np.isfinite(slopes).all(axis=(1, 2))
    slopes[~usable] = -np.eye(NODES)
    return error, slopes


def _density(value: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * value ** 2) / ROOT_TWO_PI
    return density
