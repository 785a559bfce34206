"""``backup``: sealed backups of the store. ``run`` makes one, ``list`` names them, ``verify`` reads them, ``restore`` brings
one back, ``watch`` makes them every fifteen minutes while the algorithm runs. Keep a copy of the key file elsewhere."""
from __future__ import annotations

import argparse
from datetime import datetime, timezone
from importlib import import_module

from local.commands.arguments import at_least_one

HELP = "make, verify and restore sealed backups of the store"
REASONS = ("request", "schedule", "emergency", "shutdown")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    for name, text in (("run", "make one backup"), ("list", "name the backups"), ("verify", "read backups as a restore would"),
                       ("restore", "bring a backup back"), ("watch", "back up while the algorithm runs")):
        step = steps.add_parser(name, help=text)
        add_places(step)
        if name == "run":
            step.add_argument("--reason", choices=REASONS, default=REASONS[0], help="kept with the backup")
            step.add_argument("--full", action="store_true", help="read every file anew, as the first one of a day does")
        if name in ("run", "watch"):
            step.add_argument("--backtests", action="store_true", help="the stores of backtests too")
        if name in ("verify", "restore"):
            step.add_argument("--number", type=at_least_one, metavar="N", help="this backup (default: the newest)")
        if name == "verify":
            step.add_argument("--all", action="store_true", help="every backup")
        if name == "restore":
            _add_restore(step)


def add_places(step: argparse.ArgumentParser) -> None:
    """--store, --to, --key-file, --passphrase, --passphrase-file."""
    step.add_argument("--store", metavar="DIR", help="the ObjectStore's folder (default: storage of the workspace)")
    step.add_argument("--to", metavar="DIR", help="the backups' folder (default: backups beside the store); best on another disk")
    step.add_argument("--key-file", metavar="FILE", help="the key file; the first backup makes it (default: in ~/.config/tom-king)")
    step.add_argument("--passphrase", action="store_true", help="ask for a passphrase instead of a key file")
    step.add_argument("--passphrase-file", metavar="FILE", help="read the passphrase from a file")


def _add_restore(step: argparse.ArgumentParser) -> None:
    step.add_argument("--at", type=moment, metavar="TIME", help="as it was then: 2026-11-30T14:05, UTC unless it says otherwise")
    step.add_argument("--out", metavar="DIR", help="a folder that is new or empty")
    step.add_argument("--in-place", action="store_true", help="in the place of the store; what it holds is moved beside it")
    step.add_argument("--running", action="store_true", help="with --in-place: although the store was written a moment ago")
    step.add_argument("--audit", action="store_true", help="the audit trail of seven years instead of a backup")


def moment(text: str) -> datetime:
    """ISO time; UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-11-30T14:05") from None
    return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)


def run(arguments: argparse.Namespace) -> int:
    """Carry out one step; 1 when a backup is not whole."""
    # only here: who makes no backups needs no cryptography
    return int(import_module("local.commands.backup_steps").carry_out(arguments))
