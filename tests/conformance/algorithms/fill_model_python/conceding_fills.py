"""A fill model of the case's own: a limit fills, at its price, once it gives 0.4 of the way from mid to natural."""
from AlgorithmImports import *


class ConcedingFills(ImmediateFillModel):
    """Overrides the single and the combo limit; notes each time it is asked."""

    def __init__(self, probe):
        super().__init__()
        self.probe = probe

    def limit_fill(self, asset, order):
        return self.events("limit", order, [(order, asset)], order.limit_price * (1 if order.quantity > 0 else -1))[0]

    def combo_limit_fill(self, order, parameters):
        pairs = sorted(((pair.key, pair.value) for pair in parameters.securities_for_orders), key=lambda pair: pair[0].id)
        events = self.events("combo", order, pairs, order.group_order_manager.limit_price)
        return [event for event in events if event.status == OrderStatus.FILLED]

    def events(self, what, order, pairs, limit):
        units = abs(order.group_order_manager.quantity) if what == "combo" else abs(order.quantity)
        rows = [(leg, asset, asset.cache.get_data[QuoteBar](), leg.quantity / units) for leg, asset in pairs]
        fresh = [self.probe.utc_time - leg.time >= asset.local_time - bar.end_time for leg, asset, bar, _ in rows]
        mid = sum(ratio * (bar.bid.close + bar.ask.close) / 2 for _, _, bar, ratio in rows)
        natural = sum(ratio * (bar.ask.close if ratio > 0 else bar.bid.close) for _, _, bar, ratio in rows)
        self.probe.note(what, order=order.id, legs=[leg.id for leg, _, _, _ in rows], units=units, limit=limit,
                        ratios=[ratio for _, _, _, ratio in rows], fresh=fresh, mid=mid, natural=natural,
                        open=[asset.exchange.hours.is_open(asset.local_time, False) for _, asset, _, _ in rows],
                        during=[asset.exchange.is_open_during_bar(bar.time, bar.end_time, False)
                                for _, asset, bar, _ in rows])
        filled = all(fresh) and limit >= mid + 0.4 * (natural - mid)
        found = []
        for leg, asset, bar, ratio in rows:
            event = OrderEvent(leg, self.probe.utc_time, OrderFee.ZERO)
            if filled:
                event.status, event.fill_quantity = OrderStatus.FILLED, leg.quantity
                event.fill_price = round((bar.bid.close + bar.ask.close) / 2 + (limit - mid) / len(rows) / ratio, 4)
            found.append(event)
        return found
