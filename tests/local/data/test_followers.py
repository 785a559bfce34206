"""Prices that follow SPY, oil below zero, and the volatility indices."""
from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from local.data import calendar, products, scenario
from local.data.errors import ScenarioError
from local.data.market import Market, build_market


@pytest.fixture(scope="module")
def covid() -> Market:
    """Every price of the scenario with the negative oil price."""
    return build_market(scenario.load("covid_2020"), products.ALL)


def test_betas(covid: Market) -> None:
    spy = np.diff(np.log(covid.daily["SPY"].prices[:, 3]))
    for ticker in products.LISTED_FOLLOWERS:
        returns = np.diff(np.log(covid.daily[ticker].prices[:, 3]))
        follower = products.FOLLOWERS[ticker]
        error = 4 * follower.own_volatility / np.sqrt(252) / spy.std() / np.sqrt(len(spy))
        assert np.cov(returns, spy)[0, 1] / spy.var() == pytest.approx(follower.beta, abs=error)


def test_levels_on_the_start_day(covid: Market) -> None:
    for ticker, level in covid.scenario.levels:
        assert covid.daily[ticker].row(covid.scenario.start)[3] == pytest.approx(level, abs=0.005)


def test_bars_are_possible(covid: Market) -> None:
    for series in covid.daily.values():
        opening, high, low, close = series.prices.T
        assert (low <= np.minimum(opening, close)).all() and (high >= np.maximum(opening, close)).all()
        if series.ticker != "WTI":
            assert (low > 0).all()


def test_oil_went_below_zero_on_one_day(covid: Market) -> None:
    series = covid.daily["WTI"]
    close = dict(zip(series.days, series.prices[:, 3]))
    assert close[date(2020, 4, 20)] == -36.98
    assert [day for day, price in close.items() if price <= 0] == [date(2020, 4, 20)]
    assert (close[date(2020, 4, 17)], close[date(2020, 4, 21)]) == (18.31, 8.91)
    path = covid.paths(date(2020, 4, 20))["WTI"]
    assert path.open[0] > 15 and path.close[-1] == -36.98


def test_minutes_reproduce_the_days_and_follow(covid: Market) -> None:
    correlation = {ticker: [] for ticker in covid.daily if ticker not in ("SPY", "VIX")}
    for day in calendar.sessions(date(2020, 2, 3), date(2020, 4, 30)):
        paths = covid.paths(day)
        for ticker in correlation:
            path = paths[ticker]
            assert (path.open[0], path.high.max(), path.low.min(), path.close[-1]) == tuple(
                covid.daily[ticker].row(day))
            correlation[ticker].append(np.corrcoef(np.diff(path.points), np.diff(paths["SPY"].points))[0, 1])
    means = {ticker: float(np.mean(values)) for ticker, values in correlation.items()}
    assert min(means["QQQ"], means["IWM"]) > 0.7 and min(means["AAPL"], means["MSFT"]) > 0.5
    assert means["TLT"] < -0.2 and abs(means["GLD"]) < 0.2


def test_volatility_indices(covid: Market) -> None:
    for index, series in covid.index_series(tuple(products.VOLATILITY_INDICES)).items():
        assert (series.prices[:, 1] >= series.prices[:, 2]).all() and (series.prices > 5).all()
        day = date(2020, 3, 12)
        path = covid.index_path(index, day, covid.paths(day))
        assert (path.open[0], path.high.max(), path.low.min(), path.close[-1]) == tuple(series.row(day))
        assert path.close[-1] == pytest.approx(
            covid.closing_volatility(products.VOLATILITY_INDICES[index], day), abs=0.011)


def changes(points: np.ndarray) -> np.ndarray:
    """Log changes of a row of prices."""
    return np.diff(np.log(points))


