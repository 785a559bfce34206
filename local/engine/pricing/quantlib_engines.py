"""QuantLib's engines for options as LEAN uses them: prices, Greeks and implied volatility."""
from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from scipy.special import ndtr

from local.engine.enums import OptionRight, OptionStyle
from local.engine.market.chains import Greeks
from local.engine.pricing.american_grid import at_centre, grid_values
from local.engine.pricing.brent import find_root
from local.engine.pricing.trees import black_price, crr_lattice

_LOWEST, _HIGHEST, _ACCURACY = 1e-7, 4.0, 1e-4
_GRID_POINTS, _NO_SPREAD = 99, 1e-12
_ITERATIONS, _RELATIVE_TOLERANCE = 10, 1e-3
_PDF = 1.0 / math.sqrt(2.0 * math.pi)


def _next_day(day: datetime, hours: Any) -> datetime:
    following = day + timedelta(days=1)
    return following if hours.is_date_open(following) else hours.get_next_trading_day(following)


class Terms:
    """An option as QuantLib's engines see it: to the trading day after expiry, without dividends."""

    __slots__ = ("spot", "strike", "years", "rate", "is_call", "is_american", "first_exercise")

    def __init__(self, option: Any, contract: Any, rate_on: Callable[[Any], float]) -> None:
        today = contract.time.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = option.exchange.hours
        maturity, settlement = (_next_day(day, hours) for day in (contract.expiry.replace(hour=0, minute=0), today))
        self.spot, self.strike = option.underlying.price, contract.strike
        self.years, self.rate = (maturity - today).days / 365.0, rate_on(today.date())
        self.first_exercise = (settlement - today).days / 365.0
        self.is_call, self.is_american = contract.right == OptionRight.CALL, contract.style == OptionStyle.AMERICAN

    @property
    def plain(self) -> tuple[float, float, float, float, float]:
        """Spot, strike, years, rate and dividend yield."""
        return self.spot, self.strike, self.years, self.rate, 0.0


