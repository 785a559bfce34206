"""The statistics of a run, by LEAN's names and formulas."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np

from local.engine.broker.sampling import Sampler

TRADING_DAYS = 252
SMALLEST_DECIMAL = 1e-28
ZERO = Decimal(0)


@dataclass(slots=True)
class PortfolioStatistics:
    """LEAN's figures of a run as exact numbers; ratios, not percentages."""

    start_equity: Decimal = ZERO
    end_equity: Decimal = ZERO
    portfolio_turnover: Decimal = ZERO
    average_win_rate: Decimal = ZERO
    average_loss_rate: Decimal = ZERO
    profit_loss_ratio: Decimal = ZERO
    win_rate: Decimal = ZERO
    loss_rate: Decimal = ZERO
    expectancy: Decimal = ZERO
    total_net_profit: Decimal = ZERO
    compounding_annual_return: Decimal = ZERO
    drawdown: Decimal = ZERO
    drawdown_recovery: int = 0
    annual_variance: float = 0.0
    annual_standard_deviation: float = 0.0
    sharpe_ratio: float = 0.0
    sortino_ratio: float = 0.0
    probabilistic_sharpe_ratio: Decimal = ZERO
    alpha: float = 0.0
    beta: float = 0.0
    tracking_error: float = 0.0
    information_ratio: float = 0.0
    treynor_ratio: float = 0.0


def portfolio_statistics(sampler: Sampler, record: Mapping[datetime, float], wins: int, losses: int,
                         risk_free_rate: float, trading_days: int = TRADING_DAYS) -> PortfolioStatistics:
    """Return the statistics of a run.

    Parameters
    ----------
    sampler : Sampler
        Series of equity, daily performance (percent), benchmark and turnover.
    record : mapping of datetime to float
        Profit of each closing fill, fees taken off twice as LEAN does.
    wins, losses : int
        How many of the record count as won and lost.
    risk_free_rate : float
        Average yearly rate over the equity samples, as a ratio.
    trading_days : int
        Trading days a year.
    """
    result = PortfolioStatistics()
    equity = dict(sorted(sampler.equity.items()))
    if not equity:
        return result
    values = [_decimal(value) for value in equity.values()]
    start = _decimal(sampler.starting_value)
    result.start_equity, result.end_equity = start, values[-1]
    turnover = [_decimal(value) for value in sampler.turnover.values()]
    if turnover:
        result.portfolio_turnover = sum(turnover, ZERO) / len(turnover)
    performance = np.array(list(sampler.performance.values())[2:], dtype=float) / 100
    benchmark = _benchmark_changes(list(sampler.benchmark.values()))
    if start == 0 or len(benchmark) < 2 or len(performance) < 2:
        return result
    _trade_rates(result, record, start, wins, losses)
    result.total_net_profit = values[-1] / start - 1
    times = list(equity)
    years = float(Decimal(f"{(times[-1] - times[0]).total_seconds() / 86400:.15g}") / 365)
    result.compounding_annual_return = _annual_return(float(start), float(values[-1]), years)
    _return_ratios(result, performance, benchmark, risk_free_rate, trading_days)
    result.drawdown, result.drawdown_recovery = drawdown(times, values)
    return result


def _trade_rates(result: PortfolioStatistics, record: Mapping[datetime, float], start: Decimal, wins: int,
                 losses: int) -> None:
    capital, gained, lost, won_count, lost_count = start, ZERO, ZERO, 0, 0
    for _, profit in sorted(record.items()):
        change = _decimal(profit)
        if change > 0:
            gained, won_count = gained + change / capital, won_count + 1
        else:
            lost, lost_count = lost + change / capital, lost_count + 1
        capital += change
    result.average_win_rate = gained / won_count if won_count else ZERO
    result.average_loss_rate = lost / lost_count if lost_count else ZERO
    if result.average_loss_rate:
        result.profit_loss_ratio = result.average_win_rate / abs(result.average_loss_rate)
    total = wins + losses
    if total:
        result.win_rate, result.loss_rate = Decimal(wins) / total, Decimal(losses) / total
    result.expectancy = result.win_rate * result.profit_loss_ratio - result.loss_rate


