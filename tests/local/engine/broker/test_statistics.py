"""Statistics: the table's figures and spelling, drawdown, skewness, sampling."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from local.engine.broker.sampling import Sampler
from local.engine.broker.statistics import (PortfolioStatistics, _skewness_and_kurtosis, drawdown,
                                            portfolio_statistics, summary)
from local.engine.loop.clock import ONE_TICK
from tests.local.engine.broker.fakes import FakeAlgorithm

DAYS = [datetime(2024, 7, 24, 4) + timedelta(days=i) for i in range(6)]


def sampler(values: list[float], turnover: list[float] | None = None) -> SimpleNamespace:
    """Daily samples of an equity curve without a benchmark."""
    changes = [0.0] + [round((b - a) * 100 / a, 10) for a, b in zip(values, values[1:])]
    return SimpleNamespace(starting_value=values[0], equity=dict(zip(DAYS, values)),
                           performance=dict(zip(DAYS, changes)), benchmark=dict.fromkeys(DAYS[:len(values)], 0.0),
                           turnover=dict(zip(DAYS, turnover or [])))


def test_net_profit_and_rates() -> None:
    record = {DAYS[1]: 500.0, DAYS[2]: -200.0, DAYS[3]: 300.0}
    figures = portfolio_statistics(sampler([100_000, 100_500, 100_300, 100_600]), record, 2, 1, 0.05)
    table = summary(figures, 4, 8.0)
    assert table["Net Profit"] == "0.600%"
    assert table["Average Win"] == "0.40%"
    assert table["Average Loss"] == "-0.20%"
    assert table["Win Rate"] == "67%" and table["Loss Rate"] == "33%"
    assert table["Profit-Loss Ratio"] == "2.01"
    assert table["Total Orders"] == "4" and table["Total Fees"] == "$8.00"
    assert table["Start Equity"] == "100000" and table["End Equity"] == "100600"
    assert table["Alpha"] == table["Beta"] == "0"


def test_a_run_of_one_day_has_no_ratios() -> None:
    figures = portfolio_statistics(sampler([100_000, 99_814], [0.0067]), {DAYS[1]: -186.0}, 0, 1, 0.05)
    table = summary(figures, 8, 8.0)
    assert table["Net Profit"] == "0%" and table["Sharpe Ratio"] == "0" and table["Loss Rate"] == "0%"
    assert table["End Equity"] == "99814" and table["Portfolio Turnover"] == "0.67%"


def test_sharpe_takes_the_risk_free_rate_off_and_skips_the_first_day() -> None:
    values = [100_000, 100_500, 100_700, 100_650, 101_000]
    figures = portfolio_statistics(sampler(values), {}, 0, 0, 0.05)
    returns = np.array([b / a - 1 for a, b in zip(values[1:], values[2:])])
    annual = (1 + returns.mean()) ** 252 - 1
    assert figures.sharpe_ratio == pytest.approx((annual - 0.05) / (returns.std(ddof=1) * 252 ** 0.5), rel=1e-6)
    assert figures.information_ratio == pytest.approx(annual / (returns.std(ddof=1) * 252 ** 0.5), rel=1e-6)


def test_drawdown_and_the_longest_recovery() -> None:
    values = [Decimal(v) for v in (100, 90, 95, 101, 100, 101)]
    assert drawdown(DAYS, values) == (Decimal("0.100"), 3)
    assert drawdown(DAYS[:1], values[:1]) == (0, 0)


def test_moments_are_those_of_the_unbiased_estimators() -> None:
    sample = np.random.default_rng(7).normal(size=40) ** 3
    assert _skewness_and_kurtosis(sample) == pytest.approx((stats.skew(sample, bias=False),
                                                            stats.kurtosis(sample, bias=False)))


def test_numbers_are_spelled_as_decimals_are() -> None:
    figures = PortfolioStatistics(expectancy=Decimal("-1"), drawdown=Decimal("0.012"),
                                  profit_loss_ratio=Decimal("0.3000000001"), win_rate=Decimal(1))
    table = summary(figures, 0, 0.0)
    assert (table["Expectancy"], table["Drawdown"], table["Profit-Loss Ratio"], table["Win Rate"]) == (
        "-1", "1.200%", "0.30", "100%")


def test_equity_is_sampled_when_the_period_is_over() -> None:
    algorithm = FakeAlgorithm().start()
    instants = [DAYS[0] + timedelta(minutes=minute) for minute in range(12)]
    for now in instants:
        algorithm.broker.on_slice_end(now)
    assert list(algorithm.broker.sampler.equity) == [instants[0], instants[5], instants[10]]
    skipping = FakeAlgorithm().start()
    skipping.broker.on_slice_end(instants[0])
    skipping.broker.on_slices_skipped(instants[1:])
    assert skipping.broker.sampler.equity == algorithm.broker.sampler.equity


@pytest.mark.parametrize("days, minutes", [(1, 5), (11, 5), (12, 5), (50, 18), (100, 36), (121, 44)])
def test_the_period_of_a_backtests_length(days: int, minutes: int) -> None:
    """4,000 samples a backtest, whose last instant is a tick before midnight: 100 days are sampled each 36 minutes. The
    shortest period, four minutes, is a whole one: the next sample comes after it."""
    start, portfolio = datetime(2024, 1, 2), SimpleNamespace(total_portfolio_value=100.0)
    sampler = Sampler(SimpleNamespace(start_date=start, end_date=start + timedelta(days=days) - ONE_TICK, portfolio=portfolio,
                                      is_warming_up=False))
    for minute in range(90):
        sampler.on_slice(start + timedelta(minutes=minute))
    first, second, *_ = sampler.equity
    assert second - first == timedelta(minutes=minutes)


def test_a_probability_that_a_decimal_cannot_hold_is_a_plain_zero() -> None:
    """The daily results in per cent of a run on LEAN, whose table reads 0%: the probability is 5e-38."""
    changes = (0.0, -0.09230769, -0.02540807, -0.02541453, 0.05777497, 0.0, 0.0, 0.0, 0.06928993, -0.01846452, -0.09233966,
               -0.1501906, -0.1504165, 0.0, 0.0, -0.8366488) + 10 * (0.0,)
    days = [DAYS[0] + timedelta(days=number) for number in range(len(changes))]
    values = 65_000.0 * np.cumprod(1.0 + np.array(changes) / 100.0)
    samples = SimpleNamespace(starting_value=65_000.0, equity=dict(zip(days, map(float, values))), turnover={},
                              performance=dict(zip(days, changes)), benchmark=dict.fromkeys(days, 0.0))
    assert summary(portfolio_statistics(samples, {}, 0, 0, 0.05), 0, 0.0)["Probabilistic Sharpe Ratio"] == "0%"
