"""What is wrong in lean.json or config.json when the algorithm itself starts: one line, and nothing of a run is there."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.engine.loop.runner import run_project
from tests.lean_cli.container import run
from tests.lean_cli.projects import order_events
from tests.lean_cli.world import World
from tests.scenarios.order_world import FRIDAY, PARAMETERS, PROJECT, TWO, data

GIVEN = dict(PARAMETERS) | {"strategies": TWO, "start": FRIDAY.isoformat(), "end": FRIDAY.isoformat()}


@pytest.mark.parametrize("parameters, words", [
    ({"startegies": "all"}, "unknown parameter 'startegies' (did you mean 'strategies'?)"),
    ({"strategies": "lt113"}, "unknown strategy 'lt113' (did you mean 'lt112'?)"),
    ({"strategies": ""}, "strategies must be text with a value"),
    ({"start": "2024-7-1"}, "start must be a date like 2024-07-01"),
    ({"start": "2024-08-30", "end": "2024-05-01"}, "end 2024-05-01 is before start 2024-08-30"),
    ({"starting_phase": "5"}, "starting_phase must be one of 1, 2, 3, 4"),
    ({"cash": "much"}, "cash must be a number"),
    ({"cash": "-1"}, "cash must be a positive amount of USD"),
    ({"mode": "trading"}, "mode must be one of"),
    ({"environment": "production"}, "environment production does not fit a backtest"),
    ({"account": "my account"}, "account must be 1 to 40 letters, digits, _ or -"),
    ({"restore": "../1"}, "restore must be the id of a backtest"),
    ({"restore": "1"}, "restore names the backtest 1, of which the store holds nothing"),
    ({"dates": "earnings AAPL soon"}, "dates"),
    ({"commands": "2023-01-03 10:30 halt"}, "needs a backtest from start to end around it"),
])
def test_parameters_that_cannot_be_used(tmp_path: Path, parameters: dict[str, str], words: str) -> None:
    result = run_project(PROJECT, data=data(), out=tmp_path / "out", parameters=GIVEN | parameters,
                         store=tmp_path / "storage", algorithm_type_name="TomKingAlgorithm")
    assert result.exit_code == 1 and words in result.error.strip().splitlines()[-1]
    assert result.order_events == [] and list(tmp_path.glob("storage/**/*")) == []


@pytest.mark.parametrize("left, words", [
    ({"start": "2024-05-01"}, "start and end must be given together"), (None, "a backtest needs start and end")])
def test_days_that_are_missing_in_config_json(tmp_path: Path, left: dict[str, str] | None, words: str) -> None:
    world = World(tmp_path, None, "b")
    document = {} if left is None else {"parameters": left}
    (world.project / "config.json").write_text(json.dumps(document), encoding="utf-8")
    container = world.container("1")
    assert run(container, None) == 1 and words in container.log().strip().splitlines()[-1]
    assert order_events(container.results) == [] and list(container.storage.rglob("*")) == []
