"""The framework's own record of a run is found in the run's folder, or in the workspace's storage under the run's id."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from local import results
from local.__main__ import main
from local.results import ResultsError
from tests.local.run_report.builders_report import make_report, make_summary

RUN = "1871529464"


def lean_backtest(workspace: Path, run: str = RUN, project: str = "tom king") -> Path:
    """Folders as ``lean backtest`` leaves them: results below the project, the store at the workspace's top."""
    folder = workspace / project / "backtests" / "2026-11-29_12-00-00"
    folder.mkdir(parents=True, exist_ok=True)
    (workspace / "lean.json").write_text("{}", encoding="utf-8")
    (folder / f"{run}-summary.json").write_text(json.dumps(make_summary()), encoding="utf-8")
    (folder / f"{run}.json").write_text("{}", encoding="utf-8")
    return folder


def record(workspace: Path, run: str, cash: float) -> None:
    path = workspace / "storage" / "backtest" / run / "tom-king" / "report.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    report = make_report()
    path.write_text(json.dumps(report | {"run": report["run"] | {"cash": cash}}), encoding="utf-8")


@pytest.mark.parametrize("project", ["tom king", "."])
def test_a_backtest_of_the_command_is_found_by_its_id(tmp_path: Path, project: str) -> None:
    folder = lean_backtest(tmp_path, project=project)
    for number, run in enumerate((RUN, "1164329286")):
        record(tmp_path, run, 1000.0 + number)
    assert results.read_report(folder)["run"]["cash"] == 1000.0
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").is_file()


def test_the_projects_own_workspace_file_does_not_hide_the_workspace(tmp_path: Path) -> None:
    folder = lean_backtest(tmp_path)
    (tmp_path / "tom king" / "lean.json").write_text("{}", encoding="utf-8")
    (tmp_path / "tom king" / "storage").mkdir()
    record(tmp_path, RUN, 1000.0)
    assert results.read_report(folder)["run"]["cash"] == 1000.0


def test_a_run_whose_keys_were_taken_away_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = lean_backtest(tmp_path)
    record(tmp_path, "1164329286", 1000.0)
    with pytest.raises(ResultsError, match="the last five stay"):
        results.read_report(folder)
    assert main(["report", str(folder)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_folder_with_a_store_of_its_own(tmp_path: Path) -> None:
    record(tmp_path, "run", 1000.0)
    assert results.read_report(tmp_path)["run"]["cash"] == 1000.0
    record(tmp_path, "run2", 2000.0)
    with pytest.raises(ResultsError, match="holds 2 reports"):
        results.read_report(tmp_path)
    (tmp_path / "run2-summary.json").write_text(json.dumps(make_summary()), encoding="utf-8")
    assert results.read_report(tmp_path)["run"]["cash"] == 2000.0
