"""The life of a position: the rows that all strategies share. A strategy's own table is these rows and its own.

A state and an event give the next state; a pair that no table knows raises. Strategies differ in what an expiry ends,
whether a position is changed while it is held, and day 21.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Mapping

from core.errors import ConfigError
from core.model import Event, State

Transitions = Mapping[tuple[State, Event], State]

SHARED: Final[Transitions] = MappingProxyType({
    (State.WAITING, Event.SELECTED): State.VALIDATION,
    (State.WAITING, Event.FAULT): State.ERROR,
    (State.VALIDATION, Event.ORDER_SENT): State.ENTERING,
    (State.VALIDATION, Event.ENTRY_REFUSED): State.WAITING,  # nothing was sent: the slot is free at once
    (State.VALIDATION, Event.TIMED_OUT): State.WAITING,
    (State.VALIDATION, Event.FAULT): State.ERROR,
    (State.VALIDATION, Event.RECOVER): State.RECOVERY,  # a restart between storing the intent and storing ORDER_SENT
    (State.ENTERING, Event.ENTRY_FILLED): State.ACTIVE,  # fewer units than asked are kept, if they are even
    (State.ENTERING, Event.ENTRY_REFUSED): State.WAITING,
    (State.ENTERING, Event.TIMED_OUT): State.WAITING,
    (State.ENTERING, Event.FAULT): State.ERROR,
    (State.ENTERING, Event.RECOVER): State.RECOVERY,
    (State.ACTIVE, Event.EXIT): State.EXITING,
    (State.ACTIVE, Event.DEFEND): State.DEFENSIVE_EXIT,
    (State.ACTIVE, Event.FAULT): State.ERROR,
    (State.ACTIVE, Event.RECOVER): State.RECOVERY,
    (State.EXITING, Event.DEFEND): State.DEFENSIVE_EXIT,  # a mandatory exit overtakes a walking one
    (State.EXITING, Event.EXIT_FILLED): State.COMPLETE,
    (State.EXITING, Event.FAULT): State.ERROR,
    (State.EXITING, Event.RECOVER): State.RECOVERY,
    (State.DEFENSIVE_EXIT, Event.EXIT_FILLED): State.COMPLETE,
    (State.DEFENSIVE_EXIT, Event.FAULT): State.ERROR,
    (State.DEFENSIVE_EXIT, Event.RECOVER): State.RECOVERY,
    (State.COMPLETE, Event.RESET): State.WAITING,
    (State.COMPLETE, Event.FAULT): State.ERROR,
    (State.ERROR, Event.RECOVER): State.RECOVERY,
    (State.ERROR, Event.EXIT_FILLED): State.COMPLETE,  # flattening continues in ERROR, and ends it
    (State.ERROR, Event.FAULT): State.ERROR,  # a further fault changes nothing; it is counted
    (State.RECOVERY, Event.RECOVERED_FLAT): State.COMPLETE,
    (State.RECOVERY, Event.RECOVERED_HELD): State.ACTIVE,  # an interrupted exit is decided anew from ACTIVE
    (State.RECOVERY, Event.FAULT): State.ERROR,
})


def lifecycle(own: Transitions) -> Transitions:
    """A strategy's table, read-only: the shared rows and its ``own`` ones.

    Raises
    ------
    ConfigError
        If an own row repeats or contradicts a shared one.
    """
    twice = sorted(f"{state.value} {event.value}" for state, event in own.keys() & SHARED.keys())
    if twice:
        raise ConfigError("a strategy's own rows repeat shared ones", rows=twice)
    return MappingProxyType({**SHARED, **own})
