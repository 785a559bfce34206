"""Limit prices of one order: mid, natural, the walk between them, and the tick. Debit positive, in points per unit."""

from __future__ import annotations

from math import ceil, floor, inf
from typing import Callable, Sequence

from config.constants import ENTRY_WALK_MINUTES, ENTRY_WALK_SHARE, EXIT_WALK_MINUTES, MARKETABLE_TICKS
from config.venues import VENUES, PriceGrid
from core.combo_prices import ComboPrice, is_price, price_of
from core.model import Contract, ContractKind, Leg, Quote
from core.quotes import DIGITS, at_most
from core.structure_worth import structure_worth

TICK_DIGITS = DIGITS - 3         # a price in ticks: it has been divided by a tick as small as a thousandth
QuoteOf = Callable[[Contract], Quote | None]


def buyable(quote: Quote | None) -> bool:
    """Whether the contract has an ask."""
    return quote is not None and is_price(quote.ask)


def sellable(quote: Quote | None) -> bool:
    """Whether the contract has a bid."""
    return quote is not None and is_price(quote.bid)


def unpriced(legs: Sequence[Leg], quote_of: QuoteOf) -> tuple[Contract, ...]:
    """Contracts that lack the quote an order needs: a buy without an ask, a sell without a bid."""
    return tuple(leg.contract for leg in legs
                 if not (buyable if leg.ratio > 0 else sellable)(quote_of(leg.contract)))


def combo_price(legs: Sequence[Leg], quote_of: QuoteOf) -> ComboPrice | None:
    """Price of one unit now; None if a needed side is missing."""
    if unpriced(legs, quote_of):
        return None
    quotes = [(leg.ratio, quote_of(leg.contract)) for leg in legs]
    return price_of((ratio, quote.bid, quote.ask) for ratio, quote in quotes if quote is not None)


def mid_and_half(leg: Leg, quote_of: QuoteOf) -> tuple[float, float]:
    """Mid of a priced leg's quote, and half its spread, in points."""
    price = combo_price((Leg(contract=leg.contract, ratio=1 if leg.ratio > 0 else -1),), quote_of)
    return (0.0, 0.0) if price is None else (abs(price.mid), price.natural - price.mid)


def grid_of(legs: Sequence[Leg]) -> PriceGrid:
    """The price grid of an order on ``legs``: the option's own for one option, the combo's for several legs or
    shares."""
    first = legs[0].contract
    venue = VENUES[first.underlying]
    return venue.alone if len(legs) == 1 and first.kind is not ContractKind.EQUITY else venue.combo


def toward_us(price: float, grid: PriceGrid) -> float:
    """``price`` on the grid, rounded so that we pay less or receive more."""
    return _on_grid(price, grid, floor)


def toward_market(price: float, grid: PriceGrid) -> float:
    """``price`` on the grid, rounded so that we pay more or receive less."""
    return _on_grid(price, grid, ceil)


def _on_grid(price: float, grid: PriceGrid, rounded: Callable[[float], int]) -> float:
    step = grid.step(price)
    return round(rounded(round(price / step, TICK_DIGITS)) * step, DIGITS)


def sendable_limit(price: float, legs: Sequence[Leg], *, opening: bool, most: float = inf) -> float:
    """``price`` in a form that may be sent. It is on the grid, has the sign of the side if there is a single leg, is
    never 0 (LEAN raises), and is not above ``most``, the most that the legs can be worth.

    A combo worth 0 becomes a credit of one step if it opens. If it closes something that can cost money, it becomes a
    debit of one step.
    """
    grid = grid_of(legs)
    smallest = grid.smallest
    limit = toward_us(min(price, most), grid)
    if len(legs) == 1:
        return max(limit, smallest) if legs[0].ratio > 0 else min(limit, -smallest)
    if limit == 0:
        return smallest if not opening and at_most(smallest, most) else -smallest
    return limit


def greatest_worth(legs: Sequence[Leg]) -> float:
    """The most, in points, that one unit of the order can be worth to its buyer. Infinite for shares and if there is no
    bound."""
    if any(leg.contract.kind is ContractKind.EQUITY for leg in legs):
        return inf
    return structure_worth((leg.contract, leg.ratio) for leg in legs).greatest


def marketable(price: ComboPrice, grid: PriceGrid) -> float:
    """One step beyond the natural price, because LEAN fills a limit only at strictly better quotes."""
    return price.natural + MARKETABLE_TICKS * grid.step(price.natural)


def entry_limit(price: ComboPrice, minute: int, worst: float, grid: PriceGrid) -> float:
    """Limit of an entry ``minute`` minutes after its start, never worse than ``worst``.

    It walks in equal steps from mid to ENTRY_WALK_SHARE of the way to natural, and arrives after ENTRY_WALK_MINUTES.
    The last step takes the nearest price of the grid, at most natural; of two equally near it takes the one nearer
    natural. Without this, an entry would never fill in a market that is one or two steps wide, because no price of the
    grid lies within the first half of the way.
    """
    if minute < ENTRY_WALK_MINUTES:
        return min(price.at(ENTRY_WALK_SHARE * minute / ENTRY_WALK_MINUTES), worst)
    wanted = price.at(ENTRY_WALK_SHARE)
    below, above = toward_us(wanted, grid), toward_market(wanted, grid)
    near = above if at_most(above - wanted, wanted - below) and at_most(above, price.natural) else below
    return min(near, worst)


def exit_limit(price: ComboPrice, step: int, grid: PriceGrid) -> float:
    """Limit of a walking exit after ``step`` steps: first mid, and natural (marketable) from the last step on."""
    if step >= EXIT_WALK_MINUTES:
        return marketable(price, grid)
    return price.at(step / EXIT_WALK_MINUTES)
