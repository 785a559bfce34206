"""Puts written data into a folder of the user's: a new one, one that was written before, or LEAN's own beside which it adds.

What is there and not ours is kept: a file that stands where one of ours must stand is put aside, and the two databases
that the ``lean`` command keeps fresh stay as they are.
"""
from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.commands.data_folder import SECURITY_FOLDERS
from local.commands.errors import CommandError
from local.commands.staging import MANIFEST, OWNER, check_replaceable, digest, known_files, read_manifest, staged_folder
from local.lean_workspace import REFRESHED

KIND = "data"
PUT_ASIDE = ".replaced"


def check_out(out: Path, *, force: bool, kind: str = KIND) -> None:
    """Refuse a folder that data may not go into.

    Raises
    ------
    CommandError
        It is neither new, nor LEAN's data folder, nor one of this command.
    """
    if not _is_added_to(out, kind):
        check_replaceable(out, kind, force=force)


def place_data(source: Path, out: Path, about: Mapping[str, Any], *, force: bool, keep_earlier: bool = False) -> int:
    """Put the files of ``source`` into ``out``; the number of foreign files that were put aside.

    Parameters
    ----------
    keep_earlier : bool
        What earlier runs wrote stays, but for files of the same name; otherwise it is taken away.
    """
    kind = str(about["command"])
    check_out(out, force=force, kind=kind)
    try:
        if _is_added_to(out, kind):
            return _add(source, out, about, keep_earlier)
        with staged_folder(out, about, force=force) as stage:
            shutil.copytree(source, stage, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise CommandError(f"{out} cannot be written: {error}") from error
    return 0


def _is_added_to(out: Path, kind: str) -> bool:
    """Whether the folder is LEAN's own, or an earlier one of ours, and not of another command."""
    if not out.is_dir():
        return False
    if (out / MANIFEST).is_file():
        return read_manifest(out).get("command") == kind
    return (out / REFRESHED[0]).is_file() or all((out / name).is_dir() for name in SECURITY_FOLDERS[:2])


def _add(source: Path, out: Path, about: Mapping[str, Any], keep_earlier: bool) -> int:
    """Take away what an earlier run wrote and nobody changed, or keep it, then add; the manifest names ours alone."""
    aside, earlier = 0, known_files(out)
    for name, told in earlier.items():
        path = out / name
        if not keep_earlier and name not in REFRESHED and path.is_file() and digest(path) == told:
            path.unlink()
    ours: dict[str, str] = dict(earlier) if keep_earlier else {}
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        name, place = path.relative_to(source).as_posix(), out / path.relative_to(source)
        if place.is_file() and name in REFRESHED:
            continue
        ours[name] = digest(path)
        there = digest(place) if place.is_file() else None
        if there == ours[name]:
            continue
        if there is not None and there != earlier.get(name):
            kept = out / PUT_ASIDE / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place, kept)
            aside += 1
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        shutil.copyfile(path, part)
        os.replace(part, place)
    text = json.dumps({"owner": OWNER, "about": dict(about), "files": ours}, indent=1) + "\n"
    (out / MANIFEST).write_text(text, encoding="utf-8")
    return aside
