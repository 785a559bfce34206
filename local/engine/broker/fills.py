"""Fill models: when, at what price and how much of an order fills, following LEAN's rules.

Prices come from the last real quote of the side that trades (sells at the bid, buys at the ask), else from the last
trade bar, else from the security's price. Filled-forward bars are never data here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from local.engine.broker.clock import to_utc
from local.engine.broker.enums import OrderDirection, OrderStatus, OrderType
from local.engine.broker.events import OrderEvent
from local.engine.broker.numeric import exact
from local.engine.collections import LeanDictionary
from local.engine.enums import Resolution, SecurityType

if TYPE_CHECKING:
    from local.engine.broker.orders import LimitOrder, Order
    from local.engine.market.security import Security

_SPANS = {Resolution.TICK: timedelta(0), Resolution.SECOND: timedelta(seconds=1), Resolution.MINUTE:
          timedelta(minutes=1), Resolution.HOUR: timedelta(hours=1), Resolution.DAILY: timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Prices:
    """The bar an order is tried against; times are the exchange's wall clock."""

    time: datetime
    end_time: datetime
    current: float
    open: float
    high: float
    low: float
    close: float


class FillModelParameters:
    """What a fill model is asked.

    Parameters
    ----------
    security : Security
        Security of `order`.
    order : Order
        Order to try.
    pairs : list of (Order, Security)
        Every order of the combo with its security, in order of number.
    stale_price_time_span : timedelta
        Age from which a price is stale.
    """

    __slots__ = ("security", "order", "pairs", "stale_price_time_span")

    def __init__(self, security: Security, order: Order, pairs: list[tuple[Order, Security]],
                 stale_price_time_span: timedelta) -> None:
        self.security, self.order, self.pairs = security, order, pairs
        self.stale_price_time_span = stale_price_time_span

    @property
    def securities_for_orders(self) -> LeanDictionary[Order, Security]:
        """Every order of the combo with its security."""
        return LeanDictionary(dict(self.pairs))


class Fill:
    """The events a fill model answers with."""

    __slots__ = ("_events",)

    def __init__(self, events: OrderEvent | list[OrderEvent]) -> None:
        self._events = [events] if isinstance(events, OrderEvent) else list(events)

    @property
    def order_event(self) -> OrderEvent:
        """The first event."""
        return self._events[0]

    def __iter__(self) -> Iterator[OrderEvent]:
        return iter(self._events)


