from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from config import calendars
from config.calendars import (calendar_facts, earnings_within, event_within, ex_dividend_next_session,
                              ex_dividends_reach, is_fomc_day, is_roll_week, is_triple_witching, split_next_session,
                              split_within)
from core.codes import RefusalCode
from core.model import CalendarFacts, Refused
from tests.builders import make_calendar

IWM_OWN = calendars.EX_DIVIDENDS["IWM"][-1] + timedelta(days=91)


def weekdays(after: date, count: int) -> tuple[date, ...]:
    days: list[date] = []
    while len(days) < count:
        after += timedelta(days=1)
        if after.weekday() < 5:
            days.append(after)
    return tuple(days)


def facts(today: date, count: int = 6, **overrides: Any) -> CalendarFacts:
    ahead = weekdays(today, count)
    return make_calendar(today, **({"sessions_ahead": ahead, "next_session": weekdays(today, 1)[0]} | overrides))


def code(answer: object) -> RefusalCode:
    assert isinstance(answer, Refused)
    return answer.code


def test_eight_scheduled_decisions_a_year_and_none_on_a_weekend() -> None:
    for year in range(2015, 2028):
        days = [day for day in calendars.FOMC_SCHEDULED if day.year == year]
        assert len(days) == (7 if year == 2020 else 8)
        assert all(day.weekday() < 5 for day in days)
    assert list(calendars.FOMC_SCHEDULED) == sorted(calendars.FOMC_SCHEDULED)


def test_fomc_days_scheduled_and_not() -> None:
    assert is_fomc_day(date(2024, 7, 31)) is True
    assert is_fomc_day(date(2024, 7, 30)) is False
    assert is_fomc_day(date(2020, 3, 3)) is True
    assert is_fomc_day(date(2020, 3, 18)) is False


@pytest.mark.parametrize("day, covered", [(date(2014, 12, 31), False), (date(2015, 1, 1), True),
                                          (date(2027, 12, 31), True), (date(2028, 1, 1), False)])
def test_beyond_the_list_refuses(day: date, covered: bool) -> None:
    answers = (is_fomc_day(day), is_triple_witching(day, day + timedelta(days=1)), is_roll_week("/ES", day))
    for answer in answers:
        assert isinstance(answer, Refused) is not covered
        if not covered:
            assert code(answer) is RefusalCode.CALENDAR_UNCOVERED


def test_triple_witching_is_the_third_friday_of_a_quarter() -> None:
    assert is_triple_witching(date(2024, 9, 20), date(2024, 9, 23)) is True
    assert is_triple_witching(date(2024, 9, 13), date(2024, 9, 16)) is False
    assert is_triple_witching(date(2024, 8, 16), date(2024, 8, 19)) is False


def test_triple_witching_moves_to_thursday_when_friday_is_closed() -> None:
    assert is_triple_witching(date(2026, 6, 18), date(2026, 6, 22)) is True
    assert is_triple_witching(date(2026, 6, 18), date(2026, 6, 19)) is False


@pytest.mark.parametrize("product, first, last", [
    ("/ES", date(2024, 9, 12), date(2024, 9, 20)), ("/MES", date(2024, 6, 13), date(2024, 6, 21)),
    ("/CL", date(2024, 8, 13), date(2024, 8, 20)), ("/CL", date(2024, 2, 13), date(2024, 2, 20)),
    ("/CL", date(2024, 5, 14), date(2024, 5, 21)), ("/MCL", date(2024, 8, 12), date(2024, 8, 19)),
    ("/GC", date(2024, 7, 24), date(2024, 7, 31)), ("/MGC", date(2024, 11, 22), date(2024, 11, 29)),
    ("/SI", date(2024, 8, 23), date(2024, 8, 30)), ("/GC", date(2020, 1, 24), date(2020, 1, 31))])
def test_roll_weeks_at_their_ends(product: str, first: date, last: date) -> None:
    assert is_roll_week(product, first) is True and is_roll_week(product, last) is True
    assert is_roll_week(product, first - timedelta(days=1)) is False
    assert is_roll_week(product, last + timedelta(days=1)) is False


def test_months_without_a_roll() -> None:
    for product, day in (("/ES", date(2024, 8, 16)), ("/GC", date(2024, 8, 30)), ("/SI", date(2024, 7, 31))):
        assert is_roll_week(product, day) is False
    with pytest.raises(KeyError):
        is_roll_week("/ZB", date(2024, 7, 1))


def test_earnings_within_thirty_days_and_one_more() -> None:
    assert earnings_within("AAPL", facts(date(2024, 7, 2)), 30) == date(2024, 8, 1)
    assert earnings_within("AAPL", facts(date(2024, 7, 1)), 30) is None
    assert earnings_within("AAPL", facts(date(2024, 8, 1)), 30) == date(2024, 8, 1)
    assert earnings_within("AAPL", facts(date(2024, 8, 2)), 30) is None
    assert earnings_within("SPY", facts(date(2099, 1, 1)), 30) is None


