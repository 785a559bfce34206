"""The storage is kept between runs: a backtest begins with nothing, and takes up another only where it is asked to."""
from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.run_parameters import Environment, parse
from core.errors import ConfigError
from helpers.shell.run_store import LIVE, PAPER, PAPER_BROKERAGE, check_environment, live_mode
from local.engine.loop.runner import RunResult, run_project
from tests.scenarios.order_world import FRIDAY, PARAMETERS, PROJECT, TWO, data

DAY, THURSDAY = FRIDAY.isoformat(), (FRIDAY - timedelta(days=1)).isoformat()


def backtest(folder: Path, run: str, **parameters: str) -> RunResult:
    """One Friday as a backtest of this id, on the storage that all runs of the folder share."""
    given = dict(PARAMETERS) | {"strategies": TWO, "start": DAY, "end": DAY} | parameters
    out = folder / run
    out.mkdir(exist_ok=True)
    return run_project(PROJECT, data=data(), out=out, parameters=given, run_id=run, store=folder / "storage",
                       algorithm_type_name="TomKingAlgorithm")


def orders(result: RunResult) -> list[dict[str, Any]]:
    assert result.error == ""
    return [{key: value for key, value in event.items() if key not in ("id", "algorithmId")}
            for event in result.order_events]


def store_lines(folder: Path, run: str) -> list[str]:
    return [line for line in (folder / run / "log.txt").read_text(encoding="utf-8").splitlines() if " STORE " in line]


def test_a_second_backtest_trades_as_the_first(tmp_path: Path) -> None:
    first, second, again = (orders(backtest(tmp_path, run)) for run in ("1871529464", "1164329286", "1871529464"))
    assert first and first == second == again
    for run in ("1871529464", "1164329286"):
        prefix = tmp_path / "storage" / "backtest" / run / "tom-king"
        assert (prefix / "report.json").is_file() and len(list(prefix.glob("audit/*.jsonl"))) == 1
        (line,) = store_lines(tmp_path, run)
        assert "files_allowed=10000" in line and "megabytes=" in line


def test_another_project_in_the_storage_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "storage" / "backtest" / "1" / "another" / "state-a.json"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("not ours", encoding="utf-8")
    orders(backtest(tmp_path, "2"))
    assert foreign.read_text(encoding="utf-8") == "not ours"


def test_what_a_restore_takes_up_is_named(tmp_path: Path) -> None:
    orders(backtest(tmp_path, "1", start=THURSDAY, end=THURSDAY))
    taken = backtest(tmp_path, "2", restore="1")
    log = (tmp_path / "2" / "log.txt").read_text(encoding="utf-8")
    assert taken.error == "" and " RESTORED " in log
    assert not (tmp_path / "storage" / "backtest" / "2").exists()


def test_a_restore_of_nothing_does_not_start(tmp_path: Path) -> None:
    result = backtest(tmp_path, "2", restore="1")
    assert result.error.strip().splitlines()[-1].endswith(
        "StoreError: restore names the backtest 1, of which the store holds nothing")
    assert result.order_events == []


def test_a_store_of_a_newer_version_does_not_start_and_is_left_as_it_was(tmp_path: Path) -> None:
    orders(backtest(tmp_path, "1"))
    slots = sorted((tmp_path / "storage" / "backtest" / "1" / "tom-king").glob("state-?.json"))
    for slot in slots:
        document = json.loads(slot.read_text(encoding="utf-8"))
        text = json.dumps({**document, "schema": 99}, sort_keys=True, separators=(",", ":"))
        slot.write_text(text, encoding="utf-8")
    before = [slot.read_bytes() for slot in slots]
    result = backtest(tmp_path, "2", restore="1")
    assert result.error != "" and result.order_events == []
    assert [slot.read_bytes() for slot in slots] == before


# --- live -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("brokerage, environment, mode", [
    (PAPER_BROKERAGE, Environment.STAGING, PAPER), (PAPER_BROKERAGE, Environment.PRODUCTION, PAPER),
    ("TastytradeBrokerage", Environment.STAGING, LIVE), ("TastytradeBrokerage", Environment.PRODUCTION, LIVE),
    ("", Environment.STAGING, PAPER), ("", Environment.PRODUCTION, LIVE)])
def test_paper_never_meets_live(brokerage: str, environment: Environment, mode: str) -> None:
    assert live_mode(brokerage, environment) == mode


@pytest.mark.parametrize("mode", ["trade", "exits_only"])
def test_staging_sends_nothing_to_a_real_broker(mode: str) -> None:
    with pytest.raises(ConfigError, match="at TastytradeBrokerage it may only observe"):
        check_environment(parse({"mode": mode}, live=True), "TastytradeBrokerage")
    check_environment(parse({"mode": mode}, live=True), PAPER_BROKERAGE)
    check_environment(parse({"mode": mode}, live=True), "")
    check_environment(parse({"mode": mode, "environment": "production"}, live=True), "TastytradeBrokerage")
    check_environment(parse({}, live=True), "TastytradeBrokerage")


@pytest.mark.parametrize("mapping, live", [({"restore": "123"}, True), ({"restore": "a/b"}, False)])
def test_restore_is_an_id_and_for_backtests(mapping: dict[str, str], live: bool) -> None:
    with pytest.raises(ConfigError, match="restore"):
        parse(mapping, live=live)
