"""What `from AlgorithmImports import *` gets from the broker side."""

from __future__ import annotations

from local.engine.broker.brokerage_models import (DefaultBrokerageModel, InteractiveBrokersBrokerageModel,
                                                  TastytradeBrokerageModel)
from local.engine.broker.cash import Cash, CashBook
from local.engine.broker.enums import (AccountType, BrokerageName, OrderDirection, OrderField, OrderPosition,
                                       OrderRequestStatus, OrderRequestType, OrderResponseErrorCode, OrderStatus,
                                       OrderType)
from local.engine.broker.equity_fills import EquityFillModel
from local.engine.broker.events import CashAmount, OrderEvent, OrderFee
from local.engine.broker.extensions import (Extensions, OptionSymbol, OrderExtensions, RegressionTestException,
                                            TimeSpan, TradeDirection)
from local.engine.broker.fees import (ConstantFeeModel, FeeModel, InteractiveBrokersFeeModel, OrderFeeParameters,
                                      TastytradeFeeModel)
from local.engine.broker.fills import (Fill, FillModel, FillModelParameters, FutureFillModel, FutureOptionFillModel,
                                       ImmediateFillModel, Prices)
from local.engine.broker.future_margin import FutureMarginModel, FuturesOptionsMarginModel
from local.engine.broker.group_margin import (OptionStrategyPositionGroupBuyingPowerModel,
                                              SecurityPositionGroupBuyingPowerModel)
from local.engine.broker.holdings import SecurityHolding
from local.engine.broker.initializers import (BrokerageModelSecurityInitializer, CompositeSecurityInitializer,
                                              FuncSecurityInitializer, SecuritySeeder)
from local.engine.broker.margin import (BuyingPowerModel, ConstantBuyingPowerModel, NullBuyingPowerModel,
                                        OptionMarginModel, SecurityMarginModel)
from local.engine.broker.margin_calls import DefaultMarginCallModel, MarginCallModel
from local.engine.broker.margin_types import (BuyingPower, BuyingPowerParameters, GetMaximumOrderQuantityResult,
                                              HasSufficientBuyingPowerForOrderParameters,
                                              HasSufficientBuyingPowerForOrderResult, InitialMargin,
                                              InitialMarginParameters, InitialMarginRequiredForOrderParameters,
                                              MaintenanceMargin, MaintenanceMarginParameters, OptionInitialMargin,
                                              ReservedBuyingPowerForPosition,
                                              ReservedBuyingPowerForPositionParameters)
from local.engine.broker.option_strategies import OptionStrategies, OptionStrategy
from local.engine.broker.options_lifecycle import (DefaultExerciseModel, DefaultOptionAssignmentModel,
                                                   NullOptionAssignmentModel, OptionAssignmentParameters,
                                                   OptionAssignmentResult)
from local.engine.broker.orders import (ComboLegLimitOrder, ComboLimitOrder, ComboMarketOrder, ComboOrder,
                                        GroupOrderManager, Leg, LimitIfTouchedOrder, LimitOrder, MarketOnCloseOrder,
                                        MarketOnOpenOrder, MarketOrder, OptionExerciseOrder, Order, StopLimitOrder,
                                        StopMarketOrder, TrailingStopOrder)
from local.engine.broker.portfolio import SecurityPortfolioManager
from local.engine.broker.position_groups import NullSecurityPositionGroupModel, SecurityPositionGroupModel
from local.engine.broker.positions import PositionGroup
from local.engine.broker.requests import (CancelOrderRequest, OrderRequest, OrderResponse, SubmitOrderRequest,
                                          UpdateOrderFields, UpdateOrderRequest)
from local.engine.broker.settlement import DelayedSettlementModel, FutureSettlementModel, ImmediateSettlementModel
from local.engine.broker.slippage import ConstantSlippageModel, NullSlippageModel
from local.engine.broker.targets import PortfolioTarget
from local.engine.broker.tickets import OrderTicket
from local.engine.broker.time_in_force import (InteractiveBrokersOrderProperties, OrderProperties,
                                               TastytradeOrderProperties, TimeInForce)
from local.engine.broker.transactions import SecurityTransactionManager

IBrokerageModel, ISecuritySeeder, IPositionGroup = DefaultBrokerageModel, SecuritySeeder, PositionGroup

__all__ = [
    "AccountType", "BrokerageModelSecurityInitializer", "BrokerageName", "BuyingPower", "BuyingPowerModel",
    "BuyingPowerParameters", "CancelOrderRequest", "Cash", "CashAmount", "CashBook", "ComboLegLimitOrder",
    "ComboLimitOrder", "ComboMarketOrder", "ComboOrder", "CompositeSecurityInitializer", "ConstantBuyingPowerModel",
    "ConstantFeeModel", "ConstantSlippageModel", "DefaultBrokerageModel", "DefaultExerciseModel",
    "DefaultMarginCallModel", "DefaultOptionAssignmentModel", "DelayedSettlementModel", "EquityFillModel",
    "Extensions", "FeeModel", "Fill", "FillModel", "FillModelParameters", "FuncSecurityInitializer",
    "FutureFillModel", "FutureMarginModel", "FutureOptionFillModel", "FutureSettlementModel",
    "FuturesOptionsMarginModel", "GetMaximumOrderQuantityResult", "GroupOrderManager",
    "HasSufficientBuyingPowerForOrderParameters", "HasSufficientBuyingPowerForOrderResult", "IBrokerageModel",
    "IPositionGroup", "ISecuritySeeder", "ImmediateFillModel", "ImmediateSettlementModel", "InitialMargin",
    "InitialMarginParameters", "InitialMarginRequiredForOrderParameters", "InteractiveBrokersBrokerageModel",
    "InteractiveBrokersFeeModel", "InteractiveBrokersOrderProperties", "Leg", "LimitIfTouchedOrder", "LimitOrder",
    "MaintenanceMargin", "MaintenanceMarginParameters", "MarginCallModel", "MarketOnCloseOrder",
    "MarketOnOpenOrder", "MarketOrder", "NullBuyingPowerModel", "NullOptionAssignmentModel",
    "NullSecurityPositionGroupModel", "NullSlippageModel", "OptionAssignmentParameters", "OptionAssignmentResult",
    "OptionExerciseOrder", "OptionInitialMargin", "OptionMarginModel", "OptionStrategies", "OptionStrategy",
    "OptionStrategyPositionGroupBuyingPowerModel", "OptionSymbol", "Order", "OrderDirection", "OrderEvent",
    "OrderExtensions", "OrderFee", "OrderFeeParameters", "OrderField", "OrderPosition", "OrderProperties",
    "OrderRequest", "OrderRequestStatus", "OrderRequestType", "OrderResponse", "OrderResponseErrorCode",
    "OrderStatus", "OrderTicket", "OrderType", "PortfolioTarget", "Prices", "RegressionTestException",
    "ReservedBuyingPowerForPosition", "ReservedBuyingPowerForPositionParameters", "SecurityHolding",
    "SecurityMarginModel", "SecurityPortfolioManager", "SecurityPositionGroupBuyingPowerModel",
    "SecurityPositionGroupModel", "SecuritySeeder", "SecurityTransactionManager", "StopLimitOrder",
    "StopMarketOrder", "SubmitOrderRequest", "TastytradeBrokerageModel", "TastytradeFeeModel",
    "TastytradeOrderProperties", "TimeInForce", "TimeSpan", "TradeDirection", "TrailingStopOrder",
    "UpdateOrderFields", "UpdateOrderRequest",
]
