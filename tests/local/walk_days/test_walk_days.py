"""The walk through each phase's days: what is read from a run's report and audit trail, and the tables made of it."""
from __future__ import annotations

import argparse
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from config import constants
from config.constants import PROMOTIONS
from config.strategy_parameters import SPECS
from local import results
from local.commands import walk_days
from local.commands.arguments import OneLineParser
from local.commands.errors import CommandError
from local.walk_days import arithmetic
from local.walk_days.arithmetic import arithmetic_lines, is_traded, step
from local.walk_days.reader import (BOOK, CARRIED, POSITION, PROTECTION, DayLevels, cause_of_exit, day_levels, held_times,
                                    read_walk)
from local.walk_days.table import against_lines, walk_lines
from tests.local.run_report.builders_report import make_report, make_trade

MONDAY, TUESDAY, WEDNESDAY = date(2024, 8, 5), date(2024, 8, 6), date(2024, 8, 7)
ALWAYS = [(datetime(2024, 1, 1), datetime(2024, 12, 31))]


def guards(moment: str, emergency: str = "NONE", triggers: tuple[str, ...] = (), breaker: int = 0,
           trips: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"at": datetime.fromisoformat(f"2024-08-{moment}"), "event": "GUARDS", "facts": {
        "emergency": emergency, "triggers": list(triggers), "breaker_level": breaker, "trips": list(trips), "blind": []}}


def levels(*rows: dict[str, Any], held: list[tuple[datetime, datetime]] = ALWAYS) -> list[tuple[str, str]]:
    return [(day.level, day.cause) for day in day_levels((MONDAY, TUESDAY, WEDNESDAY), rows, held)]


# --- levels


@pytest.mark.parametrize("triggers, cause", [
    (("VIX crossed 35", "VIX crossed 30"), "VIX"), (("SPY moved",), "SPY"), (("day's loss ORANGE", "day's loss YELLOW"), BOOK),
    (("SPY moved", "day's loss ORANGE", "loss of lt112/202407011000"), "SPY and book"), ((), "not told")])
def test_a_level_is_set_off_by_what_reaches_it(triggers: tuple[str, ...], cause: str) -> None:
    assert levels(guards("05T10:00", "ORANGE", triggers))[0] == ("ORANGE", cause)


def test_each_sessions_highest_level_and_its_own_cause() -> None:
    found = levels(guards("05T10:00", "YELLOW", ("loss of lt112/202407011000",)),
                   guards("05T11:00", "ORANGE", ("VIX crossed 35",)), guards("06T09:35", "NONE"),
                   guards("06T12:00", "YELLOW", ("VIX crossed 30",)))
    assert found == [("ORANGE", "VIX"), ("YELLOW", "VIX"), ("NONE", CARRIED)]


def test_red_stays_over_night_and_yellow_does_not() -> None:
    found = levels(guards("05T10:00", "RED", ("buying power",)), guards("07T10:00", "NONE"))
    assert found == [("RED", "buying power"), ("RED", CARRIED), ("RED", CARRIED)]
    assert levels(guards("05T10:00", "YELLOW", ("VIX crossed 30",)))[1:] == [("NONE", CARRIED)] * 2


@pytest.mark.parametrize("held, cause", [
    ([], PROTECTION), ([(datetime(2024, 8, 5, 9, 50), datetime(2024, 8, 5, 9, 55))], BOOK),
    ([(datetime(2024, 7, 1), datetime(2024, 8, 2, 15))], PROTECTION), ([(datetime(2024, 8, 5, 10, 1), datetime(2024, 9, 1))], PROTECTION),
    ([(datetime(2024, 7, 1), datetime.max)], BOOK)])
def test_a_days_loss_with_nothing_but_protection_open_is_its_own(held: list[tuple[datetime, datetime]], cause: str) -> None:
    assert levels(guards("05T10:00", "YELLOW", ("day's loss YELLOW",)), held=held)[0] == ("YELLOW", cause)


def test_a_loss_that_is_red_with_protection_alone_says_so() -> None:
    assert levels(guards("05T10:00", "RED", ("day's loss RED, protection included",)))[0] == ("RED", PROTECTION)
    both = ("day's loss RED", "day's loss RED, protection included")
    assert levels(guards("05T10:00", "RED", both))[0] == ("RED", f"{BOOK} and {PROTECTION}")


def test_a_position_of_a_losing_kind() -> None:
    assert levels(guards("05T10:00", "YELLOW", ("loss of ipmcc/202407011000",)))[0] == ("YELLOW", POSITION)


