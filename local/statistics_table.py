"""The table a run ends with: LEAN's statistics under LEAN's names, then what each strategy did and was refused."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COLUMN_GAP = "   "
REFUSALS_SHOWN = 4


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
    """One row a strategy that traded, is open or was refused: counts, win rate, P&L, fees, its commonest refusals."""
    trades, refusals = report["trades"], report["refusals"]
    names = list(dict.fromkeys([*report["run"].get("strategies", []), *(trade["strategy"] for trade in trades),
                                *refusals]))
    rows = []
    for name in names:
        closed = [trade for trade in trades if trade["strategy"] == name]
        held = [position for position in report.get("open_positions", []) if position.get("strategy") == name]
        codes = sorted(refusals.get(name, {}).items(), key=lambda item: (-item[1], item[0]))
        if not (closed or held or codes):
            continue
        wins = sum(trade["pnl_usd"] > 0 for trade in closed)
        shown = ", ".join(f"{code} {count}" for code, count in codes[:REFUSALS_SHOWN])
        more = f", {len(codes) - REFUSALS_SHOWN} more" if len(codes) > REFUSALS_SHOWN else ""
        rows.append([name, str(len(closed)), str(len(held)), f"{wins / len(closed):.0%}" if closed else "-",
                     f"{sum(trade['pnl_usd'] for trade in closed):,.2f}",
                     f"{sum(trade['fees_usd'] for trade in closed):,.2f}", *entry_orders(report, name), shown + more])
    return rows


def entry_orders(report: Mapping[str, Any], strategy: str | None = None) -> tuple[str, str]:
    """Orders for each entry that filled, and the share of entries that did, of one strategy or of all; dashes where none was
    sent."""
    rows = [row for row in report.get("orders", []) if row["purpose"] == "ENTRY" and strategy in (None, row["strategy"])]
    sent, tried, filled = (sum(row[key] for row in rows) for key in ("orders", "intents", "filled"))
    return f"{sent / filled:.1f}" if filled else "-", f"{filled / tried:.0%}" if tried else "-"


def strategy_lines(report: Mapping[str, Any]) -> list[str]:
    """The strategies' part of the table."""
    header = ("Strategy", "Trades", "Open", "Win Rate", "Net P&L $", "Fees $", "Orders an Entry", "Filled", "Refusals by code")
    return grid(header, strategy_rows(report), left=(0, 8))


def run_table(statistics: Mapping[str, Any], report: Mapping[str, Any] | None) -> str:
    """The whole table as text."""
    lines = statistics_lines(statistics)
    if report is not None:
        lines += ["", *strategy_lines(report)]
    return "\n".join(lines)
