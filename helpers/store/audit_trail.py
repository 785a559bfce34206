"""The audit trail: one JSON line per event, in segments, because LEAN's ObjectStore cannot append and limits files."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Mapping, Protocol

from core.errors import StoreError
from core.serialization import canonical
from helpers.store.state_store import ObjectStorePort

SEGMENT_BYTES: Final = 256_000


class Audit(Protocol):
    """The place that audit records go to."""

    def append(self, time: datetime, event: str, facts: Mapping[str, Any]) -> None: ...

    def flush(self) -> None: ...


def audit_line(time: datetime, event: str, facts: Mapping[str, Any]) -> str:
    """One record as a line of canonical JSON.

    Raises
    ------
    StoreError
        If the facts are not plain finite JSON.
    """
    try:
        return canonical({"time": time.isoformat(), "event": event} | {"facts": dict(facts)}) + "\n"
    except (TypeError, ValueError) as problem:
        raise StoreError("audit record is not plain finite JSON", event=event, problem=str(problem)) from problem


class SegmentedAudit:
    """Segments ``<prefix>/audit/<date>-<n>.jsonl``. Each is rewritten until it is full; each day begins a new one.

    Parameters
    ----------
    port : ObjectStorePort
    segment_bytes : int
        A segment that has reached this size is never written again.
    """

    def __init__(self, port: ObjectStorePort, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._port = port
        self._prefix: str | None = None
        self._limit = segment_bytes
        self._key: str | None = None
        self._day: str | None = None
        self._lines: list[str] = []
        self._bytes = 0
        self._dirty = False

    def open(self, prefix: str) -> None:
        """Set the run's prefix, that of its state store. Required before the first record."""
        self._prefix = prefix

    def append(self, time: datetime, event: str, facts: Mapping[str, Any]) -> None:
        """Add one record. It reaches the store at the next ``flush``, or when its segment is full. If the store refuses
        a full segment, the segment goes on growing. No record is dropped, and the next ``flush`` raises.

        Raises
        ------
        StoreError
            If the facts are not plain finite JSON, or nothing has been opened yet.
        """
        if self._prefix is None:
            raise StoreError("open before the first record", event=event)
        line = audit_line(time, event, facts)
        day = f"{time:%Y%m%d}"
        if (day != self._day or self._bytes >= self._limit) and self._written():
            self._begin(day)
        self._lines.append(line)
        self._bytes += len(line.encode("utf-8"))
        self._dirty = True

    def flush(self) -> None:
        """Write the current segment and make sure that it is on disk.

        Raises
        ------
        StoreError
            If the store refuses it.
        """
        if not self._dirty or self._key is None:
            return
        if not self._port.save(self._key, "".join(self._lines)):
            raise StoreError("audit segment was refused: the store's limit is reached", key=self._key,
                             size=self._bytes)
        self._port.get_file_path(self._key)
        self._dirty = False

    def _written(self) -> bool:
        """Whether the current segment is in the store."""
        try:
            self.flush()
        except StoreError:
            return False
        return True

    def _begin(self, day: str) -> None:
        """Begin at the first free number of the day. Segments of an earlier run are left as they are."""
        number = 1
        while self._port.contains_key(self._segment(day, number)):
            number += 1
        self._key, self._day, self._lines, self._bytes = self._segment(day, number), day, [], 0

    def _segment(self, day: str, number: int) -> str:
        return f"{self._prefix}/audit/{day}-{number:04d}.jsonl"
