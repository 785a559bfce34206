"""The report page: everything asked for is on it, it needs nothing else, and what a run says is escaped."""
from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from config.constants import VIX_REGIMES
from config.strategy_parameters import SPECS
from local.results import ResultsError
from local.run_report import charts, svg
from local.run_report.page import build_page, write_report
from local.run_report.style import REGIME_COLOURS, STRATEGY_COLOURS
from tests.local.commands.fake_engine import leave_results
from tests.local.run_report.builders_report import make_marks, make_report, make_summary, make_trade

VOID = {"meta", "br"}


class Checker(HTMLParser):
    """Collects ids, text and addresses; complains about tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.addresses += [found[name] or "" for name in ("href", "src") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(**overrides: object) -> tuple[str, Checker]:
    about = {"engine": "lean", "seed": 1}
    page = build_page(make_report(**overrides), make_summary(), title="august_2024", about=about)
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    return page, checker


def test_every_section_is_there_once() -> None:
    _, checker = parsed()
    for name in ("equity", "vix", "strategies", "months", "warnings", "trades", "orders", "open", "refusals", "risk",
                 "phases", "closest", "unbuilt", "guards", "statistics", "strategy-friday_0dte", "strategy-lt112"):
        assert checker.ids.count(name) == 1
    assert {f"#{name}" for name in checker.ids} >= set(checker.addresses)


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page, checker = parsed()
    assert all(address.startswith("#") for address in checker.addresses)
    assert "<script" not in page and "@import" not in page and "url(" not in page
    assert set(re.findall(r"https?://[^\"' <]+", page)) <= {"http://www.w3.org/2000/svg"}


def test_what_orders_took_and_cost_is_shown_with_the_model_they_filled_by() -> None:
    for fills, words in (("worked", ("fills worked", "concedes 40%", "67%", "45%", "22.50", "2.5")),
                         ("natural", ("fills natural", "market runs through it"))):
        run = make_report()["run"] | {"fills": fills}
        text = " ".join(parsed(run=run)[1].text)
        for word in words:
            assert word in text, word
    assert "Orders and what they cost" not in build_page(
        {key: value for key, value in make_report().items() if key != "orders"}, make_summary(), title="x", about={})


def test_trades_reasons_refusals_and_statistics_are_shown() -> None:
    page, checker = parsed()
    text = " ".join(checker.text)
    for words in ("IRON_CONDOR", "PROFIT_TARGET", "EMERGENCY", "forced", "SPY 240802C00545.000", "-512.00", "+84.00",
                  "VIX_BELOW_BAND", "2,310", "Sharpe Ratio", "-0.31", "Profit factor", "0.482", "CORRELATION", "demotion",
                  "VIX crossed 35", "Win rate planned",
                  "88%", "73%", "vix 12.48", "August 2024", "starting in phase 3"):
        assert words in text, words
    assert page.count("<polygon") == 2 * len(make_report()["trades"])


def test_results_are_shown_by_strategy_month_and_day() -> None:
    page, checker = parsed()
    section = page[page.index('id="months"'):page.index('id="trades"')]
    assert section.count("<rect") == 3 and "Fri 2024-08-02 +90.25 USD" in section
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(<td.*?)</tr>", section)]
    plain = [[re.sub("<[^>]+>", "", cell) for cell in row] for row in rows]
    assert plain == [["2024-07", "+171.50", "+162.00", "1", "100%"], ["2024-08", "-550.50", "-428.00", "2", "50%"],
                     ["2024-07-30", "+171.50", "+162.00"], ["2024-08-02", "+90.25", "+84.00"],
                     ["2024-08-05", "-640.75", "-512.00"]]
    planned = page[page.index('id="strategies"'):page.index('id="months"')]
    for words in ("73%", "65% after 30", "50%", "0.32", "-350.00"):
        assert words in planned, words


def test_the_ledgers_figures_are_shown_in_their_units() -> None:
    text = " ".join(parsed()[1].text)
    for words in ("Value at risk of a day, 95 %  1.23%", "Worst drawdown, day to day  4.41%", "Sortino ratio  -0.400", "P&L $  -266.00",
                  "Win rate  66.67%", "Mean loss $  –"):
        assert words.replace("  ", " ") in text, words


def test_exposure_is_drawn_where_it_was_marked() -> None:
    marks = [{**mark, "equity": 65_000.0, "buying_power_used": 13_000.0, "spy_delta_used_share": 0.4,
              "correlation": 0.31} for mark in make_marks()]
    text = " ".join(parsed(marks=marks)[1].text)
    for words in ("SPY concentration", "Mean correlation of the book", "Buying power used 20.00 % of equity"):
        assert words in text, words
    assert "Mean correlation" not in " ".join(parsed()[1].text)


def test_refusals_are_counted_in_days_and_times() -> None:
    page, _ = parsed()
    assert re.search(r'VIX_BELOW_BAND</span></td><td class="number">184</td><td class="number">46</td>', page)


def test_what_a_run_says_is_escaped() -> None:
    page, _ = parsed(trades=[make_trade(entry_reason="<em>&", exit_reason='"><script>', strategy="<i>")],
                     refusals={"<i>": {"<u>": 1}}, phases=[{"time": "2024-07-01T09:30:00", "phase": 3, "why": "<s>"}])
    assert not re.search(r"<(em|i|u|s|script)>", page)


def test_a_run_without_trades_refusals_or_vix() -> None:
    marks = [{**mark, "vix": None} for mark in make_marks()]
    nothing = {"closed": {"day": {}, "month": {}, "strategy": {}}, "account": {"day": {}, "month": {}}}
    _, checker = parsed(trades=[], refusals={}, open_positions=[], marks=marks, phases=[], unbuilt_checks=[],
                        results=nothing, planned={})
    text = " ".join(checker.text)
    for words in ("No trade was closed", "No session ended", "Nothing was refused", "No value of VIX", "Nothing was held"):
        assert words in text


def test_the_starting_phase_is_shown_when_nothing_changed_it() -> None:
    _, checker = parsed(phases=[])
    assert "start of the run" in checker.text


def test_a_single_mark_can_be_drawn() -> None:
    parsed(marks=make_marks()[:1], trades=[])


def test_no_mark_is_refused(tmp_path: Path) -> None:
    leave_results(tmp_path, make_report(marks=[]))
    with pytest.raises(ResultsError, match="no marks"):
        write_report(tmp_path, title="x", about={})
    assert not (tmp_path / "report.html").exists()


def test_drawdown_is_from_the_highest_so_far() -> None:
    assert charts.drawdowns([100.0, 110.0, 99.0, 120.0]) == pytest.approx([0.0, 0.0, -0.1, 0.0])


def test_every_regime_and_strategy_has_a_colour_of_its_own() -> None:
    assert set(REGIME_COLOURS) == {name for _, name in VIX_REGIMES}
    assert len({charts.strategy_colour(name) for name in SPECS}) == len(SPECS)


def test_more_strategies_than_colours_still_have_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"strategy{place}" for place in range(3 * len(STRATEGY_COLOURS)))
    monkeypatch.setattr(charts, "STRATEGY_PRIORITY", names)
    assert len({charts.strategy_colour(name) for name in names}) == len(names)


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (64_000.0, 68_000.0), (-3.0, 0.0), (0.001, 0.0013)])
def test_ticks_are_inside_and_even(low: float, high: float) -> None:
    ticks = svg.nice_ticks(low, high)
    assert 2 <= len(ticks) <= 11 and low - 1e-9 <= ticks[0] and ticks[-1] <= high + 1e-9
    steps = {round(after - before, 9) for before, after in zip(ticks, ticks[1:])}
    assert len(steps) == 1


def test_ticks_of_nothing() -> None:
    assert svg.nice_ticks(5.0, 5.0) == [5.0]


def test_a_strategys_page_shows_plan_achievement_reasons_refusals_and_what_is_held() -> None:
    page, _ = parsed()
    section = page[page.index('id="strategy-lt112"'):]
    for words in ("Win rate achieved", "Win rate planned", "Win rate at least", "Payoff ratio planned", "EMERGENCY",
                  "PROFIT_TARGET", "Forced", "Held at the end", "ACTIVE", "WEEK_TAKEN", "2,310"):
        assert words in section, words
    condor = page[page.index('id="strategy-friday_0dte"'):page.index('id="strategy-lt112"')]
    assert "100%" in condor and "88%" in condor and "Held at the end" not in condor


def test_the_nearest_approach_stands_first_and_says_whether_it_was_reached() -> None:
    rules = {"far": {"value": 0.1, "threshold": 1.0, "time": "2024-08-05T10:30:00"},
             "at": {"value": 1.0, "threshold": 1.0, "time": "2024-08-05T10:30:00"},
             "near": {"value": 0.999, "threshold": 1.0, "time": "2024-08-05T10:30:00"}}
    rows = re.findall(r"<tr><td>(\w+)</td>.*?<td>(yes|no)</td>", parsed(closest_approach=rules)[0])
    assert rows == [("at", "yes"), ("near", "no"), ("far", "no")]