@pytest.mark.parametrize("symbol", sorted(calendars.EARNINGS))
def test_earnings_reach_sixty_days_beyond_the_last_ones(symbol: str) -> None:
    last = calendars.EARNINGS[symbol][-1] + timedelta(days=60)
    assert earnings_within(symbol, facts(last - timedelta(days=30)), 30) is None
    refused = earnings_within(symbol, facts(last - timedelta(days=29)), 30)
    assert code(refused) is RefusalCode.CALENDAR_UNCOVERED
    assert (refused.facts["calendar"], refused.facts["last"], refused.facts["continued_by"]) == (
        f"earnings {symbol}", last.isoformat(), "parameter dates")
    assert code(earnings_within("NVDA", facts(date(2024, 1, 2)), 30)) is RefusalCode.CALENDAR_UNCOVERED
    with pytest.raises(ValueError):
        earnings_within(symbol, facts(last), -1)


def test_the_users_own_dates_continue_the_calendars() -> None:
    """Two earnings days: the first is a date like any other, and the second moves the calendar's end."""
    last = calendars.EARNINGS["AAPL"][-1]
    own = tuple(last + timedelta(days=days) for days in (91, 182))
    mine = {"announced": {"earnings": {"AAPL": own}, "ex_dividends": {"IWM": (IWM_OWN,)}}}
    assert earnings_within("AAPL", facts(own[0] - timedelta(days=30), **mine), 30) == own[0]
    assert earnings_within("AAPL", facts(own[0] + timedelta(days=1), **mine), 30) is None
    assert earnings_within("AAPL", facts(own[1] + timedelta(days=30), **mine), 30) is None
    assert code(earnings_within("AAPL", facts(own[1] + timedelta(days=31), **mine), 30)) \
        is RefusalCode.CALENDAR_UNCOVERED
    assert code(earnings_within("MSFT", facts(own[1], **mine), 30)) is RefusalCode.CALENDAR_UNCOVERED
    before = facts(IWM_OWN - timedelta(days=1), next_session=IWM_OWN, **mine)
    assert ex_dividend_next_session("IWM", before) is True
    after = facts(IWM_OWN, next_session=IWM_OWN + timedelta(days=1), **mine)
    assert ex_dividend_next_session("IWM", after) is False
    assert ex_dividends_reach("IWM", IWM_OWN + timedelta(days=70), after) is None
    assert code(ex_dividends_reach("IWM", IWM_OWN + timedelta(days=71), after)) is RefusalCode.CALENDAR_UNCOVERED


@pytest.mark.parametrize("kind, symbol", [(kind, symbol) for kind, symbols in calendars.CONTINUED.items()
                                          for symbol in symbols])
def test_dates_are_quarterly_weekdays(kind: str, symbol: str) -> None:
    days = calendars.CONTINUED[kind][symbol]
    assert all(day.weekday() < 5 for day in days)
    assert all(calendars.QUIET_DAYS[kind] < (later - earlier).days <= calendars.LONGEST_QUARTER_DAYS
               for earlier, later in zip(days, days[1:]))


@pytest.mark.parametrize("symbol, today, expected", [
    ("SPY", date(2024, 9, 19), True), ("SPY", date(2024, 9, 18), False), ("SPY", date(2024, 9, 20), False),
    ("QQQ", date(2024, 9, 20), True), ("QQQ", date(2024, 9, 19), False), ("QQQ", date(2024, 9, 23), False),
    ("SPY", date(2024, 8, 15), False), ("QQQ", date(2024, 8, 16), False), ("IWM", date(2024, 9, 24), True),
    ("AAPL", date(2024, 8, 9), True), ("AAPL", date(2024, 8, 8), False), ("MSFT", date(2024, 8, 14), True)])
def test_ex_dividend_next_session(symbol: str, today: date, expected: bool) -> None:
    assert ex_dividend_next_session(symbol, facts(today)) is expected


def test_ex_dividends_around_a_closed_third_friday() -> None:
    ahead = (date(2026, 6, 18), date(2026, 6, 22), date(2026, 6, 23))
    wednesday = facts(date(2026, 6, 17), next_session=ahead[0], sessions_ahead=ahead)
    thursday = facts(date(2026, 6, 18), next_session=ahead[1], sessions_ahead=ahead[1:])
    assert ex_dividend_next_session("SPY", wednesday) is True
    assert ex_dividend_next_session("SPY", thursday) is False
    assert ex_dividend_next_session("QQQ", thursday) is True


