"""The week in one page, and the logs of runs that are over."""
from __future__ import annotations

import gzip
import os
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from core.trade_records import ClosedTrade
from operations.daily import weekly
from operations.daily.logs import rotate
from operations.documents import run_of
from operations.errors import OperationsError
from tests.operations.daily.runs import NOW, StoredRun

MONDAY = date(2026, 3, 2)


def trade(key: str, closed: datetime, pnl_usd: float, *, forced: bool) -> ClosedTrade:
    return ClosedTrade(id=key, strategy="lt112", underlying="SPY", opened=closed - timedelta(days=30), closed=closed,
                       legs=("-1 SPY 260619P00500.000",), units=1, entry_price=-1.2, exit_price=0.6,
                       pnl_usd=pnl_usd, fees_usd=2.0, entry_reason="e", exit_reason="x", protection=False, forced=forced)


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    made = StoredRun(tmp_path / "storage")
    ledger = made.managers.ledger
    for key, day, pnl in (("a", datetime(2026, 2, 27, 15), 500.0), ("b", datetime(2026, 3, 2, 11), 60.0),
                          ("c", datetime(2026, 3, 4, 11), -20.0), ("d", datetime(2026, 3, 9, 11), 999.0)):
        ledger.record(trade(key, day, pnl, forced=key == "c"))
    for day, equity in ((date(2026, 2, 27), 35_500.0), (MONDAY, 35_600.0), (date(2026, 3, 3), 37_400.0), (date(2026, 3, 4), 37_250.0),
                        (date(2026, 3, 9), 40_000.0)):
        if day == date(2026, 3, 3):
            ledger.record_flow(day, 2_000.0)
        ledger.mark(day, equity)
    made.save()
    made.tell("GUARDS", emergency="ORANGE")
    made.tell("REFUSED", code="VIX_HIGH", strategy="lt112")
    made.tell("STORE_FAILED", time=datetime(2026, 3, 12, 10))
    return made


def test_the_week_counts_its_own_days_without_deposits(run: StoredRun) -> None:
    page = weekly.report(run_of(run.folder, None), MONDAY)
    assert "| Mon 02 Mar | 35,600.00 | +100.00 |" in page and "| Tue 03 Mar | 37,400.00 | -200.00 |" in page
    assert "| Wed 04 Mar | 37,250.00 | -150.00 |" in page and "09 Mar" not in page
    assert "The account made -250.00 USD (-0.70%); the deepest fall within the week was 350.00 USD." in page
    assert "| lt112 | 2 | 1 | +40.00 | 4.00 |" in page and "1 were forced." in page
    assert "Emergency levels: 2026-03-03 10:25 ORANGE." in page and "Refusals: VIX_HIGH 1." in page and "Errors: none." in page


def test_a_week_without_anything(run: StoredRun) -> None:
    page = weekly.report(run_of(run.folder, None), date(2026, 2, 2))
    assert "No day of this week was marked." in page and "No trade was closed." in page


def test_a_week_by_name() -> None:
    assert weekly.week_of("2026-W10") == MONDAY
    for text in ("2026-10", "2026-W99", "soon", "2026-W"):
        with pytest.raises(OperationsError, match="is not a week like 2026-W48"):
            weekly.week_of(text)


def test_logs_that_are_over_are_compressed_and_old_ones_go(tmp_path: Path) -> None:
    ages = {"live/one/log.txt": timedelta(days=2), "live/two/log.txt": timedelta(hours=23), "runs/x/lean.log": timedelta(days=2),
            "live/old/log.txt.gz": timedelta(days=91), "live/young/log.txt.gz": timedelta(days=89)}
    for name, age in ages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
        stamp = (NOW - age).timestamp()
        os.utime(tmp_path / name, (stamp, stamp))
    assert rotate(tmp_path, NOW) == (2, 1)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["live/one/log.txt.gz", "live/two/log.txt", "live/young/log.txt.gz", "runs/x/lean.log.gz"]
    assert gzip.decompress((tmp_path / "live/one/log.txt.gz").read_bytes()) == b"live/one/log.txt"