class FillModel:
    """LEAN's immediate fill model: fills whole, no partial fills. Subclasses override the kinds they change."""

    parameters: FillModelParameters

    def fill(self, parameters: FillModelParameters) -> Fill:
        """Return the events that fill the order (all legs of a combo), or events without a fill, or nothing."""
        self.parameters = parameters
        order = parameters.order
        name = _COMBO_METHODS.get(order.type)
        if name is not None:
            return Fill(getattr(self, name)(order, parameters))
        return Fill(getattr(self, _METHODS[order.type])(parameters.security, order))

    @staticmethod
    def _all_or_none(fills: list[OrderEvent]) -> list[OrderEvent]:
        return fills if all(fill.status is OrderStatus.FILLED for fill in fills) else []

    # -- single orders -------------------------------------------------------------------------------------------

    def market_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill a market order in regular hours at the side's current price."""
        return self._market_fill(asset, order)

    def _market_fill(self, asset: Security, order: Order, extended: bool = False) -> OrderEvent:
        fill = self._event(asset, order)
        if order.status is OrderStatus.CANCELED or not self.is_exchange_open(asset, extended):
            return fill
        prices = self.get_prices(asset, order.direction)
        end_utc = to_utc(prices.end_time, asset.exchange.time_zone)
        if end_utc + self.parameters.stale_price_time_span < order.naive_time:
            if self._waits_on_stale(asset, end_utc, order.naive_time):
                return fill
            fill.message = f"Warning: fill at stale price ({prices.end_time} {asset.exchange.time_zone})"
        price = self._market_price(asset, order, prices)
        return self._complete(fill, order, self._slipped(asset, order, price))

    def limit_fill(self, asset: Security, order: LimitOrder) -> OrderEvent:
        """Fill a limit order when a later quote strictly beats the limit."""
        return self._limit_fill(asset, order, order.limit_price)

    def _limit_fill(self, asset: Security, order: Order, limit: float) -> OrderEvent:
        fill = self._event(asset, order)
        if order.status is OrderStatus.CANCELED or not self.is_exchange_open(asset, self._extended(asset)):
            return fill
        prices = self.get_prices(asset, order.direction)
        if to_utc(prices.end_time, asset.exchange.time_zone) <= order.naive_time:
            return fill
        if order.direction is OrderDirection.BUY and prices.low < limit:
            return self._complete(fill, order, min(prices.high, limit))
        if order.direction is OrderDirection.SELL and prices.high > limit:
            return self._complete(fill, order, max(prices.low, limit))
        return fill

    def stop_market_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill a stop in regular hours once a later bar goes through it, at the worse of stop and price."""
        return self._stop_fill(asset, order, False)

    def _stop_fill(self, asset: Security, order: Order, extended: bool) -> OrderEvent:
        fill = self._event(asset, order)
        prices = self._later_prices(asset, order, extended)
        if prices is None:
            return fill
        slip = asset.slippage_model.get_slippage_approximation(asset, order)
        if order.direction is OrderDirection.SELL and prices.low < order.stop_price:
            return self._complete(fill, order, exact(min(order.stop_price, prices.current - slip)))
        if order.direction is OrderDirection.BUY and prices.high > order.stop_price:
            return self._complete(fill, order, exact(max(order.stop_price, prices.current + slip)))
        return fill

    def _later_prices(self, asset: Security, order: Order, extended: bool) -> Prices | None:
        """Return the prices when the exchange is open and they are later than the order."""
        if order.status is OrderStatus.CANCELED or not self.is_exchange_open(asset, extended):
            return None
        prices = self.get_prices(asset, order.direction)
        return None if to_utc(prices.end_time, asset.exchange.time_zone) <= order.naive_time else prices

    def trailing_stop_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill a trailing stop once touched; otherwise move it along."""
        fill = self._event(asset, order)
        prices = self._later_prices(asset, order, False)
        if prices is None:
            return fill
        slip = asset.slippage_model.get_slippage_approximation(asset, order)
        selling = order.direction is OrderDirection.SELL
        if selling and prices.low <= order.stop_price:
            return self._complete(fill, order, exact(min(order.stop_price, prices.current - slip)))
        if not selling and prices.high >= order.stop_price:
            return self._complete(fill, order, exact(max(order.stop_price, prices.current + slip)))
        stop = order.updated_stop(prices.high if selling else prices.low)
        if stop is not None:
            order.stop_price = stop
        return fill

    def stop_limit_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Trigger on a later bar through the stop, then fill at the close when it beats the limit."""
        fill = self._event(asset, order)
        prices = self._later_prices(asset, order, self._extended(asset))
        if prices is None:
            return fill
        if order.direction is OrderDirection.BUY:
            order.stop_triggered = order.stop_triggered or prices.high > order.stop_price
            if order.stop_triggered and prices.current < order.limit_price:
                return self._complete(fill, order, min(prices.high, order.limit_price))
        elif order.direction is OrderDirection.SELL:
            order.stop_triggered = order.stop_triggered or prices.low < order.stop_price
            if order.stop_triggered and prices.current > order.limit_price:
                return self._complete(fill, order, max(prices.low, order.limit_price))
        return fill

    def limit_if_touched_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Trigger on a later trade at the trigger, then fill at the limit when the other side is there."""
        fill = self._event(asset, order)
        if order.status is OrderStatus.CANCELED or not self.is_exchange_open(asset, self._extended(asset)):
            return fill
        trade = asset.get_last_trade_bar()
        if trade is None or to_utc(trade.end_time, asset.exchange.time_zone) <= order.naive_time:
            return fill
        if order.direction is OrderDirection.SELL:
            order.trigger_touched = order.trigger_touched or trade.high >= order.trigger_price
            if order.trigger_touched and self._side_price(asset, OrderDirection.BUY) >= order.limit_price:
                return self._complete(fill, order, order.limit_price)
        elif order.direction is OrderDirection.BUY:
            order.trigger_touched = order.trigger_touched or trade.low <= order.trigger_price
            if order.trigger_touched and self._side_price(asset, OrderDirection.SELL) <= order.limit_price:
                return self._complete(fill, order, order.limit_price)
        return fill

    def market_on_open_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill at the open of the first regular bar after the order's session."""
        fill = self._event(asset, order)
        bar = asset.get_last_data()
        local_order_time = asset.local(order.naive_time)
        if order.status is OrderStatus.CANCELED or bar is None or local_order_time >= bar.end_time:
            return fill
        was_open = asset.exchange.hours.is_open(local_order_time, False)
        if was_open and local_order_time.date() == asset.local_time.date():
            return fill
        if not self.is_exchange_open(asset, False):
            return fill
        price = self.get_prices(asset, order.direction).open
        return self._complete(fill, order, self._slipped(asset, order, price))

    def market_on_close_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill at the last price once the first regular close after the order is reached."""
        fill = self._event(asset, order)
        if order.status is OrderStatus.CANCELED:
            return fill
        if asset.local_time < asset.exchange.hours.get_next_market_close(asset.local(order.naive_time), False):
            return fill
        price = self.get_prices(asset, order.direction).close
        return self._complete(fill, order, self._slipped(asset, order, price))

    # -- combos --------------------------------------------------------------------------------------------------

    def combo_market_fill(self, order: Order, parameters: FillModelParameters) -> list[OrderEvent]:
        """Fill every leg as a market order, or none."""
        return self._all_or_none([self._market_fill(target, leg) for leg, target in parameters.pairs])

    def combo_leg_limit_fill(self, order: Order, parameters: FillModelParameters) -> list[OrderEvent]:
        """Fill every leg at its own limit, or none."""
        return self._all_or_none([self._limit_fill(target, leg, leg.limit_price) for leg, target in parameters.pairs])

    def combo_limit_fill(self, order: Order, parameters: FillModelParameters) -> list[OrderEvent]:
        """Fill the whole combo when every leg's quote is as late as the order and their sum beats the limit.

        A combo bought uses the low of each leg's bar, one sold the high; shares count a hundredth.
        """
        buying = order.group_order_manager.direction is OrderDirection.BUY
        total, legs = 0.0, []
        for leg, security in parameters.pairs:
            prices = self.get_prices(security, leg.direction)
            if to_utc(prices.end_time, security.exchange.time_zone) < leg.naive_time:
                return []
            price = prices.low if buying else prices.high
            ratio = leg.ratio / 100 if security.type is SecurityType.EQUITY else leg.ratio
            total += price * ratio
            legs.append((leg, security, price))
        total, limit = exact(total), exact(order.group_order_manager.limit_price)
        if not (total < limit if buying else total > limit):
            return []
        return [self._complete(self._event(security, leg), leg, price) for leg, security, price in legs]

    # -- helpers -------------------------------------------------------------------------------------------------

    @staticmethod
    def _event(asset: Security, order: Order) -> OrderEvent:
        return OrderEvent(order, asset.utc_time)

    @staticmethod
    def _complete(fill: OrderEvent, order: Order, price: float) -> OrderEvent:
        fill.status = OrderStatus.FILLED
        fill.fill_price = price
        fill.fill_quantity = order.quantity
        return fill

    @staticmethod
    def _slipped(asset: Security, order: Order, price: float) -> float:
        slip = asset.slippage_model.get_slippage_approximation(asset, order)
        if not slip:
            return price
        return exact(price + slip if order.direction is OrderDirection.BUY else price - slip)

    @staticmethod
    def _extended(asset: Security) -> bool:
        return bool(asset.is_extended_market_hours)

    @staticmethod
    def _coarse(asset: Security) -> bool:
        return asset.resolution in (Resolution.HOUR, Resolution.DAILY)

    def _waits_on_stale(self, asset: Security, end_utc: datetime, order_utc: datetime) -> bool:
        """Tell whether a market order waits for fresh data instead of filling at an old price."""
        if self._coarse(asset):
            return True
        span = _SPANS[asset.resolution]
        return bool(span) and order_utc - end_utc > span

    def _market_price(self, asset: Security, order: Order, prices: Prices) -> float:
        """Current price, or the bar's open when the order waited for a coarse bar to begin."""
        if prices.open == 0 or not self._coarse(asset):
            return prices.current
        begin = to_utc(prices.time, asset.exchange.time_zone)
        return prices.open if order.naive_time <= begin else prices.current

    def _side_price(self, asset: Security, direction: OrderDirection) -> float:
        """Ask for a buy, bid for a sell, from the last quote, else the last trade."""
        return self.get_prices(asset, direction).close

    def get_prices(self, asset: Security, direction: OrderDirection) -> Prices:
        """Return the prices an order of this side is tried against."""
        if direction is not OrderDirection.HOLD:
            quote = asset.get_last_quote_bar()
            if quote is not None:
                bar = quote.bid if direction is OrderDirection.SELL else quote.ask
                if bar is not None:
                    return Prices(quote.time, quote.end_time, bar.close, bar.open, bar.high, bar.low, bar.close)
            trade = asset.get_last_trade_bar()
            if trade is not None:
                return Prices(trade.time, trade.end_time, trade.close, trade.open, trade.high, trade.low, trade.close)
        last = asset.get_last_data()
        time, end = (last.time, last.end_time) if last is not None else (datetime.min, datetime.min)
        return Prices(time, end, asset.price, asset.open, asset.high, asset.low, asset.close)

    def is_exchange_open(self, asset: Security, extended: bool) -> bool:
        """Tell whether the exchange is open now or was during the bar that just ended."""
        hours = asset.exchange.hours
        now = asset.local_time
        if hours.is_open(now, extended):
            return True
        bar = asset.get_last_data()
        if bar is None:
            return False
        if bar.end_time - bar.time > timedelta(hours=1):
            current = now.date() == bar.end_time.date()
        else:
            current = now <= bar.end_time
        return current and asset.exchange.is_open_during_bar(bar.time, bar.end_time, extended)


