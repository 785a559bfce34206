"""Buying power models of single securities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from local.engine.broker.enums import OrderDirection, OrderType
from local.engine.broker.margin_types import (BuyingPower, BuyingPowerParameters, GetMaximumOrderQuantityResult,
                                              HasSufficientBuyingPowerForOrderParameters,
                                              HasSufficientBuyingPowerForOrderResult, InitialMargin,
                                              InitialMarginParameters, InitialMarginRequiredForOrderParameters,
                                              MaintenanceMargin, MaintenanceMarginParameters,
                                              MaximumOrderQuantityParameters, OptionInitialMargin,
                                              ReservedBuyingPowerForPosition,
                                              ReservedBuyingPowerForPositionParameters)
from local.engine.broker.numeric import exact, sign, text
from local.engine.broker.orders import LimitOrder, MarketOrder, Order
from local.engine.enums import OptionRight, SecurityType

if TYPE_CHECKING:
    from local.engine.broker.portfolio import SecurityPortfolioManager
    from local.engine.broker.tickets import OrderTicket
    from local.engine.market.security import Security


class BuyingPowerModel:
    """LEAN's base model: margin is value over leverage, the same to open and to keep."""

    NULL: BuyingPowerModel

    def __init__(self, leverage: float = 1.0, required_free_buying_power_percent: float = 0.0,
                 maintenance: float | None = None) -> None:
        """Make a model.

        Parameters
        ----------
        leverage : float
            Leverage, at least 1; with `maintenance` given, the initial margin requirement between 0 and 1 instead.
        required_free_buying_power_percent : float
            Share of portfolio value always kept free (third argument when `maintenance` is meant, as in LEAN).
        maintenance : float, optional
            Maintenance margin requirement between 0 and 1.
        """
        if maintenance is not None:
            initial, keep, free = leverage, required_free_buying_power_percent, maintenance
            if not 0 <= initial <= 1 or not 0 <= keep <= 1:
                raise ValueError("BuyingPowerModel: margin requirements must be between 0 and 1")
        else:
            if leverage < 1:
                raise ValueError("BuyingPowerModel: leverage must be 1 or more")
            initial, keep, free = 1 / leverage, 1 / leverage, required_free_buying_power_percent
        if not 0 <= free <= 1:
            raise ValueError("BuyingPowerModel: required free buying power must be between 0 and 1")
        self._initial = initial
        self._maintenance = keep
        self.required_free_buying_power_percent = free

    def get_leverage(self, security: Security) -> float:
        """Return the leverage."""
        return 1 / self._initial

    def set_leverage(self, security: Security, leverage: float) -> None:
        """Set the leverage, at least 1."""
        if leverage < 1:
            raise ValueError("BuyingPowerModel: leverage must be 1 or more")
        self._initial = self._maintenance = 1 / leverage

    # -- requirements --------------------------------------------------------------------------------------------

    def get_initial_margin_requirement(self, parameters: InitialMarginParameters) -> InitialMargin:
        """Return the signed margin of a quantity at the market price."""
        security = parameters.security
        value = security.holdings.get_quantity_value(parameters.quantity)
        return InitialMargin(exact(value * self._initial))

    def get_maintenance_margin(self, parameters: MaintenanceMarginParameters) -> MaintenanceMargin:
        """Return the margin to keep a position."""
        return MaintenanceMargin(exact(parameters.absolute_holdings_value * self._maintenance))

    def get_initial_margin_required_for_order(
            self, parameters: InitialMarginRequiredForOrderParameters) -> InitialMargin:
        """Return the signed margin of an order with its fee."""
        order = parameters.order
        margin = self.initial_requirement(parameters.security, order.quantity)
        return InitialMargin(exact(margin + sign(margin) * order_fee(parameters.security, order)))

    def initial_requirement(self, security: Security, quantity: float) -> InitialMargin:
        """Return `get_initial_margin_requirement` for a quantity."""
        return self.get_initial_margin_requirement(InitialMarginParameters(security, quantity))

    def maintenance_requirement(self, security: Security, quantity: float) -> float:
        """Return `get_maintenance_margin` for a quantity at the market price."""
        return self.get_maintenance_margin(
            MaintenanceMarginParameters.for_quantity_at_current_price(security, quantity))

    # -- buying power --------------------------------------------------------------------------------------------

    def get_margin_remaining(self, portfolio: SecurityPortfolioManager, security: Security,
                             direction: OrderDirection) -> float:
        """Return what is free for a trade on this side; a closing side adds twice the position's margin."""
        value = portfolio.total_portfolio_value
        result = portfolio.margin_remaining
        holding = security.holdings
        closing = holding.quantity > 0 and direction is OrderDirection.SELL or \
            holding.quantity < 0 and direction is OrderDirection.BUY
        if closing:
            result += self.get_maintenance_margin(MaintenanceMarginParameters.for_current_holdings(security))
            result += self.initial_requirement(security, holding.absolute_quantity)
        result = exact(result - value * self.required_free_buying_power_percent)
        return max(result, 0.0)

    def get_buying_power(self, parameters: BuyingPowerParameters) -> BuyingPower:
        """Return the buying power for a side."""
        return BuyingPower(self.get_margin_remaining(parameters.portfolio, parameters.security, parameters.direction))

    def get_reserved_buying_power_for_position(
            self, parameters: ReservedBuyingPowerForPositionParameters) -> ReservedBuyingPowerForPosition:
        """Return the buying power the held position takes."""
        margin = self.get_maintenance_margin(MaintenanceMarginParameters.for_current_holdings(parameters.security))
        return parameters.result_in_account_currency(margin)

    def has_sufficient_buying_power_for_order(
            self, parameters: HasSufficientBuyingPowerForOrderParameters) -> HasSufficientBuyingPowerForOrderResult:
        """Tell whether an order can be afforded; an exercise is checked as a trade in the underlying."""
        order = parameters.order
        if order.quantity == 0:
            return parameters.sufficient()
        ticket = parameters.portfolio.transactions.get_order_ticket(order.id)
        if ticket is None:
            return parameters.insufficient(f"Null order ticket for id: {order.id}")
        if order.type is OrderType.OPTION_EXERCISE:
            return self._exercise_power(parameters, ticket)
        return self._order_power(parameters, ticket)

    def _exercise_power(self, parameters: HasSufficientBuyingPowerForOrderParameters,
                        ticket: OrderTicket) -> HasSufficientBuyingPowerForOrderResult:
        option, portfolio = parameters.security, parameters.portfolio
        underlying = option.underlying
        if not option.is_auto_exercised(underlying.close) or not underlying.is_tradable:
            return parameters.sufficient()
        order = parameters.order
        share_order = LimitOrder(underlying.symbol, option.get_exercise_quantity(order.quantity), order.naive_time)
        share_order.id = order.id
        share_order.limit_price = option.strike_price
        model = underlying.buying_power_model
        free = model.get_buying_power(BuyingPowerParameters(portfolio, underlying, share_order.direction)).value
        free += self.maintenance_requirement(option, -order.quantity)
        required = model.get_initial_margin_required_for_order(
            InitialMarginRequiredForOrderParameters(portfolio.cash_book, underlying, share_order))
        inner = HasSufficientBuyingPowerForOrderParameters(portfolio, underlying, share_order)
        return self._order_power(inner, ticket, free, required)

    def _order_power(self, parameters: HasSufficientBuyingPowerForOrderParameters, ticket: OrderTicket,
                     free: float | None = None,
                     required: float | None = None) -> HasSufficientBuyingPowerForOrderResult:
        order, security, portfolio = parameters.order, parameters.security, parameters.portfolio
        held = security.holdings.quantity
        if held * order.quantity < 0 and abs(held) >= abs(order.quantity):
            return parameters.sufficient()
        if free is None:
            free = self.get_margin_remaining(portfolio, security, order.direction)
        if required is None:
            required = self.get_initial_margin_required_for_order(
                InitialMarginRequiredForOrderParameters(portfolio.cash_book, security, order))
        unfilled = (abs(order.quantity) - abs(ticket.quantity_filled)) / abs(order.quantity)
        required = exact(unfilled * required)
        if abs(required) > exact(free):
            return parameters.insufficient(
                f"Id: {order.id}, Initial Margin: {text(required)}, Free Margin: {text(free)}")
        return parameters.sufficient()

    # -- sizing --------------------------------------------------------------------------------------------------

    def get_maximum_order_quantity_for_delta_buying_power(
            self, parameters: MaximumOrderQuantityParameters) -> GetMaximumOrderQuantityResult:
        """Return the quantity that changes the position's margin by an amount of account currency."""
        security, portfolio = parameters.security, parameters.portfolio
        used = self.get_reserved_buying_power_for_position(
            ReservedBuyingPowerForPositionParameters(security)).absolute_used_buying_power
        signed = used * (1 if security.holdings.quantity > 0 else -1)
        value = portfolio.total_portfolio_value
        target = (signed + parameters.delta_buying_power) / value if value else 0.0
        return self.get_maximum_order_quantity_for_target_buying_power(MaximumOrderQuantityParameters(
            portfolio, security, target, parameters.minimum_order_margin_portfolio_percentage))

    def get_maximum_order_quantity_for_target_buying_power(
            self, parameters: MaximumOrderQuantityParameters) -> GetMaximumOrderQuantityResult:
        """Return the quantity that brings the position's margin to a share of portfolio value, fees included."""
        security, portfolio = parameters.security, parameters.portfolio
        value = portfolio.total_portfolio_value
        free = value * self.required_free_buying_power_percent
        target = parameters.target_buying_power * (value - free)
        if target == 0:
            return GetMaximumOrderQuantityResult(-security.holdings.quantity)
        current = self.initial_requirement(security, security.holdings.quantity)
        unit = abs(self.initial_requirement(security, 1))
        if unit == 0:
            return GetMaximumOrderQuantityResult(0.0, zero_price_message(security), True)
        if not above_minimum_order_margin(portfolio, parameters.minimum_order_margin_portfolio_percentage,
                                          abs(target - current)):
            return GetMaximumOrderQuantityResult(0.0, "The target order margin is less than the minimum.")
        last = 0.0
        while True:
            quantity, margin = self._amount_to_order(security, target, unit)
            if quantity == 0:
                return GetMaximumOrderQuantityResult(0.0, "The order quantity is less than the lot size.")
            fee = order_fee(security, MarketOrder(security.symbol, quantity, security.utc_time))
            target = (value - fee - free) * parameters.target_buying_power
            if last == quantity:
                raise ValueError(f"{type(self).__name__}: failed to converge on the target margin of "
                                 f"{security.symbol.value}: target {target}, quantity {quantity}")
            last = quantity
            if abs(margin) <= abs(target):
                return GetMaximumOrderQuantityResult(quantity)

    def _amount_to_order(self, security: Security, target: float, unit: float) -> tuple[float, float]:
        """Return the order quantity that stays within a signed margin, and the margin after it."""
        lot = security.symbol_properties.lot_size
        held = security.holdings.quantity
        size = round((-held + target / unit) / lot, 9)
        size = (math.ceil(size) if target < 0 else math.floor(size)) * lot
        margin = self.initial_requirement(security, size + held)
        difference = margin - target
        while target < 0 and difference < 0 or target > 0 and difference > 0:
            size += lot if target < 0 else -lot
            margin = self.initial_requirement(security, size + held)
            changed = margin - target
            if abs(changed) > abs(difference) and sign(changed) == sign(difference):
                raise ValueError(f"{type(self).__name__}: margin of {security.symbol.value} moves the wrong way "
                                 f"(target {target})")
            difference = changed
        return float(size), float(margin)


