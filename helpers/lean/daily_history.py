"""Completed daily bars and the indicators of them, read from LEAN once a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from core.errors import CannotCompute
from core.market_analysis import IvCloses
from helpers.lean.indicators import daily_indicators

RETRY: Final = timedelta(minutes=5)


class DailyHistory:
    """Daily bars by ticker.

    Parameters
    ----------
    read : callable
        The last completed daily bars of a ticker as LEAN's history frame, indexed by symbol and time; empty when there
        are none.
    clock : callable
        The algorithm's time.
    """

    def __init__(self, read: Callable[[str], pd.DataFrame], clock: Callable[[], datetime]) -> None:
        self._read = read
        self._clock = clock
        self._bars: dict[str, tuple[date, Mapping[str, Any]]] = {}
        self._missing: dict[str, datetime] = {}
        self._iv_closes: dict[str, tuple[Mapping[str, Any], IvCloses]] = {}

    def has(self, ticker: str) -> bool:
        """Whether there are bars of ``ticker``; asked of LEAN again five minutes after it had none."""
        now = self._clock()
        known = self._bars.get(ticker)
        if known is not None and known[0] == now.date():
            return True
        failed = self._missing.get(ticker)
        if failed is not None and now - failed < RETRY:
            return False
        frame = self._read(ticker)
        if len(frame) == 0:
            self._missing[ticker] = now
            return False
        self._missing.pop(ticker, None)
        columns = {name: frame[name].to_numpy(float) for name in ("open", "high", "low", "close")}
        self._bars[ticker] = (now.date(), MappingProxyType(columns | {
            "indicators": daily_indicators(columns),
            "day": frame.index.get_level_values("time").date}))
        return True

    def bars(self, ticker: str) -> Mapping[str, Any]:
        """Columns ``open high low close`` (float), ``day`` (date), oldest first, and their ``indicators``.

        Raises
        ------
        CannotCompute
            LEAN has no daily bars of the ticker.
        """
        if not self.has(ticker):
            raise CannotCompute("no daily history", ticker=ticker, day=str(self._clock().date()))
        return self._bars[ticker][1]

    def iv_closes(self, ticker: str) -> IvCloses:
        """The closes of a volatility index, laid out once a day for its rank and percentile.

        Raises
        ------
        CannotCompute
            LEAN has no daily bars of the ticker.
        """
        bars = self.bars(ticker)
        known = self._iv_closes.get(ticker)
        if known is None or known[0] is not bars:
            known = self._iv_closes[ticker] = (bars, IvCloses(bars["close"]))
        return known[1]
