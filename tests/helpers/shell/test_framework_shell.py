"""What the shell asks of every strategy alike, whichever of them are built."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import pytest

from config.strategy_parameters import FRIDAY_0DTE, LEAP_PUT_LADDER, RATIO, StrategySpec
from helpers.shell.framework_shell import FrameworkShell

FRIDAY, MONDAY = datetime(2024, 7, 26, 10, 30), datetime(2024, 7, 29, 10, 30)
SAME_DAY = replace(RATIO, name="same_day", entry_dte_min=0, entry_dte_max=0)


def read_at(now: datetime, *specs: StrategySpec) -> set[str]:
    """Underlyings whose session so far is read at an entry round of a house with these specifications."""
    shell = object.__new__(FrameworkShell)
    shell.parts = SimpleNamespace(specs={spec.name: spec for spec in specs})
    shell.rounds = SimpleNamespace(eager=True)
    return set(shell._intraday(now))


@pytest.mark.parametrize("now, specs, read", [
    (MONDAY, (SAME_DAY,), set(SAME_DAY.underlyings[:1])),           # no weekday of its own: it enters on any
    (FRIDAY, (FRIDAY_0DTE,), set(FRIDAY_0DTE.underlyings[:1])),
    (MONDAY, (FRIDAY_0DTE,), set()),
    (MONDAY, (LEAP_PUT_LADDER,), set()),
    (MONDAY, (FRIDAY_0DTE, SAME_DAY, LEAP_PUT_LADDER), set(SAME_DAY.underlyings[:1])),
])
def test_the_session_is_read_for_strategies_that_enter_on_the_day_they_expire(
        now: datetime, specs: tuple[StrategySpec, ...], read: set[str]) -> None:
    assert read_at(now, *specs) == read


def test_the_session_is_read_in_the_strategys_own_window_only() -> None:
    before = FRIDAY.replace(hour=FRIDAY_0DTE.window_open.hour, minute=FRIDAY_0DTE.window_open.minute)
    assert read_at(before, FRIDAY_0DTE) and not read_at(before.replace(hour=before.hour - 1), FRIDAY_0DTE)
