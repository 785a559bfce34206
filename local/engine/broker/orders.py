"""Orders: what the algorithm wants done, one class for each kind."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.engine.broker.clock import FirstInstant, Instant
from local.engine.broker.enums import OrderDirection, OrderStatus, OrderType, direction_of
from local.engine.broker.numeric import exact, text, whole_of
from local.engine.broker.symbols import symbol_of
from local.engine.broker.time_in_force import OrderProperties, TimeInForce
from local.engine.enums import SecurityType

if TYPE_CHECKING:
    from local.engine.broker.requests import SubmitOrderRequest, UpdateOrderRequest
    from local.engine.market.security import Security
    from local.engine.market.symbol import Symbol


class Leg:
    """One leg of a combo: a symbol and its whole ratio, negative to sell."""

    def __init__(self, symbol: Symbol | None = None, quantity: int = 0, order_price: float | None = None) -> None:
        self.symbol = symbol
        self.quantity = quantity
        self.order_price = order_price

    @staticmethod
    def create(symbol: Symbol, quantity: int, limit_price: float | None = None) -> Leg:
        """Return a leg.

        Parameters
        ----------
        symbol : Symbol
            What is traded.
        quantity : int
            Ratio of the leg, negative to sell; a fraction raises TypeError as LEAN's bridge does.
        limit_price : float, optional
            The leg's own limit, for ComboLegLimit only.
        """
        return Leg(symbol_of(symbol), whole_of(quantity, "quantity"), limit_price)


class GroupOrderManager:
    """What the orders of one combo share: quantity, limit and the ids of its legs."""

    limit_decimals = 2
    """Decimal places of the price step that the limit was rounded to."""

    def __init__(self, legs_count: int, quantity: float, limit_price: float = 0.0, group_id: int = 0) -> None:
        self.id = group_id
        self.count = legs_count
        self.quantity = float(quantity)
        self.limit_price = float(limit_price)
        self.order_ids: list[int] = []

    @property
    def direction(self) -> OrderDirection:
        """Side of the whole combo: the sign of its quantity."""
        return direction_of(self.quantity)

    @property
    def absolute_quantity(self) -> float:
        """Quantity without sign."""
        return abs(self.quantity)


@dataclass(slots=True)
class OrderSubmissionData:
    """Quotes seen when the order was submitted; ``decimals`` is how many places the data file writes them with."""

    bid_price: float
    ask_price: float
    last_price: float
    decimals: int = 0


class Order:
    """Base of all orders. Times are UTC, quantities are signed."""

    type: OrderType = OrderType.MARKET
    time = FirstInstant()
    last_fill_time = Instant()
    last_update_time = Instant()
    canceled_time = Instant()

    def __init__(self, symbol: Symbol, quantity: float, time: datetime, tag: str | None = "",
                 properties: OrderProperties | None = None, group: GroupOrderManager | None = None) -> None:
        self.id = 0
        self.symbol = symbol
        self.time = time
        self.tag = tag
        self.properties = properties if properties is not None else OrderProperties()
        self.group_order_manager = group
        self.status = OrderStatus.NONE
        self.price = 0.0
        self.price_currency = ""
        self.broker_id: list[str] = []
        self.last_fill_time = self.last_update_time = self.canceled_time = None
        self.order_submission_data: OrderSubmissionData | None = None
        self.price_adjustment_mode: Any = None
        self.contingent_id = 0
        self._event_count = 0
        self.quantity = float(quantity)

    def set_id(self, order_id: int) -> None:
        """Give the order its number and enter it in its group."""
        self.id = order_id
        group = self.group_order_manager
        if order_id and group is not None and order_id not in group.order_ids:
            group.order_ids.append(order_id)

    @property
    def created_time(self) -> datetime:
        """When the order was made (UTC)."""
        return self.time

    @property
    def direction(self) -> OrderDirection:
        """Side of the order."""
        return direction_of(self.quantity)

    @property
    def absolute_quantity(self) -> float:
        """Quantity without sign."""
        return abs(self.quantity)

    @property
    def time_in_force(self) -> TimeInForce:
        """Rule that ends the order by time."""
        return self.properties.time_in_force

    @property
    def security_type(self) -> SecurityType:
        """Kind of security traded."""
        return self.symbol.security_type

    @property
    def value(self) -> float:
        """Quantity × average fill price, without multiplier."""
        return exact(self.quantity * self.price)

    @property
    def is_marketable(self) -> bool:
        """Whether the order could trade at the quotes seen at submission."""
        return self.type in (OrderType.MARKET, OrderType.COMBO_MARKET)

    def next_event_id(self) -> int:
        """Return the number of the order's next event."""
        self._event_count += 1
        return self._event_count

    def get_value(self, security: Security) -> float:
        """Return the order's signed value in account currency."""
        multiplier = security.symbol_properties.contract_multiplier
        return exact(self._unit_value(security) * security.quote_currency.conversion_rate * multiplier)

    def _unit_value(self, security: Security) -> float:
        return self.quantity * security.price

    def get_default_tag(self) -> str:
        """Return the tag LEAN gives an order that has none."""
        return ""

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over what the request changes."""
        if request.quantity is not None:
            self.quantity = float(request.quantity)
        if request.tag is not None:
            self.tag = request.tag

    def clone(self) -> Order:
        """Return a copy that shares only its group."""
        twin = copy.copy(self)
        twin.broker_id = list(self.broker_id)
        twin.properties = self.properties.clone()
        return twin

    def __str__(self) -> str:
        tag = f": {self.tag}" if self.tag else ""
        unit = "unit" if self.quantity == 1 else "units"
        return (f"OrderId: {self.id} (BrokerId: {','.join(self.broker_id)}) {self.status} {self.type} order for "
                f"{text(self.quantity)} {unit} of {self.symbol}{tag}")


def _worse_side(quantity: float, limit: float, price: float) -> float:
    """Value of a limited quantity: sells at the higher of limit and price, buys at the lower."""
    if quantity < 0:
        return quantity * max(limit, price)
    return quantity * min(limit, price)


class MarketOrder(Order):
    """Trades at the market."""


class LimitOrder(Order):
    """Trades at the limit or better."""

    type = OrderType.LIMIT
    limit_price = 0.0

    @property
    def is_marketable(self) -> bool:
        """Whether the limit crosses the quotes seen at submission."""
        seen = self.order_submission_data
        if seen is None:
            return False
        if self.quantity > 0:
            return self.limit_price >= seen.ask_price
        return self.quantity < 0 and self.limit_price <= seen.bid_price

    def _unit_value(self, security: Security) -> float:
        return _worse_side(self.quantity, self.limit_price, security.price)

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over quantity, tag and limit."""
        super().apply_update_order_request(request)
        if request.limit_price is not None:
            self.limit_price = float(request.limit_price)


