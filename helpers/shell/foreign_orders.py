"""Orders placed outside the framework: on the broker's own page, by ``lean live liquidate``, or by ``lean live
submit-order``.

They are handled at the next round. They are booked at their own prices against the positions that held what they
traded; the framework neither reverses nor repeats them. Whoever closes a position outside the framework has a reason,
so entries halt until the operator resumes them.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final, Mapping

from config.constants import SETTLE_MINUTES
from core.model import Contract, Purpose
from core.reconciliation import VerdictKind, kind_of_change
from helpers.orders.matching import is_our_tag
from helpers.orders.port import OrderUpdate
from helpers.shell.booking import Booking
from helpers.shell.components import Components
from helpers.shell.ports import BrokerFacts
from helpers.shell.recovery import Recovery
from helpers.store.journal import Journal

REASON: Final = "FOREIGN_ORDER"


class ForeignOrders:
    """Books what foreign orders did, and settles the positions they touched once those orders are over."""

    def __init__(self, gateway: BrokerFacts, components: Components, journal: Journal, results: Booking, recovery: Recovery
                 ) -> None:
        self._gateway = gateway
        self._parts = components
        self._journal = journal
        self._results = results
        self._recovery = recovery
        self._heard: deque[tuple[OrderUpdate, datetime]] = deque()
        self._touched: dict[str, Mapping[Contract, int]] = {}
        self._since: datetime | None = None

    def takes(self, update: OrderUpdate, now: datetime) -> bool:
        """Queue an event of an order that is not ours; safe from any thread. False if the order is ours."""
        if is_our_tag(update.tag) or self._parts.executor.owns(update.order_id):
            return False
        self._heard.append((update, now))
        return True

    @property
    def waiting(self) -> bool:
        """Whether a queued event is not booked yet."""
        return bool(self._heard)

    def book(self, now: datetime) -> bool:
        """Book the queued events: legs leave their positions at the fill's price. True if there were any."""
        heard = bool(self._heard)
        while self._heard:
            update, told = self._heard.popleft()
            self._book(update, told)
            self._since = now
        return heard

    def _book(self, update: OrderUpdate, told: datetime) -> None:
        positions = {position.id: position for position in self._parts.states.positions}
        owners = self._results.foreign_fill(update, told) if update.fill_quantity else {}
        self._journal.event(told, REASON, order=update.order_id, contract=update.contract.id, status=update.status,
                            quantity=update.fill_quantity, price=update.fill_price if update.fill_quantity else None,
                            positions=owners or None, tag=update.tag or None)
        for owner in owners:
            self._touched.setdefault(owner, {leg.contract: leg.quantity for leg in positions[owner].legs})
        if owners:
            self._parts.book.halted = self._parts.book.halted or REASON
            self._parts.executor.cancel_all(told, REASON, (Purpose.ENTRY,))

    def settle(self, now: datetime) -> bool:
        """Settle, in a round, what foreign orders touched. True if something was settled. Each position is then over,
        smaller, or uneven and flattened. Holdings without an owner are quarantined. While such orders are still open
        this waits, but not for long."""
        if self._since is None:
            return False
        waited = now - self._since >= timedelta(minutes=SETTLE_MINUTES)
        if not waited and self._open_contracts() & {contract for legs in self._touched.values() for contract in legs}:
            return False
        self._since = None
        touched, self._touched = self._touched, {}
        for owner, before in touched.items():
            if owner in self._parts.states and not self._parts.executor.unsettled(owner):
                self._settle_one(owner, before, now)
        self._recovery.unexplained(now)
        return True

    def _open_contracts(self) -> set[Contract]:
        """Contracts of the open orders that are not ours."""
        return {order.contract for order in self._gateway.open_orders()
                if not (is_our_tag(order.tag) or self._parts.executor.owns(order.order_id))}

    def _settle_one(self, owner: str, before: Mapping[Contract, int], now: datetime) -> None:
        position = self._parts.states.position(owner)
        if not position.is_open:
            self._recovery.emptied(position, REASON, now)
            return
        after = {leg.contract: leg.quantity for leg in position.legs}
        if kind_of_change(before, after) is VerdictKind.FEWER:
            self._recovery.reduced(position, sum(abs(quantity) for quantity in before.values()))
        else:
            self._recovery.uneven(position, now)
