"""Portfolio models: how a fill changes cash, holding and record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.engine.broker.enums import OrderDirection, OrderType
from local.engine.broker.events import CashAmount, OrderEvent
from local.engine.broker.numeric import exact, fixed, places, sign
from local.engine.enums import SecurityType, SettlementType

if TYPE_CHECKING:
    from local.engine.broker.portfolio import SecurityPortfolioManager
    from local.engine.market.security import Security


class SecurityPortfolioModel:
    """The default: cash moves by price × quantity × multiplier (futures: by profit only), prices average in."""

    def process_fill(self, portfolio: SecurityPortfolioManager, security: Security, fill: OrderEvent) -> None:
        """Book one fill."""
        holding = security.holdings
        quantity, average = holding.quantity, holding.average_price
        currency = security.symbol_properties.quote_currency
        holding.add_new_sale(holding.get_quantity_value(fill.absolute_fill_quantity, fill.fill_price))
        fee = 0.0
        if fill.order_fee.value.amount:
            fee = portfolio.cash_book.convert_to_account_currency(fill.order_fee.value)
            holding.add_new_fee(fee)
            portfolio.cash_book[fill.order_fee.value.currency].add_amount(-fill.order_fee.value.amount)
        if security.type is not SecurityType.FUTURE:
            multiplier = security.symbol_properties.contract_multiplier
            paid = exact(-fill.fill_quantity * fill.fill_price * multiplier)
            security.settlement_model.apply_funds(portfolio, security, CashAmount(paid, currency), fill)
        if quantity > 0 and fill.direction is OrderDirection.SELL or quantity < 0 and \
                fill.direction is OrderDirection.BUY:
            self._record_close(portfolio, security, fill, fee)
        holding.set_holdings(*_after_fill(quantity, average, fill))

    def _record_close(self, portfolio: SecurityPortfolioManager, security: Security, fill: OrderEvent,
                      fee: float) -> None:
        profit = self.close_profit(portfolio, security, fill)
        security.holdings.add_new_profit(profit)
        security.holdings.set_last_trade_profit(profit)
        net = exact(profit - 2 * fee)
        portfolio.transactions.add_transaction_record(security.utc_time, net, is_win(fill, security, net))

    def close_profit(self, portfolio: SecurityPortfolioManager, security: Security, fill: OrderEvent) -> float:
        """Return the closed part's profit before fees; a future's is paid into cash here."""
        holding = security.holdings
        closed = sign(-fill.fill_quantity) * min(fill.absolute_fill_quantity, holding.absolute_quantity)
        profit = exact(holding.get_quantity_value(closed, fill.fill_price)
                       - holding.get_quantity_value(closed, holding.average_price))
        if security.type is SecurityType.FUTURE:
            cash = CashAmount(profit, security.symbol_properties.quote_currency)
            security.settlement_model.apply_funds(portfolio, security, cash, fill)
        return profit


def _after_fill(quantity: float, average: float, fill: OrderEvent) -> tuple[float, float]:
    """Return average price and quantity after the fill."""
    total = exact(quantity + fill.fill_quantity)
    if quantity == 0:
        return fill.fill_price, fill.fill_quantity
    adding = quantity > 0 and fill.direction is OrderDirection.BUY or quantity < 0 and \
        fill.direction is OrderDirection.SELL
    if adding:
        return (average * quantity + fill.fill_quantity * fill.fill_price) / total, total
    if total == 0:
        return 0.0, 0.0
    crossed = (total > 0) != (quantity > 0)
    return (fill.fill_price if crossed else average), total


def is_win(fill: OrderEvent, security: Security, profit: float) -> bool:
    """Tell whether a closing fill counts as won, as LEAN counts: exercises against the in-the-money amount."""
    if not fill.symbol.security_type.is_option() or fill.ticket.order_type is not OrderType.OPTION_EXERCISE:
        return profit > 0
    amount = security.holdings.get_quantity_value(abs(fill.fill_quantity),
                                                  security.get_payoff(security.underlying.price))
    if fill.direction is OrderDirection.SELL:
        return fill.is_in_the_money and abs(profit) < amount
    return not fill.is_in_the_money or abs(profit) > amount


class OptionPortfolioModel(SecurityPortfolioModel):
    """Options: exercises are booked on the security of each event; cash settlement pays the intrinsic value."""

    def process_fill(self, portfolio: SecurityPortfolioManager, security: Security, fill: OrderEvent) -> None:
        """Book one fill; an exercise's event gets the profit in its message."""
        if fill.ticket.order_type is not OrderType.OPTION_EXERCISE:
            super().process_fill(portfolio, security, fill)
            return
        digits = places(security.holdings.average_price)
        if security.exercise_settlement is SettlementType.CASH:
            digits = max(digits, places(security.get_intrinsic_value(security.underlying.close)))
        super().process_fill(portfolio, security, fill)
        profit = fixed(security.holdings.last_trade_profit, digits)
        word = f"Loss: {profit}" if security.holdings.last_trade_profit < 0 else f"Profit: +{profit}"
        fill.message = f"{fill.message}. {word}"

    def close_profit(self, portfolio: SecurityPortfolioManager, security: Security, fill: OrderEvent) -> float:
        """Return the closed part's profit; a cash settled exercise pays its intrinsic value into cash."""
        profit = super().close_profit(portfolio, security, fill)
        exercise = fill.ticket.order_type is OrderType.OPTION_EXERCISE and security.symbol.security_type.is_option()
        if not exercise or security.exercise_settlement is not SettlementType.CASH:
            return profit
        intrinsic = security.get_intrinsic_value(security.underlying.close)
        cash = exact(-intrinsic * security.contract_unit_of_trade * fill.ticket.quantity)
        if cash == 0:
            return profit
        currency = security.symbol_properties.quote_currency
        security.settlement_model.apply_funds(portfolio, security, CashAmount(cash, currency), fill)
        return exact(profit + cash)
