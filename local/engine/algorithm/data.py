"""The part of QCAlgorithm that adds and removes securities and looks up chains."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from local.engine.broker.initializers import CompositeSecurityInitializer
from local.engine.collections import DataDictionary
from local.engine.enums import DataMappingMode, DataNormalizationMode, Market, Resolution, SecurityType
from local.engine.errors import ArgumentException, InvalidOperationException
from local.engine.market.bars import QuoteBar
from local.engine.market.chains import FuturesChain, OptionChain
from local.engine.market.data_dictionaries import OptionChains
from local.engine.market.derivatives import Future, FutureOption, IndexOption, Option
from local.engine.market.feed import Feed, SubscriptionRequest, canonical_of
from local.engine.market.security import Equity, Index, Security
from local.engine.market.symbol import Symbol, SymbolCache
from local.engine.time_zones import ONE_DAY, convert_from_utc
from local.engine.universes.chain_universes import OptionChainUniverse
from local.engine.universes.universe_files import UniverseFuture, UniverseOption
from local.engine.universes.universe_selection import Universe

_NO_LEVERAGE = 0.0


class UniverseSettings:
    """Defaults for securities that are added without their own settings."""

    def __init__(self) -> None:
        self.resolution, self.fill_forward, self.extended_market_hours = Resolution.MINUTE, True, False
        self.leverage, self.minimum_time_in_universe = _NO_LEVERAGE, ONE_DAY
        self.data_normalization_mode = DataNormalizationMode.ADJUSTED
        self.data_mapping_mode, self.contract_depth_offset = DataMappingMode.OPEN_INTEREST, 0
        self.asynchronous = False


class DataMixin:
    """Securities and chains; needs `self._feed`, `self.securities` and the trading mixin."""

    _feed: Feed

    def _init_data(self) -> None:
        self.universe_settings = UniverseSettings()
        self._pending_changes: list[SubscriptionRequest | Symbol | Universe] = []
        self._security_initializers: list[Callable[[Security], Any]] | None = None

    # initializers -----------------------------------------------------------------------------------------------
    def set_security_initializer(self, initializer: Any) -> None:
        """Sets what prepares new securities, in place of the brokerage model: a callable or an object with `initialize`."""
        self._before_run("set_security_initializer")
        self._security_initializers = [getattr(initializer, "initialize", initializer)]

    def add_security_initializer(self, initializer: Any) -> None:
        """Adds something that prepares new securities, after the brokerage model or what was set instead."""
        self._before_run("add_security_initializer")
        if self._security_initializers is None:
            self._security_initializers = [lambda security: self.brokerage_model.initialize(security)]
        self._security_initializers.append(getattr(initializer, "initialize", initializer))

    @property
    def security_initializer(self) -> Callable[[Security], Any]:
        """What prepares new securities as things stand; it can be part of what is set next."""
        if self._security_initializers is None:
            return self._initialize_security
        return CompositeSecurityInitializer(*self._security_initializers).initialize

    def _before_run(self, what: str) -> None:
        if self._locked:
            raise InvalidOperationException(f"{what} cannot be called after algorithm initialization.")

    def _prepare_new_security(self, security: Security) -> None:
        if self._security_initializers is None:
            self._initialize_security(security)
            return
        self.portfolio.watch(security)
        for initialize in self._security_initializers:
            initialize(security)

    # adding -----------------------------------------------------------------------------------------------------
    def _add(self, symbol: Symbol, resolution: Resolution | None, fill_forward: bool | None, extended: bool | None,
             mode: DataNormalizationMode | None = None, underlying: Security | None = None,
             leverage: float = _NO_LEVERAGE) -> Security:
        settings = self.universe_settings
        security = self._feed.create_security(symbol, underlying)
        if leverage != _NO_LEVERAGE:
            security.set_leverage(leverage)
        if mode is None:
            follows_settings = symbol.security_type in (SecurityType.EQUITY, SecurityType.FUTURE)
            mode = settings.data_normalization_mode if follows_settings else DataNormalizationMode.RAW
        security.data_normalization_mode = mode
        resolution = settings.resolution if resolution is None else resolution
        if isinstance(resolution, str):
            raise TypeError(f"No method matches given arguments: resolution is {resolution!r}")
        resolution = Resolution(resolution)
        if not self.securities.is_listed(symbol):
            self.securities.list_security(symbol, security)
        security.is_tradable = symbol.security_type != SecurityType.INDEX and not symbol.is_canonical()
        security.resolution = min(resolution, security.resolution) if self._feed.is_subscribed(symbol) else resolution
        self._pending_changes.append(SubscriptionRequest(
            security, resolution, settings.fill_forward if fill_forward is None else fill_forward,
            settings.extended_market_hours if extended is None else extended, mode))
        return security

    def add_equity(self, ticker: str, resolution: Resolution | None = None, market: str | None = None,
                   fill_forward: bool = True, leverage: float = _NO_LEVERAGE, extended_market_hours: bool = False,
                   data_normalization_mode: DataNormalizationMode | None = None) -> Equity:
        """Adds a stock or fund."""
        symbol = Symbol.create(ticker, SecurityType.EQUITY, market or Market.USA)
        return self._add(symbol, resolution, fill_forward, extended_market_hours, data_normalization_mode, None, leverage)

    def add_index(self, ticker: str, resolution: Resolution | None = None, market: str | None = None,
                  fill_forward: bool = True) -> Index:
        """Adds an index."""
        symbol = Symbol.create(ticker, SecurityType.INDEX, market or Market.USA)
        return self._add(symbol, resolution, fill_forward, False)

    def add_security(self, *args: Any, **named: Any) -> Security:
        """Adds a security by symbol, or by type and ticker."""
        if args and isinstance(args[0], Symbol):
            return self._add_symbol(*args, **named)
        security_type, ticker = args[0], args[1]
        adders = {SecurityType.EQUITY: self.add_equity, SecurityType.INDEX: self.add_index,
                  SecurityType.OPTION: self.add_option, SecurityType.FUTURE: self.add_future,
                  SecurityType.INDEX_OPTION: self.add_index_option}
        if security_type not in adders:
            raise NotImplementedError(f"add_security of type {security_type}")
        return adders[security_type](ticker, *args[2:], **named)

    def _add_symbol(self, symbol: Symbol, resolution: Resolution | None = None, fill_forward: bool | None = None,
                    leverage: float = _NO_LEVERAGE, extended_market_hours: bool | None = None,
                    data_mapping_mode: Any = None, data_normalization_mode: DataNormalizationMode | None = None) -> Security:
        if symbol.security_type.is_option() and not symbol.is_canonical():
            return self._add_option_contract(symbol, resolution, fill_forward is not False, leverage,
                                             bool(extended_market_hours))
        if symbol.is_canonical() and symbol.security_type == SecurityType.FUTURE:
            return self._add_future_chain(symbol, resolution, fill_forward, leverage, extended_market_hours,
                                          data_mapping_mode, data_normalization_mode)
        if symbol.is_canonical():
            return self._add_chain(symbol, resolution, fill_forward, leverage)
        return self._add(symbol, resolution, fill_forward, extended_market_hours, data_normalization_mode, None, leverage)

    def add_option_contract(self, symbol: Symbol, resolution: Resolution | None = None, fill_forward: bool = True,
                            leverage: float = _NO_LEVERAGE, extended_market_hours: bool = False) -> Option:
        """Adds one option, and its underlying when it is not there.

        Raises
        ------
        ArgumentException
            When the symbol is not an option, or its underlying is delisted or not in raw prices.
        """
        return self._add_option_contract(symbol, resolution, fill_forward, leverage, extended_market_hours)

    def _add_option_contract(self, symbol: Symbol, resolution: Resolution | None, fill_forward: bool = True,
                             leverage: float = _NO_LEVERAGE, extended_market_hours: bool = False) -> Option:
        """What all ways to add one option come to: as in LEAN, never by way of an algorithm's own override."""
        if not isinstance(symbol, Symbol):
            symbol = symbol.symbol
        if not symbol.security_type.is_option() or symbol.underlying is None:
            raise ArgumentException(f"Unexpected option symbol {symbol}. Please provide a valid option contract.")
        underlying = self.securities.get(symbol.underlying)
        if underlying is None:
            underlying = self._add(symbol.underlying, resolution, fill_forward, extended_market_hours,
                                   DataNormalizationMode.RAW)
        elif underlying.is_delisted:
            raise ArgumentException(f"The underlying {symbol.underlying.value} is delisted (current time is {self.time})")
        elif symbol.security_type == SecurityType.OPTION:
            self._make_raw(underlying)
        underlying.data_normalization_mode = DataNormalizationMode.RAW
        return self._add(symbol, resolution, fill_forward, extended_market_hours, DataNormalizationMode.RAW, underlying,
                         leverage)

    def _add_underlying_of(self, chain: OptionChainUniverse) -> None:
        """Adds the underlying of a chain by hand when it is not there, and has it in raw prices."""
        symbol = chain.canonical.symbol.underlying
        underlying = self.securities.get(symbol) if self.securities.is_listed(symbol) else None
        if underlying is None:
            underlying = self._add(symbol, chain.settings.resolution, chain.settings.fill_forward, chain.settings.extended,
                                   DataNormalizationMode.RAW)
        chain.canonical.underlying = underlying
        if symbol.security_type == SecurityType.EQUITY and not self._locked:
            self._make_raw(underlying)
        elif symbol.security_type == SecurityType.EQUITY:
            self._feed.make_raw(underlying)

    def _make_raw(self, underlying: Security) -> None:
        if underlying.data_normalization_mode == DataNormalizationMode.RAW:
            return
        if self._locked:
            raise ArgumentException(f"The underlying {underlying.symbol.value} is set to {underlying.data_normalization_mode}, "
                                    "please change this to DataNormalizationMode.Raw with the SetDataNormalization() method")
        underlying.data_normalization_mode = DataNormalizationMode.RAW
        for change in self._pending_changes:
            if isinstance(change, SubscriptionRequest) and change.security is underlying:
                change.mode = DataNormalizationMode.RAW

    def add_index_option_contract(self, symbol: Symbol, resolution: Resolution | None = None,
                                  fill_forward: bool = True) -> IndexOption:
        """Adds one index option."""
        symbol = symbol if isinstance(symbol, Symbol) else symbol.symbol
        if symbol.security_type != SecurityType.INDEX_OPTION or symbol.is_canonical():
            raise ArgumentException("Symbol provided must be non-canonical and of type SecurityType.IndexOption")
        return self._add_option_contract(symbol, resolution, fill_forward)

    def add_future_option_contract(self, symbol: Symbol, resolution: Resolution | None = None, fill_forward: bool = True,
                                   leverage: float = _NO_LEVERAGE, extended_market_hours: bool = False) -> FutureOption:
        """Adds one option on a future."""
        symbol = symbol if isinstance(symbol, Symbol) else symbol.symbol
        if symbol.is_canonical():
            raise ArgumentException("Expected non-canonical Symbol (i.e. a Symbol representing a specific Future contract")
        return self._add_option_contract(symbol, resolution, fill_forward, leverage, extended_market_hours)

    def add_future_contract(self, symbol: Symbol, resolution: Resolution | None = None, fill_forward: bool = True,
                            leverage: float = _NO_LEVERAGE, extended_market_hours: bool = False) -> Future:
        """Adds one futures contract; TypeError for anything else."""
        symbol = symbol if isinstance(symbol, Symbol) else symbol.symbol
        if symbol.security_type != SecurityType.FUTURE:
            raise TypeError(f"{symbol} is no future")
        return self._add(symbol, resolution, fill_forward, extended_market_hours, None, None, leverage)

    # removing ---------------------------------------------------------------------------------------------------
    def remove_security(self, symbol: Symbol, tag: str | None = None) -> bool:
        """Cancels a security's orders, liquidates it and takes it off the list at the end of the time step."""
        return self._remove_security(symbol, tag)

    def _remove_security(self, symbol: Symbol, tag: str | None) -> bool:
        security = self.securities.get(symbol)
        if security is None:
            return False
        self._trading_on_remove(security, tag)
        security.reset()
        if security.symbol.is_canonical():
            self._remove_chain(security, tag)
            return True
        self._pending_changes = [c for c in self._pending_changes if getattr(c, "security", None) is not security]
        self._pending_changes.append(security.symbol)
        return True

    def remove_option_contract(self, symbol: Symbol, tag: str | None = None) -> bool:
        """Removes one option."""
        return self._remove_security(symbol, tag)

    # chains -----------------------------------------------------------------------------------------------------
    def option_chain(self, symbol: Symbol, flatten: bool = False) -> OptionChain:
        """Options on an underlying by the last daily universe file: yesterday's closes, IV and Greeks."""
        canonical = canonical_of(symbol)
        chain = OptionChain(canonical, self._chain_time(canonical), flatten)
        multiplier = self._feed.properties.of_symbol(canonical).strike_multiplier
        rows = self._feed.universe_rows(canonical)
        if rows:
            chain.underlying = QuoteBar()
        chain.contracts = DataDictionary({row.symbol: UniverseOption(row, multiplier) for row in rows})
        return chain

    def option_chains(self, symbols: list[Symbol], flatten: bool = False) -> OptionChains:
        """Chains of several underlyings by canonical symbol."""
        chains = [self.option_chain(symbol, flatten) for symbol in symbols]
        return OptionChains({chain.symbol: chain for chain in chains}, flatten)

    def futures_chain(self, symbol: Symbol, flatten: bool = False) -> FuturesChain:
        """Futures of a product by the last daily universe file."""
        canonical = symbol.underlying.canonical if symbol.security_type == SecurityType.FUTURE_OPTION else symbol.canonical
        chain = FuturesChain(canonical, self._chain_time(canonical), flatten)
        for row in self._feed.universe_rows(canonical):
            chain.contracts[row.symbol] = UniverseFuture(row)
        return chain

    future_chain = futures_chain

    def _chain_time(self, canonical: Symbol) -> datetime:
        zone = self._feed.universes.exchange_hours(canonical).time_zone
        return convert_from_utc(self._clock.utc, zone).replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def option_chain_provider(self) -> OptionChainProvider:
        """Lists of listed options."""
        return OptionChainProvider(self._feed)

    @property
    def future_chain_provider(self) -> FutureChainProvider:
        """Lists of listed futures."""
        return FutureChainProvider(self._feed)

    def symbol(self, ticker: str) -> Symbol:
        """Symbol behind a ticker of an added security."""
        found = SymbolCache.try_get(ticker)
        if found is None:
            raise ArgumentException(f"no symbol is known for the ticker {ticker}")
        return found


class OptionChainProvider:
    """Contracts listed for an underlying on a date."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def get_option_contract_list(self, symbol: Symbol, date: datetime) -> list[Symbol]:
        """Symbols of the options on an underlying that have not expired by a date."""
        canonical = canonical_of(symbol)
        day = date.date() if isinstance(date, datetime) else date
        rows = self._feed.universes.latest(canonical, self._feed.maps.ticker_on(canonical, day), day)
        return [row.symbol for row in rows if row.symbol.id.date.date() >= day]


class FutureChainProvider:
    """Contracts listed for a future on a date."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def get_future_contract_list(self, symbol: Symbol, date: datetime) -> list[Symbol]:
        """Symbols of the futures of a product that have not expired by a date."""
        day = date.date() if isinstance(date, datetime) else date
        rows = self._feed.universes.latest(symbol.canonical, symbol.canonical.value, day)
        return [row.symbol for row in rows if row.symbol.id.date.date() >= day]
