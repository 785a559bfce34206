"""What a run leaves for its report: marks with exposure and limits, warnings as they begin, results and plans."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from config.run_parameters import parse
from core.model import HeldLeg, Right, Snapshot
from helpers.atomic_order_executor import AtomicOrderExecutor
from helpers.shell.components import Components, build
from helpers.shell.run_record import RunRecord
from helpers.store.journal import Journal
from strategies import ALL
from tests.builders import FRIDAY, make_account, make_contract, make_position, make_quote, make_snapshot
from tests.helpers.orders.fake_broker import FakeBroker, FakeWriteAhead

CALL = make_contract(strike=545.0, right=Right.CALL, expiry=date(2024, 8, 23))


class Trail:
    """An audit trail that keeps what is told besides the marks."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def append(self, _time: Any, event: str, facts: dict[str, Any]) -> None:
        if event != "MARK":
            self.told.append((event, dict(facts)))

    def flush(self) -> None:
        pass


@pytest.fixture
def made() -> tuple[RunRecord, Components, Trail]:
    run = parse({"starting_phase": "1"}, live=False)
    trail, managers = Trail(), build(run, ALL)
    parts = managers.with_executor(AtomicOrderExecutor(FakeBroker(), FakeWriteAhead(), managers.states))
    return RunRecord(parts, Journal(lambda line: None, trail), run), parts, trail


def holding(contracts: int, minutes: int = 0) -> Snapshot:
    """Calls at the money, each about half a delta, in phase 1 (limit 300 share-equivalents)."""
    now = FRIDAY + timedelta(minutes=minutes)
    held = make_position(HeldLeg(contract=CALL, quantity=contracts, average_price=8.02)) if contracts else None
    return make_snapshot(now, phase=1, account=make_account(400_000.0), positions=(held,) if held else (),
                         quotes={CALL.id: make_quote(8.00, 8.04, now)})


def test_a_mark_shows_the_use_of_the_delta_limit(made: tuple[RunRecord, Components, Trail]) -> None:
    record, _, trail = made
    record.mark(holding(4), {})
    row, = record.document(FRIDAY)["marks"]
    assert row["spy_delta_used_share"] == pytest.approx(row["spy_delta"] / 300.0, abs=1e-4)
    assert 0.6 < row["spy_delta_used_share"] < 0.75
    assert "correlation" not in row and trail.told == []
    nearest = record.document(FRIDAY)["closest_approach"]["SPY delta limit"]
    assert (nearest["value"], nearest["threshold"]) == (pytest.approx(row["spy_delta_used_share"], abs=1e-4), 1.0)


def test_a_limit_that_comes_near_is_told_when_it_begins(made: tuple[RunRecord, Components, Trail]) -> None:
    record, _, trail = made
    for minute, contracts in enumerate((4, 5, 5, 0, 5)):
        record.mark(holding(contracts, minute), {})
    assert [(event, facts["limit_name"]) for event, facts in trail.told] == 2 * [
        ("LIMIT_WARNING", "greek_delta"), ("LIMIT_WARNING", "spy_concentration")]
    warnings = record.document(FRIDAY)["warnings"]
    assert [item["time"][14:16] for item in warnings] == ["01", "01", "04", "04"] and warnings[1]["limit"] == 300.0
    assert 225.0 <= warnings[1]["value"] < 300.0


def test_limits_that_cannot_be_computed_are_told_and_left_out(made: tuple[RunRecord, Components, Trail]) -> None:
    record, _, trail = made
    record.mark(make_snapshot(phase=9), {})
    assert [event for event, _ in trail.told] == ["CANNOT_COMPUTE"]
    assert "spy_delta_used_share" not in record.document(FRIDAY)["marks"][0]


