"""One round of the guards: what they cannot judge halts entries, neither silences the other, what they ask for is closed."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from config.run_parameters import parse
from core.model import ContractKind, EmergencyLevel, HeldLeg, Position, Right, Snapshot, State
from helpers.shell.components import build
from helpers.shell.risk_round import RiskRound
from helpers.shell.run_record import RunRecord
from helpers.store.journal import Journal
from risk.august_2024_correlation_limiter import CORR_TOO_SHORT
from risk.circuit_breakers import THIRD
from strategies import ALL
from tests.builders import (FRIDAY, make_account, make_contract, make_position, make_quote, make_snapshot,
                            make_underlying, make_vix)
from tests.strategies.worlds import shares_of

EQUITY = 65_000.0
SHORT = make_contract(500.0, Right.PUT, date(2024, 11, 15))
LONG = make_contract(495.0, Right.PUT, date(2024, 11, 15))
QUOTES = {SHORT.id: make_quote(4.00, 4.20), LONG.id: make_quote(3.40, 3.60)}


def spread(key: str = "lt112/1", **overrides: Any) -> Position:
    legs = (HeldLeg(contract=SHORT, quantity=-1, average_price=4.1), HeldLeg(contract=LONG, quantity=1, average_price=3.5))
    return make_position(*legs, **{"id": key, "entry_price": -0.6, "cash_flow_usd": 60.0, "fees_usd": 0.0} | overrides)


def covered() -> Position:
    """A LEAP with a weekly call sold against it: the LEAP stays, the weekly is bought back."""
    leap = make_contract(440.0, Right.CALL, date(2025, 9, 19))
    weekly = make_contract(560.0, Right.CALL, date(2024, 8, 2))
    return make_position(HeldLeg(contract=leap, quantity=1, average_price=120.0),
                         HeldLeg(contract=weekly, quantity=-1, average_price=1.0), id="ipmcc/1", strategy="ipmcc",
                         entry_price=119.0, cash_flow_usd=-11_900.0, fees_usd=0.0)


class Round:
    """The round over the real guards; what it tells and asks for is noted."""

    def __init__(self, phase: int = 3) -> None:
        run = parse({"cash": str(EQUITY), "starting_phase": str(phase)}, live=False)
        self.executor = SimpleNamespace(working_positions=(), halted_by=())
        self.parts = build(run, ALL).with_executor(self.executor)
        self.told: list[tuple[str, dict[str, Any]]] = []
        audit = SimpleNamespace(append=lambda time, name, facts: self.told.append((name, dict(facts))))
        self.journal = Journal(lambda line: None, audit)
        self.record = RunRecord(self.parts, self.journal, run)
        self.defended: list[tuple[list[str], str]] = []
        self.bought_back: list[list[str]] = []
        rounds = SimpleNamespace(
            defend=lambda positions, reason, now: self.defended.append(([one.id for one in positions], reason)),
            buy_back=lambda positions, reason: self.bought_back.append([one.id for one in positions]))
        self.risk = RiskRound(self.parts, rounds, self.journal, self.record)

    def check(self, *positions: Position, minute: int = 0, lost: float = 0.0, held: dict[str, int] | None = None,
              **overrides: Any) -> Snapshot:
        """One check ``minute`` minutes after eleven, with a share of the day's equity ``lost``."""
        now = FRIDAY + timedelta(minutes=minute)
        owned: dict[str, int] = {}
        for position in positions:
            for leg in position.legs:
                owned[leg.contract.id] = owned.get(leg.contract.id, 0) + leg.quantity
        quotes = {key: replace(quote, time=now) for key, quote in QUOTES.items()}
        account = make_account(EQUITY * (1.0 - lost), equity_day_start=EQUITY)
        snapshot = make_snapshot(now, **{"positions": positions, "quotes": quotes, "account": account,
                                         "holdings": owned if held is None else held} | overrides)
        self.risk.check(snapshot)
        return snapshot

    def names(self) -> list[str]:
        return [name for name, _ in self.told if name not in ("MARK", "CORRELATION")]


# --- when a check is due


@pytest.mark.parametrize("clock, due", [((11, 0), True), ((11, 3), False), ((11, 5), True), ((11, 9), False)])
def test_checks_are_due_every_five_minutes_on_the_minute(clock: tuple[int, int], due: bool) -> None:
    world = Round()
    world.check()
    world.risk._checked = FRIDAY.replace(hour=clock[0], minute=clock[1]) - timedelta(minutes=1)
    assert world.risk.due(FRIDAY.replace(hour=clock[0], minute=clock[1])) is due


def test_the_first_check_of_a_life_is_due_at_once_and_one_without_data_is_made_up_for() -> None:
    world = Round()
    assert world.risk.due(FRIDAY.replace(minute=3))
    world.check(minute=0)
    assert not world.risk.due(FRIDAY.replace(minute=4)) and world.risk.due(FRIDAY.replace(minute=6))
    assert not world.risk.due(datetime(2024, 7, 29, 9, 31)), "the night is no gap in the data"


