"""A window of bars as the text of a scenario file, to be changed by hand: anchors, pins, levels."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from local.data.bar_files import DailyBar
from local.data.products import FOLLOWERS
from local.data.scenario import Anchor, Scenario

HISTORY_STEP = 5
OIL = "WTI"


def scenario_text(scenario: Scenario, name: str, description: str) -> str:
    """TOML of a scenario that was made from bars: every day of it with four figures, every fifth close before it.

    Parameters
    ----------
    scenario
        From ``bar_windows.scenario_of_bars``.
    """
    levels = [(ticker, bars) for ticker, bars in scenario.real_bars if ticker in FOLLOWERS]
    parts = [
        "# Anchors of record: S is SPY, V is VIX; four figures are open, high, low, close of the day, one is its close.",
        "# docs/scenarios.md says what may be changed, and what may be added.",
        f'name = "{name}"', f'description = "{description}"', f"seed = {scenario.seed}", f"start = {scenario.start}",
        f"end = {scenario.end}", f"backtest_start = {scenario.backtest_start}", f"backtest_end = {scenario.backtest_end}"]
    if levels:
        parts += ["", "# Closes of other tickers on the start day; they follow SPY from there, both ways.", "[levels]"]
        parts += [f"{ticker} = {_close(bars, scenario.start):.2f}" for ticker, bars in levels]
    oil = dict(levels).get(OIL, ())
    if oil:
        parts += ["", "# Settlements of record of WTI, spot.", "[oil]"]
        parts += [f"{bar.day} = {bar.close:.2f}" for bar in oil if scenario.start < bar.day and bar.close != 0.0][::HISTORY_STEP]
    parts += ["", "# Levels that the 300 earlier daily bars pass through, so that indicators and percentiles start warm.", "[history]"]
    parts += _lines(_thinned(scenario.history))
    return "\n".join([*parts, "", "[anchors]", *_lines(scenario.anchors)]) + "\n"


def _thinned(history: tuple[Anchor, ...]) -> list[Anchor]:
    """Every fifth day counted from the last, and the first."""
    kept = list(history[::-1][::HISTORY_STEP])[::-1]
    return kept if kept[0] == history[0] else [history[0], *kept]


def _lines(anchors: Iterable[Anchor]) -> list[str]:
    return [f"{anchor.day} = {{S = {_figures(anchor.spy)}, V = {_figures(anchor.vix)}}}" for anchor in anchors]


def _figures(prices: tuple[float, ...]) -> str:
    text = ", ".join(f"{price:.2f}" for price in prices)
    return text if len(prices) == 1 else f"[{text}]"


def _close(bars: tuple[DailyBar, ...], day: date) -> float:
    """The last close on or before a day: a settlement may not have been published on it."""
    return next(bar.close for bar in reversed(bars) if bar.day <= day)