class StopMarketOrder(Order):
    """Becomes a market order once the stop trades."""

    type = OrderType.STOP_MARKET
    stop_price = 0.0

    def _unit_value(self, security: Security) -> float:
        return _worse_side(self.quantity, self.stop_price, security.price)

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over quantity, tag and stop."""
        super().apply_update_order_request(request)
        if request.stop_price is not None:
            self.stop_price = float(request.stop_price)


class TrailingStopOrder(StopMarketOrder):
    """A stop that follows the market at a distance."""

    type = OrderType.TRAILING_STOP
    trailing_amount = 0.0
    trailing_as_percentage = False

    def get_default_tag(self) -> str:
        """Return the distance as text."""
        if self.trailing_as_percentage:
            return f"Trailing Amount: {text(self.trailing_amount * 100)}%"
        return f"Trailing Amount: ${text(self.trailing_amount)}"

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over quantity, tag, stop and distance."""
        super().apply_update_order_request(request)
        if request.trailing_amount is not None:
            self.trailing_amount = float(request.trailing_amount)

    @staticmethod
    def calculate_stop_price(price: float, amount: float, as_percentage: bool, direction: OrderDirection) -> float:
        """Return the stop at distance `amount` from `price`, above for a buy, below for a sell."""
        distance = price * amount if as_percentage else amount
        return exact(price + distance if direction is OrderDirection.BUY else price - distance)

    def updated_stop(self, price: float) -> float | None:
        """Return the new stop when the market has moved away further than the distance, else None."""
        selling = self.direction is OrderDirection.SELL
        distance = exact(price - self.stop_price if selling else self.stop_price - price)
        reference = exact(price * self.trailing_amount) if self.trailing_as_percentage else self.trailing_amount
        if distance <= reference:
            return None
        return self.calculate_stop_price(price, self.trailing_amount, self.trailing_as_percentage, self.direction)


class StopLimitOrder(Order):
    """Becomes a limit order once the stop trades."""

    type = OrderType.STOP_LIMIT
    stop_price = 0.0
    limit_price = 0.0
    stop_triggered = False

    def _unit_value(self, security: Security) -> float:
        return _worse_side(self.quantity, self.limit_price, security.price)

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over quantity, tag, stop and limit."""
        super().apply_update_order_request(request)
        if request.stop_price is not None:
            self.stop_price = float(request.stop_price)
        if request.limit_price is not None:
            self.limit_price = float(request.limit_price)


class LimitIfTouchedOrder(Order):
    """Becomes a limit order once the trigger is touched."""

    type = OrderType.LIMIT_IF_TOUCHED
    trigger_price = 0.0
    limit_price = 0.0
    trigger_touched = False

    def _unit_value(self, security: Security) -> float:
        return _worse_side(self.quantity, self.limit_price, security.price)

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over quantity, tag, trigger and limit."""
        super().apply_update_order_request(request)
        if request.trigger_price is not None:
            self.trigger_price = float(request.trigger_price)
        if request.limit_price is not None:
            self.limit_price = float(request.limit_price)


