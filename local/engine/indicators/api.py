"""Names of the indicators and consolidators, as algorithms import them."""
from local.engine.indicators.base import (ExponentialMovingAverage, Identity, Indicator, IndicatorDataPoint,
                                          LinearWeightedMovingAverage, Maximum, Minimum, Momentum, RateOfChange,
                                          RateOfChangePercent, RollingWindow, SimpleMovingAverage, StandardDeviation,
                                          Sum, WilderMovingAverage)
from local.engine.indicators.consolidators import QuoteBarConsolidator, TradeBarConsolidator
from local.engine.indicators.technical import (AverageTrueRange, BollingerBands, IntradayVwap,
                                               MovingAverageConvergenceDivergence, RelativeStrengthIndex, TrueRange,
                                               VolumeWeightedAveragePriceIndicator)

__all__ = [
    "AverageTrueRange", "BollingerBands", "ExponentialMovingAverage", "Identity", "Indicator", "IndicatorDataPoint",
    "IntradayVwap", "LinearWeightedMovingAverage", "Maximum", "Minimum", "Momentum",
    "MovingAverageConvergenceDivergence", "QuoteBarConsolidator", "RateOfChange", "RateOfChangePercent",
    "RelativeStrengthIndex", "RollingWindow", "SimpleMovingAverage", "StandardDeviation", "Sum",
    "TradeBarConsolidator", "TrueRange", "VolumeWeightedAveragePriceIndicator", "WilderMovingAverage",
]
