"""History: bars before the clock's instant, as frames or objects."""
from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from local.engine.enums import DataMappingMode, DataNormalizationMode, Resolution, SecurityType, TickType
from local.engine.market.bar_counts import bar_count_start
from local.engine.market.bars import OpenInterest, QuoteBar, TradeBar
from local.engine.market.custom_data import PythonData
from local.engine.market.derivatives import Future
from local.engine.market.feed import Feed
from local.engine.market.security import make_bar
from local.engine.market.series import BarSeries
from local.engine.market.subscription import Subscription, tick_types_of
from local.engine.market.symbol import Symbol, SymbolCache
from local.engine.time_zones import convert, convert_from_utc, convert_to_utc, local_of_second, seconds_of
from local.engine.universes.chain_history import chain_frame

_SIDES = ("bidclose", "bidhigh", "bidlow", "bidopen", "bidsize", "askclose", "askhigh", "asklow", "askopen", "asksize")
_TICK_OF_TYPE = {TradeBar: TickType.TRADE, QuoteBar: TickType.QUOTE, OpenInterest: TickType.OPEN_INTEREST}


class HistoryRequest:
    """One symbol's bars of one kind between two UTC seconds."""

    def __init__(self, feed: Feed, symbol: Symbol, tick_type: TickType, resolution: Resolution, start: int, end: int,
                 fill_forward: bool, extended: bool, mode: DataNormalizationMode,
                 mapping: DataMappingMode = DataMappingMode.OPEN_INTEREST) -> None:
        loader = feed.loader(symbol, tick_type, resolution, extended, mode, mapping, (start, end))
        self.symbol, self.tick_type, self.start, self.end = symbol, tick_type, start, end
        self.series = BarSeries(loader, start, fill_forward)
        hours = feed.hours_of(symbol)
        self.zone = hours.exchange_hours.time_zone
        self._subscription = Subscription(symbol, tick_type, resolution, fill_forward, extended, hours, self.series)

    def ends(self) -> list[int]:
        """Ends of the bars, those filled forward included."""
        self._subscription.first_bar_end = self.series.first_end_in(self.start - 1, self.end)
        return self._subscription.steps(self.start, self.end).tolist()

    def bars(self) -> list[Any]:
        """The bars as objects."""
        found = []
        for end in self.ends():
            if self.tick_type == TickType.OPEN_INTEREST:
                found.append(self._interest(end))
            elif self.series.seek(end):
                found.append(make_bar(self.symbol, self.series, self.zone, end))
        return found

    def _interest(self, end: int) -> OpenInterest:
        self.series.seek(end)
        return OpenInterest(local_of_second(end, self.zone), self.symbol, self.series.get("open_interest"))

    def _names(self) -> tuple[str, ...]:
        if self.tick_type == TickType.OPEN_INTEREST:
            return ("open_interest",)
        return ("close", "high", "low", "open", "volume") if self.tick_type == TickType.TRADE else (
            "bid_close", "bid_high", "bid_low", "bid_open", "bid_size", "ask_close", "ask_high", "ask_low", "ask_open",
            "ask_size", "close", "high", "low", "open")

    def columns(self) -> pd.DataFrame:
        """The bars as columns, by end in exchange time; without volumes where there are none at all."""
        ends, names = self.ends(), self._names()
        table = self._table(ends, names)
        if self.tick_type == TickType.TRADE and not table[-1].any():
            table, names = table[:-1], names[:-1]
        return pd.DataFrame(table.T, index=_local_index(self.zone, tuple(ends)), columns=[name.replace("_", "") for name in names])

    def _table(self, ends: list[int], names: Sequence[str]) -> np.ndarray:
        """A row for each name, a column for each end; what is filled forward has no volume."""
        loader = self.series.loader
        if ends and loader.chunk_of(ends[0]) == loader.chunk_of(ends[-1]):
            self.series.seek(ends[-1])
            bars = self.series.bars
            index = np.searchsorted(bars.end_array, ends, side="right") - 1
            if bars.day == loader.chunk_of(ends[0]) and index[0] >= 0:
                table = np.array([bars.column(name)[index] for name in names])
                if self.tick_type == TickType.TRADE:
                    table[-1, bars.end_array[index] != ends] = 0.0
                return table
        rows = []
        for end in ends:
            self.series.seek(end)
            row = [self.series.get(name) for name in names]
            if self.tick_type == TickType.TRADE and self.series.end() != end:
                row[-1] = 0.0
            rows.append(row)
        return np.array(rows, dtype=float).reshape(len(rows), len(names)).T


@functools.lru_cache(maxsize=64)
def _local_index(zone: str, ends: tuple[int, ...]) -> pd.DatetimeIndex:
    local = np.array([seconds_of(local_of_second(end, zone)) for end in ends], dtype="datetime64[s]")
    return pd.DatetimeIndex(local.astype("datetime64[ns]"))


