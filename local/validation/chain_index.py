"""The volatility index of a chain by Cboe's formula.

Cboe, "VIX methodology": of each of two expiries around thirty days the options out of the money are weighed by
``strike step / strike**2`` up to the first two in a row without a bid; the two variances are joined at thirty days.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.arrays import Floats
from local.data import surface
from local.data.figures import INDEX_FUND_WIDTH, SurfaceShape
from local.data.quoting import Moments, quotes

THIRTY_DAYS_YEARS = 30 / 365
SPOT, LOWEST, HIGHEST, STEP = 500.0, 0.3, 1.6, 1.0         # a chain in SPY's size, strikes a dollar apart
EVENING = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpiryQuotes:
    """Mids and bids of one expiry, strikes ascending; time to it in calendar years."""

    strikes: Floats
    call: Floats
    put: Floats
    call_bid: Floats
    put_bid: Floats
    years: float


def variance_of(expiry: ExpiryQuotes, rate: float) -> float:
    """Cboe's variance of one expiry, a year."""
    grown = np.exp(rate * expiry.years)
    nearest = int(np.abs(expiry.call - expiry.put).argmin())
    forward = expiry.strikes[nearest] + grown * (expiry.call[nearest] - expiry.put[nearest])
    at = int(np.searchsorted(expiry.strikes, forward, side="right")) - 1
    puts = _until_two_without_bid(expiry.put_bid[:at][::-1])
    calls = _until_two_without_bid(expiry.call_bid[at + 1:])
    price = np.zeros_like(expiry.strikes)
    price[:at][::-1][puts] = expiry.put[:at][::-1][puts]
    price[at + 1:][calls] = expiry.call[at + 1:][calls]
    price[at] = (expiry.call[at] + expiry.put[at]) / 2
    steps = np.gradient(expiry.strikes)
    weighed = float((steps / expiry.strikes**2 * grown * price).sum())
    return 2 / expiry.years * weighed - (forward / expiry.strikes[at] - 1) ** 2 / expiry.years


def _until_two_without_bid(bids: Floats) -> np.ndarray:
    """Which options count, going out from the money."""
    dead = bids <= 0
    twice = dead & np.append(dead[1:], False)
    end = int(twice.argmax()) if twice.any() else len(bids)
    return ~dead & (np.arange(len(bids)) < end)


def index_of(near: ExpiryQuotes, far: ExpiryQuotes, rate: float) -> float:
    """The thirty-day index of two expiries, per cent a year."""
    weight = (far.years - THIRTY_DAYS_YEARS) / (far.years - near.years)
    joined = near.years * variance_of(near, rate) * weight + far.years * variance_of(far, rate) * (1 - weight)
    return 100 * float(np.sqrt(joined / THIRTY_DAYS_YEARS))


def written_chain(shape: SurfaceShape, vix: float, days: int, sessions: int, month: float, rate: float, minute: int
                  ) -> ExpiryQuotes:
    """Quotes as the data writer makes them, at a close, for one expiry so many days and sessions later, with
    ``month`` sessions in the index's thirty days."""
    years = days / 365
    variance_years = surface.variance_years(np.array(sessions), np.float64(EVENING))
    forward, discount = SPOT * np.exp(rate * years), np.exp(-rate * years)
    strikes = np.arange(np.ceil(LOWEST * SPOT), HIGHEST * SPOT, STEP)
    variance = surface.total_variance(shape, np.float64(vix), variance_years, np.log(strikes / forward),
                                      surface.index_horizon(month, np.float64(EVENING)))
    moments = Moments(vix=np.array([vix]), minutes=np.array([minute]), days=days)
    sides = []
    for fair in surface.black_scholes(forward, strikes, variance, discount):
        bid, ask = quotes(INDEX_FUND_WIDTH, fair[:, None], np.zeros((len(strikes), 1)), moments)
        sides.append((bid[:, 0] * INDEX_FUND_WIDTH.tick, (bid + ask)[:, 0] * INDEX_FUND_WIDTH.tick / 2))
    (call_bid, call), (put_bid, put) = sides
    return ExpiryQuotes(strikes=strikes, call=call, put=put, call_bid=call_bid, put_bid=put_bid, years=years)


def chains_index(shape: SurfaceShape, vix: float, rate: float) -> float:
    """The VIX that written chains give back: the mean over the weekdays of a month without holidays."""
    found = []
    for weekday in range(5):
        friday = max(days for days in range(24, 31) if (weekday + days) % 7 == 4)     # the last within thirty days
        held = [_sessions(weekday, days) for days in (friday, friday + 7)]
        month = held[0] + (held[1] - held[0]) * (30 - friday) / 7
        near, far = (written_chain(shape, vix, days, sessions, month, rate, weekday)
                     for days, sessions in zip((friday, friday + 7), held))
        found.append(index_of(near, far, rate))
    return float(np.mean(found))


def _sessions(weekday: int, days: int) -> int:
    """Sessions in so many calendar days after a weekday (Monday is 0)."""
    return sum((weekday + ahead) % 7 < 5 for ahead in range(1, days + 1))
