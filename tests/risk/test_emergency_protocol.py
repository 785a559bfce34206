from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CannotCompute, IntegrityError
from core.model import EmergencyLevel as Level
from core.model import HeldLeg, Position, Right, Snapshot
from risk.august_2024_correlation_limiter import CorrelationReading
from risk.defence import CloseAll, CloseRiskiest, CutBuyingPower, CutDelta, Halt
from risk.emergency_protocol import EmergencyProtocol, EmergencyReport, position_loss_usd
from tests.builders import (make_account, make_calendar, make_contract, make_position, make_quote, make_snapshot,
                            make_underlying, make_vix)

START = datetime(2024, 8, 5, 10, 0)
MINUTE = timedelta(minutes=1)
CALM = CorrelationReading(value=None, underlyings=0, marks=0)
EQUITY = 100_000.0
NAN = math.nan


def moment(minutes: float = 0, loss: float = 0.0, vix: float | None = 20.0, previous: float = 20.0, spy: float = 544.0,
           used: float = 0.0, **overrides: Any) -> Snapshot:
    time = START + minutes * MINUTE
    values: dict[str, Any] = dict(
        account=make_account(EQUITY - loss, equity_day_start=EQUITY, buying_power_used=used),
        calendar=make_calendar(time.date()), underlyings={"SPY": make_underlying(price=spy, time=time)},
        vix=None if vix is None else make_vix(vix, time, previous_close=previous))
    return make_snapshot(time, **(values | overrides))


def level(*moments: Snapshot, protocol: EmergencyProtocol | None = None) -> Level:
    made = protocol or EmergencyProtocol()
    for seen in moments:
        made.check(seen, CALM)
    return made.report.level


# --- the day's loss


@pytest.mark.parametrize("loss, expected", [(709.0, Level.NONE), (710.0, Level.YELLOW), (1_429.0, Level.YELLOW),
                                            (1_430.0, Level.ORANGE), (2_859.0, Level.ORANGE), (2_860.0, Level.RED)])
def test_the_days_loss_on_two_checks_running(loss: float, expected: Level) -> None:
    made = EmergencyProtocol()
    assert level(moment(loss=loss), protocol=made) is Level.NONE
    assert made.report.check_every_minute is (expected is not Level.NONE), "the second check comes in a minute"
    assert level(moment(1, loss=loss), protocol=made) is expected


@pytest.mark.parametrize("losses, expected", [
    ((3_000.0, 0.0, 3_000.0), Level.NONE), ((3_000.0, 1_500.0), Level.ORANGE), ((1_500.0, 3_000.0), Level.ORANGE),
    ((1_500.0, 3_000.0, 3_000.0), Level.RED), ((800.0, 3_000.0, 800.0), Level.YELLOW)])
def test_what_was_seen_once_is_no_level(losses: tuple[float, ...], expected: Level) -> None:
    """A quote that lies for a minute raises nothing; the level is what both checks saw."""
    assert level(*(moment(minute, loss=loss) for minute, loss in enumerate(losses))) is expected


def protected(minutes: float, loss: float, made_by_protection: float) -> Snapshot:
    """The account is down by ``loss``, of which bought protection made (lost) its part."""
    return moment(minutes, account=make_account(EQUITY - loss, equity_day_start=EQUITY, protection=5_000.0 + made_by_protection,
                                                protection_day_start=5_000.0))


@pytest.mark.parametrize("loss, made_by_protection, expected", [
    (2_859.0, -2_859.0, Level.NONE), (709.0, 0.0, Level.NONE), (0.0, 710.0, Level.YELLOW), (-500.0, 1_930.0, Level.ORANGE),
    (-10_000.0, 12_860.0, Level.RED), (3_000.0, -2_290.0, Level.RED), (2_860.0, -2_860.0, Level.RED),
    (2_000.0, -1_291.0, Level.NONE)])
def test_yellow_and_orange_judge_the_book_without_protection_and_red_the_worse_of_both(
        loss: float, made_by_protection: float, expected: Level) -> None:
    assert level(*(protected(minute, loss, made_by_protection) for minute in (0, 1))) is expected


def test_flows_are_no_loss() -> None:
    account = make_account(90_000.0, equity_day_start=EQUITY, flows_today=-10_000.0)
    assert level(moment(account=account)) is Level.NONE


