"""Reads one run's report and audit trail into the figures of a row. It asks nothing of the run but what both hold, so
that runs of an earlier version of this project can be read beside those of this one."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from config.strategy_parameters import SPECS
from local import results
from local.walk_days.arithmetic import is_traded

SESSIONS_A_MONTH = 21
YELLOW, ORANGE, RED = "YELLOW", "ORANGE", "RED"
LEVELS = ("NONE", YELLOW, ORANGE, RED)
SECOND_BREAKER_LEVEL = 2
FILLED = ("ORDER_FILLED", "ORDER_PARTIAL", "ORDER_UNEVEN_REPAIRED")
INCOME = tuple(name for name, spec in SPECS.items() if spec.counts_as_position)
# Refusals that are the market's: an entry is not wanted then, whatever the account.
MARKET_CODES = frozenset({"VIX_BELOW_BAND", "VIX_ABOVE_BAND", "VIX_ENTRY_STOP", "VIX_PANIC", "TREND_AGAINST",
                          "IV_PERCENTILE_LOW", "IV_RANK_LOW", "WRONG_WEEKDAY"})
PROTECTION, BOOK, POSITION = "protection alone", "book", "position"
CARRIED = "from the day before"
POSITION_ID = re.compile(r"\b(?:[a-z0-9_]+)/\d{12}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLevels:
    """The highest emergency level of a session and what raised it; the highest breaker level and what tripped."""

    day: date
    level: str
    cause: str
    breaker: int
    breaker_cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkFigures:
    """One run.

    Attributes
    ----------
    open_sessions : int
        Sessions on which VIX and trend let at least one income strategy of the phase in.
    entries, protection_entries : int
        Filled.
    orders : int
        Orders for entries of income strategies; repriced ones count once.
    forced : Counter
        Forced exits of income positions by cause.
    account_usd, income_usd, protection_usd : float
        What the account made; of that, closed income trades and closed protection.
    """

    name: str
    phase: int
    sessions: int
    open_sessions: int
    entries: int
    protection_entries: int
    orders: int
    days: tuple[DayLevels, ...]
    forced: Counter[str] = field(default_factory=Counter)
    account_usd: float = 0.0
    income_usd: float = 0.0
    protection_usd: float = 0.0

    @property
    def entries_a_month(self) -> float:
        """Income entries in 21 sessions."""
        return SESSIONS_A_MONTH * self.entries / self.sessions if self.sessions else 0.0

    @property
    def entries_an_open_month(self) -> float | None:
        """Income entries in 21 sessions that VIX and trend left open."""
        return SESSIONS_A_MONTH * self.entries / self.open_sessions if self.open_sessions else None

    def under(self, level: str) -> int:
        """Sessions whose highest emergency level was ``level``."""
        return sum(day.level == level for day in self.days)

    def causes(self) -> Counter[str]:
        """Sessions by level and cause: ``ORANGE by VIX``, ``breaker by margin``."""
        found = Counter(f"{day.level} by {day.cause}" for day in self.days if day.level != LEVELS[0])
        return found + Counter(f"breaker by {day.breaker_cause}" for day in self.days if day.breaker >= SECOND_BREAKER_LEVEL)

    @property
    def by_protection_alone(self) -> int:
        """Sessions that a level or a breaker's second stood on with nothing but protection to set it off."""
        return sum(PROTECTION in (day.cause if day.level != LEVELS[0] else "", day.breaker_cause) for day in self.days)


def read_walk(folder: Path, name: str, phase: int) -> WalkFigures:
    """Figures of one finished run.

    Raises
    ------
    ResultsError
        It left no report, or its audit trail cannot be read.
    """
    report, audit = results.read_report(folder), results.read_audit(folder / results.STORE_FOLDER)
    sessions = sorted({row["at"].date() for row in audit if row["event"] == "MARK"})
    trades = report["trades"]
    entered = [row["facts"]["strategy"] for row in audit if row["event"] in FILLED
               and row["facts"]["purpose"] == "ENTRY" and row["facts"]["units"]]
    income = [trade for trade in trades if trade["strategy"] in INCOME]
    account = report["results"]["account"]["day"]
    return WalkFigures(
        name=name, phase=phase, sessions=len(sessions),
        open_sessions=_open_sessions(sessions, report["refusal_days"], phase),
        entries=sum(strategy in INCOME for strategy in entered),
        protection_entries=sum(strategy not in INCOME for strategy in entered),
        orders=sum(row["event"] == "ENTER" and row["facts"]["strategy"] in INCOME for row in audit),
        days=tuple(day_levels(sessions, audit, held_times([*trades, *report["open_positions"]]))),
        forced=Counter(cause_of_exit(trade["exit_reason"]) for trade in income if trade["forced"]),
        account_usd=sum(account.values()), income_usd=sum(trade["pnl_usd"] for trade in income),
        protection_usd=sum(trade["pnl_usd"] for trade in trades if trade["strategy"] not in INCOME))


