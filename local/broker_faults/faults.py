"""Kinds of misbehaviour, one small class each. A fault decides nothing by chance: its plan gave it its figures.

Every fault acts within its window of New York time. Orders are counted over the whole run: a fault that names
``every=3`` takes the third, sixth, … group of orders that comes within its window.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Sequence

from config.constants import MAX_COMBO_LEGS

ALL_TIME = (datetime(1990, 1, 1), datetime(2100, 1, 1))
WALL_MINUTES = 30


class Answer(str, Enum):
    """What the broker does with a new order."""

    ACCEPT = "ACCEPT"
    REFUSE = "REFUSE"              # an event with status INVALID
    REFUSE_SILENTLY = "SILENT"     # nothing is ever heard of it
    UNHEARD = "UNHEARD"            # it works, but its acknowledgement never comes
    FAIL = "FAIL"                  # the request itself fails


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a filled order: leg number, contracts, minutes until it trades (None: only if nobody cancels)."""

    leg: int
    quantity: int
    minutes: int | None


@dataclass(slots=True, kw_only=True)
class Fault:
    """Base of all faults: a window, and hooks that do nothing.

    Attributes
    ----------
    start, end : datetime
        New York time.
    every : int
        Acts on each n-th occasion within its window.
    """

    start: datetime
    end: datetime
    every: int = 1
    hits: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False)

    kind: ClassVar[str] = "none"

    def active(self, now: datetime) -> bool:
        """Whether ``now`` lies in the window."""
        return self.start <= now < self.end

    def takes(self, now: datetime) -> bool:
        """Whether this occasion is one to act on; counts it."""
        if not self.active(now):
            return False
        self._seen += 1
        if self._seen % self.every:
            return False
        self.hits += 1
        return True

    def describe(self) -> dict[str, Any]:
        """Kind and parameters as plain JSON."""
        facts = {key: value for key, value in asdict(self).items() if key not in ("hits", "_seen")}
        return {"kind": self.kind} | {key: value.isoformat() if isinstance(value, datetime) else value
                                      for key, value in facts.items()}

    # --- hooks ------------------------------------------------------------------------------------------------------

    def answer(self, now: datetime, expiry_today: datetime | None, legs: int) -> Answer | None:
        """What becomes of a new order; None leaves it to the next fault."""
        return None

    def parts(self, now: datetime, quantities: Sequence[int]) -> tuple[Part, ...] | None:
        """How a filled order trades: ``quantities`` are those of its legs, without sign. None: whole, at once."""
        return None

    def told_after(self, now: datetime, is_fill: bool, leg: int) -> int:
        """Minutes until an event is told."""
        return 0

    def again_after(self, now: datetime) -> int | None:
        """Minutes after which a fill is told a second time."""
        return None

    def crosses_cancel(self, now: datetime) -> int | None:
        """Minutes after a cancel at which a fill that crossed it is told."""
        return None

    def holdings_lag(self, now: datetime) -> int:
        """Minutes by which the account's holdings come after a fill."""
        return 0


@dataclass(slots=True, kw_only=True)
class ExpirationWall(Fault):
    """Orders on options that expire today are refused in the last half hour. TastyTrade's own rule: always on."""

    kind: ClassVar[str] = "expiration_wall"

    def answer(self, now: datetime, expiry_today: datetime | None, legs: int) -> Answer | None:
        if expiry_today is None or now < expiry_today - timedelta(minutes=WALL_MINUTES):
            return None
        return Answer.REFUSE if self.takes(now) else None


@dataclass(slots=True, kw_only=True)
class LegLimit(Fault):
    """More than four legs are refused. TastyTrade's own rule: always on."""

    kind: ClassVar[str] = "leg_limit"

    def answer(self, now: datetime, expiry_today: datetime | None, legs: int) -> Answer | None:
        return Answer.REFUSE if legs > MAX_COMBO_LEGS and self.takes(now) else None


@dataclass(slots=True, kw_only=True)
class Rejects(Fault):
    """Orders are refused, with an event or (``silent``) without one."""

    silent: bool = False
    kind: ClassVar[str] = "rejects"

    def answer(self, now: datetime, expiry_today: datetime | None, legs: int) -> Answer | None:
        if not self.takes(now):
            return None
        return Answer.REFUSE_SILENTLY if self.silent else Answer.REFUSE


@dataclass(slots=True, kw_only=True)
class NoAnswer(Fault):
    """An order works unheard: no acknowledgement; its fills are told ``minutes`` late."""

    minutes: int = 3
    kind: ClassVar[str] = "no_answer"

    def answer(self, now: datetime, expiry_today: datetime | None, legs: int) -> Answer | None:
        return Answer.UNHEARD if self.takes(now) else None

    def told_after(self, now: datetime, is_fill: bool, leg: int) -> int:
        return self.minutes if self.active(now) else 0


@dataclass(slots=True, kw_only=True)
class Disconnect(Fault):
    """Requests fail and nothing is told until the connection is back; the market trades on."""

    kind: ClassVar[str] = "disconnect"

    def answer(self, now: datetime, expiry_today: datetime | None, legs: int) -> Answer | None:
        return Answer.FAIL if self.takes(now) else None


