"""What a run's slices tell beside bars: delistings, splits, dividends and new names, planned when a stream begins."""
from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.engine.enums import DataMappingMode, DataNormalizationMode, DelistingType, SecurityType, SplitType, TickType
from local.engine.market.bars import BaseData, Delisting, Split, SymbolChangedEvent
from local.engine.market.corporate_events import corporate_events
from local.engine.market.security import Security
from local.engine.market.series import BarSeries
from local.engine.market.symbol import Symbol
from local.engine.time_zones import EPOCH, ONE_DAY, convert_from_utc, convert_to_utc, local_of_second, seconds_of

if TYPE_CHECKING:
    from local.engine.market.feed import Feed, SubscriptionRequest


class EventPlan:
    """Events of all securities, by the UTC time of their slice."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._events: list[tuple[datetime, int, BaseData]] = []
        self._count = 0
        self._since: dict[Symbol, datetime] = {}

    def plan(self, request: SubscriptionRequest, utc: datetime) -> None:
        """Plans what happens to a security while its streams run."""
        security = request.security
        self._since[security.symbol] = utc
        self._plan_delistings(security, utc)
        zone = security.exchange.time_zone
        span = [convert_from_utc(instant, zone) for instant in (utc, EPOCH + timedelta(seconds=self._feed.end_second))]
        for local, event in corporate_events(self._feed.factors, security.symbol, security.exchange.hours, *span):
            self._add(convert_to_utc(local, zone), event)
        for local, event in self._new_names(request, *span):
            self._add(convert_to_utc(local, zone), event)

    def _add(self, utc: datetime, event: BaseData) -> None:
        self._count += 1
        heapq.heappush(self._events, (utc, self._count, event))

    def forget(self, symbol: Symbol) -> None:
        """Drops what was planned for a security."""
        self._events = [event for event in self._events if event[2].symbol != symbol]
        heapq.heapify(self._events)

    # kinds ------------------------------------------------------------------------------------------------------
    def last_option_day(self, symbol: Symbol) -> datetime:
        """Midnight of the last day an option trades: its expiry, or the trading day before."""
        exchange, day = self._feed.hours_of(symbol).exchange_hours, symbol.id.date.replace(hour=0, minute=0)
        while not exchange.is_date_open(day):
            day -= ONE_DAY
        return day

    def _delisting_date(self, symbol: Symbol) -> datetime | None:
        """Last day a security trades (with an hour for futures), None when it goes on."""
        if symbol.is_canonical():
            return None
        if symbol.security_type == SecurityType.OPTION:
            return self.last_option_day(symbol)
        if symbol.security_type in (SecurityType.FUTURE, SecurityType.INDEX_OPTION):
            return symbol.id.date
        if symbol.security_type == SecurityType.FUTURE_OPTION:
            return symbol.id.date.replace(hour=0, minute=0)
        history = self._feed.maps.of_symbol(symbol) if symbol.security_type == SecurityType.EQUITY else None
        last = history.delisting_date if history is not None else None
        return None if last is None else datetime(last.year, last.month, last.day)

    def _plan_delistings(self, security: Security, utc: datetime) -> None:
        when = self._delisting_date(security.symbol)
        if when is None:
            return
        zone, hours = security.exchange.time_zone, security.exchange.hours
        warning = when.replace(hour=0, minute=0, second=0)
        last_local = local_of_second(self._feed.end_second, zone) - timedelta(microseconds=1)
        if warning > last_local:
            return
        for local, kind in ((warning, DelistingType.WARNING), (when + ONE_DAY, DelistingType.DELISTED)):
            if kind == DelistingType.DELISTED and not _trades_after(hours, when, last_local, security.is_extended_market_hours):
                continue
            self._add(max(convert_to_utc(local, zone), utc), Delisting(security.symbol, local, 0.0, kind))

    def _last_raw_price(self, symbol: Symbol, utc: datetime) -> float:
        """Close of the last trade bar in a security's files since its stream began, whatever its hours; 0 without one."""
        since, security = self._since[symbol], self._feed.securities[symbol]
        loader = self._feed.loader(symbol, TickType.TRADE, security.resolution, True, DataNormalizationMode.RAW)
        series = BarSeries(loader, seconds_of(since) + (1 if since.microsecond else 0))
        return series.get("close") if series.seek(seconds_of(utc)) else 0.0

    def _new_names(self, request: SubscriptionRequest, first: datetime, last: datetime) -> Iterator[tuple[datetime, BaseData]]:
        """Days on which a share changes its ticker, or a continuous future its contract, after the first."""
        symbol, hours = request.security.symbol, request.security.exchange.hours
        is_future = symbol.security_type == SecurityType.FUTURE and symbol.is_canonical()
        if not (is_future or symbol.security_type == SecurityType.EQUITY and self._feed.maps.of_symbol(symbol) is not None):
            return
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        name = self._name(symbol, day.date(), request.mapping)
        while (day := day + ONE_DAY) <= last:
            if not hours.is_date_open(day, request.extended):
                continue
            found = self._name(symbol, day.date(), request.mapping)
            if found != name and found is not None:
                yield day, SymbolChangedEvent(symbol, day, name or "", found)
                name = found

    def _name(self, symbol: Symbol, day: date, mapping: DataMappingMode) -> str | None:
        if not symbol.is_canonical():
            return self._feed.maps.ticker_on(symbol, day).upper()
        contract = self._feed.continuous.mapped_on(symbol, day, mapping)
        return None if contract is None else str(contract.id)

    # when -------------------------------------------------------------------------------------------------------
    def next_event(self) -> datetime | None:
        """Time of the next planned event."""
        return self._events[0][0] if self._events else None

    def pop_events(self, utc: datetime) -> list[BaseData]:
        """Events that are due."""
        due = []
        while self._events and self._events[0][0] <= utc:
            when, _, event = heapq.heappop(self._events)
            if isinstance(event, Delisting):
                event._price = self._last_raw_price(event.symbol, when)
            elif isinstance(event, Split) and event.type == SplitType.WARNING:
                event.reference_price = self._last_raw_price(event.symbol, when)
            due.append(event)
        return sorted(due, key=lambda e: (int(e.symbol.security_type), e.symbol.value)) if len(due) > 1 else due


def _trades_after(hours: Any, when: datetime, last: datetime, extended: bool) -> bool:
    """LEAN tells a delisting when it sees the next trading date, so there must be one in the run."""
    day = when.replace(hour=0, minute=0) + ONE_DAY
    while day <= last:
        if hours.is_date_open(day, extended):
            return True
        day += ONE_DAY
    return False
