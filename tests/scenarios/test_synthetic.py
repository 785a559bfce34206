"""SPEC § 12, the synthetic rows: VIX lost, illiquid quotes, a broker that rejects, a gap open, a flash crash. In each the
rule that applies fires exactly when its condition holds, read from the audit trail and the broker's own books."""
from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.calendars import EX_DIVIDENDS
from config.constants import (ENTRY_RETRY_MINUTES, ENTRY_TRIES_A_WINDOW, ORANGE_SPY_MOVE_SHARE, ORANGE_VIX,
                              RISK_CHECK_MINUTES, VIX_MAX_AGE_MINUTES, YELLOW_VIX)
from config.strategy_parameters import FRIDAY_0DTE
from local.broker_faults.faults import Fault, Rejects, StaleQuotes, VixLost, WideQuotes
from local.broker_faults.lives import Lives
from tests.scenarios.evidence import minute_closes
from tests.scenarios.order_world import lives
from tests.scenarios.synthetic import data, run

FIRST, LAST = date(2024, 7, 15), date(2024, 7, 26)
CRASH = date(2024, 7, 24)
TWO = ("friday_0dte", "lt112")
Row = dict[str, Any]


def at(clock: str, day: int = 26) -> datetime:
    return datetime.strptime(f"2024-07-{day:02d} {clock}", "%Y-%m-%d %H:%M")


def friday(out: Path, *faults: Fault) -> Lives:
    """The one Friday on which, left alone, LT112 enters at 9:50, and a condor at 10:34 that leaves at 13:44."""
    found = lives(out, *faults)
    assert found.whole(), found.error
    assert all(fault.hits for fault in faults)
    return found


def rows(found: Lives, *events: str, **facts: object) -> list[Row]:
    return [row | {"at": datetime.fromisoformat(row["time"])} for row in found.audit() if row["event"] in events
            and all(row["facts"].get(key) == value for key, value in facts.items())]


def entries(found: Lives, strategy: str) -> list[datetime]:
    return [row["at"] for row in rows(found, "ENTER", strategy=strategy)]


def refusals(found: Lives, strategy: str, day: date = LAST) -> list[str]:
    return [row["facts"]["code"] for row in rows(found, "REFUSED", strategy=strategy) if row["at"].date() == day]


def exits(found: Lives) -> dict[str, datetime]:
    return {row["facts"]["position"].split("/")[0]: row["at"]
            for row in rows(found, "ORDER_FILLED", purpose="EXIT")}


# --- assignment -----------------------------------------------------------------------------------------------------

def test_shares_of_an_early_assignment_are_gone_within_minutes_with_the_put_that_protects_them(tmp_path: Path) -> None:
    """A calendar's near put is assigned three days early: shares and far put are sold, and nothing new is sold against
    them. What is lost is no more than the debit and the quotes' width."""
    found = run("assignment", tmp_path, FIRST, LAST, strategies=("calendar",), phase=4, cash=200_000.0)
    taken, came = rows(found, "EXCHANGE")
    (entered,) = rows(found, "ENTER")
    (near,) = [leg for leg in entered["facts"]["legs"] if leg.startswith("-")]
    count = entered["facts"]["quantity"]
    assert near.endswith(taken["facts"]["contract"]) and came["facts"]["quantity"] == 100 * count
    assert came["facts"]["quantity"] * came["facts"]["price"] > 200_000.0
    sold = [row for row in rows(found, "FILL") if row["at"] >= taken["at"]]
    (far,) = [leg.split(" ", 1)[1] for leg in entered["facts"]["legs"] if leg.startswith("+")]
    assert [(row["facts"]["contract"], row["facts"]["quantity"]) for row in sold] == [
        ("SPY", -100 * count), (far, -count)]
    waits = [row["at"] - came["at"] for row in sold]
    assert waits[0] <= timedelta(minutes=2) and waits[1] <= timedelta(minutes=10)   # a quiet put is quoted each 4 minutes
    (closed,) = rows(found, "ORDER_FILLED", purpose="EXIT")
    assert closed["facts"]["reason"] == "ASSIGNED"
    result = -sum(row["facts"]["quantity"] * row["facts"]["price"] * (100 if " " in row["facts"]["contract"] else 1)
                  for row in rows(found, "FILL", "EXCHANGE"))
    assert -1.1 * count * entered["facts"]["risk_usd"] <= result < 0.0
    # their value is more than the account's, but a put protects them: no margin breaker, no unwinding of everything else
    assert all(row["facts"]["trips"] == [] for row in rows(found, "GUARDS"))