_COMBO_METHODS = {OrderType.COMBO_MARKET: "combo_market_fill", OrderType.COMBO_LIMIT: "combo_limit_fill",
                  OrderType.COMBO_LEG_LIMIT: "combo_leg_limit_fill"}
_METHODS = {OrderType.MARKET: "market_fill", OrderType.LIMIT: "limit_fill", OrderType.STOP_MARKET: "stop_market_fill",
            OrderType.STOP_LIMIT: "stop_limit_fill", OrderType.TRAILING_STOP: "trailing_stop_fill",
            OrderType.LIMIT_IF_TOUCHED: "limit_if_touched_fill", OrderType.MARKET_ON_OPEN: "market_on_open_fill",
            OrderType.MARKET_ON_CLOSE: "market_on_close_fill"}


class ImmediateFillModel(FillModel):
    """The default model's other name."""


class FutureFillModel(ImmediateFillModel):
    """Futures: market orders trade in extended hours too, stops where extended data is subscribed."""

    def market_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill a market order in regular or extended hours."""
        return self._market_fill(asset, order, True)

    def stop_market_fill(self, asset: Security, order: Order) -> OrderEvent:
        """Fill a stop in the hours that are subscribed."""
        return self._stop_fill(asset, order, self._extended(asset))


class FutureOptionFillModel(FutureFillModel):
    """Futures options fill as futures do."""
