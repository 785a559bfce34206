"""A run as CSV: trades, fills and marks, one file each, for spreadsheets and studies. Times are New York's."""
from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from local.whole_file import replace_file

TRADE_COLUMNS = ("id", "strategy", "underlying", "opened", "closed", "state", "units", "legs", "entry_price", "exit_price", "pnl_usd",
                 "fees_usd", "entry_reason", "exit_reason", "forced", "protection", "mae_usd", "mfe_usd", "entry_vix",
                 "entry_underlying_price", "entry_probability_otm")
FILL_COLUMNS = ("position", "strategy", "time", "purpose", "contract", "quantity", "price", "fee_usd")
MARK_COLUMNS = ("time", "equity", "cash", "phase", "positions", "buying_power_used", "day_result_share", "vix", "regime", "spy",
                "spy_delta", "gamma", "vega", "theta", "spy_delta_used_share", "correlation")
HELD_COLUMNS = ("open_usd", "margin", "spy_delta", "gamma", "vega", "theta")


def trade_rows(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a position, open ones at their last marks with their state in place of an exit."""
    logs = {row["id"]: row for row in report["positions"]}
    rows = []
    for item in sorted([*report["trades"], *report["open_positions"]], key=lambda item: (item["opened"] or "", item["id"])):
        log = logs.get(item["id"]) or {}
        entry = log.get("entry") or {}
        rows.append(dict(item) | {
            "legs": "; ".join(item["legs"]), "pnl_usd": item.get("pnl_usd", item.get("open_usd")),
            "state": item.get("state", "CLOSED"), "mae_usd": (log.get("worst") or {}).get("usd"),
            "mfe_usd": (log.get("best") or {}).get("usd"), "entry_vix": entry.get("vix"),
            "entry_underlying_price": entry.get("underlying_price"), "entry_probability_otm": entry.get("probability_otm")})
    return rows


def fill_rows(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a fill, in the order they happened."""
    rows = [{"position": log["id"], "strategy": log["id"].split("/")[0], "fee_usd": fill["fee"], **fill}
            for log in report["positions"] for fill in log["fills"]]
    return sorted(rows, key=lambda row: row["time"])


def mark_rows(report: Mapping[str, Any]) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Columns and one row a mark; every strategy that ever held anything has columns of its own."""
    names = list(dict.fromkeys(name for mark in report["marks"] for name in mark["strategies"]))
    rows = [dict(mark) | {f"{name}.{key}": held[key] for name, held in mark["strategies"].items() for key in HELD_COLUMNS}
            for mark in report["marks"]]
    return (*MARK_COLUMNS, *(f"{name}.{key}" for name in names for key in HELD_COLUMNS)), rows


def texts(report: Mapping[str, Any]) -> dict[str, str]:
    """The three files' text by name."""
    return {"trades": _text(TRADE_COLUMNS, trade_rows(report)), "fills": _text(FILL_COLUMNS, fill_rows(report)),
            "marks": _text(*mark_rows(report))}


def write(folder: Path, report: Mapping[str, Any]) -> list[Path]:
    """Write ``trades.csv``, ``fills.csv`` and ``marks.csv``.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    paths = []
    for name, text in texts(report).items():
        paths.append(folder / f"{name}.csv")
        replace_file(paths[-1], text)
    return paths


def _text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