def test_breakers_stay_until_they_recover() -> None:
    rows = (guards("05T10:00", breaker=1, trips=("correlation 0.8 of 0.9, level 1",)),
            guards("05T11:00", breaker=2, trips=("correlation 0.91 of 0.9, level 2", "margin 0.6 of 0.7, level 1")),
            guards("06T11:00", breaker=0))
    found = day_levels((MONDAY, TUESDAY, WEDNESDAY), rows, ALWAYS)
    assert [(day.breaker, day.breaker_cause) for day in found] == [(2, "correlation"), (2, "correlation"), (0, "")]
    alone = day_levels((MONDAY,), rows, [])
    assert alone[0].breaker_cause == PROTECTION, "two hedges are no book"
    locked = [*rows[:2], guards("06T09:35", breaker=3, trips=())]
    assert [day.breaker_cause for day in day_levels((MONDAY, TUESDAY), locked, ALWAYS)] == ["correlation", "correlation"]
    streak = day_levels((MONDAY,), [guards("05T11:00", breaker=2, trips=("streak 3 of 3, level 2",))], [])
    assert streak[0].breaker_cause == "streak"


def test_income_positions_are_what_is_held() -> None:
    rows = [make_trade(), make_trade(strategy="hedge"), {"strategy": "lt112", "opened": "2024-08-08T10:00:00"}]
    assert held_times(rows) == [(datetime(2024, 8, 2, 9, 52), datetime(2024, 8, 2, 13, 5)), (datetime(2024, 8, 8, 10), datetime.max)]


@pytest.mark.parametrize("reason, cause", [
    ("day's loss ORANGE", "day's loss ORANGE"), ("loss of lt112/202407011000, loss of ipmcc/202407020948", "loss of a position"),
    ("drawdown breaker, level 2", "drawdown breaker, level 2"), ("ASSIGNED", "ASSIGNED")])
def test_causes_of_exits_name_no_position(reason: str, cause: str) -> None:
    assert cause_of_exit(reason) == cause


# --- one run


