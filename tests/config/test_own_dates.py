"""The user's own dates continue the calendars, never bend them; what is wrong with them is one line at the start."""
from __future__ import annotations

from datetime import date, timedelta

import pytest

from config.calendars import EARNINGS, EX_DIVIDENDS
from config.run_parameters import parse
from core.errors import ConfigError

APPLE, IWM = EARNINGS["AAPL"][-1], EX_DIVIDENDS["IWM"][-1]


def weekday_after(day: date, days: int) -> date:
    """The day so many days later: the figures of these tests must be weekdays."""
    found = day + timedelta(days=days)
    assert found.weekday() < 5, found
    return found


def read(text: str) -> dict[str, dict[str, tuple[date, ...]]]:
    return {kind: dict(symbols) for kind, symbols in parse({"dates": text}, live=True).dates.items()}


def test_without_dates_there_are_none() -> None:
    assert parse({}, live=True).dates == {}


def test_dates_by_kind_and_symbol() -> None:
    first, second, other = weekday_after(APPLE, 91), weekday_after(APPLE, 182), weekday_after(IWM, 91)
    assert read(f"earnings AAPL {first} {second}; ex_dividends IWM {other}") == {
        "earnings": {"AAPL": (first, second)}, "ex_dividends": {"IWM": (other,)}}


def test_dates_an_update_has_learnt_too_do_no_harm() -> None:
    known = " ".join(day.isoformat() for day in EARNINGS["AAPL"][-2:])
    following = weekday_after(APPLE, 91)
    assert read(f"earnings AAPL {known} {following}") == {"earnings": {"AAPL": (following,)}}
    assert read(f"earnings AAPL {known}") == {"earnings": {"AAPL": ()}}


def after(day: date, wanted: int, *, forward: bool) -> str:
    """``wanted`` days after ``day``, moved off a weekend."""
    found = day + timedelta(days=wanted)
    while found.weekday() > 4:
        found += timedelta(days=1 if forward else -1)
    return found.isoformat()


@pytest.mark.parametrize("kind, symbol, last, quiet", [("earnings", "AAPL", APPLE, 60), ("ex_dividends", "IWM", IWM, 70)])
def test_a_quarter_is_neither_shorter_than_the_quiet_days_nor_two(kind: str, symbol: str, last: date, quiet: int) -> None:
    for text in (after(last, quiet + 1, forward=True), after(last, 112, forward=False)):
        assert read(f"{kind} {symbol} {text}")[kind][symbol] == (date.fromisoformat(text),)
    for text in (after(last, quiet, forward=False), after(last, 113, forward=True), after(last, -1, forward=False)):
        with pytest.raises(ConfigError, match="not one quarter"):
            read(f"{kind} {symbol} {text}")


@pytest.mark.parametrize("text, complaint", [
    ("earnings AAPL", "is not KIND SYMBOL DATE"), (";", "is not KIND SYMBOL DATE"),
    ("dividends AAPL 2027-01-28", "unknown kind 'dividends'; known: earnings, ex_dividends, splits"),
    ("earnings NVDA 2027-01-28", "of 'NVDA' are not continued; known: AAPL, MSFT"),
    ("ex_dividends SPY 2027-03-19", "of 'SPY' are not continued; known: IWM, AAPL, MSFT"),
    ("earnings AAPL 28.01.2027", "is not a date like"), ("earnings AAPL 2027-02-30", "is not a date like"),
    ("earnings AAPL 2027-01-30", "is no weekday")])
def test_what_is_wrong_is_one_line(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(text)
    assert complaint in str(raised.value) and str(raised.value).startswith("dates: ")
    assert "\n" not in str(raised.value)


def test_a_symbol_is_named_once_and_dates_ascend() -> None:
    day, later = after(APPLE, 91, forward=True), after(APPLE, 182, forward=True)
    with pytest.raises(ConfigError, match="named twice"):
        read(f"earnings AAPL {day}; earnings AAPL {later}")
    with pytest.raises(ConfigError, match="not one quarter"):
        read(f"earnings AAPL {day} {day}")


def test_splits_are_days_of_any_share() -> None:
    assert read("splits AAPL 2027-06-07; splits SPY 2027-06-07 2028-06-05") == {
        "splits": {"AAPL": (date(2027, 6, 7),), "SPY": (date(2027, 6, 7), date(2028, 6, 5))}}


@pytest.mark.parametrize("text, why", [("splits AAPL 2027-06-06", "no weekday"), ("splits VIX 2027-06-07", "not continued"),
                                       ("splits AAPL soon", "is not a date"), ("splits AAPL", "is not KIND SYMBOL DATE")])
def test_splits_that_cannot_be(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read(text)