def _open_sessions(sessions: Sequence[date], refusals: Iterable[Mapping[str, Any]], phase: int) -> int:
    closed: dict[str, set[str]] = {}
    for row in refusals:
        if row["code"] in MARKET_CODES:
            closed.setdefault(row["date"], set()).add(row["strategy"])
    wanted = {name for name in INCOME if is_traded(name, phase)}
    return sum(bool(wanted - closed.get(day.isoformat(), set())) for day in sessions)


def held_times(positions: Iterable[Mapping[str, Any]]) -> list[tuple[datetime, datetime]]:
    """From when to when income positions were open."""
    return [(datetime.fromisoformat(row["opened"]), datetime.fromisoformat(row.get("closed") or datetime.max.isoformat()))
            for row in positions if row["strategy"] in INCOME and row["opened"]]


# --- levels ---------------------------------------------------------------------------------------------------------


def day_levels(sessions: Sequence[date], audit: Sequence[Mapping[str, Any]], held: Sequence[tuple[datetime, datetime]]
               ) -> list[DayLevels]:
    """Every session's highest levels. YELLOW and ORANGE end with the day, RED and a breaker stay until told otherwise."""
    changes: dict[date, list[Mapping[str, Any]]] = {}
    for row in audit:
        if row["event"] == "GUARDS":
            changes.setdefault(row["at"].date(), []).append(row)
    found: list[DayLevels] = []
    level, breaker, tripped = LEVELS[0], 0, ""
    for day in sessions:
        level = level if level == RED else LEVELS[0]
        highest, cause, most, why = level, CARRIED, breaker, tripped
        for row in changes.get(day, ()):
            facts, alone = row["facts"], not _held_that_day(held, row["at"])
            level, breaker = facts["emergency"], int(facts["breaker_level"])
            named = _breaker_cause(facts["trips"], alone)
            tripped = (named or tripped or "not told") if breaker >= SECOND_BREAKER_LEVEL else ""
            if LEVELS.index(level) > LEVELS.index(highest):
                highest, cause = level, _cause(level, facts["triggers"], alone)
            if breaker > most:
                most, why = breaker, tripped
        found.append(DayLevels(day=day, level=highest, cause=cause, breaker=most, breaker_cause=why))
    return found


def _held_that_day(held: Sequence[tuple[datetime, datetime]], moment: datetime) -> bool:
    """Whether anything but protection was open at some time of the day up to ``moment``."""
    start = datetime.combine(moment.date(), datetime.min.time())
    return any(opened <= moment and closed >= start for opened, closed in held)


def _cause(level: str, triggers: Sequence[str], alone: bool) -> str:
    """What raised ``level``: the market's own moves first, then the book's."""
    named = {_named(trigger, alone) for trigger in triggers if _raises(trigger, level)}
    return " and ".join(sorted(named)) or "not told"


def _raises(trigger: str, level: str) -> bool:
    own = {"VIX crossed 30": YELLOW, "VIX crossed 35": ORANGE, "SPY moved": ORANGE}.get(trigger)
    if own is None and trigger.startswith("day's loss "):
        own = trigger.removeprefix("day's loss ").partition(",")[0]
    if own is None:
        own = YELLOW if trigger.startswith("loss of ") else RED
    return own == level


def _named(trigger: str, alone: bool) -> str:
    if trigger.startswith("VIX"):
        return "VIX"
    if trigger.startswith("SPY"):
        return "SPY"
    if trigger.startswith("loss of "):
        return POSITION
    if trigger.startswith("day's loss"):
        return PROTECTION if alone or trigger.endswith("protection included") else BOOK
    return trigger.partition(":")[0]


def _breaker_cause(trips: Sequence[str], alone: bool) -> str:
    """What stands at a second level or beyond; empty where nothing is measured there any more."""
    kinds = sorted({trip.split(" ", 1)[0] for trip in trips if not trip.endswith("level 1")})
    return PROTECTION if alone and set(kinds) - {"streak"} else " and ".join(kinds)


def cause_of_exit(reason: str) -> str:
    """A forced exit's reason without the names of positions."""
    short = POSITION_ID.sub("a position", reason)
    return ", ".join(dict.fromkeys(part.strip() for part in short.split(",")))
