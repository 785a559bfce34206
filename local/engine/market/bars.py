"""Data points algorithms see: bars, quotes, corporate actions and delistings."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.engine.enums import DelistingType, MarketDataType, SplitType
from local.engine.market.symbol import Symbol
from local.engine.net_names import other_member


class BaseData:
    """A data point with a symbol, a start and an end in exchange time."""

    __slots__ = ("symbol", "time", "end_time", "is_fill_forward")
    data_type = MarketDataType.BASE
    time: datetime          # these two are None only of a point that nobody has filled in yet
    end_time: datetime

    def __init__(self, symbol: Symbol | None, time: datetime | None, end_time: datetime | None,
                 is_fill_forward: bool = False) -> None:
        self.symbol, self.time, self.end_time, self.is_fill_forward = symbol, time, end_time, is_fill_forward

    @property
    def price(self) -> float:
        """The point's value."""
        return self.value

    @property
    def value(self) -> float:
        """The point's value."""
        raise NotImplementedError(f"{type(self).__name__}.value")

    @property
    def period(self) -> timedelta:
        """Span from start to end."""
        return self.end_time - self.time

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return other_member(self, name)


class Bar:
    """Open, high, low and close of one side of a quote."""

    __slots__ = ("open", "high", "low", "close")

    def __init__(self, open: float = 0.0, high: float = 0.0, low: float = 0.0, close: float = 0.0) -> None:
        self.open, self.high, self.low, self.close = open, high, low, close

    def update(self, value: float) -> None:
        """Takes in a price."""
        if value == 0:
            return
        if self.open == 0:
            self.open = self.high = self.low = value
        self.high, self.low, self.close = max(self.high, value), min(self.low, value), value

    def __repr__(self) -> str:
        return f"O: {self.open} H: {self.high} L: {self.low} C: {self.close}"


class TradeBar(BaseData):
    """Open, high, low, close and volume of trades."""

    __slots__ = ("open", "high", "low", "close", "volume")
    data_type = MarketDataType.TRADE_BAR

    def __init__(self, time: datetime | None = None, symbol: Symbol | None = None, open: float = 0.0, high: float = 0.0,
                 low: float = 0.0, close: float = 0.0, volume: float = 0.0, period: timedelta = timedelta(minutes=1),
                 is_fill_forward: bool = False) -> None:
        super().__init__(symbol, time, None if time is None else time + period, is_fill_forward)
        self.open, self.high, self.low, self.close, self.volume = open, high, low, close, volume

    @property
    def value(self) -> float:
        """The close."""
        return self.close

    def __repr__(self) -> str:
        return f"{self.symbol}: O: {self.open} H: {self.high} L: {self.low} C: {self.close} V: {self.volume}"


class QuoteBar(BaseData):
    """Bid and ask bars with their last sizes; a side that was never quoted is None."""

    __slots__ = ("bid", "ask", "last_bid_size", "last_ask_size")
    data_type = MarketDataType.QUOTE_BAR

    def __init__(self, time: datetime | None = None, symbol: Symbol | None = None, bid: Bar | None = None,
                 last_bid_size: float = 0.0, ask: Bar | None = None, last_ask_size: float = 0.0,
                 period: timedelta = timedelta(minutes=1), is_fill_forward: bool = False) -> None:
        super().__init__(symbol, time, None if time is None else time + period, is_fill_forward)
        self.bid, self.ask, self.last_bid_size, self.last_ask_size = bid, ask, last_bid_size, last_ask_size

    def _middle(self, name: str) -> float:
        bid = getattr(self.bid, name) if self.bid is not None else 0.0
        ask = getattr(self.ask, name) if self.ask is not None else 0.0
        return round((bid + ask) / 2, 9) if bid and ask else bid or ask

    @property
    def open(self) -> float:
        """Middle of the opening bid and ask."""
        return self._middle("open")

    @property
    def high(self) -> float:
        """Middle of the highest bid and ask."""
        return self._middle("high")

    @property
    def low(self) -> float:
        """Middle of the lowest bid and ask."""
        return self._middle("low")

    @property
    def close(self) -> float:
        """Middle of the closing bid and ask."""
        return self._middle("close")

    @property
    def value(self) -> float:
        """Middle of the closing bid and ask."""
        return self._middle("close")

    def collapse(self) -> TradeBar:
        """The middle prices as a trade bar without volume."""
        return TradeBar(self.time, self.symbol, self.open, self.high, self.low, self.close, 0.0, self.period)

    def __repr__(self) -> str:
        return f"{self.symbol}: Bid: {self.bid} {self.last_bid_size} Ask: {self.ask} {self.last_ask_size}"


class OpenInterest(BaseData):
    """Contracts open at a time."""

    __slots__ = ("open_interest",)

    def __init__(self, time: datetime, symbol: Symbol, open_interest: float) -> None:
        super().__init__(symbol, time, time)
        self.open_interest = open_interest

    @property
    def value(self) -> float:
        """Contracts open."""
        return self.open_interest


class Delisting(BaseData):
    """Notice that a security stops trading: a warning on its last day, the event at the midnight after."""

    __slots__ = ("type", "_price", "ticket")
    data_type = MarketDataType.AUXILIARY

    def __init__(self, symbol: Symbol, time: datetime, price: float, type: DelistingType) -> None:
        super().__init__(symbol, time, time)
        self.type, self._price, self.ticket = type, price, None

    @property
    def value(self) -> float:
        """Last price."""
        return self._price


class Dividend(BaseData):
    """A cash distribution, in account currency per share, on the ex-date."""

    __slots__ = ("distribution", "reference_price")
    data_type = MarketDataType.AUXILIARY

    def __init__(self, symbol: Symbol, time: datetime, distribution: float, reference_price: float) -> None:
        super().__init__(symbol, time, time)
        self.distribution, self.reference_price = distribution, reference_price

    @property
    def value(self) -> float:
        """The distribution."""
        return self.distribution


class Split(BaseData):
    """A split: the warning comes the trading day before, the event with the new share count."""

    __slots__ = ("type", "split_factor", "reference_price")
    data_type = MarketDataType.AUXILIARY

    def __init__(self, symbol: Symbol, time: datetime, price: float, split_factor: float, type: SplitType) -> None:
        super().__init__(symbol, time, time)
        self.type, self.split_factor, self.reference_price = type, split_factor, price

    @property
    def value(self) -> float:
        """The reference price."""
        return self.reference_price


class SymbolChangedEvent(BaseData):
    """A ticker that was renamed, or a continuous future that moved to its next contract."""

    __slots__ = ("old_symbol", "new_symbol")
    data_type = MarketDataType.AUXILIARY

    def __init__(self, symbol: Symbol, time: datetime, old_symbol: str, new_symbol: str) -> None:
        super().__init__(symbol, time, time)
        self.old_symbol, self.new_symbol = old_symbol, new_symbol

    @property
    def value(self) -> float:
        """Always zero."""
        return 0.0
