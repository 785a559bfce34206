"""Settlement models: when the cash of a trade arrives."""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from local.engine.broker.clock import from_utc, to_utc
from local.engine.broker.events import CashAmount, OrderEvent
from local.engine.broker.numeric import exact, sign

if TYPE_CHECKING:
    from local.engine.broker.portfolio import SecurityPortfolioManager
    from local.engine.market.security import Security


class ImmediateSettlementModel:
    """Cash arrives with the fill."""

    def apply_funds(self, portfolio: SecurityPortfolioManager, security: Security, cash: CashAmount,
                    fill: OrderEvent) -> None:
        """Book the amount."""
        portfolio.cash_book[cash.currency].add_amount(cash.amount)

    def scan(self, portfolio: SecurityPortfolioManager, security: Security, utc: datetime) -> None:
        """Do nothing: there is nothing outstanding."""


class DelayedSettlementModel(ImmediateSettlementModel):
    """Cash of sales arrives some trading days later; purchases are paid at once."""

    def __init__(self, number_of_days: int, time_of_day: timedelta) -> None:
        self.number_of_days = number_of_days
        self.time_of_day = time_of_day
        self._due: deque[tuple[datetime, str, float]] = deque()

    def apply_funds(self, portfolio: SecurityPortfolioManager, security: Security, cash: CashAmount,
                    fill: OrderEvent) -> None:
        """Book purchases, and put sales aside until they settle."""
        if cash.amount <= 0:
            portfolio.cash_book[cash.currency].add_amount(cash.amount)
            return
        portfolio.unsettled_cash_book[cash.currency].add_amount(cash.amount)
        hours = security.exchange.hours
        start = from_utc(fill.naive_utc_time, security.exchange.time_zone)
        day = datetime(start.year, start.month, start.day)
        left = self.number_of_days
        while left:
            day += timedelta(days=1)
            left -= bool(hours.is_date_open(day))
        self._due.append((to_utc(day + self.time_of_day, hours.time_zone), cash.currency, cash.amount))

    def scan(self, portfolio: SecurityPortfolioManager, security: Security, utc: datetime) -> None:
        """Book what has settled by `utc`."""
        while self._due and utc >= self._due[0][0]:
            _, currency, amount = self._due.popleft()
            portfolio.unsettled_cash_book[currency].add_amount(-amount)
            portfolio.cash_book[currency].add_amount(amount)


class FutureSettlementModel(ImmediateSettlementModel):
    """Futures: once a day the open profit or loss moves into cash."""

    def __init__(self) -> None:
        self._last_date: date | None = None
        self._settled_quantity = 0.0

    def apply_funds(self, portfolio: SecurityPortfolioManager, security: Security, cash: CashAmount,
                    fill: OrderEvent) -> None:
        """Book a closing trade's profit less what was settled for it before."""
        if self._settled_quantity:
            holding = security.holdings
            closed = min(fill.absolute_fill_quantity, holding.absolute_quantity, abs(self._settled_quantity))
            closed *= sign(-fill.fill_quantity)
            removed = closed / self._settled_quantity * holding.settled_profit
            self._settled_quantity -= closed
            holding.settled_profit = exact(holding.settled_profit - removed)
            cash = CashAmount(exact(cash.amount - removed), cash.currency)
        super().apply_funds(portfolio, security, cash, fill)

    def scan(self, portfolio: SecurityPortfolioManager, security: Security, utc: datetime) -> None:
        """On a new local date, settle the profit since the last settlement at the current price."""
        today = security.local_time.date()
        if self._last_date is not None and self._last_date >= today:
            return
        if self._last_date is not None and security.holdings.invested:
            holding = security.holdings
            self._settled_quantity = holding.quantity
            profit = exact(holding.total_close_profit(include_fees=False, exit_price=security.price)
                           - holding.settled_profit)
            if profit:
                holding.settled_profit = exact(holding.settled_profit + profit)
                portfolio.cash_book[security.symbol_properties.quote_currency].add_amount(profit)
        self._last_date = today

    def set_local_date_time_frontier(self, local: datetime) -> None:
        """Take `local`'s date as settled: the next settlement is the day after."""
        self._last_date = local.date()
