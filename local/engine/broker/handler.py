"""The transaction handler: turns requests into orders, hands them to the brokerage, delivers order events.

Requests of a backtest are queued and worked off on the algorithm's own thread: a submission at once, updates and
cancellations at the next submission or the next synchronous step. After every request the brokerage scans its
pending orders.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.engine.broker.enums import (OrderRequestStatus, OrderRequestType, OrderResponseErrorCode, OrderStatus,
                                       OrderType, is_closed, is_fill)
from local.engine.broker.events import OrderEvent
from local.engine.broker.group import group_orders, insufficient_power_message
from local.engine.broker.numeric import places, round_to_increment, text, truncate_to_lot
from local.engine.broker.orders import Order, OrderSubmissionData, create_order
from local.engine.broker.requests import (CancelOrderRequest, OrderRequest, OrderResponse, SubmitOrderRequest,
                                          UpdateOrderRequest)
from local.engine.broker.tickets import OrderTicket
from local.engine.errors import ArgumentException

if TYPE_CHECKING:
    from local.engine.broker.brokerage import Brokerage

_ROUNDED_FIELDS = {
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP_MARKET: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.TRAILING_STOP: ("stop_price",),
    OrderType.LIMIT_IF_TOUCHED: ("limit_price", "trigger_price"),
    OrderType.COMBO_LEG_LIMIT: ("limit_price",),
}
_EVENT_FIELDS = {
    OrderType.LIMIT: ("limit_price",),
    OrderType.COMBO_LEG_LIMIT: ("limit_price",),
    OrderType.STOP_MARKET: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.TRAILING_STOP: ("stop_price", "trailing_amount"),
    OrderType.LIMIT_IF_TOUCHED: ("limit_price", "trigger_price"),
}


class TransactionHandler:
    """Owns the orders and tickets of one algorithm."""

    def __init__(self, algorithm: Any, brokerage: Brokerage) -> None:
        self.algorithm = algorithm
        self.brokerage = brokerage
        self.orders: dict[int, Order] = {}
        self.tickets: dict[int, OrderTicket] = {}
        self._adjustment_modes: dict[Any, Any] = {}
        self.open_orders: dict[int, Order] = {}
        self.order_events: list[OrderEvent] = []
        self.orders_count = 0
        self.trade_builder: Any = None
        self._queue: deque[OrderRequest] = deque()
        self._cancel_pending: dict[int, OrderStatus] = {}
        self._warned: set[str] = set()

    # -- requests ------------------------------------------------------------------------------------------------

    def process(self, request: OrderRequest) -> OrderTicket:
        """Take a request from the algorithm and return the ticket."""
        if isinstance(request, SubmitOrderRequest):
            return self._add(request)
        if isinstance(request, UpdateOrderRequest):
            return self._update(request)
        return self._cancel(request)

    def _add(self, request: SubmitOrderRequest) -> OrderTicket:
        request.set_response(OrderResponse.success(request))
        ticket = OrderTicket(self.algorithm.transactions, request)
        security = self.algorithm.securities[request.symbol]
        order = create_order(request)
        self.orders_count += 1
        self.tickets[order.id] = ticket
        order.order_submission_data = OrderSubmissionData(security.bid_price, security.ask_price, security.close,
                                                          security.written_decimals)
        self.open_orders[order.id] = order
        self._queue.append(request)
        self.process_pending_requests()
        return ticket

    def _update(self, request: UpdateOrderRequest) -> OrderTicket:
        order = self.find(request.order_id)
        if order is None:
            return OrderTicket.invalid_request(self.algorithm.transactions, request)
        ticket = self.tickets[request.order_id]
        ticket.add_update_request(request)
        if order.status is OrderStatus.NEW:
            request.set_response(OrderResponse.invalid_new_status(request, order))
        elif is_closed(order.status) and not request.is_allowed_for_closed_order():
            request.set_response(OrderResponse.invalid_status(request, order))
        elif request.quantity is not None and request.quantity == 0:
            request.set_response(OrderResponse.zero_quantity(request))
        else:
            request.set_response(OrderResponse.success(request), OrderRequestStatus.PROCESSING)
            self._queue.append(request)
        return ticket

    def _cancel(self, request: CancelOrderRequest) -> OrderTicket:
        order = self.find(request.order_id)
        if order is None:
            return OrderTicket.invalid_request(self.algorithm.transactions, request)
        ticket = self.tickets[request.order_id]
        if not ticket.try_set_cancel_request(request):
            request.set_response(OrderResponse.error(request, OrderResponseErrorCode.INVALID_REQUEST,
                                                     "Cancellation is already in progress."))
            return ticket
        if request.tag is not None:
            order.tag = request.tag
        if order.status is OrderStatus.NEW:
            request.set_response(OrderResponse.invalid_new_status(request, order))
        elif is_closed(order.status):
            request.set_response(OrderResponse.invalid_status(request, order))
        else:
            self._cancel_pending[order.id] = order.status
            order.status = OrderStatus.CANCEL_PENDING
            self.handle_events([OrderEvent(order, self.algorithm._utc_now)])
            request.set_response(OrderResponse.success(request), OrderRequestStatus.PROCESSING)
            self._queue.append(request)
        return ticket

    def process_pending_requests(self) -> None:
        """Work off the queued requests; the brokerage scans after each."""
        while self._queue:
            request = self._queue.popleft()
            if request.order_request_type is OrderRequestType.SUBMIT:
                response = self._handle_submit(request)
            elif request.order_request_type is OrderRequestType.UPDATE:
                response = self._handle_update(request)
            else:
                response = self._handle_cancel(request)
            request.set_response(response, OrderRequestStatus.PROCESSED)
            self.brokerage.scan()

    def process_synchronous_events(self) -> None:
        """Work off requests, then let the brokerage assign and fill."""
        self.process_pending_requests()
        self.brokerage.scan()

    # -- handling ------------------------------------------------------------------------------------------------

    def _handle_submit(self, request: SubmitOrderRequest) -> OrderResponse:
        order = self.open_orders[request.order_id]
        self.orders[order.id] = order
        security = self.algorithm.securities[order.symbol]
        order.price_currency = security.symbol_properties.quote_currency
        if not order.tag:
            order.tag = order.get_default_tag()
        self._round_quantity(order, security)
        orders = group_orders(order, self.orders)
        self._round_prices(order, orders)
        order.price_adjustment_mode = self._adjustment_mode(security)
        self.tickets[order.id].set_order(order)
        if orders is None:
            return OrderResponse.success(request)
        if any(member.quantity == 0 for member in orders):
            return self._refuse(orders, OrderResponse.zero_quantity(request))
        try:
            refusal = self._buying_power_refusal(orders, request)
        except ArgumentException as error:
            return self._margin_failure(order, request, error)
        if refusal is None:
            refusal = self._model_refusal(orders, request)
        if refusal is not None:
            return self._refuse(orders, refusal)
        for member in orders:
            if not self.brokerage.place_order(member):
                ids = ",".join(str(each.id) for each in orders)
                return self._refuse(orders, OrderResponse.error(
                    request, OrderResponseErrorCode.BROKERAGE_FAILED_TO_SUBMIT_ORDER,
                    f"Brokerage failed to place orders: [{ids}]"))
        return OrderResponse.success(request)

    def _adjustment_mode(self, security: Any) -> Any:
        """The security's price normalization as it was at the first order on it."""
        return self._adjustment_modes.setdefault(security.symbol, getattr(security, "data_normalization_mode", None))

    def _buying_power_refusal(self, orders: list[Order], request: OrderRequest) -> OrderResponse | None:
        securities = self.algorithm.securities
        result = self.algorithm.portfolio.has_sufficient_buying_power_for_order(orders)
        if result.is_sufficient:
            return None
        pairs = [(order, securities[order.symbol]) for order in orders]
        return OrderResponse.error(request, OrderResponseErrorCode.INSUFFICIENT_BUYING_POWER,
                                   insufficient_power_message(pairs, result.reason))

    def _margin_failure(self, order: Order, request: OrderRequest, error: ArgumentException) -> OrderResponse:
        """The margin models could not judge (a contract twice in a combo): the orders stay as they are, for good."""
        self.algorithm.error(f"Order Error: id: {order.id}, Error executing margin models: {error}")
        self.handle_events([OrderEvent(order, self.algorithm._utc_now, message="Error executing margin models")])
        return OrderResponse.error(request, OrderResponseErrorCode.PROCESSING_ERROR,
                                   "An error occurred while checking sufficient buying power for the orders.")

    def _model_refusal(self, orders: list[Order], request: OrderRequest) -> OrderResponse | None:
        model = self.algorithm.brokerage_model
        for order in orders:
            message = model.submit_refusal(self.algorithm.securities[order.symbol], order)
            if message is not None:
                ids = ",".join(str(each.id) for each in orders)
                return OrderResponse.error(
                    request, OrderResponseErrorCode.BROKERAGE_MODEL_REFUSED_TO_SUBMIT_ORDER,
                    f"BrokerageModel declared unable to submit order: [{ids}] {message}")
        return None

    def _refuse(self, orders: list[Order], response: OrderResponse) -> OrderResponse:
        """Make every order of the group invalid and report why."""
        if response.error_code is not OrderResponseErrorCode.INSUFFICIENT_BUYING_POWER:
            self._invalidate(orders, response.error_message)
            self.algorithm.error(response.error_message)
            return response
        self.algorithm.error(response.error_message)
        self._invalidate(orders, response.error_message)
        return response

    def _invalidate(self, orders: list[Order], message: str) -> None:
        for order in orders:
            if not is_closed(order.status):
                order.status = OrderStatus.INVALID
            self.handle_events([OrderEvent(order, self.algorithm._utc_now, message=message)])

    def _handle_update(self, request: UpdateOrderRequest) -> OrderResponse:
        order = self.find(request.order_id)
        if order is None:
            return OrderResponse.unable_to_find_order(request)
        if order.status is OrderStatus.NEW:
            return OrderResponse.invalid_new_status(request, order)
        closed = is_closed(order.status)
        if closed and not request.is_allowed_for_closed_order():
            return OrderResponse.invalid_status(request, order)
        security = self.algorithm.securities[order.symbol]
        self._round_quantity(order, security)
        if not self.algorithm.live_mode:
            message = self.algorithm.brokerage_model.update_refusal(security, order, request)
            if message is not None:
                return self._report_failed_update(
                    order, request, OrderResponseErrorCode.BROKERAGE_MODEL_REFUSED_TO_UPDATE_ORDER,
                    f"OrderID: {order.id} {message}", "BrokerageModel declared unable to update order")
        if order.group_order_manager is None:
            refusal = self._updated_power_refusal(order, request)
            if refusal is not None:
                return refusal
        order.apply_update_order_request(request)
        self._round_prices(order, group_orders(order, self.orders))
        self.tickets[order.id].set_order(order)
        if not closed and not self.brokerage.update_order(order):
            return self._report_failed_update(
                order, request, OrderResponseErrorCode.BROKERAGE_FAILED_TO_UPDATE_ORDER,
                f"Brokerage failed to update order with id {request.order_id}", "Brokerage failed to update order")
        return OrderResponse.success(request)

    def _updated_power_refusal(self, order: Order, request: UpdateOrderRequest) -> OrderResponse | None:
        changed = order.clone()
        changed.apply_update_order_request(request)
        result = self.algorithm.portfolio.has_sufficient_buying_power_for_order([changed])
        if result.is_sufficient:
            return None
        message = (f"Brokerage failed to update order with id: {order.id}, Symbol: {order.symbol.value}, "
                   f"Insufficient buying power to complete order, Reason: {result.reason}.")
        return self._report_failed_update(changed, request, OrderResponseErrorCode.BROKERAGE_FAILED_TO_UPDATE_ORDER,
                                          message, message)

    def _report_failed_update(self, order: Order, request: UpdateOrderRequest, code: OrderResponseErrorCode,
                              message: str, event_message: str) -> OrderResponse:
        self.algorithm.error(message)
        self.handle_events([OrderEvent(order, self.algorithm._utc_now, message=event_message)])
        return OrderResponse.error(request, code, message)

    def _handle_cancel(self, request: CancelOrderRequest) -> OrderResponse:
        order = self.find(request.order_id)
        if order is None:
            return OrderResponse.unable_to_find_order(request)
        if order.status is OrderStatus.NEW or is_closed(order.status):
            self._restore_status(order)
            if order.status is OrderStatus.NEW:
                return OrderResponse.invalid_new_status(request, order)
            return OrderResponse.invalid_status(request, order)
        self.tickets[order.id].set_order(order)
        if not self.brokerage.cancel_order(order):
            message = f"Brokerage failed to cancel order with id {order.id}"
            self.algorithm.error(message)
            self._restore_status(order)
            return OrderResponse.error(request, OrderResponseErrorCode.BROKERAGE_FAILED_TO_CANCEL_ORDER, message)
        if request.tag is not None:
            order.tag = request.tag
        return OrderResponse.success(request)

    def _restore_status(self, order: Order) -> None:
        """Undo CANCEL_PENDING after a failed cancellation."""
        previous = self._cancel_pending.pop(order.id, None)
        if previous is not None:
            order.status = previous

    # -- rounding ------------------------------------------------------------------------------------------------

    def _warn_once(self, key: str, message: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            self.algorithm.error(message)

    def _round_quantity(self, order: Order, security: Any) -> None:
        lot = security.symbol_properties.lot_size
        if lot and order.quantity % lot:
            order.quantity = truncate_to_lot(order.quantity, lot)
            self._warn_once("lot", "Warning: Due to brokerage limitations, orders will be rounded to the nearest "
                                   f"lot size of {text(lot)}")

    def _round_prices(self, order: Order, orders: list[Order] | None) -> None:
        """Round the order's prices to the security's price step, a combo's once all legs are there."""
        securities = self.algorithm.securities
        if order.type is OrderType.COMBO_LIMIT:
            if orders is None:
                return
            steps = [securities[leg.symbol].minimum_price_variation(leg.price) for leg in orders]
            steps = [step for step in steps if step > 0]
            group = order.group_order_manager
            if steps:
                group.limit_price = self._rounded(group.limit_price, min(steps), "LimitPrice")
                group.limit_decimals = places(min(steps))
            return
        fields = _ROUNDED_FIELDS.get(order.type, ())
        if order.type is OrderType.TRAILING_STOP and not order.trailing_as_percentage:
            fields = (*fields, "trailing_amount")
        for field in fields:
            price = getattr(order, field)
            step = securities[order.symbol].minimum_price_variation(price)
            if step > 0:
                setattr(order, field, self._rounded(price, step, field))

    def _rounded(self, price: float, step: float, name: str) -> float:
        rounded = round_to_increment(price, step)
        if rounded != price:
            self._warn_once("price", f"Warning: To meet brokerage precision requirements, order {name} was rounded "
                                     f"to {text(rounded)} from {text(price)}")
        return rounded

    # -- events --------------------------------------------------------------------------------------------------

    def handle_events(self, events: list[OrderEvent]) -> None:
        """Apply events to orders, portfolio and tickets, then tell the algorithm."""
        fills = []
        for event in events:
            order = self.find(event.order_id)
            if order is None:
                raise RuntimeError(f"TransactionHandler: event for unknown order {event.order_id}")
            if is_closed(event.status):
                self.open_orders.pop(event.order_id, None)
            event.ticket = self.tickets[event.order_id]
            self.orders[event.order_id] = order
        for event in events:
            self._apply_to_order(event)
            if is_fill(event.status):
                fills.append(event)
        if fills:
            self.algorithm.portfolio.process_fills(fills)
        for event in events:
            if is_fill(event.status) and self.trade_builder is not None:
                self.trade_builder.process_fill(event, self.algorithm.securities[event.symbol])
            event.ticket.add_order_event(event)
        for event in events:
            if event.status is not OrderStatus.NONE:
                self.order_events.append(event)
                self.algorithm._call_user("Order Event Handler", self.algorithm.on_order_event, event)

    def _apply_to_order(self, event: OrderEvent) -> None:
        order = self.orders[event.order_id]
        if order.id in self._cancel_pending:
            if is_closed(event.status):
                del self._cancel_pending[order.id]
            elif event.status is not OrderStatus.CANCEL_PENDING:
                self._cancel_pending[order.id] = event.status
        over = order.status is OrderStatus.FILLED or order.status is OrderStatus.CANCELED
        if not over or event.status is not OrderStatus.INVALID:
            order.status = event.status
        event.id = order.next_event_id()
        if event.status is OrderStatus.CANCELED:
            order.canceled_time = event.naive_utc_time
        elif is_fill(event.status):
            order.last_fill_time = event.naive_utc_time
        elif event.status in (OrderStatus.SUBMITTED, OrderStatus.UPDATE_SUBMITTED) and event.ticket.update_requests:
            order.last_update_time = event.naive_utc_time
        event.quantity = order.quantity
        for field in _EVENT_FIELDS.get(order.type, ()):
            setattr(event, field, getattr(order, field))

    # -- look-up -------------------------------------------------------------------------------------------------

    def find(self, order_id: int) -> Order | None:
        """Return the order itself by number, open or not."""
        order = self.open_orders.get(order_id)
        return order if order is not None else self.orders.get(order_id)

    def is_order_closed(self, order_id: int) -> bool:
        """Tell whether the order's ticket has seen a closing event."""
        return is_closed(self.tickets[order_id].status)

    def get_order_ticket(self, order_id: int) -> OrderTicket | None:
        """Return a ticket by number."""
        return self.tickets.get(order_id)

    def get_order_by_id(self, order_id: int) -> Order | None:
        """Return a copy of an order by number."""
        order = self.orders.get(order_id)
        return None if order is None else order.clone()

    def get_orders(self, filter: Callable[[Order], bool] | None = None) -> list[Order]:
        """Return copies of the orders that pass the filter."""
        return [order.clone() for order in self.orders.values() if filter is None or filter(order)]

    def get_open_orders(self, filter: Callable[[Order], bool] | None = None) -> list[Order]:
        """Return copies of the open orders that pass the filter."""
        return [order.clone() for order in self.open_orders.values() if filter is None or filter(order)]

    def get_order_tickets(self, filter: Callable[[OrderTicket], bool] | None = None) -> list[OrderTicket]:
        """Return the tickets that pass the filter."""
        return [ticket for ticket in self.tickets.values() if filter is None or filter(ticket)]

    def get_open_order_tickets(self, filter: Callable[[OrderTicket], bool] | None = None) -> list[OrderTicket]:
        """Return the open tickets that pass the filter."""
        tickets = [self.tickets[order_id] for order_id in self.open_orders]
        return [ticket for ticket in tickets if filter is None or filter(ticket)]

    def add_open_order(self, order: Order) -> OrderTicket:
        """Enter an order that exists at the broker already; it gets a number and a ticket."""
        transactions = self.algorithm.transactions
        if order.status in (OrderStatus.NEW, OrderStatus.NONE):
            order.status = OrderStatus.SUBMITTED
        order.set_id(transactions.get_increment_order_id())
        group = order.group_order_manager
        if group is not None and group.id == 0:
            group.id = transactions.get_increment_group_order_manager_id()
        prices = {name: getattr(order, name) for name in ("stop_price", "limit_price", "trigger_price",
                                                          "trailing_amount", "trailing_as_percentage")
                  if hasattr(order, name)}
        request = SubmitOrderRequest(order.type, order.security_type, order.symbol, order.quantity, order.naive_time,
                                     order.tag, properties=order.properties, group_order_manager=group, **prices)
        request.set_order_id(order.id)
        request.set_response(OrderResponse.success(request), OrderRequestStatus.PROCESSED)
        ticket = OrderTicket(transactions, request)
        ticket.set_order(order)
        order.price_adjustment_mode = self._adjustment_mode(self.algorithm.securities[order.symbol])
        self.open_orders[order.id] = self.orders[order.id] = order
        self.tickets[order.id] = ticket
        self.orders_count += 1
        return ticket
