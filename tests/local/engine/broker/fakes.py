"""A small market without files: securities whose quotes are set by hand, and an algorithm that trades them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from local.engine.broker.algorithm_trading import TradingMixin
from local.engine.broker.broker import Broker
from local.engine.broker.clock import from_utc, to_utc
from local.engine.broker.security_models import SecurityModels
from local.engine.enums import (DataNormalizationMode, Market, OptionRight, OptionStyle, Resolution, SecurityType,
                                SettlementType)
from local.engine.market.bars import QuoteBar, TradeBar
from local.engine.market.properties import SymbolProperties
from local.engine.market.symbol import Symbol

ZONE = "America/New_York"
START = datetime(2024, 7, 24, 10, 0)
EXPIRY = datetime(2024, 11, 15)


@dataclass(slots=True)
class FakeBar:
    """Open, high, low and close of one side."""

    open: float
    high: float
    low: float
    close: float


@dataclass(slots=True)
class FakeQuote:
    """A quote bar; times are New York."""

    time: datetime
    end_time: datetime
    bid: FakeBar | None
    ask: FakeBar | None

    @property
    def close(self) -> float:
        return (self.bid.close + self.ask.close) / 2

    price = close


@dataclass(slots=True)
class FakeTrade:
    """A trade bar; times are New York."""

    time: datetime
    end_time: datetime
    open: float
    high: float
    low: float
    close: float

    @property
    def price(self) -> float:
        return self.close


class FakeHours:
    """Monday to Friday, 9:30 to 16:00."""

    time_zone = ZONE

    def is_date_open(self, day: datetime) -> bool:
        return day.weekday() < 5

    def is_open(self, local: datetime, extended: Any, more: bool = False) -> bool:
        return self.is_date_open(local) and time(9, 30) <= local.time() < time(16, 0)

    def get_previous_trading_day(self, day: datetime) -> datetime:
        day -= timedelta(days=1)
        while not self.is_date_open(day):
            day -= timedelta(days=1)
        return day

    def get_next_market_close(self, local: datetime, extended: bool) -> datetime:
        day = local.replace(hour=16, minute=0, second=0, microsecond=0)
        while day <= local or not self.is_date_open(day):
            day += timedelta(days=1)
        return day

    get_last_daily_market_close = get_next_market_close


class FakeExchange:
    """The exchange of a fake security."""

    time_zone = ZONE

    def __init__(self, algorithm: FakeAlgorithm) -> None:
        self.hours = FakeHours()
        self._algorithm = algorithm

    @property
    def exchange_open(self) -> bool:
        return self.hours.is_open(self._algorithm.time, False)

    @property
    def closing_soon(self) -> bool:
        return False

    def is_open_during_bar(self, start: datetime, end: datetime, extended: bool) -> bool:
        return self.hours.is_open(start, extended) or self.hours.is_open(end - timedelta(seconds=1), extended)


class FakeCache:
    """The last data of a security by kind."""

    def __init__(self, security: FakeSecurity) -> None:
        self.get_data = {QuoteBar: security.get_last_quote_bar, TradeBar: security.get_last_trade_bar}


class FakeSecurity(SecurityModels):
    """A security whose data are set by hand."""

    def __init__(self, algorithm: FakeAlgorithm, symbol: Symbol, multiplier: float, underlying: Any = None) -> None:
        self._algorithm = algorithm
        self.symbol, self.type, self.underlying = symbol, symbol.security_type, underlying
        step = 0.25 if self.type is SecurityType.FUTURE else 0.01
        self.symbol_properties = SymbolProperties("", "USD", multiplier, step, 1.0,
                                                  contract_unit_of_trade=int(multiplier))
        self.exchange = FakeExchange(algorithm)
        self.is_tradable, self.is_delisted = True, False
        self.resolution, self.is_extended_market_hours = Resolution.MINUTE, False
        self.data_normalization_mode = DataNormalizationMode.RAW
        self.price = self.open = self.high = self.low = self.close = 0.0
        self.bid_price = self.ask_price = 0.0
        self._quote_bar: FakeQuote | None = None
        self._trade_bar: FakeTrade | None = None
        self.exercise_settlement = SettlementType.CASH if self.type is SecurityType.INDEX_OPTION else \
            SettlementType.PHYSICAL_DELIVERY
        self._init_models()

    def set_market_price(self, price: float) -> None:
        """The price that a live start takes from the broker."""
        self.price = price

    @property
    def contract_unit_of_trade(self) -> int:
        return self.symbol_properties.contract_unit_of_trade

    @property
    def strike_price(self) -> float:
        return self.symbol.id.strike_price

    @property
    def right(self) -> OptionRight:
        return self.symbol.id.option_right

    @property
    def local_time(self) -> datetime:
        return self._algorithm.time

    @property
    def utc_time(self) -> datetime:
        return self._algorithm._utc_now

    @property
    def has_data(self) -> bool:
        return self._quote_bar is not None or self._trade_bar is not None

    @property
    def cache(self) -> FakeCache:
        return FakeCache(self)

    def get_last_quote_bar(self) -> FakeQuote | None:
        return self._quote_bar

    def get_last_trade_bar(self) -> FakeTrade | None:
        return self._trade_bar

    def get_last_data(self) -> Any:
        bars = [bar for bar in (self._trade_bar, self._quote_bar) if bar is not None]
        return max(bars, key=lambda bar: bar.end_time) if bars else None

    def quote(self, bid: float, ask: float, *, low: float = 0.0, high: float = 0.0, at: datetime | None = None) -> None:
        """Set a quote bar that ends now (or at a time); low and high widen both sides."""
        end = self._algorithm.time if at is None else at
        sides = [FakeBar(p, max(p, high or p), min(p, low or p), p) for p in (bid, ask)]
        self._quote_bar = FakeQuote(end - timedelta(minutes=1), end, *sides)
        self.bid_price, self.ask_price = bid, ask
        self._set_price((bid + ask) / 2)

    def trade(self, close: float, *, open: float | None = None, low: float | None = None, high: float | None = None,
              at: datetime | None = None) -> None:
        """Set a trade bar that ends now (or at a time)."""
        end = self._algorithm.time if at is None else at
        first = close if open is None else open
        self._trade_bar = FakeTrade(end - timedelta(minutes=1), end, first, max(first, close, high or 0.0),
                                min(first, close, low or close), close)
        self.bid_price = self.bid_price or close
        self.ask_price = self.ask_price or close
        self._set_price(close)

    def _set_price(self, price: float) -> None:
        self.price = self.close = self.open = self.high = self.low = round(price, 9)

    def apply_split(self, factor: float) -> None:
        self._set_price(self.price * factor)


class FakeSecurities:
    """Securities by symbol."""

    def __init__(self) -> None:
        self._items: dict[Symbol, FakeSecurity] = {}

    def __getitem__(self, symbol: Symbol) -> FakeSecurity:
        return self._items[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._items

    def __iter__(self) -> Iterator[Any]:
        return iter([_Pair(key, value) for key, value in self._items.items()])

    def __len__(self) -> int:
        return len(self._items)

    def get(self, symbol: Symbol, default: Any = None) -> Any:
        return self._items.get(symbol, default)

    def add(self, security: FakeSecurity) -> None:
        self._items[security.symbol] = security


@dataclass(frozen=True, slots=True)
class _Pair:
    key: Symbol
    value: FakeSecurity


class FakeSettings:
    """LEAN's default settings."""

    stale_price_time_span = timedelta(hours=1)
    free_portfolio_value = None
    free_portfolio_value_percentage = 0.0025
    minimum_order_margin_portfolio_percentage = 0.001
    max_absolute_portfolio_target_percentage, min_absolute_portfolio_target_percentage = 1e9, 1e-10
    liquidate_enabled = True


