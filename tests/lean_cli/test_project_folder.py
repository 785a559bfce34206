"""The clone as a project of the ``lean`` command: what travels, its two files, and life beside what the command leaves."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from config.run_parameters import Environment, parse
from core.model import Mode
from tests import test_house
from tests.lean_cli.contract import DROPPED_FOLDERS, LARGEST_FILE_BYTES, source_files

ROOT = Path(__file__).resolve().parents[2]
TRAVELS = {"main.py", "config", "core", "helpers", "research", "risk", "strategies", "research.ipynb"}
LEFT_BY_THE_COMMAND = ("backtests/2026-11-29_12-00-00/code/main.py", "optimizations/2026-11-29_12-00-00/code/main.py",
                       "live/2026-11-29_12-00-00/log.txt", "storage/backtest/123/report.json", "report.html",
                       "data/equity/usa/daily/spy.zip", "runs/2026-11-29_12-00-00/report.html")
LIVE_KEYS = {"live-mode-brokerage", "data-queue-handler", "history-provider", "setup-handler", "result-handler",
             "data-feed-handler", "real-time-handler", "transaction-handler"}


def tracked() -> list[str]:
    """Files of the clone as git would have them, new ones too."""
    return [path.relative_to(ROOT).as_posix() for path in test_house.text_files()]


def pushed() -> dict[str, int]:
    """Name and bytes of every file that a push would send."""
    known = set(tracked())
    names = [path.relative_to(ROOT).as_posix() for path in source_files(ROOT)]
    return {name: (ROOT / name).stat().st_size for name in names if name in known}


def test_only_what_trades_travels() -> None:
    sizes = pushed()
    by_folder: dict[str, list[int]] = {}
    for name, size in sizes.items():
        by_folder.setdefault(name.split("/")[0], []).append(size)
    for name, found in sorted(by_folder.items()):
        print(f"{name:16} {len(found):4} files {sum(found):9,} bytes")
    print(f"{'sum':16} {len(sizes):4} files {sum(sizes.values()):9,} bytes")
    assert set(by_folder) <= TRAVELS and {"main.py", "config", "core", "helpers", "risk", "strategies"} <= set(by_folder)
    assert {name: size for name, size in sizes.items() if size >= LARGEST_FILE_BYTES} == {}


def test_everything_that_main_imports_travels() -> None:
    sizes = pushed()
    for folder in ("config", "core", "helpers", "risk", "strategies"):
        ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py")}
        assert ours <= set(sizes)


def test_no_folder_of_ours_has_a_name_that_the_command_drops() -> None:
    folders = {part for name in tracked() for part in Path(name).parts[:-1]}
    assert folders & set(DROPPED_FOLDERS) == set()


def test_what_stays_home_says_why() -> None:
    for folder in ("tests", "local", "operations"):
        (kept,) = (ROOT / folder / "conda-meta").iterdir()
        assert "lean command" in kept.read_text(encoding="utf-8")


def test_no_container_installs_anything() -> None:
    assert not (ROOT / "requirements.txt").exists()


# --- lean.json and config.json --------------------------------------------------------------------------------------


def settings() -> dict:
    return json.loads((ROOT / "lean.json").read_text(encoding="utf-8"))


def test_every_command_starts_without_an_account() -> None:
    assert settings()["job-organization-id"] == "" and settings()["data-folder"] == "data"


def test_no_key_invites_a_secret() -> None:
    text = (ROOT / "lean.json").read_text(encoding="utf-8")
    assert not any(word in text for word in ("token", "password", "secret", "account-number", "user-id"))


@pytest.mark.parametrize("name, brokerage, feed", [
    ("live-paper", "PaperBrokerage", "QuantConnect.Lean.Engine.DataFeeds.Queues.LiveDataQueue"),
    ("live-tastytrade", "TastytradeBrokerage", "TastytradeBrokerage")])
def test_live_environments_are_complete(name: str, brokerage: str, feed: str) -> None:
    found = settings()["environments"][name]
    assert LIVE_KEYS <= set(found) and found["live-mode"] is True
    assert found["live-mode-brokerage"] == brokerage and found["data-queue-handler"] == [feed]
    assert "SubscriptionDataReaderHistoryProvider" in found["history-provider"]


def test_the_default_parameters_start_every_kind_of_run() -> None:
    """Plain JSON without a comment: the command deletes any other config.json without a word."""
    parameters = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))["parameters"]
    assert all(isinstance(value, str) for value in parameters.values())
    backtest, live = parse(parameters, live=False), parse(parameters, live=True)
    assert (backtest.mode, backtest.environment) == (Mode.TRADE, Environment.DEVELOPMENT) and backtest.start is not None
    assert (live.mode, live.environment) == (Mode.OBSERVE, Environment.STAGING)


# --- beside what the command leaves ---------------------------------------------------------------------------------


def test_outputs_are_ignored_by_git_and_sources_are_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text(encoding="utf-8"), encoding="utf-8")
    sources = ("local/data/writer.py", "tests/conda-meta/keep", "lean.json", "config.json", "research/study.ipynb")
    asked = subprocess.run(["git", "check-ignore", *LEFT_BY_THE_COMMAND, *sources], cwd=tmp_path, text=True,
                           capture_output=True, check=True)
    assert asked.stdout.splitlines() == list(LEFT_BY_THE_COMMAND)


def test_outputs_are_not_read_as_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("core/kelly.py", *LEFT_BY_THE_COMMAND):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = (\n", encoding="utf-8")
    monkeypatch.setattr(test_house, "ROOT", tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in test_house.ours()] == ["core/kelly.py"]


def test_tests_and_lint_pass_outputs_by() -> None:
    lint = (ROOT / ".flake8").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for folder in ("backtests", "optimizations", "live", "storage", "runs", "data"):
        assert f"./{folder}" in lint and f'"{folder}"' in project
