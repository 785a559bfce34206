"""The seams of the shell: what each part of it asks of the gateway, and of what an operator sends, as protocols."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Collection, Iterable, Mapping, Protocol, TypeVar

from core.model import CalendarFacts, Chain, Contract, Quote, Underlying
from helpers.orders.port import OpenOrder, OrderPort, OrderUpdate

Event = TypeVar("Event", contravariant=True)
"""LEAN's order event: the shell hands it on, the gateway alone reads it."""


class CommandWords(Protocol):
    """A command as it arrives; what it does not say is None."""

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
    """Which contracts have quotes."""

    @property
    def subscribed(self) -> tuple[Contract, ...]:
        """The same tuple until something is subscribed or unsubscribed."""
        ...

    def subscribe(self, contracts: Iterable[Contract]) -> None:
        """Subscribe to minute quotes; a contract has a price from its next bar on."""
        ...

    def unsubscribe(self, contracts: Iterable[Contract]) -> None:
        """Stop the data of flat contracts; a held one raises GatewayError."""
        ...


class BrokerFacts(Protocol):
    """What the account holds and works, the owner's own included."""

    def subscribe(self, contracts: Iterable[Contract]) -> None:
        """As of :class:`Subscriptions`."""
        ...

    def holdings(self) -> Mapping[Contract, int]:
        """Everything the broker holds, signed."""
        ...

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Every open order."""
        ...

    def has_price(self, ticker: str) -> bool: ...

    def daily_closes(self, ticker: str) -> list[tuple[date, float]]:
        """As of :class:`Market`."""
        ...


class Market(Protocol):
    """What a snapshot is made of."""

    @property
    def cash(self) -> float:
        """USD."""
        ...

    @property
    def subscribed(self) -> tuple[Contract, ...]: ...

    def calendar(self) -> CalendarFacts: ...

    def add_underlying(self, ticker: str) -> None:
        """Subscribe one underlying; of a future only its name."""
        ...

    def underlying(self, ticker: str, *, intraday: bool = False) -> Underlying | None:
        """One underlying now; None when it has never had a price."""
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
        """Contract months that have a price, ``/ES@240920`` to ticker and expiry; the same mapping until it changes."""
        ...

    def future(self, ticker: str, expiry: date) -> Underlying: ...

    def future_price(self, ticker: str, expiry: date) -> float: ...

    def follow_futures(self, held: Mapping[str, Collection[date]]) -> None:
        """Once a morning: the contract months of the products in ``held``, those of held options among them."""
        ...

    def chains(self, ticker: str) -> tuple[Chain, ...]:
        """Yesterday's rows, one chain a root; () where there are none."""
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
        """What the broker holds of subscribed contracts and of the underlyings' shares, signed."""
        ...

    def others_value(self) -> float:
        """Value in USD of what else :meth:`holdings` last found."""
        ...


class EventReader(Protocol[Event]):
    """Plain values of order events."""

    def order_update(self, event: Event) -> OrderUpdate: ...

    def is_exercise(self, event: Event) -> bool:
        """True for what the exchange does by itself: expiry, exercise and assignment."""
        ...


class Gateway(OrderPort, Subscriptions, BrokerFacts, Market, EventReader[Event], Protocol[Event]):
    """All of it: what stands between the framework and LEAN."""

    def account_value(self) -> float:
        """LEAN's own value of the account in USD."""
        ...

    def drain_notes(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """What the journal is to be told: event and facts."""
        ...
