"""Between which bounds a figure of a strategy lies, by its name: the end of a name tells its unit."""

from __future__ import annotations

import math
import re
from typing import Final

# The first that fits the whole name counts. A bound is inclusive.
BOUNDS: Final = tuple((re.compile(name), least, most) for name, least, most in (
    (r"\w*vix\w*", 0.0, 100.0),
    (r"shock_spot_share", -1.0, 0.0),
    (r"\w+_share(_of_\w+)?|\w+_(delta|rate)|min_probability_otm", 0.0, 1.0),
    (r"\w+_(percentile|rank)", 0.0, 100.0),
    (r"\w+_(dte|days|sessions)|entry_dte_\w+|days_between_entries", 0.0, 1200.0),
    (r"\w+_minutes", 0.0, 390.0),
    (r"\w+_min_phase", 1.0, 4.0),
    (r"\w+_weekday", 0.0, 4.0),
    (r"\w+_points", 0.5, 1000.0),
    (r"\w+_usd", 0.0, 1e6),
    (r"\w+_multiple|payoff_ratio", 0.0, 100.0),
    (r"\w+_fees|max_open|\w+_contracts|\w+_slots", 0.0, 1000.0),
    (r"min_sample", 0.0, 10_000.0)))
OPEN_ABOVE: Final = frozenset({"vix_max", "max_risk_usd"})      # infinity: no such bound


def figure_bounds(name: str) -> tuple[float, float]:
    """The least and the most of a figure.

    Raises
    ------
    KeyError
        No unit is known by the end of this name: a new figure needs a line in ``BOUNDS``.
    """
    for pattern, least, most in BOUNDS:
        if pattern.fullmatch(name):
            return least, most
    raise KeyError(f"the figure {name} has no bounds")


def is_within(name: str, value: float) -> bool:
    """Whether a figure lies between its bounds; NaN does not."""
    least, most = figure_bounds(name)
    return least <= value <= most or name in OPEN_ABOVE and value == math.inf
