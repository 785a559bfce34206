"""One temporary workspace for the ``lean`` command: lean.json, a data folder, a copy of what the algorithm needs, the
output below it. The command looks for its workspace around the current folder and wants project and output inside it;
all projects of a workspace share its storage, so a run of ours has one to itself.
"""
from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE_SUFFIXES = (".py", ".cs", ".ipynb", ".css", ".html")
PASSED_BY = frozenset({"bin", "obj", "__pycache__", "backtests", "live", "optimizations", "storage", "report"})
# Of the data folder: once a day with internet the command writes these anew, where they are
REFRESHED = ("market-hours/market-hours-database.json", "symbol-properties/symbol-properties-database.csv")
WORKSPACE_FILE, PROJECT, DATA, OUTPUT, STORAGE = "lean.json", "tom-king", "data", "output", "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where everything of one run lies."""

    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / PROJECT

    @property
    def output(self) -> Path:
        return self.folder / OUTPUT

    def command(self, lean: str, parameters: Mapping[str, str], name: str) -> list[str]:
        """The command's words; it runs in the workspace's folder. One parameter replaces all, so every one is named."""
        words = [lean, "backtest", str(self.project), "--lean-config", str(self.folder / WORKSPACE_FILE),
                 "--output", str(self.output), "--backtest-name", name]
        for key, value in parameters.items():
            words += ["--parameter", key, value]
        return words

    def collect(self, out: Path) -> None:
        """Bring results and storage into the run's own folder. The container wrote them as root: they are copied."""
        for source, target in ((self.output, out), (self.folder / STORAGE, out / STORAGE)):
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)


@contextmanager
def workspace(beside: Path, project: Path, data: Path, settings: Mapping[str, object]) -> Iterator[Workspace]:
    """A workspace that is gone afterwards.

    Parameters
    ----------
    beside : Path
        It is made in this folder: Docker may share no other with its containers, and files of the same disk are linked.
    project : Path
        The project's folder; what the command would send of it is copied, nothing else.
    data : Path
        Data folder; it is linked, but for what the command writes anew.
    settings : mapping
        What lean.json says beside the data folder and the organisation.
    """
    found = Workspace(folder=Path(tempfile.mkdtemp(prefix=".lean-", dir=beside)))
    try:
        text = {**settings, "job-organization-id": "", "data-folder": DATA}
        (found.folder / WORKSPACE_FILE).write_text(json.dumps(text, indent=4), encoding="utf-8")
        for path in source_files(project):
            place = found.project / path.relative_to(project)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        _link_data(data, found.folder / DATA)
        yield found
    finally:
        shutil.rmtree(found.folder, ignore_errors=True)


def source_files(folder: Path) -> list[Path]:
    """The files of a project that the command sends, copies and compiles."""
    found: list[Path] = []
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            environment = (entry / "pyvenv.cfg").is_file() or (entry / "conda-meta").is_dir()
            if entry.name not in PASSED_BY and not entry.name.startswith(".") and not environment:
                found += source_files(entry)
        elif entry.suffix in SOURCE_SUFFIXES:
            found.append(entry)
    return found


def _link_data(source: Path, target: Path) -> None:
    """The same files by hard links: a container sees no link out of its folders. Copies where the disk is another, and of
    what the command writes anew."""
    for folder, _, names in os.walk(source, followlinks=True):
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            path = (Path(folder) / name).resolve()
            if (Path(folder) / name).relative_to(source).as_posix() in REFRESHED:
                shutil.copyfile(path, place / name)
                continue
            try:
                os.link(path, place / name)
            except OSError:
                shutil.copyfile(path, place / name)
