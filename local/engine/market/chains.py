"""Option and futures chains: of a slice (live quotes) and of a universe file (yesterday's closes)."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pandas as pd

from local.engine.collections import DataDictionary
from local.engine.enums import OptionRight, OptionStyle
from local.engine.errors import MemberNotSupported
from local.engine.market.bars import BaseData, QuoteBar, TradeBar
from local.engine.market.symbol import Symbol
from local.engine.net_names import other_member


class Greeks:
    """Sensitivities of an option; theta is per year, vega per percentage point of volatility, rho per point of rate."""

    __slots__ = ("delta", "gamma", "vega", "theta", "rho", "lambda_")

    def __init__(self, delta: float = 0.0, gamma: float = 0.0, vega: float = 0.0, theta: float = 0.0, rho: float = 0.0,
                 lambda_: float = 0.0) -> None:
        self.delta, self.gamma, self.vega, self.theta, self.rho, self.lambda_ = delta, gamma, vega, theta, rho, lambda_

    @property
    def theta_per_day(self) -> float:
        """Theta of one calendar day."""
        return self.theta / 365.0

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            return other_member(self, name)


class PriceModelResult:
    """What a price model says of an option."""

    __slots__ = ("theoretical_price", "implied_volatility", "greeks")

    def __init__(self, theoretical_price: float = 0.0, implied_volatility: float | Greeks = 0.0,
                 greeks: Greeks | None = None) -> None:
        if isinstance(implied_volatility, Greeks):
            implied_volatility, greeks = 0.0, implied_volatility
        self.theoretical_price, self.implied_volatility = theoretical_price, implied_volatility
        self.greeks = greeks or Greeks()


_OF_SYMBOL = ("security_type", "underlying", "has_underlying", "is_canonical", "has_canonical", "canonical")


class BaseContract:
    """A contract of a chain with its prices at the chain's time."""

    def __init__(self, symbol: Symbol, time: datetime) -> None:
        self.symbol, self.time = symbol, time
        self.last_price = self.bid_price = self.ask_price = 0.0
        self.volume = self.bid_size = self.ask_size = 0
        self.open_interest = 0.0

    @property
    def id(self) -> Any:
        """Identifier of the contract."""
        return self.symbol.id

    @property
    def underlying_symbol(self) -> Symbol | None:
        """Symbol of the underlying."""
        return self.symbol.underlying

    @property
    def expiry(self) -> datetime:
        """Expiration date."""
        return self.symbol.id.date

    @property
    def price(self) -> float:
        """Last price."""
        return self.last_price

    value = close = price

    def update(self, data: BaseData) -> None:
        """Takes in a bar."""
        if isinstance(data, TradeBar):
            self.last_price, self.volume = data.close, int(data.volume)
        elif isinstance(data, QuoteBar):
            self.bid_price = data.bid.close if data.bid is not None else 0.0
            self.ask_price = data.ask.close if data.ask is not None else 0.0
            self.bid_size, self.ask_size = int(data.last_bid_size), int(data.last_ask_size)

    def __str__(self) -> str:
        return self.symbol.value

    def __eq__(self, other: object) -> bool:
        return self is other or self.symbol == getattr(other, "symbol", other)

    def __hash__(self) -> int:
        return hash(self.symbol)

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            if name in _OF_SYMBOL:
                return getattr(self.symbol, name)
            return other_member(self, name)


class OptionContract(BaseContract):
    """An option of a chain; implied volatility and Greeks are computed when they are read."""

    def __init__(self, symbol: Symbol, time: datetime, strike_multiplier: float = 1.0) -> None:
        super().__init__(symbol, time)
        self._strike_multiplier = strike_multiplier
        self.underlying_last_price = 0.0
        self._evaluate: Callable[[], PriceModelResult] = PriceModelResult
        self._result: PriceModelResult | None = None

    def set_price_model(self, evaluate: Callable[[], PriceModelResult]) -> None:
        """Sets what computes implied volatility and Greeks."""
        self._evaluate, self._result = evaluate, None

    def _modeled(self) -> PriceModelResult:
        if self._result is None:
            self._result = self._evaluate()
        return self._result

    @property
    def strike(self) -> float:
        """Strike."""
        return self.symbol.id.strike_price

    @property
    def scaled_strike(self) -> float:
        """Strike times the product's strike multiplier."""
        return self.strike * self._strike_multiplier

    @property
    def right(self) -> OptionRight:
        """Call or put."""
        return self.symbol.id.option_right

    @property
    def style(self) -> OptionStyle:
        """American or European."""
        return self.symbol.id.option_style

    @property
    def theoretical_price(self) -> float:
        """Price by the model."""
        return self._modeled().theoretical_price

    @property
    def implied_volatility(self) -> float:
        """Implied volatility, 0 where there is none."""
        return self._modeled().implied_volatility

    @property
    def greeks(self) -> Greeks:
        """Greeks by the model."""
        return self._modeled().greeks


