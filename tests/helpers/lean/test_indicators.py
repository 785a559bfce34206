"""Indicators by LEAN's definitions, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.lean.indicators import atr, daily_indicators, ema, session_vwap, true_ranges, vwap


def test_ema_starts_as_the_simple_mean_and_then_smooths():
    values = np.array([1.0, 2.0, 3.0, 10.0])
    assert ema(values[:3], 3) == pytest.approx(2.0)
    assert ema(values, 3) == pytest.approx(10.0 * 0.5 + 2.0 * 0.5)


def test_ema_needs_its_whole_period():
    assert ema(np.arange(7.0), 8) is None
    assert ema(np.arange(8.0), 8) == pytest.approx(3.5)


def test_true_range_reaches_back_to_the_previous_close():
    spans = true_ranges(np.array([11.0, 15.0, 9.0]), np.array([10.0, 14.0, 8.0]), np.array([10.5, 14.5, 8.5]))
    assert spans.tolist() == pytest.approx([1.0, 15.0 - 10.5, 14.5 - 8.0])


def test_atr_is_the_simple_mean_not_wilders():
    high = np.array([2.0] * 14 + [30.0])
    low = np.array([1.0] * 14 + [1.0])
    close = np.array([1.5] * 15)
    assert atr(high, low, close, 14) == pytest.approx((13 * 1.0 + 29.0) / 14)
    assert atr(high[:13], low[:13], close[:13], 14) is None


def test_daily_indicators_are_none_only_where_history_is_short():
    closes = np.linspace(100.0, 120.0, 60)
    found = daily_indicators({"high": closes + 1, "low": closes - 1, "close": closes})
    assert found.ema8 > found.ema21 > found.ema50 and found.vwap is None and found.atr14 == pytest.approx(2.0)
    short = daily_indicators({"high": closes[:49] + 1, "low": closes[:49] - 1, "close": closes[:49]})
    assert short.ema21 is not None and short.ema50 is None


def test_a_missing_price_raises():
    closes = np.array([1.0] * 30)
    closes[3] = np.nan
    with pytest.raises(ValueError, match="not a finite number"):
        daily_indicators({"high": closes, "low": closes, "close": closes})


def test_vwap_weighs_the_typical_price_by_volume():
    assert vwap(np.array([3.0, 6.0]), np.array([1.0, 4.0]), np.array([2.0, 5.0]), np.array([1.0, 3.0])) == 4.25
    assert vwap(np.array([3.0]), np.array([1.0]), np.array([2.0]), np.array([0.0])) is None


def test_session_vwap_reads_a_history_frame():
    frame = pd.DataFrame({"open": [2.0, 5.0], "high": [3.0, 6.0], "low": [1.0, 4.0], "close": [2.0, 5.0],
                          "volume": [1.0, 3.0]})
    assert session_vwap(frame) == 4.25
