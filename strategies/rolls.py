"""What all changes of an open position share: asking for a chain, asking for quotes, and the order itself."""

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
    """Whether a change may open new contracts now. Where entries are halted a roll becomes what it closes."""
    return mode_forbids(view) is None and standing_halt(view) is None


def may_sell(view: PortfolioView, snapshot: Snapshot) -> bool:
    """Whether a change may sell a new short now: an entry in all but name, so not without a VIX or above its stop."""
    vix = snapshot.vix
    return may_open(view) and vix is not None and not vix.entry_stopped and vix.value <= VIX_ENTRY_STOP


def holds_when_unknown(decide: Callable[Asked, Answer]) -> Callable[Asked, Answer | Hold]:
    """A roll whose input cannot be computed with waits. Only for rolls: exits that must happen are decided without
    anything that can fail to compute."""
    @wraps(decide)
    def decided(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer | Hold:
        try:
            return decide(*args, **kwargs)
        except CannotCompute as error:
            return Hold(reason=f"CANNOT_COMPUTE: {error}")
    return decided


def due_urgency(snapshot: Snapshot) -> Urgency:
    """How a roll is sent that is due by its date: walking, and at the natural price in the session's last hour."""
    last_hour = snapshot.calendar.known_close - timedelta(minutes=ROLL_NATURAL_MINUTES_BEFORE_CLOSE)
    return Urgency.NATURAL if snapshot.time >= last_hour else Urgency.WALK


def want_chain(position: Position) -> Select:
    """Asks for the chain of the position's underlying in its next snapshot: a ``Select`` without contracts."""
    return Select(strategy=position.strategy, underlying=position.underlying, contracts=())


def want_quotes(position: Position, contracts: Iterable[Contract]) -> Select:
    """Asks for quotes of contracts a roll may need."""
    return Select(strategy=position.strategy, underlying=position.underlying, contracts=tuple(contracts))


def neighbourhood(listing: Listing, right: Right, strike: float) -> tuple[Contract, ...]:
    """The listed contract at ``strike`` and ``ROLL_NEIGHBOUR_STRIKES`` on each side of it."""
    strikes = listing.strikes(right)
    place = int(np.searchsorted(strikes, strike - TOLERANCE))
    around = strikes[max(0, place - ROLL_NEIGHBOUR_STRIKES):place + ROLL_NEIGHBOUR_STRIKES + 1]
    return tuple(listing.contract(near, right) for near in around.tolist())


def change(position: Position, legs: Iterable[tuple[Contract, int]], quantity: int, reason: ExitReason, time: datetime,
           urgency: Urgency = Urgency.WALK, facts: Mapping[str, Any] = EMPTY) -> Manage:
    """One combo that changes ``position``: (contract, ratio) pairs, ``quantity`` times. ``facts`` join the position's
    own once it has filled."""
    return Manage(intent=Intent(
        id=intent_id(position.id, Purpose.MANAGE, time), strategy=position.strategy, position_id=position.id,
        purpose=Purpose.MANAGE, urgency=urgency, quantity=quantity, reason=reason.value, created=time, facts=facts,
        legs=tuple(Leg(contract=contract, ratio=ratio) for contract, ratio in legs)))


def roll(position: Position, old: HeldLeg, new: Contract, reason: ExitReason, time: datetime,
         urgency: Urgency = Urgency.WALK, facts: Mapping[str, Any] = EMPTY) -> Manage:
    """Replace one held leg by as many of ``new``."""
    sign = 1 if old.quantity > 0 else -1
    return change(position, ((old.contract, -sign), (new, sign)), abs(old.quantity), reason, time, urgency, facts)


def close_leg(position: Position, old: HeldLeg, reason: ExitReason, time: datetime,
              urgency: Urgency = Urgency.WALK) -> Manage:
    """Close one held leg and keep the rest."""
    return change(position, ((old.contract, -1 if old.quantity > 0 else 1),), abs(old.quantity), reason, time, urgency)
