"""Rules of the house that no single module can keep: who may import LEAN, what the plain folders may not touch."""
from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLAIN = ("config", "core", "strategies", "risk")
GATEWAYS = {"main.py", "helpers/lean/gateway.py", "helpers/lean/order_gateway.py", "helpers/lean/fill_model.py",
            "helpers/lean/run_facts.py", "helpers/lean/symbols.py"}
HOUSE = ("config", "core", "strategies", "risk", "helpers", "local", "operations")
# Rooms by floor. A file uses what lies on lower floors, and its own room.
FLOORS = {"config": 0, "core": 1, "core.entry": 2, "strategies": 2, "risk": 2,
          "helpers.data_freshness_validator": 3, "helpers.lean": 3, "helpers.orders": 3, "helpers.store": 3,
          "helpers.atomic_order_executor": 4, "helpers": 4, "helpers.shell": 5, "local": 6, "operations": 6, "main": 6}
# Arrows between rooms of one floor that are drawn: the state machines' rolls ask what the gate asks of every entry.
# The commands of local/ carry out what stands in operations/.
DRAWN = {("strategies", "core.entry"), ("local", "operations")}
# What is left, file by file, with its reason.
PLAIN_TYPES = {"core.errors": "plain types", "core.model": "plain types", "core.codes": "plain types"}
EXCEPTIONS: dict[str, dict[str, str]] = {
    **{f"config/{name}.py": PLAIN_TYPES for name in ("calendars", "figures", "instruments", "own_dates", "planned_commands",
                                                     "run_parameters", "strategy_spec")},
    "helpers/lean/order_gateway.py": {"helpers.orders.port": "it fulfils the executor's port"},
    "core/strategy_coordinator.py": {"core.entry": "it runs the gate; the method's documents name its path"},
    "core/unified_position_sizer.py": {"core.entry": "it computes the gate's size limits; likewise named"},
}
FREE_OF_THE_RULE = ("local", "tests", "research")
FORBIDDEN_MODULES = {"AlgorithmImports", "clr", "QuantConnect", "logging", "os", "io", "pathlib", "subprocess",
                     "socket", "shutil", "tempfile", "threading", "random"}
FORBIDDEN_CALLS = {"print", "open", "input", "exec", "eval", "breakpoint"}
CLOCK_READS = {"now", "today", "utcnow", "perf_counter", "monotonic", "time_ns"}
GENERATED = {"backtests", "optimizations", "live", "storage", "data", "runs", "build", "backups"}   # at the top, and nobody's code
LONGEST_FILE, LONGEST_TEST = 450, 700
READ_AS_ONE_PAGE = {"core/model.py"}      # the plain types everything speaks
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home|Users|mnt|tmp)/[\w.]+")


def python_files(*folders: str) -> list[Path]:
    """Tracked or new Python files under the folders."""
    found = []
    for folder in folders:
        place = ROOT / folder
        found += [place] if place.is_file() else sorted(place.rglob("*.py"))
    return [path for path in found if "__pycache__" not in path.parts]


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
            if not path.relative_to(ROOT).parts[0].startswith(".") and path.relative_to(ROOT).parts[0] not in GENERATED]


def test_only_main_and_the_gateway_import_lean() -> None:
    importers = {path.relative_to(ROOT).as_posix() for path in ours()
                 if imported(parse(path)) & {"AlgorithmImports", "QuantConnect", "clr"}
                 and path.relative_to(ROOT).parts[0] not in FREE_OF_THE_RULE}
    assert importers == GATEWAYS


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


def modules(tree: ast.AST) -> set[str]:
    """Whole dotted names of everything a module imports, with the members that may be modules themselves."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(name: str) -> str:
    """The room a path or dotted name lies in: the longest of ``FLOORS`` that begins it."""
    parts = name.removesuffix(".py").replace("/", ".")
    found = [room for room in FLOORS if parts == room or parts.startswith(room + ".")]
    return max(found, key=len) if found else ""


def upward(name: str, tree: ast.AST) -> set[str]:
    """Imports of a file that do not go down: what it takes from its own floor's other rooms or from above."""
    own = room_of(name)
    taken = set()
    for module in modules(tree):
        room = room_of(module)
        if room and room != own and FLOORS[room] >= FLOORS[own] and (own, room) not in DRAWN \
                and not any(module == allowed or module.startswith(allowed + ".") for allowed in EXCEPTIONS.get(name, {})):
            taken.add(f"{name} imports {module}")
    return taken


def test_imports_go_down_only() -> None:
    offences: set[str] = set()
    for path in python_files("main.py", *HOUSE):
        name = path.relative_to(ROOT).as_posix()
        assert room_of(name), f"{name} lies in no room of the house"
        offences |= upward(name, parse(path))
    assert offences == set()


@pytest.mark.parametrize("name, line", [
    ("core/kelly.py", "from helpers.lean.values import moment"), ("core/kelly.py", "from core.entry import gate"),
    ("core/kelly.py", "import risk.defence"), ("risk/defence.py", "from strategies.legs import mid"),
    ("strategies/legs.py", "from risk import defence"), ("core/entry/gate.py", "import risk.greeks_monitor"),
    ("config/constants.py", "from core.market_values import finite"),
    ("helpers/orders/desk.py", "from helpers.store.journal import Journal"),
    ("helpers/lean/gateway.py", "from helpers.shell.memory import Memory"),
    ("helpers/shell/memory.py", "from local import results"),
])
def test_an_upward_import_is_found(name: str, line: str) -> None:
    assert (ROOT / name).is_file() and upward(name, ast.parse(line))


def test_the_dashboard_knows_the_algorithm_by_what_it_publishes() -> None:
    """It imports nothing of it, and is imported by nothing of it: the schemas are what both are held to."""
    algorithm = {"main", "config", "core", "strategies", "risk", "helpers", "local"}
    there = {path.relative_to(ROOT).as_posix(): imported(parse(path)) for path in python_files("operations/dashboard")}
    assert there and {name: taken & algorithm for name, taken in there.items() if taken & algorithm} == {}
    back = {path.relative_to(ROOT).as_posix() for path in python_files("main.py", *sorted(algorithm - {"main", "local"}))
            if "operations" in imported(parse(path))}
    assert back == set()


# What operations/ may know of the algorithm: its errors, its figures, the formats of what it leaves in the store.
FORMATS = ("config.constants", "core.errors", "core.serialization", "helpers.store")


def test_operations_know_formats_only() -> None:
    offences = set()
    for path in python_files("operations"):
        for module in modules(parse(path)):
            if room_of(module) not in ("", "operations") and not module.startswith(FORMATS) \
                    and module not in {name.rpartition(".")[0] for name in FORMATS}:
                offences.add(f"{path.relative_to(ROOT).as_posix()} imports {module}")
    assert offences == set() and python_files("operations")


def test_every_exception_is_needed() -> None:
    unused = {(name, reason) for name, reasons in EXCEPTIONS.items() for reason in set(reasons.values())
              if not any(module == allowed or module.startswith(allowed + ".") for module in modules(parse(ROOT / name))
                         for allowed in reasons)}
    assert unused == set()


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


def versioned() -> list[str]:
    """Every file and link that is, or is about to be, under version control."""
    try:
        return subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True,
                              capture_output=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return [path.relative_to(ROOT).as_posix() for path in ours()]


def test_no_link_travels() -> None:
    """A link leads to a place of one machine; an environment that is one is ignored like one that is a folder."""
    assert [name for name in versioned() if (ROOT / name).is_symlink()] == []


def text_files() -> list[Path]:
    """Every text file that is, or is about to be, under version control."""
    listed = versioned()
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
