"""Data of the algorithm's own kind: a class says where lines are and makes a point of each."""
from __future__ import annotations

import bisect
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from local.engine.enums import LeanEnum, Resolution, SecurityType, TickType
from local.engine.market.bars import BaseData
from local.engine.market.market_hours import MarketHoursEntry, SecurityExchangeHours
from local.engine.market.properties import SymbolProperties
from local.engine.market.security import Security
from local.engine.market.subscription import Subscription
from local.engine.market.symbol import SecurityIdentifier, Symbol
from local.engine.time_zones import NEW_YORK, convert_to_utc, local_of_second, seconds_of

HOURS = MarketHoursEntry(NEW_YORK, SecurityExchangeHours.always_open(NEW_YORK))
PROPERTIES = SymbolProperties("", "USD", 1.0, 0.01, 1.0)


class SubscriptionTransportMedium(LeanEnum):
    """Where a source is."""

    LOCAL_FILE = 0
    REMOTE_FILE = 1
    REST = 2
    STREAMING = 3
    OBJECT_STORE = 4


class FileFormat(LeanEnum):
    """How a source is written."""

    CSV = 0
    BINARY = 1
    ZIP_ENTRY_NAME = 2


class SubscriptionDataSource:
    """A file, or a key of the object store."""

    def __init__(self, source: str, transport_medium: SubscriptionTransportMedium = SubscriptionTransportMedium.LOCAL_FILE,
                 format: FileFormat = FileFormat.CSV) -> None:
        self.source, self.transport_medium, self.format, self.sort = source, transport_medium, format, False


class SubscriptionDataConfig:
    """What a stream of custom data is about."""

    def __init__(self, kind: type, symbol: Symbol, resolution: Resolution) -> None:
        self.type, self.symbol, self.resolution = kind, symbol, resolution
        self.mapped_symbol, self.market = symbol.value, symbol.id.market


