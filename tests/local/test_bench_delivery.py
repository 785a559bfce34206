"""Bars a second: the data that are written for it, the three ways of reading them, what a comparison says."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.__main__ import main
from local.bench import delivery
from local.bench.delivery import Read, older_tree, walk, way_row, write_bars
from local.commands.errors import CommandError


def read(rate: float, bars: int = 100, bids: float = 5.0) -> Read:
    return Read(bars=bars, bids=bids, seconds=bars / rate)


@pytest.mark.parametrize("ours, verdict", [(200.0, "met"), (199.0, "MISSED")])
def test_the_best_runs_are_compared(ours: float, verdict: str) -> None:
    row = way_row("a way", 2.0, {"here": [read(50.0), read(ours)], "0ld": [read(100.0), read(20.0)]}, 400.0)
    assert row[2] == f"{ours:,.0f}" and row[3] == f"{ours / 400.0:.2f}" and row[-1] == f"at least 2.0: {verdict}"


@pytest.mark.parametrize("other", [dict(bars=99), dict(bids=5.01)])
def test_runs_that_read_other_bars_are_no_comparison(other: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="not the same bars"):
        way_row("a way", 2.0, {"here": [read(10.0)], "0ld": [read(10.0, **other)]}, 400.0)


def test_an_unknown_commit_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--against no-such-commit"):
        older_tree("no-such-commit", tmp_path)


def test_every_way_reads_what_the_plain_walk_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "STRIKES", delivery.STRIKES[:2])
    monkeypatch.setattr(delivery, "LAST", delivery.FIRST)
    monkeypatch.setattr(delivery, "run_measured", lambda command, cwd: main(list(command)))
    write_bars(tmp_path / "data")
    walked = walk(tmp_path / "data")
    assert walked.bars == 4 * 390
    for name, (way, fill, _) in delivery.WAYS.items():
        found = delivery.run_reader(tmp_path, tmp_path / "data", tmp_path / name.replace("/", ""), read=way, fill=fill)
        assert (found.bars, found.bids) == (walked.bars, walked.bids)
