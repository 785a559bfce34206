"""The fill model of worked orders: a limit fills once it concedes enough of the way from mid to natural.

LEAN's own model fills a limit only when the market trades through it, so every fill is an adverse one. Traders who work
their orders pay less than 40 % of the quoted half spread (Muravyev and Pearson, "Options Trading Costs Are Lower than
You Think", Review of Financial Studies 2020). The model is set on every security, for single orders and combos alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Iterable

import AlgorithmImports as lean

from config.constants import FILL_CONCESSION
from core.combo_prices import has_sides, leg_prices, price_of
from core.errors import GatewayError
from core.quotes import at_least
from helpers.lean.values import REGULAR_HOURS


class WorkedFillModel(lean.ImmediateFillModel):
    """Fills limits in full, at the limit or at the natural price if that is better. It uses real quotes that are no
    older than the order, during the session. All other orders fill as in LEAN.

    Parameters
    ----------
    utc_now : callable
        LEAN's time in UTC.
    """

    def __init__(self, utc_now: Callable[[], datetime]) -> None:
        super().__init__()
        self._utc_now = utc_now

    def limit_fill(self, asset: lean.Security, order: lean.LimitOrder) -> lean.OrderEvent:
        """The event of a single limit order, filled or not."""
        side = 1.0 if order.quantity > 0 else -1.0
        prices = self._filled([(order, asset)], abs(order.quantity), side * order.limit_price)
        event = lean.OrderEvent(order, self._utc_now(), lean.OrderFee.ZERO)
        return self._complete(event, order, prices[0]) if prices else event

    def combo_limit_fill(self, order: lean.Order, parameters: lean.FillModelParameters) -> list[lean.OrderEvent]:
        """The events that fill every leg of a combo, or none."""
        pairs = sorted(((pair.key, pair.value) for pair in parameters.securities_for_orders),
                       key=lambda pair: pair[0].id)
        group = order.group_order_manager
        if group is None:
            raise GatewayError("a combo without its group", order_id=int(order.id))
        side = 1.0 if group.quantity > 0 else -1.0
        prices = self._filled(pairs, abs(group.quantity), side * group.limit_price)
        return [self._complete(lean.OrderEvent(leg, self._utc_now(), lean.OrderFee.ZERO), leg, price)
                for (leg, _), price in zip(pairs, prices)]

    def _filled(self, pairs: Iterable[tuple[lean.Order, lean.Security]], units: float, limit: float) -> list[float]:
        """The legs' prices if the order fills at ``limit`` (debit positive, points per unit); empty if it does not
        fill."""
        rows = []
        for order, asset in pairs:
            bar = asset.cache.get_data[lean.QuoteBar]()
            if bar is None or not self._tradable(order, asset, bar):
                return []
            rows.append((order.quantity / units, float(bar.bid.close) if bar.bid is not None else 0.0,
                         float(bar.ask.close) if bar.ask is not None else 0.0))
        if not has_sides(rows):
            return []
        price = price_of(rows)
        if not at_least(limit, price.at(FILL_CONCESSION)):
            return []
        return leg_prices(rows, price, min(limit, price.natural))

    def _tradable(self, order: lean.Order, asset: lean.Security, bar: lean.QuoteBar) -> bool:
        """Whether the last real quote is no older than the order, and the exchange is open or was so in a bar ending
        now."""
        now = asset.local_time
        if self._utc_now() - order.time < now - bar.end_time:
            return False
        exchange = asset.exchange
        return bool(exchange.hours.is_open(now, REGULAR_HOURS) or (
            bar.end_time >= now and exchange.is_open_during_bar(bar.time, bar.end_time, REGULAR_HOURS)))

    @staticmethod
    def _complete(event: lean.OrderEvent, order: lean.Order, price: float) -> lean.OrderEvent:
        event.status = lean.OrderStatus.FILLED
        event.fill_quantity, event.fill_price = order.quantity, price
        return event
