"""What was imported trades: on the embedded engine, and with the same orders on LEAN where there is one."""
from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from local import results
from local.__main__ import main
from local.results import Fill
from tests.local.data.importers import vendor_files as vendor
from tests.local.data.importers.vendor_files import DAYS, Row

STRATEGY = Path(__file__).parent / "small_strategy"
ENGINES = ("embedded", "lean") if os.environ.get("TOMKING_LEAN") else ("embedded",)


def fills_on(engine: str, data: Path, out: Path, **parameters: str) -> tuple[Fill, ...]:
    """Fills of the small strategy on a data folder."""
    given = [word for key, value in parameters.items() for word in ("--param", f"{key}={value}")]
    assert main(["run", str(STRATEGY), "--data", str(data), "--out", str(out / engine), "--engine", engine, *given]) == 0
    return results.read_fills(out / engine)


def facts(fills: tuple[Fill, ...]) -> list[tuple[datetime, str, float, float, float]]:
    return [(fill.time, " ".join(fill.symbol.split()), fill.quantity, fill.price, fill.fee) for fill in fills]


def price_at(rows: list[Row], fill: Fill, *, minutes_before: int = 0) -> float:
    """What a fill must have paid: the ask or bid of the row of its contract and time."""
    osi = fill.symbol.split()
    when = fill.time.replace(tzinfo=None) - timedelta(minutes=minutes_before)
    row = next(row for row in rows if row.osi.split()[-1] == osi[-1] and row.when == when)
    return row.ask if fill.quantity > 0 else row.bid


def test_interval_quotes_trade(tmp_path: Path) -> None:
    rows = vendor.chain(*(f"{hour}:{minute:02}" for hour in (10, 11) for minute in range(60)))
    (tmp_path / "quotes.csv").write_text(vendor.cboe_intervals(rows), encoding="utf-8")
    assert main(["import", "cboe", str(tmp_path / "quotes.csv"), "--out", str(tmp_path / "data")]) == 0
    runs = [fills_on(engine, tmp_path / "data", tmp_path, ticker="SPY", start=str(DAYS[1]), end=str(DAYS[2])) for engine in ENGINES]
    assert len(runs[0]) == 8 and {fill.time.date() for fill in runs[0]} == set(DAYS[1:])
    for fill in runs[0]:
        assert fill.price == pytest.approx(price_at(rows, fill))
    assert all(facts(run) == facts(runs[0]) for run in runs)


def test_end_of_day_quotes_trade_where_they_are_held(tmp_path: Path) -> None:
    rows = vendor.chain("16:00")
    (tmp_path / "spy_eod_202401.txt").write_text(vendor.optionsdx(rows), encoding="utf-8")
    assert main(["import", "optionsdx", str(tmp_path / "spy_eod_202401.txt"), "--out", str(tmp_path / "data"), "--hold-from",
                 "15:30"]) == 0
    runs = [fills_on(engine, tmp_path / "data", tmp_path, ticker="SPY", start=str(DAYS[1]), end=str(DAYS[2])) for engine in ENGINES]
    assert len(runs[0]) == 8
    for fill in runs[0]:
        close = datetime.combine(fill.time.date(), datetime.min.time()) + timedelta(hours=16)
        minutes = (fill.time.replace(tzinfo=None) - close) / timedelta(minutes=1)
        assert fill.price == pytest.approx(price_at(rows, fill, minutes_before=int(minutes)))
    assert all(facts(run) == facts(runs[0]) for run in runs)


def test_options_on_an_index_trade(tmp_path: Path) -> None:
    rows = vendor.chain(*(f"10:{minute:02}" for minute in range(60)))
    (tmp_path / "quotes.csv").write_text(vendor.cboe_intervals(rows, symbol="^SPX", root="SPXW"), encoding="utf-8")
    assert main(["import", "cboe", str(tmp_path / "quotes.csv"), "--out", str(tmp_path / "data")]) == 0
    runs = [fills_on(engine, tmp_path / "data", tmp_path, ticker="SPX", target="SPXW", start=str(date(2024, 1, 19)),
                     end=str(date(2024, 1, 22))) for engine in ENGINES]
    assert len(runs[0]) == 8
    assert all(facts(run) == facts(runs[0]) for run in runs)
