"""Splits and dividends from factor files."""
from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from pathlib import Path

from local.engine.enums import DataNormalizationMode
from local.engine.files.data_files import DataFileError
from local.engine.market.market_hours import SecurityExchangeHours


@dataclasses.dataclass(frozen=True, slots=True)
class FactorRow:
    """Factors that hold up to a date; a change to the next row is a dividend or a split on the trading day after."""

    date: date
    price_factor: float
    split_factor: float
    reference_price: float


@dataclasses.dataclass(frozen=True, slots=True)
class CorporateEvent:
    """A dividend (cash per share) or a split (factor) on a date."""

    date: datetime
    reference_price: float
    distribution: float = 0.0
    split_factor: float = 1.0

    @property
    def is_split(self) -> bool:
        """Whether the event is a split."""
        return self.split_factor != 1.0


class FactorFile:
    """Factors of one equity."""

    def __init__(self, rows: list[FactorRow]) -> None:
        self.rows = sorted(rows, key=lambda row: row.date)

    def scale(self, day: date, with_dividends: bool = True) -> float:
        """What raw prices of a day are multiplied by to be comparable with today's."""
        for row in self.rows:
            if day <= row.date:
                return row.price_factor * row.split_factor if with_dividends else row.split_factor
        return 1.0

    def events(self, hours: SecurityExchangeHours, decimals: int = 2) -> list[CorporateEvent]:
        """All dividends and splits."""
        found = []
        for row, following in zip(self.rows, self.rows[1:]):
            when = hours.get_next_trading_day(datetime(row.date.year, row.date.month, row.date.day))
            if row.price_factor != following.price_factor:
                kept = row.price_factor / following.price_factor
                cash = round(row.reference_price - row.reference_price * kept, decimals)
                found.append(CorporateEvent(when, row.reference_price, distribution=cash))
            if row.split_factor != following.split_factor:
                found.append(CorporateEvent(when, row.reference_price, split_factor=row.split_factor / following.split_factor))
        return found


MODES_OF_SPAN = (DataNormalizationMode.TOTAL_RETURN, DataNormalizationMode.SCALED_RAW)
_SPLITS_ONLY = (DataNormalizationMode.SPLIT_ADJUSTED, DataNormalizationMode.TOTAL_RETURN)


class PriceScale:
    """What raw prices of a day are multiplied by, and what is then added, by a normalization mode.

    Parameters
    ----------
    span
        First and last day of the stream, for the modes that ask.

    Raises
    ------
    NotImplementedError
        For modes that shares do not have.
    """

    def __init__(self, file: FactorFile, mode: DataNormalizationMode, hours: SecurityExchangeHours, span: tuple[date, ...]) -> None:
        if mode not in (DataNormalizationMode.ADJUSTED, *_SPLITS_ONLY, *MODES_OF_SPAN):
            raise NotImplementedError(f"DataNormalizationMode.{mode} of a share")
        self._file, self._with_dividends = file, mode not in _SPLITS_ONLY
        self._base = file.scale(span[1]) if mode == DataNormalizationMode.SCALED_RAW else 1.0
        self._dividends = [(event.date.date(), event.distribution) for event in file.events(hours)
                           if not event.is_split and event.date.date() > span[0]] if mode == DataNormalizationMode.TOTAL_RETURN else []

    def on(self, day: date) -> tuple[float, float]:
        """Factor and addend of a day."""
        added = sum(cash for when, cash in self._dividends if when <= day)
        return self._file.scale(day, self._with_dividends) / self._base, added


class FactorFiles:
    """Factor files of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[str, str], FactorFile | None] = {}

    def get(self, market: str, ticker: str) -> FactorFile | None:
        """Factors of an equity by its current ticker, None when there is no file."""
        key = (market, ticker.lower())
        if key not in self._files:
            path = self._folder / "equity" / market / "factor_files" / f"{key[1]}.csv"
            self._files[key] = _read(path) if path.is_file() else None
        return self._files[key]


def _read(path: Path) -> FactorFile:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or "inf" in line or "e+" in line:
            continue
        fields = line.split(",")
        try:
            day = datetime.strptime(fields[0], "%Y%m%d").date()
            row = FactorRow(day, float(fields[1]), float(fields[2]), float(fields[3]) if len(fields) > 3 else 0.0)
        except (ValueError, IndexError) as error:
            raise DataFileError(f"{path}, line {number}: malformed factor file row ({error})") from error
        if row.price_factor * row.split_factor > 0:
            rows.append(row)
    return FactorFile(rows)


def dividend_yield(events: list[CorporateEvent], when: datetime, price: float) -> float:
    """Dividends of the year that ended with the last one, over the price."""
    midnight = when.replace(hour=0, minute=0, second=0, microsecond=0)
    past = [event for event in events if event.date <= midnight]
    last = next((event for event in reversed(past) if not event.is_split), None)
    if last is None or price == 0:
        return 0.0
    start, total, split = last.date - timedelta(days=350), 0.0, 1.0
    for event in reversed(past):
        if event.date < start:
            break
        if event.is_split:
            split *= event.split_factor
        else:
            total += event.distribution * split
    return total / price
