"""Closed trades: fills matched first in, first out, each entry fill on its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from local.engine.broker.events import OrderEvent
from local.engine.broker.extensions import TradeDirection
from local.engine.broker.numeric import exact, sign
from local.engine.broker.portfolio_models import is_win

if TYPE_CHECKING:
    from local.engine.market.symbol import Symbol


@dataclass
class Trade:
    """One entry and its exit. Money is account currency."""

    symbol: Symbol
    entry: datetime
    """Naive UTC."""
    entry_price: float
    side: int
    """1 for long, -1 for short."""
    quantity: float
    total_fees: float
    order_ids: list[int] = field(default_factory=list)
    exit: datetime | None = None
    exit_price: float = 0.0
    profit_loss: float = 0.0
    is_win: bool = False

    @property
    def entry_time(self) -> datetime:
        """UTC time of the entry."""
        return self.entry.replace(tzinfo=timezone.utc)

    @property
    def exit_time(self) -> datetime:
        """UTC time of the exit."""
        return self.exit.replace(tzinfo=timezone.utc)

    @property
    def symbols(self) -> list[Symbol]:
        """What was traded; one symbol, as fills are matched one by one."""
        return [self.symbol]

    @property
    def direction(self) -> TradeDirection:
        """Side of the trade."""
        return TradeDirection.LONG if self.side > 0 else TradeDirection.SHORT

    @property
    def duration(self) -> timedelta:
        """Time from entry to exit."""
        return self.exit - self.entry

    def to_json(self) -> dict[str, Any]:
        """Return the trade under LEAN's names."""
        return {"symbols": [str(self.symbol.id)], "entryTime": f"{self.entry:%Y-%m-%dT%H:%M:%SZ}",
                "entryPrice": self.entry_price, "direction": int(self.direction), "quantity": self.quantity,
                "exitTime": f"{self.exit:%Y-%m-%dT%H:%M:%SZ}", "exitPrice": self.exit_price,
                "profitLoss": self.profit_loss, "totalFees": self.total_fees, "duration": str(self.duration),
                "isWin": self.is_win, "orderIds": self.order_ids}


class TradeBuilder:
    """Builds closed trades from the fills it is shown."""

    def __init__(self, algorithm: Any) -> None:
        self._algorithm = algorithm
        self._open: dict[Symbol, list[Trade]] = {}
        self._charged: set[int] = set()
        self.closed_trades: list[Trade] = []

    def process_fill(self, fill: OrderEvent, security: Any) -> None:
        """Take a fill of a security; an order's fee counts with its first fill."""
        fee = 0.0
        if fill.order_id not in self._charged:
            self._charged.add(fill.order_id)
            fee = float(fill.order_fee.value.amount)
        multiplier = security.symbol_properties.contract_multiplier
        open_trades = self._open.setdefault(fill.symbol, [])
        left = fill.fill_quantity
        while left and open_trades and open_trades[0].side != sign(left):
            trade = open_trades[0]
            closed = min(abs(left), trade.quantity)
            if closed == trade.quantity:
                open_trades.pop(0)
            else:
                trade = self._split(trade, closed)
            trade.total_fees = exact(trade.total_fees + fee)
            fee = 0.0
            self._close(trade, fill, security, multiplier)
            left = exact(left - sign(left) * closed)
        if left:
            open_trades.append(Trade(fill.symbol, fill.naive_utc_time, fill.fill_price, sign(left), abs(left), fee,
                                     [fill.order_id]))

    @staticmethod
    def _split(trade: Trade, quantity: float) -> Trade:
        """Take a part off an open trade; its fees go with the part."""
        part = Trade(trade.symbol, trade.entry, trade.entry_price, trade.side, quantity, trade.total_fees,
                     list(trade.order_ids))
        trade.quantity = exact(trade.quantity - quantity)
        trade.total_fees = 0.0
        return part

    def _close(self, trade: Trade, fill: OrderEvent, security: Any, multiplier: float) -> None:
        trade.exit, trade.exit_price = fill.naive_utc_time, fill.fill_price
        change = (fill.fill_price - trade.entry_price) * trade.quantity * trade.side * multiplier
        trade.profit_loss = round(change, 2)
        trade.order_ids.append(fill.order_id)
        trade.is_win = is_win(fill, security, trade.profit_loss)
        self.closed_trades.append(trade)
