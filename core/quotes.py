"""What a quote, an underlying, a cover and a rounding error are: asked in every room, answered here alone.

A quote has a price when both sides are numbers, the bid is at least 0, the ask is above 0 and not below the bid; a bid of
0 under a live ask is the quote of a nearly worthless option. It is usable when it has a price and is fresh: not older
than ``LEG_MAX_AGE_MINUTES``, and not from the future.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import ceil, floor, isclose, isfinite
from typing import Any, Final, Iterable, Mapping

from config.constants import LEG_MAX_AGE_MINUTES
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.market_values import not_negative, positive
from core.model import Contract, Quote, Refused, Snapshot, Underlying

# Binary fractions cannot hold most decimal ones. Two figures made of prices, shares or dollars are equal when they differ
# by less than this, absolutely or as a share of the larger; prices are rounded to as many digits.
DIGITS: Final = 9
TOLERANCE: Final = 1e-9

# --- rounding -------------------------------------------------------------------------------------------------------


def at_least(value: float, limit: float) -> bool:
    """``value >= limit``, where a difference by rounding is none. False for what is not a number."""
    return value >= limit or isclose(value, limit, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def at_most(value: float, limit: float) -> bool:
    """``value <= limit`` with the same tolerance as :func:`at_least`."""
    return value <= limit or isclose(value, limit, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def whole_units(value: float) -> int:
    """The largest whole number that ``value`` reaches, a number short of it by rounding alone included."""
    return floor(value + TOLERANCE)


def units_to_reach(value: float) -> int:
    """The smallest whole number that reaches ``value``, an excess by rounding alone left out."""
    return ceil(value - TOLERANCE)


# --- quotes ---------------------------------------------------------------------------------------------------------


def price_fault(quote: Quote | None) -> RefusalCode | None:
    """Why a quote has no price, whatever its age: QUOTE_MISSING, QUOTE_EMPTY or QUOTE_CROSSED; None when it has one."""
    if quote is None:
        return RefusalCode.QUOTE_MISSING
    if not (isfinite(quote.bid) and isfinite(quote.ask) and quote.bid >= 0.0 and quote.ask > 0.0):
        return RefusalCode.QUOTE_EMPTY
    return RefusalCode.QUOTE_CROSSED if quote.bid > quote.ask else None


def quote_fault(quote: Quote | None, now: datetime) -> RefusalCode | None:
    """Why a quote cannot be used at ``now``; None when it can.

    Returns
    -------
    RefusalCode or None
        As :func:`price_fault`; else QUOTE_STALE, or GUARD_CANNOT_COMPUTE for a quote from the future.
    """
    fault = price_fault(quote)
    if quote is None or fault is not None:
        return fault
    age = now - quote.time
    if age < timedelta(0):
        return RefusalCode.GUARD_CANNOT_COMPUTE
    return RefusalCode.QUOTE_STALE if age > timedelta(minutes=LEG_MAX_AGE_MINUTES) else None


def usable_quote(contract: Contract, snapshot: Snapshot) -> Quote | None:
    """The quote of ``contract`` when it can be used now, else None."""
    quote = snapshot.quotes.get(contract.id)
    return quote if quote_fault(quote, snapshot.time) is None else None


def quote_refusal(contract: Contract, quote: Quote | None, now: datetime) -> Refused | None:
    """The refusal of a leg whose quote cannot be used at ``now``, with the quote; None when it can."""
    fault = quote_fault(quote, now)
    if fault is None:
        return None
    facts: dict[str, Any] = {"contract": contract.id, "now": now.isoformat()}
    if quote is not None:
        facts |= {"bid": quote.bid, "ask": quote.ask, "time": quote.time.isoformat()}
    return Refused(code=fault, facts=facts)


def require_quotes(contracts: Iterable[Contract], snapshot: Snapshot) -> Mapping[str, Quote] | Refused:
    """Usable quotes of all ``contracts`` by contract id, or the refusal that names the first one without."""
    found: dict[str, Quote] = {}
    for contract in contracts:
        quote = snapshot.quotes.get(contract.id)
        refused = quote_refusal(contract, quote, snapshot.time)
        if refused is not None or quote is None:
            return refused or Refused(code=RefusalCode.QUOTE_MISSING)
        found[contract.id] = quote
    return found


def usable_mid(contract: Contract, quotes: Mapping[str, Quote]) -> float:
    """Mid of the contract's quote in points, whatever its age.

    Raises
    ------
    CannotCompute
        When the quote has no price.
    """
    quote = quotes.get(contract.id)
    if quote is None:
        raise CannotCompute("contract has no quote", contract=contract.id)
    require_price(contract, quote)
    return quote.mid


def require_price(contract: Contract, quote: Quote) -> None:
    """Raise CannotCompute when the quote of ``contract`` has no price."""
    fault = price_fault(quote)
    if fault is not None:
        raise CannotCompute("quote cannot be used", contract=contract.id, bid=quote.bid, ask=quote.ask,
                            fault=fault.value)


def held_mark(contract: Contract, quantity: int, quote: Quote, underlyings: Mapping[str, Underlying]) -> float:
    """Points at which a held contract counts in the account's value: the mid of its last real quote.

    An ask of 0 is no price, and half the bid would make a debt look small: a long counts with its bid alone then, a
    short with no less than its bid and its exercise value. Guards go on judging by that least loss; entries do not,
    their own checks refuse such a quote.

    Raises
    ------
    CannotCompute
        When a side is no number of at least 0, or a short needs its underlying's price and there is none.
    """
    bid = not_negative(quote.bid, "bid", contract=contract.id)
    if not_negative(quote.ask, "ask", contract=contract.id) > 0.0:
        return quote.mid
    return bid if quantity >= 0 else max(bid, contract.intrinsic(underlying_price(contract, underlyings)))


# --- underlyings ----------------------------------------------------------------------------------------------------


def is_future(ticker: str) -> bool:
    """Whether a ticker names a future: those begin with ``/``."""
    return ticker.startswith("/")


def underlying_key(ticker: str, future_expiry: date | None) -> str:
    """Key in ``Snapshot.underlyings``: of a future its contract month (``/ES@240920``), else the ticker."""
    return ticker if future_expiry is None else f"{ticker}@{future_expiry:%y%m%d}"


def ticker_of(key: str) -> str:
    """The ticker a key of ``Snapshot.underlyings`` belongs to."""
    return key.partition("@")[0]


def keys_of(ticker: str, underlyings: Mapping[str, Underlying]) -> list[str]:
    """Keys under which a ticker is in the snapshot: its own, then its contract months, the nearest first."""
    return sorted(key for key in underlyings if ticker_of(key) == ticker)


def underlying_of(contract: Contract, underlyings: Mapping[str, Underlying]) -> Underlying | None:
    """What ``contract`` is an option on; None when the snapshot does not have it.

    A futures option belongs to one contract month: the entry of that month is its underlying, or the ticker's own entry
    where that is known to be the same month. Another month's price is never taken for it.
    """
    if contract.future_expiry is None:
        return underlyings.get(contract.underlying)
    exact = underlyings.get(underlying_key(contract.underlying, contract.future_expiry))
    if exact is not None:
        return exact
    front = underlyings.get(contract.underlying)
    return front if front is not None and front.future_expiry == contract.future_expiry else None


def underlying_price(contract: Contract, underlyings: Mapping[str, Underlying]) -> float:
    """Price in points of what ``contract`` is an option on (:func:`underlying_of`).

    Raises
    ------
    CannotCompute
        When there is none, or it is not a positive number.
    """
    found = underlying_of(contract, underlyings)
    if found is None:
        front = underlyings.get(contract.underlying)
        other = {} if front is None else {"found": str(front.future_expiry)}
        raise CannotCompute("underlying is not in the snapshot" if front is None
                            else "only another contract month is in the snapshot",
                            underlying=underlying_key(contract.underlying, contract.future_expiry), **other)
    return positive(found.price, "price", underlying=found.symbol)


# --- cover ----------------------------------------------------------------------------------------------------------


def covers(cover: Contract, short: Contract) -> bool:
    """Whether the long ``cover`` bounds the loss of ``short`` for as long as it lives: an option of the same right,
    underlying, contract month and multiplier that expires no earlier."""
    return (cover.right is short.right and cover.underlying == short.underlying and cover.expiry >= short.expiry
            and cover.future_expiry == short.future_expiry and cover.multiplier == short.multiplier)
