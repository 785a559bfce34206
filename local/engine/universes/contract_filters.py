"""Filters over a chain's contracts: what `set_filter` hands to an algorithm."""
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import dropwhile, takewhile
from typing import Any, Generic, TypeVar

from local.engine.broker.extensions import OptionSymbol
from local.engine.enums import OptionRight, SecurityType
from local.engine.errors import ArgumentException, InvalidOperationException
from local.engine.market.chains import Greeks
from local.engine.market.futures_expiry import contract_month, expiry_of_month
from local.engine.market.market_hours import MarketHoursDatabase
from local.engine.market.symbol import Symbol
from local.engine.net_names import other_member
from local.engine.universes.universe_files import UniverseRow

_STANDARD, _WEEKLY = 1, 2
_EXACT = 8
R = TypeVar("R", bound="FutureUniverse")
F = TypeVar("F", bound="ContractFilter")


class FutureUniverse:
    """A contract as a filter sees it: the figures of the day before."""

    def __init__(self, symbol: Symbol, time: datetime, row: UniverseRow | None = None) -> None:
        self.symbol, self._row = symbol, row
        self.end_time = time if row is None else row.end_time
        self.time = self.end_time - timedelta(days=1)

    def _number(self, index: int) -> float:
        return 0.0 if self._row is None else self._row.number(index)

    @property
    def id(self) -> Any:
        """Identifier of the contract."""
        return self.symbol.id

    @property
    def open(self) -> float:
        """First price of the day."""
        return self._number(0)

    @property
    def high(self) -> float:
        """Highest price of the day."""
        return self._number(1)

    @property
    def low(self) -> float:
        """Lowest price of the day."""
        return self._number(2)

    @property
    def close(self) -> float:
        """Last price of the day."""
        return self._number(3)

    value = price = close

    @property
    def volume(self) -> float:
        """Contracts traded."""
        return self._number(4)

    @property
    def open_interest(self) -> float:
        """Contracts open."""
        return self._number(5)

    def __str__(self) -> str:
        return self.symbol.value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return other_member(self, name)


class OptionUniverse(FutureUniverse):
    """An option as a filter sees it."""

    @property
    def implied_volatility(self) -> float:
        """Implied volatility at the close."""
        return self._number(6)

    @property
    def greeks(self) -> Greeks:
        """Greeks at the close; theta is per year."""
        number = self._number
        return Greeks(number(7), number(8), number(9), number(10) * 365.0, number(11), 0.0)

    @property
    def underlying(self) -> UnderlyingUniverse | None:
        """The underlying's figures."""
        return None if self._row is None else UnderlyingUniverse(self.symbol.underlying, self.end_time, self._row)


class UnderlyingUniverse(FutureUniverse):
    """The underlying as a filter sees it: its close."""

    @property
    def close(self) -> float:
        """Last price of the day."""
        return self._row.underlying_price

    value = price = close


