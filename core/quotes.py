"""What makes a quote usable, what a contract's underlying is, what covers a short, and when two figures are equal.
Every part asks these questions, and only this module answers them.

A quote has a price if both sides are numbers, the bid is at least 0, the ask is above 0, and the ask is not below the
bid. A bid of 0 under a live ask is the quote of a nearly worthless option. A quote is usable if it has a price and is
fresh: not older than ``LEG_MAX_AGE_MINUTES``, and not from the future.
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

# Binary fractions cannot hold most decimal fractions exactly. Two figures made of prices, shares or dollars count as
# equal if they differ by less than this, absolutely or as a share of the larger. Prices are rounded to as many digits.
DIGITS: Final = 9
TOLERANCE: Final = 1e-9

# --- rounding -------------------------------------------------------------------------------------------------------


def at_least(value: float, limit: float) -> bool:
    """``value >= limit``, where a difference that comes from rounding does not count. False if one is not a number."""
    return value >= limit or isclose(value, limit, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def at_most(value: float, limit: float) -> bool:
    """``value <= limit`` with the same tolerance as :func:`at_least`."""
    return value <= limit or isclose(value, limit, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def whole_units(value: float) -> int:
    """The largest whole number that ``value`` reaches; a value that falls short only by rounding reaches it."""
    return floor(value + TOLERANCE)


def units_to_reach(value: float) -> int:
    """The smallest whole number that reaches ``value``; an excess that comes only from rounding does not count."""
    return ceil(value - TOLERANCE)


# --- quotes ---------------------------------------------------------------------------------------------------------


def price_fault(quote: Quote | None) -> RefusalCode | None:
    """Why a quote of any age has no price: QUOTE_MISSING, QUOTE_EMPTY or QUOTE_CROSSED; None if it has one."""
    if quote is None:
        return RefusalCode.QUOTE_MISSING
    if not (isfinite(quote.bid) and isfinite(quote.ask) and quote.bid >= 0.0 and quote.ask > 0.0):
        return RefusalCode.QUOTE_EMPTY
    return RefusalCode.QUOTE_CROSSED if quote.bid > quote.ask else None


def quote_fault(quote: Quote | None, now: datetime) -> RefusalCode | None:
    """Why a quote cannot be used at ``now``; None if it can.

    Returns
    -------
    RefusalCode or None
        As :func:`price_fault`, then QUOTE_STALE, or GUARD_CANNOT_COMPUTE for a quote from the future.
    """
    fault = price_fault(quote)
    if quote is None or fault is not None:
        return fault
    age = now - quote.time
    if age < timedelta(0):
        return RefusalCode.GUARD_CANNOT_COMPUTE
    return RefusalCode.QUOTE_STALE if age > timedelta(minutes=LEG_MAX_AGE_MINUTES) else None


def usable_quote(contract: Contract, snapshot: Snapshot) -> Quote | None:
    """The quote of ``contract`` if it can be used now, otherwise None."""
    quote = snapshot.quotes.get(contract.id)
    return quote if quote_fault(quote, snapshot.time) is None else None


def quote_refusal(contract: Contract, quote: Quote | None, now: datetime) -> Refused | None:
    """The refusal of a leg whose quote cannot be used at ``now``, with that quote; None if it can."""
    fault = quote_fault(quote, now)
    if fault is None:
        return None
    facts: dict[str, Any] = {"contract": contract.id, "now": now.isoformat()}
    if quote is not None:
        facts |= {"bid": quote.bid, "ask": quote.ask, "time": quote.time.isoformat()}
    return Refused(code=fault, facts=facts)


def require_quotes(contracts: Iterable[Contract], snapshot: Snapshot) -> Mapping[str, Quote] | Refused:
    """Usable quotes of all ``contracts`` by contract id, or the refusal that names the first without one."""
    found: dict[str, Quote] = {}
    for contract in contracts:
        quote = snapshot.quotes.get(contract.id)
        refused = quote_refusal(contract, quote, snapshot.time)
        if refused is not None or quote is None:
            return refused or Refused(code=RefusalCode.QUOTE_MISSING)
        found[contract.id] = quote
    return found


def usable_mid(contract: Contract, quotes: Mapping[str, Quote]) -> float:
    """Mid of the contract's quote in points; the quote may be of any age.

    Raises
    ------
    CannotCompute
        If the quote has no price.
    """
    quote = quotes.get(contract.id)
    if quote is None:
        raise CannotCompute("contract has no quote", contract=contract.id)
    require_price(contract, quote)
    return quote.mid


def require_price(contract: Contract, quote: Quote) -> None:
    """Raise CannotCompute if the quote of ``contract`` has no price."""
    fault = price_fault(quote)
    if fault is not None:
        raise CannotCompute("quote cannot be used", contract=contract.id, bid=quote.bid, ask=quote.ask,
                            fault=fault.value)


def held_mark(contract: Contract, quantity: int, quote: Quote, underlyings: Mapping[str, Underlying]) -> float:
    """The price in points at which a held contract counts in the account's value: the mid of its last real quote.

    An ask of 0 is not a price, and half the bid would make a debt look small. So with such a quote a long counts at its
    bid alone, and a short at no less than its bid and its exercise value. Guards go on judging by this least loss.
    Entries do not use it: their own checks refuse such a quote.

    Raises
    ------
    CannotCompute
        If a side is not a number of at least 0, or a short needs its underlying's price and there is none.
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
    """Key in ``Snapshot.underlyings``: for a contract month of a future ``/ES@240920``, otherwise the ticker."""
    return ticker if future_expiry is None else f"{ticker}@{future_expiry:%y%m%d}"


def ticker_of(key: str) -> str:
    """The ticker that a key of ``Snapshot.underlyings`` belongs to."""
    return key.partition("@")[0]


def keys_of(ticker: str, underlyings: Mapping[str, Underlying]) -> list[str]:
    """The keys of a ticker in the snapshot: its own, then its contract months, nearest first."""
    return sorted(key for key in underlyings if ticker_of(key) == ticker)


def underlying_of(contract: Contract, underlyings: Mapping[str, Underlying]) -> Underlying | None:
    """The underlying of ``contract``; None if the snapshot does not have it.

    A futures option belongs to one contract month. Its underlying is the entry of that month, or the ticker's own entry
    if that is known to be the same month. The price of another month is never used in its place.
    """
    if contract.future_expiry is None:
        return underlyings.get(contract.underlying)
    exact = underlyings.get(underlying_key(contract.underlying, contract.future_expiry))
    if exact is not None:
        return exact
    front = underlyings.get(contract.underlying)
    return front if front is not None and front.future_expiry == contract.future_expiry else None


def underlying_price(contract: Contract, underlyings: Mapping[str, Underlying]) -> float:
    """Price in points of the underlying of ``contract`` (:func:`underlying_of`).

    Raises
    ------
    CannotCompute
        If there is none, or it is not a positive number.
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
    """Whether the long ``cover`` bounds the loss of ``short`` for as long as the short lives. It does if it is an
    option of the same right, underlying, contract month and multiplier that expires no earlier."""
    return (cover.right is short.right and cover.underlying == short.underlying and cover.expiry >= short.expiry
            and cover.future_expiry == short.future_expiry and cover.multiplier == short.multiplier)