# --- calendars ------------------------------------------------------------------------------------------------------

def test_the_users_own_dates_are_among_the_days_facts(tmp_path: Path) -> None:
    """From the run's parameter to what every decision sees."""
    day = EX_DIVIDENDS["IWM"][-1] + timedelta(days=91)
    found = run("assignment", tmp_path, FIRST, FIRST, strategies=("lt112",), dates=f"ex_dividends IWM {day}")
    assert found.engine is not None
    assert found.engine.algorithm.shell.builder.unvalued(at("10:00", 15)).calendar.announced == {
        "ex_dividends": {"IWM": (day,)}}


# --- VIX lost -------------------------------------------------------------------------------------------------------

def test_without_vix_nobody_enters_until_it_is_back(tmp_path: Path) -> None:
    found = friday(tmp_path, VixLost(start=at("09:31"), end=at("13:31")))
    assert refusals(found, "lt112")[0] == "VIX_STALE" and "VIX_STALE" in refusals(found, "friday_0dte")
    assert entries(found, "friday_0dte") == []       # its window ended without a VIX
    (entered,) = entries(found, "lt112")
    assert at("13:31") < entered <= at("13:40")


def test_vix_is_stale_one_past_five_minutes_and_exits_go_on(tmp_path: Path) -> None:
    lost = at("10:28")      # the condor would be decided at 10:34
    found = friday(tmp_path / "before", VixLost(start=lost, end=at("16:00")))
    (entered,) = entries(found, "lt112")
    assert entered < lost and entries(found, "friday_0dte") == []
    stale = rows(found, "REFUSED", strategy="friday_0dte", code="VIX_STALE")[0]
    assert stale["at"] - lost <= timedelta(minutes=VIX_MAX_AGE_MINUTES + RISK_CHECK_MINUTES)
    assert stale["facts"]["age_minutes"] > VIX_MAX_AGE_MINUTES
    held = friday(tmp_path / "after", VixLost(start=at("11:00"), end=at("16:00")))
    assert exits(held)["friday_0dte"] < at("15:28")


def test_a_vix_five_minutes_old_is_still_a_vix(tmp_path: Path) -> None:
    found = friday(tmp_path, VixLost(start=at("10:29"), end=at("16:00")))
    assert entries(found, "friday_0dte") == [at("10:34")]


# --- illiquid quotes ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("fault, code", [(WideQuotes, "SPREAD_TOO_WIDE"), (StaleQuotes, "QUOTE")])
def test_illiquid_legs_are_not_entered(tmp_path: Path, fault: type[Fault], code: str) -> None:
    found = friday(tmp_path, fault(start=at("09:31"), end=at("11:00")))
    assert any(given.startswith(code) for given in refusals(found, "friday_0dte"))
    assert any(given.startswith(code) for given in refusals(found, "lt112"))
    for strategy in TWO:
        assert all(entered > at("11:00") for entered in entries(found, strategy)) and entries(found, strategy)


def test_a_spread_inside_the_bound_is_entered(tmp_path: Path) -> None:
    share = 0.07
    assert 2 * share < FRIDAY_0DTE.max_spread_share
    assert 2 * share * FRIDAY_0DTE.cheap_leg_usd < FRIDAY_0DTE.max_spread_usd
    found = friday(tmp_path, WideQuotes(start=at("09:31"), end=at("11:00"), share=share))
    assert "SPREAD_TOO_WIDE" not in refusals(found, "friday_0dte")
    assert entries(found, "friday_0dte")


def test_an_exit_leaves_an_illiquid_market_at_the_natural_price(tmp_path: Path) -> None:
    found = friday(tmp_path, WideQuotes(start=at("10:40"), end=at("16:00")))
    left = exits(found)["friday_0dte"]
    assert left < at("15:28")
    assert not any(symbol.id.date.date() == LAST and quantity
                   for symbol, quantity in found.broker.log.holdings.items())


# --- broker rejects -------------------------------------------------------------------------------------------------

