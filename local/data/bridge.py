"""Daily bars of SPY and VIX for every session: figures of record where there are any, a seeded bridge between them.

Closes are a Brownian bridge (SPY, in logs) and an Ornstein-Uhlenbeck bridge (VIX, in logs) through the anchored
closes, with negatively correlated steps; opens, highs and lows of bridged days are drawn around them.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from config.carry import DIVIDENDS_PCT
from core.carry import dividend_share
from local.data import calendar
from local.data.bar_files import DailyBar
from local.data.figures import OVERNIGHT_SHARE, REALISED_DROP, REALISED_FADE, REALISED_TOP, SESSIONS_A_YEAR
from local.data.scenario import Anchor, Scenario
from local.data.seeds import stream

VIX_DAILY_LOG_SD = 0.065
VIX_REVERSION_A_DAY = 0.08
VIX_FLOOR = 8.9
SPY_VIX_CORRELATION = -0.8
OPEN_DEVIATION = np.sqrt(OVERNIGHT_SHARE * (1 - OVERNIGHT_SHARE))
LEAST_WICK, WICK = 0.05, 0.3
OPEN, HIGH, LOW, CLOSE = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySeries:
    """Bars of one ticker: ``prices`` is (days, 4) open, high, low, close rounded to cents; ``volume`` in shares."""

    ticker: str
    days: tuple[date, ...]
    prices: np.ndarray
    volume: np.ndarray

    def row(self, day: date) -> np.ndarray:
        """Open, high, low, close of ``day``; a day outside the series raises ValueError."""
        return self.prices[self.days.index(day)]


def series_of_bars(ticker: str, bars: tuple[DailyBar, ...], volume: np.ndarray) -> DailySeries:
    """Real bars as a series; ``volume`` fills days whose bar has none."""
    prices = np.array([(bar.open, bar.high, bar.low, bar.close) for bar in bars])
    known = np.array([fill if bar.volume is None else bar.volume for bar, fill in zip(bars, volume)])
    return DailySeries(ticker=ticker, days=tuple(bar.day for bar in bars), prices=prices, volume=known)


def draw_volume(seed: int, ticker: str, count: int, median: float) -> np.ndarray:
    """Log-normal daily volumes in shares, in round hundreds."""
    draws = stream(seed, "volume", ticker).standard_normal(count)
    return np.rint(median * np.exp(0.25 * draws) / 100).astype(np.int64) * 100


def paid_dividends(ticker: str, days: tuple[date, ...]) -> np.ndarray:
    """What dividends take from the price at each day's open, as a logarithm (zero or below)."""
    if ticker not in DIVIDENDS_PCT:
        return np.zeros(len(days))
    return np.log1p(-np.array([dividend_share(ticker, day) for day in days]))


def spy_and_vix(scenario: Scenario) -> tuple[DailySeries, DailySeries]:
    """Daily bars of SPY and VIX from the first day of the scenario's history to its end."""
    first = scenario.history[0].day
    days = calendar.sessions(first, scenario.end)
    volume = draw_volume(scenario.seed, "SPY", len(days), 70e6)
    if scenario.real_bars:
        return (series_of_bars("SPY", scenario.bars_of("SPY"), volume),
                series_of_bars("VIX", scenario.bars_of("VIX"), np.zeros(len(days), dtype=np.int64)))
    anchors = {anchor.day: anchor for anchor in (*scenario.history, *scenario.anchors)}
    spy, vix = _bridged(scenario.seed, days, anchors)
    return (DailySeries(ticker="SPY", days=days, prices=spy, volume=volume),
            DailySeries(ticker="VIX", days=days, prices=vix, volume=np.zeros(len(days), dtype=np.int64)))


def _bridged(seed: int, days: tuple[date, ...], anchors: dict[date, Anchor]) -> tuple[np.ndarray, np.ndarray]:
    knots = np.array([index for index, day in enumerate(days) if day in anchors])
    fixed = [anchors[days[index]] for index in knots]
    log_spy = np.log([anchor.spy[-1] for anchor in fixed])
    log_vix = np.log([anchor.vix[-1] for anchor in fixed])
    steps = np.arange(len(days))
    noise = stream(seed, "daily").standard_normal((6, len(days)))
    shared, own = noise[0], noise[1]
    usual = np.exp(np.interp(steps, knots, log_vix))
    sigma = usual / 100 / np.sqrt(SESSIONS_A_YEAR) * realised_to_implied(usual)
    walk, paid = np.cumsum(sigma * shared), paid_dividends("SPY", days)
    walk += np.cumsum(paid)                 # the price opens lower on an ex-dividend day
    spy_close = np.exp(np.interp(steps, knots, log_spy) + walk - np.interp(steps, knots, walk[knots]))
    vix_step = SPY_VIX_CORRELATION * shared + np.sqrt(1 - SPY_VIX_CORRELATION**2) * own
    log_path = np.interp(steps, knots, log_vix) + _reverting_bridge(VIX_DAILY_LOG_SD * vix_step, knots)
    log_floor = np.minimum(np.log(VIX_FLOOR), np.interp(steps, knots, log_vix))
    vix_close = np.exp(log_floor + np.abs(log_path - log_floor))
    spy = _around_closes(spy_close, sigma, noise[2], noise[3], noise[4], paid)
    # VIX opens up where SPY opens down, and its high goes with SPY's low
    vix = _around_closes(vix_close, np.full(len(days), VIX_DAILY_LOG_SD), -noise[2], noise[4], noise[3],
                         np.zeros(len(days)))
    for index, anchor in zip(knots, fixed):
        for table, figures in ((spy, anchor.spy), (vix, anchor.vix)):
            if len(figures) == 4:
                table[index] = figures
    return spy, vix


def _reverting_bridge(steps: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Mean-reverting noise that is zero at every knot (exact bridge of an Ornstein-Uhlenbeck process)."""
    result = np.zeros(len(steps))
    for begin, end in zip(knots, knots[1:]):
        path = np.zeros(end - begin + 1)
        for step in range(1, len(path)):
            path[step] = path[step - 1] * (1 - VIX_REVERSION_A_DAY) + steps[begin + step]
        time = np.arange(len(path)) * VIX_REVERSION_A_DAY
        result[begin:end + 1] = path - path[-1] * np.sinh(time) / np.sinh(time[-1])
    return result


def realised_to_implied(vix: np.ndarray) -> np.ndarray:
    """Realised close-to-close volatility as a share of VIX."""
    return REALISED_TOP - REALISED_DROP * np.exp(-vix / REALISED_FADE)


def _around_closes(close: np.ndarray, sigma: np.ndarray, gap: np.ndarray, up: np.ndarray, down: np.ndarray,
                   paid: np.ndarray) -> np.ndarray:
    """Open, high, low, close in cents around given closes.

    ``sigma`` is the day's log standard deviation, ``paid`` the (negative) log that a dividend takes at the open. The open
    stands where a walk would that has a share of the day's variance behind it.
    """
    before = np.concatenate([close[:1], close[:-1]]) * np.exp(paid)
    opening = before * np.exp(OVERNIGHT_SHARE * np.log(close / before) + OPEN_DEVIATION * sigma * gap)
    high = np.maximum(opening, close) * np.exp(sigma * (LEAST_WICK + WICK * np.abs(up)))
    low = np.minimum(opening, close) * np.exp(-sigma * (LEAST_WICK + WICK * np.abs(down)))
    return np.round(np.stack([opening, high, low, close], axis=1), 2)
