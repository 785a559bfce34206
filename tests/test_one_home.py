"""One home for each thing: a figure stands in ``config/``, a tolerance in ``core/quotes.py``, a strategy's name in its own
specification and its own file. Everything else reads it there."""
from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

import config.constants
from config.strategy_parameters import SPECS
from strategies import ALL
from tests.test_house import ROOT, parse, python_files

# --- figures --------------------------------------------------------------------------------------------------------

WITHOUT_FIGURES = ("core", "strategies", "risk", "helpers", "main.py")
# Numbers that are arithmetic or a conversion wherever they stand.
ARITHMETIC = {0.0, 0.5, 1.0, 2.0, 100.0, 60.0}
# What else stands outside config/, file by file: nothing of the method, which no user and no study would ever change.
TECHNICAL: dict[str, tuple[frozenset[float], str]] = {
    "core/carry.py": (frozenset({86_400.0, 364, 4096, 11, 12, 31, 3}), "calendar arithmetic and the size of a cache"),
    "core/combo_prices.py": (frozenset({4}), "decimals in which LEAN writes a leg's price"),
    "core/market_analysis.py": (frozenset({50.0}), "the middle rank of a flat history"),
    "core/model.py": (frozenset({3}), "the number of an emergency level"),
    "core/option_arrays.py": (frozenset({16.0}), "a solver's rounding"),
    "core/option_math.py": (frozenset({0.01, 1e-4, 20.0, 1e-12, 200, 5.0, 0.05}), "a solver's bounds, start and end"),
    "core/option_values.py": (frozenset({0.25}), "where in an admissible quote its value is taken"),
    "core/quotes.py": (frozenset({9, 1e-9}), "the one tolerance"),
    "core/trade_ledger.py": (frozenset({7}), "the year and month of a date's text"),
    "core/unified_state_manager.py": (frozenset({120, 200}), "rows kept in the state document"),
    "strategies/entries.py": (frozenset({1_000_000}), "no cap of its own"),
    "strategies/ratio_spread_with_state.py": (frozenset({3}), "the ratio two by three"),
    "risk/august_2024_correlation_limiter.py": (frozenset({80}), "characters of an error's text"),
    "risk/circuit_breakers.py": (frozenset({3}), "the number of a level"),
    "risk/defence.py": (frozenset({0.01}), "a price a shock cannot go below"),
    "risk/dynamic_margin_manager.py": (frozenset({256}), "positions remembered"),
    "risk/margin_structures.py": (frozenset({1e15, 1e9}), "costs that rule a pairing out"),
    "helpers/atomic_order_executor.py": (frozenset({200, 3}), "finished intents remembered; an order of purposes"),
    "helpers/lean/daily_history.py": (frozenset({5}), "minutes before a failed request is made again"),
    "helpers/lean/day_chains.py": (frozenset({200}), "characters of an error's text"),
    "helpers/lean/gateway.py": (frozenset({300}), "daily bars of one request: more than any rule looks back"),
    "helpers/lean/indicators.py": (frozenset({3.0}), "a typical price is a mean of three"),
    "helpers/lean/values.py": (frozenset({10}), "sessions ahead in a snapshot's calendar"),
    "helpers/orders/fill_book.py": (frozenset({6}), "digits of a rounding"),
    "helpers/orders/pricing.py": (frozenset({3}), "digits of a rounding"),
    "helpers/orders/reports.py": (frozenset({6}), "digits of a rounding"),
    "helpers/orders/worker.py": (frozenset({3, 4}), "failures in a row of one request; digits of a rounding"),
    "helpers/shell/published/outlook.py": (frozenset({10}), "names in one sentence"),
    "helpers/shell/published/performance.py": (frozenset({500, 1300, 300}), "rows of a published document"),
    "helpers/shell/published/publisher.py": (frozenset({30, 300, 1_000_000}), "rows and bytes of a published document"),
    "helpers/shell/run_record.py": (frozenset({3, 4, 6}), "the report's version, digits of a rounding"),
    "helpers/store/audit_trail.py": (frozenset({256_000}), "bytes of a segment"),
    "helpers/store/journal.py": (frozenset({6}), "digits of a rounding"),
    "helpers/store/run_place.py": (frozenset({5, 0.8, 1e6}), "how much of LEAN's object store is used"),
    "helpers/store/state_store.py": (frozenset({3, 4, 5, 16}), "schema versions, digits of a hash"),
}
RECORDS = {"risk/august_2024_replay.py"}    # what was held on one day, not a figure of the method
NUMERICAL = "core/american/"                # a pricer: grids, orders of quadrature, a solver's bounds


