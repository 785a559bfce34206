"""Files of futures and of the options on them: UTC minutes, universes by contract month, margins.

A future is carried from its spot price: metals at the interest rate, the index at that less its dividends, crude oil
back towards its usual level. A crude future that expires the next session or the same day trades at spot, which was
-36.98 on 2020-04-20; later months are carried from spot or 10 USD, whichever is more, so they and the options on them
(which have expired by then) never fall to zero. Minutes are written for the stock exchange's session only.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from core.carry import dividends_between
from local.data import calendar, surface
from local.data.archive import write_text, write_zip
from local.data.figures import EQUITY_INDEX, SurfaceShape
from local.data.futures_calendar import Month, contract_months, future_expiry, option_series
from local.data.listing import Chain, Strikes, between
from local.data.minutes import MinutePath
from local.data.products import FOLLOWERS, Future
from local.data.quoting import Moments, QuotedSide, quoted_sides, side_entries, stress, turning_minutes
from local.data.term import TermFactors
from local.data.text import decimal_rows, minute_table

INDEX_SPOT = "SPY"
OIL_REVERSION_A_YEAR, OIL_FLOOR = 1.0, 10.0
GOLD_OUNCES_INVERSE, GOLD_FUND_COST, GOLD_FUND_FROM = 10.53, 0.004, date(2017, 10, 1)
FUTURE_SIZE = 100
WIDTH_SIGMAS, WIDTH_DAYS, NARROWEST, WIDEST = 2.0, 60, 0.08, 0.45
ITM_WIDTH, CALL_SHARE, FINE_WIDTH, WIDE_SHARE = 0.03, 0.75, 0.06, 0.008
MINUTES_A_YEAR = 365 * 24 * 60
OPTION_UNIVERSE_HEADER = "#expiry,strike,right,open,high,low,close,volume,open_interest\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureMarket:
    """What a future's files of one day are made from.

    ``spot`` is the path of what it is carried from, ``usual`` that price's usual level (for crude oil); ``index`` and
    ``vix`` are its volatility index and VIX at the end of each minute.
    """

    future: Future
    day: date
    spot: MinutePath
    usual: float
    index: np.ndarray
    vix: np.ndarray
    rate: float
    term: TermFactors | None = None


def gold_price(fund: np.ndarray, day: date) -> np.ndarray:
    """USD an ounce from the gold fund's price: its ounces a share shrink by its yearly cost."""
    years = (day - GOLD_FUND_FROM).days / 365
    return fund * GOLD_OUNCES_INVERSE * np.exp(GOLD_FUND_COST * years)


def forward_price(market: FutureMarket, month: Month, spot: np.ndarray) -> np.ndarray:
    """Price of the contract of ``month`` while spot is ``spot``, unrounded."""
    expiry = future_expiry(market.future, month)
    years = (expiry - market.day).days / 365
    if market.future.market == "nymex":
        if calendar.session_number(expiry) - calendar.session_number(market.day) <= 1:
            return spot
        weight = np.exp(-OIL_REVERSION_A_YEAR * years)
        return market.usual * (np.maximum(spot, OIL_FLOOR) / market.usual) ** weight
    if market.future.spot == INDEX_SPOT:
        return spot * market.future.spot_scale * np.exp(market.rate * years
                                                        - dividends_between(INDEX_SPOT, market.day, expiry))
    price = gold_price(spot, market.day) if market.future.spot == "GLD" else spot * market.future.spot_scale
    return price * np.exp(market.rate * years)