def a_run(folder: Path, **overrides: Any) -> Path:
    """A run's folder as it is left behind."""
    store = folder / "storage" / "development" / "backtest" / "tom-king"
    (store / "audit").mkdir(parents=True)
    (store / "report.json").write_text(json.dumps(make_report(**overrides)), encoding="utf-8")

    def row(moment: str, event: str, **facts: Any) -> str:
        return json.dumps({"time": f"2024-{moment}", "event": event, "facts": facts})
    lines = [row("07-05T10:30:00", "MARK"), row("07-05T12:00:00", "MARK"), row("08-05T10:30:00", "MARK"),
             row("07-05T09:52:00", "ENTER", strategy="lt112"), row("07-05T10:12:00", "ENTER", strategy="lt112"),
             row("07-05T10:15:00", "ORDER_FILLED", strategy="lt112", purpose="ENTRY", units=2),
             row("07-05T10:20:00", "ORDER_FILLED", strategy="lt112", purpose="EXIT", units=2),
             row("07-05T10:21:00", "ORDER_UNEVEN_REPAIRED", strategy="lt112", purpose="ENTRY", units=0),
             row("07-05T11:00:00", "ENTER", strategy="hedge"),
             row("07-05T11:01:00", "ORDER_FILLED", strategy="hedge", purpose="ENTRY", units=1),
             row("08-05T09:35:00", "GUARDS", emergency="ORANGE", triggers=["VIX crossed 35"], breaker_level=0, trips=[])]
    (store / "audit" / "20240705-0001.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "run-summary.json").write_text(json.dumps({"statistics": {}, "state": {"Status": "Completed"}}), encoding="utf-8")
    return folder


def test_a_run_becomes_a_row(tmp_path: Path) -> None:
    hedge = make_trade(id="hedge/1", strategy="hedge", pnl_usd=-90.0, forced=True)
    found = read_walk(a_run(tmp_path / "run", trades=[*make_report()["trades"], hedge]), "august", 3)
    assert (found.sessions, found.entries, found.protection_entries, found.orders) == (2, 1, 1, 2)
    assert [(day.day, day.level, day.cause) for day in found.days] == [
        (date(2024, 7, 5), "NONE", CARRIED), (MONDAY, "ORANGE", "VIX")]
    assert found.forced == {"EMERGENCY": 1} and found.causes() == {"ORANGE by VIX": 1} and found.by_protection_alone == 0
    assert (found.income_usd, found.protection_usd, found.account_usd) == (-266.0, -90.0, -379.0)
    assert found.entries_a_month == 10.5


def test_open_sessions_are_those_the_market_left_open(tmp_path: Path) -> None:
    names = [name for name in SPECS if is_traded(name, 1)]
    rows = [{"date": "2024-07-05", "strategy": name, "code": "TREND_AGAINST" if name == "lt112" else "VIX_BELOW_BAND"}
            for name in names]
    assert read_walk(a_run(tmp_path / "a", refusal_days=rows), "a", 1).open_sessions == 1
    assert read_walk(a_run(tmp_path / "b", refusal_days=rows), "b", 2).open_sessions == 2, "phase 2 also trades the ratio"
    account = [row | {"code": "SIZE_ZERO"} for row in rows]
    assert read_walk(a_run(tmp_path / "c", refusal_days=account), "c", 1).open_sessions == 2
    assert read_walk(tmp_path / "a", "a", 1).entries_an_open_month == 21.0


def test_a_trail_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    folder = a_run(tmp_path / "run")
    (path,) = folder.rglob("*.jsonl")
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(results.ResultsError, match="line 1 cannot be read"):
        read_walk(folder, "august", 3)


# --- tables


def test_protection_alone_is_counted_whatever_it_set_off() -> None:
    days = (DayLevels(day=MONDAY, level="YELLOW", cause=PROTECTION, breaker=0, breaker_cause=""),
            DayLevels(day=TUESDAY, level="NONE", cause=CARRIED, breaker=2, breaker_cause=PROTECTION),
            DayLevels(day=WEDNESDAY, level="RED", cause=CARRIED, breaker=2, breaker_cause="margin"))
    found = walk_days.WalkFigures(name="x", phase=1, sessions=3, open_sessions=3, entries=0, protection_entries=1, orders=0,
                                  days=days)
    assert found.by_protection_alone == 2 and found.under("RED") == 1
    assert found.causes() == {f"YELLOW by {PROTECTION}": 1, f"RED by {CARRIED}": 1, f"breaker by {PROTECTION}": 1,
                              "breaker by margin": 1}


def test_the_tables(tmp_path: Path) -> None:
    one, other = (read_walk(a_run(tmp_path / name), name, phase) for name, phase in (("a", 1), ("b", 4)))
    lines = walk_lines([one, other])
    assert [line.split()[0] for line in lines[2:4]] == ["a", "b"]
    assert any(line.split() == ["ORANGE", "by", "VIX", "1", "1"] for line in lines)
    assert any(line.split() == ["EMERGENCY", "1", "1"] for line in lines)
    both = against_lines([one, other], [one])
    assert both[0] == "before → after, 1 runs" and len(both) == 4 and "1 → 1" in both[-1]
    assert against_lines([one], [other]) == ["no run is in both sets"]


# --- the command


def arguments(*given: str) -> argparse.Namespace:
    parser = OneLineParser()
    walk_days.add_arguments(parser)
    return parser.parse_args(list(given))


def test_what_is_there_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    a_run(tmp_path / "august_2024-p1-s1")
    asked: list[list[str]] = []

    def runs(command: list[str], *, cwd: Path) -> None:
        asked.append(command)
        a_run(Path(command[command.index("--out") + 1]))
    monkeypatch.setattr(walk_days, "run_measured", runs)
    given = ("--scenario", "august_2024", "--phase", "1", "--phase", "4", "--seed", "1", "--jobs", "2", "--out", str(tmp_path),
             "--param", "fills=natural")
    assert walk_days.run(arguments(*given)) == 0
    assert [command[:7] for command in asked] == [["backtest", "--scenario", "august_2024", "--phase", "4", "--seed", "1"]]
    assert asked[0][-2:] == ["--param", "fills=natural"]
    assert walk_days.run(arguments(*given)) == 0 and len(asked) == 1
    shown = capsys.readouterr().out
    assert "all of phase 4" in shown and "phase 3 to 4: can be reached" in shown
    assert walk_days.run(arguments(*given, "--against", str(tmp_path), "--read-only")) == 0
    assert "before → after, 2 runs" in capsys.readouterr().out


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="holds none of the 72 runs"):
        walk_days.run(arguments("--out", str(tmp_path), "--read-only"))


# --- the arithmetic


def test_no_promotion_is_a_dead_end() -> None:
    assert [step(rule).dead_ends for rule in PROMOTIONS] == [()] * 3
    assert sum("can be reached" in line for line in arithmetic_lines({})) == 3
    assert any("6.7 months at the 3.0 entries a month measured" in line for line in arithmetic_lines({1: 3.0}))


@pytest.mark.parametrize("name, value, place, why", [
    ("is_traded", lambda name, phase: phase > 2 or name == "friday_0dte", 1, "lt112"),
    ("is_traded", lambda name, phase: phase == 4, 0, "win rate"),
    ("PHASES", {number: constants.PHASES[4] for number in (1, 2, 3, 4)}, 0, "single loss"),
    ("DEMOTION_FLOOR_SHARE", 1.01, 1, "demoted at once")])
def test_a_dead_end_is_found(monkeypatch: pytest.MonkeyPatch, name: str, value: Any, place: int, why: str) -> None:
    monkeypatch.setattr(arithmetic, name, value)
    assert any(why in found for found in step(PROMOTIONS[place]).dead_ends)
