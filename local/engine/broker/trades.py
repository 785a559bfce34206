"""Closed trades, matched from fills."""

from __future__ import annotations

from typing import Any


class TradeBuilder:
    """Collects trades."""

    def __init__(self, algorithm: Any) -> None:
        self._algorithm = algorithm
        self.closed_trades: list[Any] = []

    def process_fill(self, fill: Any, security: Any) -> None:
        """Take a fill."""
