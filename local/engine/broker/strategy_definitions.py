"""The option strategies LEAN knows, as data, in LEAN's order.

A leg is a right, a ratio and conditions on earlier legs. `K` and `E` are the candidate's strike and expiry; `K0`,
`E0` and so on are those of the first and later legs. Sold the other way round, a strategy without a name of its own
stays matchable under its first name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from local.engine.enums import OptionRight

Contract = tuple[float, datetime]
"""Strike and expiry of a candidate or of a matched leg."""

Condition = Callable[[Sequence[Contract], Contract], bool]

_CONDITIONS: dict[str, Condition] = {
    "K<K0": lambda legs, c: c[0] < legs[0][0],
    "K>K0": lambda legs, c: c[0] > legs[0][0],
    "K=K0": lambda legs, c: c[0] == legs[0][0],
    "K>=K0": lambda legs, c: c[0] >= legs[0][0],
    "K<K1": lambda legs, c: c[0] < legs[1][0],
    "K>K1": lambda legs, c: c[0] > legs[1][0],
    "K=K1": lambda legs, c: c[0] == legs[1][0],
    "K>=K1": lambda legs, c: c[0] >= legs[1][0],
    "K>K2": lambda legs, c: c[0] > legs[2][0],
    "K-K1=K1-K0": lambda legs, c: round(c[0] - legs[1][0], 9) == round(legs[1][0] - legs[0][0], 9),
    "K=2K0-K1": lambda legs, c: round(c[0], 9) == round(legs[0][0] * 2 - legs[1][0], 9),
    "E=E0": lambda legs, c: c[1] == legs[0][1],
    "E>E0": lambda legs, c: c[1] > legs[0][1],
    "E=E1": lambda legs, c: c[1] == legs[1][1],
}


@dataclass(frozen=True, slots=True)
class LegDefinition:
    """One leg: right, signed ratio, names of its conditions."""

    right: OptionRight
    quantity: int
    conditions: tuple[str, ...]

    def accepts(self, legs: Sequence[Contract], candidate: Contract) -> bool:
        """Tell whether a candidate meets every condition."""
        return all(_CONDITIONS[name](legs, candidate) for name in self.conditions)


@dataclass(frozen=True, slots=True)
class StrategyDefinition:
    """A strategy: name, lots of the underlying, legs."""

    name: str
    underlying_lots: int
    legs: tuple[LegDefinition, ...]

    @property
    def leg_count(self) -> int:
        """Number of legs, the underlying counted as one."""
        return len(self.legs) + (self.underlying_lots != 0)

    def inverted(self) -> StrategyDefinition:
        """Return the strategy sold instead of bought."""
        legs = tuple(LegDefinition(leg.right, -leg.quantity, leg.conditions) for leg in self.legs)
        return StrategyDefinition(self.name, -self.underlying_lots, legs)

    def names_inverse(self, inverse: StrategyDefinition) -> bool:
        """Tell whether `inverse` is this strategy under another name."""
        if self.underlying_lots != inverse.underlying_lots or len(self.legs) != len(inverse.legs):
            return False
        return all(any(leg.right is other.right and leg.quantity == other.quantity
                       and set(leg.conditions) <= set(other.conditions) for other in inverse.legs)
                   for leg in self.legs)

    @property
    def leaves_short_uncovered(self) -> bool:
        """Whether more is sold than bought of a right, beyond what the underlying covers."""
        net = {OptionRight.CALL: 0, OptionRight.PUT: 0}
        for leg in self.legs:
            net[leg.right] += leg.quantity
        return -net[OptionRight.CALL] > max(0, self.underlying_lots) or \
            -net[OptionRight.PUT] > max(0, -self.underlying_lots)


def _define(name: str, lots: int, *legs: str) -> StrategyDefinition:
    """Read legs written as `C-1 K>K0 E=E0`."""
    parsed = []
    for leg in legs:
        head, *conditions = leg.split()
        right = OptionRight.CALL if head[0] == "C" else OptionRight.PUT
        parsed.append(LegDefinition(right, int(head[1:]), tuple(conditions)))
    return StrategyDefinition(name, lots, tuple(parsed))


_NAMED = (
    _define("Covered Call", 1, "C-1"),
    _define("Protective Call", -1, "C+1"),
    _define("Covered Put", -1, "P-1"),
    _define("Protective Put", 1, "P+1"),
    _define("Protective Collar", 1, "C-1", "P+1 K<K0 E=E0"),
    _define("Conversion", 1, "C-1", "P+1 K=K0 E=E0"),
    _define("Reverse Conversion", -1, "C+1", "P-1 K=K0 E=E0"),
    _define("Naked Call", 0, "C-1"),
    _define("Naked Put", 0, "P-1"),
    _define("Bear Call Spread", 0, "C-1", "C+1 K>K0 E=E0"),
    _define("Bear Put Spread", 0, "P+1", "P-1 K<K0 E=E0"),
    _define("Bull Call Spread", 0, "C+1", "C-1 K>K0 E=E0"),
    _define("Bull Put Spread", 0, "P-1", "P+1 K<K0 E=E0"),
    _define("Straddle", 0, "C+1", "P+1 K=K0 E=E0"),
    _define("Short Straddle", 0, "C-1", "P-1 K=K0 E=E0"),
    _define("Strangle", 0, "C+1", "P+1 K<K0 E=E0"),
    _define("Short Strangle", 0, "C-1", "P-1 K<K0 E=E0"),
    _define("Butterfly Call", 0, "C+1", "C-2 K>=K0 E=E0", "C+1 K>=K1 E=E0 K-K1=K1-K0"),
    _define("Short Butterfly Call", 0, "C-1", "C+2 K>=K0 E=E0", "C-1 K>=K1 E=E0 K-K1=K1-K0"),
    _define("Butterfly Put", 0, "P+1", "P-2 K>=K0 E=E0", "P+1 K>=K1 E=E0 K-K1=K1-K0"),
    _define("Short Butterfly Put", 0, "P-1", "P+2 K>=K0 E=E0", "P-1 K>=K1 E=E0 K-K1=K1-K0"),
    _define("Call Calendar Spread", 0, "C-1", "C+1 K=K0 E>E0"),
    _define("Short Call Calendar Spread", 0, "C+1", "C-1 K=K0 E>E0"),
    _define("Put Calendar Spread", 0, "P-1", "P+1 K=K0 E>E0"),
    _define("Short Put Calendar Spread", 0, "P+1", "P-1 K=K0 E>E0"),
    _define("Iron Butterfly", 0, "P-1", "P+1 K<K0 E=E0", "C-1 K=K0 E=E0", "C+1 E=E0 K=2K0-K1"),
    _define("Short Iron Butterfly", 0, "P+1", "P-1 K<K0 E=E0", "C+1 K=K0 E=E0", "C-1 E=E0 K=2K0-K1"),
    _define("Iron Condor", 0, "P+1", "P-1 K>K0 E=E0", "C-1 K>K1 E=E0", "C+1 K>K2 E=E0"),
    _define("Short Iron Condor", 0, "P-1", "P+1 K>K0 E=E0", "C+1 K>K1 E=E0", "C-1 K>K2 E=E0"),
    _define("Box Spread", 0, "P+1", "P-1 K<K0 E=E0", "C+1 K=K1 E=E0", "C-1 K=K0 E=E0"),
    _define("Short Box Spread", 0, "P-1", "P+1 K<K0 E=E0", "C-1 K=K1 E=E0", "C+1 K=K0 E=E0"),
    _define("Jelly Roll", 0, "C-1", "C+1 K=K0 E>E0", "P+1 K=K0 E=E0", "P-1 K=K0 E=E1"),
    _define("Short Jelly Roll", 0, "C+1", "C-1 K=K0 E>E0", "P-1 K=K0 E=E0", "P+1 K=K0 E=E1"),
    _define("Bear Call Ladder", 0, "C-1", "C+1 K>K0 E=E0", "C+1 K>K1 E=E0"),
    _define("Bear Put Ladder", 0, "P+1", "P-1 K<K0 E=E0", "P-1 K<K1 E=E0"),
    _define("Bull Call Ladder", 0, "C+1", "C-1 K>K0 E=E0", "C-1 K>K1 E=E0"),
    _define("Bull Put Ladder", 0, "P-1", "P+1 K<K0 E=E0", "P+1 K<K1 E=E0"),
    _define("Call Backspread", 0, "C-1", "C+2 K>K0 E=E0"),
    _define("Put Backspread", 0, "P-1", "P+2 K<K0 E=E0"),
    _define("Short Call Backspread", 0, "C+1", "C-2 K>K0 E=E0"),
    _define("Short Put Backspread", 0, "P+1", "P-2 K<K0 E=E0"),
)


def _with_inverses() -> tuple[StrategyDefinition, ...]:
    """Return every definition followed by its inverse where that has no name, most legs first."""
    definitions = []
    for strategy in _NAMED:
        definitions.append(strategy)
        inverse = strategy.inverted()
        if not any(named.names_inverse(inverse) for named in _NAMED):
            definitions.append(inverse)
    return tuple(sorted(definitions, key=lambda definition: -definition.leg_count))


DEFINITIONS = _with_inverses()
"""Every definition in the order it is tried."""

COVERED_FIRST = tuple(sorted(DEFINITIONS, key=lambda definition: definition.leaves_short_uncovered))
"""The second order: strategies that leave a short uncovered come last."""
