"""Holdings: quantity, average price and results of one security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.engine.broker.numeric import exact
from local.engine.broker.orders import MarketOrder
from local.engine.broker.unsupported import UnsupportedMembers
from local.engine.enums import SecurityType

if TYPE_CHECKING:
    from local.engine.market.security import Security
    from local.engine.market.symbol import Symbol


class SecurityHolding(UnsupportedMembers):
    """What the account holds of one security. Money is in account currency."""

    def __init__(self, security: Security) -> None:
        self._security = security
        self.quantity = 0.0
        self.average_price = 0.0
        self.total_sale_volume = 0.0
        self.total_fees = 0.0
        self.total_dividends = 0.0
        self.last_trade_profit = 0.0
        self.settled_profit = 0.0
        self.invested = False
        self.target: Any = None
        self._profit = 0.0
        self.on_quantity_changed: Any = None

    @property
    def symbol(self) -> Symbol:
        """What is held."""
        return self._security.symbol

    @property
    def type(self) -> SecurityType:
        """Kind of security held."""
        return self._security.type

    @property
    def hold_stock(self) -> bool:
        """Whether anything is held."""
        return self.invested

    @property
    def absolute_quantity(self) -> float:
        """Quantity without sign."""
        return abs(self.quantity)

    @property
    def is_long(self) -> bool:
        """Whether the quantity is above zero."""
        return self.quantity > 0

    @property
    def is_short(self) -> bool:
        """Whether the quantity is below zero."""
        return self.quantity < 0

    @property
    def price(self) -> float:
        """Market price, in quote currency."""
        return self._security.price

    @property
    def leverage(self) -> float:
        """Leverage of the security's buying power model."""
        return self._security.buying_power_model.get_leverage(self._security)

    def get_quantity_value(self, quantity: float, price: float | None = None) -> float:
        """Return the signed value of a quantity at a price (the market's by default), in account currency."""
        security = self._security
        if price is None:
            price = security.price
        rate = security.quote_currency.conversion_rate
        return exact(price * quantity * security.symbol_properties.contract_multiplier * rate)

    @property
    def holdings_cost(self) -> float:
        """Signed cost of the holding."""
        return self.get_quantity_value(self.quantity, self.average_price) if self.quantity else 0.0

    @property
    def absolute_holdings_cost(self) -> float:
        """Cost without sign."""
        return abs(self.holdings_cost)

    @property
    def unlevered_holdings_cost(self) -> float:
        """Signed cost over leverage."""
        return self.holdings_cost / self.leverage

    @property
    def unlevered_absolute_holdings_cost(self) -> float:
        """Cost over leverage without sign."""
        return abs(self.unlevered_holdings_cost)

    @property
    def holdings_value(self) -> float:
        """Signed market value."""
        return self.get_quantity_value(self.quantity) if self.quantity else 0.0

    @property
    def absolute_holdings_value(self) -> float:
        """Market value without sign."""
        return abs(self.holdings_value)

    @property
    def profit(self) -> float:
        """Closed profit and dividends, fees not taken off."""
        return exact(self._profit + self.total_dividends)

    @property
    def net_profit(self) -> float:
        """Closed profit and dividends less fees."""
        return exact(self.profit - self.total_fees)

    @property
    def unrealized_profit(self) -> float:
        """Profit of closing now at bid or ask, less the fee."""
        return self.total_close_profit()

    @property
    def unrealized_profit_percent(self) -> float:
        """Unrealised profit over cost, as a ratio."""
        cost = self.absolute_holdings_cost
        return self.unrealized_profit / cost if cost else 0.0

    @property
    def unsettled_profit(self) -> float:
        """Futures: profit not yet moved into cash."""
        return exact(self.total_close_profit() - self.settled_profit)

    def total_close_profit(self, include_fees: bool = True, exit_price: float | None = None,
                           entry_price: float | None = None, quantity: float | None = None) -> float:
        """Return the profit of closing: longs at the bid, shorts at the ask, the last price where there is none."""
        if quantity is None:
            if not self.invested:
                return 0.0
            quantity = self.quantity
        security = self._security
        fee = 0.0
        if include_fees:
            order = MarketOrder(security.symbol, -quantity, security.utc_time)
            fee = float(security.fee_model.order_fee(security, order).value.amount)
        if exit_price is None:
            exit_price = (security.bid_price if self.quantity > 0 else security.ask_price) or security.price
        entry = self.get_quantity_value(quantity, self.average_price if entry_price is None else entry_price)
        return exact(self.get_quantity_value(quantity, exit_price) - entry - fee)

    def set_holdings(self, average_price: float, quantity: float) -> None:
        """Replace average price and quantity."""
        self.quantity = float(quantity)
        self.invested = abs(quantity) >= self._security.symbol_properties.lot_size and quantity != 0
        self.average_price = float(average_price)
        if self.on_quantity_changed is not None:
            self.on_quantity_changed(self._security)

    def add_new_fee(self, fee: float) -> None:
        """Add a fee paid."""
        self.total_fees = exact(self.total_fees + fee)

    def add_new_profit(self, profit: float) -> None:
        """Add a closed trade's profit."""
        self._profit = exact(self._profit + profit)

    def add_new_sale(self, value: float) -> None:
        """Add traded value."""
        self.total_sale_volume = exact(self.total_sale_volume + value)

    def add_new_dividend(self, dividend: float) -> None:
        """Add a dividend received (or paid, below zero)."""
        self.total_dividends = exact(self.total_dividends + dividend)

    def set_last_trade_profit(self, profit: float) -> None:
        """Record the last closed trade's profit."""
        self.last_trade_profit = profit

    def __str__(self) -> str:
        return f"{self.symbol.value}: {self.quantity} @ ${self.average_price}"
