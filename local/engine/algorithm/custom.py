"""The part of QCAlgorithm that adds data of the algorithm's own kind."""
from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from local.engine.enums import Market, Resolution, SecurityType
from local.engine.market.custom_data import (HOURS, PROPERTIES, CustomPoints, CustomSecurity, CustomSubscription,
                                             SubscriptionDataConfig, symbol_of)
from local.engine.market.symbol import SecurityIdentifier, Symbol, SymbolCache
from local.engine.time_zones import convert_to_utc, seconds_of


class CustomDataMixin:
    """Custom data; needs the data mixin."""

    def _init_custom(self) -> None:
        self._custom: dict[Symbol, CustomPoints] = {}

    def add_data(self, kind: type, ticker: str, resolution: Resolution | None = None, *args: Any, **named: Any) -> CustomSecurity:
        """Adds a stream of points of a class with `get_source` and `reader`; it starts with the algorithm."""
        if args or named:
            raise NotImplementedError("add_data with more than a class, a ticker and a resolution")
        if self._locked:
            raise NotImplementedError("add_data after initialize")
        resolution = self.universe_settings.resolution if resolution is None else resolution
        symbol = symbol_of(kind, ticker, Market.USA)
        security = CustomSecurity(symbol, self._clock, HOURS, PROPERTIES)
        security.is_tradable, security.resolution = False, resolution
        self._feed.securities.remember(symbol, security)
        self.securities.list_security(symbol, security)
        SymbolCache.set(symbol.value, symbol)
        self._custom[symbol] = CustomPoints(SubscriptionDataConfig(kind, symbol, resolution), self.object_store, self._feed.folder)
        return security

    def _add_unknown(self, ticker: str) -> CustomSecurity:
        """Adds what an order names by a ticker nobody knows: LEAN takes it for data that never come."""
        symbol = Symbol(SecurityIdentifier(ticker, SecurityType.BASE, "empty"), ticker)
        security = CustomSecurity(symbol, self._clock, HOURS, PROPERTIES)
        self._prepare_new_security(security)
        self.securities.list_security(symbol, security)
        SymbolCache.set(ticker, symbol)
        return security

    def _start_custom(self) -> None:
        """Starts the streams; comes when the feed knows its span."""
        for symbol, points in self._custom.items():
            stream = CustomSubscription(points, self._clock.second, self._feed.end_second)
            self.securities[symbol].stream = stream
            self._feed.add_stream(stream)

    def custom_history(self, symbol: Symbol, start: datetime, end: datetime) -> pd.DataFrame:
        """Points of a stream between two times, by symbol and time."""
        seconds = [seconds_of(convert_to_utc(when.replace(tzinfo=None), self.time_zone)) for when in (start, end)]
        found = self._custom[symbol].between(seconds[0], min(seconds[1] + (end.microsecond > 0), self._clock.second))
        points = [point for _, point in found]
        if not points:
            return pd.DataFrame()
        index = pd.MultiIndex.from_arrays([pd.Index([symbol] * len(points), dtype=object),
                                           pd.DatetimeIndex([point.end_time for point in points])], names=["symbol", "time"])
        table = pd.DataFrame([point.fields for point in points], index=index)
        return table[sorted(table.columns)]
