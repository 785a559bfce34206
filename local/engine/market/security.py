"""Securities: prices at the clock's instant, read from the columns only when somebody asks."""
from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import Any

from local.engine.broker.security_models import SecurityModels
from local.engine.enums import DataNormalizationMode, Resolution, SecurityType, TickType
from local.engine.errors import MemberNotSupported
from local.engine.files.bar_columns import BarColumns
from local.engine.loop.clock import Clock
from local.engine.market.bars import Bar, BaseData, OpenInterest, QuoteBar, TradeBar
from local.engine.market.market_hours import MarketHoursEntry
from local.engine.market.properties import SymbolProperties
from local.engine.market.security_exchange import SecurityExchange
from local.engine.market.series import BarSeries
from local.engine.market.symbol import Symbol
from local.engine.net_names import other_member
from local.engine.time_zones import local_of_second

_new = object.__new__


@functools.lru_cache(maxsize=4096)
def _local_span(end: int, seconds: int, zone: str) -> tuple[datetime, datetime]:
    """Local start and end of a bar; those of a slice mostly are alike."""
    finish = local_of_second(end, zone)
    return finish - timedelta(seconds=seconds), finish


def make_bar(symbol: Symbol, series: BarSeries, zone: str, end: int | None = None) -> TradeBar | QuoteBar:
    """The bar a series stands on, as an object; with `end` filled forward to a later instant. A side of a quote whose
    prices are all zero was never quoted.

    The objects are made straight from the row: the way through their initializers costs three times as much.
    """
    bars, index = series.bars, series.index
    own_end = bars.ends[index]
    if end is None:
        end = own_end
    made: Any = _new(TradeBar if bars.kind == "trade" else QuoteBar)
    made.symbol, made.is_fill_forward = symbol, end != own_end
    made.time, made.end_time = _local_span(end, own_end - bars.starts[index], zone)
    if bars.kind == "trade":
        made.open, made.high, made.low, made.close, made.volume = bars.rows[index]
        return made
    (bid_open, bid_high, bid_low, bid_close, made.last_bid_size,
     ask_open, ask_high, ask_low, ask_close, made.last_ask_size) = bars.rows[index]
    made.bid = made.ask = None
    if bid_close or bid_open or bid_high or bid_low:
        made.bid = bid = _new(Bar)
        bid.open, bid.high, bid.low, bid.close = bid_open, bid_high, bid_low, bid_close
    if ask_close or ask_open or ask_high or ask_low:
        made.ask = ask = _new(Bar)
        ask.open, ask.high, ask.low, ask.close = ask_open, ask_high, ask_low, ask_close
    return made


class _TypedGetter:
    """The method `get_data`, which is also called as `get_data[Type]()`."""

    def __init__(self, security: Security) -> None:
        self._security = security

    def __getitem__(self, kind: type) -> Any:
        return self._security.get_last_quote_bar if kind is QuoteBar else lambda: self(kind)

    def __call__(self, kind: type | None = None) -> BaseData | None:
        if kind is None:
            return self._security.get_last_data()
        if kind is QuoteBar:
            return self._security.get_last_quote_bar()
        if kind is TradeBar:
            return self._security.get_last_trade_bar()
        if kind is OpenInterest:
            one = self._security
            return OpenInterest(one.exchange.local_time, one.symbol, one.open_interest) if one.open_interest else None
        raise MemberNotSupported(f"SecurityCache.get_data[{getattr(kind, '__name__', kind)}]")


class SecurityCache:
    """The last data of a security."""

    def __init__(self, security: Security) -> None:
        self._security = security
        self.get_data = _TypedGetter(security)

    def __getattr__(self, name: str) -> Any:
        if name in ("price", "open", "high", "low", "close", "volume", "bid_size", "ask_size", "open_interest"):
            return getattr(self._security, name)
        raise MemberNotSupported(f"SecurityCache.{name}")


