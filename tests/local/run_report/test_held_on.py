"""Forced closes against holding on: worked out by hand from a small data folder."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.run_report import held_on
from local.run_report.closes import ChainCloses, FolderUniverses
from tests.local.run_report.builders_report import make_log, make_report, make_trade

SHORT, LONG = "SPY 240816P00500.000", "SPY 240816P00495.000"
DAYS = {"20240805": (517.0, 9.0, 7.0), "20240806": (522.0, 6.0, 4.6), "20240807": (518.0, 5.0, 4.0), "20240808": (530.0, 2.0, 1.5),
        "20240809": (532.0, 1.0, 0.8), "20240812": (533.0, 0.5, 0.4), "20240816": (498.0, 2.1, 0.1), "20240819": (560.0, 0.0, 0.0)}
HEAD = "#expiry,strike,right,open,high,low,close,volume,open_interest\n"


@pytest.fixture
def data(tmp_path: Path) -> FolderUniverses:
    folder = tmp_path / "option" / "usa" / "universes" / "spy"
    folder.mkdir(parents=True)
    for day, (spot, short, long) in DAYS.items():
        (folder / f"{day}.csv").write_text(f"{HEAD},,,{spot},{spot},{spot},{spot},1,\n20240816,500,P,1,1,1,{short},1,1\n"
                                           f"20240816,495,P,1,1,1,{long},1,1\n", encoding="utf-8")
    return FolderUniverses(tmp_path)


def report(last: str = "2024-08-20T16:00:00", **trade: Any) -> dict[str, Any]:
    """Four short put spreads sold at 1.00, bought back at 2.50 by a guard on the morning of the 5th."""
    fill = dict(time="2024-07-02T10:15:00", contract=SHORT, quantity=-4, price=6.0, fee=4.0, purpose="ENTRY")
    log = make_log(id="a", fills=[fill, fill | {"contract": LONG, "quantity": 4, "price": 5.0},
                                  fill | {"time": "2024-08-05T09:36:00", "quantity": 4, "price": 9.5, "purpose": "EXIT"},
                                  fill | {"time": "2024-08-05T09:36:00", "contract": LONG, "quantity": -4, "price": 7.0,
                                          "purpose": "EXIT"}],
                   changes=[{"time": "2024-08-05T09:35:00", "purpose": "EXIT", "reason": "x", "quantity": 4, "legs": []}])
    closed = make_trade(id="a", strategy="lt112", closed="2024-08-05T09:36:00", forced=True, units=4, pnl_usd=-616.0) | trade
    found = make_report(trades=[closed], positions=[log])
    return found | {"marks": [*found["marks"], found["marks"][-1] | {"time": last}]}


def test_held_on_is_the_cash_so_far_and_the_days_closes(data: FolderUniverses) -> None:
    row, = held_on.forced_closes(report(), data)
    cash = 4 * 100 * (6.0 - 5.0) - 8.0
    assert (row["made_usd"], row["reason"]) == (-616.0, "PROFIT_TARGET")
    assert row["held_on"] == {"day": cash - 400 * 2.0, "week": cash - 400 * (0.5 - 0.4), "end": cash - 400 * 2.0}, \
        "at the end the short put has expired 2 in the money, the long one worthless"


def test_the_end_of_a_run_comes_before_expiry(data: FolderUniverses) -> None:
    row, = held_on.forced_closes(report(last="2024-08-09T16:00:00"), data)
    assert row["held_on"]["end"] == row["held_on"]["week"] == pytest.approx(392.0 - 400 * 0.2)


def test_only_forced_closes_of_known_result_are_measured(data: FolderUniverses) -> None:
    assert held_on.forced_closes(report(forced=False), data) == held_on.forced_closes(report(result_known=False), data) == []


def test_a_leg_the_folder_does_not_have_is_not_guessed(data: FolderUniverses) -> None:
    found = report()
    found["positions"][0]["fills"][0]["contract"] = "QQQ 240816P00500.000"
    row, = held_on.forced_closes(found, data)
    assert set(row["held_on"].values()) == {None}


def test_shares_count_by_themselves(data: FolderUniverses) -> None:
    found = report()
    fills = found["positions"][0]["fills"]
    found["positions"][0]["fills"] = [fills[0] | {"contract": "SPY", "quantity": 100, "price": 500.0, "fee": 0.0}]
    row, = held_on.forced_closes(found, data)
    assert row["held_on"]["day"] == 100 * (517.0 - 500.0)


def test_an_option_on_a_future_is_found_in_its_month(tmp_path: Path) -> None:
    for month, expiry in (("202409", "20240814"), ("202410", "20240917")):
        folder = tmp_path / "futureoption" / "nymex" / "universes" / "lo" / month
        folder.mkdir(parents=True)
        (folder / "20240805.csv").write_text(f"{HEAD},,,70,70,70,70,1,\n{expiry},66,P,1,1,1,1.64,1,1\n", encoding="utf-8")
    chains = ChainCloses(FolderUniverses(tmp_path))
    assert held_on._price("/CL@240920 240917P00066.000", held_on.date(2024, 8, 5), chains) == 1.64
    assert held_on._price("/CL@240920 241017P00066.000", held_on.date(2024, 8, 5), chains) is None


def test_rows_are_kept_and_read(data: FolderUniverses, tmp_path: Path) -> None:
    assert held_on.read(tmp_path) is None
    held_on.write(tmp_path, report(), data)
    assert held_on.read(tmp_path) == json.loads(json.dumps(held_on.forced_closes(report(), data)))
