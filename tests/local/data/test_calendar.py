"""Sessions, holidays and early closes of the exchange."""
from __future__ import annotations

from datetime import date

import pytest

from local.data import calendar


@pytest.mark.parametrize("day", [
    date(2018, 12, 5), date(2025, 1, 9),            # days of mourning
    date(2024, 3, 29), date(2019, 4, 19),           # Good Friday
    date(2022, 6, 20), date(2024, 6, 19),           # Juneteenth, the first on a Monday for the Sunday
    date(2021, 7, 5), date(2020, 7, 3),             # Independence Day moved to Monday, to Friday
    date(2021, 12, 24), date(2022, 12, 26), date(2023, 1, 2), date(2024, 11, 28), date(2024, 8, 3),
])
def test_closed(day: date) -> None:
    assert not calendar.is_session(day)
    with pytest.raises(calendar.CalendarError):
        calendar.session_minutes(day)


@pytest.mark.parametrize("day", [date(2021, 12, 31), date(2021, 6, 18), date(2022, 7, 1), date(2018, 12, 6)])
def test_open(day: date) -> None:
    assert calendar.session_minutes(day) == 390


@pytest.mark.parametrize("day", [date(2024, 7, 3), date(2024, 11, 29), date(2024, 12, 24), date(2017, 7, 3),
                                 date(2018, 12, 24), date(2017, 11, 24)])
def test_early_close(day: date) -> None:
    assert calendar.session_minutes(day) == 210


def test_no_early_close_before_a_moved_holiday() -> None:
    assert calendar.session_minutes(date(2021, 7, 2)) == 390
    assert calendar.session_minutes(date(2026, 7, 2)) == 390
    assert calendar.session_minutes(date(2016, 12, 23)) == 390


@pytest.mark.parametrize(("year", "count"), [(2017, 251), (2018, 251), (2019, 252), (2020, 253), (2022, 251),
                                             (2023, 250), (2024, 252)])
def test_sessions_in_a_year(year: int, count: int) -> None:
    assert len(calendar.sessions(date(year, 1, 1), date(year, 12, 31))) == count


def test_shift_and_count() -> None:
    assert calendar.shift_session(date(2024, 7, 5), -1) == date(2024, 7, 3)
    assert calendar.shift_session(date(2024, 7, 4), 1) == date(2024, 7, 5)
    assert calendar.session_on_or_before(date(2019, 4, 19)) == date(2019, 4, 18)
    assert calendar.session_number(date(2024, 7, 8)) - calendar.session_number(date(2024, 7, 3)) == 2


def test_last_session_of_a_week() -> None:
    assert calendar.ends_week(date(2024, 8, 2)) and calendar.ends_week(date(2020, 4, 9))
    assert not calendar.ends_week(date(2024, 8, 1)) and not calendar.ends_week(date(2020, 4, 10))


def test_years_outside_are_refused() -> None:
    with pytest.raises(calendar.CalendarError):
        calendar.is_session(date(2004, 12, 31))
    with pytest.raises(calendar.CalendarError):
        calendar.sessions(date(2031, 12, 31), date(2032, 1, 2))
    with pytest.raises(calendar.CalendarError):
        calendar.shift_session(date(2031, 12, 31), 1)
