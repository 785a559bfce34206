"""Option strategies as one thing to trade: named legs on a canonical option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.engine.broker.orders import Leg
from local.engine.enums import OptionRight
from local.engine.errors import ArgumentException

if TYPE_CHECKING:
    from local.engine.market.symbol import Symbol

SHARES_PER_CONTRACT = 100


class OptionLegData(Leg):
    """An option leg of a strategy; its symbol follows from right, strike and expiration."""

    def __init__(self, right: OptionRight, strike: float, quantity: int, expiration: datetime) -> None:
        super().__init__(None, quantity)
        self.right = right
        self.strike = strike
        self.expiration = expiration


class OptionStrategy:
    """A strategy with its legs."""

    def __init__(self, name: str, canonical_option: Symbol, option_legs: Sequence[OptionLegData],
                 underlying_legs: Sequence[Leg] = ()) -> None:
        self.name = name
        self.canonical_option = canonical_option
        self.underlying = canonical_option.underlying
        self.option_legs = list(option_legs)
        self.underlying_legs = list(underlying_legs)

    def set_symbols(self) -> None:
        """Give every option leg its contract's symbol."""
        from local.engine.market.symbol import Symbol

        canonical = self.canonical_option
        for leg in self.option_legs:
            if leg.symbol is None:
                leg.symbol = Symbol.create_option(self.underlying, canonical.id.symbol, self.underlying.id.market,
                                                  canonical.id.option_style, leg.right, leg.strike, leg.expiration)


_LegSpec = tuple[str, int, str, str]
"""Right (C or P), ratio, name of the strike's parameter, name of the expiry's parameter."""


def _factory(name: str, parameters: str, legs: str, order: str = "", lots: int = 0,
             equidistant: tuple[str, str, str] | None = None) -> Callable[..., OptionStrategy]:
    """Make a strategy's constructor.

    Parameters
    ----------
    name : str
        The strategy's name.
    parameters : str
        Parameter names after `canonical_option`, separated by blanks.
    legs : str
        Legs like `C-1:strike` or `C-1:strike@near_expiration`, separated by blanks.
    order : str
        Relation that must hold between strikes or expiries, like `a<b<c`; names joined by < or <=.
    lots : int
        Lots of the underlying.
    equidistant : tuple of str, optional
        Low, middle and high strike that must be evenly spaced.
    """
    names = parameters.split()
    specs = [_read_leg(leg) for leg in legs.split()]

    def create(canonical_option: Symbol, *arguments: Any, **named: Any) -> OptionStrategy:
        values = {**dict(zip(names, arguments)), **named}
        if set(values) != set(names) or len(arguments) > len(names):
            raise TypeError(f"OptionStrategies: {name} takes canonical_option, {', '.join(names)}")
        if not canonical_option.has_underlying or canonical_option.id.strike_price != 0:
            raise ArgumentException(f"{name}: canonicalOption must contain canonical option symbol")
        _check_order(name, order, values)
        if equidistant is not None:
            low, middle, high = (float(values[key]) for key in equidistant)
            if round(high - middle, 9) != round(middle - low, 9):
                raise ArgumentException(f"{name}: upper and lower strikes must both be equidistant from the middle "
                                        "strike")
        made = [OptionLegData(OptionRight.CALL if right == "C" else OptionRight.PUT, float(values[strike]), ratio,
                              values[expiry]) for right, ratio, strike, expiry in specs]
        shares = [Leg(canonical_option.underlying, lots * SHARES_PER_CONTRACT)] if lots else []
        return OptionStrategy(name, canonical_option, made, shares)

    return create


def _read_leg(text: str) -> _LegSpec:
    head, _, names = text.partition(":")
    strike, _, expiry = names.partition("@")
    return head[0], int(head[1:]), strike, expiry or "expiration"


def _check_order(name: str, order: str, values: dict[str, Any]) -> None:
    if not order:
        return
    keys = order.replace("<=", "<").split("<")
    strict = ["<=" not in part for part in _between(order, keys)]
    for left, right, is_strict in zip(keys, keys[1:], strict):
        if values[left] > values[right] or is_strict and values[left] == values[right]:
            raise ArgumentException(f"{name}: {left} must be less than {right}")


def _between(order: str, keys: Sequence[str]) -> list[str]:
    parts, rest = [], order
    for left, right in zip(keys, keys[1:]):
        start, end = rest.index(left) + len(left), rest.index(right, rest.index(left) + len(left))
        parts.append(rest[start:end])
        rest = rest[end:]
    return parts


