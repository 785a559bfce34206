"""History of chains: the rows of the daily universe files as a frame."""
from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from local.engine.market.bars import TradeBar
from local.engine.market.feed import Feed
from local.engine.market.symbol import Symbol
from local.engine.universes.universe_files import UniverseRow

_COLUMNS = ("open", "high", "low", "close", "volume", "openinterest", "impliedvolatility", "delta", "gamma", "vega", "theta", "rho")


def chain_frame(feed: Feed, canonical: Symbol, first: datetime, last: datetime) -> pd.DataFrame:
    """Rows by time and contract of the days that end after an exchange time and by another."""
    exchange = feed.universes.exchange_hours(canonical)
    day, parts = first.replace(hour=0, minute=0, second=0, microsecond=0), []
    while day + timedelta(days=1) <= last:
        if day + timedelta(days=1) > first and exchange.is_date_open(day):
            rows = feed.universes.rows(canonical, feed.maps.ticker_on(canonical, day.date()), day.date()) or []
            if rows:
                parts.append(_frame_of(rows, day + timedelta(days=1)))
        day += timedelta(days=1)
    return pd.concat(parts) if parts else pd.DataFrame()


def _frame_of(rows: list[UniverseRow], when: datetime) -> pd.DataFrame:
    symbols = [row.symbol for row in rows]
    index = pd.MultiIndex.from_arrays([pd.DatetimeIndex([when] * len(rows)), pd.Index(symbols, dtype=object)], names=["time", "symbol"])
    table = pd.DataFrame({name: [row.number(place) for row in rows] for place, name in enumerate(_COLUMNS)}, index=index)
    table = table[[name for name in table.columns if table[name].any()]]
    share, day = symbols[0].underlying, when - timedelta(days=1)
    bar = TradeBar(day, share, *[rows[0].underlying_price] * 4, 0.0, timedelta(days=1))
    table = table.assign(value=[row.number(3) for row in rows], underlying=[bar] * len(rows))
    return table[sorted(table.columns)]
