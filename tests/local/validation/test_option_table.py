"""``validate --options``: what is read, what is refused with file and line, and that a wrong figure is found."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.__main__ import main
from local.commands.errors import BAD_INPUT, RUN_FAILED, CommandError
from local.validation import witness
from local.validation.option_table import COLUMNS, judged, read_table, tells_volatility

MET = re.compile(r"% +met$", re.MULTILINE)
# European puts and calls that early exercise adds nothing to: no interest for puts, no dividends for calls.
ROWS = """100,100,0.5,0.0,0.0,0.2,put,5.6371978,-0.47181401,0.028139044,0.28139044,-0.015418654
100,95,0.25,0.05,0.0,0.3,call,9.3988640,0.69156407,0.023467634,0.17600725,-0.037118664
"""


def written(folder: Path, rows: str = ROWS, header: str = ",".join(COLUMNS)) -> Path:
    path = folder / "table.csv"
    path.write_text(header + "\n" + rows, encoding="utf-8")
    return path


def test_a_table_is_read(tmp_path: Path) -> None:
    table = read_table(written(tmp_path))
    assert len(table) == 2 and list(table.is_put) == [True, False] and table.strike[1] == 95.0
    assert list(tells_volatility(table)) == [True, True]


def test_values_that_agree_end_with_nothing_to_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--options", str(written(tmp_path)), "--witness-rows", "40"]) == 0
    assert len(MET.findall(capsys.readouterr().out)) == 6


@pytest.mark.parametrize("figure, wrong", [("5.6371978", "5.64"), ("-0.47181401", "-0.4729"), ("0.028139044", "0.0283"),
                                           ("0.28139044", "0.2830"), ("-0.015418654", "-0.01553")])
def test_a_wrong_figure_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str], figure: str, wrong: str) -> None:
    table = written(tmp_path, ROWS.replace(figure, wrong))
    assert main(["validate", "--options", str(table), "--witness-rows", "40"]) == RUN_FAILED
    told = capsys.readouterr().out
    assert len(MET.findall(told)) < 6 and "MISSED" in told


@pytest.mark.parametrize("rows, told", [
    (ROWS.replace("put", "straddle"), "line 2: right is 'straddle'"), (ROWS.replace("95,", "ninety,"), "line 3: strike"),
    (ROWS.replace("100,95,0.25", "100,95,0"), "line 3: years is 0"), (ROWS.replace("5.6371978", "nan"), "line 2: price"),
    (ROWS.replace(",-0.037118664", ""), "line 3: theta"), ("", "no row")])
def test_bad_rows_are_named(tmp_path: Path, rows: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        read_table(written(tmp_path, rows))


def test_bad_files_end_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tmp_path / "none.csv", written(tmp_path, header=",".join(COLUMNS[:-1]))):
        assert main(["validate", "--options", str(path)]) == BAD_INPUT
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["validate"]) == BAD_INPUT


def test_early_exercise_is_told_by_the_table(tmp_path: Path) -> None:
    """Two values by another hand: a put half a deviation above the price it is exercised at, and one that the steps of
    central differences take to both sides of it."""
    rows = """28.5,28.4,0.0027397260273972603,0.0511,0.0058,0.2148,put,0.082559612,-0.3715279,1.1819267,0.0056389169,-0.059355829
550.0,599.0,2.0,0.0402,0.0,0.0918,put,49.000008,-0.99622554,0.0052859686,2.7894766e-06,6.7470864e-09
"""
    lines, kept = judged(read_table(written(tmp_path, rows)))
    assert kept and lines[-1].endswith("differences: 1")
    assert not judged(read_table(written(tmp_path, rows.replace("-0.99622554", "-0.9985"))))[1]


def test_the_second_witness_agrees_or_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    told, kept = witness.compared(80)
    assert kept and "QuantLib" in told[0]
    monkeypatch.setattr(witness, "find_spec", lambda name: None)
    told, kept = witness.compared(80)
    assert kept and "not installed" in told[0]
