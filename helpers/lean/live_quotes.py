"""Last real quotes and their times, as LEAN's securities hold them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Callable

from core.model import Contract, Quote
from helpers.lean.shapes import Ended, HasLocalTime, HasTime, QuotedSecurity, QuoteBar
from helpers.lean.values import plain_time


class LiveQuotes:
    """Reads real quotes.

    Parameters
    ----------
    algorithm : QCAlgorithm
        The running algorithm, for its time.
    """

    def __init__(self, algorithm: HasTime) -> None:
        self._algorithm = algorithm
        self._bars: dict[Contract, tuple[HasLocalTime, Callable[[], QuoteBar | None]]] = {}
        self._shifts: dict[object, tuple[date, timedelta]] = {}

    def follow(self, contract: Contract, security: HasLocalTime, last_bar: Callable[[], QuoteBar | None]) -> None:
        """Read ``contract`` from now on; ``last_bar`` gives its last quote bar, or None."""
        self._bars[contract] = (security, last_bar)

    def forget(self, contract: Contract) -> None:
        """Forget ``contract``, because it is no longer subscribed."""
        self._bars.pop(contract, None)
        self._shifts.pop(contract, None)

    def of_option(self, contract: Contract) -> Quote | None:
        """Last real quote of a followed contract; a dead side is 0. None before the first, or if it is not followed.

        ``security.bid_price`` keeps the last bid that was not zero, so the bar itself is read.
        """
        followed = self._bars.get(contract)
        if followed is None:
            return None
        security, bar = followed[0], followed[1]()
        if bar is None:
            return None
        bid, ask = bar.bid, bar.ask
        return Quote(bid=float(bid.close) if bid is not None else 0.0, ask=float(ask.close) if ask is not None else 0.0,
                     time=self.real_time(contract, security, bar))

    def of_shares(self, ticker: str, security: QuotedSecurity) -> Quote | None:
        """Last quote of shares; None before their first price."""
        last = security.get_last_data()
        return None if last is None else Quote(bid=float(security.bid_price), ask=float(security.ask_price),
                                               time=self.real_time(ticker, security, last))

    def real_time(self, key: object, security: HasLocalTime, last: Ended) -> datetime:
        """New York time at which ``last`` ended, in whatever zone the exchange keeps its clock; ``key`` names the
        security. The difference between two zones is constant within a day, because clocks change only while these
        exchanges are closed. So it is looked up once, at the first bar of a day."""
        ended = plain_time(last.end_time)
        known = self._shifts.get(key)
        if known is None or known[0] != ended.date():
            shift = plain_time(self._algorithm.time) - plain_time(security.local_time)
            known = self._shifts[key] = (ended.date(), shift)
        return ended + known[1]
