"""Live, a provider may have no daily chain rows: what it lists by name stands in, openly, and own figures decide."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local.broker_faults.lives import Lives
from local.engine.algorithm.data import OptionChainProvider
from local.engine.market.chains import OptionChain
from tests.scenarios.order_world import FRIDAY, lives


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def begun(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Lives:
    """The Friday of the order tests, live, without a chain row."""
    run = lives(folder, live=True)
    engine = run.begin(at(9, 0))
    engine.initialize()

    def empty(symbol: Any, flatten: bool = False) -> OptionChain:
        return OptionChain(symbol, engine.algorithm.time, flatten)
    monkeypatch.setattr(engine.algorithm, "option_chain", empty)
    return run


def entries(run: Lives) -> dict[str, list[tuple[str, int]]]:
    """Strategy to the legs it asked for."""
    return {order.tag.partition("/")[0]: [(str(symbol), quantity) for symbol, quantity in order.legs]
            for order in run.broker.log.orders if ":ENTRY:" in order.tag}


def refusals(run: Lives) -> list[str]:
    return [row["facts"]["code"] for row in run.audit() if row["event"] == "REFUSED"]


def test_the_day_is_traded_by_names_as_it_is_by_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lives(tmp_path / "rows", live=True)
    assert whole.whole(), whole.error
    run = begun(tmp_path / "names", monkeypatch)
    assert run.run(), run.error
    assert entries(run) == entries(whole) and set(entries(run)) == {"friday_0dte", "lt112"}
    told = [row["facts"] for row in run.audit() if row["event"] == "CHAIN_BY_NAMES"]
    assert [facts["underlying"] for facts in told] == ["SPY"] and told[0]["contracts"] > 1000
    assert not [row for row in whole.audit() if row["event"] == "CHAIN_BY_NAMES"]


def test_a_provider_that_fails_stops_entries_until_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(tmp_path, monkeypatch)

    def broken(*_: Any) -> list[Any]:
        raise OSError("no route to the exchange")
    with monkeypatch.context() as while_broken:
        while_broken.setattr(OptionChainProvider, "get_option_contract_list", broken)
        assert run.run(at(10, 0)), run.error
    assert entries(run) == {} and "CHAIN_MISSING" in refusals(run)
    told = [row["facts"] for row in run.audit() if row["event"] == "CHAIN_LIST_FAILED"]
    assert told and told[0]["underlying"] == "SPY" and "no route" in told[0]["what"]
    assert run.run(), run.error
    assert "lt112" in entries(run)


def test_a_provider_that_lists_nothing_is_a_missing_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(tmp_path, monkeypatch)
    monkeypatch.setattr(OptionChainProvider, "get_option_contract_list", lambda *_: [])
    assert run.run(at(11, 0)), run.error
    assert entries(run) == {} and "CHAIN_MISSING" in refusals(run)
