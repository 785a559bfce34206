"""Kelly's fraction, where W and R come from, and the multipliers at their bounds."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from config.constants import KELLY_FRACTION
from config.strategy_parameters import FRIDAY_0DTE, IPMCC, LT112, SPECS
from core.errors import CannotCompute
from core.kelly import Edge, kelly_share, strategy_edge, vix_multiplier
from core.model import StrategySample

TUESDAY, MONDAY = 1, 0


def test_the_fraction_is_a_quarter() -> None:
    assert KELLY_FRACTION == 0.25


@pytest.mark.parametrize("win_rate, payoff, fraction", [(0.88, 0.25, 0.40), (0.73, 0.5, 0.19), (0.72, 0.5, 0.16),
                                                        (0.60, 1.0, 0.20), (0.75, 0.5, 0.25), (0.5, 1.0, 0.0),
                                                        (0.4, 1.0, -0.2)])
def test_kellys_fraction(win_rate: float, payoff: float, fraction: float) -> None:
    assert Edge(win_rate=win_rate, payoff_ratio=payoff, from_ledger=False).kelly == pytest.approx(fraction)


def test_without_a_payoff_there_is_no_edge() -> None:
    assert Edge(win_rate=0.9, payoff_ratio=0.0, from_ledger=True).kelly == -inf


def test_every_assumed_edge_is_positive() -> None:
    for spec in SPECS.values():
        if spec.win_rate is not None:
            assert strategy_edge(spec, StrategySample()).kelly > 0, spec.name


@pytest.mark.parametrize("vix, multiplier", [(9.0, 0.75), (14.99, 0.75), (15.0, 1.0), (24.99, 1.0), (25.0, 0.75),
                                             (29.99, 0.75), (30.0, 0.75), (30.01, 0.5), (80.0, 0.5)])
def test_multiplier_by_vix(vix: float, multiplier: float) -> None:
    assert vix_multiplier(vix) == multiplier


@pytest.mark.parametrize("vix", [nan, 0.0, -1.0, inf])
def test_no_multiplier_without_a_vix(vix: float) -> None:
    with pytest.raises(CannotCompute):
        vix_multiplier(vix)


def test_share_of_equity_on_mondays_and_by_vix() -> None:
    edge = strategy_edge(LT112, StrategySample())
    assert kelly_share(edge, 20.0, TUESDAY) == pytest.approx(0.0475)
    assert kelly_share(edge, 20.0, MONDAY) == pytest.approx(0.02375)
    assert kelly_share(edge, 14.0, MONDAY) == pytest.approx(0.0475 * 0.75 * 0.5)


def test_the_ledger_rules_from_the_sample_on() -> None:
    sample = StrategySample(trades=LT112.min_sample - 1, wins=10, mean_win_usd=50.0, mean_loss_usd=100.0)
    assert strategy_edge(LT112, sample) == Edge(win_rate=0.73, payoff_ratio=0.5, from_ledger=False)
    complete = replace(sample, trades=LT112.min_sample, wins=24)
    assert strategy_edge(LT112, complete) == Edge(win_rate=0.8, payoff_ratio=0.5, from_ledger=True)


def test_payoff_from_the_ledger_needs_five_losses() -> None:
    sample = StrategySample(trades=30, wins=26, mean_win_usd=80.0, mean_loss_usd=100.0)
    assert strategy_edge(LT112, sample).payoff_ratio == 0.5
    assert strategy_edge(LT112, replace(sample, wins=25)).payoff_ratio == pytest.approx(0.8)


@pytest.mark.parametrize("sample", [
    StrategySample(trades=30, wins=31), StrategySample(trades=-1), StrategySample(trades=30, wins=-1),
    StrategySample(trades=30, wins=20, mean_win_usd=50.0, mean_loss_usd=0.0),
    StrategySample(trades=30, wins=20, mean_win_usd=nan, mean_loss_usd=10.0)])
def test_a_sample_that_contradicts_itself_is_not_computed_with(sample: StrategySample) -> None:
    with pytest.raises(CannotCompute):
        strategy_edge(LT112, sample)


def test_a_strategy_that_never_won_has_lost_its_edge() -> None:
    """A mean win of nothing is no contradiction."""
    never = StrategySample(trades=30, wins=0, mean_win_usd=0.0, mean_loss_usd=50.0)
    assert strategy_edge(LT112, never).is_lost


def test_fixed_allocations_have_no_edge() -> None:
    with pytest.raises(CannotCompute):
        strategy_edge(IPMCC, StrategySample())
    assert strategy_edge(FRIDAY_0DTE, StrategySample()).kelly == pytest.approx(0.4)
