"""One American option in plain floats, with as few arrays as possible, because every leg is computed again and again.

If a quick bound shows that the premium of early exercise cannot matter (it earns no interest, the option is far out of
the money, or has only hours to live), the European value is the answer. Units are those of ``core.option_math``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, isfinite, log, pi, sqrt
from typing import Final, Mapping

import numpy as np

from config.constants import CALENDAR_DAYS_PER_YEAR
from core.american.boundary import LEAST_BURDEN, exercised_early, two_boundaries
from core.american.cells import boundary_of_one
from core.american.premium import burdens, premium, premium_slopes
from core.american.volatilities import WIDEST_DEVIATION
from core.errors import CannotCompute
from core.model import Right
from core.option_math import (HIGHEST_IV, LOWEST_IV, VOLATILITY_POINT, OptionGreeks, greeks, implied_volatility,
                              normal_cdf, price, price_bounds)

NO_MATTER: Final = 5e-6             # of the spot: a smaller premium counts as 0 (a quarter of a cent on 550)
_PRICE_SETTLED: Final = 1e-10       # of the unit
_STEPS: Final = 60
_ROOT_TWO_PI: Final = sqrt(2.0 * pi)
# Distances below the strike, in deviations, that a boundary keeps (see ``premium_bound``): the distance, the Bachelier
# value of an option that far out of the money, and the largest share of the interest that its premium can reach.
_SMALL_DEVIATION: Final = 0.05
_KEPT: Final = 0.8
_DISTANCES: Final = tuple(
    (distance, exp(-0.5 * distance ** 2) / _ROOT_TWO_PI - distance * normal_cdf(-distance),
     0.5 - 0.5 * distance * normal_cdf(-distance) * _ROOT_TWO_PI * exp(0.5 * distance ** 2))
    for distance in (4.0, 3.5, 3.0, 2.5, 2.0, 1.5, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _UnitPut:
    """An option as a put of strike 1. Its values are multiplied by ``unit``."""

    unit: float
    log_price: float
    rate_time: float
    yield_time: float
    call: bool

    @property
    def exercise(self) -> float:
        """Value of exercising now; below 0 out of the money."""
        return -expm1(self.log_price)


def american_price(spot: float, strike: float, right: Right, iv: float, years: float, rate: float,
                   dividend_yield: float) -> float:
    """American option price in points.

    Raises
    ------
    CannotCompute
        As ``option_math.price``, and if exercise would pay only between two prices (negative rates).
    """
    european = price(spot, strike, right, iv, years, rate, dividend_yield)
    put = _unit_put(spot, strike, right, years, rate, dividend_yield)
    deviation = iv * sqrt(years)
    if not _matters(put, deviation):
        return max(european, put.unit * put.exercise)
    return put.unit * _value(put, deviation, european / put.unit)


def american_leg_greeks(spot: float, strike: float, right: Right, iv: float, years: float, rate: float,
                        dividend_yield: float) -> OptionGreeks:
    """Price and sensitivities of one long American option. An option worth exercising at once has no gamma, vega or
    theta.

    Raises
    ------
    CannotCompute
        As :func:`american_price`.
    """
    european = greeks(spot, strike, right, iv, years, rate, dividend_yield)
    put = _unit_put(spot, strike, right, years, rate, dividend_yield)
    deviation = iv * sqrt(years)
    if not _matters(put, deviation):
        return european if european.price >= put.unit * put.exercise else _exercised(put, iv)
    weights, nodes = boundary_of_one(put.rate_time, put.yield_time, deviation, call=put.call)
    if put.log_price <= np.dot(weights, nodes.now):
        return _exercised(put, iv)
    added = premium_slopes(np.dot(weights, nodes.rows), np.dot(weights, nodes.moving) / deviation, put.log_price,
                           deviation, burdens(put.rate_time, put.yield_time))
    value, first, second = float(added.value), float(added.first), float(added.second)
    ratio = exp(put.log_price)
    found = max(european.price + put.unit * value, put.unit * put.exercise)
    delta = european.delta + (value - ratio * first if put.call else first)
    gamma = european.gamma + second * (ratio ** 2 if put.call else 1.0) / put.unit
    vega = european.vega + put.unit * float(added.by_deviation) * sqrt(years) * VOLATILITY_POINT
    theta = rate * found - (rate - dividend_yield) * spot * delta - 0.5 * (iv * spot) ** 2 * gamma
    return OptionGreeks(price=found, delta=delta, gamma=gamma, vega=vega, theta=theta / CALENDAR_DAYS_PER_YEAR, iv=iv)


def american_price_bounds(spot: float, strike: float, right: Right, years: float, rate: float, dividend_yield: float
                          ) -> tuple[float, float]:
    """Lowest and highest arbitrage-free price in points of an American option (both excluded)."""
    lowest, _ = price_bounds(spot, strike, right, years, rate, dividend_yield)
    exercise = spot - strike if right is Right.CALL else strike - spot
    return max(lowest, exercise), max(spot, spot * exp(-dividend_yield * years)) if right is Right.CALL else \
        max(strike, strike * exp(-rate * years))


def american_implied_volatility(price: float, spot: float, strike: float, right: Right, years: float, rate: float,
                                dividend_yield: float) -> float:
    """Volatility at which the American value is ``price``. It starts from the European volatility, lowered for the
    premium, and takes secant steps inside a shrinking bracket.

    Raises
    ------
    CannotCompute
        If an input is missing, or no volatility in [LOWEST_IV, HIGHEST_IV] gives the price.
    """
    lowest, highest = american_price_bounds(spot, strike, right, years, rate, dividend_yield)
    facts = dict(price=price, spot=spot, strike=strike, right=right.value, years=years)
    if not isfinite(price) or not lowest < price < highest:
        raise CannotCompute("price admits no volatility", lowest=lowest, highest=highest, **facts)
    put = _unit_put(spot, strike, right, years, rate, dividend_yield)
    root = sqrt(years)
    if price < price_bounds(spot, strike, right, years, rate, dividend_yield)[1]:
        european = implied_volatility(price, spot, strike, right, years, rate, dividend_yield)
        if not _matters(put, european * root):
            return european
    else:
        european = min(HIGHEST_IV, WIDEST_DEVIATION / root)
    return _secant(put, price, european, root, facts)


def premium_bound(log_price: float, deviation: float, rate_time: float, yield_time: float) -> float:
    """A quick upper bound of the premium of a put of strike 1. ``exercised_early`` must hold, ``rate_time`` must be
    above 0 and ``yield_time`` must not be negative.

    Exercising earns at most the interest on the strike while the price is below the boundary, and the boundary is not
    above its limit at expiry. For an option that lives only hours, the boundary also keeps a distance from the strike:
    exercising gives up a call, and that call must be worth less than the interest.
    """
    ceiling = log(rate_time / yield_time) if yield_time > rate_time else 0.0
    drift = min(0.0, rate_time - yield_time - 0.5 * deviation ** 2)
    away = (log_price - ceiling + drift) / deviation
    share = 1.0
    if away >= 0.0:
        share = (1.0 + away * away) * normal_cdf(-away) - away * exp(-0.5 * away * away) / _ROOT_TWO_PI
    if deviation < _SMALL_DEVIATION and yield_time <= rate_time:
        least = rate_time / (_KEPT * deviation)
        for _, worth, kept_share in _DISTANCES:
            if worth > least:
                share = min(share, kept_share + 0.8 * max(0.0, -away))
                break
    return rate_time * share


def _unit_put(spot: float, strike: float, right: Right, years: float, rate: float, dividend_yield: float) -> _UnitPut:
    call = right is Right.CALL
    earned, forgone, unit, other = (dividend_yield, rate, spot, strike) if call else (rate, dividend_yield, strike, spot)
    if two_boundaries(earned * years, forgone * years):
        raise CannotCompute("option would be exercised between two prices alone", rate=rate, dividend_yield=dividend_yield)
    return _UnitPut(unit=unit, log_price=log(other / unit), rate_time=earned * years,
                    yield_time=forgone * years, call=call)


def _exercised(put: _UnitPut, iv: float) -> OptionGreeks:
    return OptionGreeks(price=put.unit * put.exercise, delta=1.0 if put.call else -1.0, gamma=0.0, vega=0.0, theta=0.0,
                        iv=iv)


def _matters(put: _UnitPut, deviation: float) -> bool:
    """Whether the premium may reach ``NO_MATTER``."""
    if not exercised_early(put.rate_time, put.yield_time):
        return False
    if put.rate_time <= LEAST_BURDEN or put.yield_time < 0.0:
        return True
    spot = 1.0 if put.call else exp(put.log_price)
    return premium_bound(put.log_price, deviation, put.rate_time, put.yield_time) > NO_MATTER * spot


def _european(put: _UnitPut, deviation: float) -> float:
    upper = (put.log_price + put.rate_time - put.yield_time) / deviation + 0.5 * deviation
    return exp(-put.rate_time) * normal_cdf(deviation - upper) - exp(put.log_price - put.yield_time) * normal_cdf(-upper)


def _value(put: _UnitPut, deviation: float, european: float) -> float:
    """American value of a put of strike 1."""
    weights, nodes = boundary_of_one(put.rate_time, put.yield_time, deviation, call=put.call)
    if put.log_price <= np.dot(weights, nodes.now):
        return put.exercise
    added = premium(np.dot(weights, nodes.rows), put.log_price, deviation, burdens(put.rate_time, put.yield_time))
    return max(european + float(added), put.exercise)


def _secant(put: _UnitPut, price: float, highest_iv: float, root: float, facts: Mapping[str, object]) -> float:
    """Volatility by secant steps from the highest it can be. The first step is a Newton step on the European value."""
    target, low, high = price / put.unit, LOWEST_IV * root, highest_iv * root
    now = high
    error = _value(put, now, _european(put, now)) - target
    upper = (put.log_price + put.rate_time - put.yield_time) / now + 0.5 * now
    slope = exp(put.log_price - put.yield_time - 0.5 * upper * upper) / _ROOT_TWO_PI
    if error < 0.0 and abs(error) > _PRICE_SETTLED:
        raise CannotCompute("price admits no volatility in range", **facts)
    for _ in range(_STEPS):
        if abs(error) <= _PRICE_SETTLED or high - low <= _PRICE_SETTLED * high:
            return now / root
        step = now - error / slope if slope != 0.0 else low
        following = step if low < step < high else 0.5 * (low + high)
        found = _value(put, following, _european(put, following)) - target
        slope = (found - error) / (following - now)
        now, error = following, found
        low, high = (low, now) if error > 0.0 else (now, high)
    raise CannotCompute("implied volatility did not converge", **facts)
