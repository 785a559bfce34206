"""A volatility index that has fallen silent: its last print ranks nothing once a whole session has passed."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from local.broker_faults import market
from local.broker_faults.broker import FaultyBroker
from local.broker_faults.faults import VixLost
from local.broker_faults.lives import Lives
from local.broker_faults.plan import always
from local.data import scenario
from local.data.writer import ensure_data
from tests.scenarios.order_world import PARAMETERS, PROJECT

TUESDAY, THURSDAY = date(2024, 7, 16), date(2024, 7, 18)


def test_the_last_print_counts_for_one_session_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market, "VIX", "VXN")       # the fault silences QQQ's index instead, from Wednesday on
    found = replace(scenario.load(str(PROJECT / "tests" / "scenarios" / "faults.toml")), levels=(("QQQ", 480.0),))
    known = (*always(), VixLost(start=datetime(2024, 7, 17), end=datetime(2024, 7, 19)))
    run = Lives(project=PROJECT, data=ensure_data(found, PROJECT / ".cache" / "data", underlyings=("SPY", "VIX", "QQQ", "VXN")),
                out=tmp_path, broker=FaultyBroker(known, fills_after=1), first=TUESDAY, last=THURSDAY, faults=known,
                parameters=dict(PARAMETERS) | {"strategies": "ipmcc"}, live=False)
    run.begin()
    seen = {}
    for day in (16, 17, 18):
        assert run.run(datetime(2024, 7, day, 10, 0)), run.error
        seen[day] = run.engine.algorithm.shell._gateway.underlying("QQQ").iv
    assert seen[16] is not None and seen[17] is not None and seen[16].current != seen[17].current
    assert seen[18] is None
