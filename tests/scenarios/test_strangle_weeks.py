"""Three weeks of a futures strangle: strikes by yesterday's volatility, and a restart that finds its future again."""
from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from core.carry import risk_free_rate, years_to_expiry
from config.availability import UNMAPPED
from core.model import Right
from core.option_math import implied_volatility
from local.broker_faults.broker import FaultyBroker
from local.broker_faults.faults import Restart
from local.broker_faults.lives import Lives
from local.broker_faults.plan import always
from local.data import scenario
from local.data.writer import ensure_data
from local.engine.broker import portfolio
from tests.scenarios.order_world import PROJECT

FIRST, LAST = date(2024, 7, 22), date(2024, 8, 9)
OCTOBER, EXPIRY = "202410", date(2024, 9, 17)     # the contract month, and the last day of its options
CASH = 300_000.0
NEAR = datetime(2024, 8, 8, 12, 0)     # 42 days before the future's end, less than a new strangle needs


@lru_cache(maxsize=1)
def data() -> Path:
    found = scenario.load(str(PROJECT / "tests" / "scenarios" / "strangle.toml"))
    return ensure_data(found, PROJECT / ".cache" / "data", underlyings=("SPY", "VIX", "OVX", "CL"))


def lives(out: Path, *faults: Restart, live: bool = False) -> Lives:
    known = (*always(), *faults)
    return Lives(project=PROJECT, data=data(), out=out, broker=FaultyBroker(known, fills_after=1), faults=known,
                 parameters={"cash": str(CASH), "starting_phase": "4", "strategies": "futures_strangle", "publish": "no"},
                 first=FIRST, last=LAST, live=live)


def rows(run: Lives, event: str) -> list[dict[str, Any]]:
    return [row for row in run.audit() if row["event"] == event]


def volatility_at_the_money(session: date) -> float:
    """Mean of put and call nearest the future, by the universe file of ``session`` alone."""
    path = data() / "futureoption" / "nymex" / "universes" / "lo" / OCTOBER / f"{session:%Y%m%d}.csv"
    lines = [line for line in csv.reader(path.open(encoding="utf-8")) if not line[0].startswith("#")]
    close = float(next(line for line in lines if not line[0])[6])
    listed = [line for line in lines if line[0] == f"{EXPIRY:%Y%m%d}"]
    strike = min((float(line[1]) for line in listed), key=lambda each: (abs(each - close), each))
    rate = risk_free_rate(session)
    years = years_to_expiry(EXPIRY, datetime.combine(session, datetime.min.time()) + timedelta(hours=16))
    found = [implied_volatility(float(line[6]), close, strike, Right(line[2]), years, rate, rate)
             for line in listed if float(line[1]) == strike]
    return sum(found) / 2


@pytest.fixture(autouse=True)
def large_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live account brings its own cash."""
    monkeypatch.setattr(portfolio, "DEFAULT_CASH", CASH)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    run = lives(tmp_path_factory.mktemp("strangle"))
    assert run.whole(), run.error
    return run


def test_strikes_come_from_the_volatility_of_the_session_before(uninterrupted: Lives) -> None:
    """The month is followed since 22 July; its close of that day would make the 31st's volatility 1.5 times as high."""
    chosen = {datetime.fromisoformat(row["time"]).date(): row["facts"]["facts"]["iv"]
              for row in rows(uninterrupted, "SELECTED")}
    assert date(2024, 7, 31) in chosen
    for day, volatility in chosen.items():
        assert volatility == pytest.approx(volatility_at_the_money(day - timedelta(days=3 if day.weekday() == 0 else 1)),
                                           rel=0.04), day


@pytest.mark.parametrize("live", (False, True))
def test_a_restart_finds_the_future_of_an_old_strangle_again(tmp_path: Path, live: bool, uninterrupted: Lives) -> None:
    run = lives(tmp_path, Restart(start=NEAR, end=NEAR + timedelta(minutes=3)), live=live)
    assert run.whole(), run.error
    assert run.lives == 2
    after = [row["facts"] for row in rows(run, "MARK") if datetime.fromisoformat(row["time"]) > NEAR]
    assert after and all("spy_delta" in mark for mark in after)     # Greeks are known, or there would be none
    assert rolls(run) == rolls(uninterrupted) != []


def rolls(run: Lives) -> list[tuple[str, Any]]:
    return [(row["time"], row["facts"]["legs"]) for row in rows(run, "MANAGE")
            if row["facts"]["reason"] == "ROLL_UNTESTED"]


@pytest.mark.parametrize("live", (False, True))
def test_a_strategy_that_was_switched_off_still_looks_after_what_it_holds(tmp_path: Path, live: bool,
                                                                          uninterrupted: Lives) -> None:
    run = lives(tmp_path, live=live)
    run.begin()
    assert run.run(NEAR), run.error
    run.die()
    run.parameters = dict(run.parameters) | {"strategies": "lt112"}
    run.begin(NEAR + timedelta(minutes=3))
    assert run.run(), run.error
    assert rolls(run) == rolls(uninterrupted)


# --- what cannot be had is off from the start, in one line

def test_in_a_backtest_products_without_a_chain_are_told_once_and_never_refused(uninterrupted: Lives) -> None:
    (told,) = rows(uninterrupted, "NOT_TRADED_HERE")
    assert set(told["facts"]["underlyings"]) == {"/ES", "/GC", "/SI", "/MES", "/MCL", "/MGC"}
    assert told["facts"]["strategies_off"] == [] and told["time"][:10] == FIRST.isoformat()
    first_order = min(row["time"] for row in rows(uninterrupted, "ENTER"))
    assert told["time"] < first_order
    assert not [row for row in rows(uninterrupted, "REFUSED") if row["facts"]["code"] == "CHAIN_MISSING"]


@pytest.mark.parametrize("phase, off", [("1", ["futures_strangle"]), ("3", ["futures_strangle"]), ("4", [])])
def test_live_micro_futures_are_off_and_with_them_the_strangle_of_a_small_account(tmp_path: Path, phase: str,
                                                                                off: list[str]) -> None:
    run = lives(tmp_path, live=True)
    run.parameters = dict(run.parameters) | {"starting_phase": phase}
    run.begin()
    assert run.run(datetime(2024, 7, 24, 10, 0)), run.error
    (told,) = rows(run, "NOT_TRADED_HERE")
    assert set(told["facts"]["underlyings"]) == set(UNMAPPED) and told["facts"]["strategies_off"] == off
    refused = [row for row in rows(run, "REFUSED") if row["facts"]["strategy"] == "futures_strangle"]
    assert bool(refused) is not bool(off)
