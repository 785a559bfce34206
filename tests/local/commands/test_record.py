"""The record command's refusals, and what it keeps and compares, without a launcher."""
from __future__ import annotations

import argparse
import copy
from pathlib import Path

import pytest

from local import lean_launcher
from local.commands import record as command
from local.commands.errors import CommandError
from local.conformance import cases, records

RECORD = {"case": "one", "data": "july", "digest": "d", "order_list_hash": "h", "statistics": {},
          "entries": [{"time": "t", "what": "held", "cash": 1.0}]}


def arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(given)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cases, a launcher that is one by name only, and LEAN's answers made up."""
    launcher = lean_launcher.Lean(command=("none",), launcher=tmp_path / "launcher.dll")
    monkeypatch.setattr(lean_launcher, "find_lean", lambda: launcher)
    monkeypatch.setattr(cases, "EXPECTED", tmp_path / "expected")
    monkeypatch.setattr(cases, "case_names", lambda: ["one", "two"])
    monkeypatch.setattr(records, "on_lean", lambda case, lean: copy.deepcopy(RECORD) | {"case": case})
    return tmp_path / "expected"


def test_records_are_kept_and_only_missing_ones_made(suite: Path) -> None:
    assert command.run(arguments("one")) == 0
    assert [path.name for path in suite.iterdir()] == ["one.json"]
    assert command.run(arguments("--missing")) == 0
    assert sorted(path.name for path in suite.iterdir()) == ["one.json", "two.json"]
    assert records.read_expected("one") == RECORD


def test_a_check_writes_nothing_and_tells_a_difference(suite: Path, monkeypatch: pytest.MonkeyPatch,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(arguments("one", "--check")) == 1
    command.run(arguments("one"))
    assert command.run(arguments("one", "--check")) == 0
    other = copy.deepcopy(RECORD)
    other["entries"][0]["cash"] = 2.0
    monkeypatch.setattr(records, "on_lean", lambda case, lean: other)
    assert command.run(arguments("one", "--check")) == 1 and "cash" in capsys.readouterr().out
    assert records.read_expected("one") == RECORD


def test_unknown_cases_and_a_missing_launcher_are_refused(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="unknown case three"):
        command.run(arguments("three"))
    monkeypatch.setattr(lean_launcher, "find_lean", lambda: lean_launcher.Lean(command=("lean",)))
    with pytest.raises(CommandError, match="TOMKING_LEAN"):
        command.run(arguments())


def test_a_case_that_fails_on_lean_is_named(suite: Path, monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    def fail(case: str, lean: object) -> None:
        raise records.CaseFailed(f"{case}: no record")
    monkeypatch.setattr(records, "on_lean", fail)
    assert command.run(arguments("one")) == 1
    assert "not good: one" in capsys.readouterr().out
