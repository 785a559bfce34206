"""LEAN's order events as the executor reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import AlgorithmImports as lean

from core.model import Contract
from helpers.orders.port import OrderStatus, OrderUpdate

STATUSES = {lean.OrderStatus.SUBMITTED: OrderStatus.SUBMITTED, lean.OrderStatus.UPDATE_SUBMITTED: OrderStatus.UPDATED,
            lean.OrderStatus.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
            lean.OrderStatus.FILLED: OrderStatus.FILLED, lean.OrderStatus.CANCELED: OrderStatus.CANCELED,
            lean.OrderStatus.INVALID: OrderStatus.INVALID}


def read_update(event: Any, contract: Contract, now: datetime) -> OrderUpdate:
    """One of LEAN's order events as a plain value, heard at ``now``."""
    return OrderUpdate(order_id=int(event.order_id), contract=contract,
                       status=STATUSES.get(event.status, OrderStatus.OTHER), fill_quantity=int(event.fill_quantity),
                       fill_price=float(event.fill_price), fee=float(event.order_fee.value.amount),
                       message=str(event.message or ""), time=now, event_id=f"{event.order_id}:{event.id}")
