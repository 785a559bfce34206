"""The benchmark of a run: a security by the hour (LEAN's default models: SPY), or a function of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from local.engine.broker.clock import to_utc
from local.engine.broker.numeric import smart_round
from local.engine.enums import DataNormalizationMode, Market, Resolution, SecurityType
from local.engine.market.series import BarSeries
from local.engine.market.subscription import tick_types_of
from local.engine.market.symbol import Symbol, SymbolCache
from local.engine.time_zones import seconds_of


class FuncBenchmark:
    """A function from a UTC time to a value."""

    def __init__(self, function: Callable[[datetime], float]) -> None:
        self._function = function

    def evaluate(self, time: datetime) -> float:
        """Return the benchmark at a UTC instant."""
        return float(self._function(time.replace(tzinfo=timezone.utc)))


class SecurityBenchmark:
    """A security's last hourly close; 0 where the data folder has no hourly bars of it, as in LEAN."""

    def __init__(self, algorithm: Any, symbol: Symbol | None = None) -> None:
        self._algorithm = algorithm
        self.symbol = Symbol.create("SPY", SecurityType.EQUITY, Market.USA) if symbol is None else symbol
        self._series: BarSeries | None = None

    def evaluate(self, time: datetime) -> float:
        """Return the benchmark at a UTC instant."""
        if self._series is None:
            self._series = self._open()
        series = self._series
        return smart_round(series.get("close")) if series.seek(seconds_of(time)) else 0.0

    def _open(self) -> BarSeries:
        """Open the hourly bars from the trading day before the run on."""
        feed, mode = self._algorithm._feed, DataNormalizationMode.ADJUSTED
        tick_type = tick_types_of(self.symbol.security_type, Resolution.HOUR)[0]
        hours = feed.hours_of(self.symbol).exchange_hours
        first = to_utc(hours.get_previous_trading_day(self._algorithm.start_date), hours.time_zone)
        loader = feed.loader(self.symbol, tick_type, Resolution.HOUR, False, mode)
        return BarSeries(loader, seconds_of(first), False)


def benchmark_of(algorithm: Any, *given: Any) -> FuncBenchmark | SecurityBenchmark:
    """Return the benchmark behind what an algorithm sets: a symbol, a ticker (with its type), or a function."""
    if len(given) == 2:
        return SecurityBenchmark(algorithm, Symbol.create(given[1], given[0], Market.USA))
    (target,) = given
    if isinstance(target, str):
        known = SymbolCache.try_get(target) or next((s for s in algorithm.securities.keys() if s.value == target), None)
        return SecurityBenchmark(algorithm, known or Symbol.create(target, SecurityType.EQUITY, Market.USA))
    symbol = target if isinstance(target, Symbol) else getattr(target, "symbol", None)
    if symbol is not None:
        return SecurityBenchmark(algorithm, symbol)
    if callable(target):
        return FuncBenchmark(target)
    raise TypeError("set_benchmark takes a ticker, a symbol or a function of time")
