"""Ticker histories from map files."""
from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from local.engine.enums import SecurityType
from local.engine.files.data_files import DataFileError
from local.engine.market.symbol import DEFAULT_DATE, Symbol

_NEVER_DELISTED_YEAR = 2050


class MapFile:
    """Dates up to which an equity traded under its tickers."""

    def __init__(self, rows: list[tuple[date, str]]) -> None:
        self.rows = rows

    @property
    def first_date(self) -> date:
        """First date of the equity."""
        return self.rows[0][0]

    @property
    def first_ticker(self) -> str:
        """Ticker the equity began with."""
        return self.rows[0][1].upper()

    @property
    def delisting_date(self) -> date | None:
        """Last trading date, None while it trades."""
        last = self.rows[-1][0]
        return None if last.year >= _NEVER_DELISTED_YEAR else last

    def ticker_on(self, day: date) -> str:
        """Ticker in use on a day."""
        return next((ticker for until, ticker in self.rows if day <= until), self.rows[-1][1])


class MapFiles:
    """Map files of the equities of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[str, str], MapFile | None] = {}
        self._of_symbol: dict[Symbol, MapFile | None] = {}

    def of_ticker(self, market: str, ticker: str) -> MapFile | None:
        """History of the equity that goes by a ticker now, None when there is no file."""
        key = (market.lower(), ticker.lower())
        if key not in self._files:
            path = self._folder / "equity" / key[0] / "map_files" / f"{key[1]}.csv"
            self._files[key] = _read(path) if path.is_file() else None
        return self._files[key]

    def first_of(self, market: str, ticker: str) -> tuple[str, datetime]:
        """First ticker and first date, which an equity's identifier carries."""
        found = self.of_ticker(market, ticker)
        if found is None:
            return ticker.upper(), DEFAULT_DATE
        return found.first_ticker, datetime(found.first_date.year, found.first_date.month, found.first_date.day)

    def of_symbol(self, symbol: Symbol) -> MapFile | None:
        """History of an equity by its symbol."""
        if symbol not in self._of_symbol:
            self._of_symbol[symbol] = self._find(symbol)
        return self._of_symbol[symbol]

    def _find(self, symbol: Symbol) -> MapFile | None:
        found = self.of_ticker(symbol.id.market, symbol.value)
        if found is not None and found.first_ticker == symbol.id.symbol:
            return found
        folder = self._folder / "equity" / symbol.id.market / "map_files"
        for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
            other = _read(path)
            if other.first_ticker == symbol.id.symbol and other.first_date == symbol.id.date.date():
                return other
        return found

    def ticker_on(self, symbol: Symbol, day: date) -> str:
        """Ticker files of a day are named by: the equity's own, or its underlying's for options."""
        owner = symbol.underlying if symbol.security_type == SecurityType.OPTION else symbol
        if owner.security_type != SecurityType.EQUITY:
            return owner.value
        history = self.of_symbol(owner)
        return owner.value if history is None else history.ticker_on(day)


def _read(path: Path) -> MapFile:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.split(",")
        try:
            rows.append((datetime.strptime(fields[0], "%Y%m%d").date(), fields[1]))
        except (ValueError, IndexError) as error:
            raise DataFileError(f"{path}, line {number}: malformed map file row ({error})") from error
    if not rows:
        raise DataFileError(f"{path} is empty")
    return MapFile(rows)
