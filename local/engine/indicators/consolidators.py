"""Consolidators: longer bars made from the subscribed ones, read from the columns when they are due."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.engine.enums import TickType
from local.engine.indicators.base import EventHandlers
from local.engine.market.bars import Bar, BaseData, QuoteBar, TradeBar
from local.engine.market.feed import Feed
from local.engine.market.slice import bar_of
from local.engine.market.subscription import Subscription
from local.engine.market.symbol import Symbol
from local.engine.time_zones import EPOCH, ONE_DAY, convert_to_utc, local_of_second, seconds_of


class Consolidator:
    """Makes bars of a period (timedelta) or of a number of bars (int); `data_consolidated` gets each.

    A period of None hands every bar on as it is; a day follows the exchange's session.
    """

    tick_type = TickType.TRADE

    def __init__(self, period: timedelta | int | None = None) -> None:
        self.period = period
        self.data_consolidated = EventHandlers()
        self.consolidated: BaseData | None = None
        self._parts: list[Any] = []

    def emit(self, bar: BaseData) -> None:
        """Hands a finished bar to the handlers."""
        self.consolidated = bar
        self.data_consolidated.fire(self, bar)

    def update(self, bar: Any) -> None:
        """Takes in a bar by hand; only consolidators that count bars can be fed so."""
        if not isinstance(self.period, int):
            raise NotImplementedError(f"{type(self).__name__}.update with a time period")
        self._parts.append(bar)
        if len(self._parts) == self.period:
            parts, self._parts = self._parts, []
            self.emit(self.merged(parts))

    def merged(self, bars: list[Any]) -> BaseData:
        """One bar from several."""
        raise NotImplementedError(f"{type(self).__name__}.merged")


class TradeBarConsolidator(Consolidator):
    """Makes trade bars."""

    def merged(self, bars: list[TradeBar]) -> TradeBar:
        first, last = bars[0], bars[-1]
        return TradeBar(first.time, first.symbol, first.open, max(b.high for b in bars), min(b.low for b in bars), last.close,
                        sum(0.0 if b.is_fill_forward else b.volume for b in bars), last.end_time - first.time)


class QuoteBarConsolidator(Consolidator):
    """Makes quote bars."""

    tick_type = TickType.QUOTE

    def merged(self, bars: list[QuoteBar]) -> QuoteBar:
        first, last = bars[0], bars[-1]
        sides = []
        for side in ("bid", "ask"):
            parts = [getattr(b, side) for b in bars if getattr(b, side) is not None]
            sides.append(Bar(parts[0].open, max(p.high for p in parts), min(p.low for p in parts), parts[-1].close)
                         if parts else None)
        return QuoteBar(first.time, first.symbol, sides[0], last.last_bid_size, sides[1], last.last_ask_size,
                        last.end_time - first.time)


class Registration:
    """A consolidator on a security's bars."""

    def __init__(self, symbol: Symbol, consolidator: Consolidator, since: int) -> None:
        self.symbol, self.consolidator, self.done = symbol, consolidator, since
        self.subscription: Subscription | None = None

    @property
    def needs_every_bar(self) -> bool:
        """Whether bars must be handed over one by one."""
        return not isinstance(self.consolidator.period, timedelta)

    def span_after(self, second: int) -> tuple[int, int]:
        """Start and end of the first period that ends after an instant."""
        exchange, extended = self.subscription.hours.exchange_hours, self.subscription.extended_market_hours
        zone, period = exchange.time_zone, self.consolidator.period
        local = local_of_second(second, zone)
        if period >= ONE_DAY:
            start, end = _session(exchange, local)
        else:
            if not exchange.is_open(local, extended):
                local = exchange.get_next_market_open(local, extended)
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
            start = midnight + (local - midnight) // period * period
            end = start + period
        return seconds_of(convert_to_utc(start, zone)), seconds_of(convert_to_utc(end, zone))

    def bar_between(self, start: int, end: int) -> BaseData | None:
        """The bar of a period; the bar before it counts where the period's first minutes have none."""
        subscription, series = self.subscription, self.subscription.series
        zone = subscription.hours.exchange_hours.time_zone
        pieces = series.rows_between(max(start, self.done), end)
        carried = self._carried(start, pieces[0][0].ends[pieces[0][1]] if pieces else None, end)
        if not pieces and carried is None:
            return None
        names = ("open", "high", "low", "close") if self.consolidator.tick_type == TickType.TRADE else ()
        time, finish = (local_of_second(s, zone) for s in (start, end))
        if names:
            values = [_merged(name, pieces, carried) for name in names]
            volume = sum(sum(bars.values("volume")[low:high]) for bars, low, high in pieces)
            return TradeBar(time, self.symbol, *values, volume, finish - time)
        sides = [Bar(*(_merged(f"{side}_{part}", pieces, carried) for part in ("open", "high", "low", "close")))
                 for side in ("bid", "ask")]
        sizes = [pieces[-1][0].values(f"{side}_size")[pieces[-1][2] - 1] if pieces else 0.0 for side in ("bid", "ask")]
        return QuoteBar(time, self.symbol, sides[0], sizes[0], sides[1], sizes[1], finish - time)

    def _carried(self, start: int, first_end: int | None, end: int) -> tuple[Any, int] | None:
        """The bar filled forward into the period's first minutes, when there is one."""
        subscription = self.subscription
        series = subscription.fill_series
        if not subscription.fill_forward or not series.seek(start) or start < self.done:
            return None
        steps = subscription.steps(start, end, 60)
        if not len(steps) or (first_end is not None and first_end <= steps[0]):
            return None
        return series.bars, series.index


