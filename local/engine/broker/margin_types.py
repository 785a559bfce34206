"""Values that go in and out of buying power models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.engine.broker.enums import OrderDirection

if TYPE_CHECKING:
    from local.engine.broker.orders import Order
    from local.engine.broker.portfolio import SecurityPortfolioManager
    from local.engine.market.security import Security


class InitialMargin(float):
    """Money needed to open, signed as the quantity is; a number in account currency."""

    ZERO: InitialMargin

    @property
    def value(self) -> float:
        """The number itself."""
        return float(self)


InitialMargin.ZERO = InitialMargin(0.0)


class MaintenanceMargin(float):
    """Money needed to keep a position; a number in account currency."""

    ZERO: MaintenanceMargin

    @property
    def value(self) -> float:
        """The number itself."""
        return float(self)


MaintenanceMargin.ZERO = MaintenanceMargin(0.0)


class OptionInitialMargin(InitialMargin):
    """Initial margin of options: the requirement plus the premium where it is paid."""

    premium: float
    value_without_premium: float

    def __new__(cls, value: float, premium: float) -> OptionInitialMargin:
        self = super().__new__(cls, value + max(premium, 0.0))
        self.value_without_premium = float(value)
        self.premium = float(premium)
        return self


@dataclass(frozen=True, slots=True)
class MaintenanceMarginParameters:
    """A quantity of a security with its signed cost and value."""

    security: Security
    quantity: float
    holdings_cost: float
    holdings_value: float

    @property
    def absolute_quantity(self) -> float:
        """Quantity without sign."""
        return abs(self.quantity)

    @property
    def absolute_holdings_cost(self) -> float:
        """Cost without sign."""
        return abs(self.holdings_cost)

    @property
    def absolute_holdings_value(self) -> float:
        """Value without sign."""
        return abs(self.holdings_value)

    @staticmethod
    def for_current_holdings(security: Security) -> MaintenanceMarginParameters:
        """Return the parameters of what is held."""
        holding = security.holdings
        return MaintenanceMarginParameters(security, holding.quantity, holding.holdings_cost, holding.holdings_value)

    @staticmethod
    def for_quantity_at_current_price(security: Security, quantity: float) -> MaintenanceMarginParameters:
        """Return the parameters of a quantity at the market price."""
        value = security.holdings.get_quantity_value(quantity)
        return MaintenanceMarginParameters(security, quantity, value, value)

    def for_underlying(self, quantity: float) -> MaintenanceMarginParameters:
        """Return the parameters of the same quantity of the underlying."""
        return MaintenanceMarginParameters.for_quantity_at_current_price(self.security.underlying, quantity)


@dataclass(frozen=True, slots=True)
class InitialMarginParameters:
    """A signed quantity of a security."""

    security: Security
    quantity: float

    def for_underlying(self) -> InitialMarginParameters:
        """Return the same quantity of the underlying."""
        return InitialMarginParameters(self.security.underlying, self.quantity)


@dataclass(frozen=True, slots=True)
class InitialMarginRequiredForOrderParameters:
    """An order on a security."""

    currency_converter: object
    security: Security
    order: Order


@dataclass(frozen=True, slots=True)
class HasSufficientBuyingPowerForOrderResult:
    """Whether buying power allows an order, and why not."""

    is_sufficient: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HasSufficientBuyingPowerForOrderParameters:
    """An order to be checked."""

    portfolio: SecurityPortfolioManager
    security: Security
    order: Order

    def sufficient(self) -> HasSufficientBuyingPowerForOrderResult:
        """Return yes."""
        return HasSufficientBuyingPowerForOrderResult(True)

    def insufficient(self, reason: str) -> HasSufficientBuyingPowerForOrderResult:
        """Return no, with the reason."""
        return HasSufficientBuyingPowerForOrderResult(False, reason)


@dataclass(frozen=True, slots=True)
class BuyingPowerParameters:
    """A security and the side that would be traded."""

    portfolio: SecurityPortfolioManager
    security: Security
    direction: OrderDirection

    def result_in_account_currency(self, value: float) -> BuyingPower:
        """Return a result."""
        return BuyingPower(value)


@dataclass(frozen=True, slots=True)
class BuyingPower:
    """Buying power in account currency."""

    value: float


@dataclass(frozen=True, slots=True)
class ReservedBuyingPowerForPosition:
    """Buying power a position takes, in account currency."""

    absolute_used_buying_power: float


@dataclass(frozen=True, slots=True)
class ReservedBuyingPowerForPositionParameters:
    """The security whose position is asked about."""

    security: Security

    def result_in_account_currency(self, value: float) -> ReservedBuyingPowerForPosition:
        """Return a result."""
        return ReservedBuyingPowerForPosition(value)


@dataclass(frozen=True, slots=True)
class MaximumOrderQuantityParameters:
    """A target (share of portfolio value, signed) or a change (account currency) of buying power."""

    portfolio: SecurityPortfolioManager
    security: Security
    amount: float
    minimum_order_margin_portfolio_percentage: float

    @property
    def target_buying_power(self) -> float:
        """The target as a share of portfolio value."""
        return self.amount

    @property
    def delta_buying_power(self) -> float:
        """The change in account currency."""
        return self.amount


@dataclass(frozen=True, slots=True)
class GetMaximumOrderQuantityResult:
    """Signed quantity to order."""

    quantity: float
    reason: str = ""
    is_error: bool = False
