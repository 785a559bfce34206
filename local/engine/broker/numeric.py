"""Decimal discipline for floats.

LEAN keeps money as decimal; here it is float, rounded where values are compared or accumulated, so that
sums of prices with few decimals compare as their exact decimals would.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

DIGITS = 9
"""Decimal places kept when values are compared or accumulated."""


def exact(value: float) -> float:
    """Return `value` rounded to `DIGITS` places, so that equal decimals are equal floats."""
    return round(value, DIGITS)


def sign(value: float) -> int:
    """Return -1, 0 or 1."""
    return int(value > 0) - int(value < 0)


def round_to_increment(price: float, increment: float) -> float:
    """Round `price` to a multiple of `increment`, halves to even, as decimal arithmetic does.

    Parameters
    ----------
    price : float
        Price in quote currency.
    increment : float
        Smallest price step, above zero.
    """
    step = Decimal(repr(increment))
    units = (Decimal(repr(price)) / step).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return float(units * step)


def truncate_to_lot(quantity: float, lot: float) -> float:
    """Drop the part of `quantity` that is not a whole number of lots, towards zero."""
    remainder = Decimal(repr(quantity)) % Decimal(repr(lot))
    return float(Decimal(repr(quantity)) - remainder)


def text(value: float) -> str:
    """Return a number as a normalised decimal would print: no trailing zeros, no exponent."""
    rounded = round(float(value), 12)
    if rounded == int(rounded):
        return str(int(rounded))
    return format(Decimal(repr(rounded)), "f")


def places(value: float) -> int:
    """Return how many decimal places a number needs."""
    return max(0, -Decimal(repr(round(float(value), 12))).normalize().as_tuple().exponent)


def fixed(value: float, digits: int) -> str:
    """Return a number as text with at least `digits` decimal places."""
    needed = max(digits, places(value))
    return f"{value:.{needed}f}"


def smart_round(value: float) -> float:
    """Round for messages: four places above 1,000, otherwise seven significant digits."""
    if value == 0:
        return 0.0
    if value > 1000:
        return round(value, 4)
    scale = 10.0 ** (math.floor(math.log10(abs(value))) + 1)
    return round(scale * round(value / scale, 7), 12)


def smart_text(value: float) -> str:
    """Return `smart_round(value)` as text."""
    return text(smart_round(value))


def decimal_of(value: Any, name: str) -> float:
    """A number as LEAN's bridge takes it for a decimal: whole numbers, fractions, truth values and texts of them.

    Raises
    ------
    TypeError
        For anything else, for what is not a number and for infinities.
    """
    if isinstance(value, (int, float, str)) or hasattr(value, "__float__"):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
    raise TypeError(f"No method matches given arguments: {name} is {value!r}")


def whole_of(value: Any, name: str) -> int:
    """A number as LEAN's bridge takes it for an integer; TypeError for fractions and for what is no number."""
    number = decimal_of(value, name)
    if number != int(number):
        raise TypeError(f"No method matches given arguments: {name} is {value!r}, no whole number")
    return int(number)