def _return_ratios(result: PortfolioStatistics, performance: np.ndarray, benchmark: np.ndarray, risk_free: float,
                   days: int) -> None:
    variance = _annual_variance(performance, days)
    deviation = math.sqrt(variance)
    annual = (performance.mean() + 1) ** days - 1
    benchmark_annual = (benchmark.mean() + 1) ** days - 1
    result.annual_variance, result.annual_standard_deviation = variance, deviation
    result.sharpe_ratio = (annual - risk_free) / deviation if deviation else 0.0
    downside = math.sqrt(_annual_variance(performance[performance < 0], days))
    result.sortino_ratio = (annual - risk_free) / downside if downside else 0.0
    spread = float(np.var(benchmark, ddof=1))
    if spread:
        result.beta = float(np.cov(performance, benchmark, ddof=1)[0, 1]) / spread
    if result.beta:
        result.alpha = annual - (risk_free + result.beta * (benchmark_annual - risk_free))
        result.treynor_ratio = (annual - risk_free) / result.beta
    if len(performance) == len(benchmark):
        result.tracking_error = math.sqrt(_annual_variance(performance - benchmark, days))
    if result.tracking_error:
        result.information_ratio = (annual - benchmark_annual) / result.tracking_error
    probability = _probabilistic_sharpe(performance, 1 / math.sqrt(days), risk_free / days)
    # .NET's decimal knows nothing smaller, and shows a zero without places
    result.probabilistic_sharpe_ratio = Decimal(repr(probability)) if probability >= SMALLEST_DECIMAL else ZERO


def _annual_variance(returns: np.ndarray, days: int) -> float:
    if len(returns) < 2:
        return 0.0
    variance = float(np.var(returns, ddof=1))
    return 0.0 if math.isnan(variance) else variance * days


def _probabilistic_sharpe(returns: np.ndarray, benchmark: float, risk_free: float) -> float:
    """Probability that the true Sharpe ratio beats the benchmark's (Bailey and Lopez de Prado 2012)."""
    deviation = float(np.std(returns, ddof=1))
    observed = (float(returns.mean()) - risk_free) / deviation if deviation and not math.isnan(deviation) else 0.0
    if len(returns) < 4 or deviation == 0:
        return 0.0
    skewness, kurtosis = _skewness_and_kurtosis(returns)
    squared = (1 - skewness * observed + (kurtosis - 1) / 4 * observed ** 2) / (len(returns) - 1)
    if math.isnan(squared) or squared < 0:
        return 0.0
    error = math.sqrt(squared)
    value = (observed - benchmark) / error if error else 0.0
    return 0.5 * math.erfc(-value / math.sqrt(2))


def _skewness_and_kurtosis(returns: np.ndarray) -> tuple[float, float]:
    """Return the sample's skewness and excess kurtosis without bias; at least four returns."""
    count = len(returns)
    centred = returns - returns.mean()
    second, third, fourth = (float((centred ** power).mean()) for power in (2, 3, 4))
    skewness = math.sqrt(count * (count - 1)) / (count - 2) * third / second ** 1.5
    excess = fourth / second ** 2 - 3
    kurtosis = (count - 1) / ((count - 2) * (count - 3)) * ((count + 1) * excess + 6)
    return skewness, kurtosis


def _benchmark_changes(values: Sequence[float]) -> np.ndarray:
    """Relative changes from sample to sample; the first one is left out as the first day's performance is."""
    changes = [(now - before) / before if before else 0.0 for before, now in zip(values, values[1:])]
    return np.array(changes[1:], dtype=float)


def _annual_return(start: float, end: float, years: float) -> Decimal:
    if years == 0 or start == 0:
        return ZERO
    try:
        result = (end / start) ** (1 / years) - 1
    except OverflowError:
        return ZERO
    if isinstance(result, complex) or math.isnan(result) or math.isinf(result):
        return ZERO
    return Decimal(f"{result:.15g}") if result else ZERO


