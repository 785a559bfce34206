"""Mid and natural price of one unit of several contracts, from both sides of each quote. Debit positive, in points."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Iterable

from core.quotes import DIGITS

LEG_PRICE_DECIMALS = 4
Sides = tuple[float, float, float]      # signed ratio of a leg, its bid, its ask


@dataclass(frozen=True, slots=True, kw_only=True)
class ComboPrice:
    """Mid and natural price of one unit: natural buys at the ask and sells at the bid, so ``natural >= mid``."""

    mid: float
    natural: float

    def at(self, share: float) -> float:
        """The price that concedes ``share`` of the way from mid to natural."""
        return self.mid + share * (self.natural - self.mid)


def is_price(value: float) -> bool:
    """Whether that side of a quote has a price."""
    return isfinite(value) and value > 0.0


def has_sides(rows: Iterable[Sides]) -> bool:
    """Whether every leg can be traded: what is bought has an ask, what is sold has a bid."""
    return all(is_price(ask if ratio > 0 else bid) for ratio, bid, ask in rows)


def price_of(rows: Iterable[Sides]) -> ComboPrice:
    """Price of one unit whose legs can all be traded.

    The side of a leg that is not needed may be dead. A bid of 0 counts as 0, and a missing ask as equal to the bid.
    Crossed quotes count at their worse side.
    """
    mid = natural = 0.0
    for ratio, bid, ask in rows:
        low, high = _ordered(bid, ask)
        mid += ratio * (low + high) / 2
        natural += ratio * (high if ratio > 0 else low)
    return ComboPrice(mid=round(mid, DIGITS), natural=round(natural, DIGITS))


def leg_prices(rows: list[Sides], price: ComboPrice, paid: float) -> list[float]:
    """The price of each leg when the unit costs ``paid``, between mid and natural. All legs concede the same share of
    their half spread; the leg with the smallest ratio absorbs what rounding leaves."""
    width = price.natural - price.mid
    share = (paid - price.mid) / width if width > 0 else 0.0
    found = []
    for ratio, bid, ask in rows:
        low, high = _ordered(bid, ask)
        mid = (low + high) / 2
        found.append(round(mid + share * ((high if ratio > 0 else low) - mid), LEG_PRICE_DECIMALS))
    smallest = min(range(len(rows)), key=lambda place: abs(rows[place][0]))
    others = sum(ratio * each for place, ((ratio, _, _), each) in enumerate(zip(rows, found)) if place != smallest)
    found[smallest] = round((paid - others) / rows[smallest][0], DIGITS)
    return found


def _ordered(bid: float, ask: float) -> tuple[float, float]:
    low = bid if is_price(bid) else 0.0
    high = ask if is_price(ask) else low
    return min(low, high), max(low, high)
