"""What all changes of an open position share: the request for a chain, the request for quotes, and the order itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Callable, Iterable, Mapping, ParamSpec, TypeVar

import numpy as np

from config.constants import ROLL_NATURAL_MINUTES_BEFORE_CLOSE, ROLL_NEIGHBOUR_STRIKES, VIX_ENTRY_STOP
from core.entry.checks import mode_forbids, standing_halt
from core.errors import CannotCompute
from core.intents import intent_id
from core.model import (EMPTY, Contract, HeldLeg, Hold, Intent, Leg, Manage, PortfolioView, Position, Purpose, Right,
                        Select, Snapshot, Urgency)
from core.quotes import TOLERANCE
from strategies.exits import ExitReason
from strategies.listing import Listing

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def may_open(view: PortfolioView) -> bool:
    """Whether a change may open new contracts now. If entries are halted, a roll becomes a mere closing."""
    return mode_forbids(view) is None and standing_halt(view) is None


def may_sell(view: PortfolioView, snapshot: Snapshot) -> bool:
    """Whether a change may sell a new short now. It is an entry in all but name, so it needs a VIX below its stop."""
    vix = snapshot.vix
    return may_open(view) and vix is not None and not vix.entry_stopped and vix.value <= VIX_ENTRY_STOP


def holds_when_unknown(decide: Callable[Asked, Answer]) -> Callable[Asked, Answer | Hold]:
    """Make a roll wait if its input cannot be computed with. For rolls only: an exit that must happen is decided
    without anything that can fail to compute."""
    @wraps(decide)
    def decided(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer | Hold:
        try:
            return decide(*args, **kwargs)
        except CannotCompute as error:
            return Hold(reason=f"CANNOT_COMPUTE: {error}")
    return decided


def due_urgency(snapshot: Snapshot) -> Urgency:
    """The urgency of a roll that is due by its date: walking, and in the session's last hour at the natural price."""
    last_hour = snapshot.calendar.known_close - timedelta(minutes=ROLL_NATURAL_MINUTES_BEFORE_CLOSE)
    return Urgency.NATURAL if snapshot.time >= last_hour else Urgency.WALK


def want_chain(position: Position) -> Select:
    """Ask for the chain of the position's underlying in its next snapshot, by a ``Select`` without contracts."""
    return Select(strategy=position.strategy, underlying=position.underlying, contracts=())


def want_quotes(position: Position, contracts: Iterable[Contract]) -> Select:
    """Ask for quotes of contracts that a roll may need."""
    return Select(strategy=position.strategy, underlying=position.underlying, contracts=tuple(contracts))


def neighbourhood(listing: Listing, right: Right, strike: float) -> tuple[Contract, ...]:
    """The listed contract at ``strike`` and ``ROLL_NEIGHBOUR_STRIKES`` on each side of it."""
    strikes = listing.strikes(right)
    place = int(np.searchsorted(strikes, strike - TOLERANCE))
    around = strikes[max(0, place - ROLL_NEIGHBOUR_STRIKES):place + ROLL_NEIGHBOUR_STRIKES + 1]
    return tuple(listing.contract(near, right) for near in around.tolist())


def change(position: Position, legs: Iterable[tuple[Contract, int]], quantity: int, reason: ExitReason, time: datetime,
           urgency: Urgency = Urgency.WALK, facts: Mapping[str, Any] = EMPTY) -> Manage:
    """One combo that changes ``position``: (contract, ratio) pairs, ``quantity`` times. ``facts`` are added to the
    position's own once it has filled."""
    return Manage(intent=Intent(
        id=intent_id(position.id, Purpose.MANAGE, time), strategy=position.strategy, position_id=position.id,
        purpose=Purpose.MANAGE, urgency=urgency, quantity=quantity, reason=reason.value, created=time, facts=facts,
        legs=tuple(Leg(contract=contract, ratio=ratio) for contract, ratio in legs)))


def roll(position: Position, old: HeldLeg, new: Contract, reason: ExitReason, time: datetime,
         urgency: Urgency = Urgency.WALK, facts: Mapping[str, Any] = EMPTY) -> Manage:
    """Replace one held leg with the same number of ``new``."""
    sign = 1 if old.quantity > 0 else -1
    return change(position, ((old.contract, -sign), (new, sign)), abs(old.quantity), reason, time, urgency, facts)


def close_leg(position: Position, old: HeldLeg, reason: ExitReason, time: datetime,
              urgency: Urgency = Urgency.WALK) -> Manage:
    """Close one held leg and keep the rest."""
    return change(position, ((old.contract, -1 if old.quantity > 0 else 1),), abs(old.quantity), reason, time, urgency)
