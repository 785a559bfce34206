"""The report's charts over time as plain data: the page's script draws them with uPlot.

Times are seconds of New York's wall clock, written as if it were UTC; a value that is not known is None and drawn as a gap.
"""
from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

from config.constants import VIX_REGIMES
from local.run_report import returns
from local.run_report.account import benchmark_daily, daily, strategy_names
from local.run_report.markup import Markup, moment, quiet, strategy_colour

ACCENT, SPY, DOWN = "var(--accent)", "var(--spy)", "var(--down)"
LONGEST_BRIDGE = timedelta(days=5)       # marks further apart are not joined: nobody looked in between
SMALL, LARGE = 150, 300
DIGITS = {"usd": 2, "pct": 4, "num": 4}
Series = dict[str, Any]


class Charts:
    """Collects the data of the page's charts; each is drawn where its placeholder stands."""

    def __init__(self) -> None:
        self._data: dict[str, dict[str, Any]] = {}

    def add(self, name: str, title: str, x: Sequence[float], series: Iterable[Series], *, unit: str, height: int = SMALL,
            time: bool = True, words: str = "", **more: Any) -> Markup:
        """Placeholder of one chart.

        Parameters
        ----------
        unit : str
            Of the values: ``usd``, ``pct`` (per cent) or ``num``.
        words : str
            What a reader who cannot see it is told; the title where there is none.
        more : Any
            ``marks``, ``bands``, ``floor``, ``ceiling``, ``xlabel``, ``xunit``: what the script knows besides.
        """
        rounded = [one | {"values": [None if value is None else round(value, DIGITS[unit]) for value in one["values"]]}
                   for one in series]
        self._data[name] = {"x": list(x), "series": rounded, "unit": unit, "height": height, "time": time, **more}
        heading = f"<h3>{escape(title)}</h3>" if title else ""
        return Markup(f'<div class="chart">{heading}<div data-chart="{name}" role="img" '
                      f'aria-label="{escape(words or title)}"></div></div>')

    @property
    def text(self) -> str:
        """All of it as JSON that may stand in a page."""
        return json.dumps(self._data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def seconds(at: datetime) -> int:
    """A time of the report as the script reads it."""
    return int(at.replace(tzinfo=timezone.utc).timestamp())


def line(label: str, values: Sequence[float | None], colour: str = ACCENT, **more: Any) -> Series:
    """One series of a chart."""
    return {"label": label, "values": list(values), "colour": colour, **more}


def with_gaps(rows: Sequence[tuple[datetime, float | None]]) -> tuple[list[int], list[float | None]]:
    """Times and values, with nothing in between where two times are further apart than anybody would join."""
    times: list[int] = []
    values: list[float | None] = []
    for place, (at, value) in enumerate(rows):
        if place and at - rows[place - 1][0] > LONGEST_BRIDGE:
            times.append(seconds(rows[place - 1][0]) + 1)
            values.append(None)
        times.append(seconds(at))
        values.append(value)
    return times, values


def of_marks(report: Mapping[str, Any], *keys: Callable[[Mapping[str, Any]], float | None]
             ) -> tuple[list[int], list[list[float | None]]]:
    """Times of the marks, and for each of ``keys`` its values, gaps included."""
    marks = report["marks"]
    columns = [with_gaps([(moment(mark["time"]), key(mark)) for mark in marks]) for key in keys]
    return columns[0][0], [values for _, values in columns]


def drawdowns(equity: Sequence[float | None]) -> list[float | None]:
    """Share below the highest value so far, 0 or negative."""
    peak, found = float("-inf"), list[float | None]()
    for value in equity:
        peak = peak if value is None else max(peak, value)
        found.append(None if value is None else value / peak - 1.0 if peak > 0 else 0.0)
    return found


def equity_charts(charts: Charts, report: Mapping[str, Any]) -> str:
    """Equity beside SPY from the same start, with entries and exits, above the drawdown."""
    start = _beginning(report)
    times, (equity, spy) = of_marks(report, lambda mark: float(mark["equity"]), lambda mark: mark["spy"])
    if start is not None:
        times, equity, spy = [start, *times], [float(report["run"]["cash"]), *equity], [None, *spy]
    first = next((value for value in spy if value is not None), None)
    same = [None if value is None or first is None else value / first * float(report["run"]["cash"]) for value in spy]
    falls = [None if value is None else 100.0 * value for value in drawdowns(equity)]
    lowest = min(value for value in falls if value is not None)
    words = f"Equity from {equity[0]:,.0f} to {equity[-1]:,.0f} USD; lowest point {lowest:.2f} % below the highest so far"
    shown = [line("Equity", equity, width=2, fill="var(--fill)")]
    if first is not None:
        shown.insert(0, line("SPY, same start", same, SPY, width=1.2, dash=[5, 4]))
    top = charts.add("equity", "", times, shown, unit="usd", height=LARGE, words=words, marks=trade_marks(report, times, equity))
    under = charts.add("drawdown", "Drawdown from the peak", times, [line("Drawdown", falls, DOWN, fill="var(--fallfill)")],
                       unit="pct", height=130, ceiling=True)
    return top + under


def _beginning(report: Mapping[str, Any]) -> int | None:
    """The open of the first day where something was entered before the first mark."""
    first = moment(report["marks"][0]["time"])
    opened = [moment(item["opened"]) for item in [*report["trades"], *report["open_positions"]] if item["opened"]]
    before = min(opened, default=first)
    return seconds(before.replace(hour=9, minute=30)) if before < first else None


def trade_marks(report: Mapping[str, Any], times: Sequence[int], equity: Sequence[float | None]) -> list[dict[str, Any]]:
    """A triangle up where a position was opened, one down where it was closed: at its own time, on the equity line.
    Positions that are still open are entries too."""
    found = []

    def add(when: str, strategy: str, up: bool, words: str) -> None:
        at = seconds(moment(when))
        found.append({"x": at, "y": round(_between(at, times, equity), 2), "up": up, "colour": strategy_colour(strategy),
                      "text": f"{when[:16].replace('T', ' ')} {strategy} {'entry' if up else 'exit'}: {words}"})
    for trade in report["trades"]:
        add(trade["opened"], trade["strategy"], True, f"{trade['units']} × {trade['entry_reason']}")
        add(trade["closed"], trade["strategy"], False, f"{trade['exit_reason']}, {trade['pnl_usd']:+,.2f} USD")
    for item in report["open_positions"]:
        if item["opened"]:
            add(item["opened"], item["strategy"], True, f"{item['units']} × {item['entry_reason']}, still open")
    return sorted(found, key=lambda mark: mark["x"])


def _between(at: int, times: Sequence[int], values: Sequence[float | None]) -> float:
    """The line's height at a time: on it between two marks, at its end beyond."""
    known = [(time, value) for time, value in zip(times, values) if value is not None]
    place = bisect_right(known, at, key=lambda pair: pair[0])
    if place == 0 or place == len(known):
        return known[min(place, len(known) - 1)][1]
    (t0, v0), (t1, v1) = known[place - 1], known[place]
    return v0 + (v1 - v0) * (at - t0) / (t1 - t0)


def vix_chart(charts: Charts, report: Mapping[str, Any]) -> str:
    """VIX over the run on bands of its regimes; gaps where the source had no value."""
    times, (values,) = of_marks(report, lambda mark: mark["vix"])
    known = [value for value in values if value is not None]
    if not known:
        return quiet("No value of VIX was marked in this run.")
    floors = [0.0, *(ceiling for ceiling, _ in VIX_REGIMES)]
    bands = [{"from": low, "to": min(ceiling, 500.0), "label": name.replace("_", " "), "colour": f"var(--{name})"}
             for low, (ceiling, name) in zip(floors, VIX_REGIMES)]
    return charts.add("vix", "", times, [line("VIX", values, "var(--ink)")], unit="num", height=240, bands=bands,
                      words=f"VIX between {min(known):.1f} and {max(known):.1f}")


def marks_chart(charts: Charts, report: Mapping[str, Any], key: str, title: str, unit: str = "num", scale: float = 1.0) -> str:
    """One figure of the marks over time, times ``scale``; empty where it was never known."""
    times, (values,) = of_marks(report, lambda mark: None if mark.get(key) is None else scale * float(mark[key]))
    if not any(value is not None for value in values):
        return ""
    return charts.add(key, title, times, [line(title.split(":")[0], values)], unit=unit, floor=True)


def by_strategy_chart(charts: Charts, report: Mapping[str, Any], key: str, title: str, unit: str = "num", total: bool = True) -> str:
    """One figure of the marks over time, a line a strategy that ever held anything, and their sum."""
    names = [name for name in strategy_names(report) if any(name in mark["strategies"] for mark in report["marks"])]
    if not names:
        return ""
    times, columns = of_marks(report, *(_held(name, key) for name in names))
    shown = [line(name, values, strategy_colour(name), width=1.3) for name, values in zip(names, columns)]
    if total and len(names) > 1:
        sums = [sum(found) if None not in (found := list(row)) else None for row in zip(*columns)]
        shown.append(line("all", sums, "var(--ink)", width=2))
    return charts.add(f"strategies-{key}", title, times, shown, unit=unit, height=210)


def _held(name: str, key: str) -> Callable[[Mapping[str, Any]], float | None]:
    """A strategy's figure at a mark: 0 where it holds nothing, None where its Greeks could not be computed."""
    return lambda mark: mark["strategies"][name][key] if name in mark["strategies"] else 0.0


def profit_chart(charts: Charts, report: Mapping[str, Any]) -> str:
    """What each strategy had made at each mark, closed trades and open positions together."""
    names = [name for name in strategy_names(report) if any(item["strategy"] == name
                                                            for item in [*report["trades"], *report["open_positions"]])]
    if not names:
        return ""
    columns = []
    for name in names:
        closed = sorted((trade["closed"], trade["pnl_usd"]) for trade in report["trades"]
                        if trade["strategy"] == name and trade["result_known"])
        columns.append(_made(name, closed))
    times, found = of_marks(report, *columns)
    return charts.add("strategies-profit", "Profit and loss by strategy over time, open positions at their marks", times,
                      [line(name, values, strategy_colour(name)) for name, values in zip(names, found)], unit="usd", height=240)


def _made(name: str, closed: Sequence[tuple[str, float]]) -> Callable[[Mapping[str, Any]], float]:
    def at(mark: Mapping[str, Any]) -> float:
        done = sum(usd for when, usd in closed if when <= mark["time"])       # a mark is taken after its minute's fills
        return done + (mark["strategies"][name]["open_usd"] if name in mark["strategies"] else 0.0)
    return at


def day_charts(charts: Charts, report: Mapping[str, Any]) -> str:
    """The result of each day, and the rolling figures."""
    days, found = daily(report)
    usd = [float(value) for value in report["results"]["account"]["day"].values()]
    times = [seconds(moment(day)) for day in days]
    bars = [line("Gain", [value if value >= 0 else None for value in usd], "var(--up)", kind="bars"),
            line("Loss", [value if value < 0 else None for value in usd], DOWN, kind="bars")]
    shown = charts.add("days", "Result of each day", times, bars, unit="usd", height=190)
    span, rolled = returns.ROLLING_SESSIONS, ""
    if len(found) > span:
        for name, title, unit, figure, scale in (
                ("volatility", "Volatility a year", "pct", returns.volatility, 100.0),
                ("sharpe", "Sharpe ratio", "num", returns.sharpe, 1.0), ("sortino", "Sortino ratio", "num", returns.sortino, 1.0)):
            values = [None if place < span or (value := figure(found[place - span:place])) is None else scale * value
                      for place in range(1, len(found) + 1)]
            rolled += charts.add(f"rolling-{name}", f"{title}, last {span} sessions", times, [line(title, values)], unit=unit,
                                 floor=name == "volatility")
    return shown + (f'<div class="small">{rolled}</div>' if rolled else "")


def distribution_chart(charts: Charts, report: Mapping[str, Any]) -> str:
    """How often a day made how much; SPY's days beside it."""
    days, found = daily(report)
    if len(found) < returns.LEAST_SESSIONS:
        return ""
    middles, counts = returns.histogram(found)
    return charts.add("distribution", "Distribution of daily returns", [round(100 * middle, 4) for middle in middles],
                      [line("Days", [float(count) for count in counts], ACCENT, kind="bars")], unit="num", height=190, time=False,
                      xlabel="Return", xunit="pct", floor=True)


def spy_share(report: Mapping[str, Any]) -> float | None:
    """What SPY made from the first mark to the last, by its price."""
    prices = list(benchmark_daily(report).values())
    first = next((mark["spy"] for mark in report["marks"] if mark["spy"] is not None), None)
    return prices[-1] / first - 1.0 if prices and first else None