def figures(name: str, tree: ast.AST) -> set[str]:
    """Numbers of a file that have no business outside ``config/``, each with its line."""
    allowed = ARITHMETIC | TECHNICAL.get(name, (frozenset(), ""))[0]
    return {f"{name}:{node.lineno} {node.value}" for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in allowed}


def files(*rooms: str) -> Iterator[tuple[str, ast.AST]]:
    """Every Python file of the rooms by its path, parsed."""
    for path in python_files(*rooms):
        yield path.relative_to(ROOT).as_posix(), parse(path)


def test_figures_stand_in_config() -> None:
    found = {figure for name, tree in files(*WITHOUT_FIGURES)
             if name not in RECORDS and not name.startswith(NUMERICAL) for figure in figures(name, tree)}
    assert found == set()


def test_every_number_outside_config_is_there() -> None:
    """An allowance nobody needs any more would let the next figure through."""
    there: dict[str, set[float]] = {name: {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)
                                           and type(node.value) in (int, float)} for name, tree in files(*WITHOUT_FIGURES)}
    unused = {name: set(values) - there.get(name, set()) for name, (values, _) in TECHNICAL.items()}
    assert {name: values for name, values in unused.items() if values} == {}


@pytest.mark.parametrize("name, line", [
    ("core/kelly.py", "KELLY_FRACTION = 0.25"), ("core/entry/gate.py", "if loss >= 0.0143: pass"),
    ("strategies/legs.py", "def at_least(value, limit): return value >= limit - 1e-9"),
    ("risk/defence.py", "def riskiest(positions, count=5): pass"),
    ("helpers/shell/risk_round.py", "MINUTES = timedelta(minutes=15)"),
    ("strategies/lt112_with_state.py", "width = 5.0")])
def test_a_second_home_for_a_figure_is_found(name: str, line: str) -> None:
    assert (ROOT / name).is_file() and figures(name, ast.parse(line))


def test_no_figure_of_the_whole_has_two_names() -> None:
    """Two names of one number in ``config/constants.py`` are two figures only where each is somebody's own."""
    shares = [(name, value) for name, value in vars(config.constants).items() if name.isupper()
              and type(value) is float and len(f"{value:g}".replace(".", "").strip("0")) >= 3]
    twins = [(one, other) for place, (one, value) in enumerate(shares) for other, same in shares[place + 1:]
             if value == same and not said_by(one, other)]
    assert twins == []


def said_by(one: str, other: str) -> bool:
    """Whether one of two names is defined by the other."""
    for node in parse(ROOT / "config/constants.py").body:      # type: ignore[attr-defined]  # a module's
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Name):
            if {node.target.id, node.value.id} == {one, other}:
                return True
    return False


# --- on a copy: what make lint runs fails ---------------------------------------------------------------------------

HOUSE_TESTS = ("tests/test_house.py", "tests/test_one_home.py")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rooms and of the house tests."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("config", "core", "strategies", "risk", "helpers", "local", "operations", "main.py", "pyproject.toml",
                 *HOUSE_TESTS):
        source = ROOT / name
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, tree / name)
    return tree


def failures(tree: Path) -> set[str]:
    """The house tests that fail in a tree. Those that make copies themselves are left out."""
    answer = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "not on_a_copy", *HOUSE_TESTS],
                            cwd=tree, text=True, capture_output=True, check=False)
    assert answer.returncode in (0, 1), answer.stdout + answer.stderr
    return set(re.findall(r"^FAILED \S+::(\w+)", answer.stdout, flags=re.MULTILINE))