class History:
    """The algorithm's `history`: called for frames, or as `history[TradeBar](…)` for bars."""

    def __init__(self, feed: Feed, algorithm: Any, kind: type | None = None) -> None:
        self._feed, self._algorithm, self._kind = feed, algorithm, kind

    def __getitem__(self, kind: type) -> History:
        return History(self._feed, self._algorithm, kind)

    def __call__(self, *args: Any, **named: Any) -> Any:
        frame_of: type | None = None
        if args and isinstance(args[0], type):
            frame_of, args = args[0], args[1:]
        kind = self._kind or frame_of
        if kind is not None and issubclass(kind, PythonData):
            values = _arguments(args, named)
            return self._algorithm.custom_history(self._symbol(values["symbols"]), values["start"], values["end"])
        if kind is not None and kind not in _TICK_OF_TYPE:
            raise NotImplementedError(f"history of {kind.__name__}")
        if kind is None and self._is_of_chain(args, named):
            return self._chain(args, named)
        symbols, single, requests = self._requests(args, named, kind)
        if self._kind is None:
            return _frame(requests)
        if single:
            return [bar for request in requests for bar in request.bars()]
        return _by_time(requests)

    @staticmethod
    def _is_of_chain(args: Sequence[Any], named: dict[str, Any]) -> bool:
        given = args[0] if args else named.get("symbol", named.get("symbols"))
        symbol = getattr(given, "symbol", given)
        return isinstance(symbol, Symbol) and symbol.is_canonical() and symbol.security_type.is_option()

    def _chain(self, args: Sequence[Any], named: dict[str, Any]) -> pd.DataFrame:
        if not named.get("flatten"):
            raise NotImplementedError("history of a chain that is not flattened")
        values = _arguments(args, {name: value for name, value in named.items() if name != "flatten"})
        symbol = self._symbol(values["symbols"])
        zone = self._feed.universes.exchange_hours(symbol).time_zone
        span = [local_of_second(second, zone) for second in self._span(symbol, Resolution.DAILY, values)]
        return chain_frame(self._feed, symbol, *span)

    def _requests(self, args: Sequence[Any], named: dict[str, Any], kind: type | None) -> tuple[list[Symbol], bool, list[HistoryRequest]]:
        values = _arguments(args, named)
        given = values["symbols"]
        single = isinstance(given, (Symbol, str)) or hasattr(given, "symbol")
        symbols = [self._symbol(item) for item in ([given] if single else list(given))]
        requests = []
        for symbol in symbols:
            resolution = values.get("resolution") or self._resolution(symbol)
            start, end = self._span(symbol, resolution, values)
            requests += [self._request(symbol, tick, resolution, start, end, values)
                         for tick in ([TickType.OPEN_INTEREST] if kind is OpenInterest
                                      else tick_types_of(symbol.security_type, resolution))
                         if kind is None or tick == _TICK_OF_TYPE[kind]]
        return symbols, single, requests

    def _symbol(self, item: Any) -> Symbol:
        if isinstance(item, Symbol):
            return item
        if isinstance(item, str):
            found = SymbolCache.try_get(item)
            if found is None:
                raise ValueError(f"no symbol is known for the ticker {item}")
            return found
        return item.symbol

    def _resolution(self, symbol: Symbol) -> Resolution:
        security = self._feed.securities.get(symbol)
        return security.resolution if security is not None else self._algorithm.universe_settings.resolution

    def _extended(self, symbol: Symbol, values: dict[str, Any]) -> bool:
        if values.get("extended_market_hours") is not None:
            return bool(values["extended_market_hours"])
        security = self._feed.securities.get(symbol)
        return security.is_extended_market_hours if security is not None else False

    def _span(self, symbol: Symbol, resolution: Resolution, values: dict[str, Any]) -> tuple[int, int]:
        zone, now = self._algorithm.time_zone, self._algorithm._utc_now
        if values.get("periods") is not None:
            exchange = self._feed.hours_of(symbol).exchange_hours
            local = convert_from_utc(now, exchange.time_zone).replace(microsecond=0)
            extended = self._extended(symbol, values) and resolution < Resolution.HOUR
            start = bar_count_start(exchange, local, resolution, values["periods"], extended)
            return seconds_of(convert_to_utc(start, exchange.time_zone)), seconds_of(now)
        if values.get("span") is not None:
            return seconds_of(now - values["span"]), seconds_of(now)
        start, end = (convert_to_utc(values[name].replace(tzinfo=None), zone) for name in ("start", "end"))
        return seconds_of(start), min(seconds_of(end), seconds_of(now))

    def _request(self, symbol: Symbol, tick: TickType, resolution: Resolution, start: int, end: int,
                 values: dict[str, Any]) -> HistoryRequest:
        mode = values.get("data_normalization_mode")
        if mode is None:
            security = self._feed.securities.get(symbol)
            is_equity = symbol.security_type == SecurityType.EQUITY
            mode = security.data_normalization_mode if security is not None else (
                DataNormalizationMode.ADJUSTED if is_equity else DataNormalizationMode.RAW)
        if tick == TickType.OPEN_INTEREST:
            return HistoryRequest(self._feed, symbol, tick, resolution, start, end, False, True, DataNormalizationMode.RAW)
        fill = values.get("fill_forward")
        return HistoryRequest(self._feed, symbol, tick, resolution, start, end, True if fill is None else bool(fill),
                              self._extended(symbol, values), mode, self._mapping(symbol, values))

    def _mapping(self, symbol: Symbol, values: dict[str, Any]) -> DataMappingMode:
        if values.get("data_mapping_mode") is not None:
            return values["data_mapping_mode"]
        security = self._feed.securities.get(symbol)
        return security.mapping if isinstance(security, Future) else self._algorithm.universe_settings.data_mapping_mode


