"""A window of real daily bars as a scenario: nothing is told but the days, everything else is in the bars."""
from __future__ import annotations

from datetime import date
from pathlib import Path

from local.data import calendar
from local.data.bar_files import CLOSE_OF_BAR, read_bar_folder
from local.data.errors import ScenarioError
from local.data.scenario import HISTORY_SESSIONS, Anchor, Scenario, check_listed_years, check_seed

SEED = 1


def scenario_of_bars(folder: Path, start: date, end: date, *, seed: int | None = None) -> Scenario:
    """The sessions from ``start`` to ``end`` out of a folder of daily bars, with what the indicators look back on.

    Parameters
    ----------
    folder
        Bars of SPY and VIX, and of whatever else the strategies trade, from 300 sessions before ``start`` to ``end``.
    seed
        Of the minutes within each day; 1 unless given.

    Raises
    ------
    ScenarioError
        The window has no session or reaches beyond the calendar; bars are missing or cannot be used.
    """
    if end < start:
        raise ScenarioError(f"end {end} is before start {start}")
    try:
        days = calendar.sessions(start, end)
        first = calendar.shift_session(days[0], -HISTORY_SESSIONS) if days else start
    except calendar.CalendarError as error:
        raise ScenarioError(f"{start} to {end}: {error}; {HISTORY_SESSIONS} sessions before the start are needed too") from error
    if not days:
        raise ScenarioError(f"{start} to {end} holds no trading day")
    check_listed_years("the window", days[-1])
    bars = dict(read_bar_folder(folder, first, days[-1]))
    vix = {bar.day: bar for bar in bars["VIX"]}
    anchors = tuple(Anchor(day=bar.day, spy=bar.prices, vix=vix[bar.day].prices) for bar in bars["SPY"])
    history = tuple(Anchor(day=one.day, spy=one.spy[CLOSE_OF_BAR:], vix=one.vix[CLOSE_OF_BAR:])
                    for one in anchors if one.day < days[0])
    return Scenario(name=f"bars_{days[0]:%Y%m%d}_{days[-1]:%Y%m%d}", description=f"Daily bars of {days[0]} to {days[-1]}.",
                    seed=check_seed("--seed", SEED if seed is None else seed), start=days[0], end=days[-1], backtest_start=days[0],
                    backtest_end=days[-1], history=history, anchors=anchors[len(history):], pins=(),
                    real_bars=tuple(bars.items()))
