"""Limit prices of one order: mid, natural, the walk between them, and the tick. Debit positive, points per unit."""

from __future__ import annotations

from math import ceil, floor
from typing import Callable, Sequence

from config.constants import ENTRY_WALK_MINUTES, ENTRY_WALK_SHARE, EXIT_WALK_MINUTES, MARKETABLE_TICKS
from core.combo_prices import ComboPrice, is_price, price_of
from core.model import Contract, Leg, Quote
from core.quotes import DIGITS, at_most

TICK_DIGITS = DIGITS - 3         # a price in ticks: divided by as little as a thousandth
QuoteOf = Callable[[Contract], Quote | None]


def buyable(quote: Quote | None) -> bool:
    """Whether somebody offers the contract."""
    return quote is not None and is_price(quote.ask)


def sellable(quote: Quote | None) -> bool:
    """Whether somebody bids for the contract."""
    return quote is not None and is_price(quote.bid)


def unpriced(legs: Sequence[Leg], quote_of: QuoteOf) -> tuple[Contract, ...]:
    """Contracts whose needed side has no quote: a buy without an ask, a sell without a bid."""
    return tuple(leg.contract for leg in legs
                 if not (buyable if leg.ratio > 0 else sellable)(quote_of(leg.contract)))


def combo_price(legs: Sequence[Leg], quote_of: QuoteOf) -> ComboPrice | None:
    """Price of one unit now; None when a needed side is missing."""
    if unpriced(legs, quote_of):
        return None
    quotes = [(leg.ratio, quote_of(leg.contract)) for leg in legs]
    return price_of((ratio, quote.bid, quote.ask) for ratio, quote in quotes if quote is not None)


def toward_us(price: float, tick: float) -> float:
    """``price`` on the tick, rounded so that we pay less or receive more."""
    return round(floor(round(price / tick, TICK_DIGITS)) * tick, DIGITS)


def sendable_limit(price: float, tick: float, legs: Sequence[Leg], *, opening: bool) -> float:
    """``price`` as it may be sent: on the tick, never 0 (LEAN raises), of the side's sign for a single leg.

    A combo worth 0 becomes a credit of one tick when it opens, a debit of one tick when it closes.
    """
    limit = toward_us(price, tick)
    if len(legs) == 1:
        return max(limit, tick) if legs[0].ratio > 0 else min(limit, -tick)
    if limit == 0:
        return -tick if opening else tick
    return limit


def marketable(price: ComboPrice, tick: float) -> float:
    """The natural price, a tick through it: LEAN fills a limit only at strictly better quotes."""
    return price.natural + MARKETABLE_TICKS * tick


def worst_entry(price: ComboPrice) -> float:
    """As far as an entry that saw ``price`` at its start will ever go."""
    return price.mid + ENTRY_WALK_SHARE * (price.natural - price.mid)


def entry_limit(price: ComboPrice, minute: int, worst: float) -> float:
    """Limit of an entry ``minute`` minutes after its start: at most a quarter of the way to natural, reached after
    ENTRY_WALK_MINUTES, and never worse than a quarter of the way at the start."""
    share = ENTRY_WALK_SHARE * min(1.0, minute / ENTRY_WALK_MINUTES)
    return min(price.mid + share * (price.natural - price.mid), worst)


def between_quotes(wanted: float, price: ComboPrice, tick: float, legs: Sequence[Leg]) -> float:
    """``wanted`` of an entry, but where one leg is quoted a single tick wide: nothing lies between its quotes, and rounded
    toward us the limit would stand at the far side for good. It stands at the next tick instead, natural at most."""
    if len(legs) > 1 or not at_most(price.natural - price.mid, 0.5 * tick):
        return wanted
    return round(ceil(round(wanted / tick, TICK_DIGITS)) * tick, DIGITS)


def exit_limit(price: ComboPrice, step: int, tick: float) -> float:
    """Limit of a walking exit after ``step`` steps: mid at first, natural (marketable) from the last step on."""
    if step >= EXIT_WALK_MINUTES:
        return marketable(price, tick)
    return price.mid + step / EXIT_WALK_MINUTES * (price.natural - price.mid)
