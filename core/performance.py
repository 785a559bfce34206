"""Statistics of closed trades and of daily equity. None stands for a figure that too few data give.

Returns are daily and exclude flows; the year has 252 days. Sharpe (1994) is the mean excess return over the standard
deviation of returns, Sortino the mean over the root mean square of the negative ones; both are multiplied by the root
of 252. Drawdown is measured on the index of those returns, so deposits and withdrawals do not change it. Value at risk
is historical: the loss that the worst 5 % of days exceed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from math import sqrt
from typing import Callable, Iterable, Mapping, Sequence

import numpy as np

from config.constants import TRADING_DAYS_PER_YEAR, VALUE_AT_RISK_CONFIDENCE, VALUE_AT_RISK_MIN_DAYS
from core.arrays import Floats
from core.trade_records import ClosedTrade, Flow, Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeStatistics:
    """Figures of a set of closed trades. Money in USD, losses positive, ``payoff_ratio`` mean win / mean loss.

    ``wins``, ``losses``, rates and means are those of the ``judged`` trades (without forced closes and bought
    protection); money and profit factor are those of all. A trade with an unknown result is in none of these figures.
    """

    trades: int
    judged: int
    forced: int
    unknown: int
    wins: int
    losses: int
    pnl_usd: float
    fees_usd: float
    assumed_costs_usd: float
    win_rate: float | None
    profit_factor: float | None
    payoff_ratio: float | None
    mean_win_usd: float | None
    mean_loss_usd: float | None
    largest_loss_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityStatistics:
    """Figures of the daily equity curve. Shares are fractions of 1; a drawdown and a value at risk are positive."""

    days: int
    total_return_share: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown_share: float
    value_at_risk_share: float | None


def trade_statistics(trades: Sequence[ClosedTrade]) -> TradeStatistics:
    """Statistics of ``trades``. A trade that neither won nor lost counts only among the judged."""
    known = [trade for trade in trades if trade.result_known]
    judged = [trade for trade in known if trade.is_judged]
    gains = [trade.pnl_usd for trade in judged if trade.won]
    pains = [-trade.pnl_usd for trade in judged if trade.lost]
    lost = sum(-trade.pnl_usd for trade in known if trade.lost)
    mean_win = sum(gains) / len(gains) if gains else None
    mean_loss = sum(pains) / len(pains) if pains else None
    return TradeStatistics(
        trades=len(trades), judged=len(judged), forced=sum(trade.forced for trade in trades),
        unknown=len(trades) - len(known), wins=len(gains), losses=len(pains),
        pnl_usd=sum(trade.pnl_usd for trade in known), fees_usd=sum(trade.fees_usd for trade in trades),
        assumed_costs_usd=sum(trade.assumed_costs_usd for trade in trades),
        win_rate=len(gains) / len(judged) if judged else None,
        profit_factor=sum(trade.pnl_usd for trade in known if trade.won) / lost if lost else None,
        payoff_ratio=mean_win / mean_loss if mean_win is not None and mean_loss is not None else None,
        mean_win_usd=mean_win, mean_loss_usd=mean_loss, largest_loss_usd=max(pains, default=0.0))


def daily_results(starting_equity: float, marks: Sequence[Mark], flows: Iterable[Flow]) -> Floats:
    """Dollars each marked day made, without the flows since the mark before."""
    moved = _flows_by_mark(marks, flows)
    equity = np.array([starting_equity] + [mark.equity_usd for mark in marks])
    return np.diff(equity) - moved


def daily_returns(starting_equity: float, marks: Sequence[Mark], flows: Iterable[Flow]) -> Floats:
    """Each marked day's result as a share of the mark before it. That day's deposits count as if made at its start, its
    withdrawals as if made at its end, so that no return can fall below -1 or come from a flow."""
    flows = tuple(flows)
    before = np.array([starting_equity] + [mark.equity_usd for mark in marks])[:-1]
    base: Floats = before + np.maximum(_flows_by_mark(marks, flows), 0.0)
    return daily_results(starting_equity, marks, flows) / base


def equity_statistics(starting_equity: float, marks: Sequence[Mark], flows: Iterable[Flow],
                      risk_free_rate: float = 0.0) -> EquityStatistics:
    """Statistics of the daily marks.

    Parameters
    ----------
    starting_equity : float
        USD before the first mark.
    risk_free_rate : float
        Fraction per year from which Sharpe's excess is measured; the reports use 0.
    """
    returns = daily_returns(starting_equity, marks, flows)
    index = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    drawdown = float(np.max(1.0 - index / np.maximum.accumulate(index)))
    excess = returns - risk_free_rate / TRADING_DAYS_PER_YEAR
    deviation = float(np.std(excess, ddof=1)) if len(returns) > 1 else 0.0
    downside = sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2))) if len(returns) else 0.0
    year = sqrt(TRADING_DAYS_PER_YEAR)
    at_risk = None
    if len(returns) >= VALUE_AT_RISK_MIN_DAYS:
        at_risk = max(0.0, -float(np.quantile(returns, 1.0 - VALUE_AT_RISK_CONFIDENCE)))
    return EquityStatistics(
        days=len(returns), total_return_share=float(index[-1] - 1.0) if len(returns) else None,
        sharpe=float(np.mean(excess)) / deviation * year if deviation > 0 else None,
        sortino=float(np.mean(excess)) / downside * year if downside > 0 else None,
        max_drawdown_share=drawdown, value_at_risk_share=at_risk)


def pnl_by(trades: Iterable[ClosedTrade], key: Callable[[ClosedTrade], str]) -> Mapping[str, float]:
    """USD of the ``trades`` with a known result, summed by ``key`` in the order in which keys first appear."""
    sums: dict[str, float] = defaultdict(float)
    for trade in trades:
        sums[key(trade)] += trade.pnl_usd if trade.result_known else 0.0
    return dict(sums)


def _flows_by_mark(marks: Sequence[Mark], flows: Iterable[Flow]) -> Floats:
    """Flows between the mark before and each mark. Those after the last mark wait for the next one."""
    moved = np.zeros(len(marks))
    days = [mark.day for mark in marks]
    for flow in flows:
        place = bisect_left(days, flow.day)
        if place < len(days):
            moved[place] += flow.amount_usd
    return moved
