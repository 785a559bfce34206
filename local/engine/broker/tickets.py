"""Order tickets: the algorithm's handle on an order."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.engine.broker.enums import (OrderField, OrderRequestStatus, OrderResponseErrorCode, OrderStatus, OrderType,
                                       is_fill)
from local.engine.broker.requests import (CancelOrderRequest, OrderRequest, OrderResponse, SubmitOrderRequest,
                                          UpdateOrderFields, UpdateOrderRequest)
from local.engine.enums import SecurityType
from local.engine.errors import ArgumentException

if TYPE_CHECKING:
    from local.engine.broker.events import OrderEvent
    from local.engine.broker.orders import Order
    from local.engine.broker.transactions import SecurityTransactionManager
    from local.engine.market.symbol import Symbol

_FIELDS: dict[OrderField, tuple[str, frozenset[OrderType]]] = {
    OrderField.LIMIT_PRICE: ("limit_price", frozenset((OrderType.COMBO_LIMIT, OrderType.COMBO_LEG_LIMIT,
                                                       OrderType.LIMIT, OrderType.STOP_LIMIT,
                                                       OrderType.LIMIT_IF_TOUCHED))),
    OrderField.STOP_PRICE: ("stop_price", frozenset((OrderType.STOP_LIMIT, OrderType.STOP_MARKET,
                                                     OrderType.TRAILING_STOP))),
    OrderField.TRIGGER_PRICE: ("trigger_price", frozenset((OrderType.LIMIT_IF_TOUCHED,))),
    OrderField.TRAILING_AMOUNT: ("trailing_amount", frozenset((OrderType.TRAILING_STOP,))),
    OrderField.TRAILING_AS_PERCENTAGE: ("trailing_as_percentage", frozenset((OrderType.TRAILING_STOP,))),
}


class OrderTicket:
    """Handle on one order: state, fills, requests; updates and cancels go through it."""

    def __init__(self, transactions: SecurityTransactionManager, submit_request: SubmitOrderRequest) -> None:
        self._transactions = transactions
        self.submit_request = submit_request
        self.update_requests: list[UpdateOrderRequest] = []
        self.cancel_request: CancelOrderRequest | None = None
        self.order_events: list[OrderEvent] = []
        self.average_fill_price = 0.0
        self.quantity_filled = 0.0
        self._order: Order | None = None
        self._status_override: OrderStatus | None = None

    @property
    def order_id(self) -> int:
        """Number of the order; negative when it was never taken."""
        return self.submit_request.order_id

    @property
    def status(self) -> OrderStatus:
        """State of the order."""
        if self._status_override is not None:
            return self._status_override
        return OrderStatus.NEW if self._order is None else self._order.status

    @property
    def symbol(self) -> Symbol:
        """What is traded."""
        return self.submit_request.symbol

    @property
    def security_type(self) -> SecurityType:
        """Kind of security traded."""
        return self.submit_request.security_type

    @property
    def order_type(self) -> OrderType:
        """Kind of order."""
        return self.submit_request.order_type

    @property
    def quantity(self) -> float:
        """Signed quantity of the order."""
        return self.submit_request.quantity if self._order is None else self._order.quantity

    @property
    def quantity_remaining(self) -> float:
        """Signed quantity not filled yet."""
        return self.quantity - self.quantity_filled

    @property
    def time(self) -> datetime:
        """UTC time of the most recent request."""
        return self.get_most_recent_order_request().time

    @property
    def tag(self) -> str | None:
        """Tag of the order."""
        return self.submit_request.tag if self._order is None else self._order.tag

    @property
    def has_order(self) -> bool:
        """Whether the order was handed to the transaction handler."""
        return self._order is not None

    def get(self, field: OrderField) -> Any:
        """Return a field of the order.

        Raises
        ------
        ArgumentException
            When orders of this type have no such field.
        """
        name, types = _FIELDS[field]
        if self.order_type not in types:
            raise ArgumentException(f"Unable to get field {field} on order of type {self.order_type}")
        return getattr(self.submit_request if self._order is None else self._order, name)

    def update(self, fields: UpdateOrderFields) -> OrderResponse:
        """Ask for a change and return the response.

        In a backtest a change of one leg's limit changes the whole combo; live brokers ignore it until every leg
        has been updated.
        """
        request = UpdateOrderRequest(self._transactions.utc_time, self.order_id, fields)
        return self._transactions.update_order(request).update_requests[-1].response

    def _update(self, name: str, value: float | None, tag: str | None) -> OrderResponse:
        fields = UpdateOrderFields()
        setattr(fields, name, value)
        if tag is not None:
            fields.tag = tag
        return self.update(fields)

    def update_tag(self, tag: str) -> OrderResponse:
        """Change the tag; allowed on closed orders."""
        return self._update("tag", tag, None)

    def update_quantity(self, quantity: float, tag: str | None = None) -> OrderResponse:
        """Change the quantity (of the group, for a combo)."""
        return self._update("quantity", quantity, tag)

    def update_limit_price(self, limit_price: float, tag: str | None = None) -> OrderResponse:
        """Change the limit."""
        return self._update("limit_price", limit_price, tag)

    def update_stop_price(self, stop_price: float, tag: str | None = None) -> OrderResponse:
        """Change the stop."""
        return self._update("stop_price", stop_price, tag)

    def update_trigger_price(self, trigger_price: float, tag: str | None = None) -> OrderResponse:
        """Change the trigger."""
        return self._update("trigger_price", trigger_price, tag)

    def update_stop_trailing_amount(self, trailing_amount: float, tag: str | None = None) -> OrderResponse:
        """Change the trailing distance."""
        return self._update("trailing_amount", trailing_amount, tag)

    def cancel(self, tag: str | None = None) -> OrderResponse:
        """Ask for cancellation and return the response."""
        request = CancelOrderRequest(self._transactions.utc_time, self.order_id, tag)
        if self.cancel_request is not None and self.cancel_request.status is not OrderRequestStatus.ERROR:
            return OrderResponse.error(request, OrderResponseErrorCode.REQUEST_CANCELED,
                                       f"Order {self.order_id} has already received a cancellation request.")
        return self._transactions.process_request(request).cancel_request.response

    def get_most_recent_order_request(self) -> OrderRequest:
        """Return the cancel request, else the last update, else the submission."""
        if self.cancel_request is not None:
            return self.cancel_request
        return self.update_requests[-1] if self.update_requests else self.submit_request

    def get_most_recent_order_response(self) -> OrderResponse:
        """Return the response to the most recent request."""
        return self.get_most_recent_order_request().response

    def set_order(self, order: Order) -> None:
        """Bind the ticket to its order."""
        self._order = order

    def add_update_request(self, request: UpdateOrderRequest) -> None:
        """Record an update request."""
        self.update_requests.append(request)

    def try_set_cancel_request(self, request: CancelOrderRequest) -> bool:
        """Record the cancel request unless one is under way."""
        if self.cancel_request is not None and self.cancel_request.status is not OrderRequestStatus.ERROR:
            return False
        self.cancel_request = request
        return True

    def add_order_event(self, event: OrderEvent) -> None:
        """Record an event and keep the running fill price and quantity."""
        self.order_events.append(event)
        if event.fill_quantity == 0:
            return
        order = self._order
        if order.type is not OrderType.OPTION_EXERCISE:
            self.quantity_filled += event.fill_quantity
            filled = sum(e.absolute_fill_quantity * e.fill_price for e in self.order_events if is_fill(e.status))
            self.average_fill_price = round(filled / abs(self.quantity_filled), 10)
            order.price = self.average_fill_price
        elif event.is_in_the_money:
            order.price = self.symbol.id.strike_price
            if event.fill_price != 0:
                self.quantity_filled += event.fill_quantity
                self.average_fill_price = order.price

    @staticmethod
    def invalid_submit_request(transactions: SecurityTransactionManager, request: SubmitOrderRequest,
                               response: OrderResponse) -> OrderTicket:
        """Return a ticket for a request that was refused before it became an order."""
        request.set_response(response)
        ticket = OrderTicket(transactions, request)
        ticket._status_override = OrderStatus.INVALID
        return ticket

    @staticmethod
    def invalid_request(transactions: SecurityTransactionManager,
                        request: UpdateOrderRequest | CancelOrderRequest) -> OrderTicket:
        """Return a ticket for an update or cancel of an order that does not exist."""
        submit = SubmitOrderRequest(OrderType.MARKET, SecurityType.BASE, None, 0.0, request.time, request.tag)
        submit.set_response(OrderResponse.unable_to_find_order(request))
        submit.set_order_id(request.order_id)
        request.set_response(OrderResponse.unable_to_find_order(request))
        ticket = OrderTicket(transactions, submit)
        if isinstance(request, UpdateOrderRequest):
            ticket.add_update_request(request)
        else:
            ticket.try_set_cancel_request(request)
        ticket._status_override = OrderStatus.INVALID
        return ticket

    def __str__(self) -> str:
        requests = [self.submit_request, *self.update_requests]
        if self.cancel_request is not None:
            requests.append(self.cancel_request)
        answered = sum(1 for request in requests if request.response.is_processed)
        counts = f"Request Count: {len(requests)} Response Count: {answered}"
        return f"{self.order_id}: {counts}" if self._order is None else f"{self.order_id}: {self._order} {counts}"
