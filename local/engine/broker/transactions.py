"""The algorithm's view of its orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from local.engine.broker.requests import (CancelOrderRequest, OrderRequest, OrderResponse, SubmitOrderRequest,
                                          UpdateOrderRequest)
from local.engine.broker.symbols import symbol_of
from local.engine.broker.unsupported import UnsupportedMembers
from local.engine.errors import InvalidOperationException

if TYPE_CHECKING:
    from local.engine.broker.handler import TransactionHandler
    from local.engine.broker.orders import Order
    from local.engine.broker.tickets import OrderTicket
    from local.engine.market.symbol import Symbol

Filter = Callable[[Any], bool]


class SecurityTransactionManager(UnsupportedMembers):
    """Orders, tickets and the record of closed trades' profits."""

    def __init__(self, algorithm: Any) -> None:
        self._algorithm = algorithm
        self._order_id = 0
        self._group_id = 0
        self._records: dict[datetime, tuple[float, bool]] = {}
        self._processor: TransactionHandler | None = None
        self.market_order_fill_timeout = timedelta(0)

    @property
    def utc_time(self) -> datetime:
        """Current UTC time."""
        return self._algorithm._utc_now.replace(tzinfo=timezone.utc)

    @property
    def processor(self) -> TransactionHandler:
        """The transaction handler; RuntimeError before it is set."""
        if self._processor is None:
            raise RuntimeError("SecurityTransactionManager: no broker is attached")
        return self._processor

    def set_order_processor(self, processor: TransactionHandler) -> None:
        """Bind the transaction handler."""
        self._processor = processor

    @property
    def transaction_record(self) -> dict[datetime, float]:
        """Profit of each closing fill by UTC time, made unique by milliseconds."""
        return {time: profit for time, (profit, _) in self._records.items()}

    @property
    def winning_transactions(self) -> dict[datetime, float]:
        """The records that count as wins."""
        return {time: profit for time, (profit, win) in self._records.items() if win}

    @property
    def losing_transactions(self) -> dict[datetime, float]:
        """The records that do not count as wins."""
        return {time: profit for time, (profit, win) in self._records.items() if not win}

    @property
    def win_count(self) -> int:
        """Number of winning records."""
        return sum(1 for _, win in self._records.values() if win)

    @property
    def loss_count(self) -> int:
        """Number of other records."""
        return len(self._records) - self.win_count

    def add_transaction_record(self, time: datetime, profit: float, is_win: bool) -> None:
        """Record the profit of a closing fill."""
        while time in self._records:
            time += timedelta(milliseconds=1)
        self._records[time] = (profit, is_win)

    @property
    def last_order_id(self) -> int:
        """Number of the newest order."""
        return self._order_id

    @property
    def orders_count(self) -> int:
        """Number of orders handed in so far."""
        return self.processor.orders_count

    def get_increment_order_id(self) -> int:
        """Return the next order number."""
        self._order_id += 1
        return self._order_id

    def get_increment_group_order_manager_id(self) -> int:
        """Return the next combo number."""
        self._group_id += 1
        return self._group_id

    def process_request(self, request: OrderRequest) -> OrderTicket:
        """Hand a request to the transaction handler and return the ticket."""
        if self._algorithm.is_warming_up:
            raise RuntimeError(str(OrderResponse.warming_up(request)))
        if isinstance(request, SubmitOrderRequest) and request.order_id < 1:
            request.set_order_id(self.get_increment_order_id())
        return self.processor.process(request)

    def add_order(self, request: SubmitOrderRequest) -> OrderTicket:
        """Submit a new order."""
        return self.process_request(request)

    def update_order(self, request: UpdateOrderRequest) -> OrderTicket:
        """Update an order."""
        return self.process_request(request)

    def cancel_order(self, order_id: int, order_tag: str | None = None) -> OrderTicket:
        """Cancel an order by number."""
        return self.process_request(CancelOrderRequest(self.utc_time, order_id, order_tag or ""))

    remove_order = cancel_order

    def cancel_open_orders(self, symbol: Symbol | None = None, tag: str | None = None) -> list[OrderTicket]:
        """Cancel every open order, or those of one symbol, and return their tickets."""
        if self._algorithm.is_warming_up:
            raise InvalidOperationException(
                "This operation is not allowed in initialize or during warm up: cancel_open_orders. "
                "Please move this code to the on_warmup_finished() method.")
        if symbol is None:
            tag = f"Canceled by CancelOpenOrders() at {self.utc_time:%Y-%m-%dT%H:%M:%S.%f}0Z"
        tickets = self.get_open_order_tickets(symbol)
        for ticket in tickets:
            ticket.cancel(tag)
        return tickets

    @staticmethod
    def _as_filter(what: Symbol | Filter | None) -> Filter | None:
        if what is None or callable(what):
            return what
        symbol = symbol_of(what)
        return lambda item: item.symbol == symbol

    def get_order_tickets(self, filter: Filter | None = None) -> list[OrderTicket]:
        """Return all tickets that pass the filter."""
        return self.processor.get_order_tickets(filter)

    def get_open_order_tickets(self, filter: Symbol | Filter | None = None) -> list[OrderTicket]:
        """Return the open tickets that pass the filter or belong to the symbol."""
        return self.processor.get_open_order_tickets(self._as_filter(filter))

    def get_open_orders_remaining_quantity(self, filter: Symbol | Filter | None = None) -> float:
        """Return the signed quantity not filled yet over the open tickets."""
        return sum(ticket.quantity_remaining for ticket in self.get_open_order_tickets(filter))

    def get_order_ticket(self, order_id: int) -> OrderTicket | None:
        """Return a ticket by order number, None if there is none."""
        return self.processor.get_order_ticket(order_id)

    def get_order_by_id(self, order_id: int) -> Order | None:
        """Return a copy of an order by number, None if there is none."""
        return self.processor.get_order_by_id(order_id)

    def get_orders_by_brokerage_id(self, brokerage_id: str) -> list[Order]:
        """Return copies of the orders with a broker's number."""
        return self.processor.get_orders(lambda order: brokerage_id in order.broker_id)

    def get_orders(self, filter: Filter | None = None) -> list[Order]:
        """Return copies of the orders that pass the filter."""
        return self.processor.get_orders(filter)

    def get_open_orders(self, filter: Symbol | Filter | None = None) -> list[Order]:
        """Return copies of the open orders that pass the filter or belong to the symbol."""
        return self.processor.get_open_orders(self._as_filter(filter))

    def get_projected_holdings(self, security: Any) -> ProjectedHoldings:
        """Return the holding and the open orders' quantity of a security."""
        open_quantity = self.get_open_orders_remaining_quantity(security.symbol)
        return ProjectedHoldings(security.holdings.quantity, open_quantity)

    def wait_for_order(self, order_id: int) -> bool:
        """Tell whether the order is over; a backtest never waits."""
        ticket = self.get_order_ticket(order_id)
        return ticket is not None and self.processor.is_order_closed(order_id)


class ProjectedHoldings:
    """A holding with the open orders' quantity."""

    def __init__(self, holdings_quantity: float, open_orders_quantity: float) -> None:
        self.holdings_quantity = holdings_quantity
        self.open_orders_quantity = open_orders_quantity
        self.projected_quantity = holdings_quantity + open_orders_quantity
