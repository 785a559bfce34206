"""The underlying's own files, from the prices that came with the quotes: minutes, days, map and factor files."""
from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from local.data.archive import write_text, write_zip
from local.data.equities import CHICAGO_MINUTES_BEHIND, PRICE_SCALE
from local.data.importers.contracts import is_index
from local.data.importers.errors import ImportRefused

NEVER = "20501231"
# What a share's price is divided by where it split, or multiplied by where shares were joined.
RATIOS = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 1.5)
NEAR_RATIO = 0.06
Spots = dict[int, float]        # price by minute of the day


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """On the morning of ``day`` one share became ``ratio`` (below 1 where shares were joined)."""

    day: date
    ratio: float


def spots_of(rows: np.ndarray) -> Spots:
    """The underlying's price at each minute's end: the middle one where quotes of a minute differ."""
    minutes = rows["second"] // 60
    return {int(minute): float(np.median(rows["spot"][minutes == minute])) for minute in np.unique(minutes)}


def bar_of(spots: Spots) -> tuple[float, float, float, float]:
    """Open, high, low, close of a day's prices."""
    prices = [spots[minute] for minute in sorted(spots)]
    return prices[0], max(prices), min(prices), prices[-1]


def _usa(ticker: str) -> Path:
    return Path("index" if is_index(ticker) else "equity") / "usa"


def minute_file(ticker: str, day: date) -> Path:
    """Place of a day's minute bars in a data folder."""
    return _usa(ticker) / "minute" / ticker.lower() / f"{day:%Y%m%d}_trade.zip"


def daily_file(ticker: str) -> Path:
    """Place of the daily bars."""
    return _usa(ticker) / "daily" / f"{ticker.lower()}.zip"


def map_file(ticker: str) -> Path:
    """Place of a share's map file."""
    return _usa(ticker) / "map_files" / f"{ticker.lower()}.csv"


def write_minutes(root: Path, ticker: str, day: date, spots: Spots) -> None:
    """Minute bars of one day: one price each, without volume."""
    name, index = ticker.lower(), is_index(ticker)
    behind = CHICAGO_MINUTES_BEHIND if index else 0
    lines = []
    for minute in sorted(spots):
        price = f"{spots[minute]:.2f}" if index else str(round(spots[minute] * PRICE_SCALE))
        lines.append(f"{(minute - 1 - behind) * 60_000},{price},{price},{price},{price},0\n")
    write_zip(root / minute_file(ticker, day), [(f"{day:%Y%m%d}_{name}_minute_trade.csv", "".join(lines).encode())])


def write_days(root: Path, existing: Path, ticker: str, bars: Mapping[date, tuple[float, float, float, float]], *,
               keep: bool) -> None:
    """Daily bars, beside those the folder has; with ``keep`` its own of the same days stay too."""
    name, index, place = ticker.lower(), is_index(ticker), daily_file(ticker)
    rows = _rows_of(existing / place)
    for day, bar in bars.items():
        if keep and f"{day:%Y%m%d}" in rows:
            continue
        figures = ",".join(f"{price:.2f}" if index else str(round(price * PRICE_SCALE)) for price in bar)
        rows[f"{day:%Y%m%d}"] = f"{day:%Y%m%d} 00:00,{figures},0"
    text = "".join(f"{rows[stamp]}\n" for stamp in sorted(rows))
    write_zip(root / place, [(f"{name}.csv", text.encode())])


def _rows_of(path: Path) -> dict[str, str]:
    """Lines of a file of daily bars by their day; none where there is no file."""
    if not path.is_file():
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode()
    except (OSError, zipfile.BadZipFile, IndexError, UnicodeDecodeError) as error:
        raise ImportRefused(f"{path} is damaged: {error}") from error
    return {line[:8]: line for line in text.splitlines() if line}


def write_map_and_factors(root: Path, existing: Path, ticker: str, first: date, splits: tuple[Split, ...],
                          closes: Mapping[date, float]) -> None:
    """Map and factor file of a share: its name never changed, its splits are those told, dividends are none."""
    name, maps = ticker.lower(), map_file(ticker)
    factors = Path("equity/usa/factor_files") / f"{name}.csv"
    begins = f"{first:%Y%m%d}"
    if (existing / maps).is_file():
        begins = min(begins, (existing / maps).read_text(encoding="utf-8")[:8])
    write_text(root / maps, f"{begins},{name},P\n{NEVER},{name},P\n")
    known = dict(_factor_rows(existing / factors))
    for split in splits:
        before = [day for day in closes if day < split.day]
        if before:
            known[f"{max(before):%Y%m%d}"] = (split.ratio, closes[max(before)])
    rows, factor = [], 1.0
    for stamp in sorted(known, reverse=True):
        ratio, close = known[stamp]
        factor /= ratio
        rows.append(f"{stamp},1,{factor:.9g},{close:g}\n")
    write_text(root / factors, f"{begins},1,{factor:.9g},1\n" + "".join(reversed(rows)) + f"{NEVER},1,1,0\n")


def _factor_rows(path: Path) -> list[tuple[str, tuple[float, float]]]:
    """Day before each split of an earlier import, with its ratio and that day's close."""
    if not path.is_file():
        return []
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [(row[0], (float(after[2]) / float(row[2]), float(row[3])))
            for row, after in zip(rows[1:], rows[2:]) if float(after[2]) != float(row[2])]


def suspected(before: float, after: float) -> float | None:
    """The ratio of a split that would explain a price's jump over night, None where none does."""
    for ratio in RATIOS:
        for told in (ratio, 1.0 / ratio):
            if abs(before / after / told - 1.0) < NEAR_RATIO:
                return told
    return None