def drawdown(times: Sequence[datetime], values: Sequence[Decimal]) -> tuple[Decimal, int]:
    """Return the worst fall from a peak as a ratio of three places, and the longest recovery in whole days."""
    if len(values) < 2:
        return ZERO, 0
    peak, peak_time, worst, longest = values[0], times[0], ZERO, 0.0
    fell_at: datetime | None = None
    for time, value in zip(times, values):
        if value >= peak:
            if fell_at is not None:
                longest = max(longest, (time - fell_at).total_seconds() / 86400)
                fell_at = None
            peak, peak_time = value, time
        fall = value / peak - 1 if peak else ZERO
        if fall < 0:
            worst = min(worst, fall)
            fell_at = peak_time if fell_at is None else fell_at
    return _rounded(abs(worst), 3), int(longest)


# -- as text -----------------------------------------------------------------------------------------------------


def summary(figures: PortfolioStatistics, total_orders: int, total_fees: float) -> dict[str, str]:
    """Return the statistics table under LEAN's names; the two capacity lines are not computed."""
    def percent(value: Decimal, digits: int) -> str:
        return f"{_rounded(value * 100, digits)}%"

    def number(value: float) -> str:
        rounded = round(float(value), 3)
        return f"{rounded:.0f}" if rounded == int(rounded) else repr(rounded)

    return {
        "Total Orders": str(total_orders),
        "Average Win": percent(figures.average_win_rate, 2),
        "Average Loss": percent(figures.average_loss_rate, 2),
        "Compounding Annual Return": percent(figures.compounding_annual_return, 3),
        "Drawdown": percent(figures.drawdown, 3),
        "Expectancy": str(_rounded(figures.expectancy, 3)),
        "Start Equity": _plain(_rounded(figures.start_equity, 2)),
        "End Equity": _plain(_rounded(figures.end_equity, 2)),
        "Net Profit": percent(figures.total_net_profit, 3),
        "Sharpe Ratio": number(figures.sharpe_ratio),
        "Sortino Ratio": number(figures.sortino_ratio),
        "Probabilistic Sharpe Ratio": percent(figures.probabilistic_sharpe_ratio, 3),
        "Loss Rate": percent(figures.loss_rate, 0),
        "Win Rate": percent(figures.win_rate, 0),
        "Profit-Loss Ratio": str(_rounded(figures.profit_loss_ratio, 2)),
        "Alpha": number(figures.alpha),
        "Beta": number(figures.beta),
        "Annual Standard Deviation": number(figures.annual_standard_deviation),
        "Annual Variance": number(figures.annual_variance),
        "Information Ratio": number(figures.information_ratio),
        "Tracking Error": number(figures.tracking_error),
        "Treynor Ratio": number(figures.treynor_ratio),
        "Total Fees": f"${total_fees:.2f}",
        "Portfolio Turnover": percent(figures.portfolio_turnover, 2),
        "Drawdown Recovery": str(figures.drawdown_recovery),
    }


def runtime_statistics(portfolio: Any, starting_value: float, probability: str) -> dict[str, str]:
    """Return the figures LEAN shows while it runs."""
    value = portfolio.total_portfolio_value
    change = (value - starting_value) / starting_value if starting_value > 0 else 0.0
    return {"Equity": f"${value:,.2f}", "Fees": f"-${portfolio.total_fees:,.2f}",
            "Holdings": f"${portfolio.total_holdings_value:,.2f}", "Net Profit": f"${portfolio.total_net_profit:,.2f}",
            "Probabilistic Sharpe Ratio": probability, "Return": f"{change * 100:,.2f} %",
            "Unrealized": f"${portfolio.total_unrealized_profit:,.2f}",
            "Volume": f"${portfolio.total_sale_volume:,.2f}"}


def _decimal(value: float) -> Decimal:
    number = Decimal(repr(float(value)))
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def _rounded(value: Decimal, digits: int) -> Decimal:
    """Round half to even to at most `digits` places; fewer places stay fewer."""
    exponent = value.as_tuple().exponent
    if exponent > 0:
        return Decimal(int(value))
    if exponent < -digits:
        value = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    return value if value else abs(value)


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
