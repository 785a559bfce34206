"""Symbols and their identifiers, encoded as LEAN encodes them so that ids and order hashes compare."""
from __future__ import annotations

import functools
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from local.engine.enums import MARKET_CODES, MARKET_NAMES, OptionRight, OptionStyle, SecurityType
from local.engine.market.futures_option_tickers import option_of_future
from local.engine.net_names import other_member

DEFAULT_DATE = datetime(1899, 12, 30)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MARKET_OFFSET, _SCALE_OFFSET, _STRIKE_OFFSET = 100, 100_000, 10_000_000
_STYLE_OFFSET, _DAYS_OFFSET, _RIGHT_OFFSET = 10_000_000_000_000, 100_000_000_000_000, 10_000_000_000_000_000_000
_NEGATIVE_STRIKE_BIT = 1 << 19
_LARGEST_STRIKE = 475_712
MONTH_LETTERS = "FGHJKMNQUVXZ"


def encode_base36(number: int) -> str:
    """Upper-case base 36 text of a non-negative number; empty for zero."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text


@functools.lru_cache(maxsize=20_000)
def _encode_strike(strike: float) -> tuple[int, int]:
    """Digits and scale of a strike: strike = digits x 10 ** (scale - 6)."""
    scaled = Decimal(repr(float(strike))) * 1_000_000
    if scaled == 0:
        return 0, 0
    scale = 0
    while scaled % 10 == 0:
        scaled, scale = scaled / 10, scale + 1
    digits = int(scaled)
    if abs(digits) >= _LARGEST_STRIKE:
        raise ValueError(f"strike {strike} cannot be encoded in a symbol")
    return (digits if digits >= 0 else -digits | _NEGATIVE_STRIKE_BIT), scale


class SecurityIdentifier:
    """Identity of a security: ticker, type, market and, for derivatives, expiry, strike, right and style."""

    __slots__ = ("symbol", "security_type", "market", "date", "strike_price", "option_right", "option_style",
                 "underlying", "properties", "_text", "_hash")
    DEFAULT_DATE = DEFAULT_DATE

    def __init__(self, symbol: str, security_type: SecurityType, market: str, when: datetime = DEFAULT_DATE,
                 strike: float = 0.0, right: OptionRight = OptionRight.CALL,
                 style: OptionStyle = OptionStyle.AMERICAN, underlying: SecurityIdentifier | None = None) -> None:
        if market.lower() not in MARKET_CODES:
            raise ValueError(f"market '{market}' is not known")
        self.symbol, self.security_type, self.market = symbol, security_type, market.lower()
        self.date, self.strike_price = when, float(strike)
        self.option_right, self.option_style, self.underlying = right, style, underlying
        digits, scale = _encode_strike(strike)
        days = (when - DEFAULT_DATE).days
        self.properties = (int(right) * _RIGHT_OFFSET + days * _DAYS_OFFSET + int(style) * _STYLE_OFFSET
                           + digits * _STRIKE_OFFSET + scale * _SCALE_OFFSET
                           + MARKET_CODES[self.market] * _MARKET_OFFSET + int(security_type))
        own = f"{symbol} {encode_base36(self.properties) or '0'}"
        self._text = own if underlying is None else f"{own}|{underlying}"
        self._hash = hash(self._text)

    @property
    def has_underlying(self) -> bool:
        """Whether the identifier names an underlying."""
        return self.underlying is not None

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, SecurityIdentifier) and self._text == other._text)

    def __lt__(self, other: SecurityIdentifier) -> bool:
        return self._text < other._text

    @staticmethod
    def parse(text: str) -> SecurityIdentifier:
        """Identifier from its text, e.g. `SPY R735QTJ8XC9X` or `SPY 2U|SPY R735QTJ8XC9X`."""
        found: SecurityIdentifier | None = None
        for part in reversed(text.split("|")):
            pieces = part.split()
            if len(pieces) != 2:
                raise ValueError(f"'{text}' is not a security identifier")
            found = _from_properties(pieces[0], int(pieces[1], 36), found)
        return found


def _from_properties(symbol: str, number: int, underlying: SecurityIdentifier | None) -> SecurityIdentifier:
    days = number // _DAYS_OFFSET % 100_000
    digits, scale = number // _STRIKE_OFFSET % 1_000_000, number // _SCALE_OFFSET % 100
    sign = -1 if digits & _NEGATIVE_STRIKE_BIT else 1
    digits = digits ^ _NEGATIVE_STRIKE_BIT if sign < 0 else digits
    strike = float(Decimal(sign * digits).scaleb(scale - 6))
    return SecurityIdentifier(symbol, SecurityType(number % 100), MARKET_NAMES[number // _MARKET_OFFSET % 1000],
                              DEFAULT_DATE + timedelta(days=days), strike, OptionRight(number // _RIGHT_OFFSET % 10),
                              OptionStyle(number // _STYLE_OFFSET % 10), underlying)


def osi_ticker(underlying: str, right: OptionRight, strike: float, expiry: datetime) -> str:
    """Option ticker in the clearing house's form, e.g. `SPY   241115P00490000`."""
    name = underlying + " " if len(underlying) > 5 else underlying
    return f"{name:<6}{expiry:%y%m%d}{right.name[0]}{_away_from_zero(strike * 1000):08d}"