class FuturesContract(BaseContract):
    """A futures contract of a chain."""


C = TypeVar("C", bound=BaseContract)


class Chain(BaseData, Generic[C]):
    """Contracts of one canonical symbol; iterates over the contracts."""

    __slots__ = ("contracts", "underlying", "trade_bars", "quote_bars", "filtered_contracts", "_flatten", "_frame")

    def __init__(self, canonical: Symbol, time: datetime, flatten: bool = True) -> None:
        super().__init__(canonical, time, time)
        self.contracts: DataDictionary[C] = DataDictionary()
        self.underlying: BaseData | None = None
        self.trade_bars: DataDictionary[TradeBar] = DataDictionary()
        self.quote_bars: DataDictionary[QuoteBar] = DataDictionary()
        self.filtered_contracts: list[Symbol] = []
        self._flatten, self._frame = flatten, None

    def __iter__(self) -> Iterator[C]:
        return iter(self.contracts.values())

    def __len__(self) -> int:
        return len(self.contracts)

    def __bool__(self) -> bool:
        return len(self.contracts) > 0

    @property
    def count(self) -> int:
        """Number of contracts."""
        return len(self.contracts)

    @property
    def value(self) -> float:
        """Always zero."""
        return 0.0

    def contains_key(self, symbol: Symbol) -> bool:
        """Whether a contract is in the chain."""
        return symbol in self.contracts

    def __getitem__(self, symbol: Symbol) -> C:
        return self.contracts[symbol]

    @property
    def data_frame(self) -> pd.DataFrame:
        """The chain as a frame: one row a contract when flattened, else one row that holds the list."""
        if self._frame is None:
            self._frame = self._flat_frame() if self._flatten else self._nested_frame()
        return self._frame

    def _nested_frame(self) -> pd.DataFrame:
        index = pd.Index([str(self.symbol.id)], name="symbol")
        return pd.DataFrame({"contracts": [self.contracts.values()], "count": [len(self.contracts)]}, index=index)

    def _flat_frame(self) -> pd.DataFrame:
        raise MemberNotSupported(f"{type(self).__name__}.data_frame")


class OptionChain(Chain[OptionContract]):
    """Options on one underlying."""

    __slots__ = ()

    def _flat_frame(self) -> pd.DataFrame:
        contracts = self.contracts.values()
        columns = {
            "askprice": [c.ask_price for c in contracts], "asksize": [c.ask_size for c in contracts],
            "bidprice": [c.bid_price for c in contracts], "bidsize": [c.bid_size for c in contracts],
            "delta": [c.greeks.delta for c in contracts], "expiry": [c.expiry for c in contracts],
            "gamma": [c.greeks.gamma for c in contracts], "impliedvolatility": [c.implied_volatility for c in contracts],
            "lastprice": [c.last_price for c in contracts], "openinterest": [c.open_interest for c in contracts],
            "rho": [c.greeks.rho for c in contracts],
            "right": [c.right for c in contracts], "scaledstrike": [c.scaled_strike for c in contracts],
            "strike": [c.strike for c in contracts], "style": [c.style for c in contracts],
            "theta": [c.greeks.theta for c in contracts],
            "underlyinglastprice": [c.underlying_last_price for c in contracts],
            "underlyingsymbol": [c.underlying_symbol for c in contracts], "vega": [c.greeks.vega for c in contracts],
            "volume": [c.volume for c in contracts],
        }
        kept = {name: values for name, values in columns.items() if not _all_zero(values)}
        return pd.DataFrame(kept, index=pd.Index([c.symbol for c in contracts], name="symbol", dtype=object))


class FuturesChain(Chain[FuturesContract]):
    """Futures of one product."""

    __slots__ = ()

    def _flat_frame(self) -> pd.DataFrame:
        contracts = self.contracts.values()
        columns = {name.replace("_", ""): [getattr(c, name) for c in contracts] for name in (
            "ask_price", "ask_size", "bid_price", "bid_size", "expiry", "last_price", "open_interest", "volume")}
        return pd.DataFrame(columns, index=pd.Index([c.symbol for c in contracts], name="symbol", dtype=object))


def _all_zero(values: list[Any]) -> bool:
    """Whether a column holds decimals only and none but zeros: LEAN leaves such columns out of its frames."""
    return bool(values) and all(isinstance(value, float) and value == 0 for value in values)
