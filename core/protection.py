"""Bought protection: ladder rungs and VIX calls. It is limited by its allocation. What it makes or loses does not
measure the risk that the guards watch."""

from __future__ import annotations

from typing import Callable

from config.strategy_parameters import SPECS
from core.model import Contract, Position


def protects(strategy: str) -> bool:
    """Whether a strategy buys protection and nothing else."""
    return not SPECS[strategy].counts_as_position


def is_protection(position: Position) -> bool:
    """Whether a position is bought protection and has no short options."""
    return protects(position.strategy) and not position.has_short_options


def result_usd(position: Position, mark_of: Callable[[Contract, int], float]) -> float:
    """What a position has made so far in USD, fees included: its cash flow, plus its holdings at their marks.

    Parameters
    ----------
    mark_of : callable
        Returns the points at which a contract counts, given the contract and the quantity held.
    """
    return position.cash_flow_usd + sum(leg.quantity * leg.contract.multiplier * mark_of(leg.contract, leg.quantity)
                                        for leg in position.legs if leg.quantity)
