"""What really happened at the broker: orders taken, trades made, what the algorithm was told of them and when."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

SHARES = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One trade, or (``tag`` empty) a change that the exchange made by itself.

    Attributes
    ----------
    time : datetime
        New York time of the trade.
    quantity : int
        Signed.
    """

    time: datetime
    symbol: Any
    quantity: int
    price: float
    tag: str
    order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOrder:
    """One group of orders as the broker saw it: ``legs`` are symbols with signed quantities."""

    time: datetime
    tag: str
    legs: tuple[tuple[Any, int], ...]
    limit: float
    answer: str


@dataclass(slots=True)
class BrokerLog:
    """The broker's own books; the framework's word counts for nothing here."""

    orders: list[TakenOrder] = field(default_factory=list)
    repriced: list[tuple[datetime, str, float]] = field(default_factory=list)      # time, tag, limit with a debit positive
    trades: list[Trade] = field(default_factory=list)
    told: list[tuple[datetime, int, int]] = field(default_factory=list)
    one_leg_requests: list[tuple[datetime, str, str]] = field(default_factory=list)
    holdings: dict[Any, int] = field(default_factory=dict)

    def trade(self, time: datetime, symbol: Any, quantity: int, price: float, tag: str, order: int) -> int:
        """Book one trade; returns its number."""
        self.trades.append(Trade(time=time, symbol=symbol, quantity=quantity, price=price, tag=tag, order=order))
        held = self.holdings.get(symbol, 0) + quantity
        if held:
            self.holdings[symbol] = held
        else:
            self.holdings.pop(symbol, None)
        return len(self.trades) - 1


def intent_of(tag: str) -> str:
    """The intent an order's tag names: ``<intent>#<n>``."""
    return tag.rpartition("#")[0]


def position_of(tag: str) -> str:
    """The position an order's tag names: ``<position>:<purpose>:<time>#<n>``."""
    return tag.split(":", 1)[0]


def purpose_of(tag: str) -> str:
    """ENTRY, EXIT, MANAGE or FLATTEN."""
    parts = tag.split(":")
    return parts[1] if len(parts) > 2 else ""


def expiry_of(symbol: Any) -> date | None:
    """Expiry of an option's symbol, None of anything else."""
    return symbol.id.date.date() if symbol.security_type.is_option() else None
