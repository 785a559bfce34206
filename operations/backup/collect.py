"""A copy of the store while it is being written.

The algorithm's documents lie in two slots each, written in turn: their files are read until two readings in a row are
equal, so that the copy is a moment the store has been through, and a restart from it is one of the restarts the framework
knows. Every other file is read until it did not change meanwhile. Links, pipes and the like are passed by and named.
"""
from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Final

from helpers.store.run_place import BACKTEST
from helpers.store.state_store import SLOTS
from operations.disk import PART, read_handle
from operations.documents import document
from operations.errors import OperationsError, refuse

READINGS, WAIT_SECONDS = 40, 0.05
AUDIT: Final = re.compile(r".+/audit/(?P<day>\d{8})-\d{4}\.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What tells that a file is another than it was: bytes, moments of its last changes in nanoseconds, its number."""

    size: int
    modified: int
    changed: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One file as it was read."""

    stamp: Stamp
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What one pass over the store found, by path from its top.

    Attributes
    ----------
    read : dict
        Files that were read.
    same : tuple of str
        Files whose stamp the caller knew: they were not read.
    folders : tuple of str
    passed_by : tuple of str
        Links and whatever else is neither file nor folder.
    notes : tuple of str
        What the owner must know: a document that no slot of can be read, a file that never stood still.
    """

    read: dict[str, Content]
    same: tuple[str, ...]
    folders: tuple[str, ...]
    passed_by: tuple[str, ...]
    notes: tuple[str, ...]


class Missed(Enum):
    """Why a file has no content here."""

    KNOWN = "its stamp is known"
    GONE = "taken away meanwhile"
    PASSED_BY = "no regular file"
    RESTLESS = "written again and again"


Known = Callable[[str, Stamp], bool]


def collect(store: Path, known: Known, *, backtests: bool = False, wait: Callable[[float], None] = time.sleep) -> Copy:
    """Copy the store.

    Parameters
    ----------
    store : Path
        The ObjectStore's folder.
    known : callable
        Told path and stamp; True when that very content needs no reading.
    backtests : bool
        Take the stores of backtests too.

    Raises
    ------
    OperationsError
        The store is not there, or its documents never stood still.
    """
    if not store.is_dir():
        raise OperationsError(f"the store {store} is not there: --store names its folder")
    documents = _documents(store, backtests, wait)
    read, same, folders, passed_by, notes = dict(documents), [], [], [], _unreadable(documents)
    for path, folder in _walk(store, backtests):
        if folder is None:
            folders.append(path)
        elif path not in documents:
            found = _one(path, *folder, known, wait)
            if isinstance(found, Content):
                read[path] = found
            elif found is Missed.KNOWN:
                same.append(path)
            elif found is Missed.PASSED_BY:
                passed_by.append(path)
            elif found is Missed.RESTLESS:
                notes.append(f"{path} was written again and again: it is not in this backup")
    return Copy(read=read, same=tuple(same), folders=tuple(folders), passed_by=tuple(passed_by), notes=tuple(notes))


def _walk(store: Path, backtests: bool) -> Iterator[tuple[str, tuple[str, int] | None]]:
    """Paths from the top, sorted; of what is no folder also its name and an open handle of its folder."""
    for place, folders, names, handle in os.fwalk(store, follow_symlinks=False, onerror=_raise):
        folders.sort()
        relative = PurePosixPath(Path(place).relative_to(store).as_posix())
        if not backtests and str(relative) == "." and BACKTEST in folders:
            folders.remove(BACKTEST)
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in sorted({*folders, *names}):
            if name in folders and name not in links:
                yield (relative / name).as_posix(), None
            elif not (name.startswith(".") and name.endswith(PART)):
                yield (relative / name).as_posix(), (name, handle)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):        # taken away while we looked
        refuse(f"{error.filename} cannot be read", error)


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(size=found.st_size, modified=found.st_mtime_ns, changed=found.st_ctime_ns, number=found.st_ino)


def _one(path: str, name: str, folder: int, known: Known, wait: Callable[[float], None]) -> Content | Missed:
    """A file's content, read until it stood still, or why there is none."""
    for _ in range(READINGS):
        try:
            before = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(before.st_mode):
                return Missed.PASSED_BY
            if known(path, _stamp(before)):
                return Missed.KNOWN
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except FileNotFoundError:
            return Missed.GONE
        except OSError as error:
            refuse(f"{path} cannot be read", error)
        try:
            data = read_handle(handle, path)
            after = os.fstat(handle)
        finally:
            os.close(handle)
        if _stamp(before) == _stamp(after) and len(data) == after.st_size:
            return Content(stamp=_stamp(after), data=data)
        wait(WAIT_SECONDS)
    return Missed.RESTLESS


# --- the algorithm's documents --------------------------------------------------------------------------------------


def _slots(store: Path, paths: list[str]) -> dict[str, Content]:
    """The slots' files as they are now; what is torn is torn."""
    found = {}
    for path in paths:
        place = store / path
        try:
            handle = os.open(place.parent, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            content = _one(path, place.name, handle, lambda _path, _stamp: False, lambda _seconds: None)
        finally:
            os.close(handle)
        if isinstance(content, Content):
            found[path] = content
    return found


def _documents(store: Path, backtests: bool, wait: Callable[[float], None]) -> dict[str, Content]:
    """All slots as they were at one moment: two readings in a row are equal.

    Raises
    ------
    OperationsError
        They never are.
    """
    paths = [path for path, folder in _walk(store, backtests) if folder is not None and folder[0] in SLOTS]
    last = _slots(store, paths)
    for _ in range(READINGS):
        again = _slots(store, paths)
        if again == last:
            return again
        last = again
        wait(WAIT_SECONDS)
    raise OperationsError("the algorithm's documents never stood still: nothing was backed up, try again")


def _unreadable(documents: dict[str, Content]) -> list[str]:
    """Documents that the algorithm itself could not take up, a line each."""
    contents, notes = {path: content.data for path, content in documents.items()}, []
    for prefix in sorted({str(PurePosixPath(path).parent) for path in documents}):
        try:
            document(contents, prefix)
        except OperationsError as problem:
            notes.append(problem.message)
    return notes
