"""Buying power models of position groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local.engine.broker.enums import OrderDirection
from local.engine.broker.margin import above_minimum_order_margin, order_fee, zero_price_message
from local.engine.broker.margin_types import (GetMaximumOrderQuantityResult,
                                              HasSufficientBuyingPowerForOrderParameters,
                                              HasSufficientBuyingPowerForOrderResult, InitialMargin,
                                              MaximumOrderQuantityParameters, OptionInitialMargin)
from local.engine.broker.numeric import exact, sign, text
from local.engine.broker.orders import MarketOrder, Order
from local.engine.broker.positions import Position, PositionGroup
from local.engine.broker.strategy_margin import initial_margin, maintenance_margin
from local.engine.errors import ArgumentException

if TYPE_CHECKING:
    from local.engine.broker.portfolio import SecurityPortfolioManager

SUFFICIENT = HasSufficientBuyingPowerForOrderResult(True)


class PositionGroupBuyingPowerModel:
    """What all group models share."""

    kind = "abstract"

    def get_maintenance_margin(self, portfolio: SecurityPortfolioManager, group: PositionGroup) -> float:
        """Return the margin to keep the group."""
        raise NotImplementedError(f"{type(self).__name__}.get_maintenance_margin")

    def get_initial_margin_requirement(self, portfolio: SecurityPortfolioManager,
                                       group: PositionGroup) -> InitialMargin:
        """Return the margin to open the group."""
        raise NotImplementedError(f"{type(self).__name__}.get_initial_margin_requirement")

    # -- orders --------------------------------------------------------------------------------------------------

    def has_sufficient_buying_power_for_order(self, portfolio: SecurityPortfolioManager, group: PositionGroup,
                                              orders: Sequence[Order]) -> HasSufficientBuyingPowerForOrderResult:
        """Tell whether the change in margin that the orders make is free."""
        delta = self._margin_change(portfolio, orders)
        if delta < 0:
            return SUFFICIENT
        free = portfolio.margin_remaining
        if delta <= exact(free):
            return SUFFICIENT
        ids = ",".join(str(order.id) for order in orders)
        return HasSufficientBuyingPowerForOrderResult(
            False, f"Id: {ids}, Maintenance Margin Delta: {text(delta)}, Free Margin: {text(free)}")

    def _margin_change(self, portfolio: SecurityPortfolioManager, orders: Sequence[Order]) -> float:
        """Margin of the groups that would result less that of the groups the orders touch."""
        model = portfolio.positions
        ordered = [Position.of(portfolio.securities[order.symbol], order.quantity) for order in orders]
        combined: dict[object, Position] = {}
        for position in ordered:
            if position.symbol in combined:
                raise ArgumentException(f"An item with the same key has already been added. Key: {position.symbol.value}")
            combined[position.symbol] = position
        current = 0.0
        for group in model.get_impacted_groups(ordered):
            current += group.buying_power_model.get_maintenance_margin(portfolio, group)
            for position in group:
                existing = combined.get(position.symbol)
                combined[position.symbol] = position if existing is None else existing.combine(position)
        groups = model.resolve(list(combined.values()))
        return exact(self._contemplated_margin(portfolio, groups, ordered) - current)

    def _contemplated_margin(self, portfolio: SecurityPortfolioManager, groups: Sequence[PositionGroup],
                             ordered: list[Position]) -> float:
        return sum(group.buying_power_model.get_initial_margin_requirement(portfolio, group) for group in groups)

    # -- free power and sizing -----------------------------------------------------------------------------------

    def get_buying_power(self, portfolio: SecurityPortfolioManager, group: PositionGroup,
                         direction: OrderDirection) -> float:
        """Return what is free for trading the group; closing it adds its maintenance and initial margin."""
        power = portfolio.margin_remaining
        existing = portfolio.positions.groups.get(group.key)
        if existing is not None:
            inverted = group.is_inverted_of(existing)
            if inverted and direction is OrderDirection.BUY or not inverted and direction is OrderDirection.SELL:
                model = existing.buying_power_model
                power += model.get_maintenance_margin(portfolio, existing)
                power += abs(model.get_initial_margin_requirement(portfolio, existing))
        return exact(power)

    def get_maximum_lots_for_delta_buying_power(self, portfolio: SecurityPortfolioManager, group: PositionGroup,
                                                delta: float, minimum: float) -> GetMaximumOrderQuantityResult:
        """Return the number of units that change the group's margin by an amount of account currency."""
        held = portfolio.positions.group_for_key(group)
        used = group.buying_power_model.get_maintenance_margin(portfolio, held)
        target = delta - used if group.is_inverted_of(held) else used + delta
        value = portfolio.total_portfolio_value
        return self.get_maximum_lots_for_target_buying_power(portfolio, group, target / value if value else 0.0,
                                                             minimum)

    def get_maximum_lots_for_target_buying_power(self, portfolio: SecurityPortfolioManager, group: PositionGroup,
                                                 target: float, minimum: float) -> GetMaximumOrderQuantityResult:
        """Return the number of units that bring the group's margin to a share of portfolio value."""
        held = portfolio.positions.group_for_key(group)
        inverted = group.is_inverted_of(held)
        target = -target if inverted else target
        value = portfolio.total_portfolio_value
        margin = target * value
        if exact(margin) == 0:
            quantity = -abs(held.quantity)
            return GetMaximumOrderQuantityResult(-quantity if inverted else quantity)
        used = abs(self._initial(portfolio, held)) if held.quantity else 0.0
        if not above_minimum_order_margin(portfolio, minimum, abs(margin - used)):
            return GetMaximumOrderQuantityResult(0.0, "The target order margin is less than the minimum.")
        unit_margin = abs(self._initial(portfolio, portfolio.positions.with_quantity(held, 1)))
        if unit_margin == 0:
            return GetMaximumOrderQuantityResult(0.0, self._no_margin_reason(portfolio, group), True)
        last = 0.0
        while True:
            quantity, final = self._group_order_quantity(portfolio, held, used, margin)
            if quantity == 0:
                return GetMaximumOrderQuantityResult(0.0, "The position group quantity was rounded to zero.")
            changed = portfolio.positions.with_quantity(held, quantity)
            margin = (value - self._fees(portfolio, changed)) * target
            if last == quantity:
                raise ValueError(f"{type(self).__name__}: failed to converge on the target margin {margin} of {group}")
            last = quantity
            if abs(final) <= abs(margin):
                return GetMaximumOrderQuantityResult(-quantity if inverted else quantity)

    @staticmethod
    def _initial(portfolio: SecurityPortfolioManager, group: PositionGroup) -> float:
        return group.buying_power_model.get_initial_margin_requirement(portfolio, group)

    @staticmethod
    def _no_margin_reason(portfolio: SecurityPortfolioManager, group: PositionGroup) -> str:
        for position in group:
            if portfolio.securities[position.symbol].price == 0:
                return zero_price_message(portfolio.securities[position.symbol])
        return f"Computed zero initial margin requirement for {group}."

    @staticmethod
    def _fees(portfolio: SecurityPortfolioManager, group: PositionGroup) -> float:
        total = 0.0
        for position in group:
            security = portfolio.securities[position.symbol]
            total += order_fee(security, MarketOrder(position.symbol, position.quantity, security.utc_time))
        return total

    def _group_order_quantity(self, portfolio: SecurityPortfolioManager, held: PositionGroup, used: float,
                              target: float) -> tuple[float, float]:
        """Step unit by unit until the margin meets the target; returns units to order and the margin after."""
        step = 1 if target > used else -1
        absolute = abs(held.quantity)
        quantity = -absolute + step if target < 0 else step
        goal = abs(target)

        def margin_after(units: float) -> float:
            group = portfolio.positions.with_quantity(held, absolute + units)
            return abs(self._initial(portfolio, group))

        def difference(margin: float) -> float:
            return goal - margin if target < 0 else margin - goal

        final = first = margin_after(quantity)
        gap = difference(final)
        while step < 0 < gap or gap < 0 < step:
            quantity += step
            final = margin_after(quantity)
            new_gap = difference(final)
            if abs(new_gap) > abs(gap) and sign(new_gap) == sign(gap) or new_gap == gap:
                raise ValueError(f"{type(self).__name__}: failed to converge to target margin {target} of {held}")
            gap = new_gap
        if final > goal:
            return quantity - step, first
        return quantity, final


