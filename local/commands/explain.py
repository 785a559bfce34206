"""``explain``: why each trade was or was not made on one day, in words, from the audit trail of a run or of a store."""
from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from config.near_misses import meant
from config.strategy_parameters import SPECS
from local import results
from local.commands import arguments as given
from local.commands.errors import CommandError
from local.commands.project import RUNS_FOLDER
from local.day_story import day_story

HELP = "why each trade was or was not made on a day"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("day", metavar="DATE", type=given.day, help="like 2024-08-05")
    parser.add_argument("run", metavar="RUN", nargs="?",
                        help="results folder of a run, or a store with one account (default: the newest finished run)")
    parser.add_argument("--strategy", metavar="NAME", help="this one alone")


def run(arguments: argparse.Namespace) -> int:
    """Print the day's story."""
    if arguments.strategy is not None and arguments.strategy not in SPECS:
        raise CommandError(f"{arguments.strategy!r} is no strategy{meant(arguments.strategy, SPECS)}")
    folder = results.newest_run(RUNS_FOLDER.parent) if arguments.run is None else Path(arguments.run)
    audit, day = results.read_audit(trail_folder(folder)), date.fromisoformat(arguments.day)
    days = sorted({row["at"].date() for row in audit})
    if day not in days:
        told = f"it tells of {len(days)} days from {days[0]} to {days[-1]}" if days else "it is empty"
        raise CommandError(f"the audit trail of {folder} tells nothing of {day}: {told}")
    print("\n".join([*day_story(audit, day, arguments.strategy), "", f"from {folder}"]))
    return 0


def trail_folder(folder: Path) -> Path:
    """The one folder in which a run, or a store, keeps an audit trail.

    Raises
    ------
    CommandError
        There is none, or there are several.
    """
    if not folder.is_dir():
        raise CommandError(f"folder {folder} is not there")
    store = results.find_store(folder) or folder
    found = sorted(path.parent for path in store.rglob("audit") if path.is_dir())
    if not found:
        raise CommandError(f"{folder} holds no audit trail")
    if len(found) > 1:
        raise CommandError(f"{folder} holds {len(found)} audit trails; name one: {', '.join(map(str, found))}")
    return found[0]
