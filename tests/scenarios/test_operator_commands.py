"""The operator's words on a live Friday with a condor and an LT112 open: each does what it says, is answered and audited."""
from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.codes import RefusalCode
from core.reconciliation import Verdict, VerdictKind
from helpers.shell.framework_shell import FrameworkShell
from local.broker_faults.lives import Lives
from tests.scenarios.order_world import FRIDAY, lives


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def until(moment: datetime, out: Path) -> tuple[Lives, FrameworkShell]:
    run = lives(out, live=True)
    run.begin()
    assert run.run(moment), run.error
    return run, run.engine.algorithm.shell


def told(run: Lives, action: str | None, **fields: Any) -> dict[str, Any]:
    row = {"strategy": None, "reason": None, "amount": None, "position": None, "reference": None} | fields
    algorithm = run.engine.algorithm
    return algorithm.shell.command(SimpleNamespace(action=action, **row), algorithm.time)


def held(shell: FrameworkShell) -> list[str]:
    return sorted(position.strategy for position in shell.parts.states.open_positions)


def test_flatten_of_one_strategy_leaves_the_other(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    assert len(told(run, "flatten", strategy="lt112")["closing"]) == 1
    assert run.run(at(12, 10)), run.error
    assert held(shell) == ["friday_0dte"] and shell.builder.view().halted is None


def test_flatten_closes_all_of_them_and_halts_nothing(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    assert len(told(run, "flatten")["closing"]) == 2
    assert run.run(at(12, 10)), run.error
    assert held(shell) == [] and shell.builder.view().halted is None
    assert {trade.exit_reason for trade in shell.parts.ledger.trades} == {"OPERATOR_FLATTEN"}


def test_liquidate_closes_everything_and_halts(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    told(run, "liquidate", reason="enough")
    assert run.run(at(12, 10)), run.error
    assert held(shell) == [] and shell.builder.view().halted == "enough"
    assert all(trade.forced for trade in shell.parts.ledger.trades)


def test_halt_and_resume_survive_a_restart_and_close_nothing(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    told(run, "HALT", reason="lunch")
    run.begin(run.die())
    assert run.run(at(12, 10)), run.error
    shell = run.engine.algorithm.shell
    assert shell.builder.view().halted == "lunch" and held(shell) == ["friday_0dte", "lt112"]
    told(run, "Resume")
    assert shell.builder.view().halted is None


def test_a_suspended_strategy_trades_again_when_it_is_resumed(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    shell.parts.ledger._suspended["lt112"] = RefusalCode.EDGE_LOST
    assert told(run, "status")["suspended"] == {"lt112": "EDGE_LOST"}
    told(run, "resume", strategy="lt112")
    assert shell.builder.view().suspended == {}


def test_accept_takes_note_of_foreign_holdings_and_entries_go_on(tmp_path: Path) -> None:
    run, _ = until(at(12, 0), tmp_path)
    run.die()
    for path in (tmp_path / "storage").rglob("state-?.json"):
        path.unlink()
    run.begin(at(12, 5))
    assert run.run(at(12, 10)), run.error
    shell = run.engine.algorithm.shell
    unknown = shell.builder.view().quarantined
    assert len(unknown) == 6
    assert told(run, "accept")["accepted"] == list(unknown)
    assert run.run(at(12, 20)), run.error
    assert shell.builder.view().quarantined == () and shell.parts.emergency.report.level == 0
    assert [position.strategy for position in shell.parts.states.positions] == ["friday_0dte"]


def test_what_if_answers_for_every_strategy_and_sends_nothing(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    orders = len(run.broker.log.orders)
    answers = told(run, "What-If")
    assert answers["lt112"]["refused"] in ("ALREADY_OPEN", "WEEK_TAKEN", "EXPIRY_TAKEN")
    assert answers["friday_0dte"]["refused"] == "COUNT_STRATEGY"
    assert set(told(run, "what_if", strategy="lt112")) == {"lt112"}
    assert run.run(at(12, 3)) and len(run.broker.log.orders) == orders


@pytest.mark.parametrize("action, fields", [("sell everything", {}), (None, {}), ("flatten", {"strategy": "martingale"})])
def test_what_nobody_knows_is_answered_and_changes_nothing(tmp_path: Path, action: str | None, fields: dict[str, str]
                                                           ) -> None:
    run, shell = until(at(12, 1), tmp_path)
    assert "unknown" in told(run, action, **fields)["error"]
    assert run.run(at(12, 5)) and held(shell) == ["friday_0dte", "lt112"]


def test_each_word_is_audited(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    for action in ("status", "halt", "resume", "what-if", "accept", "flow", "flatten", "liquidate"):
        told(run, action)
    shell.journal.flush()
    assert [row["facts"]["action"] for row in run.audit() if row["event"] in ("COMMAND", "COMMAND_REFUSED")] == [
        "status", "halt", "resume", "what-if", "accept", "flow", "flatten", "liquidate"]


def test_a_trade_closed_by_hand_waits_for_its_result(tmp_path: Path) -> None:
    """It counts for nothing until the operator says what it made; the word is audited and survives a restart."""
    run, shell = until(at(12, 1), tmp_path)
    (held_one,) = [position for position in shell.parts.states.open_positions if position.strategy == "lt112"]
    missing = {leg.contract: leg.quantity for leg in held_one.legs}
    shell._recovery._gone(Verdict(position_id=held_one.id, kind=VerdictKind.GONE, actual={}, missing=missing), at(12, 2))
    ledger = shell.parts.ledger
    assert ledger.unknown_results == (held_one.id,) and ledger.sample("lt112").trades == 0
    assert told(run, "status")["ledger"]["unknown_results"] == [held_one.id]
    for fields in ({}, {"position": held_one.id}, {"amount": -250.0}, {"position": "lt112/1", "amount": -250.0},
                   {"position": held_one.id, "amount": "much"}):
        assert "error" in told(run, "result", **fields) and ledger.unknown_results == (held_one.id,)
    assert told(run, "result", position=held_one.id, amount=-250.0) == {
        "result": -250.0, "of": held_one.id, "waiting": []}
    assert ledger.sample("lt112").trades == 1 and ledger.by_strategy()["lt112"] == -250.0
    assert "is no trade that waits" in told(run, "result", position=held_one.id, amount=-300.0)["error"]
    run.begin(run.die() + timedelta(minutes=1))
    assert run.run(at(12, 20)), run.error
    (trade,) = [trade for trade in run.engine.algorithm.shell.parts.ledger.trades if trade.strategy == "lt112"]
    assert trade.result_known and trade.pnl_usd == -250.0
