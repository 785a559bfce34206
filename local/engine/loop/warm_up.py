"""Warm-up: the time before the start in which an algorithm sees data but cannot trade."""
from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.engine.enums import Resolution
from local.engine.market.bar_counts import bar_count_start
from local.engine.time_zones import convert_from_utc, convert_to_utc, local_of_second, seconds_of

if TYPE_CHECKING:
    from local.engine.algorithm.qc_algorithm import QCAlgorithm


@dataclasses.dataclass(frozen=True, slots=True)
class WarmUp:
    """A warm-up that is under way.

    Attributes
    ----------
    end
        Epoch second at which it ends: the algorithm's start.
    resolution
        Resolution of all bars until then, None for each security's own.
    """

    end: int
    resolution: Resolution | None

    def changes(self, resolution: Resolution, second: int) -> bool:
        """Whether a stream that begins at an instant comes in another resolution first."""
        return self.resolution is not None and self.resolution != resolution and second < self.end


@dataclasses.dataclass(frozen=True, slots=True)
class WarmUpRequest:
    """What an algorithm asked for: a span of time or a number of bars."""

    span: timedelta | None
    bars: int | None
    resolution: Resolution | None


def requested(args: tuple[Any, ...], named: dict[str, Any]) -> WarmUpRequest:
    """The arguments of `set_warm_up`: a span or a number of bars, and a resolution."""
    values = {**dict(zip(("length", "resolution"), args)), **named}
    length = values.get("length", values.get("time_span", values.get("bar_count")))
    if isinstance(length, timedelta):
        return WarmUpRequest(length, None, values.get("resolution"))
    if isinstance(length, int) and not isinstance(length, bool):
        return WarmUpRequest(None, length, values.get("resolution"))
    raise TypeError("a warm-up is given as a timedelta or as a number of bars")


def first_instant(algorithm: QCAlgorithm, request: WarmUpRequest, utc: datetime) -> datetime:
    """Naive UTC instant at which a warm-up that ends at another begins."""
    if request.span is not None:
        return convert_to_utc(convert_from_utc(utc, algorithm.time_zone) - request.span, algorithm.time_zone)
    starts = [_start_of_bars(security, request, utc) for security in algorithm.securities.values()]
    return min(starts, default=utc)


def _start_of_bars(security: Any, request: WarmUpRequest, utc: datetime) -> datetime:
    is_chain = security.symbol.is_canonical() and security.symbol.security_type.is_option()
    resolution = request.resolution
    if resolution is None:
        resolution = Resolution.DAILY if is_chain else security.resolution
    extended = security.is_extended_market_hours and resolution < Resolution.HOUR
    exchange = security.exchange.hours
    now = convert_from_utc(utc, exchange.time_zone)
    return convert_to_utc(bar_count_start(exchange, now, resolution, request.bars, extended), exchange.time_zone)


def last_daily_start(exchange: Any, end: int) -> int:
    """Epoch second at which the last daily bar before an instant began: streams overlap the warm-up by it."""
    now = local_of_second(end, exchange.time_zone)
    return seconds_of(convert_to_utc(bar_count_start(exchange, now, Resolution.DAILY, 1, False), exchange.time_zone))
