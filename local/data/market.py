"""The underlying market of a scenario: daily bars for every session, minute paths for any one of them."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from local.data import calendar, minutes
from local.data.bridge import CLOSE, DailySeries, spy_and_vix
from local.data.followers import follower_series, volatility_factor
from local.data.minutes import MinutePath
from local.data.products import FOLLOWERS, VOLATILITY_INDICES, prices_needed
from local.data.scenario import Scenario
from local.data.seeds import stream

LEADER_VOLATILITY = {"SPY": 0.16, "GLD": 0.13}
CLOSE_FOLLOWING = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Daily series by ticker; ``SPY`` and ``VIX`` are always there, others as far as the underlyings need them.

    ``factors`` are the slow noises of implied volatilities, one a day of the series.
    """

    scenario: Scenario
    daily: dict[str, DailySeries]
    factors: dict[str, np.ndarray]

    def paths(self, day: date) -> dict[str, MinutePath]:
        """Minute paths of every price on ``day``: exact on the day's figures, pinned, correlated as the days are."""
        count = calendar.session_minutes(day)
        rng = stream(self.scenario.seed, "minutes", day)
        noise, wicks = rng.standard_normal((2, calendar.SESSION_MINUTES)), rng.random((4, calendar.SESSION_MINUTES))
        pins = self.scenario.pins_of(day)
        spy_pins, vix_pins = {pin.minute: pin.spy for pin in pins}, {pin.minute: pin.vix for pin in pins}
        spy_day, vix_day = self.daily["SPY"].row(day), minutes.session_range(self.daily["VIX"].row(day), vix_pins)
        times = minutes.extreme_times(spy_day, count, spy_pins, rng)
        if vix_pins:
            vix_times = minutes.extreme_times(vix_day, count, vix_pins, rng)
        else:
            vix_times = _near_times(vix_day, count, (times[1], times[0]))
        share = minutes.SPY_VIX_MINUTE_CORRELATION
        vix_noise = share * noise[0] + np.sqrt(1 - share**2) * noise[1]
        paths = {"SPY": minutes.path(spy_day, count, noise[0], spy_pins, times, wicks[:2]),
                 "VIX": minutes.path(vix_day, count, vix_noise, vix_pins, vix_times, wicks[2:])}
        for ticker in self.daily:
            if ticker in FOLLOWERS:
                paths[ticker] = self._follower_path(ticker, day, count, paths)
        return paths

    def _follower_path(self, ticker: str, day: date, count: int, paths: dict[str, MinutePath]) -> MinutePath:
        follower, daily = FOLLOWERS[ticker], self.daily[ticker].row(day)
        rng = stream(self.scenario.seed, "minutes", ticker, day)
        lead, lead_day = paths[follower.leader], self.daily[follower.leader].row(day)
        followed = follower.beta * LEADER_VOLATILITY[follower.leader]
        share = followed / np.hypot(followed, follower.own_volatility)
        noise = share * minutes.steps_of(lead, lead_day) + np.sqrt(1 - share**2) * rng.standard_normal(count)
        times = minutes.extreme_times(daily, count, {}, rng)
        if abs(share) > CLOSE_FOLLOWING:
            shift = rng.integers(-5, 6, 2)
            high, low = int(lead.points.argmax() + shift[0]), int(lead.points.argmin() + shift[1])
            times = _near_times(daily, count, (high, low) if share > 0 else (low, high))
        return minutes.path(daily, count, noise, {}, times, rng.random((2, count)))

    def usual(self, ticker: str) -> float:
        """Median close over the whole series: the level oil reverts to."""
        return float(np.median(self.daily[ticker].prices[:, CLOSE]))

    def implied_volatility(self, ticker: str, day: date, vix: np.ndarray) -> np.ndarray:
        """Volatility index of a ticker's options, per cent a year, where VIX is ``vix``."""
        if ticker == "SPY":
            return vix
        follower = FOLLOWERS[ticker]
        factor = self.factors[ticker][self.daily["VIX"].days.index(day)]
        return (follower.volatility_base + follower.volatility_slope * vix) * factor

    def volatility_series(self, index: str) -> DailySeries:
        """Daily bars of one of the exchange's other volatility indices."""
        follower, vix = FOLLOWERS[VOLATILITY_INDICES[index]], self.daily["VIX"]
        prices = (follower.volatility_base + follower.volatility_slope * vix.prices) \
            * self.factors[follower.ticker][:, None]
        return DailySeries(ticker=index, days=vix.days, prices=np.round(prices, 2), volume=vix.volume)

    def volatility_path(self, index: str, day: date, vix: MinutePath) -> MinutePath:
        """Minute path of one of the exchange's other volatility indices."""
        ticker = VOLATILITY_INDICES[index]
        points, high, low = (np.round(self.implied_volatility(ticker, day, values), 2)
                             for values in (vix.points, vix.high, vix.low))
        return MinutePath(points=points, high=high, low=low)


def _near_times(daily: np.ndarray, count: int, times: tuple[int, int]) -> tuple[int, int]:
    """Points of the high and the low near ``times``, unless the day's open or close is the extreme."""
    opening, high, low, close = daily
    return (0 if high == opening else count if high == close else min(max(times[0], 1), count - 1),
            0 if low == opening else count if low == close else min(max(times[1], 1), count - 1))


def build_market(scenario: Scenario, underlyings: tuple[str, ...] = ("SPY", "VIX")) -> Market:
    """Daily bars of everything ``underlyings`` need over the whole scenario; minutes are drawn when asked for."""
    spy, vix = spy_and_vix(scenario)
    daily = {"SPY": spy, "VIX": vix}
    for ticker in prices_needed(underlyings):
        daily[ticker] = follower_series(scenario, ticker, daily[FOLLOWERS[ticker].leader])
    factors = {ticker: volatility_factor(scenario.seed, FOLLOWERS[ticker], series, vix)
               for ticker, series in daily.items() if ticker in FOLLOWERS}
    return Market(scenario=scenario, daily=daily, factors=factors)
