"""What a finished run left, and what its market was: read from the results and data folders, not from the framework."""
from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

CHICAGO_BEHIND = timedelta(hours=1)
PRICE_SCALE = {"SPY": 10_000.0, "VIX": 1.0}
FOLDERS = {"SPY": "equity/usa/minute/spy", "VIX": "index/usa/minute/vix"}
COLUMNS = {"open": 1, "high": 2, "low": 3, "close": 4}


def minute_closes(folder: Path, ticker: str, day: date, column: str = "close") -> list[tuple[datetime, float]]:
    """Minute prices of SPY or VIX by the New York time at which their bar ends."""
    with zipfile.ZipFile(folder / FOLDERS[ticker] / f"{day:%Y%m%d}_trade.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode()
    midnight = datetime.combine(day, time()) + (CHICAGO_BEHIND if ticker == "VIX" else timedelta())
    return [(midnight + timedelta(milliseconds=int(row[0]), minutes=1), float(row[COLUMNS[column]]) / PRICE_SCALE[ticker])
            for row in csv.reader(io.StringIO(text))]
