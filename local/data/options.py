"""Files of equity options: minute quotes of every listed contract, and the day's universe with Greeks."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from local.data import calendar, surface
from local.data.archive import write_text, write_zip
from local.data.listing import Chain
from local.data.quoting import quote_entries, quotes, sampled_minutes
from local.data.surface import SurfaceShape
from local.data.text import minute_table

MINUTES_A_YEAR = 365 * 24 * 60
SPARSE_STEP, REMOTE_STEP = 5, 9
REMOTE_MONEYNESS, REMOTE_LONG_MONEYNESS, LONG_DAYS = (-0.14, 0.12), (-0.22, 0.15), 260
SHARE_MONEYNESS, SHARE_LONG_MONEYNESS = (-0.05, 0.06), (-0.26, -0.08)
EVERY_MINUTE_DAYS = 7
EVERY_MINUTE_MONEYNESS = 0.02
LONG_PUT_DAYS, LONG_PUT_MONEYNESS = (105, 119), (-0.12, -0.02)
INCOME_DAYS, INCOME_STEP, INCOME_MONEYNESS, INCOME_GRID = (28, 62), 2, (-0.09, 0.03), 5.0
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


def write_option_day(root: Path, market: OptionMarket, chains: Sequence[Chain]) -> int:
    """Write the day's quotes and universe; the number of contract minutes written is returned."""
    entries: list[tuple[str, bytes]] = []
    figures = ",".join(f"{value:.2f}" for value in market.bar)
    universe = [UNIVERSE_HEADER, f",,,{figures},{market.volume},,,,,,,\n"]
    rows = 0
    for chain in chains:
        written = _chain_entries(market, chain, entries)
        rows += written
        if chain.expiry > market.day:
            universe.append(_universe_rows(market, chain))
    name, stamp = market.ticker.lower(), f"{market.day:%Y%m%d}"
    write_zip(root / f"option/usa/minute/{name}/{stamp}_quote_american.zip", entries)
    write_text(root / f"option/usa/universes/{name}/{stamp}.csv", "".join(universe))
    return rows


def _clocks(market: OptionMarket, expiry: date, minutes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance time and calendar time in years from the end of each minute to the close of the expiry day."""
    count, closing = len(market.spot), calendar.session_minutes(expiry)
    after = calendar.session_number(expiry) - calendar.session_number(market.day)
    days = (expiry - market.day).days
    variance = surface.variance_years(after, (minutes + 1) / count)
    left = days * 24 * 60 + closing - (minutes + 1)
    return variance, np.maximum(left, 0.5) / MINUTES_A_YEAR


def _prices(market: OptionMarket, strikes: np.ndarray, expiry: date, minutes: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray]:
    variance, years = _clocks(market, expiry, minutes)
    return surface.equity_option_prices(market.shape, market.spot[minutes], market.index[minutes], strikes, variance,
                                        years, market.rate)


def row_steps(market: OptionMarket, chain: Chain) -> np.ndarray:
    """Minutes between the rows of each strike: 1 where strategies trade minute by minute, else 2, 5 or (remote) 9.

    Every minute: SPY's expiry of today and of this week's Friday near the money, and its puts a third of a year out
    below the money; every second minute: its round strikes near the money one to two months out. Far from the money,
    and where only covered calls are traded, away from the strikes those want: every ninth.
    """
    days, strikes = (chain.expiry - market.day).days, chain.strikes
    low, high = market.spot.min(), market.spot.max()

    def within(moneyness: tuple[float, float]) -> np.ndarray:
        return (strikes >= low * (1 + moneyness[0])) & (strikes <= high * (1 + moneyness[1]))

    if market.ticker != "SPY":
        near = within(SHARE_LONG_MONEYNESS if days > LONG_DAYS else SHARE_MONEYNESS)
        return np.where(near & ((days <= INCOME_DAYS[1] + 8) | (days > LONG_DAYS)), SPARSE_STEP, REMOTE_STEP)
    steps = np.where(within(REMOTE_LONG_MONEYNESS if days > LONG_DAYS else REMOTE_MONEYNESS), SPARSE_STEP, REMOTE_STEP)
    if INCOME_DAYS[0] <= days <= INCOME_DAYS[1]:
        steps[within(INCOME_MONEYNESS) & (strikes % INCOME_GRID == 0)] = INCOME_STEP
    if LONG_PUT_DAYS[0] <= days <= LONG_PUT_DAYS[1]:
        steps[within(LONG_PUT_MONEYNESS)] = 1
    if days <= EVERY_MINUTE_DAYS and (days == 0 or calendar.ends_week(chain.expiry)):
        width = EVERY_MINUTE_MONEYNESS * max(1.0, float(market.index.max()) / 25)
        steps[within((-width, width))] = 1
    return steps


def _chain_entries(market: OptionMarket, chain: Chain, entries: list[tuple[str, bytes]]) -> int:
    """Append the quotes of one expiry and return the number of rows."""
    days, count, rows = (chain.expiry - market.day).days, len(market.spot), 0
    steps = row_steps(market, chain)
    for step in np.unique(steps):
        chosen = steps == step
        minutes = sampled_minutes(count, int(step))
        prices = _prices(market, chain.strikes, chain.expiry, minutes)
        for fair, listed, word in zip(prices, (chain.has_call, chain.has_put), ("call", "put")):
            kept = listed & chosen
            if kept.any():
                bid, ask = quotes(fair[kept], market.vix[minutes], minutes, days)
                rows += bid.size
                entries.extend(quote_entries(
                    f"{market.day:%Y%m%d}_{market.ticker.lower()}_minute_quote_american_{word}_", chain.strikes[kept],
                    chain.expiry, minutes, minute_table(calendar.OPEN_MINUTE_OF_DAY, count), bid, ask))
    return rows


def _universe_rows(market: OptionMarket, chain: Chain) -> str:
    """Rows of one expiry: the fair price's open, high, low, close over the day, and Greeks at the close."""
    minutes = sampled_minutes(len(market.spot), 30)
    variance_time, years = (values[-1] for values in _clocks(market, chain.expiry, minutes))
    spot = market.spot[-1]
    forward = spot * np.exp(market.rate * years)
    theta = surface.atm_variance(market.shape, market.index[-1], variance_time)
    variance = surface.total_variance(market.shape, theta, np.log(chain.strikes / forward))
    lines = []
    prices = _prices(market, chain.strikes, chain.expiry, minutes)
    for right, sign, fair, listed in (("C", 1, prices[0], chain.has_call), ("P", -1, prices[1], chain.has_put)):
        found = surface.greeks(spot, forward, chain.strikes, variance, float(years), market.rate, sign)
        interest = np.rint(2000 * np.exp(-np.abs(np.log(chain.strikes / spot)) * 8)).astype(np.int64) + 10
        table = np.stack([chain.strikes, fair[:, 0], fair.max(axis=1), fair.min(axis=1), fair[:, -1], interest // 10,
                          interest, found.volatility, found.delta, found.gamma, found.vega, found.theta, found.rho],
                         axis=1)[listed]
        row = f"{chain.expiry:%Y%m%d},%g,{right},%.3f,%.3f,%.3f,%.3f,%d,%d,%.4f,%.4f,%.6f,%.4f,%.4f,%.3f\n"
        lines.append((row * len(table)) % tuple(table.ravel().tolist()))
    return "".join(lines)
