"""Splits the option positions of one underlying into strategies, as LEAN's matcher does.

Definitions are tried in order, each as often as it fits; the first set of legs found is taken. When that leaves more
short contracts uncovered than must be, a second order that keeps shorts covered is tried and the better one wins.
LEAN walks candidates in the order of their hash codes, which changes from run to run; here it is the order in which
they are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from local.engine.broker.strategy_definitions import COVERED_FIRST, DEFINITIONS, Contract, StrategyDefinition
from local.engine.enums import OptionRight

if TYPE_CHECKING:
    from local.engine.market.symbol import Symbol

MAXIMUM_CREDIT_COVER_WIDTH = 0.1
"""A long leg covers a short one up to this share of the short strike further out of the money."""


@dataclass(frozen=True, slots=True)
class MatchedLeg:
    """A symbol with its signed quantity within a strategy (lots for the underlying)."""

    symbol: Symbol
    quantity: int


@dataclass(frozen=True, slots=True)
class MatchedStrategy:
    """A strategy found among the positions."""

    name: str
    option_legs: tuple[MatchedLeg, ...]
    underlying_lots: int
    underlying: Symbol | None


Positions = dict["Symbol", int]


def match_strategies(positions: Positions, underlying: Symbol | None) -> list[MatchedStrategy]:
    """Return the strategies of an underlying's positions.

    Parameters
    ----------
    positions : dict of Symbol to int
        Signed contracts, and the underlying's lots under its own symbol where there are any.
    underlying : Symbol
        The underlying.
    """
    best, unmatched = _match(DEFINITIONS, dict(positions), underlying)
    score = _uncovered(best, unmatched, underlying)
    if score <= 0 or score <= _least_uncovered(positions, underlying):
        return best
    other, unmatched = _match(COVERED_FIRST, dict(positions), underlying)
    return other if _uncovered(other, unmatched, underlying) < score else best


def _match(definitions: Sequence[StrategyDefinition], positions: Positions,
           underlying: Symbol | None) -> tuple[list[MatchedStrategy], Positions]:
    strategies: list[MatchedStrategy] = []
    for definition in definitions:
        while True:
            found = _first_match(definition, positions, underlying)
            if found is None:
                break
            strategies.append(found)
            for leg in found.option_legs:
                _deduct(positions, leg.symbol, leg.quantity)
            if found.underlying_lots:
                _deduct(positions, underlying, found.underlying_lots)
        if not positions:
            break
    return strategies, positions


def _deduct(positions: Positions, symbol: Symbol, quantity: int) -> None:
    left = positions[symbol] - quantity
    if left:
        positions[symbol] = left
    else:
        del positions[symbol]


def _first_match(definition: StrategyDefinition, positions: Positions,
                 underlying: Symbol | None) -> MatchedStrategy | None:
    if len(positions) < definition.leg_count:
        return None
    multiplier = 2 ** 31 - 1
    lots = definition.underlying_lots
    if lots:
        held = positions.get(underlying, 0)
        if (held > 0) != (lots > 0) or abs(held) < abs(lots):
            return None
        multiplier = int(held / lots)
    for legs, count in _search(definition, positions, (), (), multiplier, underlying):
        option_legs = tuple(MatchedLeg(symbol, unit * count) for symbol, unit in legs)
        return MatchedStrategy(definition.name, option_legs, lots * count, underlying if lots else None)
    return None


def _search(definition: StrategyDefinition, positions: Positions, legs: tuple[tuple[Symbol, int], ...],
            contracts: tuple[Contract, ...], multiplier: int,
            underlying: Symbol | None) -> Iterator[tuple[tuple[tuple[Symbol, int], ...], int]]:
    """Walk the legs depth first; yields the symbols with unit ratios and the number of units."""
    index = len(legs)
    if index == len(definition.legs):
        yield legs, multiplier
        return
    if len(positions) < definition.leg_count - index:
        return
    leg = definition.legs[index]
    for symbol, quantity in positions.items():
        if symbol == underlying or symbol.id.option_right is not leg.right or (quantity > 0) != (leg.quantity > 0):
            continue
        units = quantity // leg.quantity
        contract = (symbol.id.strike_price, symbol.id.date)
        if units == 0 or not leg.accepts(contracts, contract):
            continue
        rest = dict(positions)
        _deduct(rest, symbol, units * leg.quantity)
        yield from _search(definition, rest, (*legs, (symbol, leg.quantity)), (*contracts, contract),
                           min(multiplier, units), underlying)


# -- how good a match is -----------------------------------------------------------------------------------------


def _least_uncovered(positions: Positions, underlying: Symbol | None) -> int:
    """Contracts sold beyond what is bought of their right and what the underlying covers."""
    net = {OptionRight.CALL: 0, OptionRight.PUT: 0}
    for symbol, quantity in positions.items():
        if symbol != underlying:
            net[symbol.id.option_right] += quantity
    lots = positions.get(underlying, 0)
    return max(0, -net[OptionRight.CALL] - max(0, lots)) + max(0, -net[OptionRight.PUT] - max(0, -lots))


def _uncovered(strategies: Sequence[MatchedStrategy], unmatched: Positions, underlying: Symbol | None) -> int:
    """Short contracts that a match leaves uncovered: fewer is better."""
    total = 0
    for strategy in strategies:
        lots = strategy.underlying_lots
        total += _uncovered_legs(strategy.option_legs, OptionRight.CALL, max(0, lots))
        total += _uncovered_legs(strategy.option_legs, OptionRight.PUT, max(0, -lots))
    return total - sum(quantity for symbol, quantity in unmatched.items() if quantity < 0 and symbol != underlying)


def _uncovered_legs(legs: Sequence[MatchedLeg], right: OptionRight, cover: int) -> int:
    mine = [(leg.symbol.id.strike_price, leg.symbol.id.date, leg.quantity) for leg in legs
            if leg.symbol.id.option_right is right]
    side = 1 if right is OptionRight.CALL else -1
    shorts = sorted((leg for leg in mine if leg[2] < 0), key=lambda leg: side * leg[0])
    longs = [list(leg) for leg in mine if leg[2] > 0]
    uncovered = 0
    for strike, expiry, quantity in shorts:
        left = -quantity
        for long in longs:
            if left and long[2] and _covers(side, strike, expiry, long[0], long[1]):
                used = min(left, long[2])
                left -= used
                long[2] -= used
        used = min(left, cover)
        cover -= used
        uncovered += left - used
    return uncovered


def _covers(side: int, short_strike: float, short_expiry: datetime, long_strike: float, long_expiry: datetime) -> bool:
    width = round(side * (long_strike - short_strike), 9)
    return long_expiry >= short_expiry and width <= round(MAXIMUM_CREDIT_COVER_WIDTH * short_strike, 9)
