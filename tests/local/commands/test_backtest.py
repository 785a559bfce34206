"""The backtest command with a stand-in for the engine: parameters, places, manifest, table, report."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.constants import PHASE_STARTING_CASH, PHASES
from local.__main__ import main
from local.commands.execute import Job
from local.commands.staging import MANIFEST, digest, read_manifest
from local.data.served import ServedDays
from local.made_with import made_with

AUGUST = "august_2024"


@pytest.mark.parametrize("phase", sorted(PHASES))
def test_cash_follows_the_phase(jobs: list[Job], phase: int) -> None:
    assert main(["backtest", "--scenario", AUGUST, "--phase", str(phase)]) == 0
    assert jobs[0].parameters["starting_phase"] == str(phase)
    assert float(jobs[0].parameters["cash"]) == PHASE_STARTING_CASH[phase]


def test_starting_cash_lies_in_the_phases_band() -> None:
    floors = [PHASES[phase].equity_floor_usd for phase in sorted(PHASES)] + [float("inf")]
    for phase, cash in PHASE_STARTING_CASH.items():
        assert floors[phase - 1] <= cash < floors[phase]


def test_parameters_of_every_source(jobs: list[Job]) -> None:
    assert main(["backtest", "--scenario", AUGUST, "--cash", "61000.5", "--param", "strategies=lt112",
                 "--param", "starting_phase=3"]) == 0
    assert jobs[0].parameters["strategies"] == "lt112" and jobs[0].parameters["starting_phase"] == "3"
    assert float(jobs[0].parameters["cash"]) == 61000.5
    assert (jobs[0].parameters["start"], jobs[0].parameters["end"]) == ("2024-05-01", "2024-08-30")


def test_window_inside_the_scenario(jobs: list[Job]) -> None:
    assert main(["backtest", "--scenario", AUGUST, "--param", "start=2024-07-01", "--param", "end=2024-08-09"]) == 0
    assert (jobs[0].parameters["start"], jobs[0].parameters["end"]) == ("2024-07-01", "2024-08-09")


def test_what_a_run_leaves(jobs: list[Job], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--scenario", AUGUST, "--phase", "3", "--seed", "7"]) == 0
    printed = capsys.readouterr().out
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith(f"-{AUGUST}") and str(folder / "report.html") in printed.splitlines()[-1]
    for words in ("Total Orders", "Net Profit", "Sharpe Ratio", "Drawdown", "Win Rate", "Total Fees", "friday_0dte",
                  "VIX_BELOW_BAND 184"):
        assert words in printed
    about = read_manifest(folder)
    assert about["seed"] == 7 and about["engine"] == "embedded" and about["scenario"] == AUGUST
    files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(files) == present - {MANIFEST}
    assert files["run-summary.json"] == digest(folder / "run-summary.json")


def test_two_runs_in_one_second_do_not_meet(jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        assert main(["backtest", "--scenario", AUGUST]) == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_report_is_made_anew(jobs: list[Job], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["backtest", "--scenario", AUGUST, "--out", str(out)]) == 0
    first = (out / "report.html").read_text(encoding="utf-8")
    (out / "report.html").unlink()
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").read_text(encoding="utf-8") == first
    assert str(out / "report.html") in capsys.readouterr().out
    assert main(["backtest", "--scenario", AUGUST, "--out", str(out)]) == 0      # a made report does not block


def test_a_run_says_what_it_depended_on(tmp_path: Path, jobs: list[Job]) -> None:
    assert main(["backtest", "--scenario", "august_2024", "--out", str(tmp_path / "out")]) == 0
    facts = read_manifest(tmp_path / "out")["made_with"]
    assert facts == made_with()
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert all(f"{name} {value}" in page for name, value in facts.items())


def test_options_are_parameters(jobs: list[Job]) -> None:
    assert main(["backtest", "--scenario", AUGUST, "--start", "2024-07-01", "--end", "2024-08-09",
                 "--strategies", "all,-hedge,-lt112"]) == 0
    told = jobs[0].parameters
    assert (told["start"], told["end"], told["strategies"]) == ("2024-07-01", "2024-08-09", "all,-hedge,-lt112")
    assert main(["backtest", "--scenario", AUGUST, "--start", "2024-07-01", "--param", "start=2024-07-02"]) == 2


def test_generated_days_need_the_embedded_engine(jobs: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--scenario", "august_2024", "--data", "generate", "--engine", "lean"]) != 0
    assert "--data generate needs the embedded engine" in capsys.readouterr().err


def test_generated_days_are_handed_to_the_engine(jobs: list[Job], tmp_path: Path) -> None:
    assert main(["backtest", "--scenario", "august_2024", "--data", "generate", "--data-cache", str(tmp_path)]) == 0
    assert isinstance(jobs[0].source, ServedDays)
    assert not (jobs[0].data / "option").exists() and (jobs[0].data / "equity/usa/daily/spy.zip").is_file()


@pytest.mark.long
def test_generated_and_written_days_give_the_same_run(tmp_path: Path) -> None:
    for kind in ("generate", "written"):
        more = ["--data", "generate"] if kind == "generate" else []
        assert main(["backtest", "--scenario", "august_2024", "--phase", "4", "--start", "2024-07-31", "--end", "2024-08-06",
                     "--data-cache", str(tmp_path / "cache"), "--out", str(tmp_path / kind), *more]) == 0
    files = [path.relative_to(tmp_path / "generate") for path in sorted((tmp_path / "generate").rglob("*")) if path.is_file()]
    assert len((tmp_path / "generate" / "fills.csv").read_text(encoding="utf-8").splitlines()) > 5
    for name in files:
        assert (tmp_path / "generate" / name).read_bytes() == (tmp_path / "written" / name).read_bytes(), name
