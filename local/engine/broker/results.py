"""What a run leaves: statistics, orders, events, trades and the equity curve."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from local.engine.broker.sampling import Sampler
from local.engine.broker.serialization import events_to_json, order_list_hash, order_to_json
from local.engine.broker.statistics import PortfolioStatistics, portfolio_statistics, runtime_statistics, summary
from local.engine.files.rates import InterestRates

_EPOCH = datetime(1970, 1, 1)


def run_results(algorithm: Any, sampler: Sampler, algorithm_id: str) -> dict[str, Any]:
    """Return a run's results.

    Returns
    -------
    dict
        `statistics`, `runtimeStatistics`, `orders`, `orderEvents`, `closedTrades`, `profitLoss`, `equity` (by date, the
        day's last sample), `equityCurve` (unix seconds and value), `orderListHash`.
    """
    transactions, portfolio = algorithm.transactions, algorithm.portfolio
    handler = transactions.processor
    equity = dict(sorted(sampler.equity.items()))
    figures = run_statistics(algorithm, sampler)
    table = summary(figures, handler.orders_count, portfolio.total_fees)
    orders = [handler.orders[order_id] for order_id in sorted(handler.orders)]
    return {
        "statistics": table,
        "runtimeStatistics": runtime_statistics(portfolio, sampler.starting_value,
                                                table["Probabilistic Sharpe Ratio"]),
        "orders": [order_to_json(order) for order in orders],
        "orderEvents": events_to_json(handler.order_events, algorithm_id),
        "closedTrades": [trade.to_json() for trade in handler.trade_builder.closed_trades],
        "profitLoss": {f"{time:%Y-%m-%dT%H:%M:%SZ}": profit
                       for time, profit in sorted(transactions.transaction_record.items())},
        "equity": {f"{time:%Y-%m-%d}": value for time, value in equity.items()},
        "equityCurve": [[int((time - _EPOCH).total_seconds()), value] for time, value in equity.items()],
        "orderListHash": order_list_hash(handler.orders),
    }


def run_statistics(algorithm: Any, sampler: Sampler) -> PortfolioStatistics:
    """Return the statistics of a run as exact numbers."""
    transactions = algorithm.transactions
    return portfolio_statistics(sampler, transactions.transaction_record, transactions.win_count, transactions.loss_count,
                                _average_rate(algorithm, sampler.equity))


def _average_rate(algorithm: Any, equity: dict[datetime, float]) -> float:
    """Return the mean risk-free rate over the equity samples' dates."""
    if not equity:
        return 0.0
    rates = InterestRates.of_folder(Path(algorithm._engine.data_folder))
    return sum(rates.on(time.date()) for time in equity) / len(equity)