def _away_from_zero(number: float) -> int:
    return int(math.floor(abs(number) + 0.5)) * (1 if number >= 0 else -1)


_first_ticker: list[Callable[[str, str], tuple[str, datetime]]] = []
_tickers: dict[SecurityIdentifier, str] = {}
_symbols: dict[str, Symbol] = {}


class SymbolCache:
    """Tickers that algorithms may use in place of symbols."""

    @staticmethod
    def set(ticker: str, symbol: Symbol) -> None:
        """Registers a ticker."""
        _symbols[ticker] = symbol
        _tickers[symbol.id] = ticker

    @staticmethod
    def try_get(ticker: str) -> Symbol | None:
        """Symbol behind a ticker, if one was registered."""
        return _symbols.get(ticker)

    @staticmethod
    def clear() -> None:
        """Forgets every ticker; each run starts with none."""
        _symbols.clear()
        _tickers.clear()


def set_map_file_lookup(lookup: Callable[[str, str], tuple[str, datetime]] | None) -> None:
    """Sets what tells an equity's first ticker and date from its market and ticker; its identifier carries both."""
    _first_ticker[:] = [] if lookup is None else [lookup]


def first_ticker_of(market: str, ticker: str) -> tuple[str, datetime]:
    """First ticker and first date an equity traded under, by the data folder's map files."""
    return _first_ticker[0](market, ticker) if _first_ticker else (ticker.upper(), DEFAULT_DATE)


class Symbol:
    """A security's identifier with the ticker it goes by."""

    __slots__ = ("id", "value", "underlying", "_canonical", "_hash", "security_type")

    def __init__(self, sid: SecurityIdentifier, value: str, underlying: Symbol | None = None) -> None:
        if underlying is None and sid.underlying is not None:
            underlying = Symbol(sid.underlying, sid.underlying.symbol)
            value = _alias(sid, underlying) or value
        elif underlying is None:
            value = _alias(sid, None) or value
        self.id, self.value, self.underlying = sid, value.upper(), underlying
        self.security_type, self._canonical, self._hash = sid.security_type, None, sid._hash

    @property
    def has_underlying(self) -> bool:
        """Whether the symbol is a derivative with its underlying's symbol."""
        return self.underlying is not None

    def is_canonical(self) -> bool:
        """Whether the symbol stands for a whole chain."""
        return (self.security_type.is_option() or self.security_type == SecurityType.FUTURE) and self.id.date == DEFAULT_DATE

    def has_canonical(self) -> bool:
        """Whether the symbol is one contract of a chain."""
        return not self.is_canonical() and (self.security_type.is_option() or self.security_type == SecurityType.FUTURE)

    @property
    def canonical(self) -> Symbol:
        """Symbol of the chain a contract belongs to."""
        if self._canonical is None:
            self._canonical = self if self.is_canonical() else self._make_canonical()
        return self._canonical

    def _make_canonical(self) -> Symbol:
        if self.security_type.is_option():
            return Symbol.create_canonical_option(self.underlying, self.id.symbol, self.id.market)
        if self.security_type == SecurityType.FUTURE:
            return Symbol.create(self.id.symbol, SecurityType.FUTURE, self.id.market)
        raise ValueError(f"{self.value} has no canonical symbol")

    @staticmethod
    def create(ticker: str, security_type: SecurityType, market: str, alias: str | None = None) -> Symbol:
        """Symbol of an equity, an index, a chain of futures or of options."""
        name = ticker.upper()
        if security_type == SecurityType.EQUITY:
            first, when = first_ticker_of(market, name)
            return Symbol(SecurityIdentifier(first, security_type, market, when), alias or ticker)
        if security_type in (SecurityType.INDEX, SecurityType.FUTURE, SecurityType.FOREX, SecurityType.CFD,
                             SecurityType.CRYPTO):
            return Symbol(SecurityIdentifier(name, security_type, market), alias or ticker)
        if security_type == SecurityType.OPTION:
            return Symbol.create_canonical_option(Symbol.create(ticker, SecurityType.EQUITY, market), alias=alias)
        if security_type == SecurityType.INDEX_OPTION:
            return Symbol.create_canonical_option(Symbol.create(ticker, SecurityType.INDEX, market), alias=alias)
        raise NotImplementedError(f"Symbol.create for {security_type}")

    @staticmethod
    def create_option(underlying: Symbol | str, *args: Any, alias: str | None = None, **named: Any) -> Symbol:
        """Symbol of one option: (underlying, [target ticker,] market, style, right, strike, expiry)."""
        target = None
        if len(args) >= 6 and isinstance(args[1], str):
            target, args = args[0], args[1:]
        target = named.pop("target_option", target)
        names = ("market", "style", "right", "strike", "expiry", "alias")
        values = {**dict(zip(names, args)), **named}
        if isinstance(underlying, str):
            underlying = Symbol.create(underlying, SecurityType.EQUITY, values["market"])
        return _option(underlying, target, values["market"], values["style"], values["right"], values["strike"],
                       values["expiry"], values.get("alias", alias))

    @staticmethod
    def create_canonical_option(underlying: Symbol, target_option: str | None = None, market: str | None = None,
                                alias: str | None = None) -> Symbol:
        """Symbol of the whole chain on an underlying, or of the chain of one of its tickers."""
        if alias is None and market is not None and market.startswith("?"):
            target_option, market, alias = None, target_option, market
        if target_option is not None and market is None and target_option.lower() in MARKET_CODES:
            target_option, market = None, target_option
        kind = option_type_of(underlying.security_type)
        style = OptionStyle.EUROPEAN if kind == SecurityType.INDEX_OPTION else OptionStyle.AMERICAN
        return _option(underlying, target_option, market or underlying.id.market, style, OptionRight.CALL, 0.0,
                       DEFAULT_DATE, alias)

    @staticmethod
    def create_future(ticker: str, market: str, expiry: datetime, alias: str | None = None) -> Symbol:
        """Symbol of one futures contract by its last trading day."""
        sid = SecurityIdentifier(ticker.upper(), SecurityType.FUTURE, market, _as_datetime(expiry))
        return Symbol(sid, alias or "")

    def __str__(self) -> str:
        return _tickers.get(self.id) or str(self.id)

    def __repr__(self) -> str:
        return str(self)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, Symbol):
            return self._hash == other._hash and self.id == other.id
        if isinstance(other, str):
            found = _symbols.get(other)
            return found is not None and found.id == self.id
        return self.id == other if isinstance(other, SecurityIdentifier) else NotImplemented

    def __lt__(self, other: Symbol) -> bool:
        return self.value < other.value

    def __gt__(self, other: Symbol) -> bool:
        return self.value > other.value

    def __le__(self, other: Symbol) -> bool:
        return self.value <= other.value

    def __ge__(self, other: Symbol) -> bool:
        return self.value >= other.value

    if not TYPE_CHECKING:  # a name that is not there is an error to a type checker
        def __getattr__(self, name: str) -> Any:
            if name == "ID":
                return self.id
            if name.startswith("__"):
                raise AttributeError(name)
            return other_member(self, name, "Symbol")


