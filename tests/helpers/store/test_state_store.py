from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from config.run_parameters import parse
from core.errors import StoreCorrupt, StoreError
from core.spy_concentration_manager import SpyRequest
from helpers.shell.components import build
from helpers.store.state_store import StateStore, canonical
from strategies import ALL
from tests.helpers.orders.fake_broker import LONG, SHORT, entry_desk
from tests.helpers.store.fake_store import FakeObjectStore

NOW = datetime(2024, 8, 5, 10, 0)
PREFIX = "live/ACCT1/tomking"
A, B = f"{PREFIX}/state-a.json", f"{PREFIX}/state-b.json"


def opened(port: FakeObjectStore, live: bool = False, **keywords) -> StateStore:
    store = StateStore(port, PREFIX, live=live, **keywords)
    store.load()
    return store


def test_empty_store_has_no_state():
    store = StateStore(FakeObjectStore(), PREFIX, live=False)
    assert store.load() is None
    assert store.sequence == 0


def test_save_before_load_is_a_defect():
    with pytest.raises(StoreError, match="load before"):
        StateStore(FakeObjectStore(), PREFIX, live=False).save({}, NOW)


def test_slots_alternate_and_the_newest_is_loaded():
    port = FakeObjectStore()
    store = opened(port)
    for number in (1, 2, 3):
        assert store.save({"n": number}, NOW) == number
    assert port.saves == [A, B, A]
    loaded = StateStore(port, PREFIX, live=False).load()
    assert (loaded.payload["n"], loaded.sequence, loaded.written_at, loaded.problems) == (3, 3, NOW, ())


def test_after_a_restart_the_older_slot_is_overwritten_first():
    port = FakeObjectStore()
    store = opened(port)
    store.save({"n": 1}, NOW)
    store.save({"n": 2}, NOW)
    again = opened(port)
    again.save({"n": 3}, NOW)
    assert port.saves[-1] == A


def test_a_refused_save_raises_and_keeps_the_slot_for_the_next_try():
    port = FakeObjectStore()
    store = opened(port)
    store.save({"n": 1}, NOW)
    port.refuse_next = 1
    with pytest.raises(StoreError, match="refused"):
        store.save({"n": 2}, NOW)
    assert store.sequence == 1
    store.save({"n": 3}, NOW)
    assert StateStore(port, PREFIX, live=False).load().payload["n"] == 3


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", "{}", "{\"format\":", "TORN", "FLIPPED", "RESUMMED"])
def test_one_unreadable_slot_is_reported_and_the_other_used(damage):
    port = FakeObjectStore()
    store = opened(port)
    store.save({"n": 1}, NOW)
    store.save({"n": 2}, NOW)
    newest = port.content[B]
    port.content[B] = {"TORN": newest[:-7], "FLIPPED": newest.replace('"n":2', '"n":3'),
                       "RESUMMED": newest.replace('{"checksum":"', '{"checksum":"0')}.get(damage, damage)
    loaded = StateStore(port, PREFIX, live=False).load()
    assert loaded.payload["n"] == 1
    assert len(loaded.problems) == 1 and loaded.problems[0].startswith(B)


def test_after_loading_around_a_bad_slot_the_bad_one_is_replaced():
    port = FakeObjectStore()
    store = opened(port)
    store.save({"n": 1}, NOW)
    store.save({"n": 2}, NOW)
    port.content[B] = "torn"
    again = opened(port)
    again.save({"n": 3}, NOW)
    assert port.saves[-1] == B
    assert StateStore(port, PREFIX, live=False).load().problems == ()


@pytest.mark.parametrize("absent", [True, False])
def test_nothing_readable_refuses_and_says_how_to_repair(absent):
    port = FakeObjectStore()
    store = opened(port)
    store.save({"n": 1}, NOW)
    store.save({"n": 2}, NOW)
    port.content[A] = "torn"
    if absent:
        port.content.pop(B)
    else:
        port.content[B] = "torn"
    with pytest.raises(StoreCorrupt, match="restore a backup"):
        StateStore(port, PREFIX, live=False).load()


