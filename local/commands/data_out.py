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


def check_out(out: Path, *, force: bool) -> None:
    """Refuse a folder that data may not go into.

    Raises
    ------
    CommandError
        It is neither new, nor LEAN's data folder, nor one of this command.
    """
    if not _is_added_to(out):
        check_replaceable(out, KIND, force=force)


def place_data(source: Path, out: Path, about: Mapping[str, Any], *, force: bool) -> int:
    """Put the files of ``source`` into ``out``; the number of foreign files that were put aside."""
    check_out(out, force=force)
    try:
        if _is_added_to(out):
            return _add(source, out, about)
        with staged_folder(out, about, force=force) as stage:
            shutil.copytree(source, stage, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise CommandError(f"{out} cannot be written: {error}") from error
    return 0


def _is_added_to(out: Path) -> bool:
    """Whether the folder is LEAN's own, or an earlier one of ours, and not of another command."""
    if not out.is_dir():
        return False
    if (out / MANIFEST).is_file():
        return read_manifest(out).get("command") == KIND
    return (out / REFRESHED[0]).is_file() or all((out / name).is_dir() for name in SECURITY_FOLDERS[:2])


def _add(source: Path, out: Path, about: Mapping[str, Any]) -> int:
    """Take away what an earlier run wrote and nobody changed, then add; the manifest names ours alone."""
    aside = 0
    for name, told in known_files(out).items():
        path = out / name
        if name not in REFRESHED and path.is_file() and digest(path) == told:
            path.unlink()
    ours: dict[str, str] = {}
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        name, place = path.relative_to(source).as_posix(), out / path.relative_to(source)
        if place.is_file() and name in REFRESHED:
            continue
        ours[name] = digest(path)
        if place.is_file() and digest(place) == ours[name]:
            continue
        if place.is_file():
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
