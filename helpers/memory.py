"""One document of everything that must survive a crash: every manager's facts, saved on every change."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, Mapping

from core.errors import IntegrityError
from helpers.components import Components
from helpers.state_store import Loaded, StateStore


class Memory:
    """Saves and restores the facts of all components.

    Parameters
    ----------
    store : StateStore
    components : Components
    clock : callable
        The algorithm's time, for the stamp of a document.
    """

    def __init__(self, store: StateStore, components: Components, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._parts = components
        self._clock = clock

    def save(self, executor_facts: Mapping[str, Any] | None = None) -> None:
        """Write everything; the executor passes its own facts when it saves ahead of a send.

        Raises
        ------
        StoreError
            When the store did not take it.
        """
        document = {name: part.facts() for name, part in self._parts.remembering().items()}
        if executor_facts is not None:
            document["executor"] = dict(executor_facts)
        self._store.save(document, self._clock())

    def load(self) -> Loaded | None:
        """Restore every component from the newest document; None when there is none.

        Raises
        ------
        StoreCorrupt
            When neither slot can be read.
        IntegrityError
            When the document does not name exactly the components there are.
        """
        loaded = self._store.load()
        if loaded is None:
            return None
        parts = self._parts.remembering()
        if set(loaded.payload) != set(parts):
            raise IntegrityError("the stored components are others than the framework's",
                                 differing=sorted(set(loaded.payload) ^ set(parts)))
        for name, part in parts.items():
            part.restore(loaded.payload[name])
        return loaded
