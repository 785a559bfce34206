"""Workspaces for the harness: a copy of what travels, its two files, and a data folder, as a user has them."""
from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from local import lean_launcher
from local.commands.data_folder import with_static_files
from tests.lean_cli.contract import source_files
from tests.scenarios.order_world import FRIDAY, PARAMETERS, TWO, data

ROOT = Path(__file__).resolve().parents[2]
DAY = FRIDAY.isoformat()


def launcher() -> Path | None:
    """LEAN's launcher where TOMKING_LEAN names one."""
    named = os.environ.get(lean_launcher.LAUNCHER_VARIABLE, "").strip()
    return Path(named).absolute() if named else None


LAUNCHERS = [None] if launcher() is None else [None, launcher()]
NAMES = ["embedded", "lean"][:len(LAUNCHERS)]


def copy_project(target: Path, **parameters: str) -> Path:
    """The files that a push would send, lean.json, and config.json with these parameters over its own."""
    for path in source_files(ROOT):
        place = target / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    shutil.copyfile(ROOT / "lean.json", target / "lean.json")
    document = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))
    document["parameters"] |= dict(PARAMETERS) | {"strategies": TWO, "start": DAY, "end": DAY} | parameters
    (target / "config.json").write_text(json.dumps(document, indent=4), encoding="utf-8")
    return target


def link_data(workspace: Path, scratch: Path, engine: Path | None) -> None:
    """The workspace's data folder: the two weeks of the order tests, with LEAN's own static files on LEAN."""
    scratch.mkdir(parents=True, exist_ok=True)
    static = None if engine is None else lean_launcher.find_static_data(engine)
    view = with_static_files(data(), scratch, static)
    (workspace / "data").symlink_to(view, target_is_directory=True)


def order_events(results: Path) -> list[dict[str, Any]]:
    """The order events of a run, without what names the run."""
    found = sorted(results.glob("*-order-events.json"))
    events = json.loads(found[0].read_text(encoding="utf-8")) if found else []
    return [{key: value for key, value in event.items() if key not in ("id", "algorithmId")} for event in events]
