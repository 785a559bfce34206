"""The executor's memory of one intent: what was asked, sent, answered and filled. Data and JSON, no decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, Mapping

from core.errors import IntegrityError
from core.model import Contract, Intent, Leg, Purpose
from core.serialization import (contract_from_json, contract_to_json, intent_from_json, intent_to_json,
                                legs_from_json, legs_to_json, quantities_from_json, quantities_to_json,
                                time_from_json, time_to_json)
from helpers.orders.port import OrderStatus

OPENING = frozenset({Purpose.ENTRY, Purpose.MANAGE})
LOST = "LOST"


@dataclass(slots=True, kw_only=True)
class OrderOut:
    """One order at the broker, with one id per leg.

    ``closed`` maps an id to the status it ended with. ``deduced`` is the part of ``filled`` that only the holdings
    showed; if an event comes for it later, it is not counted again. ``through_since`` is not kept over a restart.
    """

    tag: str
    legs: tuple[Leg, ...]
    quantity: int
    limit: float
    sent: datetime
    priced: datetime
    ids: tuple[int, ...] = ()
    filled: dict[Contract, int] = field(default_factory=dict)
    deduced: dict[Contract, int] = field(default_factory=dict)
    closed: dict[int, str] = field(default_factory=dict)
    closed_at: datetime | None = None
    answered: bool = False
    message: str = ""
    cancel_asked: datetime | None = None
    cancel_chased: datetime | None = None
    cancel_why: str = ""
    uneven_since: datetime | None = None
    update_failures: int = 0
    looked: datetime | None = None
    through_since: datetime | None = None

    @property
    def ended(self) -> datetime:
        """When the order was over.

        Raises
        ------
        IntegrityError
            If it is not over.
        """
        if self.closed_at is None:
            raise IntegrityError("an order is settled that is not over", tag=self.tag)
        return self.closed_at

    @property
    def is_closed(self) -> bool:
        return bool(self.ids) and all(order_id in self.closed for order_id in self.ids)

    @property
    def open_ids(self) -> tuple[int, ...]:
        return tuple(order_id for order_id in self.ids if order_id not in self.closed)

    def total(self, contract: Contract) -> int:
        """Signed quantity ordered of one leg."""
        return next(leg.ratio for leg in self.legs if leg.contract == contract) * self.quantity

    def left(self, contract: Contract) -> int:
        """Signed quantity of one leg that is not filled yet; 0 for a contract the order does not name."""
        asked = sum(leg.ratio for leg in self.legs if leg.contract == contract) * self.quantity
        return asked - self.filled.get(contract, 0)

    def contract_of(self, order_id: int) -> Contract:
        return self.legs[self.ids.index(order_id)].contract

    @property
    def is_uneven(self) -> bool:
        """Whether the legs have filled different numbers of units."""
        return len({Fraction(self.filled.get(leg.contract, 0), leg.ratio) for leg in self.legs}) > 1

    def note_evenness(self, now: datetime) -> None:
        """Remember since when the legs have been uneven."""
        self.uneven_since = (self.uneven_since or now) if self.is_uneven else None

    @property
    def is_whole(self) -> bool:
        return all(self.filled.get(leg.contract, 0) == leg.ratio * self.quantity for leg in self.legs)

    @property
    def is_broken(self) -> bool:
        """Whether a leg ended without being whole while another still works."""
        return bool(self.open_ids) and any(
            self.filled.get(self.contract_of(order_id), 0) != self.total(self.contract_of(order_id))
            for order_id in self.closed)

    @property
    def lacks_fills(self) -> bool:
        """Whether a leg is reported as filled although not all of its fills have been seen."""
        return any(status == OrderStatus.FILLED.value
                   and self.filled.get(self.contract_of(order_id), 0) != self.total(self.contract_of(order_id))
                   for order_id, status in self.closed.items())

    def to_json(self) -> dict[str, Any]:
        return {"tag": self.tag, "legs": legs_to_json(self.legs), "quantity": self.quantity, "limit": self.limit,
                "sent": time_to_json(self.sent), "priced": time_to_json(self.priced), "ids": list(self.ids),
                "filled": quantities_to_json(self.filled), "deduced": quantities_to_json(self.deduced),
                "closed": [[order_id, status] for order_id, status in self.closed.items()],
                "closed_at": time_to_json(self.closed_at), "answered": self.answered, "message": self.message,
                "cancel_asked": time_to_json(self.cancel_asked), "cancel_chased": time_to_json(self.cancel_chased),
                "cancel_why": self.cancel_why, "uneven_since": time_to_json(self.uneven_since),
                "update_failures": self.update_failures, "looked": time_to_json(self.looked)}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> OrderOut:
        return cls(tag=facts["tag"], legs=legs_from_json(facts["legs"]), quantity=int(facts["quantity"]),
                   limit=facts["limit"], sent=datetime.fromisoformat(facts["sent"]),
                   priced=datetime.fromisoformat(facts["priced"]), ids=tuple(facts["ids"]),
                   filled=quantities_from_json(facts["filled"]), deduced=quantities_from_json(facts["deduced"]),
                   closed={int(order_id): status for order_id, status in facts["closed"]},
                   closed_at=time_from_json(facts["closed_at"]), answered=facts["answered"], message=facts["message"],
                   cancel_asked=time_from_json(facts["cancel_asked"]),
                   cancel_chased=time_from_json(facts["cancel_chased"]), cancel_why=facts["cancel_why"],
                   uneven_since=time_from_json(facts["uneven_since"]), update_failures=facts["update_failures"],
                   looked=time_from_json(facts["looked"]))


@dataclass(slots=True, kw_only=True)
class PastLeg:
    """A leg of an order that is over.

    Attributes
    ----------
    left : int
        Signed quantity that was not filled. A late fill may be that large.
    deduced : int
        The part of what was booked that only the holdings showed. Its event is not counted again.
    """

    contract: Contract
    left: int
    deduced: int

    def to_json(self) -> dict[str, Any]:
        return {"contract": contract_to_json(self.contract), "left": self.left, "deduced": self.deduced}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> PastLeg:
        return cls(contract=contract_from_json(facts["contract"]), left=facts["left"], deduced=facts["deduced"])


@dataclass(slots=True, kw_only=True)
class Work:
    """One intent in progress.

    Attributes
    ----------
    goal, filled : dict
        Contract to signed quantity: the final target, and what all orders have traded so far. The goal starts as the
        intent. It shrinks when legs are evened out, expire, or turn out not to be held.
    baseline, based : dict, datetime
        The account's holdings before the first order (for closings, the first of the day), and when they were read.
    value : float
        Sum of quantity times price over all fills, in points; what was paid is positive.
    slippage_usd, half_spread_usd : float
        What the fills cost against the mids they were last priced by, and half of the spreads quoted then.
    quoted : dict
        Mid and half spread of each leg when the order was last priced; not kept over a restart.
    past : dict
        Order id to the fills that may still come for a leg whose order is over.
    was_uneven, ever_uneven : bool
        Whether the legs are uneven and must be evened out now; whether they ever were.
    tries : int
        Minutes spent on evening out so far.
    ending : str
        Why the order was told to stop; empty if it was not.
    """

    intent: Intent
    started: datetime
    goal: dict[Contract, int]
    urgent: bool
    baseline: dict[Contract, int] = field(default_factory=dict)
    filled: dict[Contract, int] = field(default_factory=dict)
    value: float = 0.0
    slippage_usd: float = 0.0
    half_spread_usd: float = 0.0
    quoted: dict[Contract, tuple[float, float]] = field(default_factory=dict)
    order: OrderOut | None = None
    orders_sent: int = 0
    seen: set[str] = field(default_factory=set)     # events of this process: ids begin anew in the next
    worst: float | None = None
    steps: int = 0
    repairing: bool = False
    was_uneven: bool = False
    ever_uneven: bool = False
    tries: int = 0
    tried: datetime | None = None
    failed: bool = False
    unknown: bool = False
    stuck: bool = False
    ending: str = ""
    refusals: int = 0
    refusal: str = ""
    not_before: datetime | None = None
    settle_since: datetime | None = None
    short_since: datetime | None = None
    unquoted_since: datetime | None = None
    missing: dict[Contract, int] = field(default_factory=dict)
    settled: dict[Contract, int] = field(default_factory=dict)      # of the missing: explained by the exchange
    based: datetime | None = None
    past: dict[int, PastLeg] = field(default_factory=dict)

    @property
    def out(self) -> OrderOut:
        """The order that is out. The caller has made sure that there is one.

        Raises
        ------
        IntegrityError
            If there is none.
        """
        if self.order is None:
            raise IntegrityError("no order is out", intent=self.intent.id)
        return self.order

    @property
    def opens(self) -> bool:
        return self.intent.purpose in OPENING

    @property
    def todo(self) -> dict[Contract, int]:
        """What is still to be traded, signed; finished legs are left out."""
        left = {contract: quantity - self.filled.get(contract, 0) for contract, quantity in self.goal.items()}
        return {contract: quantity for contract, quantity in left.items() if quantity}

    @property
    def unexplained(self) -> dict[Contract, int]:
        """What is missing and not explained by an event of the exchange."""
        left = {contract: quantity - self.settled.get(contract, 0) for contract, quantity in self.missing.items()}
        return {contract: quantity for contract, quantity in left.items() if quantity}

    def bought_back(self, contract: Contract) -> bool:
        """Whether a roll has bought a short back. It stays bought, since selling it again would only bring the risk
        back."""
        return (self.intent.purpose is Purpose.MANAGE and self.filled.get(contract, 0) > 0
                and self.baseline.get(contract, 0) < 0)

    def counts(self) -> list[Fraction]:
        """Units traded so far, for each leg of the intent."""
        return [Fraction(self.filled.get(leg.contract, 0), leg.ratio) for leg in self.intent.legs]

    @property
    def units(self) -> int:
        """Whole units traded in every leg that still counts."""
        counts = [Fraction(self.filled.get(leg.contract, 0), leg.ratio) for leg in self.intent.legs
                  if self.opens or leg.contract not in self.missing]
        return max(0, int(min(counts))) if counts else 0

    def to_json(self) -> dict[str, Any]:
        return {"intent": intent_to_json(self.intent), "started": time_to_json(self.started),
                "goal": quantities_to_json(self.goal), "urgent": self.urgent,
                "baseline": quantities_to_json(self.baseline), "filled": quantities_to_json(self.filled),
                "value": self.value, "slippage_usd": self.slippage_usd, "half_spread_usd": self.half_spread_usd,
                "order": None if self.order is None else self.order.to_json(),
                "orders_sent": self.orders_sent, "worst": self.worst, "steps": self.steps,
                "repairing": self.repairing, "was_uneven": self.was_uneven,
                "ever_uneven": self.ever_uneven, "tries": self.tries,
                "failed": self.failed, "unknown": self.unknown, "stuck": self.stuck, "ending": self.ending,
                "refusals": self.refusals, "refusal": self.refusal, "not_before": time_to_json(self.not_before),
                "settle_since": time_to_json(self.settle_since), "short_since": time_to_json(self.short_since),
                "missing": quantities_to_json(self.missing), "settled": quantities_to_json(self.settled), "tried": time_to_json(self.tried),
                "based": time_to_json(self.based),
                "past": [[order_id, leg.to_json()] for order_id, leg in self.past.items()]}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Work:
        return cls(intent=intent_from_json(facts["intent"]), started=datetime.fromisoformat(facts["started"]),
                   goal=quantities_from_json(facts["goal"]), urgent=facts["urgent"],
                   baseline=quantities_from_json(facts["baseline"]), filled=quantities_from_json(facts["filled"]),
                   value=facts["value"], slippage_usd=facts["slippage_usd"], half_spread_usd=facts["half_spread_usd"],
                   orders_sent=facts["orders_sent"],
                   order=None if facts["order"] is None else OrderOut.from_json(facts["order"]),
                   worst=facts["worst"], steps=facts["steps"], repairing=facts["repairing"],
                   was_uneven=facts["was_uneven"], ever_uneven=facts["ever_uneven"],
                   tries=facts["tries"], failed=facts["failed"],
                   unknown=facts["unknown"], stuck=facts["stuck"], ending=facts["ending"],
                   refusals=facts["refusals"], refusal=facts["refusal"],
                   not_before=time_from_json(facts["not_before"]), settle_since=time_from_json(facts["settle_since"]),
                   short_since=time_from_json(facts["short_since"]), missing=quantities_from_json(facts["missing"]),
                   settled=quantities_from_json(facts["settled"]),
                   tried=time_from_json(facts["tried"]),
                   based=time_from_json(facts["based"]),
                   past={int(order_id): PastLeg.from_json(row) for order_id, row in facts["past"]})
