"""Resolves holdings into position groups and keeps them until holdings change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from local.engine.broker.group_margin import (OptionStrategyPositionGroupBuyingPowerModel,
                                              SecurityPositionGroupBuyingPowerModel)
from local.engine.broker.orders import Order
from local.engine.broker.positions import Position, PositionGroup, PositionGroupCollection
from local.engine.broker.strategy_matcher import MatchedStrategy, match_strategies
from local.engine.enums import SecurityType

if TYPE_CHECKING:
    from local.engine.broker.portfolio import SecurityPortfolioManager
    from local.engine.market.symbol import Symbol

_WITH_OPTIONS = frozenset((SecurityType.EQUITY, SecurityType.FUTURE, SecurityType.INDEX))


class SecurityPositionGroupModel:
    """LEAN's position manager: option strategies first, every other position on its own."""

    NULL: SecurityPositionGroupModel
    groups_strategies = True

    def __init__(self) -> None:
        self._portfolio: SecurityPortfolioManager | None = None
        self._groups = PositionGroupCollection()
        self._stale = True
        self._default_model = SecurityPositionGroupBuyingPowerModel()
        self._matches: dict[tuple[tuple[Symbol, int], ...], list[MatchedStrategy]] = {}

    def initialize(self, portfolio: SecurityPortfolioManager) -> None:
        """Serve a portfolio."""
        self._portfolio = portfolio
        self._stale = True

    def invalidate(self) -> None:
        """Forget the groups: a holding has changed."""
        self._stale = True

    @property
    def groups(self) -> PositionGroupCollection:
        """The groups of the current holdings."""
        if self._stale:
            self._stale = False
            held = [Position.of(security) for security in self._portfolio.invested_securities()]
            self._groups = PositionGroupCollection(self.resolve(held))
        return self._groups

    @property
    def is_only_default_groups(self) -> bool:
        """Whether no strategy is held."""
        return self.groups.is_only_default_groups

    # -- grouping ------------------------------------------------------------------------------------------------

    def resolve(self, positions: Sequence[Position]) -> list[PositionGroup]:
        """Return the groups of a set of positions, at most one position a symbol."""
        strategies = list(self._strategy_groups(positions)) if self.groups_strategies else []
        left = {position.symbol: position for position in positions}
        for group in strategies:
            for position in group:
                rest = left[position.symbol].deduct(position.quantity)
                if rest.quantity == 0:
                    del left[position.symbol]
                else:
                    left[position.symbol] = rest
        singles = [PositionGroup(self._default_model, p.quantity / p.unit_quantity, (p,)) for p in left.values()]
        return list(PositionGroupCollection([*strategies, *singles]))

    def _strategy_groups(self, positions: Iterable[Position]) -> Iterable[PositionGroup]:
        """Yield the strategies of each underlying; an empty group when everything of one nets to nothing."""
        by_underlying: dict[Symbol, list[Position]] = {}
        for position in positions:
            symbol = position.symbol
            if symbol.security_type.is_option():
                by_underlying.setdefault(symbol.underlying, []).append(position)
            elif symbol.security_type in _WITH_OPTIONS:
                by_underlying.setdefault(symbol, []).append(position)
        for underlying, members in by_underlying.items():
            option = next((p for p in members if p.symbol.security_type.is_option()), None)
            if option is None:
                continue
            unit = self._portfolio.securities[option.symbol].contract_unit_of_trade
            contracts: dict[Symbol, int] = {}
            for position in members:
                lots = int(position.quantity) if position.symbol.security_type.is_option() else \
                    int(position.quantity / unit)
                contracts[position.symbol] = contracts.get(position.symbol, 0) + lots
            contracts = {symbol: lots for symbol, lots in contracts.items() if lots}
            if not contracts:
                yield PositionGroup(OptionStrategyPositionGroupBuyingPowerModel(None), 0.0, ())
                return
            for strategy in self._match(contracts, underlying):
                yield self._group_of(strategy, unit)

    def _match(self, contracts: dict[Symbol, int], underlying: Symbol) -> list[MatchedStrategy]:
        key = tuple(contracts.items())
        found = self._matches.get(key)
        if found is None:
            if len(self._matches) > 512:
                self._matches.clear()
            found = self._matches[key] = match_strategies(contracts, underlying)
        return found

    @staticmethod
    def _group_of(strategy: MatchedStrategy, unit: float) -> PositionGroup:
        quantities = [leg.quantity for leg in strategy.option_legs]
        if strategy.underlying_lots:
            quantities.append(strategy.underlying_lots)
        count = math.gcd(*quantities)
        positions = [Position(leg.symbol, float(leg.quantity), abs(leg.quantity) // count)
                     for leg in strategy.option_legs]
        if strategy.underlying_lots:
            shares = strategy.underlying_lots * unit
            positions.append(Position(strategy.underlying, shares, abs(shares) / count))
        return PositionGroup(OptionStrategyPositionGroupBuyingPowerModel(strategy.name), float(count), positions)

    # -- orders --------------------------------------------------------------------------------------------------

    def get_impacted_groups(self, positions: Sequence[Position]) -> list[PositionGroup]:
        """Return the groups that a change of these positions can regroup."""
        impacted: dict[object, PositionGroup] = {}
        if self.groups_strategies:
            impacted = {group.key: group for group in self._strategy_impacted(positions)}
        for position in positions:
            for group in self.groups.groups_of(position.symbol):
                impacted.setdefault(group.key, group)
        return list(impacted.values())

    def create_group(self, orders: Sequence[Order]) -> PositionGroup | None:
        """Return the group that decides about the orders, None when each security decides on its own."""
        securities = self._portfolio.securities
        new = [Position.of(securities[order.symbol], order.quantity) for order in orders]
        group = self._strategy_for(new) if self.groups_strategies else None
        if group is None and len(new) == 1:
            group = PositionGroup(self._default_model, new[0].quantity / new[0].unit_quantity, new)
        return group

    def _strategy_for(self, new: list[Position]) -> PositionGroup | None:
        positions = list(new)
        if len(self.groups):
            for group in self._strategy_impacted(new):
                positions.extend(group)
        elif len(new) == 1:
            return None
        for group in self._strategy_groups(positions):
            if group.count == 0 or any(position.symbol in group for position in new):
                return group
            return PositionGroup(OptionStrategyPositionGroupBuyingPowerModel(None), 0.0, ())
        return None

    def _strategy_impacted(self, positions: Sequence[Position]) -> list[PositionGroup]:
        symbols: set[Symbol] = set()
        for position in positions:
            symbol = position.symbol
            if symbol.security_type.is_option():
                symbols.update((symbol, symbol.underlying))
            elif symbol.security_type in _WITH_OPTIONS:
                symbols.add(symbol)
        return [group for group in self.groups
                if group.quantity and any(_touches(p.symbol, symbols) for p in group)] if symbols else []

    # -- other -----------------------------------------------------------------------------------------------------

    def get_or_create_default_group(self, security: object) -> PositionGroup:
        """Return the security's own group, empty when it is not held on its own."""
        empty = PositionGroup(self._default_model, 0.0, (Position.of(security, 0.0),))
        return self.groups.get(empty.key) or empty

    def group_for_key(self, group: PositionGroup) -> PositionGroup:
        """Return the held group of the same key, or the group with nothing in it."""
        held = self.groups.get(group.key)
        if held is not None:
            return held
        empty = [Position(p.symbol, 0.0, p.unit_quantity) for p in group]
        return PositionGroup(group.buying_power_model, 0.0, empty)

    def with_quantity(self, template: PositionGroup, quantity: float) -> PositionGroup:
        """Return a group at another number of units; below zero it is resolved anew as its inverse."""
        positions = [position.with_lots(quantity) for position in template]
        if quantity < 0:
            (group,) = self.resolve(positions)
            return group
        return PositionGroup(template.buying_power_model, quantity, positions)


class NullSecurityPositionGroupModel(SecurityPositionGroupModel):
    """No strategies: every position on its own."""

    groups_strategies = False


SecurityPositionGroupModel.NULL = NullSecurityPositionGroupModel()


def _touches(symbol: Symbol, symbols: set[Symbol]) -> bool:
    return symbol in symbols or symbol.security_type.is_option() and symbol.underlying in symbols
