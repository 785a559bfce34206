"""The two documents of the memory: a position that changed goes to the store ahead of the order that belongs to it."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from core.errors import IntegrityError, StoreCorrupt
from core.model import EMPTY, Event, Position, State
from core.unified_state_manager import UnifiedStateManager
from helpers.memory import Memory
from helpers.state_store import StateStore
from strategies import ALL
from tests.builders import FRIDAY
from tests.helpers.fake_store import FakeObjectStore

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
    return Memory(StateStore(port, "a/b/c", live=False), StateStore(port, "a/b/c/orders", live=False), parts,
                  lambda: datetime(2024, 7, 26, 10, 0)), parts


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
    assert memory.load() is None
    open_position(parts)
    memory.save()
    again, restored = wired(port)
    assert again.load() is not None
    assert [position.id for position in restored.states.positions] == [KEY]


def test_each_change_of_a_position_is_stored_ahead_of_the_next_order(port):
    memory, parts = wired(port)
    memory.load()
    open_position(parts)
    for change in (lambda: parts.states.apply(KEY, Event.SELECTED, FRIDAY, "x"),
                   lambda: parts.states.change(KEY, units=2),
                   lambda: parts.states.apply(KEY, Event.ORDER_SENT, FRIDAY, "x"),
                   lambda: parts.states.accept(7)):
        change()
        memory.save({"works": 1})
        again, restored = wired(port)
        again.load()
        assert restored.states.facts() == parts.states.facts()


def test_an_order_alone_leaves_the_positions_document_untouched(port):
    memory, parts = wired(port)
    memory.load()
    memory.save()
    before = StateStore(port, "a/b/c", live=False).load().sequence
    memory.save({"works": 1})
    memory.save({"works": 2})
    assert StateStore(port, "a/b/c", live=False).load().sequence <= before + 1
    again, restored = wired(port)
    again.load()
    assert restored.executor.kept == {"works": 2}


def test_orders_without_positions_stop_the_start(port):
    orders = StateStore(port, "a/b/c/orders", live=False)
    orders.load()
    orders.save({"executor": {}}, FRIDAY)
    with pytest.raises(StoreCorrupt):
        wired(port)[0].load()


def test_other_components_than_the_frameworks_stop_the_start(port):
    store = StateStore(port, "a/b/c", live=False)
    store.load()
    store.save({"strangers": {}}, FRIDAY)
    with pytest.raises(IntegrityError):
        wired(port)[0].load()
