"""What a run's orders were: how many it took, how many filled, and what they cost against the middle of the market."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Mapping

from core.model import Purpose


@dataclass(slots=True, kw_only=True)
class OrderCount:
    """Intents of one strategy and purpose that have ended, and their orders.

    Attributes
    ----------
    intents, filled, unfilled, refused : int
        Filled: some units are kept or closed. An intent that was neither is unfilled.
    orders : int
        Orders sent for them: an order that is repriced stays one, an exit that begins again each day takes several.
    contracts : int
        Contracts traded.
    slippage_usd, half_spread_usd : float
        Paid against the mids of the quotes the orders were last priced by (positive: to us), and what half of the quoted
        spreads came to. Each product's own multiplier counts.
    minutes, longest_minutes : float
        From the decision to the last fill, of those that filled: their sum and the longest.
    """

    intents: int = 0
    filled: int = 0
    unfilled: int = 0
    refused: int = 0
    orders: int = 0
    contracts: int = 0
    slippage_usd: float = 0.0
    half_spread_usd: float = 0.0
    minutes: float = 0.0
    longest_minutes: float = 0.0


class OrderFigures:
    """Counts by strategy and purpose, since the start of this life."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Purpose], OrderCount] = {}

    def ended(self, strategy: str, purpose: Purpose, facts: Mapping[str, Any], *, filled: bool, refused: bool,
              minutes: float) -> None:
        """An intent has ended ``minutes`` after it was decided, with the facts of its last outcome."""
        count = self._counts.setdefault((strategy, purpose), OrderCount())
        count.intents += 1
        count.filled += filled
        count.refused += refused and not filled
        count.unfilled += not filled and not refused
        count.orders += facts["orders"]
        count.contracts += facts["contracts"]
        count.slippage_usd += facts["slippage_usd"]
        count.half_spread_usd += facts["half_spread_usd"]
        if filled:
            count.minutes += minutes
            count.longest_minutes = max(count.longest_minutes, minutes)

    def rows(self) -> list[dict[str, Any]]:
        """Plain rows in order of strategy and purpose."""
        return [{"strategy": strategy, "purpose": purpose.value, **asdict(count)}
                for (strategy, purpose), count in sorted(self._counts.items(), key=lambda item: (item[0][0], item[0][1].value))]
