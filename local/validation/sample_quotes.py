"""Real option quotes among the sample data of a LEAN checkout: index options, SPY, ES and a single stock.

They are read where they are, to be compared with; nothing of them is in the project. Prices are in the size of what the
written data has (SPX in SPY's size).
"""
from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np

from core.arrays import Flags, Floats
from local.commands.errors import CommandError

ENTRY = re.compile(r".*_(?P<right>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8})\.csv$")
STRIKE_SCALE = 10_000
NEW_YORK_MINUTES = (660, 780, 900)          # 11:00, 13:00, 15:00
CLOSE_MINUTE = 960
UTC_AHEAD = 300                             # of New York in winter


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of sample quotes: where it is, what it quotes, the size of one contract's price in the data writer's."""

    name: str
    day: date
    path: str
    size: float = 1.0
    price_scale: float = 1.0
    minutes_ahead: int = 0
    judged: bool = True                     # as to volatilities
    index: str = "SPY"


SOURCES = (
    *(Source(name="SPX 2015", day=date(2015, 12, number), path=f"indexoption/usa/universes/spx/201512{number}.csv", size=0.1)
      for number in (22, 23)),
    *(Source(name="ES 2020", day=date(2020, 1, 6), path=f"futureoption/cme/minute/es/{month}/20200106_quote_american.zip",
             minutes_ahead=UTC_AHEAD, index="ES") for month in ("202003", "202006")),
    Source(name="SPX 2021", day=date(2021, 1, 4), path="indexoption/usa/minute/spx/20210104_quote_european.zip", size=0.1,
           price_scale=1e-4, judged=False),
    *(Source(name="SPXW 2021", day=date(2021, 1, number), size=0.1, price_scale=1e-4, judged=False,
             path=f"indexoption/usa/minute/spxw/2021010{number}_quote_european.zip") for number in (4, 5, 6, 7, 8)),
    Source(name="SPXW 2023", day=date(2023, 6, 26), path="indexoption/usa/minute/spxw/20230626_quote_european.zip", size=0.1,
           price_scale=1e-4),
    Source(name="SPY 2023", day=date(2023, 8, 3), path="option/usa/minute/spy/20230803_quote_american.zip",
           price_scale=1e-4),
    *(Source(name="GOOG 2015", day=date(2015, 12, number), path=f"option/usa/minute/goog/201512{number}_quote_american.zip",
             price_scale=1e-4, judged=False, index="GOOG") for number in (23, 24)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quotes:
    """Quotes of one source, one an element. ``bid`` is 0 where there was none; ``minute`` is New York's."""

    strike: Floats
    is_call: Flags
    expiry: np.ndarray                      # ordinals
    minute: np.ndarray
    bid: Floats
    ask: Floats
    left_out: tuple[str, ...] = ()          # places of rows without an ask, or with a bid above it

    @property
    def mid(self) -> Floats:
        """Middle of bid and ask."""
        middle: Floats = (self.bid + self.ask) / 2
        return middle


def read_samples(folder: Path) -> Iterator[tuple[Source, Quotes]]:
    """Every source that is in LEAN's data folder.

    Raises
    ------
    CommandError
        A file that is there cannot be read; the line names it, and the line in it.
    """
    for source in SOURCES:
        path = folder / source.path
        if path.is_file():
            rows = list(_universe_rows(path, source) if path.suffix == ".csv" else _minute_rows(path, source))
            whole = [row for row in rows if row[5] > 0 and row[4] <= row[5]]
            if whole:
                strike, is_call, expiry, minute, bid, ask = (np.array(column) for column in list(zip(*whole))[:6])
                yield source, Quotes(strike=strike * source.size, is_call=is_call.astype(bool), expiry=expiry.astype(int),
                                     minute=minute.astype(int), bid=bid * source.size, ask=ask * source.size,
                                     left_out=tuple(row[6] for row in rows if row[5] <= 0 or row[4] > row[5]))


Row = tuple[float, bool, int, int, float, float, str]


def _universe_rows(path: Path, source: Source) -> Iterator[Row]:
    """Closing mids of a universe file: bid and ask alike."""
    with path.open(newline="", encoding="utf-8") as stream:
        for line, cells in enumerate(csv.reader(stream), start=1):
            if line == 1 or not cells or not cells[0]:
                continue
            try:
                expiry, strike, price = datetime.strptime(cells[0], "%Y%m%d").date(), float(cells[1]), float(cells[6])
            except (ValueError, IndexError) as error:
                raise CommandError(f"{path} line {line}: no row of a universe: {error}") from error
            yield strike, cells[2] == "C", expiry.toordinal(), CLOSE_MINUTE, price, price, f"{path} line {line}"


def _minute_rows(path: Path, source: Source) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                found = ENTRY.match(name)
                if found is None:
                    continue
                expiry = datetime.strptime(found["expiry"], "%Y%m%d").date()
                minutes = _closing_quotes(archive.read(name).decode(), source, f"{path} {name}")
                for minute, bid, ask, where in minutes:
                    yield (int(found["strike"]) / STRIKE_SCALE, found["right"] == "call", expiry.toordinal(), minute, bid,
                           ask, where)
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _closing_quotes(text: str, source: Source, where: str) -> Iterator[tuple[int, float, float, str]]:
    """(minute, bid, ask, place) of the rows at a few times of the day; a side that is empty is 0."""
    wanted = {minute + source.minutes_ahead: minute for minute in NEW_YORK_MINUTES}
    for line, cells in enumerate(csv.reader(io.StringIO(text)), start=1):
        place = f"{where} line {line}"
        try:
            minute = int(cells[0]) // 60_000
            bid, ask = (float(cells[column] or 0) * source.price_scale for column in (4, 9))
        except (ValueError, IndexError) as error:
            raise CommandError(f"{place}: no row of minute quotes: {error}") from error
        if bid < 0 or ask < 0:
            raise CommandError(f"{place}: bid {bid:g} and ask {ask:g} are no quote")
        if minute in wanted:
            yield wanted[minute], bid, ask, place
