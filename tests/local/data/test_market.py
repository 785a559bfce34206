"""Daily bars and minute paths: figures of record kept to the cent, everything else plausible and seeded."""
from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from local.data import calendar, minutes, scenario
from local.data.market import build_market


@pytest.mark.parametrize("name", scenario.names())
def test_daily_bars(name: str) -> None:
    found = scenario.load(name)
    market = build_market(found)
    for ticker, figures in (("SPY", "spy"), ("VIX", "vix")):
        series = market.daily[ticker]
        assert series.days == calendar.sessions(found.history[0].day, found.end)
        opening, high, low, close = series.prices.T
        assert (low <= np.minimum(opening, close)).all() and (np.maximum(opening, close) <= high).all()
        assert (low > 0).all()
        for anchor in (*found.history, *found.anchors):
            record = getattr(anchor, figures)
            row = series.row(anchor.day)
            assert tuple(row) == record if len(record) == 4 else row[3] == record[0]
    returns = [np.diff(np.log(market.daily[ticker].prices[:, 3])) for ticker in ("SPY", "VIX")]
    assert np.corrcoef(*returns)[0, 1] < -0.6


@pytest.mark.parametrize("name", scenario.names())
def test_minutes_reproduce_the_day(name: str) -> None:
    found = scenario.load(name)
    market = build_market(found)
    correlations = []
    for day in calendar.sessions(found.first_minute_day, found.end):
        paths = market.paths(day)
        for ticker in ("SPY", "VIX"):
            path = paths[ticker]
            assert len(path.close) == calendar.session_minutes(day)
            assert (path.low <= np.minimum(path.open, path.close)).all()
            assert (path.high >= np.maximum(path.open, path.close)).all()
            if ticker == "SPY" or not found.pins_of(day):
                written = (path.open[0], path.high.max(), path.low.min(), path.close[-1])
                assert written == tuple(market.daily[ticker].row(day))
        correlations.append(np.corrcoef(np.diff(paths["SPY"].points), np.diff(paths["VIX"].points))[0, 1])
    assert -0.9 < np.mean(correlations) < -0.7


def test_pins_win() -> None:
    found = scenario.load("august_2024")
    paths = build_market(found).paths(date(2024, 8, 5))
    for pin in found.pins_of(date(2024, 8, 5)):
        assert paths["VIX"].open[pin.minute] == pin.vix
        assert paths["SPY"].open[pin.minute] == (511.64 if pin.minute == 0 else pin.spy)
    assert paths["VIX"].high.max() <= 48 * 1.02     # 65.73 was seen before the session
    assert paths["VIX"].close[-1] == 38.57


def test_seed_changes_bridged_days_and_minutes_only() -> None:
    first = build_market(scenario.load("fed_2018"))
    second = build_market(replace(first.scenario, seed=2))
    day = date(2018, 12, 21)
    assert (first.daily["SPY"].row(day) == second.daily["SPY"].row(day)).all()
    assert (first.daily["SPY"].row(date(2018, 12, 20)) != second.daily["SPY"].row(date(2018, 12, 20))).any()
    assert (first.paths(day)["SPY"].points != second.paths(day)["SPY"].points).any()
    assert (first.paths(day)["SPY"].points == build_market(first.scenario).paths(day)["SPY"].points).all()


@given(low=some.integers(100, 50_000), width=some.integers(0, 2_000), shares=some.tuples(some.floats(0, 1),
       some.floats(0, 1)), count=some.sampled_from([210, 390]), seed=some.integers(0, 10**6))
def test_any_day_is_reproduced(low: int, width: int, shares: tuple[float, float], count: int, seed: int) -> None:
    opening, close = (round((low + round(width * share)) / 100, 2) for share in shares)
    day = np.array([opening, (low + width) / 100, low / 100, close])
    rng = np.random.default_rng(seed)
    times = minutes.extreme_times(day, count, {}, rng)
    path = minutes.path(day, count, rng.standard_normal(count), {}, times, rng.random((2, count)))
    assert (path.open[0], path.high.max(), path.low.min(), path.close[-1]) == tuple(day)


def test_fold_keeps_the_inside_and_reflects_the_outside() -> None:
    assert minutes.fold(np.array([1.0, 2.0, 3.0, 3.5, 5.5, 0.5]), 1.0, 3.0).tolist() == [1.0, 2.0, 3.0, 2.5, 1.5, 1.5]
    assert minutes.fold(np.array([1.0, 9.0]), 2.0, 2.0).tolist() == [2.0, 2.0]
