"""August 2024 on the embedded engine, a golden run: what was traded, what the guards did on 5 August, to the cent."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.codes import RefusalCode
from local import results
from local.data import scenario, writer
from local.engine.loop.runner import run_project
from strategies.exits import ExitReason

PROJECT = Path(__file__).resolve().parents[2]
START, END = date(2024, 7, 15), date(2024, 8, 16)
CRASH = "2024-08-05"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data = writer.ensure_data(scenario.load("august_2024"), PROJECT / ".cache" / "data", progress=None)
    out = tmp_path_factory.mktemp("august")
    parameters = {"strategies": "friday_0dte,lt112", "starting_phase": "3", "cash": "65000",
                  "start": START.isoformat(), "end": END.isoformat()}
    result = run_project(PROJECT, data=data, out=out, algorithm_type_name="TomKingAlgorithm", progress=None,
                         parameters=parameters)
    assert result.exit_code == 0, result.error
    record = next((out / "storage").rglob("report.json"))
    found: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    return found | {"lean": results.read_summary(out)["statistics"]}


def test_what_was_traded(run: dict[str, Any]) -> None:
    trades = [(trade["strategy"], trade["opened"], trade["closed"], trade["units"], trade["entry_price"],
               round(trade["exit_price"], 4), trade["pnl_usd"], trade["exit_reason"]) for trade in run["trades"]]
    assert trades == [
        ("friday_0dte", "2024-08-02T12:02:00", "2024-08-02T13:50:00", 4, -0.65, 0.82, -84.0, "STRIKE_BREACHED"),
        ("lt112", "2024-07-15T10:58:00", "2024-08-05T09:36:00", 2, -1.0, 3.82, -568.0, "VIX crossed 35")]
    assert run["open_positions"] == []
    assert run["marks"][-1]["equity"] == 64_348.0


def test_the_books_agree(run: dict[str, Any]) -> None:
    result = sum(trade["pnl_usd"] for trade in run["trades"])
    assert run["marks"][-1]["equity"] == pytest.approx(65_000.0 + result, abs=0.005)
    assert run["marks"][-1]["cash"] == run["marks"][-1]["equity"]


def test_the_crash_raises_the_alarm_and_costs_little(run: dict[str, Any]) -> None:
    levels = {row["time"][:10]: row["emergency"] for row in run["guards"] if row["emergency"] != "NONE"}
    assert levels[CRASH] == "ORANGE"
    marks = [mark for mark in run["marks"] if mark["time"].startswith(CRASH)]
    assert {mark["time"][11:16] for mark in marks} >= {"10:30", "12:00", "14:00", "15:15", "15:45", "16:00"}
    assert min(mark["day_result_share"] for mark in marks) > -0.10


def test_what_is_held_explains_the_account_at_every_mark(run: dict[str, Any]) -> None:
    for mark in run["marks"]:
        closed = sum(trade["pnl_usd"] for trade in run["trades"] if trade["closed"] <= mark["time"])
        still = sum(row["open_usd"] for row in mark["strategies"].values())
        assert mark["equity"] == pytest.approx(65_000.0 + closed + still, abs=0.011), mark["time"]


def test_every_position_tells_its_entry_its_fills_and_how_deep_it_went(run: dict[str, Any]) -> None:
    logs = {row["id"]: row for row in run["positions"]}
    for trade in run["trades"]:
        log = logs[trade["id"]]
        cash = sum(-fill["quantity"] * fill["price"] * 100.0 - fill["fee"] for fill in log["fills"])
        assert cash == pytest.approx(trade["pnl_usd"], abs=0.005)
        assert {leg["contract"] for leg in log["entry"]["legs"]} == {fill["contract"] for fill in log["fills"]}
        assert all(0.05 < leg["iv"] < 2.0 and abs(leg["delta"]) < 1.0 for leg in log["entry"]["legs"])
        assert log["worst"]["usd"] <= log["best"]["usd"] and 0.0 < log["entry"]["probability_otm"] < 1.0
        assert [change["reason"] for change in log["changes"]][-1] == trade["exit_reason"]


def test_the_benchmark_is_spy(run: dict[str, Any]) -> None:
    assert float(run["lean"]["Beta"]) != 0.0
    spy = [mark["spy"] for mark in run["marks"]]
    assert min(spy) < 0.95 * max(spy)


def test_nobody_enters_while_an_emergency_lasts(run: dict[str, Any]) -> None:
    codes = {row["code"] for row in run["refusal_days"] if row["date"] == CRASH}
    assert "EMERGENCY" in codes


def test_every_exit_has_a_reason_and_every_refusal_a_code(run: dict[str, Any]) -> None:
    known = {code.value for code in RefusalCode}
    assert {row["code"] for row in run["refusal_days"]} <= known
    assert all(trade["exit_reason"] and trade["entry_reason"] for trade in run["trades"])
    assert not {trade["exit_reason"] for trade in run["trades"]} & {ExitReason.FLAT_BY_MISSED.value}


def test_every_friday_has_a_condor_or_says_why_not(run: dict[str, Any]) -> None:
    entered = {trade["opened"][:10] for trade in run["trades"] if trade["strategy"] == "friday_0dte"}
    refused = {row["date"] for row in run["refusal_days"] if row["strategy"] == "friday_0dte"}
    day = START
    while day <= END:
        if day.weekday() == 4:
            assert day.isoformat() in entered | refused
        day += timedelta(days=1)


def test_no_check_of_the_gate_is_missing(run: dict[str, Any]) -> None:
    assert run["unbuilt_checks"] == []