def test_a_refused_entry_ends_is_counted_and_waits(tmp_path: Path) -> None:
    found = friday(tmp_path, Rejects(start=at("09:31"), end=at("11:00")))
    for strategy in TWO:
        asked = entries(found, strategy)
        refused = [moment for moment in asked if moment < at("11:00")]
        assert len(rows(found, "ORDER_REFUSED", strategy=strategy, purpose="ENTRY", final=True)) == len(refused) > 0
        assert "BROKER_REFUSED" in refusals(found, strategy)
        pause = min(ENTRY_RETRY_MINUTES, 180 / ENTRY_TRIES_A_WINDOW if strategy == "friday_0dte" else ENTRY_RETRY_MINUTES)
        assert all((later - before) >= timedelta(minutes=pause) for before, later in zip(asked, asked[1:]))
    counted = sum(row["count"] for row in _report(found)["refusal_days"] if row["code"] == "BROKER_REFUSED")
    assert counted == len(rows(found, "ORDER_REFUSED", purpose="ENTRY"))
    kept = {(row["id"].split("/")[0], row["confirmed"]) for row in found.state()["concentration"]["reservations"]}
    assert kept == {("lt112", True)}
    assert entries(found, "lt112")[-1] > at("11:00")
    assert {row["strategy"]: row["state"] for row in found.state()["states"]["positions"]} == {"lt112": "ACTIVE"}


def test_a_refused_exit_is_tried_on_and_entries_are_halted(tmp_path: Path) -> None:
    found = friday(tmp_path, Rejects(start=at("12:00"), end=at("14:10")))
    assert len(rows(found, "ORDER_REFUSED", purpose="EXIT")) >= 3
    assert rows(found, "ORDER_FAILED", purpose="EXIT")[0]["facts"]["reason"] == "REFUSED_THREE_TIMES"
    assert "HALTED" in refusals(found, "lt112")
    assert at("14:10") <= exits(found)["friday_0dte"] < at("15:28")


# --- gap open -------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    return run("gap_open", tmp_path_factory.mktemp("gaps"), FIRST, LAST)


def test_a_gap_is_measured_from_the_last_close_and_refuses_at_its_limit(gaps: Lives) -> None:
    inside, past = date(2024, 7, 19), LAST
    measured = {day: abs(minute_closes(data("gap_open"), "SPY", day, "open")[0][1]
                         / minute_closes(data("gap_open"), "SPY", before)[-1][1] - 1.0)
                for day, before in ((inside, date(2024, 7, 18)), (past, date(2024, 7, 25)))}
    assert measured[inside] < FRIDAY_0DTE.max_gap_share <= measured[past]
    assert [moment.date() for moment in entries(gaps, "friday_0dte")] == [inside]
    assert "GAP_TOO_LARGE" not in refusals(gaps, "friday_0dte", inside)
    refused = rows(gaps, "REFUSED", strategy="friday_0dte", code="GAP_TOO_LARGE")
    assert [row["at"].date() for row in refused] == [past]
    assert refused[0]["facts"]["gap"] == pytest.approx(measured[past], abs=5e-5)


def test_the_night_belongs_to_the_day_that_opens_with_it(gaps: Lives) -> None:
    marks = _report(gaps)["marks"]
    before = [mark for mark in marks if mark["time"] < "2024-07-24"][-1]
    first = next(mark for mark in marks if mark["time"].startswith("2024-07-24"))
    assert first["day_result_share"] == pytest.approx(first["equity"] / before["equity"] - 1.0, abs=2e-6)
    assert first["day_result_share"] < -0.002


def test_a_vix_that_opens_above_thirty_is_yellow_at_the_first_check_and_only_that_day(gaps: Lives) -> None:
    levels = [(row["at"], row["facts"]["emergency"]) for row in rows(gaps, "GUARDS")]
    vix = dict(minute_closes(data("gap_open"), "VIX", CRASH))
    check = datetime(2024, 7, 24, 9, 30 + RISK_CHECK_MINUTES)
    assert YELLOW_VIX <= vix[check] < ORANGE_VIX
    assert levels == [(check, "YELLOW"), (check + timedelta(days=1), "NONE")]
    assert all(set(refusals(gaps, name, CRASH)) <= {"EMERGENCY", "OUTSIDE_WINDOW"} for name in TWO)


# --- flash crash ----------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    return run("flash_crash", tmp_path_factory.mktemp("crash"), FIRST, LAST)


