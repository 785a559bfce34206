"""LEAN warns of a split in the session before: what is held on the underlying is gone by then, and nothing new comes."""
from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from local.broker_faults.lives import Lives
from tests.scenarios import order_world

EVE, SPLIT_DAY = date(2024, 7, 18), date(2024, 7, 19)
FACTORS = "20230101,1,0.5,400\n20240718,1,0.5,560\n20501231,1,1,0\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The two weeks of the order tests, with a split of SPY that nobody's calendar knows."""
    written, folder = order_world.data(), tmp_path / "data"
    factors = Path("equity/usa/factor_files/spy.csv")
    for parent in reversed(factors.parents):
        (folder / parent).mkdir(exist_ok=True)
        for entry in (written / parent).iterdir():
            if entry.relative_to(written) not in (factors, *factors.parents):
                (folder / parent / entry.name).symlink_to(entry)
    (folder / factors).write_text(FACTORS, encoding="utf-8")
    return folder


def begun(tmp_path: Path, data: Path) -> Lives:
    run = order_world.lives(tmp_path / "run", first=order_world.MONDAY, last=SPLIT_DAY)
    run.data = data
    assert run.whole(), run.error
    return run


def test_positions_are_closed_in_the_session_before_a_split(tmp_path: Path, data: Path) -> None:
    run = begun(tmp_path, data)
    told = [row for row in run.audit() if row["event"] == "SPLIT_AHEAD"]
    assert [(row["time"][:10], row["facts"]["tickers"]) for row in told] == [(EVE.isoformat(), ["SPY"])]
    exits = [(row["facts"]["strategy"], row["facts"]["reason"], datetime.fromisoformat(row["time"]))
             for row in run.audit() if row["event"] == "EXIT"]
    assert [(strategy, reason, moment.date()) for strategy, reason, moment in exits] == [("lt112", "SPLIT", EVE)]
    trades = [trade for trade in run.state()["ledger"]["trades"]]
    assert [(trade["exit_reason"], trade["forced"]) for trade in trades] == [("SPLIT", True)]
    assert not any(run.broker.log.holdings.values()), "LEAN would send market orders at the close, which the broker refuses"


def test_nothing_is_entered_once_a_split_is_known(tmp_path: Path, data: Path) -> None:
    run = begun(tmp_path, data)
    entered = [row["time"][:10] for row in run.audit() if row["event"] == "ENTER"]
    assert entered and max(entered) < EVE.isoformat()
    refused = {row["facts"]["code"] for row in run.audit() if row["event"] == "REFUSED"
               and row["time"][:10] in (EVE.isoformat(), SPLIT_DAY.isoformat())}
    assert "SPLIT_NEAR" in refused
