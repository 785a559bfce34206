"""Implied volatility of underlyings that have no index of their own, kept from their daily chains."""

from __future__ import annotations

from datetime import date
from math import isfinite
from typing import Any, Iterable, Mapping

import numpy as np

from config.constants import IV_HISTORY_SESSIONS, IV_RECORD_DTE
from core.errors import IntegrityError
from core.market_analysis import iv_history
from core.model import Chain, IvHistory

POINTS = 100.0


def at_the_money_iv(chains: Iterable[Chain]) -> tuple[date, float] | None:
    """Session of the chains' rows, and the mean implied volatility (points per year) of the put and the call at the
    strike nearest the underlying's close, in the expiry nearest 30 days. None if no chain has a usable volatility
    there."""
    best: tuple[float, date, float] | None = None
    for chain in chains:
        days = np.abs(chain.expiry - chain.as_of.toordinal() - IV_RECORD_DTE)
        usable = np.isfinite(chain.iv) & (chain.iv > 0.0)
        if not usable.any() or not isfinite(chain.underlying_close):
            continue
        rows = usable & (days == days[usable].min())
        strikes = chain.strike[rows]
        nearest = strikes[np.argmin(np.abs(strikes - chain.underlying_close))]
        value = float(chain.iv[rows & (chain.strike == nearest)].mean())
        distance = float(days[rows][0])
        if best is None or distance < best[0]:
            best = (distance, chain.as_of, value)
    return None if best is None else (best[1], POINTS * best[2])


class IvRecord:
    """One value per session and underlying, for at most a year."""

    def __init__(self) -> None:
        self._values: dict[str, dict[date, float]] = {}
        self._histories: dict[str, IvHistory] = {}

    def record(self, ticker: str, day: date, points: float) -> None:
        """Keep the value of one session. A second value for the same day replaces the first.

        Raises
        ------
        IntegrityError
            If the value is not a positive number, or the day lies before the last one kept.
        """
        if not (isfinite(points) and points > 0.0):
            raise IntegrityError("implied volatility is not a positive number", ticker=ticker, points=points)
        kept = self._values.setdefault(ticker, {})
        last = next(reversed(kept), None)
        if last is not None and day < last:
            raise IntegrityError("a session before the last one kept", ticker=ticker, day=day.isoformat())
        kept[day] = points
        self._histories.pop(ticker, None)
        while len(kept) > IV_HISTORY_SESSIONS:
            del kept[next(iter(kept))]

    def history(self, ticker: str, session: date) -> IvHistory | None:
        """The last value, placed among all that are kept. None before the first value, or if the last one is from a day
        before ``session``. Rules refuse while the history is too short."""
        kept = self._values.get(ticker)
        if not kept or next(reversed(kept)) < session:
            return None
        if ticker not in self._histories:
            values = np.array(list(kept.values()))
            self._histories[ticker] = iv_history(float(values[-1]), values)
        return self._histories[ticker]

    def facts(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return {ticker: {day.isoformat(): value for day, value in kept.items()}
                for ticker, kept in self._values.items()}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take over ``facts()`` of an earlier run."""
        self._values, self._histories = {}, {}
        for ticker, kept in facts.items():
            for day, value in kept.items():
                self.record(str(ticker), date.fromisoformat(day), float(value))

    def self_check(self) -> None:
        """Raise IntegrityError if more than a year is kept."""
        for ticker, kept in self._values.items():
            if len(kept) > IV_HISTORY_SESSIONS:
                raise IntegrityError("more than a year is kept", ticker=ticker, sessions=len(kept))