def test_volatility_indices_move_with_vix_as_on_record() -> None:
    """Pooled over quiet, falling and rising years; daily, and by five minutes."""
    daily, fives = {}, {}
    for name in ("quiet_2017", "fed_2018", "bear_2022"):
        market = build_market(scenario.load(name), products.ALL)
        days = calendar.sessions(market.scenario.start, market.scenario.end)[::4]
        vix = market.daily["VIX"]
        for index, ticker in products.VOLATILITY_INDICES.items():
            close = [market.closing_volatility(ticker, day) for day in vix.days]
            daily.setdefault(index, []).append((changes(close), changes(vix.prices[:, 3])))
        for day in days:
            paths = market.paths(day)
            for index in products.VOLATILITY_INDICES:
                fives.setdefault(index, []).append((changes(market.index_path(index, day, paths).points[::5]),
                                                    changes(paths["VIX"].points[::5])))
    expected = {"VXN": 0.9, "RVX": 0.9, "GVZ": 0.5, "OVX": 0.5, "VXAPL": 0.65}
    for index, figure in expected.items():
        assert np.corrcoef(np.hstack(daily[index]))[0, 1] == pytest.approx(figure, abs=0.08), index
        assert np.corrcoef(np.hstack(fives[index]))[0, 1] == pytest.approx(figure, abs=0.12), index


def test_oils_volatility_rises_when_oil_falls() -> None:
    market = build_market(scenario.load("quiet_2017"), products.ALL)
    index = [market.closing_volatility("WTI", day) for day in market.daily["WTI"].days]
    assert np.corrcoef(changes(index), changes(market.daily["WTI"].prices[:, 3]))[0, 1] < -0.2


def test_a_missing_level_is_refused() -> None:
    found = replace(scenario.load("covid_2020"), levels=())
    with pytest.raises(ScenarioError, match="has no level of QQQ"):
        build_market(found, ("SPY", "VIX", "QQQ"))
    assert set(build_market(found).daily) == {"SPY", "VIX"}


def test_what_each_underlying_needs() -> None:
    assert products.prices_needed(("SPY", "VIX", "ES", "VIX-OPTIONS")) == ()
    assert products.prices_needed(("OVX",)) == ("WTI",)
    assert products.prices_needed(("SI",)) == ("GLD", "SILVER")


@pytest.mark.parametrize(("old", "new", "message"), [
    ("QQQ = 203.00", "QQQ = 0", "levels QQQ must be a number above zero"),
    ("QQQ = 203.00", "XYZ = 203.00", "[levels] knows no XYZ"),
    ("2020-04-20 = -36.98", "2020-04-20 = 0.0", "a price other than zero"),
    ("2020-04-20 = -36.98", "2020-04-19 = -36.98", "2020-04-19 is not a trading day"),
    ("2020-04-20 = -36.98", "2020-05-20 = -36.98", "dates must ascend and lie between"),
])
def test_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (scenario.SCENARIO_FOLDER / "covid_2020.toml").read_text(encoding="utf-8")
    (tmp_path / "wrong.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        scenario.load(tmp_path / "wrong.toml")
    assert message in str(caught.value)


def test_real_oil_keeps_its_last_settlement_over_a_gap() -> None:
    bars = Path(__file__).resolve().parents[4] / "shared" / "data"
    if not bars.is_dir():
        pytest.skip("the folder of real bars is not here")
    market = build_market(scenario.load("covid_2020", bars=bars), products.ALL)
    series = market.daily["WTI"]
    assert series.days == market.daily["SPY"].days
    assert series.row(date(2020, 4, 20))[3] == -36.98
    assert series.row(date(2020, 3, 12))[3] == 31.56


def test_implied_volatility_follows_what_the_price_has_done(covid: Market) -> None:
    level = {day: covid.closing_volatility("WTI", day) for day in covid.daily["VIX"].days}
    assert level[date(2020, 4, 20)] < 90 < 150 < level[date(2020, 4, 21)]      # known the day after, not before
    assert level[date(2020, 4, 30)] < level[date(2020, 4, 21)]                 # and forgotten slowly
