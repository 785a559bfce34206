"""The gateway's orders: limits out, order events in."""

from __future__ import annotations

import AlgorithmImports as lean

from core.errors import GatewayError
from core.model import Contract, Leg
from helpers.lean.symbols import SymbolBook
from helpers.lean.values import plain_time
from helpers.orders.port import OpenOrder, OrderStatus, OrderUpdate, Rejected, Submitted

STATUSES = {lean.OrderStatus.SUBMITTED: OrderStatus.SUBMITTED, lean.OrderStatus.UPDATE_SUBMITTED: OrderStatus.UPDATED,
            lean.OrderStatus.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
            lean.OrderStatus.FILLED: OrderStatus.FILLED, lean.OrderStatus.CANCELED: OrderStatus.CANCELED,
            lean.OrderStatus.INVALID: OrderStatus.INVALID}


class OrderGateway:
    """Sends, updates and cancels orders, and reports what LEAN lists and tells.

    Parameters
    ----------
    algorithm : QCAlgorithm
        The running algorithm.
    symbols : SymbolBook
        LEAN's symbols of the framework's contracts.
    """

    def __init__(self, algorithm: lean.QCAlgorithm, symbols: SymbolBook) -> None:
        self._algorithm = algorithm
        self._symbols = symbols

    def contract(self, symbol: lean.Symbol) -> Contract:
        """The contract of one of LEAN's symbols."""
        return self._symbols.contract(symbol)

    def submit(self, legs: tuple[Leg, ...], quantity: int, limit: float, tag: str) -> Submitted | Rejected:
        """Send one limit order (one leg) or one ComboLimit (several). ``limit`` is a debit when positive."""
        algorithm = self._algorithm
        if len(legs) == 1:
            tickets = [algorithm.limit_order(self._symbols.symbol(legs[0].contract), legs[0].ratio * quantity,
                                             abs(limit), tag=tag)]
        else:
            combo = [lean.Leg.create(self._symbols.symbol(leg.contract), leg.ratio) for leg in legs]
            tickets = list(algorithm.combo_limit_order(combo, quantity, limit, tag=tag))
        if any(ticket.status == lean.OrderStatus.INVALID for ticket in tickets):
            response = tickets[-1].submit_request.response
            return Rejected(reason=f"{response.error_code}: {response.error_message}")
        return Submitted(order_ids=tuple(int(ticket.order_id) for ticket in tickets))

    def update(self, order_ids: tuple[int, ...], limit: float) -> bool:
        """Reprice every leg's ticket. Live, the broker changes nothing until the last ticket is updated. A combo's
        limit keeps its sign, even when only one leg of it still works."""
        return all([self._reprice(order_id, limit) for order_id in order_ids])

    def _reprice(self, order_id: int, limit: float) -> bool:
        fields = lean.UpdateOrderFields()
        fields.limit_price = self._as_it_stands(order_id, limit)
        return bool(self._ticket(order_id).update(fields).is_success)

    def _as_it_stands(self, order_id: int, limit: float) -> float:
        """``limit`` in the form that the open order has. The price effect of a combo is the sign of price times
        quantity. After a restart the broker's plugin hands a resting credit back with a negative quantity and a
        positive price."""
        order = self._algorithm.transactions.get_order_by_id(order_id)
        if order is None:
            raise GatewayError("no such order", order_id=order_id)
        group = order.group_order_manager
        if group is None:
            return abs(limit)
        return limit if group.quantity > 0 else -limit

    def cancel(self, order_ids: tuple[int, ...]) -> bool:
        """Cancel every leg's ticket."""
        return all([bool(self._ticket(order_id).cancel().is_success) for order_id in order_ids])

    def _ticket(self, order_id: int) -> lean.OrderTicket:
        ticket = self._algorithm.transactions.get_order_ticket(order_id)
        if ticket is None:
            raise GatewayError("no such order", order_id=order_id)
        return ticket

    def open_order_ids(self, tag: str) -> tuple[int, ...]:
        """Orders that are still open and carry exactly ``tag``."""
        return tuple(int(order.id) for order in self._algorithm.transactions.get_open_orders() if order.tag == tag)

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Every open order of the account."""
        return tuple(OpenOrder(order_id=int(order.id), contract=self.contract(order.symbol),
                               quantity=int(order.quantity), tag=str(order.tag))
                     for order in self._algorithm.transactions.get_open_orders())

    def is_exercise(self, event: lean.OrderEvent) -> bool:
        """True for an event that the exchange causes: expiry, exercise or assignment."""
        order = self._algorithm.transactions.get_order_by_id(event.order_id)
        if order is None:
            raise GatewayError("an event of an order that is not there", order_id=int(event.order_id))
        return bool(order.type == lean.OrderType.OPTION_EXERCISE)

    def order_update(self, event: lean.OrderEvent) -> OrderUpdate:
        """LEAN's order event as a plain value."""
        order = self._algorithm.transactions.get_order_by_id(event.order_id)
        return OrderUpdate(order_id=int(event.order_id), contract=self.contract(event.symbol),
                           status=STATUSES.get(event.status, OrderStatus.OTHER), fill_quantity=int(event.fill_quantity),
                           fill_price=float(event.fill_price), fee=float(event.order_fee.value.amount),
                           message=str(event.message or ""), time=plain_time(self._algorithm.time),
                           event_id=f"{event.order_id}:{event.id}", tag=str(order.tag or "") if order is not None else "")
