"""Listed expiries and strikes."""
from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from local.data import calendar
from local.data.listing import Listing, equity_expiries


def test_expiries_of_2024() -> None:
    day = date(2024, 5, 1)
    found = equity_expiries(day)
    assert found[:8] == tuple(date(2024, 5, number) for number in (1, 2, 3, 6, 7, 8, 9, 10))
    assert found[8:14] == tuple(date(2024, 5, 10) + timedelta(7 * week) for week in range(1, 7))
    assert date(2024, 8, 16) in found           # a monthly near 112 days
    assert date(2027, 1, 15) in found           # two years and more
    assert all(calendar.is_session(expiry) for expiry in found)


@pytest.mark.parametrize(("day", "weekdays"), [(date(2017, 3, 6), {2, 4}), (date(2016, 5, 2), {4}),
                                               (date(2020, 2, 3), {0, 2, 4}), (date(2024, 5, 6), {0, 1, 2, 3, 4})])
def test_daily_expiries_by_year(day: date, weekdays: set[int]) -> None:
    assert {expiry.weekday() for expiry in equity_expiries(day) if (expiry - day).days < 7} == weekdays


def test_good_friday_expires_on_thursday() -> None:
    found = equity_expiries(date(2019, 3, 20))
    assert date(2019, 4, 18) in found and date(2019, 4, 19) not in found


def test_once_listed_stays_listed() -> None:
    listing, days = Listing(), calendar.sessions(date(2020, 2, 18), date(2020, 3, 20))
    before: set[tuple[date, float, str]] = set()
    for number, day in enumerate(days):
        middle = 335 * 0.987**number
        chains = listing.day(day, middle * 0.98, middle * 1.02, 20 + 3 * number)
        now = {(chain.expiry, strike, right) for chain in chains
               for right, has in (("C", chain.has_call), ("P", chain.has_put)) for strike in chain.strikes[has]}
        assert {item for item in before if item[0] >= day} <= now
        before = now


def test_every_strategy_finds_its_strikes() -> None:
    spot, day = 500.0, date(2024, 5, 1)
    chains = {chain.expiry: chain for chain in Listing().day(day, 498, 502, 16)}

    def has(expiry: date, strike: float, right: str) -> bool:
        chain = chains[expiry]
        return strike in chain.strikes[chain.has_call if right == "C" else chain.has_put]

    assert all(has(date(2024, 5, 3), strike, right) for strike in np.arange(488.0, 513.0) for right in "CP")
    assert all(has(date(2024, 8, 16), strike, "P") for strike in np.arange(440.0, 490.0, 5))
    assert has(date(2025, 6, 20), 410, "C")
    assert all(has(date(2025, 6, 20), round(spot * share / 10) * 10, "P") for share in (0.95, 0.9, 0.85, 0.8))
    assert all(has(date(2024, 6, 7), spot + wing, right) for wing in (-10, 0, 10) for right in "CP")
    assert has(date(2024, 5, 10), 515, "C") and has(date(2024, 5, 3), 375, "P") is False
    assert has(date(2024, 6, 21), 380, "P")     # far below spot
