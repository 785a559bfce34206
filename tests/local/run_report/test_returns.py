"""Figures of daily returns: against the ledger's own, against numpy, and where there is too little for one."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from core.performance import equity_statistics
from core.trade_records import Mark
from local.run_report import returns

RANDOM = np.random.default_rng(7)
RETURNS = [float(one) for one in RANDOM.normal(0.0004, 0.011, 300)]
DAYS = [(date(2023, 1, 2) + timedelta(days=number)).isoformat() for number in range(300)]


def test_ratios_and_drawdown_are_those_of_the_ledger() -> None:
    marks, equity = [], 100_000.0
    for day, one in zip(DAYS, RETURNS):
        equity *= 1.0 + one
        marks.append(Mark(day=date.fromisoformat(day), equity_usd=equity))
    own = equity_statistics(100_000.0, marks, ())
    assert returns.sharpe(RETURNS) == pytest.approx(own.sharpe, rel=1e-9)
    assert returns.sortino(RETURNS) == pytest.approx(own.sortino, rel=1e-9)
    assert -returns.falls(DAYS, RETURNS)[0].depth == pytest.approx(own.max_drawdown_share, rel=1e-9)
    assert returns.compounded(RETURNS) == pytest.approx(own.total_return_share, rel=1e-9)
    assert np.prod([1.0 + one for one in returns.by_month(DAYS, RETURNS).values()]) - 1.0 == pytest.approx(own.total_return_share)


def test_drawdowns_have_their_peak_their_bottom_and_their_end() -> None:
    days = [f"2024-07-{day:02d}" for day in range(1, 9)]
    found = returns.falls(days, [0.10, -0.05, -0.05, 0.20, -0.01, 0.02, -0.03, 0.01])
    assert [(fall.peak, fall.bottom, fall.recovered, fall.sessions) for fall in found] == [
        ("2024-07-01", "2024-07-03", "2024-07-04", 3), ("2024-07-06", "2024-07-07", None, 2), ("2024-07-04", "2024-07-05", "2024-07-06", 2)]
    assert [fall.depth for fall in found] == pytest.approx([0.95 ** 2 - 1.0, -0.03, -0.01])
    assert returns.falls(days, [0.01] * 8) == []


def test_a_loss_of_the_first_day_is_a_drawdown_too() -> None:
    fall, = returns.falls(["2024-07-01", "2024-07-02"], [-0.02, 0.01])
    assert fall.depth == pytest.approx(-0.02) and fall.recovered is None


def test_the_tail_is_the_mean_of_the_worst_twentieth() -> None:
    assert returns.expected_shortfall(RETURNS) == pytest.approx(-np.mean(sorted(RETURNS)[:15]))
    assert returns.expected_shortfall(RETURNS[:19]) is None
    assert returns.expected_shortfall(RETURNS[:20]) == pytest.approx(-min(RETURNS[:20]))


def test_alpha_and_beta_of_a_known_mixture() -> None:
    market = RANDOM.normal(0.0, 0.01, 300)
    own = [0.0002 + 0.7 * float(one) for one in market]
    prices = dict(zip(DAYS, 500.0 * np.cumprod(1.0 + market)))
    found = returns.relation(DAYS, own, prices)
    assert found is not None
    assert (found.beta, found.correlation) == (pytest.approx(0.7), pytest.approx(1.0))
    assert found.alpha == pytest.approx(0.0002 * 252) and found.sessions == 299
    assert returns.relation(DAYS, own, {day: 500.0 for day in DAYS}) is None
    assert returns.relation(DAYS[:5], own[:5], prices) is None
    del prices[DAYS[10]]
    again = returns.relation(DAYS, own, prices)
    assert again is not None and again.sessions == 297, "a day without a price lacks its own return and the next one's"


def test_streaks_end_at_a_day_without_a_result() -> None:
    assert returns.streaks([0.1, 0.2, 0.0, 0.1, -0.1, -0.2, -0.1, 0.3]) == (2, 3)
    assert returns.streaks([]) == (0, 0)


def test_the_histogram_counts_every_day_and_splits_gains_from_losses() -> None:
    for values in (RETURNS, RETURNS + [0.19], [0.01, 0.02, 0.03, 0.04, 0.05], [0.0] * 6, [-0.01, -0.01, -0.01, -0.01, -0.01]):
        middles, counts = returns.histogram(values)
        assert sum(counts) == len(values) and len(middles) == len(counts) <= 42
    middles, counts = returns.histogram(RETURNS)
    assert sum(count for middle, count in zip(middles, counts) if middle < 0) == sum(one < 0 for one in RETURNS)


def test_a_year_is_said_from_a_month_on() -> None:
    days = [(date(2024, 1, 1) + timedelta(days=number)).isoformat() for number in range(28)]
    assert returns.a_year(0.01, days[:27]) is None
    assert returns.a_year(0.01, days) == pytest.approx(1.01 ** (365 / 28) - 1.0)
    assert returns.calmar([0.01, -0.02] * 14, days) == pytest.approx(
        returns.a_year(returns.compounded([0.01, -0.02] * 14), days) / -returns.falls(days, [0.01, -0.02] * 14)[0].depth)
    assert returns.calmar([0.01] * 28, days) is None
