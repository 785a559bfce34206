"""Promotion on every criterion at the limit and one short, demotion, flows, memory."""

from __future__ import annotations

import json
from dataclasses import replace
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.strategy_parameters import SPECS
from core.errors import ConfigError, IntegrityError
from core.phase_manager import PhaseChange, PhaseManager, PhaseReason, PromotionFacts

GOOD = PromotionFacts(closed_trades=200, win_rate=0.9, worst_loss_share=0.01, profitable=frozenset({"lt112"}),
                      worst_drawdown_share=0.01)
TO_TWO = PromotionFacts(closed_trades=20, win_rate=0.60, worst_loss_share=0.05, profitable=frozenset(),
                        worst_drawdown_share=0.3)
TO_THREE = PromotionFacts(closed_trades=50, win_rate=0.65, worst_loss_share=0.5, profitable=frozenset({"lt112"}),
                          worst_drawdown_share=0.3)
TO_FOUR = PromotionFacts(closed_trades=100, win_rate=0.70, worst_loss_share=0.5, profitable=frozenset(),
                         worst_drawdown_share=0.1499)


def judge(manager: PhaseManager, equity: float, record: PromotionFacts, at_cost: float | None = None) -> PhaseChange | None:
    """An update of an account whose protection is worth what it cost, where nothing else is said."""
    return manager.update(equity, record, equity_at_cost=equity if at_cost is None else at_cost)


@pytest.mark.parametrize("phase, equity, record", [(1, 40_000.0, TO_TWO), (2, 60_000.0, TO_THREE),
                                                   (3, 75_000.0, TO_FOUR)])
def test_all_criteria_at_their_limit_promote_by_one(phase: int, equity: float, record: PromotionFacts) -> None:
    manager = PhaseManager(phase, equity)
    change = judge(manager, equity, record)
    assert change == PhaseChange(before=phase, after=phase + 1, reason=PhaseReason.PROMOTED, equity=equity,
                                 drawdown_share=0.0)
    assert manager.phase == phase + 1


@pytest.mark.parametrize("phase, equity, record, missing", [
    (1, 39_999.99, TO_TWO, "equity"), (1, 40_000.0, replace(TO_TWO, closed_trades=19), "closed_trades"),
    (1, 40_000.0, replace(TO_TWO, win_rate=0.5999), "win_rate"),
    (1, 40_000.0, replace(TO_TWO, worst_loss_share=0.0501), "single_loss"),
    (2, 59_999.99, TO_THREE, "equity"), (2, 60_000.0, replace(TO_THREE, closed_trades=49), "closed_trades"),
    (2, 60_000.0, replace(TO_THREE, win_rate=0.6499), "win_rate"),
    (2, 60_000.0, replace(TO_THREE, profitable=frozenset({"ratio"})), "profitable_trade"),
    (3, 74_999.99, TO_FOUR, "equity"), (3, 75_000.0, replace(TO_FOUR, closed_trades=99), "closed_trades"),
    (3, 75_000.0, replace(TO_FOUR, win_rate=0.6999), "win_rate"),
    (3, 75_000.0, replace(TO_FOUR, worst_drawdown_share=0.15), "drawdown"),
])
def test_one_criterion_short_stays(phase: int, equity: float, record: PromotionFacts, missing: str) -> None:
    manager = PhaseManager(phase, equity)
    assert judge(manager, equity, record) is None and manager.phase == phase
    assert manager.missing_for_promotion(record) == (missing,)


def test_no_phase_is_jumped() -> None:
    manager = PhaseManager(1, 80_000.0)
    assert [judge(manager, 80_000.0, GOOD).after for _ in range(3)] == [2, 3, 4]
    assert judge(manager, 80_000.0, GOOD) is None and manager.missing_for_promotion(GOOD) == ()


def test_one_drawdown_does_not_bar_phase_four_for_ever() -> None:
    """It is the ledger that tells the drawdown, of twelve months; the manager remembers none."""
    manager = PhaseManager(3, 100_000.0)
    assert judge(manager, 84_000.0, replace(TO_FOUR, worst_drawdown_share=0.16)) is None
    assert judge(manager, 100_000.0, replace(TO_FOUR, worst_drawdown_share=0.16)) is None
    assert judge(manager, 100_000.0, TO_FOUR).after == 4


