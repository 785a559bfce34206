"""The market side of a run: which securities there are, when slices come and what is in them."""
from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from local.engine.enums import DataMappingMode, DataNormalizationMode, Resolution, SecurityType, TickType
from local.engine.files.day_source import DaySource
from local.engine.files.factor_files import MODES_OF_SPAN, FactorFiles, PriceScale
from local.engine.files.map_files import MapFiles
from local.engine.loop.clock import Clock
from local.engine.loop.warm_up import WarmUp, last_daily_start
from local.engine.market.bars import BaseData
from local.engine.market.continuous import ContinuousFutures, ContinuousLoader
from local.engine.market.derivatives import CLASS_OF_TYPE, Future, Option
from local.engine.market.event_plan import EventPlan
from local.engine.market.market_hours import MarketHoursDatabase, MarketHoursEntry
from local.engine.market.properties import SymbolPropertiesDatabase
from local.engine.market.security import Security
from local.engine.market.security_manager import SecurityManager
from local.engine.market.series import RESOLUTION_SECONDS, BarLoader, BarSeries, ParsedFiles
from local.engine.market.subscription import Subscription, tick_types_of
from local.engine.market.symbol import DEFAULT_DATE, Symbol, SymbolCache, set_map_file_lookup
from local.engine.pricing.option_models import OptionPriceModelParameters
from local.engine.time_zones import convert_from_utc, convert_to_utc, local_of_second, seconds_of
from local.engine.universes.universe_files import UniverseStore


class SubscriptionRequest:
    """What an algorithm asked for when it added a security."""

    __slots__ = ("security", "resolution", "fill_forward", "extended", "mode", "is_internal", "mapping")

    def __init__(self, security: Security, resolution: Resolution, fill_forward: bool, extended: bool,
                 mode: DataNormalizationMode, is_internal: bool = False,
                 mapping: DataMappingMode = DataMappingMode.OPEN_INTEREST) -> None:
        self.security, self.resolution, self.fill_forward = security, resolution, fill_forward
        self.extended, self.mode, self.is_internal, self.mapping = extended, mode, is_internal, mapping