def implied_volatility(terms: Terms, price: float) -> float | None:
    """Volatility at which QuantLib's grid, or the formula for European options, gives a price."""
    def value(volatility: float) -> float:
        if not terms.is_american or volatility < 1e-5:
            return black_price(*terms.plain, volatility, terms.is_call)
        grid, values = grid_values(*terms.plain, volatility, terms.is_call)
        middle = (values[len(grid) // 2] + values[len(grid) // 2 - 1]) / 2
        return black_price(*terms.plain, volatility, terms.is_call) + float(middle[0] - middle[1])
    return find_root(lambda volatility: value(volatility) - price, _LOWEST, _HIGHEST, _ACCURACY)


def newton(terms: Terms, price: float, guess: float) -> float:
    """LEAN's search where QuantLib finds no volatility; 0 when it does not settle."""
    volatility = guess
    for _ in range(_ITERATIONS):
        before, greeks = volatility, undiluted_greeks(terms, volatility)
        value = _undiluted_value(terms, volatility)
        if not greeks.vega:
            return 0.0
        volatility = min(max(volatility - (value - price) / (greeks.vega * 100.0), _LOWEST), _HIGHEST)
        if abs(volatility - before) / volatility <= _RELATIVE_TOLERANCE:
            return volatility
    return 0.0


def _undiluted_value(terms: Terms, spread: float) -> float:
    d1 = _undiluted_d1(terms, spread)
    sign, discount = (1.0 if terms.is_call else -1.0), math.exp(-terms.rate * terms.years)
    return sign * (terms.spot * float(ndtr(sign * d1)) - terms.strike * discount * float(ndtr(sign * (d1 - spread))))


def _undiluted_d1(terms: Terms, spread: float) -> float:
    forward = terms.spot * math.exp(terms.rate * terms.years)
    return math.log(forward / terms.strike) / spread + 0.5 * spread


def black_greeks(terms: Terms, spread: float) -> Greeks:
    """Greeks of the formula for a spread over the whole term; vega and rho per percentage point, theta per year."""
    d1 = _undiluted_d1(terms, spread)
    sign, discount = (1.0 if terms.is_call else -1.0), math.exp(-terms.rate * terms.years)
    density, second = _PDF * math.exp(-0.5 * d1 * d1), float(ndtr(sign * (d1 - spread)))
    gamma = density / (terms.spot * spread)
    delta, value = sign * float(ndtr(sign * d1)), _undiluted_value(terms, spread)
    theta = terms.rate * (value - terms.spot * delta) - 0.5 * spread * spread / terms.years * terms.spot ** 2 * gamma
    return Greeks(delta, gamma, terms.spot * math.sqrt(terms.years) * density / 100.0, theta,
                  sign * terms.years * discount * terms.strike * second / 100.0, terms.spot * delta / value if value else 0.0)


def undiluted_greeks(terms: Terms, volatility: float) -> Greeks:
    """Greeks LEAN fills in where an engine has none: it gives the formula a year's volatility as the term's spread."""
    return black_greeks(terms, volatility)


def without_spread(terms: Terms) -> Greeks:
    """Greeks where there is no volatility."""
    return black_greeks(terms, _NO_SPREAD)


def analytic(terms: Terms, volatility: float) -> tuple[float, Greeks]:
    """The formula for European options."""
    return (black_price(*terms.plain, volatility, terms.is_call), black_greeks(terms, volatility * math.sqrt(terms.years)))


def _with_filled_in(terms: Terms, volatility: float, value: float, delta: float, gamma: float,
                    theta: float | None = None) -> tuple[float, Greeks]:
    filled = undiluted_greeks(terms, volatility)
    theta = filled.theta if theta is None else theta
    return value, Greeks(delta, gamma, filled.vega, theta, filled.rho, terms.spot * delta / value if value else 0.0)


def cox_ross_rubinstein(terms: Terms, volatility: float) -> tuple[float, Greeks]:
    """A binomial tree of 100 steps."""
    value, delta, gamma = crr_lattice(*terms.plain, volatility, terms.is_call, is_american=terms.is_american,
                                      first_exercise=terms.first_exercise)
    theta = terms.rate * (value - terms.spot * delta) - 0.5 * volatility ** 2 * terms.spot ** 2 * gamma
    return _with_filled_in(terms, volatility, value, delta, gamma, theta)


def crank_nicolson(terms: Terms, volatility: float) -> tuple[float, Greeks]:
    """A grid of 99 points and 100 steps; early exercise is added to the formula's figures."""
    grid, values = grid_values(*terms.plain, volatility, terms.is_call, _GRID_POINTS)
    european = at_centre(grid, values[:, 1])
    if not terms.is_american:
        value, delta, gamma = european
        theta = terms.rate * (value - terms.spot * delta) - 0.5 * volatility ** 2 * terms.spot ** 2 * gamma
        return _with_filled_in(terms, volatility, value, delta, gamma, theta)
    american, (formula, greeks) = at_centre(grid, values[:, 0]), analytic(terms, volatility)
    premium = [one - other for one, other in zip(american, european)]
    return _with_filled_in(terms, volatility, formula + premium[0], greeks.delta + premium[1], greeks.gamma + premium[2])


def barone_adesi_whaley(terms: Terms, volatility: float) -> tuple[float, Greeks]:
    """The quadratic approximation; without dividends a call is worth what a European one is."""
    if terms.is_call and terms.rate >= 0:
        return analytic(terms, volatility)
    return _quadratic_put(terms, volatility), undiluted_greeks(terms, volatility)


def _quadratic_put(terms: Terms, volatility: float) -> float:
    variance, discount = volatility ** 2 * terms.years, math.exp(-terms.rate * terms.years)
    formula = black_price(*terms.plain, volatility, False)
    if discount >= 1.0:
        return formula
    ratio = 2.0 * terms.rate * terms.years / (variance * (1.0 - discount))
    carried = 2.0 * terms.rate * terms.years / variance
    power = (-(carried - 1.0) - math.sqrt((carried - 1.0) ** 2 + 4.0 * ratio)) / 2.0

    def miss(spot: float) -> float:
        d1 = (math.log(spot / terms.strike) + terms.rate * terms.years + variance / 2.0) / math.sqrt(variance)
        price = black_price(spot, terms.strike, terms.years, terms.rate, 0.0, volatility, False)
        return terms.strike - spot - price + (1.0 - float(ndtr(-d1))) * spot / power
    critical = find_root(miss, terms.strike * 1e-4, terms.strike, terms.strike * 1e-8)
    if critical is None or terms.spot <= critical:
        return max(terms.strike - terms.spot, 0.0) if critical is not None else formula
    d1 = (math.log(critical / terms.strike) + terms.rate * terms.years + variance / 2.0) / math.sqrt(variance)
    return formula - critical / power * (1.0 - float(ndtr(-d1))) * (terms.spot / critical) ** power