@pytest.mark.parametrize("name, line, test", [
    ("core/kelly.py", "MOST = 0.3", "test_figures_stand_in_config"),
    ("core/trade_ledger.py", 'LT112 = "lt112"', "test_nothing_else_in_the_house_knows_a_strategy"),
    ("core/kelly.py", "from helpers.lean.values import plain_time", "test_imports_go_down_only")])
def test_what_has_a_second_home_fails_on_a_copy(copy: Path, name: str, line: str, test: str) -> None:
    assert " ".join(HOUSE_TESTS) in (ROOT / "Makefile").read_text(encoding="utf-8"), "make lint runs them"
    place = copy / name
    before = place.read_text(encoding="utf-8")
    place.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        assert failures(copy) == {test}
    finally:
        place.write_text(before, encoding="utf-8")


# --- strategies -----------------------------------------------------------------------------------------------------

ROOMS = ("config", "core", "strategies", "risk", "helpers", "local", "operations", "main.py")
KNOWN_HERE = {
    "config/strategy_parameters.py": "the specifications themselves",
    "config/constants.py": "the method's promotion to phase 3 names the strategy that has to have made a profit",
    "risk/august_2024_replay.py": "a record of what was held on one day",
}
OTHER_MEANINGS = {                       # words that are a strategy's name and something else
    "calendar": {"config/calendars.py", "strategies/entries.py"},
    "ratio": {"core/serialization.py"},
}
INSTANCES = {name: next(label for label, value in vars(config.strategy_parameters).items() if value is spec)
             for name, spec in SPECS.items()}
FAMILIES = {label for label, value in vars(config.strategy_parameters).items()
            if isinstance(value, type) and any(type(spec) is value for spec in SPECS.values())}


def own_file(name: str) -> str:
    """The file of a strategy."""
    return sys.modules[type(ALL[name]).__module__].__file__.removeprefix(f"{ROOT}/")   # type: ignore[union-attr]  # it has


def names(path: str, tree: ast.AST) -> set[str]:
    """Strategies that a file knows by name: text, a specification or its class."""
    allowed: set[str] = set()
    found = set()
    for name, spec in SPECS.items():
        if path == own_file(name):
            allowed = allowed | {name, INSTANCES[name], type(spec).__name__}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in SPECS and path not in OTHER_MEANINGS.get(node.value, ()):
            found.add(node.value)
        elif isinstance(node, ast.ImportFrom) and node.module == "config.strategy_parameters":
            found |= {alias.name for alias in node.names} & (set(INSTANCES.values()) | FAMILIES)
    return found - allowed


def test_nothing_else_in_the_house_knows_a_strategy() -> None:
    known = {name: found for name, tree in files(*ROOMS) if not name.startswith("local/engine/")
             and name not in KNOWN_HERE and (found := names(name, tree))}
    assert known == {}


def test_whoever_may_know_a_strategy_does() -> None:
    for name in KNOWN_HERE:
        assert names(name, parse(ROOT / name)), name


@pytest.mark.parametrize("path, line", [
    ("core/trade_ledger.py", 'LT112 = "lt112"'), ("core/entry/size_limits.py", "from config.strategy_parameters import HedgeSpec"),
    ("core/strategy_coordinator.py", 'if name == "friday_0dte": pass'), ("risk/defence.py", '"ipmcc" in ("ipmcc", "diagonal")'),
    ("strategies/butterfly_with_state.py", "from config.strategy_parameters import LT112"),
    ("local/run_report/charts.py", 'COLOURS = {"ratio": "red"}'), ("helpers/shell/snapshots.py", 'held["futures_strangle"]')])
def test_a_strategy_known_elsewhere_is_found(path: str, line: str) -> None:
    assert (ROOT / path).is_file() and names(path, ast.parse(line))


def test_a_strategy_is_one_file() -> None:
    assert len({own_file(name) for name in ALL}) == len(ALL)
    assert set(ALL) == set(SPECS) and all(ALL[name].spec is spec for name, spec in SPECS.items())
    assert list(ALL) == list(SPECS), "one order: that of priority"
