"""A live run on the embedded engine, and the operator's words by files alone: heard, carried out, audited, ended; backed up."""
from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.__main__ import main
from tests.lean_cli.embedded import WAITS
from tests.lean_cli.projects import DAY
from tests.lean_cli.test_live import CASH, Deployed
from tests.lean_cli.world import World


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    world = World(tmp_path, None, "b")
    one = Deployed(world.live("L-1", **{"live-cash-balance": CASH}), "09:40", "09:42", "09:43", "09:44")
    yield one
    one.process.kill()
    one.process.wait()


def waited(deployed: Deployed, when: str) -> None:
    """Until the feed waits at a minute."""
    while f"{WAITS} {DAY} {when}" not in deployed.container.log():
        assert deployed.process.poll() is None, deployed.container.log()[-3000:]
        threading.Event().wait(0.1)


def test_halt_liquidate_and_stop_without_a_dashboard(deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("local.commands.day_steps.workspace", lambda: tmp_path)
    (storage,) = (path for path in tmp_path.rglob("storage") if path.is_dir())
    places = ["--folder", str(deployed.container.work), "--store", str(storage), "--to", str(tmp_path / "backups")]
    for when, words in (("09:42", ["halt", "--reason", "a drill"]), ("09:43", ["liquidate", "--word", "liquidate"]), ("09:44", ["stop"])):
        waited(deployed, when)
        assert main(["day", *words, *places]) == 0, capsys.readouterr().err
    assert deployed.process.wait() == 0, deployed.container.log()[-3000:]
    rows = [json.loads(line) for path in sorted(storage.rglob("audit/*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["facts"]["action"] for row in rows if row["event"] == "COMMAND"] == ["halt", "liquidate"]
    assert "read back" in capsys.readouterr().out and len(list((tmp_path / "backups/manifests").iterdir())) == 1
    assert main(["day", "check", *places[2:]]) in (0, 1)
    said = capsys.readouterr().out
    assert "halted by the operator: operator" in said and "paper/main/tom-king, number" in said
