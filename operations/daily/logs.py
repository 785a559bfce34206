"""Logs of runs that are over: compressed after a day, taken away after ninety. A log that is being written is left alone."""
from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path

from operations.disk import read_file, remove_file, write_file

PATTERNS = ("live/*/log.txt", "live/*/*.log", "runs/*/lean.log", "logs/*.log")
CLOSED_AFTER, KEPT = timedelta(days=1), timedelta(days=90)


def rotate(workspace: Path, now: datetime) -> tuple[int, int]:
    """Compress what is over and let go of what is old; how many of each.

    Parameters
    ----------
    now : datetime
        UTC.
    """
    packed = dropped = 0
    for pattern in PATTERNS:
        for path in sorted(workspace.glob(pattern)):
            if _age(path, now) > CLOSED_AFTER and not path.is_symlink():
                write_file(path.with_name(f"{path.name}.gz"), gzip.compress(read_file(path), mtime=0))
                remove_file(path)
                packed += 1
        for path in sorted(workspace.glob(f"{pattern}.gz")):
            if _age(path, now) > KEPT:
                remove_file(path)
                dropped += 1
    return packed, dropped


def _age(path: Path, now: datetime) -> timedelta:
    return now - datetime.fromtimestamp(path.stat().st_mtime, tz=now.tzinfo)
