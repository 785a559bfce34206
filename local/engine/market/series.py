"""Bars of one security and one kind as time goes by: files are opened only when somebody looks."""
from __future__ import annotations

import bisect
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from local.engine.enums import Resolution, SecurityType, TickType
from local.engine.files.bar_columns import BarColumns, columns_of, parse_numbers, split_dated_lines, written_decimals
from local.engine.files.data_files import bar_file, is_per_day, read_zip_entry
from local.engine.files.day_source import DaySource
from local.engine.market.market_hours import MarketHoursEntry
from local.engine.market.symbol import Symbol
from local.engine.time_zones import convert, convert_to_utc, local_of_second, midnight_utc_seconds, seconds_of

ALL_TIME = date(1970, 1, 1)
RESOLUTION_SECONDS = {Resolution.SECOND: 1, Resolution.MINUTE: 60, Resolution.HOUR: 3600, Resolution.DAILY: 86_400}
_KIND_OF_TICK = {TickType.TRADE: "trade", TickType.QUOTE: "quote", TickType.OPEN_INTEREST: "openinterest"}
_WIDTH = {"trade": 6, "quote": 11, "openinterest": 2}
_CHUNKS_KEPT = 8
_PARSED_KEPT = 2
_SCALED_TYPES = (SecurityType.EQUITY, SecurityType.OPTION, SecurityType.INDEX_OPTION)


class ParsedFiles:
    """Numbers of the last file entries that were read, shared by the loaders of one security that differ in hours or
    scaling only: each entry is read once for all of them."""

    def __init__(self) -> None:
        self._kept: dict[date, tuple[np.ndarray | None, int]] = {}

    def take(self, chunk: date, read: Callable[[], tuple[np.ndarray | None, int]]) -> tuple[np.ndarray | None, int]:
        """What was read for a chunk, or is read now. The numbers must not be changed."""
        if chunk not in self._kept:
            if len(self._kept) >= _PARSED_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[chunk] = read()
        return self._kept[chunk]


