"""The guide docs/add-a-strategy.md, carried out in a copy of the tree: three files, and the whole house knows the strategy."""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "add-a-strategy.md"
STEP = re.compile(r"<!-- (?P<what>new file )?(?P<path>[\w./]+)(?:, (?P<where>before|instead of) \"(?P<anchor>.*?)\")? -->\n"
                  r"```python\n(?P<text>.*?)```\n", re.S)
COPIED = ("config", "core", "strategies", "risk", "helpers", "local", "tests", "main.py", "pyproject.toml", "docs",
          "Makefile", ".flake8")
NAME = "jade_lizard"


@dataclass(frozen=True)
class Step:
    """One edit of the guide: a new file, or text before or instead of an anchor that stands in the file once."""

    path: str
    text: str
    where: str | None
    anchor: str

    def carry_out(self, tree: Path) -> None:
        place = tree / self.path
        if self.where is None:
            assert not place.exists(), f"{self.path} is there already"
            place.write_text(self.text, encoding="utf-8")
            return
        before = place.read_text(encoding="utf-8")
        assert before.count(self.anchor) == 1, f"{self.anchor!r} stands {before.count(self.anchor)} times in {self.path}"
        text = self.text.rstrip("\n") if self.where == "instead of" else self.text + self.anchor
        place.write_text(before.replace(self.anchor, text), encoding="utf-8")


def steps() -> list[Step]:
    """The guide's edits, in its order."""
    return [Step(path=found["path"], text=found["text"], where=found["where"],
                 anchor=(found["anchor"] or "").replace('\\"', '"')) for found in STEP.finditer(GUIDE.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the guide carried out."""
    copy = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "recordings", "expected"))
        else:
            shutil.copy2(source, copy / name)
    for step in steps():
        step.carry_out(copy)
    return copy


def in_the_copy(tree: Path, *arguments: str) -> str:
    """What Python says in the copy; the test fails where it fails."""
    answer = subprocess.run([sys.executable, *arguments], cwd=tree, text=True, capture_output=True, check=False)
    assert answer.returncode == 0, answer.stdout[-4_000:] + answer.stderr[-2_000:]
    return answer.stdout


def test_three_files_outside_the_tests() -> None:
    touched = {step.path for step in steps() if not step.path.startswith("tests/")}
    assert touched == {"config/strategy_parameters.py", f"strategies/{NAME}_with_state.py", "strategies/__init__.py"}
    assert GUIDE.read_text(encoding="utf-8").count("```python") == len(steps()), "a block that no step carries out"


KNOWN = '''
from dataclasses import replace
from datetime import datetime
from config.run_parameters import parse
from config.strategy_parameters import SPECS, STRATEGY_PRIORITY
from core.model import Enter
from core.trade_ledger import TradeLedger
from core.trade_records import ClosedTrade
from local.run_report import account, markup, strategies as report
from strategies import ALL
from tests.local.run_report.builders_report import make_report, make_trade
from tests.strategies.worlds import WORLDS, decide, house, position_of

name, parts = "jade_lizard", house()
world, spec = WORLDS[name], SPECS[name]
assert ALL[name].spec is spec and STRATEGY_PRIORITY[-1] == name
assert parse({"strategies": name}, live=False).strategies == (name,)

# the gate
shot, view = world.snapshot(), world.view()
assert parts.gate.before(spec, shot, view) is None
assert parts.gate.before(spec, replace(shot, phase=2), view).code.value == "PHASE_FORBIDS"
assert parts.gate.before(spec, shot, world.view(enabled=frozenset({"lt112"}))).code.value == "STRATEGY_OFF"

# the sizer, and the gate with its size
entry = decide(world, parts)
assert isinstance(entry, Enter), entry
limits = entry.intent.facts["limits"]
assert entry.intent.quantity == min(limits.values()) >= 1 and "kelly" in limits, limits
held = position_of(world, entry.intent)
assert parts.gate.before(spec, replace(shot, positions=(held,)), view).code.value == "COUNT_STRATEGY"
assert parts.margin.margin_of(held, world.quotes(leg.contract for leg in held.legs), shot.underlyings,
                              day=world.time.date()) > 0.0

# the ledger
ledger = TradeLedger(65_000.0)
ledger.record(ClosedTrade(
    id=held.id, strategy=name, underlying="SPY", opened=datetime(2024, 7, 23, 10), closed=datetime(2024, 8, 20, 10),
    legs=(), units=1, entry_price=held.entry_price, exit_price=1.0, pnl_usd=150.0, fees_usd=6.0, entry_reason="x",
    exit_reason="PROFIT_TARGET", forced=False, protection=False))
assert ledger.planned_and_achieved()[name].achieved.trades == 1 and ledger.sample(name).wins == 1
assert ledger.by_strategy()[name] == 150.0

# the report
assert markup.strategy_colour(name) not in {markup.strategy_colour(other) for other in SPECS if other != name}
assert markup.strategy_colour(name) != markup.strategy_colour("nobody's")
told = make_report(trades=[make_trade(id=held.id, strategy=name)], refusals={name: {"CREDIT_TOO_SMALL": 3}})
assert name in account.strategy_names(told) and "0.60" not in report.strategy_page(name, told)
print("known")
'''


def test_gate_sizer_ledger_and_report_know_it(tree: Path) -> None:
    assert "known" in in_the_copy(tree, "-c", KNOWN)


def test_the_contract_of_all_strategies_holds_for_it(tree: Path) -> None:
    said = in_the_copy(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", NAME, "tests/strategies/test_contract.py",
                       "tests/strategies/test_transition_tables.py", "tests/strategies/test_spec_sensitivity.py")
    assert re.search(r"\d\d passed", said) or "%]" in said, said


def test_the_house_holds(tree: Path) -> None:
    in_the_copy(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_house.py",
                "tests/test_one_home.py")
    in_the_copy(tree, "-m", "flake8", "config", "strategies", "tests/strategies")
