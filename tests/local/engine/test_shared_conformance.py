"""The shared cases leave the records that real LEAN left."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.engine.loop.runner import run_project
from tests.local.engine.conformance_data import SHARED, case_names, data_folder, project_folder

CASES = case_names()
NUMBER_TOLERANCE, MODEL_TOLERANCE = 0.01 + 1e-9, 0.01
MODELED = {"iv", "delta", "gamma", "theta", "theta_day", "vega"}


@pytest.fixture(scope="module")
def data() -> Path:
    return data_folder()


def _differs(key: str, expected: Any, found: Any) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool) or not isinstance(expected, (int, float)):
        return expected != found
    if not isinstance(found, (int, float)):
        return True
    gap = abs(expected - found)
    return gap > NUMBER_TOLERANCE and not (key in MODELED and gap <= MODEL_TOLERANCE * abs(expected))


def _differences(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    lines = [f"{len(found)} entries where LEAN has {len(expected)}"] if len(expected) != len(found) else []
    for number, (want, have) in enumerate(zip(expected, found)):
        keys = [key for key in want.keys() | have.keys()
                if key not in want or key not in have or _differs(key, want[key], have[key])]
        if keys:
            lines.append(f"entry {number}: LEAN {want} engine {have} differ in {sorted(keys)}")
    return lines


@pytest.mark.parametrize("case", CASES or ["none"])
def test_record_equals_that_of_lean(case: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if not CASES:
        pytest.skip("the shared conformance folder is not here")
    out = tmp_path / "out"
    result = run_project(project_folder(case, tmp_path), data=request.getfixturevalue("data"), out=out)
    assert result.exit_code == 0, result.error
    record = json.loads((out / "storage" / "probe" / "record.json").read_text(encoding="utf-8"))
    expected = json.loads((SHARED / "expected" / f"{case}.json").read_text(encoding="utf-8"))
    assert _differences(expected, record)[:5] == []


def test_a_changed_record_is_noticed() -> None:
    want = [{"time": "t", "cash": 100.0, "iv": 0.2}]
    assert _differences(want, [{"time": "t", "cash": 100.01, "iv": 0.2019}]) == []
    assert len(_differences(want, [{"time": "t", "cash": 100.02, "iv": 0.2}])) == 1
    assert len(_differences(want, [{"time": "t", "cash": 100.0, "iv": 0.22}])) == 1
    assert len(_differences(want, [])) == 1
