"""Daily bars: read once a day, missing ones asked for again."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.errors import CannotCompute
from core.model import Indicators
from helpers.lean.daily_history import RETRY, DailyHistory

OPEN = datetime(2024, 7, 26, 9, 31)


class World:
    """A clock, and LEAN's answers."""

    def __init__(self) -> None:
        self.now, self.asked, self.frames = OPEN, 0, {}
        self.session = date(2024, 7, 25)
        self.history = DailyHistory(self.read, lambda: self.now, lambda: self.session)

    def read(self, ticker: str) -> pd.DataFrame:
        self.asked += 1
        return self.frames.get(ticker, pd.DataFrame())


def frame(closes: np.ndarray, end: str = "2024-07-25") -> pd.DataFrame:
    days = pd.bdate_range(end=end, periods=len(closes)) + pd.Timedelta(hours=16)
    index = pd.MultiIndex.from_product([["SPY"], days], names=["symbol", "time"])
    return pd.DataFrame({"open": closes, "high": closes + 1, "low": closes - 1, "close": closes}, index=index)


def test_bars_are_read_once_a_day():
    world = World()
    world.frames["SPY"] = frame(np.linspace(400.0, 500.0, 300))
    first = world.history.bars("SPY")
    assert first.closes[-1] == 500.0 and str(first.days[-1]) == "2024-07-25"
    assert first.indicators.atr14 > 0 and first.last_close == 500.0
    world.now += timedelta(hours=6)
    assert world.history.bars("SPY") is first and world.asked == 1
    world.now += timedelta(hours=18)
    world.history.bars("SPY")
    assert world.asked == 2


def test_missing_bars_cannot_be_computed_from_and_are_asked_for_again_after_five_minutes():
    world = World()
    assert not world.history.has("AAPL")
    with pytest.raises(CannotCompute, match="no daily history"):
        world.history.bars("AAPL")
    world.frames["AAPL"] = frame(np.linspace(400.0, 500.0, 300))
    world.now += RETRY - timedelta(seconds=1)
    assert not world.history.has("AAPL") and world.asked == 1
    world.now += timedelta(seconds=1)
    assert world.history.has("AAPL") and world.asked == 2


def test_bars_that_end_before_the_last_session_tell_closes_only_and_are_asked_for_again():
    world = World()
    world.session = date(2024, 7, 26)
    world.frames["SPY"] = frame(np.linspace(400.0, 500.0, 300))
    old = world.history.bars("SPY")
    assert old.last_close is None and old.indicators == Indicators() and old.closes[-1] == 500.0
    world.now += RETRY - timedelta(seconds=1)
    assert world.history.bars("SPY") is old and world.asked == 1
    world.frames["SPY"] = frame(np.linspace(400.0, 510.0, 301), end="2024-07-26")
    world.now += timedelta(seconds=1)
    assert world.history.bars("SPY").last_close == 510.0 and world.asked == 2
    assert world.history.bars("SPY").indicators.ema21 is not None
    world.now += timedelta(hours=5)
    assert world.history.has("SPY") and world.asked == 2


@pytest.mark.parametrize("adjusted", [True, False])
def test_bars_before_a_split_count_in_new_shares(adjusted):
    """AAPL's four for one of 31 August 2020, in raw bars, and in bars that are in new shares already."""
    world = World()
    world.now, world.session = datetime(2020, 9, 10, 9, 31), date(2020, 9, 9)
    found = frame(np.full(300, 125.0), end="2020-09-09")
    old = found.index.get_level_values("time").date < date(2020, 8, 31)
    if not adjusted:
        found.loc[old] = found.loc[old] * 4.0
    world.frames["AAPL"] = found
    bars = world.history.bars("AAPL")
    assert np.allclose(bars.closes, 125.0) and bars.indicators.ema50 == pytest.approx(125.0)
    assert bars.indicators.atr14 == pytest.approx(2.0)
    world.frames["SPY"] = found
    if not adjusted:
        assert world.history.bars("SPY").closes[0] == 500.0, "another share's split is none of its own"
