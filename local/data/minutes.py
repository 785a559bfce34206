"""Minute paths of one session, pinned to the day's open, high, low and close and to pinned minutes.

A path has one point more than the session has minutes: point i is the price at the start of minute i, the last point
the close. Between the fixed points it is a Brownian bridge, folded at the day's low and high.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from local.data.figures import CLUSTER_KEPT, CLUSTER_SIZE, MINUTE_SIZE

RANGE_OF_WALK = 1.6
SPY_VIX_MINUTE_CORRELATION = -0.93
PRE_MARKET_TOLERANCE = 1.10
PINNED_MARGIN = 0.02
DRAWS_OF_EXTREMES = 8
QUIET, OPENING, CLOSING, EASING = 0.7, 1.3, 0.6, 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutePath:
    """``points`` (minutes + 1) and the bars' ``high`` and ``low`` (minutes), all in cents' precision."""

    points: np.ndarray
    high: np.ndarray
    low: np.ndarray

    @property
    def open(self) -> np.ndarray:
        """Opening price of every minute."""
        return self.points[:-1]

    @property
    def close(self) -> np.ndarray:
        """Closing price of every minute."""
        return self.points[1:]


def activity(minutes: int) -> np.ndarray:
    """Relative activity of each minute (mean 1): busy at the open, quiet at noon, busier at the close."""
    at = np.linspace(0, 1, minutes)
    shape = QUIET + OPENING * np.exp(-at / EASING) + CLOSING * np.exp((at - 1) / EASING)
    return shape / shape.mean()


def passed_variance(elapsed: np.ndarray) -> np.ndarray:
    """Share of a session's variance that has passed after a share of its time: the integral of ``activity``."""
    return _passed(np.asarray(elapsed, dtype=float)) / _passed(np.float64(1.0))


def _passed(at: np.ndarray) -> np.ndarray:
    return QUIET * at - OPENING * EASING * np.expm1(-at / EASING) \
        + CLOSING * EASING * (np.exp((at - 1) / EASING) - np.exp(-1 / EASING))


def clusters(draws: np.ndarray) -> np.ndarray:
    """How lively each minute of a day is (mean square 1): quiet minutes follow quiet ones. ``draws`` are standard normal.
    """
    path = np.empty(len(draws))
    path[0] = draws[0]
    for minute in range(1, len(draws)):
        path[minute] = CLUSTER_KEPT * path[minute - 1] + np.sqrt(1 - CLUSTER_KEPT**2) * draws[minute]
    lively = np.exp(CLUSTER_SIZE * path)
    return lively / np.sqrt(np.mean(lively**2))


def session_range(daily: np.ndarray, pinned: Mapping[int, float]) -> np.ndarray:
    """Open, high, low, close of the regular session where VIX's daily bar holds hours before it.

    Without pins it is the daily bar. With pins the first pin at minute 0 is the open, and a daily high or low that
    lies more than 10 % beyond the pins was seen before the session and gives way to the pins plus 2 %.
    """
    if not pinned:
        return daily
    opening, high, low, close = daily
    opening = pinned.get(0, opening)
    seen = [opening, close, *pinned.values()]
    high = high if high <= max(seen) * PRE_MARKET_TOLERANCE else round(max(seen) * (1 + PINNED_MARGIN), 2)
    low = low if low * PRE_MARKET_TOLERANCE >= min(seen) else round(min(seen) * (1 - PINNED_MARGIN), 2)
    return np.array([opening, max(high, *seen), min(low, *seen), close])


def extreme_times(daily: np.ndarray, minutes: int, pinned: Mapping[int, float], rng: np.random.Generator
                  ) -> tuple[int, int]:
    """Points at which the high and the low are touched: between the pins nearest to them, else anywhere.

    Of several draws the one with the least steep way through all points counts: a day's whole range within a few
    minutes is a flash crash, and no ordinary day has one.
    """
    opening, high, low, close = daily
    knots = {0: opening, **pinned, minutes: close}
    drawn = [_drawn_times(daily, minutes, knots, rng) for _ in range(DRAWS_OF_EXTREMES)]
    return min(drawn, key=lambda times: _steepest({**knots, times[0]: high, times[1]: low}))


