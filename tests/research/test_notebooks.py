"""The notebooks: clean, readable by Jupyter, and executed: what reads LEAN on the embedded engine's data and, where
TOMKING_LEAN is, on LEAN in the folder that ``lean research`` was recorded to mount."""
from __future__ import annotations

import ast
import importlib
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.constants import VIX_REGIMES
from local.engine.loop.engine import Engine
from research import runs
from tests.lean_cli.container import lay_out, start
from tests.lean_cli.contract import Deployment, configuration, recording
from tests.lean_cli.projects import copy_project, launcher, link_data
from tests.scenarios.order_world import PROJECT, data, lives

ROOT = Path(__file__).resolve().parents[2]
ENTRY = ROOT / "research.ipynb"             # where the lean command opens it, and LEAN finds its configuration
NOTEBOOKS = [ENTRY, *sorted((ROOT / "research").glob("*.ipynb"))]
OURS = ("config", "core", "helpers", "research", "risk", "strategies")
LAST_DAY = "TODAY = datetime(2024, 8, 6)"   # of the notebook; the data of the order tests end before
READ_DAY = "TODAY = datetime(2024, 7, 26)"
TOP, CONFIGURATION = "/Lean/Launcher/bin/Debug/Notebooks", "config.json"
HOST = """
from AlgorithmImports import *
import ast, json
from pathlib import Path


class Host(QCAlgorithm):
    def initialize(self):
        self.set_start_date(2024, 7, 26)
        self.set_end_date(2024, 7, 26)
        names, shown = {}, []
        for cell in json.loads(Path("research.ipynb").read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                tree = ast.parse("".join(cell["source"]).replace("LAST", "READ"))
                last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
                exec(compile(tree, "cell", "exec"), names)
                if last is not None:
                    shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names).to_json())
        Path("shown.json").write_text(json.dumps(shown), encoding="utf-8")
""".replace("LAST", LAST_DAY).replace("READ", READ_DAY)


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