def _session(exchange: Any, local: datetime) -> tuple[datetime, datetime]:
    """Regular session of a local time's day, or the next one when it is over."""
    end = exchange.get_next_market_close(local, False, True)
    return exchange.get_first_daily_market_open(end, False), end


def _merged(name: str, pieces: list[tuple[Any, int, int]], carried: tuple[Any, int] | None) -> float:
    values = [carried[0].values(name)[carried[1]]] if carried is not None else []
    for bars, low, high in pieces:
        values.extend(bars.values(name)[low:high])
    values = [value for value in values if value] or [0.0]
    kind = name.rsplit("_", 1)[-1]
    return {"open": values[0], "high": max(values), "low": min(values), "close": values[-1]}[kind]


class ConsolidatorHub:
    """All registered consolidators of a run."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._registrations: list[Registration] = []
        self._next: int | None = None

    def add(self, symbol: Symbol, consolidator: Consolidator) -> None:
        """Registers a consolidator on a security's bars from now on."""
        self._registrations.append(Registration(symbol, consolidator, self._feed.clock.second))
        self._next = None

    def remove(self, symbol: Symbol, consolidator: Consolidator | None = None) -> None:
        """Removes a consolidator, or all of a security."""
        self._registrations = [r for r in self._registrations if r.symbol != symbol or (
            consolidator is not None and r.consolidator is not consolidator)]

    def start_over(self, second: int) -> None:
        """Has all periods begin at an instant, with the bar that ends then."""
        for registration in self._registrations:
            registration.done = second - 1
        self._next = None

    def forget_streams(self) -> None:
        """Looks for the streams anew, after they changed."""
        for registration in self._registrations:
            registration.subscription = None
        self._next = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is registered."""
        return not self._registrations

    @property
    def needs_every_slice(self) -> bool:
        """Whether some consolidator takes bars one by one."""
        return any(r.needs_every_bar for r in self._registrations)

    def next_second(self) -> int | None:
        """Next instant at which a period ends."""
        if self._next is None:
            ends = [r.span_after(r.done)[1] for r in self._registrations if not r.needs_every_bar and self._resolve(r)]
            self._next = min(ends, default=None)
        return self._next

    def _resolve(self, registration: Registration) -> bool:
        if registration.subscription is None:
            wanted = registration.consolidator.tick_type
            registration.subscription = next((s for s in self._feed.subscriptions if s.symbol == registration.symbol
                                              and s.tick_type == wanted), None)
        return registration.subscription is not None

    def close_periods(self, second: int, call: Callable[..., Any],
                      set_time: Callable[[datetime], None] | None = None) -> None:
        """Emits the periods that ended by an instant; with `set_time` each at the time it ended."""
        due = self.next_second()
        if due is None or due > second:
            return
        for registration in list(self._registrations):
            if registration.needs_every_bar or not self._resolve(registration):
                continue
            start, end = registration.span_after(registration.done)
            while end <= second:
                bar = registration.bar_between(start, end)
                registration.done = end
                if bar is not None:
                    if set_time is not None:
                        set_time(EPOCH + timedelta(seconds=end))
                    call("Consolidators update", registration.consolidator.emit, bar)
                start, end = registration.span_after(end)
        self._next = None

    def hand_over(self, second: int, call: Callable[..., Any]) -> None:
        """Hands an instant's bars to the consolidators that take them one by one."""
        for registration in list(self._registrations):
            if not registration.needs_every_bar or not self._resolve(registration):
                continue
            subscription = registration.subscription
            if second > registration.done and subscription.has_bar_at(second, self._feed.fill_seconds):
                bar = bar_of(subscription, second)
                registration.done = second
                target = registration.consolidator
                if bar is not None:
                    call("Consolidators update", target.emit if target.period is None else target.update, bar)
