"""What staging has shown: how long it was observed, and what would have filled against what was planned.

An entry is planned to concede so much of the way from the mid to the natural price (``FILL_CONCESSION``: what every backtest
reckons with). What its paper order conceded is read off the audit trail: slippage against half of the quoted spread.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from config.constants import FILL_CONCESSION

LEAST_FILLS = 10
LEAST_DAYS, LEAST_SESSIONS, LONGEST_PAUSE = timedelta(days=30), 15, timedelta(days=7)
MOST_SHARE = FILL_CONCESSION * 1.25
FILLED, ENTRY, OBSERVED = ("ORDER_FILLED", "ORDER_PARTIAL"), "ENTRY", "MODE_OBSERVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen. ``first`` and ``last`` are days with marks of one stretch without a pause of more than a week; ``wished``
    counts entries decided on; ``shares`` is, by strategy, what each fill conceded of the way from mid to natural."""

    first: date | None
    last: date | None
    sessions: int
    wished: int
    shares: Mapping[str, tuple[float, ...]]

    @property
    def fills(self) -> int:
        return sum(map(len, self.shares.values()))

    @property
    def mean_share(self) -> float | None:
        """Of all fills; None without any."""
        every = [share for shares in self.shares.values() for share in shares]
        return sum(every) / len(every) if every else None

    def missing(self, today: date) -> str:
        """Why this is not enough, "" where it is."""
        if self.first is None or self.last is None or today - self.last > LONGEST_PAUSE:
            return "nothing was observed in the last week"
        if self.last - self.first < LEAST_DAYS or self.sessions < LEAST_SESSIONS:
            return f"{(self.last - self.first).days} days and {self.sessions} sessions observed, of {LEAST_DAYS.days} and {LEAST_SESSIONS}"
        if self.mean_share is None:
            return "no fill on paper to compare with the plan"
        if self.fills < LEAST_FILLS:
            return f"{self.fills} fills on paper to compare with the plan, of {LEAST_FILLS}"
        if self.mean_share > MOST_SHARE:
            return f"fills conceded {self.mean_share:.0%} of the way to the natural price, {FILL_CONCESSION:.0%} are planned"
        return ""


def observe(records: Iterable[Mapping[str, Any]]) -> Observation:
    """Read the audit trail of staging, in order of time."""
    days: list[date] = []
    wished = 0
    shares: dict[str, list[float]] = {}
    for row in records:
        event, facts, day = row["event"], row["facts"], date.fromisoformat(row["time"][:10])
        if event == "MARK" and (not days or day > days[-1]):
            days = [*days, day] if days and day - days[-1] <= LONGEST_PAUSE else [day]
        elif event == "ENTER":
            wished += 1
        elif event == "REFUSED" and facts.get("code") == OBSERVED and "would_enter" in facts:
            wished += 1
        elif event in FILLED and facts["purpose"] == ENTRY and facts.get("half_spread_usd", 0.0) > 0.0:
            shares.setdefault(facts["strategy"], []).append(-facts["slippage_usd"] / facts["half_spread_usd"])
    return Observation(first=days[0] if days else None, last=days[-1] if days else None, sessions=len(days), wished=wished,
                       shares={name: tuple(found) for name, found in shares.items()})
