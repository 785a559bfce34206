"""One line a decision, refusals counted, only plain JSON in the audit trail."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Mapping

import pytest

from config.run_parameters import LogLevel
from core.codes import RefusalCode
from core.model import Refused
from helpers.orders.port import OutcomeKind
from helpers.store.journal import SEVERITY, Journal, plain

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2024, 8, 5, 9, 48)


class Trail:
    def __init__(self) -> None:
        self.records: list[tuple[datetime, str, dict[str, Any]]] = []

    def append(self, time: datetime, event: str, facts: Mapping[str, Any]) -> None:
        self.records.append((time, event, dict(facts)))

    def flush(self) -> None:
        pass


def made() -> tuple[Journal, list[str], Trail]:
    lines: list[str] = []
    trail = Trail()
    return Journal(lines.append, trail), lines, trail


def test_a_refusal_is_logged_once_a_day_and_counted() -> None:
    journal, lines, trail = made()
    refusal = Refused(code=RefusalCode.VIX_BELOW_BAND, facts={"vix": 15.0})
    for minutes in (0, 5, 10):
        journal.refused(NOW + timedelta(minutes=minutes), "lt112", refusal)
    journal.refused(NOW + timedelta(days=1), "lt112", refusal)
    assert len(lines) == len(trail.records) == 2
    assert "code=VIX_BELOW_BAND" in lines[0]
    assert journal.refusal_counts == {"lt112": {"VIX_BELOW_BAND": 2}}
    first = journal.refusal_days[0]
    assert (first["count"], first["first"], first["last"]) == (3, "09:48", "09:58")


def test_facts_named_like_the_record_do_not_hide_it() -> None:
    journal, _, trail = made()
    journal.refused(NOW, "lt112", Refused(code=RefusalCode.SIZE_ZERO, facts={"strategy": "x", "time": 1}))
    assert trail.records[0][2] == {"strategy": "lt112", "code": "SIZE_ZERO", "fact_strategy": "x", "fact_time": 1}


def test_what_is_not_known_is_left_out() -> None:
    journal, lines, _ = made()
    journal.event(NOW, "ENTER", strategy="lt112", limit=None)
    assert lines == ["ENTER strategy=lt112"]


@pytest.mark.parametrize("least, logged", [
    (LogLevel.DEBUG, ["MARK", "ENTER", "LATE_FILL", "ORDER_FAILED"]), (LogLevel.INFO, ["ENTER", "LATE_FILL", "ORDER_FAILED"]),
    (LogLevel.WARNING, ["LATE_FILL", "ORDER_FAILED"]), (LogLevel.ERROR, ["ORDER_FAILED"])])
def test_what_is_logged_begins_at_the_level_and_the_trail_takes_all(least: LogLevel, logged: list[str]) -> None:
    lines: list[str] = []
    trail = Trail()
    journal = Journal(lines.append, trail, least)
    journal.audit(NOW, "MARK", {"equity": 35_000.0})
    for name in ("ENTER", "LATE_FILL", "ORDER_FAILED"):
        journal.event(NOW, name, strategy="lt112")
    assert [line.split()[0] for line in lines] == logged
    assert [name for _, name, _ in trail.records] == ["MARK", "ENTER", "LATE_FILL", "ORDER_FAILED"]


def test_every_name_with_a_severity_is_an_event() -> None:
    """A name that no code records any more, or that was renamed, would be INFO without a word."""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "helpers").rglob("*.py") if path.name != "journal.py")
    outcomes = {f"ORDER_{kind.value}" for kind in OutcomeKind}
    assert {name for name in SEVERITY if f'"{name}"' not in text} <= outcomes


def test_everything_becomes_plain_json() -> None:
    value = {"code": RefusalCode.HALTED, "day": date(2024, 8, 5), "at": NOW, "bad": float("inf"), "some": (1, {2.0}),
             "none": None}
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == {
        "code": "HALTED", "day": "2024-08-05", "at": "2024-08-05T09:48:00", "bad": "inf", "some": [1, [2.0]], "none": None}


def test_the_nearest_approach_is_kept() -> None:
    journal, _, _ = made()
    journal.approach(NOW, "margin", 0.5, 0.8)
    journal.approach(NOW + timedelta(minutes=5), "margin", 0.6, 0.8)
    journal.approach(NOW + timedelta(minutes=9), "margin", 0.55, 0.8)
    assert journal.closest_approaches["margin"]["value"] == 0.6


def test_the_nearest_of_a_days_refusals_is_kept() -> None:
    journal, _, _ = made()
    for minute, vix in enumerate((18.0, 21.5, 20.0)):
        journal.refused(NOW + timedelta(minutes=minute), "friday_0dte",
                        Refused(code=RefusalCode.VIX_BELOW_BAND, facts={"vix": vix, "min": 22.0}))
    journal.refused(NOW, "friday_0dte", Refused(code=RefusalCode.WRONG_WEEKDAY, facts={"weekday": 3}))
    near, none = journal.refusal_days
    assert (near["closest"]["value"], near["closest"]["limit"], none["closest"]) == (21.5, 22.0, None)
    assert near["closest"]["time"] == f"{NOW + timedelta(minutes=1):%H:%M}" and near["facts"]["vix"] == 18.0


def test_a_reader_is_told_the_latest_events_readings_and_counts() -> None:
    journal, _, _ = made()
    for minute in range(70):
        journal.event(NOW + timedelta(minutes=minute), "STORE_FAILED" if minute == 3 else "ENTER", minute=minute)
    assert [row["facts"]["minute"] for row in journal.recent] == list(range(10, 70))
    assert (journal.told(LogLevel.ERROR), journal.told(LogLevel.INFO)) == (1, 69)
    for value in (0.9, 0.2):
        journal.approach(NOW, "breaker margin", value, 1.0)
    assert journal.readings["breaker margin"]["value"] == 0.2 and journal.closest_approaches["breaker margin"]["value"] == 0.9
