"""Files that only their owner reads, written whole or not at all, and folders that are nobody else's."""
from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from operations.dashboard.problems import DashboardError

OWNER_ONLY, OWNER_FOLDER = 0o600, 0o700


def private_folder(folder: Path) -> Path:
    """The folder, made when it is not there, readable by its owner alone.

    Raises
    ------
    DashboardError
        It is somebody else's, is no folder, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
            raise DashboardError(f"{folder} is not a folder of yours")
        folder.chmod(OWNER_FOLDER)
    except OSError as error:
        raise DashboardError(f"{folder} cannot be used: {error.strerror}") from error
    return folder


def read_json(path: Path) -> Any:
    """What a file of ours holds; None where there is none.

    Raises
    ------
    DashboardError
        It cannot be read or is not JSON.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DashboardError(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, encoding="utf-8") as file:
        try:
            return json.load(file)
        except ValueError as error:
            raise DashboardError(f"{path} is not JSON; take it away and set the password anew") from error


def write_json(path: Path, value: Any) -> None:
    """Put a value in the place of what a file holds.

    Raises
    ------
    DashboardError
        It cannot be written; what was there stays.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise DashboardError(f"{path} cannot be written: {error.strerror}") from error
