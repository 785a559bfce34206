"""How far back a number of bars reaches."""
from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import Any

from local.engine.enums import Resolution
from local.engine.market.series import RESOLUTION_SECONDS
from local.engine.time_zones import ONE_DAY, convert_to_utc, local_of_second, seconds_of


def bar_count_start(exchange: Any, now: datetime, resolution: Resolution, count: int, extended: bool) -> datetime:
    """Exchange time from which there are a number of bars up to now."""
    size = timedelta(seconds=RESOLUTION_SECONDS[resolution])
    if resolution == Resolution.DAILY:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        closed = exchange.is_date_open(now) and exchange.get_next_market_close(midnight, False) <= now
        current = now if closed else midnight
    else:
        current = _floor(now, size)
    if resolution in (Resolution.MINUTE, Resolution.SECOND):
        return _count_back(exchange, current, size, count, extended)
    return _walk_back(exchange, current, size, count, extended and resolution != Resolution.DAILY)


@functools.lru_cache(maxsize=256)
def _walk_back(exchange: Any, current: datetime, size: timedelta, count: int, extended: bool) -> datetime:
    if size == ONE_DAY and not extended and current == _floor(current, size):
        return _sessions_back(exchange, current, count)
    found = 0
    while found < count:
        previous, current = current, current - size
        found += exchange.is_open(current, previous, extended)
    return current


def _sessions_back(exchange: Any, midnight: datetime, count: int) -> datetime:
    while count > 0:
        midnight -= ONE_DAY
        count -= exchange.is_date_open(midnight)
    return midnight


def _floor(when: datetime, size: timedelta) -> datetime:
    midnight = when.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (when - midnight) // size * size


def _count_back(exchange: Any, current: datetime, size: timedelta, count: int, extended: bool) -> datetime:
    second, step = seconds_of(convert_to_utc(current, exchange.time_zone)), int(size.total_seconds())
    day = current.date()
    while count > 0:
        for opening, close in reversed(exchange.open_spans_utc(day, extended)):
            bars = max(0, min(close, second) - opening) // step
            if bars >= count:
                return local_of_second(min(close, second) - count * step, exchange.time_zone)
            count -= bars
        day -= ONE_DAY
    return current
