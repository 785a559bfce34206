"""Decides which option quotes may serve as marks. A quote that jumps while nothing else moves is doubted until it has
held, or until its neighbours follow.

A quote is believed at once under two conditions. First, its mid must differ from the last believed one by at most half
of that value, or the market must explain the jump: the underlying moved 0.3 %, the VIX moved a point, or a neighbouring
strike jumped the same way. Second, every structure it belongs to must be able to have the value that the quote implies.
Any other quote is set aside, and the last believed quote stays in its place with its own time, until later quotes have
confirmed the new level for three minutes. A quote that nothing follows is not confirmed.

A first quote, or the first after a long while, has nothing to be compared with. A quote without a price (a dead side,
crossed) is passed on as it is, because every reader can tell.
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
    """What the screen compares a quote with; everything as it is now."""

    def price_under(self, contract: Contract) -> float | None:
        """Price of the underlying of ``contract``; None if there is none."""
        ...

    def vix(self) -> float | None:
        """The VIX; None if there is no print."""
        ...

    def last_quote(self, contract: Contract) -> Quote | None:
        """The quote as it came, believed or not; None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class _Moment:
    """The market at one time: the price of a contract's underlying, and the VIX."""

    price: float | None
    vix: float | None

    def explains(self, later: _Moment) -> bool:
        """Whether either moved enough between this moment and ``later``. An unknown figure explains nothing."""
        if self.price and later.price and at_least(abs(later.price / self.price - 1.0), MARK_UNDERLYING_MOVE_SHARE):
            return True
        return bool(self.vix and later.vix and at_least(abs(later.vix - self.vix), MARK_VIX_MOVE_POINTS))


@dataclass(slots=True)
class _Known:
    """What is known of one contract: the believed quote, the market at that time, and the time of the last quote looked
    at; for a doubted quote, since when it has stood and its mid; for the last believed jump, its time and its sign."""

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
        The open positions, whose structures bound their quotes. Set by whoever keeps the positions.
    """

    def __init__(self, market: Market) -> None:
        self.positions: Callable[[], Iterable[Position]] = tuple
        self._market = market
        self._known: dict[Contract, _Known] = {}
        self._moments: dict[tuple[str, date | None], tuple[datetime, _Moment]] = {}
        self._notes: list[Note] = []

    def believed(self, contract: Contract, quote: Quote) -> Quote:
        """The quote that counts now: ``quote`` itself, or the last one that was believed."""
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

    def shown(self, contract: Contract, quote: Quote) -> Quote:
        """What a reader is shown for ``quote``: itself, or the believed one where it is doubted or has jumped and was not
        judged yet. It judges nothing and changes nothing: whoever only looks must not move what the rules believe."""
        known = self._known.get(contract)
        if known is None or price_fault(quote) is not None:
            return quote
        return known.quote if known.doubted is not None or _far(known.quote, quote) else quote

    def forget(self, contract: Contract) -> None:
        """Forget ``contract``, because it is no longer subscribed."""
        self._known.pop(contract, None)

    def drain_notes(self) -> tuple[Note, ...]:
        """Events with their facts for the journal, since the last call."""
        notes, self._notes = tuple(self._notes), []
        return notes

    # --- one quote that changed -------------------------------------------------------------------------------------

    def _counts(self, contract: Contract, known: _Known, quote: Quote, moment: _Moment) -> bool:
        """Whether a change is believed. If not, the quote is doubted from now on, or stays doubted."""
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
        """Whether the nearest strike above or below, among those with a known quote, jumped the same way."""
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
        """Whether every open structure that contains ``contract`` can have the value that ``quote`` implies."""
        for position in self.positions():
            legs, _ = unit_legs(position.legs)
            if any(leg.contract == contract for leg in legs) and not self._possible(legs, contract, quote):
                return False
        return True

    def _possible(self, legs: Sequence[Leg], contract: Contract, quote: Quote) -> bool:
        """Whether a structure can have the value that ``quote`` implies, within half the believed spreads. It is tried
        beside the other legs' present quotes, and beside their last believed ones, because a present one may itself be
        wrong. If another leg is not known, or shares stand beside options after an assignment, the answer is True: the
        structure cannot contradict the quote."""
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
    """Whether a quote differs from the one before it by more than half of that one's value."""
    return _differs(before.mid, after.mid)
