"""A broker for the tests of orders: obeys by default, misbehaves on request. Books holdings itself."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Callable

from core.errors import StoreError
from core.model import Contract, Intent, Leg, Purpose, Quote, Right, Urgency
from helpers.atomic_order_executor import (AtomicOrderExecutor, OpenOrder, OrderStatus, OrderUpdate, Rejected,
                                           Submitted)
from tests.builders import FRIDAY, make_contract, make_quote

START = datetime(2024, 7, 26, 11, 0)


@dataclass
class LegOrder:
    id: int
    contract: Contract
    quantity: int
    tag: str
    limit: float
    legs: int = 1
    filled: int = 0
    status: OrderStatus = OrderStatus.SUBMITTED

    @property
    def is_open(self) -> bool:
        return self.status in (OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED)


@dataclass
class FakeBroker:
    """``quiet``: events are kept in ``events`` until delivered. Faults are plain attributes."""

    holdings: dict[Contract, int] = field(default_factory=dict)
    quotes: dict[Contract, Quote] = field(default_factory=dict)
    orders: dict[int, LegOrder] = field(default_factory=dict)
    events: deque = field(default_factory=deque)
    sent: list = field(default_factory=list)
    updates: list = field(default_factory=list)
    cancels: list = field(default_factory=list)
    hear: Callable[[OrderUpdate, datetime], None] | None = None
    now: datetime = START
    quiet: bool = False
    reject: str = ""
    deaf_cancel: bool = False
    deaf_update: bool = False
    silent_submit: bool = False
    explode: bool = False
    close: datetime | None = START.replace(hour=16)
    shown_holdings: dict[Contract, int] | None = None
    paid: dict[Contract, float] = field(default_factory=dict)
    next_id: int = 1
    next_event: int = 1

    # --- OrderPort

    def submit(self, legs: tuple[Leg, ...], quantity: int, limit: float, tag: str) -> Submitted | Rejected:
        assert limit != 0 and quantity > 0 and 1 <= len(legs) <= 4
        self.sent.append((tuple((leg.contract, leg.ratio) for leg in legs), quantity, limit, tag))
        if self.reject:
            return Rejected(self.reject)
        ids = []
        for leg in legs:
            order = LegOrder(self.next_id, leg.contract, leg.ratio * quantity, tag, limit, len(legs))
            self.orders[order.id] = order
            ids.append(order.id)
            self.next_id += 1
        if self.explode:
            raise RuntimeError("the engine died in the call")
        if not self.silent_submit:
            for order_id in ids:
                self.say(order_id, OrderStatus.SUBMITTED)
        return Submitted(tuple(ids))

    def update(self, order_ids: tuple[int, ...], limit: float) -> bool:
        assert limit != 0
        self.updates.append((order_ids, limit))
        if self.deaf_update:
            return False
        for order_id in order_ids:
            self.orders[order_id].limit = limit
        return True

    def cancel(self, order_ids: tuple[int, ...]) -> bool:
        self.cancels.append(order_ids)
        if self.deaf_cancel:
            return True
        for order_id in order_ids:
            self.end(order_id, OrderStatus.CANCELED)
        return True

    def quote(self, contract: Contract) -> Quote | None:
        return self.quotes.get(contract)

    def holding(self, contract: Contract) -> int:
        shown = self.holdings if self.shown_holdings is None else self.shown_holdings
        return shown.get(contract, 0)

    def average_price(self, contract: Contract) -> float | None:
        return self.paid.get(contract)

    def session_close(self, contract: Contract, now: datetime) -> datetime | None:
        return self.close

    def open_order_ids(self, tag: str) -> tuple[int, ...]:
        return tuple(order.id for order in self.orders.values() if order.tag == tag and order.is_open)

    # --- what tests do

    def say(self, order_id: int, status: OrderStatus, quantity: int = 0, price: float = 0.0, message: str = "") -> None:
        order = self.orders[order_id]
        update = OrderUpdate(order_id=order_id, contract=order.contract, status=status, fill_quantity=quantity,
                             fill_price=price, fee=abs(quantity) * 1.0, message=message, time=self.now,
                             event_id=str(self.next_event))
        self.next_event += 1
        self.events.append(update)
        if not self.quiet:
            self.deliver()

    def deliver(self) -> None:
        while self.events:
            self.hear(self.events.popleft(), self.now)

    def end(self, order_id: int, status: OrderStatus, message: str = "", told: bool = True) -> None:
        order = self.orders[order_id]
        if order.is_open:
            order.status = status
            if told:
                self.say(order_id, status, message=message)

    def fill(self, contract: Contract, quantity: int | None = None, price: float = 1.0, told: bool = True) -> None:
        """Fill ``quantity`` (unsigned; None: the rest) of the open order on ``contract``."""
        order = next(order for order in self.orders.values() if order.contract == contract and order.is_open)
        rest = order.quantity - order.filled
        amount = rest if quantity is None else quantity * (1 if rest > 0 else -1)
        assert abs(amount) <= abs(rest)
        order.filled += amount
        order.status = OrderStatus.FILLED if order.filled == order.quantity else OrderStatus.PARTIALLY_FILLED
        self.holdings[contract] = self.holdings.get(contract, 0) + amount
        if told:
            self.say(order.id, order.status, amount, price)

    def fill_all(self, price: float = 1.0, legs: int = 0) -> None:
        """Fill every open order (``legs``: only those of so many legs)."""
        for order in list(self.orders.values()):
            if order.is_open and legs in (0, order.legs):
                self.fill(order.contract, price=price)

    def restart(self, tags: bool) -> None:
        """The engine starts again: orders and events are numbered from one again, the live brokerage keeps no tags, events
        are lost."""
        self.events.clear()
        self.next_id = self.next_event = 1
        still_open = [order for order in self.orders.values() if order.is_open]
        self.orders = {}
        for order in still_open:
            order.id = self.next_id
            order.tag = order.tag if tags else ""
            self.orders[order.id] = order
            self.next_id += 1

    def open_orders(self) -> tuple[OpenOrder, ...]:
        return tuple(OpenOrder(order_id=order.id, contract=order.contract, quantity=order.quantity, tag=order.tag)
                     for order in self.orders.values() if order.is_open)


class FakeWriteAhead:
    """Keeps the last facts as JSON would; ``broken`` saves raise."""

    slots = 2

    def __init__(self) -> None:
        self.saved: dict | None = None
        self.count = 0
        self.broken = False

    def save(self, facts) -> None:
        if self.broken:
            raise StoreError("the disk is full")
        self.saved = facts
        self.count += 1


class FakePositions:
    """``others``: what other positions than the one at work hold. Nothing that is reported counts as booked yet."""

    def __init__(self) -> None:
        self.others: dict[Contract, int] = {}
        self.accepted = 0

    def held_by_others(self, position_id: str, contract: Contract) -> int:
        return self.others.get(contract, 0)


class Desk:
    """Broker, journal and executor wired together, with a clock."""

    def __init__(self, **broker) -> None:
        self.broker = FakeBroker(**broker)
        self.journal = FakeWriteAhead()
        self.positions = FakePositions()
        self.executor = AtomicOrderExecutor(self.broker, self.journal, self.positions, clock_seconds=60)
        self.broker.hear = self.executor.on_order_event
        self.reports: list = []

    @property
    def now(self) -> datetime:
        return self.broker.now

    def start(self, intent: Intent) -> bool:
        return self.executor.start(intent, self.now)

    def minutes(self, count: int = 1) -> None:
        for _ in range(count):
            self.broker.now += timedelta(minutes=1)
            self.executor.on_minute(self.now)

    def outcomes(self):
        """All outcomes so far as (kind, final, reason, units)."""
        self.reports += self.executor.drain()
        return [(report.kind.value, report.final, report.reason, report.units) for report in self.reports
                if hasattr(report, "kind")]

    def fills(self):
        self.reports += self.executor.drain()
        return [report for report in self.reports if not hasattr(report, "kind")]

    def finals(self):
        return [outcome for outcome in self.outcomes() if outcome[1]]

    def net(self) -> dict[Contract, int]:
        """Reported fills, summed."""
        total: dict[Contract, int] = {}
        for fill in self.fills():
            total[fill.contract] = total.get(fill.contract, 0) + fill.quantity
        return {contract: quantity for contract, quantity in total.items() if quantity}


def make_intent(legs: dict[Contract, int], quantity: int = 1, purpose: Purpose = Purpose.ENTRY,
                urgency: Urgency = Urgency.WALK, **overrides) -> Intent:
    values = dict(id=f"lt112/202407261100:{purpose.value}:202407261100", strategy="lt112",
                  position_id="lt112/202407261100", purpose=purpose, urgency=urgency,
                  legs=tuple(Leg(contract=contract, ratio=ratio) for contract, ratio in legs.items()),
                  quantity=quantity, reason="TEST", created=FRIDAY)
    return Intent(**(values | overrides))


EXPIRY = date(2024, 11, 15)
SHORT = make_contract(500.0, expiry=EXPIRY)
LONG = make_contract(495.0, expiry=EXPIRY)
CALL = make_contract(600.0, Right.CALL, expiry=EXPIRY)
FAR_CALL = make_contract(605.0, Right.CALL, expiry=EXPIRY)
QUOTES = {SHORT: make_quote(3.00, 3.10), LONG: make_quote(2.00, 2.10), CALL: make_quote(1.50, 1.60),
          FAR_CALL: make_quote(1.00, 1.10)}
SPREAD = {SHORT: -1, LONG: 1}
CONDOR = {SHORT: -1, LONG: 1, CALL: -1, FAR_CALL: 1}
CLOSING = {SHORT: 1, LONG: -1}


def entry_desk(legs=SPREAD, quantity=2, **overrides) -> Desk:
    desk = Desk(quotes=dict(QUOTES))
    desk.start(make_intent(legs, quantity, **overrides))
    return desk


def exit_desk(urgency=Urgency.WALK, units=2, legs=CLOSING, purpose=Purpose.EXIT, start=True, **broker) -> Desk:
    desk = Desk(quotes=dict(QUOTES), holdings={contract: -ratio * units for contract, ratio in legs.items()}, **broker)
    if start:
        desk.start(make_intent(legs, units, purpose, urgency))
    return desk


def limits(desk: Desk) -> list[float]:
    return [sent[2] for sent in desk.broker.sent] + [limit for _, limit in desk.broker.updates]
