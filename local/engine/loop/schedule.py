"""Scheduled events: which fire first at one instant, and how missed ones are caught up, as in LEAN's backtests."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.engine.errors import MemberNotSupported
from local.engine.loop.schedule_rules import DateRule, DateRules, TimeRule, TimeRules

NEVER = datetime.max


class ScheduledEvent:
    """A callback with the UTC times it fires at; the times are drawn one by one."""

    def __init__(self, name: str, utc_times: Iterable[datetime], callback: Callable[[], Any]) -> None:
        self.name, self.enabled = name, True
        self._times, self._callback = iter(utc_times), callback
        self._next: datetime | None = None

    @property
    def next_event_utc_time(self) -> datetime:
        """Next firing time, the far future when there is none."""
        if self._next is None:
            self._next = next(self._times, NEVER)
        return self._next

    def skip_until(self, utc: datetime) -> None:
        """Drops the firing times before an instant."""
        while self.next_event_utc_time < utc:
            self._next = next(self._times, NEVER)

    def scan(self, utc: datetime) -> None:
        """Fires for every time that has come."""
        while self.next_event_utc_time <= utc:
            if self.enabled:
                self._callback()
            self._next = None


class Scheduler:
    """All scheduled events of a run, kept sorted by next time with LEAN's rule for equal times."""

    def __init__(self) -> None:
        self._events: dict[ScheduledEvent, int] = {}
        self._sorted: list[ScheduledEvent] = []
        self._last_id = 0
        self._dirty = False

    def add(self, event: ScheduledEvent, now: datetime | None) -> None:
        """Adds an event; times before `now` are dropped (None: the clock is not set yet)."""
        if now is not None:
            event.skip_until(now)
        self._last_id += 1
        self._events[event] = self._last_id
        self._dirty = True

    def remove(self, event: ScheduledEvent) -> None:
        """Removes an event."""
        if self._events.pop(event, None) is not None:
            self._dirty = True

    def skip_until(self, now: datetime) -> None:
        """Drops every time before the run's start."""
        for event in self._events:
            event.skip_until(now)
        self._dirty = True

    def next_time(self) -> datetime:
        """Earliest time at which any event fires."""
        events = self._in_order()
        return events[0].next_event_utc_time if events else NEVER

    def _in_order(self) -> list[ScheduledEvent]:
        if self._dirty:
            self._dirty = False
            self._sorted = sorted(self._events, key=lambda e: (e.next_event_utc_time, self._events[e]))
        return self._sorted

    def scan_past(self, utc: datetime, set_time: Callable[[datetime], None]) -> None:
        """Fires the events whose time has passed without a slice, each at its own time."""
        events = self._in_order()
        while events and events[0].next_event_utc_time < utc:
            event = events[0]
            when = event.next_event_utc_time
            set_time(when)
            event.scan(when)
            _sort_first(events)

    def set_time(self, utc: datetime) -> None:
        """Fires the events that are due at a slice."""
        events = self._in_order()
        while events and events[0].next_event_utc_time <= utc:
            events[0].scan(utc)
            _sort_first(events)


def _sort_first(events: list[ScheduledEvent]) -> None:
    """Moves the first event to its place; among equal times the place a binary search happens to hit, as in LEAN."""
    first = events[0]
    when = first.next_event_utc_time
    if len(events) < 2 or when <= events[1].next_event_utc_time:
        return
    del events[0]
    low, high = 0, len(events) - 1
    while low <= high:
        middle = low + (high - low) // 2
        other = events[middle].next_event_utc_time
        if when < other:
            high = middle - 1
        elif when > other:
            low = middle + 1
        else:
            low = middle + 1
            break
    events.insert(low, first)


class ScheduleManager:
    """The algorithm's `schedule`."""

    def __init__(self, date_rules: DateRules, time_rules: TimeRules, scheduler: Scheduler,
                 utc_now: Callable[[], datetime], running: Callable[[], bool]) -> None:
        self.date_rules, self.time_rules = date_rules, time_rules
        self._scheduler, self._utc_now, self._running = scheduler, utc_now, running

    def on(self, *args: Any) -> ScheduledEvent:
        """Schedules a callback: `on([name,] date_rule, time_rule, callback)`."""
        name, date_rule, time_rule, callback = args if len(args) == 4 else (None, *args)
        if not isinstance(date_rule, DateRule) or not isinstance(time_rule, TimeRule):
            raise TypeError("schedule.on takes a date rule, a time rule and a callback")
        times = time_rule.create_utc_event_times(self._dates(date_rule))
        return self.add(ScheduledEvent(name or f"{date_rule.name}: {time_rule.name}", times, callback))

    def _dates(self, rule: DateRule) -> Iterator[datetime]:
        """Dates of a rule from the day before the moment they are first asked for."""
        day = self._utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
        yield from rule.get_dates(day - timedelta(days=1), NEVER)

    def add(self, event: ScheduledEvent) -> ScheduledEvent:
        """Adds a ready-made event."""
        self._scheduler.add(event, self._utc_now() if self._running() else None)
        return event

    def remove(self, event: ScheduledEvent) -> None:
        """Removes an event."""
        self._scheduler.remove(event)

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            raise MemberNotSupported(f"ScheduleManager.{name}")
