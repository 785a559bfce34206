"""A store as the algorithm leaves it: its own two-slot documents and audit segments, on disk."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from helpers.store.audit_trail import SegmentedAudit
from helpers.store.state_store import StateStore

PREFIX = "live/main/tom-king"
BEGIN = datetime(2026, 3, 2, 9, 30)
UTC_BEGIN = datetime(2026, 3, 2, 14, 30, tzinfo=timezone.utc)


class FolderPort:
    """An ObjectStore on disk, written as LEAN does: in place, not atomically."""

    max_files, max_size = 10_000, 10 ** 9

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def keys(self) -> Collection[str]:
        return [path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()]

    def contains_key(self, key: str) -> bool:
        return (self.folder / key).is_file()

    def read(self, key: str, /) -> str | None:
        return (self.folder / key).read_text(encoding="utf-8")

    def save(self, key: str, text: str) -> bool:
        (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / key).write_text(text, encoding="utf-8")
        return True

    def delete(self, key: str) -> bool:
        (self.folder / key).unlink()
        return True

    def get_file_path(self, key: str) -> str:
        return str(self.folder / key)


class World:
    """A live run that saves both documents and tells the audit trail, a step at a time."""

    def __init__(self, folder: Path, prefix: str = PREFIX, segment_bytes: int = 600) -> None:
        self.folder, self.prefix, self.steps = folder, prefix, 0
        self.port = FolderPort(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.documents = StateStore(self.port, prefix, live=True), StateStore(self.port, f"{prefix}/orders", live=True)
        for document in self.documents:
            document.load()
        self.audit = SegmentedAudit(self.port, segment_bytes=segment_bytes)
        self.audit.open(prefix)

    def step(self, event: str = "MARK", **facts: Any) -> None:
        """One minute: the positions' document first, then the orders', then the trail."""
        self.steps += 1
        now = BEGIN + timedelta(minutes=self.steps)
        for document in self.documents:
            document.save({"accepted": self.steps, "executor": {}}, now)
        self.audit.append(now, event, {"step": self.steps, **facts})
        self.audit.flush()

    def busily(self) -> Iterator[None]:
        """Steps without end, a part at a time: each document is torn first, as a file that is written in place is, then whole."""
        while True:
            self.steps += 1
            for document in self.documents:
                held = {path: data for path, data in self.files().items() if "state-" in path}
                document.save({"accepted": self.steps, "executor": {}}, BEGIN + timedelta(minutes=self.steps))
                (written,) = (path for path, data in self.files().items() if "state-" in path and held.get(path) != data)
                whole = (self.folder / written).read_bytes()
                (self.folder / written).write_bytes(whole[:len(whole) // 2])
                yield
                (self.folder / written).write_bytes(whole)
                yield

    def files(self) -> dict[str, bytes]:
        """Everything there is, by path."""
        return files_of(self.folder)


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of every file below a folder, by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def taken_up(folder: Path, prefix: str = PREFIX) -> tuple[int, int]:
    """What a restart on a folder takes up: how many steps the positions' and the orders' document know of."""
    port = FolderPort(folder)
    found = [StateStore(port, key, live=True).load() for key in (prefix, f"{prefix}/orders")]
    return tuple(0 if one is None else int(one.payload["accepted"]) for one in found)      # type: ignore[return-value]
