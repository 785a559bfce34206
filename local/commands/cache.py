"""``cache``: shows the written data that is kept between runs, and prunes what was used longest ago down to a limit."""
from __future__ import annotations

import argparse
import math
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from local.commands.errors import CommandError
from local.commands.scenario_data import DEFAULT_CACHE
from local.data.writer import COMPLETE
from local.statistics_table import grid

HELP = "show or prune the written data that is kept between runs"
LIMIT_GB, GIGABYTE, MEGABYTE = 10.0, 1e9, 1e6
# Data used so lately may be under a run, and a folder begun so lately may still be written.
UNTOUCHED_SECONDS, ABANDONED_SECONDS = 3600.0, 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One folder of written data: its size in bytes, when it was used last (seconds since 1970), whether it is whole."""

    path: Path
    size: int
    used: float
    whole: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("action", nargs="?", choices=("show", "prune"), default="show", help="what to do (default show)")
    parser.add_argument("--limit", type=_gigabytes, default=LIMIT_GB, metavar="GB",
                        help=f"what prune leaves at most, those used last (default {LIMIT_GB:g}; 0 leaves nothing)")
    parser.add_argument("--data-cache", metavar="DIR", help="the cache (default .cache/data)")


def _gigabytes(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of gigabytes") from None
    if not math.isfinite(found) or found < 0.0:
        raise argparse.ArgumentTypeError(f"must be 0 or more gigabytes, not {text}")
    return found


def kept_in(cache: Path) -> list[Kept]:
    """Folders of a cache, the one used last first; what is not the writer's is passed over."""
    found = []
    for path in sorted(cache.iterdir()) if cache.is_dir() else ():
        whole, begun = (path / COMPLETE).is_file(), path.name.startswith(".")
        if path.is_dir() and not path.is_symlink() and (whole or begun):
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            stamp = path / COMPLETE if whole else path
            found.append(Kept(path=path, size=size, used=stamp.stat().st_mtime, whole=whole and not begun))
    return sorted(found, key=lambda one: -one.used)


def to_prune(kept: list[Kept], limit: float, now: float) -> list[Kept]:
    """What goes: folders that were begun and left, then those used longest ago until ``limit`` bytes are not passed.
    What was used within the hour stays, unless nothing may stay.
    """
    going = [one for one in kept if not one.whole and now - one.used > ABANDONED_SECONDS]
    total = 0
    for one in (one for one in kept if one.whole):
        total += one.size
        if total > limit and (now - one.used > UNTOUCHED_SECONDS or limit == 0.0):
            going.append(one)
            total -= one.size
    return going


def run(arguments: argparse.Namespace) -> int:
    """Show the cache, or prune it and say what went."""
    cache = Path(arguments.data_cache or DEFAULT_CACHE).absolute()
    kept, limit = kept_in(cache), arguments.limit * GIGABYTE
    if arguments.action == "prune":
        going = to_prune(kept, limit, time.time())
        for one in going:
            try:
                shutil.rmtree(one.path)
            except OSError as error:
                raise CommandError(f"{one.path} cannot be removed: {error.strerror}") from error
            print(f"removed {one.path.name}, {one.size / MEGABYTE:,.0f} MB")
        kept = [one for one in kept if one not in going]
    rows = [(one.path.name, f"{one.size / MEGABYTE:,.0f}", f"{datetime.fromtimestamp(one.used):%Y-%m-%d %H:%M}",
             "" if one.whole else "not finished") for one in kept]
    if rows:
        print("\n".join(grid(("Data", "MB", "Last used", ""), rows, left=(0, 2, 3))))
    total = sum(one.size for one in kept)
    print(f"{cache}: {len(kept)} folders, {total / GIGABYTE:.2f} GB; limit {arguments.limit:g} GB"
          + (": python -m local cache prune" if total > limit and arguments.action == "show" else ""))
    return 0
