"""Refusals once an opportunity: a Friday that was refused eighty times is one condor that was not sold."""
from __future__ import annotations

from typing import Any

from local.run_report.refusals import nearest, opportunities, refusal_section
from tests.local.run_report.builders_report import make_report, make_trade
from tests.local.run_report.test_page import cells


def row(code: str, day: str = "2024-07-05", strategy: str = "friday_0dte", count: int = 40, **more: Any) -> dict[str, Any]:
    return {"date": day, "strategy": strategy, "code": code, "count": count, "first": "10:33", "last": "13:28", "facts": {"vix": 12.5},
            "closest": None} | more


def near(value: float, time: str = "11:00") -> dict[str, Any]:
    return {"value": value, "limit": 22.0, "time": time}


def of(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return make_report(**(dict(refusal_days=list(rows), trades=[], open_positions=[]) | more))


def test_a_friday_counts_once_with_the_check_it_came_furthest_to() -> None:
    one, = opportunities(of(row("OUTSIDE_WINDOW"), row("VIX_BELOW_BAND", count=36), row("CREDIT_TOO_SMALL", count=4),
                            row("ENTRY_SPACING", count=2)))
    assert (one.code, one.asked, one.entered) == ("CREDIT_TOO_SMALL", 42, False)


def test_a_day_of_the_clock_alone_is_no_opportunity() -> None:
    assert opportunities(of(row("OUTSIDE_WINDOW"), row("WRONG_WEEKDAY"))) == []


def test_a_day_on_which_it_entered_is_taken_whatever_else_was_said() -> None:
    trade = make_trade(opened="2024-07-05T11:00:00")
    one, = opportunities(of(row("VIX_BELOW_BAND"), trades=[trade]))
    assert one.entered and one.code == "entered"


def test_a_pause_alone_is_what_it_was_refused_for() -> None:
    one, = opportunities(of(row("ENTRY_SPACING", count=2)))
    assert one.code == "ENTRY_SPACING"


def test_the_closest_approach_is_the_nearest_of_all_days() -> None:
    days = [row("VIX_BELOW_BAND", day=f"2024-07-{day:02d}", closest=near(value)) for day, value in ((5, 14.0), (12, 21.2), (19, 18.0))]
    found = opportunities(of(*days))
    assert nearest(found) == ("21.2 of 22", "2024-07-12 11:00")
    rows = cells(refusal_section(of(*days)))
    assert rows[0][:6] == ["friday_0dte", "3", "VIX_BELOW_BAND", "3", "21.2 of 22", "2024-07-12 11:00"]


def test_every_code_is_still_told_behind_it() -> None:
    rows = cells(refusal_section(of(row("VIX_BELOW_BAND", count=46), refusals={"friday_0dte": {"VIX_BELOW_BAND": 1, "OUTSIDE_WINDOW": 3}})))
    assert ["friday_0dte", "VIX_BELOW_BAND", "1", "46"] in rows and ["friday_0dte", "OUTSIDE_WINDOW", "3", "0"] in rows
