"""Daily chains from universe files: one row a contract with the close, implied volatility and Greeks of a day."""
from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from pathlib import Path

from local.engine.enums import OptionRight, SecurityType
from local.engine.files.data_files import DataFileError, universe_file
from local.engine.files.day_source import DaySource
from local.engine.market.chains import FuturesContract, Greeks, OptionContract
from local.engine.market.futures_expiry import expiry_of_month
from local.engine.market.market_hours import MarketHoursDatabase, SecurityExchangeHours
from local.engine.market.symbol import Symbol

_OPTION_FIELDS = 9
_CHAINS_KEPT = 12
SUNDAY = 6      # monthly options once expired on Saturdays


def _number(row: list[str], index: int, source: tuple[Path, int]) -> float:
    try:
        value = float(row[index])
    except (IndexError, ValueError) as error:
        text = row[index] if index < len(row) else ""
        if not text:
            return 0.0
        raise DataFileError(f"{source[0]}, line {source[1]}: '{text}' is not a number") from error
    if not math.isfinite(value):
        raise DataFileError(f"{source[0]}, line {source[1]}: '{row[index]}' is not a number")
    return value


def _contract(fields: list[str], is_negative_allowed: bool) -> tuple[datetime, OptionRight, float]:
    """Expiry, right and strike of an option's row; KeyError or ValueError where they are none."""
    expiry = datetime.strptime(fields[0], "%Y%m%d")
    if expiry.weekday() == SUNDAY:
        raise ValueError(f"{fields[0]} is a Sunday")
    strike = float(fields[1])
    if not math.isfinite(strike) or strike == 0.0 or (strike < 0.0 and not is_negative_allowed):
        raise ValueError(f"no strike: {fields[1]}")
    return expiry, {"C": OptionRight.CALL, "P": OptionRight.PUT}[fields[2].upper()], strike


class UniverseRow:
    """A row of a universe file; numbers are parsed when they are read."""

    __slots__ = ("symbol", "end_time", "fields", "offset", "source", "underlying_price")

    def __init__(self, symbol: Symbol, end_time: datetime, fields: list[str], offset: int, source: tuple[Path, int]) -> None:
        self.symbol, self.end_time, self.fields, self.offset, self.source = symbol, end_time, fields, offset, source
        self.underlying_price = 0.0

    def number(self, index: int) -> float:
        """Field by its place after the key fields: open, high, low, close, volume, open interest, IV, Greeks."""
        return _number(self.fields, self.offset + index, self.source)


class UniverseGreeks(Greeks):
    """Greeks at the close, each parsed when it is read; the file's theta is per day."""

    __slots__ = ("_number",)

    def __init__(self, row: UniverseRow) -> None:
        self._number = row.number

    delta = property(lambda self: self._number(7))
    gamma = property(lambda self: self._number(8))
    vega = property(lambda self: self._number(9))
    theta = property(lambda self: self._number(10) * 365.0)
    rho = property(lambda self: self._number(11))
    lambda_ = property(lambda self: 0.0)


class UniverseOption(OptionContract):
    """An option as its universe row shows it: bid, ask and last are the close."""

    def __init__(self, row: UniverseRow, strike_multiplier: float) -> None:
        self._row, self._strike_multiplier = row, strike_multiplier
        self.symbol, self.time = row.symbol, row.end_time

    @property
    def last_price(self) -> float:
        """Close of the day."""
        return self._row.number(3)

    bid_price = ask_price = price = value = close = last_price

    @property
    def bid_size(self) -> int:
        """Not in universe files."""
        return 0

    ask_size = bid_size

    @property
    def volume(self) -> int:
        """Contracts traded."""
        return int(self._row.number(4))

    @property
    def open_interest(self) -> float:
        """Contracts open."""
        return self._row.number(5)

    @property
    def implied_volatility(self) -> float:
        """Implied volatility at the close."""
        return self._row.number(6)

    @property
    def greeks(self) -> Greeks:
        """Greeks at the close."""
        return UniverseGreeks(self._row)

    @property
    def theoretical_price(self) -> float:
        """Not in universe files."""
        return 0.0

    @property
    def underlying_last_price(self) -> float:
        """The underlying's close."""
        return self._row.underlying_price


class UniverseFuture(FuturesContract):
    """A futures contract as its universe row shows it."""

    def __init__(self, row: UniverseRow) -> None:
        super().__init__(row.symbol, row.end_time)
        self.last_price = self.bid_price = self.ask_price = row.number(3)
        self.volume, self.open_interest = int(row.number(4)), row.number(5)


