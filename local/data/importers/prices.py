"""Prices of an underlying from a file of their own, for quotes that come without: daily closes or any finer bars."""
from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from local.data import calendar
from local.data.importers import files, values
from local.data.importers.errors import ImportRefused, at_line

TIMES, PRICES = ("time", "timestamp", "datetime", "date", "ts_event", "window_start"), ("price", "close", "last")
DAY_SECONDS = 86_400


class PriceTable:
    """Prices by moment; what is asked for is the last one of the same day at or before it."""

    def __init__(self, ticker: str, moments: np.ndarray, prices: np.ndarray) -> None:
        order = np.argsort(moments, kind="stable")
        self.ticker, self._moments, self._prices = ticker, moments[order], prices[order]

    def at(self, day: date, seconds: np.ndarray) -> np.ndarray:
        """Prices at seconds of a day; NaN before the day's first."""
        midnight = day.toordinal() * DAY_SECONDS
        wanted = midnight + seconds.astype(np.int64)
        place = np.searchsorted(self._moments, wanted, side="right") - 1
        known = (place >= 0) & (self._moments[np.maximum(place, 0)] >= midnight)
        return np.where(known, self._prices[np.maximum(place, 0)], np.nan)


def read_prices(ticker: str, path: Path, zone: str) -> PriceTable:
    """Read a CSV file with a column time (or date) and one price (or close). A day without a time is its close.

    Raises
    ------
    ImportRefused
        No such columns, a moment or price that cannot be read, no row.
    """
    moments, prices = [], []
    for table in files.tables(files.listed([str(path)])[0]):
        when = next((name for name in TIMES if name in table.header), None)
        price = next((name for name in PRICES if name in table.header), None)
        if when is None or price is None:
            raise at_line(table.name, 1, f"prices need a column {' or '.join(TIMES)} and a column {' or '.join(PRICES)}")
        for chunk in table.chunks:
            column = chunk[when].str.strip()
            days, seconds = values.moments(column, table.name, "ns" if column.iloc[0].isdecimal() and len(column.iloc[0]) > 12
                                           else "text", zone)
            daily = (column.str.len() <= 10).to_numpy() & (seconds == 0)
            for day in np.unique(days[daily]):
                on = date.fromordinal(int(day))
                if calendar.FIRST_YEAR <= on.year <= calendar.LAST_YEAR and calendar.is_session(on):
                    closing = calendar.OPEN_MINUTE_OF_DAY + calendar.session_minutes(on)
                    seconds[daily & (days == day)] = closing * 60
            found = values.numbers(chunk[price], table.name, price, least=0.0)
            if (~(found > 0.0)).any():
                at = int((~(found > 0.0)).argmax())
                raise at_line(table.name, int(chunk.index[at]), f"{price} {chunk[price].iloc[at]!r} is not a price")
            moments.append(days * DAY_SECONDS + seconds)
            prices.append(found)
    if not moments:
        raise ImportRefused(f"{path.name} holds no price")
    return PriceTable(ticker, np.concatenate(moments), np.concatenate(prices))
