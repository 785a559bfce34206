"""The steps of ``backup``."""
from __future__ import annotations

import argparse
import getpass
import signal
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType

from helpers.store.promotion import tree_hash
from local.commands.errors import BAD_INPUT, RUN_FAILED, CommandError
from local.statistics_table import grid
from operations.backup.keys import Secret, is_there, key_file, passphrase
from operations.backup.manifest import BackupName, Kind, Manifest
from operations.backup.repository import Repository, Result
from operations.backup.restore import Restored, restore_audit, restore_in_place, restore_into
from operations.backup.watch import watch
from operations.disk import read_file
from operations.errors import OperationsError
from operations.places import backup_folder, key_path, store_folder
from operations.records import Records


def utc_now() -> datetime:
    """Now."""
    return datetime.now(timezone.utc)


def secret_of(arguments: argparse.Namespace) -> Secret:
    """The owner's secret; a key file is made with the first backup of a folder, never for one that has backups.

    Raises
    ------
    CommandError
        Two secrets are named.
    """
    named = [arguments.passphrase, arguments.passphrase_file is not None, arguments.key_file is not None]
    if sum(named) > 1:
        raise CommandError("name one of --key-file, --passphrase, --passphrase-file")
    if arguments.passphrase:
        return passphrase(getpass.getpass("passphrase: "))
    if arguments.passphrase_file is not None:
        try:
            return passphrase(read_file(Path(arguments.passphrase_file)).decode("utf-8").rstrip("\r\n"))
        except (FileNotFoundError, UnicodeDecodeError):
            raise CommandError(f"the passphrase cannot be read from {arguments.passphrase_file}") from None
    place = key_path(arguments.key_file)
    first = not is_there(backup_folder(arguments.to)) and arguments.step in ("run", "watch", "start", "stop")
    if first and not place.exists():
        print(f"a new key: {place}. Keep a copy of it elsewhere: without it no backup can be read", file=sys.stderr)
    return key_file(place, make=first)


def repository_of(arguments: argparse.Namespace) -> Repository:
    """The backups' folder, opened."""
    return Repository(backup_folder(arguments.to), secret_of(arguments))


def carry_out(arguments: argparse.Namespace) -> int:
    """Carry out one step; 1 when a backup is not whole."""
    return {"run": _run, "list": _list, "verify": _verify, "restore": _restore, "watch": _watch}[arguments.step](arguments)


def _run(arguments: argparse.Namespace) -> int:
    kind = Kind.FULL if arguments.full else Kind.INCREMENTAL if arguments.reason == "schedule" else Kind.EVENT
    result = repository_of(arguments).run(store_folder(arguments.store), utc_now(), kind=kind, reason=arguments.reason,
                                          tree=tree_hash(), backtests=arguments.backtests)
    print(told(result))
    return tell_notes(result)


def told(result: Result) -> str:
    """A result in one line."""
    made = result.manifest
    return (f"backup {made.name.shown}: {made.name.kind.value}, {len(made.files)} files, {made.size:,} bytes, {result.written} new "
            f"pieces of {result.new_bytes:,} bytes; read back")


def tell_notes(result: Result) -> int:
    """What the owner must know, a line each; 1 when there is any."""
    notes = [*result.manifest.notes, *(f"{path} is no regular file: passed by" for path in result.manifest.passed_by)]
    for line in [*notes, *([result.untidied] if result.untidied else [])]:
        print(f"note: {line}", file=sys.stderr)
    return RUN_FAILED if result.manifest.notes or result.untidied else 0


def _list(arguments: argparse.Namespace) -> int:
    found = repository_of(arguments).backups()
    rows = [(str(name.sequence), f"{name.taken:%Y-%m-%d %H:%M:%S}", name.kind.value,
             *((content.reason, str(len(content.files)), f"{content.size:,}", content.tree[:12]) if isinstance(content, Manifest)
               else (content, "", "", ""))) for name, content in found]
    print("\n".join(grid(("Number", "Taken (UTC)", "Kind", "Reason", "Files", "Bytes", "Tree"), rows, left=(1, 2, 3, 6))))
    return 0 if all(isinstance(content, Manifest) for _, content in found) else RUN_FAILED


def _verify(arguments: argparse.Namespace) -> int:
    repository = repository_of(arguments)
    names = repository.names() if arguments.all else [repository.choose(sequence=arguments.number)]
    return RUN_FAILED if sum(_verified(repository, name) for name in names) else 0


def _verified(repository: Repository, name: BackupName) -> int:
    """Print what one backup is worth; the number of its troubles."""
    manifest, troubles = repository.troubles(name)
    if manifest is not None and not troubles:
        print(f"backup {name.shown}: whole, {len(manifest.files)} files, {manifest.size:,} bytes")
    for trouble in troubles:
        print(f"backup {name.shown}: {trouble}", file=sys.stderr)
    return len(troubles)


def _restore(arguments: argparse.Namespace) -> int:
    if arguments.in_place == (arguments.out is not None):
        raise CommandError("name one place: --out DIR, or --in-place")
    if arguments.audit and arguments.out is None:
        raise CommandError("the audit trail is restored to a folder: --audit --out DIR")
    repository = repository_of(arguments)
    if arguments.audit:
        print(f"{restore_audit(repository, Path(arguments.out).absolute())} segments of the audit trail: {arguments.out}")
        return 0
    name = repository.choose(at=arguments.at, sequence=arguments.number)
    store = store_folder(arguments.store)
    found = (restore_in_place(repository, name, store, utc_now(), running=arguments.running) if arguments.in_place
             else restore_into(repository, name, Path(arguments.out).absolute()))
    record_restore(Records(store), found)
    print(f"backup {name.shown} restored: {found.files} files, {found.size:,} bytes, each read back and equal")
    if found.aside is not None:
        print(f"what was there before: {found.aside}")
    return 0


def record_restore(records: Records, found: Restored) -> None:
    """Note a restore: the checklist of a promotion asks for one within seven days."""
    records.add("restores", utc_now(), backup=found.manifest.name.sequence, taken=found.manifest.name.taken.isoformat(),
                files=found.files, size=found.size)


def _watch(arguments: argparse.Namespace) -> int:
    over = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        over.set()

    def tell(found: Result | OperationsError) -> None:
        if isinstance(found, OperationsError):
            print(f"error: {found.message}", file=sys.stderr, flush=True)
            return
        print(told(found), flush=True)
        tell_notes(found)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        store = store_folder(arguments.store)
        if not store.is_dir():
            raise CommandError(f"the store {store} is not there: --store names its folder", BAD_INPUT)
        watch(repository_of(arguments), store, clock=utc_now, wait=over.wait, ended=over.is_set, told=tell, tree=tree_hash(),
              backtests=arguments.backtests)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0
