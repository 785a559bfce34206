"""Universes whose members an algorithm's function selects: at times of its own, or every day from the list of shares."""
from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from local.engine.enums import DataNormalizationMode, Market, Resolution, SecurityType
from local.engine.errors import MemberNotSupported
from local.engine.files.data_files import DataFileError
from local.engine.market.feed import Feed, SubscriptionRequest
from local.engine.market.security import Security
from local.engine.market.series import RESOLUTION_SECONDS
from local.engine.market.symbol import SecurityIdentifier, Symbol
from local.engine.time_zones import EPOCH, ONE_DAY, convert_from_utc, convert_to_utc
from local.engine.universes.chain_universes import MemberSettings
from local.engine.universes.universe_selection import Universe


class _NoFundamentals:
    """Company figures, which the data folder does not have: each is NaN, as on LEAN."""

    def __getattr__(self, name: str) -> float:
        if name.startswith("_"):
            raise AttributeError(name)
        return math.nan


_GROUPS = ("valuation_ratios", "earning_ratios", "operation_ratios", "financial_statements", "earning_reports")


@dataclasses.dataclass(frozen=True, slots=True)
class Fundamental:
    """A share of a day's list; company figures are never there, so a second function sees none of the list's shares."""

    symbol: Symbol
    end_time: datetime
    price: float = 0.0
    volume: float = 0.0
    dollar_volume: float = 0.0
    has_fundamental_data: bool = False
    price_factor: float = 1.0
    split_factor: float = 1.0

    @property
    def value(self) -> float:
        """The close."""
        return self.price

    @property
    def adjusted_price(self) -> float:
        """The close, comparable with today's."""
        return self.price * self.price_factor * self.split_factor

    def __getattr__(self, name: str) -> Any:
        if name in _GROUPS:
            return _NoFundamentals()
        raise AttributeError(name) if name.startswith("_") else MemberNotSupported(f"Fundamental.{name}")


class SelectorUniverse(Universe):
    """Selects at planned instants; members stream as the algorithm's universe settings say."""

    def __init__(self, feed: Feed, settings: MemberSettings, mode: DataNormalizationMode, resolution: Resolution, name: str) -> None:
        super().__init__((int(resolution), name))
        self._feed, self.settings, self._mode = feed, settings, mode
        self.minimum_stay = settings.minimum_stay
        self._hours = feed.hours.get_entry(Market.USA, "SPY", SecurityType.EQUITY).exchange_hours
        self._plan: Iterator[datetime] = iter(())
        self._next: datetime | None = None

    def start(self) -> None:
        """Plans the selections from now on."""
        self._plan = self._instants()
        self._next = next(self._plan, None)

    def _instants(self) -> Iterator[datetime]:
        raise NotImplementedError(f"{type(self).__name__}._instants")

    @property
    def next_time(self) -> datetime | None:
        """Naive UTC time of the next selection."""
        return self._next

    def advance(self, utc: datetime) -> None:
        """Moves past the selections planned up to an instant."""
        while self._next is not None and self._next <= utc:
            self._next = next(self._plan, None)

    def _local(self, utc: datetime) -> datetime:
        return convert_from_utc(utc, self._hours.time_zone)

    def _last(self) -> datetime:
        return self._local(EPOCH + timedelta(seconds=self._feed.end_second - 1))

    def requests(self, security: Security) -> list[SubscriptionRequest]:
        """The stream of a member."""
        settings = self.settings
        if settings.leverage:
            security.set_leverage(settings.leverage)
        security.data_normalization_mode = self._mode
        return [SubscriptionRequest(security, settings.resolution, settings.fill_forward, settings.extended, self._mode)]


class TimedUniverse(SelectorUniverse):
    """Tickers a function gives for a time: at the start, and then in steps while the market is open."""

    def __init__(self, feed: Feed, settings: MemberSettings, mode: DataNormalizationMode, resolution: Resolution, name: str,
                 selector: Callable[[datetime], Iterable[str]]) -> None:
        super().__init__(feed, settings, mode, resolution, name)
        self._selector, self._step = selector, timedelta(seconds=RESOLUTION_SECONDS[resolution])

    def _instants(self) -> Iterator[datetime]:
        when, last = self._local(self._feed.clock.utc), self._last()
        yield convert_to_utc(when, self._hours.time_zone)
        when += self._step
        while when <= last:
            if self._hours.is_open(when, when + self._step, False):
                yield convert_to_utc(when, self._hours.time_zone)
            when += self._step

    def wanted(self, utc: datetime) -> Iterable[Symbol]:
        """The symbols of the tickers."""
        found = self._selector(self._local(utc).replace(microsecond=0))
        return [one if isinstance(one, Symbol) else Symbol.create(one, SecurityType.EQUITY, Market.USA) for one in found]


class FundamentalUniverse(SelectorUniverse):
    """Shares a function selects from a day's list, a second function from those; at the midnight after each trading day."""

    def __init__(self, feed: Feed, settings: MemberSettings, mode: DataNormalizationMode, name: str,
                 coarse: Callable[[list[Fundamental]], Iterable[Symbol]],
                 fine: Callable[[list[Fundamental]], Iterable[Symbol]] | None = None) -> None:
        super().__init__(feed, settings, mode, Resolution.DAILY, name)
        self._coarse, self._fine = coarse, fine

    def _instants(self) -> Iterator[datetime]:
        local = self._local(self._feed.clock.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        day, last = self._hours.get_previous_trading_day(local), self._last()
        while day <= last:
            if self._hours.is_date_open(day):
                yield convert_to_utc(day + ONE_DAY, self._hours.time_zone)
            day += ONE_DAY

    def wanted(self, utc: datetime) -> Iterable[Symbol]:
        """What the functions select."""
        midnight = self._local(utc).replace(hour=0, minute=0, second=0, microsecond=0)
        rows = self._rows(self._hours.get_previous_trading_day(midnight).date())
        chosen = list(self._coarse(list(rows.values())))
        if self._fine is None:
            return chosen
        if rows:
            kept = set(chosen)
            return list(self._fine([row for symbol, row in rows.items() if symbol in kept and row.has_fundamental_data]))
        return list(self._fine([Fundamental(symbol, midnight) for symbol in chosen]))

    def _rows(self, day: date) -> dict[Symbol, Fundamental]:
        path = self._feed.folder / "equity" / "usa" / "fundamental" / "coarse" / f"{day:%Y%m%d}.csv"
        if not path.is_file():
            return {}
        end, found = datetime(day.year, day.month, day.day) + ONE_DAY, {}
        with path.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.reader(lines), start=1):
                try:
                    symbol = Symbol(SecurityIdentifier.parse(row[0]), row[1])
                    factors = [float(text) for text in row[6:8]] or [1.0, 1.0]
                    found[symbol] = Fundamental(symbol, end, float(row[2]), float(row[3]), float(row[4]), False, *factors)
                except (ValueError, IndexError) as error:
                    raise DataFileError(f"{path}, line {number}: {error}") from error
        return found