def test_the_entry_is_at_the_top_and_the_others_need_no_lean() -> None:
    assert [path.relative_to(ROOT).as_posix() for path in NOTEBOOKS] == ["research.ipynb", "research/backtest_study.ipynb"]
    assert all("AlgorithmImports" not in "".join(code_of(path)) for path in NOTEBOOKS[1:])
    for path in (ROOT / "research").glob("*.py"):
        assert "AlgorithmImports" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_kept(path: Path) -> None:
    book = json.loads(path.read_text(encoding="utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_imported_from_the_framework_is_there(path: Path) -> None:
    tree = ast.parse("\n".join(code_of(path)))
    found = [(node.module, alias.name) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
             for alias in node.names if node.module and node.module.split(".")[0] in OURS]
    assert found
    for module, name in found:
        here = importlib.import_module(module)
        assert hasattr(here, name) or importlib.import_module(f"{module}.{name}"), f"{module}.{name}"


def check_market(shown: list[dict[str, Any]]) -> None:
    """The five answers of the entry notebook on the order tests' data."""
    tail, regimes, now, fridays, walk = shown
    assert len(tail["close"]) == 5 and set(tail["regime"].values()) <= {name for _, name in VIX_REGIMES}
    assert sum(regimes["sessions"].values()) >= 250
    assert 10.0 < now["VIX"] < 40.0 and 0.0 <= now["IV percentile"] <= 100.0
    assert fridays["Fridays"] >= 50 and fridays["win rate assumed"] == 0.88
    assert walk["credit"] and all(0.03 <= share <= 0.10 for share in walk["out of the money"].values())


def test_the_market_study_on_the_embedded_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.py").write_text("from AlgorithmImports import *\n\n\nclass Empty(QCAlgorithm):\n    def initialize(self):\n"
                                      "        self.set_start_date(2024, 7, 26)\n        self.set_end_date(2024, 7, 26)\n",
                                      encoding="utf-8")
    engine = Engine(tmp_path, data(), tmp_path / "out")
    engine.initialize()
    book = engine.algorithm
    imports = vars(importlib.import_module("AlgorithmImports"))
    monkeypatch.chdir(ROOT)
    adder = SimpleNamespace(set_start_date=lambda day: None, add_equity=book.add_equity, add_index=book.add_index,
                            history=book.history, option_chain=book.option_chain)
    names = {"QuantBook": lambda: adder}
    cells = [source.replace(LAST_DAY, READ_DAY).replace("from AlgorithmImports import *", "") for source in code_of(ENTRY)]
    shown = evaluated(cells, {key: value for key, value in imports.items() if not key.startswith("__")} | names)
    check_market([json.loads(frame.to_json()) for frame in shown])


if launcher() is not None:
    def test_the_market_study_on_lean(tmp_path: Path) -> None:
        workspace = tmp_path / "workspace"
        project = copy_project(workspace / "tom king")
        (project / "lean.json").rename(workspace / "lean.json")
        link_data(workspace, tmp_path / "scratch", launcher())
        recorded = recording("d-research")
        given = configuration(workspace, project, Deployment(algorithm_id="1"))
        mounts = [mount for mount in recorded["mounts"] if TOP not in mount and not mount.startswith("TEMP -> /Results")]
        mounts.append("TEMP -> /Results (rw, bind)")
        container = lay_out({"mounts": mounts}, given, project=project, workspace=workspace, root=tmp_path / "container")
        # the project's folder is mounted once more as Notebooks, with LEAN's configuration laid over the project's own
        for entry in project.iterdir():
            if entry.name != CONFIGURATION:
                (container.work / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
        host = tmp_path / "host"
        host.mkdir()
        (host / "main.py").write_text(HOST, encoding="utf-8")
        process = start(container, launcher(), extra={"algorithm-location": str(host / "main.py"),
                                                      "algorithm-type-name": "Host"},
                        configuration_at=container.work / CONFIGURATION)
        process.wait()
        shown = container.work / "shown.json"
        assert shown.is_file(), container.log()[-3000:]
        check_market([json.loads(text) for text in json.loads(shown.read_text(encoding="utf-8"))])


def test_the_backtest_study_reads_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lives(tmp_path)
    assert run.whole(), run.error
    monkeypatch.chdir(ROOT / "research")
    cells = [source for source in code_of(NOTEBOOKS[1]) if ".plot(" not in source]
    cells = [source.replace("RUN = None ", f"RUN = Path({str(run.out)!r}) ") for source in cells]
    facts, by_regime, planned, exits, refusals, worst = evaluated(cells, {})
    assert facts["trades"] == 1 and by_regime["marks"].sum() == 6 and len(worst) == 1
    assert planned.loc["friday_0dte", "trades"] == 1 and planned.loc["friday_0dte", "assumed"] == 0.88
    assert "friday_0dte" in refusals.columns and exits["size"].sum() == 1


def test_the_newest_run_is_ours_or_the_commands(tmp_path: Path) -> None:
    from local.results import ResultsError
    with pytest.raises(ResultsError, match="no finished run"):
        runs.newest(tmp_path)
    for name in ("runs/2026-11-28_10-00-00-august_2024/run", "backtests/2026-11-29_10-00-00/187", "runs/unfinished/x"):
        path = tmp_path / (name + ("" if "unfinished" in name else "-summary.json"))
        path.parent.mkdir(parents=True)
        path.write_text("{}", encoding="utf-8")
    assert runs.newest(tmp_path).name == "2026-11-29_10-00-00"
    os.rename(tmp_path / "backtests", tmp_path / "elsewhere")
    assert runs.newest(tmp_path).name == "2026-11-28_10-00-00-august_2024"


def test_a_run_without_a_trade_can_be_studied() -> None:
    assert runs.planned_and_achieved(runs.trades({"trades": []})).loc["lt112", "trades"] == 0
    assert runs.by_exit(runs.trades({"trades": []})).empty
    assert PROJECT == ROOT
