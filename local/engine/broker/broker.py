"""The broker: account, pending orders and the steps the engine's loop takes; it outlives the algorithm.

An algorithm is attached after its `initialize`. When it stops, the broker keeps cash, holdings and open orders; the
next algorithm attached finds them as a live start does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.engine.broker.brokerage import Brokerage
from local.engine.broker.clock import next_hour
from local.engine.broker.future_margin import FutureMarginModel
from local.engine.broker.handler import TransactionHandler
from local.engine.broker.margin_calls import MarginCallModel
from local.engine.broker.options_lifecycle import OptionLifecycle
from local.engine.broker.orders import Order
from local.engine.broker.requests import SubmitOrderRequest
from local.engine.broker.results import run_results
from local.engine.broker.sampling import Sampler
from local.engine.broker.splits import apply_dividend, apply_split, process_split_symbols
from local.engine.broker.trades import TradeBuilder
from local.engine.enums import SecurityType

if TYPE_CHECKING:
    from local.engine.market.symbol import Symbol

MARGIN_CALL_PERIOD = timedelta(minutes=5)


@dataclass(slots=True)
class Account:
    """What the broker holds for the account while no algorithm is attached."""

    cash: dict[str, float] = field(default_factory=dict)
    holdings: dict[Symbol, tuple[float, float]] = field(default_factory=dict)
    """Average price and quantity by symbol."""
    prices: dict[Symbol, float] = field(default_factory=dict)
    """Last market price of what is held: a live start values it so until its first bar."""


class Broker:
    """Account and order book; the engine's loop calls its steps in LEAN's order."""

    def __init__(self, brokerage: Brokerage | None = None) -> None:
        self.brokerage = Brokerage() if brokerage is None else brokerage
        self.account: Account | None = None
        self.algorithm: Any = None
        self.handler: TransactionHandler | None = None
        self.lifecycle: OptionLifecycle | None = None
        self._next_margin_call: datetime | None = None
        self._next_scan: datetime | None = None
        self._split_warnings: list[Any] = []
        self.sampler: Sampler | None = None

    # -- attaching -----------------------------------------------------------------------------------------------

    def prepare(self, algorithm: Any) -> None:
        """Bind the order path to an algorithm before its `initialize` runs."""
        self.algorithm = algorithm
        self.handler = TransactionHandler(algorithm, self.brokerage)
        self.handler.trade_builder = TradeBuilder(algorithm)
        self.handler.lifecycle = self.lifecycle = OptionLifecycle(algorithm, self.handler)
        algorithm.transactions.set_order_processor(self.handler)
        algorithm._broker = self
        FutureMarginModel.data_folder = Path(algorithm._engine.data_folder)

    def attach(self, algorithm: Any) -> None:
        """Serve an algorithm whose `initialize` has run; a kept account replaces its cash and fills its holdings."""
        if self.handler is None or self.algorithm is not algorithm:
            self.prepare(algorithm)
        self._next_margin_call = None
        self._next_scan = next_hour(algorithm._utc_now)
        kept = self.brokerage.pending
        self.brokerage.pending = {}
        if self.account is not None:
            self._restore(algorithm)
        for order in sorted(kept.values(), key=lambda item: item.id):
            self._restore_order(order)
        self.brokerage.accepted = frozenset(self.brokerage.pending)
        self.brokerage.bind(algorithm, self.handler)
        self.sampler = Sampler(algorithm)

    def _restore(self, algorithm: Any) -> None:
        for currency, amount in self.account.cash.items():
            book = algorithm.portfolio.cash_book
            (book[currency] if currency in book else book.add(currency)).set_amount(amount)
        for symbol, (price, quantity) in self.account.holdings.items():
            security = algorithm._engine.get_or_add_security(symbol)
            security.holdings.set_holdings(price, quantity)
            if symbol in self.account.prices:
                security.set_market_price(self.account.prices[symbol])

    def _restore_order(self, order: Order) -> None:
        self.algorithm._engine.get_or_add_security(order.symbol)
        group = order.group_order_manager
        if group is not None:
            group.id = 0
            if order.id in group.order_ids:
                group.order_ids.remove(order.id)
        self.handler.add_open_order(order)
        self.brokerage.pending[order.id] = order

    def detach(self) -> None:
        """Keep the account of the algorithm that stops; its pending orders stay with the brokerage."""
        if self.algorithm is None:
            return
        portfolio = self.algorithm.portfolio
        held = list(portfolio.invested_securities())
        self.account = Account(
            {currency: cash.amount for currency, cash in portfolio.cash_book.items()},
            {security.symbol: (security.holdings.average_price, security.holdings.quantity) for security in held},
            {security.symbol: security.price for security in held if security.price})
        self.algorithm = self.handler = self.lifecycle = None

    # -- steps of the loop ---------------------------------------------------------------------------------------

    def scan_settlements(self, now: datetime) -> None:
        """Let settlement models look, once an hour. `now` is naive UTC."""
        if self._next_scan is not None and now < self._next_scan:
            return
        self._next_scan = next_hour(now)
        portfolio = self.algorithm.portfolio
        for pair in self.algorithm.securities:
            pair.value.settlement_model.scan(portfolio, pair.value, now)

    def process_synchronous_events(self, delistings: Iterable[Any] | None = None) -> None:
        """Work off requests, assign, fill, and settle what was delisted in this slice."""
        self.handler.process_synchronous_events()
        if delistings:
            self.brokerage.process_delistings(delistings)

    def process_margin_calls(self, now: datetime) -> None:
        """Check margin; calls on_margin_call or on_margin_call_warning. The loop calls this every five minutes."""
        self._next_margin_call = now + MARGIN_CALL_PERIOD
        algorithm = self.algorithm
        model = algorithm.portfolio.margin_call_model
        orders, warn = model.get_margin_call_orders()
        executed = []
        securities = algorithm.securities
        if orders and all(securities[order.symbol].exchange.exchange_open for order in orders):
            orders = algorithm._call_user("OnMarginCall", _margin_call_answer, algorithm, orders)
            if algorithm.runtime_error is not None:
                return
            executed = model.execute_margin_call(orders)
            for ticket in executed:
                algorithm.error(f"{algorithm.time} - Executed MarginCallOrder: {ticket.symbol} - Quantity: "
                                f"{ticket.quantity} @ {ticket.average_fill_price}")
        if not executed and warn:
            algorithm._call_user("OnMarginCallWarning", algorithm.on_margin_call_warning)

    def process_split_symbols(self) -> None:
        """Close option positions whose underlying splits tomorrow, as LEAN does near the close."""
        if self._split_warnings:
            process_split_symbols(self.algorithm, self._split_warnings)

    def apply_dividends(self, dividends: Iterable[Any]) -> None:
        """Pay dividends of raw holdings into cash."""
        for dividend in dividends:
            apply_dividend(self.algorithm, dividend)

    def apply_splits(self, splits: Iterable[Any]) -> None:
        """Split raw holdings and open orders; remember warnings."""
        for split in splits:
            apply_split(self.algorithm, split, self._split_warnings)

    # -- what the loop may skip ----------------------------------------------------------------------------------

    @property
    def has_open_orders(self) -> bool:
        """Whether any order waits to be filled."""
        return self.brokerage.has_pending or bool(self.handler._queue)

    def needs_slice(self, now: datetime) -> bool:
        """Tell whether a step at `now` (naive UTC) could do anything."""
        if self.has_open_orders or self._split_warnings:
            return True
        wakeup = self.next_wakeup(now)
        return wakeup is not None and now >= wakeup

    def next_wakeup(self, now: datetime) -> datetime | None:
        """Return the next UTC instant at which a step is due with no orders open, None when there is none."""
        portfolio = self.algorithm.portfolio
        held = portfolio.held_securities
        due: list[datetime] = []
        if held:
            due.append(self.sampler.next_sample or now)
            if portfolio.margin_call_model is not MarginCallModel.NULL:
                due.append(self._next_margin_call or now)
        if any(security.type is SecurityType.FUTURE for security in held) or portfolio.unsettled_cash:
            due.append(self._next_scan or now)
        if any(security.holdings.quantity < 0 and security.type.is_option() for security in held):
            due.append(self.brokerage.next_assignment_time or now)
        return min(due) if due else None

    def has_open_orders_for(self, symbol: Symbol) -> bool:
        """Tell whether a symbol has an open order."""
        return any(order.symbol == symbol for order in self.handler.open_orders.values())

    # -- results -------------------------------------------------------------------------------------------------

    def sample(self, now: datetime) -> None:
        """Record the day's equity; the loop calls this at midnight and at the end."""
        self.sampler.daily(now)

    def on_slice_end(self, now: datetime) -> None:
        """Record the equity when the sampling period is over."""
        self.sampler.on_slice(now)

    def on_slices_skipped(self, instants: Sequence[datetime]) -> None:
        """Record the equity of slices that the loop left out."""
        self.sampler.on_slices_skipped(instants)

    def on_end_of_algorithm(self) -> None:
        """Do what is due at the end of a run: nothing."""

    def results(self, algorithm: Any, algorithm_id: str = "run") -> dict[str, Any]:
        """Return statistics, orders, order events, trades and equity of a run under LEAN's names."""
        return run_results(algorithm, self.sampler, algorithm_id)


def _margin_call_answer(algorithm: Any, orders: list[Any]) -> list[Any]:
    """Return the orders the algorithm lets through; an overridden handler must return some, as in LEAN."""
    answer = algorithm.on_margin_call(orders)
    requests = [request for request in answer if isinstance(request, SubmitOrderRequest)] if answer else []
    if not requests:
        raise ValueError("OnMarginCall must return a non-empty list of SubmitOrderRequest")
    return requests