class SecurityPositionGroupBuyingPowerModel(PositionGroupBuyingPowerModel):
    """A single security: its own model decides."""

    kind = "security"

    def get_maintenance_margin(self, portfolio: SecurityPortfolioManager, group: PositionGroup) -> float:
        """Return the sum of the securities' maintenance margins."""
        return sum(portfolio.securities[p.symbol].buying_power_model.maintenance_requirement(
            portfolio.securities[p.symbol], p.quantity) for p in group)

    def get_initial_margin_requirement(self, portfolio: SecurityPortfolioManager,
                                       group: PositionGroup) -> InitialMargin:
        """Return the sum of the securities' initial margins."""
        return InitialMargin(sum(portfolio.securities[p.symbol].buying_power_model.initial_requirement(
            portfolio.securities[p.symbol], p.quantity) for p in group))

    def has_sufficient_buying_power_for_order(self, portfolio: SecurityPortfolioManager, group: PositionGroup,
                                              orders: Sequence[Order]) -> HasSufficientBuyingPowerForOrderResult:
        """Ask the security's model about the single order."""
        (position,), (order,) = group.positions, orders
        security = portfolio.securities[position.symbol]
        return security.buying_power_model.has_sufficient_buying_power_for_order(
            HasSufficientBuyingPowerForOrderParameters(portfolio, security, order))

    def get_maximum_lots_for_target_buying_power(self, portfolio: SecurityPortfolioManager, group: PositionGroup,
                                                 target: float, minimum: float) -> GetMaximumOrderQuantityResult:
        """Ask the security's model, in lots."""
        return self._lots(portfolio, group, "get_maximum_order_quantity_for_target_buying_power", target, minimum)

    def get_maximum_lots_for_delta_buying_power(self, portfolio: SecurityPortfolioManager, group: PositionGroup,
                                                delta: float, minimum: float) -> GetMaximumOrderQuantityResult:
        """Ask the security's model, in lots."""
        return self._lots(portfolio, group, "get_maximum_order_quantity_for_delta_buying_power", delta, minimum)

    @staticmethod
    def _lots(portfolio: SecurityPortfolioManager, group: PositionGroup, method: str, amount: float,
              minimum: float) -> GetMaximumOrderQuantityResult:
        (position,) = group.positions
        security = portfolio.securities[position.symbol]
        result = getattr(security.buying_power_model, method)(
            MaximumOrderQuantityParameters(portfolio, security, amount, minimum))
        lots = result.quantity / security.symbol_properties.lot_size
        return GetMaximumOrderQuantityResult(lots, result.reason, result.is_error)