class MarketOnOpenOrder(Order):
    """Trades at the next regular open."""

    type = OrderType.MARKET_ON_OPEN


class MarketOnCloseOrder(Order):
    """Trades at the next regular close."""

    type = OrderType.MARKET_ON_CLOSE
    DEFAULT_SUBMISSION_TIME_BUFFER = timedelta(minutes=15, seconds=30)
    submission_time_buffer = DEFAULT_SUBMISSION_TIME_BUFFER


class OptionExerciseOrder(Order):
    """Exercise or assignment of an option; the quantity is the change of the option holding."""

    type = OrderType.OPTION_EXERCISE

    def _unit_value(self, security: Security) -> float:
        multiplier = security.symbol_properties.contract_multiplier
        return security.get_exercise_quantity(self.quantity) * self.price / multiplier


class ComboOrder(Order):
    """One leg of a combo: its quantity is its ratio times the group's quantity."""

    _ratio = 0.0

    @property
    def quantity(self) -> float:
        """Signed quantity of the leg."""
        group = self.group_order_manager
        return exact(self._ratio * group.quantity) if group is not None else self._ratio

    @quantity.setter
    def quantity(self, value: float) -> None:
        group = self.group_order_manager
        self._ratio = float(value) / group.quantity if group is not None else float(value)

    @property
    def ratio(self) -> float:
        """Signed ratio of the leg within one unit of the combo."""
        return self._ratio

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over the tag, and the quantity as that of the whole group."""
        if request.tag is not None:
            self.tag = request.tag
        if request.quantity is not None:
            self.group_order_manager.quantity = float(request.quantity)


class ComboMarketOrder(ComboOrder):
    """Leg of a combo that trades at the market."""

    type = OrderType.COMBO_MARKET


class ComboLimitOrder(ComboOrder):
    """Leg of a combo with one limit for the whole."""

    type = OrderType.COMBO_LIMIT

    @property
    def limit_price(self) -> float:
        """The group's limit: positive to pay, negative to receive, for one unit."""
        return self.group_order_manager.limit_price

    def _unit_value(self, security: Security) -> float:
        return _worse_side(self.quantity, self.group_order_manager.limit_price, security.price)

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over tag, group quantity and group limit."""
        super().apply_update_order_request(request)
        if request.limit_price is not None:
            self.group_order_manager.limit_price = float(request.limit_price)


class ComboLegLimitOrder(ComboOrder):
    """Leg of a combo with a limit of its own."""

    type = OrderType.COMBO_LEG_LIMIT
    limit_price = 0.0

    def _unit_value(self, security: Security) -> float:
        return _worse_side(self.quantity, self.limit_price, security.price)

    def apply_update_order_request(self, request: UpdateOrderRequest) -> None:
        """Take over tag, group quantity and the leg's limit."""
        super().apply_update_order_request(request)
        if request.limit_price is not None:
            self.limit_price = float(request.limit_price)


_CLASSES: dict[OrderType, type[Order]] = {
    cls.type: cls for cls in (MarketOrder, LimitOrder, StopMarketOrder, StopLimitOrder, TrailingStopOrder,
                              LimitIfTouchedOrder, MarketOnOpenOrder, MarketOnCloseOrder, OptionExerciseOrder,
                              ComboMarketOrder, ComboLimitOrder, ComboLegLimitOrder)}
_PRICE_FIELDS = ("limit_price", "stop_price", "trigger_price", "trailing_amount", "trailing_as_percentage")


def create_order(request: SubmitOrderRequest) -> Order:
    """Return the order a submit request asks for, with status NEW and the request's id."""
    cls = _CLASSES[request.order_type]
    group = request.group_order_manager
    order = cls(request.symbol, request.quantity, request.naive_time, request.tag or "", request.order_properties,
                group)
    if request.order_type is OrderType.COMBO_LIMIT:
        group.limit_price = request.limit_price
    else:
        for field in _PRICE_FIELDS:
            if hasattr(cls, field):
                setattr(order, field, getattr(request, field))
    order.status = OrderStatus.NEW
    order.set_id(request.order_id)
    return order
