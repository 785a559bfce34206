"""--commands: a file, or the scenario's own, becomes the algorithm's parameter."""
from __future__ import annotations

from pathlib import Path

import pytest

from config.planned_commands import read_commands
from local.__main__ import main
from local.commands import strategies_table
from local.commands.execute import Job
from local.commands.planned import SUFFIX, own_file
from local.data import scenario
from local.data.scenario import SCENARIO_FOLDER

AUGUST = ["backtest", "--scenario", "august_2024"]


def written(folder: Path, text: str) -> str:
    path = folder / "plan.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_is_read(jobs: list[Job], tmp_path: Path) -> None:
    plan = written(tmp_path, "# the end\n2024-08-28 10:30 flatten ipmcc  # weekly and LEAP\n\n2024-08-29 10:30 halt\n")
    assert main([*AUGUST, "--commands", plan]) == 0
    assert jobs[0].parameters["commands"] == "2024-08-28 10:30 flatten ipmcc; 2024-08-29 10:30 halt"


def test_none_are_planned_unless_asked_for(jobs: list[Job]) -> None:
    assert main(AUGUST) == 0
    assert "commands" not in jobs[0].parameters


@pytest.mark.parametrize("text", ["# nothing\n", "2024-08-28 10:30 sell\n", "2024-09-28 10:30 halt\n"])
def test_what_cannot_be_used_is_one_line(jobs: list[Job], tmp_path: Path, text: str,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*AUGUST, "--commands", written(tmp_path, text)]) != 0
    assert len(capsys.readouterr().err.strip().splitlines()) == 1 and not jobs


def test_a_missing_file_and_two_sources_are_refused(jobs: list[Job], tmp_path: Path) -> None:
    assert main([*AUGUST, "--commands", str(tmp_path / "none")]) != 0
    plan = written(tmp_path, "2024-08-28 10:30 halt")
    assert main([*AUGUST, "--commands", plan, "--param", "commands=2024-08-28 10:30 halt"]) != 0
    assert not jobs


def test_the_scenarios_own_are_found_and_can_be_read(jobs: list[Job]) -> None:
    plans = sorted(SCENARIO_FOLDER.glob(f"*{SUFFIX}"))
    assert plans
    for plan in plans:
        found = scenario.load(plan.stem)
        jobs.clear()
        assert main(["backtest", "--scenario", plan.stem, "--commands"]) == 0
        commands = read_commands("commands", jobs[0].parameters["commands"])
        assert all(found.backtest_start <= command.at.date() <= found.backtest_end for command in commands)
    assert own_file("tests/x.toml") == Path("tests/x.commands")


def test_the_table_hands_them_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines: list[list[str]] = []
    monkeypatch.setattr(strategies_table, "run_measured", lambda command, cwd: lines.append(command))
    monkeypatch.setattr(strategies_table.results, "read_report", lambda folder: {"trades": [], "open_positions": []})
    plan = written(tmp_path, "2024-08-28 10:30 halt")
    assert main(["strategies-table", "--scenario", "august_2024", "--commands", plan]) == 0
    assert lines[0][-2:] == ["--commands", plan]
    assert main(["strategies-table", "--scenario", "august_2024", "--commands"]) == 0
    assert lines[1][-1] == "--commands"
    assert main(["strategies-table", "--scenario", "august_2024"]) == 0
    assert "--commands" not in lines[2]
