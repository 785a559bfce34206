"""The state of the market: bias of the day, place of implied volatility in its year, and the chance that a position's
short strikes all expire out of the money. Pure functions of figures that others gather."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum
from math import exp, isfinite
from typing import Iterable

import numpy as np

from config.constants import IV_HISTORY_SESSIONS
from core.arrays import Floats
from core.errors import CannotCompute
from core.model import Indicators, IvHistory, Right
from core.option_math import VOLATILITY_POINT, greeks, probability_otm


class Trend(str, Enum):
    BULL = "bull"
    BEAR = "bear"
    SIDEWAYS = "sideways"


def intraday_bias(price: float, indicators: Indicators) -> Trend | None:
    """Bias of the day: the direction of daily EMA 8 against EMA 21 and of price against VWAP if both agree, else
    sideways.

    Returns
    -------
    Trend or None
        None if any of the three is missing.
    """
    fast, slow, line = indicators.ema8, indicators.ema21, indicators.vwap
    if fast is None or slow is None or line is None:
        return None
    if fast > slow and price > line:
        return Trend.BULL
    if fast < slow and price < line:
        return Trend.BEAR
    return Trend.SIDEWAYS


def iv_rank(current: float, history: Floats) -> float:
    """The place of ``current`` between the lowest and highest of ``history``, 0 to 100 (both ends included, clipped).
    50 if the history is flat at that very value."""
    return _rank(current, float(np.min(history)), float(np.max(history)))


def _rank(current: float, low: float, high: float) -> float:
    if high == low:
        return 50.0 if current == low else (100.0 if current > low else 0.0)
    return min(100.0, max(0.0, 100.0 * (current - low) / (high - low)))


def iv_percentile(current: float, history: Floats) -> float:
    """Share of ``history`` below ``current``, 0 to 100."""
    return 100.0 * float(np.mean(np.asarray(history) < current))


def iv_history(current_points: float, closes_points: Floats) -> IvHistory:
    """The place of today's implied volatility among the last ``IV_HISTORY_SESSIONS`` closes of its index or chain
    record.

    Parameters
    ----------
    current_points : float
        Today's value in volatility points (VIX style: 16.0 is 16 % a year).
    closes_points : numpy.ndarray
        Daily closes in points, oldest first; only the last ``IV_HISTORY_SESSIONS`` count.

    Returns
    -------
    IvHistory
        ``current`` is a fraction per year. ``samples`` is the number of closes: a rule that needs a full year refuses
        if there are fewer.

    Raises
    ------
    CannotCompute
        If the current value is not a positive number, there is no close, or a close is not a positive number.
    """
    return IvCloses(closes_points).history(current_points)


class IvCloses:
    """The last ``IV_HISTORY_SESSIONS`` closes of one volatility, prepared once because many values of a day are placed
    among the same closes. Parameters and errors are those of :func:`iv_history`."""

    __slots__ = ("_closes", "_ordered", "_last")

    def __init__(self, closes_points: Floats) -> None:
        self._closes = np.asarray(closes_points, dtype=float)[-IV_HISTORY_SESSIONS:]
        self._ordered: list[float] | None = None
        self._last: tuple[float, IvHistory] | None = None

    def history(self, current_points: float) -> IvHistory:
        """``current_points`` among the closes, as :func:`iv_rank` and :func:`iv_percentile` place it."""
        if self._last is not None and self._last[0] == current_points:
            return self._last[1]
        if not (isfinite(current_points) and current_points > 0):
            raise CannotCompute("implied volatility is not a positive number", value=current_points)
        ordered = self._in_order()
        low, high = ordered[0], ordered[-1]
        below = bisect_left(ordered, current_points) / len(ordered)
        found = IvHistory(current=current_points / 100.0, rank=_rank(current_points, low, high),
                          percentile=100.0 * below, samples=len(ordered))
        self._last = (current_points, found)
        return found

    def _in_order(self) -> list[float]:
        if self._ordered is None:
            closes = self._closes
            if not len(closes) or not (np.isfinite(closes) & (closes > 0)).all():
                raise CannotCompute("implied-volatility history is empty or holds a value that is not positive",
                                    samples=len(closes))
            self._ordered = np.sort(closes).tolist()
        return self._ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortStrike:
    """One short leg: its strike in points, its own implied volatility (a fraction per year), and the change of that
    volatility per point of strike (0 if only one strike is quoted; negative on the put side of an index)."""

    strike: float
    right: Right
    iv: float
    iv_slope: float = 0.0


def probability_short_otm(spot: float, short: ShortStrike, years: float, rate: float, dividend_yield: float) -> float:
    """Risk-neutral probability (0 to 1) that one short strike expires out of the money.

    It is the derivative of the option's price by its strike, with the skew. N(d2) alone, at the strike's own
    volatility, ignores that the volatility changes with the strike. For puts on an index it overstates the chance of
    expiring in the money by several percentage points, compared with the price of the spread itself.

    Put: N(d2) - e^(rT) x vega x slope; call: N(-d2) + e^(rT) x vega x slope (Breeden and Litzenberger, 1978).

    Raises
    ------
    CannotCompute
        On input the model cannot use.
    """
    level = probability_otm(spot, short.strike, short.right, short.iv, years, rate, dividend_yield)
    vega = greeks(spot, short.strike, short.right, short.iv, years, rate, dividend_yield).vega / VOLATILITY_POINT
    skew = exp(rate * years) * vega * short.iv_slope
    return min(1.0, max(0.0, level - skew if short.right is Right.PUT else level + skew))


def probability_shorts_otm(spot: float, shorts: Iterable[ShortStrike], years: float, rate: float,
                           dividend_yield: float) -> float:
    """Risk-neutral probability that every short strike of one expiry expires out of the money.

    Parameters
    ----------
    spot : float
        Price of the underlying in points.
    shorts : iterable of ShortStrike
        Short legs.
    years, rate, dividend_yield : float
        As in :mod:`core.option_math`.

    Returns
    -------
    float
        0 to 1. With puts and calls short: P(above the highest put) + P(below the lowest call) - 1, never below 0.

    Raises
    ------
    CannotCompute
        Without short legs, or on input the model cannot use.
    """
    lowest: dict[Right, float] = {}
    for short in shorts:
        chance = probability_short_otm(spot, short, years, rate, dividend_yield)
        lowest[short.right] = min(chance, lowest.get(short.right, 1.0))
    if not lowest:
        raise CannotCompute("no short strike")
    return max(0.0, sum(lowest.values()) - (len(lowest) - 1))
