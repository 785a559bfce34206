"""Splits what is still to be closed into orders the broker takes, in a sequence that keeps risk defined.

If one combo of at most four legs can hold everything, it is sent at once. Otherwise naked shorts go first, then shorts
together with the longs that cover them, then the remaining longs. Shares go alone and first, so that they never outlast
the long options that protect them; only shares that cover calls still to be bought back go last. A worthless long (no
bid) is left out, so that it does not block the rest. A short without an ask cannot be priced; it stays with its cover
until it can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Mapping

from config.constants import MAX_COMBO_LEGS
from core.intents import smallest_ratios
from core.model import Contract, ContractKind, Leg, Right
from core.quotes import covers
from helpers.orders.pricing import QuoteOf, buyable, sellable


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One order: legs without a common divisor, and the number of units."""

    legs: tuple[Leg, ...]
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What can be sent next.

    Attributes
    ----------
    piece : Piece or None
        None if nothing can be priced now.
    stuck : tuple of Contract
        Shorts without an ask.
    worthless : tuple of Contract
        Longs without a bid.
    """

    piece: Piece | None
    stuck: tuple[Contract, ...]
    worthless: tuple[Contract, ...]


def normalised(quantities: Mapping[Contract, int]) -> Piece:
    """Signed quantities as smallest ratios and a number of units."""
    ratios, units = smallest_ratios(quantities)
    return Piece(legs=tuple(Leg(contract=contract, ratio=ratio) for contract, ratio in ratios.items()), quantity=units)


def next_piece(todo: Mapping[Contract, int], quote_of: QuoteOf, *, apart: bool) -> Plan:
    """The next order of a closing.

    Parameters
    ----------
    todo : mapping
        Contract to signed quantity to trade: shorts are bought (positive), longs sold (negative).
    apart : bool
        Whether legs are already uneven. They are then taken apart by risk, even if one combo could hold them.
    """
    todo = {contract: quantity for contract, quantity in todo.items() if quantity}
    stuck = tuple(contract for contract, quantity in todo.items() if quantity > 0 and not buyable(quote_of(contract)))
    worthless = tuple(contract for contract, quantity in todo.items()
                      if quantity < 0 and not sellable(quote_of(contract)))
    pieces = _in_order(todo, frozenset(stuck), frozenset(worthless), apart)
    return Plan(piece=normalised(pieces[0]) if pieces else None, stuck=stuck, worthless=worthless)


def short_of_zero(piece: Piece, holding: Callable[[Contract], int]) -> Piece:
    """``piece`` reduced so that it takes no holding of the account through zero. Other positions may hold the other
    side, and neither LEAN nor the broker lets one order close a holding and open its opposite."""
    crossed = {leg.contract: leg for leg in piece.legs
               if within(leg.ratio * piece.quantity, -holding(leg.contract)) not in (0, leg.ratio * piece.quantity)}
    if not crossed:
        return piece
    units = min(abs(holding(contract)) // abs(leg.ratio) for contract, leg in crossed.items())
    if units:
        return Piece(legs=piece.legs, quantity=units)
    first = max(crossed.values(), key=lambda leg: leg.ratio)
    return normalised({first.contract: -holding(first.contract)})


def _in_order(todo: dict[Contract, int], stuck: frozenset[Contract], worthless: frozenset[Contract],
              apart: bool) -> list[dict[Contract, int]]:
    shares = {contract: quantity for contract, quantity in todo.items() if contract.kind is ContractKind.EQUITY}
    options = {contract: quantity for contract, quantity in todo.items() if contract not in shares}
    live = {contract: quantity for contract, quantity in options.items() if contract not in worthless}
    if stuck.isdisjoint(options) and len(live) <= MAX_COMBO_LEGS and not apart:
        cut = [live] if live else []
    else:
        cut = _by_risk(options, stuck, worthless)
    apart_from = [{contract: quantity} for contract, quantity in shares.items()
                  if contract not in (stuck if quantity > 0 else worthless)]
    covering = min(shares.values(), default=0) < 0 and any(
        quantity > 0 and contract.right is Right.CALL for contract, quantity in options.items())
    return cut + apart_from if covering else apart_from + cut


def _by_risk(options: dict[Contract, int], stuck: frozenset[Contract],
             worthless: frozenset[Contract]) -> list[dict[Contract, int]]:
    pairings, naked, spare = cover(options)
    alone = [{contract: quantity} for contract, quantity in naked.items() if contract not in stuck]
    pairs: dict[int, list[dict[Contract, int]]] = {}
    for short, long, quantity in pairings:
        if short in stuck:
            continue
        pair = {short: quantity} if long in worthless else {short: quantity, long: -quantity}
        pairs.setdefault(quantity, []).append(pair)
    together = [combo for group in pairs.values() for combo in _merged(group)]
    longs = [{contract: quantity} for contract, quantity in spare.items() if contract not in worthless]
    return alone + together + longs


def _merged(pairs: Iterable[dict[Contract, int]]) -> list[dict[Contract, int]]:
    """Pairs of one count, joined while a combo has room."""
    merged: list[dict[Contract, int]] = []
    for pair in pairs:
        if merged and len(merged[-1].keys() | pair.keys()) <= MAX_COMBO_LEGS:
            for contract, quantity in pair.items():
                merged[-1][contract] = merged[-1].get(contract, 0) + quantity
        else:
            merged.append(dict(pair))
    return merged


def cover(todo: Mapping[Contract, int]) -> tuple[list[tuple[Contract, Contract, int]], dict[Contract, int],
                                                 dict[Contract, int]]:
    """Match each short with a long of the same right that does not expire before it, nearest strike first.

    Returns
    -------
    pairings, naked, spare
        (short, long, count); shorts without cover (positive: to buy); longs that cover nothing (negative: to sell).
    """
    shorts = {contract: quantity for contract, quantity in todo.items() if quantity > 0}
    longs = {contract: -quantity for contract, quantity in todo.items() if quantity < 0}
    pairings = []
    for short in shorts:
        fitting = sorted((long for long in longs if covers(long, short)),
                         key=lambda long: (abs(long.strike - short.strike), long.expiry))
        for long in fitting:
            count = min(shorts[short], longs[long])
            if count:
                pairings.append((short, long, count))
                shorts[short] -= count
                longs[long] -= count
    return (pairings, {contract: quantity for contract, quantity in shorts.items() if quantity},
            {contract: -quantity for contract, quantity in longs.items() if quantity})


def within(quantity: int, room: int) -> int:
    """``quantity`` limited to ``room``; 0 if the signs differ."""
    if quantity * room <= 0:
        return 0
    return quantity if abs(quantity) <= abs(room) else room
