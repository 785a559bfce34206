"""Runs the framework through its lives: one engine after the other on the same broker and the same store."""
from __future__ import annotations

import json
import re
import shutil
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from local.broker_faults.broker import FaultyBroker
from local.broker_faults.brokerage_values import Crash
from local.broker_faults.faults import Fault
from local.engine.loop.engine import RUN_ID, Engine

LIVE_ENVIRONMENT = {"environment": "staging", "mode": "trade"}
STATE_KEY = re.compile(r"state-[ab]\.json$")


@dataclass(slots=True, kw_only=True)
class Lives:
    """The framework on one broker, from ``start`` to ``end``, with restarts.

    Attributes
    ----------
    project, data, out : Path
        Project, data folder, and the folder for the store, shared by all lives.
    parameters : mapping
        Of the algorithm; start and end are set by the run.
    live : bool
        Whether the algorithm sees live mode. A live process that dies loses what its store had not flushed.
    """

    project: Path
    data: Path
    out: Path
    broker: FaultyBroker
    parameters: Mapping[str, str]
    first: date
    last: date
    faults: Sequence[Fault] = ()
    live: bool = False
    engine: Engine | None = field(default=None, init=False)
    lives: int = field(default=0, init=False)
    error: str = field(default="", init=False)

    def begin(self, at: datetime | None = None) -> Engine:
        """A new process: ``at`` is its first moment in New York time (None: midnight of the first day)."""
        parameters = dict(self.parameters)
        if self.live:
            parameters = {key: value for key, value in parameters.items() if key not in ("start", "end")}
            parameters = LIVE_ENVIRONMENT | parameters
        else:
            parameters |= {"start": self.first.isoformat(), "end": self.last.isoformat()}
            parameters |= {"restore": RUN_ID} if self.lives else {}
        start = at or datetime(self.first.year, self.first.month, self.first.day)
        self.lives += 1
        self.out.mkdir(parents=True, exist_ok=True)
        self.engine = Engine(self.project, self.data, self.out, parameters, broker=self.broker, live=self.live,
                             start=start, end=datetime(self.last.year, self.last.month, self.last.day))
        return self.engine

    def run(self, until: datetime | None = None) -> bool:
        """Run the present life; False when it died by a :class:`Crash` (or an error, which stands in ``error``)."""
        engine = self.engine
        try:
            engine.run_until(until)
            if until is None or engine.is_finished:
                self._raise_runtime_error()
                engine.finish()
            self._raise_runtime_error()
        except Crash:
            return False
        except Exception as failure:  # noqa: BLE001 - the boundary to the framework under test
            self.error = "".join(traceback.format_exception(failure))
            return False
        return True

    def _raise_runtime_error(self) -> None:
        algorithm = self.engine.algorithm
        if algorithm is not None and algorithm.runtime_error is not None:
            raise algorithm.runtime_error

    def die(self) -> datetime:
        """The process is gone; what it had not written is lost. Returns the moment, New York time."""
        engine = self.engine
        moment = engine.clock.local
        if not self.live:
            engine.object_store.flush()
        engine.log.close()
        engine.is_finished = True
        self._keep_log()
        self.broker.detach()
        return moment

    def _keep_log(self) -> None:
        log = self.out / "log.txt"
        if log.is_file():
            shutil.copyfile(log, self.out / f"log-{self.lives}.txt")

    def whole(self) -> bool:
        """All lives of the plan: a restart at each :class:`Restart`; False when the framework failed."""
        self.begin()
        for restart in self.broker.restarts(self.faults):
            if not self.run(restart.start):
                break
            if self.engine.is_finished:
                break
            self.broker.keeps_tags = restart.keeps_tags
            restart.hits += 1
            self.die()
            self.begin(max(restart.end, restart.start + timedelta(minutes=1)))
        if not self.error and not self.engine.is_finished:
            self.run()
        if self.error:
            self.engine.log.close()
        self._keep_log()
        return not self.error

    # --- what is left -----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What the framework's store holds: the newest document of each folder, the orders' own over the managers'."""
        newest: dict[Path, dict[str, Any]] = {}
        for path in sorted((self.out / "storage").rglob("*.json")):
            if STATE_KEY.search(path.name):
                document = json.loads(path.read_text(encoding="utf-8"))
                if document["sequence"] > newest.get(path.parent, {"sequence": -1})["sequence"]:
                    newest[path.parent] = document
        found: dict[str, Any] = {}
        for folder in sorted(newest, key=lambda folder: len(folder.parts)):
            found |= newest[folder]["payload"]
        return found

    def audit(self) -> list[dict[str, Any]]:
        """The audit trail, in order of time."""
        rows = []
        for path in sorted((self.out / "storage").rglob("audit/*.jsonl")):
            rows += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return sorted(rows, key=lambda row: row["time"])