def _steepest(knots: Mapping[int, float]) -> float:
    """Largest move between neighbouring points against the root of the time it takes, as a walk's would grow."""
    points = sorted(knots.items())
    return max(abs(after - before) / np.sqrt(last - first)
               for (first, before), (last, after) in zip(points, points[1:]))


def _drawn_times(daily: np.ndarray, minutes: int, knots: Mapping[int, float], rng: np.random.Generator
                 ) -> tuple[int, int]:
    opening, high, low, close = daily
    points = sorted(knots.items())
    pieces = [(first, last, (before + after) / 2) for (first, before), (last, after) in zip(points, points[1:])
              if last - first > 2] or [(0, minutes, opening)]
    draws = rng.random(2)
    # a falling day tends to begin with its high and end with its low
    early = 0.5 + 0.35 * np.sign(opening - close)
    times = []
    for level, piece, share, wants_early in (
            (high, max(pieces, key=lambda item: item[2]), draws[0], early > rng.random()),
            (low, min(pieces, key=lambda item: item[2]), draws[1], early < rng.random())):
        first, last, _ = piece
        spread = share**1.5 if wants_early else 1 - share**1.5
        times.append(0 if level == opening else minutes if level == close
                     else int(first + 1 + spread * (last - first - 2)))
    return times[0], times[1]


def path(daily: np.ndarray, minutes: int, noise: np.ndarray, pinned: Mapping[int, float], times: tuple[int, int],
         wicks: np.ndarray) -> MinutePath:
    """One session's path.

    Parameters
    ----------
    daily
        Open, high, low, close that the minutes must reproduce exactly.
    noise
        Standard normal steps, one a minute; two tickers with correlated noise get correlated minutes.
    pinned
        Prices at the start of single minutes.
    times
        Points of the high and of the low (``extreme_times``).
    wicks
        Non-negative draws, (2, minutes): how far a bar's high and low reach beyond its open and close.
    """
    opening, high, low, close = (float(value) for value in daily)
    knots = {0: opening, minutes: close}
    knots.update({minute: min(max(value, low), high) for minute, value in pinned.items() if 0 < minute < minutes})
    for at, level in zip(times, (high, low)):
        while knots.get(at, level) != level:
            at = at + 1 if at < minutes // 2 else at - 1
        knots[at] = level
    at, levels = np.array(sorted(knots)), np.array([knots[key] for key in sorted(knots)])
    step = step_size(daily, minutes)
    walk = np.concatenate([[0.0], np.cumsum(step * np.sqrt(activity(minutes)) * noise[:minutes])])
    grid = np.arange(minutes + 1)
    points = np.round(fold(np.interp(grid, at, levels) + walk - np.interp(grid, at, walk[at]), low, high), 2)
    body_high, body_low = np.maximum(points[1:], points[:-1]), np.minimum(points[1:], points[:-1])
    return MinutePath(points=points,
                      high=np.minimum(np.round(body_high + 0.35 * step * wicks[0, :minutes], 2), high),
                      low=np.maximum(np.round(body_low - 0.35 * step * wicks[1, :minutes], 2), low))


def step_size(daily: np.ndarray, minutes: int) -> float:
    """Standard deviation of an average minute's move on a day of that range."""
    return float(daily[1] - daily[2]) / (RANGE_OF_WALK * np.sqrt(minutes)) * MINUTE_SIZE


def steps_of(path: MinutePath, daily: np.ndarray) -> np.ndarray:
    """A path's minute moves in standard deviations: what another path follows. All zero on a day without range."""
    count = len(path.close)
    size = step_size(daily, count)
    return np.diff(path.points) / (size * np.sqrt(activity(count))) if size > 0 else np.zeros(count)


def fold(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Reflect values at ``low`` and ``high`` until they lie between; what lies between is left as it is."""
    width = high - low
    if width <= 0:
        return np.full_like(values, low)
    away = np.mod(values - low, 2 * width)
    return low + np.where(away > width, 2 * width - away, away)
