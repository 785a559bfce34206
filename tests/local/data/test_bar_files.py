"""Folders of real daily bars: read strictly, refused with file and line."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from local.data import scenario
from local.data.bar_files import read_bar_folder
from local.data.errors import ScenarioError

FIRST, LAST = date(2024, 7, 2), date(2024, 7, 8)
SPY = """date,open,high,low,close,volume
2024-07-01,1,1,1,1,5
2024-07-02,543.70,549.01,543.65,549.01,40434800
2024-07-03,548.69,551.83,548.65,551.46,32789900
2024-07-05,551.77,555.05,551.12,554.64,41488400
2024-07-08,555.44,556.25,554.19,555.28,36110500
"""
VIX = """DATE,OPEN,HIGH,LOW,CLOSE
2024-07-02,12.55,12.81,12.02,12.03
2024-07-03,12.20,12.44,11.98,12.09
2024-07-04,12.10,12.60,12.10,12.26
2024-07-05,12.24,12.65,12.11,12.48
2024-07-08,12.94,13.05,12.30,12.37
"""


def folder_with(root: Path, spy: str = SPY, vix: str = VIX) -> Path:
    """A folder of the two files that must be there."""
    (root / "spy-daily.csv").write_text(spy, encoding="utf-8")
    (root / "vix-daily.csv").write_text(vix, encoding="utf-8")
    return root


def test_reads_sessions_only(tmp_path: Path) -> None:
    bars = dict(read_bar_folder(folder_with(tmp_path), FIRST, LAST))
    assert [bar.day.day for bar in bars["SPY"]] == [2, 3, 5, 8] == [bar.day.day for bar in bars["VIX"]]
    assert bars["SPY"][0].volume == 40434800
    assert bars["VIX"][2].close == 12.48


def test_oil_may_lack_only_days_without_a_figure(tmp_path: Path) -> None:
    first, last = date(2018, 11, 21), date(2018, 11, 27)
    folder_with(tmp_path)
    for ticker in ("spy", "vix"):
        (tmp_path / f"{ticker}-daily.csv").write_text("date,open,high,low,close\n" + "".join(
            f"2018-11-{day},9,9,9,9\n" for day in (21, 23, 26, 27)), encoding="utf-8")
    oil = "Date,Price\n2018-11-21,54.41\n2018-11-26,51.54\n2018-11-27,51.52\n"      # none on the 23rd, a session
    (tmp_path / "wti-daily.csv").write_text(oil, encoding="utf-8")
    bars = dict(read_bar_folder(tmp_path, first, last))
    assert [(bar.day.day, bar.close) for bar in bars["WTI"]] == [(21, 54.41), (26, 51.54), (27, 51.52)]
    (tmp_path / "wti-daily.csv").write_text(oil.replace("2018-11-26,51.54\n", ""), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"wti-daily.csv: missing day 2018-11-26 \(1 of 4 trading days\)"):
        read_bar_folder(tmp_path, first, last)


@pytest.mark.parametrize(("name", "old", "new", "message"), [
    ("spy", "2024-07-03,548.69,551.83,548.65,551.46,32789900\n", "", "spy-daily.csv: missing day 2024-07-03"),
    ("spy", "551.83,548.65", "548.65,551.83", "spy-daily.csv line 4: high 548.65 is below low 551.83"),
    ("spy", "548.69,", "551.84,", "spy-daily.csv line 4: open 551.84 or close 551.46 is outside"),
    ("vix", "12.44", "", "vix-daily.csv line 3: VIX high of 2024-07-03 is blank"),
    ("vix", "12.44", "n/a", "vix-daily.csv line 3: VIX high 'n/a' is not a number"),
    ("vix", "12.44", "nan", "vix-daily.csv line 3: VIX high nan is not a price"),
    ("vix", "12.20", "0", "vix-daily.csv line 3: VIX open 0 is not a price"),
    ("vix", "2024-07-08", "2024-07-05", "vix-daily.csv line 6: 2024-07-05 comes after 2024-07-05"),
    ("vix", "2024-07-08", "8 July", "vix-daily.csv line 6: '8 July' is not a date"),
    ("vix", "HIGH", "TOP", "vix-daily.csv line 1: columns must be"),
    ("spy", "date,", "when,", "spy-daily.csv line 1: no column date or time"),
    ("vix", "2024-07-08", "13/07/2024", "vix-daily.csv line 6: '13/07/2024' is not a date or time (the month comes first"),
    ("vix", "2024-07-08", "", "vix-daily.csv line 6: the date is blank"),
    ("vix", "2024-07-05", "2024-07-09", "vix-daily.csv line 6: 2024-07-08 comes after 2024-07-09: dates must ascend"),
    ("vix", "2024-07-08,12.94,13.05,12.30,12.37\n", "",
     "vix-daily.csv: missing day 2024-07-08 (1 of 4 trading days): it has 2024-07-02 to 2024-07-05, and 2024-07-02 to "
     "2024-07-08 is needed"),
])
def test_refused(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    texts = {"spy": SPY, "vix": VIX}
    texts[name] = texts[name].replace(old, new, 1)
    with pytest.raises(ScenarioError) as caught:
        read_bar_folder(folder_with(tmp_path, **texts), FIRST, LAST)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


SAME = {
    "month first": ("2024-07-0", "07/0", "/2024"),
    "timestamps": ("2024-07-0", "2024-07-0", " 00:00:00-04:00"),
    "ISO without dashes": ("2024-07-0", "2024070", ""),
    "ISO with a time": ("2024-07-0", "2024-07-0", "T16:00:00Z"),
}


@pytest.mark.parametrize("how", SAME)
def test_dates_as_people_write_them(tmp_path: Path, how: str) -> None:
    old, new, end = SAME[how]
    spy = "".join(line.replace(old, new, 1).replace(",", f"{end},", 1) if line[0].isdigit() else line
                  for line in SPY.splitlines(keepends=True))
    plain = read_bar_folder(folder_with(tmp_path), FIRST, LAST)
    assert spy != SPY and read_bar_folder(folder_with(tmp_path, spy=spy), FIRST, LAST) == plain


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text, lambda text: text.replace("date", "DATE").replace("close", "Close/Last"),
    lambda text: "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])]) + "\n",
    lambda text: text.replace("40434800", '"40,434,800"').replace("548.69", "$548.69"),
    lambda text: text.replace("\n", "\r\n").replace(",", ", "), lambda text: text + ",,,,,\n\n",
    lambda text: "\n".join(",".join(reversed(line.split(","))) for line in text.splitlines())])
def test_files_as_people_have_them(tmp_path: Path, change: Callable[[str], str]) -> None:
    """A byte-order mark, other words and capitals, descending, thousands, blanks, empty lines, columns in another order."""
    plain = read_bar_folder(folder_with(tmp_path), FIRST, LAST)
    assert read_bar_folder(folder_with(tmp_path, spy=change(SPY)), FIRST, LAST) == plain


@pytest.mark.parametrize("name", ["SPY.csv", "spy_daily.CSV", "Spy-Daily.csv"])
def test_names_in_any_case(tmp_path: Path, name: str) -> None:
    plain = read_bar_folder(folder_with(tmp_path), FIRST, LAST)
    (tmp_path / "spy-daily.csv").rename(tmp_path / name)
    assert read_bar_folder(tmp_path, FIRST, LAST) == plain
    (tmp_path / "spy_daily.csv" if name != "spy_daily.CSV" else tmp_path / "SPY.csv").write_text(SPY, encoding="utf-8")
    with pytest.raises(ScenarioError, match="has two files of SPY"):
        read_bar_folder(tmp_path, FIRST, LAST)


def test_missing_folder_and_file(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="is not there"):
        read_bar_folder(tmp_path / "none", FIRST, LAST)
    (tmp_path / "spy-daily.csv").write_text(SPY, encoding="utf-8")
    with pytest.raises(ScenarioError, match="has no vix-daily.csv"):
        read_bar_folder(tmp_path, FIRST, LAST)


def test_the_scenario_refuses_too(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="spy-daily.csv: missing day"):
        scenario.load("august_2024", bars=folder_with(tmp_path))