def test_the_drawdown_that_demotes_counts_protection_at_what_it_cost() -> None:
    """Protection worth 30,000 at the top of a fear, and 2,000 a week later: nothing was lost but its gain."""
    manager, bad = PhaseManager(4, 100_000.0), replace(GOOD, closed_trades=0)
    assert judge(manager, 120_000.0, bad, at_cost=95_000.0) is None and manager.drawdown_share == pytest.approx(0.05)
    assert judge(manager, 92_000.0, bad, at_cost=94_000.0) is None and manager.drawdown_share == pytest.approx(0.06)
    assert manager.earned_equity == 92_000.0
    change = judge(manager, 110_000.0, bad, at_cost=79_999.0)
    assert change is not None and change.reason is PhaseReason.DRAWDOWN, "a gain of it hides no fall of the rest"
    sold = PhaseManager(4, 100_000.0)
    assert judge(sold, 120_000.0, bad) is None and judge(sold, 95_999.0, bad).reason is PhaseReason.DRAWDOWN


@pytest.mark.parametrize("phase, floor", [(2, 40_000.0), (3, 60_000.0), (4, 75_000.0)])
def test_demotion_below_its_own_floor(phase: int, floor: float) -> None:
    limit = 0.93 * floor
    manager = PhaseManager(phase, floor)
    assert judge(manager, limit, TO_TWO) is None
    change = judge(manager, limit - 0.01, TO_TWO)
    assert change is not None and (change.after, change.reason) == (phase - 1, PhaseReason.BELOW_FLOOR)


def test_phase_one_has_no_way_down() -> None:
    manager = PhaseManager(1, 35_000.0)
    assert judge(manager, 10_000.0, TO_TWO) is None and manager.phase == 1


def test_demotion_by_drawdown_once_in_each() -> None:
    manager = PhaseManager(4, 100_000.0)
    bad = replace(GOOD, closed_trades=0)
    assert judge(manager, 80_000.0, bad) is None
    change = judge(manager, 79_999.0, bad)
    assert change is not None and (change.after, change.reason) == (3, PhaseReason.DRAWDOWN)
    assert judge(manager, 70_000.0, bad) is None
    assert judge(manager, 90_000.0, bad) is None and judge(manager, 75_000.0, bad) is None
    assert judge(manager, 100_001.0, bad) is None
    again = judge(manager, 79_000.0, bad)
    assert again is not None and (again.after, again.reason) == (2, PhaseReason.DRAWDOWN)


def test_a_fall_through_floor_and_drawdown_is_one_step() -> None:
    manager = PhaseManager(4, 100_000.0)
    change = judge(manager, 69_000.0, GOOD)
    assert change is not None and (change.after, change.reason) == (3, PhaseReason.BELOW_FLOOR)
    assert judge(manager, 69_000.0, GOOD) is None and judge(manager, 56_000.0, GOOD) is None
    change = judge(manager, 55_799.0, GOOD)
    assert change is not None and (change.after, change.reason) == (2, PhaseReason.BELOW_FLOOR)


def test_no_promotion_while_a_reason_to_go_down_stands() -> None:
    manager = PhaseManager(3, 100_000.0)
    assert judge(manager, 79_000.0, GOOD).after == 2
    assert judge(manager, 79_000.0, GOOD) is None
    assert judge(manager, 80_000.0, GOOD).after == 3


def test_flows_move_neither_phase_nor_drawdown() -> None:
    manager = PhaseManager(1, 35_000.0)
    judge(manager, 36_000.0, TO_TWO)
    manager.record_flow(100_000.0, 136_000.0)
    assert manager.earned_equity == pytest.approx(36_000.0)
    assert judge(manager, 136_000.0, TO_TWO) is None and manager.phase == 1 and manager.drawdown_share < 1e-12
    manager.record_flow(-130_000.0, 6_000.0)
    assert judge(manager, 6_000.0, TO_TWO) is None and manager.drawdown_share < 1e-12
    # a ninth more on what is left is a ninth more
    assert judge(manager, 6_000.0 * 40_000 / 36_000, TO_TWO).after == 2


@pytest.mark.parametrize("amount", [50_000.0, -30_000.0])
def test_flows_do_not_move_the_drawdown_at_cost(amount: float) -> None:
    manager = PhaseManager(2, 50_000.0)
    judge(manager, 54_000.0, TO_TWO, at_cost=45_000.0)
    before = manager.drawdown_share
    manager.record_flow(amount, 54_000.0 + amount)
    assert manager.drawdown_share == pytest.approx(before) == pytest.approx(0.10)
    judge(manager, 54_000.0 + amount, TO_TWO, at_cost=45_000.0 + amount)
    assert manager.drawdown_share == pytest.approx(0.10)


def test_a_loss_after_a_deposit_is_measured_on_the_whole_account() -> None:
    manager = PhaseManager(2, 50_000.0)
    manager.record_flow(50_000.0, 100_000.0)
    judge(manager, 90_000.0, TO_TWO)
    assert manager.drawdown_share == pytest.approx(0.10)