@pytest.mark.parametrize("symbol", ["IWM", "AAPL", "MSFT", "SPY", "QQQ"])
def test_how_far_ex_dividend_days_are_known(symbol: str) -> None:
    rule, today = symbol in ("SPY", "QQQ"), facts(date(2024, 1, 2))
    last = date(2027, 12, 31) if rule else calendars.EX_DIVIDENDS[symbol][-1] + timedelta(days=70)
    assert ex_dividends_reach(symbol, last, today) is None
    beyond = ex_dividends_reach(symbol, last + timedelta(days=1), today)
    assert code(beyond) is RefusalCode.CALENDAR_UNCOVERED
    assert (beyond.facts["calendar"], beyond.facts["last"]) == (f"ex-dividends {symbol}", last.isoformat())
    assert beyond.facts["continued_by"] == ("config/calendars.py" if rule else "parameter dates")
    assert code(ex_dividends_reach("NVDA", date(2024, 1, 2), today)) is RefusalCode.CALENDAR_UNCOVERED


def test_ex_dividends_beyond_the_list_refuse() -> None:
    end = calendars.EX_DIVIDENDS["IWM"][-1] + timedelta(days=70)
    assert ex_dividend_next_session("IWM", facts(end - timedelta(days=1), next_session=end)) is False
    beyond = facts(end, next_session=end + timedelta(days=1))
    assert code(ex_dividend_next_session("IWM", beyond)) is RefusalCode.CALENDAR_UNCOVERED
    assert code(ex_dividend_next_session("NVDA", facts(date(2024, 3, 1)))) is RefusalCode.CALENDAR_UNCOVERED


def test_events_within_five_sessions_and_one_more() -> None:
    assert event_within(facts(date(2024, 7, 24)), 5) == date(2024, 7, 31)
    assert event_within(facts(date(2024, 7, 23)), 5) is None
    assert event_within(facts(date(2024, 7, 31)), 5) == date(2024, 7, 31)
    assert event_within(facts(date(2024, 8, 1)), 5) is None


def test_an_unscheduled_decision_is_not_foreseen() -> None:
    assert event_within(facts(date(2020, 3, 2)), 5) is None


def test_events_need_the_sessions_ahead() -> None:
    assert event_within(facts(date(2024, 7, 24), count=5), 5) == date(2024, 7, 31)
    assert code(event_within(facts(date(2024, 7, 24), count=4), 5)) is RefusalCode.GUARD_CANNOT_COMPUTE
    assert code(event_within(facts(date(2027, 12, 30)), 5)) is RefusalCode.CALENDAR_UNCOVERED


def build(today: date, close: datetime | None) -> CalendarFacts:
    return calendar_facts(today, session_open=None if close is None else datetime(*today.timetuple()[:3], 9, 30),
                          session_close=close, previous_session=today - timedelta(days=1),
                          next_session=today + timedelta(days=1))


def test_facts_of_ordinary_early_and_closed_days() -> None:
    assert not build(date(2024, 7, 2), datetime(2024, 7, 2, 16, 0)).is_early_close
    assert build(date(2024, 7, 3), datetime(2024, 7, 3, 13, 0)).is_early_close
    closed = build(date(2024, 7, 4), None)
    assert not closed.is_early_close and closed.session_open is None and closed.uncovered == ()
    assert build(date(2024, 7, 31), datetime(2024, 7, 31, 16, 0)).is_fomc_day


def test_facts_beyond_the_calendars_say_so_and_read_strict() -> None:
    uncovered = build(date(2028, 1, 3), datetime(2028, 1, 3, 16, 0))
    assert uncovered.uncovered == ("FOMC", "triple witching")
    assert uncovered.is_fomc_day and uncovered.is_triple_witching


@pytest.mark.parametrize("today, days, found", [
    (date(2020, 8, 31), 30, date(2020, 8, 31)), (date(2020, 8, 28), 30, date(2020, 8, 31)),
    (date(2020, 8, 1), 30, date(2020, 8, 31)), (date(2020, 7, 31), 30, None), (date(2020, 9, 1), 30, None)])
def test_splits_of_record(today, days, found):
    assert split_within("AAPL", make_calendar(today), days) == found
    assert split_within("MSFT", make_calendar(today), days) is None


@pytest.mark.parametrize("today, following, found", [
    (date(2020, 8, 28), date(2020, 8, 31), date(2020, 8, 31)), (date(2020, 8, 27), date(2020, 8, 28), None),
    (date(2020, 8, 31), date(2020, 9, 1), None)])
def test_the_split_before_the_next_session(today, following, found):
    assert split_next_session("AAPL", make_calendar(today, next_session=following)) == found


def test_announced_splits_count_too():
    calendar = make_calendar(date(2027, 6, 4), next_session=date(2027, 6, 7),
                             announced={"splits": {"MSFT": (date(2027, 6, 7),)}})
    assert split_next_session("MSFT", calendar) == date(2027, 6, 7)
    assert split_next_session("AAPL", calendar) is None
