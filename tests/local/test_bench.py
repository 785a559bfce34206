"""What the bench counts and how it says it."""
from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import pytest

from local.__main__ import main
from local.bench import measure, options
from local.bench.measure import Measured, count_quotes, median_and_p99, run_measured
from local.commands import bench
from local.commands.bench import PEAK_GOAL_BYTES, closing_line, layer_of, next_step, orders_row, pair_lines, rounds_row
from local.commands.errors import CommandError
from local.commands.project import PROJECT_FOLDER
from local.engine.algorithm.data import DataMixin


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


@pytest.mark.parametrize("seconds, verdict", [([0.05, 0.02], "met, met"), ([0.051, 0.02], "MISSED, met"),
                                              ([0.09] * 3, "MISSED, met"), ([0.101], "MISSED, MISSED"), ([], "no order to time")])
def test_goals_of_orders(seconds: list[float], verdict: str) -> None:
    assert orders_row("embedded", seconds)[-1] == verdict


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


@pytest.mark.parametrize("count, verdict", [(200, "met"), (199, "MISSED")])
def test_goal_of_decision_rounds(count: int, verdict: str) -> None:
    row = rounds_row("embedded", [1.0 / count] * 4)
    assert row[0] == "embedded" and row[4] == f"{count}" and row[-1] == verdict


def test_a_profile_names_the_part_that_is_ours() -> None:
    assert layer_of(str(PROJECT_FOLDER / "local" / "engine" / "feed.py")) == "local/engine"
    assert layer_of(str(PROJECT_FOLDER / "local" / "parity.py")) == "local"
    assert layer_of("~") == "Python and libraries"
    told = next_step({"Python and libraries": 6.0, "local/engine": 3.0, "core": 1.0},
                     {"Python and libraries": "~:0 read", "local/engine": "series.py:161 seek"})
    assert "Python and libraries 60%, local/engine 30%, core 10%" in told
    assert told.endswith("next step: local/engine, which takes the most of what is ours; first series.py:161 seek")


def test_the_last_line_tells_every_ratio() -> None:
    assert closing_line({"a": 0.4, "b": 0.61}, 120.0) == "embedded ÷ LEAN: a 0.40, b 0.61; measured in 2.0 minutes"
    assert "no LEAN" in closing_line({"a": None}, 60.0)


@pytest.mark.parametrize("name", ["add_index_option_contract", "add_future_option_contract", "remove_option_contract"])
def test_an_override_of_one_way_is_not_reached_by_another(name: str) -> None:
    """LEAN's own members do not come back through the algorithm's class; the probe counts each subscription once."""
    called = getattr(DataMixin, name).__code__.co_names
    assert not {"add_option_contract", "remove_security"} & set(called)


def test_only_the_first_of_the_default_scenarios_is_run_in_full() -> None:
    task = argparse.Namespace(scenario="volmageddon_2018", seed=None, bars=None, parameters=[("mode", "trade")])
    bench._shorten(task)
    assert task.parameters == [("mode", "trade"), ("start", "2018-01-28")]
    given = argparse.Namespace(scenario="volmageddon_2018", seed=None, bars=None, parameters=[("start", "2018-02-01")])
    bench._shorten(given)
    assert given.parameters == [("start", "2018-02-01")]


def test_option_values_are_measured_one_by_one_and_over_chains(monkeypatch: pytest.MonkeyPatch,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(options, "SECONDS", 1e-6)
    assert main(["bench", "--only", "options"]) == 0
    told = capsys.readouterr().out
    for name in ("Greeks of a put at the money", "Prices of a chain of 1,250", "Volatilities of 20,000 rows"):
        assert name in told