_STRIKE = "strike expiration"
_TWO = "leg_1_strike leg_2_strike expiration"
_STRANGLE = "call_leg_strike put_leg_strike expiration"
_FLY = "higher_strike middle_strike lower_strike expiration"
_FLY_SPACING = ("lower_strike", "middle_strike", "higher_strike")
_FLY_ORDER = "lower_strike<middle_strike<higher_strike"
_CALENDAR = "strike near_expiration far_expiration"
_CALENDAR_ORDER = "near_expiration<far_expiration"
_IRON_FLY = "otm_put_strike atm_strike otm_call_strike expiration"
_IRON_FLY_SPACING = ("otm_put_strike", "atm_strike", "otm_call_strike")
_CONDOR = "long_put_strike short_put_strike short_call_strike long_call_strike expiration"
_SHORT_CONDOR = "short_put_strike long_put_strike long_call_strike short_call_strike expiration"
_BOX = "higher_strike lower_strike expiration"
_RISING = "lower_strike middle_strike higher_strike expiration"
_UP = "lower_strike higher_strike expiration"
_UP_ORDER = "lower_strike<higher_strike"


def _fly(name: str, right: str, side: int) -> Callable[..., OptionStrategy]:
    legs = (f"{right}{side:+d}:higher_strike {right}{-2 * side:+d}:middle_strike {right}{side:+d}:lower_strike")
    return _factory(name, _FLY, legs, _FLY_ORDER, equidistant=_FLY_SPACING)


def _calendar(name: str, right: str, side: int) -> Callable[..., OptionStrategy]:
    legs = f"{right}{-side:+d}:strike@near_expiration {right}{side:+d}:strike@far_expiration"
    return _factory(name, _CALENDAR, legs, _CALENDAR_ORDER)


def _iron_fly(name: str, side: int) -> Callable[..., OptionStrategy]:
    legs = (f"P{side:+d}:otm_put_strike P{-side:+d}:atm_strike C{-side:+d}:atm_strike C{side:+d}:otm_call_strike")
    return _factory(name, _IRON_FLY, legs, "otm_put_strike<atm_strike<otm_call_strike",
                    equidistant=_IRON_FLY_SPACING)


def _box(name: str, side: int) -> Callable[..., OptionStrategy]:
    legs = (f"P{side:+d}:higher_strike P{-side:+d}:lower_strike C{side:+d}:lower_strike C{-side:+d}:higher_strike")
    return _factory(name, _BOX, legs, _UP_ORDER)


def _jelly(name: str, side: int) -> Callable[..., OptionStrategy]:
    legs = (f"C{-side:+d}:strike@near_expiration C{side:+d}:strike@far_expiration "
            f"P{side:+d}:strike@near_expiration P{-side:+d}:strike@far_expiration")
    return _factory(name, _CALENDAR, legs, _CALENDAR_ORDER)


