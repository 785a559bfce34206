"""Charts as data: marks where they were, entries at their own time, nothing joined that nobody looked at."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from config.constants import VIX_REGIMES
from local.run_report import charts as plots
from local.run_report.charts import Charts, seconds
from local.run_report.page import ASSETS
from tests.local.run_report.builders_report import make_marks, make_report, make_trade


def drawn(name: str, draw: Any, report: dict[str, Any], *more: Any) -> dict[str, Any]:
    charts = Charts()
    draw(charts, report, *more)
    return charts._data[name]


def at(text: str) -> int:
    return seconds(datetime.fromisoformat(text))


def test_entries_and_exits_stand_at_their_time_on_the_line() -> None:
    report = make_report()
    chart = drawn("equity", plots.equity_charts, report)
    marks = {(mark["x"], mark["up"]): mark for mark in chart["marks"]}
    assert len(marks) == 2 * 3 + 1
    for trade in report["trades"]:
        assert (at(trade["opened"]), True) in marks and (at(trade["closed"]), False) in marks
    opened = marks[at("2024-08-08T10:00:00"), True]
    assert "still open" in opened["text"]
    before, after = (next(mark["equity"] for mark in report["marks"] if mark["time"] == time)
                     for time in ("2024-08-07T15:45:00", "2024-08-08T10:30:00"))
    assert opened["y"] == pytest.approx(before + (after - before) * 18.25 / 18.75, abs=0.01)


def test_an_entry_before_the_first_mark_is_drawn_where_it_was() -> None:
    report = make_report(trades=[make_trade(opened="2024-07-01T09:52:00")])
    chart = drawn("equity", plots.equity_charts, report)
    assert chart["x"][0] == at("2024-07-01T09:30:00") and chart["series"][-1]["values"][0] == 65_000.0
    first = chart["marks"][0]
    assert first["x"] == at("2024-07-01T09:52:00") and chart["x"][0] < first["x"] < chart["x"][1]
    assert 65_000.0 < first["y"] < report["marks"][0]["equity"]


def test_what_is_not_known_is_a_gap() -> None:
    marks = make_marks()
    marks[3] = marks[3] | {"vix": None}
    chart = drawn("vix", plots.vix_chart, make_report(marks=marks))
    assert [place for place, value in enumerate(chart["series"][0]["values"]) if value is None] == [3]
    greekless = marks[5]["strategies"]["lt112"] | {"vega": None}
    marks[5] = marks[5] | {"strategies": {"lt112": greekless}}
    chart = drawn("strategies-vega", plots.by_strategy_chart, make_report(marks=marks), "vega", "Vega")
    assert [place for place, value in enumerate(chart["series"][0]["values"]) if value is None] == [5]


def test_days_that_nobody_looked_at_are_a_gap() -> None:
    start = datetime(2024, 7, 1, 12)
    rows = [(start, 1.0), (start + timedelta(days=5), 2.0), (start + timedelta(days=10, minutes=1), 3.0)]
    times, values = plots.with_gaps(rows)
    assert values == [1.0, 2.0, None, 3.0] and times == sorted(times)


def test_a_strategy_that_holds_nothing_stands_at_zero_and_the_sum_is_all_of_them() -> None:
    marks = make_marks()
    held = marks[0]["strategies"]["lt112"]
    marks[0] = marks[0] | {"strategies": {"lt112": held, "friday_0dte": held | {"margin": 700.0}}}
    chart = drawn("strategies-margin", plots.by_strategy_chart, make_report(marks=marks), "margin", "Margin", "usd")
    by_name = {series["label"]: series["values"] for series in chart["series"]}
    assert by_name["friday_0dte"][:2] == [700.0, 0.0] and by_name["all"][:2] == [5_700.0, 5_000.0]


def test_profit_over_time_is_what_is_closed_and_what_is_open() -> None:
    report = make_report()
    chart = drawn("strategies-profit", plots.profit_chart, report)
    made = {series["label"]: series["values"] for series in chart["series"]}
    last = report["marks"][-1]["strategies"]["lt112"]["open_usd"]
    assert made["lt112"][-1] == pytest.approx(-512.0 + 162.0 + last) and made["friday_0dte"][-1] == 84.0
    assert made["friday_0dte"][0] == 0.0


def test_a_position_closed_at_a_marks_own_minute_counts_as_closed_there() -> None:
    """The mark no longer shows it as open: its result would be in neither part."""
    marks = [mark | {"strategies": {}} for mark in make_marks()[:3]]
    trade = make_trade(strategy="lt112", opened=marks[0]["time"], closed=marks[1]["time"], pnl_usd=-905.0)
    chart = drawn("strategies-profit", plots.profit_chart, make_report(marks=marks, trades=[trade], open_positions=[]))
    (series,) = chart["series"]
    assert series["values"] == [0.0, -905.0, -905.0]


def test_spy_starts_where_the_account_does() -> None:
    report = make_report()
    chart = drawn("equity", plots.equity_charts, report)
    spy = chart["series"][0]["values"]
    assert spy[0] == 65_000.0
    assert spy[-1] == pytest.approx(65_000.0 * report["marks"][-1]["spy"] / report["marks"][0]["spy"], abs=0.01)
    assert plots.spy_share(report) == pytest.approx(spy[-1] / spy[0] - 1.0, abs=1e-6)


def test_drawdown_is_from_the_highest_so_far() -> None:
    assert plots.drawdowns([100.0, 110.0, None, 99.0, 120.0]) == [0.0, 0.0, None, pytest.approx(-0.1), 0.0]


def test_every_regime_has_its_band_and_its_colour() -> None:
    chart = drawn("vix", plots.vix_chart, make_report())
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    assert [band["label"] for band in chart["bands"]] == [name.replace("_", " ") for _, name in VIX_REGIMES]
    assert all(style.count(f"--{name}:#") == 2 for _, name in VIX_REGIMES)
    assert all(low["to"] == high["from"] for low, high in zip(chart["bands"], chart["bands"][1:]))


def test_data_cannot_end_the_script_it_stands_in() -> None:
    charts = Charts()
    charts.add("x", "", [0], [plots.line("</script>", [1.0])], unit="usd")
    assert "<" not in charts.text
