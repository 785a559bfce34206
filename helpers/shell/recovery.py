"""Reconciles the stored state with the broker's facts, at a start and each morning."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Callable, Mapping

from core.intents import ASSIGNED, closing_intent
from core.model import Contract, ContractKind, Event, Position, Purpose, State, Urgency
from core.position_log import EXCHANGE
from core.reconciliation import Reconciliation, Verdict, VerdictKind, reconcile
from helpers.shell.booking import Booking
from helpers.shell.components import Components
from helpers.shell.decision_rounds import DecisionRounds
from helpers.shell.ports import BrokerFacts
from helpers.store.journal import Journal

UNDECIDED = frozenset({State.VALIDATION, State.ENTERING, State.MANAGING, State.EXITING, State.DEFENSIVE_EXIT,
                       State.DEFENSIVE_21DTE, State.ERROR, State.RECOVERY})


class Recovery:
    """Every position ends as MATCH, closed elsewhere, flattened, or quarantined. Nothing is doubled, nothing
    forgotten."""

    def __init__(self, gateway: BrokerFacts, components: Components, journal: Journal, rounds: DecisionRounds,
                 results: Booking) -> None:
        self._gateway = gateway
        self._parts = components
        self._journal = journal
        self._rounds = rounds
        self._results = results
        self._foreign: frozenset[int] = frozenset()

    def run(self, now: datetime, *, restored: bool) -> None:
        """At a start: first resolve orders in flight, then compare holdings."""
        self._subscribe()
        holdings = self._gateway.holdings()
        report = self._parts.executor.recover(now, self._gateway.open_orders(), holdings)
        self._foreign = frozenset(report.foreign_ids)
        if report.orphan_ids or report.foreign_ids:
            self._journal.event(now, "ORDERS_FOUND", orphans=list(report.orphan_ids),
                                foreign=list(report.foreign_ids))
        self._results.drain(now)
        self._subscribe()       # fills reported before the restart but not yet booked have given positions legs
        self._settle(now, holdings)
        if restored:
            self._resume(now)
        freed = self._parts.concentration.retain(position.id for position in self._parts.states.positions)
        if freed:
            self._journal.event(now, "RESERVATIONS_FREED", intents=list(freed))

    def _subscribe(self) -> None:
        """Subscribe to the quotes of everything that is held or has a working order."""
        held = {leg.contract for position in self._parts.states.positions for leg in position.legs}
        self._gateway.subscribe(held | set(self._parts.executor.contracts))

    def unexplained(self, now: datetime) -> None:
        """In the morning: handle what left overnight by expiry or assignment without an event, and holdings without an
        owner."""
        holdings = self._gateway.holdings()
        self._parts.executor.reconcile(now, holdings)
        self._results.drain(now)
        self._settle(now, holdings)

    def overdue(self, now: datetime) -> bool:
        """End VALIDATION and ENTERING after five minutes, even if no quote, order or outcome has ended them. True if
        one was ended."""
        due = self._parts.states.due_timeouts(now, self._parts.executor.working_positions)
        for position in due:
            if position.state is State.VALIDATION:
                self._rounds.time_out(position.id, now)
            else:
                self._go_on(position, "ENTRY_TIMEOUT", now)
        return bool(due)

    # --- verdicts ---------------------------------------------------------------------------------------------------

    def _settle(self, now: datetime, holdings: Mapping[Contract, int]) -> None:
        positions, today = self._parts.states.positions, now.date()
        worthless = {leg.contract for position in positions for leg in position.legs
                     if leg.contract.expiry < today and self._expired_worthless(leg.contract)}
        found = reconcile(positions, holdings, busy=self._parts.executor.contracts, today=today, others=self._parts.book.others,
                          worthless=worthless)
        for verdict in found.verdicts:
            if verdict.kind in self._handlers():
                self._journal.event(now, "RECONCILED", position=verdict.position_id, verdict=verdict.kind.value,
                                    missing={contract.id: n for contract, n in verdict.missing.items()},
                                    actual={contract.id: n for contract, n in verdict.actual.items()})
                self._handlers()[verdict.kind](verdict, now)
        self._quarantine(found, now)
        self._parts.book.others = MappingProxyType({contract.id: quantity for contract, quantity in found.unknown.items()
                                                    if contract.kind is ContractKind.EQUITY})

    def _handlers(self) -> Mapping[VerdictKind, Callable[[Verdict, datetime], None]]:
        return {VerdictKind.GONE: self._gone, VerdictKind.EXPIRED: self._gone, VerdictKind.FEWER: self._fewer,
                VerdictKind.UNEVEN: self._flatten, VerdictKind.ASSIGNED: self._assigned}

    def _quarantine(self, found: Reconciliation, now: datetime) -> None:
        """Quarantine holdings without an owner, and open orders without one."""
        orders = tuple(f"order {order.quantity:+d} {order.contract.id}" for order in self._gateway.open_orders()
                       if order.order_id in self._foreign)
        if self._parts.book.quarantine(tuple(contract.id for contract in found.unknown) + orders):
            self._journal.event(now, "QUARANTINE", holdings={contract.id: n for contract, n in found.unknown.items()},
                                orders=list(orders))

    def _remove_missing(self, verdict: Verdict) -> Position:
        """Remove what is stored but not held. The price at which it left is unknown, except for a short that became
        shares and for options that expired worthless."""
        for contract, quantity in verdict.missing.items():
            self._parts.states.remove_leg(verdict.position_id, contract, quantity)
            became_shares = verdict.kind is VerdictKind.ASSIGNED and quantity < 0
            if not became_shares and not self._expired_worthless(contract):
                self._results.lose_track(verdict.position_id)
        return self._parts.states.position(verdict.position_id)

    def _expired_worthless(self, contract: Contract) -> bool:
        """Whether the close of the option's last day is known and left the option out of the money."""
        if contract.future_expiry is not None or not self._gateway.has_price(contract.underlying):
            return False
        close = dict(self._gateway.daily_closes(contract.underlying)).get(contract.expiry)
        return close is not None and contract.intrinsic(close) == 0.0

    def _gone(self, verdict: Verdict, now: datetime) -> None:
        position = self._remove_missing(verdict)
        if not position.is_open:
            self.emptied(position, verdict.kind.value, now)

    def emptied(self, position: Position, reason: str, now: datetime) -> None:
        """End a position that no longer holds anything, if no order of ours closed it."""
        self._recover(position, Event.RECOVERED_FLAT, now, reason)
        self._results.closed_elsewhere(position.id, now, reason)

    def _fewer(self, verdict: Verdict, now: datetime) -> None:
        before = self._parts.states.position(verdict.position_id)
        whole = sum(abs(leg.quantity) for leg in before.legs)
        self.reduced(self._remove_missing(verdict), whole)

    def reduced(self, position: Position, whole: int) -> None:
        """Keep a position that is even but has fewer contracts than the ``whole`` it had. It continues with what it
        holds."""
        kept = sum(abs(leg.quantity) for leg in position.legs)
        self._parts.states.change(position.id, units=position.units * kept // whole,
                                  entry_risk_usd=position.entry_risk_usd * kept / whole,
                                  entry_margin_usd=position.entry_margin_usd * kept / whole)

    def _flatten(self, verdict: Verdict, now: datetime) -> None:
        self.uneven(self._remove_missing(verdict), now)

    def uneven(self, position: Position, now: datetime) -> None:
        """Close the whole of a position that lacks part of its legs."""
        self._defend(position, "UNEVEN", now)

    def _assigned(self, verdict: Verdict, now: datetime) -> None:
        self._remove_missing(verdict)
        for lot in verdict.lots:
            self._parts.states.apply_fill(verdict.position_id, lot.shares, lot.quantity, lot.strike, 0.0)
            self._parts.position_log.filled(verdict.position_id, now, lot.shares, lot.quantity, lot.strike, 0.0, EXCHANGE)
        self._defend(self._parts.states.position(verdict.position_id), ASSIGNED, now)

    def _defend(self, position: Position, reason: str, now: datetime) -> None:
        """Close the whole position."""
        self._parts.states.change(position.id, facts=dict(position.facts) | {"exit_reason": reason,
                                                                             "exit_forced": True})
        if self._parts.states.allows(position.id, Event.DEFEND):
            self._parts.states.apply(position.id, Event.DEFEND, now, reason)
        self._parts.executor.start(closing_intent(position, reason, now, Urgency.NATURAL, Purpose.FLATTEN), now)

    # --- machines ---------------------------------------------------------------------------------------------------

    def _resume(self, now: datetime) -> None:
        """Continue machines that were between two states, as the facts say."""
        for position in self._parts.states.positions:
            working = self._parts.executor.working(position.id)
            if position.state is State.VALIDATION and working:      # the slot that knew of its order is lost
                self._parts.states.apply(position.id, Event.ORDER_SENT, now, "RESTART")
            if position.state not in UNDECIDED or working:
                continue
            self._go_on(position, "RESTART", now)

    def _go_on(self, position: Position, reason: str, now: datetime) -> None:
        """Continue with what is held, or end the position if nothing is held."""
        if position.is_open:
            self._recover(position, Event.RECOVERED_HELD, now, reason)
            return
        self._recover(position, Event.RECOVERED_FLAT, now, reason)
        self._results.closed_elsewhere(position.id, now, reason)

    def _recover(self, position: Position, event: Event, now: datetime, reason: str) -> None:
        states = self._parts.states
        if states.position(position.id).state is not State.RECOVERY:
            states.apply(position.id, Event.RECOVER, now, reason)
        states.apply(position.id, event, now, reason)
