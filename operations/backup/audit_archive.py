"""The audit trail of seven years: every segment that a backup has ever held, whatever backups are left.

A segment grows until it is full. Its longer self takes the place of the shorter one; a segment that came back with other
lines (a store that began anew) is kept beside it.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from core.serialization import canonical
from operations.backup.collect import AUDIT
from operations.backup.keys import DataKey, KeyRing
from operations.backup.manifest import Entry, Manifest, entries_from_json, entries_to_json
from operations.backup.sealed import seal, unseal
from operations.disk import make_folder, read_file, remove_file, write_file
from operations.errors import OperationsError

ARCHIVE, COPIES_KEPT = "audit", 2
YEARS_KEPT = 7
DAYS_KEPT = timedelta(days=YEARS_KEPT * 365 + 2)


def entries(folder: Path, ring: KeyRing) -> tuple[Entry, ...]:
    """Every segment; of the newest list that can be read.

    Raises
    ------
    OperationsError
        There are lists, and none can be read.
    """
    lists, problem = _lists(folder), None
    for place in reversed(lists):
        try:
            return entries_from_json(json.loads(unseal(read_file(place), ring, place.name))["entries"])
        except OperationsError as found:
            problem = found
    if problem is not None:
        raise OperationsError(f"the list of the audit trail cannot be read: {problem.message}")
    return ()


def update(folder: Path, made: Manifest, contents: Mapping[str, bytes], ring: KeyRing, key: DataKey) -> str:
    """Take in a backup's segments and let go of what is older than seven years.

    Parameters
    ----------
    contents : mapping
        What was read for this backup, by path.

    Returns
    -------
    str
        Why the list could not be continued, "" where it was: a new one is begun then, and the old ones stay.
    """
    why = ""
    try:
        before = entries(folder, ring)
    except OperationsError as problem:
        before, why = (), problem.message
    after = merged(before, [entry for entry in made.files if AUDIT.fullmatch(entry.path)], contents, made.name.taken.date())
    if after == before and not why:
        return ""
    lists = _lists(folder)
    place = folder / ARCHIVE / f"{max((int(one.stem) for one in lists), default=0) + 1:08d}.tkb"
    make_folder(place.parent)
    write_file(place, seal(canonical({"entries": entries_to_json(after)}).encode("utf-8"), key, place.name))
    if entries(folder, ring) != after:
        remove_file(place)
        raise OperationsError("the list of the audit trail cannot be read back after writing")
    for old in [] if why else lists[:-(COPIES_KEPT - 1)]:
        remove_file(old)
    return why


def merged(before: tuple[Entry, ...], found: list[Entry], contents: Mapping[str, bytes], today: date) -> tuple[Entry, ...]:
    """The list with what was found, without what is older than seven years."""
    kept = list(before)
    for entry in found:
        if any(old.path == entry.path and old.sha256 == entry.sha256 for old in kept):
            continue
        data = contents.get(entry.path, b"")
        kept = [old for old in kept if not (old.path == entry.path and _begins(data, old))]
        kept.append(entry)
    oldest = f"{today - DAYS_KEPT:%Y%m%d}"
    return tuple(sorted((entry for entry in kept if _day(entry) >= oldest), key=lambda entry: (entry.path, entry.sha256)))


def _begins(data: bytes, old: Entry) -> bool:
    return len(data) >= old.stamp.size and hashlib.sha256(data[:old.stamp.size]).hexdigest() == old.sha256


def _day(entry: Entry) -> str:
    match = AUDIT.fullmatch(entry.path)
    if match is None:
        raise OperationsError(f"{entry.path} is no segment of the audit trail")
    return match["day"]


def _lists(folder: Path) -> list[Path]:
    place = folder / ARCHIVE
    return sorted(place.glob("[0-9]*.tkb")) if place.is_dir() else []
