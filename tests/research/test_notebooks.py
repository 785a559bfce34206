"""The notebooks: clean, readable by Jupyter, and in step with the framework they import."""
from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from config.strategy_parameters import SPECS
from tests.scenarios.order_world import lives

RESEARCH = Path(__file__).resolve().parents[2] / "research"
NOTEBOOKS = sorted(RESEARCH.glob("*.ipynb"))
OURS = ("config", "core", "helpers", "risk", "strategies")


def code_of(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def evaluated(cells: list[str], names: dict[str, Any]) -> list[Any]:
    """Run cells as a kernel does; the values of those that end in an expression."""
    values = []
    for source in cells:
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            values.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    return values


def test_both_are_there():
    assert [path.stem for path in NOTEBOOKS] == ["backtest_study", "market_study"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_kept(path):
    book = json.loads(path.read_text(encoding="utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_imported_from_the_framework_is_there(path):
    tree = ast.parse("\n".join(code_of(path)))
    found = [(node.module, alias.name) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
             for alias in node.names if node.module.split(".")[0] in OURS]
    assert found
    for module, name in found:
        assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_fields_of_specs_in_the_market_study_exist():
    spec = None
    for node in ast.walk(ast.parse("\n".join(code_of(RESEARCH / "market_study.ipynb")))):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "SPECS":
            spec = SPECS[node.slice.value]
    assert spec is not None
    known = {name for name in ("friday_0dte", "lt112") for name in dir(SPECS[name])}
    used = {node.attr for node in ast.walk(ast.parse("\n".join(code_of(RESEARCH / "market_study.ipynb"))))
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "spec"}
    assert used and used <= known


def test_the_backtest_study_reads_a_run(tmp_path, monkeypatch):
    run = lives(tmp_path)
    assert run.whole(), run.error
    monkeypatch.chdir(RESEARCH)
    cells = [source for source in code_of(RESEARCH / "backtest_study.ipynb") if ".plot(" not in source]
    cells = [source.replace("RUN = None ", f"RUN = Path({str(run.out)!r}) ") for source in cells]
    facts, by_regime, planned, _, refusals, worst = evaluated(cells, {})
    assert facts["trades"] == 1 and by_regime["marks"].sum() == 6 and len(worst) == 1
    assert planned.loc["friday_0dte", "trades"] == 1 and planned.loc["friday_0dte", "assumed"] == 0.88
    assert "friday_0dte" in refusals.columns
