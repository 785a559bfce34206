"""What production asks of the store before it starts: the record of a promotion, for this very tree, with every line kept.

``python -m local promote`` computes the lines and writes the record; the algorithm reads it, and nothing else does.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final, Mapping

from core.errors import ConfigError

PROJECT_FOLDER: Final = Path(__file__).resolve().parents[2]
TRADES: Final = ("main.py", "config", "core", "helpers", "risk", "strategies")     # what decides and sends orders
KEY: Final = "operations/tom-king/promotion.json"
FORMAT: Final = "tom-king-promotion"
SCHEMA: Final = 1
SHOWN: Final = "python -m local promote production"
# Every line that a promotion has, and what it says. The record must hold all of them.
LINES: Final[Mapping[str, str]] = {
    "committed": "the folder is a commit of git, nothing changed",
    "tests": "make test was green on this very tree",
    "parity": "LEAN and the embedded engine were equal on this very tree",
    "restored": "a backup was restored within seven days",
    "drill": "the operator's halt, flatten or liquidate, and resume were tried in staging",
    "credentials": "the broker's account and sign-in are there, and no commit would publish them",
    "reviewed": "the configuration was reviewed as it is now",
    "observed": "thirty days were observed, and what would have filled was compared with what was planned",
}


def tree_hash(folder: Path = PROJECT_FOLDER, rooms: tuple[str, ...] = TRADES) -> str:
    """SHA-256 over path and content of every Python file of the rooms; line ends of any kind are one.

    Raises
    ------
    ConfigError
        The folder holds none.
    """
    digest, found = hashlib.sha256(), 0
    for room in rooms:
        place = folder / room
        for path in sorted([place] if place.is_file() else place.rglob("*.py")):
            if "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
                digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode("utf-8"))
                found += 1
    if not found:
        raise ConfigError(f"{folder} holds none of the code that trades")
    return digest.hexdigest()


def check_promotion(text: str | None, tree: str) -> None:
    """Refuse production unless this tree was promoted with every line kept.

    Parameters
    ----------
    text : str or None
        The record as the store holds it, None where it holds none.
    tree : str
        :func:`tree_hash` of the code that runs.

    Raises
    ------
    ConfigError
        Names the line that is missing.
    """
    if text is None:
        raise ConfigError(f"production is not promoted: {SHOWN} computes its checklist and says what is missing")
    record = _read(text)
    missing = [name for name in LINES if record["lines"].get(name) is not True]
    if missing:
        raise ConfigError(f"production is not promoted: {'; '.join(f'{name} ({LINES[name]})' for name in missing)}; "
                          f"{SHOWN} computes the checklist anew")
    if record["tree"] != tree:
        raise ConfigError(f"production is promoted for another tree, not for this one: {SHOWN}, or promote rollback")


def _read(text: str) -> Mapping[str, Any]:
    """The record.

    Raises
    ------
    ConfigError
        It is torn, or of another version.
    """
    try:
        record = json.loads(text)
        told = record["format"], record["schema"], record["target"]
        record["tree"], record["lines"].get
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ConfigError(f"the record of the promotion cannot be read: {SHOWN} writes it anew") from None
    if told != (FORMAT, SCHEMA, "production"):
        raise ConfigError(f"the record of the promotion is not production's: {SHOWN}")
    return dict(record)
