"""A container of the ``lean`` command as folders: the recorded mounts laid out, the configuration written as it would be,
and LEAN (where TOMKING_LEAN names it) or the embedded engine started with it."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import lean_launcher
from tests.lean_cli.contract import source_files

ROOT = Path(__file__).resolve().parents[2]
MOUNT = re.compile(r"^(?P<source>[A-Z]+)(?P<below>\S*) -> (?P<target>/\S+) \((?P<mode>\w+), bind\)$")
FOLDER_KEYS = ("data-folder", "results-destination-folder", "object-store-root", "algorithm-location")
TIME = "2026-11-29_12-00-00"
COMPLETED = "Analysis Completed and Results Posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Laid-out mounts and the configuration with their places.

    Attributes
    ----------
    root : Path
        Stands for the container's file system; the process runs in ``root/work``.
    places : mapping
        Folder in the container to the folder it stands for.
    """

    root: Path
    places: Mapping[str, Path]
    configuration: Mapping[str, Any]

    @property
    def results(self) -> Path:
        return self.places["/Results"]

    @property
    def storage(self) -> Path:
        return self.places["/Storage"]

    @property
    def work(self) -> Path:
        """Where the process runs, and where its command files are read and answered."""
        return self.root / "work"

    def log(self) -> str:
        """Everything the process has printed."""
        return (self.root / "out.log").read_text(encoding="utf-8", errors="replace")


def lay_out(recorded: Mapping[str, Any], configuration: Mapping[str, Any], *, project: Path, workspace: Path, root: Path,
            time: str = TIME, output: Path | None = None) -> Container:
    """Make the folders that the recorded mounts name, and give the configuration their places; ``output`` is that of
    ``--output``."""
    names = {"PROJECT": project, "WORKSPACE": workspace, "TEMP": root / "temp"}
    places: dict[str, Path] = {}
    for text in recorded["mounts"]:
        mount = MOUNT.match(text)
        assert mount is not None, text
        place = Path(f"{names[mount['source']]}{mount['below'].replace('TIME', time)}")
        if mount["target"] == "/Results" and output is not None:
            place = output
        if place.suffix not in (".json", ".sh"):
            place.mkdir(parents=True, exist_ok=True)
        places[mount["target"]] = place
    (root / "work").mkdir(parents=True, exist_ok=True)
    given = dict(configuration)
    for key in FOLDER_KEYS:
        given[key] = _placed(str(given[key]), places)
    given["data-folder"] += os.sep
    return Container(root=root, places=places, configuration=given)


def _placed(path: str, places: Mapping[str, Path]) -> str:
    found = max((target for target in places if path == target or path.startswith(f"{target}/")), key=len)
    return f"{places[found]}{path.removeprefix(found)}"


def compile_sources(container: Container) -> None:
    """The start script's first step: a file that does not compile ends the run."""
    for path in source_files(container.places["/LeanCLI"]):
        if path.suffix == ".py":
            compile(path.read_text(encoding="utf-8"), str(path), "exec")


def start(container: Container, launcher: Path | None, *, extra: Mapping[str, Any] | None = None,
          before: Sequence[str] = (), arguments: Sequence[str] = (), configuration_at: Path | None = None) -> subprocess.Popen[bytes]:
    """Start LEAN's launcher, or the embedded engine where there is none, with the container's configuration.

    Parameters
    ----------
    extra : mapping or None
        Keys that only this kind of start needs, over everything.
    before : sequence of str
        Words before the command: another clock.
    arguments : sequence of str
        Words behind it, as an optimisation adds them.
    configuration_at : Path or None
        Where the configuration is written and LEAN finds it by itself: in the folder it runs in.
    """
    compile_sources(container)
    given = dict(container.configuration) | dict(extra or {})
    environment = dict(os.environ)
    if launcher is None:
        command = [sys.executable, "-m", "tests.lean_cli.embedded"]
        environment["PYTHONPATH"] = str(ROOT)
    else:
        folder = str(launcher.parent)
        given |= {"composer-dll-directory": folder, "plugin-directory": folder, "python-additional-paths": [folder]}
        command = [*before, "dotnet", str(launcher)]
        environment = lean_launcher.launcher_environment(launcher)
    path = configuration_at or container.root / "config.json"
    path.write_text(json.dumps(given, indent=1), encoding="utf-8")
    if configuration_at is None:
        command += ["--config", str(path)]
    command += arguments
    log = open(container.root / "out.log", "ab")
    with log:
        return subprocess.Popen(command, cwd=container.work, env=environment, stdin=subprocess.DEVNULL,
                                stdout=log, stderr=subprocess.STDOUT)


def run(container: Container, launcher: Path | None, **given: Any) -> int:
    """Start and wait for the end; 0 where the run completed (LEAN built from source may fail after that)."""
    code = start(container, launcher, **given).wait()
    return 0 if launcher is not None and COMPLETED in container.log() else code
