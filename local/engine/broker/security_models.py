"""The models a security carries: fills, fees, margin, settlement, exercise; mixed into the engine's Security."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.engine.broker.cash import ACCOUNT_CURRENCY, Cash
from local.engine.broker.clock import from_utc, to_utc
from local.engine.broker.equity_fills import EquityFillModel
from local.engine.broker.fees import ConstantFeeModel, InteractiveBrokersFeeModel
from local.engine.broker.fills import FillModel, FutureFillModel, FutureOptionFillModel, ImmediateFillModel
from local.engine.broker.future_margin import FutureMarginModel, FuturesOptionsMarginModel
from local.engine.broker.holdings import SecurityHolding
from local.engine.broker.margin import BuyingPowerModel, OptionMarginModel, SecurityMarginModel
from local.engine.broker.options_lifecycle import DefaultExerciseModel, DefaultOptionAssignmentModel
from local.engine.broker.portfolio_models import OptionPortfolioModel, SecurityPortfolioModel
from local.engine.broker.settlement import FutureSettlementModel, ImmediateSettlementModel
from local.engine.broker.slippage import NullSlippageModel
from local.engine.enums import DataNormalizationMode, OptionRight, SecurityType
from local.engine.pricing.volatility_models import VolatilityModel

_ADJUSTED = (DataNormalizationMode.ADJUSTED, DataNormalizationMode.SPLIT_ADJUSTED)
_QUOTE_CURRENCY = Cash(ACCOUNT_CURRENCY)
"""Currency every security is quoted in, at rate 1."""


def default_buying_power_model(security: Any, leverage: float = 1.0, free: float = 0.0) -> BuyingPowerModel:
    """Return the model of a kind of security in a margin account."""
    if security.type is SecurityType.FUTURE:
        return FutureMarginModel(free, security)
    if security.type is SecurityType.FUTURE_OPTION:
        return FuturesOptionsMarginModel(free, security)
    if security.type.is_option():
        return OptionMarginModel(free)
    return SecurityMarginModel(leverage, free)


def default_fill_model(security: Any) -> FillModel:
    """Return LEAN's fill model of a kind of security."""
    kinds = {SecurityType.EQUITY: EquityFillModel, SecurityType.FUTURE: FutureFillModel,
             SecurityType.FUTURE_OPTION: FutureOptionFillModel}
    return kinds.get(security.type, ImmediateFillModel)()