# --- VIX


def test_yellow_when_the_vix_crosses_30_from_a_close_below() -> None:
    assert level(moment(vix=29.99, previous=29.99)) is Level.NONE
    assert level(moment(vix=30.0, previous=29.99)) is Level.YELLOW
    assert level(moment(vix=34.0, previous=30.0)) is Level.NONE


def test_orange_when_the_vix_crosses_35() -> None:
    assert level(moment(vix=34.99, previous=31.0)) is Level.NONE
    assert level(moment(vix=35.0, previous=31.0)) is Level.ORANGE
    assert level(moment(vix=38.0, previous=36.0)) is Level.NONE, "it came from above"
    assert level(moment(vix=34.0, previous=36.0), moment(1, vix=35.0, previous=36.0)) is Level.ORANGE
    assert level(moment(vix=35.0, previous=36.0), moment(1, vix=40.0, previous=36.0)) is Level.NONE


def test_the_crossing_of_the_first_check_is_seen_once() -> None:
    made = EmergencyProtocol()
    made.check(moment(vix=36.0, previous=31.0), CALM)
    made.clear(START)
    assert level(moment(1, vix=36.0, previous=31.0), protocol=made) is Level.NONE


# --- SPY


@pytest.mark.parametrize("price, minutes, expected", [
    (98.51, 15, Level.NONE), (98.50, 15, Level.ORANGE), (101.49, 15, Level.NONE), (101.50, 15, Level.ORANGE),
    (98.50, 15.02, Level.NONE), (98.50, 1, Level.ORANGE)])
def test_spy_moves_one_and_a_half_percent_in_fifteen_minutes(price: float, minutes: float, expected: Level) -> None:
    assert level(moment(spy=100.0), moment(minutes, spy=price)) is expected


def test_the_largest_move_within_the_window_counts() -> None:
    assert level(moment(spy=100.0), moment(5, spy=101.0), moment(10, spy=99.4)) is Level.ORANGE


# --- positions

SHORT, LONG = make_contract(500.0, expiry=date(2024, 11, 15)), make_contract(495.0, expiry=date(2024, 11, 15))


def held(units: int = 4, entry: float = -1.0, strategy: str = "lt112", **facts: Any) -> Position:
    legs = (HeldLeg(contract=SHORT, quantity=-units, average_price=5.0),
            HeldLeg(contract=LONG, quantity=units, average_price=4.0))
    return make_position(*legs, strategy=strategy, units=units, entry_price=entry, fees_usd=8.0, facts=facts,
                         cash_flow_usd=-entry * 100.0 * units - 8.0)


def losing(minutes: float, spread: float, position: Position, **overrides: Any) -> Snapshot:
    quotes = {SHORT.id: make_quote(5.0 + spread, 5.0 + spread), LONG.id: make_quote(5.0, 5.0)}
    return moment(minutes, positions=(position,), quotes=quotes, **overrides)


def test_loss_is_from_mid_to_mid_without_fees_and_entry_slippage() -> None:
    assert position_loss_usd(held(), losing(0, 2.5, held())) == pytest.approx(600.0)
    slipped = held(entry=-0.9, entry_mid=-1.0)
    assert position_loss_usd(slipped, losing(0, 2.5, slipped)) == pytest.approx(600.0)
    with pytest.raises(CannotCompute):
        position_loss_usd(held(), moment(positions=(held(),)))


def test_both_limits_and_two_checks_running() -> None:
    assert level(losing(0, 2.5, held())) is Level.NONE
    assert level(losing(0, 2.5, held()), losing(5, 2.5, held())) is Level.YELLOW
    assert level(losing(0, 2.5, held()), losing(5, 2.49, held()), losing(10, 2.5, held())) is Level.NONE
    assert level(losing(0, 2.49, held()), losing(5, 2.49, held())) is Level.NONE, "150 % of the credit"
    one = held(units=1)
    assert level(losing(0, 2.5, one), losing(5, 2.5, one)) is Level.NONE, "150 dollars are not 0.29 % of equity"
    assert level(losing(0, 3.90, one), losing(5, 3.90, one)) is Level.YELLOW
    assert level(losing(0, 3.89, one), losing(5, 3.89, one)) is Level.NONE


