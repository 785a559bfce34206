"""The least and the greatest that a structure of options can be worth, whatever the underlying does.

No model is used. If all legs of a structure expire together, its value is a discounted mean of its payoffs, so it lies
between the least and the greatest payoff. Legs of several expiries are bounded one expiry at a time. If every long leg
lives at least as long as every short one, American options on one underlying tighten the bound, because a longer life
is never worth less.
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
    """Least and greatest value of one unit in points, from the side of the holder of the signed legs: a short vertical
    of width 5 lies between -5 and 0. Infinite if there is no bound."""

    least: float
    greatest: float

    def holds(self, points: float, tolerance: float = 0.0) -> bool:
        """Whether the structure's value can be ``points`` per unit."""
        return self.least - tolerance <= points <= self.greatest + tolerance


def structure_worth(legs: Iterable[SignedLeg]) -> Worth:
    """The bounds of what ``legs`` (contract, signed count in one unit) can be worth until they expire.

    Raises
    ------
    CannotCompute
        If there are no legs, or the options have several multipliers: a unit then has no value in points.
    """
    legs = tuple(legs)
    point = _dollars_a_point(legs)
    by_expiry: dict[object, list[SignedLeg]] = defaultdict(list)
    for contract, count in legs:
        by_expiry[contract.expiry, contract.future_expiry].append((contract, count))
    ranges = [payoff_range_usd(group) for group in by_expiry.values()]
    # Payoffs are discounted, so before expiry a bound above (or below) zero is not quite reached.
    least, greatest = (sum(low for low, _ in ranges), sum(high for _, high in ranges))
    if len(ranges) > 1 and _one_american_asset(legs):
        low, high = payoff_range_usd(legs)
        least = max(least, low) if _outlive(legs, longs=True) else least
        greatest = min(greatest, high) if _outlive(legs, longs=False) else greatest
    return Worth(least=min(0.0, least) / point, greatest=max(0.0, greatest) / point)


def payoff_range_usd(legs: Sequence[SignedLeg]) -> tuple[float, float]:
    """Least and greatest total in USD, over all prices of the underlying, of contracts that are worth their exercise
    value.

    The total is piecewise linear, so its extremes lie at 0, at a strike, or nowhere. It is unbounded above the strikes
    if long and short calls (with shares) differ in number. Futures can go below zero, so for them it is also unbounded
    below if the puts differ in number.
    """
    upward = sum(count * contract.multiplier for contract, count in legs
                 if contract.right is Right.CALL or contract.kind is ContractKind.EQUITY)
    downward = sum(count * contract.multiplier for contract, count in legs
                   if contract.right is Right.PUT and contract.kind is ContractKind.FUTURE_OPTION)
    sums = [sum(count * contract.multiplier * contract.intrinsic(spot) for contract, count in legs)
            for spot in {0.0} | {contract.strike for contract, _ in legs}]
    return (-inf if min(upward, downward) < 0 else min(sums), inf if max(upward, downward) > 0 else max(sums))


def _dollars_a_point(legs: Sequence[SignedLeg]) -> float:
    """The multiplier of the options; if there are only shares, that of the shares."""
    found = {contract.multiplier for contract, _ in legs if contract.kind is not ContractKind.EQUITY} \
        or {contract.multiplier for contract, _ in legs}
    if len(found) != 1:
        raise CannotCompute("a structure needs legs of one multiplier", multipliers=sorted(found))
    return found.pop()


def _one_american_asset(legs: Sequence[SignedLeg]) -> bool:
    """Whether a longer life can never make one of these contracts cheaper: all are American and on one underlying."""
    return (len({(contract.underlying, contract.future_expiry) for contract, _ in legs}) == 1
            and all(contract.kind is not ContractKind.INDEX_OPTION for contract, _ in legs))


def _outlive(legs: Sequence[SignedLeg], *, longs: bool) -> bool:
    """Whether every long leg (with ``longs`` False: every short leg) lives at least as long as every opposite leg."""
    sign = 1 if longs else -1
    last = [contract.expiry for contract, count in legs if count * sign < 0]
    return not last or min(contract.expiry for contract, count in legs if count * sign > 0) >= max(last)