def test_in_trouble_a_check_is_due_every_minute() -> None:
    world = Round()
    world.check(spread(), lost=0.01)
    assert world.risk.trouble and world.risk.due(FRIDAY.replace(minute=1))


# --- what cannot be computed


def test_a_calm_check_clears_what_a_life_begins_blind_with() -> None:
    world = Round()
    assert world.parts.blind
    world.check(spread())
    assert world.parts.blind is None and world.names() == [] and world.defended == []


def test_a_guard_that_cannot_compute_halts_entries_and_silences_no_other() -> None:
    world = Round()
    for minute in (0, 1):
        world.check(spread(), minute=minute, account=make_account(0.0, equity_day_start=EQUITY))
    assert world.parts.blind.startswith("breakers: ") and "RISK_BLIND" in world.names()
    assert world.parts.emergency.report.level is EmergencyLevel.RED and world.defended[0][0] == ["lt112/1"]
    world.check(spread(), minute=5)
    assert world.parts.blind is None


def test_both_guards_can_be_blind_and_both_are_named() -> None:
    world = Round()
    nothing = make_account(float("nan"), equity_day_start=EQUITY)
    world.check(spread(), account=nothing)
    assert "breakers: " in world.parts.blind and "emergency: " in world.parts.blind
    assert [facts["guard"] for name, facts in world.told if name == "RISK_BLIND"] == ["breakers", "emergency"]
    assert world.defended == []


# --- holdings are what positions say


def test_a_holding_that_no_position_explains_is_an_emergency() -> None:
    world = Round()
    for minute in (0, 1):
        world.check(spread(), minute=minute, held={SHORT.id: -2, LONG.id: 1})
    assert world.parts.emergency.report.level is EmergencyLevel.RED
    assert [facts["triggers"] for name, facts in world.told if name == "GUARDS"] == [
        [f"invariant: {SHORT.id}: -1 owned, -2 held"]]
    assert world.defended and world.defended[0][0] == ["lt112/1"]


@pytest.mark.parametrize("held", [{SHORT.id: -1}, {}, {SHORT.id: -1, LONG.id: 1, "SPY": 100}])
def test_every_difference_counts(held: dict[str, int]) -> None:
    world = Round()
    for minute in (0, 1):
        world.check(spread(), minute=minute, held=held)
    assert world.parts.emergency.report.level is EmergencyLevel.RED


def test_not_while_an_order_is_in_flight() -> None:
    world = Round()
    world.executor.working_positions = ("lt112/1",)
    for minute in (0, 1, 2):
        world.check(spread(), minute=minute, held={SHORT.id: -1})
    assert world.parts.emergency.report.level is EmergencyLevel.NONE


@pytest.mark.parametrize("word", ["accepted", "quarantined"])
def test_not_of_what_the_operator_knows_of(word: str) -> None:
    world = Round()
    setattr(world.parts.book, word, (shares_of("SPY").id,))
    for minute in (0, 1):
        world.check(spread(), minute=minute, held={SHORT.id: -1, LONG.id: 1, "SPY": 100})
    assert world.parts.emergency.report.level is EmergencyLevel.NONE


def test_two_positions_own_the_sum_of_their_legs() -> None:
    world = Round()
    for minute in (0, 1):
        world.check(spread("lt112/1"), spread("lt112/2"), minute=minute)
    assert world.parts.emergency.report.level is EmergencyLevel.NONE


# --- what they ask for


def test_a_day_that_lost_too_much_closes_everything_and_names_why() -> None:
    world = Round()
    world.check(spread(), lost=0.03)
    assert world.defended == [], "a quote that lies for a minute closes nothing"
    world.check(spread(), minute=1, lost=0.03)
    closed, reason = world.defended[0]
    assert closed == ["lt112/1"] and "RED" in reason
    assert world.parts.book_closing and world.record._guards[-1]["emergency"] == "RED"


def test_a_deep_drawdown_closes_the_book_on_a_calm_day_too() -> None:
    world = Round()
    world.check(spread())
    calm = make_account(40_000.0, equity_day_start=40_000.0)
    for minute in (5, 6):
        world.check(spread(), minute=minute, account=calm)
    assert world.parts.emergency.report.level is EmergencyLevel.NONE and world.parts.breakers.report.level == THIRD
    assert world.parts.book_closing and world.defended[0][0] == ["lt112/1"]


def test_calls_sold_against_a_leap_are_bought_back_and_the_leap_stays() -> None:
    world = Round()
    for minute in (0, 1):
        world.check(covered(), spread(), minute=minute, lost=0.015, quotes={})
    assert world.parts.emergency.report.level is EmergencyLevel.ORANGE
    assert world.bought_back[0] == ["ipmcc/1"] and world.defended[0][0] == ["lt112/1"]


def test_nothing_asked_for_closes_nothing() -> None:
    world = Round()
    for minute in (0, 1):
        world.check(spread(), minute=minute, lost=0.008)
    assert world.parts.emergency.report.level is EmergencyLevel.YELLOW
    assert world.defended == world.bought_back == [] and not world.parts.book_closing