class OptionStrategies:
    """Constructors of the strategies LEAN names."""

    covered_call = staticmethod(_factory("Covered Call", _STRIKE, "C-1:strike", lots=1))
    protective_call = staticmethod(_factory("Protective Call", _STRIKE, "C+1:strike", lots=-1))
    covered_put = staticmethod(_factory("Covered Put", _STRIKE, "P-1:strike", lots=-1))
    protective_put = staticmethod(_factory("Protective Put", _STRIKE, "P+1:strike", lots=1))
    protective_collar = staticmethod(_factory("Protective Collar", "call_strike put_strike expiration",
                                              "C-1:call_strike P+1:put_strike", "put_strike<=call_strike", lots=1))
    conversion = staticmethod(_factory("Conversion", _STRIKE, "C-1:strike P+1:strike", lots=1))
    reverse_conversion = staticmethod(_factory("Reverse Conversion", _STRIKE, "C+1:strike P-1:strike", lots=-1))
    naked_call = staticmethod(_factory("Naked Call", _STRIKE, "C-1:strike"))
    naked_put = staticmethod(_factory("Naked Put", _STRIKE, "P-1:strike"))
    bear_call_spread = staticmethod(_factory("Bear Call Spread", _TWO, "C-1:leg_1_strike C+1:leg_2_strike",
                                             "leg_1_strike<leg_2_strike"))
    bear_put_spread = staticmethod(_factory("Bear Put Spread", _TWO, "P+1:leg_1_strike P-1:leg_2_strike",
                                            "leg_2_strike<leg_1_strike"))
    bull_call_spread = staticmethod(_factory("Bull Call Spread", _TWO, "C+1:leg_1_strike C-1:leg_2_strike",
                                             "leg_1_strike<leg_2_strike"))
    bull_put_spread = staticmethod(_factory("Bull Put Spread", _TWO, "P-1:leg_1_strike P+1:leg_2_strike",
                                            "leg_2_strike<leg_1_strike"))
    straddle = staticmethod(_factory("Straddle", _STRIKE, "C+1:strike P+1:strike"))
    short_straddle = staticmethod(_factory("Short Straddle", _STRIKE, "C-1:strike P-1:strike"))
    strangle = staticmethod(_factory("Strangle", _STRANGLE, "C+1:call_leg_strike P+1:put_leg_strike",
                                     "put_leg_strike<call_leg_strike"))
    short_strangle = staticmethod(_factory("Short Strangle", _STRANGLE, "C-1:call_leg_strike P-1:put_leg_strike",
                                           "put_leg_strike<call_leg_strike"))
    call_butterfly = staticmethod(_fly("Butterfly Call", "C", 1))
    butterfly_call = call_butterfly
    short_butterfly_call = staticmethod(_fly("Short Butterfly Call", "C", -1))
    put_butterfly = staticmethod(_fly("Butterfly Put", "P", 1))
    butterfly_put = put_butterfly
    short_butterfly_put = staticmethod(_fly("Short Butterfly Put", "P", -1))
    call_calendar_spread = staticmethod(_calendar("Call Calendar Spread", "C", 1))
    short_call_calendar_spread = staticmethod(_calendar("Short Call Calendar Spread", "C", -1))
    put_calendar_spread = staticmethod(_calendar("Put Calendar Spread", "P", 1))
    short_put_calendar_spread = staticmethod(_calendar("Short Put Calendar Spread", "P", -1))
    iron_butterfly = staticmethod(_iron_fly("Iron Butterfly", 1))
    short_iron_butterfly = staticmethod(_iron_fly("Short Iron Butterfly", -1))
    iron_condor = staticmethod(_factory(
        "Iron Condor", _CONDOR,
        "P+1:long_put_strike P-1:short_put_strike C-1:short_call_strike C+1:long_call_strike",
        "long_put_strike<short_put_strike<=short_call_strike<long_call_strike"))
    short_iron_condor = staticmethod(_factory(
        "Short Iron Condor", _SHORT_CONDOR,
        "P-1:short_put_strike P+1:long_put_strike C+1:long_call_strike C-1:short_call_strike",
        "short_put_strike<long_put_strike<=long_call_strike<short_call_strike"))
    box_spread = staticmethod(_box("Box Spread", 1))
    short_box_spread = staticmethod(_box("Short Box Spread", -1))
    jelly_roll = staticmethod(_jelly("Jelly Roll", 1))
    short_jelly_roll = staticmethod(_jelly("Short Jelly Roll", -1))
    bear_call_ladder = staticmethod(_factory("Bear Call Ladder", _RISING,
                                             "C-1:lower_strike C+1:middle_strike C+1:higher_strike", _FLY_ORDER))
    bull_call_ladder = staticmethod(_factory("Bull Call Ladder", _RISING,
                                             "C+1:lower_strike C-1:middle_strike C-1:higher_strike", _FLY_ORDER))
    bear_put_ladder = staticmethod(_factory("Bear Put Ladder", _FLY,
                                            "P+1:higher_strike P-1:middle_strike P-1:lower_strike", _FLY_ORDER))
    bull_put_ladder = staticmethod(_factory("Bull Put Ladder", _FLY,
                                            "P-1:higher_strike P+1:middle_strike P+1:lower_strike", _FLY_ORDER))
    call_backspread = staticmethod(_factory("Call Backspread", _UP, "C-1:lower_strike C+2:higher_strike", _UP_ORDER))
    short_call_backspread = staticmethod(_factory("Short Call Backspread", _UP,
                                                  "C+1:lower_strike C-2:higher_strike", _UP_ORDER))
    put_backspread = staticmethod(_factory("Put Backspread", _BOX, "P-1:higher_strike P+2:lower_strike", _UP_ORDER))
    short_put_backspread = staticmethod(_factory("Short Put Backspread", _BOX,
                                                 "P+1:higher_strike P-2:lower_strike", _UP_ORDER))
