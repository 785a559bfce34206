"""Completed daily bars and their indicators, read from LEAN once a day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log
from typing import Final

import numpy as np
import pandas as pd

from config.calendars import SPLITS
from core.arrays import Floats
from core.errors import CannotCompute
from core.market_analysis import IvCloses
from core.model import EMPTY, Indicators
from helpers.lean.indicators import daily_indicators

RETRY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyBars:
    """Completed sessions of one ticker, oldest first: closes in points by ``days``. ``indicators`` and ``last_close``
    are those of the last session. If the bars end before that session, ``last_close`` and every indicator are None."""

    days: tuple[date, ...]
    closes: Floats
    indicators: Indicators
    last_close: float | None


class DailyHistory:
    """Daily bars by ticker.

    Parameters
    ----------
    read : callable
        Returns the last completed daily bars of a ticker as LEAN's history frame, indexed by symbol and time; empty if
        there are none.
    clock : callable
        The algorithm's time.
    last_session : callable
        The session that the last bar must belong to. Older bars are kept for uses that need only closes, but they carry
        no indicators, and LEAN is asked again.
    """

    def __init__(self, read: Callable[[str], pd.DataFrame], clock: Callable[[], datetime],
                 last_session: Callable[[], date]) -> None:
        self._read = read
        self._clock = clock
        self._last_session = last_session
        self._bars: dict[str, tuple[date, DailyBars]] = {}
        self._asked: dict[str, datetime] = {}
        self._iv_closes: dict[str, tuple[DailyBars, IvCloses]] = {}

    def has(self, ticker: str) -> bool:
        """Whether there are bars of ``ticker``. If LEAN had none, or none of the last session, it is asked again after
        five minutes."""
        now = self._clock()
        known = self._bars.get(ticker)
        of_today = known is not None and known[0] == now.date()
        if known is not None and of_today and known[1].last_close is not None:
            return True
        asked = self._asked.get(ticker)
        if asked is not None and now - asked < RETRY:
            return of_today
        self._asked[ticker] = now
        frame = self._read(ticker)
        if len(frame) == 0:
            return of_today
        self._bars[ticker] = (now.date(), self._columns(ticker, frame))
        return True

    def _columns(self, ticker: str, frame: pd.DataFrame) -> DailyBars:
        columns = {name: frame[name].to_numpy(float) for name in ("high", "low", "close")}
        days = tuple(frame.index.get_level_values("time").date)
        for day, ratio in SPLITS.get(ticker, EMPTY).items():
            columns = _in_new_shares(columns, bisect_left(days, day), ratio)
        current = days[-1] >= self._last_session()
        return DailyBars(days=days, closes=columns["close"],
                         indicators=daily_indicators(columns) if current else Indicators(),
                         last_close=float(columns["close"][-1]) if current else None)

    def bars(self, ticker: str) -> DailyBars:
        """The completed sessions of ``ticker``.

        Raises
        ------
        CannotCompute
            If LEAN has no daily bars of the ticker.
        """
        if not self.has(ticker):
            raise CannotCompute("no daily history", ticker=ticker, day=str(self._clock().date()))
        return self._bars[ticker][1]

    def iv_closes(self, ticker: str) -> IvCloses:
        """The closes of a volatility index, prepared once a day for its rank and percentile.

        Raises
        ------
        CannotCompute
            If LEAN has no daily bars of the ticker.
        """
        bars = self.bars(ticker)
        known = self._iv_closes.get(ticker)
        if known is None or known[0] is not bars:
            known = self._iv_closes[ticker] = (bars, IvCloses(bars.closes))
        return known[1]


def _in_new_shares(columns: dict[str, Floats], first: int, ratio: float) -> dict[str, Floats]:
    """Prices before row ``first``, where a split of ``ratio`` took effect, converted to new shares. They are unchanged
    if the bars are already in new shares (synthetic or adjusted data), or end before the split."""
    closes = columns["close"]
    if not 0 < first < len(closes) or abs(log(closes[first - 1] / closes[first])) < 0.5 * abs(log(ratio)):
        return columns
    divided = np.where(np.arange(len(closes)) < first, ratio, 1.0)
    return {name: column / divided for name, column in columns.items()}
