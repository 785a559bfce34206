"""Guards between two market events and between two lives: what they know is kept, what they ask for is done to the end,
and what they cannot judge lets nothing through. One Friday on the embedded engine, with a condor and an LT112 open."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import CannotCompute
from core.intents import closing_intent
from core.model import Contract, EmergencyLevel, Exit, Quote, Snapshot, State
from core.reconciliation import Verdict, VerdictKind
from helpers.shell.framework_shell import FrameworkShell
from local.broker_faults.brokerage_values import Crash
from local.broker_faults.lives import Lives
from tests.scenarios.order_world import FRIDAY, lives


def at(hour: int, minute: int) -> datetime:
    return datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, hour, minute)


def until(moment: datetime, out: Path, **options: Any) -> tuple[Lives, FrameworkShell]:
    """A live morning up to ``moment``."""
    run = lives(out, live=True, **options)
    run.begin()
    assert run.run(moment), run.error
    return run, run.engine.algorithm.shell


def reborn(run: Lives, moment: datetime) -> FrameworkShell:
    """The process dies without a word; another starts a minute later."""
    run.begin(run.die() + timedelta(minutes=1))
    assert run.run(moment), run.error
    return run.engine.algorithm.shell


def lose(shell: FrameworkShell, share: float) -> None:
    """The day began with more than there is now: a loss of ``share`` of it."""
    book = shell.parts.book
    book.equity_day_start = book.equity_last / (1.0 - share)


def told(run: Lives, action: str, **fields: Any) -> dict[str, Any]:
    row = {"strategy": None, "reason": None, "amount": None, "position": None, "reference": None} | fields
    algorithm = run.engine.algorithm
    return algorithm.shell.command(SimpleNamespace(action=action, **row), algorithm.time)


def snapshot(shell: FrameworkShell, moment: datetime, **account: float) -> Snapshot:
    found = shell.builder.snapshot(moment)
    return replace(found, account=replace(found.account, **account))


# --- what the guards know is kept


def test_a_yellow_day_stays_yellow_in_the_next_life(tmp_path: Path) -> None:
    """YELLOW closes nothing, so nothing else would have had the store written."""
    run, shell = until(at(11, 2), tmp_path)
    lose(shell, 0.008)
    assert run.run(at(11, 6)), run.error
    assert shell.parts.emergency.report.level is EmergencyLevel.YELLOW
    assert reborn(run, at(11, 8)).parts.emergency.report.level is EmergencyLevel.YELLOW


def test_a_vix_print_above_35_stops_entries_in_the_next_life_too(tmp_path: Path) -> None:
    run, shell = until(at(11, 2), tmp_path)
    shell.parts.vix.update(36.0, at(11, 2))
    assert run.run(at(11, 6)), run.error
    assert shell.parts.vix.last_print[0] < 35.0 and shell.parts.vix.entry_stopped
    assert reborn(run, at(11, 8)).parts.vix.entry_stopped


def test_marks_and_equity_of_a_live_day_are_on_disk_at_every_check(tmp_path: Path) -> None:
    run, shell = until(at(12, 0), tmp_path)
    marks, equity = len(shell.parts.limiter.facts()["marks"]), shell.parts.book.equity_last
    state = run.state()
    assert marks > 20 and len(state["limiter"]["marks"]) == marks
    assert state["book"]["equity_last"] == equity


# --- an entry on its way when a halt comes


def entering(shell: FrameworkShell) -> list[str]:
    return [position.id for position in shell.parts.states.positions if position.state is State.ENTERING]


def slow(out: Path) -> tuple[Lives, FrameworkShell]:
    """The put spread's entry is out since 9:50; its broker would fill it at 9:53."""
    run, shell = until(at(9, 50), out, fills_after=3)
    assert len(entering(shell)) == 1
    return run, shell


def test_left_alone_the_slow_entry_fills(tmp_path: Path) -> None:
    run, shell = slow(tmp_path)
    assert run.run(at(9, 55)), run.error
    assert [position.strategy for position in shell.parts.states.open_positions] == ["lt112"]


@pytest.mark.parametrize("action", ["halt", "liquidate"])
def test_the_operators_halt_takes_back_an_entry_on_its_way(tmp_path: Path, action: str) -> None:
    run, shell = slow(tmp_path)
    told(run, action)
    assert run.run(at(9, 55)), run.error
    assert entering(shell) == [] and shell.parts.states.open_positions == ()
    assert shell.parts.concentration.reservations == ()


