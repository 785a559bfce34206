"""One seed: a window, strategies, a plan of faults, a run, a verdict. Everything follows from the seed."""
from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from config.figures import read_figures, specs_with
from local.broker_faults.broker import FaultyBroker
from local.broker_faults.invariants import Evidence, Violation, violations
from local.broker_faults.lives import Lives
from local.broker_faults.plan import FaultPlan
from local.data.calendar import sessions

WINDOW_SESSIONS = 10
WINDOW_STEP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all seeds of one command share.

    Attributes
    ----------
    first, last : date
        Span in which windows are laid.
    strategies : str
        As the algorithm's parameter.
    """

    project: Path
    data: Path
    first: date
    last: date
    parameters: tuple[tuple[str, str], ...]
    strategies: str
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedResult:
    """What became of one seed."""

    seed: int
    violations: tuple[Violation, ...]
    plan: Mapping[str, Any]
    hits: Mapping[str, int]
    orders: int
    trades: int
    lives: int
    reported: Mapping[str, int] = field(default_factory=dict)


def window_of(ground: Ground, seed: int) -> tuple[date, ...]:
    """The sessions of a seed's run."""
    days = sessions(ground.first, ground.last)
    starts = max(1, (len(days) - WINDOW_SESSIONS) // WINDOW_STEP + 1)
    begin = seed % starts * WINDOW_STEP
    return days[begin:begin + WINDOW_SESSIONS]


def lives_of(ground: Ground, days: tuple[date, ...], out: Path, plan: FaultPlan) -> Lives:
    """The framework on a faulty broker, ready to run."""
    parameters = dict(ground.parameters) | {"strategies": ground.strategies}
    broker = FaultyBroker(plan.faults, fills_after=plan.fills_after)
    return Lives(project=ground.project, data=ground.data, out=out, broker=broker, parameters=parameters,
                 first=days[0], last=days[-1], faults=plan.faults, live=ground.live)


@lru_cache(maxsize=64)
def quiet_moments(ground: Ground, days: tuple[date, ...], fills_after: int | None) -> tuple[datetime, ...]:
    """When orders are sent and trades are made without any fault."""
    with tempfile.TemporaryDirectory(prefix="tom-king-faults-") as scratch:
        lives = lives_of(ground, days, Path(scratch), FaultPlan(0, (), fills_after))
        lives.whole()
        log = lives.broker.log
        return tuple(sorted({order.time for order in log.orders} | {trade.time for trade in log.trades if trade.tag}))


def plan_of(ground: Ground, seed: int) -> FaultPlan:
    """The faults of a seed."""
    days = window_of(ground, seed)
    return FaultPlan.draw(seed, days, lambda after: quiet_moments(ground, days, after))


def run_seed(ground: Ground, seed: int, out: Path | None = None) -> SeedResult:
    """Run one seed; ``out`` keeps what the run leaves."""
    if out is not None:
        return _run_seed(ground, seed, out)
    scratch = Path(tempfile.mkdtemp(prefix="tom-king-faults-"))
    try:
        return _run_seed(ground, seed, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_seed(ground: Ground, seed: int, out: Path) -> SeedResult:
    plan = plan_of(ground, seed)
    lives = lives_of(ground, window_of(ground, seed), out, plan)
    lives.whole()
    return judge(lives, plan, seed)


def judge(lives: Lives, plan: FaultPlan, seed: int) -> SeedResult:
    """The verdict on a run that is over."""
    evidence = evidence_of(lives, plan)
    hits: dict[str, int] = {}
    for fault in plan.faults:
        hits[fault.kind] = hits.get(fault.kind, 0) + fault.hits
    reported: dict[str, int] = {}
    for row in evidence.audit:
        if row["event"].startswith("ORDER_") or row["event"] in ("RECONCILED", "QUARANTINE", "LATE_FILL"):
            reported[row["event"]] = reported.get(row["event"], 0) + 1
    return SeedResult(seed=seed, violations=tuple(violations(evidence)), plan=plan.describe(), hits=hits,
                      orders=len(evidence.log.orders), trades=len(evidence.log.trades), lives=lives.lives,
                      reported=reported)


def evidence_of(lives: Lives, plan: FaultPlan) -> Evidence:
    """What a run left, for the invariants."""
    brokerage = lives.broker.brokerage
    return Evidence(log=brokerage.log, faults=plan.faults, audit=lives.audit(), state=lives.state(),
                    ended=lives.engine.clock.local, error=lives.error, untold=brokerage.untold,
                    resting=brokerage.resting_tags, specs=specs_with(read_figures(lives.parameters)))
