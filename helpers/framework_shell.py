"""The shell between LEAN's clock and the rules: what is asked when, and what is kept. It decides nothing itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from config.constants import (ENTRY_OPEN, ENTRY_ROUND_MINUTES, ENTRY_ROUND_OFFSET_MINUTES, FUTURES_ENTRY_CLOSE,
                              MARK_TIMES, POSITION_CHECK_MINUTES, RISK_CHECK_MINUTES, STORE_TIME)
from config.run_parameters import Environment, RunParameters
from core.errors import CannotCompute, ConfigError
from core.model import Snapshot
from helpers.components import Components
from helpers.decision_rounds import DecisionRounds
from helpers.journal import Journal
from helpers.memory import Memory
from helpers.operator_commands import Command, OperatorCommands
from helpers.order_results import OrderResults
from helpers.recovery import Recovery
from helpers.risk_round import RiskRound
from helpers.run_record import RunRecord
from helpers.snapshots import SnapshotBuilder


class FrameworkShell:
    """One tick a minute: executor, results, risk, management, entries, marks."""

    def __init__(self, *, gateway: Any, run: RunParameters, components: Components, memory: Memory, journal: Journal,
                 tickers: tuple[str, ...]) -> None:
        self.parts = components
        self.journal = journal
        self.memory = memory
        self.run = run
        self._gateway = gateway
        self.builder = SnapshotBuilder(gateway, components, run, tickers)
        self.rounds = DecisionRounds(gateway, components, self.builder, journal)
        self.results = OrderResults(gateway, components, journal, self.rounds)
        self.record = RunRecord(components, journal, run)
        self.risk = RiskRound(gateway, components, self.rounds, journal, self.record)
        self.commands = OperatorCommands(components, self.builder, self.rounds, journal)
        self._recovery = Recovery(gateway, components, journal, self.rounds, self.results)
        self._ticked: datetime | None = None
        self._day: date | None = None

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self, now: datetime) -> None:
        """Verify every component, take over the stored state and bring it in line with the broker's facts.

        Raises
        ------
        IntegrityError, StoreCorrupt
            The algorithm must not run.
        """
        loaded = self.memory.load()
        if loaded is not None:
            self.journal.event(now, "RESTORED", written=loaded.written_at, sequence=loaded.sequence,
                               problems=list(loaded.problems))
        self.builder.read_vix(now)
        self.parts.verify()
        self._recovery.run(now, restored=loaded is not None)
        self.journal.event(now, "STARTED", mode=self.run.mode, strategies=list(self.run.strategies),
                           phase=self.parts.phase.phase, margin=self.run.margin,
                           positions=len(self.parts.states.open_positions))
        self.memory.save()

    def end(self, now: datetime) -> dict[str, Any]:
        """Close the books of this run; returns its record."""
        self.results.drain(now)
        self.journal.flush()
        self.memory.save()
        return self.record.document(now)

    # --- events -----------------------------------------------------------------------------------------------------

    def order_event(self, event: Any, now: datetime) -> None:
        """Hand an order event on; its consequences are drawn at the next tick."""
        if self._gateway.is_exercise(event):
            update = self._gateway.order_update(event)
            if update.fill_quantity or update.contract.expiry <= now.date():
                self.results.exchange_event(update, now)
            return
        self.parts.executor.on_order_event(self._gateway.order_update(event), now)

    def command(self, data: Any, now: datetime) -> dict[str, Any]:
        """Carry out one of the operator's commands; what is wrong with it is the answer then."""
        try:
            answer = self.commands.carry_out(Command(
                action=str(data.action), strategy=data.strategy, reason=data.reason or "operator",
                amount=None if data.amount is None else float(data.amount)), now)
        except ConfigError as problem:
            answer = {"error": str(problem)}
            self.journal.event(now, "COMMAND_REFUSED", action=str(data.action), why=str(problem))
        self.memory.save()
        return answer

    def tick(self, now: datetime) -> None:
        """Everything that may be due at ``now``; harmless when called twice in a minute."""
        if now == self._ticked:
            return
        self._ticked = now
        calendar = self._gateway.calendar()
        if calendar.session_open is None or not calendar.session_open < now <= calendar.session_close:
            return
        changed = False
        if self._day != calendar.today:
            self._day = calendar.today
            changed = self._morning(now)
        if self.parts.executor.working_positions:
            self.parts.executor.on_minute(now)
        changed = self.results.drain(now) or changed
        if self._due(now):
            changed = self._rounds(now) or changed
        if changed:
            self.memory.save()
            if self.run.environment is not Environment.DEVELOPMENT:
                self.journal.flush()

    def _morning(self, now: datetime) -> bool:
        if self.parts.book.roll(now.date()):
            self.parts.emergency.new_day(now.date())
        self.results.settle_expired(now)
        self._recovery.unexplained(now)
        self.results.unsubscribe_unused()
        self.builder.morning(now)
        return True

    # --- what is due ------------------------------------------------------------------------------------------------

    def _due(self, now: datetime) -> bool:
        return (now.minute % RISK_CHECK_MINUTES == 0 or self.rounds.validating or self._entry_round(now)
                or self.risk.trouble or now.time() in MARK_TIMES
                or any(self.rounds.urgent(position) for position in self.parts.states.open_positions))

    def _rounds(self, now: datetime) -> bool:
        try:
            snapshot = self.builder.snapshot(now, intraday=self._intraday(now))
        except CannotCompute as problem:
            return self._blind_round(now, problem)
        self.parts.book.mark(snapshot.account.equity)
        if now.minute % RISK_CHECK_MINUTES == 0 or self.risk.trouble:
            self.risk.check(snapshot)
        whole = now.minute % POSITION_CHECK_MINUTES == 0 or self.risk.trouble
        self.rounds.manage(snapshot, self.builder.view(), only_urgent=not whole)
        self._entries(snapshot, now)
        self._mark(snapshot, now)
        return self.results.drain(now) or self._transitions()

    def _blind_round(self, now: datetime, problem: CannotCompute) -> bool:
        """The account has no value now: nobody enters and no guard judges, but exits go on."""
        self.parts.blind = problem.message
        self.journal.event(now, "CANNOT_COMPUTE", what=problem.message, **problem.facts)
        self.rounds.manage(self.builder.unvalued(now), self.builder.view(), only_urgent=False)
        return self.results.drain(now) or self._transitions()

    def _transitions(self) -> bool:
        """Into the audit trail; True when there were any."""
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

    def _intraday(self, now: datetime) -> tuple[str, ...]:
        """Underlyings whose session so far is read: those of strategies that enter on the day they expire."""
        asked = self._entry_round(now)
        return tuple({spec.underlyings[0] for spec in self.parts.specs.values() if asked and spec.entry_dte_max == 0
                      and spec.window_open <= now.time() < spec.window_close
                      and spec.entry_weekday == now.weekday()})

    def _mark(self, snapshot: Snapshot, now: datetime) -> None:
        if now.time() in MARK_TIMES or now == snapshot.calendar.session_close:
            self.record.mark(snapshot)
        if now.time() == STORE_TIME or now == snapshot.calendar.session_close:
            self.risk.day_end(snapshot)
            self.journal.flush()
            self.memory.save()
