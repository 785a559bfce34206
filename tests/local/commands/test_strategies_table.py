"""The table of strategies by scenario."""
from __future__ import annotations

from local.commands.strategies_table import opened_and_closed, table_lines
from tests.local.run_report.builders_report import make_report


def test_open_positions_count_as_opened() -> None:
    assert opened_and_closed("lt112", make_report()) == (3, 2)
    assert opened_and_closed("friday_0dte", make_report()) == (1, 1)
    assert opened_and_closed("hedge", make_report()) == (0, 0)


def test_a_row_for_each_of_the_ten() -> None:
    held_only = make_report(trades=[])
    lines = table_lines({"august_2024": make_report(), "quiet_2017": held_only})
    assert len(lines) == 2 + 10 + 2
    row = next(line.split() for line in lines if line.startswith("lt112"))
    assert "".join(row) == "lt1123/21/04/2yes"
    assert next(line for line in lines if line.startswith("hedge")).split() == ["hedge", "-", "-", "-", "NO"]
    assert lines[-1] == "2 of 10 strategies opened and closed at least one position"


def test_held_but_never_closed_is_no() -> None:
    lines = table_lines({"quiet_2017": make_report(trades=[])})
    assert next(line for line in lines if line.startswith("lt112")).split()[-1] == "NO"