class ContractFilter(Generic[R]):
    """The contracts that are left; every method narrows them and returns the filter itself."""

    _row_type: type[R]

    def __init__(self) -> None:
        self.local_time: datetime | None = None
        self._rows: list[R] = []
        self._kinds, self._are_kinds_applied = _STANDARD | _WEEKLY, False

    def refresh(self, rows: Iterable[UniverseRow], local_time: datetime) -> None:
        """Starts a selection with all contracts of a day."""
        self._rows = [self._row_type(row.symbol, row.end_time, row) for row in rows]
        self.local_time = local_time
        self._kinds, self._are_kinds_applied = _STANDARD | _WEEKLY, False

    @property
    def symbols(self) -> list[Symbol]:
        """Symbols of the contracts that are left."""
        return [row.symbol for row in self._rows]

    @property
    def count(self) -> int:
        """Number of contracts that are left."""
        return len(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._rows))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return other_member(self, name)

    def _keep(self: F, rows: Iterable[R]) -> F:
        self._rows = list(rows)
        return self

    def _keep_symbols(self: F, symbols: Iterable[Any]) -> F:
        by_symbol = {row.symbol: row for row in reversed(self._rows)}
        chosen = [getattr(item, "symbol", item) if not isinstance(item, Symbol) else item for item in symbols]
        return self._keep(by_symbol.get(s) or self._row_type(s, self.local_time) for s in chosen)

    # kinds ------------------------------------------------------------------------------------------------------
    def is_standard(self, symbol: Symbol) -> bool:
        """Whether a contract has the product's regular expiry."""
        raise NotImplementedError

    def standards_only(self: F) -> F:
        """Leaves weekly contracts out."""
        self._before_kinds("StandardsOnly")
        self._kinds = _STANDARD
        return self

    def include_weeklys(self: F) -> F:
        """Lets weekly contracts in; they are in unless left out."""
        self._before_kinds("IncludeWeeklys")
        self._kinds |= _WEEKLY
        return self

    def weeklys_only(self: F) -> F:
        """Leaves only weekly contracts."""
        self._kinds = _WEEKLY
        return self

    def _before_kinds(self, name: str) -> None:
        if self._are_kinds_applied:
            raise InvalidOperationException(f"Type filters have already been applied, please call {name}() before "
                                            "applying other filters such as FrontMonth() or BackMonths()")

    def apply_kinds(self: F) -> F:
        """Leaves the wanted kinds of contracts; one contract decides for all of its expiry."""
        if self._are_kinds_applied:
            return self
        if self._kinds != _STANDARD | _WEEKLY:
            standard: dict[datetime, bool] = {}
            for row in self._rows:
                if row.id.date not in standard:
                    standard[row.id.date] = self.is_standard(row.symbol)
            self._keep(row for row in self._rows if standard[row.id.date] == (self._kinds == _STANDARD))
        self._are_kinds_applied = True
        return self

    # expiries ---------------------------------------------------------------------------------------------------
    def _by_expiry(self) -> list[R]:
        return sorted(self.apply_kinds()._rows, key=lambda row: row.id.date)

    def front_month(self: F) -> F:
        """Leaves the nearest expiry."""
        rows = self._by_expiry()
        return self._keep(takewhile(lambda row: row.id.date == rows[0].id.date, rows))

    def back_months(self: F) -> F:
        """Leaves all expiries but the nearest."""
        rows = self._by_expiry()
        return self._keep(dropwhile(lambda row: row.id.date == rows[0].id.date, rows))

    def back_month(self: F) -> F:
        """Leaves the second expiry."""
        return self.back_months().front_month()

    def _reference_date(self) -> datetime:
        return self.local_time.replace(hour=0, minute=0, second=0, microsecond=0)

    def expiration(self: F, min_expiry: int | timedelta, max_expiry: int | timedelta) -> F:
        """Leaves contracts that expire within a span from today, in days or as time spans; both ends are included."""
        today = self._reference_date()
        first, last = _add(today, _span(min_expiry)), _add(today, _span(max_expiry))
        return self._keep(row for row in self._rows if first <= row.id.date <= last)

    def contracts(self: F, contracts: Any) -> F:
        """Leaves the given contracts: symbols, or a function from the contracts to the wanted ones."""
        return self._keep_symbols(contracts(list(self._rows)) if callable(contracts) else contracts)


def _span(days: int | timedelta) -> timedelta:
    return days if isinstance(days, timedelta) else timedelta(days=int(days))


def _add(day: datetime, span: timedelta) -> datetime:
    try:
        return day + span
    except OverflowError:
        return datetime.max


class FutureFilterUniverse(ContractFilter[FutureUniverse]):
    """Filter over the futures of a product."""

    _row_type = FutureUniverse

    def __init__(self, hours: MarketHoursDatabase) -> None:
        super().__init__()
        self._hours = hours

    def is_standard(self, symbol: Symbol) -> bool:
        """Whether a contract expires on the day its product's rule gives for its month."""
        root, expiry = symbol.id.symbol, symbol.id.date
        regular = expiry_of_month(root, symbol.id.market, contract_month(root, expiry), self._hours)
        return regular.date() == expiry.date()

    def expiration_cycle(self, months: Iterable[int]) -> FutureFilterUniverse:
        """Leaves contracts that expire in given months (1 to 12)."""
        wanted = set(months)
        return self._keep(row for row in self._rows if row.id.date.month in wanted)


