"""The simulated brokerage: holds pending orders and fills them against current data.

The order of checks is that of LEAN's backtesting brokerage: time in force, buying power, fill model, fees; then all
events of a combo are delivered together. An order never fills at the instant it was made, but for market orders and
exercises.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.engine.broker.clock import next_hour
from local.engine.broker.enums import OrderStatus, OrderType, is_closed
from local.engine.broker.events import OrderEvent
from local.engine.broker.fills import FillModelParameters
from local.engine.broker.group import group_orders, insufficient_power_message
from local.engine.broker.margin_types import HasSufficientBuyingPowerForOrderResult
from local.engine.broker.options_lifecycle import OptionAssignmentParameters
from local.engine.broker.orders import Order
from local.engine.enums import DelistingType

if TYPE_CHECKING:
    from local.engine.broker.handler import TransactionHandler

_IMMEDIATE = frozenset((OrderType.MARKET, OrderType.COMBO_MARKET, OrderType.OPTION_EXERCISE))


class Brokerage:
    """Pending orders of one account. Subclass it to model a broker that behaves differently."""

    def __init__(self) -> None:
        self.pending: dict[int, Order] = {}
        self.accepted: frozenset[int] = frozenset()         # orders of an earlier life of the algorithm
        self.next_assignment_time: datetime | None = None
        self._needs_scan = False
        self._assignments: set[Any] = set()
        self._tried_groups: set[int] = set()
        self.algorithm: Any = None
        self.handler: TransactionHandler | None = None

    def bind(self, algorithm: Any, handler: TransactionHandler) -> None:
        """Serve this algorithm from now on."""
        self.algorithm = algorithm
        self.handler = handler
        self._needs_scan = bool(self.pending)

    @property
    def has_pending(self) -> bool:
        """Whether any order waits to be filled."""
        return bool(self.pending)

    # -- requests ------------------------------------------------------------------------------------------------

    def place_order(self, order: Order) -> bool:
        """Take a new order and report it submitted."""
        if order.status is not OrderStatus.NEW:
            return False
        self._needs_scan = True
        self.pending[order.id] = order
        self._mark(order)
        event = OrderEvent(order, self.algorithm._utc_now)
        event.status = OrderStatus.SUBMITTED
        self.deliver([event])
        return True

    def update_order(self, order: Order) -> bool:
        """Take the changed order and report the update; False when it is not pending."""
        if order.id not in self.pending:
            return False
        self._needs_scan = True
        self.pending[order.id] = order
        self._mark(order)
        event = OrderEvent(order, self.algorithm._utc_now)
        event.status = OrderStatus.UPDATE_SUBMITTED
        self.deliver([event])
        return True

    def cancel_order(self, order: Order) -> bool:
        """Cancel the order with its whole group and report it; False when a leg is not pending any more."""
        orders = group_orders(order, self.pending)
        if orders is None:
            return False
        everything = True
        for member in orders:
            if self.pending.pop(member.id, None) is None:
                everything = False
            self._mark(member)
            event = OrderEvent(member, self.algorithm._utc_now)
            event.status = OrderStatus.CANCELED
            self.deliver([event])
        return everything

    @staticmethod
    def _mark(order: Order) -> None:
        if str(order.id) not in order.broker_id:
            order.broker_id.append(str(order.id))

    def deliver(self, events: list[OrderEvent]) -> None:
        """Hand events to the algorithm's transaction handler."""
        self._tried_groups.clear()
        for event in events:
            self._assignments.discard(event.symbol)
        self.handler.handle_events(events)

    # -- fills ---------------------------------------------------------------------------------------------------

    def scan(self) -> None:
        """Assign short options, then try every pending order in order of number.

        A combo that did not fill at its first leg is not tried again at the others: nothing has changed since. One
        that filled in part is, and so is one whose first leg has a fill model of the algorithm's own, or is being
        cancelled while the money is short.
        """
        self._process_assignments()
        if not self._needs_scan:
            return
        self._tried_groups.clear()
        for order_id in sorted(self.pending):
            order = self.pending.get(order_id)
            if order is None:
                continue
            group = order.group_order_manager
            if group is None or id(group) not in self._tried_groups:
                goes_on = self._try_order(order)
                if group is not None and not goes_on and self._has_engine_model(order):
                    self._tried_groups.add(id(group))
        self._needs_scan = bool(self.pending)

    def _power_for(self, orders: list[Order]) -> HasSufficientBuyingPowerForOrderResult:
        """Whether the orders of a combo can still be afforded. What an earlier life sent, the broker has accepted."""
        if self.accepted.issuperset(order.id for order in orders):
            return HasSufficientBuyingPowerForOrderResult(True)
        return self.algorithm.portfolio.has_sufficient_buying_power_for_order(orders)

    def _try_order(self, order: Order) -> bool:
        """Try an order; whether the other legs of its combo are to be tried as well."""
        algorithm = self.algorithm
        if is_closed(order.status):
            self.pending.pop(order.id, None)
            return False
        if order.naive_time == algorithm._utc_now and order.type not in _IMMEDIATE:
            return False
        orders = group_orders(order, self.pending)
        if orders is None:
            return False
        securities = [algorithm.securities.get(member.symbol) for member in orders]
        if any(security is None for security in securities):
            self._remove(orders, OrderStatus.INVALID)
            return False
        pairs = list(zip(orders, securities))
        if not self._passes_checks(pairs):
            return False
        result = self._power_for(orders)
        if not result.is_sufficient:
            if order.status is OrderStatus.CANCEL_PENDING:
                return True
            message = insufficient_power_message(pairs, result.reason)
            self._remove(orders, OrderStatus.INVALID, message)
            algorithm.error(message)
            return False
        fills = self._fills(order, pairs)
        if fills:
            self._deliver_fills(orders, fills)
        return bool(fills)

    def _has_engine_model(self, order: Order) -> bool:
        model = self.algorithm.securities[order.symbol].fill_model if order.symbol in self.algorithm.securities else None
        return type(model).__module__.startswith("local.engine.")

    def _passes_checks(self, pairs: list[tuple[Order, Any]]) -> bool:
        orders = [order for order, _ in pairs]
        for order, security in pairs:
            if order.type is OrderType.MARKET_ON_OPEN:
                bar = security.get_last_data()
                if bar is None or security.local(order.naive_time) >= bar.end_time:
                    return False
            if order.time_in_force.is_order_expired(security, order):
                self._remove(orders, OrderStatus.CANCELED, "The order has expired.")
                return False
            if not self.algorithm.brokerage_model.can_execute_order(security, order):
                return False
        return True

    def _fills(self, order: Order, pairs: list[tuple[Order, Any]]) -> list[OrderEvent]:
        security = next(security for member, security in pairs if member is order)
        if order.type is OrderType.OPTION_EXERCISE:
            fills = list(security.option_exercise_model.option_exercise(security, order))
        else:
            parameters = FillModelParameters(security, order, pairs, self.algorithm.settings.stale_price_time_span)
            fills = list(security.fill_model.fill(parameters))
        by_id = {member.id: (member, target) for member, target in pairs}
        for fill in fills:
            if fill.status is OrderStatus.FILLED and fill.order_fee.value.amount == 0:
                leg, target = by_id[fill.order_id]
                fill.order_fee = target.fee_model.order_fee(target, leg)
        return fills

    def _deliver_fills(self, orders: list[Order], fills: list[OrderEvent]) -> None:
        events, assigned = [], []
        for target in orders:
            for fill in fills:
                if fill.order_id != target.id:
                    continue
                if target.status is not fill.status or fill.fill_quantity != 0:
                    target.status = fill.status
                    events.append(fill)
                if fill.is_assignment:
                    assigned.append((target, fill))
        self.deliver(events)
        for target, fill in assigned:
            fill.message = target.tag
            self.algorithm._call_user("OnAssignmentOrderEvent", self.algorithm.on_assignment_order_event, fill)
        if all(is_closed(fill.status) for fill in fills):
            for member in orders:
                self.pending.pop(member.id, None)

    def _remove(self, orders: Iterable[Order], status: OrderStatus, message: str = "") -> None:
        events = []
        for order in orders:
            event = OrderEvent(order, self.algorithm._utc_now, message=message)
            event.status = status
            events.append(event)
            self.pending.pop(order.id, None)
        self.deliver(events)

    # -- options -------------------------------------------------------------------------------------------------

    def _process_assignments(self) -> None:
        """Ask, at the first step of an hour, every short option's assignment model."""
        now = self.algorithm._utc_now
        if self.next_assignment_time is not None and now < self.next_assignment_time:
            return
        self.next_assignment_time = next_hour(now)
        short = [security for security in self.algorithm.portfolio.invested_securities()
                 if security.type.is_option() and security.holdings.quantity < 0]
        for option in sorted(short, key=lambda security: security.symbol.id.symbol):
            result = option.option_assignment_model.get_assignment(OptionAssignmentParameters(option))
            if result is None or result.quantity == 0:
                continue
            if option.symbol in self._assignments:
                raise RuntimeError(f"Brokerage: duplicate option exercise order request for {option.symbol}")
            self._assignments.add(option.symbol)
            self.lifecycle.notify_option(option.symbol, 0, result.tag)

    @property
    def lifecycle(self) -> Any:
        """The option lifecycle of the bound algorithm."""
        return self.handler.lifecycle

    def process_delistings(self, delistings: Iterable[Any]) -> None:
        """Settle what was delisted in this slice, options before their underlyings."""
        for delisting in sorted(delistings, key=lambda item: not item.symbol.security_type.is_option()):
            if delisting.type is DelistingType.WARNING:
                continue
            if delisting.symbol.security_type.is_option():
                self.lifecycle.notify_option(delisting.symbol, 0)
            else:
                self.lifecycle.notify_delisting(delisting.symbol)
            if not self.algorithm.is_warming_up:
                self.algorithm.transactions.cancel_open_orders(delisting.symbol)
