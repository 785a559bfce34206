"""Files that only their owner reads, and folders that are nobody else's."""
from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from operations.disk import OWNER_FOLDER, make_folder, read_file, write_file
from operations.errors import OperationsError, refuse


def private_folder(folder: Path) -> Path:
    """The folder, made when it is not there, readable by its owner alone.

    Raises
    ------
    OperationsError
        It is somebody else's, is no folder, or cannot be made.
    """
    make_folder(folder)
    try:
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
            raise OperationsError(f"{folder} is not a folder of yours")
        folder.chmod(OWNER_FOLDER)
    except OSError as error:
        refuse(f"{folder} cannot be used", error)
    return folder


def read_json(path: Path) -> Any:
    """What a file of ours holds; None where there is none.

    Raises
    ------
    OperationsError
        It cannot be read or is not JSON.
    """
    try:
        return json.loads(read_file(path))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OperationsError(f"{path} is not JSON; take it away and set the password anew") from error


def write_json(path: Path, value: Any) -> None:
    """Put a value in the place of what a file holds, on disk.

    Raises
    ------
    OperationsError
        It cannot be written; what was there stays.
    """
    write_file(path, json.dumps(value).encode("utf-8"))
