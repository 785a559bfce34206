"""The explain command finds the one audit trail that is meant, and refuses what it cannot tell."""
from __future__ import annotations

from pathlib import Path

import pytest

from core.serialization import canonical
from local import results
from local.__main__ import main
from local.commands import explain
from tests.local.commands.fake_engine import leave_results

LINE = {"time": "2024-08-05T09:48:00", "event": "REFUSED", "facts": {"strategy": "lt112", "code": "EMERGENCY", "level": "RED"}}


def leave_trail(store: Path, text: str = canonical(LINE) + "\n", account: str = "backtest/run") -> Path:
    """An audit trail of one day; its folder."""
    folder = store / account / "tom-king" / "audit"
    folder.mkdir(parents=True)
    (folder / "20240805-0001.jsonl").write_text(text, encoding="utf-8")
    return folder


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["explain", *words]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1
    return told.err


def test_a_run_a_store_and_the_newest_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    older, newer = tmp_path / "runs" / "2024-01-01", tmp_path / "runs" / "2024-01-02"
    for folder in (older, newer):
        leave_results(folder)
    leave_trail(newer / results.STORE_FOLDER)
    live = tmp_path / "live"
    leave_trail(live, account="live/main")
    monkeypatch.setattr(explain, "RUNS_FOLDER", tmp_path / "runs")
    for words, place in (((str(newer),), newer), ((str(live),), live), ((), newer)):
        assert main(["explain", "2024-08-05", *words, "--strategy", "lt112"]) == 0
        told = capsys.readouterr().out
        assert "Monday 5 August 2024" in told and "09:48  no entry: EMERGENCY." in told and told.endswith(f"from {place}\n")


def test_what_cannot_be_told_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store"
    leave_trail(store, account="live/main")
    other_day = refused(capsys, "2024-08-06", str(store))
    assert "tells nothing of 2024-08-06: it tells of 1 days from 2024-08-05 to 2024-08-05" in other_day
    assert "did you mean 'lt112'" in refused(capsys, "2024-08-05", str(store), "--strategy", "lt11")
    assert "is not there" in refused(capsys, "2024-08-05", str(tmp_path / "nothing"))
    leave_trail(store, account="paper/main")
    several = refused(capsys, "2024-08-05", str(store))
    assert "holds 2 audit trails; name one" in several and str(store / "paper" / "main" / "tom-king") in several
    (tmp_path / "empty").mkdir()
    assert "holds no audit trail" in refused(capsys, "2024-08-05", str(tmp_path / "empty"))
    leave_trail(tmp_path / "torn", canonical(LINE) + '\n{"time":"2024-')
    assert "line 2 cannot be read" in refused(capsys, "2024-08-05", str(tmp_path / "torn"))
    leave_trail(tmp_path / "silent", "")
    assert "it is empty" in refused(capsys, "2024-08-05", str(tmp_path / "silent"))
