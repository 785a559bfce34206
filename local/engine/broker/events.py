"""Order events and fees."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.engine.broker.clock import Instant
from local.engine.broker.enums import OrderDirection, OrderStatus
from local.engine.broker.numeric import smart_text, text

if TYPE_CHECKING:
    from local.engine.broker.orders import Order
    from local.engine.broker.tickets import OrderTicket
    from local.engine.market.symbol import Symbol


@dataclass(frozen=True, slots=True)
class CashAmount:
    """An amount of one currency."""

    amount: float
    currency: str

    def __str__(self) -> str:
        return f"{text(self.amount)} {self.currency}"


class OrderFee:
    """Fee of a fill; positive amounts are paid by the account."""

    ZERO: OrderFee

    def __init__(self, value: CashAmount) -> None:
        self.value = value

    def __str__(self) -> str:
        return str(self.value)

    def __float__(self) -> float:
        return float(self.value.amount)


OrderFee.ZERO = OrderFee(CashAmount(0.0, "QCC"))


class OrderEvent:
    """A change of an order: submission, update, fill, cancellation, refusal."""

    utc_time = Instant()

    def __init__(self, order: Order | int, *arguments: Any, **named: Any) -> None:
        """Make an event of an order: (order, UTC time[, fee, message]), or from its parts as in `_of_parts`."""
        if isinstance(order, int):
            self._of_parts(order, *arguments, **named)
        else:
            self._of_order(order, *arguments, **named)

    def _of_parts(self, order_id: int, symbol: Symbol, utc_time: datetime, status: OrderStatus,
                  direction: OrderDirection, fill_price: float, fill_quantity: float, order_fee: OrderFee,
                  message: str = "") -> None:
        self.order_id, self.id, self.symbol, self.utc_time = order_id, 0, symbol, utc_time
        self.status, self.direction, self.message = status, direction, message
        self.order_fee, self.fill_price, self.fill_quantity = order_fee, float(fill_price), float(fill_quantity)
        self.fill_price_currency, self.quantity = "", 0.0
        self._start_empty()

    def _of_order(self, order: Order, utc_time: datetime, order_fee: OrderFee = OrderFee.ZERO,
                  message: str = "") -> None:
        self.order_id = order.id
        self.id = 0
        self.symbol: Symbol = order.symbol
        self.utc_time = utc_time
        self.status: OrderStatus = order.status
        self.order_fee = order_fee
        self.fill_price = 0.0
        self.fill_price_currency = order.price_currency
        self.fill_quantity = 0.0
        self.direction: OrderDirection = order.direction
        self.message = message
        self.quantity = order.quantity
        self._start_empty()

    def _start_empty(self) -> None:
        self.is_assignment = False
        self.is_in_the_money = False
        self.limit_price: float | None = None
        self.stop_price: float | None = None
        self.trigger_price: float | None = None
        self.trailing_amount: float | None = None
        self.trailing_as_percentage: bool | None = None
        self.ticket: OrderTicket | None = None

    @property
    def absolute_fill_quantity(self) -> float:
        """Filled quantity without sign."""
        return abs(self.fill_quantity)

    def clone(self) -> OrderEvent:
        """Return a copy."""
        return copy.copy(self)

    def __str__(self) -> str:
        words = [f"Time: {self.utc_time:%m/%d/%Y %H:%M:%S} OrderID: {self.order_id} EventID: {self.id} "
                 f"Symbol: {self.symbol.value} Status: {camel(self.status.name)} Quantity: {text(self.quantity)}"]
        if self.fill_quantity:
            words.append(f"FillQuantity: {text(self.fill_quantity)} FillPrice: ${smart_text(self.fill_price)}")
        for name, value in (("LimitPrice", self.limit_price), ("StopPrice", self.stop_price),
                            ("TrailingAmount", self.trailing_amount), ("TriggerPrice", self.trigger_price)):
            if value is not None:
                words.append(f"{name}: ${smart_text(value)}")
        if self.order_fee.value.amount:
            words.append(f"OrderFee: {self.order_fee}")
        if self.message:
            words.append(f"Message: {self.message}")
        if self.symbol.security_type.is_option():
            words.append(f"IsAssignment: {self.is_assignment}")
        return " ".join(words)

    def short_to_string(self) -> str:
        """Return the event in few words."""
        return (f"{self.naive_utc_time} OID:{self.order_id} {self.symbol.value} {camel(self.status.name)} "
                f"Q:{text(self.quantity)} FQ:{text(self.fill_quantity)} FP:${smart_text(self.fill_price)}")


def camel(name: str) -> str:
    """Return an upper snake case name in LEAN's own spelling (CANCEL_PENDING -> CancelPending)."""
    return "".join(part.capitalize() for part in name.split("_"))
