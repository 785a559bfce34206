"""What a contract's underlying and quote are worth now, or an error: the guards every risk figure shares."""

from __future__ import annotations

from math import isfinite
from typing import Any, Mapping

from core.codes import RefusalCode
from core.errors import CannotCompute
from core.model import Contract, Quote, Refused, Underlying


def underlying_key(contract: Contract) -> str:
    """Key of the contract's own future in ``Snapshot.underlyings`` (``/ES@240920``), else the ticker."""
    if contract.future_expiry is None:
        return contract.underlying
    return f"{contract.underlying}@{contract.future_expiry:%y%m%d}"


def underlying_price(contract: Contract, underlyings: Mapping[str, Underlying]) -> float:
    """Price in points of what ``contract`` is an option on.

    A futures option is priced from its own contract month: from the entry of that month, or from the ticker's entry
    when that is the same month.

    Raises
    ------
    CannotCompute
        When there is none, it is not a positive number, or only another contract month is known.
    """
    found = underlyings.get(underlying_key(contract)) or underlyings.get(contract.underlying)
    if found is None:
        raise CannotCompute("underlying is not in the snapshot", underlying=underlying_key(contract))
    if contract.future_expiry is not None and found.future_expiry not in (None, contract.future_expiry):
        raise CannotCompute("only another contract month is in the snapshot", underlying=underlying_key(contract),
                            found=str(found.future_expiry))
    return positive(found.price, "price", underlying=found.symbol)


def usable_mid(contract: Contract, quotes: Mapping[str, Quote]) -> float:
    """Mid of the contract's quote in points; a bid of 0 is a price, an ask of 0 is none.

    Raises
    ------
    CannotCompute
        When the quote is missing, not finite, crossed or empty.
    """
    quote = quotes.get(contract.id)
    if quote is None:
        raise CannotCompute("contract has no quote", contract=contract.id)
    if not (isfinite(quote.bid) and isfinite(quote.ask) and 0.0 <= quote.bid <= quote.ask and quote.ask > 0.0):
        raise CannotCompute("quote cannot be used", contract=contract.id, bid=quote.bid, ask=quote.ask)
    return quote.mid


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


def positive(value: float | None, name: str, **facts: Any) -> float:
    """``value`` when it is a positive finite number.

    Raises
    ------
    CannotCompute
        Otherwise, naming it.
    """
    if value is None or not isfinite(value) or value <= 0:
        raise CannotCompute("input is not a positive number", input=name, value=value, **facts)
    return value


def not_negative(value: float | None, name: str, **facts: Any) -> float:
    """``value`` when it is a finite number of at least 0.

    Raises
    ------
    CannotCompute
        Otherwise, naming it.
    """
    if value is None or not isfinite(value) or value < 0:
        raise CannotCompute("input is not a number of at least 0", input=name, value=value, **facts)
    return value


def finite(value: float | None, name: str, **facts: Any) -> float:
    """``value`` when it is a finite number.

    Raises
    ------
    CannotCompute
        Otherwise, naming it.
    """
    if value is None or not isfinite(value):
        raise CannotCompute("input is not a number", input=name, value=value, **facts)
    return value


def below(table: tuple[tuple[float, float], ...], value: float) -> float:
    """The share of the first row whose bound lies above ``value``: rows are (bound, share), the last unbounded."""
    return next(share for bound, share in table if value < bound)


def guard_refusal(guard: str, error: CannotCompute) -> Refused:
    """The refusal of a guard that cannot compute: it refuses, it never lets through."""
    return Refused(code=RefusalCode.GUARD_CANNOT_COMPUTE, facts={"guard": guard, "why": error.message, **error.facts})
