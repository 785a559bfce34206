"""A backup folder: sealed pieces by content, one manifest a backup, the audit trail of seven years, the keys.

A manifest is written last, once every piece it names has been read back from the disk, opened and hashed. So what is
listed can be restored; what a crash leaves behind is pieces that nobody names.
"""
from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from operations.backup import audit_archive, manifest as manifests
from operations.backup.collect import Content, Copy, Stamp, collect
from operations.backup.keys import DataKey, KeyRing, Secret, is_there, open_ring
from operations.backup.manifest import KEPT, BackupName, Entry, Kind, Manifest
from operations.backup.sealed import seal, unseal
from operations.disk import clear_parts, held, make_folder, read_file, remove_file, write_file
from operations.errors import OperationsError

PIECES, MANIFESTS = "pieces", "manifests"
RACY_NS = 2_000_000_000     # a change within so long of the reading may not show in the stamp
SCHEDULED = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run did. ``written`` counts new pieces, ``new_bytes`` what they take on disk, ``untidied`` why nothing
    was tidied ("" where it was)."""

    manifest: Manifest
    written: int
    new_bytes: int
    pruned: int
    untidied: str


class Repository:
    """One backup folder, opened by its secret.

    Parameters
    ----------
    folder : Path
    secret : Secret
    """

    def __init__(self, folder: Path, secret: Secret) -> None:
        self._folder = folder
        self._secret = secret
        self._named: dict[BackupName, frozenset[str]] = {}      # pieces by manifest: neither ever changes

    # --- writing ----------------------------------------------------------------------------------------------------

    def run(self, store: Path, now: datetime, *, kind: Kind, reason: str, tree: str = "", backtests: bool = False,
            wait: Callable[[float], None] = time.sleep) -> Result:
        """Make one backup and tidy.

        Parameters
        ----------
        now : datetime
            UTC.
        kind : Kind
            The first incremental one of a day (UTC) becomes a full one: it reads every file anew.

        Raises
        ------
        OperationsError
            In one line; the backups before it are untouched.
        """
        store = store.resolve()
        self._apart(store)
        make_folder(self._folder)
        with held(self._folder, alone=True):
            clear_parts(self._folder)
            ring = open_ring(self._folder, self._secret, make=True)
            key = ring.current(now)
            last = self._newest_readable(ring)
            if kind is Kind.INCREMENTAL and not self._full_today(now):
                kind = Kind.FULL
            name = BackupName(sequence=max((one.sequence for one in self.names()), default=0) + 1,
                              taken=now.replace(microsecond=0), kind=kind)
            return self._make(store, ring, key, last, name, reason, tree, backtests, wait)

    def _make(self, store: Path, ring: KeyRing, key: DataKey, last: Manifest | None, name: BackupName, reason: str, tree: str,
              backtests: bool, wait: Callable[[float], None]) -> Result:
        began = time.time_ns()
        before = {} if last is None or name.kind is Kind.FULL else {entry.path: entry for entry in last.files}
        limit = 0 if last is None else last.began_ns - RACY_NS

        def known(path: str, stamp: Stamp) -> bool:
            """Unchanged since the last backup, under today's key, and its piece is still whole."""
            entry = before.get(path)
            return (entry is not None and entry.stamp == stamp and max(stamp.modified, stamp.changed) < limit
                    and entry.piece.startswith(f"{key.id}/") and self._trouble(entry, ring) is None)

        copy = collect(store, known, backtests=backtests, wait=wait)
        entries, written, new_bytes = [before[path] for path in copy.same], 0, 0
        for path, content in copy.read.items():
            entry = Entry(path=path, stamp=content.stamp, sha256=content.sha256, piece=f"{key.id}/{key.name(content.data)}")
            size = self._keep(entry, content, ring, key)
            entries.append(entry)
            written, new_bytes = written + (size > 0), new_bytes + size
        made = Manifest(name=name, reason=reason, tree=tree, began_ns=began, folders=copy.folders, passed_by=copy.passed_by,
                        notes=copy.notes, files=tuple(sorted(entries, key=lambda entry: entry.path)))
        untidied = self._archive(made, copy, ring, key)
        self._publish(made, ring, key)
        pruned, left = self._tidy(ring) if not untidied else (0, untidied)
        return Result(manifest=made, written=written, new_bytes=new_bytes, pruned=pruned, untidied=left)

    def _apart(self, store: Path) -> None:
        folder = self._folder.resolve()
        if folder == store or store in folder.parents or folder in store.parents:
            raise OperationsError(f"the backup folder {self._folder} and the store {store} must lie apart")

    def _full_today(self, now: datetime) -> bool:
        return any(one.kind is Kind.FULL and one.taken.date() == now.date() for one in self.names())

    def _keep(self, entry: Entry, content: Content, ring: KeyRing, key: DataKey) -> int:
        """Have the content's piece on disk, read back; bytes written, 0 where it was there."""
        if self._trouble(entry, ring) is None:
            return 0
        place = self._piece(entry.piece)
        make_folder(place.parent)
        piece = seal(content.data, key, entry.piece)
        write_file(place, piece)
        trouble = self._trouble(entry, ring)
        if trouble is not None:
            raise OperationsError(f"{entry.path} cannot be read back after writing ({trouble}): this is no backup, those before "
                                  "it stay")
        return len(piece)

    def _publish(self, made: Manifest, ring: KeyRing, key: DataKey) -> None:
        """Write the manifest, last of all, and read it back."""
        place = self._folder / MANIFESTS / str(made.name)
        make_folder(place.parent)
        write_file(place, seal(manifests.to_bytes(made), key, place.name))
        try:
            good = self._manifest(made.name, ring) == made
        except OperationsError:
            good = False
        if not good:
            remove_file(place)
            raise OperationsError(f"backup {made.name.shown} cannot be read back after writing: it was taken away again, those "
                                  "before it stay")

    def _archive(self, made: Manifest, copy: Copy, ring: KeyRing, key: DataKey) -> str:
        """Take the audit trail's segments into the archive of seven years."""
        contents = {path: content.data for path, content in copy.read.items()}
        return audit_archive.update(self._folder, made, contents, ring, key)

    # --- tidying ----------------------------------------------------------------------------------------------------

    def _tidy(self, ring: KeyRing) -> tuple[int, str]:
        """Take away what is beyond the numbers kept, then pieces that nobody names. Where a manifest cannot be read nothing
        is taken from the pieces: it may name any of them.

        Returns
        -------
        int, str
            Backups taken away, and why pieces were left alone ("" where they were not).
        """
        pruned = 0
        for kind, most in KEPT.items():
            of_kind = [name for name in self.names() if name.kind is kind]
            for name in of_kind[:-most]:
                remove_file(self._folder / MANIFESTS / str(name))
                pruned += 1
        try:
            named = {entry.piece for entry in audit_archive.entries(self._folder, ring)}
            named = named.union(*(self._pieces_of(name, ring) for name in self.names()))
        except OperationsError as problem:
            return pruned, f"nothing was tidied: {problem.message}"
        top = self._folder / PIECES
        for place in sorted(top.glob("*/*/*")):
            if f"{place.parent.parent.name}/{place.parent.name}{place.name}" not in named:
                remove_file(place)
        return pruned, ""

    def _pieces_of(self, name: BackupName, ring: KeyRing) -> frozenset[str]:
        if name not in self._named:
            self._named[name] = frozenset(entry.piece for entry in self._manifest(name, ring).files)
        return self._named[name]

    # --- reading ----------------------------------------------------------------------------------------------------

    def names(self) -> list[BackupName]:
        """Every backup, the oldest first; no secret is needed."""
        place = self._folder / MANIFESTS
        found = (manifests.parse_name(path.name) for path in place.iterdir()) if place.is_dir() else ()
        return sorted((name for name in found if name is not None), key=lambda name: name.sequence)

    def backups(self) -> list[tuple[BackupName, Manifest | str]]:
        """Every backup, the oldest first, with its content or why it cannot be read."""
        with held(self._existing(), alone=False):
            ring = open_ring(self._folder, self._secret, make=False)
            return [(name, self._read_or_why(name, ring)) for name in self.names()]

    def choose(self, at: datetime | None = None, sequence: int | None = None, tree: str | None = None) -> BackupName:
        """The newest backup, of those taken until ``at`` (UTC), of that number, made while that tree was here.

        Raises
        ------
        OperationsError
            There is none.
        """
        found = []
        for name, content in self.backups():
            if (at is None or name.taken <= at) and (sequence is None or name.sequence == sequence) and (
                    tree is None or (isinstance(content, Manifest) and content.tree == tree)):
                found.append(name)
        if not found:
            what = f"number {sequence}" if sequence is not None else f"until {at:%Y-%m-%d %H:%M:%S} UTC" if at is not None \
                else "at all" if tree is None else f"of the tree {tree[:12]}"
            raise OperationsError(f"there is no backup {what} in {self._folder}")
        return found[-1]

    def troubles(self, name: BackupName) -> tuple[Manifest | None, list[str]]:
        """A backup's content, and a line for each file that could not be restored: all pieces are read, opened, hashed."""
        with held(self._existing(), alone=False):
            ring = open_ring(self._folder, self._secret, make=False)
            content = self._read_or_why(name, ring)
            if isinstance(content, str):
                return None, [content]
            found = [f"{entry.path}: {trouble}" for entry in content.files if (trouble := self._trouble(entry, ring))]
            return content, found

    def contents(self, name: BackupName) -> tuple[Manifest, Callable[[Entry], bytes]]:
        """A backup, and what reads one of its files.

        Raises
        ------
        OperationsError
            The manifest cannot be read.
        """
        with held(self._existing(), alone=False):
            ring = open_ring(self._folder, self._secret, make=False)
            return self._manifest(name, ring), lambda entry: self._content(entry, ring)

    def audit(self) -> tuple[tuple[Entry, ...], Callable[[Entry], bytes]]:
        """The audit trail of seven years, and what reads one of its segments."""
        with held(self._existing(), alone=False):
            ring = open_ring(self._folder, self._secret, make=False)
            return audit_archive.entries(self._folder, ring), lambda entry: self._content(entry, ring)

    def _existing(self) -> Path:
        if not is_there(self._folder):
            raise OperationsError(f"{self._folder} holds no backups: --to names the folder, run makes the first")
        return self._folder

    def _newest_readable(self, ring: KeyRing) -> Manifest | None:
        for name in reversed(self.names()):
            content = self._read_or_why(name, ring)
            if isinstance(content, Manifest):
                return content
        return None

    def _read_or_why(self, name: BackupName, ring: KeyRing) -> Manifest | str:
        try:
            return self._manifest(name, ring)
        except OperationsError as problem:
            return problem.message

    def _manifest(self, name: BackupName, ring: KeyRing) -> Manifest:
        try:
            piece = read_file(self._folder / MANIFESTS / str(name))
        except FileNotFoundError:
            raise OperationsError(f"backup {name.shown} is gone") from None
        return manifests.from_bytes(name, unseal(piece, ring, str(name)))

    def _piece(self, piece: str) -> Path:
        key_id, name = piece.split("/")
        return self._folder / PIECES / key_id / name[:2] / name[2:]

    def _content(self, entry: Entry, ring: KeyRing) -> bytes:
        try:
            piece = read_file(self._piece(entry.piece))
        except FileNotFoundError:
            raise OperationsError("its piece is missing") from None
        try:
            data = unseal(piece, ring, entry.piece)
        except OperationsError as problem:
            raise OperationsError(problem.message.replace(entry.piece, "its piece")) from None
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise OperationsError("its piece holds something else")
        return data

    def _trouble(self, entry: Entry, ring: KeyRing) -> str | None:
        """Why a file could not be restored, None where it could."""
        try:
            self._content(entry, ring)
        except OperationsError as problem:
            return problem.message
        return None
