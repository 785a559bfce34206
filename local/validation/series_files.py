"""Readers of daily series as people have them: bars of SPY and VIX, and levels of Cboe's indices as downloaded.

A header row names the columns (what stands above it is skipped); dates are ISO or month/day/year and ascend. What cannot
be used ends in one line with the file and the line.
"""
from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from local.commands.errors import CommandError

BAR_COLUMNS = ("open", "high", "low", "close")
LONGEST_GAP_DAYS = 10
DATE_FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d")
LINES_BEFORE_HEADER = 10


def read_bars(path: Path, first: date) -> dict[date, tuple[float, float, float, float]]:
    """Open, high, low and close by day, from ``first`` on.

    An open outside the day's range is taken at its edge: the exchange's record of VIX has 41.60 on 2006-02-08, a day
    between 12.76 and 13.61.

    Raises
    ------
    CommandError
        The file is not there, lacks a column, or holds what is no price.
    """
    found = {}
    for where, day, values in _rows(path, [BAR_COLUMNS], first):
        opening, high, low, close = values
        if not low <= close <= high:
            raise CommandError(f"{where}: close {close:g} is outside {low:g} to {high:g}")
        found[day] = (min(max(opening, low), high), high, low, close)
    return found


def read_levels(path: Path, name: str, first: date, last: date) -> dict[date, float]:
    """Levels of an index by day, from its ``close`` column or the one with its name, without gaps from first to last.

    Raises
    ------
    CommandError
        The file has neither column, holds what is no level, ends too soon or leaves days out.
    """
    found: dict[date, float] = {}
    previous = None
    for where, day, (level,) in _rows(path, [("close",), (name.lower(),)], first - timedelta(LONGEST_GAP_DAYS)):
        if previous is not None and previous <= last and (day - previous).days > LONGEST_GAP_DAYS:
            raise CommandError(f"{where}: no level between {previous} and {day}")
        found[day], previous = level, day
    days = list(found)
    if not days or days[0] > first or days[-1] < last:
        raise CommandError(f"{path}: levels run {days[0]} to {days[-1]}, {first} to {last} is needed" if days
                           else f"{path}: it holds no levels")
    return found


def find_file(folder: Path, name: str) -> Path | None:
    """The CSV file of an index: the one whose name begins with the index's, as ``PUT_History.csv`` does."""
    found = sorted(path for path in folder.glob("*.csv") if re.split(r"[^A-Za-z0-9]", path.stem)[0].upper() == name)
    if len(found) > 1:
        raise CommandError(f"{folder} has more than one file of {name}: {', '.join(path.name for path in found)}")
    return found[0] if found else None


def _rows(path: Path, wanted: Iterable[tuple[str, ...]], first: date
          ) -> Iterator[tuple[str, date, tuple[float, ...]]]:
    """(place, day, values) of every row from ``first`` on, for the first set of columns that the header has."""
    columns: list[int] = []
    previous = None
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            for line, row in enumerate(csv.reader(stream), start=1):
                where, cells = f"{path} line {line}", [cell.strip() for cell in row]
                if not any(cells):
                    continue
                if not columns:
                    columns = _header(where, [cell.lower() for cell in cells], wanted, line)
                    continue
                day = _day(where, cells[columns[0]] if columns[0] < len(cells) else "")
                if previous is not None and day <= previous:
                    raise CommandError(f"{where}: {day} comes after {previous}: dates must ascend")
                previous = day
                if day < first:
                    continue
                yield where, day, tuple(_number(where, cells, column) for column in columns[1:])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _header(where: str, cells: list[str], wanted: Iterable[tuple[str, ...]], line: int) -> list[int]:
    """Places of the date and of the wanted columns; empty while the header is still to come."""
    if "date" not in cells:
        if line > LINES_BEFORE_HEADER:
            raise CommandError(f"{where}: no row before it names a date column")
        return []
    for names in wanted:
        if set(names) <= set(cells):
            return [cells.index("date"), *(cells.index(name) for name in names)]
    raise CommandError(f"{where}: columns {', '.join(cells)}; wanted date and "
                       f"{' or '.join(', '.join(names) for names in wanted)}")


def _day(where: str, text: str) -> date:
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text.split(" ")[0].split("T")[0], form).date()
        except ValueError:
            continue
    raise CommandError(f"{where}: {text!r} is not a date")


def _number(where: str, cells: list[str], column: int) -> float:
    text = cells[column].replace(",", "") if column < len(cells) else ""
    try:
        value = float(text)
    except ValueError as error:
        raise CommandError(f"{where}: {text!r} is not a number") from error
    if not math.isfinite(value) or value <= 0:
        raise CommandError(f"{where}: {text} is not a level above zero")
    return value
