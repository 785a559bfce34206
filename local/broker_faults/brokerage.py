"""The brokerage that misbehaves: it trades, tells and refuses as its faults say, and keeps true books of it all.

What LEAN's side knows (orders, tickets, portfolio) follows from what is told, as it does live. What really happened
stands in ``log``, and is what a later algorithm finds.
"""
from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.broker_faults.brokerage_values import (Broken, Crash, Echo, Group, debit_limit, limit_of,
                                                   prices_at_limit, set_limit)
from local.broker_faults.faults import Answer, Disconnect, Fault, FillAfterCancel, Part
from local.broker_faults.truth import BrokerLog, TakenOrder
from local.engine.broker.brokerage import Brokerage
from local.engine.broker.clock import from_utc
from local.engine.broker.enums import OrderStatus, OrderType, is_fill
from local.engine.broker.events import CashAmount, OrderEvent, OrderFee
from local.engine.broker.margin_types import HasSufficientBuyingPowerForOrderResult
from local.engine.broker.orders import Order

if TYPE_CHECKING:
    from local.engine.broker.handler import TransactionHandler

NEW_YORK = "America/New_York"
LIMITS = frozenset({OrderType.LIMIT, OrderType.COMBO_LIMIT})
REFUSAL = "refused by the broker"


class FaultyBrokerage(Brokerage):
    """Pending orders of one account at a broker with faults.

    Parameters
    ----------
    faults : sequence of Fault
        Asked in turn; the first that wants to act does.
    fills_after : int or None
        Minutes after which a limit order at the middle price or better for the market fills at its limit; None leaves
        fills to LEAN's model.
    """

    def __init__(self, faults: Sequence[Fault] = (), *, fills_after: int | None = None) -> None:
        super().__init__()
        self.faults = tuple(faults)
        self.log = BrokerLog()
        self.crash_after_event: int | None = None
        self.events_told = 0
        self._dying = False
        self._fills_after = fills_after
        self._groups: dict[int, Group] = {}
        self._broken: list[Broken] = []
        self._events: list[tuple[datetime, int, OrderEvent, int | None]] = []
        self._bookings: list[tuple[datetime, int, OrderEvent]] = []
        self._number = 0
        self._trade_of: dict[int, int] = {}
        self._own_orders: set[int] = set()
        self._accepted: frozenset[int] = frozenset()
        self._book: Any = None
        self._swallowed: list[int] = []

    # -- the algorithm that is served ----------------------------------------------------------------------------

    def bind(self, algorithm: Any, handler: TransactionHandler) -> None:
        """Serve this algorithm from now on; legs that trade on their own go on doing so."""
        super().bind(algorithm, handler)
        self._dying = False
        self.log.told += [(self.now, number, 0) for number in self._swallowed]
        self._swallowed = []
        for leg in self._broken:
            self.pending.pop(leg.order.id, None)
        self._own_orders = {leg.order.id for leg in self._broken} | set(self.pending)
        self._accepted = frozenset(self._own_orders)
        self._regroup()
        self._book = algorithm.portfolio.process_fills
        algorithm.portfolio.process_fills = self._process_fills
        hear = algorithm.on_order_event

        def on_order_event(event: OrderEvent) -> None:
            if self._dying:
                return
            hear(event)
            self.events_told += 1
            if self.events_told == self.crash_after_event:
                self._dying = True
                self._die_between_requests()
        algorithm.on_order_event = on_order_event

    def _die_between_requests(self) -> None:
        """Raise when the process is to die; an order that is just being taken is taken whole first."""
        taken = {id(group): group for number, group in self._groups.items() if number in self.pending}
        whole = all(member.id in self.pending or member.status is not OrderStatus.NEW
                    for group in taken.values() for member in group.members)
        if self._dying and whole:
            raise Crash(f"after event {self.events_told}")

    def _regroup(self) -> None:
        """Legs that were one order before a restart are one still, under their new numbers."""
        old, self._groups = list(self._groups.values()), {}
        kept = {id(order) for order in self.pending.values()} | {id(leg.order) for leg in self._broken}
        for group in old:
            members = [order for order in group.members if id(order) in kept]
            renewed = Group(group.tag, members, group.answer, group.limit, set(), set())
            for order in members:
                self._groups[order.id] = renewed

    def forget_algorithm(self) -> list[OrderEvent]:
        """The process is gone: fills it was not told of are returned, and its resting legs stay with the account."""
        untold = [event for _, _, event, _ in sorted(self._events, key=lambda row: row[:2])
                  if event.fill_quantity and event.order_id in self._own_orders]
        self._swallowed += [number for _, _, _, number in self._events if number is not None]
        late = [event for _, _, event in sorted(self._bookings, key=lambda row: row[:2])]
        self._events, self._bookings = [], []
        for leg in self._broken:
            self.pending[leg.order.id] = leg.order
        return late + untold

    def take_over(self, renewed: dict[int, Order]) -> None:
        """Resting orders as the next life will find them, by number."""
        for group in {id(group): group for group in self._groups.values()}.values():
            group.members = [renewed.get(order.id, order) for order in group.members]
            group.limit = limit_of(group.members[0])
        for leg in self._broken:
            leg.order = renewed.get(leg.order.id, leg.order)
        self.pending = dict(renewed)

    @property
    def untold(self) -> int:
        """Fills nobody has been told of."""
        return sum(1 for _, _, _, number in self._events if number is not None) + len(self._swallowed)

    @property
    def resting_tags(self) -> tuple[str, ...]:
        """Tags of orders that still work, one an order."""
        orders = [*self.pending.values(), *(leg.order for leg in self._broken)]
        return tuple(sorted({self._tag(order) for order in orders}))

    def _tag(self, order: Order) -> str:
        """The tag an order came with, also when a restart lost it."""
        group = self._groups.get(order.id)
        return order.tag if group is None else group.tag

    @property
    def now(self) -> datetime:
        """New York time."""
        return from_utc(self.algorithm._utc_now, NEW_YORK)

    @property
    def has_pending(self) -> bool:
        """Whether anything waits: orders, pieces of them, or news of them."""
        return bool(self.pending or self._broken or self._events or self._bookings)

    # -- requests ------------------------------------------------------------------------------------------------

    def place_order(self, order: Order) -> bool:
        """Take a new order, or do with it what a fault says."""
        group = self._groups.get(order.id) or self._open_group(order)
        if group.answer is Answer.FAIL:
            return False
        if group.answer is Answer.REFUSE:
            event = self._event(order, OrderStatus.INVALID)
            event.message = REFUSAL
            self.deliver([event])
            return True
        if group.answer is Answer.REFUSE_SILENTLY:
            return True
        self._own_orders.add(order.id)
        if group.answer is Answer.UNHEARD:
            self._needs_scan = True
            self.pending[order.id] = order
            self._mark(order)
            return True
        taken = super().place_order(order)
        self._die_between_requests()
        return taken

    def _open_group(self, order: Order) -> Group:
        manager = order.group_order_manager
        members = [order] if manager is None else [self.handler.find(number) for number in sorted(manager.order_ids)]
        answer = self._answer(members)
        group = Group(order.tag, members, answer, limit_of(order), set(), set())
        for member in members:
            self._groups[member.id] = group
        self.log.orders.append(TakenOrder(
            time=self.now, tag=order.tag, limit=debit_limit(order), answer=answer.value,
            legs=tuple((member.symbol, self._quantity(member)) for member in members)))
        return group

    @staticmethod
    def _quantity(order: Order) -> int:
        return int(order.quantity)

    def _answer(self, members: Sequence[Order]) -> Answer:
        now = self.now
        closes = [self._expiry_close(member.symbol) for member in members]
        today = [close for close in closes if close is not None and close.date() == now.date()]
        for fault in self.faults:
            answer = fault.answer(now, min(today) if today else None, len(members))
            if answer is not None:
                return answer
        return Answer.ACCEPT

    def _expiry_close(self, symbol: Any) -> datetime | None:
        if not symbol.security_type.is_option():
            return None
        day = symbol.id.date.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = self.algorithm.securities[symbol].exchange.hours
        return hours.get_last_daily_market_close(day, False) if hours.is_date_open(day) else None

    def _is_disconnected(self) -> bool:
        now = self.now
        return any(isinstance(fault, Disconnect) and fault.active(now) for fault in self.faults)

    def update_order(self, order: Order) -> bool:
        """Nothing changes until every leg that still works has been asked for."""
        group = self._groups[order.id]
        if self._is_disconnected() or not self._works(order.id):
            return False
        wanted = limit_of(order)
        group.wants_update.add(order.id)
        working = [member for member in group.members if self._works(member.id)]
        if not {member.id for member in working} <= group.wants_update:
            set_limit(order, group.limit)
            return True
        group.wants_update.clear()
        group.limit = wanted
        set_limit(order, wanted)
        self.log.repriced.append((self.now, group.tag, debit_limit(order)))
        for member in working:
            if member.id in self.pending:
                super().update_order(member)
            else:
                self.deliver([self._event(member, OrderStatus.UPDATE_SUBMITTED)])
        return True

    def _works(self, order_id: int) -> bool:
        return order_id in self.pending or any(leg.order.id == order_id for leg in self._broken)

    def cancel_order(self, order: Order) -> bool:
        """Nothing is cancelled until every leg that still works has been asked for."""
        group = self._groups.get(order.id)
        if group is None:
            return super().cancel_order(order)
        if self._is_disconnected() or not self._works(order.id):
            return False
        group.wants_cancel.add(order.id)
        working = [member for member in group.members if self._works(member.id)]
        if not {member.id for member in working} <= group.wants_cancel:
            return True
        crossed = self._cross(working)
        for member in working:
            self.pending.pop(member.id, None)
            self._broken = [leg for leg in self._broken if leg.order.id != member.id]
            self._mark(member)
            self.deliver([self._event(member, OrderStatus.CANCELED)])
        for event, number, minutes in crossed:
            self._tell_later(event, self.now + timedelta(minutes=minutes), number)
        return True

    def close_requests(self) -> None:
        """Look for requests that reached some legs only: TastyTrade ignores them."""
        for group in {id(group): group for group in self._groups.values()}.values():
            for kind, asked in (("update", group.wants_update), ("cancel", group.wants_cancel)):
                working = {member.id for member in group.members if self._works(member.id)}
                if asked & working and any(self._unasked(kind, number) for number in working - asked):
                    self.log.one_leg_requests.append((self.now, group.members[0].tag, kind))
                asked.clear()

    def _unasked(self, kind: str, order_id: int) -> bool:
        """Whether the algorithm asked nothing of this leg; a request that LEAN itself refused was asked."""
        ticket = self.handler.tickets[order_id]
        return ticket.cancel_request is None if kind == "cancel" else not ticket.update_requests

    def _cross(self, working: Sequence[Order]) -> list[tuple[OrderEvent, int, int]]:
        """Fills that crossed a cancel: they have happened, and are told after it."""
        for fault in self.faults:
            minutes = fault.crosses_cancel(self.now)
            if minutes is None:
                continue
            count = len(working)
            if isinstance(fault, FillAfterCancel) and fault.legs:
                count = min(fault.legs, count)
            return [(*self._trade(member, self._left(member), self._side_price(member), 0.0), minutes)
                    for member in working[:count]]
        return []

    def _left(self, order: Order) -> int:
        """Contracts of an order that have not traded, without sign."""
        for leg in self._broken:
            if leg.order.id == order.id:
                return leg.left
        return abs(self._quantity(order))

    def _side_price(self, order: Order) -> float:
        security = self.algorithm.securities[order.symbol]
        return float(security.bid_price if order.quantity < 0 else security.ask_price)

    # -- trades --------------------------------------------------------------------------------------------------

    def scan(self) -> None:
        """Bring about what is due, then try the pending orders."""
        self._release()
        super().scan()

    def _power_for(self, orders: list[Order]) -> HasSufficientBuyingPowerForOrderResult:
        """What an earlier life sent the broker has accepted: a new process's margin model has no say in it."""
        if self._accepted.issuperset(order.id for order in orders):
            return HasSufficientBuyingPowerForOrderResult(True)
        return super()._power_for(orders)

    def _fills(self, order: Order, pairs: list[tuple[Order, Any]]) -> list[OrderEvent]:
        fills = super()._fills(order, pairs)
        if fills or self._fills_after is None or order.type not in LIMITS:
            return fills
        return self._fills_at_limit(order, pairs)

    def _fills_at_limit(self, order: Order, pairs: list[tuple[Order, Any]]) -> list[OrderEvent]:
        """A market maker meets a limit that has rested and is not better than the middle."""
        rested = self.algorithm._utc_now - order.naive_time
        if rested < timedelta(minutes=self._fills_after) or not all(s.exchange.exchange_open for _, s in pairs):
            return []
        prices = prices_at_limit(order, pairs)
        events = []
        for (member, security), price in zip(pairs, prices):
            event = self._event(member, OrderStatus.FILLED)
            event.fill_quantity, event.fill_price = member.quantity, round(price, 6)
            event.order_fee = security.fee_model.order_fee(security, member)
            events.append(event)
        return events

    def _deliver_fills(self, orders: list[Order], fills: list[OrderEvent]) -> None:
        filled = [fill for fill in fills if fill.status is OrderStatus.FILLED]
        if len(filled) != len(orders) or any(order.type not in LIMITS for order in orders):
            for fill in filled:
                self.log.trade(self.now, fill.symbol, int(fill.fill_quantity), float(fill.fill_price), "", fill.order_id)
            super()._deliver_fills(orders, fills)
            return
        by_order = {fill.order_id: fill for fill in filled}
        quantities = [abs(self._quantity(order)) for order in orders]
        parts = next((parts for parts in (fault.parts(self.now, quantities) for fault in self.faults)
                      if parts is not None), tuple(Part(leg, quantity, 0) for leg, quantity in enumerate(quantities)))
        legs = []
        for number, order in enumerate(orders):
            self.pending.pop(order.id, None)
            fill = by_order[order.id]
            mine = [part for part in parts if part.leg == number]
            legs.append(Broken(order, quantities[number], float(fill.fill_price),
                               float(fill.order_fee.value.amount) / quantities[number],
                               [(self.now + timedelta(minutes=part.minutes), part.quantity) for part in mine
                                if part.minutes is not None]))
        self._broken += legs
        self._trade_due()

    def _trade_due(self) -> None:
        now, events = self.now, []
        for leg in list(self._broken):
            for row in [row for row in leg.due if row[0] <= now]:
                leg.due.remove(row)
                security = self.algorithm.securities[leg.order.symbol]
                if row[0] < now and not security.exchange.exchange_open:
                    leg.due.append(row)
                    continue
                events.append(self._trade(leg.order, row[1], leg.price, leg.fee * row[1], leg))
            if leg.left == 0:
                self._broken.remove(leg)
        if events:
            self._tell([event for event, _ in events], [number for _, number in events])

    def _trade(self, order: Order, quantity: int, price: float, fee: float,
               leg: Broken | None = None) -> tuple[OrderEvent, int]:
        """Book one trade; returns the event that tells of it and the trade's number."""
        signed = quantity if order.quantity > 0 else -quantity
        left = (leg.left if leg is not None else self._left(order)) - quantity
        if leg is not None:
            leg.left = left
        number = self.log.trade(self.now, order.symbol, signed, price, self._tag(order), order.id)
        event = self._event(order, OrderStatus.PARTIALLY_FILLED if left else OrderStatus.FILLED)
        event.fill_quantity, event.fill_price = float(signed), price
        event.order_fee = OrderFee(CashAmount(fee, "USD")) if fee else OrderFee.ZERO
        return event, number

    def _event(self, order: Order, status: OrderStatus) -> OrderEvent:
        event = OrderEvent(order, self.algorithm._utc_now)
        event.status = status
        return event

    # -- telling -------------------------------------------------------------------------------------------------

    def deliver(self, events: list[OrderEvent]) -> None:
        """Tell of events, each when its faults let it."""
        self._tell(events, [None] * len(events))

    def _tell(self, events: Sequence[OrderEvent], numbers: Sequence[int | None]) -> None:
        now, at_once = self.now, []
        for event, number in zip(events, numbers):
            leg = self._leg_number(event.order_id)
            delay = max((fault.told_after(now, is_fill(event.status), leg) for fault in self.faults), default=0)
            if delay or self._is_disconnected():
                self._tell_later(event, now + timedelta(minutes=delay), number)
            else:
                at_once.append((event, number))
        self._hand_over(at_once)

    def _leg_number(self, order_id: int) -> int:
        group = self._groups.get(order_id)
        return 0 if group is None else next(
            (number for number, order in enumerate(group.members) if order.id == order_id), 0)

    def _tell_later(self, event: OrderEvent, when: datetime, number: int | None) -> None:
        self._number += 1
        heapq.heappush(self._events, (when, self._number, event, number))

    def _hand_over(self, events: Iterable[tuple[OrderEvent, int | None]]) -> None:
        events = list(events)
        if not events:
            return
        for event, number in events:
            if number is not None:
                self.log.told.append((self.now, number, event.order_id))
        super().deliver([event for event, _ in events])
        for event, number in events:
            again = next((minutes for minutes in (fault.again_after(self.now) for fault in self.faults)
                          if minutes is not None), None) if number is not None else None
            if again is not None:
                self._tell_later(Echo(event), self.now + timedelta(minutes=again), None)

    def _release(self) -> None:
        now = self.now
        while self._bookings and self._bookings[0][0] <= now:
            self._book([heapq.heappop(self._bookings)[2]])
        if self._broken:
            self._trade_due()
        if self._is_disconnected():
            return
        while self._events and self._events[0][0] <= now:
            _, _, event, number = heapq.heappop(self._events)
            if isinstance(event, Echo):
                self.algorithm._call_user("Order Event Handler", self.algorithm.on_order_event, event.event)
            elif event.order_id in self.handler.orders:
                self._hand_over([(event, number)])

    def _process_fills(self, fills: Sequence[OrderEvent]) -> None:
        """Stands before the portfolio's own booking: exchange events are true at once, others may lag."""
        for fill in fills:
            if fill.order_id not in self._own_orders:
                self.log.trade(self.now, fill.symbol, int(fill.fill_quantity), float(fill.fill_price), "",
                               fill.order_id)
                self._book([fill])
                continue
            lag = max((fault.holdings_lag(self.now) for fault in self.faults), default=0)
            if lag:
                self._number += 1
                heapq.heappush(self._bookings, (self.now + timedelta(minutes=lag), self._number, fill))
            else:
                self._book([fill])
