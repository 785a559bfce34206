"""Files that are written whole and durable or not at all, and folders that one process holds at a time.

What a crash may leave is a file that begins with a dot and ends with ``.part``; nobody reads it, the next who holds the
folder takes it away.
"""
from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations.errors import OperationsError, refuse

PART = ".part"
LOCK_NAME = "lock"
OWNER_ONLY, OWNER_FOLDER = 0o600, 0o700


def read_file(path: Path) -> bytes:
    """All bytes of a regular file; a link is not followed.

    Raises
    ------
    FileNotFoundError
        There is none.
    OperationsError
        It is no regular file, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        refuse(f"{path} cannot be read", error)
    try:
        return read_handle(handle, str(path))
    finally:
        os.close(handle)


def read_handle(handle: int, name: str) -> bytes:
    """All bytes behind an open handle, which must be a regular file's.

    Raises
    ------
    OperationsError
        It is not, or the disk fails.
    """
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OperationsError(f"{name} is no regular file")
    parts = []
    try:
        while part := os.read(handle, 1 << 20):
            parts.append(part)
    except OSError as error:
        refuse(f"{name} cannot be read", error)
    return b"".join(parts)


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that its name means the whole of it, on disk, whatever happens meanwhile.

    Raises
    ------
    OperationsError
        It cannot be written; what was there before still is.
    """
    part = path.with_name(f".{path.name}{PART}")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, OWNER_ONLY)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest):]
            os.fsync(handle)
            _forget(handle)
        finally:
            os.close(handle)
        os.replace(part, path)
        _sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        refuse(f"{path} cannot be written", error)


def _forget(handle: int) -> None:
    """Have the system drop its copy in memory, so that what is read back comes from the disk."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_file(path: Path) -> None:
    """Take a file away; one that is gone already will do.

    Raises
    ------
    OperationsError
        It cannot be.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        refuse(f"{path} cannot be taken away", error)


def make_folder(path: Path) -> None:
    """Have a folder of the owner's alone, with those above it.

    Raises
    ------
    OperationsError
        It cannot be made.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    try:
        os.mkdir(path, OWNER_FOLDER)
    except FileExistsError:
        if not path.is_dir():
            raise OperationsError(f"{path} is in the way: it is no folder") from None
    except OSError as error:
        refuse(f"{path} cannot be made", error)


@contextmanager
def held(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold a folder: alone for who writes, beside other readers else. Who comes second waits.

    Raises
    ------
    OperationsError
        The folder cannot be written, or the system has no locks of this kind.
    """
    try:
        import fcntl
    except ImportError:
        raise OperationsError("this needs the file locks of Linux or macOS") from None
    try:
        handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, OWNER_ONLY)
    except OSError as error:
        refuse(f"{folder / LOCK_NAME} cannot be opened", error)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def clear_parts(folder: Path) -> None:
    """Take away what writes that were cut off have left."""
    for path in folder.rglob(f".*{PART}"):
        remove_file(path)
