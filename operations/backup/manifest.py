"""What one backup holds: a list of files, each with its hash and the name of the sealed piece that has its content."""
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from core.serialization import canonical
from operations.backup.collect import Stamp
from operations.errors import OperationsError

FORMAT, SCHEMA = "tom-king-backup", 1
NAME = re.compile(r"(?P<sequence>\d{8})-(?P<taken>\d{8}T\d{6}Z)-(?P<kind>[a-z]+)\.tkb")
TIME_TEXT = "%Y%m%dT%H%M%SZ"


class Kind(str, Enum):
    """How long a backup is kept: the newest so many of each kind."""

    INCREMENTAL = "incremental"
    FULL = "full"
    EVENT = "event"
    PROMOTION = "promotion"


KEPT: Mapping[Kind, int] = {Kind.INCREMENTAL: 100, Kind.FULL: 30, Kind.EVENT: 100, Kind.PROMOTION: 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupName:
    """What the file's name tells of a backup. ``taken`` is UTC, to the second."""

    sequence: int
    taken: datetime
    kind: Kind

    def __str__(self) -> str:
        return f"{self.sequence:08d}-{self.taken:{TIME_TEXT}}-{self.kind.value}.tkb"

    @property
    def shown(self) -> str:
        """As the owner reads it."""
        return f"{self.sequence} of {self.taken:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file: where it lay, its stamp then, hash of its content, and the sealed piece (key id, name)."""

    path: str
    stamp: Stamp
    sha256: str
    piece: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One backup. ``tree`` is the hash of the code that was here, empty where it is not known; ``began_ns`` the moment at
    which reading began: a file that was changed about then may change once more under the same stamp."""

    name: BackupName
    reason: str
    tree: str
    began_ns: int
    files: tuple[Entry, ...]
    folders: tuple[str, ...]
    passed_by: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.stamp.size for entry in self.files)


def parse_name(text: str) -> BackupName | None:
    """Read a file's name, None where it is no backup's."""
    match = NAME.fullmatch(text)
    if match is None or match["kind"] not in {kind.value for kind in Kind}:
        return None
    taken = datetime.strptime(match["taken"], TIME_TEXT).replace(tzinfo=timezone.utc)
    return BackupName(sequence=int(match["sequence"]), taken=taken, kind=Kind(match["kind"]))


def to_bytes(manifest: Manifest) -> bytes:
    """As JSON."""
    body = {"format": FORMAT, "schema": SCHEMA, "reason": manifest.reason, "tree": manifest.tree, "began_ns": manifest.began_ns,
            "files": entries_to_json(manifest.files), "folders": list(manifest.folders),
            "passed_by": list(manifest.passed_by), "notes": list(manifest.notes)}
    return canonical(body).encode("utf-8", errors="surrogateescape")


def from_bytes(name: BackupName, data: bytes) -> Manifest:
    """Inverse of :func:`to_bytes`.

    Raises
    ------
    OperationsError
        It is of another version.
    """
    body: dict[str, Any] = json.loads(data.decode("utf-8", errors="surrogateescape"))
    if (body["format"], body["schema"]) != (FORMAT, SCHEMA):
        raise OperationsError(f"backup {name.shown} is of another version: {body['format']} {body['schema']}")
    return Manifest(name=name, reason=body["reason"], tree=body["tree"], began_ns=body["began_ns"],
                    files=entries_from_json(body["files"]), folders=tuple(body["folders"]),
                    passed_by=tuple(body["passed_by"]), notes=tuple(body["notes"]))


def entries_to_json(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Entries as plain rows."""
    return [asdict(entry) for entry in entries]


def entries_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """Inverse of :func:`entries_to_json`."""
    return tuple(Entry(path=row["path"], stamp=Stamp(**row["stamp"]), sha256=row["sha256"], piece=row["piece"]) for row in rows)
