"""Bought protection: ladder rungs and VIX calls. It is limited by its allocation, and what it makes or loses is no
measure of the risk that the guards watch."""

from __future__ import annotations

from config.strategy_parameters import SPECS
from core.model import Position


def is_protection(position: Position) -> bool:
    """Whether a position is bought protection, with nothing short in it."""
    return not SPECS[position.strategy].counts_as_position and not position.has_short_options
