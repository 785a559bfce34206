"""Reader of a folder of real daily bars (CSV), strict: a hole, a blank or an impossible bar names its file and line."""
from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from local.data import calendar
from local.data.errors import ScenarioError

REQUIRED = ("spy", "vix")
OPTIONAL = ("qqq", "iwm", "gld", "tlt", "wti", "vix9d", "vix3m", "vix1y")
COLUMNS = ("open", "high", "low", "close")
# Sessions of the stock exchange for which the record of WTI spot (the federal energy statistics) has no figure
NOT_PUBLISHED = {"wti": frozenset(map(date.fromisoformat, (
    "2017-07-03", "2018-11-23", "2018-12-24", "2018-12-31", "2019-07-05", "2019-11-11", "2020-11-27", "2021-11-26",
    "2023-10-09", "2023-11-10", "2024-10-14", "2024-11-11", "2025-10-13", "2025-11-11")))}


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBar:
    """One day's prices in USD (VIX: index points); ``volume`` in shares, None where the file has none."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: int | None = None


def read_bar_folder(folder: Path, first: date, last: date) -> tuple[tuple[str, tuple[DailyBar, ...]], ...]:
    """Bars of every file in ``folder`` whose name is known, from ``first`` to ``last``, one a session; only a day on
    which a figure was never published may be missing.

    Raises
    ------
    ScenarioError
        No such folder, SPY or VIX missing, a trading day missing, a blank or a high below its low.
    """
    if not folder.is_dir():
        raise ScenarioError(f"bars folder {folder} is not there")
    found = []
    for ticker in REQUIRED + OPTIONAL:
        path = folder / f"{ticker}-daily.csv"
        if path.is_file():
            found.append((ticker.upper(), _read(path, ticker, first, last)))
        elif ticker in REQUIRED:
            raise ScenarioError(f"bars folder {folder} has no {path.name}")
    return tuple(found)


def _read(path: Path, ticker: str, first: date, last: date) -> tuple[DailyBar, ...]:
    bars: dict[date, DailyBar] = {}
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.reader(stream)
            header = [cell.strip().lower() for cell in next(reader, [])]
            columns = _columns(path, header)
            previous = None
            for line, row in enumerate(reader, start=2):
                if not row:
                    continue
                where = f"{path.name} line {line}"
                day = _day(where, row[0])
                if previous is not None and day <= previous:
                    raise ScenarioError(f"{where}: {day} comes after {previous}: dates must ascend")
                previous = day
                if first <= day <= last and calendar.is_session(day):
                    bars[day] = _bar(where, day, row, columns, ticker)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(f"{path.name}: cannot be read: {error}") from error
    wanted = calendar.sessions(first, last)
    missing = [day for day in wanted if day not in bars and day not in NOT_PUBLISHED.get(ticker, ())]
    if missing:
        raise ScenarioError(f"{path.name}: missing day {missing[0]} ({len(missing)} of {len(wanted)} trading days)")
    return tuple(bars[day] for day in wanted if day in bars)


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    if header[:1] != ["date"]:
        raise ScenarioError(f"{path.name} line 1: first column must be date")
    if "price" in header:
        return {name: header.index("price") for name in COLUMNS}
    if not set(COLUMNS) <= set(header):
        raise ScenarioError(f"{path.name} line 1: columns must be date, open, high, low, close")
    return {name: header.index(name) for name in (*COLUMNS, "volume") if name in header}


def _day(where: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError as error:
        raise ScenarioError(f"{where}: {text!r} is not a date") from error


def _bar(where: str, day: date, row: list[str], columns: dict[str, int], ticker: str) -> DailyBar:
    values = {}
    for name, index in columns.items():
        text = row[index].strip() if index < len(row) else ""
        if not text:
            raise ScenarioError(f"{where}: {ticker.upper()} {name} of {day} is blank")
        try:
            values[name] = float(text)
        except ValueError as error:
            raise ScenarioError(f"{where}: {ticker.upper()} {name} {text!r} is not a number") from error
        if not math.isfinite(values[name]) or (values[name] <= 0 and name != "volume" and ticker != "wti"):
            raise ScenarioError(f"{where}: {ticker.upper()} {name} {text} is not a price")
    opening, high, low, close = (round(values[name], 2) for name in COLUMNS)
    if high < low:
        raise ScenarioError(f"{where}: high {high:g} is below low {low:g}")
    if not low <= min(opening, close) <= max(opening, close) <= high:
        raise ScenarioError(f"{where}: open {opening:g} or close {close:g} is outside {low:g} to {high:g}")
    volume = int(values["volume"]) if "volume" in values else None
    return DailyBar(day=day, open=opening, high=high, low=low, close=close, volume=volume)