def test_a_check_without_quotes_neither_counts_nor_forgives_a_losing_position() -> None:
    """In a crash quotes flicker; two losing checks with a dark one between them are two running."""
    made = EmergencyProtocol()
    assert level(losing(0, 2.5, held()), moment(1, positions=(held(),)), protocol=made) is Level.NONE
    assert made.report.blind == (held().id,)
    assert level(moment(2, positions=(held(),)), protocol=made) is Level.NONE
    assert level(losing(3, 2.5, held()), protocol=made) is Level.YELLOW


def test_a_dark_position_that_was_not_losing_does_not_begin_to() -> None:
    assert level(moment(0, positions=(held(),)), moment(1, positions=(held(),)), losing(2, 2.5, held())) is Level.NONE


def bought(strategy: str) -> Position:
    call = make_contract(440.0, Right.CALL, date(2025, 9, 19))
    return make_position(HeldLeg(contract=call, quantity=1, average_price=100.0), strategy=strategy, units=1,
                         entry_price=100.0, cash_flow_usd=-10_001.0, fees_usd=1.0)


def bought_at(minutes: float, value: float, strategy: str) -> Snapshot:
    position = bought(strategy)
    return moment(minutes, positions=(position,), quotes={position.legs[0].contract.id: make_quote(value, value)})


def test_a_quarter_of_a_debit_but_not_of_bought_protection() -> None:
    assert level(bought_at(0, 75.0, "ipmcc"), bought_at(5, 75.0, "ipmcc")) is Level.YELLOW
    assert level(bought_at(0, 75.01, "ipmcc"), bought_at(5, 75.01, "ipmcc")) is Level.NONE
    assert level(bought_at(0, 1.0, "leap_put_ladder"), bought_at(5, 1.0, "leap_put_ladder")) is Level.NONE


def test_a_position_counts_once_and_again_at_twice_its_loss() -> None:
    """One that has no stop of its own must not keep the book YELLOW for ever."""
    made = EmergencyProtocol()
    assert level(bought_at(0, 75.0, "ipmcc"), bought_at(5, 74.0, "ipmcc"), protocol=made) is Level.YELLOW
    for day in range(1, 4):
        days = [bought_at(day * DAY + minute, 60.0, "ipmcc") for minute in range(3)]
        assert level(*days, protocol=made) is Level.NONE, "40 % of its debit, 26 % when it counted"
    later = [bought_at(4 * DAY + minute, 48.0, "ipmcc") for minute in range(2)]
    assert level(later[0], protocol=made) is Level.NONE
    assert level(later[1], protocol=made) is Level.YELLOW, "52 %"
    assert level(*(bought_at(5 * DAY + minute, 10.0, "ipmcc") for minute in range(3)), protocol=made) is Level.NONE


def test_every_position_counts_for_itself_and_one_that_is_gone_is_forgotten() -> None:
    made, other = EmergencyProtocol(), replace(held(), id="lt112/202407081000")
    assert level(losing(0, 2.5, held()), losing(5, 2.5, held()), protocol=made) is Level.YELLOW
    two = [replace(losing(DAY + minute, 2.5, other), positions=(held(), other)) for minute in range(2)]
    made.check(two[0], CALM)
    assert level(two[1], protocol=made) is Level.YELLOW and made.report.triggers == (f"loss of {other.id}",)
    made.check(moment(DAY + 2), CALM)
    assert made.facts()["counted"] == {}


def test_two_checks_running_are_two_of_one_day() -> None:
    assert level(losing(0, 2.5, held()), losing(DAY, 2.5, held())) is Level.NONE


# --- RED


def test_buying_power_and_invariants() -> None:
    assert level(moment(used=94_999.0), moment(1, used=94_999.0)) is Level.NONE
    assert level(moment(used=95_000.0)) is Level.NONE
    assert level(moment(used=95_000.0), moment(1, used=95_000.0)) is Level.RED
    made = EmergencyProtocol()
    assert made.check(moment(), CALM, "holdings do not match").level is Level.NONE, "an event may be on its way"
    assert made.check(moment(1), CALM, "holdings do not match").level is Level.RED