def _arguments(args: Sequence[Any], named: dict[str, Any]) -> dict[str, Any]:
    """Positional arguments by what they are: symbols, then periods, a span or start and end, then a resolution."""
    values, rest = dict(named), list(args)
    if "tickers" in values:
        values["symbols"] = values.pop("tickers")
    for name in ("symbol", "ticker"):
        if name in values:
            values["symbols"] = values.pop(name)
    if "symbols" not in values:
        if not rest or isinstance(rest[0], (int, timedelta)):
            raise NotImplementedError("history of all securities as slices; name the symbols")
        values["symbols"] = rest.pop(0)
    if rest and isinstance(rest[0], timedelta):
        values["span"] = rest.pop(0)
    elif rest and isinstance(rest[0], int):
        values["periods"] = rest.pop(0)
    elif len(rest) >= 2 and isinstance(rest[0], datetime):
        values["start"], values["end"] = rest.pop(0), rest.pop(0)
    for name, value in zip(("resolution", "fill_forward", "extended_market_hours"), rest):
        values.setdefault(name, value)
    if not any(values.get(name) is not None for name in ("periods", "span", "start")):
        raise TypeError("history takes a number of bars, a span or a start and an end")
    return values


def _frame(requests: list[HistoryRequest]) -> pd.DataFrame:
    by_symbol: dict[Symbol, list[pd.DataFrame]] = {}
    for request in requests:
        table = request.columns()
        if len(table):
            by_symbol.setdefault(request.symbol, []).append(table)
    parts = [_labelled(symbol, _joined(tables)) for symbol, tables in by_symbol.items()]
    if not parts:
        return pd.DataFrame()
    names = max((part.index.names for part in parts), key=len)
    if any(part.index.names != names for part in parts):
        parts = [_with_levels(part, names) for part in parts]
    joined = pd.concat(parts) if len(parts) > 1 else parts[0]
    in_order = sorted(joined.columns)
    return joined if in_order == list(joined.columns) else joined[in_order]


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Trade and quote columns side by side, in order where both have the same times; the plain prices are those of the trades
    where there are trades."""
    if len(tables) == 1:
        return tables[0]
    trade, quote = tables
    sides = [name for name in quote.columns if name in _SIDES]
    if not trade.index.equals(quote.index):
        return trade.join(quote[sides], how="outer")
    names = [*trade.columns, *sides]
    in_order = sorted(names)
    values = np.column_stack([trade.to_numpy(), quote.to_numpy()[:, quote.columns.get_indexer(sides)]])
    return pd.DataFrame(values[:, [names.index(name) for name in in_order]], index=trade.index, columns=in_order)


def _labelled(symbol: Symbol, table: pd.DataFrame) -> pd.DataFrame:
    levels: dict[str, Any] = {}
    if symbol.security_type.is_option() or symbol.security_type == SecurityType.FUTURE:
        levels["expiry"] = symbol.id.date
    if symbol.security_type.is_option():
        levels["strike"], levels["type"] = symbol.id.strike_price, str(symbol.id.option_right)
    levels["symbol"] = symbol
    singles = [pd.Index([value], dtype=object if name in ("symbol", "type") else None) for name, value in levels.items()]
    if not (table.index.is_unique and table.index.is_monotonic_increasing):
        table.index = pd.MultiIndex.from_arrays([*(single.repeat(len(table)) for single in singles), table.index],
                                                names=[*levels, "time"])
        return table
    count = len(table)
    table.index = pd.MultiIndex([*singles, table.index], [*(np.zeros(count, dtype=int) for _ in singles), np.arange(count)],
                                names=[*levels, "time"], verify_integrity=False)
    return table


def _with_levels(part: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    values = [part.index.get_level_values(name) if name in part.index.names else pd.Index([""] * len(part)) for name in names]
    part.index = pd.MultiIndex.from_arrays(values, names=names)
    return part


def _by_time(requests: list[HistoryRequest]) -> list[dict[Symbol, Any]]:
    grouped: dict[datetime, dict[Symbol, Any]] = {}
    for request in requests:
        for bar in request.bars():
            when = convert(bar.end_time, request.zone, "UTC")
            grouped.setdefault(when, {})[request.symbol] = bar
    return [grouped[when] for when in sorted(grouped)]
