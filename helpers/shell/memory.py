"""Everything that must survive a crash, in two documents: the managers' facts, and the executor's orders.

Orders change in every minute they work, positions seldom. So the executor writes its own small document ahead of every
send. If a position has changed since the last save, the managers' document is written first, so that no order on disk
belongs to a position that is missing there.

Each document has two slots, and either document may lose its newest slot. What the positions have booked must therefore
be in both slots of both documents before the executor may forget it. Then a lost slot costs its newest state and
nothing else.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import Any, Callable, Mapping

from core.errors import IntegrityError, StoreCorrupt, StoreError
from core.serialization import Encoded, canonical
from helpers.atomic_order_executor import AtomicOrderExecutor
from helpers.shell.components import Components, Managers, Remembered
from helpers.store.journal import Journal
from helpers.store.state_store import SLOTS, Loaded, StateStore

FINISHED = "finished"


class Memory:
    """Saves and restores the facts of all components.

    Parameters
    ----------
    managers : Managers
    clock : callable
        The algorithm's time, which stamps the documents.
    """

    def __init__(self, managers: Managers, clock: Callable[[], datetime]) -> None:
        self._parts = managers
        self._clock = clock
        self._written: deque[int | None] = deque([None] * len(SLOTS), maxlen=len(SLOTS))    # the revision in each slot
        self._finished: tuple[list[str], Encoded] | None = None
        self._booked = 0                                        # reports that both slots of the managers have booked
        self._reported: deque[int] = deque([0] * len(SLOTS), maxlen=len(SLOTS))    # the last report in each slot

    def open(self, store: StateStore, orders: StateStore) -> None:
        """Set the stores of both documents. Required before anything else, once the run's keys are known."""
        self._store, self._orders = store, orders

    def save(self, executor_facts: Mapping[str, Any] | None = None) -> None:
        """Write the managers' facts if they changed. The executor calls it ahead of a send, to write its own facts as
        well.

        Raises
        ------
        StoreError
            If the store did not take them.
        """
        revision, accepted = self._parts.states.revision, self._parts.states.accepted
        if executor_facts is None or any(written != revision for written in self._written):
            document = {name: _facts(part) for name, part in self._parts.remembering().items()}
            for _ in SLOTS if accepted > self._booked else SLOTS[:1]:
                self._store.save(document, self._clock())
                self._written.append(revision)
            self._booked = accepted
        if executor_facts is not None:
            self.save_orders(executor_facts)

    @property
    def slots(self) -> int:
        """The number of saves after which the loss of one slot loses nothing."""
        return len(SLOTS)

    @property
    def orders_lag(self) -> bool:
        """Whether the positions have booked a report that is missing in one slot of the orders."""
        return self._parts.states.accepted > min(self._reported)

    def save_orders(self, executor_facts: Mapping[str, Any]) -> None:
        """Write the executor's facts alone.

        Raises
        ------
        StoreError
            If the store did not take them.
        """
        self._orders.save({"executor": self._with_text(executor_facts)}, self._clock())
        self._reported.append(int(executor_facts["reports"]["sequence"]))

    def _with_text(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The executor's facts, with the ids of finished intents as prepared text: the longest part, and mostly
        unchanged."""
        ids = facts.get(FINISHED)
        if not isinstance(ids, list):
            return dict(facts)
        if self._finished is None or self._finished[0] != ids:
            self._finished = (ids, Encoded(canonical(ids)))
        return {**facts, FINISHED: self._finished[1]}

    def load(self, executor: AtomicOrderExecutor) -> Loaded | None:
        """Restore every manager and the executor from the newest documents; None if there are none.

        Raises
        ------
        StoreCorrupt
            If neither slot of a document can be read, or one document exists without the other.
        IntegrityError
            If the document does not name exactly the existing components.
        """
        loaded, orders = self._store.load(), self._orders.load()
        if loaded is None:
            if orders is not None:
                raise StoreCorrupt("orders are stored without the positions they belong to")
            return None
        parts = self._parts.remembering()
        if set(loaded.payload) != set(parts):
            raise IntegrityError("the stored components are others than the framework's",
                                 differing=sorted(set(loaded.payload) ^ set(parts)))
        for name, part in parts.items():
            part.restore(loaded.payload[name])
        if orders is not None:
            executor.restore(orders.payload["executor"])
        if executor.reported < self._parts.states.accepted:
            raise IntegrityError("the positions have booked what the stored orders do not know of",
                                 accepted=self._parts.states.accepted, reported=executor.reported)
        lost = tuple(f"orders: {problem}" for problem in (orders.problems if orders is not None else ()))
        return replace(loaded, problems=loaded.problems + lost)


class Keeper:
    """Writes everything to disk after every change. If the store refuses, entries stop and exits continue. The store is
    tried again at each tick until it accepts.

    Parameters
    ----------
    memory : Memory
    journal : Journal
    components : Components
    flushes : bool
        True live: whatever was reported is on disk at the end of each tick. In a backtest, only when asked.
    """

    def __init__(self, memory: Memory, journal: Journal, components: Components, *, flushes: bool) -> None:
        self._memory = memory
        self._journal = journal
        self._parts = components
        self._flushes = flushes

    def keep(self, now: datetime, *, changed: bool, flush: bool = False) -> None:
        """Save if something has ``changed``, or if the last save failed."""
        parts = self._parts
        failed = parts.unsaved or parts.executor.unsaved
        try:
            if parts.executor.unsaved or self._memory.orders_lag:      # first: positions must not have booked what the
                self._memory.save_orders(parts.executor.facts())       # stored orders do not know of
            if changed or failed:
                self._memory.save()
            if flush or failed or self._flushes:
                self._journal.flush()
        except StoreError as problem:
            if parts.unsaved is None:
                self._journal.event(now, "STORE_FAILED", what=problem.message, **problem.facts)
            parts.unsaved = problem.message
            return
        parts.unsaved = parts.executor.unsaved = None
        if failed:
            self._journal.event(now, "STORE_RECOVERED", was=failed)


def _facts(part: Remembered) -> Mapping[str, Any]:
    """A component's facts. If it has a large part that does not change, the text of that part is reused."""
    encoded: Callable[[], Mapping[str, Any]] | None = getattr(part, "encoded_facts", None)
    return part.facts() if encoded is None else encoded()