@pytest.mark.parametrize("equity, day_start", [(0.0, EQUITY), (-1.0, EQUITY), (EQUITY, 0.0), (-1.0, -500.0)])
def test_an_account_that_is_or_was_worth_nothing_is_red(equity: float, day_start: float) -> None:
    assert level(*(moment(minute, account=make_account(equity, equity_day_start=day_start)) for minute in (0, 1))) is Level.RED
    assert level(*(moment(minute, account=make_account(1.0, equity_day_start=1.0)) for minute in (0, 1))) is Level.NONE


# --- what levels ask for


def kinds(report: EmergencyReport) -> list[type]:
    return [type(action) for action in report.actions]


def twice(made: EmergencyProtocol, minutes: float, **overrides: Any) -> EmergencyReport:
    """The report of the second of two checks that see the same."""
    made.check(moment(minutes, **overrides), CALM)
    return made.check(moment(minutes + 1, **overrides), CALM)


def test_what_each_level_asks_for_once() -> None:
    made = EmergencyProtocol()
    calm = made.check(moment(), CALM)
    assert (kinds(calm), calm.check_every_minute, calm.stop_credit_multiple) == ([], False, None)
    yellow = twice(made, 1, loss=800.0)
    assert (kinds(yellow), yellow.check_every_minute, yellow.stop_credit_multiple) == ([Halt], True, 1.5)
    assert kinds(made.check(moment(3, loss=800.0), CALM)) == []
    orange = twice(made, 4, loss=1_500.0)
    assert kinds(orange) == [Halt, CloseRiskiest, CutBuyingPower, CutDelta]
    assert (orange.actions[1].count, orange.actions[1].short_volatility_only) == (5, True)  # type: ignore[union-attr]
    assert orange.actions[2].share == 0.20  # type: ignore[union-attr]
    assert kinds(made.check(moment(6, loss=1_500.0), CALM)) == [CutDelta], "it may not have been computable at once"
    red = twice(made, 7, loss=3_000.0)
    assert kinds(red) == [Halt, CloseAll]
    assert kinds(made.check(moment(9, loss=3_000.0), CALM)) == [CloseAll], "until everything is on its way"
    assert made.report.actions == ()


def test_a_level_does_not_fall_within_a_day() -> None:
    assert level(moment(loss=1_500.0), moment(1, loss=1_500.0), moment(2), moment(300)) is Level.ORANGE
    assert level(moment(loss=800.0), moment(1, loss=800.0), moment(2, vix=20.0)) is Level.YELLOW


# --- ends

DAY = 24 * 60


def test_yellow_and_orange_end_with_the_day() -> None:
    assert level(moment(loss=1_500.0), moment(1, loss=1_500.0), moment(DAY - 60)) is Level.NONE
    made = EmergencyProtocol()
    twice(made, 0, loss=800.0)
    made.new_day(START.date())
    assert made.report.level is Level.YELLOW
    made.new_day(START.date() + timedelta(days=1))
    assert made.report.level is Level.NONE


def red() -> EmergencyProtocol:
    """RED since ``START``."""
    made = EmergencyProtocol()
    twice(made, -1, loss=3_000.0)
    return made


def reading(value: float | None, underlyings: int = 2) -> CorrelationReading:
    return CorrelationReading(value=value, underlyings=underlyings, marks=60)


@pytest.mark.parametrize("minutes, vix, correlation, ends", [
    (DAY, 24.99, reading(0.599), True), (DAY - 1, 24.99, reading(0.599), False), (DAY, 25.0, reading(0.599), False),
    (DAY, 24.99, reading(0.60), False), (DAY, 24.99, reading(None), False), (DAY, 24.99, reading(None, 1), True),
    (DAY, None, reading(0.0), False)])
def test_red_needs_a_day_a_calm_vix_and_low_correlation(minutes: float, vix: float | None,
                                                        correlation: CorrelationReading, ends: bool) -> None:
    made = red()
    made.check(moment(minutes, vix=vix), correlation)
    assert (made.report.level is Level.NONE) is ends


def test_red_does_not_end_while_something_red_holds() -> None:
    made = red()
    made.check(moment(DAY, used=96_000.0), reading(0.0))
    assert made.report.level is Level.RED


