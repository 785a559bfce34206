"""Reads what an algorithm has published, from a folder that is not trusted: every file is opened without following a link,
must be a regular file of bounded size within the store, and must be what its schema says. A torn file is read again."""
from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.dashboard.schema import NAMES, SchemaError, check

PROJECT, FOLDER, AUDIT = "tom-king", "published", "audit"
MODES = ("live", "paper", "backtest")
LARGEST_BYTES, SEGMENTS_READ, LINES_FOUND, LARGEST_LINE = 2_000_000, 60, 500, 100_000
CHECKSUM_HEAD = '{"checksum":"'
CHECKSUM_DIGITS = 64


class Unreadable(Exception):
    """A file of the store cannot be taken for what it should be; the message says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run that publishes: ``mode`` live, paper or backtest, and its account's or its own name."""

    mode: str
    name: str

    @property
    def key(self) -> str:
        """As it is named in an address: ``paper/main``."""
        return f"{self.mode}/{self.name}"


class StoreReader:
    """Reads one store.

    Parameters
    ----------
    store : Path
        The folder of the ObjectStore.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

    def runs(self) -> list[Run]:
        """Runs that have published a status, the one that wrote last first."""
        found: list[tuple[float, Run]] = []
        for mode in MODES:
            for name in self._names(mode):
                try:
                    facts = os.lstat(self._store / mode / name / PROJECT / FOLDER / "status.json")
                except OSError:
                    continue
                if stat.S_ISREG(facts.st_mode):
                    found.append((facts.st_mtime, Run(mode, name)))
        return [run for _, run in sorted(found, key=lambda row: -row[0])]

    def _names(self, *folders: str) -> list[str]:
        """Names in a folder of the store; none where a part of the way is a link."""
        try:
            handle = self._open_folder(*folders)
        except OSError:
            return []
        try:
            return sorted(os.listdir(handle))
        finally:
            os.close(handle)

    def _open_folder(self, *folders: str) -> int:
        """A handle of a folder below the store; no part of the way may be a link."""
        handle = os.open(self._store, os.O_RDONLY | os.O_DIRECTORY)
        for name in folders:
            try:
                deeper = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            finally:
                os.close(handle)
            handle = deeper
        return handle

    def _bytes(self, *way: str) -> bytes:
        """What a file below the store holds.

        Raises
        ------
        Unreadable
            There is none, it is a link or no regular file, or it is too large.
        """
        *folders, name = way
        try:
            folder = self._open_folder(*folders)
            try:
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Unreadable(f"{'/'.join(way)}: {error.strerror}") from error
        with os.fdopen(handle, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise Unreadable(f"{'/'.join(way)} is no file")
            found = file.read(LARGEST_BYTES + 1)
        if len(found) > LARGEST_BYTES:
            raise Unreadable(f"{'/'.join(way)} is larger than {LARGEST_BYTES} bytes")
        return found

    def changed(self, run: Run, name: str) -> tuple[int, int] | None:
        """Time and size of a document; None where there is none. What they were means that nothing was written."""
        try:
            facts = os.lstat(self._store / run.mode / run.name / PROJECT / FOLDER / f"{name}.json")
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size

    def document(self, run: Run, name: str) -> dict[str, Any]:
        """One published document.

        Raises
        ------
        Unreadable
            It is missing, torn, another run's, or not what its schema says.
        """
        if name not in NAMES:
            raise Unreadable(f"{name} is not published")
        raw = self._bytes(run.mode, run.name, PROJECT, FOLDER, f"{name}.json")
        try:
            text = raw.decode("utf-8")
            head, body = text[:len(CHECKSUM_HEAD) + CHECKSUM_DIGITS + 2], "{" + text[len(CHECKSUM_HEAD) + CHECKSUM_DIGITS + 2:]
            if not head.startswith(CHECKSUM_HEAD) or hashlib.sha256(body.encode("utf-8")).hexdigest() != head[len(CHECKSUM_HEAD):-2]:
                raise Unreadable(f"{name}.json is torn or was changed")
            found = json.loads(text)
            check(found, name)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"{name}.json is not JSON") from error
        except SchemaError as error:
            raise Unreadable(str(error)) from error
        if found["owner"] != f"{run.key}/{PROJECT}":
            raise Unreadable(f"{name}.json is another run's: {found['owner'][:100]}")
        return dict(found)

    # --- audit ------------------------------------------------------------------------------------------------------

    def audit(self, run: Run, *, words: str = "", events: Collection[str] = (), day: str = "",
              before: str = "") -> dict[str, Any]:
        """Rows of the audit trail, newest first, that hold every word.

        Parameters
        ----------
        events : collection of str
            Of these alone; empty: of all.
        day : str
            ``20240805``: of this day alone.
        before : str
            Times that are earlier than this ISO text alone.

        Returns
        -------
        dict
            ``rows``, at most 500, and whether ``more`` may be there.
        """
        wanted = [word.lower() for word in words.split()]
        rows: list[dict[str, Any]] = []
        names = [name for name in self._names(run.mode, run.name, PROJECT, AUDIT)
                 if name.endswith(".jsonl") and name.startswith(day)]
        for count, name in enumerate(reversed(names)):
            if count >= SEGMENTS_READ:
                return {"rows": rows, "more": True}
            for line in self._lines(run, name):
                row = _row(line)
                if (row is None or events and row["event"] not in events or before and row["time"] >= before
                        or not all(word in line.lower() for word in wanted)):
                    continue
                rows.append(row)
                if len(rows) >= LINES_FOUND:
                    return {"rows": rows, "more": True}
        return {"rows": rows, "more": False}

    def _lines(self, run: Run, name: str) -> Iterator[str]:
        try:
            raw = self._bytes(run.mode, run.name, PROJECT, AUDIT, name)
        except Unreadable:
            return
        for line in reversed(raw.decode("utf-8", errors="replace").splitlines()):
            if len(line) <= LARGEST_LINE:
                yield line


def _row(line: str) -> dict[str, Any] | None:
    """One record; None for a torn line."""
    try:
        row = json.loads(line)
        return {"time": str(row["time"]), "event": str(row["event"]), "facts": dict(row["facts"])}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
