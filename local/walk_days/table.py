"""The tables of ``walk-days``: one row a run, sums by phase, causes, and all of it against another set of runs."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from local.statistics_table import grid
from local.walk_days.reader import ORANGE, RED, SECOND_BREAKER_LEVEL, YELLOW, WalkFigures

HEADER = ("run", "phase", "sessions", "open", "entries", "a month", "an open month", "orders an entry", "YELLOW", "ORANGE",
          "RED", "breaker", "by protection alone", "forced", "income $", "protection $", "account $")
Walks = Mapping[str, WalkFigures]


def run_rows(walks: Sequence[WalkFigures]) -> list[tuple[str, ...]]:
    """One row of text a run."""
    return [_row(walk.name, str(walk.phase), [walk]) for walk in walks]


def _row(name: str, phase: str, walks: Sequence[WalkFigures]) -> tuple[str, ...]:
    sessions, opened = sum(walk.sessions for walk in walks), sum(walk.open_sessions for walk in walks)
    entries, orders = sum(walk.entries for walk in walks), sum(walk.orders for walk in walks)
    days = [day for walk in walks for day in walk.days]
    return (name, phase, str(sessions), str(opened), str(entries), _rate(21 * entries, sessions), _rate(21 * entries, opened),
            _rate(orders, entries), *(str(sum(day.level == level for day in days)) for level in (YELLOW, ORANGE, RED)),
            str(sum(day.breaker >= SECOND_BREAKER_LEVEL for day in days)), str(sum(walk.by_protection_alone for walk in walks)),
            str(sum(sum(walk.forced.values()) for walk in walks)),
            *(f"{sum(getattr(walk, name) for walk in walks):,.0f}" for name in ("income_usd", "protection_usd", "account_usd")))


def _rate(over: float, under: float) -> str:
    return f"{over / under:.1f}" if under else "–"


def phase_rows(walks: Sequence[WalkFigures]) -> list[tuple[str, ...]]:
    """One row a phase: all its runs together."""
    phases = sorted({walk.phase for walk in walks})
    return [_row(f"all of phase {phase}", str(phase), [walk for walk in walks if walk.phase == phase]) for phase in phases]


def walk_lines(walks: Sequence[WalkFigures]) -> list[str]:
    """Runs, phases, and by phase what raised a level and what was closed by force."""
    lines = grid(HEADER, [*run_rows(walks), *phase_rows(walks)])
    lines += ["", *_counted("what set a level off", walks, lambda walk: walk.causes())]
    return lines + ["", *_counted("forced exits", walks, lambda walk: walk.forced)]


def _counted(title: str, walks: Sequence[WalkFigures], of: Callable[[WalkFigures], Counter[str]]) -> list[str]:
    """Counts by name, one column a phase."""
    phases = sorted({walk.phase for walk in walks})
    sums = {phase: sum((of(walk) for walk in walks if walk.phase == phase), Counter()) for phase in phases}
    names = sorted(set().union(*sums.values()), key=lambda name: (-sum(sums[phase][name] for phase in phases), name))
    rows = [(name, *(str(sums[phase][name] or "–") for phase in phases)) for name in names]
    return grid((title, *(f"phase {phase}" for phase in phases)), rows or [("none", *("–" for _ in phases))])


def against_lines(before: Sequence[WalkFigures], after: Sequence[WalkFigures]) -> list[str]:
    """The phases of two sets of runs, ``before → after``, over the runs both have."""
    both = {walk.name for walk in before} & {walk.name for walk in after}
    if not both:
        return ["no run is in both sets"]
    pairs = zip(phase_rows([walk for walk in before if walk.name in both]),
                phase_rows([walk for walk in after if walk.name in both]))
    rows = [(old[0], *(f"{one} → {other}" for one, other in zip(old[2:], new[2:]))) for old, new in pairs]
    return [f"before → after, {len(both)} runs", *grid((HEADER[0], *HEADER[2:]), rows)]
