from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codes import RefusalCode
from core.errors import IntegrityError
from core.model import Refused, VixReading
from core.unified_vix_manager import UnifiedVixManager, vix_regime

NOW = datetime(2024, 8, 5, 10, 0)
YESTERDAY = date(2024, 8, 4)


def manager(close: float = 20.0, count: int = 252) -> UnifiedVixManager:
    made = UnifiedVixManager()
    made.load_history(history(close, count))
    return made


def history(close: float, count: int = 252) -> list[tuple[date, float]]:
    """``count`` days of one close up to yesterday."""
    return [(YESTERDAY - timedelta(days=count - 1 - i), close) for i in range(count)]


def read(made: UnifiedVixManager, value: float = 20.0, age: timedelta = timedelta(0), in_session: bool = True
         ) -> VixReading | Refused:
    assert made.update(value, NOW - age) is None
    return made.reading(NOW, in_session)


def reading(made: UnifiedVixManager, value: float) -> VixReading:
    result = read(made, value)
    assert isinstance(result, VixReading)
    return result


def code(result: object) -> RefusalCode:
    assert isinstance(result, Refused)
    return result.code


def test_no_print_refuses_and_gives_no_default() -> None:
    assert code(manager().reading(NOW, True)) is RefusalCode.VIX_MISSING
    assert manager().last_print is None


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_value_that_is_no_level_is_not_taken(value: float) -> None:
    made = manager()
    assert code(made.update(value, NOW)) is RefusalCode.VIX_MISSING
    assert code(made.reading(NOW, True)) is RefusalCode.VIX_MISSING


def test_five_minutes_old_is_fresh_and_a_second_more_is_stale() -> None:
    assert isinstance(read(manager(), age=timedelta(minutes=5)), VixReading)
    assert code(read(manager(), age=timedelta(minutes=5, seconds=1))) is RefusalCode.VIX_STALE


def test_outside_the_session_age_does_not_matter_but_a_value_does() -> None:
    assert isinstance(read(manager(), age=timedelta(hours=5), in_session=False), VixReading)
    assert code(manager().reading(NOW, False)) is RefusalCode.VIX_MISSING


def test_an_older_print_is_refused_and_changes_nothing() -> None:
    made = manager()
    made.update(20.0, NOW)
    assert code(made.update(50.0, NOW - timedelta(minutes=1))) is RefusalCode.VIX_STALE
    assert made.last_print == (20.0, NOW) and not made.entry_stopped


def test_a_print_from_the_future_cannot_be_computed_with() -> None:
    made = manager()
    made.update(20.0, NOW + timedelta(minutes=1))
    assert code(made.reading(NOW, True)) is RefusalCode.GUARD_CANNOT_COMPUTE


def test_252_closes_are_enough_and_251_are_not() -> None:
    assert isinstance(read(manager(count=252)), VixReading)
    assert code(read(manager(count=251))) is RefusalCode.IV_HISTORY_MISSING


def test_percentile_counts_the_last_252_closes_below() -> None:
    made = UnifiedVixManager()
    closes = [1.0] * 100 + [10.0] * 126 + [30.0] * 126
    made.load_history([(YESTERDAY - timedelta(days=len(closes) - 1 - i), c) for i, c in enumerate(closes)])
    assert reading(made, 20.0).percentile == pytest.approx(50.0)


def test_previous_close_rolls_with_the_day() -> None:
    made = manager(close=20.0)
    assert reading(made, 22.0).previous_close == 20.0
    made.load_history([*history(20.0), (NOW.date(), 24.0)])
    assert reading(made, 22.0).previous_close == 20.0
    made.update(30.0, NOW + timedelta(days=1))
    tomorrow = made.reading(NOW + timedelta(days=1), True)
    assert isinstance(tomorrow, VixReading)
    assert tomorrow.previous_close == 24.0 and tomorrow.change == pytest.approx(0.25)


def test_a_close_older_than_a_long_weekend_is_missing() -> None:
    for extra, expected in ((4, VixReading), (5, Refused)):
        made = manager()
        time = NOW + timedelta(days=extra)
        made.update(20.0, time)
        assert isinstance(made.reading(time, True), expected)


