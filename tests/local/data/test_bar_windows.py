"""A window of daily bars stands for a scenario: nothing but the days is told, and what is missing is named."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from local.__main__ import main
from local.commands import backtest
from local.commands.execute import Job
from local.data import calendar, scenario
from local.data.bar_windows import scenario_of_bars
from local.data.market import build_market
from local.data.scenario import HISTORY_SESSIONS
from tests.local.commands.fake_engine import completing

FIRST, LAST = date(2019, 1, 2), date(2019, 1, 11)


def rows(ticker: str, first: date = calendar.shift_session(FIRST, -HISTORY_SESSIONS), last: date = LAST) -> list[str]:
    """Bars of every session: SPY about 260, VIX about 20."""
    level, lines = (260.0, "spy") if ticker == "spy" else (20.0, "vix"), []
    for number, day in enumerate(calendar.sessions(first, last)):
        base = level[0] * (1 + 0.002 * (number % 7))
        lines.append(f"{day},{base:.2f},{base * 1.01:.2f},{base * 0.99:.2f},{base * 1.005:.2f}")
    return lines


def folder_of(path: Path, **files: list[str]) -> Path:
    path.mkdir(exist_ok=True)
    for ticker, lines in ({"spy": rows("spy"), "vix": rows("vix")} | files).items():
        (path / f"{ticker}.csv").write_text("\n".join(["Date,Open,High,Low,Close", *lines]) + "\n", encoding="utf-8")
    return path


def test_bars_alone_are_a_scenario(tmp_path: Path) -> None:
    found = scenario_of_bars(folder_of(tmp_path / "bars"), date(2019, 1, 1), date(2019, 1, 13))
    assert (found.start, found.end, found.backtest_start, found.backtest_end) == (FIRST, LAST, FIRST, LAST)
    assert len(found.history) == HISTORY_SESSIONS and found.history[-1].day == date(2018, 12, 31)
    market = build_market(found)
    last = market.daily["SPY"].row(LAST)
    path = market.paths(LAST)["SPY"]
    assert (path.open[0], path.high.max(), path.low.min(), path.close[-1]) == tuple(last)
    assert [f"{price:.2f}" for price in last] == rows("spy")[-1].split(",")[1:]


def test_another_seed_is_another_path_between_the_same_bars(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "bars")
    one, other = (build_market(scenario_of_bars(folder, FIRST, LAST, seed=seed)) for seed in (1, 2))
    assert (one.daily["SPY"].prices == other.daily["SPY"].prices).all()
    assert (one.paths(FIRST)["SPY"].points != other.paths(FIRST)["SPY"].points).any()


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Job]:
    noted: list[Job] = []
    monkeypatch.setattr(backtest, "execute", completing(noted))
    monkeypatch.setattr(backtest, "data_folder", lambda *_: tmp_path)
    return noted


def test_a_backtest_needs_no_scenario(tmp_path: Path, jobs: list[Job]) -> None:
    words = ["backtest", "--bars", str(folder_of(tmp_path / "bars")), "--from", "01/01/2019", "--to", "2019-01-11", "--out",
             str(tmp_path / "run")]
    assert main(words) == 0
    assert (jobs[0].parameters["start"], jobs[0].parameters["end"]) == ("2019-01-02", "2019-01-11")


def _change(line: int, old: str, new: str) -> Callable[[list[str]], list[str]]:
    def changed(lines: list[str]) -> list[str]:
        assert old in lines[line - 2]
        return [*lines[:line - 2], lines[line - 2].replace(old, new, 1), *lines[line - 1:]]
    return changed


SPY = rows("spy")
BAD: dict[str, tuple[Callable[[list[str]], list[str]], tuple[str, ...], str]] = {
    "history too short": (lambda lines: lines[50:], (), r"spy.csv: missing day 2017-10-.. \(50 of 308 trading days\): it has "
                          r"2018-01-0. to 2019-01-11, and 2017-10-.. to 2019-01-11 is needed"),
    "ends too early": (lambda lines: lines[:-2], (), r"spy.csv: missing day 2019-01-10 \(2 of 308 trading days\): it has .* to 2019-01-09"),
    "hole": (lambda lines: [*lines[:100], *lines[101:]], (), rf"spy.csv: missing day {SPY[100][:10]} \(1 of 308 trading days\)$"),
    "no rows": (lambda lines: [], (), r"spy.csv: missing day .*: the file has no row"),
    "day twice": (lambda lines: [*lines[:9], lines[8], *lines[9:]], (),
                  rf"spy.csv line 11: {SPY[8][:10]} comes after {SPY[8][:10]}"),
    "order turned": (lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]], (),
                     r"spy.csv line 12: .* comes after .*: dates must ascend"),
    "blank": (_change(20, ",", ",,"), (), r"spy.csv line 20: SPY open of .* is blank"),
    "no number": (_change(21, SPY[19].split(",")[2], "high"), (), r"spy.csv line 21: SPY high 'high' is not a number"),
    "below zero": (_change(22, SPY[20].split(",")[3], "-1"), (), r"spy.csv line 22: SPY low -1 is not a price"),
    "infinite": (_change(22, SPY[20].split(",")[3], "inf"), (), r"spy.csv line 22: SPY low inf is not a price"),
    "high below low": (_change(23, SPY[21].split(",")[2], "1"), (), r"spy.csv line 23: high 1 is below low"),
    "open outside": (_change(24, SPY[22].split(",")[1], "999"), (), r"spy.csv line 24: open 999 or close .* is outside"),
    "no date": (_change(25, "201", "x"), (), r"spy.csv line 25: 'x.*' is not a date"),
    "day first": (_change(25, SPY[23][:10], "31/12/2017"), (),
                  r"spy.csv line 25: '31/12/2017' is not a date or time \(the month comes first"),
    "only a weekend": (lambda lines: lines, ("--from", "2019-01-05", "--to", "2019-01-06"),
                       r"2019-01-05 to 2019-01-06 holds no trading day"),
    "backwards": (lambda lines: lines, ("--from", "2019-01-11", "--to", "2019-01-02"),
                  r"end 2019-01-02 is before start 2019-01-11"),
    "no day": (lambda lines: lines, ("--from", "2019-02-30"), r"argument --start/--from: '2019-02-30' is not a date"),
    "before the calendar": (lambda lines: lines, ("--from", "1999-01-04"), r"1999-01-04 to 2019-01-11: .*300 sessions before the start"),
    "beyond the calendar": (lambda lines: lines, ("--from", "2031-01-06", "--to", "2031-01-17"), r"the exchange calendar ends with 2031"),
    "seed too large": (lambda lines: lines, ("--seed", str(2**31)), r"--seed: seed 2147483648 is not a whole number from 0"),
    "commands of a scenario": (lambda lines: lines, ("--commands",), r"--commands needs a file here"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_window_that_cannot_be_used_is_refused_in_one_line(case: str, tmp_path: Path, jobs: list[Job],
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    change, more, answer = BAD[case]
    folder = folder_of(tmp_path / "bars", spy=change(SPY))
    words = ["--from", "2019-01-02", "--to", "2019-01-11", *more]
    assert main(["backtest", "--bars", str(folder), *words, "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and re.search(answer, told[0]), told
    assert jobs == [] and not (tmp_path / "run").exists()


def test_a_scenario_file_from_bars_says_the_same_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    oil = [f"{line[:10]},{60 + number % 5}" for number, line in enumerate(SPY)]
    folder = folder_of(tmp_path / "bars", qqq=SPY, wti=oil)
    (folder / "wti.csv").write_text("\n".join(["Date,Price", *oil]) + "\n", encoding="utf-8")
    path = tmp_path / "winter.toml"
    words = ["scenario", "new", "winter", "--bars", str(folder), "--start", "2019-01-02", "--end", "2019-01-11", "--out", str(path)]
    assert main(words) == 0
    assert "winter: 2019-01-02 to 2019-01-11, 8 anchors" in capsys.readouterr().out
    made, real = scenario.load(path), scenario_of_bars(folder, FIRST, LAST)
    assert made.anchors == real.anchors and made.name == "winter" and dict(made.levels)["WTI"] > 0 and "QQQ" in dict(made.levels)
    days = calendar.sessions(FIRST, LAST)
    for ticker in ("SPY", "VIX"):
        ours, theirs = (build_market(one).daily[ticker] for one in (made, real))
        assert all((ours.row(day) == theirs.row(day)).all() for day in days)
    assert main(words) == 2 and "is there already" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0


@pytest.mark.parametrize("words, answer", [
    (["winter"], "a scenario needs its days"),
    (["winter", "--start", "2019-01-02", "--end", "2019-01-11", "--out", "x.txt"], "must end in .toml"),
    (["win-ter", "--start", "2019-01-02", "--end", "2019-01-11"], "may hold letters, digits and underscores only"),
    (["winter", "--start", "2019-01-02", "--end", "2019-01-11", "--description", "two\nlines"], "Illegal character"),
])
def test_a_scenario_file_that_could_not_be_read_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str],
                                                               answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["scenario", "new", *words, "--bars", str(folder_of(tmp_path / "bars"))]) == 2
    assert answer in capsys.readouterr().err and [path.name for path in tmp_path.iterdir()] == ["bars"]


def test_what_has_no_bars_is_named(tmp_path: Path) -> None:
    found = scenario_of_bars(folder_of(tmp_path / "bars"), FIRST, LAST)
    with pytest.raises(ValueError, match="no level of AAPL, so it cannot be written: add aapl-daily.csv to the bars"):
        build_market(found, ("SPY", "VIX", "AAPL"))
