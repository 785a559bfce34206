"""The consolidators of a run: which stream feeds each, and when its time is looked at."""
from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.engine.indicators.consolidators import Consolidator
from local.engine.market.feed import Feed
from local.engine.market.series import RESOLUTION_SECONDS
from local.engine.market.subscription import Subscription
from local.engine.market.symbol import Symbol
from local.engine.time_zones import EPOCH, convert_from_utc, convert_to_utc

_NEVER = datetime.min


class Registration:
    """A consolidator on a security's bars, and the UTC time at which it is looked at next."""

    def __init__(self, number: int, symbol: Symbol, consolidator: Consolidator, zone: str, step: timedelta,
                 now: Callable[[], datetime]) -> None:
        self.number, self.symbol, self.consolidator = number, symbol, consolidator
        self.is_over, self.due = False, _NEVER
        self._zone, self._step, self._now = zone, step, now
        self._span: timedelta | None = None
        self.stream: Subscription | None = None
        consolidator.data_consolidated += self._after

    def _after(self, _: Any, bar: Any) -> None:
        if not self.is_over:
            self._span = self._span or max(bar.end_time - bar.time, self._step)
            self.due = convert_to_utc(bar.end_time, self._zone) + self._span

    def advance(self) -> None:
        """Sets when to look next, where that is over."""
        now, working = self._now(), None
        if self.due > now:
            return
        if self._span is not None:
            self.due = now + self._span
            return
        working = self.consolidator.working_data
        end = _NEVER if working is None else convert_to_utc(working.end_time, self._zone)
        self.due = end if end > now else now + self._step

    def scan(self) -> None:
        """Looks whether the bar under way is over by now."""
        self.consolidator.scan(convert_from_utc(self._now(), self._zone))
        self.advance()

    def skip_to(self, utc: datetime) -> bool:
        """Passes over looks at an empty consolidator before a time; whether there were any to pass over."""
        step = self._span or self._step
        steps = -((self.due - utc) // step) - 1
        if steps < 1 or self.consolidator.working_data is not None:
            return False
        self.due += steps * step
        return True

    def takes(self, stream: Subscription) -> bool:
        """Whether a stream feeds the consolidator: the first of its kind, or what stands in for it in a warm-up."""
        wanted = self.consolidator.tick_type
        if stream.is_internal or stream.symbol != self.symbol or wanted is not None and stream.tick_type != wanted:
            return False
        if self.stream is None and not stream.is_warm_up:
            self.stream = stream
        if wanted is None and self.stream is not None and stream.tick_type != self.stream.tick_type:
            return False
        return stream.is_warm_up or self.stream is stream


class ConsolidatorHub:
    """All registered consolidators of a run."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._registrations: list[Registration] = []
        self._fresh: list[Registration] = []
        self._queue: list[tuple[datetime, int, Registration]] = []
        self._count = 0

    def add(self, symbol: Symbol, consolidator: Consolidator) -> None:
        """Registers a consolidator on a security's bars from now on."""
        self._count += 1
        security = self._feed.securities[symbol]
        made = Registration(self._count, symbol, consolidator, security.exchange.time_zone,
                            timedelta(seconds=RESOLUTION_SECONDS[security.resolution]), lambda: self._feed.clock.utc)
        self._registrations.append(made)
        self._fresh.append(made)

    def remove(self, symbol: Symbol, consolidator: Consolidator | None = None) -> None:
        """Removes a consolidator, or all of a security."""
        for one in list(self._registrations):
            if one.symbol == symbol and consolidator in (None, one.consolidator):
                one.is_over = True
                self._registrations.remove(one)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is registered."""
        return not self._registrations

    def scan_past(self, utc: datetime, set_time: Callable[[datetime], None]) -> None:
        """Looks at the consolidators whose time came before an instant, each at its own time."""
        for one in self._fresh:
            one.advance()
            heapq.heappush(self._queue, (one.due, one.number, one))
        self._fresh = []
        while self._queue and self._queue[0][0] < utc:
            when, _, one = heapq.heappop(self._queue)
            if one.is_over:
                continue
            if one.due > when or not one.skip_to(utc):
                set_time(when)
                if one.due <= when:
                    one.scan()
            heapq.heappush(self._queue, (one.due, one.number, one))

    def hand_over(self, second: int) -> None:
        """Hands an instant's bars to the consolidators, stream by stream."""
        symbols = {one.symbol for one in self._registrations}
        for stream in self._feed.subscriptions:
            bar = stream.bar_at(second) if stream.symbol in symbols else None
            if bar is None:
                continue
            takers = [one for one in self._registrations if one.takes(stream)]
            if takers:
                local = convert_from_utc(EPOCH + timedelta(seconds=second), stream.zone)
                for one in takers:
                    one.consolidator.update(bar)
                    one.consolidator.scan(local)
