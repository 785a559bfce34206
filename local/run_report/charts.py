"""The report's charts: equity and drawdown, VIX in its regimes, use of the risk budget, bars by name."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from config.constants import VIX_REGIMES
from config.strategy_parameters import STRATEGY_PRIORITY
from local.run_report import svg
from local.run_report.style import LOSS, NEUTRAL, PROFIT, REGIME_COLOURS, STRATEGY_COLOURS

BAR_HEIGHT, BAR_GAP = 22, 8
LABEL_WIDTH = 190


def strategy_colour(name: str) -> str:
    """One colour a strategy, the same in every chart and table."""
    if name not in STRATEGY_PRIORITY:
        return NEUTRAL
    rank = STRATEGY_PRIORITY.index(name)
    # golden angle: hues that stay apart however many follow
    return STRATEGY_COLOURS[rank] if rank < len(STRATEGY_COLOURS) else f"hsl({rank * 137.5 % 360:.0f} 55% 40%)"


def moment(value: str) -> datetime:
    """A time of the report (New York, no zone)."""
    return datetime.fromisoformat(value)


def dollars(value: float) -> str:
    """USD without cents."""
    return f"-${-value:,.0f}" if value < 0 else f"${value:,.0f}"


def drawdowns(equity: Sequence[float]) -> list[float]:
    """Share below the highest value so far, 0 or negative."""
    peak, found = float("-inf"), []
    for value in equity:
        peak = max(peak, value)
        found.append(value / peak - 1.0 if peak > 0 else 0.0)
    return found


def equity_chart(report: Mapping[str, Any]) -> str:
    """Equity with entries and exits, above the drawdown from its peak."""
    marks = report["marks"]
    moments, equity = [moment(mark["time"]) for mark in marks], [float(mark["equity"]) for mark in marks]
    falls = [100.0 * share for share in drawdowns(equity)]
    low, high = svg.padded(equity)
    main = svg.Panel(top=16, height=250, start=moments[0], end=moments[-1], low=low, high=high)
    under = svg.Panel(top=300, height=90, start=moments[0], end=moments[-1], low=min(falls) * 1.1 or -1.0, high=0.0)
    curve = [(main.x(at), main.y(value)) for at, value in zip(moments, equity)]
    depth = [(under.x(at), under.y(value)) for at, value in zip(moments, falls)]
    titles = [f"{at:%a %Y-%m-%d %H:%M}  equity {dollars(value)}  drawdown {fall:.2f} %"
              for at, value, fall in zip(moments, equity, falls)]
    return svg.drawing(
        412, "Equity and drawdown",
        svg.value_axis(main, dollars), svg.time_axis(main, labels=False),
        svg.area(curve, main.bottom, "equity-area"), svg.path(curve, "equity"),
        svg.hover_columns(main, moments, titles), _trade_marks(report, main, moments, equity),
        svg.text(svg.MARGIN_LEFT, 292, "Drawdown from the peak", style="label"),
        svg.value_axis(under, lambda value: f"{value:.1f}%", 3), svg.time_axis(under),
        svg.area(depth, under.top, "fall-area"), svg.path(depth, "fall"), svg.hover_columns(under, moments, titles))


def _trade_marks(report: Mapping[str, Any], panel: svg.Panel, moments: Sequence[datetime],
                 equity: Sequence[float]) -> str:
    """A triangle up where a trade was opened and down where it was closed, on the equity line."""
    parts = []
    for trade in report["trades"]:
        colour, result = strategy_colour(trade["strategy"]), f"{trade['pnl_usd']:+,.2f} USD"
        for key, up, words in (("opened", True, trade["entry_reason"]),
                               ("closed", False, f"{trade['exit_reason']}, {result}")):
            at = moment(trade[key])
            if moments[0] <= at <= moments[-1]:
                level = _level(at, moments, equity)
                parts.append(svg.marker(panel.x(at), panel.y(level) + (12 if up else -12), fill=colour, up=up,
                                        title=f"{at:%Y-%m-%d %H:%M} {trade['strategy']} {key}: {words}"))
    return "".join(parts)


def _level(at: datetime, moments: Sequence[datetime], values: Sequence[float]) -> float:
    """The last value known at a time."""
    known = [value for time, value in zip(moments, values) if time <= at]
    return known[-1] if known else values[0]


def vix_chart(report: Mapping[str, Any]) -> str:
    """VIX over the run on bands of its regimes; gaps where the source had no value."""
    known = [(moment(mark["time"]), float(mark["vix"])) for mark in report["marks"] if mark.get("vix") is not None]
    if not known:
        return '<p class="quiet">No value of VIX was marked in this run.</p>'
    moments, values = [at for at, _ in known], [value for _, value in known]
    start, end = moment(report["marks"][0]["time"]), moment(report["marks"][-1]["time"])
    low, high = max(0.0, min(values) - 2.0), max(values) + 2.0
    panel = svg.Panel(top=12, height=220, start=start, end=end, low=low, high=high)
    bands, names, floor = [], [], 0.0
    for ceiling, name in VIX_REGIMES:
        bottom, top = max(floor, low), min(ceiling, high)
        if top > bottom:
            bands.append(svg.rectangle(svg.MARGIN_LEFT, panel.y(top), svg.WIDTH - svg.MARGIN_LEFT - svg.MARGIN_RIGHT,
                                       panel.y(bottom) - panel.y(top), fill=REGIME_COLOURS[name]))
            if panel.y(bottom) - panel.y(top) > 12:
                names.append(svg.text(svg.WIDTH - svg.MARGIN_RIGHT - 6, panel.y(top) + 13, name.replace("_", " "),
                                      anchor="end", style="band"))
        floor = ceiling
    points = [(panel.x(at), panel.y(value)) for at, value in known]
    titles = [f"{at:%a %Y-%m-%d %H:%M}  VIX {value:.2f}" for at, value in known]
    return svg.drawing(258, "VIX and its regimes", *bands, svg.value_axis(panel, lambda value: f"{value:g}"),
                       svg.time_axis(panel), svg.path(points, "vix"), *names, svg.hover_columns(panel, moments, titles))


def series_chart(marks: Sequence[Mapping[str, Any]], key: str, title: str, unit: str, scale: float = 1.0) -> str:
    """One figure of the marks over time, times ``scale``, small; empty text where it was never marked."""
    known = [(moment(mark["time"]), scale * float(mark[key])) for mark in marks if mark.get(key) is not None]
    if len(known) < 2:
        return ""
    moments, values = [at for at, _ in known], [value for _, value in known]
    low, high = svg.padded([*values, 0.0])
    panel = svg.Panel(top=24, height=120, start=moments[0], end=moments[-1], low=low, high=high)
    points = [(panel.x(at), panel.y(value)) for at, value in known]
    titles = [f"{at:%a %Y-%m-%d %H:%M}  {title} {value:,.2f} {unit}" for at, value in known]
    return svg.drawing(166, title, svg.text(svg.MARGIN_LEFT, 14, f"{title} ({unit})", style="label"),
                       svg.value_axis(panel, lambda value: f"{value:,g}"), svg.time_axis(panel),
                       svg.path(points, "series"), svg.hover_columns(panel, moments, titles))


def daily_bars(days: Mapping[str, float]) -> str:
    """What the account made on each day (ISO date to USD): bars up for gains, down for losses."""
    moments, values = [moment(day) for day in days], list(days.values())
    low, high = svg.padded([*values, 0.0])
    panel = svg.Panel(top=12, height=180, start=moments[0], end=moments[-1] + timedelta(days=1), low=low, high=high)
    width = max(1.0, 0.75 * (panel.x(moments[0] + timedelta(days=1)) - panel.x(moments[0])))
    bars = []
    for at, value in zip(moments, values):
        top, bottom = sorted((panel.y(value), panel.y(0.0)))
        bars.append(svg.rectangle(panel.x(at), top, width, bottom - top, fill=PROFIT if value >= 0 else LOSS,
                                  title=f"{at:%a %Y-%m-%d} {value:+,.2f} USD"))
    return svg.drawing(218, "Result of each day", svg.value_axis(panel, dollars, 7), svg.time_axis(panel),
                       svg.line(svg.MARGIN_LEFT, panel.y(0.0), svg.WIDTH - svg.MARGIN_RIGHT, panel.y(0.0), "zero"), *bars)


def profit_bars(rows: Sequence[tuple[str, float]]) -> str:
    """P&L by strategy: bars to the right of zero for profits, to the left for losses."""
    low, high = min(0.0, *(value for _, value in rows)), max(0.0, *(value for _, value in rows))
    span, left, right = (high - low) or 1.0, LABEL_WIDTH + 70, svg.WIDTH - 90

    def place(value: float) -> float:
        return left + (value - low) / span * (right - left)

    parts, y = [svg.line(place(0.0), 0, place(0.0), len(rows) * (BAR_HEIGHT + BAR_GAP), "zero")], 4.0
    for name, value in rows:
        first, last = sorted((place(0.0), place(value)))
        parts += [svg.text(LABEL_WIDTH - 10, y + 16, name, anchor="end", style="label"),
                  svg.rectangle(first, y, last - first, BAR_HEIGHT, fill=PROFIT if value >= 0 else LOSS, radius=3,
                                title=f"{name} {value:+,.2f} USD"),
                  svg.text(last + 8 if value >= 0 else first - 8, y + 16, f"{value:+,.0f}", style="label",
                           anchor="start" if value >= 0 else "end")]
        y += BAR_HEIGHT + BAR_GAP
    return svg.drawing(y + 4, "Profit and loss by strategy", *parts)


def refusal_bars(refusals: Mapping[str, Mapping[str, int]]) -> str:
    """Refusals by code, each bar divided by strategy, on a square-root scale so that rare codes stay visible."""
    totals: dict[str, int] = {}
    for codes in refusals.values():
        for code, count in codes.items():
            totals[code] = totals.get(code, 0) + count
    ordered = sorted(totals, key=lambda code: (-totals[code], code))
    left, right, y = LABEL_WIDTH + 40, svg.WIDTH - 90, 4.0
    largest, parts = max(totals.values()) ** 0.5, []
    for code in ordered:
        width, x = totals[code] ** 0.5 / largest * (right - left), float(left)
        parts.append(svg.text(left - 10, y + 16, code, anchor="end", style="label"))
        for name, codes in refusals.items():
            if codes.get(code):
                part = width * codes[code] / totals[code]
                parts.append(svg.rectangle(x, y, part, BAR_HEIGHT, fill=strategy_colour(name), radius=2,
                                           title=f"{name} {code} {codes[code]:,}"))
                x += part
        parts.append(svg.text(left + width + 8, y + 16, f"{totals[code]:,}", style="label"))
        y += BAR_HEIGHT + BAR_GAP
    return svg.drawing(y + 4, "Refusals by code", *parts)