class FakeEngine:
    """What the broker asks of the engine."""

    def __init__(self, algorithm: FakeAlgorithm, data_folder: Any) -> None:
        self._algorithm = algorithm
        self.data_folder = data_folder

    def get_or_add_security(self, symbol: Symbol) -> FakeSecurity:
        return self._algorithm.securities[symbol]


class FakeAlgorithm(TradingMixin):
    """An algorithm on the fake market; keeps events and errors. Time stands still until `advance`."""

    start_date, end_date = datetime(2024, 7, 24), datetime(2024, 7, 31)

    def __init__(self, broker: Broker | None = None, *, cash: float = 100_000.0, data_folder: Any = ".",
                 live: bool = False) -> None:
        self.time = START
        self.securities = FakeSecurities()
        self.settings = FakeSettings()
        self.is_warming_up, self.live_mode, self._locked = False, live, False
        self.current_slice = None
        self.runtime_error: Exception | None = None
        self.events: list[Any] = []
        self.errors: list[str] = []
        self.warnings = 0
        self._engine = FakeEngine(self, data_folder)
        self._init_trading()
        self.set_benchmark(lambda time: 0.0)
        self.set_cash(cash)
        self.broker = Broker() if broker is None else broker

    def start(self) -> FakeAlgorithm:
        """Attach the broker."""
        self.broker.attach(self)
        return self

    @property
    def _utc_now(self) -> datetime:
        return to_utc(self.time, ZONE)

    def error(self, message: str) -> None:
        self.errors.append(message)

    debug = log = error

    def quit(self, message: str) -> None:
        self.errors.append(message)

    def _call_user(self, where: str, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ValueError as error:
            self.runtime_error = error
            return None

    def on_order_event(self, order_event: Any) -> None:
        self.events.append(order_event)

    def on_margin_call_warning(self) -> None:
        self.warnings += 1

    def statuses(self) -> list[tuple[int, str]]:
        """Return order number and status of every event so far."""
        return [(event.order_id, event.status.name) for event in self.events]

    def add(self, symbol: Symbol, multiplier: float = 1.0, underlying: Any = None) -> FakeSecurity:
        """Add a security."""
        security = FakeSecurity(self, symbol, multiplier, underlying)
        self.securities.add(security)
        self._initialize_security(security)
        return security

    def add_spy(self, price: float = 550.0) -> FakeSecurity:
        """Add SPY at a price."""
        spy = self.add(Symbol.create("SPY", SecurityType.EQUITY, Market.USA))
        spy.quote(round(price - 0.01, 2), round(price + 0.01, 2))
        spy.trade(price)
        return spy

    def add_option(self, underlying: FakeSecurity, strike: float, right: OptionRight, bid: float, ask: float,
                   expiry: datetime = EXPIRY) -> FakeSecurity:
        """Add an option on a security with a quote."""
        european = underlying.type is SecurityType.INDEX
        style = OptionStyle.EUROPEAN if european else OptionStyle.AMERICAN
        symbol = Symbol.create_option(underlying.symbol, Market.USA, style, right, strike, expiry)
        option = self.add(symbol, 100.0, underlying)
        option.quote(bid, ask)
        return option

    def advance(self, minutes: int = 1) -> None:
        """Let time pass without new quotes."""
        self.time += timedelta(minutes=minutes)

    def step(self) -> None:
        """Run the broker's part of a slice."""
        self.broker.process_synchronous_events()


def utc(local: datetime) -> datetime:
    """Return the UTC instant of a New York time."""
    return to_utc(local, ZONE)


def local(instant: datetime) -> datetime:
    """Return the New York time of a UTC instant."""
    return from_utc(instant, ZONE)
