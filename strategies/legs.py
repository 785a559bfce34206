"""Prices of several legs, in points per unit: a debit when positive, a credit when negative."""

from __future__ import annotations

from typing import Callable, Iterable, Mapping

from core.model import Contract, Leg, Position, Quote, Refused, Snapshot
from core.quotes import price_fault, require_quotes, underlying_of, usable_quote


def mid_price(legs: Iterable[Leg], quotes: Mapping[str, Quote]) -> float:
    """Price of one unit at the mids, in points (debit positive)."""
    return sum(leg.ratio * quotes[leg.contract.id].mid for leg in legs)


def natural_price(legs: Iterable[Leg], quotes: Mapping[str, Quote]) -> float:
    """Price of one unit if every leg is bought at its ask or sold at its bid, in points (debit positive)."""
    return sum(leg.ratio * (quotes[leg.contract.id].ask if leg.ratio > 0 else quotes[leg.contract.id].bid)
               for leg in legs)


def premium_taken(position: Position) -> float:
    """All premium received less paid since opening, before fees, in points per unit (negative: a net debit)."""
    multiplier = max(leg.contract.multiplier for leg in position.legs)  # shares from an assignment have 1
    return (position.cash_flow_usd + position.fees_usd) / (position.units * multiplier)


def closing_price(position: Position, snapshot: Snapshot) -> float | None:
    """What closing one unit costs at the mids, in points (debit positive).

    Returns
    -------
    float or None
        None if a leg has no usable quote. A profit target is not judged on half a price.
    """
    return _closing(position, snapshot, mid_price)


def natural_closing_price(position: Position, snapshot: Snapshot) -> float | None:
    """The most that closing one unit costs now: shorts bought at the ask, longs sold at the bid, in points (debit
    positive). None if a leg has no usable quote."""
    return _closing(position, snapshot, natural_price)


def _closing(position: Position, snapshot: Snapshot, price: Callable[[list[Leg], Mapping[str, Quote]], float]
             ) -> float | None:
    legs = [Leg(contract=leg.contract, ratio=-leg.quantity) for leg in position.legs if leg.quantity]
    quotes = require_quotes((leg.contract for leg in legs), snapshot)
    return None if isinstance(quotes, Refused) else price(legs, quotes) / position.units


def known_closing_price(position: Position, snapshot: Snapshot) -> float:
    """What closing one unit costs as far as is known, in points (debit positive). A stop must work on dead quotes too.

    A leg with a usable quote counts at its mid. Without one, a long leg counts at its exercise value alone, and a short
    leg at the larger of its exercise value and its last mid. If the underlying has no price, the exercise value counts
    as 0.
    """
    total = 0.0
    for leg in position.legs:
        if not leg.quantity:
            continue
        quote = usable_quote(leg.contract, snapshot)
        total -= leg.quantity * (quote.mid if quote is not None else _least_known(leg.contract, leg.quantity, snapshot))
    return total / position.units


def _least_known(contract: Contract, quantity: int, snapshot: Snapshot) -> float:
    underlying = underlying_of(contract, snapshot.underlyings)
    value = 0.0 if underlying is None else contract.intrinsic(underlying.price)
    last = snapshot.quotes.get(contract.id)
    if quantity < 0 and last is not None and price_fault(last) is None:
        value = max(value, last.mid)
    return value
