"""How long an order lives, and the properties that carry it."""

from __future__ import annotations

import copy
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from local.engine.broker.clock import from_utc

if TYPE_CHECKING:
    from local.engine.broker.orders import Order
    from local.engine.market.security import Security


class TimeInForce:
    """Base of the rules that end an order by time."""

    GOOD_TIL_CANCELED: TimeInForce
    DAY: TimeInForce

    @staticmethod
    def good_til_date(expiry: datetime) -> TimeInForce:
        """Return a rule that ends an order at the market close of `expiry`'s date."""
        return GoodTilDateTimeInForce(expiry)

    def is_order_expired(self, security: Security, order: Order) -> bool:
        """Tell whether the order's time is over at the security's local time."""
        raise NotImplementedError(f"{type(self).__name__}.is_order_expired")


class GoodTilCanceledTimeInForce(TimeInForce):
    """Never expires."""

    def is_order_expired(self, security: Security, order: Order) -> bool:
        """Return False."""
        return False


class DayTimeInForce(TimeInForce):
    """Expires at the last market close of the order's day."""

    def is_order_expired(self, security: Security, order: Order) -> bool:
        """Tell whether the local time has reached the close that follows the order."""
        hours = security.exchange.hours
        order_time = from_utc(order.naive_time, hours.time_zone)
        return security.local_time >= last_daily_close(hours, order_time)


class GoodTilDateTimeInForce(TimeInForce):
    """Expires at the market close of a date."""

    def __init__(self, expiry: datetime | date) -> None:
        self.expiry = expiry if isinstance(expiry, datetime) else datetime.combine(expiry, time.min)

    def is_order_expired(self, security: Security, order: Order) -> bool:
        """Tell whether the local time has reached the close of the expiry date."""
        hours = security.exchange.hours
        start = datetime.combine(self.expiry.date(), time.min)
        return security.local_time >= last_daily_close(hours, start)


def last_daily_close(hours: object, local: datetime) -> datetime:
    """Return the last regular market close of the trading day that follows `local`."""
    return hours.get_last_daily_market_close(local, False)


TimeInForce.GOOD_TIL_CANCELED = GoodTilCanceledTimeInForce()
TimeInForce.DAY = DayTimeInForce()


class OrderProperties:
    """Extra properties of an order."""

    def __init__(self, exchange: object | None = None) -> None:
        self.time_in_force: TimeInForce = TimeInForce.GOOD_TIL_CANCELED
        self.exchange = exchange

    def clone(self) -> OrderProperties:
        """Return a copy."""
        return copy.copy(self)


class TastytradeOrderProperties(OrderProperties):
    """Properties of an order for Tastytrade: none of its own."""


class InteractiveBrokersOrderProperties(OrderProperties):
    """Properties of an order for Interactive Brokers."""

    def __init__(self) -> None:
        super().__init__()
        self.account: str | None = None
        self.fa_group: str | None = None
        self.fa_method: str | None = None
        self.fa_percentage: int = 0
        self.fa_profile: str | None = None
        self.outside_regular_trading_hours: bool = False
