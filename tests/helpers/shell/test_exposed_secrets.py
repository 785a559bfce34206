"""The start warns when lean.json in a git repository holds a secret."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.shell.exposed_secrets import exposed_secrets
from local.__main__ import main
from local.commands import backtest

ROOT = Path(__file__).resolve().parents[3]


def workspace(folder: Path, text: str, *, git: bool = True) -> Path:
    project = folder / "project"
    project.mkdir()
    if git:
        (folder / ".git").mkdir()
    (project / "lean.json").write_text(text, encoding="utf-8")
    return project


@pytest.mark.parametrize("text, keys", [
    ('{"tastytrade-refresh-token": "abc"}', ("tastytrade-refresh-token",)),
    ('{"environments": {"x": {"api-access-token": "abc", "ib-password": "p"}}}', ("api-access-token", "ib-password")),
    ('{ // mine\n "tastytrade-refresh-token": "abc", ', ("tastytrade-refresh-token",)),
    ('{"tastytrade-refresh-token": "", "tastytrade-account-number": "5WT00001"}', ()), ("", ())])
def test_what_a_commit_would_publish(tmp_path: Path, text: str, keys: tuple[str, ...]) -> None:
    assert exposed_secrets(workspace(tmp_path, text)) == keys


def test_outside_a_repository_nothing_is_said(tmp_path: Path) -> None:
    assert exposed_secrets(workspace(tmp_path, '{"a-token": "abc"}', git=False)) == ()
    assert exposed_secrets(tmp_path) == ()


def test_ours_holds_none() -> None:
    assert exposed_secrets(ROOT) == () and json.loads((ROOT / "lean.json").read_text(encoding="utf-8"))


def test_a_backtest_says_so_and_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(backtest, "exposed_secrets", lambda *_: ("tastytrade-refresh-token",))
    assert main(["backtest", "--scenario", "none"]) == 2
    backtest.warn_of_secrets()
    assert capsys.readouterr().err.splitlines()[-1].startswith("warning: tastytrade-refresh-token in ")
