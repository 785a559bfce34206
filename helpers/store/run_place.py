"""Where one run keeps what it must remember, and what earlier runs left beside it.

The ObjectStore is kept between runs and shared by all projects of a workspace and all runs of an optimisation. So the
keys of a backtest hold LEAN's id of it, those of a live run paper or live and the account's name, and a backtest that
begins takes away what old ones left.
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
FINISHED: Final = "report.json"             # the last thing that a backtest writes
KEPT_BACKTESTS: Final = 5
LEFT_ALONE: Final = timedelta(days=1)       # a backtest without its last key that has not written for so long is over
FULL_SHARE: Final = 0.8                     # of LEAN's limits: beyond it older backtests go too
PREFIX_PART: Final = re.compile(r"[A-Za-z0-9_#\-$=]+")
MEGABYTE: Final = 1e6


def store_prefix(mode: str, name: str) -> str:
    """Key prefix of one run: its mode, and its id (a backtest) or its account's name (a live run).

    Raises
    ------
    StoreError
        When a part is empty or holds a character LEAN's keys do not take.
    """
    for part_name, part in (("mode", mode), ("name", name)):
        if not PREFIX_PART.fullmatch(part):
            raise StoreError("not usable in a store key: letters, digits and _ # - $ = only", part=part_name, value=part)
    return f"{mode}/{name}/{PROJECT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One key: its file, its size in bytes and when it was last written, wall time."""

    path: Path
    size: int
    written: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSurvey:
    """What the store held when a run began, and what was taken away.

    Attributes
    ----------
    files, megabytes : int, float
        After pruning, of all projects; one megabyte is a million bytes.
    files_allowed, megabytes_allowed : int, float
        LEAN's limits.
    pruned : tuple of str
        Ids of the backtests whose keys were taken away.
    """

    files: int
    files_allowed: int
    megabytes: float
    megabytes_allowed: float
    pruned: tuple[str, ...] = ()

    @property
    def nearly_full(self) -> bool:
        """Whether little room is left by number or size."""
        return self.files > FULL_SHARE * self.files_allowed or self.megabytes > FULL_SHARE * self.megabytes_allowed


def survey(port: ObjectStorePort) -> dict[str, Kept]:
    """Every key of the store. One that another run takes away meanwhile is left out."""
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
    """The survey of these keys against LEAN's limits."""
    return StoreSurvey(files=len(keys), files_allowed=int(port.max_files), pruned=tuple(pruned),
                       megabytes=round(sum(kept.size for kept in keys.values()) / MEGABYTE, 1),
                       megabytes_allowed=round(int(port.max_size) / MEGABYTE, 1))


def begin_backtest(port: ObjectStorePort, prefix: str, now: datetime) -> StoreSurvey:
    """Take away what an earlier run left under this very prefix, and what old backtests left: the last five stay as far
    as LEAN's limits allow. Backtests that run beside this one are not touched.

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
    """Ids of the backtests that are over, the oldest first."""
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
    """Take these keys away, and the folders that are empty then."""
    for key in chosen:
        port.delete(key)
        folder, depth = keys.pop(key).path.parent, key.count("/") - 1
        for _ in range(depth):
            try:
                folder.rmdir()
            except OSError:       # not empty, or another run was here first
                break
            folder = folder.parent
