"""What the open book would be worth: nothing where nothing moves, the exercise value at expiry, the model in between."""
from __future__ import annotations

from datetime import datetime

import pytest

from core.option_values import contract_price
from local.run_report import payoff
from local.run_report.charts import Charts
from tests.local.run_report.builders_report import make_book, make_report
from tests.local.run_report.test_page import cells

NOW = datetime(2024, 8, 9, 16)


def test_no_move_is_no_profit() -> None:
    legs, without = payoff.legs_of(make_book())
    assert payoff.change_usd(legs, 0.0, 0.0, NOW) == 0.0 and without == []


def test_a_short_put_spread_loses_its_width_at_worst_and_keeps_its_credit_at_best() -> None:
    legs, _ = payoff.legs_of(make_book())
    credit = 4 * 100 * (6.31 - 5.55)
    assert payoff.at_expiry_usd(legs, 0.10) == pytest.approx(credit)
    assert payoff.at_expiry_usd(legs, -0.20) == pytest.approx(credit - 4 * 100 * 5.0)


def test_at_once_is_the_models_change_times_the_contracts() -> None:
    legs, _ = payoff.legs_of(make_book())
    wanted = sum(leg.quantity * 100.0 * (contract_price(leg.contract, 530.0 * 0.95, leg.iv + 0.10, NOW)
                                         - contract_price(leg.contract, 530.0, leg.iv, NOW)) for leg in legs)
    assert payoff.change_usd(legs, -0.05, 0.10, NOW) == pytest.approx(wanted) and wanted < 0.0


def test_another_underlying_moves_by_its_beta() -> None:
    book = make_book()
    for leg in book["legs"]:
        leg["beta"] = 1.5
    legs, _ = payoff.legs_of(book)
    plain, _ = payoff.legs_of(make_book())
    assert payoff.change_usd(legs, -0.02, 0.0, NOW) == pytest.approx(payoff.change_usd(plain, -0.03, 0.0, NOW))


def test_shares_and_legs_without_a_volatility() -> None:
    book = make_book()
    share = {"underlying": "SPY", "expiry": "2024-08-09", "strike": 0.0, "right": "C", "kind": "equity", "multiplier": 1.0, "root": "",
             "future_expiry": None}
    book["legs"] = [book["legs"][0] | {"contract": share, "quantity": 100, "mark": 530.0, "iv": None},
                    book["legs"][0] | {"iv": None}, book["legs"][1] | {"mark": None}]
    legs, without = payoff.legs_of(book)
    assert payoff.change_usd(legs, 0.01, 0.2, NOW) == pytest.approx(100 * 5.30), "the option keeps its mark"
    assert without == ["SPY 241018P00495.000"]


def test_books_that_hold_nothing_say_so_and_others_have_a_grid() -> None:
    report = make_report(books=[make_book(), make_book(why="eve of the worst day", legs=[])])
    shown = payoff.payoff_section(Charts(), report)
    assert "Nothing was held." in shown
    unmoved = next(row for row in cells(shown) if row[0] == "as it is")
    assert unmoved[payoff.GRID_MOVES.index(0.0) + 1] == "+0" and len(cells(shown)) == len(payoff.GRID_POINTS)


def test_what_spy_did_next_is_told() -> None:
    report = make_report(books=[make_book(time="2024-08-01T16:00:00", spy=500.0)])
    closes = [mark["spy"] for mark in report["marks"] if mark["time"].startswith("2024-08-02")]
    assert f"SPY moved by {closes[-1] / 500.0 - 1.0:+.2%}" in payoff.payoff_section(Charts(), report)
