"""Slippage models: how far a fill is from the price seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.engine.broker.numeric import exact

if TYPE_CHECKING:
    from local.engine.broker.orders import Order
    from local.engine.market.security import Security


class NullSlippageModel:
    """No slippage: LEAN's default."""

    def get_slippage_approximation(self, asset: Security, order: Order) -> float:
        """Return 0, in quote currency a unit."""
        return 0.0


class ConstantSlippageModel:
    """Slippage as a constant share of the price."""

    def __init__(self, slippage_percent: float) -> None:
        self.slippage_percent = float(slippage_percent)

    def get_slippage_approximation(self, asset: Security, order: Order) -> float:
        """Return price × share, in quote currency a unit."""
        last = asset.get_last_data()
        return 0.0 if last is None else exact(last.price * self.slippage_percent)