def test_a_check_that_moved_the_account_leaves_a_mark_of_its_own(made: tuple[RunRecord, Components, Trail]) -> None:
    record, _, _ = made
    at = [(0, 100_000.0, True), (5, 100_500.0, False), (10, 100_500.01, False), (15, 100_010.0, False),
          (20, 99_998.0, False), (25, 99_997.4, False), (30, 99_997.4, True)]
    for minutes, equity, due in at:
        now = FRIDAY + timedelta(minutes=minutes)
        record.observe(make_snapshot(now, account=make_account(equity)), {}, due=due)
    marks = record.document(FRIDAY)["marks"]
    # half a per cent exactly is not more; each step is from the mark before
    assert [mark["equity"] for mark in marks] == [100_000.0, 100_500.01, 99_997.4, 99_997.4]


def test_the_first_check_of_a_day_is_measured_from_the_days_beginning(made: tuple[RunRecord, Components, Trail]) -> None:
    record, _, _ = made
    moved = replace(make_account(100_600.0), equity_day_start=100_000.0)
    record.observe(make_snapshot(account=replace(moved, equity=100_400.0)), {}, due=False)
    assert record.document(FRIDAY)["marks"] == []
    record.observe(make_snapshot(account=moved), {}, due=False)
    assert len(record.document(FRIDAY)["marks"]) == 1


def test_a_mark_tells_what_each_strategy_holds_and_has_made(made: tuple[RunRecord, Components, Trail]) -> None:
    record, parts, _ = made
    seen = holding(4)
    held, = seen.positions
    record.observe(seen, {held.id: -125.5}, due=True)
    row, = record.document(FRIDAY)["marks"]
    one = row["strategies"][held.strategy]
    assert (one["positions"], one["open_usd"], one["spy_delta"]) == (1, -125.5, row["spy_delta"])
    assert one["margin"] == parts.margin.margin_of(held, seen.quotes, seen.underlyings, day=FRIDAY.date())
    assert row["spy"] == seen.price("SPY")


def test_worst_and_best_of_a_position_are_kept_with_their_times(made: tuple[RunRecord, Components, Trail]) -> None:
    record, _, _ = made
    for minute, usd in enumerate((-10.0, 40.0, -30.0, 20.0)):
        record.observe(holding(4, minute), {"a": usd}, due=False)
    row, = record.document(FRIDAY)["positions"]
    assert (row["worst"]["usd"], row["worst"]["time"][14:16]) == (-30.0, "02")
    assert (row["best"]["usd"], row["best"]["time"][14:16]) == (40.0, "01")


def test_the_book_of_the_eve_of_the_worst_day_is_kept(made: tuple[RunRecord, Components, Trail]) -> None:
    record, _, _ = made
    for day, contracts, result in ((0, 4, 0.0), (3, 5, -0.02), (4, 6, -0.01), (5, 7, 0.01)):
        now = (FRIDAY + timedelta(days=day)).replace(hour=16, minute=0)
        calendar = replace(make_snapshot(FRIDAY).calendar, today=now.date(), session_close=now)
        account = replace(make_account(100_000.0), equity_day_start=100_000.0 / (1.0 + result))
        record.observe(replace(holding(contracts), time=now, calendar=calendar, account=account), {}, due=True)
    books = {book["why"]: [leg["quantity"] for leg in book["legs"]] for book in record.document(FRIDAY)["books"]}
    assert books == {"eve of the worst day": [4], "last close": [7]}


def test_results_plans_and_held_positions_are_plain_json(made: tuple[RunRecord, Components, Trail]) -> None:
    record, parts, _ = made
    parts.ledger.mark(date(2024, 7, 25), 35_500.0)
    parts.ledger.mark(date(2024, 7, 26), 35_300.0)
    document = json.loads(json.dumps(record.document(FRIDAY), allow_nan=False))
    assert document["results"] == {"closed": {"day": {}, "month": {}, "strategy": {}},
                                   "account": {"day": {"2024-07-25": 500.0, "2024-07-26": -200.0}, "month": {"2024-07": 300.0},
                                               "return": {"2024-07-25": 0.014286, "2024-07-26": -0.005634},
                                               "equity": {"2024-07-25": 35_500.0, "2024-07-26": 35_300.0}}}
    assert document["planned"]["lt112"]["planned_win_rate"] == 0.73 and len(document["planned"]) == 10
    assert document["equity_statistics"]["days"] == 2 and document["equity_statistics"]["value_at_risk_share"] is None