class BaseOptionFilter(ContractFilter[OptionUniverse]):
    """Filter over options by strike, right, Greeks and open interest."""

    _row_type = OptionUniverse

    def __init__(self, option: Any) -> None:
        super().__init__()
        self._option = option
        self._scale = option.symbol_properties.strike_multiplier
        self.underlying: UnderlyingUniverse | None = None
        self._strikes: list[float] = []
        self._last_date: datetime | None = None

    def refresh(self, rows: Iterable[UniverseRow], local_time: datetime) -> None:
        """Starts a selection with all options of a day; the list of strikes is kept within a day."""
        super().refresh(rows, local_time)
        has_price = bool(self._rows) and self._rows[0].underlying.price > 0
        self.underlying = self._rows[0].underlying if has_price else None
        if self._last_date != self._reference_today():
            self._strikes, self._last_date = [], self._reference_today()

    def _reference_today(self) -> datetime:
        return self.local_time.replace(hour=0, minute=0, second=0, microsecond=0)

    def _reference_date(self) -> datetime:
        hours, today = self._option.exchange.hours, self._reference_today()
        return today if hours.is_date_open(today) else hours.get_next_trading_day(today)

    def is_standard(self, symbol: Symbol) -> bool:
        """Whether an option is a monthly one."""
        return OptionSymbol.is_standard(symbol)

    def strikes(self, min_strike: int, max_strike: int) -> BaseOptionFilter:
        """Leaves strikes from some steps below the underlying's price to some steps above it."""
        if self.underlying is None:
            return self
        if not self._strikes:
            self._strikes = sorted({row.id.strike_price for row in self._rows})
        price = round(self.underlying.price / self._scale, _EXACT)
        index = bisect_left(self._strikes, price)
        if index == len(self._strikes):
            return self._keep([])
        low, high = index + int(min_strike), index + int(max_strike)
        if self._strikes[index] != price:
            if min_strike < 0 < max_strike:
                high -= 1
            elif min_strike > 0:
                low, high = low - 1, high - 1
        if low >= len(self._strikes) or high < 0:
            return self._keep([])
        lowest, highest = self._strikes[max(low, 0)], self._strikes[min(high, len(self._strikes) - 1)]
        return self._keep(row for row in self._rows if lowest <= row.id.strike_price <= highest)

    def calls_only(self) -> BaseOptionFilter:
        """Leaves calls."""
        return self._keep(row for row in self._rows if row.id.option_right == OptionRight.CALL)

    def puts_only(self) -> BaseOptionFilter:
        """Leaves puts."""
        return self._keep(row for row in self._rows if row.id.option_right == OptionRight.PUT)

    # figures ----------------------------------------------------------------------------------------------------
    def _between(self, name: str, value: Callable[[OptionUniverse], float], low: float,
                 high: float) -> BaseOptionFilter:
        if self._option.symbol.security_type == SecurityType.FUTURE_OPTION:
            raise InvalidOperationException(f"{name} filter is not supported for future options.")
        return self._keep(row for row in self._rows if low <= value(row) <= high)

    def delta(self, min: float, max: float) -> BaseOptionFilter:
        """Leaves options with a delta within bounds."""
        return self._between("Delta", lambda row: row.greeks.delta, min, max)

    def gamma(self, min: float, max: float) -> BaseOptionFilter:
        """Leaves options with a gamma within bounds."""
        return self._between("Gamma", lambda row: row.greeks.gamma, min, max)

    def theta(self, min: float, max: float) -> BaseOptionFilter:
        """Leaves options with a theta (per year) within bounds."""
        return self._between("Theta", lambda row: row.greeks.theta, min, max)

    def vega(self, min: float, max: float) -> BaseOptionFilter:
        """Leaves options with a vega within bounds."""
        return self._between("Vega", lambda row: row.greeks.vega, min, max)

    def rho(self, min: float, max: float) -> BaseOptionFilter:
        """Leaves options with a rho within bounds."""
        return self._between("Rho", lambda row: row.greeks.rho, min, max)

    def implied_volatility(self, min: float, max: float) -> BaseOptionFilter:
        """Leaves options with an implied volatility within bounds."""
        return self._between("ImpliedVolatility", lambda row: row.implied_volatility, min, max)

    def open_interest(self, min: float, max: float) -> BaseOptionFilter:
        """Leaves options with an open interest within bounds."""
        return self._between("OpenInterest", lambda row: row.open_interest, min, max)

    d, g, t, v, r, iv, oi = delta, gamma, theta, vega, rho, implied_volatility, open_interest

    # for strategies ---------------------------------------------------------------------------------------------
    def _nearest_expiry(self, symbols: Iterable[Symbol], min_days: int) -> list[Symbol]:
        """Contracts of the first expiry at least some days away, by identifier."""
        earliest = self._last_date + timedelta(days=int(min_days))
        expiries = {symbol.id.date for symbol in symbols if symbol.id.date >= earliest}
        if not expiries:
            return []
        first = min(expiries)
        return sorted((symbol for symbol in symbols if symbol.id.date == first), key=lambda symbol: str(symbol.id))

    def _price(self) -> float:
        if self.underlying is None:
            raise ArgumentException("the chain's universe file has no price of the underlying")
        return self.underlying.price

    def _strike_near(self, symbols: Iterable[Symbol], from_price: float) -> float | None:
        """The strike nearest to the underlying's price plus a distance, None without contracts."""
        wanted = self._price() + float(from_price)
        strikes = (symbol.id.strike_price for symbol in symbols)
        return min(strikes, key=lambda strike: round(abs(wanted - strike), _EXACT), default=None)
