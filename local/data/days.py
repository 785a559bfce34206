"""What one session writes: which contracts are listed is decided day after day, the files of a day stand alone."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

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

NEW_YORK_INDICES = ("VXN", "RVX", "GVZ", "OVX")


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


def write_day(root: Path, market: Market, underlyings: tuple[str, ...], task: DayTask) -> int:
    """Write every file of one session; the number of option rows is returned."""
    day, paths, rows = task.day, market.paths(task.day), 0
    vix = paths["VIX"]
    for ticker in underlyings:
        if ticker == "VIX":
            write_index_minutes(root, ticker, day, vix)
        elif ticker in VOLATILITY_INDICES:
            write_index_minutes(root, ticker, day, market.index_path(ticker, day, paths),
                                chicago=ticker not in NEW_YORK_INDICES)
        elif ticker in FUTURES:
            rows += futures.write_future_day(root, _future_market(market, ticker, day, paths), task.futures[ticker])
        elif ticker == VIX_OPTIONS:
            bar = (vix.open[0], vix.high.max(), vix.low.min(), vix.close[-1])
            rows += vix_options.write_vix_option_day(root, vix_options.VixMarket(
                day=day, vix=vix.close, bar=bar, rate=risk_free_rate(day)), task.vix)
        else:
            rows += _write_share(root, market, ticker, task, paths)
    return rows


def _write_share(root: Path, market: Market, ticker: str, task: DayTask, paths: dict[str, MinutePath]) -> int:
    day, path, daily, vix = task.day, paths[ticker], market.daily[ticker], paths["VIX"].close
    volume = int(daily.volume[daily.days.index(day)])
    write_equity_minutes(root, ticker, day, path, volume, vix)
    if ticker not in task.shares:
        return 0
    shape = FOLLOWERS[ticker].shape if ticker in FOLLOWERS else EQUITY_INDEX
    return write_option_day(root, OptionMarket(
        ticker=ticker, day=day, spot=path.close, index=market.volatility_path(ticker, day, paths).close, vix=vix,
        bar=tuple(daily.row(day)), volume=volume, rate=risk_free_rate(day), shape=shape,
        width=FOLLOWERS[ticker].width if ticker in FOLLOWERS else INDEX_FUND_WIDTH,
        term=term_factors(market.scenario, day) if ticker == INDEX_SPOT else None), task.shares[ticker])
