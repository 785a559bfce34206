"""A quote that lies for a minute while everything else is calm: it raises no level, closes nothing and prices no order.
One live Friday on the embedded engine, with a condor and an LT112 open."""
from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.model import Contract, EmergencyLevel, Right
from helpers.shell.framework_shell import FrameworkShell
from local.broker_faults.faults import LyingQuotes
from local.broker_faults.lives import Lives
from tests.scenarios.order_world import FRIDAY, lives

DONE = {"ENTER", "EXIT", "MANAGE", "FILL", "GUARDS", "ORDER_FILLED", "ORDER_NOT_FILLED"}
ROLES = {"LT112's short put": ("lt112", Right.PUT, -1), "LT112's long put": ("lt112", Right.PUT, 1),
         "the condor's short put": ("friday_0dte", Right.PUT, -1), "the condor's put wing": ("friday_0dte", Right.PUT, 1)}


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def lie(contract: Contract, start: datetime, minutes: int = 1, **figures: float) -> LyingQuotes:
    name = f"{contract.underlying:<6}{contract.expiry:%y%m%d}{contract.right.value}{round(1000 * contract.strike):08d}"
    return LyingQuotes(option=name, start=start, end=start + timedelta(minutes=minutes), **figures)


def until(moment: datetime, out: Path, *lies: LyingQuotes) -> tuple[Lives, FrameworkShell]:
    run = lives(out, *lies, live=True)
    run.begin()
    assert run.run(moment), run.error
    return run, run.engine.algorithm.shell


def leg_of(shell: FrameworkShell, role: str) -> Contract:
    """The held contract that plays a role."""
    strategy, right, sign = ROLES[role]
    (found,) = [leg.contract for position in shell.parts.states.open_positions if position.strategy == strategy
                for leg in position.legs if leg.contract.right is right and leg.quantity * sign > 0]
    return found


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("figures", [{}, {"ask_times": 100.0}, {"bid": 0.01, "ask_times": 0.02}], ids=str)
def test_a_held_leg_that_lies_for_a_minute_raises_nothing(tmp_path: Path, role: str, figures: dict[str, float]) -> None:
    quiet, calm = until(at(12, 8), tmp_path / "quiet")
    contract = leg_of(calm, role)
    lies = [lie(contract, at(12, 0) + timedelta(minutes=minute), **figures) for minute in (0, 4, 5)]
    run, shell = until(at(12, 8), tmp_path / "lied", *lies)
    assert leg_of(shell, role) == contract and sum(found.hits for found in lies) > 0
    assert shell.parts.emergency.report.level is EmergencyLevel.NONE and shell.parts.breakers.report.level == 0
    assert len(shell.parts.states.open_positions) == 2 and shell.parts.ledger.trades == ()
    equity = [of.builder.snapshot(at(12, 8)).account.equity for of in (calm, shell)]
    assert equity[1] == pytest.approx(equity[0], abs=20.0), "a cheap leg may be a mark behind"
    rows = [audited(of, its) for of, its in ((quiet, calm), (run, shell))]
    assert contract.id in {row["facts"]["contract"] for row in rows[1] if row["event"] == "QUOTE_DOUBTED"}
    assert [row for row in rows[1] if row["event"] in DONE] == [row for row in rows[0] if row["event"] in DONE]


def audited(run: Lives, shell: FrameworkShell) -> list[dict[str, Any]]:
    shell.journal.flush()
    return run.audit()
