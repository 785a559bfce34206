"""What a run depends on: the framework's version and commit, Python, packages, the machine's kind."""
from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
import tomllib
from pathlib import Path

DISTRIBUTION = "tom-king-trading-framework"
PACKAGES = ("numpy", "pandas", "scipy")
ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "unknown"
SHORT_COMMIT = 12


def version() -> str:
    """The framework's version: of the clone's pyproject.toml, else of the installed package."""
    project = ROOT / "pyproject.toml"
    if project.is_file():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return importlib.metadata.version(DISTRIBUTION)


def commit() -> str:
    """The clone's commit, with ``+changes`` where files differ from it; ``unknown`` outside a clone."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return UNKNOWN
    head, changed = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    if head is None or changed is None:
        return UNKNOWN
    return head[:SHORT_COMMIT] + ("+changes" if changed else "")


def _git(*words: str) -> str | None:
    answer = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def made_with() -> dict[str, str]:
    """Everything, by name: for a manifest and a report."""
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"version": version(), "commit": commit(), "python": platform.python_version(), **packages,
            "system": f"{platform.system()} {platform.machine()}"}


def made_with_line() -> str:
    """Everything in one line."""
    facts = made_with()
    return (f"{DISTRIBUTION} {facts['version']} (commit {facts['commit']}, Python {facts['python']}, "
            + ", ".join(f"{name} {facts[name]}" for name in PACKAGES) + f", {facts['system']})")
