"""The algorithm's portfolio: cash, holdings, value and margin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from local.engine.broker.cash import CashBook
from local.engine.broker.enums import OrderDirection
from local.engine.broker.events import OrderEvent
from local.engine.broker.holdings import SecurityHolding
from local.engine.broker.margin_calls import DefaultMarginCallModel, MarginCallModel
from local.engine.broker.margin_types import (HasSufficientBuyingPowerForOrderParameters,
                                              HasSufficientBuyingPowerForOrderResult)
from local.engine.broker.numeric import decimal_of, exact
from local.engine.broker.orders import Order
from local.engine.broker.position_groups import NullSecurityPositionGroupModel, SecurityPositionGroupModel
from local.engine.broker.symbols import symbol_of
from local.engine.broker.unsupported import UnsupportedMembers
from local.engine.collections import KeyValuePair
from local.engine.enums import SecurityType

if TYPE_CHECKING:
    from local.engine.market.security import Security
    from local.engine.market.security_manager import SecurityManager
    from local.engine.market.symbol import Symbol

DEFAULT_CASH = 100_000.0


class SecurityPortfolioManager(UnsupportedMembers):
    """Holdings by symbol, and the account's figures in account currency."""

    def __init__(self, algorithm: Any) -> None:
        self._algorithm = algorithm
        self.securities: SecurityManager = algorithm.securities
        self.transactions = algorithm.transactions
        self.cash_book = CashBook()
        self.unsettled_cash_book = CashBook()
        self.cash_book["USD"].set_amount(DEFAULT_CASH)
        self.margin_call_model: MarginCallModel = DefaultMarginCallModel(self)
        self._held: dict[Symbol, Security] = {}
        self._known: dict[Symbol, Security] = {}
        self._place: dict[Symbol, int] = {}
        self._positions = SecurityPositionGroupModel()
        self._positions.initialize(self)

    # -- wiring --------------------------------------------------------------------------------------------------

    def watch(self, security: Security) -> None:
        """Follow the security's holding; called once for each security."""
        self._known[security.symbol] = security
        self._place.setdefault(security.symbol, len(self._place))
        security.holdings.on_quantity_changed = self._on_quantity_changed
        if security.holdings.invested:
            self._on_quantity_changed(security)

    def _on_quantity_changed(self, security: Security) -> None:
        if security.holdings.quantity:
            self._held[security.symbol] = security
        else:
            self._held.pop(security.symbol, None)
        self._positions.invalidate()

    def invested_securities(self) -> list[Security]:
        """Return the securities that are held, in the order they were added to the algorithm."""
        held = [security for security in self._held.values() if security.holdings.invested]
        return sorted(held, key=lambda security: self._place[security.symbol])

    @property
    def held_securities(self) -> list[Security]:
        """The securities with a quantity, in no particular order."""
        return list(self._held.values())

    @property
    def positions(self) -> SecurityPositionGroupModel:
        """The position manager."""
        return self._positions

    @positions.setter
    def positions(self, model: SecurityPositionGroupModel) -> None:
        self.set_positions(model)

    def set_positions(self, model: SecurityPositionGroupModel) -> None:
        """Replace the position manager; `SecurityPositionGroupModel.NULL` switches strategies off."""
        if isinstance(model, NullSecurityPositionGroupModel):
            model = NullSecurityPositionGroupModel()
        model.initialize(self)
        self._positions = model

    def set_margin_call_model(self, model: MarginCallModel) -> None:
        """Replace the margin call model."""
        self.margin_call_model = model

    # -- holdings as a dictionary --------------------------------------------------------------------------------

    def __getitem__(self, symbol: Symbol | str) -> SecurityHolding:
        return self.securities[symbol_of(symbol)].holdings

    def __contains__(self, symbol: object) -> bool:
        return symbol_of(symbol) in self.securities

    def __len__(self) -> int:
        return len(self.securities)

    def __iter__(self) -> Iterator[KeyValuePair]:
        return iter([KeyValuePair(security.symbol, security.holdings) for security in self._securities()])

    def _securities(self) -> list[Security]:
        return [pair.value for pair in self.securities]

    def contains_key(self, symbol: Symbol) -> bool:
        """Tell whether the algorithm has the security."""
        return symbol in self.securities

    def get(self, symbol: Symbol, default: Any = None) -> Any:
        """Return the holding of a symbol, or the default."""
        return self[symbol] if symbol in self.securities else default

    @property
    def keys(self) -> list[Symbol]:
        """Symbols of the algorithm's securities."""
        return [security.symbol for security in self._securities()]

    @property
    def values(self) -> list[SecurityHolding]:
        """Holdings of the algorithm's securities."""
        return [security.holdings for security in self._securities()]

    def items(self) -> list[tuple[Symbol, SecurityHolding]]:
        """Return pairs of symbol and holding."""
        return [(security.symbol, security.holdings) for security in self._securities()]

    # -- cash and value ------------------------------------------------------------------------------------------

    @property
    def cash(self) -> float:
        """Settled cash."""
        return self.cash_book.total_value_in_account_currency

    @property
    def unsettled_cash(self) -> float:
        """Cash of sales not settled yet."""
        return self.unsettled_cash_book.total_value_in_account_currency

    def set_cash(self, *arguments: Any) -> None:
        """Set the cash: (amount) or (currency, amount[, conversion rate])."""
        if len(arguments) == 1:
            self.cash_book["USD"].set_amount(decimal_of(arguments[0], "cash"))
            return
        currency, amount = str(arguments[0]).upper(), float(arguments[1])
        rate = float(arguments[2]) if len(arguments) > 2 else 0.0
        if currency in self.cash_book:
            self.cash_book[currency].set_amount(amount)
        else:
            self.cash_book.add(currency, amount, rate)

    @property
    def total_portfolio_value(self) -> float:
        """Cash and holdings at market prices; futures count with their unsettled profit."""
        total = self.cash + self.unsettled_cash
        for security in self._held.values():
            if not security.holdings.invested:
                continue
            if security.type is SecurityType.FUTURE:
                total += security.holdings.unsettled_profit
            else:
                total += security.holdings.holdings_value
        return exact(total)

    @property
    def total_portfolio_value_less_free_buffer(self) -> float:
        """Portfolio value less what the settings keep free."""
        settings, value = self._algorithm.settings, self.total_portfolio_value
        if settings.free_portfolio_value is not None:
            return value - settings.free_portfolio_value
        return value - value * settings.free_portfolio_value_percentage

    @property
    def invested(self) -> bool:
        """Whether anything is held."""
        return any(security.holdings.invested for security in self._held.values())

    @property
    def hold_stock(self) -> bool:
        """Whether anything is held."""
        return self.invested

    @property
    def total_holdings_value(self) -> float:
        """Sum of the holdings' values without sign."""
        return exact(sum(security.holdings.absolute_holdings_value for security in self._held.values()))

    @property
    def total_absolute_holdings_cost(self) -> float:
        """Sum of the holdings' costs without sign."""
        return exact(sum(security.holdings.absolute_holdings_cost for security in self._held.values()))

    @property
    def total_unlevered_absolute_holdings_cost(self) -> float:
        """Sum of the holdings' costs over leverage without sign."""
        return exact(sum(s.holdings.unlevered_absolute_holdings_cost for s in self._held.values()))

    @property
    def total_unrealized_profit(self) -> float:
        """Profit of closing everything now."""
        return exact(sum(security.holdings.unrealized_profit for security in self._held.values()))

    @property
    def total_unrealised_profit(self) -> float:
        """Profit of closing everything now."""
        return self.total_unrealized_profit

    def _sum(self, name: str) -> float:
        return exact(sum(getattr(security.holdings, name) for security in self._known.values()))

    @property
    def total_fees(self) -> float:
        """Fees paid so far, removed securities included."""
        return self._sum("total_fees")

    @property
    def total_profit(self) -> float:
        """Closed profit so far."""
        return self._sum("profit")

    @property
    def total_net_profit(self) -> float:
        """Closed profit less fees so far."""
        return self._sum("net_profit")

    @property
    def total_sale_volume(self) -> float:
        """Value traded so far."""
        return self._sum("total_sale_volume")

    # -- margin --------------------------------------------------------------------------------------------------

    @property
    def total_margin_used(self) -> float:
        """Maintenance margin of all position groups."""
        return exact(sum(group.buying_power_model.get_maintenance_margin(self, group)
                         for group in self._positions.groups))

    @property
    def margin_remaining(self) -> float:
        """Portfolio value less unsettled cash and margin used."""
        return exact(self.total_portfolio_value - self.unsettled_cash - self.total_margin_used)

    def get_margin_remaining(self, what: Any, direction: OrderDirection = OrderDirection.BUY) -> float:
        """Return free margin at a portfolio value, or for trading a symbol on a side."""
        if isinstance(what, (int, float)):
            return exact(what - self.unsettled_cash - self.total_margin_used)
        security = self.securities[what]
        group = self._positions.get_or_create_default_group(security)
        if security.holdings.quantity < 0:
            direction = OrderDirection.SELL if direction is OrderDirection.BUY else OrderDirection.BUY
        return group.buying_power_model.get_buying_power(self, group, direction)

    def get_buying_power(self, symbol: Symbol, direction: OrderDirection = OrderDirection.BUY) -> float:
        """Return free margin for trading a symbol on a side."""
        return self.get_margin_remaining(symbol, direction)

    def has_sufficient_buying_power_for_order(
            self, orders: Sequence[Order]) -> HasSufficientBuyingPowerForOrderResult:
        """Tell whether orders that belong together can be afforded."""
        group = self._positions.create_group(orders)
        if group is not None:
            return group.buying_power_model.has_sufficient_buying_power_for_order(self, group, orders)
        for order in orders:
            security = self.securities[order.symbol]
            result = security.buying_power_model.has_sufficient_buying_power_for_order(
                HasSufficientBuyingPowerForOrderParameters(self, security, order))
            if not result.is_sufficient:
                return result
        return HasSufficientBuyingPowerForOrderResult(True)

    # -- changes -------------------------------------------------------------------------------------------------

    def process_fills(self, fills: Sequence[OrderEvent]) -> None:
        """Book fills."""
        for fill in fills:
            security = self.securities[fill.symbol]
            security.portfolio_model.process_fill(self, security, fill)
