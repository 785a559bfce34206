"""What a finished run left, and what its market was: read from the results and data folders, not from the framework."""
from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from local.data.served import ServedDays

CHICAGO_BEHIND = timedelta(hours=1)
PRICE_SCALE = {"SPY": 10_000.0, "VIX": 1.0}
FOLDERS = {"SPY": "equity/usa/minute/spy", "VIX": "index/usa/minute/vix"}
COLUMNS = {"open": 1, "high": 2, "low": 3, "close": 4}


def _rows(market: Path | ServedDays, path: str, entry: str) -> Iterable[Sequence[str | float]]:
    if isinstance(market, ServedDays):
        served = market.rows(path, entry)
        assert served is not None, path
        return served[0].tolist()
    with zipfile.ZipFile(market / path) as archive:
        return csv.reader(io.StringIO(archive.read(entry).decode()))


def minute_closes(market: Path | ServedDays, ticker: str, day: date, column: str = "close") -> list[tuple[datetime, float]]:
    """Minute prices of SPY or VIX by the New York time at which their bar ends."""
    stamp = f"{day:%Y%m%d}"
    rows = _rows(market, f"{FOLDERS[ticker]}/{stamp}_trade.zip", f"{stamp}_{ticker.lower()}_minute_trade.csv")
    midnight = datetime.combine(day, time()) + (CHICAGO_BEHIND if ticker == "VIX" else timedelta())
    return [(midnight + timedelta(milliseconds=int(row[0]), minutes=1), float(row[COLUMNS[column]]) / PRICE_SCALE[ticker])
            for row in rows]
