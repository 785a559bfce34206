"""The part of QCAlgorithm that adds chains: options and futures a filter selects from every day."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.engine.enums import DataMappingMode, DataNormalizationMode, Market, Resolution, SecurityType
from local.engine.errors import ArgumentException
from local.engine.market.derivatives import Future, IndexOption, Option
from local.engine.market.feed import Feed
from local.engine.market.index_options import underlying_index
from local.engine.market.security import Security
from local.engine.market.symbol import Symbol, SymbolCache, option_type_of
from local.engine.universes.chain_universes import (ContinuousUniverse, FuturesChainUniverse, MemberSettings,
                                                    OptionChainUniverse)
from local.engine.universes.chained_options import ChainedOptionsList
from local.engine.universes.universe_selection import Universe

_FUTURE_MODES = (DataNormalizationMode.RAW, DataNormalizationMode.BACKWARDS_RATIO,
                 DataNormalizationMode.BACKWARDS_PANAMA_CANAL, DataNormalizationMode.FORWARD_PANAMA_CANAL)


class ChainMixin:
    """Chains; needs the data mixin."""

    _feed: Feed

    def _init_chains(self) -> None:
        self._chains: dict[Symbol, list[Universe]] = {}
        self._chained_options = ChainedOptionsList(self._add_chained, self._drop_chain)

    # options ----------------------------------------------------------------------------------------------------
    def add_option(self, underlying: str | Symbol, *args: Any, **named: Any) -> Option:
        """Adds a chain of options that a filter selects from every day: (underlying, [target option,] resolution, market,
        fill forward, leverage)."""
        target, args = _target_of(args, named)
        names = ("resolution", "market", "fill_forward", "leverage")
        values = {**dict(zip(names, args)), **named}
        if isinstance(underlying, str):
            underlying = Symbol.create(underlying, SecurityType.EQUITY, values.get("market") or Market.USA)
        market = values.get("market") or underlying.id.market
        name = target or underlying.value
        symbol = SymbolCache.try_get(f"?{name}")
        if symbol is None or symbol.id.market != market or symbol.underlying != underlying:
            symbol = Symbol.create_canonical_option(underlying, target, market, f"?{name}")
        return self._add_chain(symbol, values.get("resolution"), values.get("fill_forward"), values.get("leverage") or 0.0)

    def add_index_option(self, underlying: str | Symbol, *args: Any, **named: Any) -> IndexOption:
        """Adds a chain of index options: (index or option ticker, [target option,] resolution, market, fill forward)."""
        target, args = _target_of(args, named)
        if isinstance(underlying, str):
            values = {**dict(zip(("resolution", "market", "fill_forward"), args)), **named}
            index = underlying_index(underlying)
            target = underlying if target is None and index.upper() != underlying.upper() else target
            underlying = Symbol.create(index, SecurityType.INDEX, values.get("market") or Market.USA)
        else:
            values = {**dict(zip(("resolution", "fill_forward"), args)), **named}
        if underlying.security_type != SecurityType.INDEX:
            raise ArgumentException("Symbol provided must be of type SecurityType.Index")
        return self.add_option(underlying, target, values.get("resolution"), None, values.get("fill_forward", True))

    def add_future_option(self, symbol: Symbol, option_filter: Callable[[Any], Any] | None = None) -> None:
        """Adds chains of options on all futures that a chain of futures selects."""
        symbol = getattr(symbol, "symbol", symbol)
        if not symbol.is_canonical():
            raise ArgumentException("Symbol provided must be canonical (i.e. the Symbol returned from AddFuture(), not "
                                    "AddFutureContract().")
        if symbol not in self._chains:
            self._add_future_chain(symbol)
        for universe in reversed(self._chains[symbol]):
            self._chained_options.add(universe, option_filter)

    def _add_chained(self, symbol: Symbol) -> Security:
        settings = self.universe_settings
        return self._add_chain(symbol, settings.resolution, settings.fill_forward, settings.leverage)

    def _add_chain(self, symbol: Symbol, resolution: Resolution | None, fill_forward: bool | None, leverage: float) -> Option:
        option_type_of(symbol.underlying.security_type)
        option = self._feed.create_security(symbol, self.securities.get(symbol.underlying))
        option.is_tradable = False
        self.securities.list_security(symbol, option)
        if symbol not in self._chains:
            self._plan_chain(symbol, [OptionChainUniverse(self._feed, option, self._member_settings(
                resolution, fill_forward, None, leverage))])
        return option

    def _member_settings(self, resolution: Resolution | None, fill_forward: bool | None, extended: bool | None,
                         leverage: float) -> MemberSettings:
        settings = self.universe_settings
        return MemberSettings(
            resolution=settings.resolution if resolution is None else resolution,
            fill_forward=settings.fill_forward if fill_forward is None else fill_forward,
            extended=settings.extended_market_hours if extended is None else extended,
            minimum_stay=settings.minimum_time_in_universe, leverage=leverage)

    def _plan_chain(self, symbol: Symbol, universes: list[Universe]) -> None:
        self._chains[symbol] = universes
        self._pending_changes.extend(universes)

    def _drop_chain(self, symbol: Symbol) -> None:
        for universe in self._chains.pop(symbol, []):
            universe.is_disposed = True
            self._pending_changes.append(universe)

    # futures ----------------------------------------------------------------------------------------------------
    def add_future(self, ticker: str, resolution: Resolution | None = None, market: str | None = None,
                   fill_forward: bool | None = None, leverage: float = 0.0, extended_market_hours: bool | None = None,
                   data_mapping_mode: DataMappingMode | None = None,
                   data_normalization_mode: DataNormalizationMode | None = None, contract_depth_offset: int = 0) -> Future:
        """Adds a continuous future and a chain of futures that a filter selects from every day."""
        market = market or self._feed.properties.market_of(ticker, SecurityType.FUTURE) or Market.CME
        symbol = SymbolCache.try_get(f"/{ticker}")
        if symbol is None or symbol.id.market != market:
            symbol = Symbol.create(ticker, SecurityType.FUTURE, market, f"/{ticker}")
        return self._add_future_chain(symbol, resolution, fill_forward, leverage, extended_market_hours,
                                      data_mapping_mode, data_normalization_mode, contract_depth_offset)

    def _add_future_chain(self, symbol: Symbol, resolution: Resolution | None = None, fill_forward: bool | None = None,
                          leverage: float = 0.0, extended: bool | None = None, mapping: DataMappingMode | None = None,
                          normalization: DataNormalizationMode | None = None, depth: int = 0) -> Future:
        if depth:
            raise NotImplementedError("continuous futures with a contract_depth_offset")
        future = self._feed.create_security(symbol)
        future.is_tradable = False
        self.securities.list_security(symbol, future)
        if symbol not in self._chains:
            settings, defaults = self._member_settings(resolution, fill_forward, extended, leverage), self.universe_settings
            if normalization is None:
                wanted = defaults.data_normalization_mode
                normalization = wanted if wanted in _FUTURE_MODES else DataNormalizationMode.BACKWARDS_RATIO
            future.resolution = settings.resolution
            future.mapping = defaults.data_mapping_mode if mapping is None else mapping
            self._plan_chain(symbol, [
                ContinuousUniverse(self._feed, future, settings, future.mapping, normalization),
                FuturesChainUniverse(self._feed, future, settings)])
        return future

    # removing ---------------------------------------------------------------------------------------------------
    def _remove_chain(self, security: Security, tag: str | None) -> None:
        symbol = security.symbol
        mine = self._chains.get(symbol, [])
        others = [u for universes in self._chains.values() for u in universes if u not in mine]
        for universe in mine:
            members = sorted(member for member in universe.members if not member.is_canonical())
            for member in ([symbol.underlying] if symbol.underlying is not None else []) + members:
                if not any(member in other.members for other in others):
                    self._remove_security(member, tag)
        self._drop_chain(symbol)


def _target_of(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[str | None, tuple[Any, ...]]:
    """The target option, which may stand between the underlying and the resolution."""
    if "target_option" in named:
        return named.pop("target_option"), args
    if args and (args[0] is None or isinstance(args[0], str)) and len(args) > 1 or args and isinstance(args[0], str):
        return args[0], args[1:]
    return None, args
