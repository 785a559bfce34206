"""Help and lists: they come whatever else was typed, and users' commands stand apart from those for work on the framework."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.figures import FIGURES
from config.run_parameters import KNOWN_PARAMETERS
from local.__main__ import COMMANDS, DEVELOPERS, USERS, main
from local.commands import backtest
from local.commands.execute import Job
from local.commands.staging import read_manifest
from local.results import read_report

AUGUST = "august_2024"


def help_of(*words: str) -> int:
    """The exit code of a command that tells its help; argparse ends the process where a step is named."""
    try:
        return main(list(words))
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_each_command_tells_its_own(capsys: pytest.CaptureFixture[str], command: str, word: str) -> None:
    assert help_of(command, word) == 0
    assert f"usage: python -m local {command} " in capsys.readouterr().out


def test_a_step_tells_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert help_of("backup", "list", "--help") == 0
    assert "usage: python -m local backup list " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [
    ("--phase", "9"), ("--cash", "much"), ("--param", "lt112.profit_target_share=60"), ("--param", "lt112.nothing=1"),
    ("--param", "="), ("--scenario",), ("--colour",), ("--seed", "-1"), ("--engine", "zipline")])
def test_nothing_invalid_breaks_the_help(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    for given in (("backtest", *arguments, "--help"), ("backtest", "--help", *arguments)):
        assert main(list(given)) == 0
        told = capsys.readouterr()
        assert "usage: python -m local backtest " in told.out and told.err == ""


def test_nor_does_a_broken_config_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                                       tmp_path: Path) -> None:
    monkeypatch.setattr(backtest, "PROJECT_FOLDER", tmp_path)
    for text in ("{", json.dumps({"parameters": {"lt112.profit_target_share": "60"}})):
        (tmp_path / "config.json").write_text(text, encoding="utf-8")
        assert main(["backtest", "--help"]) == 0 and capsys.readouterr().err == ""


def test_commands_of_users_stand_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    first, second = told.split("for work on the framework itself:")
    rows = [[line.split()[0] for line in part.splitlines() if line.startswith("  ") and line.split()[0] in COMMANDS]
            for part in (first.split("commands:")[1], second)]
    assert rows == [list(USERS), list(DEVELOPERS)] and {"backtest", "list", "report"} <= set(USERS)


@pytest.mark.parametrize("arguments, words", [
    (("backtset",), "(did you mean 'backtest'?) (see python -m local --help)"),
    (("backtset", "--help"), "did you mean 'backtest'?"),
    (("backtest", "--phase", "9"), "(see python -m local backtest --help)"),
    (("backtest", "--scenrio", "x"), "(see python -m local backtest --help)"),
    (("list", "parameter"), "(see python -m local list --help)"),
    (("backtest", "--scenario", AUGUST, "--param", "lt112.widht_points=4"),
     "(did you mean 'lt112.width_points'?) (see python -m local list parameters)")])
def test_errors_say_where_more_is_told(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str) -> None:
    assert main(list(arguments)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and words in line


def test_parameters_are_listed_with_default_and_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "parameters"]) == 0
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in capsys.readouterr().out.splitlines()[2:]}
    assert list(rows) == [*KNOWN_PARAMETERS, *FIGURES]
    assert rows["mode"] == ["trade", "observe, exits_only, trade"] and rows["start"] == ["–", "a day like 2024-07-01"]
    assert rows["publish"][0] == "no"
    assert rows["lt112.profit_target_share"] == ["0.5", "0 to 1"] and rows["lt112.max_open.3"] == ["2", "whole, 0 to 1000"]
    assert rows["friday_0dte.danger_from"] == ["14:00", "a time like 14:00"]


def test_figures_stand_in_the_manifest(jobs: list[Job], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["backtest", "--scenario", AUGUST, "--param", "lt112.profit_target_share=0.6", "--out", str(out)]) == 0
    assert jobs[0].parameters["lt112.profit_target_share"] == "0.6"
    assert read_manifest(out)["parameters"]["lt112.profit_target_share"] == "0.6"


def test_the_report_shows_the_figures_of_its_run(jobs: list[Job], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["backtest", "--scenario", AUGUST, "--out", str(out)]) == 0
    path = next((out / "storage").rglob("report.json"))
    report = read_report(out)
    figures = {"lt112.profit_target_share": 0.6, "lt112.min_sample": 77, "friday_0dte.danger_from": "13:30:00"}
    path.write_text(json.dumps({**report, "run": report["run"] | {"figures": figures}}), encoding="utf-8")
    assert main(["report", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "lt112.profit_target_share 0.6, lt112.min_sample 77, friday_0dte.danger_from 13:30:00" in page
    assert "after 77" in page and "after 30" not in page.split('id="strategy-lt112"')[1].split("</article>")[0]
