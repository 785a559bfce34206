"""What the misbehaving broker keeps of orders, legs and events."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import nan
from typing import Any

from local.broker_faults.faults import Answer
from local.engine.broker.events import OrderEvent
from local.engine.broker.orders import GroupOrderManager, Order


class Crash(BaseException):
    """The algorithm's process dies here and now."""


@dataclass(slots=True)
class Broken:
    """A leg that trades on its own: its order was filled in pieces, or unevenly."""

    order: Order
    left: int
    price: float
    fee: float
    due: list[tuple[datetime, int]]


@dataclass(slots=True)
class Group:
    """What the broker keeps of one order of one or more legs."""

    tag: str
    members: list[Order]
    answer: Answer
    limit: float
    wants_update: set[int]
    wants_cancel: set[int]


def tolerance(middle: float) -> float:
    """How much better than the middle an order may be for us and still be met: its tick's rounding."""
    return 0.011 + 0.005 * abs(middle)


class Echo:
    """An event told a second time: to the algorithm only, the account is not fooled."""

    def __init__(self, event: OrderEvent) -> None:
        self.event = event
        self.fill_quantity = 0
        self.order_id = event.order_id


def limit_of(order: Order) -> float:
    """The limit of an order, of a combo its group's; not a number for an order at the market."""
    holder = order if order.group_order_manager is None else order.group_order_manager
    return float(getattr(holder, "limit_price", nan))


def debit_limit(order: Order) -> float:
    """An order's limit for one unit, a debit positive: of a combo the sign is that of limit times quantity, for the broker's
    plugin gives a resting credit back as a negative quantity with a positive price."""
    group = order.group_order_manager
    return limit_of(order) if (order if group is None else group).quantity > 0 else -limit_of(order)


def prices_at_limit(order: Order, pairs: Sequence[tuple[Order, Any]]) -> list[float]:
    """What each leg trades at when somebody meets the order at its limit; nothing where that is better than the middle."""
    prices = [(float(security.bid_price) + float(security.ask_price)) / 2 for _, security in pairs]
    group, limit = order.group_order_manager, debit_limit(order)
    if group is None:
        worse = prices[0] - limit if order.quantity > 0 else -limit - prices[0]
        return [] if worse > tolerance(prices[0]) or not prices[0] > 0 else [order.limit_price]
    ratios = [member.quantity / abs(group.quantity) for member, _ in pairs]
    middle = sum(ratio * price for ratio, price in zip(ratios, prices))
    if limit < middle - tolerance(middle):
        return []
    return [max(0.0, prices[0] + (limit - middle) / ratios[0]), *prices[1:]]


def handed_back(members: Sequence[Order]) -> list[Order]:
    """Resting orders as the plugin makes them anew from the broker's list after a restart: objects of their own, a combo's
    price positive and its quantity signed by the price effect."""
    group = members[0].group_order_manager
    renewed = None
    if group is not None:
        effect = 1.0 if debit_limit(members[0]) > 0 else -1.0
        renewed = GroupOrderManager(len(members), effect * abs(group.quantity), abs(group.limit_price))
        renewed.order_ids = [member.id for member in members]
    found = []
    for member in members:
        order = type(member)(member.symbol, member.quantity, member.naive_time, member.tag, member.properties, renewed)
        order.id, order.status, order.broker_id = member.id, member.status, list(member.broker_id)
        if renewed is None:
            set_limit(order, member.limit_price)
        found.append(order)
    return found


def set_limit(order: Order, limit: float) -> None:
    """A new limit: a combo's stands with its group."""
    if order.group_order_manager is None:
        order.limit_price = limit
    else:
        order.group_order_manager.limit_price = limit
