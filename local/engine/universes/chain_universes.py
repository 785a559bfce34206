"""Universes of options and futures: each day's chain file passes through a filter and the rest enters the feed."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from local.engine.enums import DataMappingMode, DataNormalizationMode, Resolution
from local.engine.market.derivatives import Future, Option
from local.engine.market.feed import Feed, SubscriptionRequest
from local.engine.market.security import Security
from local.engine.market.symbol import Symbol
from local.engine.time_zones import EPOCH, ONE_DAY, convert_from_utc, convert_to_utc
from local.engine.universes.contract_filters import FutureFilterUniverse
from local.engine.universes.option_filters import OptionFilterUniverse, selected_symbols
from local.engine.universes.universe_selection import Universe


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MemberSettings:
    """How members of a chain stream."""

    resolution: Resolution
    fill_forward: bool
    extended: bool
    minimum_stay: timedelta = ONE_DAY
    leverage: float = 0.0


class DailyUniverse(Universe):
    """Selects at the start, with the last trading day's data, and at the exchange's midnight after each trading day."""

    def __init__(self, feed: Feed, canonical: Security, settings: MemberSettings, name: str) -> None:
        super().__init__((int(Resolution.DAILY), name))
        self._feed, self.canonical, self.settings = feed, canonical, settings
        self.minimum_stay = settings.minimum_stay
        self._days: Iterator[tuple[datetime, datetime]] = iter(())
        self._next: tuple[datetime, datetime] | None = None
        self.day: datetime | None = None

    def start(self) -> None:
        """Plans the selections from now on; comes when the feed takes the universe in."""
        self._days = self._days_with_data()
        self._next = next(self._days, None)

    @property
    def zone(self) -> str:
        """The exchange's zone."""
        return self.canonical.exchange.time_zone

    def _local(self, utc: datetime) -> datetime:
        return convert_from_utc(utc, self.zone)

    def _first_day(self) -> datetime:
        local = self._local(self._feed.clock.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        return self.canonical.exchange.hours.get_previous_trading_day(local)

    def _trading_days(self) -> Iterator[datetime]:
        hours, day = self.canonical.exchange.hours, self._first_day()
        last = self._local(EPOCH + timedelta(seconds=self._feed.end_second - 1))
        while day <= last:
            if hours.is_date_open(day):
                yield day
            day += ONE_DAY

    def _days_with_data(self) -> Iterator[tuple[datetime, datetime]]:
        """Days with the UTC instants at which they are selected from."""
        for day in self._trading_days():
            if self._has_data(day):
                yield day, convert_to_utc(day + ONE_DAY, self.zone)

    def _has_data(self, day: datetime) -> bool:
        symbol = self.canonical.symbol
        return bool(self._feed.universes.rows(symbol, self._feed.maps.ticker_on(symbol, day.date()), day.date()))

    @property
    def next_time(self) -> datetime | None:
        """Naive UTC time of the next selection."""
        return None if self._next is None else self._next[1]

    def advance(self, utc: datetime) -> None:
        """Moves to the last day whose data are there by an instant."""
        while self._next is not None and self._next[1] <= utc:
            self.day = self._next[0]
            self._next = next(self._days, None)

    def _request(self, security: Security) -> SubscriptionRequest:
        settings = self.settings
        if settings.leverage:
            security.set_leverage(settings.leverage)
        security.data_normalization_mode = DataNormalizationMode.RAW
        return SubscriptionRequest(security, settings.resolution, settings.fill_forward, settings.extended,
                                   DataNormalizationMode.RAW)

    def requests(self, security: Security) -> list[SubscriptionRequest]:
        """Streams of a member, in raw prices."""
        return [self._request(security)]


class OptionChainUniverse(DailyUniverse):
    """The options a filter selects, and their underlying."""

    def __init__(self, feed: Feed, option: Option, settings: MemberSettings) -> None:
        super().__init__(feed, option, settings, str(option.symbol.id))
        self._filter = OptionFilterUniverse(option)

    def wanted(self, utc: datetime) -> Iterable[Symbol]:
        """The underlying and what the filter leaves."""
        symbol, option = self.canonical.symbol, self.canonical
        rows = self._feed.universes.rows(symbol, self._feed.maps.ticker_on(symbol, self.day.date()), self.day.date())
        self._filter.refresh(rows, self._local(utc))
        return [symbol.underlying, *selected_symbols(self._filter, option.contract_selection)]

    def requests(self, security: Security) -> list[SubscriptionRequest]:
        """Streams of the underlying or of an option, which takes over the chain's price model."""
        if security.symbol == self.canonical.symbol.underlying:
            self.canonical.underlying = security
        elif self.canonical.price_model is not None:
            security.price_model = self.canonical.price_model
        return super().requests(security)


class FuturesChainUniverse(DailyUniverse):
    """The futures a filter selects."""

    def __init__(self, feed: Feed, future: Future, settings: MemberSettings) -> None:
        super().__init__(feed, future, settings, str(future.symbol.id))
        self._filter = FutureFilterUniverse(feed.hours)

    def wanted(self, utc: datetime) -> Iterable[Symbol]:
        """What the filter leaves."""
        symbol = self.canonical.symbol
        rows = self._feed.universes.rows(symbol, self._feed.maps.ticker_on(symbol, self.day.date()), self.day.date())
        self._filter.refresh(rows, self._local(utc))
        return selected_symbols(self._filter, self.canonical.contract_selection)


class ContinuousUniverse(DailyUniverse):
    """A continuous future and, out of the algorithm's sight, the contract it stands for."""

    def __init__(self, feed: Feed, future: Future, settings: MemberSettings, mapping: DataMappingMode,
                 normalization: DataNormalizationMode) -> None:
        self._mapping, self._normalization = mapping, normalization
        super().__init__(feed, future, settings, f"qc-universe-continuous-{future.symbol.id.market}-{future.symbol.id.symbol}")

    def _has_data(self, day: datetime) -> bool:
        return True

    def _days_with_data(self) -> Iterator[tuple[datetime, datetime]]:
        """Each trading day at its midnight."""
        for day in self._trading_days():
            yield day, convert_to_utc(day, self.zone)

    def wanted(self, utc: datetime) -> Iterable[Symbol]:
        """The continuous future, its contract and, on the day of a change, the contract before."""
        future = self.canonical
        yield future.symbol
        before = future.mapped
        mapped = self._feed.continuous.mapped_on(future.symbol, self._local(utc).date(), self._mapping)
        if mapped is not None and mapped != before:
            if before is not None:
                yield before
            self._feed.set_mapped(future, mapped)
        if future.mapped is not None:
            yield future.mapped

    def requests(self, security: Security) -> list[SubscriptionRequest]:
        """Streams of the continuous future, or internal ones of its contract."""
        settings, is_contract = self.settings, not security.symbol.is_canonical()
        security.data_normalization_mode = DataNormalizationMode.RAW if is_contract else self._normalization
        return [SubscriptionRequest(security, settings.resolution, settings.fill_forward, settings.extended,
                                    security.data_normalization_mode, is_contract, self._mapping)]
