"""A data folder of one's own: its window, what it lacks, and that all of it is told before the run."""
from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest

from local.__main__ import main
from local.commands.execute import Job
from local.commands.own_data import lacks
from local.data import calendar

FIRST, LAST = date(2024, 1, 18), date(2024, 1, 22)
DAYS = calendar.sessions(FIRST, LAST)


def archive(path: Path, text: str = "x\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("content.csv", text)


def minutes(folder: Path, *tickers: str) -> None:
    for ticker in tickers:
        base = folder / ("index" if ticker.startswith("vix") else "equity") / "usa/minute" / ticker
        for day in DAYS:
            archive(base / f"{day:%Y%m%d}_trade.zip")


def daily(folder: Path, place: str, sessions: int) -> None:
    first = calendar.shift_session(FIRST, -sessions)
    archive(folder / place, "".join(f"{day:%Y%m%d} 00:00,1,1,1,1,0\n" for day in calendar.sessions(first, LAST)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All that put spreads on SPY need."""
    found = tmp_path / "mine"
    minutes(found, "spy", "vix")
    daily(found, "equity/usa/daily/spy.zip", 60)
    daily(found, "index/usa/daily/vix.zip", 252)
    for day in DAYS:
        archive(found / f"option/usa/minute/spy/{day:%Y%m%d}_quote_american.zip")
        path = found / f"option/usa/universes/spy/{calendar.shift_session(day, -1):%Y%m%d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#expiry\n", encoding="utf-8")
    return found


def told(folder: Path, *strategies: str) -> list[str]:
    return [lack.told() for lack in lacks(folder, strategies, FIRST, LAST)]


def test_a_folder_that_has_all(folder: Path) -> None:
    assert told(folder, "lt112") == []


@pytest.mark.parametrize("place, line", [
    ("equity/usa/minute/spy/20240119_trade.zip", "SPY: minutes: 2 of 3, first missing 2024-01-19 (lt112)"),
    ("option/usa/minute/spy/20240122_quote_american.zip", "SPY: option quotes: 2 of 3, first missing 2024-01-22 (lt112)"),
    ("option/usa/universes/spy/20240117.csv", "SPY: universes (the session before): 2 of 3, first missing 2024-01-17 (lt112)"),
    ("index/usa/minute/vix/20240118_trade.zip", "VIX: minutes: 2 of 3, first missing 2024-01-18 (all)"),
    ("index/usa/daily/vix.zip", "VIX: daily bars of the 252 sessions before: none, first missing 2023-01-17 (all)"),
    ("equity/usa/daily/spy.zip", "SPY: daily bars of the 50 sessions before: none, first missing 2023-11-03 (lt112)"),
])
def test_what_is_missing_is_named(folder: Path, place: str, line: str) -> None:
    (folder / place).unlink()
    assert told(folder, "lt112") == [line]


def test_what_nobody_trades_is_not_missed(folder: Path) -> None:
    assert not any("QQQ" in line for line in told(folder, "lt112"))
    missing = told(folder, "ipmcc", "futures_strangle", "hedge")
    assert any(line.startswith("QQQ: minutes: none") and "ipmcc" in line for line in missing)
    assert any(line.startswith("CL: option quotes: none") and "futures_strangle" in line for line in missing)
    assert any(line.startswith("VIX-OPTIONS: universes") and "hedge" in line for line in missing)


def test_the_run_has_the_folder_s_days_and_hears_what_it_lacks(folder: Path, jobs: list[Job], tmp_path: Path,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "option/usa/minute/spy/20240122_quote_american.zip").unlink()
    assert main(["backtest", "--data", str(folder), "--strategies", "lt112", "--out", str(tmp_path / "run")]) == 0
    assert jobs[0].data == folder and (jobs[0].parameters["start"], jobs[0].parameters["end"]) == (str(FIRST), str(LAST))
    assert "lacks, 2024-01-18 to 2024-01-22:\n  SPY: option quotes: 2 of 3, first missing 2024-01-22 (lt112)" in capsys.readouterr().err
    assert main(["backtest", "--data", str(folder), "--strategies", "lt112", "--from", "2024-01-19", "--to", "2024-01-19", "--out",
                 str(tmp_path / "other")]) == 0
    assert "has what the strategies trade and read, 2024-01-19 to 2024-01-19" in capsys.readouterr().err


@pytest.mark.parametrize("words, line", [
    ((), "nothing to trade is named: --scenario NAME or --data DIR is required"),
    (("--data", "{folder}", "--scenario", "august_2024"), "--data and --scenario contradict each other"),
    (("--data", "{folder}", "--bars", "x"), "--data and --bars contradict each other"),
    (("--data", "{folder}", "--seed", "3"), "--data and --seed contradict each other"),
    (("--data", "{folder}", "--commands"), "--commands needs a file beside --data"),
    (("--data", "{folder}", "--start", "2024-01-02", "--end", "2024-01-22"), "must lie within mine's 2024-01-18 to 2024-01-22"),
    (("--data", "{folder}/none"), "none is not there"),
    (("--data", "{folder}/option"), "is not a LEAN data folder"),
])
def test_backtest_refuses(folder: Path, jobs: list[Job], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], line: str) -> None:
    assert main(["backtest", *(word.format(folder=folder) for word in words)]) == 2
    assert line in capsys.readouterr().err and jobs == []


@pytest.mark.parametrize("ticker, place", [("SPY", "equity/usa/minute/spy"), ("VIX", "index/usa/minute/vix")])
def test_without_spy_or_vix_nothing_is_traded(folder: Path, jobs: list[Job], capsys: pytest.CaptureFixture[str], ticker: str,
                                              place: str) -> None:
    for path in (folder / place).iterdir():
        path.unlink()
    assert main(["backtest", "--data", str(folder)]) == 2
    assert f"has no minutes of {ticker} ({place}): without them nothing is traded" in capsys.readouterr().err and jobs == []
