"""Where one run stores what it must remember, and what to do with the data of earlier runs.

The ObjectStore is kept between runs. All projects of a workspace and all runs of an optimisation share it. So a
backtest's keys contain LEAN's id of the backtest, and a live run's keys contain ``paper`` or ``live`` and the account's
name. A backtest that begins deletes what old backtests left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Iterable, Mapping

from core.errors import StoreError
from helpers.store.state_store import ObjectStorePort

PROJECT: Final = "tom-king"
BACKTEST: Final = "backtest"
FINISHED: Final = "report.json"             # the last key that a backtest writes
KEPT_BACKTESTS: Final = 5
LEFT_ALONE: Final = timedelta(days=1)       # a backtest without that key that has not written for so long is over
FULL_SHARE: Final = 0.8                     # of LEAN's limits; beyond this share older backtests are deleted too
PREFIX_PART: Final = re.compile(r"[A-Za-z0-9_#\-$=]+")
MEGABYTE: Final = 1e6


def store_prefix(mode: str, name: str) -> str:
    """Key prefix of one run: its mode, then its id (a backtest) or its account's name (a live run).

    Raises
    ------
    StoreError
        If a part is empty, or holds a character that LEAN's keys do not allow.
    """
    for part_name, part in (("mode", mode), ("name", name)):
        if not PREFIX_PART.fullmatch(part):
            raise StoreError("not usable in a store key: letters, digits and _ # - $ = only", part=part_name, value=part)
    return f"{mode}/{name}/{PROJECT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One key: its file, its size in bytes, and when it was last written (wall time)."""

    path: Path
    size: int
    written: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSurvey:
    """What the store held when a run began, and what was deleted.

    Attributes
    ----------
    files, megabytes : int, float
        Of all projects, after pruning. One megabyte is a million bytes.
    files_allowed, megabytes_allowed : int, float
        LEAN's limits.
    pruned : tuple of str
        Ids of the backtests whose keys were deleted.
    """

    files: int
    files_allowed: int
    megabytes: float
    megabytes_allowed: float
    pruned: tuple[str, ...] = ()

    @property
    def nearly_full(self) -> bool:
        """Whether little room is left, by number of files or by size."""
        return self.files > FULL_SHARE * self.files_allowed or self.megabytes > FULL_SHARE * self.megabytes_allowed


def survey(port: ObjectStorePort) -> dict[str, Kept]:
    """Every key of the store. A key that another run deletes meanwhile is left out."""
    found = {}
    for key in map(str, list(port.keys)):
        path = Path(str(port.get_file_path(key)))
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue
        found[key] = Kept(path=path, size=facts.st_size, written=datetime.fromtimestamp(facts.st_mtime))
    return found


def counted(port: ObjectStorePort, keys: Mapping[str, Kept], pruned: Iterable[str] = ()) -> StoreSurvey:
    """The survey of these keys, set against LEAN's limits."""
    return StoreSurvey(files=len(keys), files_allowed=int(port.max_files), pruned=tuple(pruned),
                       megabytes=round(sum(kept.size for kept in keys.values()) / MEGABYTE, 1),
                       megabytes_allowed=round(int(port.max_size) / MEGABYTE, 1))


def begin_backtest(port: ObjectStorePort, prefix: str, now: datetime) -> StoreSurvey:
    """Delete what an earlier run left under this very prefix, and what old backtests left. The last five backtests
    stay, as far as LEAN's limits allow. Backtests that run at the same time are not touched.

    Parameters
    ----------
    now : datetime
        Wall time.
    """
    keys = survey(port)
    _delete(port, keys, [key for key in keys if key.startswith(f"{prefix}/")])
    pruned = []
    finished = _finished(keys, now)
    while finished and (len(finished) > KEPT_BACKTESTS or counted(port, keys).nearly_full):
        oldest = finished.pop(0)
        _delete(port, keys, [key for key in keys if key.startswith(f"{BACKTEST}/{oldest}/{PROJECT}/")])
        pruned.append(oldest)
    return counted(port, keys, pruned)


def _finished(keys: Mapping[str, Kept], now: datetime) -> list[str]:
    """Ids of the backtests that are over, oldest first."""
    newest: dict[str, datetime] = {}
    over: set[str] = set()
    for key, kept in keys.items():
        mode, _, rest = key.partition("/")
        run, _, rest = rest.partition("/")
        if mode != BACKTEST or not rest.startswith(f"{PROJECT}/"):
            continue
        newest[run] = max(newest.get(run, kept.written), kept.written)
        if rest == f"{PROJECT}/{FINISHED}":
            over.add(run)
    over |= {run for run, written in newest.items() if now - written > LEFT_ALONE}
    return sorted(over, key=lambda run: (newest[run], run))


def _delete(port: ObjectStorePort, keys: dict[str, Kept], chosen: Iterable[str]) -> None:
    """Delete these keys, and the folders that are then empty."""
    for key in chosen:
        port.delete(key)
        folder, depth = keys.pop(key).path.parent, key.count("/") - 1
        for _ in range(depth):
            try:
                folder.rmdir()
            except OSError:       # not empty, or another run has already deleted it
                break
            folder = folder.parent
