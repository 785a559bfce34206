"""Owns the positions and each one's state machine. State is data: everything can be rebuilt from ``facts()``.

Every position is its own machine, driven by its strategy's own table ``(state, event) -> state``. An unknown pair
raises. Timeouts and errors are only reported here; the shell acts on them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Collection, Mapping

from config.constants import (ENTRY_TIMEOUT_MINUTES, ERROR_WINDOW_MINUTES, ERRORS_TO_SUSPEND, TRANSITIONS_KEPT,
                              VALIDATION_TIMEOUT_MINUTES)
from core.codes import RefusalCode
from core.errors import IntegrityError, TransitionError
from core.model import Contract, Event, HeldLeg, Position, State
from core.serialization import Encoded, canonical, position_from_json, position_to_json

Table = Mapping[tuple[State, Event], State]

# EXITING and the other exit states never time out. They only escalate.
TIMEOUTS: Mapping[State, timedelta] = {
    State.VALIDATION: timedelta(minutes=VALIDATION_TIMEOUT_MINUTES),
    State.ENTERING: timedelta(minutes=ENTRY_TIMEOUT_MINUTES),
}
PENDING = frozenset({State.VALIDATION, State.ENTERING})
TROUBLED = frozenset({State.ERROR, State.RECOVERY})
ENDED = frozenset({State.COMPLETE, State.WAITING})
CHANGEABLE = frozenset({"units", "entry_price", "entry_margin_usd", "entry_risk_usd", "short_dte_at_entry", "opened",
                        "facts"})
ENTRY_DATES_KEPT = 120
ARCHIVED_KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One step of one machine, as the store and the audit trail keep it."""

    time: datetime
    position_id: str
    event: Event
    source: State
    target: State
    reason: str
    _text: str = field(default="", init=False, repr=False, compare=False)

    def encoded(self) -> str:
        """The JSON text of :meth:`to_json`, written once."""
        if not self._text:
            object.__setattr__(self, "_text", canonical(self.to_json()))
        return self._text

    def to_json(self) -> dict[str, Any]:
        return {"time": self.time.isoformat(), "position_id": self.position_id, "event": self.event.value,
                "from": self.source.value, "to": self.target.value, "reason": self.reason}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Transition:
        return cls(time=datetime.fromisoformat(facts["time"]), position_id=facts["position_id"],
                   event=Event(facts["event"]), source=State(facts["from"]), target=State(facts["to"]),
                   reason=facts["reason"])


