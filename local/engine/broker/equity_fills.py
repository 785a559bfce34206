"""LEAN's fill model of equities: trades decide limits and stops, the freshest quote decides market orders."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.engine.broker.clock import to_utc
from local.engine.broker.enums import OrderDirection, OrderStatus
from local.engine.broker.events import OrderEvent
from local.engine.broker.fills import FillModel
from local.engine.broker.numeric import exact, fixed
from local.engine.enums import Resolution

if TYPE_CHECKING:
    from local.engine.broker.orders import Order
    from local.engine.market.security import Security


class EquityFillModel(FillModel):
    """Fills of shares."""

    def market_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill in regular hours at the freshest quote's side, else the last trade."""
        fill = self._event(asset, order)
        if order.status is OrderStatus.CANCELED or not self.is_exchange_open(asset, False):
            return fill
        price, end_time = self._best_effort(asset, order.direction, order.naive_time)
        end_utc = to_utc(end_time, asset.exchange.time_zone)
        stale = end_utc < order.naive_time - self.parameters.stale_price_time_span
        if stale and self._waits_on_stale(asset, end_utc, order.naive_time):
            return fill
        return self._complete(fill, order, self._slipped(asset, order, price))

    def limit_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill when a later trade bar goes through the limit; at its open when that is better."""
        fill = self._event(asset, order)
        bar = self._later_trade_bar(asset, order, self._extended(asset))
        if bar is None:
            return fill
        if order.direction is OrderDirection.BUY and bar.low < order.limit_price:
            self._tell_gap(fill, asset, bar, "a favorable", bar.open < order.limit_price)
            return self._complete(fill, order, min(bar.open, order.limit_price))
        if order.direction is OrderDirection.SELL and bar.high > order.limit_price:
            self._tell_gap(fill, asset, bar, "a favorable", bar.open > order.limit_price)
            return self._complete(fill, order, max(bar.open, order.limit_price))
        return fill

    def stop_market_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill when a later trade bar reaches the stop; at its open when it opens beyond."""
        fill = self._event(asset, order)
        bar = self._later_trade_bar(asset, order, False)
        if bar is None:
            return fill
        slip = asset.slippage_model.get_slippage_approximation(asset, order)
        if order.direction is OrderDirection.SELL and bar.low <= order.stop_price:
            self._tell_gap(fill, asset, bar, "an unfavorable", bar.open <= order.stop_price)
            return self._complete(fill, order, exact(min(bar.open, order.stop_price) - slip))
        if order.direction is OrderDirection.BUY and bar.high >= order.stop_price:
            self._tell_gap(fill, asset, bar, "an unfavorable", bar.open >= order.stop_price)
            return self._complete(fill, order, exact(max(bar.open, order.stop_price) + slip))
        return fill

    def limit_if_touched_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Trigger on a later trade at the trigger; fill when the freshest quote meets the limit."""
        fill = self._event(asset, order)
        bar = self._later_trade_bar(asset, order, self._extended(asset))
        if bar is None:
            return fill
        buying = order.direction is OrderDirection.BUY
        touched = bar.low <= order.trigger_price if buying else bar.high >= order.trigger_price
        order.trigger_touched = order.trigger_touched or touched
        if not order.trigger_touched:
            return fill
        price, _ = self._best_effort(asset, order.direction, order.naive_time)
        if buying and price <= order.limit_price or not buying and price >= order.limit_price:
            return self._complete(fill, order, price)
        return fill

    def market_on_open_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill at the open of the first regular trade bar that begins after the order's session."""
        fill = self._event(asset, order)
        bar = asset.get_last_trade_bar()
        ordered = asset.local(order.naive_time)
        if order.status is OrderStatus.CANCELED or bar is None or bar.time < ordered:
            return fill
        intraday = asset.resolution in (Resolution.SECOND, Resolution.MINUTE)
        if intraday and not asset.exchange.hours.is_open(bar.time, False):
            return fill
        same_session = asset.exchange.hours.is_open(ordered, False) and ordered.date() == bar.end_time.date()
        if ordered >= bar.end_time or same_session or not self.is_exchange_open(asset, False):
            return fill
        return self._complete(fill, order, self._slipped(asset, order, bar.open))

    def market_on_close_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill at the last trade once the first regular close after the order is reached."""
        fill = self._event(asset, order)
        if order.status is OrderStatus.CANCELED:
            return fill
        if asset.local_time < asset.exchange.hours.get_next_market_close(asset.local(order.naive_time), False):
            return fill
        bar = asset.get_last_trade_bar()
        price = bar.close if bar is not None else self._best_effort(asset, order.direction, order.naive_time)[0]
        return self._complete(fill, order, self._slipped(asset, order, price))

    @staticmethod
    def _tell_gap(fill: OrderEvent, asset: Security, bar: Any, kind: str, there: bool) -> None:
        """Note in the event that the bar opened beyond the price, so that its open counted."""
        if there:
            fill.message = (f"Due to {kind} gap at {bar.end_time:%m/%d/%Y %H:%M:%S} {asset.exchange.time_zone}, "
                            f"order filled using the open price ({fixed(bar.open, 4)})")

    def _later_trade_bar(self, asset: Security, order: Order, extended: bool) -> Any:
        """Return the last trade bar when it ended after the order and the exchange is open."""
        if order.status is OrderStatus.CANCELED or not self.is_exchange_open(asset, extended):
            return None
        bar = asset.get_last_trade_bar()
        if bar is None or to_utc(bar.end_time, asset.exchange.time_zone) <= order.naive_time:
            return None
        return bar

    def _best_effort(self, asset: Security, direction: OrderDirection, order_utc: datetime) -> tuple[float, datetime]:
        """Return a side's price and its local end time: a fresh quote, else the later of quote and trade.

        Raises
        ------
        RuntimeError
            When the security has had no data at all.
        """
        cut_off = asset.local(order_utc) - self.parameters.stale_price_time_span
        best: tuple[float, datetime] | None = None
        quote = asset.get_last_quote_bar()
        if quote is not None:
            side = quote.ask if direction is OrderDirection.BUY else quote.bid
            best = (side.close if side is not None else quote.close, quote.end_time)
            if quote.end_time >= cut_off:
                return best
        trade = asset.get_last_trade_bar()
        if trade is not None and (best is None or trade.end_time > best[1]):
            best = (trade.close, trade.end_time)
        if best is None:
            raise RuntimeError(f"EquityFillModel: no market data to fill {asset.symbol}")
        return best
