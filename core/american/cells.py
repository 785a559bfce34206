"""A cache of exercise boundaries: solved at the nodes of a cell, interpolated inside it.

Options of one expiry differ in ``deviation``. As time passes, the sum of dated dividends stays as it is while interest
shrinks; for options on futures both shrink alike. So a cell spans a factor of two of the deviation and a stretch of the
figure that shrinks, and it serves every option that falls into it for days. Where interest and dividends are equal, the
boundary bends within one deviation; stretches are narrow there and widen on either side.

The result depends on the arguments alone: cells are the same whatever the order in which they are solved.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from math import ceil, floor, log, log2
from typing import Final, NamedTuple, Sequence

import numpy as np

from core.american.boundary import LEAST_BURDEN, PREMIUM_POINTS, interpolation, log_boundaries
from core.american.premium import burdens, scaled
from core.arrays import Floats

DEVIATION_NODES: Final = 6
STRETCH_NODES: Final = 5
WIDEST_STRETCH: Final = 0.4         # of the logarithm of the figure that shrinks
NARROWEST_STRETCH: Final = 0.1      # of a deviation
CELLS_KEPT: Final = 4096
NODES_KEPT: Final = 1024            # interpolated to a time: for as many expiries, minutes and segments
AGES: Final = PREMIUM_POINTS + 1   # of a boundary that are cached


class Boundary(NamedTuple):
    """Boundaries in the form that ``premium`` takes (``scaled``), their derivatives by the deviation, and the
    logarithms of the price at which puts are exercised now."""

    rows: Floats
    moving: Floats
    now: Floats


class Shrinking(Enum):
    """Which of a put's two burdens shrinks with the time that is left."""

    RATE = "rate"
    YIELD = "yield"
    BOTH = "both"
    NEITHER = "neither"


def _extrema(count: int) -> Floats:
    points: Floats = np.cos(np.pi * np.arange(count) / (count - 1))
    return points


def _listed(points: Floats) -> tuple[tuple[float, float], ...]:
    """Nodes with their barycentric weights: alternating signs, half weight at the ends."""
    last = len(points) - 1
    return tuple((float(point), (-1.0) ** number * (0.5 if number in (0, last) else 1.0))
                 for number, point in enumerate(points))


def _differentiation(points: Floats) -> Floats:
    """Matrix that maps values at the nodes to the derivatives there of the polynomial through them."""
    weights = np.array([weight for _, weight in _listed(points)])
    apart = points[:, None] - points[None, :] + np.eye(len(points))
    matrix: Floats = weights[None, :] / weights[:, None] / apart * (1.0 - np.eye(len(points)))
    whole: Floats = matrix - np.diag(matrix.sum(axis=1))
    return whole


_DEVIATION_POINTS: Final = _extrema(DEVIATION_NODES)
_STRETCH_POINTS: Final = _extrema(STRETCH_NODES)
_DEVIATION_NODES_LISTED: Final = _listed(_DEVIATION_POINTS)
_STRETCH_NODES_LISTED: Final = _listed(_STRETCH_POINTS)
# Derivatives by the deviation's natural logarithm. A segment is two units of the nodes wide, which is a factor of two.
_SLOPES: Final = _differentiation(_DEVIATION_POINTS) * 2.0 / log(2.0)


def boundary_rows(rate_time: float, yield_time: float, deviations: Floats, *, call: bool) -> Boundary:
    """Boundaries of puts that are exercised early, one row per deviation. With ``call`` the puts stand for calls, so
    that their interest is the yield of the dividends."""
    shrinking, logs = _shrinking(rate_time, yield_time, call), np.log2(deviations)
    segments = np.floor(logs)
    rows, moving = (np.empty((len(deviations), PREMIUM_POINTS)) for _ in range(2))
    now = np.empty(len(deviations))
    for segment in np.unique(segments).tolist():
        chosen = segments == segment
        nodes = _at_nodes(shrinking, rate_time, yield_time, int(segment))
        weights = interpolation(_DEVIATION_POINTS, 2.0 * (logs[chosen] - segment) - 1.0)
        rows[chosen], now[chosen] = weights @ nodes.rows, weights @ nodes.now
        moving[chosen] = weights @ nodes.moving / deviations[chosen, None]
    return Boundary(rows=rows, moving=moving, now=now)


def boundary_of_one(rate_time: float, yield_time: float, deviation: float, *, call: bool) -> tuple[list[float], Boundary]:
    """As :func:`boundary_rows` for one put, without the last step: the weights of the nodes, and the nodes' boundaries.
    The derivatives are still by the deviation's logarithm."""
    place = log2(deviation)
    segment = floor(place)
    weights = _share(_DEVIATION_NODES_LISTED, 2.0 * (place - segment) - 1.0)
    return weights, _at_nodes(_shrinking(rate_time, yield_time, call), rate_time, yield_time, segment)