@dataclass(slots=True, kw_only=True)
class PartialFills(Fault):
    """Every leg trades ``first`` of its share now (at least one unit) and the rest later, or (``rest`` None) never."""

    first: float = 0.5
    rest: int | None = 2
    kind: ClassVar[str] = "partial_fills"

    def parts(self, now: datetime, quantities: Sequence[int]) -> tuple[Part, ...] | None:
        units = min(quantities)
        if units < 2 or any(quantity % units for quantity in quantities) or not self.takes(now):
            return None
        begun = min(max(1, int(units * self.first)), units - 1)
        return (*(Part(leg, quantity // units * begun, 0) for leg, quantity in enumerate(quantities)),
                *(Part(leg, quantity // units * (units - begun), self.rest) for leg, quantity in enumerate(quantities)))


@dataclass(slots=True, kw_only=True)
class UnevenFills(Fault):
    """Leg ``leg`` trades ``share`` of its quantity now; the rest of it later, or (``rest`` None) never."""

    leg: int = 0
    share: float = 0.0
    rest: int | None = None
    kind: ClassVar[str] = "uneven_fills"

    def parts(self, now: datetime, quantities: Sequence[int]) -> tuple[Part, ...] | None:
        if len(quantities) < 2 or not self.takes(now):
            return None
        slow = self.leg % len(quantities)
        parts = [Part(leg, quantity, 0) for leg, quantity in enumerate(quantities) if leg != slow]
        begun = min(int(quantities[slow] * self.share), quantities[slow] - 1)
        if begun:
            parts.append(Part(slow, begun, 0))
        return (*parts, Part(slow, quantities[slow] - begun, self.rest))


@dataclass(slots=True, kw_only=True)
class LateFills(Fault):
    """Fills are told ``minutes`` late."""

    minutes: int = 2
    kind: ClassVar[str] = "late_fills"

    def told_after(self, now: datetime, is_fill: bool, leg: int) -> int:
        return self.minutes if is_fill and self.takes(now) else 0


@dataclass(slots=True, kw_only=True)
class OutOfOrder(Fault):
    """Events of earlier legs are told after those of later ones, acknowledgements after fills."""

    minutes: int = 1
    kind: ClassVar[str] = "out_of_order"

    def told_after(self, now: datetime, is_fill: bool, leg: int) -> int:
        if not self.active(now):
            return 0
        self.hits += 1
        return self.minutes if leg == 0 or not is_fill else 0


@dataclass(slots=True, kw_only=True)
class DoubleFills(Fault):
    """Fills are told a second time ``minutes`` later."""

    minutes: int = 0
    kind: ClassVar[str] = "double_fills"

    def again_after(self, now: datetime) -> int | None:
        return self.minutes if self.takes(now) else None


@dataclass(slots=True, kw_only=True)
class FillAfterCancel(Fault):
    """A fill crosses the cancel: told ``minutes`` after the cancel's own event. ``legs`` 0: the whole order."""

    minutes: int = 0
    legs: int = 0
    kind: ClassVar[str] = "fill_after_cancel"

    def crosses_cancel(self, now: datetime) -> int | None:
        return self.minutes if self.takes(now) else None


@dataclass(slots=True, kw_only=True)
class HoldingsLag(Fault):
    """The account shows a fill only ``minutes`` after its event."""

    minutes: int = 1
    kind: ClassVar[str] = "holdings_lag"

    def holdings_lag(self, now: datetime) -> int:
        return self.minutes if self.takes(now) else 0


@dataclass(slots=True, kw_only=True)
class MarketFault(Fault):
    """Base of what the data feed does wrong; see :mod:`local.broker_faults.market`."""


@dataclass(slots=True, kw_only=True)
class StaleQuotes(MarketFault):
    """No new bars of option contracts."""

    kind: ClassVar[str] = "stale_quotes"


@dataclass(slots=True, kw_only=True)
class CrossedQuotes(MarketFault):
    """Bid and ask of option contracts are swapped."""

    kind: ClassVar[str] = "crossed_quotes"


@dataclass(slots=True, kw_only=True)
class MissingSide(MarketFault):
    """Option contracts lose their bid, or (``side`` "ask") their ask."""

    side: str = "bid"
    kind: ClassVar[str] = "missing_side"


@dataclass(slots=True, kw_only=True)
class WideQuotes(MarketFault):
    """Bid and ask of option contracts stand ``share`` of their mid below and above it. Not among the kinds that are
    drawn by seed: the method refuses such a market, it does not repair it."""

    share: float = 0.25
    kind: ClassVar[str] = "wide_quotes"


@dataclass(slots=True, kw_only=True)
class LyingQuotes(MarketFault):
    """One contract is quoted ``bid`` by ``ask_times`` its ask. ``option`` is its name in 21 characters, as the exchanges
    write it (``SPY   241115P00525000``). Not among the kinds that are drawn by seed: it needs a contract that is held."""

    option: str
    bid: float = 0.05
    ask_times: float = 10.0
    kind: ClassVar[str] = "lying_quotes"


@dataclass(slots=True, kw_only=True)
class VixLost(MarketFault):
    """No bars of VIX."""

    kind: ClassVar[str] = "vix_lost"


@dataclass(slots=True, kw_only=True)
class Restart(Fault):
    """The algorithm's process dies at ``start`` and a new one is up at ``end``. ``keeps_tags``: whether open orders
    come back with their tags (the live brokerage does not keep them)."""

    keeps_tags: bool = True
    kind: ClassVar[str] = "restart"


KINDS: tuple[type[Fault], ...] = (Rejects, NoAnswer, Disconnect, PartialFills, UnevenFills, LateFills, OutOfOrder,
                                  DoubleFills, FillAfterCancel, HoldingsLag, StaleQuotes, CrossedQuotes, MissingSide,
                                  VixLost, Restart)
