"""Small helpers algorithms call by LEAN's class names."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from local.engine.broker.clock import from_utc, naive, to_utc
from local.engine.broker.enums import OrderDirection, OrderStatus, direction_of, is_closed, is_fill
from local.engine.enums import LeanEnum, SecurityType
from local.engine.errors import MemberNotSupported
from local.engine.market.futures_expiry import third_friday
from local.engine.market.symbol import Symbol

_WITH_WEEKLIES = ("NQX", "SPXW", "RUTW")


class _Helpers(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise MemberNotSupported(f"{cls.__name__}.{name}")


class TradeDirection(LeanEnum):
    """Side of a closed trade."""

    LONG = 0
    SHORT = 1


class RegressionTestException(Exception):
    """What LEAN's own algorithms raise when they find a difference."""


class Extensions(metaclass=_Helpers):
    """Conversions."""

    @staticmethod
    def is_option(security_type: SecurityType) -> bool:
        """Tell whether a type is one of the three kinds of options."""
        return security_type.is_option()

    @staticmethod
    def convert_to_utc(time: datetime, zone: str) -> datetime:
        """Return the UTC time of a zone's wall clock."""
        return to_utc(time, zone).replace(tzinfo=timezone.utc)

    @staticmethod
    def convert_from_utc(time: datetime, zone: str) -> datetime:
        """Return a zone's wall clock at a UTC time."""
        return from_utc(naive(time), zone)

    @staticmethod
    def convert_to(time: datetime, source: str, target: str) -> datetime:
        """Return one zone's wall clock from another's."""
        return from_utc(to_utc(time, source), target)

    @staticmethod
    def get_order_direction(quantity: float) -> OrderDirection:
        """Return the side of a signed quantity."""
        return direction_of(quantity)


class OrderExtensions(metaclass=_Helpers):
    """Questions about an order's status."""

    @staticmethod
    def is_open(status: OrderStatus) -> bool:
        """Tell whether an order may still fill."""
        return not is_closed(status)

    @staticmethod
    def is_closed(status: OrderStatus) -> bool:
        """Tell whether an order is over."""
        return is_closed(status)

    @staticmethod
    def is_fill(status: OrderStatus) -> bool:
        """Tell whether a status says that something filled."""
        return is_fill(status)


class OptionSymbol(metaclass=_Helpers):
    """Questions about an option's contract."""

    @staticmethod
    def is_standard(symbol: Symbol) -> bool:
        """Tell whether an option is a monthly one."""
        expiry = symbol.id.date
        if symbol.security_type is SecurityType.FUTURE_OPTION:
            return True
        if symbol.security_type is SecurityType.INDEX_OPTION:
            return symbol.id.symbol not in _WITH_WEEKLIES or third_friday(expiry.date()) == expiry.date()
        return OptionSymbol.is_standard_contract(symbol)

    @staticmethod
    def is_standard_contract(symbol: Symbol) -> bool:
        """Tell whether an expiry lies in the days around a month's third Friday."""
        expiry = symbol.id.date
        weekday = (expiry.replace(day=1).weekday() + 1) % 7
        first_friday = 7 if weekday == 6 else 6 - weekday
        return first_friday + 12 < expiry.day < first_friday + 16

    @staticmethod
    def is_weekly(symbol: Symbol) -> bool:
        """Tell whether an option is a weekly one that expires on a Friday."""
        return not OptionSymbol.is_standard(symbol) and symbol.id.date.weekday() == 4


class TimeSpan(metaclass=_Helpers):
    """Spans of time, as Python's."""

    ZERO = zero = timedelta(0)
    MAX_VALUE = timedelta.max

    @staticmethod
    def from_days(value: float) -> timedelta:
        """Return a span of days."""
        return timedelta(days=value)

    @staticmethod
    def from_hours(value: float) -> timedelta:
        """Return a span of hours."""
        return timedelta(hours=value)

    @staticmethod
    def from_minutes(value: float) -> timedelta:
        """Return a span of minutes."""
        return timedelta(minutes=value)

    @staticmethod
    def from_seconds(value: float) -> timedelta:
        """Return a span of seconds."""
        return timedelta(seconds=value)