class UnifiedStateManager:
    """Positions by id, their machines, their fills, and the errors of each strategy.

    Parameters
    ----------
    tables : mapping
        Strategy name to its transition table.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = dict(tables)
        self._positions: dict[str, Position] = {}
        self._since: dict[str, datetime] = {}
        self._log: deque[Transition] = deque(maxlen=TRANSITIONS_KEPT)
        self._undrained: list[Transition] = []
        self._errors: dict[str, list[tuple[datetime, str]]] = {}
        self._suspended: set[str] = set()
        self._entry_dates: dict[str, list[date]] = {}
        self._accepted = 0
        self._revision = 0
        self._archived: dict[str, Position] = {}
        self._texts: dict[str, tuple[Position, str]] = {}

    # --- positions and their machines -------------------------------------------------------------------------------

    def open(self, position: Position, time: datetime) -> Position:
        """Take a new position under management, in state WAITING.

        Raises
        ------
        IntegrityError
            If the id is taken, the strategy has no table, or the position is not in WAITING.
        """
        if position.id in self._positions:
            raise IntegrityError("position id is taken", position=position.id)
        if position.strategy not in self._tables:
            raise IntegrityError("strategy has no transition table", strategy=position.strategy)
        if position.state is not State.WAITING:
            raise IntegrityError("a new position begins in WAITING", position=position.id, state=position.state.value)
        self._revision += 1
        self._positions[position.id] = position
        self._since[position.id] = time
        return position

    def apply(self, position_id: str, event: Event, time: datetime, reason: str) -> Position:
        """Move one machine by ``event``; a FAULT also counts as an error of its strategy.

        Raises
        ------
        TransitionError
            If the strategy's table does not know the pair, or the position is unknown. Nothing changes then.
        """
        position = self.position(position_id)
        target = self._tables[position.strategy].get((position.state, event))
        if target is None:
            raise TransitionError("no such transition", position=position_id, strategy=position.strategy,
                                  state=position.state.value, event=event.value)
        step = Transition(time=time, position_id=position_id, event=event, source=position.state, target=target,
                          reason=reason)
        self._log.append(step)
        self._undrained.append(step)
        if target is not position.state:
            self._since[position_id] = time
        self._revision += 1
        moved = self._positions[position_id] = replace(position, state=target)
        if event is Event.FAULT:
            self.record_error(position.strategy, time, reason)
        if event is Event.ENTRY_FILLED:
            dates = self._entry_dates.setdefault(position.strategy, [])
            dates.append(time.date())
            del dates[:-ENTRY_DATES_KEPT]
        return moved

    def allows(self, position_id: str, event: Event) -> bool:
        """Whether the position's table knows ``event`` in its present state."""
        position = self.position(position_id)
        return (position.state, event) in self._tables[position.strategy]

    def position(self, position_id: str) -> Position:
        """The position of that id.

        Raises
        ------
        TransitionError
            If there is none.
        """
        found = self._positions.get(position_id)
        if found is None:
            raise TransitionError("unknown position", position=position_id)
        return found

    def __contains__(self, position_id: str) -> bool:
        return position_id in self._positions

    @property
    def revision(self) -> int:
        """A number that rises with every change of a position or a machine in this run. Equal numbers mean equal
        facts."""
        return self._revision

    @property
    def positions(self) -> tuple[Position, ...]:
        """All positions, in the order they were opened."""
        return tuple(self._positions.values())

    @property
    def open_positions(self) -> tuple[Position, ...]:
        """The positions that hold something."""
        return tuple(position for position in self._positions.values() if position.is_open)

    def held_by_others(self, position_id: str, contract: Contract) -> int:
        """Signed total quantity of ``contract`` held by positions other than ``position_id``."""
        return sum(leg.quantity for position in self._positions.values() if position.id != position_id
                   for leg in position.legs if leg.contract == contract)

    def since(self, position_id: str) -> datetime:
        """When the position entered its present state."""
        self.position(position_id)
        return self._since[position_id]

    def change(self, position_id: str, **fields: Any) -> Position:
        """Set facts that become known at entry or from a strategy (``CHANGEABLE``); never state, legs or money.

        Raises
        ------
        IntegrityError
            For any other field.
        """
        wrong = set(fields) - CHANGEABLE
        if wrong:
            raise IntegrityError("field may not be changed from outside", position=position_id, fields=sorted(wrong))
        self._revision += 1
        changed = self._positions[position_id] = replace(self.position(position_id), **fields)
        return changed

    def archive(self, position_id: str) -> Position:
        """Release a position that is over, and return its last value.

        Raises
        ------
        IntegrityError
            If it still holds something, or its machine has not ended.
        """
        position = self.position(position_id)
        if position.is_open or position.state not in ENDED:
            raise IntegrityError("position is not over", position=position_id, state=position.state.value,
                                 legs=[(leg.contract.id, leg.quantity) for leg in position.legs])
        self._revision += 1
        del self._positions[position_id]
        del self._since[position_id]
        self._texts.pop(position_id, None)
        self._archived[position_id] = position
        while len(self._archived) > ARCHIVED_KEPT:
            del self._archived[next(iter(self._archived))]
        return position

    def reopen(self, position_id: str, time: datetime, reason: str) -> Position:
        """Take an archived position back under management, in ERROR, because a fill has come after its end.

        Raises
        ------
        TransitionError
            If no position of that id was archived in this run.
        """
        archived = self._archived.pop(position_id, None)
        if archived is None:
            raise TransitionError("unknown position", position=position_id)
        step = Transition(time=time, position_id=position_id, event=Event.FAULT, source=archived.state,
                          target=State.ERROR, reason=reason)
        self._log.append(step)
        self._undrained.append(step)
        self._since[position_id] = time
        self._revision += 1
        reopened = self._positions[position_id] = replace(archived, state=State.ERROR)
        self.record_error(archived.strategy, time, reason)
        return reopened

    # --- fills ------------------------------------------------------------------------------------------------------

    def accept(self, sequence: int) -> bool:
        """True once for each number of the executor's stream, in rising order; False for one seen before.

        Makes fills and outcomes that are offered again after a restart harmless.
        """
        if sequence <= self._accepted:
            return False
        self._revision += 1
        self._accepted = sequence
        return True

    @property
    def accepted(self) -> int:
        """Number of the last accepted report. After a restart, the executor's own facts must not be older than this."""
        return self._accepted

    def apply_fill(self, position_id: str, contract: Contract, quantity: int, price: float, fee: float) -> Position:
        """Book one fill: legs, cash flow and fees.

        Parameters
        ----------
        quantity : int
            Signed: bought positive, sold negative.
        price : float
            Points per contract, not negative.
        fee : float
            USD, positive.

        A fill is a fact. If it comes late, after another order has closed its contracts, it may turn a leg's sign. The
        executor trades back whatever exceeds its goal.
        """
        position = self.position(position_id)
        legs, booked = [], False
        for leg in position.legs:
            if leg.contract == contract:
                leg, booked = _booked(leg, quantity, price), True
            if leg.quantity:
                legs.append(leg)
        if not booked and quantity:
            legs.append(HeldLeg(contract=contract, quantity=quantity, average_price=price))
        self._revision += 1
        changed = self._positions[position_id] = replace(
            position, legs=tuple(legs), fees_usd=position.fees_usd + fee,
            cash_flow_usd=position.cash_flow_usd - quantity * price * contract.multiplier - fee)
        return changed

    def remove_leg(self, position_id: str, contract: Contract, quantity: int | None = None) -> Position:
        """Remove a leg, or ``quantity`` of it signed as held, without booking money: it expired, was assigned, or was
        closed elsewhere. A cash settlement is booked by ``apply_fill`` instead."""
        position = self.position(position_id)
        held = {leg.contract: leg.quantity for leg in position.legs}
        if contract not in held:
            raise IntegrityError("leg is not held", position=position_id, contract=contract.id)
        taken = held[contract] if quantity is None else quantity
        if taken * held[contract] <= 0 or abs(taken) > abs(held[contract]):
            raise IntegrityError("more taken out than held", position=position_id, contract=contract.id, taken=taken,
                                 held=held[contract])
        legs = (replace(leg, quantity=leg.quantity - taken) if leg.contract == contract else leg
                for leg in position.legs)
        self._revision += 1
        changed = self._positions[position_id] = replace(position, legs=tuple(leg for leg in legs if leg.quantity))
        return changed

    # --- time and errors --------------------------------------------------------------------------------------------

    def due_timeouts(self, now: datetime, working: Collection[str] = frozenset()) -> tuple[Position, ...]:
        """Positions that have been in VALIDATION or ENTERING for five minutes or more. Those whose order still works
        are left out, because the order's own outcome ends them."""
        return tuple(position for position in self._positions.values()
                     if position.id not in working and position.state in TIMEOUTS
                     and now - self._since[position.id] >= TIMEOUTS[position.state])

    def record_error(self, strategy: str, time: datetime, reason: str) -> bool:
        """Count an error of ``strategy``. True if it is suspended (three within 30 minutes, or already suspended)."""
        if strategy not in self._tables:
            raise IntegrityError("strategy has no transition table", strategy=strategy)
        window = timedelta(minutes=ERROR_WINDOW_MINUTES)
        recent = [item for item in self._errors.get(strategy, []) if time - item[0] <= window]
        recent.append((time, reason))
        self._revision += 1
        self._errors[strategy] = recent
        if len(recent) >= ERRORS_TO_SUSPEND:
            self._suspended.add(strategy)
        return strategy in self._suspended

    def resume(self, strategy: str) -> None:
        """Let the strategy enter again on the operator's word, and forget its errors."""
        self._revision += 1
        self._suspended.discard(strategy)
        self._errors.pop(strategy, None)

    # --- what the gate's view is made of ----------------------------------------------------------------------------

    def pending(self) -> dict[str, str]:
        """Each strategy in VALIDATION or ENTERING, with the underlying it is about to hold."""
        return {position.strategy: position.underlying for position in self._positions.values()
                if position.state in PENDING}

    def in_error(self) -> frozenset[str]:
        """Strategies with a position in ERROR or RECOVERY."""
        return frozenset(position.strategy for position in self._positions.values() if position.state in TROUBLED)

    def suspended(self) -> dict[str, RefusalCode]:
        """Suspended strategies and the code their entries are refused with."""
        return {strategy: RefusalCode.STRATEGY_SUSPENDED for strategy in sorted(self._suspended)}

    def entry_dates(self) -> dict[str, tuple[date, ...]]:
        """Days on which each strategy's entries filled, oldest first."""
        return {strategy: tuple(dates) for strategy, dates in self._entry_dates.items()}

    def transitions(self) -> tuple[Transition, ...]:
        """The latest transitions, oldest first."""
        return tuple(self._log)

    def drain_transitions(self) -> tuple[Transition, ...]:
        """Transitions since the last call, for the audit trail."""
        drained = tuple(self._undrained)
        self._undrained.clear()
        return drained

    # --- memory -----------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return self._facts([position_to_json(position) for position in self._positions.values()],
                           [step.to_json() for step in self._log])

    def _facts(self, positions: list[dict[str, Any]] | Encoded, log: list[dict[str, Any]] | Encoded) -> dict[str, Any]:
        return {
            "positions": positions,
            "since": {key: moment.isoformat() for key, moment in self._since.items()},
            "log": log,
            "errors": {strategy: [[moment.isoformat(), reason] for moment, reason in rows]
                       for strategy, rows in self._errors.items()},
            "suspended": sorted(self._suspended),
            "entry_dates": {strategy: [day.isoformat() for day in dates]
                            for strategy, dates in self._entry_dates.items()},
            "accepted": self._accepted,
        }

    def encoded_facts(self) -> dict[str, Any]:
        """:meth:`facts` with the texts of positions and transitions, each written once."""
        return self._facts(Encoded.rows(map(self._text_of, self._positions.values())),
                           Encoded.rows(step.encoded() for step in self._log))

    def _text_of(self, position: Position) -> str:
        known = self._texts.get(position.id)
        if known is None or known[0] is not position:
            known = self._texts[position.id] = (position, canonical(position_to_json(position)))
        return known[1]

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take over ``facts()`` of an earlier run.

        Raises
        ------
        IntegrityError
            If they contradict each other or name a strategy without a table.
        """
        positions = [position_from_json(row) for row in facts["positions"]]
        self._positions = {position.id: position for position in positions}
        if len(self._positions) != len(positions):
            raise IntegrityError("a position is stored twice", ids=[position.id for position in positions])
        self._since = {key: datetime.fromisoformat(text) for key, text in facts["since"].items()}
        self._log = deque((Transition.from_json(row) for row in facts["log"]), maxlen=TRANSITIONS_KEPT)
        self._undrained = []
        self._errors = {strategy: [(datetime.fromisoformat(text), reason) for text, reason in rows]
                        for strategy, rows in facts["errors"].items()}
        self._suspended = set(facts["suspended"])
        self._entry_dates = {strategy: [date.fromisoformat(text) for text in dates]
                             for strategy, dates in facts["entry_dates"].items()}
        self._accepted = int(facts["accepted"])
        self.self_check()

    def self_check(self) -> None:
        """Raise IntegrityError if positions, clocks and tables do not fit each other."""
        if set(self._since) != set(self._positions):
            raise IntegrityError("positions and their clocks differ",
                                 ids=sorted(set(self._since) ^ set(self._positions)))
        for key, position in self._positions.items():
            if key != position.id:
                raise IntegrityError("position is filed under another id", key=key, position=position.id)
            table = self._tables.get(position.strategy)
            if table is None:
                raise IntegrityError("strategy has no transition table", strategy=position.strategy)
            states = {source for source, _ in table} | set(table.values())
            if position.state not in states:
                raise IntegrityError("state is not in the strategy's table", position=key, state=position.state.value)
            if any(not leg.quantity for leg in position.legs):
                raise IntegrityError("a leg of quantity zero is kept", position=key)
            if position.state in ENDED and position.is_open:
                raise IntegrityError("an ended position holds something", position=key, state=position.state.value)


def _booked(leg: HeldLeg, quantity: int, price: float) -> HeldLeg:
    """``leg`` after a fill. Its average price is a new average if the fill adds, unchanged if it reduces, and the
    fill's price if it turns the sign."""
    total = leg.quantity + quantity
    if leg.quantity * quantity >= 0:
        cost = leg.average_price * leg.quantity + price * quantity
        return replace(leg, quantity=total, average_price=cost / total if total else leg.average_price)
    if total * leg.quantity < 0:
        return replace(leg, quantity=total, average_price=price)
    return replace(leg, quantity=total)