class OptionStrategyPositionGroupBuyingPowerModel(PositionGroupBuyingPowerModel):
    """A strategy: margin by the strategy's name; None for a strategy being closed."""

    kind = "strategy"

    def __init__(self, strategy: str | None) -> None:
        self.strategy = strategy

    def get_maintenance_margin(self, portfolio: SecurityPortfolioManager, group: PositionGroup) -> float:
        """Return the strategy's maintenance margin."""
        if group.quantity == 0 or self.strategy is None:
            return 0.0
        return exact(maintenance_margin(self.strategy, portfolio, group))

    def get_initial_margin_requirement(self, portfolio: SecurityPortfolioManager,
                                       group: PositionGroup) -> InitialMargin:
        """Return the strategy's initial margin, with the net premium paid."""
        if group.quantity == 0:
            return OptionInitialMargin(0.0, 0.0)
        requirement = 0.0 if self.strategy is None else initial_margin(self.strategy, portfolio, group)
        if isinstance(requirement, OptionInitialMargin):
            return requirement
        premium = sum(portfolio.securities[p.symbol].holdings.get_quantity_value(p.quantity) for p in group
                      if p.symbol.security_type.is_option())
        return OptionInitialMargin(exact(requirement), exact(premium))

    def _contemplated_margin(self, portfolio: SecurityPortfolioManager, groups: Sequence[PositionGroup],
                             ordered: list[Position]) -> float:
        """Margin without premium of all groups, plus the premium that the orders themselves pay."""
        total = 0.0
        for group in groups:
            margin = group.buying_power_model.get_initial_margin_requirement(portfolio, group)
            total += margin.value_without_premium if isinstance(margin, OptionInitialMargin) else margin
        for group in portfolio.positions.resolve(ordered):
            margin = group.buying_power_model.get_initial_margin_requirement(portfolio, group)
            if isinstance(margin, OptionInitialMargin):
                total += margin - margin.value_without_premium
        return total

    def __str__(self) -> str:
        return str(self.strategy)