class SecurityMarginModel(BuyingPowerModel):
    """Margin account: value over leverage."""


class NullBuyingPowerModel(BuyingPowerModel):
    """No margin is held and every order is affordable."""

    def get_maintenance_margin(self, parameters: MaintenanceMarginParameters) -> MaintenanceMargin:
        """Return 0."""
        return MaintenanceMargin.ZERO

    def has_sufficient_buying_power_for_order(
            self, parameters: HasSufficientBuyingPowerForOrderParameters) -> HasSufficientBuyingPowerForOrderResult:
        """Return yes."""
        return parameters.sufficient()


BuyingPowerModel.NULL = NullBuyingPowerModel()


class ConstantBuyingPowerModel(BuyingPowerModel):
    """A constant margin for each unit."""

    def __init__(self, margin_required_per_unit_in_account_currency: float) -> None:
        super().__init__()
        self.margin_per_unit = float(margin_required_per_unit_in_account_currency)

    def set_leverage(self, security: Security, leverage: float) -> None:
        """Do nothing: the margin stays constant."""

    def get_initial_margin_requirement(self, parameters: InitialMarginParameters) -> InitialMargin:
        """Return quantity × constant."""
        return InitialMargin(parameters.quantity * self.margin_per_unit)

    def get_maintenance_margin(self, parameters: MaintenanceMarginParameters) -> MaintenanceMargin:
        """Return quantity without sign × constant."""
        return MaintenanceMargin(parameters.absolute_quantity * self.margin_per_unit)


