"""Term structure from bars of VIX9D, VIX3M and VIX1Y."""
from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from local.data import scenario, surface
from local.data.bar_files import DailyBar
from local.data.figures import EQUITY_INDEX
from local.data.scenario import Scenario
from local.data.term import SESSIONS, STEEPEST, term_factors

DAY = date(2024, 8, 5)


def given(short: Scenario, **levels: tuple[float, float]) -> Scenario:
    """The scenario with bars of indices on one day: (open, close)."""
    bars = tuple((name, (DailyBar(day=DAY, open=first, high=max(first, last), low=min(first, last), close=last),))
                 for name, (first, last) in levels.items())
    return replace(short, real_bars=bars)


def test_without_bars_the_surface_stands_alone(short_scenario: scenario.Scenario) -> None:
    assert term_factors(short_scenario, DAY) is None
    assert term_factors(given(short_scenario, VIX=(20.0, 20.0)), DAY) is None


def test_the_surface_says_what_the_bars_say(short_scenario: scenario.Scenario) -> None:
    usual = {name: float(surface.horizon_index(EQUITY_INDEX, np.float64(20.0), sessions))
             for name, sessions in SESSIONS.items()}
    aligned = {name: figure * 20.0 / usual["VIX"] for name, figure in usual.items()}       # as if VIX were met exactly
    said = {name: (figure * (0.95 if name == "VIX9D" else 1.05), figure) for name, figure in aligned.items()
            if name != "VIX"}
    found = term_factors(given(short_scenario, VIX=(20.0, 20.0), **said), DAY)
    assert found is not None
    years = np.array([SESSIONS[name] / 252 for name in ("VIX9D", "VIX", "VIX3M", "VIX1Y")])
    assert found.level(years, np.array(0.0)) == pytest.approx(np.array([0.95, 1.0, 1.05, 1.05]) ** 2, rel=0.01)
    assert found.level(years, np.array(1.0)) == pytest.approx(np.ones(4), rel=0.01)
    # beyond the horizons the last multiplier holds
    assert found.level(np.array([0.001, 3.0]), np.array(0.0)) == pytest.approx(np.array([0.95, 1.05]) ** 2, rel=0.01)


def test_total_variance_never_falls_with_time(short_scenario: scenario.Scenario) -> None:
    found = term_factors(given(short_scenario, VIX=(30.0, 30.0), VIX9D=(70.0, 12.0), VIX3M=(15.0, 60.0)), DAY)
    assert found is not None and np.abs(np.diff(found.opening) / np.diff(np.log(found.years))).max() <= STEEPEST + 1e-9
    years = np.arange(1, 700) / 252
    for elapsed in (0.0, 0.5, 1.0):
        level = found.level(years, np.full(len(years), elapsed))
        for moneyness in (-0.3, -0.1, 0.0, 0.1):
            total = surface.total_variance(EQUITY_INDEX, np.float64(30.0), years, np.float64(moneyness), level=level)
            assert (np.diff(total) > 0).all()
