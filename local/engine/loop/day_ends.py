"""`on_end_of_day`: it comes for each security ten minutes before its market closes."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from local.engine.loop.clock import Clock
from local.engine.loop.schedule import ScheduledEvent, Scheduler
from local.engine.market.security_changes import SecurityChanges
from local.engine.market.symbol import Symbol
from local.engine.time_zones import convert_to_utc

_BEFORE_CLOSE = timedelta(minutes=10)


class DayEnds:
    """The scheduled event of each security, when the algorithm defines `on_end_of_day`."""

    def __init__(self, clock: Clock, scheduler: Scheduler) -> None:
        self._clock, self._scheduler = clock, scheduler
        self._algorithm: Any = None
        self._events: dict[Symbol, ScheduledEvent] = {}

    def watch(self, algorithm: Any) -> None:
        """Plans for an algorithm, if it has the callback."""
        self._algorithm = algorithm if hasattr(type(algorithm), "on_end_of_day") else None

    def plan(self, changes: SecurityChanges) -> None:
        """Plans for securities that came and no longer for those that went."""
        if self._algorithm is None:
            return
        for security in changes.removed_securities:
            self.drop(security.symbol)
        for security in changes.added_securities:
            symbol, hours = security.symbol, security.exchange.hours
            self.drop(symbol)
            event = ScheduledEvent(f"{symbol}.EndOfDay", self._times(security, hours),
                                   lambda s=symbol: self._algorithm.on_end_of_day(s))
            self._events[symbol] = event
            self._scheduler.add(event, self._clock.utc)

    def _times(self, security: Any, hours: Any) -> Iterator[datetime]:
        now = self._clock.utc
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        while day <= self._algorithm.end_date:
            if hours.is_date_open(day):
                close = hours.get_last_daily_market_close(day, security.is_extended_market_hours)
                when = convert_to_utc(close - _BEFORE_CLOSE, hours.time_zone)
                if when > now:
                    yield when
            day += timedelta(days=1)

    def drop(self, symbol: Symbol) -> None:
        """Plans no longer for a security."""
        event = self._events.pop(symbol, None)
        if event is not None:
            self._scheduler.remove(event)
