"""The parts of LEAN's objects that are read, as protocols. Only the gateway imports LEAN; it passes its objects to code
that takes these shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Iterable, Protocol, TypeVar

SomeSymbol = TypeVar("SomeSymbol", bound="LeanSymbol")
AskedSymbol = TypeVar("AskedSymbol", bound="LeanSymbol", contravariant=True)


class SymbolId(Protocol):
    """A security identifier. ``date`` is the expiry of a security that expires. ``str()`` of it is the same whenever
    the symbol is met again."""

    @property
    def date(self) -> datetime: ...

    @property
    def symbol(self) -> str: ...

    @property
    def strike_price(self) -> float: ...

    @property
    def option_right(self) -> object: ...


class LeanSymbol(Protocol):
    """A symbol. ``underlying`` is None except for derivatives."""

    @property
    def id(self) -> SymbolId: ...

    @property
    def value(self) -> str: ...

    @property
    def underlying(self) -> LeanSymbol | None: ...


class ExchangeHours(Protocol):
    """The hours of an exchange, in its own zone."""

    def is_date_open(self, local: datetime, /) -> bool: ...

    def get_next_market_open(self, local: datetime, extended: bool, /) -> datetime: ...

    def get_next_market_close(self, local: datetime, extended: bool, /) -> datetime: ...

    def get_next_trading_day(self, local: datetime, /) -> datetime: ...

    def get_previous_trading_day(self, local: datetime, /) -> datetime: ...


class HasDelta(Protocol):
    """A row's Greeks."""

    @property
    def delta(self) -> float: ...


class OptionRow(Protocol):
    """A row of an option chain."""

    @property
    def expiry(self) -> datetime: ...

    @property
    def strike(self) -> float: ...

    @property
    def right(self) -> object: ...

    @property
    def last_price(self) -> float: ...

    @property
    def time(self) -> datetime: ...

    @property
    def underlying_last_price(self) -> float: ...

    @property
    def implied_volatility(self) -> float: ...

    @property
    def greeks(self) -> HasDelta: ...


class MonthRow(Protocol):
    """A row of a futures chain."""

    @property
    def expiry(self) -> datetime: ...

    @property
    def last_price(self) -> float: ...


class OptionLists(Protocol[SomeSymbol]):
    """Names of listed options."""

    def get_option_contract_list(self, symbol: SomeSymbol, time: datetime, /) -> Iterable[SomeSymbol]: ...


class FutureLists(Protocol[SomeSymbol]):
    """Names of listed contract months."""

    def get_future_contract_list(self, symbol: SomeSymbol, time: datetime, /) -> Iterable[SomeSymbol]: ...


class ChainSource(Protocol[SomeSymbol]):
    """What an algorithm knows of chains."""

    @property
    def time(self) -> datetime: ...

    @property
    def option_chain_provider(self) -> OptionLists[SomeSymbol]: ...

    @property
    def future_chain_provider(self) -> FutureLists[SomeSymbol]: ...

    def option_chain(self, symbol: SomeSymbol, /) -> Iterable[OptionRow]: ...

    def future_chain(self, symbol: SomeSymbol, /) -> Iterable[MonthRow]: ...


class HasTime(Protocol):
    """Any object that knows the algorithm's time."""

    @property
    def time(self) -> datetime: ...


class Ended(Protocol):
    """A data point with its end time, in the exchange's zone."""

    @property
    def end_time(self) -> datetime: ...


class Side(Protocol):
    """One side of a quote bar."""

    @property
    def close(self) -> float: ...


class QuoteBar(Ended, Protocol):
    """A quote bar. A side that was never quoted is None."""

    @property
    def bid(self) -> Side | None: ...

    @property
    def ask(self) -> Side | None: ...


class HasLocalTime(Protocol):
    """A security that knows its exchange's time."""

    @property
    def local_time(self) -> datetime: ...


class QuotedSecurity(HasLocalTime, Protocol):
    """A security with its last quotes."""

    @property
    def bid_price(self) -> float: ...

    @property
    def ask_price(self) -> float: ...

    def get_last_data(self) -> Ended | None: ...


class HasData(Protocol):
    """A security that knows whether it has ever had a price."""

    @property
    def has_data(self) -> bool: ...


Month = TypeVar("Month", bound=HasData)
