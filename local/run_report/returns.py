"""Figures of a series of daily returns: what every tearsheet has. Shares, not per cent; a year has 252 sessions."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from math import prod, sqrt

import numpy as np

from config.constants import CALENDAR_DAYS_PER_YEAR, TRADING_DAYS_PER_YEAR

TAIL = 0.05
ROLLING_SESSIONS = 21
LEAST_SESSIONS = 5          # fewer tell nothing of a deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """One drawdown: the day of its peak, its lowest day, and the day the peak was reached again (None: not yet)."""

    peak: str
    bottom: str
    recovered: str | None
    depth: float
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Returns against a benchmark's on the same days: alpha a year, beta, correlation; no risk-free rate is taken off."""

    alpha: float
    beta: float
    correlation: float
    sessions: int


def compounded(returns: Sequence[float]) -> float:
    """Return of all of them together."""
    return prod(1.0 + one for one in returns) - 1.0


def by_month(days: Sequence[str], returns: Sequence[float]) -> dict[str, float]:
    """Return of each month (``2024-08``)."""
    months: dict[str, list[float]] = {}
    for day, one in zip(days, returns):
        months.setdefault(day[:7], []).append(one)
    return {month: compounded(found) for month, found in months.items()}


def a_year(total: float, days: Sequence[str]) -> float | None:
    """``total`` carried on for a calendar year; None below a month, where that would say nothing."""
    span = (date.fromisoformat(days[-1]) - date.fromisoformat(days[0])).days + 1 if days else 0
    return (1.0 + total) ** (CALENDAR_DAYS_PER_YEAR / span) - 1.0 if span >= 28 and total > -1.0 else None


def falls(days: Sequence[str], returns: Sequence[float]) -> list[Fall]:
    """Every drawdown from its peak to its recovery, the deepest first. The peak of the start is the first day."""
    found, level, peak, since, lowest = [], 1.0, 1.0, 0, -1
    depth = 0.0
    for place, one in enumerate(returns):
        level *= 1.0 + one
        if level >= peak:
            if lowest >= 0:
                found.append(Fall(peak=days[since], bottom=days[lowest], recovered=days[place], depth=depth, sessions=place - since))
            peak, since, lowest, depth = level, place, -1, 0.0
        elif level / peak - 1.0 < depth:
            depth, lowest = level / peak - 1.0, place
    if lowest >= 0:
        found.append(Fall(peak=days[since], bottom=days[lowest], recovered=None, depth=depth, sessions=len(days) - 1 - since))
    return sorted(found, key=lambda fall: fall.depth)


def volatility(returns: Sequence[float]) -> float | None:
    """Standard deviation a year."""
    return float(np.std(returns, ddof=1)) * sqrt(TRADING_DAYS_PER_YEAR) if len(returns) >= LEAST_SESSIONS else None


def sharpe(returns: Sequence[float]) -> float | None:
    """Mean over deviation, a year; None where nothing moved."""
    deviation = float(np.std(returns, ddof=1)) if len(returns) >= LEAST_SESSIONS else 0.0
    return float(np.mean(returns)) / deviation * sqrt(TRADING_DAYS_PER_YEAR) if deviation > 0 else None


def sortino(returns: Sequence[float]) -> float | None:
    """Mean over the deviation of losses, a year; None where there was no loss."""
    below = sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2))) if len(returns) >= LEAST_SESSIONS else 0.0
    return float(np.mean(returns)) / below * sqrt(TRADING_DAYS_PER_YEAR) if below > 0 else None


def expected_shortfall(returns: Sequence[float]) -> float | None:
    """Mean of the worst twentieth of days, as a positive share (CVaR); None below twenty days."""
    count = int(len(returns) * TAIL)
    return -float(np.mean(np.sort(returns)[:count])) if count else None


def calmar(returns: Sequence[float], days: Sequence[str]) -> float | None:
    """Return a year over the deepest drawdown; None where either is not there."""
    yearly, deepest = a_year(compounded(returns), days), falls(days, returns)
    return yearly / -deepest[0].depth if yearly is not None and deepest else None


def streaks(returns: Sequence[float]) -> tuple[int, int]:
    """Most winning and most losing days in a row; a day without a result ends both."""
    runs = [(sign, len(list(group))) for sign, group in groupby(int(np.sign(one)) for one in returns)]
    return (max((length for sign, length in runs if sign > 0), default=0),
            max((length for sign, length in runs if sign < 0), default=0))


def relation(days: Sequence[str], returns: Sequence[float], prices: Mapping[str, float]) -> Relation | None:
    """Regress the returns on those of ``prices`` (one a day) over the days that have both; None where that is too few or
    the benchmark stood still."""
    pairs = [(one, prices[day] / prices[before] - 1.0) for before, day, one in zip(days, days[1:], returns[1:])
             if day in prices and before in prices]
    if len(pairs) < LEAST_SESSIONS:
        return None
    own, other = np.array(pairs).T
    if not np.std(other):
        return None
    beta = float(np.cov(own, other)[0, 1] / np.var(other, ddof=1))
    alpha = (float(np.mean(own)) - beta * float(np.mean(other))) * TRADING_DAYS_PER_YEAR
    together = float(np.corrcoef(own, other)[0, 1]) if np.std(own) else 0.0
    return Relation(alpha=alpha, beta=beta, correlation=together, sessions=len(pairs))


def histogram(returns: Sequence[float], most: int = 41) -> tuple[list[float], list[int]]:
    """Middles and counts of bins of one width, zero an edge of two of them; the width follows Freedman and Diaconis."""
    values = np.asarray(returns, dtype=float)
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    quarter, three = np.quantile(values, (0.25, 0.75))
    width = max(2.0 * float(three - quarter) / len(values) ** (1.0 / 3.0), (high - low) / (most - 2)) or 0.001
    first, last = int(np.floor(low / width)), int(np.ceil(high / width)) or 1
    edges = np.arange(first, last + 1) * width
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)       # what a rounding left outside
    counts, _ = np.histogram(values, edges)
    return [float(middle) for middle in (edges[:-1] + edges[1:]) / 2.0], [int(count) for count in counts]
