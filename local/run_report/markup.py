"""HTML of the report's small parts. Everything that comes from a run is escaped."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from config.strategy_parameters import STRATEGY_PRIORITY

STRATEGY_COLOURS = tuple(f"var(--s{rank})" for rank in range(10))     # assets/page.css, light and dark
NEUTRAL = "var(--neutral)"
DASH = "–"


class Markup(str):
    """Text that is HTML already; anything else in a cell is escaped."""


FORCED = Markup('<span class="forced">forced</span>')


def text_of(value: object) -> str:
    """HTML of a value: escaped unless it is markup."""
    return value if isinstance(value, Markup) else escape(str(value))


def strategy_colour(name: str) -> str:
    """One colour a strategy, the same in every chart and table."""
    if name not in STRATEGY_PRIORITY:
        return NEUTRAL
    rank = STRATEGY_PRIORITY.index(name)
    # golden angle: hues that stay apart however many follow
    return STRATEGY_COLOURS[rank] if rank < len(STRATEGY_COLOURS) else f"hsl({rank * 137.5 % 360:.0f} 55% 48%)"


def chip(name: str) -> Markup:
    """A strategy's name beside its colour."""
    return Markup(f'<span class="chip"><i style="background:{strategy_colour(name)}"></i>{escape(name)}</span>')


def table(header: Sequence[object], rows: Sequence[Sequence[object]], *, label: str, numbers: Collection[int] = (),
          foot: Sequence[object] = (), empty: str = "None.", style: str = "", tall: bool = False) -> Markup:
    """A table in a frame that scrolls, also by the keyboard; the columns in ``numbers`` are flush right. ``label`` tells
    what it shows."""
    if not rows:
        return Markup(f'<p class="quiet">{escape(empty)}</p>')

    def line(tag: str, values: Sequence[object]) -> str:
        return "".join(f'<{tag}{" class=number" if index in numbers else ""}>{text_of(value)}</{tag}>'
                       for index, value in enumerate(values))

    head = "".join(f'<th scope="col"{" class=number" if index in numbers else ""}>{text_of(name)}</th>'
                   for index, name in enumerate(header))
    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    feet = f"<tfoot><tr>{line('td', foot)}</tr></tfoot>" if foot else ""
    return Markup(f'<div class="scroll{" tall" if tall else ""}" tabindex="0" role="group" aria-label="{escape(label)}">'
                  f'<table{f" class={style}" if style else ""}><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{feet}</table></div>')


def folded(summary: str, body: str, *, opened: bool = False) -> Markup:
    """Something that is long, behind its name."""
    return Markup(f'<details{" open" if opened else ""}><summary>{escape(summary)}</summary>{body}</details>') if body else Markup("")


def section(name: str, heading: str, body: str, note: str = "") -> str:
    """One section of the page; none where there is nothing to show."""
    quiet = f'<p class="quiet">{text_of(note)}</p>' if note else ""
    return f'<section id="{name}" aria-labelledby="{name}-name"><h2 id="{name}-name">{escape(heading)}</h2>{quiet}{body}</section>' \
        if body else ""


def quiet(text: str) -> Markup:
    """A remark."""
    return Markup(f'<p class="quiet">{escape(text)}</p>')


def moment(value: str) -> datetime:
    """A time of the report (New York, no zone)."""
    return datetime.fromisoformat(value)


def clock(value: object) -> Markup:
    """A time of the report, or a dash."""
    return Markup(f'<span class="nowrap">{moment(str(value)):%Y-%m-%d %H:%M}</span>' if value else DASH)


def signed(value: float, text: str) -> Markup:
    """Text in the colour of a gain or a loss."""
    style = "up" if value > 0 else "down" if value < 0 else ""
    return Markup(f'<span class="{style}">{escape(text)}</span>')


def money(value: float | None, digits: int = 2) -> Markup:
    """A result in USD, or a dash where it is not known."""
    return Markup(DASH) if value is None else signed(round(value, digits), f"{value:+,.{digits}f}")


def percent(value: float | None, digits: int = 2) -> Markup:
    """A gain or a loss, as a share, in per cent."""
    return Markup(DASH) if value is None else signed(round(100 * value, digits), f"{value:+.{digits}%}")


def share(value: float | None, digits: int = 0) -> str:
    """A share in per cent, or a dash."""
    return DASH if value is None else f"{value:.{digits}%}"


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash."""
    return DASH if value is None else f"{value:,.{digits}f}"


def dollars(value: float) -> str:
    """USD without cents."""
    return f"-${-value:,.0f}" if round(value) < 0 else f"${abs(value):,.0f}"


def short(value: Any) -> str:
    """A fact: a number to four decimals at most, anything else as it is."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.2f}" if abs(value) >= 1000.0 else f"{value:,.4f}".rstrip("0").rstrip(".")


def facts(value: Mapping[str, Any] | None) -> str:
    """Facts as ``name value`` pairs."""
    return ", ".join(f"{name} {short(item)}" for name, item in (value or {}).items())


def code(text: str) -> Markup:
    """A code of the framework."""
    return Markup(f'<span class="code">{escape(text)}</span>')


def legs(value: Sequence[str]) -> Markup:
    """Legs of one unit, one a line."""
    return Markup('<span class="legs">' + "<br>".join(escape(item) for item in value) + "</span>")


def definition_list(pairs: Mapping[str, object]) -> Markup:
    """Names and values side by side."""
    return Markup("<dl>" + "".join(f"<dt>{escape(str(name))}</dt><dd>{text_of(value)}</dd>"
                                   for name, value in pairs.items()) + "</dl>")
