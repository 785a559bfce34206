"""The cache of written data: what is in it, and what goes first."""
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from local.__main__ import main
from local.commands.cache import kept_in, to_prune
from local.data.writer import COMPLETE

HOUR = 3600.0


def data(cache: Path, name: str, size: int, hours: float, *, whole: bool = True) -> Path:
    """A folder of written data, used some hours ago."""
    path = cache / name
    path.mkdir(parents=True)
    (path / "bars").write_bytes(b"x" * size)
    then = time.time() - hours * HOUR
    if whole:
        (path / COMPLETE).touch()
        os.utime(path / COMPLETE, (then, then))
    else:
        os.utime(path, (then, then))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    data(tmp_path, "august-1", 400, 30)
    data(tmp_path, "covid-2", 300, 3)
    data(tmp_path, "quiet-3", 200, 0.1)
    data(tmp_path, ".begun-4", 50, 0.1, whole=False)
    data(tmp_path, ".left-5", 60, 48, whole=False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("mine", encoding="utf-8")
    return tmp_path


def names(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir()}


@pytest.mark.parametrize("limit, going", [
    (1000, {".left-5"}), (900, {".left-5"}), (899, {".left-5", "august-1"}),
    (500, {".left-5", "august-1"}), (450, {".left-5", "covid-2", "august-1"}), (100, {".left-5", "covid-2", "august-1"}),
    (0, {".left-5", "covid-2", "august-1", "quiet-3"})])
def test_what_was_used_longest_ago_goes(cache: Path, limit: float, going: set[str]) -> None:
    """What stays is what was used last, and of the older ones those that fit; nothing that was used within the hour goes."""
    assert {one.path.name for one in to_prune(kept_in(cache), limit, time.time())} == going


def test_show_changes_nothing_and_prune_tells(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(cache)
    assert main(["cache", "--data-cache", str(cache)]) == 0
    told = capsys.readouterr().out
    assert names(cache) == before and "quiet-3" in told and "not finished" in told and "mine" not in told.replace(str(cache), "")
    assert "5 folders" in told and "limit 10 GB" in told
    assert main(["cache", "prune", "--limit", "0.0000005", "--data-cache", str(cache)]) == 0
    assert "removed august-1" in capsys.readouterr().out
    assert names(cache) == {"covid-2", "quiet-3", ".begun-4", "mine"}
    assert main(["cache", "prune", "--limit", "0", "--data-cache", str(cache)]) == 0
    assert names(cache) == {".begun-4", "mine"}


def test_a_cache_that_is_not_there_is_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "--data-cache", str(tmp_path / "none")]) == 0
    assert "0 folders, 0.00 GB" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "much"])
def test_a_limit_that_is_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "prune", f"--limit={text}"]) == 2 and "gigabytes" in capsys.readouterr().err
