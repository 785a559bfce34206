"""The orders of a run: how many were needed, how many filled, and what they cost against the mid of the market."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Mapping

from core.model import Purpose


@dataclass(slots=True, kw_only=True)
class OrderCount:
    """Intents of one strategy and purpose that have ended, with their orders.

    Attributes
    ----------
    intents, filled, unfilled, refused : int
        Filled means that some units were kept or closed. An intent that was neither filled nor refused is unfilled.
    orders : int
        Orders sent for these intents. A repriced order counts once. An exit that begins again each day counts each
        time.
    contracts : int
        Contracts traded.
    slippage_usd, half_spread_usd : float
        Slippage is the distance from the mids of the quotes by which the orders were last priced (positive: in our
        favour). The half spread is half of the quoted spreads. Each product's own multiplier is included.
    minutes, longest_minutes : float
        Minutes from the decision to the last fill, for the filled ones: their sum and the longest.
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
    """Counts by strategy and purpose since the start of this run."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Purpose], OrderCount] = {}

    def ended(self, strategy: str, purpose: Purpose, facts: Mapping[str, Any], *, filled: bool, refused: bool,
              minutes: float) -> None:
        """Record that an intent ended ``minutes`` after it was decided, with the facts of its last outcome."""
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
        """Plain rows, ordered by strategy and purpose."""
        return [{"strategy": strategy, "purpose": purpose.value, **asdict(count)}
                for (strategy, purpose), count in sorted(self._counts.items(), key=lambda item: (item[0][0], item[0][1].value))]
