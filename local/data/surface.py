"""Option prices from a volatility index: an arbitrage-free surface and Black-Scholes, vectorised.

The smile is SSVI (Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", 2014, theorem 4.2 and remark 4.4):
total variance ``w(k) = theta/2 * (1 + rho*phi*k + sqrt((phi*k + rho)**2 + 1 - rho**2))`` with
``phi = eta / sqrt(theta * (1 + theta))``; with ``eta * (1 + |rho|) <= 2`` there is no butterfly arbitrage, and none
across expiries while ``theta`` does not fall with time. ``theta`` is the at-the-money variance of a mean-reverting
instantaneous variance whose 30-day volatility follows the index.

Two clocks: variance runs in sessions (a share of each day falls in trading hours), interest in calendar days.
The data folder pays no dividends, so no dividend yield is in the prices, and calls are never worth exercising early.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

SESSIONS_A_YEAR = 252
DAYS_A_YEAR = 365
TRADING_HOURS_SHARE = 0.75
INDEX_HORIZON_YEARS = 20.7 / SESSIONS_A_YEAR
SHORTEST_VARIANCE_YEARS = 0.25 / 390 / SESSIONS_A_YEAR
SMALLEST_FIRST_VARIANCE_SHARE = 0.3
BISECTIONS = 26
LEAST_RATE, LARGEST_EXPONENT = 1e-6, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceShape:
    """Shape of a product's surface: everything but the level, which its volatility index gives.

    ``atm_to_index`` is the at-the-money 30-day volatility as a share of the index; the long-run volatility is
    ``long_run_floor + long_run_slope * index``; ``reversion`` is a year's rate; ``rho`` and ``eta`` shape the skew.
    """

    atm_to_index: float = 0.95
    long_run_floor: float = 0.11
    long_run_slope: float = 0.20
    reversion: float = 6.0
    rho: float = -0.6
    eta: float = 0.8

    def __post_init__(self) -> None:
        if not -1 < self.rho < 1 or self.eta <= 0 or self.eta * (1 + abs(self.rho)) > 2:
            raise ValueError(f"rho {self.rho} and eta {self.eta} leave room for butterfly arbitrage")
        if min(self.atm_to_index, self.long_run_floor, self.reversion) <= 0 or self.long_run_slope < 0:
            raise ValueError("the surface's levels and its reversion must be positive")


EQUITY_INDEX = SurfaceShape()


def variance_years(sessions_after_today: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
    """Years of variance until the close of the expiry day.

    Parameters
    ----------
    sessions_after_today
        Sessions after the day of the quote up to and including the expiry day (0 on the day itself).
    elapsed
        Share of the session that has passed, 0 to 1.
    """
    left = sessions_after_today + TRADING_HOURS_SHARE * (1 - elapsed)
    return np.maximum(left / SESSIONS_A_YEAR, SHORTEST_VARIANCE_YEARS)


def atm_variance(shape: SurfaceShape, index: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Total variance at the money after ``years`` of variance time, for an index in per cent a year."""
    thirty_days = (shape.atm_to_index * index / 100) ** 2
    long_run = (shape.long_run_floor + shape.long_run_slope * index / 100) ** 2
    weight = _decay(shape.reversion * INDEX_HORIZON_YEARS)
    first = (thirty_days - long_run * (1 - weight)) / weight
    first = np.maximum(first, SMALLEST_FIRST_VARIANCE_SHARE * thirty_days)
    return years * (long_run + (first - long_run) * _decay(shape.reversion * years))


def _decay(scaled: np.ndarray | float) -> np.ndarray | float:
    """(1 - exp(-x)) / x."""
    return -np.expm1(-scaled) / scaled


def total_variance(shape: SurfaceShape, theta: np.ndarray, log_moneyness: np.ndarray) -> np.ndarray:
    """SSVI total variance at log forward moneyness ``ln(K/F)`` for at-the-money total variance ``theta``."""
    scaled = shape.eta / np.sqrt(theta * (1 + theta)) * log_moneyness
    root = np.sqrt((scaled + shape.rho) ** 2 + 1 - shape.rho**2)
    return theta / 2 * (1 + shape.rho * scaled + root)


def black_scholes(forward: np.ndarray, strike: np.ndarray, variance: np.ndarray, discount: np.ndarray
                  ) -> tuple[np.ndarray, np.ndarray]:
    """European (call, put) from forward, strike, total variance and discount factor; never below zero."""
    deviation = np.sqrt(variance)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    call = discount * (forward * ndtr(d1) - strike * ndtr(d1 - deviation))
    put = call - discount * (forward - strike)
    return np.maximum(call, 0.0), np.maximum(put, 0.0)


