from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from core.errors import StoreError
from helpers.store.audit_trail import SegmentedAudit
from tests.helpers.store.fake_store import LEAN_KEY, FakeObjectStore

NOW = datetime(2024, 8, 5, 10, 0)
PREFIX = "live/ACCT1/tomking"


def opened(store: FakeObjectStore, **keywords: int) -> SegmentedAudit:
    audit = SegmentedAudit(store, **keywords)
    audit.open(PREFIX)
    return audit


def test_nothing_is_kept_before_the_runs_keys_are_known():
    with pytest.raises(StoreError, match="open before"):
        SegmentedAudit(FakeObjectStore()).append(NOW, "FILL", {})


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_records_of_a_day_share_a_segment_and_a_new_day_begins_one(tmp_path):
    store = FakeObjectStore(tmp_path)
    audit = opened(store)
    audit.append(NOW, "FILL", {"n": 1})
    audit.append(NOW, "FILL", {"n": 2})
    audit.append(NOW + timedelta(days=1), "FILL", {"n": 3})
    audit.flush()
    first, second = (f"{PREFIX}/audit/20240805-0001.jsonl", f"{PREFIX}/audit/20240806-0001.jsonl")
    assert set(store.content) == {first, second} and all(LEAN_KEY.match(key) for key in store.content)
    assert lines(store.content[first]) == [{"time": "2024-08-05T10:00:00", "event": "FILL", "facts": {"n": n}}
                                           for n in (1, 2)]
    assert (tmp_path / second).read_text(encoding="utf-8") == store.content[second]


def test_a_segment_is_bounded_and_never_touched_again_once_full(tmp_path):
    store = FakeObjectStore(tmp_path)
    audit = opened(store, segment_bytes=200)
    for number in range(20):
        audit.append(NOW, "FILL", {"n": number})
    audit.flush()
    assert len(store.content) > 3
    assert all(len(text) <= 200 + 80 for text in store.content.values())
    kept = [record["facts"]["n"] for key in sorted(store.content) for record in lines(store.content[key])]
    assert kept == list(range(20))


def test_a_restart_leaves_earlier_segments_alone(tmp_path):
    store = FakeObjectStore(tmp_path)
    for number in (1, 2):
        audit = opened(store)
        audit.append(NOW, "START", {"life": number})
        audit.flush()
    assert [lines(store.content[key])[0]["facts"]["life"] for key in sorted(store.content)] == [1, 2]


def test_a_refused_segment_raises_and_is_written_later(tmp_path):
    store = FakeObjectStore(tmp_path)
    audit = opened(store)
    audit.append(NOW, "FILL", {"n": 1})
    store.refuse_next = 1
    with pytest.raises(StoreError, match="refused"):
        audit.flush()
    audit.flush()
    assert len(store.content) == 1
    audit.flush()
    assert len(store.saves) == 1


def test_a_full_segment_that_is_refused_grows_on_and_loses_nothing(tmp_path):
    """Records come from the middle of decisions: none of them may fail because a disk is full."""
    store = FakeObjectStore(tmp_path)
    audit = opened(store, segment_bytes=100)
    store.refuse_next = 3
    for number in range(4):
        audit.append(NOW + timedelta(days=number // 3), "FILL", {"n": number})
    audit.append(NOW + timedelta(days=1), "FILL", {"n": 4})
    audit.flush()
    kept = [record["facts"]["n"] for key in sorted(store.content) for record in lines(store.content[key])]
    assert kept == list(range(5))


@pytest.mark.parametrize("facts", [{"x": float("nan")}, {"x": NOW}])
def test_records_are_plain_finite_json(facts):
    with pytest.raises(StoreError):
        opened(FakeObjectStore()).append(NOW, "FILL", facts)
