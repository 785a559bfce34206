"""Names of the indicators and consolidators, as algorithms import them."""
from local.engine.indicators.base import (ExponentialMovingAverage, Identity, Indicator, IndicatorDataPoint,
                                          LinearWeightedMovingAverage, Maximum, Minimum, Momentum, RateOfChange,
                                          RateOfChangePercent, RollingWindow, SimpleMovingAverage, StandardDeviation,
                                          Sum, WilderMovingAverage)
from local.engine.indicators.consolidators import (Calendar, CalendarInfo, IdentityDataConsolidator,
                                                   QuoteBarConsolidator, TradeBarConsolidator)
from local.engine.indicators.renko import (ClassicRenkoConsolidator, RenkoBar, RenkoConsolidator,
                                           WickedRenkoConsolidator)
from local.engine.indicators.technical import (AverageTrueRange, BollingerBands, IntradayVwap,
                                               MovingAverageConvergenceDivergence, RelativeStrengthIndex, TrueRange,
                                               VolumeWeightedAveragePriceIndicator)

__all__ = [
    "AverageTrueRange", "BollingerBands", "Calendar", "CalendarInfo", "ClassicRenkoConsolidator",
    "ExponentialMovingAverage", "Identity", "IdentityDataConsolidator", "Indicator", "IndicatorDataPoint",
    "IntradayVwap", "LinearWeightedMovingAverage", "Maximum", "Minimum", "Momentum",
    "MovingAverageConvergenceDivergence", "QuoteBarConsolidator", "RateOfChange", "RateOfChangePercent",
    "RelativeStrengthIndex", "RenkoBar", "RenkoConsolidator", "RollingWindow", "SimpleMovingAverage",
    "StandardDeviation", "Sum", "TradeBarConsolidator", "TrueRange", "VolumeWeightedAveragePriceIndicator",
    "WickedRenkoConsolidator", "WilderMovingAverage",
]
