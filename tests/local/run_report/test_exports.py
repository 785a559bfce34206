"""The run as CSV: what spreadsheets read sums to what the report says."""
from __future__ import annotations

import csv
from pathlib import Path

import pytest

from local.run_report import exports
from tests.local.run_report.builders_report import make_report


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_three_files_hold_every_trade_fill_and_mark(tmp_path: Path) -> None:
    report = make_report()
    assert [path.name for path in exports.write(tmp_path, report)] == ["trades.csv", "fills.csv", "marks.csv"]
    trades, fills, marks = (read(tmp_path, name) for name in ("trades", "fills", "marks"))
    assert [(row["id"], row["state"]) for row in trades] == [
        ("lt112/1", "CLOSED"), ("lt112/2", "CLOSED"), ("friday_0dte/202408020950", "CLOSED"), ("lt112/3", "ACTIVE")]
    assert sum(float(row["pnl_usd"]) for row in trades) == pytest.approx(-266.0 - 31.5)
    first = trades[0]
    assert (first["mae_usd"], first["mfe_usd"], first["entry_probability_otm"]) == ("-640.0", "118.0", "0.8123")
    assert first["legs"] == "-1 SPY 241018P00500.000; +1 SPY 241018P00495.000" and trades[1]["mae_usd"] == ""
    cash = sum(-float(row["quantity"]) * float(row["price"]) * 100 - float(row["fee_usd"]) for row in fills)
    assert cash == pytest.approx(4 * 100 * (6.1 - 5.05 - 9.3 + 6.99) - 16.0)
    assert [row["time"] for row in fills] == sorted(row["time"] for row in fills) and {row["strategy"] for row in fills} == {"lt112"}
    assert [float(row["equity"]) for row in marks] == [mark["equity"] for mark in report["marks"]]
    assert float(marks[-1]["lt112.open_usd"]) == report["marks"][-1]["strategies"]["lt112"]["open_usd"]


def test_the_page_carries_the_same_files(tmp_path: Path) -> None:
    report = make_report()
    exports.write(tmp_path, report)
    assert exports.texts(report) == {name: (tmp_path / f"{name}.csv").read_text(encoding="utf-8") for name in ("trades", "fills", "marks")}
