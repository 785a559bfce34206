"""Files of daily series as people have them, and what is said of those that cannot be used."""
from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from local.commands.errors import CommandError
from local.validation.series_files import find_file, read_bars, read_levels

FIRST, LAST = date(2020, 1, 2), date(2020, 1, 7)


def written(folder: Path, text: str, name: str = "PUT_History.csv") -> Path:
    """A file of that text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [
    "DATE,PUT\n12/31/2019,99\n01/02/2020,100\n01/03/2020,101.5\n01/07/2020,102\n",
    "Cboe index,,\n\nDate,Open,High,Low,Close\n2020-01-02,1,1,1,100\n2020-01-03,1,1,1,101.5\n2020-01-07,1,1,1,102\n",
    "\ufeffdate,close\n20200102,100\n20200103,\"101.5\"\n20200107,102\n\n"])
def test_levels_as_they_are_downloaded(tmp_path: Path, text: str) -> None:
    found = read_levels(written(tmp_path, text), "PUT", FIRST, LAST)
    assert [found[day] for day in (FIRST, date(2020, 1, 3), LAST)] == [100.0, 101.5, 102.0]


@pytest.mark.parametrize(("text", "message"), [
    ("DATE,BXM\n2020-01-02,100\n", "PUT_History.csv line 1: columns date, bxm; wanted date and close or put"),
    ("DATE,PUT\n2020-01-02,100\n2020-01-01,100\n", "line 3: 2020-01-01 comes after 2020-01-02"),
    ("DATE,PUT\n2020-01-02,\n", "line 2: '' is not a number"),
    ("DATE,PUT\n2020-01-02,-5\n", "line 2: -5 is not a level above zero"),
    ("DATE,PUT\nJan 2,100\n", "line 2: 'Jan 2' is not a date"),
    ("DATE,PUT\n2020-01-02,100\n2020-01-20,100\n", "line 3: no level between 2020-01-02 and 2020-01-20"),
    ("DATE,PUT\n2020-01-02,100\n", "levels run 2020-01-02 to 2020-01-02, 2020-01-02 to 2020-01-07 is needed"),
    ("", "it holds no levels"),
    ("nothing\n" * 12, "line 11: no row before it names a date column")])
def test_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        read_levels(written(tmp_path, text), "PUT", FIRST, LAST)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_bars(tmp_path: Path) -> None:
    path = written(tmp_path, "date,open,high,low,close\n2006-02-07,13,14,12,13\n2006-02-08,41.6,13.61,12.76,12.83\n", "v.csv")
    assert read_bars(path, date(2006, 2, 8)) == {date(2006, 2, 8): (13.61, 13.61, 12.76, 12.83)}
    bad = written(tmp_path, "date,open,high,low,close\n2006-02-08,13,13,12,15\n", "w.csv")
    with pytest.raises(CommandError, match="w.csv line 2: close 15 is outside 12 to 13"):
        read_bars(bad, date(2006, 1, 1))
    with pytest.raises(CommandError, match="cannot be read"):
        read_bars(tmp_path / "absent.csv", date(2006, 1, 1))


def test_which_file_is_whose(tmp_path: Path) -> None:
    for name in ("PUT_History.csv", "put-write.txt", "BXMD.csv", "bxm-daily.csv"):
        written(tmp_path, "", name)
    found = {name: find_file(tmp_path, name) for name in ("PUT", "BXM", "BXMD", "CNDR")}
    assert {name: path.name if path else None for name, path in found.items()} == {
        "PUT": "PUT_History.csv", "BXM": "bxm-daily.csv", "BXMD": "BXMD.csv", "CNDR": None}
    written(tmp_path, "", "put.csv")
    with pytest.raises(CommandError, match="more than one file of PUT"):
        find_file(tmp_path, "PUT")