class Security(SecurityModels):
    """A security with its market data, exchange, models and holdings.

    Attributes
    ----------
    seeded
        Ends of the bars it was given as its last ones before its streams began, by kind, in epoch seconds.
    """

    def __init__(self, symbol: Symbol, clock: Clock, hours: MarketHoursEntry, properties: SymbolProperties,
                 underlying: Security | None = None) -> None:
        self.symbol, self.type, self.symbol_properties = symbol, symbol.security_type, properties
        self._clock, self.market_hours_entry = clock, hours
        self.exchange = SecurityExchange(hours.exchange_hours, clock)
        self.is_tradable = self.can_be_traded
        self.is_delisted, self.underlying = False, underlying
        self.resolution, self.is_extended_market_hours, self.is_fill_data_forward = Resolution.MINUTE, False, True
        self.data_normalization_mode = DataNormalizationMode.ADJUSTED
        self.cache = SecurityCache(self)
        self.subscriptions: list[Any] = []
        self._trade: BarSeries | None = None
        self._quote: BarSeries | None = None
        self._interest: Any = None
        self._only_trades = symbol.security_type == SecurityType.EQUITY
        self._price, self._price_second, self._given_price = 0.0, -1, 0.0
        self._standing: BarSeries | None = None
        self._standing_second = -1
        self._made: dict[BarSeries, tuple[BarColumns, int, TradeBar | QuoteBar]] = {}
        self._split_factor, self._split_second = 1.0, -1
        self.seeded: dict[TickType, int] = {}
        self._init_models()

    # prices -----------------------------------------------------------------------------------------------------
    def attach_series(self, trade: BarSeries | None, quote: BarSeries | None) -> None:
        """Connects the columns prices are read from."""
        self._trade, self._quote, self._price_second, self._standing_second = trade, quote, -1, -1
        self._made.clear()

    def clear_cache(self) -> None:
        """Forgets all data, as LEAN does when the last subscription is gone."""
        self._given_price = 0.0
        self.seeded.clear()
        self.attach_series(None, None)

    def _default_series(self) -> BarSeries | None:
        """The series whose last bar sets price and open to close: the later one, the quote where both end together."""
        second = self._clock.second
        if self._standing_second == second:
            if self._standing is not None:
                self._standing.seek(second)
            return self._standing
        quote = None if self._only_trades else self._quote
        standing = quote if quote is not None and quote.seek(second) else None
        if standing is None or standing.end() < second:  # no trade can be later than a quote that ends now
            trade = self._trade
            if trade is not None and trade.seek(second) and (standing is None or trade.end() > standing.end()):
                standing = trade
        self._standing, self._standing_second = standing, second
        return standing

    def _last(self, name: str) -> float:
        series = self._default_series()
        if series is None:
            return self._given_price
        value = series.get(name) or series.last_nonzero(name)
        return value * self._split_factor if series.end() <= self._split_second else value

    @property
    def price(self) -> float:
        """Last price, 0 before the first bar."""
        if self._price_second != self._clock.second:
            self._price, self._price_second = self._last("close"), self._clock.second
        return self._price

    @property
    def close(self) -> float:
        """Close of the last bar."""
        return self._last("close")

    @property
    def open(self) -> float:
        """Open of the last bar."""
        return self._last("open")

    @property
    def high(self) -> float:
        """High of the last bar."""
        return self._last("high")

    @property
    def low(self) -> float:
        """Low of the last bar."""
        return self._last("low")

    @property
    def volume(self) -> float:
        """Volume of the last trade bar that had any."""
        trade = self._trade
        return trade.last_nonzero("volume") if trade is not None and trade.seek(self._clock.second) else 0.0

    def _side(self, name: str) -> float:
        quote = self._quote
        if quote is None or not quote.seek(self._clock.second):
            return 0.0
        value = quote.get(name) or quote.last_nonzero(name)
        if quote.end() <= self._split_second:
            return value / self._split_factor if name.endswith("size") else value * self._split_factor
        return value

    @property
    def bid_price(self) -> float:
        """Last bid that was not zero; the price when there was none."""
        return self._side("bid_close") or self.price

    @property
    def ask_price(self) -> float:
        """Last ask that was not zero; the price when there was none."""
        return self._side("ask_close") or self.price

    @property
    def bid_size(self) -> float:
        """Last bid size that was not zero."""
        return self._side("bid_size")

    @property
    def ask_size(self) -> float:
        """Last ask size that was not zero."""
        return self._side("ask_size")

    @property
    def open_interest(self) -> float:
        """Contracts open by the last universe file or open interest file."""
        return self._interest() if self._interest is not None else 0

    @property
    def can_be_traded(self) -> bool:
        """Whether the kind of security can be traded at all: indices and chains cannot."""
        return self.type != SecurityType.INDEX and not self.symbol.is_canonical()

    @property
    def has_data(self) -> bool:
        """Whether a bar has come."""
        return self._default_series() is not None

    def get_last_data(self) -> BaseData | None:
        """The last real bar."""
        return self._bar_of(self._default_series())

    def get_last_quote_bar(self) -> QuoteBar | None:
        """The last real quote bar."""
        return self._bar_of(self._quote)

    def get_last_trade_bar(self) -> TradeBar | None:
        """The last real trade bar."""
        return self._bar_of(self._trade)

    def _bar_of(self, series: BarSeries | None) -> Any:
        if series is None or not series.seek(self._clock.second):
            return None
        bars, index = series.bars, series.index
        known = self._made.get(series)
        if known is None or known[1] != index or known[0] is not bars:
            known = self._made[series] = (bars, index, make_bar(self.symbol, series, self.exchange.hours.time_zone))
        return known[2]

    def set_market_price(self, price: float) -> None:
        """Sets a price that holds until the first bar, as a live start takes it from the brokerage."""
        self._given_price, self._price_second = float(getattr(price, "price", price)), -1

    def apply_split(self, factor: float) -> None:
        """Scales the data seen so far, as LEAN does at a split of a raw security."""
        self._split_factor, self._split_second, self._price_second = factor, self._clock.second, -1

    # state ------------------------------------------------------------------------------------------------------
    @property
    def local_time(self) -> datetime:
        """Exchange time."""
        return self.exchange.local_time

    @property
    def utc_time(self) -> datetime:
        """Naive UTC time."""
        return self._clock.utc

    def reset(self) -> None:
        """Marks the security as not tradable, as when its subscription ends."""
        self.is_tradable = False

    def set_data_normalization_mode(self, mode: DataNormalizationMode) -> None:
        """Sets how splits and dividends enter prices."""
        self.data_normalization_mode = mode

    def __repr__(self) -> str:
        return str(self.symbol)

    def __str__(self) -> str:
        return str(self.symbol)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return other_member(self, name)


class Equity(Security):
    """A stock or fund."""


class Index(Security):
    """An index, which cannot be traded."""
