"""Planned commands: every action is read, anything else is refused in one line, and only a backtest takes them."""
from __future__ import annotations

from datetime import datetime

import pytest

from config.planned_commands import ACTIONS, BY_STRATEGY, PlannedCommand, read_commands
from config.run_parameters import parse
from core.errors import ConfigError
from helpers.shell.operator_commands import Command, OperatorCommands

WINDOW = {"start": "2024-07-01", "end": "2024-07-31"}


def test_actions_are_those_of_the_operator() -> None:
    known = OperatorCommands(None, None, None, None)._actions
    # a backtest's money does not move, and nobody else closes its trades
    assert set(ACTIONS) == set(known) - {"flow", "result"}
    assert set(Command.__dataclass_fields__) == {"action", "strategy", "reason", "amount", "position"}
    assert set(PlannedCommand.__dataclass_fields__) == {"at", "reference", *Command.__dataclass_fields__}


def test_commands_are_read_in_order_of_time() -> None:
    found = read_commands("commands", "2024-07-10 10:30 flatten lt112;2024-07-09 09:45 halt ; "
                                      "2024-07-10 10:30 what-if")
    assert found == (
        PlannedCommand(at=datetime(2024, 7, 9, 9, 45), action="halt"),
        PlannedCommand(at=datetime(2024, 7, 10, 10, 30), action="flatten", strategy="lt112"),
        PlannedCommand(at=datetime(2024, 7, 10, 10, 30), action="what_if"))


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_read(action: str) -> None:
    last = " lt112" if action in BY_STRATEGY else ""
    (found,) = read_commands("commands", f"2024-07-10 10:30 {action}{last}")
    assert found.action == action and found.reason == "planned"


@pytest.mark.parametrize("text", [
    "", ";", "2024-07-10 10:30", "10:30 halt", "2024-07-10 10:30 halt lt112", "2024-07-10 10:30 sell",
    "2024-07-10 10:30 flow 5000",
    "2024-07-10 10:30 flatten lt113", "2024-07-10 25:30 halt", "2024-02-30 10:30 halt", "2024-07-10 10:30 halt;",
    "2024-07-10 10:30 flatten lt112 now"])
def test_anything_else_is_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_commands("commands", text)
    assert "\n" not in str(caught.value)


def test_only_within_a_backtest() -> None:
    assert parse(WINDOW | {"commands": "2024-07-31 10:30 halt"}, live=False).commands[0].action == "halt"
    for mapping, live in ((WINDOW | {"commands": "2024-08-01 10:30 halt"}, False),
                          ({"commands": "2024-07-10 10:30 halt"}, False),
                          (WINDOW | {"commands": "2024-07-10 10:30 halt"}, True)):
        with pytest.raises(ConfigError):
            parse(mapping, live=live)
