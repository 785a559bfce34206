"""Bias, regime, rank and percentile, and the chance that short strikes expire out of the money."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CannotCompute
from core.market_analysis import (ShortStrike, Trend, intraday_bias, iv_history, iv_percentile, iv_rank,
                                  probability_short_otm, probability_shorts_otm)
from core.model import Indicators, Right
from core.option_math import price, probability_otm

AVERAGES = Indicators(ema8=102.0, ema21=101.0, vwap=100.0)


@pytest.mark.parametrize("price_now, changes, expected", [
    (100.01, {}, Trend.BULL), (100.0, {}, Trend.SIDEWAYS), (99.99, {}, Trend.SIDEWAYS),
    (99.99, {"ema8": 100.0}, Trend.BEAR), (100.01, {"ema8": 100.0}, Trend.SIDEWAYS), (100.0, {"vwap": None}, None),
    (100.0, {"ema8": None}, None), (100.0, {"ema21": None}, None)])
def test_intraday_bias(price_now, changes, expected):
    assert intraday_bias(price_now, replace(AVERAGES, **changes)) is expected


def test_rank_and_percentile():
    history = np.array([10.0, 20.0, 30.0, 40.0])
    assert iv_rank(25.0, history) == 50.0 and iv_percentile(25.0, history) == 50.0
    assert iv_rank(50.0, history) == 100.0 and iv_rank(5.0, history) == 0.0
    assert iv_percentile(10.0, history) == 0.0 and iv_percentile(10.01, history) == 25.0
    flat_year = np.array([15.0, 15.0])
    assert (iv_rank(15.0, flat_year), iv_rank(16.0, flat_year), iv_rank(14.0, flat_year)) == (50.0, 100.0, 0.0)


def test_iv_history_uses_the_last_252_closes():
    closes = np.array([90.0] * 10 + [10.0] * 126 + [20.0] * 126)
    found = iv_history(15.0, closes)
    assert (found.current, found.rank, found.percentile, found.samples) == (0.15, 50.0, 50.0, 252)
    assert iv_history(15.0, closes[:40]).samples == 40
    assert iv_history(20.0, closes).percentile == 50.0      # days at today's value are not below it


@pytest.mark.parametrize("current, closes", [(float("nan"), [15.0]), (0.0, [15.0]), (15.0, []), (15.0, [15.0, 0.0]),
                                             (15.0, [15.0, float("nan")])])
def test_iv_history_raises_on_what_is_missing(current, closes):
    with pytest.raises(CannotCompute):
        iv_history(current, np.array(closes))


def smile(strike):
    return 0.20 - 0.001 * (strike - 500.0)


@pytest.mark.parametrize("strike, right", [(480.0, Right.PUT), (500.0, Right.PUT), (520.0, Right.CALL)])
def test_probability_is_the_slope_of_the_price_with_the_smile_in_it(strike, right):
    """The digital option made of two strikes a cent apart, each at its own volatility, is the same chance."""
    years, rate, carry, step = 0.3, 0.05, 0.013, 0.01
    low, high = (price(500.0, strike + side, right, smile(strike + side), years, rate, carry) for side in (-step, step))
    chance_in = abs(high - low) / (2 * step) * exp(rate * years)
    short = ShortStrike(strike=strike, right=right, iv=smile(strike), iv_slope=-0.001)
    assert probability_short_otm(500.0, short, years, rate, carry) == pytest.approx(1.0 - chance_in, abs=1e-6)


def test_without_a_slope_it_is_the_models_own_probability():
    short = ShortStrike(strike=480.0, right=Right.PUT, iv=0.2)
    assert probability_short_otm(500.0, short, 0.3, 0.05, 0.0) == probability_otm(500.0, 480.0, Right.PUT, 0.2, 0.3,
                                                                                  0.05, 0.0)


@given(put=st.floats(400, 495), call=st.floats(505, 600), iv=st.floats(0.05, 1.5))
def test_both_sides_are_less_likely_than_either(put, call, iv):
    shorts = [ShortStrike(strike=put, right=Right.PUT, iv=iv), ShortStrike(strike=call, right=Right.CALL, iv=iv)]
    sides = [probability_short_otm(500.0, short, 0.1, 0.04, 0.01) for short in shorts]
    both = probability_shorts_otm(500.0, shorts, 0.1, 0.04, 0.01)
    assert 0.0 <= both <= min(sides) + 1e-12 and both == pytest.approx(max(0.0, sum(sides) - 1.0))


def test_of_several_puts_the_nearest_counts_and_none_raises():
    shorts = [ShortStrike(strike=strike, right=Right.PUT, iv=0.2) for strike in (450.0, 490.0)]
    assert probability_shorts_otm(500.0, shorts, 0.1, 0.04, 0.01) == probability_short_otm(500.0, shorts[1], 0.1, 0.04,
                                                                                           0.01)
    with pytest.raises(CannotCompute):
        probability_shorts_otm(500.0, [], 0.1, 0.04, 0.01)
