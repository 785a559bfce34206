"""Quotes and prices of legs. Prices of several legs are points per unit: a debit when positive, a credit when negative.

A quote is usable when it is fresh (``LEG_MAX_AGE_MINUTES``), not crossed and has a live side (bid or ask above 0);
a bid of 0 under a live ask is a usable quote of a nearly worthless option.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Callable, Iterable, Mapping

from config.constants import LEG_MAX_AGE_MINUTES
from core.codes import RefusalCode
from core.model import Contract, Leg, Position, Quote, Refused, Snapshot, Underlying

TOLERANCE = 1e-9


def at_least(value: float, limit: float) -> bool:
    """``value >= limit`` for figures made of prices: equal when they differ by rounding of binary fractions only."""
    return value >= limit - TOLERANCE


def at_most(value: float, limit: float) -> bool:
    """``value <= limit`` with the same tolerance as :func:`at_least`."""
    return value <= limit + TOLERANCE


def quote_fault(quote: Quote | None, now: datetime) -> RefusalCode | None:
    """Why a quote cannot be used at ``now``; None when it can.

    Returns
    -------
    RefusalCode or None
        QUOTE_MISSING, QUOTE_EMPTY (no side above 0, or a side that is not a number), QUOTE_CROSSED or QUOTE_STALE.
    """
    if quote is None:
        return RefusalCode.QUOTE_MISSING
    if not (quote.bid >= 0.0 and quote.ask > 0.0):
        return RefusalCode.QUOTE_EMPTY
    if quote.bid > quote.ask:
        return RefusalCode.QUOTE_CROSSED
    if now - quote.time > timedelta(minutes=LEG_MAX_AGE_MINUTES):
        return RefusalCode.QUOTE_STALE
    return None


def usable_quote(contract: Contract, snapshot: Snapshot) -> Quote | None:
    """The quote of ``contract`` when it can be used now, else None."""
    quote = snapshot.quotes.get(contract.id)
    return quote if quote_fault(quote, snapshot.time) is None else None


def require_quotes(contracts: Iterable[Contract], snapshot: Snapshot) -> Mapping[str, Quote] | Refused:
    """Usable quotes of all ``contracts`` by contract id, or the refusal that names the first one without."""
    found: dict[str, Quote] = {}
    for contract in contracts:
        quote = snapshot.quotes.get(contract.id)
        fault = quote_fault(quote, snapshot.time)
        if quote is None or fault is not None:
            facts: dict[str, Any] = {"contract": contract.id}
            if quote is not None:
                facts |= {"bid": quote.bid, "ask": quote.ask, "time": quote.time.isoformat()}
            return Refused(code=fault or RefusalCode.QUOTE_MISSING, facts=facts)
        found[contract.id] = quote
    return found


def mid_price(legs: Iterable[Leg], quotes: Mapping[str, Quote]) -> float:
    """Price of one unit at the mids, in points (debit positive)."""
    return sum(leg.ratio * quotes[leg.contract.id].mid for leg in legs)


def natural_price(legs: Iterable[Leg], quotes: Mapping[str, Quote]) -> float:
    """Price of one unit when every leg is bought at its ask and sold at its bid, in points (debit positive)."""
    return sum(leg.ratio * (quotes[leg.contract.id].ask if leg.ratio > 0 else quotes[leg.contract.id].bid)
               for leg in legs)


def premium_taken(position: Position) -> float:
    """All premium received less paid since opening, fees apart, in points per unit (negative: a net debit)."""
    multiplier = max(leg.contract.multiplier for leg in position.legs)  # shares that came by assignment have 1
    return (position.cash_flow_usd + position.fees_usd) / (position.units * multiplier)


def closing_price(position: Position, snapshot: Snapshot) -> float | None:
    """What closing one unit costs at the mids, in points (debit positive).

    Returns
    -------
    float or None
        None when a leg has no usable quote: a profit target is not judged on half a price.
    """
    return _closing(position, snapshot, mid_price)


def natural_closing_price(position: Position, snapshot: Snapshot) -> float | None:
    """What closing one unit costs at most now: shorts bought at the ask, longs sold at the bid, in points (debit
    positive). None when a leg has no usable quote."""
    return _closing(position, snapshot, natural_price)


def _closing(position: Position, snapshot: Snapshot, price: Callable[[list[Leg], Mapping[str, Quote]], float]
             ) -> float | None:
    legs = [Leg(contract=leg.contract, ratio=-leg.quantity) for leg in position.legs if leg.quantity]
    quotes = require_quotes((leg.contract for leg in legs), snapshot)
    return None if isinstance(quotes, Refused) else price(legs, quotes) / position.units


def known_closing_price(position: Position, snapshot: Snapshot) -> float:
    """What closing one unit costs by what is known, in points (debit positive): a stop must work on dead quotes too.

    A leg with a usable quote counts at its mid. Without one a long leg counts at its exercise value alone, a short leg
    at the larger of its exercise value and its last mid. Without a price of the underlying the exercise value is 0.
    """
    total = 0.0
    for leg in position.legs:
        if not leg.quantity:
            continue
        quote = usable_quote(leg.contract, snapshot)
        total -= leg.quantity * (quote.mid if quote is not None else _least_known(leg.contract, leg.quantity, snapshot))
    return total / position.units


def _least_known(contract: Contract, quantity: int, snapshot: Snapshot) -> float:
    underlying = underlying_of(contract, snapshot)
    value = 0.0 if underlying is None else contract.intrinsic(underlying.price)
    last = snapshot.quotes.get(contract.id)
    if quantity < 0 and last is not None and 0.0 <= last.bid <= last.ask:
        value = max(value, last.mid)
    return value


def underlying_of(contract: Contract, snapshot: Snapshot) -> Underlying | None:
    """The price a contract is written on. A futures option belongs to one contract month: the entry
    ``/ES@240920`` wins over ``/ES``, and ``/ES`` counts only when it is of the same month."""
    if contract.future_expiry is None:
        return snapshot.underlyings.get(contract.underlying)
    exact = snapshot.underlyings.get(f"{contract.underlying}@{contract.future_expiry:%y%m%d}")
    if exact is not None:
        return exact
    front = snapshot.underlyings.get(contract.underlying)
    return front if front is not None and front.future_expiry == contract.future_expiry else None