def utc_minute(day: date) -> int:
    """Minute of the UTC day at which the session of ``day`` opens in New York."""
    opening = datetime(day.year, day.month, day.day, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    return calendar.OPEN_MINUTE_OF_DAY - int(opening.utcoffset().total_seconds()) // 60


def list_options(strikes: Strikes, future: Future, market_low: float, market_high: float, index: float, day: date
                 ) -> dict[Month, list[Chain]]:
    """Chains by the underlying's contract month; ``market_low`` and ``market_high`` are the day's spot range in the
    future's price terms.
    """
    width = float(np.clip(WIDTH_SIGMAS * index / 100 * np.sqrt(WIDTH_DAYS / 365), NARROWEST, WIDEST))
    chains: dict[Month, list[Chain]] = {}
    step = future.strike_step
    coarse = step * max(2.0, np.ceil(WIDE_SHARE * market_low / step))
    for month, expiry in option_series(future, day):
        fine = between(market_low * (1 - FINE_WIDTH), market_high * (1 + FINE_WIDTH), step)
        wide = between(market_low * (1 - width), market_high * (1 + width * CALL_SHARE), coarse)
        every = np.union1d(fine, wide)
        chains.setdefault(month, []).append(strikes.add(
            expiry, every[every >= market_low * (1 - ITM_WIDTH)], every[every <= market_high * (1 + ITM_WIDTH)],
            series=future.ticker))
    return chains


def write_future_day(root: Path, market: FutureMarket, chains: dict[Month, list[Chain]]) -> int:
    """Write a day's trades, quotes and universe of every contract, and the options on them; returns option rows."""
    future, name, stamp = market.future, market.future.ticker.lower(), f"{market.day:%Y%m%d}"
    trades, quotes, rows = [], [], 0
    for month in contract_months(future, market.day):
        tag = month_tag(month)
        trade, quote = _minute_texts(market, month)
        trades.append((f"{stamp}_{name}_minute_trade_{tag}.csv", trade))
        quotes.append((f"{stamp}_{name}_minute_quote_{tag}.csv", quote))
        rows += _write_options(root, market, month, chains.get(month, []))
    folder = root / "future" / future.market
    write_zip(folder / "minute" / name / f"{stamp}_trade.zip", trades)
    write_zip(folder / "minute" / name / f"{stamp}_quote.zip", quotes)
    write_text(folder / "universes" / name / f"{stamp}.csv", future_universe_text(market))
    return rows


def month_tag(month: Month) -> str:
    """A contract month as file names have it."""
    return f"{month[0]}{month[1]:02d}"


def bar_ticks(market: FutureMarket, month: Month) -> list[np.ndarray]:
    """Open, high, low and close of each minute of one contract, in whole ticks."""
    return [np.rint(forward_price(market, month, values) / market.future.tick).astype(np.int64)
            for values in (market.spot.open, market.spot.high, market.spot.low, market.spot.close)]


def side_ticks(bars: list[np.ndarray], vix: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Bid and ask bars around a contract's ``bar_ticks``: one tick apart, more where VIX is high."""
    wider = np.floor((stress(vix) - 1) / 1.5).astype(np.int64)
    return [bar - wider for bar in bars], [bar + 1 + wider for bar in bars]


def _day_bar(market: FutureMarket, month: Month) -> str:
    bars, future = bar_ticks(market, month), market.future
    figures = [bars[0][0], bars[1].max(), bars[2].min(), bars[3][-1]]
    return ",".join(f"{figure * future.tick:.{future.decimals}f}" for figure in figures)


def future_universe_text(market: FutureMarket) -> str:
    """The day's universe file of a future: every contract that lives on."""
    rows = [f"{month_tag(month)},{_day_bar(market, month)},1000000,500000\n"
            for month in contract_months(market.future, market.day) if future_expiry(market.future, month) > market.day]
    return "".join(["#expiry,open,high,low,close,volume,open_interest\n", *rows])


def tick_scale(tick: float, decimals: int) -> int:
    """A tick in units of the last decimal place written."""
    return round(tick * 10**decimals)


def _minute_texts(market: FutureMarket, month: Month) -> tuple[bytes, bytes]:
    """Trade and quote rows of one contract."""
    future, count = market.future, len(market.spot.close)
    minutes, scale = minute_table(utc_minute(market.day), count), tick_scale(future.tick, future.decimals)
    constant = np.full(count, b"%d" % FUTURE_SIZE)
    end = np.full(count, b"%d\n" % FUTURE_SIZE)
    bars = bar_ticks(market, month)
    trade = decimal_rows(minutes, [*bars, end], scale=scale, decimals=future.decimals)
    bid, ask = side_ticks(bars, market.vix)
    comma = np.full(count, b",")
    quote = decimal_rows(minutes, [*bid, constant, comma, *ask, end], scale=scale, decimals=future.decimals)
    return trade, quote


def _shape(future: Future) -> SurfaceShape:
    return FOLLOWERS[future.spot].shape if future.spot in FOLLOWERS else EQUITY_INDEX


def _chain_prices(market: FutureMarket, month: Month, chain: Chain, minutes: np.ndarray
                  ) -> tuple[np.ndarray, np.ndarray]:
    """American (call, put) prices by strike and minute: Black's formula, at least what exercising now gives."""
    count = len(market.spot.close)
    after = calendar.session_number(chain.expiry) - calendar.session_number(market.day)
    variance_years = surface.variance_years(after, (minutes + 1) / count)
    left = (chain.expiry - market.day).days * 24 * 60 + calendar.session_minutes(chain.expiry) - (minutes + 1)
    discount = np.exp(-market.rate * np.maximum(left, 0.5) / MINUTES_A_YEAR)
    forward = forward_price(market, month, market.spot.close[minutes])
    shape, column = _shape(market.future), chain.strikes[:, None]
    elapsed = (minutes + 1) / count
    level = 1.0 if market.term is None else market.term.level(variance_years, elapsed)
    variance = surface.total_variance(shape, market.index[minutes], variance_years, np.log(column / forward),
                                      surface.index_horizon(calendar.index_sessions(market.day), elapsed), level)
    call, put = surface.black_scholes(forward, column, variance, discount)
    return np.maximum(call, forward - column), np.maximum(put, column - forward)


def _write_options(root: Path, market: FutureMarket, month: Month, chains: list[Chain]) -> int:
    """Quotes and universe of the options on one contract month; without any listed, a universe without rows."""
    future, stamp, tag = market.future, f"{market.day:%Y%m%d}", month_tag(month)
    name = future.option_ticker.lower()
    entries, rows = side_entries(f"{stamp}_{name}_minute_quote_american_",
                                 [side for chain in chains for side in future_option_sides(market, month, chain)],
                                 minute_table(utc_minute(market.day), len(market.spot.close)))
    base = root / "futureoption" / future.market
    if entries:
        write_zip(base / "minute" / name / tag / f"{stamp}_quote_american.zip", entries)
    write_text(base / "universes" / name / tag / f"{stamp}.csv", future_option_universe_text(market, month, chains))
    return rows


def future_option_sides(market: FutureMarket, month: Month, chain: Chain) -> list[QuotedSide]:
    """Quotes of one expiry of the options on one contract month, at every minute."""
    future, minutes = market.future, np.arange(len(market.spot.close))
    prices = _chain_prices(market, month, chain, minutes)
    inner = np.zeros_like(prices[0])
    return quoted_sides(future.option_width, chain, prices, (inner, inner),
                        Moments(vix=market.vix, minutes=minutes, days=(chain.expiry - market.day).days),
                        scale=tick_scale(future.option_width.tick, future.option_decimals), decimals=future.option_decimals)


def future_option_universe_text(market: FutureMarket, month: Month, chains: list[Chain]) -> str:
    """The day's universe file of the options on one contract month: its bar, then every option that lives on."""
    turns = turning_minutes(market.spot.close, market.index)
    rows = [row for chain in chains if chain.expiry > market.day for row in _universe_rows(market, month, chain, turns)]
    return "".join([OPTION_UNIVERSE_HEADER, f",,,{_day_bar(market, month)},1000000,\n", *rows])


def _universe_rows(market: FutureMarket, month: Month, chain: Chain, turns: np.ndarray) -> Iterator[str]:
    decimals = market.future.option_decimals
    for right, fair, listed in zip("CP", _chain_prices(market, month, chain, turns), (chain.has_call, chain.has_put)):
        table = np.stack([fair[:, 0], fair.max(axis=1), fair.min(axis=1), fair[:, -1]], axis=1)[listed]
        for strike, row in zip(chain.strikes[listed].tolist(), table.tolist()):
            figures = ",".join(f"{value:.{decimals + 1}f}" for value in row)
            yield f"{chain.expiry:%Y%m%d},{strike:g},{right},{figures},100,1000\n"
