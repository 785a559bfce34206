"""The filter over options with shortcuts that select the contracts of a strategy."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from local.engine.enums import OptionRight
from local.engine.errors import ArgumentException, InvalidOperationException
from local.engine.market.symbol import Symbol
from local.engine.universes.contract_filters import BaseOptionFilter, ContractFilter

_EXACT = 8
_CALL, _PUT = OptionRight.CALL, OptionRight.PUT


class OptionFilterUniverse(BaseOptionFilter):
    """Filter over the options of a chain."""

    def _one(self, symbols: Iterable[Symbol], strike: float | None) -> Symbol:
        found = [symbol for symbol in symbols if symbol.id.strike_price == strike]
        if len(found) != 1:
            raise InvalidOperationException(f"the chain has {len(found)} contracts of strike {strike}, not one")
        return found[0]

    def _keep_exactly(self, count: int, is_wanted: Callable[[Symbol], bool]) -> OptionFilterUniverse:
        """Leaves the wanted contracts when there are as many as the strategy has legs, else none."""
        rows = [row for row in self._rows if is_wanted(row.symbol)]
        return self._keep(rows if len(rows) == count else [])

    # one expiry, one right --------------------------------------------------------------------------------------
    def naked_call(self, min_days_till_expiry: int = 30, strike_from_atm: float = 0) -> OptionFilterUniverse:
        """Leaves one call."""
        return self._single(_CALL, min_days_till_expiry, strike_from_atm)

    def naked_put(self, min_days_till_expiry: int = 30, strike_from_atm: float = 0) -> OptionFilterUniverse:
        """Leaves one put."""
        return self._single(_PUT, min_days_till_expiry, strike_from_atm)

    def _of_expiry(self, right: OptionRight, min_days: int) -> list[Symbol]:
        return [s for s in self._nearest_expiry(self.symbols, min_days) if s.id.option_right == right]

    def _single(self, right: OptionRight, min_days: int, from_price: float) -> OptionFilterUniverse:
        contracts = self._of_expiry(right, min_days)
        if not contracts:
            return self._keep([])
        return self._keep_symbols([self._one(contracts, self._strike_near(contracts, from_price))])

    def call_spread(self, min_days_till_expiry: int = 30, higher_strike_from_atm: float = 5,
                    lower_strike_from_atm: float | None = None) -> OptionFilterUniverse:
        """Leaves two calls."""
        return self._spread(_CALL, min_days_till_expiry, higher_strike_from_atm, lower_strike_from_atm)

    def put_spread(self, min_days_till_expiry: int = 30, higher_strike_from_atm: float = 5,
                   lower_strike_from_atm: float | None = None) -> OptionFilterUniverse:
        """Leaves two puts."""
        return self._spread(_PUT, min_days_till_expiry, higher_strike_from_atm, lower_strike_from_atm)

    def _spread(self, right: OptionRight, min_days: int, higher: float, lower: float | None) -> OptionFilterUniverse:
        lower = -higher if lower is None else lower
        if higher <= lower:
            raise ArgumentException("Spread(): strike price arguments must be in descending order, "
                                    "higherStrikeFromAtm, lowerStrikeFromAtm")
        contracts = self._of_expiry(right, min_days)
        if not contracts:
            return self._keep([])
        low = self._one(contracts, self._strike_near(contracts, lower))
        above = [symbol for symbol in contracts if symbol.id.strike_price > low.id.strike_price]
        if not above:
            return self._keep([])
        return self._keep_symbols([low, self._one(above, self._strike_near(above, higher))])

    def call_butterfly(self, min_days_till_expiry: int = 30, strike_spread: float = 5) -> OptionFilterUniverse:
        """Leaves three calls at equal distances."""
        return self._butterfly(_CALL, min_days_till_expiry, strike_spread)

    def put_butterfly(self, min_days_till_expiry: int = 30, strike_spread: float = 5) -> OptionFilterUniverse:
        """Leaves three puts at equal distances."""
        return self._butterfly(_PUT, min_days_till_expiry, strike_spread)

    def _butterfly(self, right: OptionRight, min_days: int, spread: float) -> OptionFilterUniverse:
        if spread <= 0:
            raise ArgumentException("ProtectiveCollar(): strikeSpread arguments must be positive")
        contracts = self._of_expiry(right, min_days)
        if not contracts:
            return self._keep([])
        middle, price, expiry = self._strike_near(contracts, 0), self._price(), contracts[0].id.date
        below = [s for s in contracts if s.id.strike_price < price and s.id.strike_price < middle]
        low = self._strike_near(below, -spread)
        strikes = (middle, low, None if low is None else round(middle * 2 - low, _EXACT))
        return self._keep_exactly(3, lambda s: s.id.date == expiry and s.id.option_right == right
                                  and s.id.strike_price in strikes)

    def call_ladder(self, min_days_till_expiry: int, higher_strike_from_atm: float, middle_strike_from_atm: float,
                    lower_strike_from_atm: float) -> OptionFilterUniverse:
        """Leaves three calls."""
        return self._ladder(_CALL, min_days_till_expiry, higher_strike_from_atm, middle_strike_from_atm,
                            lower_strike_from_atm)

    def put_ladder(self, min_days_till_expiry: int, higher_strike_from_atm: float, middle_strike_from_atm: float,
                   lower_strike_from_atm: float) -> OptionFilterUniverse:
        """Leaves three puts."""
        return self._ladder(_PUT, min_days_till_expiry, higher_strike_from_atm, middle_strike_from_atm,
                            lower_strike_from_atm)

    def _ladder(self, right: OptionRight, min_days: int, higher: float, middle: float,
                lower: float) -> OptionFilterUniverse:
        if not higher > middle > lower:
            raise ArgumentException("Ladder(): strike price arguments must be in descending order, "
                                    "higherStrikeFromAtm, middleStrikeFromAtm, lowerStrikeFromAtm")
        contracts = self._nearest_expiry([s for s in self.symbols if s.id.option_right == right], min_days)
        if not contracts:
            raise InvalidOperationException("Sequence contains no elements")
        chosen: list[Symbol] = []
        for distance in (lower, middle, higher):
            left = [s for s in contracts if not chosen or s.id.strike_price > chosen[-1].id.strike_price]
            if not left:
                return self._keep([])
            strike = self._strike_near(left, distance)
            chosen.append(next(s for s in left if s.id.strike_price == strike))
        return self._keep(row for row in self._rows if row.symbol in chosen)

    # one expiry, calls and puts ---------------------------------------------------------------------------------
    def strangle(self, min_days_till_expiry: int = 30, call_strike_from_atm: float = 5,
                 put_strike_from_atm: float = -5) -> OptionFilterUniverse:
        """Leaves a call above and a put below the price."""
        if call_strike_from_atm <= 0:
            raise ArgumentException("Strangle(): callStrikeFromAtm must be positive")
        if put_strike_from_atm >= 0:
            raise ArgumentException("Strangle(): putStrikeFromAtm must be negative")
        return self._call_and_put(min_days_till_expiry, call_strike_from_atm, put_strike_from_atm, True)

    def straddle(self, min_days_till_expiry: int = 30) -> OptionFilterUniverse:
        """Leaves a call and a put near the price."""
        return self._call_and_put(min_days_till_expiry, 0, 0)

    def protective_collar(self, min_days_till_expiry: int = 30, call_strike_from_atm: float = 5,
                          put_strike_from_atm: float = -5) -> OptionFilterUniverse:
        """Leaves a call and a put of a lower strike."""
        if call_strike_from_atm <= put_strike_from_atm:
            raise ArgumentException("ProtectiveCollar(): strike price arguments must be in descending order, "
                                    "callStrikeFromAtm, putStrikeFromAtm")
        self._call_and_put(min_days_till_expiry, call_strike_from_atm, put_strike_from_atm)
        if len(self._rows) != 2:
            raise InvalidOperationException("Sequence contains no matching element")
        call, put = self._rows
        return self._keep([] if call.id.strike_price <= put.id.strike_price else self._rows)

    def conversion(self, min_days_till_expiry: int = 30, strike_from_atm: float = 5) -> OptionFilterUniverse:
        """Leaves a call and a put of one strike."""
        return self._call_and_put(min_days_till_expiry, strike_from_atm, strike_from_atm)

    def _call_and_put(self, min_days: int, call_from: float, put_from: float,
                      otm: bool = False) -> OptionFilterUniverse:
        contracts = self._nearest_expiry(self.symbols, min_days)
        calls = [s for s in contracts if s.id.option_right == _CALL and (not otm or s.id.strike_price > self._price())]
        puts = [s for s in contracts if s.id.option_right == _PUT and (not otm or s.id.strike_price < self._price())]
        if not calls or not puts:
            return self._keep([])
        return self._keep_symbols([self._one(calls, self._strike_near(calls, call_from)),
                                   self._one(puts, self._strike_near(puts, put_from))])

    def _out_of_the_money(self, contracts: list[Symbol]) -> tuple[list[Symbol], list[Symbol]]:
        price = self._price()
        return ([s for s in contracts if s.id.option_right == _CALL and s.id.strike_price > price],
                [s for s in contracts if s.id.option_right == _PUT and s.id.strike_price < price])

    def iron_butterfly(self, min_days_till_expiry: int = 30, strike_spread: float = 5) -> OptionFilterUniverse:
        """Leaves a straddle and the strangle around it."""
        if strike_spread <= 0:
            raise ArgumentException("IronButterfly(): strikeSpread arguments must be positive")
        contracts = self._nearest_expiry(self.symbols, min_days_till_expiry)
        calls, puts = self._out_of_the_money(contracts)
        if not calls or not puts:
            return self._keep([])
        middle, expiry = self._strike_near(contracts, 0), contracts[0].id.date
        high = self._strike_near([s for s in calls if s.id.strike_price > middle], strike_spread)
        low = None if high is None else round(middle * 2 - high, _EXACT)
        wings = {(_CALL, high), (_PUT, low)}
        return self._keep_exactly(4, lambda s: s.id.date == expiry and (
            s.id.strike_price == middle or (s.id.option_right, s.id.strike_price) in wings))

    def iron_condor(self, min_days_till_expiry: int = 30, near_strike_spread: float = 5,
                    far_strike_spread: float = 10) -> OptionFilterUniverse:
        """Leaves a put spread below and a call spread above the price, equally wide."""
        if near_strike_spread <= 0 or far_strike_spread <= 0:
            raise ArgumentException("IronCondor(): strike arguments must be positive, "
                                    "nearStrikeSpread, farStrikeSpread")
        if near_strike_spread >= far_strike_spread:
            raise ArgumentException("IronCondor(): strike arguments must be in ascending orders, "
                                    "nearStrikeSpread, farStrikeSpread")
        contracts = self._nearest_expiry(self.symbols, min_days_till_expiry)
        calls, puts = self._out_of_the_money(contracts)
        if not calls or not puts:
            return self._keep([])
        near_call = self._strike_near(calls, near_strike_spread)
        near_put = self._strike_near(puts, -near_strike_spread)
        far_call = self._strike_near([s for s in calls if s.id.strike_price > near_call], far_strike_spread)
        far_put = None if far_call is None else round(near_put - far_call + near_call, _EXACT)
        legs, expiry = {(_CALL, near_call), (_PUT, near_put), (_CALL, far_call), (_PUT, far_put)}, contracts[0].id.date
        return self._keep_exactly(4, lambda s: s.id.date == expiry and (s.id.option_right, s.id.strike_price) in legs)

    def box_spread(self, min_days_till_expiry: int = 30, strike_spread: float = 5) -> OptionFilterUniverse:
        """Leaves calls and puts of two strikes around the price."""
        if strike_spread <= 0:
            raise ArgumentException("BoxSpread(): strike arguments must be positive, strikeSpread")
        contracts = self._nearest_expiry(self.symbols, min_days_till_expiry)
        if not contracts:
            return self._keep([])
        price, expiry = self._price(), contracts[0].id.date
        high = self._strike_near([s for s in contracts if s.id.strike_price > price], strike_spread)
        low = self._strike_near([s for s in contracts if (high is None or s.id.strike_price < high)
                                 and s.id.strike_price < price], -strike_spread)
        return self._keep_exactly(4, lambda s: s.id.strike_price in (high, low) and s.id.date == expiry)

    # two expiries -----------------------------------------------------------------------------------------------
    def call_calendar_spread(self, strike_from_atm: float = 0, min_near_days_till_expiry: int = 30,
                             min_far_days_till_expiry: int = 60) -> OptionFilterUniverse:
        """Leaves two calls of one strike."""
        return self._calendar(_CALL, strike_from_atm, min_near_days_till_expiry, min_far_days_till_expiry)

    def put_calendar_spread(self, strike_from_atm: float = 0, min_near_days_till_expiry: int = 30,
                            min_far_days_till_expiry: int = 60) -> OptionFilterUniverse:
        """Leaves two puts of one strike."""
        return self._calendar(_PUT, strike_from_atm, min_near_days_till_expiry, min_far_days_till_expiry)

    def _two_expiries(self, name: str, contracts: list[Symbol], near: int, far: int) -> list[Symbol]:
        """The contracts of one strike and right at two expiries, none when one is missing."""
        if far <= near:
            raise ArgumentException(f"{name}(): expiry arguments must be in ascending order, "
                                    "minNearDaysTillExpiry, minFarDaysTillExpiry")
        if near < 0:
            raise ArgumentException(f"{name}(): near expiry argument must be positive.")
        first = self._nearest_expiry(contracts, near)
        if not first:
            return []
        second = self._nearest_expiry([s for s in contracts if s.id.date > first[0].id.date], far)
        return [first[0], second[0]] if second else []

    def _calendar(self, right: OptionRight, from_price: float, near: int, far: int) -> OptionFilterUniverse:
        strike = self._strike_near(self.symbols, from_price)
        contracts = [s for s in self.symbols if s.id.strike_price == strike and s.id.option_right == right]
        return self._keep_symbols(self._two_expiries("CalendarSpread", contracts, near, far))

    def jelly_roll(self, strike_from_atm: float = 0, min_near_days_till_expiry: int = 30,
                   min_far_days_till_expiry: int = 60) -> OptionFilterUniverse:
        """Leaves calls and puts of one strike at two expiries."""
        strike = self._strike_near(self.symbols, strike_from_atm)
        calls = [s for s in self.symbols if s.id.strike_price == strike and s.id.option_right == _CALL]
        pair = self._two_expiries("JellyRoll", calls, min_near_days_till_expiry, min_far_days_till_expiry)
        expiries = {symbol.id.date for symbol in pair}
        return self._keep_exactly(4, lambda s: s.id.strike_price == strike and s.id.date in expiries)


Selection = Callable[[ContractFilter], Any]


def selected_symbols(contracts: ContractFilter, selection: Selection) -> list[Symbol]:
    """What a filter function leaves of a chain; it may also return symbols, or nothing when it narrowed in place."""
    result = selection(contracts)
    if result is None or result is contracts:
        return contracts.apply_kinds().symbols
    if isinstance(result, ContractFilter):
        return result.apply_kinds().symbols
    return contracts.contracts(result).apply_kinds().symbols


_OPTION_NAMES = ("min_strike", "max_strike", "min_expiry", "max_expiry")
_ALIASES = {"min_expiry_days": "min_expiry", "max_expiry_days": "max_expiry"}


def option_selection(*args: Any, **named: Any) -> Selection:
    """The filter function behind the arguments of an option's `set_filter`: a function, strikes, expiries or both."""
    values = {_ALIASES.get(name, name): value for name, value in named.items()}
    if "universe_func" in values or (args and callable(args[0])):
        return values.get("universe_func") or args[0]
    names = _OPTION_NAMES[2:] if args and isinstance(args[0], timedelta) else _OPTION_NAMES
    values.update(zip(names, args))
    if len(args) > len(names) or set(values) - set(_OPTION_NAMES) or len(values) not in (2, 4):
        raise ArgumentException("set_filter takes a function, two strikes, two time spans, or strikes and expiries")

    def select(contracts: OptionFilterUniverse) -> OptionFilterUniverse:
        if "min_strike" in values:
            contracts.strikes(values["min_strike"], values["max_strike"])
        if "min_expiry" in values:
            contracts.expiration(values["min_expiry"], values["max_expiry"])
        return contracts
    return select


def future_selection(*args: Any, **named: Any) -> Selection:
    """The filter function behind the arguments of a future's `set_filter`: a function or two expiries."""
    values = {_ALIASES.get(name, name): value for name, value in named.items()}
    if "universe_func" in values or (args and callable(args[0])):
        return values.get("universe_func") or args[0]
    values.update(zip(_OPTION_NAMES[2:], args))
    if len(args) > 2 or set(values) != set(_OPTION_NAMES[2:]):
        raise ArgumentException("set_filter takes a function or two expiries")
    return lambda contracts: contracts.expiration(values["min_expiry"], values["max_expiry"])


def default_option_selection(contracts: OptionFilterUniverse) -> OptionFilterUniverse:
    """What LEAN selects without `set_filter`: the strikes next to the price, up to 35 days."""
    return contracts.strikes(-1, 1).expiration(0, 35)


def no_contracts(contracts: ContractFilter) -> list[Symbol]:
    """What LEAN selects of a future's chain without `set_filter`: nothing."""
    return []
