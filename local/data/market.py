"""The underlying market of a scenario: daily bars for every session, minute paths for any one of them."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from local.data import calendar, minutes
from local.data.bridge import DailySeries, spy_and_vix
from local.data.minutes import MinutePath
from local.data.scenario import Scenario
from local.data.seeds import stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Daily series by ticker; ``SPY`` and ``VIX`` are always there."""

    scenario: Scenario
    daily: dict[str, DailySeries]

    def paths(self, day: date) -> dict[str, MinutePath]:
        """Minute paths of SPY and VIX on ``day``: exact on the day's figures, pinned, negatively correlated."""
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
            vix_times = _opposite_times(vix_day, count, times)
        share = minutes.SPY_VIX_MINUTE_CORRELATION
        vix_noise = share * noise[0] + np.sqrt(1 - share**2) * noise[1]
        return {"SPY": minutes.path(spy_day, count, noise[0], spy_pins, times, wicks[:2]),
                "VIX": minutes.path(vix_day, count, vix_noise, vix_pins, vix_times, wicks[2:])}


def _opposite_times(vix_day: np.ndarray, count: int, times: tuple[int, int]) -> tuple[int, int]:
    """VIX's high where SPY has its low and the other way round, unless its open or close is the extreme."""
    opening, high, low, close = vix_day
    spy_high, spy_low = times
    return (0 if high == opening else count if high == close else min(max(spy_low, 1), count - 1),
            0 if low == opening else count if low == close else min(max(spy_high, 1), count - 1))


def build_market(scenario: Scenario) -> Market:
    """Daily bars of the whole scenario; minutes are drawn when asked for."""
    spy, vix = spy_and_vix(scenario)
    return Market(scenario=scenario, daily={"SPY": spy, "VIX": vix})
