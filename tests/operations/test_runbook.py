"""The runbook is held to the code: every trouble that a check names has an entry, every entry says four things, and the drill
it names is there. The examples are commands that can be parsed."""
from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from local.__main__ import build_parser

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", RUNBOOK, flags=re.MULTILINE | re.DOTALL))
PARTS = ("Symptom", "Cause", "Action", "Drill")
EXAMPLES = sorted((ROOT / "docs/examples").iterdir())


def named_by_checks() -> set[str]:
    """The last argument of every line that is not all right."""
    found = set()
    for path in (ROOT / "operations/daily/checks.py", ROOT / "local/commands/day_steps.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("trouble", "note") \
                    and len(node.args) == 3:
                assert isinstance(node.args[2], ast.Constant), ast.unparse(node)
                found.add(str(node.args[2].value))
    return found


def test_every_trouble_has_an_entry() -> None:
    assert len(named_by_checks()) > 10 and named_by_checks() <= set(ENTRIES)


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_says_what_to_do_and_was_drilled(name: str) -> None:
    assert re.findall(r"^\*\*(\w+)\.\*\*", ENTRIES[name], flags=re.MULTILINE) == list(PARTS)
    drill = re.search(r"\*\*Drill\.\*\* `(tests/[\w/]+\.py)::(test_\w+)`", ENTRIES[name])
    assert drill is not None and f"def {drill[2]}(" in (ROOT / drill[1]).read_text(encoding="utf-8")


def commands() -> list[str]:
    """What the examples start of ours, without what stands behind ``--``."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in EXAMPLES)
    return [line.split(" -- ")[0] for line in re.findall(r"python (-m local .+)$", text, flags=re.MULTILINE)]


def test_the_examples_start_what_there_is() -> None:
    assert len(commands()) == 7
    for line in commands():
        assert build_parser().parse_args(shlex.split(line)[2:]).command in ("backup", "dashboard", "day")


def test_units_name_each_other() -> None:
    names = {path.name for path in EXAMPLES}
    for path in EXAMPLES:
        assert set(re.findall(r"tom-king[\w-]*\.(?:service|timer)", path.read_text(encoding="utf-8"))) <= names
