"""Each run has keys of its own; a backtest that begins takes away what old ones left, and nothing else."""
from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.errors import StoreError
from helpers.store import run_place
from helpers.store.run_place import begin_backtest, counted, store_prefix, survey
from local.engine.loop.object_store import ObjectStore

NOW = datetime(2026, 11, 29, 12, 0)
OWN = "backtest/own/tom-king"


@pytest.mark.parametrize("parts", [("live", "a b"), ("live", ""), ("live", "a.b"), ("li:ve", "a"), ("live", "a/b"),
                                   ("live", "é"), ("backtest", "")])
def test_key_parts_that_lean_would_refuse_are_refused_first(parts: tuple[str, str]) -> None:
    with pytest.raises(StoreError, match="store key"):
        store_prefix(*parts)


def test_prefix_keeps_modes_and_runs_apart() -> None:
    assert store_prefix("live", "main") == "live/main/tom-king"
    assert store_prefix("backtest", "1871529464") == "backtest/1871529464/tom-king"


def left(root: Path, run: str, hours_ago: float, *, finished: bool = True, files: int = 2) -> None:
    """What a backtest leaves."""
    names = [f"audit/2024080{number}-0001.jsonl" for number in range(files)] + ["state-a.json"]
    for name in names + (["report.json"] if finished else []):
        write(root, f"backtest/{run}/tom-king/{name}", hours_ago)


def write(root: Path, key: str, hours_ago: float) -> None:
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}", encoding="utf-8")
    moment = (NOW - timedelta(hours=hours_ago)).timestamp()
    os.utime(path, (moment, moment))


def runs(root: Path) -> set[str]:
    return {path.parts[-3] for path in root.glob("backtest/*/tom-king/*")}


def test_the_last_five_stay(tmp_path: Path) -> None:
    for number in range(1, 9):
        left(tmp_path, f"run{number}", number)
    found = begin_backtest(ObjectStore(tmp_path), OWN, NOW)
    assert runs(tmp_path) == {f"run{number}" for number in range(1, 6)}
    assert found.pruned == ("run8", "run7", "run6") and found.files == 5 * 4
    assert found.files_allowed == 10_000 and not found.nearly_full


def test_runs_beside_this_one_are_not_touched(tmp_path: Path) -> None:
    for number in range(1, 7):
        left(tmp_path, f"beside{number}", 0.5, finished=False)
    for number in range(1, 8):
        left(tmp_path, f"run{number}", number)
    assert begin_backtest(ObjectStore(tmp_path), OWN, NOW).pruned == ("run7", "run6")
    assert {f"beside{number}" for number in range(1, 7)} <= runs(tmp_path)


def test_a_run_that_died_long_ago_is_old(tmp_path: Path) -> None:
    left(tmp_path, "died", 30, finished=False)
    for number in range(1, 6):
        left(tmp_path, f"run{number}", number)
    assert begin_backtest(ObjectStore(tmp_path), OWN, NOW).pruned == ("died",)


def test_only_this_projects_backtests_are_taken_away(tmp_path: Path) -> None:
    others = ("live/main/tom-king/state-a.json", "paper/main/tom-king/state-a.json", "backtest/1/other/report.json",
              "notes.txt", "backtest/loose.json", "development/backtest/tom-king/report.json")
    for key in others:
        write(tmp_path, key, 1000)
    for number in range(1, 9):
        left(tmp_path, f"run{number}", number)
    begin_backtest(ObjectStore(tmp_path), OWN, NOW)
    assert all((tmp_path / key).is_file() for key in others)


def test_what_an_earlier_run_left_under_these_very_keys_goes(tmp_path: Path) -> None:
    left(tmp_path, "own", 1)
    left(tmp_path, "own2", 1)
    begin_backtest(ObjectStore(tmp_path), OWN, NOW)
    assert runs(tmp_path) == {"own2"}


@pytest.mark.parametrize("limit, value, stay", [("MAX_FILES", 21, 4), ("MAX_FILES", 20, 4), ("MAX_FILES", 19, 3),
                                                ("MAX_SIZE", 100_000_000_000, 5)])
def test_within_leans_limits_fewer_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int,
                                        stay: int) -> None:
    """Four files a run: five of them are 20, and four fifths of the limit count as full."""
    from local.engine.loop import object_store
    monkeypatch.setattr(object_store, limit, value)
    for number in range(1, 6):
        left(tmp_path, f"run{number}", number)
    begin_backtest(ObjectStore(tmp_path), OWN, NOW)
    assert runs(tmp_path) == {f"run{number}" for number in range(1, stay + 1)}


def test_a_store_full_of_what_is_not_ours_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from local.engine.loop import object_store
    monkeypatch.setattr(object_store, "MAX_FILES", 10)
    for number in range(9):
        write(tmp_path, f"live/main/tom-king/audit/{number}.jsonl", 1)
    assert begin_backtest(ObjectStore(tmp_path), OWN, NOW).nearly_full


def test_a_key_that_another_run_takes_away_meanwhile_is_left_out(tmp_path: Path) -> None:
    left(tmp_path, "run1", 1)
    store = ObjectStore(tmp_path)
    known = [*store.keys, "backtest/gone/tom-king/state-a.json"]

    class Racing:
        max_files, max_size, keys = 10, 10, known

        def get_file_path(self, key: str) -> str:
            return str(tmp_path / key)

    assert len(survey(Racing())) == len(known) - 1
    assert counted(Racing(), survey(Racing())).files == len(known) - 1
    assert run_place.KEPT_BACKTESTS == 5
