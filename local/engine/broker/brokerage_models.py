"""Brokerage models: which orders a brokerage takes and which models its securities get."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from local.engine.broker.enums import AccountType, BrokerageName, OrderType
from local.engine.broker.events import camel
from local.engine.broker.fees import ConstantFeeModel, FeeModel, InteractiveBrokersFeeModel, TastytradeFeeModel
from local.engine.broker.fills import FillModel
from local.engine.broker.margin import BuyingPowerModel
from local.engine.broker.security_models import default_buying_power_model, default_fill_model
from local.engine.broker.settlement import DelayedSettlementModel, FutureSettlementModel, ImmediateSettlementModel
from local.engine.broker.slippage import NullSlippageModel
from local.engine.broker.unsupported import UnsupportedMembers
from local.engine.enums import SecurityType

if TYPE_CHECKING:
    from local.engine.broker.orders import Order
    from local.engine.broker.requests import UpdateOrderRequest
    from local.engine.market.security import Security

_SETTLEMENT_TIME = timedelta(hours=6)
_EQUITY_SETTLEMENT_DAYS, _OPTION_SETTLEMENT_DAYS = 1, 1


class DefaultBrokerageModel(UnsupportedMembers):
    """LEAN's default: takes every order, Interactive Brokers fees, leverage 2 on equities."""

    def __init__(self, account_type: AccountType = AccountType.MARGIN) -> None:
        self.account_type = account_type
        self.required_free_buying_power_percent = 0.0

    def submit_refusal(self, security: Security, order: Order) -> str | None:
        """Return why an order is refused, None when it is taken."""
        future = security.type in (SecurityType.FUTURE, SecurityType.FUTURE_OPTION)
        if future and order.type is OrderType.MARKET_ON_OPEN:
            return _warning("NotSupported", "MarketOnOpen orders are not supported for futures and future options.")
        return None

    def update_refusal(self, security: Security, order: Order, request: UpdateOrderRequest) -> str | None:
        """Return why an update is refused, None when it is taken."""
        return None

    def can_execute_order(self, security: Security, order: Order) -> bool:
        """Tell whether a pending order may fill now."""
        return True

    def get_leverage(self, security: Security) -> float:
        """Return the leverage of a security."""
        if self.account_type is AccountType.CASH:
            return 1.0
        return 2.0 if security.type is SecurityType.EQUITY else 1.0

    def get_fill_model(self, security: Security) -> FillModel:
        """Return the fill model of a security."""
        return default_fill_model(security)

    def get_fee_model(self, security: Security) -> FeeModel:
        """Return the fee model of a security."""
        if security.type in (SecurityType.INDEX, SecurityType.INDEX_OPTION):
            return ConstantFeeModel(0.0)
        return InteractiveBrokersFeeModel()

    def get_slippage_model(self, security: Security) -> Any:
        """Return the slippage model of a security."""
        return NullSlippageModel()

    def get_settlement_model(self, security: Security) -> ImmediateSettlementModel:
        """Return the settlement model of a security: delayed in cash accounts, daily for futures."""
        if self.account_type is AccountType.CASH:
            if security.type is SecurityType.EQUITY:
                return DelayedSettlementModel(_EQUITY_SETTLEMENT_DAYS, _SETTLEMENT_TIME)
            if security.type is SecurityType.OPTION:
                return DelayedSettlementModel(_OPTION_SETTLEMENT_DAYS, _SETTLEMENT_TIME)
        if security.type is SecurityType.FUTURE:
            return FutureSettlementModel()
        return ImmediateSettlementModel()

    def get_buying_power_model(self, security: Security) -> BuyingPowerModel:
        """Return the buying power model of a security."""
        return default_buying_power_model(security, self.get_leverage(security),
                                          self.required_free_buying_power_percent)

    def initialize(self, security: Security) -> None:
        """Give a security this brokerage's models."""
        security.fill_model = self.get_fill_model(security)
        security.fee_model = self.get_fee_model(security)
        security.slippage_model = self.get_slippage_model(security)
        security.settlement_model = self.get_settlement_model(security)
        security.buying_power_model = self.get_buying_power_model(security)
        security.set_leverage(self.get_leverage(security))


class InteractiveBrokersBrokerageModel(DefaultBrokerageModel):
    """Interactive Brokers: the default's models for every kind of security, index options included."""

    def get_fee_model(self, security: Security) -> FeeModel:
        """Return the fee model of a security."""
        if security.type is SecurityType.INDEX:
            return ConstantFeeModel(0.0)
        return InteractiveBrokersFeeModel()


class TastytradeBrokerageModel(DefaultBrokerageModel):
    """Tastytrade: five order types, no combo through zero, its own fees."""

    SECURITY_TYPES = (SecurityType.EQUITY, SecurityType.OPTION, SecurityType.INDEX_OPTION, SecurityType.FUTURE,
                      SecurityType.FUTURE_OPTION)
    ORDER_TYPES = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_MARKET, OrderType.STOP_LIMIT,
                   OrderType.COMBO_LIMIT)

    def get_fee_model(self, security: Security) -> FeeModel:
        """Return Tastytrade's fees."""
        return TastytradeFeeModel()

    def submit_refusal(self, security: Security, order: Order) -> str | None:
        """Return why an order is refused, None when it is taken."""
        name = type(self).__name__
        if security.type not in self.SECURITY_TYPES:
            return _warning("NotSupported",
                            f"The {name} does not support {camel(security.type.name)} security type.")
        if order.type not in self.ORDER_TYPES:
            kinds = ",".join(camel(kind.name) for kind in self.ORDER_TYPES)
            return _warning("NotSupported", f"The {name} does not support {camel(order.type.name)} order type. "
                                            f"Only supports [{kinds}]")
        if order.type is OrderType.COMBO_LIMIT and crosses_zero(security.holdings.quantity, order.quantity):
            return _warning("NotSupported", f"Order type '{camel(order.type.name)}' is not supported for orders that "
                                            f"cross the zero holdings threshold in the {name}.")
        return super().submit_refusal(security, order)


def crosses_zero(held: float, quantity: float) -> bool:
    """Tell whether an order takes a holding through zero to the other side."""
    return held > 0 and held + quantity < 0 or held < 0 and held + quantity > 0


def _warning(code: str, text: str) -> str:
    return f"Warning - Code: {code} - {text}"


_MODELS: dict[BrokerageName, type[DefaultBrokerageModel]] = {
    BrokerageName.DEFAULT: DefaultBrokerageModel,
    BrokerageName.INTERACTIVE_BROKERS_BROKERAGE: InteractiveBrokersBrokerageModel,
    BrokerageName.TASTYTRADE: TastytradeBrokerageModel,
}


def create_brokerage_model(name: BrokerageName, account_type: AccountType) -> DefaultBrokerageModel:
    """Return the model of a brokerage.

    Raises
    ------
    NotImplementedError
        For brokerages the engine does not model.
    """
    if name not in _MODELS:
        raise NotImplementedError(f"BrokerageName.{name} is not supported by the embedded engine")
    return _MODELS[name](account_type)
