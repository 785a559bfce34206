"""Positions and groups of positions that are margined together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.engine.broker.numeric import exact, sign

if TYPE_CHECKING:
    from local.engine.broker.group_margin import PositionGroupBuyingPowerModel
    from local.engine.market.security import Security
    from local.engine.market.symbol import Symbol

GroupKey = tuple[str, tuple[tuple["Symbol", float], ...]]
"""Kind of buying power model and, by symbol, the unit quantities."""


@dataclass(frozen=True, slots=True)
class Position:
    """A signed quantity of a symbol; the unit is what one unit of its group has of it."""

    symbol: Symbol
    quantity: float
    unit_quantity: float

    @staticmethod
    def of(security: Security, quantity: float | None = None) -> Position:
        """Return a position of a security, its holding by default."""
        held = security.holdings.quantity if quantity is None else quantity
        return Position(security.symbol, held, security.symbol_properties.lot_size or 1.0)

    def combine(self, other: Position) -> Position:
        """Return the sum of two positions in one symbol."""
        return Position(self.symbol, exact(self.quantity + other.quantity),
                        min(self.unit_quantity, other.unit_quantity))

    def deduct(self, quantity: float) -> Position:
        """Return the position less a quantity."""
        return Position(self.symbol, exact(self.quantity - quantity), self.unit_quantity)

    def with_lots(self, lots: float) -> Position:
        """Return the position at a number of units, on its own side."""
        side = -1 if self.quantity < 0 else 1
        return Position(self.symbol, lots * self.unit_quantity * side, self.unit_quantity)


class PositionGroup:
    """Positions margined together, with the model that does it."""

    def __init__(self, model: PositionGroupBuyingPowerModel, quantity: float, positions: Iterable[Position]) -> None:
        self.buying_power_model = model
        self.quantity = quantity
        self._positions = {position.symbol: position for position in positions}
        ordered = sorted(self._positions.values(), key=lambda position: str(position.symbol.id))
        self.key: GroupKey = (model.kind, tuple((p.symbol, p.unit_quantity) for p in ordered))

    @property
    def positions(self) -> list[Position]:
        """The positions."""
        return list(self._positions.values())

    @property
    def count(self) -> int:
        """Number of positions."""
        return len(self._positions)

    @property
    def is_default(self) -> bool:
        """Whether this is one security on its own."""
        return self.count == 1 and self.buying_power_model.kind == "security"

    def __iter__(self) -> Iterator[Position]:
        return iter(self._positions.values())

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._positions

    def get_position(self, symbol: Symbol) -> Position:
        """Return the position of a symbol; KeyError when it is not in the group."""
        return self._positions[symbol]

    def is_inverted_of(self, other: PositionGroup) -> bool:
        """Tell whether every position is on the other side."""
        return self.count == other.count and all(
            sign(position.quantity) == -sign(other.get_position(position.symbol).quantity) for position in self)

    def __str__(self) -> str:
        legs = "|".join(f"{position.symbol}:{position.unit_quantity:g}" for position in self)
        return f"{legs}: {self.quantity:g}"


class PositionGroupCollection:
    """Groups by key; a later group replaces one of the same key."""

    def __init__(self, groups: Iterable[PositionGroup] = ()) -> None:
        self._groups: dict[GroupKey, PositionGroup] = {}
        self._by_symbol: dict[Symbol, list[PositionGroup]] = {}
        for group in groups:
            self.add(group)

    def add(self, group: PositionGroup) -> None:
        """Enter a group."""
        for position in group:
            self._by_symbol.setdefault(position.symbol, []).append(group)
        self._groups[group.key] = group

    def __iter__(self) -> Iterator[PositionGroup]:
        return iter(self._groups.values())

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def is_only_default_groups(self) -> bool:
        """Whether no strategy is among the groups."""
        return all(group.is_default for group in self)

    def get(self, key: GroupKey) -> PositionGroup | None:
        """Return a group by key."""
        return self._groups.get(key)

    def groups_of(self, symbol: Symbol) -> list[PositionGroup]:
        """Return the groups that hold a symbol."""
        return self._by_symbol.get(symbol, [])