class Feed:
    """Securities, subscriptions and the instants at which slices come."""

    def __init__(self, folder: Path, clock: Clock, source: DaySource | None = None) -> None:
        self.folder, self.clock, self.source = folder, clock, source
        self.hours = MarketHoursDatabase.of_folder(folder)
        self.properties = SymbolPropertiesDatabase.of_folder(folder)
        self.maps, self.factors = MapFiles(folder), FactorFiles(folder)
        self.continuous = ContinuousFutures(folder)
        self.universes = UniverseStore(folder, self.hours, source)
        self.securities = SecurityManager()
        self.subscriptions: list[Subscription] = []
        self.initialize_security: Callable[[Security], None] = lambda security: None
        self.make_price_model: Callable[[], Callable[..., object]] = _no_price_model
        self._price_model: Callable[..., object] | None = None
        self._loaders: dict[tuple[object, ...], BarLoader] = {}
        self._parsed: dict[tuple[object, ...], ParsedFiles] = {}
        self.events = EventPlan(self)
        self._steps: list[int] = []
        self._step_index = 0
        self._window_end = 0
        self.end_second = 0
        self._fill_seconds, self.has_internal = 60, False
        self._visible: list[tuple[Subscription, Security]] | None = None
        self.warm_up: WarmUp | None = None
        SymbolCache.clear()
        set_map_file_lookup(self.maps.first_of)

    # securities -------------------------------------------------------------------------------------------------
    def hours_of(self, symbol: Symbol) -> MarketHoursEntry:
        """Market hours of a symbol."""
        is_equity_option = symbol.security_type == SecurityType.OPTION
        ticker = symbol.underlying.value if is_equity_option else (
            symbol.value if symbol.security_type == SecurityType.EQUITY else symbol.id.symbol)
        return self.hours.get_entry(symbol.id.market, ticker, symbol.security_type)

    def create_security(self, symbol: Symbol, underlying: Security | None = None, *, is_named: bool = True) -> Security:
        """The listed security of a symbol, else a new one with its models set, which goes by its ticker when named."""
        existing = self.securities.get(symbol)
        if existing is not None:
            return existing
        kind = CLASS_OF_TYPE.get(symbol.security_type)
        if kind is None:
            raise NotImplementedError(f"securities of type {symbol.security_type}")
        security = kind(symbol, self.clock, self.hours_of(symbol), self.properties.of_symbol(symbol), underlying)
        if is_named:
            SymbolCache.set(symbol.value, symbol)
            if symbol.security_type.is_option():
                SymbolCache.set(symbol.underlying.value, symbol.underlying)
        if isinstance(security, Option) and not symbol.is_canonical():
            security._interest = lambda: self.open_interest(security)
            security.default_evaluation = lambda contract, style: self._default_model()(security, contract, style)
            security.interest_rate = lambda day: self._default_model().rate_on(day)
        self.securities.remember(symbol, security)
        self.initialize_security(security)
        return security

    def open_interest(self, option: Option) -> float:
        """Contracts open by the open interest file of the day, as far as the clock has come."""
        loader = self.loader(option.symbol, TickType.OPEN_INTEREST, Resolution.MINUTE, True, DataNormalizationMode.RAW)
        chunk = loader.chunk_of(self.clock.second + 1)
        for _ in range(5):
            bars = loader.load(chunk)
            index = bars.index_at(self.clock.second) if bars is not None else -1
            if index >= 0:
                return bars.values("open_interest")[index]
            chunk = loader.previous_chunk(chunk)
        return 0.0

    # subscriptions ----------------------------------------------------------------------------------------------
    def loader(self, symbol: Symbol, tick_type: TickType, resolution: Resolution, extended: bool,
               mode: DataNormalizationMode, mapping: DataMappingMode = DataMappingMode.OPEN_INTEREST,
               span: tuple[int, int] | None = None) -> BarLoader:
        """The reader of one kind of bars of a symbol; readers are shared by subscriptions and history.

        `span` is what a stream covers, in epoch seconds: total returns add the dividends since its first day, and prices
        scaled to its end are those of its last day.
        """
        days: tuple[date, ...] = ()
        if mode in MODES_OF_SPAN and span is not None:
            zone = self.hours_of(symbol).exchange_hours.time_zone
            days = tuple(local_of_second(second, zone).date() for second in span)
        key = (symbol, int(tick_type), int(resolution), extended, int(mode), int(mapping), days)
        if key not in self._loaders:
            self._loaders[key] = self._make_loader(symbol, tick_type, resolution, extended, mode, mapping, days)
        return self._loaders[key]

    def _make_loader(self, symbol: Symbol, tick_type: TickType, resolution: Resolution, extended: bool,
                     mode: DataNormalizationMode, mapping: DataMappingMode, span: tuple[date, ...]) -> BarLoader:
        hours = self.hours_of(symbol)
        if symbol.is_canonical():
            return ContinuousLoader(self.folder, symbol, tick_type, resolution, hours, extended, self.continuous, mapping, mode,
                                    lambda contract: self.loader(contract, tick_type, resolution, extended,
                                                                 DataNormalizationMode.RAW))
        scale = None
        if symbol.security_type == SecurityType.EQUITY and mode != DataNormalizationMode.RAW:
            factors = self.factors.get(symbol.id.market, symbol.value)
            scale = None if factors is None else PriceScale(factors, mode, hours.exchange_hours, span).on
        return BarLoader(self.folder, symbol, tick_type, resolution, hours, extended,
                         lambda day: self.maps.ticker_on(symbol, day), scale,
                         self._parsed.setdefault((symbol, int(tick_type), int(resolution)), ParsedFiles()), self.source)

    def subscribe(self, request: SubscriptionRequest, utc: datetime, holder: object = None) -> bool:
        """Starts the streams of a request; bars must end at or after `utc`. Whether LEAN tells the algorithm so.

        When they are there already it does so for kinds of securities with open interest, whose stream is internal.
        """
        security, symbol = request.security, request.security.symbol
        if symbol.is_canonical() and symbol.security_type != SecurityType.FUTURE:
            return False
        running = [s for s in self.subscriptions if s.symbol == symbol and not s.is_ended
                   and s.is_internal == request.is_internal and s.resolution == request.resolution]
        for subscription in running:
            if holder not in subscription.holders:
                subscription.holders.append(holder)
        if running:
            return symbol.security_type.is_option() or symbol.security_type == SecurityType.FUTURE
        first_end = seconds_of(utc) + (1 if utc.microsecond else 0)
        made = self._streams(request, first_end)
        for subscription in made:
            subscription.holders.append(holder)
        self.subscriptions.extend(made)
        self.subscriptions.sort(key=lambda s: s.sort_key)
        self._attach(security)
        self.events.plan(request, utc)
        self._subscriptions_changed(made)
        return True

    def add_stream(self, subscription: Subscription) -> None:
        """Starts a stream that no universe holds."""
        self.subscriptions.append(subscription)
        self.subscriptions.sort(key=lambda s: s.sort_key)
        self._subscriptions_changed([subscription])

    def _streams(self, request: SubscriptionRequest, first_end: int) -> list[Subscription]:
        kind, resolution = request.security.symbol.security_type, request.resolution
        if self.warm_up is None or not self.warm_up.changes(resolution, first_end):
            return [self._subscription(request, tick_type, first_end, resolution) for tick_type in tick_types_of(kind, resolution)]
        end, coarse = self.warm_up.end, self.warm_up.resolution
        before = [self._subscription(request, tick_type, first_end, coarse) for tick_type in tick_types_of(kind, coarse)]
        overlap = max(first_end, last_daily_start(request.security.exchange.hours, end))
        after = [self._subscription(request, tick_type, overlap, resolution) for tick_type in tick_types_of(kind, resolution)]
        for subscription in before:
            subscription.is_warm_up = True
        for subscription in after:
            subscription.begin = end
        return before + after

    def has_bars_at(self, second: int) -> bool:
        """Whether some stream has a bar at an instant that is not among the steps: the warm-up's first.

        All are asked, as each learns then where it begins.
        """
        return any([len(one.steps(second - 1, second)) for one in self.subscriptions])

    def end_warm_up(self) -> None:
        """Goes over from the warm-up's resolution to each stream's own."""
        self.warm_up = None
        over = [s for s in self.subscriptions if s.is_warm_up]
        self.subscriptions = [s for s in self.subscriptions if not s.is_warm_up]
        for symbol in {s.symbol for s in over}:
            self._attach(self.securities[symbol])
        self._subscriptions_changed()
        self.rebuild()

    def _subscription(self, request: SubscriptionRequest, tick_type: TickType, first_end: int, resolution: Resolution) -> Subscription:
        symbol, fill = request.security.symbol, request.fill_forward
        span = (first_end, self.end_second)
        loaders = [self.loader(symbol, tick_type, resolution, extended, request.mode, request.mapping, span)
                   for extended in ((request.extended,) if request.extended else (False, True))]
        seeded = min(request.security.seeded.get(tick_type, first_end), first_end)
        series = [BarSeries(loaders[0], seeded, fill)]
        if len(loaders) > 1 or seeded < first_end:
            series.append(BarSeries(loaders[-1], first_end, fill))
        made = Subscription(symbol, tick_type, resolution, fill, request.extended, request.security.market_hours_entry,
                            series[0], request.is_internal, series[-1])
        if isinstance(request.security, Future) and request.security.mapped is not None and symbol.is_canonical():
            made.show_as(request.security.mapped)
        return made

    def make_raw(self, security: Security) -> None:
        """Has a running share's prices come as they were, because options on it are wanted."""
        if security.data_normalization_mode == DataNormalizationMode.RAW:
            return
        security.data_normalization_mode = DataNormalizationMode.RAW
        for stream in self.subscriptions:
            if stream.symbol == security.symbol:
                first, fill = stream.series.first_end, stream.fill_forward
                loaders = [self.loader(stream.symbol, stream.tick_type, stream.resolution, extended, DataNormalizationMode.RAW)
                           for extended in (stream.extended_market_hours, True)]
                stream.series, stream.fill_series = (BarSeries(loader, first, fill) for loader in loaders)
        self._attach(security)

    def set_mapped(self, future: Future, contract: Symbol) -> None:
        """Makes a continuous future stand for a contract."""
        future.mapped = contract
        for subscription in self.subscriptions:
            if subscription.symbol == future.symbol:
                subscription.show_as(contract)
        self.subscriptions.sort(key=lambda s: s.sort_key)
        self._visible = None

    def _attach(self, security: Security) -> None:
        mine = [s for s in self.subscriptions if s.symbol == security.symbol and not s.is_ended]
        finest = sorted([s for s in mine if s.is_warm_up] or mine, key=lambda s: int(s.resolution))
        trade = next((s.series for s in finest if s.tick_type == TickType.TRADE), None)
        quote = next((s.series for s in finest if s.tick_type == TickType.QUOTE), None)
        security.attach_series(trade, quote)
        if finest:
            security.resolution = min(s.resolution for s in mine if not s.is_warm_up)
            security.is_extended_market_hours = finest[0].extended_market_hours
            security.is_fill_data_forward = finest[0].fill_forward

    def unsubscribe(self, symbol: Symbol, clear_cache: bool) -> None:
        """Ends all streams of a symbol now."""
        self._end([s for s in self.subscriptions if s.symbol == symbol], symbol, clear_cache)

    def release(self, symbol: Symbol, holder: object, clear_cache: bool) -> None:
        """Ends those streams of a symbol now that nobody but one holder needs."""
        mine = [s for s in self.subscriptions if s.symbol == symbol and holder in s.holders]
        for subscription in mine:
            subscription.holders.remove(holder)
        self._end([s for s in mine if not s.holders], symbol, clear_cache)

    def _end(self, ending: list[Subscription], symbol: Symbol, clear_cache: bool) -> None:
        for subscription in ending:
            subscription.until = min(subscription.until, self.clock.second)
            subscription.series.until = min(subscription.series.until, self.clock.second)
        self.subscriptions = [s for s in self.subscriptions if s not in ending]
        security = self.securities.get(symbol)
        if not any(s.symbol == symbol for s in self.subscriptions):
            self.events.forget(symbol)
        elif security is not None:
            self._attach(security)
        if security is not None and clear_cache:
            security.clear_cache()
        self._subscriptions_changed()

    def _subscriptions_changed(self, added: Sequence[Subscription] = ()) -> None:
        visible = [RESOLUTION_SECONDS[s.resolution] for s in self.subscriptions if not s.is_internal]
        self.has_internal = len(visible) < len(self.subscriptions) or self.warm_up is not None
        before, self._fill_seconds = self._fill_seconds, min(visible, default=60)
        for subscription in added if self._fill_seconds == before else self.subscriptions:
            subscription.fill_every(self._fill_seconds)
        self._visible = None

    def is_subscribed(self, symbol: Symbol) -> bool:
        """Whether bars of a symbol are streaming."""
        return any(s.symbol == symbol and not s.is_ended for s in self.subscriptions)

    # instants ---------------------------------------------------------------------------------------------------
    def start(self, start_second: int, end_second: int) -> None:
        """Sets the run's span; slices come after the start and up to the end."""
        self.end_second = end_second
        self._window_end = start_second
        self._steps, self._step_index = [], 0

    def rebuild(self) -> None:
        """Recomputes the instants that lie ahead, after subscriptions changed."""
        now = self.clock.second
        if self._window_end > now:
            self._steps = self._union(now, self._window_end)
            self._step_index = 0

    def _union(self, start: int, stop: int) -> list[int]:
        grids = [s.steps(start, stop) for s in self.subscriptions]
        grids = list({id(grid): grid for grid in grids if len(grid)}.values())
        if not grids:
            return []
        return np.unique(np.concatenate(grids)).tolist() if len(grids) > 1 else grids[0].tolist()

    def next_step(self) -> int | None:
        """Next instant with a bar, None when there is none before the end of the run."""
        while self._step_index >= len(self._steps):
            if self._window_end >= self.end_second:
                return None
            start = self._window_end
            self._window_end = min(self._next_midnight(start), self.end_second)
            self._steps, self._step_index = self._union(start, self._window_end), 0
        return self._steps[self._step_index]

    def _next_midnight(self, second: int) -> int:
        local = local_of_second(second, self.clock.time_zone)
        following = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return seconds_of(convert_to_utc(following, self.clock.time_zone))

    def step_at_or_after(self, second: int) -> tuple[int | None, int | None]:
        """The first instant of the current window that is not before another, and the instant before it."""
        index = bisect.bisect_left(self._steps, second, self._step_index)
        if index >= len(self._steps):
            index = len(self._steps) - 1
        return self._steps[index], self._steps[index - 1] if index > self._step_index else None

    def consume(self, second: int) -> None:
        """Marks the instants up to one as done."""
        self._step_index = bisect.bisect_right(self._steps, second, self._step_index)

    def steps_between(self, start: int, stop: int) -> list[int]:
        """Instants of the current window within [start, stop)."""
        return self._steps[bisect.bisect_left(self._steps, start):bisect.bisect_left(self._steps, stop)]

    # data -------------------------------------------------------------------------------------------------------
    def bars_at(self, second: int) -> list[tuple[Subscription, Security, BaseData]]:
        """Bars of all visible subscriptions at an instant, underlyings first."""
        found = []
        if self._visible is None:
            self._visible = [(one, self.securities[one.symbol]) for one in self.subscriptions if not one.is_internal]
        for subscription, security in self._visible:
            bar = subscription.bar_at(second)
            if bar is not None:
                found.append((subscription, security, bar))
        return found

    def evaluate_price_model(self, option: Option, contract: object, at: object) -> object:
        """Price, implied volatility and Greeks of an option of a slice by its model."""
        if option.price_model is None:
            return self._default_model()(option, contract)
        return option.price_model.evaluate(OptionPriceModelParameters(option, at, contract))

    def _default_model(self) -> Any:
        if self._price_model is None:
            self._price_model = self.make_price_model()
        return self._price_model

    def universe_rows(self, canonical: Symbol, lookback: int = 3) -> list:
        """Latest universe rows of a chain before today, expired contracts left out."""
        exchange = self.universes.exchange_hours(canonical)
        today = convert_from_utc(self.clock.utc, exchange.time_zone).date()
        rows = self.universes.latest(canonical, self.maps.ticker_on(canonical, today), today, lookback)
        return [row for row in rows if row.symbol.id.date.date() >= today]


def _no_price_model() -> Callable[..., object]:
    raise NotImplementedError("option price models")


def canonical_of(symbol: Symbol) -> Symbol:
    """Canonical option symbol of an underlying, a contract or a chain."""
    symbol = symbol if isinstance(symbol, Symbol) else symbol.symbol
    if symbol.security_type.is_option():
        return symbol.canonical
    if symbol.security_type == SecurityType.FUTURE and symbol.id.date == DEFAULT_DATE:
        raise ValueError("option_chain takes a futures contract, not the chain of futures")
    return Symbol.create_canonical_option(symbol)
