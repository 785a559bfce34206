"""Splits a position's legs into covered structures and naked shorts, and states what each could lose at expiry.

A long option covers a short one under the rule of :func:`core.quotes.covers`. One hundred shares held cover a short
call: they behave as a call with strike 0 that never expires. One hundred shares short cover a short put, because its
assignment would close them (the shares still need their own margin). The pairing covers as many shorts as it can; among
such pairings it is the one with the lowest total requirement (an assignment problem, solved exactly).

Legs that share one short expiry are then judged together, by their worst payoff over the underlying's price. This gives
a condor its wider wing and a butterfly its debit (FINRA rule 4210(f)(2)(H): the maximum potential loss over the
exercise prices).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import Callable, Iterable, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from config.constants import PROTECTED_STRIKE_SHARE, SHARE_MARGIN_SHARE, SHARES_PER_CONTRACT
from core.errors import CannotCompute
from core.intents import smallest_ratios
from core.model import Contract, ContractKind, HeldLeg, Right
from core.quotes import covers
from core.structure_worth import payoff_range_usd

_NEVER = 1e15
_NAKED = 1e9
SHARES = "shares"


@dataclass(frozen=True, slots=True, kw_only=True)
class Structures:
    """One ``scale``-th of a position, contract by contract.

    Attributes
    ----------
    scale : int
        Greatest common divisor of the legs' quantities. The position is this many times the contracts listed here.
    pairs : tuple of (short, long)
        Each covered short and the contract that covers it.
    naked : tuple of Contract
        Shorts that nothing covers.
    spare : tuple of Contract
        Long options that cover no short.
    free_shares : int
        Signed shares of the whole position that cover no short option.
    """

    scale: int
    pairs: tuple[tuple[Contract, Contract], ...]
    naked: tuple[Contract, ...]
    spare: tuple[Contract, ...]
    free_shares: int


def structures(legs: Sequence[HeldLeg], naked_requirement: Callable[[Contract], float]) -> Structures:
    """Pair a position's legs (see the module docstring).

    Parameters
    ----------
    naked_requirement : callable
        Dollars that one naked short contract requires, used to choose which of several shorts stays naked. It must be
        below 1e9.
    """
    shares = sum(leg.quantity for leg in legs if leg.contract.kind is ContractKind.EQUITY)
    options = [leg for leg in legs if leg.contract.kind is not ContractKind.EQUITY and leg.quantity]
    lots = abs(shares) // SHARES_PER_CONTRACT
    scale = smallest_ratios({leg.contract: leg.quantity for leg in options} | {SHARES: lots})[1] or 1
    shorts = [leg.contract for leg in options if leg.quantity < 0 for _ in range(-leg.quantity // scale)]
    longs = [leg.contract for leg in options if leg.quantity > 0 for _ in range(leg.quantity // scale)]
    if lots and shorts:
        longs += [_shares_as_option(shorts[0], Right.CALL if shares > 0 else Right.PUT)] * (lots // scale)
    pairs, naked = _assign(shorts, longs, naked_requirement)
    covering = scale * sum(cover.kind is ContractKind.EQUITY and cover.right is Right.CALL for _, cover in pairs)
    used = Counter(cover for _, cover in pairs)
    spare = tuple((Counter(long for long in longs if long.kind is not ContractKind.EQUITY) - used).elements())
    return Structures(scale=scale, pairs=pairs, naked=naked, spare=spare,
                      free_shares=shares - covering * SHARES_PER_CONTRACT)


def free_shares_usd(found: Structures, spot: float) -> float:
    """Margin per ``spot`` of shares that cover nothing: half their value, long or short. A spare long option protects a
    lot: a put protects shares held, a call shares short. A protected lot needs a tenth of the option's strike plus the
    amount by which the option is out of the money, if that is less (FINRA rule 4210: long stock with a put, short stock
    with a call)."""
    each = SHARE_MARGIN_SHARE * spot
    right = Right.PUT if found.free_shares > 0 else Right.CALL
    asked = sorted(PROTECTED_STRIKE_SHARE * option.strike + max(0.0, (spot - option.strike) * (
        1 if right is Right.PUT else -1)) for option in found.spare if option.right is right for _ in range(found.scale))
    asked = asked[:abs(found.free_shares) // SHARES_PER_CONTRACT]
    bare = abs(found.free_shares) - SHARES_PER_CONTRACT * len(asked)
    return SHARES_PER_CONTRACT * sum(min(each, points) for points in asked) + each * bare


def _shares_as_option(example: Contract, right: Right) -> Contract:
    """The option that a lot of shares acts as when it covers. Shares held act as a call that costs nothing to exercise,
    shares short as a put that pays any price."""
    return Contract(underlying=example.underlying, expiry=date.max, strike=0.0 if right is Right.CALL else inf,
                    right=right, kind=ContractKind.EQUITY, multiplier=float(SHARES_PER_CONTRACT))


def _assign(shorts: list[Contract], longs: list[Contract], naked_requirement: Callable[[Contract], float]
            ) -> tuple[tuple[tuple[Contract, Contract], ...], tuple[Contract, ...]]:
    if not shorts or not longs:
        return (), tuple(shorts)
    cost = np.full((len(shorts), len(longs) + len(shorts)), _NEVER)
    for row, short in enumerate(shorts):
        for column, cover in enumerate(longs):
            if covers(cover, short):
                cost[row, column] = adverse_width(short, cover) * short.multiplier
        cost[row, len(longs):] = _NAKED + naked_requirement(short)
    rows, columns = linear_sum_assignment(cost)
    pairs, naked = [], []
    for row, column in zip(rows, columns):
        if column < len(longs):
            pairs.append((shorts[row], longs[column]))
        else:
            naked.append(shorts[row])
    return tuple(pairs), tuple(naked)


def adverse_width(short: Contract, cover: Contract) -> float:
    """Points by which the long leg is further out of the money than the short one; 0 if it is not."""
    width = short.strike - cover.strike if short.right is Right.PUT else cover.strike - short.strike
    return max(0.0, width)


def covered_loss_usd(pairs: Iterable[tuple[Contract, Contract]]) -> float:
    """Worst loss of covered shorts at expiry, before premiums; never negative. Pairs with the same short expiry are
    judged together, and a long that expires later counts at its intrinsic value. A put that closes shares sold short
    loses nothing."""
    by_expiry: dict[object, list[tuple[Contract, int]]] = defaultdict(list)
    for short, cover in pairs:
        if cover.kind is ContractKind.EQUITY and cover.right is Right.PUT:
            continue
        by_expiry[short.expiry, short.future_expiry] += [(short, -1), (cover, 1)]
    return sum(max(0.0, worst_payoff_loss_usd(legs)) for legs in by_expiry.values())


def worst_payoff_loss_usd(legs: Sequence[tuple[Contract, int]]) -> float:
    """Largest loss in USD, over all prices of the underlying, of contracts that are worth their exercise value; ``inf``
    if it has no bound."""
    return -payoff_range_usd(legs)[0]


def one_underlying(legs: Iterable[HeldLeg]) -> str:
    """The one ticker that all legs share.

    Raises
    ------
    CannotCompute
        If there are several, or shares have a multiplier other than 1.
    """
    tickers = {leg.contract.underlying for leg in legs}
    if len(tickers) != 1:
        raise CannotCompute("legs of one position have several underlyings", underlyings=sorted(tickers))
    if any(leg.contract.kind is ContractKind.EQUITY and leg.contract.multiplier != 1.0 for leg in legs):
        raise CannotCompute("shares must have multiplier 1", underlyings=sorted(tickers))
    return tickers.pop()
