"""Builds the intents that close or change a position. Ids are derived, not counted: the same decision in the same
minute gets the same id, so a restart cannot send it twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import gcd
from typing import Any, Final, Iterable, Mapping, TypeVar

from config.constants import LAST_MINUTES_WITHOUT_ORDERS
from core.model import EMPTY, HeldLeg, Intent, Leg, Position, Purpose, Urgency

ASSIGNED: Final = "ASSIGNED"    # reason of a closing: a short option became shares
SPLIT: Final = "SPLIT"          # reason of a closing: a split of the shares takes effect in the next session
Key = TypeVar("Key")


def last_order_time(session_close: datetime) -> datetime:
    """The moment from which no order may stand, whether it opens or closes: the start of the session's last minute."""
    return session_close - timedelta(minutes=LAST_MINUTES_WITHOUT_ORDERS)


def position_id(strategy: str, time: datetime) -> str:
    """Id of a position whose entry was selected at ``time``: ``lt112/202407011000``."""
    return f"{strategy}/{time:%Y%m%d%H%M}"


def intent_id(position: str, purpose: Purpose, time: datetime) -> str:
    """Id of an order of a position: ``lt112/202407011000:EXIT:202408021030``."""
    return f"{position}:{purpose.value}:{time:%Y%m%d%H%M}"


def position_of(intent: str) -> str:
    """Id of the position an intent's id belongs to."""
    return intent.partition(":")[0]


def smallest_ratios(quantities: Mapping[Key, int]) -> tuple[dict[Key, int], int]:
    """Signed quantities as ratios without a common divisor, and the number of units. Quantities of 0 are left out.

    Returns
    -------
    ratios, units : dict, int
        ``ratio * units`` is the quantity; {}, 0 if there is none.
    """
    there = {key: quantity for key, quantity in quantities.items() if quantity}
    units = gcd(*there.values())
    return {key: quantity // units for key, quantity in there.items()}, units


def unit_legs(held: Iterable[HeldLeg], sign: int = 1) -> tuple[tuple[Leg, ...], int]:
    """Reduce held quantities to their smallest ratios and a number of units.

    Returns
    -------
    legs, quantity : tuple of Leg, int
        ``ratio * quantity`` is ``sign`` times the held quantity of each leg; (), 0 if nothing is held.
    """
    ratios, units = smallest_ratios({leg.contract: sign * leg.quantity for leg in held})
    return tuple(Leg(contract=contract, ratio=ratio) for contract, ratio in ratios.items()), units


def closing_intent(position: Position, reason: str, time: datetime, urgency: Urgency = Urgency.WALK,
                   purpose: Purpose = Purpose.EXIT, facts: Mapping[str, Any] = EMPTY) -> Intent:
    """The intent that closes every leg of ``position``. The executor splits it into orders that the broker takes.

    Raises
    ------
    ValueError
        If the position holds nothing to close.
    """
    legs, quantity = unit_legs(position.legs, sign=-1)
    if not legs:
        raise ValueError(f"nothing to close in {position.id}")
    return Intent(id=intent_id(position.id, purpose, time), strategy=position.strategy, position_id=position.id,
                  purpose=purpose, urgency=urgency, legs=legs, quantity=quantity, reason=reason, created=time,
                  facts=facts)


def buying_back_intent(position: Position, reason: str, time: datetime) -> Intent:
    """The intent that buys back the short options of ``position`` at the natural price and keeps the rest.

    Raises
    ------
    ValueError
        If the position has no short options.
    """
    legs, quantity = unit_legs((leg for leg in position.legs if leg.quantity < 0), sign=-1)
    if not legs:
        raise ValueError(f"nothing to buy back in {position.id}")
    return Intent(id=intent_id(position.id, Purpose.MANAGE, time), strategy=position.strategy, position_id=position.id,
                  purpose=Purpose.MANAGE, urgency=Urgency.NATURAL, legs=legs, quantity=quantity, reason=reason, created=time)
