"""The index surface's own term structure where bars of VIX9D, VIX3M or VIX1Y are given.

At each of their horizons the total variance is multiplied by the square of what they say over what the surface says, read
at the day's open and close and joined in between; from one horizon to the next the multiplier goes in the logarithm of
time, and it keeps its last value beyond them. It may not change so fast that total variance would fall with time.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from local.data import surface
from local.data.figures import EQUITY_INDEX, SESSIONS_A_YEAR
from local.data.scenario import Scenario

SESSIONS = {"VIX9D": 6.4, "VIX": 21.2, "VIX3M": 64.0, "VIX1Y": 252.0}
STEEPEST = 0.2                          # of the log volatility multiplier, by the log of time
VIX = "VIX"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TermFactors:
    """Log multipliers of volatility at horizons (years of variance time, ascending), at the open and at the close."""

    years: np.ndarray
    opening: np.ndarray
    closing: np.ndarray

    def level(self, years: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
        """What total variance is multiplied by, for each moment's time to expiry and share of the session."""
        at = np.log(years)
        first, last = (np.interp(at, np.log(self.years), logs) for logs in (self.opening, self.closing))
        return np.exp(2 * (first + (last - first) * elapsed))


def term_factors(scenario: Scenario, day: date) -> TermFactors | None:
    """The day's multipliers; None where no bars of these indices are given."""
    given = {name: {bar.day: bar for bar in scenario.bars_of(name)} for name in SESSIONS}
    names = [name for name in SESSIONS if day in given[name]]
    if names in ([], [VIX]):
        return None
    years = np.array([SESSIONS[name] / SESSIONS_A_YEAR for name in names])
    logs = []
    for moment in ("open", "close"):
        vix = getattr(given[VIX][day], moment)
        said = np.array([getattr(given[name][day], moment) for name in names])
        usual = np.array([float(surface.horizon_index(EQUITY_INDEX, np.float64(vix), SESSIONS[name])) for name in names])
        logs.append(_gentle(np.log(said / usual), years, names.index(VIX)))
    return TermFactors(years=years, opening=logs[0], closing=logs[1])


def _gentle(logs: np.ndarray, years: np.ndarray, middle: int) -> np.ndarray:
    """Multipliers relative to VIX's own, none steeper than ``STEEPEST`` to its neighbour nearer to VIX."""
    found = np.zeros_like(logs)
    for step in (1, -1):
        at = middle + step
        while 0 <= at < len(logs):
            before, span = at - step, abs(np.log(years[at] / years[at - step]))
            wanted = logs[at] - logs[middle]
            found[at] = np.clip(wanted, found[before] - STEEPEST * span, found[before] + STEEPEST * span)
            at += step
    return found
