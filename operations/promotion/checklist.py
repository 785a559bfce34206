"""The checklist of a promotion: every line is computed from what is there, none can be ticked."""
from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from core.errors import ConfigError
from core.serialization import canonical
from helpers.store.promotion import LINES, tree_hash
from operations.disk import read_file
from operations.documents import Run, runs
from operations.errors import OperationsError
from operations.places import WORKSPACE_FILE
from operations.promotion import tree_records
from operations.promotion.observation import observe
from operations.records import Records

STAGING, PRODUCTION = "staging", "production"
OF_STAGING = ("committed", "tests", "parity", "reviewed")
RESTORED_WITHIN, DRILLED_WITHIN, OBSERVED_SINCE = timedelta(days=7), timedelta(days=90), timedelta(days=120)
NOT_REVIEWED = ("mode", "environment")          # what the two ways of running differ by
ASKED: Final = ("tastytrade-account-number", "tastytrade-refresh-token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line: its name in the record, whether it is kept, and what was found."""

    name: str
    kept: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where everything is: the project's folder, the workspace's, the store's, and now (UTC)."""

    project: Path
    workspace: Path
    store: Path
    now: datetime


def checklist(ground: Ground, target: str) -> list[Item]:
    """Every line that the target asks for. One that cannot be computed is not kept."""
    names = OF_STAGING if target == STAGING else tuple(LINES)
    found = []
    for name in names:
        try:
            missing = _CHECKS[name](ground)
        except (OperationsError, ConfigError) as problem:
            missing = problem.message
        found.append(Item(name=name, kept=not missing, text=missing or LINES[name]))
    return found


def git(folder: Path, *words: str) -> str:
    """What git answers.

    Raises
    ------
    OperationsError
        It is not there, or refuses.
    """
    try:
        answer = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OperationsError("git is not there") from None
    if answer.returncode:
        raise OperationsError(f"git {words[0]}: {(answer.stderr.strip().splitlines() or ['refused'])[-1]}")
    return answer.stdout.strip()


def reviewed_digest(project: Path) -> tuple[str, Mapping[str, Any]]:
    """Digest of the configuration's parameters without mode and environment, and those parameters.

    Raises
    ------
    OperationsError
        config.json cannot be read.
    """
    place = project / "config.json"
    try:
        parameters = dict(json.loads(read_file(place))["parameters"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise OperationsError(f"{place} cannot be read") from None
    kept = {name: value for name, value in parameters.items() if name not in NOT_REVIEWED}
    return hashlib.sha256(canonical(kept).encode("utf-8")).hexdigest(), kept


# --- the lines: what is missing, "" where nothing is ----------------------------------------------------------------


def _committed(ground: Ground) -> str:
    changed = git(ground.project, "status", "--porcelain", "--untracked-files=no").splitlines()
    return f"changed since the commit: {', '.join(line[2:].strip() for line in changed[:3])}" if changed else ""


def _tests(ground: Ground) -> str:
    return _shown(ground, tree_records.TESTS, "make test", lambda row: bool(row["failed"] == 0 and row["passed"] > 0),
                  lambda row: f"make test was not green: {row['failed']} failed, {row['passed']} passed")


def _parity(ground: Ground) -> str:
    return _shown(ground, tree_records.PARITY, "make parity", lambda row: bool(row["equal"] and row["fills"] > 0),
                  lambda row: "LEAN and the embedded engine were not equal" if row["fills"] else "nothing filled in the parity run")


def _shown(ground: Ground, name: str, command: str, good: Callable[[Mapping[str, Any]], bool],
           bad: Callable[[Mapping[str, Any]], str]) -> str:
    row = tree_records.noted(name, ground.project)
    if row is None:
        return f"{command} has not been run here"
    if row["whole"] != tree_records.whole_hash(ground.project):
        return f"{command} was last run on another tree, {row['time']}"
    return "" if good(row) else bad(row)


def _restored(ground: Ground) -> str:
    rows = Records(ground.store).rows("restores")
    if not rows:
        return "no backup was ever restored: python -m local backup restore --out FOLDER"
    age = ground.now - datetime.fromisoformat(rows[-1]["time"])
    return "" if age <= RESTORED_WITHIN else f"a backup was last restored {age.days} days ago"


def _staged(ground: Ground, since: timedelta) -> list[Mapping[str, Any]]:
    """The audit trail of staging: everything on paper, in order of time."""
    found: list[Run] = [run for run in runs(ground.store) if run.is_paper]
    return sorted((row for run in found for row in run.audit((ground.now - since).date())), key=lambda row: str(row["time"]))


def _drill(ground: Ground) -> str:
    wanted: list[tuple[str, ...]] = [("halt",), ("flatten", "liquidate"), ("resume",)]
    for row in _staged(ground, DRILLED_WITHIN):
        if row["event"] == "COMMAND" and wanted and row["facts"]["action"] in wanted[0]:
            wanted.pop(0)
    return f"not tried on paper within {DRILLED_WITHIN.days} days: {', then '.join('/'.join(words) for words in wanted)}" if wanted else ""


def _credentials(ground: Ground) -> str:
    place = ground.workspace / WORKSPACE_FILE
    try:
        text = read_file(place).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return f"{place} is not there"
    missing = [key for key in ASKED if not re.search(rf'"{key}"\s*:\s*"[^"\s]+"', text)]
    if missing:
        return f"{place} does not hold {', '.join(missing)}"
    inside = subprocess.run(["git", "-C", str(ground.workspace), "check-ignore", "-q", WORKSPACE_FILE], capture_output=True, check=False)
    return f"{place} lies in a git repository that would publish it" if inside.returncode == 1 else ""


def _reviewed(ground: Ground) -> str:
    rows = Records(ground.store).rows("reviews")
    if not rows:
        return "python -m local promote review shows it and asks for the word"
    return "" if rows[-1]["digest"] == reviewed_digest(ground.project)[0] else "the configuration has changed since it was reviewed"


def _observed(ground: Ground) -> str:
    return observe(_staged(ground, OBSERVED_SINCE)).missing(ground.now.date())


_CHECKS: Final[Mapping[str, Callable[[Ground], str]]] = {
    "committed": _committed, "tests": _tests, "parity": _parity, "restored": _restored, "drill": _drill,
    "credentials": _credentials, "reviewed": _reviewed, "observed": _observed}


def trading_tree(ground: Ground) -> str:
    """Hash of the code that trades."""
    return tree_hash(ground.project)