@pytest.mark.parametrize("change", [{"format": "other"}, {"owner": "live/OTHER/tomking"}])
def test_a_file_that_is_not_ours_refuses_even_beside_a_good_one(change):
    port = FakeObjectStore()
    opened(port).save({"n": 1}, NOW)
    port.content[B] = json.dumps(json.loads(port.content[A]) | change)
    with pytest.raises(StoreError, match="not ours"):
        StateStore(port, PREFIX, live=False).load()


def test_a_newer_schema_refuses():
    port = FakeObjectStore()
    opened(port, schema_version=2).save({"n": 1}, NOW)
    with pytest.raises(StoreError, match="newer version"):
        StateStore(port, PREFIX, live=False, schema_version=1).load()


def test_a_state_of_the_first_schema_is_lifted_and_taken_over():
    parts = build(parse({"starting_phase": "2"}, live=False), ALL)
    parts.concentration.ask(SpyRequest(id="lt112/1:ENTRY:1", strategy="lt112", underlying="SPY", delta_per_unit=3.0,
                                       contracts=2, gamma_per_unit=-0.1, vega_per_unit=-9.0), 0.0, 2, False)
    first = _of_the_second_schema({name: part.facts() for name, part in parts.remembering().items()})
    del first["book"]["start_open"]
    first["book"]["equity_peak"], first["ledger"]["streak_from"] = 36_000.0, 0
    for row in first["concentration"]["reservations"]:
        del row["gamma_per_unit"], row["vega_per_unit"]
    port = FakeObjectStore()
    opened(port, schema_version=1).save(first, NOW)
    loaded = StateStore(port, PREFIX, live=False).load()
    again = build(parse({}, live=False), ALL)
    for name, part in again.remembering().items():
        part.restore(loaded.payload[name])
    assert loaded.migrated_from == 1 and again.phase.phase == 2 and again.book.start_open is False
    assert [(row.request.id, row.request.vega_per_unit) for row in again.concentration.reservations] == [
        ("lt112/1:ENTRY:1", 0.0)]


def _of_the_second_schema(facts):
    """The facts of today's components as they were stored before."""
    del facts["book"]["protection_day_start"], facts["book"]["protection_last"], facts["book"]["unfilled"]
    del facts["book"]["closing"]
    del facts["emergency"]["running"], facts["emergency"]["counted"]
    facts["emergency"]["losing"] = {"lt112/1": 3}
    del facts["phase"]["cost_scale"], facts["phase"]["at_cost"]
    facts["phase"]["worst_drawdown"] = 0.1
    return facts


def test_a_state_of_the_second_schema_is_lifted_and_the_first_mark_tells_what_protection_made():
    parts = build(parse({}, live=False), ALL)
    port = FakeObjectStore()
    opened(port, schema_version=2).save(_of_the_second_schema({
        name: part.facts() for name, part in parts.remembering().items()}), NOW)
    loaded = StateStore(port, PREFIX, live=False).load()
    for name, part in parts.remembering().items():
        part.restore(loaded.payload[name])
    assert loaded.migrated_from == 2 and parts.emergency.facts()["running"] == {"loss of lt112/1": 1}
    assert parts.book.protection_day_start is None
    parts.book.mark(36_000.0, -1_500.0)
    assert (parts.book.protection_day_start, parts.book.protection_last) == (-1_500.0, -1_500.0)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_orders_of_earlier_schemas_are_lifted_intents_on_their_way_have_no_worst_price(version):
    desk = entry_desk()
    desk.broker.fill(SHORT, 1)
    desk.broker.fill(LONG, 1)
    desk.executor.drain()
    facts = json.loads(json.dumps(desk.executor.facts()))
    rows = facts["works"]
    for row in rows:
        del row["intent"]["worst"], row["slippage_usd"], row["half_spread_usd"]
    port = FakeObjectStore()
    opened(port, schema_version=version).save({"executor": facts}, NOW)
    again = entry_desk().executor
    again.restore(StateStore(port, PREFIX, live=False).load().payload["executor"])
    expected = desk.executor.facts()
    for row in expected["works"]:
        row |= {"slippage_usd": 0.0, "half_spread_usd": 0.0}
    assert rows and again.facts() == expected