def equity_option_prices(shape: SurfaceShape, spot: np.ndarray, index: np.ndarray, strikes: np.ndarray,
                         variance_time: np.ndarray, calendar_time: np.ndarray, rate: float
                         ) -> tuple[np.ndarray, np.ndarray]:
    """American (call, put) prices on shares that pay nothing, as arrays (strikes ascending, times).

    A call is its European value. A put is its European value plus the right to exercise early, which is priced at the
    money's volatility; where a strike more would add more than itself, the price goes on with slope one. So prices
    stay convex and rise by no more than the strike does, and no put is below what exercising it now gives.
    """
    column = strikes[:, None]
    call, put = _european(shape, spot, index, column, variance_time, calendar_time, rate)
    if rate > LEAST_RATE:
        critical, power, scale = exercise_boundary(shape, index, variance_time, calendar_time, rate)
        at_once = spot / critical               # the strike from which a put is exercised at once
        put = put + _early_value(spot, column, critical, power, scale)
        there = _european(shape, spot, index, at_once, variance_time, calendar_time, rate)[1] \
            + _early_value(spot, at_once, critical, power, scale) - at_once
        best = np.minimum.accumulate(put - column, axis=0)
        put = column + np.where(column >= at_once, np.minimum(best, there), best)
    return call, np.maximum(put, column - spot)


def exercise_boundary(shape: SurfaceShape, index: np.ndarray, variance_time: np.ndarray, calendar_time: np.ndarray,
                      rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(critical price of strike one, power, scale) of the quadratic approximation of Barone-Adesi and Whaley
    ("Efficient analytic approximation of American option values", 1987) for a cost of carry equal to the rate.

    A put of strike K is exercised at once below K times the critical price.
    """
    variance = atm_variance(shape, index, variance_time)
    deviation, discount = np.sqrt(variance), np.exp(-rate * calendar_time)
    drift = 2 * rate * calendar_time / variance
    power = (1 - drift - np.sqrt((drift - 1) ** 2 + 4 * drift / -np.expm1(-rate * calendar_time))) / 2
    low, high = np.zeros_like(variance), np.ones_like(variance)
    for _ in range(BISECTIONS):
        critical = (low + high) / 2
        above, held = _unit_put(critical, deviation, discount)
        waiting = held - (1 - above) * critical / power > 1 - critical
        low, high = np.where(waiting, low, critical), np.where(waiting, critical, high)
    above, _ = _unit_put(critical, deviation, discount)
    return critical, power, -(1 - above) * critical / power


def _early_value(spot: np.ndarray, strike: np.ndarray, critical: np.ndarray, power: np.ndarray, scale: np.ndarray
                 ) -> np.ndarray:
    """What the right to exercise early adds to a put, while it is not exercised."""
    return strike * scale * np.exp(np.minimum(power * np.log(spot / (strike * critical)), LARGEST_EXPONENT))


def _unit_put(price: np.ndarray, deviation: np.ndarray, discount: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N(-d1), European put) of strike one."""
    d1 = np.log(price / discount) / deviation + deviation / 2
    return ndtr(-d1), discount * ndtr(deviation - d1) - price * ndtr(-d1)


def _european(shape: SurfaceShape, spot: np.ndarray, index: np.ndarray, column: np.ndarray, variance_time: np.ndarray,
              calendar_time: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    discount = np.exp(-rate * calendar_time)
    forward = spot / discount
    theta = atm_variance(shape, index, variance_time)
    return black_scholes(forward, column, total_variance(shape, theta, np.log(column / forward)), discount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Implied volatility (a year, calendar days) and Greeks per share of one right over strikes.

    Vega per volatility point, theta per calendar day, rho per percentage point of the rate.
    """

    volatility: np.ndarray
    delta: np.ndarray
    gamma: np.ndarray
    vega: np.ndarray
    theta: np.ndarray
    rho: np.ndarray


def greeks(spot: float, forward: float, strikes: np.ndarray, variance: np.ndarray, years: float, rate: float,
           sign: int) -> Greeks:
    """Black-Scholes Greeks with respect to ``spot``, with the cost of carry that ``forward`` implies.

    ``sign`` is 1 for calls, -1 for puts; ``years`` is calendar time to expiry, above zero.
    """
    deviation = np.sqrt(variance)
    volatility = deviation / np.sqrt(years)
    d1 = np.log(forward / strikes) / deviation + deviation / 2
    density = np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi)
    discount = np.exp(-rate * years)
    held = forward * discount
    carry = np.log(forward / spot) / years
    above, below = ndtr(sign * d1), ndtr(sign * (d1 - deviation))
    theta = (-held * density * volatility / (2 * np.sqrt(years)) - sign * (carry - rate) * held * above
             - sign * rate * strikes * discount * below)
    return Greeks(volatility=volatility, delta=sign * held / spot * above,
                  gamma=held * density / (spot**2 * deviation), vega=held * density * np.sqrt(years) / 100,
                  theta=theta / DAYS_A_YEAR, rho=sign * strikes * years * discount * below / 100)
