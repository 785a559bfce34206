"""Backs up while the algorithm runs: every fifteen minutes, once a day in full, at every emergency, and when it ends."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from operations.backup.collect import AUDIT
from operations.backup.manifest import Kind
from operations.backup.repository import SCHEDULED, Repository, Result
from operations.errors import OperationsError

EVERY = timedelta(minutes=15)
LOOK_SECONDS = 5.0
EMERGENCY, SHUTDOWN = "emergency", "shutdown"
GUARDS, NO_EMERGENCY = "GUARDS", "NONE"           # the audit trail's word for a change of a breaker's or the emergency level


class Emergencies:
    """Reads what the audit trail has grown by, and tells of emergencies in it.

    Parameters
    ----------
    store : Path
        What stands there now is taken as known.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._read: dict[Path, int] = {}
        self.news()

    def news(self) -> list[str]:
        """Emergency levels above none that were told since the last look. A line that is not whole yet waits."""
        found = []
        for path in self._segments():
            done = self._read.get(path, 0)
            try:
                with open(path, "rb") as file:
                    file.seek(done)
                    grown = file.read()
            except FileNotFoundError:
                continue
            whole = grown[:grown.rfind(b"\n") + 1]
            self._read[path] = done + len(whole)
            found += [level for line in whole.splitlines() if (level := _level(line)) is not None]
        return found

    def _segments(self) -> Iterator[Path]:
        for path in sorted(self._store.glob("*/*/*/audit/*.jsonl")):
            if AUDIT.fullmatch(path.relative_to(self._store).as_posix()) and not path.is_symlink():
                yield path


def _level(line: bytes) -> str | None:
    if GUARDS.encode("ascii") not in line:
        return None
    try:
        record = json.loads(line)
    except ValueError:          # the file was being written anew: its next reading has the line
        return None
    level = record.get("facts", {}).get("emergency")
    return str(level) if record.get("event") == GUARDS and level != NO_EMERGENCY else None


def watch(repository: Repository, store: Path, *, clock: Callable[[], datetime], wait: Callable[[float], object],
          ended: Callable[[], bool], told: Callable[[Result | OperationsError], None], tree: str = "",
          backtests: bool = False) -> None:
    """Back up until ``ended``. A backup that fails is told of and tried again at the next look; the watch goes on.

    Parameters
    ----------
    clock : callable
        UTC now.
    wait : callable
        Waits so many seconds, or until the end.
    """
    emergencies, alarms = Emergencies(store), []
    last = max((name.taken for name in repository.names()), default=None)
    while True:
        now, over = clock(), ended()
        alarms += emergencies.news()
        due = last is None or now - last >= EVERY or now < last
        if over or alarms or due:
            kind = Kind.EVENT if over or alarms else Kind.INCREMENTAL
            reason = f"{EMERGENCY} {alarms[-1]}" if alarms else SHUTDOWN if over else SCHEDULED
            try:
                told(repository.run(store, now, kind=kind, reason=reason, tree=tree, backtests=backtests))
                last, alarms = now, []
            except OperationsError as problem:
                told(problem)
        if over:
            return
        wait(LOOK_SECONDS)
