"""The executor's interface: the port it sends through, the events it receives, and the reports it passes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Mapping, Protocol

from core.model import EMPTY, Contract, Intent, Leg, Purpose, Quote


class OrderStatus(str, Enum):
    """LEAN's order statuses, as far as the executor tells them apart."""

    SUBMITTED = "SUBMITTED"
    UPDATED = "UPDATED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    INVALID = "INVALID"
    OTHER = "OTHER"          # new, cancel pending, none: no consequence


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
        Identical for an event that is delivered twice.
    tag : str
        The order's tag; empty if the broker keeps none.
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
    """The order was handed over; one id per leg, in the order of the legs. The broker has not answered yet."""

    order_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The engine or the broker refused at once; no order is out."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """One leg of an order found open at a restart. ``tag`` is empty if the broker does not keep it."""

    order_id: int
    contract: Contract
    quantity: int
    tag: str


class OrderPort(Protocol):
    """What the gateway offers the executor."""

    def submit(self, legs: tuple[Leg, ...], quantity: int, limit: float, tag: str) -> Submitted | Rejected:
        """Send one order. One leg is a plain limit order at ``abs(limit)``; several are ONE combo at ``limit`` (debit
        positive)."""
        ...

    def update(self, order_ids: tuple[int, ...], limit: float) -> bool:
        """Give every ticket the new limit. False if any refused."""
        ...

    def cancel(self, order_ids: tuple[int, ...]) -> bool:
        """Ask every ticket to cancel. False if any refused."""
        ...

    def quote(self, contract: Contract) -> Quote | None: ...

    def holding(self, contract: Contract) -> int: ...

    def average_price(self, contract: Contract) -> float | None:
        """The broker's average cost of its holding of ``contract``, in points; None if it holds none."""
        ...

    def session_close(self, contract: Contract, now: datetime) -> datetime | None:
        """Close of the session that is open at ``now``; None while closed."""
        ...

    def open_order_ids(self, tag: str) -> tuple[int, ...]: ...


class Positions(Protocol):
    """The positions' holdings, as far as the executor's reports have been booked: the state manager."""

    @property
    def accepted(self) -> int:
        """Number of the last report that was booked."""
        ...

    def held_by_others(self, position_id: str, contract: Contract) -> int:
        """Signed quantity of ``contract`` that all other positions hold."""
        ...


class WriteAhead(Protocol):
    """The store that the executor's facts are written to before it acts, in ``slots`` places in turn."""

    @property
    def slots(self) -> int: ...

    def save(self, facts: Mapping[str, Any]) -> None:
        """Write the facts, or raise StoreError if they did not reach the store."""
        ...


class OutcomeKind(str, Enum):
    FILLED = "FILLED"                  # all of it
    PARTIAL = "PARTIAL"                # even, but fewer units than asked: kept
    NOT_FILLED = "NOT_FILLED"          # timed out or cancelled; nothing was traded
    REFUSED = "REFUSED"                # engine, broker or executor refused
    UNEVEN_REPAIRED = "UNEVEN_REPAIRED"  # legs were uneven and have been evened out; ``units`` are kept
    FAILED = "FAILED"                  # uneven or refused after three tries: ERROR, no entries; the work continues
    UNKNOWN = "UNKNOWN"                # events and holdings disagree, or nobody answers: waits for reconciliation
    STUCK = "STUCK"                    # an exit cannot be priced (a short leg has no ask); tried every minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One fill, to be booked on the position exactly once. A ``deduced`` fill was seen only in the holdings. Its price
    is the broker's cost of the holding, or follows from the order's limit."""

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
    """The result of an intent. Exactly one ``final`` outcome ends it.

    Attributes
    ----------
    units : int
        Whole units traded and kept.
    price : float or None
        Points per unit over all fills, debit positive; None if ``units`` is 0.
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
    """What a restart found. ``orphan_ids`` had our tag but no intent, and were cancelled. ``foreign_ids`` belong to no
    one we know and were left alone; there are no entries until the operator has looked at them."""

    adopted: tuple[str, ...]
    orphan_ids: tuple[int, ...]
    foreign_ids: tuple[int, ...]