class BarLoader:
    """Reads a security's bars chunk by chunk (a day, a year or all there is) and filters them by exchange hours."""

    def __init__(self, folder: Path, symbol: Symbol, tick_type: TickType, resolution: Resolution, hours: MarketHoursEntry,
                 extended: bool, ticker_on: Callable[[date], str],
                 scale_on: Callable[[date], tuple[float, float]] | None = None,
                 parsed: ParsedFiles | None = None, source: DaySource | None = None) -> None:
        if resolution not in RESOLUTION_SECONDS:
            raise NotImplementedError(f"Resolution.{resolution} data")
        self.symbol, self.resolution, self.kind = symbol, resolution, _KIND_OF_TICK[tick_type]
        self._folder, self._tick_type, self._hours, self._extended = folder, tick_type, hours, extended
        self._ticker_on, self._scale_on, self._source = ticker_on, scale_on, source
        self._parsed = ParsedFiles() if parsed is None else parsed
        self._chunks: dict[date, BarColumns] = {}
        self._missing: set[date] = set()
        self.decimals = 0
        self.per_day = is_per_day(resolution)
        self._per_year = not self.per_day and symbol.security_type.is_option()

    def chunk_of(self, second: int) -> date:
        """Key of the chunk in which a bar that ends at an instant would be."""
        if not (self.per_day or self._per_year):
            return ALL_TIME
        zone = self._hours.data_time_zone
        day = local_of_second(second - 1, zone).date()
        return day if self.per_day else date(day.year, 1, 1)

    def previous_chunk(self, chunk: date) -> date:
        """Key of the chunk before."""
        if self.per_day:
            return chunk - timedelta(days=1)
        return date(chunk.year - 1, 1, 1) if self._per_year else date.min

    def next_chunk(self, chunk: date) -> date:
        """Key of the chunk after."""
        if self.per_day:
            return chunk + timedelta(days=1)
        return date(chunk.year + 1, 1, 1) if self._per_year else date.max

    def chunk_end(self, chunk: date) -> int:
        """Instant up to which a chunk is the one to look into."""
        if self.per_day:
            return midnight_utc_seconds(chunk + timedelta(days=1), self._hours.data_time_zone)
        return seconds_of(datetime(chunk.year + 1, 1, 1)) if self._per_year else 1 << 40

    def load(self, chunk: date) -> BarColumns | None:
        """Bars of a chunk, None when there are none."""
        found = self._chunks.get(chunk)
        if found is None and chunk not in self._missing:
            found = self._read(chunk)
            if found is None:
                self._missing.add(chunk)
                return None
            if len(self._chunks) >= _CHUNKS_KEPT:
                del self._chunks[next(iter(self._chunks))]
            self._chunks[chunk] = found
        return found

    def _read(self, chunk: date) -> BarColumns | None:
        scaled = self.symbol.security_type in _SCALED_TYPES
        numbers, decimals = self._parsed.take(chunk, lambda: self._parse(chunk, scaled))
        if numbers is None:
            return None
        if not scaled and self.per_day:
            self.decimals = decimals
        starts, ends = self._times(numbers[:, 0], chunk)
        keep = self._open_mask(starts, ends)
        if not keep.all():
            numbers, starts, ends = numbers[keep], starts[keep], ends[keep]
        if not len(ends):
            return None
        columns = columns_of(self.kind, numbers if np.isfinite(numbers).all() else np.nan_to_num(numbers), scaled)
        self._adjust(columns, chunk, starts)
        return BarColumns(chunk, self.kind, starts, ends, columns)

    def _parse(self, chunk: date, scaled: bool) -> tuple[np.ndarray | None, int]:
        path, entry = bar_file(self._folder, self.symbol, self._ticker_on(chunk), self.resolution, self._tick_type, chunk)
        if self._source is not None and self.per_day:
            return self._source.rows(path.relative_to(self._folder).as_posix(), entry) or (None, 0)
        data = read_zip_entry(path, entry)
        if data is None:
            return None, 0
        if not self.per_day:
            data = split_dated_lines(data)
        numbers = parse_numbers(data, _WIDTH[self.kind], path, entry)
        return numbers, 0 if scaled or not self.per_day else written_decimals(data, numbers, self.kind)

    def _times(self, raw: np.ndarray, chunk: date) -> tuple[np.ndarray, np.ndarray]:
        if self.per_day:
            midnight = midnight_utc_seconds(chunk, self._hours.data_time_zone)
            starts = midnight + (raw // 1000).astype(np.int64)
            return starts, starts + RESOLUTION_SECONDS[self.resolution]
        spans = [self._span_of(int(stamp)) for stamp in raw]
        return np.array([s for s, _ in spans], dtype=np.int64), np.array([e for _, e in spans], dtype=np.int64)

    def _span_of(self, stamp: int) -> tuple[int, int]:
        """Start and end of an hourly or daily bar; a day runs from the regular open to the regular close."""
        when = datetime(stamp // 100_000_000, stamp // 1_000_000 % 100, stamp // 10_000 % 100, stamp // 100 % 100, stamp % 100)
        exchange = self._hours.exchange_hours
        if self.resolution == Resolution.HOUR:
            start = seconds_of(convert_to_utc(when, self._hours.data_time_zone))
            return start, start + 3600
        local = convert(when, self._hours.data_time_zone, exchange.time_zone) if when.hour else when
        spans = exchange.open_spans_utc(local.date(), False)
        if exchange.is_market_always_open or not spans:
            start = seconds_of(convert_to_utc(local, exchange.time_zone))
            return start, start + 86_400
        return spans[0][0], spans[-1][1]

    def _open_mask(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        if self.kind == "openinterest" or not len(starts) or self.resolution == Resolution.DAILY:
            return np.ones(len(starts), dtype=bool)
        exchange, keep = self._hours.exchange_hours, np.zeros(len(starts), dtype=bool)
        day = local_of_second(int(starts[0]), exchange.time_zone).date()
        last = local_of_second(int(ends[-1]), exchange.time_zone).date()
        while day <= last:
            for opening, close in exchange.open_spans_utc(day, self._extended):
                keep |= (starts < close) & (ends > opening)
            day += timedelta(days=1)
        return keep

    def _adjust(self, columns: dict[str, np.ndarray], chunk: date, starts: np.ndarray) -> None:
        if self._scale_on is None:
            return
        if self.per_day:
            scales = np.array([self._scale_on(chunk)])
        else:
            zone = self._hours.exchange_hours.time_zone
            scales = np.array([self._scale_on(local_of_second(int(s), zone).date()) for s in starts])
        factors, added = scales[:, 0], scales[:, 1]
        if (factors == 1).all() and not added.any():
            return
        for name, values in columns.items():
            if name.endswith("size") or name == "volume":
                columns[name] = np.round(values / factors)
            elif name != "open_interest":
                columns[name] = np.where(values != 0, values * factors + added, 0.0)


class BarSeries:
    """A subscription to a loader's bars from a first instant on.

    With `carry` a quote bar that lacks a side takes over that side of the bar before it, as LEAN's filled-forward
    quotes do; nothing is carried over from before the first instant.

    Attributes
    ----------
    bars, index
        Columns and row the series stands on, after a successful `seek`. They hold for the instants from `_from` up to
        `_until`, so that a second look at the same bar is one comparison.
    """

    __slots__ = ("loader", "first_end", "until", "bars", "index", "_carry", "_carried", "_from", "_until",
                 "_first_chunk", "_empty_through", "_chunk_end")

    def __init__(self, loader: BarLoader, first_end: int, carry: bool = True) -> None:
        self.loader, self.first_end, self.until = loader, first_end, 1 << 40
        self._carry = carry and loader.kind == "quote"
        self._carried: dict[date, BarColumns] = {}
        self.bars: BarColumns | None = None
        self.index, self._from, self._until, self._chunk_end = -1, 0, 0, 0
        self._first_chunk, self._empty_through = loader.chunk_of(first_end), date.min

    def seek(self, second: int) -> bool:
        """Moves to the last bar that ended by an instant; False when there is none yet."""
        if self._from <= second < self._until:
            return self.index >= 0
        if self._until <= second < self._chunk_end and second <= self.until:  # a later bar of the same chunk
            ends, index = self.bars.ends, self.index + 1
            if index + 1 < len(ends) and ends[index + 1] <= second:
                index = bisect.bisect_right(ends, second, index + 1) - 1
            self.index = index
            following = ends[index + 1] if index + 1 < len(ends) else self._chunk_end
            self._from, self._until = second, following if following < self._chunk_end else self._chunk_end
            return True
        return self._search(second)

    def ends_at(self, second: int) -> bool:
        """Moves as `seek` does; whether the bar ends at the instant itself."""
        if second == self._until < self._chunk_end and second <= self.until:  # the next bar of the same chunk
            ends, index = self.bars.ends, self.index + 1
            following = ends[index + 1] if index + 1 < len(ends) else self._chunk_end
            if following > second:
                self.index, self._from = index, second
                self._until = following if following < self._chunk_end else self._chunk_end
                return True
        return self.seek(second) and self.bars.ends[self.index] == second

    def _search(self, second: int) -> bool:
        """Goes to the last bar by an instant through the chunks, from the instant's own backwards."""
        wanted = min(second, self.until)
        chunk = latest = self.loader.chunk_of(wanted)
        limit, bars, index = self.loader.chunk_end(chunk), None, -1
        chunk_end = limit
        while chunk >= self._first_chunk and chunk > self._empty_through:
            bars = self._load(chunk)
            if bars is not None:
                index = bars.index_at(wanted)
                if index + 1 < len(bars):
                    limit = min(limit, bars.ends[index + 1])
                if index >= 0:
                    break
            chunk = self.loader.previous_chunk(chunk)
        if index >= 0 and bars.ends[index] < self.first_end:
            index = -1
        if index < 0 and self._from <= second:
            self._empty_through = max(self._empty_through, self.loader.previous_chunk(latest))
        self.bars, self.index, self._from = bars, index, second
        self._until = limit if limit > second else second + 1
        self._chunk_end = chunk_end if index >= 0 and chunk == latest else 0
        return index >= 0

    def _load(self, chunk: date) -> BarColumns | None:
        bars = self.loader.load(chunk)
        if bars is None or not self._carry or bars.has_both_sides:
            return bars
        if chunk not in self._carried:
            if len(self._carried) >= _CHUNKS_KEPT:
                del self._carried[next(iter(self._carried))]
            self._carried[chunk] = self._carry_sides(bars)
        return self._carried[chunk]

    def _carry_sides(self, bars: BarColumns) -> BarColumns:
        first = bars.index_at(self.first_end - 1) + 1
        columns = dict(bars.columns)
        for side in ("bid", "ask"):
            names = [f"{side}_{part}" for part in ("open", "high", "low", "close")]
            table = np.column_stack([columns[name] for name in names])
            there = (table != 0).any(axis=1)
            there[:first] = False
            last = np.maximum.accumulate(np.where(there, np.arange(len(there)), -1))
            carried = table[np.maximum(last, 0)]
            if (last < 0).any():
                carried[last < 0] = self._last_side(bars.day, names)
            columns.update({name: carried[:, index] for index, name in enumerate(names)})
        return BarColumns(bars.day, bars.kind, np.array(bars.starts, dtype=np.int64), bars.end_array, columns)

    def _last_side(self, chunk: date, names: list[str]) -> list[float]:
        while chunk > self._first_chunk:
            chunk = self.loader.previous_chunk(chunk)
            earlier = self._load(chunk)
            if earlier is not None and earlier.ends[-1] >= self.first_end:
                return [earlier.values(name)[-1] for name in names]
        return [0.0] * len(names)

    def end(self) -> int:
        """End of the bar the series stands on."""
        return self.bars.ends[self.index]

    def get(self, name: str) -> float:
        """Value of a column in the bar the series stands on."""
        return self.bars.values(name)[self.index]

    def last_nonzero(self, name: str) -> float:
        """Last value of a column that was not zero, up to the bar the series stands on; 0 when there was none."""
        value = self.bars.filled(name)[self.index]
        chunk = self.bars.day
        while value == 0 and chunk > self._first_chunk:
            chunk = self.loader.previous_chunk(chunk)
            earlier = self._load(chunk)
            value = earlier.filled(name)[-1] if earlier is not None and earlier.ends[-1] >= self.first_end else 0.0
        return value

    def first_end_in(self, start: int, stop: int) -> int | None:
        """End of the first bar that ends within (start, stop], None when there is none."""
        start = max(start, self.first_end - 1)
        chunk, last = self.loader.chunk_of(start + 1), self.loader.chunk_of(stop)
        while chunk <= last:
            bars = self._load(chunk)
            if bars is not None and bars.ends[-1] > start:
                first = bars.ends[bars.index_at(start) + 1]
                return first if first <= stop else None
            if chunk == last:
                break
            chunk = self.loader.next_chunk(chunk)
        return None

    def ends_in(self, start: int, stop: int) -> np.ndarray:
        """Ends of all bars that end within (start, stop]."""
        chunk, last = self.loader.chunk_of(start + 1), self.loader.chunk_of(stop)
        found = []
        while chunk <= last:
            bars = self._load(chunk)
            if bars is not None:
                ends = bars.end_array
                found.append(ends[(ends > start) & (ends <= stop) & (ends >= self.first_end)])
            if chunk == last:
                break
            chunk = self.loader.next_chunk(chunk)
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def rows_between(self, start: int, stop: int) -> list[tuple[BarColumns, int, int]]:
        """Runs of rows whose bars start at or after one instant and end by another."""
        found = []
        chunk, last = self.loader.chunk_of(start + 1), self.loader.chunk_of(stop)
        while chunk <= last:
            bars = self._load(chunk)
            if bars is not None:
                low = bisect.bisect_left(bars.starts, start)
                low = max(low, bisect.bisect_left(bars.ends, self.first_end))
                high = bars.index_at(min(stop, self.until)) + 1
                if low < high:
                    found.append((bars, low, high))
            if chunk == last:
                break
            chunk = self.loader.next_chunk(chunk)
        return found
