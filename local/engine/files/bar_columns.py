"""One day (or one file) of bars of one security, held as columns."""
from __future__ import annotations

import bisect
import functools
import warnings
from datetime import date
from pathlib import Path

import numpy as np

from local.engine.files.data_files import DataFileError

TRADE_COLUMNS = ("open", "high", "low", "close", "volume")
QUOTE_COLUMNS = ("bid_open", "bid_high", "bid_low", "bid_close", "bid_size",
                 "ask_open", "ask_high", "ask_low", "ask_close", "ask_size")
_OPEN_INTEREST_COLUMNS = ("open_interest",)
_PRICE_SCALE = 10_000.0


class BarColumns:
    """Bars in time order: `starts` and `ends` in epoch seconds (UTC, `end_array` is `ends` as an array) and one array a
    column; 0 is "not given". Nothing of it is changed once it is made."""

    def __init__(self, day: date, kind: str, starts: np.ndarray, ends: np.ndarray, columns: dict[str, np.ndarray]) -> None:
        self.day, self.kind, self.columns = day, kind, columns
        self.starts, self.ends, self.end_array = starts.tolist(), ends.tolist(), ends
        self._lists: dict[str, list[float]] = {}
        self._filled: dict[str, list[float]] = {}
        self._whole: bool | None = None

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def has_both_sides(self) -> bool:
        """Whether every quote bar has a bid and an ask; trade bars count as having both."""
        if self._whole is None:
            self._whole = self.kind != "quote" or all(
                np.logical_or.reduce([self.columns[f"{side}_{part}"] != 0 for part in ("open", "high", "low", "close")]).all()
                for side in ("bid", "ask"))
        return self._whole

    def index_at(self, second: int) -> int:
        """Row of the last bar that ended by an instant, -1 when there is none."""
        return bisect.bisect_right(self.ends, second) - 1

    def values(self, name: str) -> list[float]:
        """A column as a list; quote bars also have the middle prices open, high, low and close."""
        if name not in self._lists:
            self._lists[name] = self.column(name).tolist()
        return self._lists[name]

    @functools.cached_property
    def rows(self) -> list[tuple[float, ...]]:
        """The bars' values, each in the order of its kind's columns."""
        names = TRADE_COLUMNS if self.kind == "trade" else QUOTE_COLUMNS
        return list(zip(*[self.columns[name].tolist() for name in names]))

    def column(self, name: str) -> np.ndarray:
        """A column as an array, middle prices as for `values`."""
        if name in self.columns:
            return self.columns[name]
        return middle(self.columns[f"bid_{name}"], self.columns[f"ask_{name}"])

    def filled(self, name: str) -> list[float]:
        """A column in which a zero or missing value repeats the last other one (0 before the first)."""
        if name not in self._filled:
            values = self.column(name)
            last = np.maximum.accumulate(np.where(values != 0, np.arange(len(values)), -1))
            self._filled[name] = np.where(last >= 0, values[np.maximum(last, 0)], 0.0).tolist()
        return self._filled[name]


def middle(bid: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """Middle of bid and ask, or the one that is there, or zero."""
    both = np.round((bid + ask) / 2.0, 9)
    return np.where((bid != 0) & (ask != 0), both, np.where(bid != 0, bid, ask))


def parse_numbers(data: bytes, width: int, path: Path, entry: str) -> np.ndarray:
    """Rows of comma separated numbers; empty fields become NaN.

    Raises
    ------
    DataFileError
        Naming file, entry and line when a row is malformed.
    """
    text = data.strip().replace(b"\r", b"")
    if not text:
        return np.empty((0, width))
    if b",," in text or b",\n" in text or text.endswith(b",") or b"\n," in text:
        return _parse_slowly(text, width, path, entry)
    # whole numbers, as most files hold nothing else, are read at a sixth of the time
    flat = None if b"." in text else _parse_flat(text, np.int64)
    flat = _parse_flat(text, np.float64) if flat is None else flat.astype(np.float64)
    if flat is None or flat.size % width or flat.size // width != text.count(b"\n") + 1:
        return _parse_slowly(text, width, path, entry)
    return flat.reshape(-1, width)


def _parse_flat(text: bytes, kind: type) -> np.ndarray | None:
    """All numbers of a text as one array, None where one is not of the kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text.replace(b"\n", b","), dtype=kind, sep=",")
        except DeprecationWarning:
            return None


def _parse_slowly(text: bytes, width: int, path: Path, entry: str) -> np.ndarray:
    rows = []
    for number, line in enumerate(text.decode("ascii", "replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = [float(field) if field.strip() else np.nan for field in line.split(",")]
        except ValueError as error:
            raise DataFileError(f"{path}, {entry}, line {number}: {error}") from error
        if not width - 1 <= len(row) <= width + 1:
            raise DataFileError(f"{path}, {entry}, line {number}: {len(row)} fields where {width} belong")
        rows.append((row + [np.nan])[:width])
    return np.array(rows, dtype=np.float64).reshape(-1, width)


def split_dated_lines(data: bytes) -> bytes:
    """Turns the `20240102 09:00,` stamps of hourly and daily files into numbers `202401020900,`."""
    lines = data.strip().replace(b"\r", b"").split(b"\n")
    return b"\n".join(line.replace(b" ", b"", 1).replace(b":", b"", 1) for line in lines if line.strip())


def columns_of(kind: str, numbers: np.ndarray, scaled: bool) -> dict[str, np.ndarray]:
    """Named columns of parsed rows (without the time column); prices are divided by 10,000 where files scale them."""
    names = {"trade": TRADE_COLUMNS, "quote": QUOTE_COLUMNS, "openinterest": _OPEN_INTEREST_COLUMNS}[kind]
    found = {}
    for index, name in enumerate(names):
        column = numbers[:, index + 1]
        is_price = not (name.endswith("size") or name in ("volume", "open_interest"))
        found[name] = column / _PRICE_SCALE if scaled and is_price else column
    return found


def written_decimals(data: bytes, numbers: np.ndarray, kind: str) -> int:
    """Decimal places of a file that writes every price with the same number of them, else 0."""
    text = np.frombuffer(data, dtype=np.uint8)
    names = {"trade": TRADE_COLUMNS, "quote": QUOTE_COLUMNS}.get(kind, ())
    prices = sum(int((~np.isnan(numbers[:, index + 1])).sum()) for index, name in enumerate(names)
                 if not name.endswith("size") and name != "volume")
    points = np.flatnonzero(text == ord("."))
    if not prices or len(points) != prices:
        return 0
    stops = np.append(np.flatnonzero((text == ord(",")) | (text <= ord(" "))), len(text))
    lengths = stops[np.searchsorted(stops, points)] - points - 1
    return int(lengths[0]) if (lengths == lengths[0]).all() else 0
