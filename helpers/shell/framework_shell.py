"""The shell between LEAN's clock and the rules. It asks each rule at its time, keeps the results, and decides
nothing."""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, timedelta
from threading import RLock
from typing import Any, Generic, Iterable

from config.constants import (ENTRY_OPEN, ENTRY_ROUND_MINUTES, ENTRY_ROUND_OFFSET_MINUTES, FUTURES_ENTRY_CLOSE,
                              LAST_CHECK_MINUTES_BEFORE_CLOSE, MARK_TIMES, POSITION_CHECK_MINUTES, RISK_CHECK_MINUTES, STORE_TIME)
from config.run_parameters import Environment, RunParameters
from core.errors import CannotCompute, ConfigError, IntegrityError
from core.model import Snapshot
from helpers.lean.values import plain_time
from helpers.orders.port import OrderUpdate
from helpers.shell.booking import Booking
from helpers.shell.components import Components
from helpers.shell.decision_rounds import DecisionRounds
from helpers.shell.exposed_secrets import WORKSPACE_FILE, exposed_secrets
from helpers.shell.figures import margins_unconfirmed
from helpers.shell.foreign_orders import ForeignOrders
from helpers.shell.memory import Keeper, Memory
from helpers.shell.operator_commands import Command, OperatorCommands, amount_of
from helpers.shell.ports import CommandWords, Event, Gateway
from helpers.shell.published.publisher import Publisher
from helpers.shell.recovery import Recovery
from helpers.shell.risk_round import RiskRound
from helpers.shell.run_record import RunRecord
from helpers.shell.run_store import RunStore
from helpers.shell.snapshots import SnapshotBuilder
from helpers.store.journal import Journal
from helpers.store.state_store import ObjectStorePort


