"""Finds the orders of stored intents among those that are open at a restart.

LEAN gives restarted orders new ids, and the live brokerage gives them no tag. Without a tag, contract, side and
quantity identify a leg. This is unambiguous, because two intents never have orders on one contract at the same time.
"""

from __future__ import annotations

from typing import Iterable, Sequence

from helpers.orders.port import OpenOrder
from helpers.orders.work import LOST, OrderOut, Work


def match_open_orders(works: Iterable[Work], open_orders: Sequence[OpenOrder]) -> tuple[
        dict[str, dict[int, OpenOrder]], tuple[OpenOrder, ...], tuple[OpenOrder, ...]]:
    """Match stored orders with open ones.

    Returns
    -------
    matched : dict
        Intent id to leg number to the open order of that leg.
    orphans : tuple
        Open orders with a tag of our form that no stored order has.
    foreign : tuple
        Open orders that do not appear to be ours.
    """
    left = {order.order_id: order for order in open_orders}
    matched: dict[str, dict[int, OpenOrder]] = {}
    for work in works:
        if work.order is None:
            continue
        legs = {}
        for number, leg in enumerate(work.order.legs):
            found = next((order for order in left.values() if _is_leg(order, work.order, number)), None)
            if found is not None:
                legs[number] = left.pop(found.order_id)
        if legs:
            matched[work.intent.id] = legs
    orphans = tuple(order for order in left.values() if is_our_tag(order.tag))
    foreign = tuple(order for order in left.values() if not is_our_tag(order.tag))
    return matched, orphans, foreign


def adopt(order: OrderOut, legs: dict[int, OpenOrder]) -> None:
    """Give a stored order the present ids and tags of its legs. Legs that are no longer open are closed.

    Closed legs get negative ids of their own, for which no event will ever come.
    """
    if legs:
        order.tag = next(iter(legs.values())).tag
    order.ids = tuple(legs[number].order_id if number in legs else -number - 1 for number in range(len(order.legs)))
    order.closed = {order_id: LOST for order_id in order.ids if order_id < 0}
    order.closed_at = None
    order.answered = True


def give_up(order: OrderOut) -> None:
    """Close the legs of an order that never ended. Their ids stay, so that a fill reported later is still theirs."""
    if not order.ids:
        adopt(order, {})
    order.closed |= {order_id: LOST for order_id in order.open_ids}
    order.answered = True


def _is_leg(open_order: OpenOrder, order: OrderOut, number: int) -> bool:
    leg = order.legs[number]
    if open_order.contract != leg.contract:
        return False
    if open_order.tag:
        return open_order.tag == order.tag
    total = leg.ratio * order.quantity
    return open_order.quantity * total > 0 and abs(open_order.quantity) <= abs(total)


def is_our_tag(tag: str) -> bool:
    """Whether ``tag`` has the form of an order's tag, ``<strategy>/<time>:<purpose>:<time>#<n>``."""
    intent, mark, number = tag.rpartition("#")
    return bool(mark) and number.isdigit() and intent.count(":") >= 2 and "/" in intent
