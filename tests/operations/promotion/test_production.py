"""The algorithm itself, live on the embedded engine: production does not start without the record, names the line that is
missing, and with all of them observes until ``mode`` says otherwise."""
from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import ConfigError
from helpers.store.promotion import FORMAT, KEY, LINES, SCHEMA, tree_hash
from local.engine.loop.engine import Engine
from tests.scenarios.order_world import PARAMETERS, PROJECT, TWO, data

FRIDAY = datetime(2024, 7, 26)


def started(folder: Path, **parameters: str) -> Engine:
    """The framework's own algorithm, a few minutes into a session, in production at a broker."""
    given = {name: value for name, value in dict(PARAMETERS).items() if name != "mode"} | {"strategies": TWO, "environment": "production"}
    engine = Engine(PROJECT, data(), folder / "out", given | parameters, live=True, start=FRIDAY, end=FRIDAY, store=folder / "storage",
                    configuration={"live-mode-brokerage": "TastytradeBrokerage"})
    engine.initialize()
    engine.run_until(FRIDAY.replace(hour=9, minute=40))
    return engine


def write(folder: Path, tree: str, **lines: bool) -> None:
    place = folder / "storage" / KEY
    place.parent.mkdir(parents=True)
    body = {"format": FORMAT, "schema": SCHEMA, "target": "production", "tree": tree, "lines": dict.fromkeys(LINES, True) | lines}
    place.write_text(json.dumps(body), encoding="utf-8")


@pytest.mark.parametrize("lines, tree, told", [
    (None, "", "production is not promoted: python -m local promote production"),
    ({"drill": False}, tree_hash(), "production is not promoted: drill ("), ({}, "another", "promoted for another tree")])
def test_production_does_not_start(tmp_path: Path, lines: dict[str, bool] | None, tree: str, told: str) -> None:
    if lines is not None:
        write(tmp_path, tree, **lines)
    with pytest.raises(ConfigError) as problem:
        started(tmp_path)
    assert told in str(problem.value)
    assert not list((tmp_path / "storage").glob("live/*/*/state-?.json"))


@pytest.mark.parametrize("parameters, mode", [({}, "observe"), ({"mode": "trade"}, "trade")])
def test_promoted_it_observes_until_mode_says_otherwise(tmp_path: Path, parameters: dict[str, str], mode: str) -> None:
    write(tmp_path, tree_hash())
    engine = started(tmp_path, **parameters)
    assert engine.algorithm.runtime_error is None and engine.algorithm.shell.started
    rows = [json.loads(line) for path in (tmp_path / "storage/live").rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert [row["facts"]["mode"] for row in rows if row["event"] == "STARTED"] == [mode]


def test_the_tree_is_the_code_that_trades_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core/a.py").write_bytes(b"A = 1\n")
    (tmp_path / "main.py").write_bytes(b"")
    before = tree_hash(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").write_bytes(b"")
    (tmp_path / "core/__pycache__").mkdir()
    (tmp_path / "core/__pycache__/a.py").write_bytes(b"")
    (tmp_path / "core/a.py").write_bytes(b"A = 1\r\n")
    assert tree_hash(tmp_path) == before
    (tmp_path / "core/a.py").write_bytes(b"A = 2\n")
    assert tree_hash(tmp_path) != before
