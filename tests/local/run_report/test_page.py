"""The report page: everything asked for is on it, it needs nothing else, and what a run says is escaped."""
from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from config.strategy_parameters import SPECS
from local.results import ResultsError
from local.run_report import markup
from local.run_report.page import ASSETS, build_page, write_report
from tests.local.commands.fake_engine import leave_results
from tests.local.run_report.builders_report import make_marks, make_report, make_summary, make_trade

VOID = {"meta", "br"}
ABOUT = {"engine": "lean", "seed": 1}


class Checker(HTMLParser):
    """Collects ids, text and addresses; complains about tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.charts: list[str] = []
        self.addresses: list[str] = []
        self.scrolls: list[dict[str, str | None]] = []
        self.text: list[str] = []
        self.scripts: dict[str, str] = {}
        self._script = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.charts += [found["data-chart"] or ""] if "data-chart" in found else []
        self.addresses += [found[name] or "" for name in ("href", "src") if name in found]
        self.scrolls += [found] if str(found.get("class", "")).startswith("scroll") else []
        self._script = found.get("id") or "script" if tag == "script" else ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts[self._script] = data
        else:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    @property
    def drawn(self) -> dict[str, Any]:
        return dict(json.loads(self.scripts["chart-data"]))


def parsed(held: list[dict[str, Any]] | None = None, **overrides: object) -> tuple[str, Checker]:
    page = build_page(make_report(**overrides), make_summary(), title="august_2024", about=ABOUT, held=held)
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    return page, checker


def part(page: str, name: str) -> str:
    """One section of a page."""
    begin = page.index(f'<section id="{name}"')
    return page[begin:page.index("</section>", begin)]


def cells(section: str) -> list[list[str]]:
    """Rows of the tables in a part of a page, without markup."""
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(<td.*?)</tr>", section)]
    return [[re.sub("<[^>]+>", "", cell) for cell in row] for row in rows]


def test_every_section_is_there_once_and_every_link_leads_somewhere() -> None:
    _, checker = parsed()
    for name in ("equity", "strategies", "returns", "positions", "exposure", "book", "vix", "guards", "warnings", "closest", "orders",
                 "refusals", "phases", "statistics", "files", "unbuilt", "strategy-friday_0dte", "strategy-lt112"):
        assert checker.ids.count(name) == 1, name
    assert {f"#{name}" for name in checker.ids} >= set(checker.addresses) and len(checker.ids) == len(set(checker.ids))


def test_nothing_is_fetched_from_anywhere() -> None:
    page, checker = parsed()
    assert all(address.startswith("#") for address in checker.addresses)
    assert "@import" not in page and "url(" not in page and " src=" not in page
    assert not re.search(r"\b(fetch|XMLHttpRequest|importScripts|WebSocket)\b", page)
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"https://github.com/leeoniya/uPlot"}     # where uPlot says it is from


def test_every_chart_has_its_data_and_every_datum_its_chart() -> None:
    _, checker = parsed()
    assert sorted(checker.charts) == sorted(checker.drawn)
    for name, chart in checker.drawn.items():
        assert chart["x"] == sorted(chart["x"]), name
        assert {len(series["values"]) for series in chart["series"]} == {len(chart["x"])}, name


def test_every_picture_and_every_column_has_a_name() -> None:
    page, _ = parsed()
    assert 'aria-label=""' not in page and not re.search(r"<th[^>]*></th>", page)


def test_the_library_stands_beside_its_licence() -> None:
    code = (ASSETS / "uplot" / "uPlot.iife.min.js").read_text(encoding="utf-8")
    assert code.startswith("/*! https://github.com/leeoniya/uPlot (v1.6.32) */") and 40_000 < len(code) < 60_000
    assert "The MIT License" in (ASSETS / "uplot" / "LICENSE").read_text(encoding="utf-8")


def test_what_scrolls_is_reached_by_the_keyboard_and_has_a_name() -> None:
    _, checker = parsed()
    assert len(checker.scrolls) > 10 and all(found["tabindex"] == "0" and found["aria-label"] for found in checker.scrolls)


def test_the_verdict_says_what_was_earned_against_what() -> None:
    words = parsed()[1].words
    for said in ("in 40 days with 4 positions, 1 of them still open", "12% a month", "SPY made", "by its price",
                 "Worst day: Monday 5 August 2024, -0.98% (-$641)", "4.41% from close to close"):
        assert said in words, said


def test_the_tiles_are_the_ledgers() -> None:
    page, report = parsed()[0], make_report()
    tiles = dict(reversed(pair) for pair in re.findall(r'<div class="tile"><b>(.*?)</b><span>(.*?)</span>', page))
    plain = {re.sub("<[^>]+>", "", label): re.sub("<[^>]+>", "", value) for label, value in tiles.items()}
    own, equity = report["statistics"], report["equity_statistics"]
    end = report["marks"][-1]["equity"]
    assert plain["end equity"] == f"${end:,.0f}"
    assert plain["worst drawdown, day to day"] == f"{equity['max_drawdown_share']:.2%}"
    assert plain["Sharpe, daily"] == f"{equity['sharpe']:.2f}"
    assert plain["won, of 2 judged positions"] == f"{own['win_rate']:.0%}" and own["win_rate"] == 0.666667
    assert make_summary()["statistics"]["Win Rate"] == "61%", "LEAN's, of legs"
    assert plain["positions closed + open"] == "3 + 1" and "orders" not in plain
    assert next(value for label, value in plain.items() if label.startswith("net profit")) == f"{equity['total_return_share']:+.2%}"


def test_leans_statistics_stand_apart_with_a_word_on_their_sampling() -> None:
    page, _ = parsed()
    statistics = part(page, "statistics")
    for words in ("calendar day", "each leg", "Total Orders", "Win Rate", "61%", "Profit factor", "0.482", "Sortino ratio", "-0.400"):
        assert words in statistics, words
    assert "Total Orders" not in page.replace(statistics, "")


def test_the_table_of_strategies_sums_to_the_net_profit() -> None:
    page, report = parsed()[0], make_report()
    rows = cells(part(page, "strategies"))
    table, foot = rows[:4], rows[3]
    values = [[float(cell.replace(",", "")) if re.fullmatch(r"[+-][\d,.]+", cell) else 0.0 for cell in row] for row in table]
    assert [row[0] for row in table] == ["friday_0dte", "lt112", "on no position: dividends, interest, the rest", "Net profit"]
    assert values[3][1] == pytest.approx(report["marks"][-1]["equity"] - 65_000.0, abs=0.005)
    assert sum(row[1] for row in values[:3]) == pytest.approx(values[3][1], abs=0.011)
    assert values[1][1] == pytest.approx(values[1][3] + values[1][4]) == -381.5
    assert foot[5] == "3" and foot[7] == "1"


def test_every_position_tells_its_legs_fills_rolls_and_extremes() -> None:
    page, checker = parsed()
    positions = part(page, "positions")
    assert positions.count('class="position"') == 4
    begin = positions.index('id="position-lt112/1"')
    own = re.sub("<[^>]+>", " ", positions[begin:positions.index("</details>", begin)])
    for words in ("EMERGENCY", "forced", "-512.00", "-640.00", "+118.00", "81.2%", "547.30", "12.40", "17.1%", "-0.153", "ROLLED_DOWN",
                  "6.10", "9.30", "SPY 241018P00495.000", "PUT_SPREAD"):
        assert words in own, words
    assert "held, ACTIVE" in positions and "-31.50" in positions and "an earlier life" in positions


def test_what_orders_took_and_cost_is_shown_with_the_model_they_filled_by() -> None:
    for fills, words in (("worked", ("fills worked", "concedes 40%")), ("natural", ("fills natural", "market runs through it"))):
        run = make_report()["run"] | {"fills": fills}
        text = parsed(run=run)[1].words
        for word in (*words, "67%", "45%", "22.50", "4 / 6", "1.41"):
            assert word in text, word


def test_what_was_closed_by_force_is_measured_against_holding_on() -> None:
    row = {"id": "lt112/1", "strategy": "lt112", "closed": "2024-08-05T09:46:00", "units": 4, "reason": "EMERGENCY", "made_usd": -512.0,
           "held_on": {"day": -900.0, "week": None, "end": -100.0}}
    page, _ = parsed(held=[row])
    assert cells(part(page, "guards"))[0] == ["lt112", "2024-08-05 09:46", "4", "EMERGENCY", "-512.00", "+388.00", "–", "-412.00"]
    assert "Nothing was closed by force" in parsed(held=[])[1].words
    assert "1 positions were closed by force" in parsed()[1].words


def test_months_stand_in_per_cent() -> None:
    page, _ = parsed()
    rows = cells(part(page, "returns"))
    assert rows[0][0] == "2024" and rows[0][7:9] == ["+0.3%", "-0.8%"] and rows[0][1] == "–"
    assert ["2024-07", "+171.50", "+162.00", "1", "100%"] in rows and ["2024-08", "-550.50", "-428.00", "2", "50%"] in rows
    assert any(row[:4] == ["2024-08-05", "-640.75", "-0.98%", "-512.00"] for row in rows)


def test_what_a_run_says_is_escaped() -> None:
    page, _ = parsed(trades=[make_trade(entry_reason="<em>&", exit_reason='"></script><script>', strategy="<i>")],
                     refusals={"<i>": {"<u>": 1}}, phases=[{"time": "2024-07-01T09:30:00", "phase": 3, "why": "<s>"}])
    assert not re.search(r"<(em|i|u|s)>", page) and page.count("<script") == page.count("</script>")


def test_a_run_without_trades_refusals_or_vix() -> None:
    marks = [{**mark, "vix": None, "strategies": {}, "equity": 65_000.0} for mark in make_marks()]
    nothing = {"closed": {"day": {}, "month": {}, "strategy": {}}, "account": {"day": {}, "month": {}, "return": {}, "equity": {}}}
    _, checker = parsed(trades=[], refusals={}, open_positions=[], marks=marks, phases=[], unbuilt_checks=[], results=nothing, planned={},
                        positions=[], books=[], orders=[], refusal_days=[])
    for words in ("Nothing was traded", "No session ended", "Nothing was refused", "No value of VIX", "No position was opened",
                  "No order was sent"):
        assert words in checker.words, words


def test_the_starting_phase_is_shown_when_nothing_changed_it() -> None:
    assert "start of the run" in parsed(phases=[])[1].words


def test_a_single_mark_can_be_drawn() -> None:
    parsed(marks=make_marks()[:1], trades=[], open_positions=[])


def test_no_mark_is_refused(tmp_path: Path) -> None:
    leave_results(tmp_path, make_report(marks=[]))
    with pytest.raises(ResultsError, match="no marks"):
        write_report(tmp_path, title="x", about={})
    assert not (tmp_path / "report.html").exists()


def test_every_strategy_has_a_colour_of_its_own() -> None:
    assert len({markup.strategy_colour(name) for name in SPECS}) == len(SPECS)
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    for colour in markup.STRATEGY_COLOURS:
        assert style.count(f"{colour[4:-1]}:#") == 2, "once in light, once in dark"


def test_more_strategies_than_colours_still_have_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"strategy{place}" for place in range(3 * len(markup.STRATEGY_COLOURS)))
    monkeypatch.setattr(markup, "STRATEGY_PRIORITY", names)
    assert len({markup.strategy_colour(name) for name in names}) == len(names)
