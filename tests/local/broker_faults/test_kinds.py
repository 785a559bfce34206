"""Each kind of fault once, alone and at an order: it must strike, and every invariant must hold."""
from __future__ import annotations

from datetime import datetime

import pytest

from local.broker_faults.faults import (CrossedQuotes, Disconnect, DoubleFills, FillAfterCancel, HoldingsLag,
                                        LateFills, MissingSide, NoAnswer, OutOfOrder, PartialFills, Rejects,
                                        StaleQuotes, UnevenFills, VixLost)
from local.broker_faults.invariants import violations
from local.broker_faults.plan import FaultPlan
from local.broker_faults.seeds import evidence_of, plan_of, run_seed
from tests.scenarios.order_world import ground, lives

DAY = {"start": datetime(2024, 7, 26, 9, 31), "end": datetime(2024, 7, 26, 16, 15)}
MORNING = {"start": datetime(2024, 7, 26, 9, 48), "end": datetime(2024, 7, 26, 10, 30)}
FAULTS = {
    "rejects": lambda: Rejects(**MORNING), "silent rejects": lambda: Rejects(**MORNING, silent=True),
    "no answer": lambda: NoAnswer(**DAY, minutes=7),
    "disconnect": lambda: Disconnect(**MORNING),
    "partial": lambda: PartialFills(**DAY, first=0.5, rest=3),
    "partial for good": lambda: PartialFills(**DAY, rest=None),
    "uneven": lambda: UnevenFills(**DAY, leg=1, rest=4),
    "uneven for good": lambda: UnevenFills(**DAY, leg=2, rest=None),
    "uneven, half a leg": lambda: UnevenFills(**DAY, leg=0, share=0.5, rest=None),
    "late": lambda: LateFills(**DAY, minutes=5), "twice": lambda: DoubleFills(**DAY, minutes=1),
    "out of order": lambda: OutOfOrder(**DAY, minutes=2), "holdings lag": lambda: HoldingsLag(**DAY, minutes=2),
    "stale": lambda: StaleQuotes(**MORNING), "crossed": lambda: CrossedQuotes(**MORNING),
    "no bid": lambda: MissingSide(**DAY, side="bid"), "no ask": lambda: MissingSide(**MORNING, side="ask"),
    "VIX lost": lambda: VixLost(**MORNING)}
SEEDS = range(8)


def judged(run, *faults):
    return [str(violation) for violation in violations(evidence_of(run, FaultPlan(0, tuple(run.faults), 1)))]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_alone(tmp_path, name):
    fault = FAULTS[name]()
    run = lives(tmp_path, fault)
    assert run.whole(), run.error
    assert fault.hits > 0
    assert judged(run) == []


@pytest.mark.parametrize("minutes, legs", [(0, 0), (2, 1)])
def test_fill_after_cancel(tmp_path, minutes, legs):
    fault = FillAfterCancel(**DAY, minutes=minutes, legs=legs)
    run = lives(tmp_path, fault, fills_after=30)
    assert run.whole(), run.error
    assert fault.hits > 0
    assert judged(run) == []


def test_no_vix_no_entry(tmp_path):
    run = lives(tmp_path, VixLost(**DAY))
    assert run.whole(), run.error
    assert run.broker.log.orders == []


@pytest.mark.parametrize("seed", SEEDS)
def test_seeds(seed):
    result = run_seed(ground(), seed)
    assert [str(violation) for violation in result.violations] == [], result.plan


def test_a_seed_says_the_same_each_time():
    first, again = (plan_of(ground(), 5).describe() for _ in range(2))
    assert first == again
    assert run_seed(ground(), 5) == run_seed(ground(), 5)