class PythonData(BaseData):
    """A point with whatever fields its class gives it; the end is the time unless it is set."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._value, self._end = 0.0, None
        super().__init__(None, None, None)

    @property
    def value(self) -> float:
        """The point's value."""
        return self._value

    @value.setter
    def value(self, value: float) -> None:
        self._value = value

    @property
    def end_time(self) -> datetime | None:
        """When the point is known."""
        return self.time if self._end is None else self._end

    @end_time.setter
    def end_time(self, when: datetime | None) -> None:
        self._end = when

    def __setitem__(self, name: str, value: Any) -> None:
        self._fields[_key(name)] = value

    def __getitem__(self, name: str) -> Any:
        return self._fields[_key(name)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._fields[_key(name)] if _key(name) in self._fields else super().__getattr__(name)

    @property
    def fields(self) -> dict[str, Any]:
        """All fields by their plain names."""
        return {**self._fields, "value": self._value}

    def get_source(self, config: SubscriptionDataConfig, date: datetime, is_live_mode: bool) -> SubscriptionDataSource:
        """Where a day's data are."""
        raise NotImplementedError(f"{type(self).__name__}.get_source")

    def reader(self, config: SubscriptionDataConfig, line: str, date: datetime, is_live_mode: bool) -> BaseData | None:
        """A point from a line."""
        raise NotImplementedError(f"{type(self).__name__}.reader")


def _key(name: str) -> str:
    return name.lower().replace("_", "")


def symbol_of(kind: type, ticker: str, market: str) -> Symbol:
    """Symbol of a stream of custom data."""
    return Symbol(SecurityIdentifier(f"{ticker.upper()}.{kind.__name__}", SecurityType.BASE, market), ticker.upper())


class CustomPoints:
    """The points of a kind and symbol, read day by day when they are first wanted."""

    def __init__(self, config: SubscriptionDataConfig, store: Any, folder: Path) -> None:
        self.config, self._store, self._folder = config, store, folder

    def between(self, start: int, stop: int) -> list[tuple[int, Any]]:
        """Points with the second they end, from one second to another; each source is read once."""
        first, last = (local_of_second(second, NEW_YORK).date() for second in (start, stop - 1))
        found, previous, day = [], None, first
        while day <= last:
            source = self.config.type().get_source(self.config, datetime(day.year, day.month, day.day), False)
            if source is not None and (source.source, int(source.transport_medium)) != previous:
                previous = (source.source, int(source.transport_medium))
                found.extend(self._points(source, day))
            day += timedelta(days=1)
        ends = [(seconds_of(convert_to_utc(point.end_time, NEW_YORK)), point) for point in found]
        return [(end, point) for end, point in ends if start <= end <= stop]

    def _points(self, source: SubscriptionDataSource, day: date) -> list[Any]:
        when = datetime(day.year, day.month, day.day)
        read = [self.config.type().reader(self.config, line, when, False) for line in self._lines(source)]
        points = [point for point in read if point is not None]
        return sorted(points, key=lambda point: point.end_time) if source.sort else points

    def _lines(self, source: SubscriptionDataSource) -> Iterator[str]:
        if source.format != FileFormat.CSV:
            raise NotImplementedError(f"custom data in the format {source.format}")
        data = self._bytes(source)
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                data = archive.read(archive.namelist()[0])
        return (line for line in data.decode("utf-8").splitlines() if line.strip())

    def _bytes(self, source: SubscriptionDataSource) -> bytes:
        if source.transport_medium == SubscriptionTransportMedium.OBJECT_STORE:
            return self._store.read_bytes(source.source) or b"" if self._store.contains_key(source.source) else b""
        if source.transport_medium == SubscriptionTransportMedium.LOCAL_FILE:
            path = self._folder / source.source
            return path.read_bytes() if path.is_file() else b""
        raise NotImplementedError(f"custom data from {source.transport_medium}")


class CustomSubscription(Subscription):
    """A stream of points of the algorithm's own kind."""

    def __init__(self, points: CustomPoints, first_end: int, last_end: int) -> None:
        series = _Bounds(first_end)
        super().__init__(points.config.symbol, TickType.TRADE, points.config.resolution, False, True, HOURS, series)
        self._points, self._span = points, (first_end, last_end)
        self._ends: list[int] | None = None
        self._found: list[Any] = []

    def _load(self) -> list[int]:
        if self._ends is None:
            found = self._points.between(*self._span)
            self._ends, self._found = [end for end, _ in found], [point for _, point in found]
        return self._ends

    def steps(self, start: int, stop: int) -> np.ndarray:
        """Instants within (start, stop] at which a point ends."""
        return np.array([end for end in self._load() if start < end <= min(stop, self.until)], dtype=np.int64)

    def bar_at(self, second: int) -> Any:
        """The point that ends at an instant; None when there is none."""
        ends = self._load()
        index = bisect.bisect_left(ends, second)
        return self.point_at(second) if index < len(ends) and ends[index] == second <= self.until else None

    def point_at(self, second: int) -> Any:
        """The last point that ended by an instant."""
        index = bisect.bisect_right(self._load(), min(second, self.until)) - 1
        return self._found[index] if index >= 0 else None


class _Bounds:
    """Where a stream begins and ends, in place of bars."""

    def __init__(self, first_end: int) -> None:
        self.first_end, self.until = first_end, 1 << 40


class CustomSecurity(Security):
    """The security of a stream of custom data: its price is the last point's value."""

    stream: CustomSubscription | None = None

    def _last(self, name: str) -> float:
        point = self.get_last_data()
        return 0.0 if point is None else float(point.value)

    @property
    def has_data(self) -> bool:
        """Whether a point has come."""
        return self.get_last_data() is not None

    def get_last_data(self) -> BaseData | None:
        """The last point."""
        return None if self.stream is None else self.stream.point_at(self._clock.second)

    def attach_series(self, trade: Any, quote: Any) -> None:
        """Prices do not come from bars."""


class Compression:
    """Zip archives as bytes."""

    @staticmethod
    def zip_bytes(data: Any, name: str) -> bytes:
        """An archive with one entry."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, bytes(data))
        return target.getvalue()
