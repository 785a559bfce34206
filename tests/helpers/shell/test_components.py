"""Every component is verified at each start: wired, typed, at one with itself."""
from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta

import pytest

from config.run_parameters import parse
from core.errors import IntegrityError
from helpers.atomic_order_executor import AtomicOrderExecutor
from helpers.shell.components import Components, build
from strategies import ALL
from tests.helpers.orders.fake_broker import FakeBroker, FakeWriteAhead


def whole() -> Components:
    managers = build(parse({}, live=False), ALL)
    parts = managers.with_executor(AtomicOrderExecutor(FakeBroker(), FakeWriteAhead(), managers.states))
    parts.vix.load_history([(date(2023, 1, 1) + timedelta(days=number), 15.0) for number in range(300)])
    return parts


def test_what_is_built_is_whole() -> None:
    whole().verify()


@pytest.mark.parametrize("name", [part.name for part in fields(Components) if part.name not in ("blind", "unsaved")])
def test_a_component_that_is_missing_stops_the_start(name: str) -> None:
    parts = whole()
    setattr(parts, name, None)
    with pytest.raises(IntegrityError, match="not wired"):
        parts.verify()


@pytest.mark.parametrize("name", ["gate", "ledger", "states", "executor"])
def test_a_component_of_another_type_stops_the_start(name: str) -> None:
    parts = whole()
    setattr(parts, name, parts.vix)
    with pytest.raises(IntegrityError, match="not what it should be"):
        parts.verify()


def test_a_component_that_contradicts_itself_stops_the_start() -> None:
    parts = whole()
    parts.book.entries = -1
    with pytest.raises(IntegrityError, match="negative"):
        parts.verify()


def test_strategies_without_their_specifications_stop_the_start() -> None:
    parts = whole()
    parts.specs = {}
    with pytest.raises(IntegrityError, match="differ"):
        parts.verify()
