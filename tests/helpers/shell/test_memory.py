"""The two documents of the memory: a position that changed goes to the store ahead of the order that belongs to it."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import IntegrityError, StoreCorrupt, StoreError
from core.model import EMPTY, Event, Position, State
from core.unified_state_manager import UnifiedStateManager
from helpers.shell.memory import Keeper, Memory
from helpers.store.state_store import StateStore
from strategies import ALL
from tests.builders import FRIDAY
from tests.helpers.store.fake_store import FakeObjectStore

KEY = "lt112/202407261000"


@dataclass
class Executor:
    kept: dict[str, Any] = field(default_factory=dict)
    reported: int = 100

    def facts(self) -> dict[str, Any]:
        return dict(self.kept)

    def restore(self, facts: dict[str, Any]) -> None:
        self.kept = dict(facts)


@dataclass
class Parts:
    states: UnifiedStateManager
    executor: Executor

    def remembering(self) -> dict[str, Any]:
        return {"states": self.states, "executor": self.executor}


def wired(port) -> tuple[Memory, Parts]:
    parts = Parts(UnifiedStateManager({name: strategy.transitions for name, strategy in ALL.items()}), Executor())
    memory = Memory(parts, lambda: datetime(2024, 7, 26, 10, 0))
    memory.open(StateStore(port, "a/b/c", live=False), StateStore(port, "a/b/c/orders", live=False))
    return memory, parts


def works(count: int, reported: int = 0) -> dict[str, Any]:
    return {"works": count, "reports": {"sequence": reported}}


def sequences(port) -> tuple[int, int]:
    """How often each document has been written."""
    return tuple(StateStore(port, prefix, live=False).load().sequence for prefix in ("a/b/c", "a/b/c/orders"))


def open_position(parts: Parts) -> None:
    parts.states.open(Position(
        id=KEY, strategy="lt112", underlying="SPY", state=State.WAITING, opened=None, legs=(), units=0, entry_price=0.0,
        entry_margin_usd=0.0, entry_risk_usd=0.0, short_dte_at_entry=None, cash_flow_usd=0.0, fees_usd=0.0,
        facts=EMPTY), FRIDAY)


@pytest.fixture
def port():
    return FakeObjectStore()


def test_what_was_saved_comes_back(port):
    memory, parts = wired(port)
    assert memory.load(parts.executor) is None
    open_position(parts)
    memory.save()
    again, restored = wired(port)
    assert again.load(restored.executor) is not None
    assert [position.id for position in restored.states.positions] == [KEY]


def test_each_change_of_a_position_is_stored_ahead_of_the_next_order(port):
    memory, parts = wired(port)
    memory.load(parts.executor)
    open_position(parts)
    for change in (lambda: parts.states.apply(KEY, Event.SELECTED, FRIDAY, "x"),
                   lambda: parts.states.change(KEY, units=2),
                   lambda: parts.states.apply(KEY, Event.ORDER_SENT, FRIDAY, "x"),
                   lambda: parts.states.accept(7)):
        change()
        memory.save(works(1))
        again, restored = wired(port)
        again.load(restored.executor)
        assert restored.states.facts() == parts.states.facts()


def test_an_order_alone_leaves_the_positions_document_untouched(port):
    memory, parts = wired(port)
    memory.load(parts.executor)
    memory.save()
    before = StateStore(port, "a/b/c", live=False).load().sequence
    memory.save(works(1))
    memory.save(works(2))
    assert StateStore(port, "a/b/c", live=False).load().sequence <= before + 1
    again, restored = wired(port)
    again.load(restored.executor)
    assert restored.executor.kept == works(2)


def test_what_the_positions_have_booked_stands_in_both_slots(port):
    memory, parts = wired(port)
    memory.load(parts.executor)
    memory.save(works(1, reported=3))
    assert sequences(port) == (1, 1) and not memory.orders_lag
    parts.states.accept(3)
    assert memory.orders_lag                # one slot of the orders is empty
    memory.save_orders(works(1, reported=3))
    assert not memory.orders_lag
    memory.save()
    assert sequences(port) == (3, 2)        # booked for the first time: into both slots
    memory.save()
    assert sequences(port) == (4, 2)
    memory.save_orders(works(2, reported=4))
    parts.states.accept(4)
    assert memory.orders_lag


@pytest.mark.parametrize("prefix", ["a/b/c", "a/b/c/orders"])
def test_a_lost_slot_is_told_and_loses_nothing_that_was_booked(port, prefix):
    memory, parts = wired(port)
    memory.load(parts.executor)
    for _ in range(memory.slots):
        memory.save_orders(works(1, reported=3))
    parts.states.accept(3)
    memory.save()
    newest = max((f"{prefix}/state-{letter}.json" for letter in "ab"),
                 key=lambda key: json.loads(port.read(key))["sequence"])
    port.save(newest, port.read(newest)[:40])
    again, restored = wired(port)
    restored.executor.reported = 3
    loaded = again.load(restored.executor)
    assert restored.states.accepted == 3 and restored.executor.kept == works(1, reported=3)
    assert len(loaded.problems) == 1 and newest in loaded.problems[0]


def test_orders_without_positions_stop_the_start(port):
    orders = StateStore(port, "a/b/c/orders", live=False)
    orders.load()
    orders.save({"executor": {}}, FRIDAY)
    memory, parts = wired(port)
    with pytest.raises(StoreCorrupt):
        memory.load(parts.executor)


def test_other_components_than_the_frameworks_stop_the_start(port):
    store = StateStore(port, "a/b/c", live=False)
    store.load()
    store.save({"strangers": {}}, FRIDAY)
    memory, parts = wired(port)
    with pytest.raises(IntegrityError):
        memory.load(parts.executor)


class Kept:
    """A keeper whose memory only counts."""

    def __init__(self) -> None:
        self.saves: list[Any] = []
        self.refuses = False
        self.events: list[str] = []
        self.parts = SimpleNamespace(unsaved=None, executor=SimpleNamespace(unsaved=None, facts=lambda: "executor"))
        journal = SimpleNamespace(event=lambda now, name, **facts: self.events.append(name), flush=lambda: None)
        self.memory = SimpleNamespace(save=self._save, save_orders=self._save, orders_lag=False)
        self.keeper = Keeper(self.memory, journal, self.parts, flushes=True)
        self.keep(changed=True)
        self.saves.clear()

    def _save(self, facts: Any = None) -> None:
        if self.refuses:
            raise StoreError("the disk is full", size=7)
        self.saves.append(facts)

    def keep(self, changed: bool = False) -> None:
        self.keeper.keep(FRIDAY, changed=changed)


def test_what_did_not_change_is_not_written():
    kept = Kept()
    kept.keep()
    assert kept.saves == []
    kept.keep(changed=True)
    assert kept.saves == [None]


def test_a_refusing_store_is_asked_at_each_tick_and_told_of_once():
    kept = Kept()
    kept.refuses = True
    for _ in range(3):
        kept.keep(changed=True)
    assert kept.parts.unsaved == "the disk is full" and kept.events == ["STORE_FAILED"]
    kept.refuses = False
    kept.keep()
    assert kept.saves == [None] and kept.parts.unsaved is None and kept.events == ["STORE_FAILED", "STORE_RECOVERED"]


def test_orders_that_the_store_refused_are_offered_again():
    kept = Kept()
    kept.parts.executor.unsaved = "the disk is full"
    kept.keep()
    assert kept.saves == ["executor", None] and kept.parts.executor.unsaved is None


def test_orders_of_which_a_slot_lags_go_first():
    kept = Kept()
    kept.memory.orders_lag = True
    kept.keep(changed=True)
    assert kept.saves == ["executor", None]


def test_positions_are_not_stored_ahead_of_orders_that_the_store_refused():
    kept = Kept()
    kept.parts.executor.unsaved, kept.refuses = "the disk is full", True
    kept.keep(changed=True)
    assert kept.saves == [] and kept.parts.executor.unsaved and kept.parts.unsaved
