"""Orders and order events as LEAN writes them, and the hash of an order list."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from local.engine.broker.enums import OrderType
from local.engine.broker.events import OrderEvent, camel
from local.engine.broker.numeric import smart_round
from local.engine.broker.orders import ComboOrder, Order
from local.engine.enums import SecurityType

_EPOCH = datetime(1970, 1, 1)
_NULL_CURRENCY = "QCC"
_LEADING = {
    OrderType.LIMIT: ("limitPrice", "type"),
    OrderType.STOP_MARKET: ("stopPrice", "type"),
    OrderType.STOP_LIMIT: ("stopPrice", "stopTriggered", "limitPrice", "type"),
    OrderType.TRAILING_STOP: ("trailingAmount", "trailingAsPercentage", "type", "stopPrice"),
    OrderType.LIMIT_IF_TOUCHED: ("type", "triggerPrice", "limitPrice", "triggerTouched"),
    OrderType.COMBO_LEG_LIMIT: ("type", "limitPrice"),
}
_ATTRIBUTES = {"limitPrice": "limit_price", "stopPrice": "stop_price", "stopTriggered": "stop_triggered",
               "trailingAmount": "trailing_amount", "trailingAsPercentage": "trailing_as_percentage",
               "triggerPrice": "trigger_price", "triggerTouched": "trigger_touched"}
_SCALED = (SecurityType.EQUITY, SecurityType.OPTION, SecurityType.INDEX_OPTION)
"""Securities whose files hold prices × 10,000: their prices have four decimals."""


def order_list_hash(orders: Mapping[int, Order]) -> str:
    """Return the MD5 of all orders' JSON, in order of number, as LEAN's regression tests compute it."""
    text = ",".join(_order_text(orders[order_id]) for order_id in sorted(orders))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def order_to_json(order: Order) -> dict[str, Any]:
    """Return an order under LEAN's names."""
    return json.loads(_order_text(order, rounded=False))


def _order_text(order: Order, rounded: bool = True) -> str:
    """Return the JSON text of an order, properties in LEAN's order, decimals with LEAN's number of places."""
    price = _normal(smart_round(order.price) if rounded else order.price)
    quantity = _normal(order.quantity)
    parts: list[tuple[str, str]] = []
    for name in _LEADING.get(order.type, ("type",)):
        parts.append((name, _leading_value(order, name, rounded)))
    combo = isinstance(order, ComboOrder)
    if combo:
        parts.append(("quantity", _number(quantity)))
    parts += [("id", str(order.id)), ("contingentId", str(order.contingent_id)),
              ("brokerId", _text(order.broker_id)), ("symbol", _symbol(order.symbol)), ("price", _number(price)),
              ("priceCurrency", _text(order.price_currency)), ("time", _time(order.naive_time)),
              ("createdTime", _time(order.naive_time))]
    for name, instant in (("lastFillTime", order.naive_last_fill_time),
                          ("lastUpdateTime", order.naive_last_update_time),
                          ("canceledTime", order.naive_canceled_time)):
        if instant is not None:
            parts.append((name, _time(instant)))
    if not combo:
        parts.append(("quantity", _number(quantity)))
    parts.append(("status", str(int(order.status))))
    if order.tag is not None:
        parts.append(("tag", _text(order.tag)))
    parts += [("properties", f'{{"timeInForce":{_time_in_force(order)}}}'),
              ("securityType", str(int(order.security_type))), ("direction", str(int(order.direction))),
              ("value", _number(quantity * price)), ("orderSubmissionData", _submission(order)),
              ("isMarketable", "true" if order.is_marketable else "false")]
    if order.group_order_manager is not None:
        parts.append(("groupOrderManager", _group(order)))
    parts.append(("priceAdjustmentMode", str(int(order.price_adjustment_mode))
                  if order.price_adjustment_mode is not None else "0"))
    return "{" + ",".join(f'"{name}":{value}' for name, value in parts) + "}"


def _leading_value(order: Order, name: str, rounded: bool) -> str:
    if name == "type":
        return str(int(order.type))
    value = getattr(order, _ATTRIBUTES[name])
    if isinstance(value, bool):
        return "true" if value else "false"
    if order.type is OrderType.COMBO_LEG_LIMIT:
        return _number(_stepped(value))
    return _number(_normal(smart_round(value)) if rounded else _stepped(value))


