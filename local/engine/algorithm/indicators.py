"""The part of QCAlgorithm that makes indicators, consolidators and history."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from local.engine.algorithm.subscription_manager import SubscriptionManager
from local.engine.enums import MovingAverageType, Resolution, TickType
from local.engine.errors import ArgumentException
from local.engine.indicators.base import (ExponentialMovingAverage, Identity, Indicator, IndicatorDataPoint,
                                          LinearWeightedMovingAverage, Maximum, Minimum, Momentum, RateOfChange,
                                          RateOfChangePercent, SimpleMovingAverage, StandardDeviation,
                                          WilderMovingAverage)
from local.engine.indicators.consolidator_hub import ConsolidatorHub
from local.engine.indicators.consolidators import (Consolidator, IdentityDataConsolidator, MarketHourAwareConsolidator,
                                                   PeriodConsolidator, QuoteBarConsolidator, TradeBarConsolidator)
from local.engine.indicators.renko import RenkoBar, RenkoConsolidator
from local.engine.indicators.technical import (AverageTrueRange, BollingerBands, IntradayVwap,
                                               MovingAverageConvergenceDivergence, RelativeStrengthIndex,
                                               VolumeWeightedAveragePriceIndicator)
from local.engine.market.bars import QuoteBar, TradeBar
from local.engine.market.history import History
from local.engine.market.subscription import tick_types_of
from local.engine.market.symbol import Symbol

_RESOLUTION_SPANS = {Resolution.SECOND: timedelta(seconds=1), Resolution.MINUTE: timedelta(minutes=1),
                     Resolution.HOUR: timedelta(hours=1), Resolution.DAILY: timedelta(days=1)}
_SUFFIXES = {Resolution.SECOND: "sec", Resolution.MINUTE: "min", Resolution.HOUR: "hr", Resolution.DAILY: "day"}


class IndicatorMixin:
    """Indicators, consolidators and history; needs `self._feed` and the security's subscriptions."""

    def _init_indicators(self) -> None:
        self._hub = ConsolidatorHub(self._feed)
        self.subscription_manager = SubscriptionManager(self._feed, self._hub)

    @property
    def history(self) -> History:
        """Bars before now: `history(symbols, periods | span | start, end, resolution)`."""
        return History(self._feed, self)

    # registration -----------------------------------------------------------------------------------------------
    def register_indicator(self, symbol: Symbol, indicator: Indicator, resolution: Any = None,
                           selector: Callable[[Any], Any] | None = None) -> None:
        """Feeds an indicator with a security's bars of a resolution, a timedelta or a consolidator."""
        consolidator = resolution if isinstance(resolution, Consolidator) else self._consolidator(symbol, None, resolution)
        consolidator.data_consolidated += lambda _, bar: _feed_indicator(indicator, bar, selector)
        self._hub.add(_symbol_of(symbol), consolidator)

    def _consolidator(self, symbol: Symbol, tick_type: TickType | None, period: Any) -> Consolidator:
        """What makes bars of a resolution, a timedelta or a calendar of a security's own; None: those as they are.

        Raises
        ------
        ArgumentException
            The bars asked for are shorter than the security's.
        """
        security = self._engine.get_or_add_security(_symbol_of(symbol))
        own = _RESOLUTION_SPANS[security.resolution]
        kinds = tick_types_of(security.symbol.security_type, security.resolution)
        is_quote = (tick_type if tick_type in kinds else kinds[0]) == TickType.QUOTE
        kind: type[PeriodConsolidator] = QuoteBarConsolidator if is_quote else TradeBarConsolidator
        is_day = isinstance(period, Resolution) and period == Resolution.DAILY
        span = _RESOLUTION_SPANS[period] if isinstance(period, Resolution) else period
        if span is None or span == own:
            return IdentityDataConsolidator(kind.tick_type)
        if isinstance(span, timedelta) and span < own:
            raise ArgumentException(f"Unable to create {symbol} consolidator because {symbol} is registered for "
                                    f"{security.resolution} data. Consolidators require higher resolution data to produce lower "
                                    "resolution data.")
        if is_day:
            return MarketHourAwareConsolidator(kind, security.exchange.hours, self.settings.daily_precise_end_time)
        return kind(span)

    def unregister_indicator(self, indicator: Indicator) -> None:
        """Not supported: remove the consolidator instead."""
        raise NotImplementedError("QCAlgorithm.unregister_indicator")

    deregister_indicator = unregister_indicator

    def warm_up_indicator(self, symbol: Symbol, indicator: Indicator, resolution: Any = None,
                          selector: Callable[[Any], Any] | None = None) -> None:
        """Feeds an indicator with as much history as it needs."""
        if isinstance(resolution, timedelta):
            raise NotImplementedError("QCAlgorithm.warm_up_indicator with a timedelta")
        if not isinstance(indicator, IntradayVwap):
            for bar in self.history[TradeBar](_symbol_of(symbol), indicator.warm_up_period, resolution):
                _feed_indicator(indicator, bar, selector)

    def indicator_history(self, *args: Any, **named: Any) -> Any:
        """Not supported."""
        raise NotImplementedError("QCAlgorithm.indicator_history")

    def _new(self, symbol: Symbol, indicator: Indicator, resolution: Any, selector: Callable[[Any], Any] | None) -> Any:
        self.register_indicator(symbol, indicator, resolution, selector)
        if self.settings.automatic_indicator_warm_up:
            self.warm_up_indicator(symbol, indicator, resolution, selector)
        return indicator

    def _name(self, symbol: Symbol, kind: str, resolution: Any) -> str:
        """Name of an indicator: `EMA(5,SPY_min)`, `VWAP(SPY_day)`."""
        if not isinstance(resolution, Resolution):
            resolution = self._engine.get_or_add_security(_symbol_of(symbol)).resolution if resolution is None else None
        ticker, suffix = _symbol_of(symbol).value, _SUFFIXES.get(resolution, "")
        return f"{kind}({ticker}_{suffix})".replace(")(", ",")

    # indicators -------------------------------------------------------------------------------------------------
    def sma(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> SimpleMovingAverage:
        """Simple moving average."""
        name = self._name(symbol, f"SMA({period})", resolution)
        return self._new(symbol, SimpleMovingAverage(name, period), resolution, selector)

    def ema(self, symbol: Symbol, period: int, *args: Any, resolution: Any = None, selector: Any = None,
            smoothing_factor: float | None = None) -> ExponentialMovingAverage:
        """Exponential moving average: `ema(symbol, period[, smoothing_factor][, resolution][, selector])`."""
        rest = list(args)
        if rest and isinstance(rest[0], float):
            smoothing_factor = rest.pop(0)
        resolution, selector = (rest + [resolution, selector][len(rest):])[:2]
        extra = () if smoothing_factor is None else (smoothing_factor,)
        name = self._name(symbol, f"EMA({period})", resolution)
        return self._new(symbol, ExponentialMovingAverage(name, period, *extra), resolution, selector)

    def wwma(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> WilderMovingAverage:
        """Wilder's moving average."""
        name = self._name(symbol, f"WWMA({period})", resolution)
        return self._new(symbol, WilderMovingAverage(name, period), resolution, selector)

    def lwma(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> LinearWeightedMovingAverage:
        """Linearly weighted moving average."""
        name = self._name(symbol, f"LWMA({period})", resolution)
        return self._new(symbol, LinearWeightedMovingAverage(name, period), resolution, selector)

    def atr(self, symbol: Symbol, period: int, type: MovingAverageType = MovingAverageType.SIMPLE, resolution: Any = None,
            selector: Any = None) -> AverageTrueRange:
        """Average true range."""
        name = self._name(symbol, f"ATR({period})", resolution)
        return self._new(symbol, AverageTrueRange(name, period, type), resolution, selector)

    def rsi(self, symbol: Symbol, period: int, moving_average_type: MovingAverageType = MovingAverageType.WILDERS,
            resolution: Any = None, selector: Any = None) -> RelativeStrengthIndex:
        """Relative strength index."""
        name = self._name(symbol, f"RSI({period},{moving_average_type})", resolution)
        return self._new(symbol, RelativeStrengthIndex(name, period, moving_average_type), resolution, selector)

    def macd(self, symbol: Symbol, fast_period: int, slow_period: int, signal_period: int,
             type: MovingAverageType = MovingAverageType.EXPONENTIAL, resolution: Any = None,
             selector: Any = None) -> MovingAverageConvergenceDivergence:
        """Moving average convergence divergence."""
        name = self._name(symbol, f"MACD({fast_period},{slow_period},{signal_period})", resolution)
        made = MovingAverageConvergenceDivergence(name, fast_period, slow_period, signal_period, type)
        return self._new(symbol, made, resolution, selector)

    def bb(self, symbol: Symbol, period: int, k: float, moving_average_type: MovingAverageType = MovingAverageType.SIMPLE,
           resolution: Any = None, selector: Any = None) -> BollingerBands:
        """Bollinger bands."""
        name = self._name(symbol, f"BB({period},{k:g})", resolution)
        return self._new(symbol, BollingerBands(name, period, k, moving_average_type), resolution, selector)

    def std(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> StandardDeviation:
        """Standard deviation."""
        name = self._name(symbol, f"STD({period})", resolution)
        return self._new(symbol, StandardDeviation(name, period), resolution, selector)

    def max(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> Maximum:
        """Highest high (highest value with a selector)."""
        name = self._name(symbol, f"MAX({period})", resolution)
        return self._new(symbol, Maximum(name, period), resolution, selector or _field("high"))

    def min(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> Minimum:
        """Lowest low (lowest value with a selector)."""
        name = self._name(symbol, f"MIN({period})", resolution)
        return self._new(symbol, Minimum(name, period), resolution, selector or _field("low"))

    def roc(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> RateOfChange:
        """Rate of change."""
        return self._new(symbol, RateOfChange(self._name(symbol, f"ROC({period})", resolution), period), resolution, selector)

    def rocp(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> RateOfChangePercent:
        """Rate of change in percent."""
        name = self._name(symbol, f"ROCP({period})", resolution)
        return self._new(symbol, RateOfChangePercent(name, period), resolution, selector)

    def mom(self, symbol: Symbol, period: int, resolution: Any = None, selector: Any = None) -> Momentum:
        """Momentum."""
        return self._new(symbol, Momentum(self._name(symbol, f"MOM({period})", resolution), period), resolution, selector)

    def identity(self, symbol: Symbol, resolution: Any = None, selector: Any = None) -> Identity:
        """The price itself."""
        return self._new(symbol, Identity(self._name(symbol, "close", resolution)), resolution, selector)

    def vwap(self, symbol: Symbol, period: int | None = None, resolution: Any = None, selector: Any = None) -> Indicator:
        """Volume-weighted average price of the day, or of a number of bars."""
        if period is None:
            made: Indicator = IntradayVwap(self._name(symbol, "VWAP", resolution))
            self.register_indicator(symbol, made, None, selector)
            return made
        name = self._name(symbol, f"VWAP({period})", resolution)
        return self._new(symbol, VolumeWeightedAveragePriceIndicator(name, period), resolution, selector)

    # consolidation ----------------------------------------------------------------------------------------------
    def consolidate(self, *args: Any) -> Consolidator:
        """Calls a handler with a security's bars of a resolution, a timedelta or a calendar, or of a kind and size.

        `consolidate(symbol, period[, tick_type], handler)`, `consolidate(kind, symbol, size, tick_type, handler)`.
        """
        handler, consolidator = args[-1], None
        if isinstance(args[0], type):
            kind, symbol, size = args[:3]
            makers = {RenkoBar: RenkoConsolidator, TradeBar: lambda count: TradeBarConsolidator(int(count)),
                      QuoteBar: lambda count: QuoteBarConsolidator(int(count))}
            if kind not in makers:
                raise NotImplementedError(f"QCAlgorithm.consolidate of {kind.__name__}")
            self._engine.get_or_add_security(_symbol_of(symbol))
            consolidator = makers[kind](size)
        else:
            symbol, period = args[:2]
            consolidator = self._consolidator(symbol, args[2] if len(args) > 3 else None, period)
        consolidator.data_consolidated += lambda _, bar: handler(bar)
        self._hub.add(_symbol_of(symbol), consolidator)
        return consolidator


def _symbol_of(symbol: Any) -> Symbol:
    return symbol if isinstance(symbol, Symbol) else symbol.symbol


def _field(name: str) -> Callable[[Any], float]:
    return lambda bar: getattr(bar, name)


def _feed_indicator(indicator: Indicator, bar: Any, selector: Callable[[Any], Any] | None) -> None:
    if selector is None:
        indicator.update(bar)
        return
    value = selector(bar)
    indicator.update(IndicatorDataPoint(bar.symbol, bar.end_time, value) if isinstance(value, (int, float)) else value)
