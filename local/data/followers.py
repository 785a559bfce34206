"""Daily bars of what follows SPY: shares by beta and own noise, oil and metals for the futures.

Oil closed at -36.98 on 2020-04-20. The series keeps that figure: the future that expires the next day trades there,
later months stay above zero (see ``futures.forward_price``). Returns are therefore taken in logs only while prices
are positive, and oil's opens, highs and lows are set by distances, not by ratios.
"""
from __future__ import annotations

from datetime import date

import numpy as np

from local.data.bar_files import DailyBar
from local.data.bridge import CLOSE, HIGH, LOW, OPEN, DailySeries, draw_volume, paid_dividends, series_of_bars
from local.data.errors import ScenarioError
from local.data.figures import OVERNIGHT_SHARE, SESSIONS_A_YEAR
from local.data.products import FOLLOWERS, Follower
from local.data.scenario import Scenario
from local.data.seeds import stream

OIL = "WTI"
WICK = 0.35
EASED_RETURN = 0.03


def follower_series(scenario: Scenario, ticker: str, leader: DailySeries) -> DailySeries:
    """Daily bars of ``ticker`` over the leader's days: real ones where given, else by beta from the scenario's level.

    Raises
    ------
    ScenarioError
        The scenario has neither bars nor a level for it.
    """
    follower, count = FOLLOWERS[ticker], len(leader.days)
    volume = draw_volume(scenario.seed, ticker, count, follower.median_volume) if follower.median_volume else \
        np.zeros(count, dtype=np.int64)
    real = scenario.bars_of(ticker)
    if real and ticker != OIL:
        return series_of_bars(ticker, real, volume)
    noise = stream(scenario.seed, "follower", ticker).standard_normal((4, count))
    if ticker == OIL:
        close = _real_closes(real, leader.days) if real else _oil_closes(scenario, follower, leader, noise[0])
        prices = _bars_by_distance(close, follower, noise)
    else:
        prices = _bars_by_ratio(_level(scenario, ticker), scenario.start, follower, leader, noise)
    return DailySeries(ticker=ticker, days=leader.days, prices=np.round(prices, 2), volume=volume)


def _level(scenario: Scenario, ticker: str) -> float:
    level = dict(scenario.levels).get(ticker)
    if level is None:
        raise ScenarioError(f"scenario {scenario.name} has no level of {ticker}, so it cannot be written: add "
                            f"{ticker.lower()}-daily.csv to the bars or a level to the scenario, or leave its strategies out")
    return level


def _returns(follower: Follower, leader: DailySeries, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log returns of the closes, and the part of them that is the follower's own."""
    own = follower.own_volatility / np.sqrt(SESSIONS_A_YEAR) * noise
    followed = np.diff(np.log(leader.prices[:, CLOSE]), prepend=np.log(leader.prices[0, CLOSE]))
    followed = followed - paid_dividends(leader.ticker, leader.days)
    return follower.beta * followed + own, own


def _bars_by_ratio(level: float, start: date, follower: Follower, leader: DailySeries, noise: np.ndarray
                   ) -> np.ndarray:
    returns, own = _returns(follower, leader, noise[0])
    paid, lead_paid = (paid_dividends(ticker, leader.days) for ticker in (follower.ticker, leader.ticker))
    path = np.cumsum(returns + paid)
    close = level * np.exp(path - path[leader.days.index(start)])
    before = np.concatenate([close[:1], close[:-1]])
    lead = leader.prices
    lead_before = np.concatenate([lead[:1, CLOSE], lead[:-1, CLOSE]])
    gap = follower.beta * (np.log(lead[:, OPEN] / lead_before) - lead_paid) + OVERNIGHT_SHARE * own + paid
    opening = before * np.exp(gap)
    up = np.log(lead[:, HIGH] / np.maximum(lead[:, OPEN], lead[:, CLOSE]))
    down = np.log(np.minimum(lead[:, OPEN], lead[:, CLOSE]) / lead[:, LOW])
    if follower.beta < 0:
        up, down = down, up
    step = follower.own_volatility / np.sqrt(SESSIONS_A_YEAR)
    high = np.maximum(opening, close) * np.exp(abs(follower.beta) * up + WICK * step * np.abs(noise[1]))
    low = np.minimum(opening, close) * np.exp(-abs(follower.beta) * down - WICK * step * np.abs(noise[2]))
    return np.stack([opening, high, low, close], axis=1)


def _oil_closes(scenario: Scenario, follower: Follower, leader: DailySeries, noise: np.ndarray) -> np.ndarray:
    """Oil through its level at the start and the figures of record; a figure below zero stands alone on its day."""
    record = {scenario.start: _level(scenario, OIL), **dict(scenario.oil)}
    fixed = {leader.days.index(day): close for day, close in record.items() if close > 0}
    knots = np.array(sorted(fixed))
    levels = np.log([fixed[index] for index in knots])
    walk = np.cumsum(_returns(follower, leader, noise)[0])
    steps = np.arange(len(leader.days))
    close = np.exp(np.interp(steps, knots, levels) + walk - np.interp(steps, knots, walk[knots]))
    for day, figure in scenario.oil:
        close[leader.days.index(day)] = figure
    return close


def _real_closes(bars: tuple[DailyBar, ...], days: tuple[date, ...]) -> np.ndarray:
    """Closes of real bars; a day for which none was published keeps the last.

    Raises
    ------
    ScenarioError
        There is no figure for the first day.
    """
    known, closes = {bar.day: bar.close for bar in bars}, []
    for day in days:
        if day not in known and not closes:
            raise ScenarioError(f"wti-daily.csv: missing day {day}")
        closes.append(known[day] if day in known else closes[-1])
    return np.array(closes)


def _bars_by_distance(close: np.ndarray, follower: Follower, noise: np.ndarray) -> np.ndarray:
    before = np.concatenate([close[:1], close[:-1]])
    size = np.maximum(np.abs(close), np.abs(before)) * follower.own_volatility / np.sqrt(SESSIONS_A_YEAR)
    opening = before + OVERNIGHT_SHARE * np.clip(close - before, -EASED_RETURN * np.abs(before),
                                                 EASED_RETURN * np.abs(before)) + 0.2 * size * noise[3]
    return np.stack([opening, np.maximum(opening, close) + WICK * size * np.abs(noise[1]),
                     np.minimum(opening, close) - WICK * size * np.abs(noise[2]), close], axis=1)
