"""American prices of options on shares that pay dated dividends, vectorised over strikes and minutes.

Dividends are proportional: each takes its share of the price on its ex-dividend day (``core/carry.py``). A put is its
European value plus the right to exercise early, by the quadratic approximation of Barone-Adesi and Whaley ("Efficient
analytic approximation of American option values", 1987) at the money's volatility, with the dividends spread evenly;
where a strike more would add more than itself, the price goes on with slope one. In the money it is worth at least what
exercising it at the close of the first ex-dividend day gives. A call is the most of its European value, of the same
approximation at the money's volatility, and of what exercising it on the eve of any ex-dividend day gives (Black, "Fact
and fantasy in the use of options", 1975). So prices stay convex, move by no more than the strike does, and are never
below what exercising now gives.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from local.data import surface
from local.data.figures import SurfaceShape

BISECTIONS = 26
LEAST_RATE, LARGEST_EXPONENT, LEAST_SHARE = 1e-6, 30.0, 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """One moment an option can be held to: variance and calendar time to it in years (one a minute of the quotes), and
    the logarithm that dividends take from the price before it; ``index_years`` is the volatility index's own horizon,
    ``level`` what other indices multiply the variance by."""

    variance_years: np.ndarray
    years: np.ndarray
    dividends: float
    index_years: np.ndarray | float = surface.USUAL_HORIZON_YEARS
    level: np.ndarray | float = 1.0


def share_option_prices(shape: SurfaceShape, spot: np.ndarray, index: np.ndarray, strikes: np.ndarray, rate: float,
                        expiry: Horizon, eves: Sequence[Horizon] = (), paid: Horizon | None = None) -> tuple[np.ndarray, np.ndarray]:
    """American (call, put) prices as arrays (strikes ascending, minutes).

    Parameters
    ----------
    spot, index
        Price and volatility index of the underlying at each minute.
    rate
        Continuous interest, a fraction a year.
    expiry
        The expiry.
    eves
        Closes on the eves of the ex-dividend days up to the expiry, in order: when a call may be worth exercising.
    paid
        Close of the first of those ex-dividend days: when a put may be.
    """
    column = strikes[:, None]
    call, put = european(shape, spot, index, column, rate, expiry)
    if eves:
        call = np.maximum(call, _level_call(shape, spot, index, column, rate, expiry))
    inner = strikes < spot.max()            # further out, the months after an eve outweigh its dividend: but the last's
    for number, eve in enumerate(eves, start=1):
        chosen = inner if number < len(eves) else np.ones_like(inner)
        if chosen.any():
            sooner, _ = european(shape, spot, index, column[chosen], rate, eve)
            call[chosen] = np.maximum(call[chosen], sooner)
    if rate > LEAST_RATE:
        put = _with_early_right(shape, spot, index, column, put, rate, expiry)
    chosen = strikes > spot.min()
    if paid is not None and chosen.any():
        put[chosen] = np.maximum(put[chosen], european(shape, spot, index, column[chosen], rate, paid)[1])
    return np.maximum(call, spot - column), np.maximum(put, column - spot)


def european(shape: SurfaceShape, spot: np.ndarray, index: np.ndarray, column: np.ndarray, rate: float,
             horizon: Horizon) -> tuple[np.ndarray, np.ndarray]:
    """European (call, put) prices for a column of strikes."""
    discount = np.exp(-rate * horizon.years)
    forward = spot * np.exp(-horizon.dividends) / discount
    variance = surface.total_variance(shape, index, horizon.variance_years, np.log(column / forward),
                                      horizon.index_years, horizon.level)
    return surface.black_scholes(forward, column, variance, discount)


def _with_early_right(shape: SurfaceShape, spot: np.ndarray, index: np.ndarray, column: np.ndarray, put: np.ndarray,
                      rate: float, expiry: Horizon) -> np.ndarray:
    """European puts with the right to exercise early, no strike adding more than itself."""
    variance = surface.atm_variance(shape, index, expiry.variance_years, expiry.index_years, expiry.level)
    critical, power, scale = exercise_boundary(variance, expiry.years, rate, expiry.dividends, -1)
    at_once = spot / critical               # the strike from which a put is exercised at once
    held = put + _early_value(spot, column, critical, power, scale)
    there = european(shape, spot, index, at_once, rate, expiry)[1] \
        + _early_value(spot, at_once, critical, power, scale) - at_once
    best = np.minimum.accumulate(held - column, axis=0)
    return column + np.where(column >= at_once, np.minimum(best, there), best)


def _level_call(shape: SurfaceShape, spot: np.ndarray, index: np.ndarray, column: np.ndarray, rate: float,
                expiry: Horizon) -> np.ndarray:
    """American calls at the money's volatility: in the money, where the smile is higher, at least their value."""
    rate = max(rate, LEAST_RATE)
    variance = surface.atm_variance(shape, index, expiry.variance_years, expiry.index_years, expiry.level)
    critical, power, scale = exercise_boundary(variance, expiry.years, rate, expiry.dividends, 1)
    discount = np.exp(-rate * expiry.years)
    held, _ = surface.black_scholes(spot * np.exp(-expiry.dividends) / discount, column, variance, discount)
    return np.where(spot >= column * critical, spot - column, held + _early_value(spot, column, critical, power, scale))


def exercise_boundary(variance: np.ndarray, years: np.ndarray, rate: float, dividends: float, sign: int
                      ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(critical price of strike one, power, scale) of the quadratic approximation; ``dividends`` is spread evenly.

    A put of strike K is exercised at once below K times the critical price, a call above it.
    """
    deviation, discount, kept = np.sqrt(variance), np.exp(-rate * years), np.exp(-dividends)
    carry, interest = 2 * (rate * years - dividends) / variance, 2 * rate * years / variance
    root = np.sqrt((carry - 1) ** 2 + 4 * interest / -np.expm1(-rate * years))
    power = (1 - carry + sign * root) / 2
    low, high = np.full_like(variance, LEAST_SHARE), np.ones_like(variance)     # of the price, or of one over it
    for _ in range(BISECTIONS):
        share = (low + high) / 2
        critical = share ** -sign
        inside, held = _unit_option(critical, deviation, discount, kept, sign)
        waiting = held + sign * (1 - kept * inside) * critical / power > sign * (critical - 1)
        low, high = np.where(waiting, low, share), np.where(waiting, share, high)
    inside, _ = _unit_option(critical, deviation, discount, kept, sign)
    return critical, power, sign * (1 - kept * inside) * critical / power


def _early_value(spot: np.ndarray, strike: np.ndarray, critical: np.ndarray, power: np.ndarray, scale: np.ndarray
                 ) -> np.ndarray:
    """What the right to exercise early adds to an option, while it is not exercised."""
    return strike * scale * np.exp(np.minimum(power * np.log(spot / (strike * critical)), LARGEST_EXPONENT))


def _unit_option(price: np.ndarray, deviation: np.ndarray, discount: np.ndarray, kept: float, sign: int
                 ) -> tuple[np.ndarray, np.ndarray]:
    """(N(sign * d1), European value) of strike one."""
    d1 = np.log(price * kept / discount) / deviation + deviation / 2
    inside = ndtr(sign * d1)
    return inside, sign * (price * kept * inside - discount * ndtr(sign * (d1 - deviation)))
