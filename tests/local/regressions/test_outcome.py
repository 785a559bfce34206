"""When two engines left the same."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.regressions.outcome import Outcome, outcome_of, verdict

EVENT = (1, "SPY R735QTJ8XC9X", "filled", 1000.0, 2.0, 10.5, 2.0)
LEAN = Outcome(events=(EVENT,), end_equity="100010")


def changed(place: int, value: object) -> Outcome:
    return Outcome(events=((*EVENT[:place], value, *EVENT[place + 1:]),), end_equity="100010")


def test_the_same() -> None:
    assert verdict(LEAN, Outcome(events=(EVENT,), end_equity="100010")) == ""


@pytest.mark.parametrize("place, value, same", [
    (0, 2, False), (1, "QQQ", False), (2, "submitted", False), (3, 1000.5, True), (3, 1001.0, False), (4, 3.0, False),
    (5, 10.5000005, True), (5, 10.50001, False), (6, 1.0, False),
])
def test_one_event_changed(place: int, value: object, same: bool) -> None:
    assert (verdict(LEAN, changed(place, value)) == "") is same


def test_counts_equity_and_failures() -> None:
    assert "1 order events" in verdict(LEAN, Outcome(end_equity="100010"))
    assert "equity" in verdict(LEAN, Outcome(events=(EVENT,), end_equity="100011"))
    assert "no such name" in verdict(LEAN, Outcome(error="Traceback\n  more\nNameError: no such name"))
    assert verdict(Outcome(error="broken"), LEAN).startswith("fails on LEAN")


def test_kept_and_read_again() -> None:
    assert Outcome.from_json(LEAN.to_json()) == LEAN


def test_a_results_folder(tmp_path: Path) -> None:
    assert outcome_of(tmp_path).error
    summary = {"state": {"RuntimeError": ""}, "statistics": {"End Equity": "100010"}}
    (tmp_path / "run-summary.json").write_text(json.dumps(summary), encoding="utf-8")
    assert outcome_of(tmp_path) == Outcome(end_equity="100010")
    row = {"orderId": 1, "symbol": EVENT[1], "status": "Filled", "time": 1000, "quantity": 2, "fillPrice": 10.5,
           "fillQuantity": 2}
    (tmp_path / "run-order-events.json").write_text(json.dumps([row]), encoding="utf-8")
    assert verdict(LEAN, outcome_of(tmp_path)) == ""
