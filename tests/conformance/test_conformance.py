"""The embedded engine answers every case as real LEAN did: entries, statistics, order list."""
from __future__ import annotations

import ast
from pathlib import Path

import pytest

from local.conformance import cases, records

LONGEST_CASE = 60


@pytest.fixture(scope="session")
def folders() -> dict[str, Path]:
    """Data folders by scenario, written once and kept in the user's cache."""
    return {name: cases.data_folder(name) for name in cases.UNDERLYINGS}


@pytest.mark.parametrize("case", cases.case_names())
def test_the_engine_answers_as_lean_did(case: str, folders: dict[str, Path], tmp_path: Path) -> None:
    found = records.on_embedded(case, folders[cases.scenario_of(case)], tmp_path)
    assert records.differences(records.read_expected(case), found) == []


def test_every_case_has_a_record_and_every_record_a_case() -> None:
    assert cases.case_names() == cases.recorded_names()


def test_there_are_enough_cases() -> None:
    assert len(cases.case_names()) >= 30


@pytest.mark.parametrize("case", cases.case_names())
def test_a_case_is_short_and_says_what_it_is_about(case: str) -> None:
    text = (cases.ALGORITHMS / case / "main.py").read_text(encoding="utf-8")
    classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    assert len(text.splitlines()) < LONGEST_CASE and len(classes) == 1 and ast.get_docstring(classes[0])
    assert cases.scenario_of(case) in cases.UNDERLYINGS


@pytest.mark.parametrize("case", cases.case_names())
def test_a_record_holds_events_of_its_orders(case: str) -> None:
    record = records.read_expected(case)
    assert record["entries"] and set(record["statistics"]) >= {"End Equity", "Total Orders", "Total Fees"}
    orders = int(record["statistics"]["Total Orders"])
    events = [entry for entry in record["entries"] if entry["what"] == "order event"]
    nothing = "d41d8cd98f00b204e9800998ecf8427e"
    assert (record["order_list_hash"] == nothing) == (orders == 0) and bool(events) == bool(orders)