def _normal(value: float) -> Decimal:
    """Return a decimal without trailing zeros."""
    number = Decimal(repr(round(float(value), 12)))
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def _stepped(value: float, places: int = 2) -> Decimal:
    """Return a price that was rounded to a step: with the step's decimals (a cent's: two), more where it has more."""
    number = _normal(value)
    return number if number.as_tuple().exponent < -places else number.quantize(Decimal(1).scaleb(-places))


def _number(value: Decimal) -> str:
    text = format(value if value else abs(value), "f")
    return text if "." in text else f"{text}.0"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _time(instant: datetime) -> str:
    """Return an instant as LEAN writes it; one microsecond stands for LEAN's one tick of 100 ns."""
    text = f'"{instant:%Y-%m-%dT%H:%M:%S}'
    if instant.microsecond == 1:
        text += ".0000001"
    elif instant.microsecond:
        text += f".{instant.microsecond:06d}".rstrip("0")
    return text + 'Z"'


def symbol_to_json(symbol: Any) -> dict[str, Any]:
    """Return a symbol as LEAN writes one."""
    found: dict[str, Any] = json.loads(_symbol(symbol))
    return found


def _symbol(symbol: Any) -> str:
    own = f'"value":{_text(symbol.value)},"id":{_text(str(symbol.id))},"permtick":{_text(symbol.value)}'
    if symbol.has_underlying:
        own += f',"underlying":{_symbol(symbol.underlying)}'
    return "{" + own + "}"


def _time_in_force(order: Order) -> str:
    kind = type(order.time_in_force).__name__
    if kind == "GoodTilCanceledTimeInForce":
        return "{}"
    text = f'{{"$type":"QuantConnect.Orders.TimeInForces.{kind}"'
    if hasattr(order.time_in_force, "expiry"):
        text += f',"Expiry":"{order.time_in_force.expiry:%Y-%m-%dT%H:%M:%S}"'
    return text + "}"


def _submission(order: Order) -> str:
    seen = order.order_submission_data
    if seen is None:
        return "null"
    places = 4 if order.security_type in _SCALED else seen.decimals

    def price(value: float) -> str:
        number = _normal(value)
        if value and number.as_tuple().exponent > -places:
            number = number.quantize(Decimal(1).scaleb(-places))
        return _number(number)

    return (f'{{"bidPrice":{price(seen.bid_price)},"askPrice":{price(seen.ask_price)},'
            f'"lastPrice":{price(seen.last_price)}}}')


def _group(order: Order) -> str:
    group = order.group_order_manager
    rounded = order.type is OrderType.COMBO_LIMIT
    limit = _stepped(group.limit_price, group.limit_decimals) if rounded else _normal(group.limit_price)
    ids = ",".join(str(order_id) for order_id in group.order_ids)
    return (f'{{"id":{group.id},"quantity":{_number(_normal(group.quantity))},"count":{group.count},'
            f'"limitPrice":{_number(limit)},"orderIds":[{ids}],"direction":{int(group.direction)}}}')


def event_to_json(event: OrderEvent, algorithm_id: str) -> dict[str, Any]:
    """Return an order event under LEAN's names."""
    row: dict[str, Any] = {
        "id": f"{algorithm_id}-{event.order_id}-{event.id}", "algorithmId": algorithm_id, "orderId": event.order_id,
        "orderEventId": event.id, "symbol": str(event.symbol.id), "symbolValue": event.symbol.value,
        "symbolPermtick": event.symbol.id.symbol, "time": (event.naive_utc_time - _EPOCH).total_seconds(),
        "status": _lower(event.status.name)}
    if event.order_fee.value.currency != _NULL_CURRENCY:
        row["orderFeeAmount"] = float(event.order_fee.value.amount)
        row["orderFeeCurrency"] = event.order_fee.value.currency
    row |= {"fillPrice": event.fill_price, "fillPriceCurrency": event.fill_price_currency,
            "fillQuantity": event.fill_quantity, "direction": _lower(event.direction.name)}
    if event.message:
        row["message"] = event.message
    row |= {"isAssignment": event.is_assignment, "quantity": event.quantity}
    for name, value in (("stopPrice", event.stop_price), ("limitPrice", event.limit_price)):
        if value is not None:
            row[name] = value
    if event.is_in_the_money:
        row["isInTheMoney"] = True
    return row


def events_to_json(events: Iterable[OrderEvent], algorithm_id: str) -> list[dict[str, Any]]:
    """Return order events under LEAN's names."""
    return [event_to_json(event, algorithm_id) for event in events]


def _lower(name: str) -> str:
    spelled = camel(name)
    return spelled[0].lower() + spelled[1:]
