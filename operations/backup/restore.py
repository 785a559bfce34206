"""Brings a backup back, to the byte: into a folder of its own, or in the place of the store."""
from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from helpers.store.run_place import BACKTEST
from operations.backup.manifest import BackupName, Entry, Manifest
from operations.backup.repository import Repository
from operations.disk import make_folder, read_file, write_file
from operations.errors import OperationsError, refuse

QUIET_SECONDS = 120         # an algorithm that runs live writes more often


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was brought back: the backup, files, bytes, and where what was there before lies now (None: nothing was)."""

    manifest: Manifest
    files: int
    size: int
    aside: Path | None


def restore_into(repository: Repository, name: BackupName, folder: Path) -> Restored:
    """Bring a backup into a folder that is new or empty. The folder has its name only once all of it was read back.

    Raises
    ------
    OperationsError
        The folder holds something, or a file cannot be restored; nothing is left then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OperationsError(f"{folder} is not empty: name a new folder")
    manifest, content = repository.contents(name)
    _check_whole(repository, name)
    part = folder.with_name(f".{folder.name}.restoring")
    _fresh(part)
    try:
        _write_all(part, manifest.files, manifest.folders, content)
        if folder.is_dir():
            folder.rmdir()
        os.rename(part, folder)
    except OSError as error:
        refuse(f"{folder} cannot be restored", error)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Restored(manifest=manifest, files=len(manifest.files), size=manifest.size, aside=None)


def restore_in_place(repository: Repository, name: BackupName, store: Path, now: datetime, *, running: bool = False) -> Restored:
    """Bring a backup into the place of the store. What is there is moved beside it, never deleted; stores of backtests stay.
    Cut off at any moment and called again, it goes on to the same end.

    Parameters
    ----------
    now : datetime
        UTC.
    running : bool
        Go on although the store was written a moment ago: the algorithm may be running.

    Raises
    ------
    OperationsError
        The algorithm seems to run, or a file cannot be restored.
    """
    store = store.resolve()
    if not running and (age := _seconds_since_written(store, now)) is not None and age < QUIET_SECONDS:
        raise OperationsError(f"the store was written {age:.0f} seconds ago: stop the algorithm first, or it would write over "
                              f"what is restored (--running when it does not run)")
    manifest, content = repository.contents(name)
    _check_whole(repository, name)
    part = store.with_name(f".{store.name}.restoring")
    _fresh(part)
    aside = _unused(store.with_name(f"{store.name}.before-{now:%Y%m%dT%H%M%SZ}"))
    try:
        _write_all(part, manifest.files, manifest.folders, content)
        make_folder(store)
        for entry in sorted(store.iterdir()):
            if entry.name != BACKTEST or (part / BACKTEST).exists():
                make_folder(aside)
                os.rename(entry, aside / entry.name)
        for entry in sorted(part.iterdir()):
            os.rename(entry, store / entry.name)
    except OSError as error:
        refuse(f"{store} cannot be restored; what it held is in {aside}", error)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Restored(manifest=manifest, files=len(manifest.files), size=manifest.size, aside=aside if aside.exists() else None)


def restore_audit(repository: Repository, folder: Path) -> int:
    """Bring the audit trail of seven years into a folder that is new or empty; the number of segments.

    Raises
    ------
    OperationsError
        The folder holds something, or a segment cannot be restored.
    """
    if folder.exists() and any(folder.iterdir()):
        raise OperationsError(f"{folder} is not empty: name a new folder")
    entries, content = repository.audit()
    times: dict[str, int] = {}
    for entry in entries:
        times[entry.path] = times.get(entry.path, 0) + 1
        more = "" if times[entry.path] == 1 else f".{times[entry.path]}"
        _write(folder, f"{entry.path}{more}", entry, content(entry))
    return len(entries)


def _check_whole(repository: Repository, name: BackupName) -> None:
    _, troubles = repository.troubles(name)
    if not troubles:
        return
    whole = next((other.shown for other in reversed(repository.names()) if other != name and not repository.troubles(other)[1]),
                 None)
    more = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    raise OperationsError(f"backup {name.shown} is not whole: {troubles[0]}{more}. Nothing was changed; "
                          + (f"backup {whole} is whole" if whole else "no other backup is whole"))


def _unused(place: Path) -> Path:
    """The place, or the first of its name with a number that nothing lies at."""
    found, number = place, 1
    while found.exists():
        number += 1
        found = place.with_name(f"{place.name}-{number}")
    return found


def _fresh(part: Path) -> None:
    """An empty folder beside the place; what an earlier attempt left goes."""
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)


def _write_all(top: Path, files: tuple[Entry, ...], folders: tuple[str, ...], content: Callable[[Entry], bytes]) -> None:
    for folder in folders:
        make_folder(_below(top, folder))
    for entry in files:
        _write(top, entry.path, entry, content(entry))


def _write(top: Path, path: str, entry: Entry, data: bytes) -> None:
    place = _below(top, path)
    make_folder(place.parent)
    write_file(place, data)
    os.utime(place, ns=(entry.stamp.modified, entry.stamp.modified))
    if read_file(place) != data:
        raise OperationsError(f"{place} reads back differently: the disk cannot be trusted")


def _below(top: Path, path: str) -> Path:
    """A place below ``top``; a path that would leave it is refused, whatever sealed it."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise OperationsError(f"{path!r} would leave the folder")
    return top / parts


def _seconds_since_written(store: Path, now: datetime) -> float | None:
    """Seconds since anything outside backtests was written."""
    times = [path.lstat().st_mtime for entry in (store.iterdir() if store.is_dir() else ()) if entry.name != BACKTEST
             for path in (entry, *entry.rglob("*")) if path.is_file() and not path.is_symlink()]
    return now.timestamp() - max(times) if times else None
