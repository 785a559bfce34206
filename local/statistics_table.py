"""The table a run ends with: LEAN's statistics under LEAN's names, then what each strategy made and was refused."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from local.run_report.account import profit, strategy_names
from local.run_report.performance import verdict_text

COLUMN_GAP = "   "
REFUSALS_SHOWN = 4
LEAST_USD = 0.005         # below, a sum is only rounded
WIDTH = 120


def statistics_lines(statistics: Mapping[str, Any]) -> list[str]:
    """LEAN's statistics in two columns, in LEAN's order."""
    rows = [(str(name), str(value)) for name, value in statistics.items()]
    half = (len(rows) + 1) // 2
    columns = [rows[:half], rows[half:]]
    blocks = [_column(column) for column in columns if column]
    width = max((len(line) for line in blocks[0]), default=0) if blocks else 0
    lines = []
    for index in range(half):
        parts = [block[index] for block in blocks if index < len(block)]
        lines.append(COLUMN_GAP.join([parts[0].ljust(width), *parts[1:]]).rstrip())
    return lines


def _column(rows: Sequence[tuple[str, str]]) -> list[str]:
    left = max(len(name) for name, _ in rows)
    right = max(len(value) for _, value in rows)
    return [f"{name.ljust(left)}  {value.rjust(right)}" for name, value in rows]


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> list[str]:
    """A plain table: columns in ``left`` flush left, the others flush right."""
    table = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[index]) for row in table) for index in range(len(header))]
    lines = []
    for number, row in enumerate(table):
        cells = [cell.ljust(width) if index in left else cell.rjust(width)
                 for index, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return lines


def strategy_rows(report: Mapping[str, Any]) -> list[list[str]]:
    """One row a strategy that traded, is open or was refused: counts, win rate, what it made with what is open marked, fees,
    its commonest refusals. The last row is the account's net profit, and the P&L above sums to it."""
    refusals, found = report["refusals"], profit(report)
    made = {row.strategy: row for row in found.rows}
    rows = []
    for name in strategy_names(report):
        row, codes = made.get(name), sorted(refusals.get(name, {}).items(), key=lambda item: (-item[1], item[0]))
        if row is None and not codes:
            continue
        shown = ", ".join(f"{code} {count}" for code, count in codes[:REFUSALS_SHOWN])
        more = f", {len(codes) - REFUSALS_SHOWN} more" if len(codes) > REFUSALS_SHOWN else ""
        figures = ["0", "0", "-", "0.00", "0.00", "0.00", "0.00"] if row is None else [
            str(row.trades), str(row.held), f"{row.wins / row.trades:.0%}" if row.trades else "-", f"{row.closed_usd:,.2f}",
            f"{row.open_usd:,.2f}", f"{row.total_usd:,.2f}", f"{row.fees_usd:,.2f}"]
        rows.append([name, *figures, *entry_orders(report, name), shown + more])
    if abs(found.elsewhere_usd) >= LEAST_USD:
        rows.append(["on no position", "", "", "", "", "", f"{found.elsewhere_usd:,.2f}", "", "", "", ""])
    rows.append(["net profit", str(sum(row.trades for row in found.rows)), str(sum(row.held for row in found.rows)), "",
                 f"{sum(row.closed_usd for row in found.rows):,.2f}", f"{sum(row.open_usd for row in found.rows):,.2f}",
                 f"{found.net_usd:,.2f}", f"{sum(row.fees_usd for row in found.rows):,.2f}", *entry_orders(report), ""])
    return rows


def entry_orders(report: Mapping[str, Any], strategy: str | None = None) -> tuple[str, str]:
    """Orders for each entry that filled, and the share of entries that did, of one strategy or of all; dashes where none was
    sent."""
    rows = [row for row in report.get("orders", []) if row["purpose"] == "ENTRY" and strategy in (None, row["strategy"])]
    sent, tried, filled = (sum(row[key] for row in rows) for key in ("orders", "intents", "filled"))
    return f"{sent / filled:.1f}" if filled else "-", f"{filled / tried:.0%}" if tried else "-"


def strategy_lines(report: Mapping[str, Any]) -> list[str]:
    """The strategies' part of the table."""
    header = ("Strategy", "Trades", "Open", "Win Rate", "Closed $", "Open at Marks $", "P&L $", "Fees $", "Orders an Entry", "Filled",
              "Refusals by code")
    return grid(header, strategy_rows(report), left=(0, 10))


def run_table(statistics: Mapping[str, Any], report: Mapping[str, Any] | None) -> str:
    """The whole table as text: LEAN's statistics, then the ledger's figures and the verdict."""
    lines = statistics_lines(statistics)
    if report is not None:
        lines += ["", *strategy_lines(report)]
        lines += ["", *wrap(verdict_text(report), WIDTH)] if report["marks"] else []
    return "\n".join(lines)
