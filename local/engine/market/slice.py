"""A slice: what the algorithm is handed at one instant, built only as far as it is looked at."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from local.engine.collections import KeyValuePair
from local.engine.enums import SecurityType, TickType
from local.engine.errors import MemberNotSupported
from local.engine.market.bars import (BaseData, Delisting, Dividend, OpenInterest, QuoteBar, Split,
                                      SymbolChangedEvent, TradeBar)
from local.engine.market.chains import FuturesChain, FuturesContract, OptionChain, OptionContract
from local.engine.market.custom_data import PythonData
from local.engine.market.data_dictionaries import FuturesChains, OptionChains, QuoteBars, SymbolDictionary, TradeBars
from local.engine.market.derivatives import Option
from local.engine.market.security import Security
from local.engine.market.subscription import Subscription
from local.engine.market.symbol import Symbol
from local.engine.net_names import other_member

if TYPE_CHECKING:
    from local.engine.market.feed import Feed


class Slice:
    """The data of one instant."""

    def __init__(self, feed: Feed, second: int, time: datetime, utc_time: datetime,
                 events: list[BaseData], has_bars: bool) -> None:
        self._feed, self._second, self.time, self._utc = feed, second, time, utc_time
        self._events, self._has_bars = events, has_bars
        self._built: dict[str, Any] = {}
        self._data: list[tuple[Subscription, Security, BaseData]] | None = None

    @property
    def utc_time(self) -> datetime:
        """UTC time, with its zone as LEAN's has."""
        return self._utc.replace(microsecond=0, tzinfo=timezone.utc)

    @property
    def has_data(self) -> bool:
        """Whether a bar or an event came."""
        return bool(self._events) or self._has_bars and (not self._feed.has_internal or bool(self._bars()))

    @property
    def bars_of_instant(self) -> list[tuple[Subscription, Security, BaseData]]:
        """All bars with their streams and securities, for the engine's own use."""
        return self._bars()

    def _bars(self) -> list[tuple[Subscription, Security, BaseData]]:
        if self._data is None:
            self._data = self._feed.bars_at(self._second) if self._has_bars else []
        return self._data

    def _once(self, name: str, build: Callable[[], Any]) -> Any:
        if name not in self._built:
            self._built[name] = build()
        return self._built[name]

    def _by_type(self, kind: type, dictionary: type[SymbolDictionary]) -> SymbolDictionary:
        return dictionary({d.symbol: d for _, _, d in self._bars() if isinstance(d, kind)})

    def _events_of(self, kind: type) -> SymbolDictionary:
        return self._once(kind.__name__, lambda: SymbolDictionary({e.symbol: e for e in self._events if isinstance(e, kind)}))

    @property
    def bars(self) -> SymbolDictionary:
        """Trade bars by symbol."""
        return self._once("bars", lambda: self._by_type(TradeBar, TradeBars))

    @property
    def quote_bars(self) -> SymbolDictionary:
        """Quote bars by symbol."""
        return self._once("quote_bars", lambda: self._by_type(QuoteBar, QuoteBars))

    @property
    def splits(self) -> SymbolDictionary:
        """Splits by symbol."""
        return self._events_of(Split)

    @property
    def dividends(self) -> SymbolDictionary:
        """Dividends by symbol."""
        return self._events_of(Dividend)

    @property
    def delistings(self) -> SymbolDictionary:
        """Delistings by symbol."""
        return self._events_of(Delisting)

    @property
    def symbol_changed_events(self) -> SymbolDictionary:
        """Renamed tickers and moved continuous futures by symbol."""
        return self._events_of(SymbolChangedEvent)

    @property
    def ticks(self) -> SymbolDictionary:
        """Ticks by symbol; always empty, as tick data is not supported."""
        return self._once("ticks", SymbolDictionary)

    @property
    def option_chains(self) -> SymbolDictionary:
        """Chains of the subscribed options by canonical symbol."""
        return self._once("option_chains", self._build_option_chains)

    @property
    def futures_chains(self) -> SymbolDictionary:
        """Chains of the subscribed futures by canonical symbol."""
        return self._once("futures_chains", self._build_futures_chains)

    future_chains = futures_chains

    def _build_option_chains(self) -> SymbolDictionary:
        chains: dict[Symbol, OptionChain] = {}
        latest: dict[Symbol, BaseData] = {}
        for _, security, data in self._bars():
            if isinstance(security, Option):
                self._add_option(chains, security, data, latest)
            latest[security.symbol] = data
        for security, data in self._only_open_interest(chains):
            self._add_option(chains, security, data, latest)
        return OptionChains(chains)

    def _only_open_interest(self, chains: dict[Symbol, OptionChain]) -> Iterator[tuple[Option, OpenInterest]]:
        """Options without a bar so far whose open interest is known: LEAN carries that forward while the market is open."""
        feed, second = self._feed, self._second
        for stream in feed.subscriptions if self._has_bars else ():
            symbol = stream.symbol
            if not symbol.security_type.is_option() or stream.tick_type != TickType.TRADE or stream.started_by(second) \
                    or stream.is_internal or not stream.fill_forward or second <= max(stream.begin, stream.series.first_end):
                continue
            chain = chains.get(symbol.canonical)
            if chain is not None and symbol in chain.contracts or not stream.grid.has(second):
                continue
            interest = feed.open_interest(feed.securities[symbol])
            if interest:
                yield feed.securities[symbol], OpenInterest(stream.local_time(second), symbol, interest)

    def _add_option(self, chains: dict[Symbol, OptionChain], option: Option, data: BaseData,
                    latest: dict[Symbol, BaseData]) -> None:
        underlying = latest.get(option.symbol.underlying)
        if underlying is None and option.underlying is not None:
            underlying = option.underlying.get_last_data()
        if underlying is None:
            return
        canonical = option.symbol.canonical
        chain = chains.get(canonical)
        if chain is None:
            chain = chains[canonical] = OptionChain(canonical, self.time)
        chain.underlying = underlying
        contract = chain.contracts.get(option.symbol)
        if contract is None:
            contract = OptionContract(option.symbol, data.end_time, option.symbol_properties.strike_multiplier)
            contract.underlying_last_price = underlying.price
            contract.open_interest = self._feed.open_interest(option)
            contract.set_price_model(lambda: self._feed.evaluate_price_model(option, contract, self))
            chain.contracts[option.symbol] = contract
        if isinstance(data, OpenInterest):
            return
        contract.update(data)
        (chain.trade_bars if isinstance(data, TradeBar) else chain.quote_bars)[option.symbol] = data

    def _build_futures_chains(self) -> SymbolDictionary:
        chains: dict[Symbol, FuturesChain] = {}
        for subscription, security, data in self._bars():
            symbol = security.symbol
            if symbol.security_type != SecurityType.FUTURE or symbol.is_canonical() or subscription.is_internal:
                continue
            chain = chains.setdefault(symbol.canonical, FuturesChain(symbol.canonical, self.time))
            contract = chain.contracts.get(symbol)
            if contract is None:
                contract = FuturesContract(symbol, data.end_time)
                chain.contracts[symbol] = contract
            contract.update(data)
            (chain.trade_bars if isinstance(data, TradeBar) else chain.quote_bars)[symbol] = data
        return FuturesChains(chains)

    # by symbol --------------------------------------------------------------------------------------------------
    def _by_symbol(self) -> SymbolDictionary:
        """Of each security the trade bar, else the quote bar, else the last event."""
        def build() -> SymbolDictionary:
            found: dict[Symbol, BaseData] = {event.symbol: event for event in self._events}
            for subscription, _, data in self._bars():
                if subscription.tick_type == TickType.TRADE or not isinstance(found.get(data.symbol), TradeBar):
                    found[data.symbol] = data
            return SymbolDictionary(found)
        return self._once("by_symbol", build)

    def __getitem__(self, symbol: Any) -> Any:
        return self._by_symbol()[symbol]

    def __contains__(self, symbol: Any) -> bool:
        return symbol in self._by_symbol()

    def contains_key(self, symbol: Any) -> bool:
        """Whether the slice has data of a security."""
        return symbol in self._by_symbol()

    def get(self, key: Any, default: Any = None) -> Any:
        """Data of a security, or all data of a type (`QuoteBar`, `TradeBar`, or the algorithm's own), or of both."""
        if isinstance(key, type):
            if key in (TradeBar, QuoteBar) or issubclass(key, PythonData):
                found = self.bars if key is TradeBar else self.quote_bars if key is QuoteBar else self._by_type(key, SymbolDictionary)
                return found if default is None else found[default]
            raise MemberNotSupported(f"Slice.get({key.__name__})")
        return self._by_symbol().get(key, default)

    def try_get_value(self, symbol: Any, *_: Any) -> tuple[bool, Any]:
        """Whether the slice has data of a security, and the data."""
        return self._by_symbol().try_get_value(symbol)

    def keys(self) -> Any:
        """Symbols with data."""
        return self._by_symbol().keys()

    def values(self) -> Any:
        """Data of all securities."""
        return self._by_symbol().values()

    def items(self) -> Any:
        """Pairs of symbol and data."""
        return self._by_symbol().items()

    def __iter__(self) -> Iterator[KeyValuePair[Symbol, BaseData]]:
        return iter(self._by_symbol())

    def __len__(self) -> int:
        return len(self._by_symbol())

    @property
    def count(self) -> int:
        """Number of securities with data."""
        return len(self)

    @property
    def all_data(self) -> list[BaseData]:
        """All bars and events."""
        return [*self._events, *(data for _, _, data in self._bars())]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return other_member(self, name)