def _shrinking(rate_time: float, yield_time: float, call: bool) -> Shrinking:
    if min(rate_time, yield_time) < 0.0 or (call and yield_time < LEAST_BURDEN):
        return Shrinking.NEITHER
    if rate_time == yield_time:
        return Shrinking.BOTH
    return Shrinking.YIELD if call else Shrinking.RATE


@lru_cache(maxsize=NODES_KEPT)
def _at_nodes(shrinking: Shrinking, rate_time: float, yield_time: float, segment: int) -> Boundary:
    """The boundary at the segment's nodes of the deviation, one row each; ``moving`` is by the deviation's
    logarithm."""
    if shrinking is Shrinking.NEITHER:
        logs = _solved_once(rate_time, yield_time, segment)
    else:
        moving, stays = (yield_time, rate_time) if shrinking is Shrinking.YIELD else (rate_time, yield_time)
        stays = 0.0 if shrinking is Shrinking.BOTH or stays < LEAST_BURDEN else float(f"{stays:.12g}")
        place = log(moving / stays) if stays > 0.0 else log(moving)
        stretch = _stretch(place, segment if stays > 0.0 else None)
        low, high = _ends(stretch, segment if stays > 0.0 else None)
        weights = _share(_STRETCH_NODES_LISTED, 2.0 * (place - low) / (high - low) - 1.0)
        logs = np.dot(weights, _solved(shrinking, stays, stretch, segment)).reshape(DEVIATION_NODES, AGES)
    rows = scaled(logs[:, :-1], burdens(rate_time, yield_time))
    return Boundary(rows=rows, moving=_SLOPES @ rows, now=logs[:, -1])


def _share(nodes: Sequence[tuple[float, float]], place: float) -> list[float]:
    """The share of each node, given with its barycentric weight, in the value at ``place``."""
    parts = []
    for node, weight in nodes:
        if node == place:
            return [1.0 if other == place else 0.0 for other, _ in nodes]
        parts.append(weight / (place - node))
    whole = sum(parts)
    return [part / whole for part in parts]


def _grades(segment: int) -> tuple[float, int]:
    """Width of the stretch next to equal weights, and how many doublings lead to the widest stretch."""
    width = NARROWEST_STRETCH * 2.0 ** segment
    return width, max(1, ceil(log2(WIDEST_STRETCH / width)))


def _stretch(place: float, segment: int | None) -> int:
    """Number of the stretch that ``place`` lies in: from 0 upwards above equal weights, from -1 downwards below."""
    if segment is None:
        return floor(place / WIDEST_STRETCH)
    width, doubling = _grades(segment)
    away = abs(place)
    last = width * 2.0 ** (doubling - 1)
    if away < width:
        number = 0
    elif away < last:
        number = 1 + floor(log2(away / width))
    else:
        number = doubling + floor((away - last) / WIDEST_STRETCH)
    return number if place >= 0.0 else -1 - number


def _ends(stretch: int, segment: int | None) -> tuple[float, float]:
    """The beginning and the end of a stretch, ascending."""
    if segment is None:
        return stretch * WIDEST_STRETCH, (stretch + 1) * WIDEST_STRETCH
    width, doubling = _grades(segment)

    def end(number: int) -> float:
        if number == 0:
            return 0.0
        if number <= doubling:
            return float(width * 2.0 ** (number - 1))
        return float(width * 2.0 ** (doubling - 1) + WIDEST_STRETCH * (number - doubling))

    if stretch >= 0:
        return end(stretch), end(stretch + 1)
    return -end(-stretch), -end(-stretch - 1)


@lru_cache(maxsize=CELLS_KEPT)
def _solved(shrinking: Shrinking, stays: float, stretch: int, segment: int) -> Floats:
    """Logarithms of a cell's boundaries: (stretch nodes, deviation nodes x ages)."""
    low, high = _ends(stretch, segment if stays > 0.0 else None)
    places = (low + high) / 2.0 + (high - low) / 2.0 * _STRETCH_POINTS
    moving, deviations = np.broadcast_arrays(((stays or 1.0) * np.exp(places))[:, None], _deviations(segment)[None, :])
    still = moving if shrinking is Shrinking.BOTH else np.full(moving.shape, stays)
    rate, carry = (still, moving) if shrinking is Shrinking.YIELD else (moving, still)
    logs = log_boundaries(rate.ravel(), carry.ravel(), deviations.ravel())
    return logs.reshape(len(places), -1)


@lru_cache(maxsize=CELLS_KEPT)
def _solved_once(rate_time: float, yield_time: float, segment: int) -> Floats:
    """As :func:`_solved` for one pair of interest and yield: (deviation nodes, ages)."""
    deviations = _deviations(segment)
    return log_boundaries(np.full(len(deviations), rate_time), np.full(len(deviations), yield_time), deviations)


def _deviations(segment: int) -> Floats:
    deviations: Floats = 2.0 ** (segment + (1.0 + _DEVIATION_POINTS) / 2.0)
    return deviations
