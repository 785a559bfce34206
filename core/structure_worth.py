"""What a structure of options can be worth at least and at most, whatever the underlying does: the one home of it.

Nothing here is a model. A structure whose legs expire together is worth a discounted mean of its payoffs, so that it
lies between the least and the greatest of them. Legs of several expiries are bounded one expiry at a time; where every
long leg lives as long as every short one, American options on the same thing add that a longer life is worth no less.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import inf
from typing import Iterable, Sequence

from core.errors import CannotCompute
from core.model import Contract, ContractKind, Right

SignedLeg = tuple[Contract, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Least and greatest value of one unit in points, seen from who holds the legs as they are signed: the short
    vertical of width 5 lies between -5 and 0. Infinite where nothing bounds it."""

    least: float
    greatest: float

    def holds(self, points: float, tolerance: float = 0.0) -> bool:
        """Whether ``points`` a unit can be the structure's value."""
        return self.least - tolerance <= points <= self.greatest + tolerance


def structure_worth(legs: Iterable[SignedLeg]) -> Worth:
    """Bounds of what ``legs`` (contract, signed count in one unit) can be worth until they expire.

    Raises
    ------
    CannotCompute
        When there are no legs, or options of several multipliers: a unit has no value in points then.
    """
    legs = tuple(legs)
    point = _dollars_a_point(legs)
    by_expiry: dict[object, list[SignedLeg]] = defaultdict(list)
    for contract, count in legs:
        by_expiry[contract.expiry, contract.future_expiry].append((contract, count))
    ranges = [payoff_range_usd(group) for group in by_expiry.values()]
    # Payoffs are discounted: a bound above nothing (below nothing) is not quite reached before expiry.
    least, greatest = (sum(low for low, _ in ranges), sum(high for _, high in ranges))
    if len(ranges) > 1 and _one_american_asset(legs):
        low, high = payoff_range_usd(legs)
        least = max(least, low) if _outlive(legs, longs=True) else least
        greatest = min(greatest, high) if _outlive(legs, longs=False) else greatest
    return Worth(least=min(0.0, least) / point, greatest=max(0.0, greatest) / point)


def payoff_range_usd(legs: Sequence[SignedLeg]) -> tuple[float, float]:
    """Least and greatest sum in USD, over the underlying's price, of contracts that are all worth their exercise value.

    Piecewise linear, so both are reached at 0, at a strike or nowhere: infinite on the side where calls (with shares)
    are not as many long as short, and for futures, whose price can go below zero, puts.
    """
    upward = sum(count * contract.multiplier for contract, count in legs
                 if contract.right is Right.CALL or contract.kind is ContractKind.EQUITY)
    downward = sum(count * contract.multiplier for contract, count in legs
                   if contract.right is Right.PUT and contract.kind is ContractKind.FUTURE_OPTION)
    sums = [sum(count * contract.multiplier * contract.intrinsic(spot) for contract, count in legs)
            for spot in {0.0} | {contract.strike for contract, _ in legs}]
    return (-inf if min(upward, downward) < 0 else min(sums), inf if max(upward, downward) > 0 else max(sums))


def _dollars_a_point(legs: Sequence[SignedLeg]) -> float:
    """Multiplier of the options, of the shares where there are only shares."""
    found = {contract.multiplier for contract, _ in legs if contract.kind is not ContractKind.EQUITY} \
        or {contract.multiplier for contract, _ in legs}
    if len(found) != 1:
        raise CannotCompute("a structure needs legs of one multiplier", multipliers=sorted(found))
    return found.pop()


def _one_american_asset(legs: Sequence[SignedLeg]) -> bool:
    """Whether a longer life can never make one of these contracts cheaper: American, all on one and the same thing."""
    return (len({(contract.underlying, contract.future_expiry) for contract, _ in legs}) == 1
            and all(contract.kind is not ContractKind.INDEX_OPTION for contract, _ in legs))


def _outlive(legs: Sequence[SignedLeg], *, longs: bool) -> bool:
    """Whether every long leg (``longs`` False: every short one) lives at least as long as every other."""
    sign = 1 if longs else -1
    last = [contract.expiry for contract, count in legs if count * sign < 0]
    return not last or min(contract.expiry for contract, count in legs if count * sign > 0) >= max(last)
