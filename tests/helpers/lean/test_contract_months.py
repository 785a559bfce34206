"""Months to follow: those a strangle could be sold on, and those of what is held; closes are those of this morning."""

from __future__ import annotations

from datetime import date, timedelta
from math import isnan
from types import SimpleNamespace

from helpers.lean.contract_months import MAX_DAYS, MIN_DAYS, ContractMonths

TODAY = date(2024, 7, 22)


def months_at(*days: int) -> dict[date, float]:
    return {TODAY + timedelta(days=left): 80.0 + left for left in days}


def test_months_inside_the_range_are_followed_once():
    months = ContractMonths()
    months.begin_day({"/MCL": months_at(MIN_DAYS - 1, MIN_DAYS, MAX_DAYS, MAX_DAYS + 1)})
    wanted = [TODAY + timedelta(days=MIN_DAYS), TODAY + timedelta(days=MAX_DAYS)]
    assert months.to_follow("/MCL", (), TODAY) == wanted
    for expiry in wanted:
        months.add("/MCL", expiry, SimpleNamespace(has_data=True))
    assert months.to_follow("/MCL", (), TODAY) == []


def test_a_month_that_is_held_is_followed_whatever_its_age_and_though_it_is_not_listed():
    months = ContractMonths()
    near, gone = TODAY + timedelta(days=9), TODAY + timedelta(days=3)
    months.begin_day({"/MCL": months_at(9)})
    assert months.to_follow("/MCL", (near, gone), TODAY) == [gone, near]


def test_a_close_is_that_of_this_morning_or_none():
    months = ContractMonths()
    (expiry,) = months_at(60)
    months.begin_day({"/MCL": {expiry: 80.0}})
    months.add("/MCL", expiry, SimpleNamespace(has_data=True))
    assert months.last_close("/MCL", expiry) == 80.0
    months.begin_day({"/MCL": {expiry: 91.0}})
    assert months.last_close("/MCL", expiry) == 91.0
    months.begin_day({"/MGC": {}})
    assert isnan(months.last_close("/MCL", expiry))
