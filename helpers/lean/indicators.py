"""Daily indicators from plain arrays, by the definitions of LEAN's own indicators: either gives the same value.

====================  ==================================================================================================
``ema``               LEAN ``EMA``: starts as the simple mean of the first ``period`` values, then k = 2 / (period + 1)
``atr``               LEAN ``QCAlgorithm.ATR`` with its default **Simple** average of the true range (not Wilder's)
``session_vwap``      LEAN ``VWAP`` of one day: (high + low + close) / 3 weighted by volume
====================  ==================================================================================================

An indicator is ``None`` while there are fewer values than its warm-up needs. A rule that needs it then refuses.
"""

from __future__ import annotations

from typing import Mapping

import numpy as np
import pandas as pd

from config.constants import INDICATOR_SESSIONS
from core.arrays import Floats
from core.model import Indicators


def ema(values: Floats, period: int) -> float | None:
    """Exponential moving average of the last value.

    Parameters
    ----------
    values : numpy.ndarray
        Oldest first.
    period : int
        Sessions; the smoothing factor is 2 / (period + 1).

    Returns
    -------
    float or None
        None if there are fewer than ``period`` values.
    """
    values = _finite(values)
    if len(values) < period:
        return None
    weight = 2.0 / (period + 1)
    average = float(np.mean(values[:period]))
    for value in values[period:].tolist():
        average = value * weight + average * (1.0 - weight)
    return average


def true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    """The largest of high less low and the distances of both from the previous close. The first has no previous
    close."""
    high, low, close = _finite(high), _finite(low), _finite(close)
    spans: Floats = high - low
    spans[1:] = np.maximum.reduce([spans[1:], np.abs(close[:-1] - high[1:]), np.abs(close[:-1] - low[1:])])
    return spans


def atr(high: Floats, low: Floats, close: Floats, period: int) -> float | None:
    """Average true range in points: the simple mean of the last ``period`` true ranges; None if there are fewer
    bars."""
    if len(close) < period:
        return None
    return float(np.mean(true_ranges(high, low, close)[-period:]))


def daily_indicators(bars: Mapping[str, Floats]) -> Indicators:
    """All daily indicators as of the last bar.

    Parameters
    ----------
    bars : mapping
        ``high``, ``low`` and ``close`` of completed sessions, oldest first.

    Returns
    -------
    Indicators
        ``vwap`` is left None, because it belongs to today's session.

    Raises
    ------
    ValueError
        If a bar is not a finite number, or the columns differ in length.
    """
    close, sessions = bars["close"], INDICATOR_SESSIONS
    return Indicators(atr14=atr(bars["high"], bars["low"], close, sessions["atr14"]), ema8=ema(close, sessions["ema8"]),
                      ema21=ema(close, sessions["ema21"]), ema50=ema(close, sessions["ema50"]))


def vwap(high: Floats, low: Floats, close: Floats, volume: Floats) -> float | None:
    """Volume-weighted average of the typical price in points; None without volume."""
    volume = _finite(volume)
    total = float(np.sum(volume))
    if total <= 0.0:
        return None
    typical = (_finite(high) + _finite(low) + _finite(close)) / 3.0
    return float(np.sum(typical * volume)) / total


def session_vwap(frame: pd.DataFrame) -> float | None:
    """VWAP of the rows of a history frame (columns high, low, close, volume) of one session."""
    return vwap(*(frame[name].to_numpy(float) for name in ("high", "low", "close", "volume")))


def _finite(values: Floats) -> Floats:
    found = np.array(values, dtype=float)
    if not np.isfinite(found).all():
        raise ValueError("an indicator's input is not a finite number")
    return found
