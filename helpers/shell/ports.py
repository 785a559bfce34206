"""The seams of the shell, as protocols: what its parts ask of the gateway, and what an operator's command contains."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Collection, Iterable, Mapping, Protocol, TypeVar

from core.model import CalendarFacts, Chain, Contract, Quote, Underlying
from helpers.orders.port import OpenOrder, OrderPort, OrderUpdate

Event = TypeVar("Event", contravariant=True)
"""LEAN's order event: the shell hands it on, the gateway alone reads it."""


class CommandWords(Protocol):
    """A command as it arrives. A field it does not contain is None."""

    @property
    def action(self) -> str: ...

    @property
    def strategy(self) -> str | None: ...

    @property
    def reason(self) -> str | None: ...

    @property
    def amount(self) -> float | str | None: ...

    @property
    def position(self) -> str | None: ...

    @property
    def reference(self) -> str | None:
        """The sender's own name of the command, given back with its answer."""
        ...


class Subscriptions(Protocol):
    """The contracts that have quotes."""

    @property
    def subscribed(self) -> tuple[Contract, ...]:
        """The subscribed contracts; the same tuple until one is subscribed or unsubscribed."""
        ...

    def subscribe(self, contracts: Iterable[Contract]) -> None:
        """Subscribe to minute quotes. A contract has a price from its next bar on."""
        ...

    def unsubscribe(self, contracts: Iterable[Contract]) -> None:
        """Stop the data of flat contracts. A held one raises GatewayError."""
        ...


class BrokerFacts(Protocol):
    """What the account holds and which orders work, the owner's own included."""

    def subscribe(self, contracts: Iterable[Contract]) -> None:
        """As :meth:`Subscriptions.subscribe`."""
        ...

    def holdings(self) -> Mapping[Contract, int]:
        """Everything the broker holds, signed."""
        ...

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Every open order."""
        ...

    def has_price(self, ticker: str) -> bool: ...

    def daily_closes(self, ticker: str) -> list[tuple[date, float]]:
        """As :meth:`Market.daily_closes`."""
        ...


class Market(Protocol):
    """The market data that a snapshot is built from."""

    @property
    def cash(self) -> float:
        """The account's cash in USD."""
        ...

    @property
    def subscribed(self) -> tuple[Contract, ...]: ...

    def calendar(self) -> CalendarFacts: ...

    def add_underlying(self, ticker: str) -> None:
        """Subscribe one underlying. Of a future only the name is recorded."""
        ...

    def underlying(self, ticker: str, *, intraday: bool = False) -> Underlying | None:
        """One underlying now; None if it has never had a price."""
        ...

    def price(self, ticker: str) -> float: ...

    def has_price(self, ticker: str) -> bool: ...

    def last_print(self, ticker: str) -> tuple[float, datetime] | None:
        """Price and New York time of the last real bar."""
        ...

    def daily_closes(self, ticker: str) -> list[tuple[date, float]]:
        """Closes of the last completed sessions, oldest first."""
        ...

    def months(self) -> dict[str, tuple[str, date]]:
        """Contract months that have a price: ``/ES@240920`` to ticker and expiry. The same mapping until it changes."""
        ...

    def future(self, ticker: str, expiry: date) -> Underlying: ...

    def future_price(self, ticker: str, expiry: date) -> float: ...

    def follow_futures(self, held: Mapping[str, Collection[date]]) -> None:
        """Once each morning: follow the contract months of the products in ``held``, including those of held
        options."""
        ...

    def chains(self, ticker: str) -> tuple[Chain, ...]:
        """Yesterday's rows, one chain per root; () if there are none."""
        ...

    def quote(self, contract: Contract) -> Quote | None:
        """Last real quote; None before the first."""
        ...

    def shown_quote(self, contract: Contract) -> Quote | None:
        """As :meth:`quote`, for a reader: it moves nothing that the rules believe."""
        ...

    def glance(self, ticker: str, expiry: date | None = None) -> Underlying | None:
        """An underlying, or a followed contract month, by its price alone; None before its first."""
        ...

    def holdings(self) -> Mapping[Contract, int]: ...

    def subscribed_holdings(self) -> Mapping[Contract, int]:
        """The broker's signed holdings of subscribed contracts and of the underlyings' shares."""
        ...

    def others_value(self) -> float:
        """Value in USD of everything else that the gateway's ``holdings`` last found."""
        ...


class EventReader(Protocol[Event]):
    """Plain values of order events."""

    def order_update(self, event: Event) -> OrderUpdate: ...

    def is_exercise(self, event: Event) -> bool:
        """True for an event that the exchange causes: expiry, exercise or assignment."""
        ...


class Gateway(OrderPort, Subscriptions, BrokerFacts, Market, EventReader[Event], Protocol[Event]):
    """The whole interface between the framework and LEAN."""

    def account_value(self) -> float:
        """LEAN's own value of the account in USD."""
        ...

    def drain_notes(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """Events with their facts for the journal."""
        ...
