"""What counts as a difference between two records."""
from __future__ import annotations

import copy
from pathlib import Path

import pytest

from local.conformance import cases, records

RECORD = {"case": "c", "data": "august", "digest": "d", "order_list_hash": "h",
          "statistics": {"End Equity": "99990.5", "Drawdown": "1.200%", "Total Fees": "$5.00"},
          "entries": [{"time": "t", "what": "held", "cash": 100.0, "orders": [1, 2], "open": True, "iv": 0.2}]}


def changed(**entry: object) -> dict[str, object]:
    record = copy.deepcopy(RECORD)
    record["entries"][0].update(entry)
    return record


def test_equal_records_do_not_differ() -> None:
    assert records.differences(RECORD, copy.deepcopy(RECORD)) == []


@pytest.mark.parametrize("entry, differs", [
    ({"cash": 100.0001}, False), ({"cash": 100.0003}, True), ({"orders": [1, 3]}, True), ({"orders": [1]}, True),
    ({"open": False}, True), ({"open": 1}, True), ({"what": "other"}, True), ({"more": 1}, True),
    ({"cash": None}, True),
    ({"iv": 0.2019}, False), ({"iv": 0.2022}, True), ({"cash": 100}, False),
])
def test_entries(entry: dict[str, object], differs: bool) -> None:
    assert bool(records.differences(RECORD, changed(**entry))) == differs


def test_an_entry_too_many_and_one_too_few() -> None:
    longer = copy.deepcopy(RECORD)
    longer["entries"].append({"time": "t", "what": "more"})
    assert len(records.differences(RECORD, longer)) == len(records.differences(longer, RECORD)) == 1


@pytest.mark.parametrize("want, have, equal", [
    ("1.200%", "1.200%", True), ("1.200%", "1.2%", True), ("1.200%", "1.2", False), ("$5.00", "5.00", False),
    ("-1", "-1.000", True), ("8695.633", "8695.641", True), ("8695.633", "8695.733", False), ("0.012", "0.013", False),
    ("99990.5", "99990.49", True), ("99990.5", "99989.5", False), ("", "0", False), ("a", "b", False),
])
def test_statistics(want: str, have: str, equal: bool) -> None:
    assert records.same_statistic(want, have) is equal


def test_another_order_list_differs_and_other_data_is_named() -> None:
    other = copy.deepcopy(RECORD) | {"order_list_hash": "x", "digest": "y"}
    lines = records.differences(RECORD, other)
    assert len(lines) == 2 and "python -m local record" in lines[1]


def test_a_record_is_written_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "EXPECTED", tmp_path)
    (tmp_path / "c.json").write_text(records.text_of(RECORD), encoding="utf-8")
    assert records.read_expected("c") == RECORD and cases.recorded_names() == ["c"]


def test_the_digest_follows_contents_not_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1", encoding="utf-8")
    first = cases.data_digest(tmp_path)
    (tmp_path / ".complete").write_text("x", encoding="utf-8")
    assert cases.data_digest(tmp_path) == first
    (tmp_path / "a.csv").write_text("2", encoding="utf-8")
    assert cases.data_digest(tmp_path) != first


def test_a_case_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "ALGORITHMS", tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "main.py").write_text(
        "from AlgorithmImports import *\nfrom probe import Probe\n\n\nclass Broken(Probe):\n"
        "    def set_up(self):\n        raise ValueError('not this way')\n", encoding="utf-8")
    with pytest.raises(records.CaseFailed, match="not this way"):
        records.on_embedded("broken", cases.data_folder("july"), tmp_path / "run")


@pytest.mark.parametrize("error, code, log, failure", [
    ("", 0, "", ""), ("", -6, "Engine.Main(): Analysis Completed and Results Posted.", ""), ("", -6, "", "exit code -6"),
    ("", 1, "Analysis Completed and Results Posted.", "exit code 1"), ("it raised", -6, "Results Posted.", "it raised"),
])
def test_an_abort_after_the_results_is_no_failure(error: str, code: int, log: str, failure: str) -> None:
    assert records.failure_of(error, code, log) == failure