def test_a_yellow_day_takes_back_an_entry_on_its_way(tmp_path: Path) -> None:
    run, shell = until(at(9, 49), tmp_path, fills_after=3)
    lose(shell, 0.008)                                      # seen at 9:50, with the entry's order; it stands at 9:51
    assert run.run(at(9, 50)) and len(entering(shell)) == 1
    assert run.run(at(9, 55)), run.error
    assert shell.parts.emergency.report.level is EmergencyLevel.YELLOW
    assert entering(shell) == [] and shell.parts.states.open_positions == ()


def test_a_mode_without_entries_takes_back_what_an_earlier_life_had_sent(tmp_path: Path) -> None:
    run, shell = slow(tmp_path)
    run.parameters = dict(run.parameters) | {"mode": "exits_only"}
    shell = reborn(run, at(9, 55))
    assert shell.run.mode.value == "exits_only"
    assert entering(shell) == [] and shell.parts.states.open_positions == ()


# --- what the guards ask for is done to the end


@pytest.mark.parametrize("document", [False, True], ids=["before its order", "between its two documents"])
def test_dead_while_carrying_out_what_a_level_asks_for_the_rest_is_closed_in_the_next_life(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: bool) -> None:
    """ORANGE and a breaker's second level ask once: the level is stored with the first order's journal."""
    run, shell = until(at(12, 1), tmp_path)
    executor, orders = shell.parts.executor, shell.memory._orders
    start, save, begun = executor.start, orders.save, []

    def dies_at_the_second(intent: Any, now: datetime) -> bool:
        if begun and not document:
            raise Crash
        begun.append(intent.position_id)
        return start(intent, now)

    def loses_the_second(facts: Any, now: datetime) -> None:
        if len(begun) > 1:
            raise Crash
        save(facts, now)

    monkeypatch.setattr(executor, "start", dies_at_the_second)
    monkeypatch.setattr(orders, "save", loses_the_second)
    assert len(shell.parts.states.open_positions) == 2
    lose(shell, 0.015)
    assert not run.run(at(12, 6)) and not run.error
    assert len(begun) == (2 if document else 1)
    shell = reborn(run, at(12, 15))
    assert shell.parts.emergency.report.level is EmergencyLevel.ORANGE
    assert shell.parts.states.open_positions == ()
    assert {trade.exit_reason for trade in shell.parts.ledger.trades} == {"day's loss ORANGE"}


# --- guards that cannot measure


def at_noon(out: Path) -> FrameworkShell:
    return until(at(12, 1), out)[1]


@pytest.mark.parametrize("equity", [0.0, -500.0])
def test_an_account_that_is_worth_nothing_is_red_and_closes_everything(tmp_path: Path, equity: float) -> None:
    shell = at_noon(tmp_path)
    for minute in (2, 3):
        shell.risk.check(snapshot(shell, at(12, minute), equity=equity))
    assert shell.parts.emergency.report.level is EmergencyLevel.RED
    assert {position.state for position in shell.parts.states.open_positions} == {State.DEFENSIVE_EXIT}
    assert shell.builder.view().halted is not None


