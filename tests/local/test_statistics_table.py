"""The table at the end of a run."""
from __future__ import annotations

from local.statistics_table import entry_orders, grid, run_table, statistics_lines, strategy_rows
from tests.local.run_report.builders_report import make_report, make_summary


def test_every_statistic_is_printed_once() -> None:
    statistics = make_summary()["statistics"]
    printed = "\n".join(statistics_lines(statistics))
    for name, value in statistics.items():
        assert printed.count(name) >= 1 and value in printed
    assert len(statistics_lines(statistics)) == (len(statistics) + 1) // 2
    assert statistics_lines({}) == []
    assert statistics_lines({"Total Orders": 3}) == ["Total Orders  3"]


def test_strategies_with_trades_open_positions_and_refusals() -> None:
    assert strategy_rows(make_report()) == [
        ["friday_0dte", "1", "0", "100%", "84.00", "0.00", "84.00", "8.00", "1.5", "67%", "VIX_BELOW_BAND 184, GAP_TOO_LARGE 1"],
        ["lt112", "2", "1", "50%", "-350.00", "-31.50", "-381.50", "18.00", "-", "-", "WEEK_TAKEN 2310, VIX_ABOVE_BAND 51"],
        ["on no position", "", "", "", "", "", "2,427.50", "", "", "", ""],
        ["net profit", "3", "1", "", "-266.00", "-31.50", "2,130.00", "26.00", "1.5", "67%", ""]]


def test_the_table_sums_to_the_net_profit() -> None:
    report = make_report()
    report["marks"][-1]["equity"] = 65_000.0 - 266.0 - 31.5
    rows = strategy_rows(report)
    assert [row[0] for row in rows] == ["friday_0dte", "lt112", "net profit"]
    assert sum(float(row[6].replace(",", "")) for row in rows[:-1]) == float(rows[-1][6].replace(",", "")) == -297.5
    assert "Lost $298 (-0.41%)" in run_table({}, report)


def test_orders_of_all_strategies_and_of_reports_without_any() -> None:
    assert entry_orders(make_report()) == ("1.5", "67%")
    assert entry_orders(make_report(orders=[])) == entry_orders({}) == ("-", "-")


def test_codes_beyond_four_are_counted() -> None:
    report = make_report(trades=[], open_positions=[], refusals={"lt112": {f"CODE_{n}": 10 - n for n in range(6)}})
    row = strategy_rows(report)[0]
    assert row[:4] == ["lt112", "0", "0", "-"]
    assert row[-1] == "CODE_0 10, CODE_1 9, CODE_2 8, CODE_3 7, 2 more"


def test_a_run_without_the_frameworks_report() -> None:
    assert run_table({"Total Orders": "0"}, None) == "Total Orders  0"


def test_grid_aligns() -> None:
    assert grid(("A", "Long"), (("xyz", "1"),)) == ["A    Long", "---  ----", "xyz     1"]
