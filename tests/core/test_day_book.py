"""The day's book: what a day begins with, what flows do not move, what the operator accepts."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from core.day_book import DayBook
from core.errors import IntegrityError

MONDAY, TUESDAY = date(2024, 8, 5), date(2024, 8, 6)


def test_a_day_begins_with_the_last_equity_of_the_day_before() -> None:
    book = DayBook(35_000.0)
    assert book.roll(MONDAY)
    book.mark(34_000.0)
    assert book.roll(TUESDAY)
    assert book.equity_day_start == 34_000.0


def test_the_same_day_does_not_begin_twice() -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY)
    book.entered()
    assert not book.roll(MONDAY)
    assert book.entries == 1


def test_counts_and_flows_start_anew_each_day() -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY)
    book.entered()
    book.flow(1_000.0)
    book.roll(TUESDAY)
    assert (book.entries, book.flows_today) == (0, 0.0)


def test_the_peak_only_rises() -> None:
    book = DayBook(35_000.0)
    book.mark(36_000.0)
    book.mark(33_000.0)
    assert book.equity_peak == 36_000.0
    assert book.drawdown_share == pytest.approx(3_000.0 / 36_000.0)


@pytest.mark.parametrize("amount", [5_000.0, -5_000.0])
def test_a_flow_moves_neither_drawdown_amount_nor_result(amount: float) -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY)
    book.mark(36_000.0)
    book.mark(34_000.0)
    book.flow(amount)
    assert book.equity_peak - book.equity_last == 2_000.0
    assert book.equity_last - book.flows_today - book.equity_day_start == -1_000.0


def test_an_accepted_holding_is_not_quarantined_again() -> None:
    book = DayBook(35_000.0)
    assert book.quarantine(("B", "A"))
    assert book.accept_quarantined() == ("A", "B")
    assert not book.quarantine(("A",))
    assert book.quarantine(("A", "C"))
    assert book.quarantined == ("C",)


def test_facts_survive_the_store() -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY)
    book.mark(34_321.5)
    book.order_sent(datetime(2024, 8, 5, 10, 1))
    book.halted = "operator"
    book.quarantine(("X",))
    other = DayBook(1.0)
    other.restore(json.loads(json.dumps(book.facts())))
    assert other.facts() == book.facts()


def test_a_day_that_begins_below_zero_can_be_stored_and_begun_again() -> None:
    """An account below zero needs its guards more than any other: a restart must not be refused."""
    book = DayBook(35_000.0)
    book.roll(MONDAY)
    book.mark(-500.0)
    book.roll(TUESDAY)
    other = DayBook(1.0)
    other.restore(json.loads(json.dumps(book.facts())))
    assert other.equity_day_start == -500.0


@pytest.mark.parametrize("change", [{"equity_peak": 0.0}, {"equity_day_start": float("nan")}, {"entries": -1},
                                    {"flows_today": float("inf")}])
def test_impossible_facts_are_not_restored(change: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        DayBook(35_000.0).restore(DayBook(35_000.0).facts() | change)


@pytest.mark.parametrize("equity", [float("nan"), float("inf")])
def test_equity_that_is_no_number_is_refused(equity: float) -> None:
    with pytest.raises(IntegrityError):
        DayBook(35_000.0).mark(equity)


@pytest.mark.parametrize("equity", [0.0, -1.0, float("nan")])
def test_a_book_needs_positive_equity(equity: float) -> None:
    with pytest.raises(IntegrityError):
        DayBook(equity)