def test_a_day_that_begins_below_zero_is_red_and_survives_a_restart(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    shell.parts.book.equity_day_start = -500.0
    assert run.run(at(12, 6)), run.error
    assert shell.parts.emergency.report.level is EmergencyLevel.RED
    assert reborn(run, at(12, 20)).parts.emergency.report.level is EmergencyLevel.RED


def test_a_breaker_that_cannot_measure_does_not_silence_the_emergency_levels(tmp_path: Path) -> None:
    shell = at_noon(tmp_path)
    lose(shell, 0.03)
    for minute in (2, 3):
        shell.risk.check(replace(snapshot(shell, at(12, minute)), phase=9))
    assert shell.parts.emergency.report.level is EmergencyLevel.RED
    assert {position.state for position in shell.parts.states.open_positions} == {State.DEFENSIVE_EXIT}
    assert "phase" in shell.parts.blind


def test_emergency_levels_that_cannot_be_judged_do_not_lose_what_a_breaker_asks_for(tmp_path: Path) -> None:
    shell = at_noon(tmp_path)
    broken = snapshot(shell, at(12, 2), buying_power_used=75_000.0, equity_day_start=float("nan"))
    for minute in (2, 3):
        shell.risk.check(replace(broken, time=at(12, minute)))
    assert shell.parts.breakers.report.level == 2
    assert {position.state for position in shell.parts.states.open_positions} == {State.DEFENSIVE_EXIT}
    assert "emergency" in shell.parts.blind


def test_a_life_checks_at_its_first_round_and_enters_nothing_before(tmp_path: Path) -> None:
    run, shell = until(at(9, 44), tmp_path)
    lose(shell, 0.03)
    shell.memory.save()
    run.begin(run.die() + timedelta(minutes=13))        # at 9:57; LT112 is chosen at 9:58, no check is due before 10:00
    assert run.run(at(9, 59)), run.error
    shell = run.engine.algorithm.shell
    assert shell.parts.emergency.report.level is EmergencyLevel.RED and shell.parts.blind is None
    assert shell.parts.states.positions == ()


def test_a_missed_minute_does_not_skip_a_check(tmp_path: Path) -> None:
    """No data at 11:05: the check comes at 11:06, not at 11:10, and the second of two a minute later."""
    run, shell = until(at(11, 4), tmp_path)
    lose(shell, 0.03)
    shell._minute = at(11, 5)
    shell.tick(at(11, 6))
    assert shell.parts.emergency.report.pending
    shell.tick(at(11, 7))
    assert shell.parts.emergency.report.level is EmergencyLevel.RED


# --- the operator's words


@pytest.mark.parametrize("amount", [None, 0.0, float("nan"), float("inf"), -100_000.0, -150_000.0, "much"])
def test_a_flow_that_cannot_be_changes_nothing(tmp_path: Path, amount: object) -> None:
    run, shell = until(at(16, 5), tmp_path)
    parts = shell.parts
    before = (parts.book.facts(), parts.phase.facts(), parts.ledger.facts())
    assert told(run, "flow", amount=amount)["error"]
    assert (parts.book.facts(), parts.phase.facts(), parts.ledger.facts()) == before


def test_a_flow_into_an_account_that_was_worth_nothing_cannot_be_measured(tmp_path: Path) -> None:
    run, shell = until(at(16, 5), tmp_path)
    shell.parts.book.equity_last = -100.0
    assert "anew" in told(run, "flow", amount=5_000.0)["error"]
    assert shell.parts.book.equity_last == -100.0


def test_a_resume_says_what_stays_locked(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    for minute in (1, 2):
        shell.risk.check(snapshot(shell, at(12, minute), buying_power_used=99_000.0))
    answer = told(run, "resume")
    assert answer["still"]["code"] == "BREAKER" and answer["still"]["locked_until"] == "2024-07-27T12:02:00"
    assert shell.parts.breakers.report.level == 3 and shell.builder.view().breaker_level == 3


def test_a_resume_that_ends_everything_says_so(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    told(run, "halt")
    assert told(run, "resume") == {"resumed": "all"} and shell.builder.view().halted is None


# --- reservations


def test_a_position_closed_elsewhere_gives_its_slot_back(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    (gone,) = [position for position in shell.parts.states.open_positions if position.strategy == "lt112"]
    missing = {leg.contract: leg.quantity for leg in gone.legs}
    shell._recovery._gone(Verdict(position_id=gone.id, kind=VerdictKind.GONE, actual={}, missing=missing), at(12, 2))
    kept = shell.parts.concentration.reservations
    assert [found.request.strategy for found in kept] == ["friday_0dte"]


def test_an_entry_whose_order_was_never_stored_leaves_no_reservation(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dead between the managers' document, which holds the reservation, and the orders': nobody knows the entry."""
    run, shell = until(at(9, 48), tmp_path)

    def dies(facts: Any, now: datetime) -> None:
        raise Crash

    monkeypatch.setattr(shell.memory._orders, "save", dies)
    assert not run.run(at(9, 50)) and not run.error
    assert len(run.state()["concentration"]["reservations"]) == 1
    shell = reborn(run, at(9, 52))
    assert shell.parts.states.positions == () and shell.parts.concentration.reservations == ()


# --- what the account is worth


def quoted(shell: FrameworkShell, monkeypatch: pytest.MonkeyPatch, contract: Contract, bid: float, ask: float) -> None:
    real = shell._gateway.quote
    monkeypatch.setattr(shell._gateway, "quote", lambda asked: Quote(bid=bid, ask=ask, time=at(12, 1))
                        if asked == contract else real(asked))


def test_a_short_whose_ask_died_is_not_half_a_debt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, shell = until(at(12, 1), tmp_path)
    short = next(leg.contract for position in shell.parts.states.open_positions for leg in position.legs
                 if leg.quantity < 0 and position.strategy == "lt112")
    quoted(shell, monkeypatch, short, 20.0, 20.0)
    whole = shell.builder.snapshot(at(12, 2)).account.equity
    quoted(shell, monkeypatch, short, 20.0, 0.0)
    assert shell.builder.snapshot(at(12, 2)).account.equity == pytest.approx(whole)


def test_an_account_that_is_no_number_has_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, shell = until(at(12, 1), tmp_path)
    held = next(iter(shell.parts.states.open_positions)).legs[0].contract
    quoted(shell, monkeypatch, held, float("nan"), 1.0)
    with pytest.raises(CannotCompute):
        shell.builder.snapshot(at(12, 2))
    assert run.run(at(12, 6)), run.error
    assert shell.builder.view().halted is not None


# --- the streak of losses


@pytest.mark.parametrize("pnl, forced, strategy, streak", [
    (-50.0, False, "lt112", 2), (-50.0, True, "lt112", 1), (-50.0, False, "leap_put_ladder", 1), (50.0, False, "lt112", 0),
    (0.0, False, "lt112", 0)])
def test_forced_closes_and_bought_protection_are_no_losses_in_a_row(tmp_path: Path, pnl: float, forced: bool,
                                                                    strategy: str, streak: int) -> None:
    _, shell = until(at(12, 1), tmp_path)
    held = shell.parts.states.open_positions[0]
    shell.results._record(replace(held, id="lt112/1", strategy="lt112", cash_flow_usd=-1.0), at(12, 1), "STOP", forced=False)
    shell.results._record(replace(held, id="x/2", strategy=strategy, cash_flow_usd=pnl), at(12, 2), "STOP", forced=forced)
    assert shell.parts.breakers.streak == streak


# --- what the operator is shown


def test_status_shows_every_figure(tmp_path: Path) -> None:
    run, shell = until(at(14, 30), tmp_path)
    answer = told(run, "status")
    ledger, book = answer["ledger"], answer["book"]
    (trade,) = shell.parts.ledger.trades                    # the condor; LT112 is open
    assert ledger["pnl_by_day"] == {"2024-07-26": pytest.approx(trade.pnl_usd)}
    assert ledger["pnl_by_month"] == {"2024-07": pytest.approx(trade.pnl_usd)}
    assert ledger["pnl_by_strategy"] == {"friday_0dte": pytest.approx(trade.pnl_usd)}
    assert ledger["trades"]["win_rate"] in (0.0, 1.0) and "profit_factor" in ledger["trades"]
    assert {"sharpe", "sortino", "max_drawdown_share", "value_at_risk_share"} <= set(ledger["equity"])
    planned = ledger["planned_and_achieved"]["friday_0dte"]
    assert planned["planned_win_rate"] == 0.88 and planned["achieved"]["trades"] == 1
    assert "closed_trades" in ledger["phase"]["missing_for_promotion"]
    (held,) = shell.parts.states.open_positions
    assert book["buying_power"]["used_usd"] == held.entry_margin_usd > 0.0
    assert set(book["buying_power"]["caps"]) == {"phase", "vix", "breaker"}
    assert book["concentration"]["reading"]["spy_slots"] == book["concentration"]["reading"]["slots_of"]["lt112"] == 1
    assert book["concentration"]["reading"]["held_delta"] == pytest.approx(book["greeks"]["spy_delta"], abs=1e-5)
    assert book["correlation"]["underlyings"] == 1 and book["correlation"]["note"] == "CORR_TOO_SHORT"
    assert 0.0 < book["max_loss_usd"][held.id] < 500.0 * held.units
    assert book["warnings"] == {}


def test_a_status_that_cannot_value_the_account_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, shell = until(at(12, 1), tmp_path)
    monkeypatch.setattr(shell._gateway, "quote", lambda contract: None)
    assert "quote" in told(run, "status")["book"]["cannot_compute"]


def test_a_limit_that_comes_near_is_told_once(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    delta = shell.parts.exposure(shell.builder.snapshot(at(12, 1))).spy_delta
    near = snapshot(shell, at(12, 2), equity=abs(delta) * 544.0 / 1.5)
    shell.record.mark(near, {})
    shell.record.mark(near, {})
    shell.journal.flush()
    told_of = [row["facts"]["limit_name"] for row in run.audit() if row["event"] == "LIMIT_WARNING"]
    assert "greek_notional_delta" in told_of and len(told_of) == len(set(told_of))


@pytest.mark.parametrize("figures", [{"equity": -500.0}, {"equity_day_start": -500.0}])
def test_the_books_of_an_account_below_zero_are_kept(tmp_path: Path, figures: dict[str, float]) -> None:
    run, shell = until(at(12, 1), tmp_path)
    below = snapshot(shell, at(15, 45), **figures)
    shell.record.mark(below, {})
    shell.risk.day_end(below)
    assert json.loads(json.dumps(shell.record.document(at(15, 45)), allow_nan=False))


def test_too_few_marks_are_recorded(tmp_path: Path) -> None:
    run, shell = until(at(12, 1), tmp_path)
    shell.journal.flush()
    noted = [row["facts"]["note"] for row in run.audit() if row["event"] == "CORRELATION"]
    assert noted == ["CORR_TOO_SHORT"]


def test_data_is_fresh_with_a_vix_and_a_spy_of_two_minutes(tmp_path: Path) -> None:
    """What a breaker's recovery waits for."""
    _, shell = until(at(12, 1), tmp_path)
    found = shell.builder.snapshot(at(12, 1))
    spy = found.underlyings["SPY"]

    def aged(minutes: float) -> Snapshot:
        return replace(found, underlyings={"SPY": replace(spy, quote_time=at(12, 1) - timedelta(minutes=minutes))})

    assert shell.risk._data_fresh(found) and shell.risk._data_fresh(aged(2.0))
    assert not shell.risk._data_fresh(aged(2.02)) and not shell.risk._data_fresh(replace(found, vix=None))
    assert not shell.risk._data_fresh(replace(found, underlyings={}))


# --- the last look of the day

def test_positions_are_looked_at_a_last_time_while_an_order_can_still_go_out(tmp_path):
    """A target that is reached after 15:45 is taken at 15:55, and not decided at the close to wait for the morning."""
    run, shell = until(at(15, 40), tmp_path)
    (spread,) = [position.id for position in shell.parts.states.open_positions if position.strategy == "lt112"]
    asked, ask = [], shell.parts.coordinator.manage

    def manage(moment: Snapshot, view: Any, position: Any) -> Any:
        asked.append((moment.time, position.id))
        if moment.time > at(15, 45) and position.id == spread:
            return Exit(intent=closing_intent(position, "PROFIT_TARGET", moment.time))
        return ask(moment, view, position)
    shell.parts.coordinator.manage = manage
    assert run.run(), run.error
    assert [time for time, name in asked if name == spread][:2] == [at(15, 45), at(15, 55)]
    assert spread not in [position.id for position in shell.parts.states.open_positions]
    assert max(time for time, _ in asked) < at(16, 0)


# --- what is shown


def test_a_level_that_ended_with_the_day_and_stands_again_is_told_again(tmp_path: Path) -> None:
    """ORANGE on a Friday and ORANGE at Monday's first check are two: 5 August 2024 was in no audit trail."""
    run, shell = until(at(12, 1), tmp_path)
    found = snapshot(shell, at(12, 2))
    vix = replace(found.vix, value=36.0, previous_close=20.0)
    monday = found.time + timedelta(days=3, minutes=1)
    for moment in (found.time, found.time + timedelta(minutes=1), monday, monday + timedelta(minutes=1)):
        shell.parts.emergency.new_day(moment.date())
        shell.risk.check(replace(found, time=moment, vix=vix))
    shell.journal.flush()
    told_of = [row["time"][:16] for row in run.audit() if row["event"] == "GUARDS" and row["facts"]["emergency"] == "ORANGE"]
    assert told_of == [f"{moment:%Y-%m-%dT%H:%M}" for moment in (found.time, monday)]
