"""Option price models an algorithm can choose, by LEAN's names: QuantLib's engines and LEAN's own indicators."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from local.engine.enums import LeanEnum, OptionStyle
from local.engine.errors import ArgumentException, MemberNotSupported
from local.engine.market.chains import Greeks, PriceModelResult
from local.engine.pricing.quantlib_engines import (Terms, analytic, barone_adesi_whaley, cox_ross_rubinstein,
                                                   crank_nicolson, implied_volatility, newton, without_spread)

Engine = Callable[[Terms, float], tuple[float, Greeks]]


class OptionPricingModelType(LeanEnum):
    """Formulas of LEAN's own price models."""

    BLACK_SCHOLES = 0
    BINOMIAL_COX_ROSS_RUBINSTEIN = 1
    FORWARD_TREE = 2


class OptionPriceModelParameters:
    """What a model is asked about."""

    def __init__(self, security: Any, slice: Any, contract: Any) -> None:
        self.security, self.slice, self.contract = security, slice, contract


class OptionPriceModel:
    """Base class of an algorithm's own models: they give an `OptionPriceModelResult` for the parameters."""

    def evaluate(self, parameters: OptionPriceModelParameters) -> PriceModelResult:
        """Price, implied volatility and Greeks."""
        raise NotImplementedError(f"{type(self).__name__}.evaluate")


class CurrentPriceOptionPriceModel(OptionPriceModel):
    """The option's price, without volatility or Greeks."""

    def evaluate(self, parameters: OptionPriceModelParameters) -> PriceModelResult:
        """The last price."""
        return PriceModelResult(parameters.security.price)


class IndicatorBasedOptionPriceModel(OptionPriceModel):
    """LEAN's own model; with a type it uses that formula whatever the option's style."""

    def __init__(self, option_model: OptionPricingModelType | None = None, iv_model: OptionPricingModelType | None = None) -> None:
        if option_model != iv_model or option_model == OptionPricingModelType.BINOMIAL_COX_ROSS_RUBINSTEIN:
            raise MemberNotSupported(f"IndicatorBasedOptionPriceModel({option_model}, {iv_model})")
        self.is_european = None if option_model is None else option_model == OptionPricingModelType.BLACK_SCHOLES

    def evaluate(self, parameters: OptionPriceModelParameters) -> PriceModelResult:
        """Price, implied volatility and Greeks."""
        return parameters.security.default_evaluation(parameters.contract, self.is_european)


class QLOptionPriceModel(OptionPriceModel):
    """One of QuantLib's engines as LEAN uses them.

    The theoretical price is at the underlying's volatility model, or at a first guess where it has none; Greeks are
    at the implied volatility.
    """

    def __init__(self, engine: Engine, allowed_option_styles: Sequence[OptionStyle] = tuple(OptionStyle)) -> None:
        self._engine, self.allowed_option_styles = engine, list(allowed_option_styles)
        self.enable_greek_approximation, self.volatility_estimator_warmed_up = True, False

    def evaluate(self, parameters: OptionPriceModelParameters) -> PriceModelResult:
        """Price, implied volatility and Greeks.

        Raises
        ------
        ArgumentException
            The engine does not price options of this style.
        """
        option, contract = parameters.security, parameters.contract
        if contract.style not in self.allowed_option_styles:
            raise ArgumentException(f"{contract.style} style options are not supported by option price model "
                                    f"'{type(self).__name__}'")
        if contract.time.date() > contract.expiry.date() or option.price <= 0 or option.underlying.price <= 0:
            return PriceModelResult()
        terms = Terms(option, contract, option.interest_rate)
        if terms.years <= 0:
            return PriceModelResult()
        guess = math.sqrt(2 * math.pi / terms.years) * option.price / terms.spot
        estimate = option.underlying.volatility_model.volatility
        self.volatility_estimator_warmed_up = self.volatility_estimator_warmed_up or estimate > 0
        price, _ = self._engine(terms, estimate if self.volatility_estimator_warmed_up else guess)
        implied = implied_volatility(terms, option.price)
        if implied is None:
            implied = newton(terms, option.price, guess)
        return PriceModelResult(max(0.0, price), implied, self._engine(terms, implied)[1] if implied else without_spread(terms))


class _Models(type):
    def __getattr__(cls, name: str) -> Any:
        raise AttributeError(name) if name.startswith("__") else MemberNotSupported(f"OptionPriceModels.{name}")


class QuantLibModels(metaclass=_Models):
    """Price models on QuantLib's engines."""

    @staticmethod
    def black_scholes() -> QLOptionPriceModel:
        """The formula, for European options only."""
        return QLOptionPriceModel(analytic, [OptionStyle.EUROPEAN])

    @staticmethod
    def binomial_cox_ross_rubinstein() -> QLOptionPriceModel:
        """A binomial tree of 100 steps."""
        return QLOptionPriceModel(cox_ross_rubinstein)

    @staticmethod
    def barone_adesi_whaley() -> QLOptionPriceModel:
        """The quadratic approximation, for American options only."""
        return QLOptionPriceModel(barone_adesi_whaley, [OptionStyle.AMERICAN])

    @staticmethod
    def crank_nicolson_fd() -> QLOptionPriceModel:
        """Finite differences."""
        return QLOptionPriceModel(crank_nicolson)


class OptionPriceModels(metaclass=_Models):
    """Price models by name."""

    QuantLib = QuantLibModels

    @staticmethod
    def null() -> CurrentPriceOptionPriceModel:
        """The last price, without Greeks."""
        return CurrentPriceOptionPriceModel()

    @staticmethod
    def black_scholes() -> IndicatorBasedOptionPriceModel:
        """LEAN's own model by the formula."""
        return IndicatorBasedOptionPriceModel(OptionPricingModelType.BLACK_SCHOLES, OptionPricingModelType.BLACK_SCHOLES)

    @staticmethod
    def forward_tree() -> IndicatorBasedOptionPriceModel:
        """LEAN's own model by its forward tree."""
        return IndicatorBasedOptionPriceModel(OptionPricingModelType.FORWARD_TREE, OptionPricingModelType.FORWARD_TREE)


class QLOptionPriceModelProvider:
    """QuantLib's default model of a style."""

    INSTANCE: QLOptionPriceModelProvider

    def get_option_price_model(self, symbol: Any, pricing_model_type: OptionPricingModelType | None = None) -> QLOptionPriceModel:
        """The formula for European options, a binomial tree for American ones, unless a type is given."""
        kind = pricing_model_type
        if kind is None:
            is_european = symbol.id.option_style == OptionStyle.EUROPEAN
            kind = OptionPricingModelType.BLACK_SCHOLES if is_european else OptionPricingModelType.BINOMIAL_COX_ROSS_RUBINSTEIN
        if kind == OptionPricingModelType.BLACK_SCHOLES:
            return QuantLibModels.black_scholes()
        if kind == OptionPricingModelType.BINOMIAL_COX_ROSS_RUBINSTEIN:
            return QuantLibModels.binomial_cox_ross_rubinstein()
        raise ArgumentException(f"Unsupported pricing model type: {kind}")


QLOptionPriceModelProvider.INSTANCE = QLOptionPriceModelProvider()
