"""Margin calls: what is sold when the account holds less than its margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local.engine.broker.enums import OrderType, is_closed
from local.engine.broker.numeric import sign
from local.engine.broker.orders import GroupOrderManager
from local.engine.broker.requests import SubmitOrderRequest

if TYPE_CHECKING:
    from local.engine.broker.portfolio import SecurityPortfolioManager
    from local.engine.broker.positions import PositionGroup
    from local.engine.broker.tickets import OrderTicket

MARGIN_CALL_TAG = "Margin Call"
WARNING_SHARE = 0.05
"""A warning is given when no more than this share of portfolio value is free."""


class MarginCallModel:
    """Base of margin call models; NULL never calls."""

    NULL: MarginCallModel

    def get_margin_call_orders(self) -> tuple[list[SubmitOrderRequest], bool]:
        """Return the orders to send and whether to warn."""
        return [], False

    def execute_margin_call(self, orders: Sequence[SubmitOrderRequest]) -> list[OrderTicket]:
        """Send the orders and return their tickets."""
        return []


MarginCallModel.NULL = MarginCallModel()


class DefaultMarginCallModel(MarginCallModel):
    """LEAN's margin calls: every group is reduced until margin is within portfolio value, losers first."""

    def __init__(self, portfolio: SecurityPortfolioManager, default_order_properties: object | None = None,
                 margin_buffer: float = 0.10) -> None:
        self.portfolio = portfolio
        self.default_order_properties = default_order_properties
        self.margin_buffer = float(margin_buffer)

    def get_margin_call_orders(self) -> tuple[list[SubmitOrderRequest], bool]:
        """Return orders once margin exceeds 1.10 × value, and a warning from 5 % free margin on."""
        portfolio = self.portfolio
        used = portfolio.total_margin_used
        if used <= 0:
            return [], False
        value = portfolio.total_portfolio_value
        remaining = portfolio.get_margin_remaining(value)
        warn = remaining <= value * WARNING_SHARE
        orders: list[SubmitOrderRequest] = []
        if remaining <= 0:
            if used > value * (1 + self.margin_buffer):
                for group in portfolio.positions.groups:
                    requests = self.generate_margin_call_orders(group, value, used)
                    if requests and all(request.quantity for request in requests):
                        orders.extend(requests)
            warn = bool(orders)
        return orders, warn

    def generate_margin_call_orders(self, group: PositionGroup, total_portfolio_value: float,
                                    total_margin_used: float) -> list[SubmitOrderRequest]:
        """Return the orders that reduce one group."""
        portfolio = self.portfolio
        needed = total_margin_used - total_portfolio_value
        model = group.buying_power_model
        used = model.get_maintenance_margin(portfolio, group)
        keep = max(0.0, used - needed)
        delta = (used - keep) * -sign(group.quantity)
        lots = abs(model.get_maximum_lots_for_delta_buying_power(portfolio, group, delta, 0.0).quantity)
        combo = group.count > 1
        manager = None
        if combo:
            group_id = portfolio.transactions.get_increment_group_order_manager_id()
            manager = GroupOrderManager(group.count, lots, group_id=group_id)
        requests = []
        for position in group:
            security = portfolio.securities[position.symbol]
            quantity = lots * position.unit_quantity * -sign(position.quantity)
            if manager is not None:
                quantity *= manager.quantity
            properties = self.default_order_properties
            requests.append(SubmitOrderRequest(
                OrderType.COMBO_MARKET if combo else OrderType.MARKET, security.type, security.symbol, quantity,
                security.utc_time, MARGIN_CALL_TAG, group_order_manager=manager,
                properties=properties.clone() if properties is not None else None))
        return requests

    def execute_margin_call(self, orders: Sequence[SubmitOrderRequest]) -> list[OrderTicket]:
        """Send the orders group by group, biggest loss first, until margin is free again."""
        portfolio = self.portfolio
        if portfolio.margin_remaining >= 0:
            return []
        groups: dict[object, list[SubmitOrderRequest]] = {}
        for request in orders:
            manager = request.group_order_manager
            groups.setdefault(id(request) if manager is None else ("group", manager.id), []).append(request)
        ordered = sorted(groups.values(),
                         key=lambda requests: sum(portfolio[r.symbol].unrealized_profit for r in requests))
        executed: list[OrderTicket] = []
        for requests in ordered:
            tickets = [portfolio.transactions.add_order(request) for request in requests]
            for ticket in tickets:
                if not is_closed(ticket.status):
                    portfolio.transactions.wait_for_order(ticket.order_id)
                executed.append(ticket)
            if portfolio.margin_remaining >= 0:
                break
        return executed
