"""Orders that belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from local.engine.broker.numeric import smart_text

if TYPE_CHECKING:
    from local.engine.broker.orders import Order
    from local.engine.market.security import Security


def group_orders(order: Order, known: Mapping[int, Order]) -> list[Order] | None:
    """Return the orders of the combo in order of id, a single order alone, None while legs are missing."""
    group = order.group_order_manager
    if group is None:
        return [order]
    members = [order if order_id == order.id else known.get(order_id) for order_id in group.order_ids]
    if len(members) != group.count or any(member is None for member in members):
        return None
    return sorted(members, key=lambda member: member.id)


def insufficient_power_message(pairs: Iterable[tuple[Order, Security]], reason: str) -> str:
    """Return LEAN's message for orders that buying power does not allow."""
    pairs = list(pairs)
    ids = ",".join(str(order.id) for order, _ in pairs)
    values = ",".join(smart_text(order.get_value(security)) for order, security in pairs)
    return (f"Order Error: ids: [{ids}], Insufficient buying power to complete orders (Value:[{values}]), "
            f"Reason: {reason}.")
