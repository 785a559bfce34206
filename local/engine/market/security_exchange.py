"""The exchange of a security, at the algorithm's time."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from local.engine.errors import MemberNotSupported
from local.engine.loop.clock import Clock
from local.engine.market.market_hours import SecurityExchangeHours


class SecurityExchange:
    """The exchange of a security, at the algorithm's time."""

    def __init__(self, hours: SecurityExchangeHours, clock: Clock) -> None:
        self.hours, self._clock = hours, clock

    @property
    def time_zone(self) -> str:
        """The exchange's zone."""
        return self.hours.time_zone

    @property
    def local_time(self) -> datetime:
        """Exchange time."""
        return self._clock.in_zone(self.hours.time_zone)

    @property
    def exchange_open(self) -> bool:
        """Whether the regular session is open now."""
        return self.hours.is_open(self.local_time, False)

    @property
    def closing_soon(self) -> bool:
        """Whether the regular session is over in ten minutes."""
        return self.is_closing_soon(10)

    def is_closing_soon(self, minutes_to_close: int) -> bool:
        """Whether the regular session is over in some minutes."""
        return not self.hours.is_open(self.local_time + timedelta(minutes=minutes_to_close), False)

    def date_is_open(self, date: datetime, extended_market_hours: bool = False) -> bool:
        """Whether the exchange trades on a date."""
        return self.hours.is_date_open(date, extended_market_hours)

    def date_time_is_open(self, local: datetime) -> bool:
        """Whether the regular session is open at an exchange time."""
        return self.hours.is_open(local, False)

    def is_open_during_bar(self, start: datetime, end: datetime, extended: bool) -> bool:
        """Whether the exchange is open at some moment of a bar."""
        return self.hours.is_open(start, end, extended)

    def __getattr__(self, name: str) -> Any:
        raise MemberNotSupported(f"SecurityExchange.{name}")
