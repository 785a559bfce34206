"""Output folders that are whole or not there: written beside their place, moved there at the end.

A finished folder holds a manifest of its files. Only a folder whose every file stands in its manifest unchanged is
replaced by a later run; anything else in the way is left alone and refused.
"""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.commands.errors import CommandError

MANIFEST = "manifest.json"
OWNER = "tom-king-trading-framework"
REWRITTEN = ("report.html", "held-on.json", "trades.csv", "fills.csv", "marks.csv")     # may be made anew by the report command


@contextmanager
def staged_folder(target: Path, about: Mapping[str, Any], *, force: bool = False) -> Iterator[Path]:
    """A temporary folder beside ``target`` that takes its place when the block ends without an error.

    Parameters
    ----------
    target : Path
        Not there, empty, or a folder that an earlier run wrote and nobody changed.
    about : mapping
        Facts of the run for the manifest, plain JSON values; its ``command`` is the folder's kind.
    force : bool
        A folder of the same kind is replaced also where files were changed or added since.

    Raises
    ------
    CommandError
        The place cannot be written, or holds files that no run wrote.
    """
    target, kind = target.absolute(), str(about.get("command", ""))
    check_replaceable(target, kind, force=force)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise CommandError(f"out folder {target} cannot be written: {error.strerror}") from error
    try:
        yield stage
        write_manifest(stage, about)
        stage.chmod(0o755)
        check_replaceable(target, kind, force=force)
        _move(stage, target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _move(stage: Path, target: Path) -> None:
    try:
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
            os.rename(target, old / "run")
            os.rename(stage, target)
            shutil.rmtree(old)
        else:
            os.rename(stage, target)
    except OSError as error:
        raise CommandError(f"out folder {target} cannot be written: {error.strerror}") from error


def check_replaceable(target: Path, kind: str, *, force: bool = False) -> None:
    """Refuse a target that holds anything but an unchanged earlier folder of the same kind.

    Parameters
    ----------
    kind : str
        The command whose folder is to be replaced: one of another command never is.
    force : bool
        Changed and added files do not matter.

    Raises
    ------
    CommandError
        It is a file, is of another kind, or holds a file that no run wrote or that was changed since.
    """
    try:
        if not target.exists() and not target.is_symlink():
            return
        if not target.is_dir():
            raise CommandError(f"out folder {target} is a file")
        found = [path.relative_to(target).as_posix() for path in sorted(target.rglob("*")) if not path.is_dir()]
    except OSError as error:
        raise CommandError(f"out folder {target} cannot be read: {error.strerror}") from error
    if not found:
        return
    known, whose = known_files(target), read_manifest(target).get("command", kind)
    if whose != kind:
        raise CommandError(f"out folder {target} holds what the command {whose} wrote, and is not replaced by {kind}; name "
                           "another folder")
    for name in found:
        if name == MANIFEST or (name in REWRITTEN and name in known) or (force and known):
            continue
        if name not in known:
            raise CommandError(f"out folder {target} holds {name}, which no run wrote; name an empty folder{_or_force(known)}")
        if digest(target / name) != known[name]:
            raise CommandError(f"out folder {target} holds {name}, changed after the run; name an empty folder"
                               f"{_or_force(known)}")


def _or_force(known: Mapping[str, str]) -> str:
    return ", or replace all of it by --force" if known else ""


def known_files(target: Path) -> dict[str, str]:
    """Name and digest of the files that a run wrote; empty where there is no manifest.

    Raises
    ------
    CommandError
        The manifest is not ours.
    """
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise CommandError(f"out folder {target} holds a {MANIFEST} that is not ours; name an empty folder") from None
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or manifest.get("owner") != OWNER:
        raise CommandError(f"out folder {target} holds a {MANIFEST} that is not ours; name an empty folder")
    return files


def write_manifest(folder: Path, about: Mapping[str, Any]) -> None:
    """Write the manifest: what the folder is, and the digest of each of its files."""
    files = {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.rglob("*"))
             if path.is_file() and path.name != MANIFEST}
    document = {"owner": OWNER, "about": dict(about), "files": files}
    (folder / MANIFEST).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The facts a finished folder's manifest holds; empty where there is no manifest of ours."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest.get("about", {}) if isinstance(manifest, dict) and manifest.get("owner") == OWNER else {}


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
