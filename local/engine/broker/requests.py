"""Requests to submit, update or cancel an order, and the responses to them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from local.engine.broker.clock import Instant
from local.engine.broker.enums import OrderRequestStatus, OrderRequestType, OrderResponseErrorCode, OrderType
from local.engine.broker.events import camel
from local.engine.enums import SecurityType

if TYPE_CHECKING:
    from local.engine.broker.orders import GroupOrderManager, Order
    from local.engine.broker.time_in_force import OrderProperties
    from local.engine.market.symbol import Symbol

_VERBS = {OrderRequestType.SUBMIT: "submit", OrderRequestType.UPDATE: "update", OrderRequestType.CANCEL: "cancel"}


class UpdateOrderFields:
    """What an update changes; None leaves a field as it is."""

    def __init__(self) -> None:
        self.quantity: float | None = None
        self.limit_price: float | None = None
        self.stop_price: float | None = None
        self.trigger_price: float | None = None
        self.trailing_amount: float | None = None
        self.tag: str | None = None


class OrderResponse:
    """Answer to a request."""

    UNPROCESSED: OrderResponse

    def __init__(self, order_id: int, error_code: OrderResponseErrorCode, error_message: str | None = None) -> None:
        self.order_id = order_id
        self.error_code = error_code
        self.error_message = error_message

    @property
    def is_processed(self) -> bool:
        """Whether an answer was given."""
        return self is not OrderResponse.UNPROCESSED

    @property
    def is_error(self) -> bool:
        """Whether the request was refused."""
        return self.is_processed and self.error_code is not OrderResponseErrorCode.NONE

    @property
    def is_success(self) -> bool:
        """Whether the request was taken."""
        return self.is_processed and not self.is_error

    @staticmethod
    def success(request: OrderRequest) -> OrderResponse:
        """Return a success."""
        return OrderResponse(request.order_id, OrderResponseErrorCode.NONE)

    @staticmethod
    def error(request: OrderRequest, code: OrderResponseErrorCode, message: str) -> OrderResponse:
        """Return a refusal with its code and message."""
        return OrderResponse(request.order_id, code, message)

    @staticmethod
    def invalid_status(request: OrderRequest, order: Order) -> OrderResponse:
        """Refusal: the order is already over."""
        return OrderResponse.error(request, OrderResponseErrorCode.INVALID_ORDER_STATUS,
                                   f"Unable to update order with id {request.order_id} because it already has "
                                   f"{camel(order.status.name)} status.")

    @staticmethod
    def invalid_new_status(request: OrderRequest, order: Order) -> OrderResponse:
        """Refusal: the order's submission is not confirmed yet."""
        return OrderResponse.error(request, OrderResponseErrorCode.INVALID_NEW_ORDER_STATUS,
                                   f"Unable to update or cancel order with id {request.order_id} and status "
                                   f"{camel(order.status.name)} because the submit confirmation has not been "
                                   "received yet.")

    @staticmethod
    def unable_to_find_order(request: OrderRequest) -> OrderResponse:
        """Refusal: there is no such order."""
        return OrderResponse.error(request, OrderResponseErrorCode.UNABLE_TO_FIND_ORDER,
                                   f"Unable to locate order with id {request.order_id}.")

    @staticmethod
    def zero_quantity(request: OrderRequest) -> OrderResponse:
        """Refusal: nothing to trade."""
        verb = _VERBS[request.order_request_type]
        return OrderResponse.error(request, OrderResponseErrorCode.ORDER_QUANTITY_ZERO,
                                   f"Unable to {verb} order with id {request.order_id} that has zero quantity.")

    @staticmethod
    def missing_security(request: SubmitOrderRequest) -> OrderResponse:
        """Refusal: the algorithm does not know the security."""
        return OrderResponse.error(request, OrderResponseErrorCode.MISSING_SECURITY,
                                   f"You haven't requested {request.symbol} data. "
                                   "Add this with AddSecurity() in the Initialize() method.")

    @staticmethod
    def warming_up(request: OrderRequest) -> OrderResponse:
        """Refusal: the algorithm is in initialize or warming up."""
        return OrderResponse.error(request, OrderResponseErrorCode.ALGORITHM_WARMING_UP,
                                   "This operation is not allowed in initialize or during warm up: OrderRequest."
                                   f"{camel(request.order_request_type.name)}. "
                                   "Please move this code to the on_warmup_finished() method.")

    def __str__(self) -> str:
        if not self.is_processed:
            return "Unprocessed"
        if self.is_error:
            return f"Error: {camel(self.error_code.name)} - {self.error_message}"
        return "Success"