def test_a_level_is_told_once() -> None:
    world = Round()
    for minute in range(4):
        world.check(spread(), minute=minute, lost=0.008)
    assert world.names().count("GUARDS") == 1


def test_protection_beyond_the_book_it_protected_is_measured_while_the_book_is_closing() -> None:
    puts = make_contract(440.0, Right.PUT, date(2026, 1, 16))
    held = make_position(HeldLeg(contract=puts, quantity=30, average_price=12.0), id="leap_put_ladder/1",
                         strategy="leap_put_ladder", entry_price=12.0, cash_flow_usd=-36_000.0)
    world = Round()
    quotes = QUOTES | {puts.id: make_quote(12.0, 12.2)}
    world.check(held, quotes=quotes)
    assert world.parts.excess_spy_delta == 0.0
    for minute in (1, 2):
        world.check(held, minute=minute, lost=0.03, quotes=quotes)
    assert world.parts.book_closing and world.parts.excess_spy_delta < 0.0


# --- data and news


def test_recovery_waits_for_fresh_data() -> None:
    world, stale = Round(), make_underlying(time=FRIDAY - timedelta(hours=1))
    fresh = [world.risk._data_fresh(make_snapshot(FRIDAY, **facts)) for facts in (
        {}, {"vix": None}, {"underlyings": {"SPY": stale}}, {"underlyings": {}})]
    assert fresh == [True, False, False, False]


def test_every_check_marks_the_books_correlation_and_its_note_is_told_once() -> None:
    world = Round()
    for minute in (0, 5, 10):
        world.check(spread(), minute=minute)
    assert world.parts.limiter.reading().marks == 2
    assert [facts["note"] for name, facts in world.told if name == "CORRELATION"] == [CORR_TOO_SHORT]


def test_what_the_guards_learn_is_news_once() -> None:
    world = Round()
    assert world.risk.news() and not world.risk.news()
    world.check(spread(), lost=0.008)
    assert world.risk.news() and not world.risk.news()
    world.parts.vix.update(36.0, FRIDAY)
    assert world.risk.news() and not world.risk.news()


def test_the_breakers_are_told_the_accounts_own_figures() -> None:
    world = Round()
    account = make_account(EQUITY, buying_power_used=13_000.0, flows_today=500.0, protection=-70.0)
    found = world.risk._inputs(make_snapshot(FRIDAY, account=account, phase=2, vix=make_vix(27.0)),
                               world.parts.limiter.reading())
    assert (found.vix, found.phase, found.equity, found.flows_today) == (27.0, 2, EQUITY, 500.0)
    assert (found.protection, found.margin_used_share, found.data_fresh) == (-70.0, 0.2, True)


def test_every_guards_nearest_approach_is_kept() -> None:
    world = Round()
    world.check(spread(), lost=0.004, vix=make_vix(28.0))
    near = world.journal.closest_approaches
    assert near["day's loss YELLOW"]["value"] == pytest.approx(0.004) and near["VIX at 30"]["value"] == 28.0
    assert near["positions with short options"]["value"] == 1 and near["buying power RED"]["value"] == 0.0
    assert any(name.startswith("breaker ") for name in near)
    world.check(spread(), minute=5, lost=0.001, vix=make_vix(20.0))
    assert world.journal.closest_approaches["VIX at 30"]["value"] == 28.0


# --- the end of a session


def test_at_the_end_of_a_session_the_ledger_has_its_mark_and_a_phase_that_ends_is_told() -> None:
    world = Round(phase=3)
    world.risk.day_end(make_snapshot(FRIDAY, account=make_account(EQUITY)))
    assert [(mark.day, mark.equity_usd) for mark in world.parts.ledger.marks] == [(FRIDAY.date(), EQUITY)]
    assert "PHASE" not in world.names() and world.parts.phase.phase == 3
    monday = FRIDAY + timedelta(days=3)
    world.risk.day_end(make_snapshot(monday, account=make_account(40_000.0)))
    assert world.parts.phase.phase == 2
    (facts,) = [facts for name, facts in world.told if name == "PHASE"]
    assert (facts["before"], facts["after"]) == (3, 2) and world.record._phases[-1]["phase"] == 2
    assert world.journal.closest_approaches["demotion from 3 below the floor"]["value"] > 1.0


def test_protection_that_is_held_counts_at_its_cost_for_the_phase() -> None:
    """A ladder that gained in a crash must not lift the peak, nor one that fades pull the account under its floor."""
    puts = make_contract(440.0, Right.PUT, date(2026, 1, 16), kind=ContractKind.EQUITY_OPTION)
    held = make_position(HeldLeg(contract=puts, quantity=1, average_price=12.0), id="leap_put_ladder/1",
                         strategy="leap_put_ladder", state=State.ACTIVE)
    world = Round()
    account = make_account(EQUITY + 9_000.0, protection=9_000.0)
    world.risk.day_end(make_snapshot(FRIDAY, account=account, positions=(held,)))
    world.risk.day_end(make_snapshot(FRIDAY + timedelta(days=3), account=make_account(EQUITY)))
    assert world.parts.phase.drawdown_share == pytest.approx(0.0)
