"""Runs side by side: every figure of each, what each strategy made, and in what they differ."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.commands import compare
from local.commands.errors import CommandError
from local.commands.staging import write_manifest
from local.run_report.comparison import compare_page
from tests.local.commands.fake_engine import leave_results
from tests.local.run_report.builders_report import make_marks, make_report, make_trade
from tests.local.run_report.test_page import Checker, cells


def runs(tmp_path: Path) -> list[Path]:
    """Two runs: the second with another seed, and a strategy less."""
    leave_results(tmp_path / "one", make_report())
    changed = make_report(trades=[make_trade(pnl_usd=500.0)], open_positions=[],
                          marks=[mark | {"equity": mark["equity"] + 100.0} for mark in make_marks()[:60]])
    leave_results(tmp_path / "two", changed)
    for name, number in (("one", 1), ("two", 2)):
        write_manifest(tmp_path / name, {"command": "backtest", "scenario": "august_2024", "seed": number, "parameters": {"cash": "65000"}})
    return [tmp_path / "one", tmp_path / "two"]


def test_figures_strategies_and_differences(tmp_path: Path) -> None:
    found = compare.read_runs(runs(tmp_path))
    text = compare.compare_text(found)
    rows = {line[:36].strip(): line[36:].split() for line in text.splitlines()}
    ends = [report["marks"][-1]["equity"] for report in (found[0].report, found[1].report)]
    assert [row.split()[-2:] for row in text.splitlines() if row.startswith("End equity")] == [[f"${end:,.0f}" for end in ends]]
    assert "Positions opened" in rows and rows["Positions opened"] == ["4", "1"]
    assert [row.split()[1:] for row in text.splitlines() if row.startswith("lt112")] == [["-381.50", "-"]]
    assert [row.split() for row in text.splitlines() if row.startswith("seed")] == [["seed", "1", "2"]]
    assert "cash" not in text, "what is the same in all is not told"


def test_the_page_draws_each_run_and_lays_the_figures_beside_each_other(tmp_path: Path) -> None:
    page = compare_page(compare.read_runs(runs(tmp_path)))
    checker = Checker()
    checker.feed(page)
    assert checker.open == [] and {f"#{name}" for name in checker.ids} >= set(checker.addresses)
    assert 'aria-label=""' not in page and '<th scope="col"></th>' not in page
    chart = checker.drawn["return"]
    assert [series["label"] for series in chart["series"]] == ["one", "two"]
    assert chart["series"][1]["values"][-1] is None, "the second run ended earlier"
    assert ["friday_0dte", "+84.00", "+500.00"] in cells(page) and ["lt112", "-381.50", "–"] in cells(page)


def test_the_command_writes_the_page_and_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = __import__("argparse").ArgumentParser()
    compare.add_arguments(parser)
    out = tmp_path / "pages" / "both.html"
    for _ in range(2):                                   # its own page is made anew
        assert compare.run(parser.parse_args([*map(str, runs(tmp_path)), "--out", str(out)])) == 0
    assert "<title>Runs compared" in out.read_text(encoding="utf-8") and f"page: {out}" in capsys.readouterr().out
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(CommandError, match="no page of this command"):
        compare.run(parser.parse_args([*map(str, runs(tmp_path)), "--out", str(out)]))


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("lean", "embedded"):
        leave_results(tmp_path / folder / "run")
    found = compare.read_runs([tmp_path / "lean" / "run", tmp_path / "embedded" / "run"])
    assert [one.name for one in found] == ["lean/run", "embedded/run"]


@pytest.mark.parametrize("names, why", [(["one"], "two to"), (["one", "one"], "named twice"), (["one", "gone"], "is not there"),
                                        (["one", "empty"], "no marks"), (["one"] * 9, "two to")])
def test_what_cannot_be_compared_is_refused(tmp_path: Path, names: list[str], why: str) -> None:
    runs(tmp_path)
    leave_results(tmp_path / "empty", json.loads(json.dumps(make_report(marks=[]))))
    with pytest.raises(CommandError, match=why):
        compare.read_runs([tmp_path / name for name in names])
