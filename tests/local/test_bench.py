"""What the bench counts and how it says it."""
from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from local.bench import measure
from local.bench.measure import Measured, count_quotes, median_and_p99, run_measured
from local.commands.bench import PEAK_GOAL_BYTES, pair_lines
from local.commands.errors import CommandError


def test_quotes_are_counted_by_row_and_contract(tmp_path: Path) -> None:
    folder = tmp_path / "option" / "usa" / "minute" / "spy"
    folder.mkdir(parents=True)
    for day in ("20240805", "20240806"):
        with zipfile.ZipFile(folder / f"{day}_quote_american.zip", "w") as archive:
            archive.writestr("a.csv", "1\n2\n3\n")
            archive.writestr("b.csv", "1\n")
    with zipfile.ZipFile(folder / "20240805_trade_american.zip", "w") as archive:
        archive.writestr("a.csv", "1\n")
    found = count_quotes(tmp_path)
    assert (found.rows, found.contracts, found.days) == (8, 4, 2)
    assert found.size_bytes == sum(path.stat().st_size for path in folder.iterdir())


def test_median_and_99th_percentile_in_milliseconds() -> None:
    assert median_and_p99([0.001] * 99 + [0.101]) == pytest.approx((1.0, 2.0))


def pair(embedded: float, lean: float | None, peak: int = 1) -> dict[str, Measured]:
    found = {"embedded": Measured(seconds=embedded, peak_bytes=peak)}
    return found if lean is None else found | {"lean": Measured(seconds=lean, peak_bytes=1)}


@pytest.mark.parametrize("embedded, verdict", [(10.0, "met"), (10.2, "MISSED")])
def test_goal_of_half_the_time(embedded: float, verdict: str) -> None:
    lines = pair_lines([pair(embedded, 20.0)], "")
    assert next(line for line in lines if "wall time" in line).endswith(f"{verdict})")


def test_the_median_pair_decides() -> None:
    lines = pair_lines([pair(8.0, 20.0), pair(19.0, 20.0), pair(9.0, 20.0)], "")
    assert "0.45 (goal at most 0.5: met)" in next(line for line in lines if "wall time" in line)


@pytest.mark.parametrize("peak, verdict", [(PEAK_GOAL_BYTES, "met"), (PEAK_GOAL_BYTES + 1, "MISSED")])
def test_goal_of_memory(peak: int, verdict: str) -> None:
    assert pair_lines([pair(1.0, 2.0, peak)], "")[-1].endswith(f"{verdict})")


def test_without_lean_the_reason_is_printed() -> None:
    lines = pair_lines([pair(1.0, None)], "LEAN is missing: set TOMKING_LEAN")
    assert "no LEAN to compare with: LEAN is missing: set TOMKING_LEAN" in lines


def test_a_child_is_measured_and_its_failure_passed_on(tmp_path: Path) -> None:
    spent = run_measured(["--help"], cwd=Path(measure.__file__).resolve().parents[2])
    assert spent.seconds > 0.0 and spent.peak_bytes > 2**20
    with pytest.raises(CommandError, match="unknown scenario"):
        run_measured(["backtest", "--scenario", "none"], cwd=Path(measure.__file__).resolve().parents[2])
