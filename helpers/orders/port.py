"""What the executor speaks: the port it sends through, the events it hears, the reports it hands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Mapping, Protocol

from core.model import EMPTY, Contract, Intent, Leg, Purpose, Quote


class OrderStatus(str, Enum):
    """LEAN's order statuses as far as they differ for us."""

    SUBMITTED = "SUBMITTED"
    UPDATED = "UPDATED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    INVALID = "INVALID"
    OTHER = "OTHER"          # new, cancel pending, none: nothing follows from it


CLOSING_STATUSES = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.INVALID})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdate:
    """One order event of one leg.

    Attributes
    ----------
    fill_quantity : int
        Signed; 0 without a fill.
    fill_price : float
        Points per contract; meaningless without a fill.
    fee : float
        USD, positive.
    event_id : str
        The same for an event delivered twice.
    tag : str
        Of the order; empty where the broker has none.
    """

    order_id: int
    contract: Contract
    status: OrderStatus
    fill_quantity: int
    fill_price: float
    fee: float
    message: str
    time: datetime
    event_id: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The order was handed over; one id a leg, in the order of the legs. Not yet the broker's word."""

    order_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The engine or the broker said no at once; nothing is out."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """One leg of an order found open at a restart. ``tag`` is empty where the broker does not keep it."""

    order_id: int
    contract: Contract
    quantity: int
    tag: str


class OrderPort(Protocol):
    """What the gateway offers the executor."""

    def submit(self, legs: tuple[Leg, ...], quantity: int, limit: float, tag: str) -> Submitted | Rejected:
        """One leg: a plain limit order at ``abs(limit)``; several: ONE combo at ``limit`` (debit positive)."""
        ...

    def update(self, order_ids: tuple[int, ...], limit: float) -> bool:
        """New limit to every ticket; False when any refused."""
        ...

    def cancel(self, order_ids: tuple[int, ...]) -> bool:
        """Ask every ticket to cancel; False when any refused."""
        ...

    def quote(self, contract: Contract) -> Quote | None: ...

    def holding(self, contract: Contract) -> int: ...

    def average_price(self, contract: Contract) -> float | None:
        """What the broker says its holding of ``contract`` cost on average, in points; None when it holds none."""
        ...

    def session_close(self, contract: Contract, now: datetime) -> datetime | None:
        """Close of the session that is open at ``now``; None while closed."""
        ...

    def open_order_ids(self, tag: str) -> tuple[int, ...]: ...


class Positions(Protocol):
    """What the positions hold as far as the executor's reports have been booked: the state manager."""

    @property
    def accepted(self) -> int:
        """Number of the last report that was booked."""
        ...

    def held_by_others(self, position_id: str, contract: Contract) -> int:
        """Signed quantity that all other positions hold of ``contract``."""
        ...


class WriteAhead(Protocol):
    """Where the executor's facts are written ahead of what it does, in ``slots`` places in turn."""

    @property
    def slots(self) -> int: ...

    def save(self, facts: Mapping[str, Any]) -> None:
        """Raise StoreError when the facts did not reach the store."""
        ...


class OutcomeKind(str, Enum):
    FILLED = "FILLED"                  # all of it
    PARTIAL = "PARTIAL"                # even, but fewer units than asked: kept
    NOT_FILLED = "NOT_FILLED"          # timed out or cancelled; nothing was traded
    REFUSED = "REFUSED"                # engine, broker or executor said no
    UNEVEN_REPAIRED = "UNEVEN_REPAIRED"  # legs were uneven and have been evened out; ``units`` are kept
    FAILED = "FAILED"                  # uneven or refused after three tries: ERROR, no entries; the work goes on
    UNKNOWN = "UNKNOWN"                # events and holdings disagree or nobody answers: waits for reconciliation
    STUCK = "STUCK"                    # an exit cannot be priced (a short leg without an ask); tried every minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One fill, to be booked on the position once. ``deduced``: seen in the holdings only; its price is
    what the broker says the holding cost, or follows from the order's limit."""

    sequence: int
    position_id: str
    intent_id: str
    purpose: Purpose
    contract: Contract
    quantity: int
    price: float
    fee: float
    time: datetime
    deduced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an intent. Exactly one ``final`` outcome ends it.

    Attributes
    ----------
    units : int
        Whole units traded and kept.
    price : float or None
        Points per unit over all fills, debit positive; None when ``units`` is 0.
    facts : mapping
        Plain JSON: tries, missing legs, messages.
    """

    sequence: int
    kind: OutcomeKind
    intent: Intent
    final: bool
    reason: str
    units: int
    price: float | None
    time: datetime
    facts: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryReport:
    """What a restart found. ``orphan_ids`` carried our tag without an intent and were cancelled; ``foreign_ids`` are
    nobody's we know and were left alone: no entries until the operator has looked."""

    adopted: tuple[str, ...]
    orphan_ids: tuple[int, ...]
    foreign_ids: tuple[int, ...]
