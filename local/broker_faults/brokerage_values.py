"""What the misbehaving broker keeps of orders, legs and events."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import nan

from local.broker_faults.faults import Answer
from local.engine.broker.events import OrderEvent
from local.engine.broker.orders import Order


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


def set_limit(order: Order, limit: float) -> None:
    """A new limit: a combo's stands with its group."""
    if order.group_order_manager is None:
        order.limit_price = limit
    else:
        order.group_order_manager.limit_price = limit
