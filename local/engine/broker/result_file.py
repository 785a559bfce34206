"""LEAN's whole result of a run: what `lean report` and LEAN's own readers of results ask for, charts included.

Left out are the charts that need what is not sampled here (exposure, capacity, sales, margin by contract), the rolling windows
and the trade statistics; their readers take them as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from local.engine.broker.sampling import Sampler
from local.engine.broker.serialization import symbol_to_json
from local.engine.broker.statistics import TRADING_DAYS, PortfolioStatistics
from local.engine.broker.trades import Trade

LINE, CANDLES, BARS = 0, 2, 3          # LEAN's SeriesType
_EPOCH = datetime(1970, 1, 1)


def result_document(results: Mapping[str, Any], sampler: Sampler, figures: PortfolioStatistics, trades: list[Trade], *,
                    name: str, start: datetime, end: datetime, parameters: Mapping[str, str], state: Mapping[str, str]) -> dict[str, Any]:
    """The document under LEAN's names.

    Parameters
    ----------
    results : mapping
        What `run_results` returns.
    start, end : datetime
        First and last moment of the run, in the algorithm's zone.
    """
    return {
        "rollingWindow": {}, "charts": result_charts(sampler), "orders": {str(order["id"]): order for order in results["orders"]},
        "profitLoss": results["profitLoss"], "statistics": results["statistics"], "runtimeStatistics": results["runtimeStatistics"],
        "state": dict(state), "serverStatistics": {},
        "algorithmConfiguration": {"name": name, "accountCurrency": "USD", "parameters": dict(parameters),
                                   "startDate": f"{start:%Y-%m-%dT%H:%M:%SZ}", "endDate": f"{end:%Y-%m-%dT%H:%M:%SZ}",
                                   "tradingDaysPerYear": TRADING_DAYS},
        "totalPerformance": {"portfolioStatistics": _statistics(figures), "closedTrades": [_trade(trade) for trade in trades]}}


def result_charts(sampler: Sampler) -> dict[str, Any]:
    """The charts that LEAN's report draws: equity and return, benchmark, drawdown, turnover, each sampled when LEAN samples it."""
    peak, falls = 0.0, []
    for at in sampler.performance:
        peak = max(peak, sampler.equity[at])
        falls.append([_seconds(at), round(100.0 * (sampler.equity[at] / peak - 1.0), 2) if peak > 0.0 else 0.0])
    equity = [[_seconds(at), *4 * (value,)] for at, value in sorted(sampler.equity.items())]      # one look, no range within it
    return {
        "Strategy Equity": _chart("Strategy Equity", {"name": "Equity", "unit": "$", "index": 0, "seriesType": CANDLES, "values": equity},
                                  _series("Return", "%", BARS, sampler.performance, 8, index=1)),
        "Benchmark": _chart("Benchmark", _series("Benchmark", "$", LINE, sampler.benchmark, 8)),
        "Drawdown": _chart("Drawdown", _plain("Equity Drawdown", "%", LINE, falls)),
        "Portfolio Turnover": _chart("Portfolio Turnover", _series("Portfolio Turnover", "%", LINE, sampler.turnover, 8))}


def _chart(name: str, *series: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "chartType": 0, "series": {one["name"]: one for one in series}}


def _series(name: str, unit: str, kind: int, values: Mapping[datetime, float], digits: int, index: int = 0) -> dict[str, Any]:
    return _plain(name, unit, kind, [[_seconds(at), round(value, digits)] for at, value in values.items()], index)


def _plain(name: str, unit: str, kind: int, values: list[list[float]], index: int = 0) -> dict[str, Any]:
    return {"name": name, "unit": unit, "index": index, "seriesType": kind, "values": values, "color": "", "scatterMarkerSymbol": "none"}


def _seconds(at: datetime) -> int:
    return int((at - _EPOCH).total_seconds())


def _statistics(figures: PortfolioStatistics) -> dict[str, str]:
    """LEAN's figures as it writes them: text with four decimals."""
    return {_camel(name): _text(value) for name, value in asdict(figures).items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def _text(value: Decimal | float | int) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _trade(trade: Trade) -> dict[str, Any]:
    return trade.to_json() | {"symbols": [symbol_to_json(trade.symbol)], "duration": _span(trade.duration)}


def _span(duration: timedelta) -> str:
    """A time span as .NET writes it: ``4.06:23:12``."""
    days, seconds = duration.days, duration.seconds
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{days}.{clock}" if days else clock
