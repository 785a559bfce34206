"""The parity command with stand-ins for both engines: exit code, table, parity.json, both runs kept."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.__main__ import main
from local.commands import parity
from tests.local.commands.fake_engine import leave_results
from tests.local.run_report.builders_report import make_report, make_trade


@pytest.mark.parametrize("units, code, verdict", [(2, 0, "EQUAL"), (3, 1, "NOT EQUAL")])
def test_both_engines_are_run_and_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                           capsys: pytest.CaptureFixture[str], units: int, code: int,
                                           verdict: str) -> None:
    ran = []

    def run(engine: str, data: Path, out: Path, parameters: dict[str, str]) -> float:
        ran.append((engine, data, parameters["starting_phase"]))
        trades = [make_trade(units=units if engine == "embedded" else 2), *make_report()["trades"][1:]]
        leave_results(out, make_report(trades=trades))
        return 0.1

    monkeypatch.setattr(parity, "run_project_folder", run)
    monkeypatch.setattr(parity, "require_engine", lambda engine: None)
    monkeypatch.setattr(parity, "data_folder", lambda *_: tmp_path / "data")
    out = tmp_path / "out"
    assert main(["parity", "--scenario", "august_2024", "--phase", "3", "--out", str(out)]) == code
    assert ran == [("embedded", tmp_path / "data", "3"), ("lean", tmp_path / "data", "3")]
    assert verdict in capsys.readouterr().out.splitlines()
    kept = json.loads((out / "parity.json").read_text(encoding="utf-8"))
    assert kept["equal"] is (code == 0) and len(kept["rows"]) == 3
    assert (out / "lean" / "report.html").is_file() and (out / "embedded" / "report.html").is_file()
