"""Rules of the house that no single module can keep: who may import LEAN, what the plain folders may not touch."""
from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLAIN = ("config", "core", "strategies", "risk")
GATEWAYS = ("main.py", "helpers/lean_gateway.py")
FREE_OF_THE_RULE = ("local", "tests", "research")
FORBIDDEN_MODULES = {"AlgorithmImports", "clr", "QuantConnect", "logging", "os", "io", "pathlib", "subprocess",
                     "socket", "shutil", "tempfile", "threading", "random"}
FORBIDDEN_CALLS = {"print", "open", "input", "exec", "eval", "breakpoint"}
CLOCK_READS = {"now", "today", "utcnow", "perf_counter", "monotonic", "time_ns"}
SECTIONED = {"__pycache__", ".git", ".venv", ".cache", "backtests", ".pytest_cache", ".hypothesis", "storage", "data"}
LONGEST_FILE, LONGEST_TEST = 450, 700
READ_AS_ONE_PAGE = {"core/model.py"}      # the plain types everything speaks
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home|Users|mnt|tmp)/[\w.]+")


def python_files(*folders: str) -> list[Path]:
    """Tracked or new Python files under the folders."""
    found = []
    for folder in folders:
        place = ROOT / folder
        found += [place] if place.is_file() else sorted(place.rglob("*.py"))
    return [path for path in found if not SECTIONED & set(path.relative_to(ROOT).parts[:-1]) - {"data"}]


def imported(tree: ast.AST) -> set[str]:
    """First parts of everything a module imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


def parse(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def ours() -> list[Path]:
    """Every Python file of the project."""
    return [path for path in python_files("main.py", *(entry.name for entry in ROOT.iterdir() if entry.is_dir()))
            if not path.relative_to(ROOT).parts[0].startswith(".")]


def test_only_main_and_the_gateway_import_lean() -> None:
    importers = {path.relative_to(ROOT).as_posix() for path in ours()
                 if imported(parse(path)) & {"AlgorithmImports", "QuantConnect", "clr"}
                 and path.relative_to(ROOT).parts[0] not in FREE_OF_THE_RULE}
    assert importers == set(GATEWAYS)


@pytest.mark.parametrize("folder", PLAIN)
def test_plain_folders_have_no_lean_no_clock_no_output(folder: str) -> None:
    offences = []
    for path in python_files(folder):
        tree = parse(path)
        offences += [f"{path.name} imports {name}" for name in imported(tree) & (FORBIDDEN_MODULES | {"time"})]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
                offences.append(f"{path.name}:{node.lineno} calls {node.func.id}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args \
                    and node.func.attr in CLOCK_READS:
                offences.append(f"{path.name}:{node.lineno} reads the clock by {node.func.attr}")
    assert python_files(folder) and offences == []


@pytest.mark.parametrize("folder, allowed", [
    ("config", {"config", "core"}), ("core", {"core", "config"}), ("risk", {"risk", "core", "config"}),
    ("strategies", {"strategies", "core", "config"}),
])
def test_plain_folders_import_downward_only(folder: str, allowed: set[str]) -> None:
    house = {"config", "core", "strategies", "risk", "helpers", "local", "tests", "research", "main"}
    offences = {f"{path.relative_to(ROOT)} imports {name}" for path in python_files(folder)
                for name in imported(parse(path)) & house - allowed}
    if folder == "core":      # the gate and the coordinator work with the risk managers and the validator
        offences = {offence for offence in offences if not offence.endswith(("imports risk", "imports helpers"))}
    assert offences == set()


def test_no_bare_or_silent_except() -> None:
    offences = []
    for path in ours():
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                offences.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert offences == []


def test_files_stay_short() -> None:
    long = {}
    for path in ours():
        name, lines = path.relative_to(ROOT).as_posix(), len(path.read_text(encoding="utf-8").splitlines())
        if lines > (LONGEST_TEST if name.startswith("tests/") else LONGEST_FILE) and name not in READ_AS_ONE_PAGE:
            long[name] = lines
    assert long == {}


def text_files() -> list[Path]:
    """Every text file that is, or is about to be, under version control."""
    try:
        listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True,
                                capture_output=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        listed = [path.relative_to(ROOT).as_posix() for path in ours()]
    suffixes = {".py", ".md", ".toml", ".json", ".txt", ".cfg", ".ipynb", ".csv", ""}
    return [ROOT / name for name in listed if Path(name).suffix in suffixes and (ROOT / name).is_file()]


def test_no_path_of_a_machine() -> None:
    offences = []
    for path in text_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        offences += [f"{path.relative_to(ROOT)}: {found}" for found in MACHINE_PATH.findall(text)]
    assert offences == []


def test_the_rules_can_fail() -> None:
    assert MACHINE_PATH.search("data lies in /ho" + "me/someone/data")
    assert imported(ast.parse("from AlgorithmImports import *\nimport os.path")) == {"AlgorithmImports", "os"}
