"""What the writer can write besides SPY and VIX: shares and commodities that follow SPY, volatility indices, futures.

Betas and volatilities are the project's own assumptions; real daily bars replace the following where they are given.
"""
from __future__ import annotations

from dataclasses import dataclass

from local.data import figures
from local.data.figures import QuoteWidth, SurfaceShape

CORE = ("SPY", "VIX")
VIX_OPTIONS = "VIX-OPTIONS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A price that follows another by ``beta`` plus noise of its own (``own_volatility``, a year).

    Its implied volatility index is ``volatility_base + volatility_slope * VIX`` with noise of its own:
    ``volatility_to_vix`` is the correlation of its daily changes with VIX's, ``volatility_to_own`` that of the noise
    with the price's own returns.
    ``median_volume`` is in shares a day. ``calendars`` asks for finer strikes a month or two out. ``listed``
    followers have files of their own; the others feed futures only.
    """

    ticker: str
    leader: str = "SPY"
    beta: float
    own_volatility: float
    volatility_base: float
    volatility_slope: float
    volatility_to_vix: float
    volatility_to_own: float = 0.0
    median_volume: float = 0.0
    listed: bool = True
    options: bool = False
    calendars: bool = False
    shape: SurfaceShape = figures.EQUITY_INDEX
    width: QuoteWidth = figures.FUND_WIDTH


# Implied volatilities at VIX 18: oil 33, gold 17, small companies 23 are the medians of January 2011 to April 2013
# (HyperVolatility, "Commodity Volatility Indices: OVX and GVZ" and "Equity Volatility Indices", 2013). Correlations of
# daily changes with VIX are rounded figures of the indices' closes on record (FRED: VIXCLS, VXNCLS, RVXCLS, GVZCLS,
# OVXCLS, VXAPLCLS). Oil's volatility falls when oil rises (Chen and others, Research in International Business and
# Finance 37, 2016); gold's rises with moves either way (Rhoads, Cboe Options Hub, 28 July 2012), so it has no sign.
FOLLOWERS = {follower.ticker: follower for follower in (
    Follower(ticker="QQQ", beta=1.25, own_volatility=0.08, volatility_base=2.0, volatility_slope=1.15,
             volatility_to_vix=0.9, volatility_to_own=-0.4, median_volume=45e6, options=True,
             shape=figures.NASDAQ_FUND),
    Follower(ticker="IWM", beta=1.15, own_volatility=0.10, volatility_base=4.5, volatility_slope=1.05,
             volatility_to_vix=0.9, volatility_to_own=-0.4, median_volume=28e6, options=True, calendars=True,
             shape=figures.RUSSELL_FUND),
    Follower(ticker="GLD", beta=0.05, own_volatility=0.13, volatility_base=9.0, volatility_slope=0.42,
             volatility_to_vix=0.5, median_volume=8e6, shape=figures.METAL),
    Follower(ticker="TLT", beta=-0.25, own_volatility=0.10, volatility_base=8.0, volatility_slope=0.30,
             volatility_to_vix=0.5, median_volume=20e6),
    Follower(ticker="AAPL", beta=1.15, own_volatility=0.18, volatility_base=12.0, volatility_slope=0.85,
             volatility_to_vix=0.65, volatility_to_own=-0.4, median_volume=60e6, options=True, shape=figures.LARGE_STOCK,
             width=figures.STOCK_WIDTH),
    Follower(ticker="MSFT", beta=1.10, own_volatility=0.16, volatility_base=10.0, volatility_slope=0.80,
             volatility_to_vix=0.7, volatility_to_own=-0.4, median_volume=25e6, options=True, shape=figures.LARGE_STOCK,
             width=figures.STOCK_WIDTH),
    Follower(ticker="WTI", beta=0.30, own_volatility=0.35, volatility_base=22.0, volatility_slope=0.6,
             volatility_to_vix=0.5, volatility_to_own=-0.4, listed=False, shape=figures.OIL),
    Follower(ticker="SILVER", leader="GLD", beta=1.5, own_volatility=0.15, volatility_base=17.0, volatility_slope=0.5,
             volatility_to_vix=0.5, listed=False, shape=figures.METAL),
)}

# the exchange's volatility indices and whose implied volatility they show
VOLATILITY_INDICES = {"VXN": "QQQ", "RVX": "IWM", "GVZ": "GLD", "OVX": "WTI", "VXAPL": "AAPL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """A future and the options on it.

    ``spot`` names the price it is carried from (times ``spot_scale``), ``months`` its contract months, ``listed``
    how many of them are written; ``tick`` is the smallest price step in quote units, written with ``decimals``;
    ``strike_step`` the distance of strikes near the money (twice that, or 0.8 % of the price, further
    out); ``option_ticker`` names the options' folder.
    """

    ticker: str
    market: str
    spot: str
    spot_scale: float
    months: tuple[int, ...]
    listed: int
    tick: float
    decimals: int
    strike_step: float
    option_ticker: str
    option_width: QuoteWidth
    option_decimals: int


QUARTERS, EVEN_MONTHS, EVERY_MONTH, SILVER_MONTHS = (3, 6, 9, 12), (2, 4, 6, 8, 10, 12), tuple(range(1, 13)), (
    3, 5, 7, 9, 12)


def _future(ticker: str, market: str, spot: str, spot_scale: float, months: tuple[int, ...], listed: int, tick: float,
            decimals: int, strike_step: float, option_ticker: str, option_width: QuoteWidth, option_decimals: int
            ) -> Future:
    return Future(ticker=ticker, market=market, spot=spot, spot_scale=spot_scale, months=months, listed=listed,
                  tick=tick, decimals=decimals, strike_step=strike_step, option_ticker=option_ticker,
                  option_width=option_width, option_decimals=option_decimals)


FUTURES = {future.ticker: future for future in (
    _future("ES", "cme", "SPY", 10.0, QUARTERS, 3, 0.25, 2, 10.0, "ES", figures.INDEX_FUTURE_WIDTH, 2),
    _future("MES", "cme", "SPY", 10.0, QUARTERS, 3, 0.25, 2, 10.0, "MES", figures.INDEX_FUTURE_WIDTH, 2),
    _future("CL", "nymex", "WTI", 1.0, EVERY_MONTH, 5, 0.01, 2, 0.5, "LO", figures.OIL_WIDTH, 2),
    _future("MCL", "nymex", "WTI", 1.0, EVERY_MONTH, 5, 0.01, 2, 0.5, "MCL", figures.OIL_WIDTH, 2),
    _future("GC", "comex", "GLD", 1.0, EVEN_MONTHS, 4, 0.1, 1, 10.0, "OG", figures.GOLD_WIDTH, 1),
    _future("MGC", "comex", "GLD", 1.0, EVEN_MONTHS, 4, 0.1, 1, 10.0, "MGC", figures.GOLD_WIDTH, 1),
    _future("SI", "comex", "SILVER", 1.0, SILVER_MONTHS, 3, 0.005, 3, 0.25, "SO", figures.SILVER_WIDTH, 3),
)}

LISTED_FOLLOWERS = tuple(ticker for ticker, follower in FOLLOWERS.items() if follower.listed)
ALL = (*CORE, *LISTED_FOLLOWERS, *VOLATILITY_INDICES, VIX_OPTIONS, *FUTURES)


def prices_needed(underlyings: tuple[str, ...]) -> tuple[str, ...]:
    """Followers whose prices the given underlyings need, leaders before those who follow them."""
    wanted = set()
    for ticker in underlyings:
        name = FUTURES[ticker].spot if ticker in FUTURES else VOLATILITY_INDICES.get(ticker, ticker)
        while name in FOLLOWERS:
            wanted.add(name)
            name = FOLLOWERS[name].leader
    return tuple(ticker for ticker in FOLLOWERS if ticker in wanted)