class OptionMarginModel(SecurityMarginModel):
    """Options outside a strategy: longs cost their premium, shorts are margined naked.

    A naked short needs its value plus, for each contract, the larger of 10 % of the underlying (calls) or the strike
    (puts), and 20 % (index options 15 %) of the underlying less the out-of-the-money amount.
    """

    NAKED = 0.1
    NAKED_OUT_OF_THE_MONEY = 0.2
    NAKED_OUT_OF_THE_MONEY_INDEX = 0.15

    def __init__(self, required_free_buying_power_percent: float = 0.0) -> None:
        super().__init__(1.0, required_free_buying_power_percent)

    def get_leverage(self, security: Security) -> float:
        """Return 1."""
        return 1.0

    def set_leverage(self, security: Security, leverage: float) -> None:
        """Refuse: options have no leverage to set."""
        raise ValueError("OptionMarginModel: options are leveraged products, no leverage can be set")

    def get_initial_margin_required_for_order(
            self, parameters: InitialMarginRequiredForOrderParameters) -> InitialMargin:
        """Return the signed margin of an order at its own value, with its fee."""
        security, order = parameters.security, parameters.order
        margin = self._signed_margin(security, order.quantity, order.get_value(security))
        return InitialMargin(exact(margin + sign(margin) * order_fee(security, order)))

    def get_maintenance_margin(self, parameters: MaintenanceMarginParameters) -> MaintenanceMargin:
        """Return 0 for a long, the naked margin for a short."""
        if parameters.quantity >= 0:
            return MaintenanceMargin.ZERO
        margin = self._signed_margin(parameters.security, parameters.quantity, parameters.holdings_cost)
        return MaintenanceMargin(abs(margin))

    def get_initial_margin_requirement(self, parameters: InitialMarginParameters) -> InitialMargin:
        """Return the signed naked margin of a short, the premium of a long."""
        value = parameters.security.holdings.get_quantity_value(parameters.quantity)
        if parameters.quantity >= 0:
            return OptionInitialMargin(0.0, value)
        return OptionInitialMargin(self._signed_margin(parameters.security, parameters.quantity, value), value)

    def _signed_margin(self, option: Security, quantity: float, value: float) -> float:
        underlying = option.underlying
        if value == 0 or option.close == 0 or option.strike_price == 0 or underlying is None or underlying.close == 0:
            return 0.0
        if value > 0:
            return value
        properties = option.symbol_properties
        unit = option.contract_unit_of_trade
        ratio = underlying.symbol_properties.contract_multiplier / properties.contract_multiplier
        price = underlying.close / properties.strike_multiplier
        base = price if option.right is OptionRight.CALL else option.strike_price
        equity = option.type is SecurityType.OPTION
        rate = self.NAKED_OUT_OF_THE_MONEY if equity else self.NAKED_OUT_OF_THE_MONEY_INDEX
        out_of_the_money = option.out_of_the_money_amount(underlying.close)
        extra = max(self.NAKED * base, rate * price - out_of_the_money)
        return exact(value - abs(quantity) * ratio * unit * unit * extra)


def order_fee(security: Security, order: Order) -> float:
    """Return an order's fee in account currency."""
    return float(security.fee_model.order_fee(security, order).value.amount)


def zero_price_message(security: Security) -> str:
    """Return LEAN's message for a security without a price."""
    return (f"{security.symbol}: The security does not have an accurate price as it has not yet received a bar of "
            "data. Before placing a trade (or using set_holdings) warm up your algorithm with set_warmup, or use "
            "slice.contains(symbol) to confirm the Slice object has price before using the data. "
            "Data does not necessarily all arrive at the same time so your algorithm should confirm the data is ready "
            "before using it. In live trading this can mean you do not have an active subscription to the asset class "
            "you're trying to trade. If using custom data make sure you've set the 'Value' property.")


def above_minimum_order_margin(portfolio: SecurityPortfolioManager, minimum: float, margin: float) -> bool:
    """Tell whether an order's margin is large enough to be worth a trade."""
    if minimum * portfolio.total_portfolio_value > margin:
        return portfolio.margin_remaining <= 0
    return True
