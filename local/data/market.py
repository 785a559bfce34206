"""The underlying market of a scenario: daily bars for every session, minute paths for any one of them."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from local.data import calendar, minutes, volatility
from local.data.bridge import CLOSE, DailySeries, spy_and_vix
from local.data.followers import follower_series
from local.data.minutes import MinutePath
from local.data.products import FOLLOWERS, VOLATILITY_INDICES, prices_needed
from local.data.scenario import Scenario
from local.data.seeds import stream

LEADER_VOLATILITY = {"SPY": 0.16, "GLD": 0.13}
CLOSE_FOLLOWING = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Daily series by ticker; ``SPY`` and ``VIX`` are always there, others as far as the underlyings need them.

    ``distances`` are those of implied volatilities from their rule of VIX, one a day of the series.
    """

    scenario: Scenario
    daily: dict[str, DailySeries]
    distances: dict[str, np.ndarray]

    def paths(self, day: date) -> dict[str, MinutePath]:
        """Minute paths of every price on ``day``: exact on the day's figures, pinned, correlated as the days are."""
        count = calendar.session_minutes(day)
        rng = stream(self.scenario.seed, "minutes", day)
        noise, wicks = rng.standard_normal((2, calendar.SESSION_MINUTES)), rng.random((4, calendar.SESSION_MINUTES))
        lively = minutes.clusters(stream(self.scenario.seed, "clusters", day).standard_normal(calendar.SESSION_MINUTES))
        noise = noise * lively
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
                paths[ticker] = self._follower_path(ticker, day, paths, lively[:count])
        return paths

    def _follower_path(self, ticker: str, day: date, paths: dict[str, MinutePath], lively: np.ndarray
                       ) -> MinutePath:
        count, follower, daily = len(lively), FOLLOWERS[ticker], self.daily[ticker].row(day)
        rng = stream(self.scenario.seed, "minutes", ticker, day)
        lead, lead_day = paths[follower.leader], self.daily[follower.leader].row(day)
        share = _leaders_share(ticker)
        noise = share * minutes.steps_of(lead, lead_day) + np.sqrt(1 - share**2) * rng.standard_normal(count) * lively
        times = minutes.extreme_times(daily, count, {}, rng)
        if abs(share) > CLOSE_FOLLOWING:
            shift = rng.integers(-5, 6, 2)
            high, low = int(lead.points.argmax() + shift[0]), int(lead.points.argmin() + shift[1])
            times = _near_times(daily, count, (high, low) if share > 0 else (low, high))
        return minutes.path(daily, count, noise, {}, times, rng.random((2, count)))

    def usual(self, ticker: str) -> float:
        """Median close over the whole series: the level oil reverts to."""
        return float(np.median(self.daily[ticker].prices[:, CLOSE]))

    def closing_volatility(self, ticker: str, day: date) -> float:
        """Volatility index of a ticker's options at the day's close, per cent a year."""
        vix = float(self.daily["VIX"].row(day)[CLOSE])
        if ticker == "SPY":
            return vix
        at = self.daily["VIX"].days.index(day)
        return float(volatility.rule(FOLLOWERS[ticker], vix) * np.exp(self.distances[ticker][at]))

    def volatility_path(self, ticker: str, day: date, paths: dict[str, MinutePath]) -> MinutePath:
        """Volatility index of a ticker's options minute by minute, per cent a year, unrounded."""
        vix = paths["VIX"]
        if ticker == "SPY":
            return vix
        follower, at = FOLLOWERS[ticker], self.daily["VIX"].days.index(day)
        before, after = self.distances[ticker][max(at - 1, 0)], self.distances[ticker][at]
        rng = stream(self.scenario.seed, "volatility", "minutes", ticker, day)
        steps = volatility.mixed(follower, self._own_steps(ticker, day, paths), rng.standard_normal(len(vix.close)))
        factor = np.exp(volatility.session_distances(follower, before, after, steps))
        points = volatility.rule(follower, vix.points) * factor
        both = np.stack([points[:-1], points[1:], volatility.rule(follower, vix.high) * (factor[:-1] + factor[1:]) / 2,
                         volatility.rule(follower, vix.low) * (factor[:-1] + factor[1:]) / 2])
        return MinutePath(points=points, high=both.max(axis=0), low=both.min(axis=0))

    def _own_steps(self, ticker: str, day: date, paths: dict[str, MinutePath]) -> np.ndarray:
        """A follower's minute moves in standard deviations, less what it has from its leader."""
        follower = FOLLOWERS[ticker]
        share = _leaders_share(ticker)
        own, led = (minutes.steps_of(paths[name], self.daily[name].row(day)) for name in (ticker, follower.leader))
        return (own - share * led) / np.sqrt(1 - share**2)

    def index_path(self, index: str, day: date, paths: dict[str, MinutePath]) -> MinutePath:
        """Minute path of one of the exchange's other volatility indices, in cents' precision."""
        path = self.volatility_path(VOLATILITY_INDICES[index], day, paths)
        return MinutePath(points=np.round(path.points, 2), high=np.round(path.high, 2), low=np.round(path.low, 2))

    def index_series(self, indices: tuple[str, ...]) -> dict[str, DailySeries]:
        """Daily bars of the exchange's other volatility indices: those of their sessions' minutes."""
        days = self.daily["VIX"].days
        prices = {index: np.empty((len(days), 4)) for index in indices}
        for at, day in enumerate(days if indices else ()):
            paths = self.paths(day)
            for index in indices:
                path = self.index_path(index, day, paths)
                prices[index][at] = path.open[0], path.high.max(), path.low.min(), path.close[-1]
        return {index: DailySeries(ticker=index, days=days, prices=prices[index],
                                   volume=np.zeros(len(days), dtype=np.int64)) for index in indices}


def _leaders_share(ticker: str) -> float:
    """Correlation of a follower's returns with its leader's."""
    follower = FOLLOWERS[ticker]
    followed = follower.beta * LEADER_VOLATILITY[follower.leader]
    return float(followed / np.hypot(followed, follower.own_volatility))


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
    distances = {ticker: volatility.distances(scenario.seed, FOLLOWERS[ticker], series, daily[FOLLOWERS[ticker].leader],
                                              vix) for ticker, series in daily.items() if ticker in FOLLOWERS}
    return Market(scenario=scenario, daily=daily, distances=distances)