def test_migrations_are_applied_in_order_and_a_gap_refuses():
    port = FakeObjectStore()
    opened(port, schema_version=1).save({"n": 1}, NOW)
    steps = {1: lambda payload: payload | {"two": payload["n"] + 1},
             2: lambda payload: payload | {"three": payload["two"] + 1}}
    loaded = StateStore(port, PREFIX, live=False, schema_version=3, migrations=steps).load()
    assert loaded.payload == {"n": 1, "two": 2, "three": 3}
    assert loaded.migrated_from == 1
    with pytest.raises(StoreError, match="no migration"):
        StateStore(port, PREFIX, live=False, schema_version=3, migrations={2: steps[2]}).load()


@pytest.mark.parametrize("payload", [{"x": float("nan")}, {"x": float("inf")}, {"x": NOW}, {"x": {1, 2}}])
def test_what_is_not_plain_finite_json_is_refused_before_anything_is_written(payload):
    port = FakeObjectStore()
    store = opened(port)
    with pytest.raises(StoreError, match="plain finite JSON"):
        store.save(payload, NOW)
    assert port.content == {}


def test_live_saves_are_on_disk_when_they_return(tmp_path):
    port = FakeObjectStore(tmp_path)
    opened(port, live=True).save({"symbol": "é€"}, NOW)
    assert (tmp_path / A).read_text(encoding="utf-8") == port.content[A]


def test_a_live_save_that_did_not_reach_the_disk_raises(tmp_path):
    port = FakeObjectStore(tmp_path)
    store = opened(port, live=True)
    port.lose_flush = True
    with pytest.raises(StoreError, match="read back"):
        store.save({"n": 1}, NOW)
    (tmp_path / A).write_text("old", encoding="utf-8")
    with pytest.raises(StoreError, match="differently"):
        store.save({"n": 1}, NOW)


def test_the_state_of_another_account_is_not_taken_up():
    port = FakeObjectStore()
    opened(port, account="5WT00001").save({"n": 1}, NOW)
    assert "5WT00001" not in "".join(port.content.values())
    with pytest.raises(StoreError, match="of another account"):
        StateStore(port, PREFIX, live=False, account="5WT00002").load()
    assert StateStore(port, PREFIX, live=False, account="5WT00001").load().payload == {"n": 1}
    assert StateStore(port, PREFIX, live=False).load().payload == {"n": 1}       # the configuration names none


def test_a_state_of_which_the_account_was_not_known_is_taken_up():
    port = FakeObjectStore()
    opened(port).save({"n": 1}, NOW)
    assert StateStore(port, PREFIX, live=False, account="5WT00002").load().payload == {"n": 1}


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=10)


@given(some.dictionaries(some.text(max_size=5), json_values, max_size=4))
def test_any_json_comes_back_as_it_was(payload):
    port = FakeObjectStore()
    opened(port).save(payload, NOW)
    assert StateStore(port, PREFIX, live=False).load().payload == payload


@given(some.integers(min_value=0, max_value=400), some.characters(min_codepoint=32, max_codepoint=126))
def test_any_single_changed_character_is_noticed(place, character):
    port = FakeObjectStore()
    store = opened(port)
    store.save({"n": 1}, NOW)
    store.save({"n": 2}, NOW)
    text = port.content[B]
    place %= len(text)
    if text[place] == character:
        return
    port.content[B] = text[:place] + character + text[place + 1:]
    try:
        loaded = StateStore(port, PREFIX, live=False).load()
    except StoreError:
        return
    assert loaded.payload == {"n": 1}


def test_integer_keys_survive_as_text():
    port = FakeObjectStore()
    opened(port).save({"n": {10: "a", 9: "b"}}, NOW)
    assert StateStore(port, PREFIX, live=False).load().payload == {"n": {"10": "a", "9": "b"}}


def test_canonical_text_does_not_depend_on_order():
    assert canonical({"b": 1, "a": [1, 2]}) == canonical({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'
