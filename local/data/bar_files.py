"""Reader of a folder of real daily bars (CSV), strict: a hole, a blank or an impossible bar names its file and line."""
from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from local.data import calendar
from local.data.errors import ScenarioError
from local.data.written_dates import day_of

REQUIRED = ("spy", "vix")
OPTIONAL = ("qqq", "iwm", "gld", "tlt", "wti", "vix9d", "vix3m", "vix1y")
COLUMNS = ("open", "high", "low", "close")
CLOSE_OF_BAR = 3
SELDOM = ("aapl", "msft", "silver")     # a scenario has levels of them instead
DATES = ("date", "time", "timestamp", "datetime", "day")
CALLED = {"close/last": "close", "last": "close", "vol": "volume", "vol.": "volume"}
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

    @property
    def prices(self) -> tuple[float, float, float, float]:
        """Open, high, low, close."""
        return self.open, self.high, self.low, self.close


def read_bar_folder(folder: Path, first: date, last: date) -> tuple[tuple[str, tuple[DailyBar, ...]], ...]:
    """Bars of every file in ``folder`` whose name is known (``spy-daily.csv`` or ``spy.csv``, in any case), from ``first`` to
    ``last``, one a session; only a day on which a figure was never published may be missing.

    Dates may be written in any of the ways of ``written_dates``, ascending or descending; figures may have thousands
    separators. Columns are found by name.

    Raises
    ------
    ScenarioError
        No such folder, SPY or VIX missing, a trading day missing, a blank or a high below its low.
    """
    if not folder.is_dir():
        raise ScenarioError(f"bars folder {folder} is not there")
    found = []
    for ticker in REQUIRED + OPTIONAL + SELDOM:
        path = bar_file(folder, ticker)
        if path is not None:
            found.append((ticker.upper(), _read(path, ticker, first, last)))
        elif ticker in REQUIRED:
            raise ScenarioError(f"bars folder {folder} has no {ticker}-daily.csv")
    return tuple(found)


def bar_file(folder: Path, ticker: str) -> Path | None:
    """The file of a ticker's bars, None where there is none.

    Raises
    ------
    ScenarioError
        There are two.
    """
    names = (f"{ticker}-daily.csv", f"{ticker}_daily.csv", f"{ticker}.csv")
    found = sorted(path for path in folder.iterdir() if path.name.lower() in names and path.is_file())
    if len(found) > 1:
        raise ScenarioError(f"bars folder {folder} has two files of {ticker.upper()}: {found[0].name} and {found[1].name}")
    return found[0] if found else None


def _read(path: Path, ticker: str, first: date, last: date) -> tuple[DailyBar, ...]:
    bars: dict[date, DailyBar] = {}
    seen: list[date] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, skipinitialspace=True)
            columns = _columns(path, [cell.strip().lower() for cell in next(reader, [])])
            at_date = columns.pop("date")
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                where = f"{path.name} line {reader.line_num}"
                day = _day(where, row[at_date] if at_date < len(row) else "")
                _check_order(where, seen, day)
                seen.append(day)
                if first <= day <= last and calendar.is_session(day):
                    bars[day] = _bar(where, day, row, columns, ticker)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(f"{path.name}: cannot be read: {error}") from error
    wanted = calendar.sessions(first, last)
    missing = [day for day in wanted if day not in bars and day not in NOT_PUBLISHED.get(ticker, ())]
    if missing:
        raise ScenarioError(f"{path.name}: missing day {missing[0]} ({len(missing)} of {len(wanted)} trading days)"
                            + _reach(seen, first, last))
    return tuple(bars[day] for day in wanted if day in bars)


def _reach(seen: list[date], first: date, last: date) -> str:
    """What a file reaches over, where that is less than what is asked of it."""
    if not seen:
        return ": the file has no row"
    earliest, latest = min(seen[0], seen[-1]), max(seen[0], seen[-1])
    return "" if earliest <= first and last <= latest else f": it has {earliest} to {latest}, and {first} to {last} is needed"


def _check_order(where: str, before: list[date], day: date) -> None:
    """Days go one way, that of the first two."""
    if not before:
        return
    falling = len(before) > 1 and before[1] < before[0]
    if day == before[-1] or (len(before) > 1 and (day < before[-1]) != falling):
        raise ScenarioError(f"{where}: {day} comes after {before[-1]}: dates must {'descend' if falling else 'ascend'}")


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Place of each column: the date's, four prices or one that stands for all, and the volume where there is one."""
    dates = [name for name in header if name in DATES]
    if not dates:
        raise ScenarioError(f"{path.name} line 1: no column {' or '.join(DATES)}")
    when = {"date": header.index(dates[0])}
    if "price" in header and "close" not in header:
        return when | {name: header.index("price") for name in COLUMNS}
    names = {CALLED.get(name, name): place for place, name in reversed(list(enumerate(header)))}
    if not set(COLUMNS) <= set(names):
        raise ScenarioError(f"{path.name} line 1: columns must be date, open, high, low, close")
    return when | {name: names[name] for name in (*COLUMNS, "volume") if name in names}


def _day(where: str, text: str) -> date:
    try:
        return day_of(text)
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from error


def _bar(where: str, day: date, row: list[str], columns: dict[str, int], ticker: str) -> DailyBar:
    values = {}
    for name, index in columns.items():
        text = row[index].strip() if index < len(row) else ""
        if not text:
            raise ScenarioError(f"{where}: {ticker.upper()} {name} of {day} is blank")
        try:
            values[name] = float(text.replace(",", "").lstrip("$"))
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