@given(st.lists(st.tuples(st.floats(-0.5, 1.0), st.floats(-0.05, 0.05)), max_size=20))
def test_flows_alone_never_change_what_was_earned(moves: list[tuple[float, float]]) -> None:
    manager, equity, earned = PhaseManager(2, 50_000.0), 50_000.0, 50_000.0
    for flow, result in moves:
        amount = flow * equity
        equity += amount
        manager.record_flow(amount, equity)
        equity *= 1 + result
        earned *= 1 + result
        judge(manager, equity, TO_TWO)
        assert manager.earned_equity == pytest.approx(earned)


@pytest.mark.parametrize("amount, after", [(nan, 1.0), (10.0, nan), (10.0, 10.0), (10.0, 5.0), (-10.0, 0.0)])
def test_an_impossible_flow_raises(amount: float, after: float) -> None:
    with pytest.raises(IntegrityError):
        PhaseManager(1, 35_000.0).record_flow(amount, after)


def test_an_impossible_update_raises() -> None:
    manager = PhaseManager(1, 35_000.0)
    for equity, record in ((nan, GOOD), (35_000.0, replace(GOOD, win_rate=nan)),
                           (35_000.0, replace(GOOD, worst_loss_share=nan))):
        with pytest.raises(IntegrityError):
            judge(manager, equity, record, at_cost=35_000.0)
    with pytest.raises(IntegrityError):
        judge(manager, 35_000.0, GOOD, at_cost=nan)


def test_an_unknown_start_raises() -> None:
    for phase in (0, 5):
        with pytest.raises(ConfigError):
            PhaseManager(phase, 35_000.0)
    for equity in (nan, 0.0, -1.0):
        with pytest.raises(IntegrityError):
            PhaseManager(1, equity)


def test_memory_survives_a_restart() -> None:
    manager = PhaseManager(4, 100_000.0)
    manager.record_flow(50_000.0, 150_000.0)
    judge(manager, 110_000.0, replace(GOOD, closed_trades=0))
    again = PhaseManager(1, 1_000.0)
    again.restore(json.loads(json.dumps(manager.facts())))
    assert again.facts() == manager.facts() and again.phase == 3
    # still in the drawdown that demoted it
    assert judge(again, 105_000.0, replace(GOOD, closed_trades=0)) is None


@pytest.mark.parametrize("name, value", [("phase", 5), ("phase", "2"), ("scale", 0.0), ("peak", nan), ("equity", nan),
                                         ("peak", 1.0), ("cost_scale", 0.0), ("at_cost", nan), ("at_cost", 50_001.0),
                                         ("demoted_in_drawdown", None), ("scale", "much"), ("surprise", 1)])
def test_impossible_facts_are_not_restored(name: str, value) -> None:
    facts = PhaseManager(2, 50_000.0).facts() | {name: value}
    with pytest.raises(IntegrityError):
        PhaseManager(1, 35_000.0).restore(facts)


def test_what_each_phase_trades() -> None:
    allowed = {phase: {name for name, spec in SPECS.items() if spec.max_open[phase] > 0} for phase in (1, 2, 3, 4)}
    assert allowed[1] == {"friday_0dte", "lt112", "ipmcc", "futures_strangle", "leap_put_ladder", "hedge"}
    assert allowed[2] - allowed[1] == {"ratio"}
    assert allowed[3] - allowed[2] == {"butterfly", "calendar"}
    assert allowed[4] - allowed[3] == {"diagonal"}


def test_products_by_phase() -> None:
    products = SPECS["futures_strangle"].products
    assert products(1) == ("/MCL",) and products(2) == ("/MCL", "/MGC") and products(3) == ("/MCL", "/MGC", "/MES")
    assert set(products(4)) == {"/ES", "/CL", "/GC", "/SI", "/MES", "/MCL", "/MGC"} and products(0) == ()
    assert SPECS["calendar"].products(3) == SPECS["calendar"].underlyings


def test_what_the_next_phase_asks_for_is_told_with_what_there_is() -> None:
    rows = {row.name: row for row in PhaseManager(2, 55_000.0).criteria(replace(TO_THREE, closed_trades=41))}
    assert (rows["equity"].value, rows["equity"].needed, rows["equity"].met) == (55_000.0, 60_000.0, False)
    assert (rows["closed_trades"].value, rows["closed_trades"].needed, rows["closed_trades"].met) == (41, 50, False)
    assert rows["win_rate"].met and rows["profitable_trade"].met and rows["profitable_trade"].of == "lt112"
    assert PhaseManager(4, 90_000.0).criteria(GOOD) == ()
