"""What one session writes: which contracts are listed is decided day after day, the files of a day stand alone."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from core.carry import risk_free_rate
from local.data import futures, vix_options
from local.data.equities import write_equity_minutes, write_index_minutes
from local.data.figures import EQUITY_INDEX, INDEX_FUND_WIDTH
from local.data.futures import INDEX_SPOT, FutureMarket
from local.data.futures_calendar import Month, option_series
from local.data.listing import Chain, Listing, Strikes
from local.data.market import Market
from local.data.minutes import MinutePath
from local.data.options import OptionMarket, write_option_day
from local.data.products import FOLLOWERS, FUTURES, VIX_OPTIONS, VOLATILITY_INDICES
from local.data.term import term_factors
from local.data.vix_options import VixMarket


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTask:
    """One session to write and the chains listed on it, by ticker, by future and contract month, by VIX root."""

    day: date
    shares: dict[str, tuple[Chain, ...]]
    futures: dict[str, dict[Month, list[Chain]]]
    vix: dict[str, list[Chain]]


def plan_days(market: Market, underlyings: tuple[str, ...], days: tuple[date, ...]) -> Iterator[DayTask]:
    """Tasks of ``days``, in order: listings remember what was listed before."""
    shares = {ticker: Listing(compact=ticker != "SPY", calendars=ticker in FOLLOWERS and FOLLOWERS[ticker].calendars)
              for ticker in underlyings
              if ticker == "SPY" or (ticker in FOLLOWERS and FOLLOWERS[ticker].options)}
    future_strikes, vix_strikes = Strikes(), Strikes()
    for day in days:
        vix = market.daily["VIX"].row(day)
        listed = {}
        for ticker, listing in shares.items():
            _, high, low, _ = market.daily[ticker].row(day)
            listed[ticker] = listing.day(day, float(low), float(high), float(vix[3]))
        chains = {ticker: _future_chains(market, ticker, day, future_strikes) for ticker in underlyings
                  if ticker in FUTURES}
        future_strikes.drop_expired(day)
        roots = vix_options.list_vix_options(vix_strikes, day, float(vix[2]), float(vix[1])) \
            if VIX_OPTIONS in underlyings else {}
        yield DayTask(day=day, shares=listed, futures=chains, vix=roots)


def _future_chains(market: Market, ticker: str, day: date, strikes: Strikes) -> dict[Month, list[Chain]]:
    future = FUTURES[ticker]
    view = _future_market(market, ticker, day, None)
    _, high, low, _ = market.daily[future.spot].row(day)
    months = {month for month, _ in option_series(future, day)}
    if not months:
        return {}
    lowest = min(float(futures.forward_price(view, month, low)) for month in months)
    highest = max(float(futures.forward_price(view, month, high)) for month in months)
    return futures.list_options(strikes, future, lowest, highest, market.closing_volatility(future.spot, day), day)


def _future_market(market: Market, ticker: str, day: date, paths: dict[str, MinutePath] | None) -> FutureMarket:
    """A future's market of ``day``; without paths only its forward prices can be asked for."""
    future = FUTURES[ticker]
    vix = None if paths is None else paths["VIX"].close
    return FutureMarket(future=future, day=day, spot=None if paths is None else paths[future.spot],
                        usual=market.usual(future.spot), vix=vix, rate=risk_free_rate(day),
                        index=None if paths is None else market.volatility_path(future.spot, day, paths).close,
                        term=term_factors(market.scenario, day) if paths and future.spot == INDEX_SPOT else None)


class SessionDay:
    """One session's prices, made once and looked at from all sides: what each kind of file is made from."""

    def __init__(self, market: Market, task: DayTask) -> None:
        self.day, self.task, self._market = task.day, task, market
        self.paths = market.paths(task.day)
        self._shares: dict[str, OptionMarket] = {}
        self._futures: dict[str, FutureMarket] = {}

    @property
    def vix(self) -> np.ndarray:
        """VIX at the end of each minute."""
        return self.paths["VIX"].close

    def index(self, ticker: str) -> MinutePath:
        """Path of VIX or of another volatility index."""
        return self.paths[ticker] if ticker == "VIX" else self._market.index_path(ticker, self.day, self.paths)

    def volume(self, ticker: str) -> int:
        """A share's volume."""
        daily = self._market.daily[ticker]
        return int(daily.volume[daily.days.index(self.day)])

    def share(self, ticker: str) -> OptionMarket:
        """What the options on a share are priced from."""
        if ticker not in self._shares:
            follower, day = FOLLOWERS.get(ticker), self.day
            self._shares[ticker] = OptionMarket(
                ticker=ticker, day=day, spot=self.paths[ticker].close,
                index=self._market.volatility_path(ticker, day, self.paths).close, vix=self.vix,
                bar=tuple(self._market.daily[ticker].row(day)), volume=self.volume(ticker), rate=risk_free_rate(day),
                shape=EQUITY_INDEX if follower is None else follower.shape,
                width=INDEX_FUND_WIDTH if follower is None else follower.width,
                term=term_factors(self._market.scenario, day) if ticker == INDEX_SPOT else None)
        return self._shares[ticker]

    def future(self, ticker: str) -> FutureMarket:
        """What a future and its options are priced from."""
        if ticker not in self._futures:
            self._futures[ticker] = _future_market(self._market, ticker, self.day, self.paths)
        return self._futures[ticker]

    def vix_options(self) -> VixMarket:
        """What VIX options are priced from."""
        vix = self.paths["VIX"]
        return VixMarket(day=self.day, vix=vix.close, rate=risk_free_rate(self.day),
                         bar=(vix.open[0], vix.high.max(), vix.low.min(), vix.close[-1]))


def write_day(root: Path, market: Market, underlyings: tuple[str, ...], task: DayTask) -> int:
    """Write every file of one session; the number of option rows is returned."""
    session, day, rows = SessionDay(market, task), task.day, 0
    for ticker in underlyings:
        if ticker == "VIX" or ticker in VOLATILITY_INDICES:
            write_index_minutes(root, ticker, day, session.index(ticker))
        elif ticker in FUTURES:
            rows += futures.write_future_day(root, session.future(ticker), task.futures[ticker])
        elif ticker == VIX_OPTIONS:
            rows += vix_options.write_vix_option_day(root, session.vix_options(), task.vix)
        else:
            write_equity_minutes(root, ticker, day, session.paths[ticker], session.volume(ticker), session.vix)
            if ticker in task.shares:
                rows += write_option_day(root, session.share(ticker), task.shares[ticker])
    return rows
