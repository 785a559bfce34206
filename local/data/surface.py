"""Volatility surfaces from a volatility index, free of arbitrage, and European prices on them, vectorised.

The smile of each expiry is SSVI (Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", 2014): total variance
``w(k) = theta/2 * (1 + rho*phi*k + sqrt((phi*k + rho)**2 + 1 - rho**2))`` with ``phi = eta / sqrt(theta * (1 + theta))``
and a skew ``rho`` of its own (Hendriks and Martini, "The extended SSVI volatility surface", 2019). With
``eta**2 * (1 + |rho|) <= 4`` there is no butterfly arbitrage; none across expiries while ``theta`` rises and ``rho``
falls more slowly than ``theta * phi`` rises, which the tests hold over the whole range of the index.

``theta`` is the at-the-money variance of a mean-reverting instantaneous variance, with a part of its own for the session
that is open. Two clocks: variance runs in sessions (``OVERNIGHT_SHARE`` of a day between close and open, the rest through
the session as its minutes move), interest in calendar days.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from local.data.figures import LOWEST_INDEX, OVERNIGHT_SHARE, SESSIONS_A_YEAR, SurfaceShape
from local.data.minutes import passed_variance

DAYS_A_YEAR = 365
INDEX_DAYS = 30
USUAL_HORIZON_YEARS = 21.2 / SESSIONS_A_YEAR        # variance time in thirty calendar days, the mean of all days
SESSIONS_IN_WEEK_DAYS, SESSION_DAYS = 5 / 7, 6.5 / 24
SESSION_YEARS = (1 - OVERNIGHT_SHARE) / SESSIONS_A_YEAR
SHORTEST_VARIANCE_YEARS = 0.25 / 390 / SESSIONS_A_YEAR
LOW_INDEX, SESSION_INDEX, SMILE_INDEX, SMILE_MIDDLE = 10.0, 11.5, 12.0, 15.0
SESSION_DECAY_YEARS = 0.35 / SESSIONS_A_YEAR
SKEW_YEARS = 0.25
SMALLEST_FIRST_VARIANCE_SHARE = 0.35
DENSE_MONEYNESS, WORTHLESS = np.linspace(-2.5, 2.0, 3001), 1e-5


def variance_years(sessions_after_today: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
    """Years of variance until the close of the expiry day.

    Parameters
    ----------
    sessions_after_today
        Sessions after the day of the quote up to and including the expiry day (0 on the day itself).
    elapsed
        Share of the session's time that has passed, 0 to 1.
    """
    left = sessions_after_today + (1 - OVERNIGHT_SHARE) * (1 - passed_variance(elapsed))
    return np.maximum(left / SESSIONS_A_YEAR, SHORTEST_VARIANCE_YEARS)


def index_horizon(sessions: float, elapsed: np.ndarray) -> np.ndarray:
    """Years of variance in the thirty days of a volatility index, whose evening counts ``sessions`` in them.

    The earlier in the session, the more of it is still to come, and the less of the thirtieth day is in.
    """
    more = (1 - OVERNIGHT_SHARE) * (1 - passed_variance(elapsed)) - SESSIONS_IN_WEEK_DAYS * SESSION_DAYS * (1 - elapsed)
    return (sessions + more) / SESSIONS_A_YEAR


def atm_variance(shape: SurfaceShape, index: np.ndarray, years: np.ndarray,
                 horizon: np.ndarray | float = USUAL_HORIZON_YEARS, level: np.ndarray | float = 1.0) -> np.ndarray:
    """Total variance at the money after ``years`` of variance time, for an index in per cent a year.

    ``horizon`` is the variance time in the index's thirty days (``index_horizon``): however many sessions they hold, they
    hold the variance that the index says. ``level`` multiplies the whole, where other indices say more (``term``).
    """
    at = np.maximum(index / shape.scale, LOWEST_INDEX)
    thirty_days = ((shape.atm_base + shape.atm_slope * at + shape.atm_low * np.exp(-at / LOW_INDEX)) / 100) ** 2
    long_run = ((shape.long_base + shape.long_slope * at) / 100) ** 2
    usual, session = _reverted(shape.reversion, horizon), _reverted(shape.reversion, SESSION_YEARS)
    brief, brief_session = _reverted(1 / SESSION_DECAY_YEARS, horizon), \
        _reverted(1 / SESSION_DECAY_YEARS, SESSION_YEARS)
    month_less = thirty_days * (INDEX_DAYS / DAYS_A_YEAR) - long_run * (horizon - usual)
    if shape.session_top:
        sold = (shape.session_top - shape.session_drop * np.exp(-at / SESSION_INDEX)) * at / 100
        session_less = sold**2 / SESSIONS_A_YEAR - long_run * (SESSION_YEARS - session)
        first = (month_less * brief_session - session_less * brief) / (usual * brief_session - session * brief)
    else:
        session_less, first = 0.0, month_less / usual
    first = np.maximum(first, SMALLEST_FIRST_VARIANCE_SHARE * thirty_days)
    extra = (session_less - first * session) / brief_session if shape.session_top else 0.0
    reverted = _reverted(shape.reversion, years)
    total = long_run * (years - reverted) + first * reverted + extra * _reverted(1 / SESSION_DECAY_YEARS, years)
    return total * (index / at) ** 2 * level


def _reverted(rate: float, years: np.ndarray | float) -> np.ndarray | float:
    """Integral of exp(-rate * t) over ``years``."""
    return -np.expm1(-rate * years) / rate


def smile(shape: SurfaceShape, index: np.ndarray, years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rho, eta) of the expiry after ``years`` of variance time."""
    level = np.maximum(index / shape.scale, LOWEST_INDEX)
    rho = shape.rho_short - shape.rho_far * np.expm1(-years / SKEW_YEARS)
    return rho, shape.eta_base + shape.eta_low * np.exp((SMILE_MIDDLE - level) / SMILE_INDEX)


