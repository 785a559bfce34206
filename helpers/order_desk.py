"""Handles one order of one intent: send, reprice, cancel, hear, look up, settle against the holdings.

The desk knows nothing of what an intent is for beyond its price; what to send next is the executor's decision.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Callable, Mapping

from config.constants import (ORDER_REPRICE_MINUTES, ORDERS_PER_SECOND, SETTLE_MINUTES, SILENCE_MINUTES)
from core.model import Contract, Leg, Purpose
from helpers.order_pieces import Piece
from helpers.order_port import CLOSING_STATUSES, OrderPort, OrderStatus, OrderUpdate, Rejected
from helpers.order_pricing import (ComboPrice, combo_price, entry_limit, exit_limit, marketable, sendable_limit,
                                   worst_entry)
from helpers.order_reports import Pace, ReportStream
from helpers.order_work import LOST, OrderOut, Work

CLOCK_JITTER = timedelta(seconds=1)


def due(now: datetime, since: datetime, minutes: float) -> bool:
    """Whether ``minutes`` have passed; a second early counts, so that a jittering minute clock loses none."""
    return now - since >= timedelta(minutes=minutes) - CLOCK_JITTER


class OrderDesk:
    """Sends through the port and books what comes back.

    Parameters
    ----------
    port : OrderPort
    reports : ReportStream
    save : callable
        ``save(must)`` writes the executor's facts; raises StoreError only when ``must``.
    clock_seconds : int
        See :class:`helpers.order_reports.Pace`.
    """

    def __init__(self, port: OrderPort, reports: ReportStream, save: Callable[[bool], None],
                 clock_seconds: int) -> None:
        self._port = port
        self._reports = reports
        self._save = save
        self._pace = Pace(ORDERS_PER_SECOND, clock_seconds)

    # --- prices -----------------------------------------------------------------------------------------------------

    def limit(self, work: Work, legs: tuple[Leg, ...], now: datetime) -> float | None:
        """The limit for ``legs`` now, None when a needed quote is missing."""
        price = combo_price(legs, self._port.quote)
        if price is None:
            return None
        tick = min(self._port.tick(leg.contract) for leg in legs)
        closing = not work.opens or work.repairing
        if work.urgent or work.repairing or work.was_uneven:
            wanted = marketable(price, tick)
        elif work.intent.purpose is Purpose.ENTRY:
            wanted = self._entry_price(work, price, now)
        else:
            wanted = exit_limit(price, work.steps, tick)
            if work.steps == 0 and work.orders_sent == 0 and work.intent.limit is not None:
                wanted = work.intent.limit
        return sendable_limit(wanted, tick, legs, opening=not closing)

    @staticmethod
    def _entry_price(work: Work, price: ComboPrice, now: datetime) -> float:
        first = work.worst is None
        if first:
            work.worst = worst_entry(price)
        if first and work.intent.limit is not None:
            work.worst = max(work.worst, work.intent.limit)
            return work.intent.limit
        minute = int((now - work.started + CLOCK_JITTER) / timedelta(minutes=1))
        return entry_limit(price, minute, work.worst)

    # --- sending ----------------------------------------------------------------------------------------------------

    def send(self, work: Work, piece: Piece, limit: float, now: datetime) -> None:
        """Write ahead, then send. Afterwards ``work.order`` is out, or None with ``work.refusal`` set.

        Raises
        ------
        StoreError
            When an opening order could not be written ahead: nothing was sent. A closing order goes out regardless,
            since a store that fails must not keep risk open.
        """
        for leg in piece.legs:
            held = self._port.holding(leg.contract)
            work.baseline[leg.contract] = held - work.filled.get(leg.contract, 0)
        work.orders_sent += 1
        work.refusal, work.settle_since = "", None
        order = work.order = OrderOut(tag=f"{work.intent.id}#{work.orders_sent}", legs=piece.legs,
                                      quantity=piece.quantity, limit=limit, sent=now, priced=now)
        self._save(work.opens and not work.repairing)
        answer = self._port.submit(order.legs, order.quantity, order.limit, order.tag)
        if isinstance(answer, Rejected):
            work.order, work.refusal = None, answer.reason or "REJECTED"
        else:
            order.ids = tuple(answer.order_ids)
        self._save(False)

    def paced(self, now: datetime) -> bool:
        """Whether one more request may go to the broker now."""
        return self._pace.take(now)

    def reprice(self, work: Work, now: datetime, *, at_once: bool = False) -> None:
        """Step the limit once a minute (``at_once``: now)."""
        order = work.order
        if not at_once and not due(now, order.priced, ORDER_REPRICE_MINUTES):
            return
        if not at_once:
            work.steps += 1
        limit = self.limit(work, order.legs, now)
        if limit is None or limit == order.limit:
            order.priced = now
            return
        if not self._pace.take(now):
            return
        order.priced = now
        if self._port.update(order.open_ids, limit):
            order.limit, order.update_failures = limit, 0
        else:
            order.update_failures += 1

    def ask_cancel(self, work: Work, why: str, now: datetime) -> None:
        """Ask for the cancel of every leg that still works; asked again each minute until it is answered."""
        order = work.order
        if not order.cancel_why:
            order.cancel_why = why
        if order.cancel_chased is not None and not due(now, order.cancel_chased, ORDER_REPRICE_MINUTES):
            return
        if not order.open_ids or not self._pace.take(now):
            return
        order.cancel_asked = order.cancel_asked or now
        order.cancel_chased = now
        self._save(False)
        self._port.cancel(order.open_ids)

    # --- hearing ----------------------------------------------------------------------------------------------------

    def hear(self, work: Work, update: OrderUpdate, now: datetime) -> bool:
        """Book one event; False when it changes nothing (a duplicate, an acknowledgement)."""
        key = f"{update.order_id}:{update.event_id}"
        if key in work.seen:
            return False
        work.seen.add(key)
        order = work.order
        if order is None or update.order_id not in order.ids:
            return self._hear_late(work, update)
        order.answered = True
        if update.fill_quantity:
            self._book(work, order, update)
        if update.status in CLOSING_STATUSES and update.order_id not in order.closed:
            order.closed[update.order_id] = update.status.value
            order.message = update.message or order.message
        if order.is_closed and order.closed_at is None:
            order.closed_at = now
        if order.is_uneven:
            order.uneven_since = order.uneven_since or now
        else:
            order.uneven_since = None
        return bool(update.fill_quantity) or update.status in CLOSING_STATUSES

    def _book(self, work: Work, order: OrderOut, update: OrderUpdate) -> None:
        contract = order.contract_of(update.order_id)
        filled = order.filled.get(contract, 0)
        known = within(update.fill_quantity, order.deduced.get(contract, 0))
        if known:
            order.deduced[contract] -= known
        quantity = within(update.fill_quantity - known, order.total(contract) - filled)
        if quantity:
            order.filled[contract] = filled + quantity
            self._count(work, contract, quantity, update.fill_price, update.fee, update.time, deduced=False)

    def _hear_late(self, work: Work, update: OrderUpdate) -> bool:
        """A fill of an order that was thought over counts; never more than it had left."""
        left = work.past.get(update.order_id, 0)
        known = within(update.fill_quantity, work.past_deduced.get(update.order_id, 0))
        if known:
            work.past_deduced[update.order_id] -= known
        quantity = within(update.fill_quantity - known, left)
        if not quantity:
            return False
        work.past[update.order_id] = left - quantity
        self._count(work, update.contract, quantity, update.fill_price, update.fee, update.time, deduced=False)
        return True

    def _count(self, work: Work, contract: Contract, quantity: int, price: float, fee: float, time: datetime, *,
               deduced: bool) -> None:
        work.filled[contract] = work.filled.get(contract, 0) + quantity
        work.value += quantity * price
        self._reports.fill(work, contract, quantity, price, fee, time, deduced)

    # --- looking up and settling ------------------------------------------------------------------------------------

    def look_up(self, work: Work, now: datetime) -> None:
        """Ask the engine which legs it still lists; those it does not are over."""
        order = work.order
        listed = self.listed(order)
        for order_id in order.open_ids:
            if order_id not in listed:
                order.closed[order_id] = LOST
        if order.is_closed and order.closed_at is None:
            order.closed_at = now

    def listed(self, order: OrderOut) -> tuple[int, ...]:
        """Those of the order's ids that the engine lists as open."""
        return tuple(order_id for order_id in self._port.open_order_ids(order.tag) if order_id in order.ids)

    def settle(self, work: Work, now: datetime) -> bool:
        """Whether the closed order is over for good: events and holdings agree, or holdings have had their time.

        Leaves ``work.order`` None then. A cancelled order is given a minute for fills that crossed the cancel; where
        events and holdings differ for longer than SETTLE_MINUTES the holdings are believed, within what was asked.
        """
        order = work.order
        cancelled = not order.is_whole and set(order.closed.values()) != {OrderStatus.INVALID.value}
        if cancelled and not order.is_uneven and not due(now, order.closed_at, 1):
            return False
        differences = self.differences(work, self._port.holding, now)
        if differences or order.lacks_fills:
            work.settle_since = work.settle_since or now
            if not due(now, work.settle_since, SETTLE_MINUTES) or not self.deduce(work, differences, now):
                return False
        self.put_away(work)
        return True

    def put_away(self, work: Work) -> None:
        """The order is over: remember what could still come of it late."""
        order = work.order
        for order_id in order.ids:
            contract = order.contract_of(order_id)
            work.past[order_id] = order.total(contract) - order.filled.get(contract, 0)
            work.past_deduced[order_id] = order.deduced.get(contract, 0)
        if order.ids and set(order.closed.values()) == {OrderStatus.INVALID.value} and not any(order.filled.values()):
            work.refusal = order.message or OrderStatus.INVALID.value
        if order.is_uneven:
            work.was_uneven = work.ever_uneven = True
        if not work.opens and len(set(work.counts())) == 1:
            work.was_uneven = False                          # even again: nothing to hurry for any more
        work.order, work.unknown, work.settle_since = None, False, None

    def differences(self, work: Work, holding: Callable[[Contract], int], now: datetime) -> dict[Contract, int]:
        """Holdings beyond what the events account for, by contract of the order; expired contracts are left out."""
        found = {}
        for leg in work.order.legs:
            contract = leg.contract
            if contract.expiry < now.date():
                continue
            expected = work.baseline.get(contract, 0) + work.filled.get(contract, 0)
            if holding(contract) != expected:
                found[contract] = holding(contract) - expected
        return found

    def deduce(self, work: Work, differences: Mapping[Contract, int], now: datetime) -> bool:
        """Book holdings that no event reported as fills of the order, if it can have made them all."""
        order = work.order
        for contract, quantity in differences.items():
            if within(quantity, order.total(contract) - order.filled.get(contract, 0)) != quantity:
                return False
        prices = self._deduced_prices(order, tuple(differences)) if differences else {}
        for contract, quantity in differences.items():
            order.filled[contract] = order.filled.get(contract, 0) + quantity
            order.deduced[contract] = order.deduced.get(contract, 0) + quantity
            self._count(work, contract, quantity, prices[contract], 0.0, now, deduced=True)
        return True

    def _deduced_prices(self, order: OrderOut, contracts: tuple[Contract, ...]) -> dict[Contract, float]:
        """Bookkeeping prices of unreported fills: quotes where there are any, and the first such leg at whatever
        makes the whole unit cost its limit (never below 0)."""
        prices = {}
        for leg in order.legs:
            quote = self._port.quote(leg.contract)
            prices[leg.contract] = quote.mid if quote is not None else 0.0
        first = next(leg for leg in order.legs if leg.contract in contracts)
        others = sum(leg.ratio * prices[leg.contract] for leg in order.legs if leg is not first)
        prices[first.contract] = max(0.0, round((order.limit - others) / first.ratio, 6))
        return prices

    def is_silent(self, work: Work, now: datetime) -> bool:
        """Whether the order, or its cancel, has gone unanswered for too long."""
        order = work.order
        if order.cancel_asked is not None:
            return due(now, order.cancel_asked, SILENCE_MINUTES)
        return not order.answered and due(now, order.sent, SILENCE_MINUTES)

    def ask_after(self, work: Work, now: datetime) -> None:
        """Once a minute, look up an order that has been out for a while: its end may never have been told."""
        order = work.order
        if due(now, order.sent, SILENCE_MINUTES) and (order.looked is None or due(now, order.looked, 1)):
            order.looked = now
            self.look_up(work, now)


def within(quantity: int, room: int) -> int:
    """``quantity`` cut to ``room``; 0 when the signs differ."""
    if quantity * room <= 0:
        return 0
    return quantity if abs(quantity) <= abs(room) else room
