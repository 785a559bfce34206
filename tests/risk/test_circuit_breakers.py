from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CannotCompute, IntegrityError
from risk.august_2024_correlation_limiter import CORR_TOO_SHORT, CorrelationReading
from risk.circuit_breakers import BreakerInputs, BreakerKind, BreakerReport, CircuitBreakers, thresholds
from risk.defence import CloseAll, CloseRiskiest, Halt

START = datetime(2024, 8, 5, 10, 0)
MINUTE = timedelta(minutes=1)
NAN = math.nan


def correlation(value: float | None = 0.0, underlyings: int = 2) -> CorrelationReading:
    return CorrelationReading(value=value, underlyings=underlyings, marks=60)


def inputs(minutes: float = 0, **overrides: Any) -> BreakerInputs:
    values: dict[str, Any] = dict(time=START + minutes * MINUTE, phase=3, vix=20.0, equity=100_000.0, flows_today=0.0,
                                  protection=0.0, margin_used_share=0.0, correlation=correlation(), data_fresh=True)
    return BreakerInputs(**(values | overrides))


def after(fall: float, minutes: float = 5, **overrides: Any) -> BreakerReport:
    """Report of the second of two checks, the first ``minutes`` after one at 100,000, the account down by ``fall``."""
    made = CircuitBreakers()
    made.check(inputs(**overrides))
    return twice(made, minutes, **(overrides | {"equity": 100_000.0 * (1.0 - fall)}))


def once(fall: float, minutes: float = 5) -> BreakerReport:
    """As :func:`after`, of the first of the two."""
    made = CircuitBreakers()
    made.check(inputs())
    return made.check(inputs(minutes, equity=100_000.0 * (1.0 - fall)))


def twice(made: CircuitBreakers, minutes: float = 0, **overrides: Any) -> BreakerReport:
    """Report of the second of two checks that see the same, a minute apart."""
    made.check(inputs(minutes, **overrides))
    return made.check(inputs(minutes + 1, **overrides))


def kinds(report: BreakerReport) -> dict[str, int]:
    return {trip.kind.value: trip.level for trip in report.trips}


def closes(report: BreakerReport) -> list[int]:
    return [action.count for action in report.actions if isinstance(action, CloseRiskiest)]


# --- thresholds


@pytest.mark.parametrize("phase, vix, drawdown", [
    (3, 20.0, 0.03), (1, 20.0, 0.02), (3, 30.0, 0.03), (3, 30.01, 0.045), (1, 30.01, 0.03), (3, 15.0, 0.03),
    (3, 14.99, 0.0201), (1, 14.99, 0.0134), (3, None, 0.0201)])
def test_drawdown_thresholds(phase: int, vix: float | None, drawdown: float) -> None:
    assert thresholds(phase, vix).drawdown == pytest.approx(drawdown)


@pytest.mark.parametrize("phase, vix, margin", [
    (3, 19.99, 0.80), (3, 20.0, 0.70), (3, 29.99, 0.70), (3, 30.0, 0.60), (3, 39.99, 0.60), (3, 40.0, 0.50),
    (3, None, 0.50), (1, 15.0, 0.60), (1, 25.0, 0.60), (1, 40.0, 0.50)])
def test_margin_thresholds(phase: int, vix: float | None, margin: float) -> None:
    assert thresholds(phase, vix).margin == margin


def test_correlation_and_streak_thresholds() -> None:
    assert (thresholds(1, 20.0).correlation, thresholds(2, 20.0).correlation) == (0.80, 0.90)
    assert (thresholds(1, 20.0).streak, thresholds(2, 20.0).streak) == (2, 3)


@pytest.mark.parametrize("phase, vix", [(0, 20.0), (5, 20.0), (3, NAN), (3, 0.0), (3, -1.0)])
def test_thresholds_need_a_phase_and_a_vix_that_is_a_number(phase: int, vix: float) -> None:
    with pytest.raises(CannotCompute):
        thresholds(phase, vix)


# --- levels


