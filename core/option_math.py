"""Black-Scholes-Merton for one leg, in plain floats: the code that runs every minute for a handful of legs.

Units, here and in ``core.option_arrays``: prices, spots and strikes in points; ``iv``, ``rate`` and ``dividend_yield``
are continuous fractions per year; ``years`` is actual days / 365 to 16:00 New York of the expiry day; delta and gamma
are per point of the underlying, vega per volatility **point** (0.01 of ``iv``), theta per calendar **day** (negative if
the option loses value). All are those of one long option, before multiplier and quantity.

A future's option is priced by Black (1976): ``dividend_yield = rate`` makes the spot its own forward.

Sources: Black and Scholes (1973), Merton (1973), Black (1976); formulas as in Hull, *Options, Futures, and Other
Derivatives*, chapters 15 to 19. For options that can be exercised early see ``core.american``; ``core.option_values``
chooses between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, isfinite, log, pi, sqrt

from config.constants import CALENDAR_DAYS_PER_YEAR
from core.errors import CannotCompute
from core.model import Right

VOLATILITY_POINT = 0.01
LOWEST_IV = 1e-4
HIGHEST_IV = 20.0
_VOLATILITY_TOLERANCE = 1e-12
_MAX_STEPS = 200
_ROOT_TWO = sqrt(2.0)
_ROOT_TWO_PI = sqrt(2.0 * pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionGreeks:
    """Model price in points, sensitivities of one long option (units: module docstring), and the ``iv`` behind them."""

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    iv: float


def normal_cdf(value: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * erfc(-value / _ROOT_TWO)


def _require_inputs(spot: float, strike: float, years: float, rate: float, carry: float) -> None:
    for name, value in (("spot", spot), ("strike", strike), ("years", years)):
        if not (isfinite(value) and value > 0):
            raise CannotCompute("option input is not a positive number", input=name, value=value)
    for name, value in (("rate", rate), ("dividend_yield", carry)):
        if not isfinite(value):
            raise CannotCompute("option input is not a number", input=name, value=value)


def _require_volatility(iv: float) -> None:
    if not (isfinite(iv) and iv > 0):
        raise CannotCompute("option input is not a positive number", input="iv", value=iv)


def _d1(spot: float, strike: float, iv: float, years: float, rate: float, carry: float) -> float:
    return (log(spot / strike) + (rate - carry + 0.5 * iv * iv) * years) / (iv * sqrt(years))


def _price(spot: float, strike: float, sign: int, iv: float, years: float, rate: float, carry: float) -> float:
    d1 = _d1(spot, strike, iv, years, rate, carry)
    d2 = d1 - iv * sqrt(years)
    return sign * (spot * exp(-carry * years) * normal_cdf(sign * d1)
                   - strike * exp(-rate * years) * normal_cdf(sign * d2))


def price(spot: float, strike: float, right: Right, iv: float, years: float, rate: float,
          dividend_yield: float) -> float:
    """European option price in points.

    Raises
    ------
    CannotCompute
        If spot, strike, iv or years is not a positive finite number, or a rate is not finite.
    """
    _require_inputs(spot, strike, years, rate, dividend_yield)
    _require_volatility(iv)
    return _price(spot, strike, _sign(right), iv, years, rate, dividend_yield)


def greeks(spot: float, strike: float, right: Right, iv: float, years: float, rate: float,
           dividend_yield: float) -> OptionGreeks:
    """Price and sensitivities of one long option (units: module docstring).

    Raises
    ------
    CannotCompute
        As :func:`price`.
    """
    _require_inputs(spot, strike, years, rate, dividend_yield)
    _require_volatility(iv)
    sign = _sign(right)
    root = sqrt(years)
    d1 = _d1(spot, strike, iv, years, rate, dividend_yield)
    d2 = d1 - iv * root
    held, owed = spot * exp(-dividend_yield * years), strike * exp(-rate * years)
    density = exp(-0.5 * d1 * d1) / _ROOT_TWO_PI
    weight_1, weight_2 = normal_cdf(sign * d1), normal_cdf(sign * d2)
    theta = (-held * density * iv / (2.0 * root) - sign * rate * owed * weight_2
             + sign * dividend_yield * held * weight_1)
    return OptionGreeks(
        price=sign * (held * weight_1 - owed * weight_2), delta=sign * exp(-dividend_yield * years) * weight_1,
        gamma=held / spot * density / (spot * iv * root), vega=held * density * root * VOLATILITY_POINT,
        theta=theta / CALENDAR_DAYS_PER_YEAR, iv=iv)


def price_bounds(spot: float, strike: float, right: Right, years: float, rate: float,
                 dividend_yield: float) -> tuple[float, float]:
    """Lowest and highest arbitrage-free price in points of a European option (both excluded)."""
    _require_inputs(spot, strike, years, rate, dividend_yield)
    held, owed = spot * exp(-dividend_yield * years), strike * exp(-rate * years)
    return (max(0.0, held - owed), held) if right is Right.CALL else (max(0.0, owed - held), owed)


def implied_volatility(price: float, spot: float, strike: float, right: Right, years: float, rate: float,
                       dividend_yield: float) -> float:
    """Volatility at which the model gives ``price``, by Newton steps kept inside a shrinking bracket.

    Returns
    -------
    float
        Fraction per year, within [LOWEST_IV, HIGHEST_IV].

    Raises
    ------
    CannotCompute
        If an input is missing, or no volatility in that range gives the price (at or beyond the bounds).
    """
    lowest, highest = price_bounds(spot, strike, right, years, rate, dividend_yield)
    facts = dict(price=price, spot=spot, strike=strike, right=right.value, years=years)
    if not isfinite(price) or not lowest < price < highest:
        raise CannotCompute("price admits no volatility", lowest=lowest, highest=highest, **facts)
    sign = _sign(right)
    low, high = LOWEST_IV, HIGHEST_IV
    if not (_price(spot, strike, sign, low, years, rate, dividend_yield) <= price
            <= _price(spot, strike, sign, high, years, rate, dividend_yield)):
        raise CannotCompute("price admits no volatility in range", **facts)
    root, held = sqrt(years), spot * exp(-dividend_yield * years)
    volatility = min(max(sqrt(2.0 * abs(log(spot / strike) + (rate - dividend_yield) * years) / years), 0.05), 5.0)
    for _ in range(_MAX_STEPS):
        error = _price(spot, strike, sign, volatility, years, rate, dividend_yield) - price
        if error > 0:
            high = volatility
        else:
            low = volatility
        d1 = _d1(spot, strike, volatility, years, rate, dividend_yield)
        slope = held * exp(-0.5 * d1 * d1) / _ROOT_TWO_PI * root
        step = volatility - error / slope if slope > 0.0 else low
        improved = step if low < step < high else 0.5 * (low + high)
        if abs(improved - volatility) < _VOLATILITY_TOLERANCE:
            return improved
        volatility = improved
    raise CannotCompute("implied volatility did not converge", **facts)


def probability_otm(spot: float, strike: float, right: Right, iv: float, years: float, rate: float,
                    dividend_yield: float) -> float:
    """Risk-neutral probability (0 to 1) that the option expires out of the money: N(d2) for a put, N(-d2) for a call.

    Raises
    ------
    CannotCompute
        As :func:`price`.
    """
    _require_inputs(spot, strike, years, rate, dividend_yield)
    _require_volatility(iv)
    d2 = _d1(spot, strike, iv, years, rate, dividend_yield) - iv * sqrt(years)
    return normal_cdf(-_sign(right) * d2)


def _sign(right: Right) -> int:
    return 1 if right is Right.CALL else -1
