"""What the operator is told, and that a command which cannot be read changes nothing: on the engine in live mode."""
from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.broker_faults.lives import Lives
from tests.scenarios.order_world import FRIDAY, lives


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def asked(algorithm: Any, action: str, amount: Any = None) -> tuple[bool, dict[str, Any]]:
    """What LEAN is told of the command, and the answer in the store."""
    taken = algorithm.on_command(SimpleNamespace(action=action, strategy=None, reason=None, amount=amount, position=None,
                                                reference=None))
    return taken, json.loads(algorithm.object_store.read(f"{algorithm.shell.store.prefix}/answer.json"))


def begun(folder: Path, until: datetime) -> Lives:
    run = lives(folder, live=True)
    run.begin(at(9, 0))
    assert run.run(until), run.error
    return run


def started(folder: Path, until: datetime) -> Any:
    return begun(folder, until).engine.algorithm


def test_what_is_not_there_is_null_in_an_answer(tmp_path):
    """The word None would read as the reason of a halt."""
    taken, answer = asked(started(tmp_path, at(9, 40)), "status")
    assert taken and answer["halted"] is None and answer["mode"] == "trade"


@pytest.mark.parametrize("amount", ("abc", "", float("nan"), "inf", 0.0, "0", None, -65_000_000.0))
def test_a_flow_that_is_no_amount_is_the_answers_error_and_moves_nothing(tmp_path, amount):
    """LEAN turns an exception into a line of its log: the answer of the command before would stand."""
    algorithm = started(tmp_path, at(9, 29))
    parts = algorithm.shell.parts
    before = (parts.book.facts(), parts.phase.facts(), parts.ledger.facts())
    taken, answer = asked(algorithm, "flow", amount)
    assert not taken and "flow" in answer["error"]
    assert (parts.book.facts(), parts.phase.facts(), parts.ledger.facts()) == before


def test_a_flow_may_come_as_text(tmp_path):
    algorithm = started(tmp_path, at(9, 29))
    taken, answer = asked(algorithm, "flow", "-2500.50")
    assert taken and answer == {"flow": -2500.5}
    assert algorithm.shell.parts.book.flows_today == -2500.5


def test_a_command_stands_in_the_audit_trail_of_a_process_that_dies_right_after_it(tmp_path):
    run = begun(tmp_path, at(11, 0))
    assert asked(run.engine.algorithm, "halt")[0]
    run.die()
    assert [row["event"] for row in run.audit()][-1] == "COMMAND"


def test_refusals_too_outlive_the_process(tmp_path):
    """They change nothing that is stored, and tell why nothing happened."""
    run = begun(tmp_path, at(11, 0))
    run.die()
    logged = sum("REFUSED strategy=" in line for line in (tmp_path / "log-1.txt").read_text().splitlines())
    assert logged == [row["event"] for row in run.audit()].count("REFUSED") > 3


def test_the_days_marks_stand_in_the_audit_trail(tmp_path):
    """A live run's record is written when it ends, which may be months later, or never."""
    run = begun(tmp_path, at(16, 5))
    run.die()
    marks = [row["facts"] for row in run.audit() if row["event"] == "MARK"]
    assert [mark["time"][11:16] for mark in marks] == ["10:30", "12:00", "14:00", "15:15", "15:45", "16:00"]
    assert marks[-1]["equity"] == run.state()["ledger"]["marks"][-1][1]