def test_levels_of_a_fast_drawdown() -> None:
    for fall, first, level in ((0.0239, 0, 0), (0.024, 1, 0), (0.0299, 1, 0), (0.03, 1, 2), (0.0449, 1, 2), (0.045, 1, 3)):
        assert (once(fall).level, after(fall).level) == (first, level), fall


def test_a_drawdown_slower_than_five_minutes_is_none() -> None:
    assert after(0.03, minutes=5).level == 2
    assert after(0.03, minutes=5.02).level == 0


def test_withdrawals_are_no_drawdown() -> None:
    made = CircuitBreakers()
    made.check(inputs())
    assert twice(made, 5, equity=95_000.0, flows_today=-5_000.0).level == 0
    assert twice(made, 7, equity=95_000.0, flows_today=0.0).level == 3


@pytest.mark.parametrize("equity, protection, level", [
    (94_000.0, -6_000.0, 0), (100_000.0, 3_000.0, 2), (100_000.0, 4_500.0, 3), (97_000.0, 0.0, 2),
    (97_000.0, -1.0, 0), (97_000.0, 1.0, 2)])
def test_the_drawdown_is_that_of_the_book_without_protection(equity: float, protection: float, level: int) -> None:
    made = CircuitBreakers()
    made.check(inputs())
    assert twice(made, 5, equity=equity, protection=protection).level == level


# --- two checks running


@pytest.mark.parametrize("overrides", [{"equity": 95_000.0}, {"margin_used_share": 0.95},
                                       {"correlation": correlation(0.98)}])
def test_one_check_trips_nothing_but_is_looked_at_again_in_a_minute(overrides: dict[str, Any]) -> None:
    made = CircuitBreakers()
    made.check(inputs())
    first = made.check(inputs(5, **overrides))
    assert (first.level, first.check_every_minute, first.actions, first.size_multiplier) == (1, True, (), 0.5)
    assert max(trip.level for trip in first.measured) == 3
    assert made.check(inputs(6)).level == 0
    assert made.check(inputs(7, **overrides)).level == 1, "running means one after the other"
    assert made.check(inputs(8, **overrides)).level == 3


def test_a_fall_waits_for_its_second_check_at_its_own_height() -> None:
    """Checks five minutes apart: a minute later the height it fell from would have left the five minutes."""
    made = CircuitBreakers()
    made.check(inputs())
    assert made.check(inputs(5, equity=96_500.0)).level == 1
    assert made.check(inputs(6, equity=97_001.0)).level == 1, "80 % of it"
    assert made.check(inputs(7, equity=97_001.0)).level == 0


def test_the_lower_of_two_levels_running_counts() -> None:
    made = CircuitBreakers()
    made.check(inputs(margin_used_share=0.95))
    assert made.check(inputs(1, margin_used_share=0.7)).level == 2
    assert made.check(inputs(2, margin_used_share=0.95)).level == 2
    assert made.check(inputs(3, margin_used_share=0.95)).level == 3


def test_checks_of_two_days_are_not_running() -> None:
    made = CircuitBreakers()
    made.check(inputs())
    made.check(inputs(5, equity=95_000.0, margin_used_share=0.7))
    night = made.check(inputs(17 * 60, equity=95_000.0, margin_used_share=0.7))
    assert night.level == 1 and kinds(night) == {"margin": 1}


def test_levels_of_correlation() -> None:
    for phase, value, level in ((3, 0.719, 0), (3, 0.72, 1), (3, 0.899, 1), (3, 0.90, 2), (3, 0.979, 2), (3, 0.98, 3),
                                (1, 0.639, 0), (1, 0.64, 1), (1, 0.80, 2), (1, 0.98, 3)):
        report = twice(CircuitBreakers(), phase=phase, correlation=correlation(value))
        assert report.level == level, (phase, value)


def test_without_a_correlation_that_breaker_is_quiet() -> None:
    report = CircuitBreakers().check(inputs(correlation=CorrelationReading(
        value=None, underlyings=3, marks=10, note=CORR_TOO_SHORT)))
    assert report.level == 0


def test_levels_of_margin() -> None:
    for share, level in ((0.559, 0), (0.56, 1), (0.699, 1), (0.70, 2), (0.949, 2), (0.95, 3)):
        assert twice(CircuitBreakers(), margin_used_share=share).level == level, share


