"""Implied volatilities other than VIX: each follows a rule of VIX, its own underlying and noise of its own.

The logarithm of an index is that of ``volatility_base + volatility_slope * VIX`` plus a distance from the rule. The
distance reverts to zero; its daily steps are uncorrelated with VIX and as large as the follower's correlation of daily
changes with VIX asks for. A share of a step belongs to the underlying's own return (``volatility_to_own``): oil's
volatility rises when oil falls for reasons of its own. Within a session the distance is a bridge from the morning's
value to the evening's, so that five-minute changes are no closer to VIX's than daily ones.

Implied volatility does not stay below three quarters of what the price has done up to the day before (squared returns,
each day weighing a tenth); oil's moves count from ``LEAST_PRICE`` on.
"""
from __future__ import annotations

import numpy as np

from local.data.bridge import CLOSE, DailySeries
from local.data.figures import OVERNIGHT_SHARE, SESSIONS_A_YEAR
from local.data.minutes import activity
from local.data.products import Follower
from local.data.seeds import stream

USUAL_VIX, VIX_DAILY_LOG_SD = 18.5, 0.07
DISTANCE_KEPT, MOST_STEPS = 0.93, 3.0
REALISED_SHARE, NEWEST_WEIGHT, LEAST_PRICE = 0.75, 0.1, 10.0


def rule(follower: Follower, vix: np.ndarray) -> np.ndarray:
    """Implied volatility in per cent a year that goes with VIX at ``vix``, before noise."""
    return follower.volatility_base + follower.volatility_slope * vix


def own_step(follower: Follower) -> float:
    """Standard deviation of a day's own step of the log index: what lowers the correlation with VIX to its figure."""
    followed = follower.volatility_slope * USUAL_VIX / rule(follower, USUAL_VIX) * VIX_DAILY_LOG_SD
    return followed * np.sqrt(1 / follower.volatility_to_vix**2 - 1)


def mixed(follower: Follower, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Standard steps of the distance: a share of the price's own steps, the rest of ``other``."""
    share = follower.volatility_to_own
    return share * own + np.sqrt(1 - share**2) * other


def distances(seed: int, follower: Follower, series: DailySeries, leader: DailySeries, vix: DailySeries) -> np.ndarray:
    """Log distance of each day's closing implied volatility from the rule."""
    count = len(series.days)
    draws = stream(seed, "volatility", follower.ticker).standard_normal(count)
    returns = _returns(series)
    own = (returns - follower.beta * _returns(leader)) * np.sqrt(SESSIONS_A_YEAR) / follower.own_volatility
    steps = own_step(follower) * mixed(follower, np.clip(own, -MOST_STEPS, MOST_STEPS), draws)
    floor = np.log(REALISED_SHARE * 100 * _realised(follower, returns)
                   / rule(follower, np.roll(vix.prices[:, CLOSE], 1)))
    free, found = 0.0, np.zeros(count)
    for day in range(1, count):
        free = DISTANCE_KEPT * free + steps[day]
        found[day] = max(free, floor[day])
    return found


def _returns(series: DailySeries) -> np.ndarray:
    return np.diff(np.log(np.maximum(series.prices[:, CLOSE], LEAST_PRICE)), prepend=np.nan_to_num(
        np.log(max(series.prices[0, CLOSE], LEAST_PRICE))))


def _realised(follower: Follower, returns: np.ndarray) -> np.ndarray:
    """Volatility a year that the price has shown up to the day before, by day."""
    found, variance = np.zeros(len(returns)), follower.own_volatility**2
    for day in range(len(returns)):
        found[day] = np.sqrt(variance)
        variance += NEWEST_WEIGHT * (returns[day] ** 2 * SESSIONS_A_YEAR - variance) if day else 0.0
    return found


def session_distances(follower: Follower, before: float, after: float, steps: np.ndarray) -> np.ndarray:
    """Log distance from the rule at the points of one session, from yesterday's close to today's.

    ``steps`` are standard steps, one a minute.
    """
    count = len(steps)
    opening = before + OVERNIGHT_SHARE * (after - before)
    size = own_step(follower) * np.sqrt((1 - OVERNIGHT_SHARE) / count)
    walk = np.concatenate([[0.0], np.cumsum(size * np.sqrt(activity(count)) * steps)])
    elapsed = np.linspace(0, 1, count + 1)
    return opening + (after - opening) * elapsed + walk - walk[-1] * elapsed
