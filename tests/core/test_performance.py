"""Statistics against figures worked out by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.performance import daily_returns, equity_statistics, trade_statistics
from core.trade_records import ClosedTrade, Flow, Mark

DAY = date(2024, 7, 1)


def marks(*equities: float) -> list[Mark]:
    return [Mark(day=DAY + timedelta(days=number), equity_usd=equity) for number, equity in enumerate(equities)]


def trade(pnl: float, **overrides) -> ClosedTrade:
    now = datetime(2024, 7, 1, 10)
    values = dict(id="x", strategy="lt112", underlying="SPY", opened=now, closed=now, legs=("-1 A",), units=1,
                  entry_price=-1.0, exit_price=0.5, pnl_usd=pnl, fees_usd=1.0, entry_reason="", exit_reason="X",
                  forced=False, protection=False)
    return ClosedTrade(**(values | overrides))


def test_trade_statistics() -> None:
    found = trade_statistics([trade(100), trade(50), trade(-60), trade(-20), trade(0)])
    assert (found.trades, found.wins, found.losses, found.pnl_usd, found.fees_usd) == (5, 2, 2, 70.0, 5.0)
    assert found.win_rate == 0.4 and found.profit_factor == pytest.approx(150 / 80)
    assert found.payoff_ratio == pytest.approx(75 / 40) and found.largest_loss_usd == 60.0


def test_what_cannot_be_computed_is_none() -> None:
    found = trade_statistics([])
    assert (found.win_rate, found.profit_factor, found.payoff_ratio, found.mean_win_usd) == (None,) * 4
    assert trade_statistics([trade(1.0)]).profit_factor is None
    equity = equity_statistics(100.0, [], [])
    assert (equity.sharpe, equity.sortino, equity.value_at_risk_share, equity.total_return_share) == (None,) * 4
    assert equity.max_drawdown_share == 0.0
    assert equity_statistics(100.0, marks(101.0), []).sharpe is None
    assert equity_statistics(100.0, marks(101.0), []).sortino is None


def test_sharpe_sortino_and_drawdown() -> None:
    found = equity_statistics(100.0, marks(110.0, 99.0, 108.9), [])
    returns = np.array([0.10, -0.10, 0.10])
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * sqrt(252))
    assert found.sortino == pytest.approx(returns.mean() / sqrt(0.01 / 3) * sqrt(252))
    assert found.max_drawdown_share == pytest.approx(0.10)
    assert found.total_return_share == pytest.approx(0.089)
    excess = equity_statistics(100.0, marks(110.0, 99.0, 108.9), [], risk_free_rate=0.0252)
    assert excess.sharpe == pytest.approx((returns.mean() - 0.0001) / returns.std(ddof=1) * sqrt(252))


def test_value_at_risk_needs_twenty_days() -> None:
    equities = 100.0 * np.cumprod(1 + np.linspace(-0.02, 0.018, 20))
    assert equity_statistics(100.0, marks(*equities[:19]), []).value_at_risk_share is None
    found = equity_statistics(100.0, marks(*equities), []).value_at_risk_share
    assert found == pytest.approx(-np.quantile(np.linspace(-0.02, 0.018, 20), 0.05))
    rising = 100.0 * np.cumprod(np.full(20, 1.01))
    assert equity_statistics(100.0, marks(*rising), []).value_at_risk_share == 0.0


def test_flows_are_nobodys_profit() -> None:
    flows = [Flow(day=DAY + timedelta(days=1), amount_usd=100.0)]
    assert daily_returns(100.0, marks(100.0, 200.0, 200.0), flows) == pytest.approx([0.0, 0.0, 0.0])
    assert daily_returns(100.0, marks(100.0, 180.0), flows)[1] == pytest.approx(-0.10)
    out = [Flow(day=DAY + timedelta(days=1), amount_usd=-50.0)]
    assert equity_statistics(100.0, marks(100.0, 50.0), out).max_drawdown_share == 0.0
    # between two marks (a weekend) it belongs to the later; after the last it waits
    weekend = [Flow(day=DAY + timedelta(days=3), amount_usd=100.0)]
    later = [Mark(day=DAY, equity_usd=100.0), Mark(day=DAY + timedelta(days=4), equity_usd=200.0)]
    assert daily_returns(100.0, later, weekend) == pytest.approx([0.0, 0.0])
    assert daily_returns(100.0, marks(100.0), weekend) == pytest.approx([0.0])


@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=30), st.floats(0.1, 10))
def test_statistics_do_not_depend_on_the_accounts_size(returns: list[float], scale: float) -> None:
    curve = 100.0 * np.cumprod(1 + np.array(returns))
    small, large = (equity_statistics(100.0 * by, marks(*(curve * by)), []) for by in (1.0, scale))
    assert small.max_drawdown_share == pytest.approx(large.max_drawdown_share, abs=1e-12)
    assert 0.0 <= small.max_drawdown_share < 1.0