def streaked(*results: float, phase: int = 3) -> tuple[CircuitBreakers, BreakerReport]:
    made = CircuitBreakers()
    for result in results:
        made.record_trade(result, START)
    return made, made.check(inputs(phase=phase))


def test_levels_of_a_streak_of_losses() -> None:
    assert streaked(-1.0, -1.0)[1].level == 0
    assert streaked(-1.0, -1.0, -1.0)[1].level == 2
    assert streaked(*[-1.0] * 30)[1].level == 2, "there is no third level"
    assert streaked(-1.0, phase=1)[1].level == 0
    assert streaked(-1.0, -1.0, phase=1)[1].level == 2
    assert streaked(-1.0, -1.0, 0.0, -1.0)[1].level == 0
    assert streaked(-1.0, 0.0)[0].streak == 0 and streaked(-1.0, 1.0)[0].streak == 0
    with pytest.raises(IntegrityError):
        CircuitBreakers().record_trade(NAN, START)


# --- what they ask for


def test_first_level_halves_size_and_checks_every_minute() -> None:
    report = once(0.025)
    assert (report.size_multiplier, report.check_every_minute, report.actions) == (0.5, True, ())
    quiet = after(0.0)
    assert (quiet.size_multiplier, quiet.check_every_minute) == (1.0, False)


@pytest.mark.parametrize("overrides", [{"correlation": correlation(0.9)}, {"margin_used_share": 0.7}])
def test_second_level_halts_and_closes_three_once(overrides: dict[str, Any]) -> None:
    made = CircuitBreakers()
    first = twice(made, **overrides)
    assert isinstance(first.actions[0], Halt) and closes(first) == [3]
    assert made.check(inputs(2, **overrides)).actions == ()
    assert made.report.actions == ()


def test_the_streak_only_halts() -> None:
    made, report = streaked(-1.0, -1.0, -1.0)
    assert [type(action) for action in report.actions] == [Halt]


def test_two_breakers_trip_for_themselves() -> None:
    made = CircuitBreakers()
    assert closes(twice(made, margin_used_share=0.7)) == [3]
    second = twice(made, 2, margin_used_share=0.7, correlation=correlation(0.9))
    assert closes(second) == [3] and kinds(second) == {"margin": 2, "correlation": 2}


def test_third_level_closes_all_and_goes_on_asking() -> None:
    made = CircuitBreakers()
    report = twice(made, -1, correlation=correlation(0.98))
    assert any(isinstance(action, CloseAll) for action in report.actions) and closes(report) == []
    assert report.locked_until == START + timedelta(hours=24)
    later = made.check(inputs(10, correlation=correlation(0.0, 0)))
    assert later.level == 3 and [type(action) for action in later.actions] == [CloseAll]


def test_second_then_third() -> None:
    made = CircuitBreakers()
    twice(made, margin_used_share=0.7)
    assert any(isinstance(action, CloseAll) for action in twice(made, 2, margin_used_share=0.95).actions)


# --- back


def tripped() -> CircuitBreakers:
    """At its second level since ``START``."""
    made = CircuitBreakers()
    twice(made, -1, margin_used_share=0.7)
    return made


def test_back_after_an_hour_one_position_at_a_time_for_the_rest_of_the_day() -> None:
    made = tripped()
    assert made.check(inputs(59)).level == 2
    back = made.check(inputs(60))
    assert (back.level, back.one_entry_at_a_time, back.size_multiplier) == (0, True, 1.0)
    assert made.check(inputs(300)).one_entry_at_a_time
    assert not made.check(inputs(24 * 60)).one_entry_at_a_time


@pytest.mark.parametrize("overrides, level", [
    ({"data_fresh": False}, 2), ({"correlation": correlation(0.70)}, 2), ({"correlation": correlation(0.699)}, 0),
    ({"correlation": correlation(None, 2)}, 2), ({"correlation": correlation(None, 1)}, 0),
    ({"margin_used_share": 0.7}, 2), ({"margin_used_share": 0.6}, 1)])