class SecurityModels:
    """Models and holding of a security, and what options compute from a price of their underlying."""

    def _init_models(self) -> None:
        """Give the security LEAN's default models and an empty holding."""
        option = self.type.is_option()
        self.holdings = SecurityHolding(self)
        self.fill_model = default_fill_model(self)
        free = self.type in (SecurityType.INDEX, SecurityType.INDEX_OPTION)
        self.fee_model = ConstantFeeModel(0.0) if free else InteractiveBrokersFeeModel()
        self.slippage_model = NullSlippageModel()
        self._volatility_model: Any = VolatilityModel.NULL
        self.settlement_model = FutureSettlementModel() if self.type is SecurityType.FUTURE else \
            ImmediateSettlementModel()
        self.buying_power_model = default_buying_power_model(self)
        self.portfolio_model = OptionPortfolioModel() if option else SecurityPortfolioModel()
        if option:
            self.option_exercise_model = DefaultExerciseModel()
            self.option_assignment_model = DefaultOptionAssignmentModel()

    # -- state ---------------------------------------------------------------------------------------------------

    @property
    def invested(self) -> bool:
        """Whether anything is held."""
        return self.holdings.invested

    @property
    def hold_stock(self) -> bool:
        """Whether anything is held."""
        return self.holdings.invested

    @property
    def quote_currency(self) -> Cash:
        """Currency the security is quoted in."""
        return _QUOTE_CURRENCY

    @property
    def leverage(self) -> float:
        """Leverage of the buying power model."""
        return self.buying_power_model.get_leverage(self)

    @property
    def written_decimals(self) -> int:
        """Decimal places of the prices in the data file where they are plain and all alike, else 0."""
        series = [getattr(self, name, None) for name in ("_quote", "_trade")]
        return max((one.loader.decimals for one in series if one is not None), default=0)

    def local(self, utc: datetime) -> datetime:
        """Return the exchange's wall clock at a UTC instant."""
        return from_utc(utc, self.exchange.time_zone)

    def to_utc(self, local: datetime) -> datetime:
        """Return the UTC instant of the exchange's wall clock."""
        return to_utc(local, self.exchange.time_zone)

    def minimum_price_variation(self, price: float) -> float:
        """Return the smallest price step at a price; 0 where prices are not rounded (adjusted equities)."""
        if self.type is SecurityType.EQUITY:
            if self.data_normalization_mode in _ADJUSTED:
                return 0.0
            return 0.0001 if price < 1 else self.symbol_properties.minimum_price_variation
        if self.type is SecurityType.INDEX_OPTION:
            return index_option_step(self.symbol.id.symbol, price)
        return self.symbol_properties.minimum_price_variation

    # -- models --------------------------------------------------------------------------------------------------

    @property
    def margin_model(self) -> BuyingPowerModel:
        """The buying power model's other name."""
        return self.buying_power_model

    @margin_model.setter
    def margin_model(self, model: BuyingPowerModel) -> None:
        self.buying_power_model = model

    def set_buying_power_model(self, model: BuyingPowerModel) -> None:
        """Replace the buying power model."""
        self.buying_power_model = model

    def set_margin_model(self, model: BuyingPowerModel) -> None:
        """Replace the buying power model."""
        self.buying_power_model = model

    def set_leverage(self, leverage: float) -> None:
        """Set the leverage; futures and options ignore it."""
        if self.type is not SecurityType.FUTURE and not self.type.is_option():
            self.buying_power_model.set_leverage(self, leverage)

    def set_fee_model(self, model: Any) -> None:
        """Replace the fee model."""
        self.fee_model = model

    def set_fill_model(self, model: Any) -> None:
        """Replace the fill model."""
        self.fill_model = model

    @property
    def volatility_model(self) -> Any:
        """Model of the security's volatility."""
        return self._volatility_model

    @volatility_model.setter
    def volatility_model(self, model: Any) -> None:
        self._volatility_model = model
        self._clock.has_volatility_models = True

    def set_volatility_model(self, model: Any) -> None:
        """Replace the volatility model."""
        self.volatility_model = model

    def set_slippage_model(self, model: Any) -> None:
        """Replace the slippage model."""
        self.slippage_model = model

    def set_settlement_model(self, model: Any) -> None:
        """Replace the settlement model."""
        self.settlement_model = model

    def set_option_assignment_model(self, model: Any) -> None:
        """Replace the model of early assignment."""
        self.option_assignment_model = model

    def set_option_exercise_model(self, model: Any) -> None:
        """Replace the model of exercise."""
        self.option_exercise_model = model

    # -- options -------------------------------------------------------------------------------------------------

    @property
    def scaled_strike_price(self) -> float:
        """Strike in the underlying's units."""
        return self.symbol.id.strike_price * self.symbol_properties.strike_multiplier

    def get_payoff(self, underlying_price: float) -> float:
        """Return strike payoff a share, below zero when out of the money."""
        side = 1 if self.symbol.id.option_right is OptionRight.CALL else -1
        return round(side * (underlying_price - self.scaled_strike_price), 9)

    get_pay_off = get_payoff

    def get_intrinsic_value(self, underlying_price: float) -> float:
        """Return what exercising is worth a share."""
        return max(0.0, self.get_payoff(underlying_price))

    def out_of_the_money_amount(self, underlying_price: float) -> float:
        """Return how far out of the money the option is, a share."""
        return max(0.0, -self.get_payoff(underlying_price))

    def is_auto_exercised(self, underlying_price: float) -> bool:
        """Tell whether the option is exercised at expiry: in the money by a cent or more."""
        return self.get_intrinsic_value(underlying_price) >= 0.01

    def get_exercise_quantity(self, exercise_order_quantity: float | None = None) -> float:
        """Return the shares that an exercise order of a signed option quantity trades."""
        quantity = -self.holdings.quantity if exercise_order_quantity is None else exercise_order_quantity
        side = -1 if self.symbol.id.option_right is OptionRight.CALL else 1
        return side * quantity * self.contract_unit_of_trade

    def get_aggregate_exercise_amount(self) -> float:
        """Return strike × multiplier."""
        return self.symbol.id.strike_price * self.symbol_properties.contract_multiplier


def index_option_step(ticker: str, price: float) -> float:
    """Price steps of index options: VIX 0.01 below 3 and 0.05 above, VIXW 0.01, others 0.05 and 0.10."""
    if ticker == "VIXW":
        return 0.01
    below, above = (0.01, 0.05) if ticker == "VIX" else (0.05, 0.1)
    return above if price >= 3 else below
