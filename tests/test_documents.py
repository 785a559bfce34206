"""Documents are held to the code: commands can be parsed, targets exist, paths are there, codes are known, pages that
are made from the code are as the code would make them now."""
from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from config.strategy_parameters import SPECS
from core.codes import MEANINGS, RefusalCode
from local import refusal_page, venues_page
from local.__main__ import COMMANDS, build_parser
from local.commands.scenario_data import scenarios

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
README = (ROOT / "README.md").read_text(encoding="utf-8")
GENERATED = {".cache", "runs", "runs/", "runs/<time>-<scenario>/", "report.html", "Data", "parity.json"}
# What the record of decisions and of changes names was there when it was written.
HISTORY = {"CHANGELOG.md"}
PATH_LIKE = re.compile(r"^[\w.<>/-]+(?:/|\.(?:py|md|json|toml|png|html))$")


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def code_lines(document: str) -> list[str]:
    """Lines of the fenced blocks that are commands, without comments."""
    blocks = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text_of(document), flags=re.MULTILINE | re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def commands(start: str) -> list[str]:
    """Commands of all documents, of fenced blocks and backticks, that begin with ``start`` and have no placeholders."""
    found = {line for document in DOCUMENTS for line in code_lines(document)}
    found |= {word for document in DOCUMENTS for word in re.findall(r"`([^`\n]+)`", text_of(document))}
    return sorted(line for line in found if line.startswith(start) and "…" not in line and "[" not in line)


def paths(document: str) -> list[str]:
    """Backticked words that look like files or folders of the project, and pictures."""
    words = [part for word in re.findall(r"`([^`\n]+)`", text_of(document)) for part in word.split()]
    words = [word for word in words if PATH_LIKE.match(word) and ("/" in word or (ROOT / word).suffix == ".md")]
    return sorted({*words, *re.findall(r"!\[[^]]*\]\(([^)]+)\)", text_of(document))} - GENERATED)


@pytest.mark.parametrize("line", commands("python -m local "))
def test_commands_can_be_parsed(line: str) -> None:
    arguments = build_parser().parse_args(shlex.split(line.split(" > ")[0])[3:])
    assert arguments.command in COMMANDS
    named = getattr(arguments, "scenario", None)
    assert named in (None, *scenarios.names(), "NAME") or named.endswith(".toml")


@pytest.mark.parametrize("line", commands("make "))
def test_targets_exist(line: str) -> None:
    makefile = text_of("Makefile")
    for target in (word for word in shlex.split(line)[1:] if "=" not in word):
        assert re.search(rf"^{re.escape(target)}:", makefile, flags=re.MULTILINE), target


def test_every_line_of_code_in_the_readme_is_known() -> None:
    known = ("python -m local", "make ", ". .venv/bin/activate", "lean ", "export TOMKING_LEAN=")
    assert [line for line in code_lines("README.md") if not line.startswith(known)] == []


@pytest.mark.parametrize("document", sorted(set(DOCUMENTS) - HISTORY))
def test_paths_exist(document: str) -> None:
    assert [path for path in paths(document) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", sorted(set(DOCUMENTS) - HISTORY))
def test_codes_exist(document: str) -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", text_of(document)))
    other = set(re.findall(r"\"([A-Z]+_[A-Z_]+)\"|\b([A-Z]+_[A-Z_]+) =", sources()))
    known = {code.value for code in RefusalCode} | {name for pair in other for name in pair} | {"TOMKING_LEAN_DATA"}
    assert named - known == set()


def sources() -> str:
    """The text of the framework's own code."""
    folders = ("core", "config", "risk", "strategies", "helpers", "local", "operations")
    return "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_every_code_has_a_meaning_and_the_page_is_as_the_codes_say() -> None:
    assert set(MEANINGS) == set(RefusalCode) and len(set(MEANINGS.values())) == len(MEANINGS)
    assert [code for _, members in refusal_page.sections() for code in members] == list(RefusalCode)
    assert text_of("docs/refusal-codes.md") == refusal_page.page()


def test_the_table_of_venues_is_as_the_figures_say() -> None:
    assert text_of("docs/venues.md") == venues_page.page()
    rows = list(venues_page.rows())
    assert {(name, underlying) for name, underlying, *_ in rows} == {
        (name, underlying) for name, spec in SPECS.items() for underlying in spec.underlyings}
    assert ("futures_strangle", "/MCL", "1, 2, 3, 4", "yes", "no", "no", "OVX") in rows
    assert ("friday_0dte", "SPY", "1, 2, 3, 4", "yes", "yes", "yes", "VIX") in rows


def test_every_scenario_is_named() -> None:
    assert all(f"`{name}`" in README for name in scenarios.names())


def test_the_two_commands_come_first() -> None:
    assert code_lines("README.md")[:2] == ["make backtest", "make test"]
    assert {"config/", "core/", "strategies/", "risk/", "helpers/", "local/", "tests/", "docs/"} <= set(paths("README.md"))
