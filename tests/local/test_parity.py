"""The comparison of two runs: at each tolerance and one past it."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local import parity
from tests.local.commands.fake_engine import leave_results
from tests.local.run_report.builders_report import make_report, make_summary, make_trade


def make_event(**overrides: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"symbolValue": "SPY   240802C00545000", "orderId": 1, "time": 1722606600.0,
                              "status": "filled", "fillPrice": 0.55, "fillQuantity": -2.0, "orderFeeAmount": 2.0,
                              "isAssignment": False}
    return values | overrides


def summary(end: float) -> dict[str, Any]:
    statistics = make_summary()["statistics"] | {"End Equity": f"{end:.2f}"}
    return make_summary(statistics=statistics)


def compared(tmp_path: Path, *, report: dict | None = None, events: list | None = None,
             end: float = 65_000.0) -> parity.Parity:
    """LEAN's run is the plain one, the embedded engine's is the changed one."""
    events = [make_event()] if events is None else events
    leave_results(tmp_path / "lean", make_report(), summary(65_000.0), [make_event()])
    leave_results(tmp_path / "embedded", report or make_report(), summary(end), events)
    return parity.compare(tmp_path / "lean", tmp_path / "embedded")


def kinds(found: parity.Parity) -> list[str]:
    return [difference.kind for difference in found.differences]


def test_equal_runs(tmp_path: Path) -> None:
    found = compared(tmp_path)
    assert found.equal and found.trades == 3 and found.fills == 1 and found.notes == ()
    assert parity.table(found).splitlines()[-1] == "EQUAL"
    assert json.loads(json.dumps(found.as_json(), default=str))["equal"] is True


@pytest.mark.parametrize("change, expected", [
    ({"fillPrice": 0.56}, []), ({"fillPrice": 0.561}, ["fill price"]), ({"fillPrice": 0.539}, ["fill price"]),
    ({"orderFeeAmount": 2.005}, []), ({"orderFeeAmount": 2.01}, ["fee"]),
    ({"time": 1722606660.0}, ["fill", "fill"]), ({"fillQuantity": -1.0}, ["fill", "fill"]),
    ({"symbolValue": "SPY   240802C00546000"}, ["fill", "fill"]), ({"orderId": 9}, []),
])
def test_fills(tmp_path: Path, change: dict[str, Any], expected: list[str]) -> None:
    assert kinds(compared(tmp_path, events=[make_event(**change)])) == expected


def test_a_fill_too_many_or_too_few(tmp_path: Path) -> None:
    assert kinds(compared(tmp_path, events=[])) == ["fill"]
    assert kinds(compared(tmp_path, events=[make_event(), make_event()])) == ["fill"]
    assert kinds(compared(tmp_path, events=[make_event(), make_event(fillQuantity=0.0, status="submitted")])) == []


@pytest.mark.parametrize("end, expected", [(65_065.0, []), (65_065.01, ["end equity"]), (64_934.9, ["end equity"])])
def test_final_equity_within_a_tenth_of_a_percent(tmp_path: Path, end: float, expected: list[str]) -> None:
    assert kinds(compared(tmp_path, end=end)) == expected


@pytest.mark.parametrize("change, expected", [
    ({"opened": "2024-08-02T09:53:00"}, ["trade opened"]), ({"closed": "2024-08-02T13:06:00"}, ["trade closed"]),
    ({"units": 3}, ["trade units"]), ({"legs": []}, ["trade legs"]), ({"exit_reason": "TIME"}, ["trade exit_reason"]),
    ({"entry_price": -0.93}, []), ({"entry_price": -0.94}, ["trade entry_price"]),
    ({"exit_price": None}, ["trade exit_price"]), ({"fees_usd": 8.01}, ["trade fees_usd"]),
    ({"id": "friday_0dte/other"}, ["trade", "trade"]), ({"pnl_usd": 84.5}, []),
])
def test_trades(tmp_path: Path, change: dict[str, Any], expected: list[str]) -> None:
    trades = [make_trade(**change), *make_report()["trades"][1:]]
    found = compared(tmp_path, report=make_report(trades=trades))
    assert kinds(found) == expected
    assert (parity.table(found).splitlines()[-1] == "NOT EQUAL") is bool(expected)


def test_refusals_that_differ_are_notes(tmp_path: Path) -> None:
    found = compared(tmp_path, report=make_report(refusals={"lt112": {"WEEK_TAKEN": 2311, "VIX_ABOVE_BAND": 51}}))
    assert found.equal
    assert {note.where for note in found.notes} == {"lt112 WEEK_TAKEN", "friday_0dte VIX_BELOW_BAND",
                                                    "friday_0dte GAP_TOO_LARGE"}


def test_statistics_that_differ_are_notes(tmp_path: Path) -> None:
    for engine, more in (("lean", {"Lowest Capacity Asset": "SPY"}), ("embedded", {"Sharpe Ratio": "-0.32"})):
        figures = summary(65_000.0)
        leave_results(tmp_path / engine, make_report(), {**figures, "statistics": {**figures["statistics"], **more}},
                      [make_event()])
    found = parity.compare(tmp_path / "lean", tmp_path / "embedded")
    assert found.equal
    assert [(note.kind, note.where, note.lean, note.embedded) for note in found.notes] == [
        ("statistic", "Sharpe Ratio", "-0.31", "-0.32")]


@pytest.mark.parametrize("change, expected", [
    ({}, []), ({"equity": 65_100.0}, ["mark"]), ({"time": "2024-07-01T10:35:00"}, ["mark", "mark"])])
def test_marks_are_at_the_same_times_with_the_same_equity(tmp_path: Path, change: dict[str, Any], expected: list[str]) -> None:
    marks = make_report()["marks"]
    marks[0] = marks[0] | change
    assert kinds(compared(tmp_path, report=make_report(marks=marks))) == expected
