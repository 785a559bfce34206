"""Asks the strategies through the coordinator, and passes their decisions to the executor."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import Iterable

from config.constants import ENTRY_RETRY_MINUTES, ENTRY_TRIES_A_WINDOW, VALIDATION_TIMEOUT_MINUTES
from core.codes import DOES_NOT_FIT, RefusalCode
from core.entry.checks import mode_forbids, standing_halt
from core.intents import buying_back_intent, closing_intent, position_id
from core.model import (EMPTY, Contract, Enter, Event, Exit, Hold, Manage, PortfolioView, Position, Purpose, Refused,
                        Select, Snapshot, State, Urgency)
from helpers.shell.components import Components
from helpers.shell.misfits import Misfits
from helpers.shell.ports import Subscriptions
from helpers.shell.snapshots import SnapshotBuilder
from helpers.store.journal import Journal

# Refusals that mean "not quoted yet". They are asked again each minute until VALIDATION times out.
QUOTES_AWAITED = frozenset({RefusalCode.QUOTE_MISSING, RefusalCode.QUOTE_EMPTY, RefusalCode.QUOTE_STALE,
                            RefusalCode.QUOTE_CROSSED})
EXIT_STATES = {Event.EXIT: State.EXITING, Event.DEFEND: State.DEFENSIVE_EXIT,
               Event.DEFEND_21DTE: State.DEFENSIVE_21DTE}
EXIT_EVENTS = {state: event for event, state in EXIT_STATES.items()}
EXIT_WANTED = "exit_wanted"
SHORTS_UNWANTED = "shorts_unwanted"


class DecisionRounds:
    """The rounds over strategies and positions: entries, awaited quotes, management."""

    def __init__(self, gateway: Subscriptions, components: Components, builder: SnapshotBuilder, journal: Journal) -> None:
        self._gateway = gateway
        self._parts = components
        self._builder = builder
        self._journal = journal
        self._selections: dict[str, Select] = {}
        self._watched: dict[str, tuple[Contract, ...]] = {}
        self._chain_wanted: set[str] = set()
        self._tried: dict[str, datetime] = {}
        self._misfits = Misfits(self._pause_over)
        self._postponed: dict[str, Exit] = {}
        self._deferred: set[str] = set()
        self.eager = False

    # --- what the shell must know -----------------------------------------------------------------------------------

    @property
    def watched(self) -> frozenset[Contract]:
        """Contracts that are subscribed for a choice not made yet."""
        waiting = [selection.contracts for selection in self._selections.values()] + list(self._watched.values())
        return frozenset(contract for contracts in waiting for contract in contracts)

    @property
    def validating(self) -> bool:
        return bool(self._selections)

    def urgent(self, position: Position) -> bool:
        """Whether a position is looked at every minute."""
        return (position.id in self._watched or position.id in self._chain_wanted or position.id in self._postponed
                or position.state not in (State.ACTIVE, State.WAITING) or EXIT_WANTED in position.facts or SHORTS_UNWANTED in position.facts
                or position.has_shares
                or self._parts.specs[position.strategy].entry_dte_max == 0)

    # --- entries ----------------------------------------------------------------------------------------------------

    def select(self, snapshot: Snapshot, view: PortfolioView) -> None:
        """Go through the strategies in order of priority until one has chosen contracts. Those with an entry that ended
        unfilled today come after the others. ``eager`` asks for a round ahead of schedule, because an entry was just
        cancelled unfilled; this round clears it."""
        self.eager = False
        view = self._with_misfits(view, snapshot)
        coordinator = self._parts.coordinator
        present = [name for name in coordinator.names() if not coordinator.is_absent(name, snapshot.phase, view)]
        for name in sorted(present, key=lambda name: view.unfilled.get(name, (0,))[0]):
            if name not in view.enabled or name in view.pending or self._tried_lately(name, snapshot.time):
                continue
            refusal = self._parts.coordinator.screen(name, snapshot, view)
            if refusal is None:
                wanted = self._parts.specs[name].underlyings
                answer = self._parts.coordinator.select(name, self._builder.with_chains(snapshot, wanted), view)
                if isinstance(answer, Select):
                    self._begin(name, answer, snapshot.time)
                    return
                refusal = answer
                if answer.code in DOES_NOT_FIT:
                    self._misfits.note(name, wanted, answer.code, snapshot.time)
            self._journal.refused(snapshot.time, name, refusal)

    def hold_back(self, strategy: str, now: datetime) -> None:
        """Do not ask the strategy again before its pause is over, because the broker refused its entry."""
        self._tried[strategy] = now

    def _tried_lately(self, name: str, now: datetime) -> bool:
        last = self._tried.get(name)
        return last is not None and not self._pause_over(name, last, now)

    def _pause_over(self, name: str, last: datetime, now: datetime) -> bool:
        spec = self._parts.specs[name]
        window = _minutes(spec.window_close) - _minutes(spec.window_open)
        wait = min(ENTRY_RETRY_MINUTES, window / ENTRY_TRIES_A_WINDOW)
        return (now - last).total_seconds() >= 60 * wait

    def _with_misfits(self, view: PortfolioView, snapshot: Snapshot) -> PortfolioView:
        open_ids = (position.id for position in snapshot.positions if position.is_open)
        return replace(view, unfit=self._misfits.at(snapshot.time, open_ids))

    def _begin(self, name: str, selection: Select, now: datetime) -> None:
        key = position_id(name, now)
        self._parts.states.open(Position(
            id=key, strategy=name, underlying=selection.underlying, state=State.WAITING, opened=None, legs=(),
            units=0, entry_price=0.0, entry_margin_usd=0.0, entry_risk_usd=0.0, short_dte_at_entry=None,
            cash_flow_usd=0.0, fees_usd=0.0, facts=EMPTY), now)
        self._parts.states.apply(key, Event.SELECTED, now, f"{len(selection.contracts)} contracts")
        self._gateway.subscribe(selection.contracts)
        self._selections[key] = selection
        self._journal.audit(now, "SELECTED", {
            "strategy": name, "position": key, "underlying": selection.underlying,
            "contracts": [contract.id for contract in selection.contracts], "facts": dict(selection.facts)})

    def propose(self, snapshot: Snapshot, view: PortfolioView) -> None:
        """Ask every selection whose contracts are being quoted. The chosen entry goes to the executor."""
        view = self._with_misfits(view, snapshot)
        for key, selection in list(self._selections.items()):
            answer = self._parts.coordinator.propose(selection.strategy, snapshot, view, selection, key)
            if isinstance(answer, Enter):
                self._enter(key, answer, snapshot)
            elif answer.code in QUOTES_AWAITED and not self._validation_over(key, snapshot.time):
                continue
            else:
                self._give_up(key, answer, snapshot.time)

    def _validation_over(self, key: str, now: datetime) -> bool:
        return (now - self._parts.states.since(key)).total_seconds() >= 60 * VALIDATION_TIMEOUT_MINUTES

    def time_out(self, key: str, now: datetime) -> None:
        """End a choice after its five minutes. It could not be asked, because the account had no value meanwhile."""
        since = self._parts.states.since(key).isoformat()
        self._give_up(key, Refused(code=RefusalCode.ENTRY_TIMEOUT, facts={"position": key, "since": since}), now)

    def _give_up(self, key: str, refusal: Refused, now: datetime) -> None:
        selection = self._selections.pop(key)
        if refusal.code in DOES_NOT_FIT:        # another of the strategy's underlyings may fit, and is asked at once
            self._misfits.note(selection.strategy, [selection.underlying], refusal.code, now)
            self.eager = True
        else:
            self._tried[selection.strategy] = now
        timed_out = refusal.code in QUOTES_AWAITED | {RefusalCode.ENTRY_TIMEOUT}
        event = Event.TIMED_OUT if timed_out else Event.ENTRY_REFUSED
        self._journal.refused(now, selection.strategy, refusal)
        self._parts.states.apply(key, event, now, refusal.code.value)
        self._parts.states.archive(key)

    def _enter(self, key: str, decision: Enter, snapshot: Snapshot) -> None:
        now, intent = snapshot.time, decision.intent
        del self._selections[key]
        legs = [f"{leg.ratio:+d} {leg.contract.id}" for leg in intent.legs]
        self._parts.states.change(key, facts=dict(intent.facts) | {
            "entry_legs": legs, "multiplier": intent.legs[0].contract.multiplier})
        self._parts.states.apply(key, Event.ORDER_SENT, now, intent.reason)
        self._parts.book.order_sent(now)
        self._journal.event(now, "ENTER", strategy=intent.strategy, position=key, intent=intent.id,
                            quantity=intent.quantity, legs=legs, reason=intent.reason, risk_usd=intent.risk_usd,
                            margin_usd=intent.margin_usd, spy_delta=intent.spy_delta, **dict(intent.facts))
        self._parts.position_log.entered(intent, snapshot)
        self._parts.executor.start(intent, now)

    def take_back(self, now: datetime) -> None:
        """Cancel entries on their way when no entry may be made any more. An entry that has not filled ends. What has
        filled evenly stays and is managed. Uneven legs are evened out, as after any cancel. If the only trouble is the
        executor's own with one order, the other entries continue."""
        if not self._parts.executor.working_positions:
            return
        view = replace(self._builder.view(), halted=self._parts.book.halted or self._parts.blind)
        refused = mode_forbids(view) or standing_halt(view)
        if refused is not None:
            self._parts.executor.cancel_all(now, refused.code.value, (Purpose.ENTRY,))

    def close_until_flat(self, now: datetime) -> None:
        """Close what the operator wants closed until it is flat, even over restarts. Entries on their way are
        cancelled. If one of them fills all the same, it is closed at once."""
        closing, states = self._parts.book.closing, self._parts.states
        for reason in dict.fromkeys(closing.values()):
            names = [name for name, why in closing.items() if why == reason]
            for name in names:
                self._parts.executor.cancel_all(now, reason, (Purpose.ENTRY,), name)
            self.defend([position for position in states.open_positions
                         if position.strategy in names and EXIT_WANTED not in position.facts], reason, now)
        flat = set(closing) - {position.strategy for position in states.positions}
        if flat:
            self._parts.book.end_closing(flat)
            self._journal.event(now, "FLAT", strategies=sorted(flat))

    # --- management -------------------------------------------------------------------------------------------------

    def manage(self, snapshot: Snapshot, *, only_urgent: bool) -> None:
        """Ask the strategies what to do with their open positions: with all of them, or with the urgent ones."""
        due = [position for position in self._parts.states.open_positions if not only_urgent or self.urgent(position)]
        if not due:
            return
        view = self._builder.view()
        for position in due:
            if position.id in self._postponed:
                if not self._parts.executor.unsettled(position.id):
                    self._resume_exit(position, snapshot.time)
                continue
            if position.state is State.MANAGING and not self._parts.executor.unsettled(position.id):
                position = self._parts.states.apply(position.id, Event.MANAGED, snapshot.time, "NO_ORDER")
            if EXIT_WANTED in position.facts and self._parts.states.allows(position.id, Event.DEFEND):
                wanted = self._forced_exit(position, str(position.facts[EXIT_WANTED]), snapshot.time)
                self.carry_out(position, wanted, snapshot.time)
                continue
            if SHORTS_UNWANTED in position.facts and self._buys_back(position, snapshot.time):
                continue
            if self._left_over(position):
                self.carry_out(position, self._exit_again(position, snapshot.time), snapshot.time)
                continue
            moment = snapshot
            if position.id in self._chain_wanted:
                moment = self._builder.with_chains(snapshot, (position.underlying,))
            self._chain_wanted.discard(position.id)
            self.carry_out(position, self._parts.coordinator.manage(moment, view, position), snapshot.time)

    @staticmethod
    def _forced_exit(position: Position, reason: str, now: datetime) -> Exit:
        return Exit(event=Event.DEFEND, intent=closing_intent(position, reason, now, Urgency.NATURAL,
                                                              facts={"forced": True}))

    def _left_over(self, position: Position) -> bool:
        """Whether an exit has ended with something still held. Shares that came meanwhile are defended first."""
        return (position.state in EXIT_EVENTS and not self._parts.executor.unsettled(position.id)
                and not (position.has_shares and self._parts.states.allows(position.id, Event.DEFEND)))

    def _exit_again(self, position: Position, now: datetime) -> Exit:
        """The next attempt at an exit. An exit never gives up, whatever became of its order."""
        urgency = Urgency.WALK if position.state is State.EXITING else Urgency.NATURAL
        return Exit(event=EXIT_EVENTS[position.state], intent=closing_intent(
            position, str(position.facts.get("exit_reason", "LEFT_OVER")), now, urgency,
            facts={"forced": bool(position.facts.get("exit_forced", False))}))

    def _resume_exit(self, position: Position, now: datetime) -> None:
        """Resume an exit that had to wait for the cancel of a roll."""
        decision = self._postponed.pop(position.id)
        wanted = decision.intent
        intent = closing_intent(position, wanted.reason, now, wanted.urgency, wanted.purpose, wanted.facts)
        self.carry_out(position, Exit(intent=intent, event=decision.event), now)

    def carry_out(self, position: Position, decision: Exit | Manage | Select | Hold, now: datetime) -> None:
        """Carry out what was decided for ``position``."""
        if isinstance(decision, Hold):
            return
        if isinstance(decision, Select):
            if decision.contracts:
                self._gateway.subscribe(decision.contracts)
                self._watched[position.id] = decision.contracts
            else:
                self._chain_wanted.add(position.id)
            return
        working = self._parts.executor.working(position.id)
        untold = not working and self._parts.executor.unsettled(position.id)    # just ended: its legs have changed
        if untold and isinstance(decision, Manage):
            return
        if isinstance(decision, Exit) and (untold or working and position.state is State.MANAGING):
            self._postponed[position.id] = decision
            if working:
                self._parts.executor.start(decision.intent, now)  # cancels the roll and is answered BUSY
            self._journal.event(now, "EXIT_WAITS", strategy=position.strategy, position=position.id,
                                reason=decision.intent.reason)
            return
        self._watched.pop(position.id, None)
        if isinstance(decision, Manage):
            self._parts.states.apply(position.id, Event.MANAGE, now, decision.intent.reason)
        elif not self._may_exit(position, decision):
            self._defer_exit(position, decision, now)
            return
        else:
            self._exit(position, decision, now)
        self._journal.event(now, "EXIT" if isinstance(decision, Exit) else "MANAGE", strategy=position.strategy,
                            position=position.id, intent=decision.intent.id, reason=decision.intent.reason,
                            urgency=decision.intent.urgency.value, quantity=decision.intent.quantity,
                            legs=[f"{leg.ratio:+d} {leg.contract.id}" for leg in decision.intent.legs])
        self._parts.position_log.changed(decision.intent, now)
        self._parts.executor.start(decision.intent, now)

    def defend(self, positions: Iterable[Position], reason: str, now: datetime) -> None:
        """Close ``positions`` at the natural price. Every closing is recorded before the first order goes out. A guard
        asks only once, so a crash between two orders must not leave the other positions open."""
        keys = [position.id for position in positions]
        for key in keys:
            self._want_exit(self._parts.states.position(key), reason)
        for key in keys:
            position = self._parts.states.position(key)
            self.carry_out(position, self._forced_exit(position, reason, now), now)

    def buy_back(self, positions: Iterable[Position], reason: str) -> None:
        """Buy back, at the natural price, the short options of ``positions``, and keep the rest. The request is
        recorded and stands until nothing is short. It waits for a roll that is working, and it survives a restart."""
        for position in positions:
            if SHORTS_UNWANTED not in position.facts:
                self._parts.states.change(position.id, facts=dict(position.facts) | {SHORTS_UNWANTED: reason})

    def _buys_back(self, position: Position, now: datetime) -> bool:
        """Take one step of a buy-back. True if an order was sent. Once nothing is short, the request is removed. A
        position that is leaving as a whole, or has been assigned shares, is closed by its own rule."""
        if not position.has_short_options:
            self._parts.states.change(position.id, facts={name: value for name, value in position.facts.items()
                                                          if name != SHORTS_UNWANTED})
            return False
        if position.state is not State.ACTIVE or position.has_shares or self._parts.executor.unsettled(position.id):
            return False
        self.carry_out(position, Manage(intent=buying_back_intent(position, str(position.facts[SHORTS_UNWANTED]), now)), now)
        return True

    def _may_exit(self, position: Position, decision: Exit) -> bool:
        return (EXIT_STATES[decision.event] is position.state
                or self._parts.states.allows(position.id, decision.event))

    def _defer_exit(self, position: Position, decision: Exit, now: datetime) -> None:
        """Stop an entry or a repair that a guard wants closed. The exit follows as soon as the position's state machine
        allows one."""
        self._want_exit(position, decision.intent.reason)
        if position.id not in self._deferred:
            self._deferred.add(position.id)
            self._journal.event(now, "EXIT_DEFERRED", strategy=position.strategy, position=position.id,
                                state=position.state.value, reason=decision.intent.reason)
        self._parts.executor.start(decision.intent, now)

    def _want_exit(self, position: Position, reason: str) -> None:
        """Record the request to close in the position's facts until the position ends. A restart that finds no working
        order then still closes it."""
        if EXIT_WANTED not in position.facts:
            self._parts.states.change(position.id, facts=dict(position.facts) | {EXIT_WANTED: reason})

    def _exit(self, position: Position, decision: Exit, now: datetime) -> None:
        self._deferred.discard(position.id)
        if EXIT_STATES[decision.event] is not position.state:
            self._parts.states.apply(position.id, decision.event, now, decision.intent.reason)
        self._parts.states.change(position.id, facts=dict(position.facts) | {
            "exit_reason": decision.intent.reason, "exit_forced": bool(decision.intent.facts.get("forced", False))})


def _minutes(moment: time) -> int:
    return 60 * moment.hour + moment.minute
