"""Files of VIX options: monthlies (VIX) and weeklies (VIXW), European, cash-settled, on a curve of VIX futures.

The future of a date reverts from VIX to its usual level; options are priced on it with Black's formula and a smile
that rises with the strike. Files are in New York time and in ten-thousandths.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from local.data import calendar, surface
from local.data.archive import write_text, write_zip
from local.data.figures import VIX_FUTURE, VIX_REVERSION, VIX_USUAL, VIX_WIDTH, VVIX_BASE, VVIX_SLOPE
from local.data.listing import Chain, Strikes
from local.data.options import MINUTES_A_YEAR, UNIVERSE_HEADER
from local.data.quoting import Moments, QuotedSide, quoted_sides, side_entries, turning_minutes
from local.data.text import minute_table

MONTHLIES, WEEKLIES = 5, 3
STRIKES = np.concatenate([np.arange(10.0, 30.0), np.arange(30.0, 60.0, 2.5), np.arange(60.0, 151.0, 10.0)])
CALLS_BEYOND, PUTS_BEYOND = 32.0, 8.0


def settlement_day(month_year: tuple[int, int]) -> date:
    """Expiry of a month's VIX options: 30 days before the third Friday of the month after, a session."""
    year, month = month_year
    following = calendar.third_friday(year + month // 12, month % 12 + 1)
    return calendar.session_on_or_before(calendar.session_on_or_before(following) - timedelta(30))


def monthly_expiries(day: date) -> tuple[date, ...]:
    """Expiries of the next monthlies on or after ``day``."""
    months = [(day.year + (day.month - 1 + ahead) // 12, (day.month - 1 + ahead) % 12 + 1) for ahead in range(8)]
    return tuple(expiry for expiry in map(settlement_day, months) if expiry >= day)[:MONTHLIES]


def weekly_expiries(day: date) -> tuple[date, ...]:
    """Wednesdays of the next weeks that are no monthly expiry."""
    wednesday = day + timedelta((2 - day.weekday()) % 7)
    found = [calendar.session_on_or_before(wednesday + timedelta(7 * week)) for week in range(WEEKLIES + 2)]
    monthlies = set(monthly_expiries(day))
    return tuple(expiry for expiry in found if expiry >= day and expiry not in monthlies)[:WEEKLIES]


def future_curve(vix: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Price of the VIX future that settles in ``years`` while VIX is ``vix``."""
    weight = np.exp(-VIX_REVERSION * years)
    return VIX_USUAL * (vix / VIX_USUAL) ** weight


def list_vix_options(strikes: Strikes, day: date, low: float, high: float) -> dict[str, list[Chain]]:
    """Chains of ``day`` by root (``vix``, ``vixw``), given the day's range of VIX; strikes only grow."""
    calls = STRIKES[(STRIKES >= low - PUTS_BEYOND) & (STRIKES <= max(high * 2, high + CALLS_BEYOND))]
    puts = STRIKES[(STRIKES >= low * 0.6) & (STRIKES <= max(high, VIX_USUAL) + PUTS_BEYOND)]
    chains: dict[str, list[Chain]] = {}
    for root, rule in (("vix", monthly_expiries), ("vixw", weekly_expiries)):
        listed = {*rule(day), *(expiry for expiry, series in strikes.keys() if series == root)}
        chains[root] = [strikes.add(expiry, calls, puts, series=root) for expiry in sorted(listed)]
    strikes.drop_expired(day)
    return chains


@dataclass(frozen=True, slots=True, kw_only=True)
class VixMarket:
    """VIX at the end of each minute of ``day``, its session's (open, high, low, close), the interest rate."""

    day: date
    vix: np.ndarray
    bar: tuple[float, float, float, float]
    rate: float


def write_vix_option_day(root: Path, market: VixMarket, chains: dict[str, list[Chain]]) -> int:
    """Write quotes and universes of both roots; the number of rows is returned."""
    rows, stamp = 0, f"{market.day:%Y%m%d}"
    table = minute_table(calendar.OPEN_MINUTE_OF_DAY, len(market.vix))
    for name, listed in chains.items():
        entries, count = side_entries(f"{stamp}_{name}_minute_quote_european_",
                                      [side for chain in listed for side in vix_option_sides(market, chain)], table)
        rows += count
        write_zip(root / f"indexoption/usa/minute/{name}/{stamp}_quote_european.zip", entries)
        write_text(root / f"indexoption/usa/universes/{name}/{stamp}.csv", vix_universe_text(market, listed))
    return rows


def vix_option_sides(market: VixMarket, chain: Chain) -> list[QuotedSide]:
    """Quotes of one expiry at every minute."""
    minutes = np.arange(len(market.vix))
    prices = _prices(market, chain, minutes)[0]
    inner = np.zeros_like(prices[0])
    return quoted_sides(VIX_WIDTH, chain, prices, (inner, inner),
                        Moments(vix=market.vix, minutes=minutes, days=(chain.expiry - market.day).days))


def vix_universe_text(market: VixMarket, chains: Sequence[Chain]) -> str:
    """The day's universe file of one root: VIX's bar, then every contract that lives on."""
    figures, turns = ",".join(f"{value:.2f}" for value in market.bar), turning_minutes(market.vix)
    rows = [_universe_rows(market, chain, turns) for chain in chains if chain.expiry > market.day]
    return "".join([UNIVERSE_HEADER, f",,,{figures},0,,,,,,,\n", *rows])


def _prices(market: VixMarket, chain: Chain, minutes: np.ndarray
            ) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """Call and put prices and total variances, (strikes, minutes); the future and the calendar years at each minute."""
    forward, variance_years, years = _clock(market, chain.expiry, minutes)
    column, discount = chain.strikes[:, None], np.exp(-market.rate * years)
    total = surface.total_variance(VIX_FUTURE, VVIX_BASE + VVIX_SLOPE * market.vix[minutes], variance_years,
                                   np.log(column / forward))
    return surface.black_scholes(forward, column, total, discount), total, forward, years


def _clock(market: VixMarket, expiry: date, minutes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Future, years of variance and calendar years to expiry at the end of each minute."""
    after = calendar.session_number(expiry) - calendar.session_number(market.day)
    variance_years = surface.variance_years(after, (minutes + 1) / len(market.vix))
    left = (expiry - market.day).days * 24 * 60 + calendar.session_minutes(expiry) - (minutes + 1)
    years = np.maximum(left, 0.5) / MINUTES_A_YEAR
    return future_curve(market.vix[minutes], years), variance_years, years


def _universe_rows(market: VixMarket, chain: Chain, turns: np.ndarray) -> str:
    prices, total, forwards, left = _prices(market, chain, turns)
    forward, variance, years = forwards[-1], total[:, -1], float(left[-1])
    lines = []
    for right, sign, fair, listed in (("C", 1, prices[0], chain.has_call), ("P", -1, prices[1], chain.has_put)):
        found = surface.greeks(forward, forward, chain.strikes, variance, years, market.rate, sign)
        columns = [chain.strikes, fair[:, 0], fair.max(axis=1), fair.min(axis=1), fair[:, -1], found.volatility,
                   found.delta, found.gamma, found.vega, found.theta, found.rho]
        table = np.stack(columns, axis=1)[listed]
        row = f"{chain.expiry:%Y%m%d},%g,{right},%.3f,%.3f,%.3f,%.3f,100,1000,%.5f,%.5f,%.6f,%.4f,%.4f,%.4f\n"
        lines.append((row * len(table)) % tuple(table.ravel().tolist()))
    return "".join(lines)
