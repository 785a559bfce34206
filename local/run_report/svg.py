"""Small pieces of inline SVG: scales, axes, lines, bands and bars. Nothing is fetched, nothing runs."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

WIDTH = 1080
MARGIN_LEFT, MARGIN_RIGHT = 76, 18
NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MONTHS_IN_TICKS_FROM_DAYS = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A drawing area: pixel bounds, and the values at its edges. Times are seconds since ``start``."""

    top: float
    height: float
    start: datetime
    end: datetime
    low: float
    high: float

    def x(self, moment: datetime) -> float:
        """Pixel of a time."""
        span = max((self.end - self.start).total_seconds(), 1.0)
        share = (moment - self.start).total_seconds() / span
        return MARGIN_LEFT + share * (WIDTH - MARGIN_LEFT - MARGIN_RIGHT)

    def y(self, value: float) -> float:
        """Pixel of a value."""
        span = (self.high - self.low) or 1.0
        return self.top + self.height * (1.0 - (value - self.low) / span)

    @property
    def bottom(self) -> float:
        return self.top + self.height


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round values that cover ``low`` to ``high`` in about ``count`` steps."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in NICE_STEPS if power * nice >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def padded(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """Bounds a little wider than the values; never of width zero."""
    low, high = min(values), max(values)
    pad = (high - low) * share or max(abs(high), 1.0) * 0.01
    return low - pad, high + pad


def time_ticks(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Months over long spans, Mondays over shorter ones."""
    ticks = []
    day = datetime(start.year, start.month, start.day)
    by_month = (end - start).days > MONTHS_IN_TICKS_FROM_DAYS
    while day <= end:
        if day.date() >= start.date() and (day.day == 1 if by_month else day.weekday() == 0):
            ticks.append((max(day, start), f"{day:%b %Y}" if by_month else f"{day.day} {day:%b}"))
        day += timedelta(days=1)
    return ticks


def text(x: float, y: float, content: str, *, anchor: str = "start", style: str = "tick") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">{escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def rectangle(x: float, y: float, width: float, height: float, *, fill: str, title: str = "", radius: float = 0,
              opacity: float = 1.0) -> str:
    """A filled rectangle; ``title`` shows when the pointer rests on it."""
    inner = f"<title>{escape(title)}</title>" if title else ""
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" rx="{radius:g}" '
            f'fill="{fill}" opacity="{opacity:g}">{inner}</rect>')


def marker(x: float, y: float, *, fill: str, title: str, up: bool) -> str:
    """A small triangle, pointing up or down."""
    size = 5 if up else -5
    points = f"{x:.1f},{y - size:.1f} {x - 5:.1f},{y + size:.1f} {x + 5:.1f},{y + size:.1f}"
    return f'<polygon points="{points}" fill="{fill}" class="mark"><title>{escape(title)}</title></polygon>'


def path(points: Sequence[tuple[float, float]], style: str) -> str:
    """A line through points."""
    joined = " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<path d="M{joined}" class="{style}"/>' if points else ""


def area(points: Sequence[tuple[float, float]], base: float, style: str) -> str:
    """The area between points and a horizontal base."""
    if not points:
        return ""
    joined = " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<path d="M{points[0][0]:.1f},{base:.1f} L{joined} L{points[-1][0]:.1f},{base:.1f} Z" class="{style}"/>'


def value_axis(panel: Panel, show: Callable[[float], str], count: int = 5) -> str:
    """Horizontal grid lines with their values."""
    parts = []
    for tick in nice_ticks(panel.low, panel.high, count):
        y = panel.y(tick)
        parts += [line(MARGIN_LEFT, y, WIDTH - MARGIN_RIGHT, y, "grid"),
                  text(MARGIN_LEFT - 8, y + 4, show(tick), anchor="end")]
    return "".join(parts)


def time_axis(panel: Panel, *, labels: bool = True) -> str:
    """Vertical grid lines, and the times under the panel."""
    parts = []
    for moment, label in time_ticks(panel.start, panel.end):
        x = panel.x(moment)
        parts.append(line(x, panel.top, x, panel.bottom, "grid"))
        if labels and x < WIDTH - 40:
            parts.append(text(x + 3, panel.bottom + 15, label))
    return "".join(parts)


def hover_columns(panel: Panel, moments: Sequence[datetime], titles: Sequence[str]) -> str:
    """Invisible columns, one a mark, that show its values when the pointer rests on them."""
    parts = []
    edges = [panel.x(moment) for moment in moments]
    for index, title in enumerate(titles):
        left = MARGIN_LEFT if index == 0 else (edges[index - 1] + edges[index]) / 2
        right = WIDTH - MARGIN_RIGHT if index == len(edges) - 1 else (edges[index] + edges[index + 1]) / 2
        parts.append(f'<rect x="{left:.1f}" y="{panel.top:.1f}" width="{max(right - left, 0.5):.1f}" '
                     f'height="{panel.height:.1f}" class="hover"><title>{escape(title)}</title></rect>')
    return "".join(parts)


def drawing(height: float, label: str, *parts: str) -> str:
    """The whole picture, as wide as the page allows."""
    return (f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(label)}" '
            f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>')