class FrameworkShell(Generic[Event]):
    """One tick a minute: executor, results, risk, management, entries, marks.

    Live, a minute arrives in several slices that differ by seconds. The executor gets every slice. Decisions are taken
    once per minute, at its first slice.
    """

    def __init__(self, *, gateway: Gateway[Event], run: RunParameters, components: Components, memory: Memory,
                 journal: Journal, store: RunStore, tickers: tuple[str, ...], port: ObjectStorePort) -> None:
        self.parts = components
        self.journal = journal
        self.memory = memory
        self.store = store
        self._keeper = Keeper(memory, journal, components,
                              flushes=run.publish or run.environment is not Environment.DEVELOPMENT)
        self.run = run
        self._gateway = gateway
        self.builder = SnapshotBuilder(gateway, components, run, tickers)
        self.rounds = DecisionRounds(gateway, components, self.builder, journal)
        self.results = Booking(gateway, components, journal, self.rounds)
        self.record = RunRecord(components, journal, run)
        self.risk = RiskRound(components, self.rounds, journal, self.record)
        self.commands = OperatorCommands(components, self.builder, self.rounds, journal)
        self._publisher = Publisher(port=port, store=store, components=components, builder=self.builder,
                                    rounds=self.rounds, journal=journal, run=run)
        self._recovery = Recovery(gateway, components, journal, self.rounds, self.results)
        self._foreign = ForeignOrders(gateway, components, journal, self.results, self._recovery)
        self.started = False
        self._begun = False
        self._minute: datetime | None = None
        self._day: date | None = None
        self._absent: dict[str, str] = {}
        self._exchange: deque[tuple[OrderUpdate, datetime]] = deque()
        # live, LEAN calls from two threads: data and commands on one, scheduled events on the other
        self._alone = RLock()

    # --- life -------------------------------------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        """Start the framework at the first call: data, a command on a Sunday, or the end of a run without data.

        A start that failed stays failed. LEAN goes on after a command's error, so the next tick raises it again.
        """
        if self.started:
            return
        if self._begun:
            raise IntegrityError("the start failed, nothing may go on from there")
        self._begun = True
        self._start(now)
        self.started = True
        self._keep(now, changed=False)

    def _start(self, now: datetime) -> None:
        """Verify every component, restore the stored state, and reconcile it with the broker.

        Raises
        ------
        IntegrityError, StoreCorrupt, CannotCompute
            If the algorithm must not run.
        """
        self._tell_store(now)
        loaded = self.store.load(self.parts.executor)
        if loaded is not None:
            self.journal.event(now, "RESTORED", written=loaded.written_at, sequence=loaded.sequence,
                               problems=list(loaded.problems))
        elif self.run.environment is not Environment.DEVELOPMENT:
            self._begin_at(self._gateway.account_value())
        held = {leg.contract for position in self.parts.states.positions for leg in position.legs}
        self.builder.follow(sorted({contract.underlying for contract in held | set(self.parts.executor.contracts)}))
        self.builder.find_absent()
        self.builder.read_vix(now)
        self.parts.verify()
        self._recovery.run(now, restored=loaded is not None)
        self.journal.event(now, "STARTED", mode=self.run.mode, strategies=list(self.run.strategies),
                           phase=self.parts.phase.phase, margin=self.run.margin,
                           positions=len(self.parts.states.open_positions))
        self._tell_absent(now)
        for product, confirmed in margins_unconfirmed(self.run, now.date()).items():
            self.journal.event(now, "MARGIN_UNCONFIRMED", product=product, confirmed=confirmed)
        self.memory.save()

    def _tell_absent(self, now: datetime) -> None:
        """Log in one line, whenever it changes, what cannot be traded here and which strategies are off because of
        it."""
        if self.parts.absent == self._absent:
            return
        self._absent = dict(self.parts.absent)
        view, phase = self.builder.view(), self.parts.phase.phase
        off = [name for name in self.run.strategies if self.parts.coordinator.is_absent(name, phase, view)]
        self.journal.event(now, "NOT_TRADED_HERE", underlyings=self._absent, strategies_off=off)

    def _tell_store(self, now: datetime) -> None:
        """Open the store, log in one line what it holds, and warn of secrets that a commit would publish."""
        found = self.store.open(datetime.now())
        if found is not None:
            self.journal.event(now, "STORE", files=found.files, files_allowed=found.files_allowed,
                               megabytes=found.megabytes, megabytes_allowed=found.megabytes_allowed,
                               pruned=list(found.pruned) or None, nearly_full=found.nearly_full or None)
        secrets = exposed_secrets()
        if secrets:
            self.journal.event(now, "SECRET_IN_GIT", file=WORKSPACE_FILE, keys=list(secrets))

    def _begin_at(self, equity: float) -> None:
        """Start from the live account's own value. The parameters' cash is used for nothing."""
        self.parts.book.begin_at(equity)
        self.parts.phase.begin_at(equity)
        self.parts.ledger.begin_at(equity)

    def end(self, now: datetime) -> dict[str, Any]:
        """Close the books of this run, and return its record."""
        with self._alone:
            self._begin(now)
            self.results.drain(now)
            self._transitions()
            self.journal.flush()
            self.memory.save()
            self._publisher.publish(plain_time(now), ended=True)
            return self.record.document(now)

    # --- events -----------------------------------------------------------------------------------------------------

    def order_event(self, event: Event, now: datetime) -> None:
        """Pass an order event on. Its consequences follow at the next tick. Live, it comes on the broker's thread."""
        update = self._gateway.order_update(event)
        if not self._gateway.is_exercise(event):
            if not self._foreign.takes(update, now):
                self.parts.executor.on_order_event(update, now)
            return
        self._exchange.append((update, now))
        if self.run.environment is Environment.DEVELOPMENT:
            self._book_exchange_events()

    def _book_exchange_events(self) -> None:
        while self._exchange:
            update, heard = self._exchange.popleft()
            if update.fill_quantity:              # otherwise it only announces an exercise
                self.results.exchange_event(update, heard)

    def command(self, data: CommandWords, now: datetime) -> dict[str, Any]:
        """Carry out one of the operator's commands. If there is an error, the answer describes it."""
        with self._alone:
            self._begin(now)
            try:
                answer = self.commands.carry_out(Command(
                    action=str(data.action), strategy=data.strategy, reason=data.reason or "operator",
                    amount=None if data.amount is None else amount_of(data.amount, str(data.action)),
                    position=data.position), now)
            except ConfigError as problem:
                answer = {"error": str(problem)}
                self.journal.event(now, "COMMAND_REFUSED", action=str(data.action), why=str(problem))
            self.rounds.take_back(now)
            self._keep(now, changed=True)
            if self.parts.unsaved is not None:
                answer |= {"not_stored": self.parts.unsaved}
            self._publisher.answered(now, {"action": str(data.action), "strategy": data.strategy, "reason": data.reason,
                                           "reference": data.reference}, answer)
            self._publisher.publish(now)
            return answer

    def split_ahead(self, tickers: Iterable[str], now: datetime) -> None:
        """Take LEAN's warning in the session before a split."""
        with self._alone:
            told = sorted(tickers)
            self.builder.split_ahead(told)
            self.journal.event(now, "SPLIT_AHEAD", tickers=told)

    def heartbeat(self, now: datetime) -> None:
        """Tick if data has brought no tick for more than a minute. An exit must not wait for the next quote."""
        with self._alone:
            if self._minute is None or now - self._minute > timedelta(minutes=2):
                self.tick(now)

    def tick(self, now: datetime) -> None:
        """Do everything that may be due at ``now``. The first call starts the framework. Extra calls are harmless.

        Raises
        ------
        IntegrityError, StoreCorrupt
            At the start, if the algorithm must not run.
        """
        with self._alone:
            self._begin(now)
            minute = plain_time(now).replace(second=0, microsecond=0)
            fresh, self._minute = minute != self._minute, minute
            calendar = self._gateway.calendar()
            opened, closes = calendar.session_open, calendar.session_close
            if opened is None or closes is None or not opened < minute <= closes:
                self._between_sessions(minute, fresh=fresh)
                return
            if fresh:
                self._whole(minute, calendar.today)
            elif self.parts.executor.working_positions or self._exchange or self._foreign.waiting:
                self._orders(now)

    def _between_sessions(self, minute: datetime, *, fresh: bool) -> None:
        """Nothing is due; a reader is told that the algorithm lives."""
        if fresh and minute.minute % RISK_CHECK_MINUTES == 0:
            self._publisher.publish(minute)

    def _whole(self, minute: datetime, today: date) -> None:
        self._book_exchange_events()
        changed = self._foreign.book(minute)
        changed = self._foreign.settle(minute) or changed
        if self._day != today:
            self._day = today
            changed = self._morning(minute)
        if self.parts.executor.working_positions:
            self.parts.executor.on_minute(minute)
        changed = self.results.drain(minute) or changed
        if self.parts.book.closing:
            self.rounds.close_until_flat(minute)
            changed = True
        if self._due(minute):
            changed = self._rounds(minute) or changed
        changed = self._recovery.overdue(minute) or changed
        closing = minute.time() == STORE_TIME or minute == self._gateway.calendar().session_close
        self._keep(minute, changed=changed or closing, flush=closing)
        self._publisher.publish(minute)

    def _orders(self, now: datetime) -> None:
        """Between two minutes, live: look after working orders, and decide nothing."""
        self._book_exchange_events()
        booked = self._foreign.book(now)
        self.parts.executor.on_minute(now)
        changed = self.results.drain(now) or booked
        self._keep(now, changed=changed)
        if changed:
            self._publisher.publish(now)

    def _keep(self, now: datetime, *, changed: bool, flush: bool = False) -> None:
        for name, facts in self._gateway.drain_notes():
            self.journal.event(now, name, **facts)
        self._keeper.keep(now, changed=changed, flush=flush)

    def _morning(self, now: datetime) -> bool:
        if self.parts.book.roll(now.date(), previous_session=self._gateway.calendar().previous_session):
            self.parts.emergency.new_day(now.date())
        self.results.settle_expired(now)
        self._recovery.unexplained(now)
        self.results.unsubscribe_unused()
        self.builder.morning(now)
        self._tell_absent(now)
        return True

    # --- what is due ------------------------------------------------------------------------------------------------

    def _due(self, now: datetime) -> bool:
        return (self.risk.due(now) or self.rounds.validating or self._entry_round(now) or now.time() in MARK_TIMES
                or any(self.rounds.urgent(position) for position in self.parts.states.open_positions))

    def _rounds(self, now: datetime) -> bool:
        try:
            snapshot = self.builder.snapshot(now, intraday=self._intraday(now))
        except CannotCompute as problem:
            return self._blind_round(now, problem)
        self.parts.book.mark(snapshot.account.equity, snapshot.account.protection)
        judged = self.risk.due(now)
        if judged:
            self.risk.check(snapshot)
        self.rounds.take_back(now)
        self.rounds.manage(snapshot, only_urgent=not (self.risk.trouble or self._position_round(now)))
        self._entries(snapshot, now)
        self._mark(snapshot, now, judged=judged)
        changed = self._settled(now)
        return changed or (judged and self.run.environment is not Environment.DEVELOPMENT)

    def _blind_round(self, now: datetime, problem: CannotCompute) -> bool:
        """The round while the account cannot be valued: nobody enters and no guard judges, but exits continue."""
        self.parts.blind = problem.message
        self.journal.event(now, "CANNOT_COMPUTE", what=problem.message, facts=problem.facts)
        self.rounds.take_back(now)
        self.rounds.manage(self.builder.unvalued(now), only_urgent=False)
        return self._settled(now)

    def _settled(self, now: datetime) -> bool:
        """Apply the results of a round. True if there is something to save, including what only the guards have
        learned. In a live run that is their marks and the account's value at every check."""
        drained, moved, learned = self.results.drain(now), self._transitions(), self.risk.news()
        return drained or moved or learned

    def _transitions(self) -> bool:
        """Write the transitions to the audit trail. True if there were any."""
        steps = self.parts.states.drain_transitions()
        for step in steps:
            self.journal.audit(step.time, "TRANSITION", step.to_json())
        return bool(steps)

    def _entries(self, snapshot: Snapshot, now: datetime) -> None:
        if self.rounds.validating:
            self.rounds.propose(snapshot, self.builder.view())
        elif self._entry_round(now) and ENTRY_OPEN <= now.time() < FUTURES_ENTRY_CLOSE:
            self.rounds.select(snapshot, self.builder.view())

    def _entry_round(self, now: datetime) -> bool:
        return now.minute % ENTRY_ROUND_MINUTES == ENTRY_ROUND_OFFSET_MINUTES or self.rounds.eager

    def _position_round(self, now: datetime) -> bool:
        """Whether every position is looked at: each quarter of an hour, and a last time while an order can still be
        sent. A decision made at the close itself would have to wait for the morning."""
        close = self._gateway.calendar().session_close
        last = close is not None and now == close - timedelta(minutes=LAST_CHECK_MINUTES_BEFORE_CLOSE)
        return last or (now.minute % POSITION_CHECK_MINUTES == 0 and now != close)

    def _intraday(self, now: datetime) -> tuple[str, ...]:
        """Underlyings whose session so far is read: those of the strategies that enter on the day of expiry."""
        asked = self._entry_round(now)
        return tuple({spec.underlyings[0] for spec in self.parts.specs.values() if asked and spec.entry_dte_max == 0
                      and spec.window_open <= now.time() < spec.window_close
                      and spec.enters_on(now.weekday())})

    def _mark(self, snapshot: Snapshot, now: datetime, *, judged: bool) -> None:
        due = now.time() in MARK_TIMES or now == snapshot.calendar.session_close
        if due or judged:
            self.record.observe(snapshot, self.builder.results(snapshot), due=due)
        if now.time() == STORE_TIME or now == snapshot.calendar.session_close:
            self.risk.day_end(snapshot)