OrderResponse.UNPROCESSED = OrderResponse(-2147483648, OrderResponseErrorCode.NONE,
                                          "The request has not yet been processed.")


class OrderRequest:
    """Base of requests."""

    time = Instant()
    order_request_type = OrderRequestType.SUBMIT

    def __init__(self, time: datetime, order_id: int, tag: str | None) -> None:
        self.time = time
        self.order_id = order_id
        self.tag = tag
        self.response = OrderResponse.UNPROCESSED
        self.status = OrderRequestStatus.UNPROCESSED

    def set_response(self, response: OrderResponse,
                     status: OrderRequestStatus = OrderRequestStatus.ERROR) -> None:
        """Record the answer; an error response always makes the request an error."""
        self.status = OrderRequestStatus.ERROR if response.is_error else status
        self.response = response


class SubmitOrderRequest(OrderRequest):
    """Ask for a new order."""

    def __init__(self, order_type: OrderType, security_type: SecurityType, symbol: Symbol, quantity: float,
                 time: datetime, tag: str | None, *, stop_price: float = 0.0, limit_price: float = 0.0,
                 trigger_price: float = 0.0, trailing_amount: float = 0.0, trailing_as_percentage: bool = False,
                 properties: OrderProperties | None = None, group_order_manager: GroupOrderManager | None = None,
                 asynchronous: bool = False) -> None:
        super().__init__(time, int(OrderResponseErrorCode.UNABLE_TO_FIND_ORDER), tag)
        self.order_type = order_type
        self.security_type = security_type
        self.symbol = symbol
        self.quantity = float(quantity)
        self.stop_price = float(stop_price)
        self.limit_price = float(limit_price)
        self.trigger_price = float(trigger_price)
        self.trailing_amount = float(trailing_amount)
        self.trailing_as_percentage = trailing_as_percentage
        self.order_properties = properties
        self.group_order_manager = group_order_manager
        self.asynchronous = asynchronous

    def set_order_id(self, order_id: int) -> None:
        """Give the request the id of its order."""
        self.order_id = order_id

    def __str__(self) -> str:
        return (f"{self.naive_time} UTC: Submit Order: ({self.order_id}) - {self.order_type} {self.quantity} "
                f"{self.symbol} {self.tag} Status: {self.status} Async: {self.asynchronous}")


class UpdateOrderRequest(OrderRequest):
    """Ask for a change of an open order."""

    order_request_type = OrderRequestType.UPDATE

    def __init__(self, time: datetime, order_id: int, fields: UpdateOrderFields) -> None:
        super().__init__(time, order_id, fields.tag)
        self.quantity = fields.quantity
        self.limit_price = fields.limit_price
        self.stop_price = fields.stop_price
        self.trigger_price = fields.trigger_price
        self.trailing_amount = fields.trailing_amount

    def is_allowed_for_closed_order(self) -> bool:
        """Whether only the tag changes, which a closed order allows."""
        return (self.quantity is None and self.limit_price is None and self.stop_price is None
                and self.trigger_price is None and self.trailing_amount is None)


class CancelOrderRequest(OrderRequest):
    """Ask for the end of an open order."""

    order_request_type = OrderRequestType.CANCEL
