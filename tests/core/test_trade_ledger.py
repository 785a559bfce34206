"""What is recorded, what follows from it, when a strategy is suspended, and what survives a restart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import nan

import pytest

from config.strategy_parameters import BUTTERFLY, HEDGE, IPMCC, LT112
from core.codes import RefusalCode
from core.errors import ConfigError, IntegrityError
from core.serialization import canonical
from core.trade_ledger import ClosedTrade, TradeLedger

START = datetime(2024, 7, 1, 10, 0)


def trade(number: int = 1, pnl: float = 100.0, **overrides) -> ClosedTrade:
    values = dict(id=f"lt112/{number}", strategy="lt112", underlying="SPY", opened=START,
                  closed=START + timedelta(days=number), legs=("+1 SPY 241018P00495.000", "-1 SPY 241018P00500.000"),
                  units=2, entry_price=-1.2, exit_price=0.6, pnl_usd=pnl, fees_usd=4.0, entry_reason="WALK",
                  exit_reason="PROFIT_TARGET", forced=False, protection=False)
    return ClosedTrade(**(values | overrides))


def ledger(*pnls: float, **overrides) -> TradeLedger:
    found = TradeLedger(50_000.0)
    for number, pnl in enumerate(pnls, start=1):
        found.record(trade(number, pnl, **overrides))
    return found


# --- records

def test_assumed_costs_are_beside_the_profit() -> None:
    one = trade()
    assert one.contracts_per_unit == 2
    assert one.assumed_costs_usd == pytest.approx(2 * 2 * 2 * (0.14 + 1.0))


@pytest.mark.parametrize("underlying, multiplier, legs, price, step", [
    ("/ES", 50.0, 2, -80.0, 0.25), ("/MES", 5.0, 2, -80.0, 0.25), ("/CL", 1_000.0, 2, -2.0, 0.01), ("/GC", 100.0, 2, -20.0, 0.10),
    ("/SI", 5_000.0, 2, -0.5, 0.001), ("VIX", 100.0, 1, 0.60, 0.01), ("VIX", 100.0, 1, 4.00, 0.05), ("AAPL", 100.0, 1, 40.0, 0.05),
    ("AAPL", 100.0, 2, 40.0, 0.01)])
def test_slippage_is_the_products_own_step(underlying, multiplier, legs, price, step) -> None:
    one = trade(underlying=underlying, multiplier=multiplier, legs=("+1 A",) * legs, units=1, entry_price=price)
    assert one.assumed_costs_usd == pytest.approx(2 * legs * (0.14 + step * multiplier))
    assert one.pnl_usd == 100.0


@pytest.mark.parametrize("overrides", [
    dict(pnl=nan), dict(fees_usd=-1.0), dict(entry_price=nan), dict(exit_price=nan), dict(multiplier=0.0),
    dict(closed=START - timedelta(minutes=1)), dict(units=0), dict(exit_reason=""), dict(legs=("SPY",))])
def test_an_impossible_trade_raises(overrides) -> None:
    with pytest.raises(IntegrityError):
        trade(**overrides)


def test_a_trade_is_recorded_once_and_its_strategy_is_known() -> None:
    found = ledger(100.0)
    with pytest.raises(IntegrityError):
        found.record(trade(1))
    with pytest.raises(IntegrityError):
        found.record(trade(2, strategy="martingale"))


def test_marks_go_forward_and_the_last_of_a_day_counts() -> None:
    found = TradeLedger(50_000.0)
    found.mark(date(2024, 7, 1), 50_100.0)
    found.mark(date(2024, 7, 1), 50_200.0)
    found.mark(date(2024, 7, 2), 50_300.0)
    assert [mark.equity_usd for mark in found.marks] == [50_200.0, 50_300.0]
    with pytest.raises(IntegrityError):
        found.mark(date(2024, 7, 1), 50_000.0)
    with pytest.raises(IntegrityError):
        found.mark(date(2024, 7, 3), nan)
    for amount in (nan, 0.0):
        with pytest.raises(IntegrityError):
            found.record_flow(date(2024, 7, 3), amount)
    for equity in (nan, 0.0, -1.0):
        with pytest.raises(IntegrityError):
            TradeLedger(equity)


# --- samples and suspension

def test_sample_of_each_strategy() -> None:
    found = ledger(100.0, 50.0, -30.0, 0.0)
    found.record(trade(9, -500.0, id="ratio/9", strategy="ratio"))
    sample = found.sample("lt112")
    assert (sample.trades, sample.wins, sample.losses) == (4, 2, 2)
    assert sample.mean_win_usd == 75.0 and sample.mean_loss_usd == 15.0
    assert found.sample("ratio").mean_loss_usd == 500.0
    assert found.sample("butterfly").trades == 0


@pytest.mark.parametrize("wins, losses, lost", [(20, 9, False), (20, 10, False), (19, 11, True)])
def test_suspension_below_the_minimum_win_rate(wins: int, losses: int, lost: bool) -> None:
    # LT112: at least 0.65 after 30 trades; small losses keep Kelly positive
    found = ledger(*[100.0] * wins, *[-10.0] * losses)
    assert (found.edge_lost(LT112) is not None) is lost
    assert found.suspended() == ({"lt112": RefusalCode.EDGE_LOST} if lost else {})


def test_exactly_the_minimum_is_enough() -> None:
    found = TradeLedger(50_000.0)
    for number in range(20):
        found.record(trade(number, 100.0 if number < 10 else -10.0, id=f"butterfly/{number}", strategy="butterfly"))
    assert BUTTERFLY.min_win_rate == 0.5 and found.edge_lost(BUTTERFLY) is None


def test_suspension_when_kelly_is_spent() -> None:
    # 25 of 30 won (0.83), but five losses of nine times the mean win: f = 0.83 - 0.17 x 9 < 0
    found = ledger(*[10.0] * 25, *[-90.0] * 5)
    lost = found.edge_lost(LT112)
    assert lost is not None and lost.code is RefusalCode.EDGE_LOST and lost.facts["kelly"] < 0
    assert found.suspended() == {"lt112": RefusalCode.EDGE_LOST}
    # f is exactly 0 at a ratio of 1/5: also lost; just under, still there
    assert ledger(*[10.0] * 25, *[-50.0] * 5).edge_lost(LT112) is not None
    assert ledger(*[10.0] * 25, *[-49.9] * 5).edge_lost(LT112) is None


def test_recording_tells_of_the_suspension_once() -> None:
    found = ledger(*[100.0] * 19, *[-10.0] * 10)
    lost = found.record(trade(99, -10.0))
    assert lost is not None and lost.code is RefusalCode.EDGE_LOST
    assert found.record(trade(100, -10.0)) is None


def test_the_operator_resumes_and_the_sample_begins_anew() -> None:
    found = ledger(*[100.0] * 19, *[-10.0] * 11)
    assert found.resume("lt112") and not found.resume("lt112")
    assert found.suspended() == {} and found.sample("lt112").trades == 0
    assert found.record(trade(99, -10.0)) is None and found.sample("lt112").trades == 1
    assert found.statistics("lt112").trades == 31


def test_fixed_allocations_are_judged_by_win_rate_alone_and_protection_by_nothing() -> None:
    found = TradeLedger(50_000.0)
    for number in range(30):
        found.record(trade(number, -10.0 if number < 12 else 1.0, id=f"ipmcc/{number}", strategy="ipmcc"))
        found.record(trade(number, -10.0, id=f"hedge/{number}", strategy="hedge", protection=True))
    assert found.edge_lost(IPMCC) is None and found.edge_lost(HEDGE) is None
    found.record(trade(99, -10.0, id="ipmcc/99", strategy="ipmcc"))
    assert found.edge_lost(IPMCC) is not None


# --- day trades, promotion

def test_day_trades_of_five_sessions() -> None:
    found = TradeLedger(50_000.0)
    days = [date(2024, 7, day) for day in (1, 2, 3, 5, 8, 9)]
    for number, day in enumerate(days):
        found.mark(day, 50_000.0)
        moment = datetime(day.year, day.month, day.day, 10, 0)
        found.record(trade(number, opened=moment, closed=moment + timedelta(hours=3)))
    assert found.day_trades_open(date(2024, 7, 9)) == 5
    assert found.day_trades_open(date(2024, 7, 8)) == 5
    assert found.day_trades_open(date(2024, 7, 10)) == 4
    assert found.day_trades_open(date(2024, 7, 3)) == 3
    # overnight and futures trades are none
    found.record(trade(90, opened=datetime(2024, 7, 8, 10), closed=datetime(2024, 7, 9, 10)))
    found.record(trade(91, opened=datetime(2024, 7, 9, 10), closed=datetime(2024, 7, 9, 11), underlying="/MES"))
    assert found.day_trades_open(date(2024, 7, 9)) == 5


def test_without_known_sessions_every_day_trade_counts() -> None:
    found = TradeLedger(50_000.0)
    found.record(trade(1, opened=START, closed=START + timedelta(hours=1)))
    assert found.day_trades_open(date(2024, 12, 1)) == 1


def test_what_a_promotion_is_judged_by() -> None:
    found = TradeLedger(50_000.0)
    found.mark(date(2024, 7, 1), 40_000.0)
    found.record(trade(1, -2_000.0))        # against the mark of 1 July
    found.mark(date(2024, 7, 2), 44_000.0)
    found.record(trade(2, -10.0))
    found.record(trade(3, 300.0, id="ratio/3", strategy="ratio"))
    assert found.promotion_facts().profitable == {"ratio"}
    found.record(trade(4, 300.0))
    facts = found.promotion_facts()
    assert (facts.closed_trades, facts.win_rate, facts.profitable) == (4, 0.5, {"lt112", "ratio"})
    assert facts.worst_loss_share == pytest.approx(0.05) and facts.worst_drawdown_share == pytest.approx(0.2)
    empty = TradeLedger(50_000.0).promotion_facts()
    assert (empty.closed_trades, empty.win_rate, empty.worst_loss_share, empty.profitable) == (0, 0.0, 0.0, frozenset())


def closed(number: int, days: int, pnl: float, **overrides) -> ClosedTrade:
    """A trade that closes ``days`` after the start."""
    return trade(number, pnl, closed=START + timedelta(days=days), **overrides)


def test_a_promotion_is_judged_by_the_last_fifty_trades() -> None:
    found = TradeLedger(50_000.0)
    for number in range(60):
        found.record(closed(number, number, -5_000.0 if number < 10 else 100.0))
    assert found.promotion_facts().win_rate == 1.0 and found.promotion_facts().worst_loss_share == 0.0
    assert found.promotion_facts().closed_trades == 60
    one_more = ledger(*[-5_000.0] * 10, *[100.0] * 49).promotion_facts()
    assert one_more.win_rate == pytest.approx(49 / 50) and one_more.worst_loss_share == pytest.approx(0.1)


def test_a_promotion_is_judged_by_twelve_months() -> None:
    """Of the trades and of the drawdown; one bad spell does not bar a phase for ever."""
    found = TradeLedger(50_000.0)
    found.mark(date(2024, 7, 1), 50_000.0)
    found.record(closed(1, 1, -10_000.0))
    found.mark(date(2024, 7, 2), 40_000.0)
    found.mark(date(2024, 7, 3), 41_000.0)
    for number in range(2, 6):
        found.record(closed(number, 100 * number, 100.0))
    assert START.date() + timedelta(days=500) - timedelta(days=365) > date(2024, 7, 3)
    facts = found.promotion_facts()
    assert (facts.win_rate, facts.worst_loss_share, facts.worst_drawdown_share) == (1.0, 0.0, 0.0)
    assert facts.closed_trades == 5
    early = TradeLedger(50_000.0)
    early.mark(date(2024, 7, 1), 50_000.0)
    early.record(closed(1, 1, -10_000.0))
    early.mark(date(2024, 7, 2), 40_000.0)
    early.mark(date(2025, 7, 1), 41_000.0)
    facts = early.promotion_facts()
    assert (facts.win_rate, facts.worst_loss_share) == (0.0, 0.2) and facts.worst_drawdown_share == pytest.approx(0.2)
    early.mark(date(2025, 7, 2), 39_000.0)
    facts = early.promotion_facts()
    assert (facts.win_rate, facts.worst_loss_share) == (0.0, 0.0) and facts.worst_drawdown_share == pytest.approx(2 / 41)


def test_deposits_before_the_twelve_months_are_no_gain_of_theirs() -> None:
    found = TradeLedger(50_000.0)
    found.mark(date(2024, 7, 1), 50_000.0)
    found.record_flow(date(2024, 7, 2), 50_000.0)
    found.mark(date(2024, 7, 2), 100_000.0)
    found.mark(date(2025, 7, 2), 90_000.0)
    assert found.promotion_facts().worst_drawdown_share == pytest.approx(0.1)


NOT_JUDGED = [dict(forced=True), dict(protection=True), dict(result_known=False)]


@pytest.mark.parametrize("overrides", NOT_JUDGED, ids=str)
def test_forced_closes_protection_and_unknown_results_say_nothing_of_a_strategy(overrides) -> None:
    """Not its win rate, not W and R, not whether its edge is lost, not a worst loss."""
    found = ledger(*[100.0] * 20, *[-10.0] * 9)
    before = found.sample("lt112"), found.promotion_facts(), found.statistics()
    for number in range(100, 140):
        assert found.record(trade(number, -4_000.0, **overrides)) is None
    after = found.promotion_facts()
    assert found.sample("lt112") == before[0] and found.suspended() == {}
    assert (after.win_rate, after.worst_loss_share) == (before[1].win_rate, before[1].worst_loss_share)
    statistics = found.statistics()
    for name in ("judged", "wins", "losses", "win_rate", "payoff_ratio", "mean_win_usd", "mean_loss_usd", "largest_loss_usd"):
        assert getattr(statistics, name) == getattr(before[2], name), name
    assert statistics.trades == 69
    assert after.closed_trades == (69 if "forced" in overrides else 29)


def test_money_is_of_all_but_what_is_not_known() -> None:
    found = ledger(100.0)
    for number, overrides in enumerate(NOT_JUDGED, 2):
        found.record(trade(number, -50.0, **overrides))
    statistics = found.statistics()
    assert (statistics.pnl_usd, statistics.profit_factor, statistics.forced, statistics.unknown) == (0.0, 1.0, 1, 1)
    assert found.by_strategy() == {"lt112": 0.0} and sum(found.by_day().values()) == 0.0
    assert not found.trades[3].won and not found.trades[3].lost


def test_an_lt112_that_was_closed_elsewhere_is_not_yet_one_closed_in_profit() -> None:
    found = TradeLedger(50_000.0)
    found.record(trade(1, 300.0, result_known=False))
    assert not found.promotion_facts().profitable and found.unknown_results == ("lt112/1",)
    assert found.settle("lt112/1", 120.0) is None
    assert found.promotion_facts().profitable == {"lt112"} and found.unknown_results == ()
    (told,) = found.trades
    assert told.pnl_usd == 120.0 and told.result_known
    assert -(told.entry_price + told.exit_price) * told.units * told.multiplier - told.fees_usd == pytest.approx(120.0)
    assert found.sample("lt112").trades == 1
    again = TradeLedger(1.0)
    again.restore(json.loads(json.dumps(found.facts())))
    assert again.facts() == found.facts()


def test_a_result_that_is_told_may_cost_a_strategy_its_edge() -> None:
    found = ledger(*[100.0] * 19, *[-10.0] * 10)
    found.record(trade(90, 100.0, result_known=False))
    assert found.suspended() == {}
    lost = found.settle("lt112/90", -10.0)
    assert lost is not None and lost.code is RefusalCode.EDGE_LOST


@pytest.mark.parametrize("name, usd", [("lt112/9", 1.0), ("lt112/1", 1.0), ("lt112/2", nan)])
def test_a_result_that_nobody_waits_for_is_refused(name: str, usd: float) -> None:
    found = ledger(100.0)
    found.record(trade(2, 0.0, result_known=False))
    with pytest.raises(ConfigError):
        found.settle(name, usd)
    assert found.unknown_results == ("lt112/2",)


def test_what_closed_protection_made() -> None:
    found = TradeLedger(50_000.0)
    found.record(trade(1, -300.0, id="hedge/1", strategy="hedge", protection=True))
    found.record(trade(2, 800.0, id="hedge/2", strategy="hedge", protection=True))
    found.record(trade(3, 70.0))
    assert found.protection_usd(()) == 500.0 and found.protection_usd(("hedge/2", "other")) == -300.0
    found.amend(trade(2, 900.0, id="hedge/2", strategy="hedge", protection=True))
    assert found.protection_usd(()) == 600.0


def test_sums_by_day_month_and_strategy() -> None:
    found = ledger(100.0, -40.0)
    found.record(trade(40, 7.0, id="ratio/1", strategy="ratio"))
    assert found.by_day() == {"2024-07-02": 100.0, "2024-07-03": -40.0, "2024-08-10": 7.0}
    assert found.by_month() == {"2024-07": 60.0, "2024-08": 7.0}
    assert found.by_strategy() == {"lt112": 60.0, "ratio": 7.0}
    found.mark(date(2024, 7, 31), 51_000.0)
    found.record_flow(date(2024, 8, 1), 10_000.0)
    found.mark(date(2024, 8, 2), 60_500.0)
    assert found.equity_by_day() == {"2024-07-31": pytest.approx(1_000.0), "2024-08-02": pytest.approx(-500.0)}
    assert found.equity_by_month() == {"2024-07": pytest.approx(1_000.0), "2024-08": pytest.approx(-500.0)}
    assert found.net_flows_usd == 10_000.0


def test_plan_and_record_of_every_strategy() -> None:
    found = ledger(*[100.0] * 19, *[-10.0] * 11)
    plan = found.planned_and_achieved()
    assert (plan["lt112"].planned_win_rate, plan["lt112"].planned_payoff_ratio) == (0.73, 0.5)
    assert plan["lt112"].achieved.win_rate == pytest.approx(19 / 30)
    assert plan["lt112"].suspended is RefusalCode.EDGE_LOST
    assert plan["ipmcc"].planned_win_rate is None and plan["ipmcc"].achieved.trades == 0 and len(plan) == 10


# --- memory

def test_memory_survives_a_restart() -> None:
    found = ledger(*[100.0] * 19, *[-10.0] * 11)
    found.resume("lt112")
    found.record(trade(50, -5.0))
    found.mark(date(2024, 7, 1), 50_200.0)
    found.record_flow(date(2024, 7, 2), -500.0)
    again = TradeLedger(1.0)
    again.restore(json.loads(json.dumps(found.facts())))
    assert again.facts() == found.facts() and again.trades == found.trades
    assert again.sample("lt112") == found.sample("lt112")
    assert again.promotion_facts() == found.promotion_facts()


@pytest.mark.parametrize("break_it", [
    lambda facts: facts.pop("trades"), lambda facts: facts["trades"].append(facts["trades"][0]),
    lambda facts: facts["trades"][0].update(pnl_usd=nan), lambda facts: facts["trades"][0].pop("strategy"),
    lambda facts: facts["trades"][0].update(strategy="martingale"),
    lambda facts: facts["sample_from"].update(lt112=99), lambda facts: facts["suspended"].update(lt112="NO_SUCH"),
    lambda facts: facts["suspended"].update(martingale="EDGE_LOST"), lambda facts: facts.update(starting_equity=0.0),
    lambda facts: facts["marks"].reverse(), lambda facts: facts["flows"].append(["2024-07-01", nan]),
    lambda facts: facts.update(trades=3)])
def test_impossible_facts_are_not_restored(break_it) -> None:
    found = ledger(1.0, -1.0)
    found.mark(date(2024, 7, 1), 50_000.0)
    found.mark(date(2024, 7, 2), 50_000.0)
    facts = json.loads(json.dumps(found.facts()))
    break_it(facts)
    held = ledger(5.0)
    before = held.facts()
    with pytest.raises(IntegrityError):
        held.restore(facts)
    assert held.facts() == before


def test_written_trades_are_not_shared_state() -> None:
    found = ledger(1.0)
    found.facts()["trades"].clear()
    assert len(found.facts()["trades"]) == 1
    assert replace(found.trades[0], pnl_usd=2.0).pnl_usd == 2.0


def test_a_trade_is_put_right_when_a_fill_came_after_it():
    ledger = TradeLedger(35_000.0)
    ledger.record(trade(1, 100.0))
    ledger.record(trade(2, 50.0))
    assert trade(1).id in ledger and trade(3).id not in ledger
    assert ledger.sample(trade(1).strategy).wins == 2
    ledger.amend(trade(1, -30.0))
    assert (ledger.sample(trade(1).strategy).wins, ledger.sample(trade(1).strategy).mean_loss_usd) == (1, 30.0)
    assert [known.pnl_usd for known in ledger.trades] == [-30.0, 50.0]
    assert [row["pnl_usd"] for row in ledger.facts()["trades"]] == [-30.0, 50.0]
    with pytest.raises(IntegrityError, match="no trade to amend"):
        ledger.amend(trade(3))


def test_what_is_kept_of_trades_follows_an_amendment() -> None:
    """The texts for the store and the count of day trades are made once; a trade put right makes them anew."""
    found, day = ledger(20.0, 30.0, closed=START), START.date()
    assert found.day_trades_open(day) == 2
    assert canonical(found.encoded_facts()) == canonical(found.facts())
    found.amend(trade(1, -30.0, closed=START + timedelta(days=1)))
    assert found.day_trades_open(day) == 1
    assert canonical(found.encoded_facts()) == canonical(found.facts())
    found.record(trade(3, 5.0, closed=START))
    assert found.day_trades_open(day) == 2
    assert canonical(found.encoded_facts()) == canonical(found.facts())
