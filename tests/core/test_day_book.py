"""The day's book: what a day begins with, what flows do not move, what the operator accepts."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from core.day_book import DayBook
from core.errors import IntegrityError

FRIDAY, MONDAY, TUESDAY = date(2024, 8, 2), date(2024, 8, 5), date(2024, 8, 6)


def test_a_day_begins_with_the_last_equity_of_the_day_before() -> None:
    book = DayBook(35_000.0)
    assert book.roll(MONDAY, previous_session=FRIDAY)
    book.mark(34_000.0, 0.0)
    assert book.roll(TUESDAY, previous_session=MONDAY)
    assert book.equity_day_start == 34_000.0


def test_after_days_nobody_marked_a_day_begins_with_the_better_of_what_is_known() -> None:
    """What was made while the process was away must not pay for what is lost today."""
    for first, start in ((36_000.0, 36_000.0), (34_000.0, 35_000.0)):
        book = DayBook(35_000.0)
        book.roll(MONDAY, previous_session=FRIDAY)
        book.mark(35_000.0, 0.0)
        book.roll(date(2024, 8, 8), previous_session=date(2024, 8, 7))
        book.mark(first, 0.0)
        book.mark(33_000.0, 0.0)
        book.mark(37_000.0, 0.0)
        assert book.equity_day_start == start, first


def test_a_night_belongs_to_the_day_when_the_session_before_was_marked() -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    book.mark(35_000.0, 0.0)
    book.roll(TUESDAY, previous_session=MONDAY)
    book.mark(36_000.0, 0.0)
    assert book.equity_day_start == 35_000.0


def test_a_restart_before_the_first_mark_still_waits_for_it() -> None:
    book, other = DayBook(35_000.0), DayBook(1.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    book.roll(date(2024, 8, 8), previous_session=date(2024, 8, 7))
    other.restore(json.loads(json.dumps(book.facts())))
    assert not other.roll(date(2024, 8, 8), previous_session=date(2024, 8, 7))
    other.mark(36_000.0, 0.0)
    assert other.equity_day_start == 36_000.0


def test_entries_that_ended_unfilled_are_counted_by_strategy_until_the_day_is_over() -> None:
    book, other = DayBook(35_000.0), DayBook(1.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    for minute, name in ((3, "lt112"), (8, "ratio"), (30, "lt112")):
        book.ended_unfilled(name, datetime(2024, 8, 5, 10, minute))
    assert book.unfilled == {"lt112": (2, datetime(2024, 8, 5, 10, 30)), "ratio": (1, datetime(2024, 8, 5, 10, 8))}
    other.restore(json.loads(json.dumps(book.facts())))
    assert other.unfilled == book.unfilled
    other.roll(TUESDAY, previous_session=MONDAY)
    assert other.unfilled == {} and other.facts()["unfilled"] == {}


def test_what_is_to_be_closed_stands_until_it_is_flat_over_days_and_lives() -> None:
    book, other = DayBook(35_000.0), DayBook(1.0)
    book.close_until_flat(["lt112", "ratio"], "OPERATOR_FLATTEN")
    book.close_until_flat(["hedge", "ratio"], "OPERATOR_LIQUIDATE")
    book.roll(MONDAY, previous_session=FRIDAY)
    other.restore(json.loads(json.dumps(book.facts())))
    assert other.closing == {"lt112": "OPERATOR_FLATTEN", "ratio": "OPERATOR_LIQUIDATE", "hedge": "OPERATOR_LIQUIDATE"}
    other.end_closing(["ratio", "calendar"])
    assert set(other.closing) == {"lt112", "hedge"}


def test_what_protection_makes_overnight_belongs_to_the_day_too() -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    assert book.protection_day_start == 0.0
    book.mark(34_000.0, -900.0)
    book.roll(TUESDAY, previous_session=MONDAY)
    book.mark(35_000.0, 400.0)
    assert (book.equity_day_start, book.protection_day_start, book.protection_last) == (34_000.0, -900.0, 400.0)


@pytest.mark.parametrize("first, made, start, protection", [
    (36_000.0, 500.0, 36_000.0, 500.0), (34_000.0, -500.0, 35_000.0, 0.0), (36_000.0, 2_000.0, 36_000.0, 1_000.0),
    (34_000.0, -2_000.0, 35_000.0, -1_000.0)])
def test_after_days_nobody_marked_both_results_begin_with_the_better(first: float, made: float, start: float,
                                                                     protection: float) -> None:
    """The account's own, and that of the book without protection: 35,000 was known of both."""
    book = DayBook(35_000.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    book.mark(35_000.0, 0.0)
    book.roll(date(2024, 8, 8), previous_session=date(2024, 8, 7))
    book.mark(first, made)
    assert (book.equity_day_start, book.protection_day_start) == (start, protection)


def test_the_same_day_does_not_begin_twice() -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    book.entered()
    assert not book.roll(MONDAY, previous_session=FRIDAY)
    assert book.entries == 1


def test_counts_and_flows_start_anew_each_day() -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    book.entered()
    book.flow(1_000.0)
    book.roll(TUESDAY, previous_session=MONDAY)
    assert (book.entries, book.flows_today) == (0, 0.0)


def test_a_new_account_begins_with_its_own_value() -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    book.mark(36_000.0, 0.0)
    assert book.equity_day_start == 35_000.0


@pytest.mark.parametrize("amount", [5_000.0, -5_000.0])
def test_a_flow_does_not_move_the_days_result(amount: float) -> None:
    book = DayBook(35_000.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    book.mark(36_000.0, 0.0)
    book.mark(34_000.0, 0.0)
    book.flow(amount)
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
    book.roll(MONDAY, previous_session=FRIDAY)
    book.mark(34_321.5, -12.5)
    book.order_sent(datetime(2024, 8, 5, 10, 1))
    book.halted = "operator"
    book.quarantine(("X",))
    other = DayBook(1.0)
    other.restore(json.loads(json.dumps(book.facts())))
    assert other.facts() == book.facts()


def test_a_day_that_begins_below_zero_can_be_stored_and_begun_again() -> None:
    """An account below zero needs its guards more than any other: a restart must not be refused."""
    book = DayBook(35_000.0)
    book.roll(MONDAY, previous_session=FRIDAY)
    book.mark(-500.0, 0.0)
    book.roll(TUESDAY, previous_session=MONDAY)
    other = DayBook(1.0)
    other.restore(json.loads(json.dumps(book.facts())))
    assert other.equity_day_start == -500.0


@pytest.mark.parametrize("change", [{"equity_day_start": float("nan")}, {"entries": -1}, {"day": "soon"},
                                    {"quarantined": None}, {"equity_last": None}, {"last_entry": 5},
                                    {"flows_today": float("inf")}, {"protection_last": float("nan")},
                                    {"protection_day_start": "much"}])
def test_impossible_facts_are_not_restored(change: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        DayBook(35_000.0).restore(DayBook(35_000.0).facts() | change)


@pytest.mark.parametrize("equity", [float("nan"), float("inf")])
def test_equity_that_is_no_number_is_refused(equity: float) -> None:
    with pytest.raises(IntegrityError):
        DayBook(35_000.0).mark(equity, 0.0)
    with pytest.raises(IntegrityError):
        DayBook(35_000.0).mark(35_000.0, equity)


@pytest.mark.parametrize("equity", [0.0, -1.0, float("nan")])
def test_a_book_needs_positive_equity(equity: float) -> None:
    with pytest.raises(IntegrityError):
        DayBook(equity)