@pytest.mark.parametrize("value, regime", [(12.99, "very_low"), (13.0, "low"), (17.99, "low"), (18.0, "normal"),
                                           (25.0, "elevated"), (29.99, "elevated"), (30.0, "high"), (90.0, "high")])
def test_regimes_at_their_edges(value: float, regime: str) -> None:
    assert vix_regime(value) == regime
    assert reading(manager(), value).regime == regime


@pytest.mark.parametrize("value", [0.0, -3.0, float("nan")])
def test_no_regime_without_a_level(value: float) -> None:
    with pytest.raises(IntegrityError):
        vix_regime(value)


def test_panic_at_half_as_much_again() -> None:
    assert reading(manager(20.0), 30.0).panic
    assert not reading(manager(20.0), 29.99).panic


def test_complacent_below_15_and_rising_less_than_a_tenth() -> None:
    assert reading(manager(14.0), 14.99).complacent
    assert not reading(manager(14.0), 15.0).complacent
    assert not reading(manager(10.0), 11.01).complacent
    assert reading(manager(10.0), 10.99).complacent


def test_entries_stop_above_35_until_a_close_below_30() -> None:
    made = manager()
    assert not reading(made, 35.0).entry_stopped
    assert reading(made, 35.01).entry_stopped
    assert reading(made, 20.0).entry_stopped, "a print below does not resume, only a close does"
    made.load_history([*history(20.0), (NOW.date(), 30.0)])
    assert made.entry_stopped
    made.load_history([*history(20.0), (NOW.date(), 30.0), (NOW.date() + timedelta(days=1), 29.99)])
    assert not made.entry_stopped


def test_the_stop_survives_a_restart_and_ends_with_a_later_close_of_the_history() -> None:
    made = manager()
    made.update(36.0, NOW)
    restored = UnifiedVixManager()
    restored.restore(made.facts())
    restored.load_history(history(20.0))
    assert restored.entry_stopped, "closes before the stop's day do not end it"
    restored.load_history([*history(20.0), (NOW.date(), 29.0)])
    assert not restored.entry_stopped


def test_a_cold_start_reads_the_stop_from_closes() -> None:
    base = [(YESTERDAY - timedelta(days=300 - i), 20.0) for i in range(300)]
    made = UnifiedVixManager()
    made.load_history([*base, (YESTERDAY, 35.01)])
    assert made.entry_stopped
    made.load_history([*base, (YESTERDAY, 36.0), (YESTERDAY + timedelta(days=1), 29.0)])
    assert not made.entry_stopped


def test_a_close_of_exactly_35_does_not_stop() -> None:
    made = UnifiedVixManager()
    made.load_history([(YESTERDAY, 35.0)])
    assert not made.entry_stopped


def test_a_close_equal_to_the_value_is_not_below_it() -> None:
    assert reading(manager(close=20.0), 20.0).percentile == 0.0
    assert reading(manager(close=20.0), 20.01).percentile == 100.0


@pytest.mark.parametrize("facts", [{}, {"stopped_on": 5}, {"stopped_on": "soon"}, {"stopped_on": None, "x": 1}])
def test_foreign_facts_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        UnifiedVixManager().restore(facts)


@pytest.mark.parametrize("rows", [[(YESTERDAY, 20.0), (YESTERDAY, 21.0)], [(YESTERDAY, 0.0)],
                                  [(YESTERDAY, float("nan"))]])
def test_bad_history_is_refused(rows: list[tuple[date, float]]) -> None:
    with pytest.raises(IntegrityError):
        UnifiedVixManager().load_history(rows)


def test_self_check_wants_252_closes() -> None:
    manager().self_check()
    with pytest.raises(IntegrityError):
        manager(count=251).self_check()


@given(st.floats(min_value=5.0, max_value=120.0), st.floats(min_value=5.0, max_value=120.0))
def test_a_higher_vix_never_has_a_lower_percentile(one: float, other: float) -> None:
    low, high = sorted((one, other))
    made = UnifiedVixManager()
    made.load_history([(YESTERDAY - timedelta(days=251 - i), 8.0 + i / 3.0) for i in range(252)])
    assert reading(made, low).percentile <= reading(made, high).percentile
