"""Books what orders did: fills and outcomes change positions, state machines, reservations and the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.codes import RefusalCode
from core.entry.size_limits import changed_risk_usd
from core.model import Contract, ContractKind, Event, Intent, Position, Purpose, Refused, State
from core.position_log import ELSEWHERE, EXCHANGE
from core.serialization import contract_from_json
from core.trade_records import ClosedTrade
from helpers.atomic_order_executor import Fill, OrderUpdate, Outcome, OutcomeKind
from helpers.orders.pieces import within
from helpers.shell.components import Components
from helpers.shell.decision_rounds import DecisionRounds
from helpers.shell.ports import Subscriptions
from helpers.store.journal import Journal

RESULT_UNKNOWN = "result_unknown"      # among a position's facts: part of it was closed elsewhere, at an unknown price
REPAIRED = "REPAIRED"
KEPT = frozenset({OutcomeKind.FILLED, OutcomeKind.PARTIAL, OutcomeKind.UNEVEN_REPAIRED})


class Booking:
    """Applies the executor's stream. Every item is applied once, even if a restart offers it again."""

    def __init__(self, gateway: Subscriptions, components: Components, journal: Journal, rounds: DecisionRounds) -> None:
        self._gateway = gateway
        self._parts = components
        self._journal = journal
        self._rounds = rounds
        self._exercised: dict[int, tuple[int, dict[str, int]]] = {}

    def drain(self, now: datetime) -> bool:
        """Apply everything the executor has reported. True if anything changed."""
        items = self._parts.executor.drain()
        for item in items:
            if not self._parts.states.accept(item.sequence):
                continue
            self._reopen_if_archived(item, now)
            if isinstance(item, Fill):
                self._parts.states.apply_fill(item.position_id, item.contract, item.quantity, item.price, item.fee)
                self._parts.position_log.filled(item.position_id, item.time, item.contract, item.quantity, item.price, item.fee,
                                                item.purpose.value)
                self._journal.event(item.time, "FILL", position=item.position_id, contract=item.contract.id,
                                    quantity=item.quantity, price=item.price, fee=item.fee, intent=item.intent_id)
            else:
                self._outcome(item, now)
        return bool(items)

    def _reopen_if_archived(self, item: Fill | Outcome, now: datetime) -> None:
        """Bring back, in ERROR, a position that gets a fill after it was archived. It stays until it is evened out."""
        key = item.position_id if isinstance(item, Fill) else item.intent.position_id
        if key not in self._parts.states:
            self._parts.states.reopen(key, now, "LATE_FILL")
            self._journal.event(now, "LATE_FILL", position=key)

    def _outcome(self, outcome: Outcome, now: datetime) -> None:
        intent = outcome.intent
        self._journal.event(now, f"ORDER_{outcome.kind.value}", strategy=intent.strategy, position=intent.position_id,
                            intent=intent.id, purpose=intent.purpose.value, final=outcome.final,
                            reason=outcome.reason, units=outcome.units, price=outcome.price,
                            slippage_usd=outcome.facts.get("slippage_usd"),
                            half_spread_usd=outcome.facts.get("half_spread_usd"))
        if outcome.kind is OutcomeKind.FAILED:
            self._parts.states.apply(intent.position_id, Event.FAULT, now, outcome.reason)
        if not outcome.final:
            self._gateway.subscribe(leg.contract for leg in intent.legs)      # a late fill's may no longer be subscribed
            return
        self._parts.order_figures.ended(intent.strategy, intent.purpose, outcome.facts,
                                        filled=outcome.kind in KEPT and outcome.units > 0,
                                        refused=outcome.kind is OutcomeKind.REFUSED,
                                        minutes=(outcome.time - intent.created).total_seconds() / 60.0)
        for row in outcome.facts.get("missing", ()):
            self._remove(intent.position_id, contract_from_json(row["contract"]), -row["quantity"])
        if self._parts.states.position(intent.position_id).state is State.ERROR:
            if intent.purpose is Purpose.ENTRY:
                self._book_entry(outcome, now)
            self._recovered(intent.position_id, now, outcome.reason)
            return
        if intent.purpose is Purpose.ENTRY:
            self._entry(outcome, now)
        elif intent.purpose is Purpose.MANAGE:
            self._managed(outcome, now)
        self._close_if_flat(intent.position_id, now, intent)

    def _remove(self, position_id: str, contract: Contract, quantity: int) -> None:
        """Remove what a closing found missing, as far as the position still has it. A closing that was decided a moment
        before a fill may have asked for more."""
        held = sum(leg.quantity for leg in self._parts.states.position(position_id).legs if leg.contract == contract)
        gone = within(quantity, held)
        if gone:
            self._parts.states.remove_leg(position_id, contract, gone)
            self.lose_track(position_id)

    def lose_track(self, position_id: str) -> None:
        """Record that the price at which part of a position was closed is unknown."""
        position = self._parts.states.position(position_id)
        self._parts.states.change(position_id, facts=dict(position.facts) | {RESULT_UNKNOWN: True})

    def _recovered(self, position_id: str, now: datetime, reason: str) -> None:
        """The work that had failed has ended after all: continue with what is held, or close the position."""
        states = self._parts.states
        states.apply(position_id, Event.RECOVER, now, reason)
        held = states.position(position_id).is_open
        states.apply(position_id, Event.RECOVERED_HELD if held else Event.RECOVERED_FLAT, now, reason)
        if not held:
            self.closed_elsewhere(position_id, now, REPAIRED)

    # --- entries ----------------------------------------------------------------------------------------------------

    def _entry(self, outcome: Outcome, now: datetime) -> None:
        intent, states = outcome.intent, self._parts.states
        kept = self._book_entry(outcome, now)
        position = states.position(intent.position_id)
        if kept:
            if position.state is State.ENTERING:
                states.apply(position.id, Event.ENTRY_FILLED, now, outcome.kind.value)
            return
        refused = outcome.kind is OutcomeKind.REFUSED
        event = Event.ENTRY_REFUSED if refused else Event.TIMED_OUT
        self._journal.refused(now, intent.strategy, Refused(
            code=RefusalCode.BROKER_REFUSED if refused else RefusalCode.ENTRY_TIMEOUT,
            facts={"intent": intent.id, "why": outcome.reason}))
        if refused:
            self._rounds.hold_back(intent.strategy, now)
        else:
            self._parts.book.ended_unfilled(intent.strategy, now)
        self._rounds.eager = outcome.kind is OutcomeKind.NOT_FILLED
        if position.is_open or position.state is not State.ENTERING:
            return
        states.apply(position.id, event, now, outcome.reason)
        if position.fees_usd or position.cash_flow_usd:
            self._record(replace(position, opened=now, units=1), now, "UNEVEN_REPAIRED", forced=True)
        self._archive(position.id)

    def _book_entry(self, outcome: Outcome, now: datetime) -> bool:
        """Book the reservation and the figures of an entry that has ended, whatever its position has been through. True
        if units are kept."""
        intent, states = outcome.intent, self._parts.states
        if outcome.kind not in KEPT or not outcome.units:
            self._parts.concentration.free(intent.id)
            return False
        position = states.position(intent.position_id)
        if intent.id in self._parts.concentration:          # freed if the entry was unfilled and a fill came later
            self._parts.concentration.confirm(intent.id, outcome.units)
        shorts = [leg.contract.dte(now.date()) for leg in position.legs if leg.quantity < 0]
        states.change(position.id, units=outcome.units, opened=now, entry_price=outcome.price,
                      entry_margin_usd=intent.margin_usd * outcome.units,
                      entry_risk_usd=intent.risk_usd * outcome.units,
                      short_dte_at_entry=max(shorts) if shorts else None,
                      facts=dict(position.facts) | dict(intent.facts) | {"entry_reason": intent.reason,
                                                                         "entry_intent": intent.id})
        self._parts.book.entered()
        return True

    # --- changes ----------------------------------------------------------------------------------------------------

    def _managed(self, outcome: Outcome, now: datetime) -> None:
        intent, states = outcome.intent, self._parts.states
        position = states.position(intent.position_id)
        if outcome.kind in KEPT and outcome.units:
            states.change(position.id, facts=dict(position.facts) | dict(intent.facts),
                          entry_risk_usd=changed_risk_usd(self._parts.specs[position.strategy], position))
        if position.state is State.MANAGING:
            states.apply(position.id, Event.MANAGED, now, outcome.kind.value)

    # --- ends -------------------------------------------------------------------------------------------------------

    def _close_if_flat(self, position_id: str, now: datetime, intent: Intent | None, reason: str = "") -> None:
        states = self._parts.states
        if position_id not in states:
            return
        position = states.position(position_id)
        if position.is_open or position.opened is None or self._parts.executor.working(position_id):
            return
        if position.state is not State.COMPLETE:
            self._complete(position_id, now, reason or (intent.reason if intent else "FLAT"))
        self._record(position, now, reason or self._exit_reason(position, intent), forced=self._forced(position))
        states.apply(position_id, Event.RESET, now, "archived")
        self._archive(position_id)

    def _complete(self, position_id: str, now: datetime, reason: str) -> None:
        """End a machine whose position holds nothing: through its exit, or through recovery if there was no exit."""
        states = self._parts.states
        if states.allows(position_id, Event.EXIT_FILLED):
            states.apply(position_id, Event.EXIT_FILLED, now, reason)
            return
        states.apply(position_id, Event.RECOVER, now, reason)
        states.apply(position_id, Event.RECOVERED_FLAT, now, reason)

    @staticmethod
    def _exit_reason(position: Position, intent: Intent | None) -> str:
        return str(position.facts.get("exit_reason") or (intent.reason if intent else "CLOSED_ELSEWHERE"))

    @staticmethod
    def _forced(position: Position) -> bool:
        return bool(position.facts.get("exit_forced", False))

    def _record(self, position: Position, now: datetime, reason: str, *, forced: bool) -> None:
        legs = tuple(str(leg) for leg in position.facts.get("entry_legs", ()))
        known = not position.facts.get(RESULT_UNKNOWN, False)
        ledger = self._parts.ledger
        again = position.id in ledger                       # a fill came after it was closed
        lost = (ledger.amend if again else ledger.record)(ClosedTrade(
            id=position.id, strategy=position.strategy, underlying=position.underlying,
            opened=position.opened or now, closed=now, legs=legs, units=position.units,
            entry_price=position.entry_price, exit_price=self._exit_price(position),
            pnl_usd=position.cash_flow_usd, fees_usd=position.fees_usd,
            entry_reason=str(position.facts.get("entry_reason", "")), exit_reason=reason, forced=forced,
            protection=not self._parts.specs[position.strategy].counts_as_position, result_known=known,
            multiplier=float(position.facts.get("multiplier", 100.0))))
        if lost is not None:
            self._journal.refused(now, position.strategy, lost)
        if not known:
            self._journal.event(now, "RESULT_UNKNOWN", strategy=position.strategy, position=position.id,
                                booked_usd=position.cash_flow_usd)
        if known and not (forced or again) and self._parts.specs[position.strategy].counts_as_position:
            self._parts.breakers.record_trade(position.cash_flow_usd, now)

    @staticmethod
    def _exit_price(position: Position) -> float:
        """Points per unit at the exit, debit positive, so that P&L before fees is minus the entry less the exit."""
        multiplier = float(position.facts.get("multiplier", 100.0))
        gross = position.cash_flow_usd + position.fees_usd
        return -gross / (multiplier * max(position.units, 1)) - position.entry_price

    # --- what the exchange does by itself ---------------------------------------------------------------------------

    def exchange_event(self, update: OrderUpdate, now: datetime) -> None:
        """Book an expiry, exercise or assignment: the legs leave, or shares come, without an order of ours.

        ``update.fill_quantity`` is the signed change of the holding. ``fill_price`` is the price in points at which it
        is booked: 0 for worthless options, the strike for shares, the settlement value for cash settlement.
        """
        contract = update.contract
        owners = self._owners(update)
        self._journal.event(now, "EXCHANGE", contract=contract.id, quantity=update.fill_quantity,
                            price=update.fill_price, positions=owners)
        if sum(owners.values()) != update.fill_quantity:
            self._parts.book.quarantine((*self._parts.book.quarantined, contract.id))
        if contract.kind is not ContractKind.EQUITY:
            self._exercised[update.order_id] = (update.fill_quantity, owners)
        for owner, quantity in owners.items():
            self._apply(owner, update, quantity, now, EXCHANGE)
            if contract.kind is not ContractKind.EQUITY:
                self._expired(owner, contract, now)

    def foreign_fill(self, update: OrderUpdate, now: datetime) -> dict[str, int]:
        """Book a fill of an order that is not the framework's, at its own price. The legs leave the positions that held
        the other side. Returns the signed change by position; what none of them held belongs to no position."""
        owners = self._owners(update)
        for owner, quantity in owners.items():
            self._apply(owner, update, quantity, now, ELSEWHERE)
        return owners

    def _apply(self, owner: str, update: OrderUpdate, quantity: int, now: datetime, purpose: str) -> None:
        """Book, on one position, a change that no order of the framework made, with its share of the fee."""
        fee = update.fee * quantity / update.fill_quantity
        self._parts.executor.holding_changed(owner, update.contract, quantity, now)
        self._parts.states.apply_fill(owner, update.contract, quantity, update.fill_price, fee)
        self._parts.position_log.filled(owner, now, update.contract, quantity, update.fill_price, fee, purpose)

    def _expired(self, owner: str, contract: Contract, now: datetime) -> None:
        """Move the machine of a position that an option has left, if its table has that step."""
        position = self._parts.states.position(owner)
        target = self._parts.strategies[position.strategy].transitions.get((position.state, Event.EXPIRED))
        if target is not None and (target is not State.COMPLETE or not position.is_open):
            self._parts.states.apply(owner, Event.EXPIRED, now, contract.id)

    def _owners(self, update: OrderUpdate) -> dict[str, int]:
        """Signed change of each position that holds the other side, oldest first, up to the event's quantity: one event
        covers all contracts of the account. Shares go to the positions that held their options."""
        left = update.fill_quantity
        if update.contract.kind is ContractKind.EQUITY and update.order_id in self._exercised:
            options, exercised = self._exercised[update.order_id]
            return {owner: left * quantity // options for owner, quantity in exercised.items()}
        owners = {}
        for position in self._parts.states.positions:
            for leg in position.legs:
                taken = within(-leg.quantity, left) if leg.contract == update.contract else 0
                if taken:
                    owners[position.id], left = taken, left - taken
        return owners

    def settle_expired(self, now: datetime) -> None:
        """Archive positions that the exchange has emptied."""
        for position in self._parts.states.positions:
            if position.opened is not None and not position.is_open:
                self._close_if_flat(position.id, now, None, reason="EXPIRED")

    def closed_elsewhere(self, position_id: str, now: datetime, reason: str) -> None:
        """Close a recovered position that no longer holds anything. It goes into the ledger if it ever traded, then
        into the archive. It counts as forced if the entry never filled or had to be evened out. It does not if it
        expired or somebody else closed it."""
        states = self._parts.states
        position = states.position(position_id)
        if position.opened is not None or position.cash_flow_usd:
            forced = position.opened is None or reason == REPAIRED or self._forced(position)
            self._record(replace(position, units=max(position.units, 1)), now, reason, forced=forced)
        states.apply(position_id, Event.RESET, now, reason)
        self._archive(position_id)

    def _archive(self, position_id: str) -> None:
        """Release a position that is over, and what was reserved for it."""
        self._parts.states.archive(position_id)
        self._parts.concentration.retain(position.id for position in self._parts.states.positions)

    def unsubscribe_unused(self) -> None:
        """Stop the data of contracts that nothing holds, trades or waits for."""
        wanted = set(self._parts.executor.contracts) | self._rounds.watched
        for position in self._parts.states.positions:
            wanted.update(leg.contract for leg in position.legs)
        self._gateway.unsubscribe(contract for contract in self._gateway.subscribed if contract not in wanted)
