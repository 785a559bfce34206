"""Which quotes of options are marks: a quote that jumps while nothing else moves is doubted until it has held, or until
its neighbours follow.

A quote counts at once when its mid lies within half of the value that was believed before, or where the market explains
its jump (the underlying moved 0.3 %, the VIX a point, or a neighbouring strike jumped the same way); and when the
structures it belongs to can be worth what it makes of them. Every other stands aside, the last believed quote with its own
time in its place, until later quotes have confirmed it for three minutes: one that is merely followed by none has not held.

A first quote, and the first after a long while, has nothing to be compared with. A quote without a price (a dead side,
crossed) is handed on as it is: whoever reads it knows what it means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Callable, Final, Iterable, Protocol, Sequence

from config.constants import (MARK_COMPARED_MINUTES, MARK_HOLD_MINUTES, MARK_JUMP_SHARE, MARK_STRUCTURE_SHARE,
                              MARK_UNDERLYING_MOVE_SHARE, MARK_VIX_MOVE_POINTS)
from core.errors import CannotCompute
from core.intents import unit_legs
from core.model import Contract, Leg, Position, Quote
from core.quotes import TOLERANCE, at_least, price_fault
from core.structure_worth import structure_worth

HOLD: Final = timedelta(minutes=MARK_HOLD_MINUTES)
COMPARED: Final = timedelta(minutes=MARK_COMPARED_MINUTES)
DOUBTED: Final = "QUOTE_DOUBTED"
Note = tuple[str, dict[str, Any]]


class Market(Protocol):
    """What the screen compares a quote with: everything as it is now."""

    def price_under(self, contract: Contract) -> float | None:
        """Price of what ``contract`` is an option on; None without one."""
        ...

    def vix(self) -> float | None:
        """The VIX; None without a print."""
        ...

    def last_quote(self, contract: Contract) -> Quote | None:
        """The quote as it came, believed or not; None without one."""
        ...


@dataclass(frozen=True, slots=True)
class _Moment:
    """The market at one time: what lies under a contract, and the VIX."""

    price: float | None
    vix: float | None

    def explains(self, later: _Moment) -> bool:
        """Whether either moved enough from here to ``later``; what is not known explains nothing."""
        if self.price and later.price and at_least(abs(later.price / self.price - 1.0), MARK_UNDERLYING_MOVE_SHARE):
            return True
        return bool(self.vix and later.vix and at_least(abs(later.vix - self.vix), MARK_VIX_MOVE_POINTS))


@dataclass(slots=True)
class _Known:
    """What is known of one contract: the believed quote, the market then, the time of the last quote that was looked at;
    since when a doubted one stands and at what mid; when the last jump that was believed came, and its sign."""

    quote: Quote
    moment: _Moment
    seen: datetime
    doubted: tuple[datetime, float] | None = None
    jumped: tuple[datetime, float] | None = None


class QuoteScreen:
    """Keeps the last believed quote of every contract.

    Parameters
    ----------
    market : Market

    Attributes
    ----------
    positions : callable
        The open positions, whose structures bound what their quotes can be; set by whoever keeps them.
    """

    def __init__(self, market: Market) -> None:
        self.positions: Callable[[], Iterable[Position]] = tuple
        self._market = market
        self._known: dict[Contract, _Known] = {}
        self._moments: dict[tuple[str, date | None], tuple[datetime, _Moment]] = {}
        self._notes: list[Note] = []

    def believed(self, contract: Contract, quote: Quote) -> Quote:
        """The quote that counts now: ``quote`` itself, or the one that was believed before it."""
        known = self._known.get(contract)
        if known is not None and known.doubted is None and quote.time <= known.seen:
            return known.quote
        if price_fault(quote) is not None:
            return quote
        moment = self._moment(contract, quote.time)
        if known is None:
            self._known[contract] = _Known(quote, moment, quote.time)
            return quote
        known.seen = max(known.seen, quote.time)
        if _differs(known.quote.mid, quote.mid, MARK_STRUCTURE_SHARE) and not self._counts(contract, known, quote, moment):
            return known.quote
        known.quote, known.moment, known.doubted = quote, moment, None
        return quote

    def forget(self, contract: Contract) -> None:
        """``contract`` is subscribed no more."""
        self._known.pop(contract, None)

    def drain_notes(self) -> tuple[Note, ...]:
        """What is to be journalled since the last call: event and facts."""
        notes, self._notes = tuple(self._notes), []
        return notes

    # --- one quote that changed -------------------------------------------------------------------------------------

    def _counts(self, contract: Contract, known: _Known, quote: Quote, moment: _Moment) -> bool:
        """Whether a change is believed; one that is not is doubted from now on, or still is."""
        sign, jumped = math.copysign(1.0, quote.mid - known.quote.mid), _far(known.quote, quote)
        stands = known.doubted is not None and not _differs(known.doubted[1], quote.mid)
        since = known.doubted[0] if stands and known.doubted is not None else quote.time
        explained = not jumped or (quote.time - known.quote.time > COMPARED or known.moment.explains(moment)
                                   or self._a_neighbour_jumped(contract, sign, quote.time))
        if quote.time - since >= HOLD or explained and self._fits(contract, quote):
            if jumped:
                known.jumped = (quote.time, sign)
            return True
        if not stands:
            self._notes.append((DOUBTED, {
                "contract": contract.id, "bid": quote.bid, "ask": quote.ask, "believed_bid": known.quote.bid,
                "believed_ask": known.quote.ask, "believed_time": known.quote.time, "explained": explained}))
        known.doubted = (since, quote.mid)
        return False

    def _a_neighbour_jumped(self, contract: Contract, sign: float, time: datetime) -> bool:
        """Whether the nearest strike on either side, of those whose quotes are known, jumped the same way."""
        series = [(other.strike, other) for other in self._known if other is not contract and _series(other) == _series(contract)]
        below = max((row for row in series if row[0] < contract.strike), default=None)
        above = min((row for row in series if row[0] > contract.strike), default=None)
        return any(self._jumps(row[1], sign, time) for row in (below, above) if row is not None)

    def _jumps(self, contract: Contract, sign: float, time: datetime) -> bool:
        known = self._known[contract]
        if known.jumped is not None and known.jumped[1] == sign and time - known.jumped[0] <= HOLD:
            return True
        quote = self._market.last_quote(contract)
        return (quote is not None and price_fault(quote) is None and time - known.quote.time <= COMPARED
                and _far(known.quote, quote) and (quote.mid - known.quote.mid) * sign > 0.0)

    def _fits(self, contract: Contract, quote: Quote) -> bool:
        """Whether every open structure with ``contract`` in it can be worth what ``quote`` makes of it."""
        for position in self.positions():
            legs, _ = unit_legs(position.legs)
            if any(leg.contract == contract for leg in legs) and not self._possible(legs, contract, quote):
                return False
        return True

    def _possible(self, legs: Sequence[Leg], contract: Contract, quote: Quote) -> bool:
        """Whether a structure can be worth what ``quote`` makes of it beside its other legs' quotes of this moment, or
        beside those believed last (one of this moment may itself be wrong), within half the believed spreads. One with
        another leg that is not known, or with shares beside options after an assignment, cannot say."""
        believed = {leg.contract: self._known[leg.contract].quote for leg in legs if leg.contract in self._known}
        if len(believed) < len(legs):
            return True
        try:
            worth = structure_worth((leg.contract, leg.ratio) for leg in legs)
        except CannotCompute:
            return True
        slack = TOLERANCE + sum(abs(leg.ratio) * believed[leg.contract].spread / 2.0 for leg in legs)
        latest = {other: self._market.last_quote(other) for other in believed}
        now = {other: found if found is not None and price_fault(found) is None else believed[other]
               for other, found in latest.items()}
        return any(worth.holds(sum(leg.ratio * (quote if leg.contract == contract else quotes[leg.contract]).mid
                                   for leg in legs), slack) for quotes in (now, believed))

    def _moment(self, contract: Contract, time: datetime) -> _Moment:
        """The market as of ``time``, read once for each new time of an underlying."""
        key = (contract.underlying, contract.future_expiry)
        kept = self._moments.get(key)
        if kept is None or kept[0] < time:
            kept = self._moments[key] = (time, _Moment(self._market.price_under(contract), self._market.vix()))
        return kept[1]


def _series(contract: Contract) -> tuple[object, ...]:
    return contract.underlying, contract.expiry, contract.right, contract.future_expiry, contract.root


def _differs(before: float, after: float, share: float = MARK_JUMP_SHARE) -> bool:
    return abs(after - before) > share * before + TOLERANCE


def _far(before: Quote, after: Quote) -> bool:
    """Whether a quote lies more than half of its value from the one before it."""
    return _differs(before.mid, after.mid)