def _called(canonical: Symbol, ticker: str) -> Symbol:
    """The chain of a share under the ticker it had then, after which its contracts are named."""
    name, share = ticker.lstrip("?").upper(), canonical.underlying
    if canonical.security_type != SecurityType.OPTION or name == share.value:
        return canonical
    return Symbol(canonical.id, canonical.value, Symbol(share.id, name, share.underlying))


class UniverseStore:
    """Universe files of a data folder; parsed ones and the symbols in them are kept."""

    def __init__(self, folder: Path, hours: MarketHoursDatabase, source: DaySource | None = None) -> None:
        self._folder, self._hours, self._source = folder, hours, source
        self._rows: dict[Path, list[UniverseRow] | None] = {}
        self._symbols: dict[Symbol, dict[tuple[str, ...], Symbol]] = {}

    def latest(self, canonical: Symbol, ticker: str, today: date, lookback: int = 3) -> list[UniverseRow]:
        """Rows of the last trading day before a date that has a file, at most `lookback` trading days ago."""
        exchange = self.exchange_hours(canonical)
        day = datetime(today.year, today.month, today.day)
        for _ in range(lookback):
            day = exchange.get_previous_trading_day(day)
            rows = self.rows(canonical, ticker, day.date())
            if rows:
                return rows
        return []

    def exchange_hours(self, canonical: Symbol) -> SecurityExchangeHours:
        """Exchange hours of a chain."""
        name = canonical.underlying.value if canonical.security_type == SecurityType.OPTION else canonical.id.symbol
        return self._hours.get_entry(canonical.id.market, name, canonical.security_type).exchange_hours

    def rows(self, canonical: Symbol, ticker: str, day: date) -> list[UniverseRow] | None:
        """Rows of one day's file, None when there is no file."""
        path = universe_file(self._folder, canonical, ticker, day)
        if path not in self._rows:
            if len(self._rows) >= _CHAINS_KEPT:
                del self._rows[next(iter(self._rows))]
            self._rows[path] = self._read(path, _called(canonical, ticker), day)
        return self._rows[path]

    def _read(self, path: Path, canonical: Symbol, day: date) -> list[UniverseRow] | None:
        text = self._text(path)
        if text is None:
            return None
        end = datetime(day.year, day.month, day.day) + timedelta(days=1)
        is_future, today = canonical.security_type == SecurityType.FUTURE, f"{day:%Y%m%d}"
        make, key_fields = (self._future, 1) if is_future else (self._option, 3)
        symbols = self._symbols.setdefault(canonical, {})
        rows, underlying_price = [], 0.0
        for number, line in enumerate(text.split("\n"), start=1):
            if not line or line[0] == "#":
                continue
            fields, source = line.rstrip("\r").split(","), (path, number)
            if not is_future and not any(fields[:3]):
                underlying_price = _number(fields, 6, source)
                continue
            if not is_future and len(fields) < _OPTION_FIELDS:
                raise DataFileError(f"{path}, line {number}: {len(fields)} fields where at least 9 belong")
            key = tuple(fields[:key_fields])
            symbol = symbols.get(key)
            if symbol is None:
                symbol = symbols[key] = make(canonical, fields, source)
            if not is_future and fields[0] < today:
                raise DataFileError(f"{path}, line {number}: the contract expired on {fields[0]}, before {today}")
            rows.append(UniverseRow(symbol, end, fields, key_fields, source))
        for row in rows:
            row.underlying_price = underlying_price
        return rows

    def _text(self, path: Path) -> str | None:
        if self._source is not None:
            return self._source.text(path.relative_to(self._folder).as_posix())
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise DataFileError(f"{path} is not text: {error.reason}") from error

    @staticmethod
    def _option(canonical: Symbol, fields: list[str], source: tuple[Path, int]) -> Symbol:
        try:
            expiry, right, strike = _contract(fields, canonical.security_type == SecurityType.FUTURE_OPTION)
        except (ValueError, KeyError) as error:
            raise DataFileError(f"{source[0]}, line {source[1]}: malformed contract ({error})") from error
        style, market = canonical.id.option_style, canonical.id.market
        target = () if canonical.security_type == SecurityType.OPTION else (canonical.id.symbol,)
        return Symbol.create_option(canonical.underlying, *target, market, style, right, strike, expiry)

    def _future(self, canonical: Symbol, fields: list[str], source: tuple[Path, int]) -> Symbol:
        try:
            month = datetime.strptime(fields[0], "%Y%m").date()
        except ValueError as error:
            raise DataFileError(f"{source[0]}, line {source[1]}: '{fields[0]}' is not a contract month") from error
        expiry = expiry_of_month(canonical.id.symbol, canonical.id.market, month, self._hours)
        return Symbol.create_future(canonical.id.symbol, canonical.id.market, expiry)
