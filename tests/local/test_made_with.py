"""The version is told, the same everywhere, with all that a run depends on; the package can be installed."""
from __future__ import annotations

import platform
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from local import made_with
from local.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STAY_HOME = {"tests", "docs", "research", "runs", "build"}


def test_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{PROJECT['project']['name']} {PROJECT['project']['version']} (commit ")
    assert f"Python {platform.python_version()}" in line and "pandas" in line and line.count("\n") == 1


def test_commit_is_of_the_clone_or_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{12}(\+changes)?|unknown", made_with.commit())
    monkeypatch.setattr(made_with, "ROOT", tmp_path)
    assert made_with.commit() == made_with.UNKNOWN


def test_floors_stand_once_and_nothing_is_forbidden() -> None:
    listed = [*PROJECT["project"]["dependencies"],
              *(item for extra in PROJECT["project"]["optional-dependencies"].values() for item in extra)]
    assert all(re.fullmatch(r"[a-zA-Z0-9_.\[\]-]+>=[0-9.]+", item) for item in listed)
    for name in ("Makefile", "README.md", "local/set_up.py"):
        assert not re.search(r"(numpy|pandas|scipy|pytest|flake8)\s*[<>=]=", (ROOT / name).read_text(encoding="utf-8"))


def test_every_package_is_installed_and_the_entry_point_is_there() -> None:
    packages = {path.parent.relative_to(ROOT).parts[0] for path in ROOT.glob("*/**/__init__.py")
                if not path.relative_to(ROOT).parts[0].startswith(".")} - STAY_HOME
    included = {pattern.rstrip("*") for pattern in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert included == packages and PROJECT["tool"]["setuptools"]["py-modules"] == ["main"]
    module, name = PROJECT["project"]["scripts"]["tomking"].split(":")
    assert callable(getattr(import_module(module), name))
