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
from tests.builders import make_contract
from tests.scenarios.order_world import FRIDAY, lives

DONE = {"ENTER", "EXIT", "MANAGE", "FILL", "GUARDS", "ORDER_FILLED", "ORDER_NOT_FILLED"}
LT112_SHORT = make_contract(525.0, expiry=datetime(2024, 11, 15).date())
LT112_LONG = make_contract(520.0, expiry=datetime(2024, 11, 15).date())
CONDOR_PUT = make_contract(555.0, expiry=FRIDAY)
CONDOR_WING = make_contract(567.0, Right.CALL, FRIDAY)


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


@pytest.mark.parametrize("contract", [LT112_SHORT, LT112_LONG, CONDOR_PUT, CONDOR_WING], ids=lambda found: found.id)
@pytest.mark.parametrize("figures", [{}, {"ask_times": 100.0}, {"bid": 0.01, "ask_times": 0.02}], ids=str)
def test_a_held_leg_that_lies_for_a_minute_raises_nothing(tmp_path: Path, contract: Contract,
                                                          figures: dict[str, float]) -> None:
    quiet, calm = until(at(12, 8), tmp_path / "quiet")
    lies = [lie(contract, at(12, 0) + timedelta(minutes=minute), **figures) for minute in (0, 4, 5)]
    run, shell = until(at(12, 8), tmp_path / "lied", *lies)
    assert contract in {leg.contract for position in shell.parts.states.open_positions for leg in position.legs}
    assert sum(found.hits for found in lies) > 0
    assert shell.parts.emergency.report.level is EmergencyLevel.NONE and shell.parts.breakers.report.level == 0
    assert len(shell.parts.states.open_positions) == 2 and shell.parts.ledger.trades == ()
    equity = [of.builder.snapshot(at(12, 8)).account.equity for of in (calm, shell)]
    assert equity[1] == pytest.approx(equity[0], abs=0.0 if contract is not CONDOR_WING else 10.0)
    rows = [audited(of, its) for of, its in ((quiet, calm), (run, shell))]
    assert {row["facts"]["contract"] for row in rows[1] if row["event"] == "QUOTE_DOUBTED"} == {contract.id}
    assert [row for row in rows[1] if row["event"] in DONE] == [row for row in rows[0] if row["event"] in DONE]


def audited(run: Lives, shell: FrameworkShell) -> list[dict[str, Any]]:
    shell.journal.flush()
    return run.audit()
