"""``--engine lean`` through the ``lean`` command: one temporary workspace, whole results, and a log that is kept."""
from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from local import lean_launcher
from local.__main__ import main
from local.commands import backtest, execute
from local.lean_workspace import REFRESHED, source_files, workspace
from tests.lean_cli import contract
from tests.lean_cli.projects import LAUNCHERS, NAMES, copy_project, order_events
from tests.lean_cli.stand_in import LAUNCHER
from tests.scenarios.order_world import data

ROOT = Path(__file__).resolve().parents[2]
DAY = "2024-07-26"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The stand-in as ``lean`` on the PATH, beside a ``docker`` that is not asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("lean", f'exec "{sys.executable}" -m tests.lean_cli.stand_in "$@"'), ("docker", "exit 1")):
        (folder / name).write_text(f"#!/bin/sh\nPYTHONPATH={ROOT} {text}\n", encoding="utf-8")
        (folder / name).chmod(0o755 | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(lean_launcher.LAUNCHER_VARIABLE, raising=False)
    monkeypatch.setattr(execute, "RUNS_FOLDER", tmp_path / "runs")
    monkeypatch.setattr(backtest, "data_folder", lambda *_: data())
    return folder


def arguments(out: Path, engine: str, **parameters: str) -> list[str]:
    given = {"strategies": "friday_0dte,lt112", "start": DAY, "end": DAY} | parameters
    return ["backtest", "--scenario", str(ROOT / "tests" / "scenarios" / "faults.toml"), "--phase", "3", "--cash", "65000",
            "--engine", engine, "--out", str(out), *(word for pair in given.items() for word in ("--param", "=".join(pair)))]


@pytest.mark.parametrize("engine", LAUNCHERS, ids=NAMES)
def test_a_run_through_the_command(command: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                   engine: Path | None) -> None:
    if engine is not None:
        monkeypatch.setenv(LAUNCHER, str(engine))
    before = {path: path.read_bytes() for path in (data() / name for name in REFRESHED)}
    assert main(arguments(tmp_path / "out", "lean")) == 0
    assert main(arguments(tmp_path / "plain", "embedded")) == 0
    assert order_events(tmp_path / "out") and len(order_events(tmp_path / "out")) == len(order_events(tmp_path / "plain"))
    sent = {path.relative_to(tmp_path / "out" / "code").parts[0] for path in (tmp_path / "out" / "code").rglob("*.py")}
    assert "main.py" in sent and not sent & {"tests", "local"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []        # the workspace is gone
    assert {path: path.read_bytes() for path in before} == before
    assert main(["report", str(tmp_path / "out")]) == 0


@pytest.mark.usefixtures("command")
def test_a_run_that_fails_shows_the_last_words_and_keeps_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(tmp_path / "out", "lean", restore="12345")) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "restore names the backtest 12345" in line
    (log,) = (tmp_path / "runs").iterdir()
    assert str(log) in line and "restore names the backtest 12345" in log.read_text(encoding="utf-8")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("command")
def test_a_command_that_refuses_is_passed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bin" / "lean").write_text("#!/bin/sh\necho 'Error: Please make sure Docker is installed'\nexit 1\n",
                                           encoding="utf-8")
    assert main(arguments(tmp_path / "out", "lean")) == 1
    assert "Please make sure Docker is installed" in capsys.readouterr().err.splitlines()[-1]


def test_the_workspace_is_all_that_a_container_needs(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    view = tmp_path / "view"
    view.mkdir()
    for entry in data().iterdir():
        (view / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    with workspace(tmp_path, project, view, {"log-handler": "x"}) as found:
        settings = json.loads((found.folder / "lean.json").read_text(encoding="utf-8"))
        assert settings == {"log-handler": "x", "job-organization-id": "", "data-folder": "data"}
        assert contract.find_workspace(found.project) == found.folder and found.output.is_relative_to(found.folder)
        assert not any(path.is_symlink() for path in found.folder.rglob("*"))
        for name in REFRESHED:
            assert (found.folder / "data" / name).stat().st_ino != (data() / name).stat().st_ino
        assert sum(path.is_file() for path in (found.folder / "data").rglob("*")) == sum(
            path.is_file() for path in data().rglob("*"))
    assert not found.folder.exists()


def test_what_is_copied_is_what_the_command_takes() -> None:
    assert source_files(ROOT) == contract.source_files(ROOT)
