"""Files of equity options: minute quotes of every listed contract, and the day's universe with Greeks."""
from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from core.carry import dividend_share, dividends_between
from local.data import calendar, surface
from local.data.archive import write_text, write_zip
from local.data.figures import QuoteWidth, SurfaceShape
from local.data.listing import Chain
from local.data.quoting import Moments, QuotedSide, quoted_sides, side_entries, turning_minutes
from local.data.share_options import Horizon, share_option_prices
from local.data.term import TermFactors
from local.data.text import minute_table

MINUTES_A_YEAR = 365 * 24 * 60
UNIVERSE_HEADER = ("#expiry,strike,right,open,high,low,close,volume,open_interest,implied_volatility,"
                   "delta,gamma,vega,theta,rho\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionMarket:
    """What the options of one underlying on one day are priced from.

    ``spot`` and ``index`` are the underlying and its volatility index at the end of each minute of the session,
    ``vix`` is VIX, which spreads widen with; ``bar`` is the underlying's (open, high, low, close) and ``volume`` its
    shares, for the universe's first row.
    """

    ticker: str
    day: date
    spot: np.ndarray
    index: np.ndarray
    vix: np.ndarray
    bar: tuple[float, float, float, float]
    volume: int
    rate: float
    shape: SurfaceShape
    width: QuoteWidth
    term: TermFactors | None = None


def write_option_day(root: Path, market: OptionMarket, chains: Sequence[Chain]) -> int:
    """Write the day's quotes and universe; the number of contract minutes written is returned."""
    name, stamp = market.ticker.lower(), f"{market.day:%Y%m%d}"
    entries, rows = side_entries(f"{stamp}_{name}_minute_quote_american_",
                                 [side for chain in chains for side in option_sides(market, chain)],
                                 minute_table(calendar.OPEN_MINUTE_OF_DAY, len(market.spot)))
    write_zip(root / f"option/usa/minute/{name}/{stamp}_quote_american.zip", entries)
    write_text(root / f"option/usa/universes/{name}/{stamp}.csv", universe_text(market, chains))
    return rows


def _horizon(market: OptionMarket, last: date, minutes: np.ndarray) -> Horizon:
    """Time and dividends from the end of each minute to the close of a day."""
    count, closing = len(market.spot), calendar.session_minutes(last)
    after = calendar.session_number(last) - calendar.session_number(market.day)
    days = (last - market.day).days
    variance = surface.variance_years(after, (minutes + 1) / count)
    left = days * 24 * 60 + closing - (minutes + 1)
    return Horizon(variance_years=variance, years=np.maximum(left, 0.5) / MINUTES_A_YEAR,
                   dividends=dividends_between(market.ticker, market.day, last),
                   index_years=surface.index_horizon(calendar.index_sessions(market.day), (minutes + 1) / count),
                   level=1.0 if market.term is None else market.term.level(variance, (minutes + 1) / count))


@functools.lru_cache(maxsize=256)
def _ex_days(ticker: str, day: date, expiry: date) -> tuple[date, ...]:
    """Ex-dividend days after ``day`` up to the expiry."""
    return tuple(later for later in calendar.sessions(day, expiry)[1:] if dividend_share(ticker, later))


def _prices(market: OptionMarket, strikes: np.ndarray, expiry: date, minutes: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray]:
    ex_days = _ex_days(market.ticker, market.day, expiry)
    eves = [_horizon(market, calendar.shift_session(day, -1), minutes) for day in ex_days]
    paid = _horizon(market, ex_days[0], minutes) if ex_days else None
    return share_option_prices(market.shape, market.spot[minutes], market.index[minutes], strikes, market.rate,
                               _horizon(market, expiry, minutes), eves, paid)


def option_sides(market: OptionMarket, chain: Chain) -> list[QuotedSide]:
    """Quotes of one expiry at every minute."""
    minutes, column = np.arange(len(market.spot)), chain.strikes[:, None]
    prices = _prices(market, chain.strikes, chain.expiry, minutes)
    moments = Moments(vix=market.vix, minutes=minutes, days=(chain.expiry - market.day).days)
    return quoted_sides(market.width, chain, prices, (np.maximum(market.spot - column, 0.0), np.maximum(column - market.spot, 0.0)),
                        moments)


def universe_text(market: OptionMarket, chains: Sequence[Chain]) -> str:
    """The day's universe file: the underlying's bar, then every contract that lives on."""
    figures, turns = ",".join(f"{value:.2f}" for value in market.bar), turning_minutes(market.spot, market.index)
    rows = [_universe_rows(market, chain, turns) for chain in chains if chain.expiry > market.day]
    return "".join([UNIVERSE_HEADER, f",,,{figures},{market.volume},,,,,,,\n", *rows])


def _universe_rows(market: OptionMarket, chain: Chain, turns: np.ndarray) -> str:
    """Rows of one expiry: the fair price's open, high, low, close over the day, and Greeks at the close."""
    prices = _prices(market, chain.strikes, chain.expiry, turns)
    horizon, spot = _horizon(market, chain.expiry, turns[-1:]), market.spot[-1]
    years = horizon.years[-1]
    forward = spot * np.exp(market.rate * years - horizon.dividends)
    variance = surface.total_variance(market.shape, market.index[-1], horizon.variance_years[-1],
                                      np.log(chain.strikes / forward), horizon.index_years[-1],
                                      np.broadcast_to(horizon.level, 1)[-1])
    lines = []
    for right, sign, fair, listed in (("C", 1, prices[0], chain.has_call), ("P", -1, prices[1], chain.has_put)):
        found = surface.greeks(spot, forward, chain.strikes, variance, float(years), market.rate, sign)
        interest = np.rint(2000 * np.exp(-np.abs(np.log(chain.strikes / spot)) * 8)).astype(np.int64) + 10
        table = np.stack([chain.strikes, fair[:, 0], fair.max(axis=1), fair.min(axis=1), fair[:, -1], interest // 10,
                          interest, found.volatility, found.delta, found.gamma, found.vega, found.theta, found.rho],
                         axis=1)[listed]
        row = f"{chain.expiry:%Y%m%d},%g,{right},%.3f,%.3f,%.3f,%.3f,%d,%d,%.4f,%.4f,%.6f,%.4f,%.4f,%.3f\n"
        lines.append((row * len(table)) % tuple(table.ravel().tolist()))
    return "".join(lines)