def test_what_recovery_waits_for(overrides: dict[str, Any], level: int) -> None:
    assert tripped().check(inputs(60, **overrides)).level == level


def test_a_breaker_that_stays_tripped_does_not_close_three_more_each_hour() -> None:
    made = tripped()
    for minute in (60, 61, 120):
        assert made.check(inputs(minute, margin_used_share=0.7)).actions == ()


def test_a_new_trip_begins_the_hour_anew() -> None:
    made = tripped()
    twice(made, 29, correlation=correlation(0.9))
    assert made.check(inputs(60)).level == 2
    assert made.check(inputs(89)).level == 2
    assert made.check(inputs(90)).level == 0


def test_recovery_zeroes_the_streak() -> None:
    made, _ = streaked(-1.0, -1.0, -1.0)
    assert made.check(inputs(60)).level == 0 and made.streak == 0
    made.record_trade(-1.0, START)
    assert made.check(inputs(61)).level == 0


def test_a_lock_ends_with_the_operator_after_a_day() -> None:
    made = CircuitBreakers()
    twice(made, -1, margin_used_share=0.95)
    day = 24 * 60
    refused = made.resume(START + (day - 1) * MINUTE)
    assert refused is not None and refused.code.value == "BREAKER"
    assert made.check(inputs(day + 60)).level == 3, "time alone does not end it"
    assert made.resume(START + day * MINUTE) is None
    assert made.check(inputs(day + 61, data_fresh=False)).level == 2
    back = made.check(inputs(day + 62))
    assert (back.level, back.one_entry_at_a_time) == (0, True)


def test_resume_without_a_lock_changes_nothing() -> None:
    made = tripped()
    assert made.resume(START + MINUTE) is None
    assert made.check(inputs(2)).level == 2


# --- guards, memory


@pytest.mark.parametrize("overrides", [{"equity": NAN}, {"equity": 0.0}, {"equity": -1.0}, {"flows_today": NAN}, {"protection": NAN},
                                       {"margin_used_share": NAN}, {"phase": 7}, {"vix": NAN}])
def test_what_cannot_be_measured_raises_and_changes_nothing(overrides: dict[str, Any]) -> None:
    made = tripped()
    before = made.facts()
    with pytest.raises(CannotCompute):
        made.check(inputs(60, **overrides))
    assert made.facts() == before and made.report.level == 2


def test_facts_survive_a_restart_in_every_level() -> None:
    for overrides in ({}, {"margin_used_share": 0.7}, {"margin_used_share": 0.95}):
        made = CircuitBreakers()
        made.record_trade(-5.0, START)
        twice(made, -1, **overrides)
        restored = CircuitBreakers()
        restored.restore(json.loads(json.dumps(made.facts())))
        assert restored.facts() == made.facts()
        assert restored.report.level == made.report.level
        assert restored.check(inputs(60)).level == made.check(inputs(60)).level


def test_the_careful_day_survives_too() -> None:
    made = tripped()
    made.check(inputs(60))
    restored = CircuitBreakers()
    restored.restore(made.facts())
    assert restored.report.one_entry_at_a_time


@pytest.mark.parametrize("change", [
    {"tripped": {"margin": 1}}, {"tripped": {"weather": 2}}, {"tripped": {}}, {"tripped_at": None},
    {"tripped": {"margin": 3}}, {"locked_until": "2024-08-06T10:00:00"}, {"streak": -1}, {"streak": None},
    {"careful_day": "soon"}, {"tripped": None}])
def test_impossible_facts_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        CircuitBreakers().restore(tripped().facts() | change)


@given(st.sampled_from([1, 2, 3, 4]), st.one_of(st.none(), st.floats(min_value=5.0, max_value=90.0)),
       st.floats(min_value=0.0, max_value=1.2), st.floats(min_value=0.0, max_value=1.2))
def test_more_is_never_a_lower_level(phase: int, vix: float | None, one: float, other: float) -> None:
    low, high = sorted((one, other))
    limits = thresholds(phase, vix)
    for kind in BreakerKind:
        assert 0 <= limits.level(kind, low) <= limits.level(kind, high) <= 3
