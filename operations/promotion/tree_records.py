"""What was shown of this very tree: by ``make test`` and by ``make parity``, each with the hash of what it was shown of."""
from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from core.serialization import canonical
from helpers.store.promotion import PROJECT_FOLDER, TRADES, tree_hash
from operations.disk import make_folder, read_file, write_file

WHOLE = (*TRADES, "local", "operations", "research", "tests")
TESTS, PARITY = "tests", "parity"


def whole_hash(folder: Path = PROJECT_FOLDER) -> str:
    """Hash of every Python file of the project, tests too."""
    return tree_hash(folder, WHOLE)


def note(name: str, whole: str, folder: Path = PROJECT_FOLDER, **facts: Any) -> None:
    """Keep what was shown of the tree whose hash is ``whole``."""
    place = _place(name, folder)
    make_folder(place.parent)
    body = {"whole": whole, "time": datetime.now(timezone.utc).isoformat(timespec="seconds"), **facts}
    write_file(place, (canonical(body) + "\n").encode("utf-8"))


def noted(name: str, folder: Path = PROJECT_FOLDER) -> dict[str, Any] | None:
    """What was shown last, None where nothing was or it is torn."""
    try:
        return dict(json.loads(read_file(_place(name, folder))))
    except (FileNotFoundError, ValueError):
        return None


def _place(name: str, folder: Path) -> Path:
    return folder / ".cache" / "records" / f"{name}.json"
