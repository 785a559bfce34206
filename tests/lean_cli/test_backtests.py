"""``lean backtest`` as recorded: the mounts laid out, the configuration written, on the embedded engine and, where
TOMKING_LEAN is, on LEAN."""
from __future__ import annotations

from pathlib import Path

import pytest

from local.results import read_report
from tests.lean_cli.container import run, start
from tests.lean_cli.projects import LAUNCHERS, NAMES, order_events
from tests.lean_cli.world import Engine, World


@pytest.mark.parametrize("engine", LAUNCHERS, ids=NAMES)
@pytest.mark.parametrize("layout", ["b", "d"])
def test_a_second_backtest_trades_as_on_an_empty_storage(tmp_path: Path, engine: Engine, layout: str) -> None:
    world = World(tmp_path, engine, layout)
    first = world.backtest("1871529464")
    assert first and first == world.backtest("1164329286")
    for run_id in ("1871529464", "1164329286"):
        folder = world.project / "backtests" / f"time-{run_id}"
        assert read_report(folder)["run"]["mode"] == "trade"       # found in the workspace's storage, by the run's id
        assert (world.workspace / "storage" / "backtest" / run_id / "tom-king" / "report.json").is_file()


@pytest.mark.parametrize("engine", LAUNCHERS, ids=NAMES)
def test_two_at_once_and_two_parameter_sets_at_once(tmp_path: Path, engine: Engine) -> None:
    world = World(tmp_path, engine, "d")
    alone = world.backtest("100")
    window = dict(start="2024-07-26", end="2024-07-26", starting_phase="3")
    calls = {"201": (), "202": (),
             "203": tuple((window | {"strategies": "friday_0dte", "cash": "65000"}).items()),
             "204": tuple((window | {"strategies": "friday_0dte,lt112", "cash": "45000"}).items())}
    found = {}
    for pair in (("201", "202"), ("203", "204")):
        containers = {run_id: world.container(run_id, parameters=calls[run_id]) for run_id in pair}
        processes = {run_id: start(container, engine) for run_id, container in containers.items()}
        for run_id, process in processes.items():
            process.wait()
            found[run_id] = order_events(containers[run_id].results)
    assert found["201"] == found["202"] == alone
    assert found["203"] and found["204"] and found["203"] != found["204"] != alone
    for run_id, (strategies, cash) in {"203": (["friday_0dte"], 65000.0), "204": (["friday_0dte", "lt112"], 45000.0)}.items():
        told = read_report(world.project / "backtests" / f"time-{run_id}")["run"]
        assert (told["strategies"], told["cash"]) == (strategies, cash)


@pytest.mark.parametrize("engine", LAUNCHERS, ids=NAMES)
def test_a_parameter_without_days_is_refused_in_one_line(tmp_path: Path, engine: Engine) -> None:
    world = World(tmp_path, engine, "d")
    container = world.container("300", "d-backtest-named-with-a-parameter", parameters=[("strategies", "lt112")])
    run(container, engine)
    words = "--parameter start 2024-05-01 --parameter end 2024-08-30"
    assert any("a backtest needs start and end" in line and words in line for line in container.log().splitlines())
    assert order_events(container.results) == [] and list(container.storage.rglob("*")) == []


@pytest.mark.parametrize("engine", LAUNCHERS, ids=NAMES)
def test_an_optimisation_lays_a_figure_over_the_rest(tmp_path: Path, engine: Engine) -> None:
    world = World(tmp_path, engine, "d", **{"lt112.win_rate": "0.8"})
    entered = {}
    for run_id, least in (("1", "0.73"), ("2", "0.99")):
        container = world.container(run_id, "d-optimize")
        assert run(container, engine, arguments=["--parameters", f"lt112.min_probability_otm:{least}"]) == 0
        told = read_report(container.results)
        assert told["run"]["figures"] == {"lt112.win_rate": 0.8, "lt112.min_probability_otm": float(least)}
        assert told["planned"]["lt112"]["planned_win_rate"] == 0.8
        entered[least] = {row["strategy"] for row in told["orders"]}
    assert entered == {"0.73": {"friday_0dte", "lt112"}, "0.99": {"friday_0dte"}}


@pytest.mark.parametrize("text", ["{", '{"parameters": {"cash": "1"}} // mine'])
def test_a_configuration_that_the_command_deletes_does_not_start(tmp_path: Path, text: str) -> None:
    world = World(tmp_path, None, "b")
    (world.project / "config.json").write_text(text, encoding="utf-8")
    container = world.container("400")
    assert run(container, None) == 1
    assert "a backtest needs start and end" in container.log() and list(container.storage.rglob("*")) == []
