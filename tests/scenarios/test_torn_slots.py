"""The newest slot of a document is lost with the process: it costs its newest state, and nothing else."""
from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from local.broker_faults.lives import Lives
from tests.scenarios.order_world import lives
from tests.scenarios.test_restart import EVENTS_OF_THE_DAY, at, found, shorts, uninterrupted

MOMENTS = ((9, 48), (9, 50), (9, 51), (9, 53), (12, 0), (13, 44), (13, 45), (15, 45))
MANAGERS, ORDERS = "the managers' document", "the orders' document"
QUICK_MOMENTS, QUICK_EVENTS = {(9, 50), (9, 51), (13, 44)}, {1, 5, 6, 13}
TEXTS = {"torn": lambda text: text[:len(text) // 2], "empty": lambda text: "", "absent": None}


def swept(values, quick):
    """All of them, a few in the quick tests."""
    return [pytest.param(value, id=str(value), marks=() if value in quick else pytest.mark.long) for value in values]


def newest_slot(run: Lives, document: str) -> Path | None:
    """Path of a document's newest slot; None before a second one is written (a first that is lost leaves nothing)."""
    slots = [path for path in (run.out / "storage").rglob("state-?.json")
             if (path.parent.name == "orders") is (document == ORDERS)]
    if len(slots) < 2:
        return None
    return max(slots, key=lambda path: json.loads(path.read_text(encoding="utf-8"))["sequence"])


def lose(run: Lives, document: str, how: str) -> bool:
    path = newest_slot(run, document)
    if path is None:
        return False
    change = TEXTS[how]
    if change is None:
        path.unlink()
    else:
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return True


def settled(run: Lives, live: bool) -> None:
    assert found(run) == []
    assert shorts(run) == shorts(uninterrupted(live))


@pytest.mark.parametrize("document", (MANAGERS, ORDERS))
@pytest.mark.parametrize("moment", swept(MOMENTS, QUICK_MOMENTS))
def test_a_slot_lost_at_a_minute_of_a_live_day(tmp_path, moment, document):
    run = lives(tmp_path, live=True)
    run.begin()
    assert run.run(at(*moment)), run.error
    died = run.die()
    assert lose(run, document, "torn") or (document, moment) == (ORDERS, MOMENTS[0]), "before any order"
    run.begin(died + timedelta(minutes=1))
    assert run.run(), run.error
    settled(run, True)


@pytest.mark.parametrize("document", (MANAGERS, ORDERS))
@pytest.mark.parametrize("event", swept(range(1, EVENTS_OF_THE_DAY + 1), QUICK_EVENTS))
def test_a_slot_lost_after_an_order_event(tmp_path, event, document):
    run = lives(tmp_path, live=True)
    run.broker.brokerage.crash_after_event = event
    run.begin()
    assert not run.run() and not run.error
    died = run.die()
    assert lose(run, document, ("torn", "empty", "absent")[event % 3]) or event == 1
    run.begin(died + timedelta(minutes=1))
    assert run.run(), run.error
    settled(run, True)