def test_the_operator_ends_it_and_what_he_knew_does_not_raise_it_again() -> None:
    made = red()
    made.clear(START + MINUTE)
    assert made.report.level is Level.NONE
    assert level(moment(2, loss=3_000.0), protocol=made) is Level.NONE
    assert level(*(moment(minute, loss=3_000.0, used=96_000.0) for minute in (3, 4)), protocol=made) is Level.RED, "something new"


def test_what_the_operator_knew_counts_again_once_it_had_ended() -> None:
    made = red()
    made.clear(START + MINUTE)
    assert level(moment(2), moment(3, loss=3_000.0), moment(4, loss=3_000.0), protocol=made) is Level.RED
    other = red()
    other.clear(START + MINUTE)
    assert level(moment(DAY, loss=3_000.0), moment(DAY + 1, loss=3_000.0), protocol=other) is Level.RED


def test_what_had_been_seen_once_when_the_operator_cleared_was_known_to_him() -> None:
    made = EmergencyProtocol()
    made.check(moment(loss=3_000.0), CALM)
    made.clear(START + MINUTE)
    assert level(moment(1, loss=3_000.0), moment(2, loss=3_000.0), protocol=made) is Level.NONE


# --- guards, memory


def test_what_cannot_be_judged_is_named() -> None:
    made = EmergencyProtocol()
    report = made.check(moment(vix=None, underlyings={}, positions=(held(),)), CALM)
    assert report.blind == ("VIX", "SPY", held().id) and report.level is Level.NONE
    assert made.check(moment(1, underlyings={"SPY": make_underlying(price=NAN)}), CALM).blind == ("SPY",)


@pytest.mark.parametrize("account", [
    make_account(NAN, equity_day_start=EQUITY), make_account(EQUITY, equity_day_start=NAN),
    make_account(EQUITY, buying_power_used=NAN), make_account(EQUITY, flows_today=NAN),
    make_account(EQUITY, protection=NAN), make_account(EQUITY, protection_day_start=NAN)])
def test_impossible_accounts_raise_and_change_nothing(account: Any) -> None:
    made = red()
    before = made.facts()
    with pytest.raises(CannotCompute):
        made.check(moment(DAY, account=account), CALM)
    assert made.facts() == before and made.report.level is Level.RED


def test_facts_survive_a_restart() -> None:
    made, other = EmergencyProtocol(), replace(held(), id="other")
    for minute in (-2, -1):
        made.check(losing(minute, 2.5, other, loss=800.0), CALM)
    made.check(replace(losing(0, 2.5, held(), loss=800.0), positions=(held(), other)), CALM)
    assert made.facts()["running"]["loss of lt112/202407011000"] == 1 and set(made.facts()["counted"]) == {"other"}
    restored = EmergencyProtocol()
    restored.restore(json.loads(json.dumps(made.facts())))
    assert restored.facts() == made.facts() and restored.report.level is Level.YELLOW
    assert "loss of lt112/202407011000" in restored.check(losing(5, 2.5, held()), CALM).triggers


def test_a_restart_while_red_goes_on_closing() -> None:
    restored = EmergencyProtocol()
    restored.restore(red().facts())
    assert kinds(restored.check(moment(1), CALM)) == [CloseAll]


@pytest.mark.parametrize("change", [{"level": "BLUE"}, {"since": None}, {"level": "NONE"}, {"running": {"a": 0}},
                                    {"running": None}, {"counted": {"a": 0.0}}, {"counted": {"a": NAN}},
                                    {"counted": None}, {"day": "soon"}, {"acknowledged": None}])
def test_impossible_facts_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        EmergencyProtocol().restore(red().facts() | change)
    with pytest.raises(IntegrityError):
        EmergencyProtocol().restore({})


@given(st.lists(st.tuples(st.floats(min_value=-5_000.0, max_value=5_000.0), st.floats(min_value=9.0, max_value=80.0)),
                min_size=2, max_size=12))
def test_within_a_day_levels_only_go_up(steps: list[tuple[float, float]]) -> None:
    made, levels = EmergencyProtocol(), []
    for place, (loss, vix) in enumerate(steps):
        levels.append(made.check(moment(place, loss=loss, vix=vix), CALM).level)
    assert levels == sorted(levels)
