"""The README's commands can be parsed, its targets exist, its paths are there."""
from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from local.__main__ import COMMANDS, build_parser
from local.commands.scenario_data import scenarios

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GENERATED = {".cache", "backtests", "backtests/<time>-<scenario>/", "report.html", "Data"}
PATH_LIKE = re.compile(r"^[\w.<>/-]+(?:/|\.(?:py|md|json|toml|png|html))$")


def code_lines() -> list[str]:
    """Lines of the fenced blocks, without comments."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def paths() -> list[str]:
    """Backticked words that look like files or folders of the project, and pictures."""
    words = [word for word in re.findall(r"`([^`\n]+)`", README) if PATH_LIKE.match(word)]
    return sorted({*words, *re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)} - GENERATED)


@pytest.mark.parametrize("line", [line for line in code_lines() if line.startswith("python -m local")])
def test_commands_can_be_parsed(line: str) -> None:
    arguments = build_parser().parse_args(shlex.split(line)[3:])
    assert arguments.command in COMMANDS
    assert getattr(arguments, "scenario", None) in (None, *scenarios.names())


@pytest.mark.parametrize("line", [line for line in code_lines() if line.startswith("make ")])
def test_targets_exist(line: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in (word for word in line.split()[1:] if "=" not in word):
        assert re.search(rf"^{re.escape(target)}:", makefile, flags=re.MULTILINE)


def test_targets_named_in_the_text_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([\w-]+)[^`]*`", README):
        assert re.search(rf"^{re.escape(target)}:", makefile, flags=re.MULTILINE), target


def test_every_line_of_code_is_known() -> None:
    known = ("python -m local", "make ", ". .venv/bin/activate", "lean backtest .", "export TOMKING_LEAN=")
    assert [line for line in code_lines() if not line.startswith(known)] == []


@pytest.mark.parametrize("path", paths())
def test_paths_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_scenario_is_named() -> None:
    assert all(f"`{name}`" in README for name in scenarios.names())


def test_the_two_commands_come_first() -> None:
    assert code_lines()[:2] == ["make backtest", "make test"]
    assert {"config/", "core/", "strategies/", "risk/", "helpers/", "local/", "tests/", "docs/"} <= set(paths())