def first_check_with_a_move(name: str, day: date) -> datetime:
    """The first five-minute check at which SPY stands 1.5 % from one of the checks of the last fifteen minutes."""
    prices = dict(minute_closes(data(name), "SPY", day))
    checks = [moment for moment in sorted(prices) if moment.minute % RISK_CHECK_MINUTES == 0]
    for number, moment in enumerate(checks):
        if any(abs(prices[moment] / prices[before] - 1.0) >= ORANGE_SPY_MOVE_SHARE
               for before in checks[max(0, number - 3):number]):
            return moment
    raise AssertionError(f"SPY never moved on {day}")


def test_a_fall_within_fifteen_minutes_is_orange_at_the_first_check_that_sees_it(crash: Lives) -> None:
    guards = [row for row in rows(crash, "GUARDS") if row["facts"]["emergency"] != "NONE"]
    assert [row["facts"]["emergency"] for row in guards] == ["ORANGE"]
    assert guards[0]["at"] == first_check_with_a_move("flash_crash", CRASH)
    assert {"SPY moved", "VIX crossed 35"} <= set(guards[0]["facts"]["triggers"])


def test_everything_short_is_closed_within_minutes_and_the_day_costs_less_than_a_tenth(crash: Lives) -> None:
    moment = first_check_with_a_move("flash_crash", CRASH)
    carried = {row["facts"]["position"] for row in rows(crash, "ORDER_FILLED", purpose="ENTRY")
               if row["at"] < moment}
    closed = {row["facts"]["position"]: row["at"] for row in rows(crash, "ORDER_FILLED", purpose="EXIT")}
    assert len(carried) >= 2
    assert all(moment < closed[position] <= moment + timedelta(minutes=5) for position in carried)
    marks = [mark for mark in _report(crash)["marks"] if mark["time"].startswith(CRASH.isoformat())]
    assert min(mark["day_result_share"] for mark in marks) > -0.10


def test_in_a_crash_no_quote_of_a_held_leg_is_doubted(crash: Lives) -> None:
    """Every option jumps at once: what the screen of quotes is for must not blind the guards to what it is not for."""
    moment = first_check_with_a_move("flash_crash", CRASH)
    held = {leg.split(" ", 1)[1] for row in rows(crash, "ENTER") for leg in row["facts"]["legs"]}
    window = (moment - timedelta(minutes=10), moment + timedelta(minutes=10))
    doubted = [row["facts"] for row in rows(crash, "QUOTE_DOUBTED") if window[0] <= row["at"] <= window[1]]
    assert held and [facts for facts in doubted if facts["contract"] in held] == []


def test_no_entry_for_the_rest_of_the_day_and_again_on_the_next(crash: Lives) -> None:
    moment = first_check_with_a_move("flash_crash", CRASH)
    after = [row["at"] for row in rows(crash, "ENTER") if row["at"] > moment]
    assert after and min(after).date() == date(2024, 7, 25)
    assert "EMERGENCY" in refusals(crash, "lt112", CRASH)


# --- planned commands -----------------------------------------------------------------------------------------------

def test_planned_commands_reach_the_algorithm_as_the_operators(tmp_path: Path) -> None:
    found = run("flash_crash", tmp_path, FIRST, date(2024, 7, 17), commands=(
        "2024-07-16 11:00 flatten butterfly; 2024-07-16 12:00 halt; 2024-07-17 10:30 resume; 2024-07-17 12:00 what_if"))
    told = rows(found, "COMMAND")
    assert [(row["at"], row["facts"]["action"]) for row in told] == [
        (at("11:00", 16), "flatten"), (at("12:00", 16), "halt"), (at("10:30", 17), "resume"),
        (at("12:00", 17), "what_if")]
    (trade,) = _report(found)["trades"]
    assert trade["strategy"] == "butterfly" and trade["exit_reason"] == "OPERATOR_FLATTEN" and trade["forced"]
    assert trade["closed"].startswith("2024-07-16T11:0")
    assert not [moment for moment in entries(found, "butterfly") if at("12:00", 16) <= moment <= at("10:30", 17)]
    assert "HALTED" in refusals(found, "lt112", date(2024, 7, 16))


def _report(found: Lives) -> dict[str, Any]:
    return json.loads(next((found.out / "storage").rglob("report.json")).read_text(encoding="utf-8"))
