"""Enumerations of the market side, with LEAN's member values and Python-facing names."""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any


class LeanEnumMeta(type):
    """Turns integer class attributes into members, so that access stays a plain attribute lookup."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> LeanEnumMeta:
        values = {key: namespace.pop(key) for key in list(namespace)
                  if not key.startswith("_") and isinstance(namespace[key], int)}
        cls = super().__new__(mcs, name, bases, namespace)
        cls._members: dict[int, LeanEnum] = {}
        for key, value in values.items():
            member = object.__new__(cls)
            member.name, member._value, member._hash = key, value, hash(value)
            cls._members.setdefault(value, member)
            type.__setattr__(cls, key, member)
        return cls

    def __call__(cls, value: Any) -> Any:
        number = int(value)
        if number not in cls._members:
            raise ValueError(f"{cls.__name__} has no member with value {number}")
        return cls._members[number]

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls._members.values())

    def __len__(cls) -> int:
        return len(cls._members)


if TYPE_CHECKING:  # a type checker knows the members of an IntEnum, not what a metaclass makes of numbers
    from enum import IntEnum as LeanEnum
else:
    class LeanEnum(metaclass=LeanEnumMeta):
        """An enumeration member: prints its upper snake case name, converts to int, equals its number and its name.

        It is not an int subclass, as LEAN's enumerations are not when seen from Python.
        """

        __slots__ = ("name", "_value", "_hash")

        @property
        def value(self) -> int:
            """The number behind the member."""
            return self._value

        def __int__(self) -> int:
            return self._value

        __index__ = __int__

        def __str__(self) -> str:
            return self.name

        def __repr__(self) -> str:
            return f"<{type(self).__name__}.{self.name}: {self._value}>"

        def __format__(self, spec: str) -> str:
            return format(self.name, spec)

        def __hash__(self) -> int:
            return self._hash

        def __eq__(self, other: object) -> bool:
            if self is other:
                return True
            if isinstance(other, LeanEnum):
                return type(self) is type(other) and self._value == other._value
            if isinstance(other, (int, float)):
                return self._value == other
            return isinstance(other, str) and self.name == other

        def __ne__(self, other: object) -> bool:
            return not self == other

        def __lt__(self, other: Any) -> bool:
            return self._value < int(other)

        def __le__(self, other: Any) -> bool:
            return self._value <= int(other)

        def __gt__(self, other: Any) -> bool:
            return self._value > int(other)

        def __ge__(self, other: Any) -> bool:
            return self._value >= int(other)

        def __copy__(self) -> LeanEnum:
            return self

        def __deepcopy__(self, memo: dict[int, Any]) -> LeanEnum:
            return self

        def __reduce__(self) -> tuple[Any, ...]:
            return type(self), (self._value,)


class SecurityType(LeanEnum):
    BASE = 0
    EQUITY = 1
    OPTION = 2
    COMMODITY = 3
    FOREX = 4
    FUTURE = 5
    CFD = 6
    CRYPTO = 7
    FUTURE_OPTION = 8
    INDEX = 9
    INDEX_OPTION = 10
    CRYPTO_FUTURE = 11

    def is_option(self) -> bool:
        """Whether the type is an option on an equity, an index or a future."""
        return self._value in (2, 8, 10)


class Resolution(LeanEnum):
    TICK = 0
    SECOND = 1
    MINUTE = 2
    HOUR = 3
    DAILY = 4


class TickType(LeanEnum):
    TRADE = 0
    QUOTE = 1
    OPEN_INTEREST = 2


class OptionRight(LeanEnum):
    CALL = 0
    PUT = 1


class OptionStyle(LeanEnum):
    AMERICAN = 0
    EUROPEAN = 1


class SettlementType(LeanEnum):
    PHYSICAL_DELIVERY = 0
    CASH = 1


class MarketDataType(LeanEnum):
    BASE = 0
    TRADE_BAR = 1
    TICK = 2
    AUXILIARY = 3
    QUOTE_BAR = 4
    OPTION_CHAIN = 5
    FUTURES_CHAIN = 6


class DelistingType(LeanEnum):
    WARNING = 0
    DELISTED = 1


class SplitType(LeanEnum):
    WARNING = 0
    SPLIT_OCCURRED = 1


class DataNormalizationMode(LeanEnum):
    RAW = 0
    ADJUSTED = 1
    SPLIT_ADJUSTED = 2
    TOTAL_RETURN = 3
    FORWARD_PANAMA_CANAL = 4
    BACKWARDS_PANAMA_CANAL = 5
    BACKWARDS_RATIO = 6
    SCALED_RAW = 7


class DataMappingMode(LeanEnum):
    LAST_TRADING_DAY = 0
    FIRST_DAY_MONTH = 1
    OPEN_INTEREST = 2
    OPEN_INTEREST_ANNUAL = 3


class PositionSide(LeanEnum):
    SHORT = -1
    NONE = 0
    LONG = 1


class AlgorithmMode(LeanEnum):
    LIVE = 0
    OPTIMIZATION = 1
    BACKTESTING = 2
    RESEARCH = 3


class DeploymentTarget(LeanEnum):
    CLOUD_PLATFORM = 0
    LOCAL_PLATFORM = 1
    PRIVATE_CLOUD_PLATFORM = 2


class MarketHoursState(LeanEnum):
    CLOSED = 0
    PRE_MARKET = 1
    MARKET = 2
    POST_MARKET = 3


class DayOfWeek(LeanEnum):
    SUNDAY = 0
    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6


class RenkoType(LeanEnum):
    """Kinds of Renko bars."""

    CLASSIC = 0
    WICKED = 1


class BarDirection(LeanEnum):
    """Which way a bar of price steps went."""

    RISING = 0
    NO_DELTA = 1
    FALLING = 2


class MovingAverageType(LeanEnum):
    SIMPLE = 0
    EXPONENTIAL = 1
    WILDERS = 2
    LINEAR_WEIGHTED_MOVING_AVERAGE = 3
    DOUBLE_EXPONENTIAL = 4
    TRIPLE_EXPONENTIAL = 5
    TRIANGULAR = 6
    T3 = 7
    KAMA = 8
    HULL = 9
    ALMA = 10


class Market:
    """Market names as LEAN writes them in paths and identifiers."""

    USA = "usa"
    CME = "cme"
    CBOT = "cbot"
    COMEX = "comex"
    NYMEX = "nymex"
    CBOE = "cboe"
    CFE = "cfe"
    ICE = "ice"
    GLOBEX = "cmeglobex"
    SGX = "sgx"
    HKFE = "hkfe"
    OSE = "ose"
    EUREX = "eurex"
    NYSELIFFE = "nyseliffe"
    INDIA = "india"
    FXCM = "fxcm"
    OANDA = "oanda"
    INTERACTIVE_BROKERS = "interactivebrokers"


MARKET_CODES = {
    "empty": 0, "usa": 1, "fxcm": 2, "oanda": 3, "dukascopy": 4, "bitfinex": 5, "cmeglobex": 6, "nymex": 7, "cbot": 8,
    "ice": 9, "cboe": 10, "india": 11, "comex": 22, "cme": 23, "sgx": 24, "hkfe": 25, "nyseliffe": 26, "cfe": 33,
    "coinbase": 38, "interactivebrokers": 39, "eurex": 40, "ose": 41, "krx": 43,
}
MARKET_NAMES = {code: name for name, code in MARKET_CODES.items()}