def smile_variance(theta: np.ndarray, rho: np.ndarray, eta: np.ndarray, log_moneyness: np.ndarray) -> np.ndarray:
    """SSVI total variance at log forward moneyness ``ln(K/F)`` for at-the-money total variance ``theta``."""
    scaled = eta / np.sqrt(theta * (1 + theta)) * log_moneyness
    root = np.sqrt((scaled + rho) ** 2 + 1 - rho**2)
    return theta / 2 * (1 + rho * scaled + root)


def total_variance(shape: SurfaceShape, index: np.ndarray, years: np.ndarray, log_moneyness: np.ndarray,
                   horizon: np.ndarray | float = USUAL_HORIZON_YEARS, level: np.ndarray | float = 1.0) -> np.ndarray:
    """Total variance at log forward moneyness after ``years`` of variance time."""
    rho, eta = smile(shape, index, years)
    return smile_variance(atm_variance(shape, index, years, horizon, level), rho, eta, log_moneyness)


def horizon_index(shape: SurfaceShape, index: np.ndarray, sessions: float) -> np.ndarray:
    """The volatility index of a horizon that Cboe's formula would give a chain without end or step, per cent a year."""
    years = np.float64(sessions / SESSIONS_A_YEAR)
    strikes, at = np.exp(DENSE_MONEYNESS), np.asarray(index, dtype=float)[..., None]
    call, put = black_scholes(np.float64(1.0), strikes, total_variance(shape, at, years, DENSE_MONEYNESS), np.float64(1.0))
    out_of_money = np.where(strikes < 1, put, call)
    weighed = np.where(out_of_money > WORTHLESS, out_of_money, 0.0) / strikes     # d(strike) / strike**2
    return 100 * np.sqrt(2 * weighed.sum(axis=-1) * (DENSE_MONEYNESS[1] - DENSE_MONEYNESS[0]) / years)


def black_scholes(forward: np.ndarray, strike: np.ndarray, variance: np.ndarray, discount: np.ndarray
                  ) -> tuple[np.ndarray, np.ndarray]:
    """European (call, put) from forward, strike, total variance and discount factor; never below zero."""
    deviation = np.sqrt(variance)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    call = discount * (forward * ndtr(d1) - strike * ndtr(d1 - deviation))
    put = call - discount * (forward - strike)
    return np.maximum(call, 0.0), np.maximum(put, 0.0)


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