def _as_datetime(when: date) -> datetime:
    if isinstance(when, datetime):
        return when.replace(tzinfo=None)
    return datetime(when.year, when.month, when.day)


def option_type_of(underlying: SecurityType) -> SecurityType:
    """Type of the options on an equity, a future or an index."""
    types = {SecurityType.EQUITY: SecurityType.OPTION, SecurityType.FUTURE: SecurityType.FUTURE_OPTION,
             SecurityType.INDEX: SecurityType.INDEX_OPTION}
    if underlying not in types:
        raise ValueError(f"there are no options on a security of type {underlying}")
    return types[underlying]


def _option(underlying: Symbol, target: str | None, market: str, style: OptionStyle, right: OptionRight,
            strike: float, expiry: date, alias: str | None) -> Symbol:
    if not target:
        is_future = underlying.security_type == SecurityType.FUTURE
        target = option_of_future(underlying.id.symbol) if is_future else underlying.id.symbol
    sid = SecurityIdentifier(target.upper(), option_type_of(underlying.security_type), market, _as_datetime(expiry),
                             float(strike), OptionRight(int(right)), OptionStyle(int(style)), underlying.id)
    return Symbol(sid, alias or _alias(sid, underlying), underlying)


def _alias(sid: SecurityIdentifier, underlying: Symbol | None) -> str | None:
    """Ticker of a derivative, made from its parts."""
    if sid.security_type.is_option():
        name = underlying.value if sid.symbol == underlying.id.symbol else sid.symbol
        if sid.date == DEFAULT_DATE:
            return f"?{name.upper()}"
        return osi_ticker(name + " " if len(name) > 5 else name, sid.option_right, sid.strike_price, sid.date)
    if sid.security_type == SecurityType.FUTURE:
        return f"/{sid.symbol}" if sid.date == DEFAULT_DATE else future_ticker(sid.symbol, sid.date)
    return None


@functools.lru_cache(maxsize=5_000)
def future_ticker(root: str, expiry: datetime) -> str:
    """Ticker of a futures contract with its day, month letter and year, e.g. `MES20U24`."""
    from local.engine.market.futures_expiry import months_from_expiry_to_contract

    months = months_from_expiry_to_contract(root, expiry)
    index = expiry.year * 12 + expiry.month - 1 + months
    return f"{root}{expiry.day:02d}{MONTH_LETTERS[index % 12]}{index // 12 % 100}"
