"""One round of the guards: limiter, breakers, emergency levels, invariants; what they ask to close is closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.constants import (DEMOTION_DRAWDOWN_SHARE, DEMOTION_FLOOR_SHARE, MAX_LIMITER_POSITIONS,
                              MAX_SHORT_VOLATILITY_POSITIONS, ORANGE_LOSS_SHARE, ORANGE_VIX, PHASES,
                              RED_BUYING_POWER_SHARE, RED_LOSS_SHARE, YELLOW_LOSS_SHARE, YELLOW_VIX)
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.intents import closing_intent
from core.model import EmergencyLevel, Event, Exit, Position, Snapshot, Urgency
from helpers.components import Components
from helpers.decision_rounds import DecisionRounds
from helpers.journal import Journal
from helpers.run_record import RunRecord
from risk.circuit_breakers import BreakerInputs, BreakerReport
from risk.defence import Action, CloseAll, CloseRiskiest, CutBuyingPower, CutDelta, positions_to_close
from risk.emergency_protocol import EmergencyReport

DAY_LOSSES = (("day's loss YELLOW", YELLOW_LOSS_SHARE), ("day's loss ORANGE", ORANGE_LOSS_SHARE),
              ("day's loss RED", RED_LOSS_SHARE))
VIX_LEVELS = (("VIX at 30", YELLOW_VIX), ("VIX at 35", ORANGE_VIX))
CLOSING = (CloseAll, CloseRiskiest, CutBuyingPower, CutDelta)


class RiskRound:
    """Asks the guards and carries out what they ask for. Entries are stopped by the gate, which reads their reports."""

    def __init__(self, gateway: Any, components: Components, rounds: DecisionRounds, journal: Journal,
                 record: RunRecord) -> None:
        self._gateway = gateway
        self._parts = components
        self._rounds = rounds
        self._journal = journal
        self._record = record
        self._shown: tuple[int, EmergencyLevel] = (0, EmergencyLevel.NONE)

    @property
    def trouble(self) -> bool:
        """Whether checks are due every minute."""
        return self._parts.breakers.report.check_every_minute or self._parts.emergency.report.check_every_minute

    def check(self, snapshot: Snapshot) -> None:
        """One check. What cannot be computed halts entries until it can."""
        parts = self._parts
        parts.limiter.observe(snapshot)
        correlation = parts.limiter.reading(snapshot.time)
        try:
            breakers = parts.breakers.check(BreakerInputs(
                time=snapshot.time, phase=snapshot.phase, vix=None if snapshot.vix is None else snapshot.vix.value,
                equity=snapshot.account.equity, flows_today=snapshot.account.flows_today,
                margin_used_share=snapshot.account.buying_power_used / snapshot.account.equity,
                correlation=correlation, data_fresh=self._data_fresh(snapshot)))
            emergency = parts.emergency.check(snapshot, correlation, self._failed_invariant(snapshot))
        except CannotCompute as problem:
            parts.blind = problem.message
            self._journal.event(snapshot.time, "RISK_BLIND", code=RefusalCode.GUARD_CANNOT_COMPUTE,
                                what=problem.message, **problem.facts)
            return
        parts.blind = None
        self._show(breakers, emergency, snapshot.time)
        self._approaches(breakers, snapshot)
        self._close(breakers.actions + emergency.actions, snapshot)

    def _data_fresh(self, snapshot: Snapshot) -> bool:
        spy = snapshot.underlyings.get("SPY")
        return snapshot.vix is not None and self._parts.validator.underlying("SPY", spy, snapshot.time) is None

    def _failed_invariant(self, snapshot: Snapshot) -> str | None:
        """Holdings are what the positions say, whenever no order is in flight."""
        if self._parts.executor.working_positions:
            return None
        owned: dict[str, int] = {}
        for position in snapshot.positions:
            for leg in position.legs:
                owned[leg.contract.id] = owned.get(leg.contract.id, 0) + leg.quantity
        accepted = set(self._parts.book.accepted) | set(self._parts.book.quarantined)
        for key in (owned.keys() | snapshot.holdings.keys()) - accepted:
            if owned.get(key, 0) != snapshot.holdings.get(key, 0):
                return f"{key}: {owned.get(key, 0)} owned, {snapshot.holdings.get(key, 0)} held"
        return None

    def _show(self, breakers: BreakerReport, emergency: EmergencyReport, now: datetime) -> None:
        shown = (breakers.level, emergency.level)
        if shown != self._shown:
            self._journal.event(
                now, "GUARDS", breaker_level=breakers.level, emergency=emergency.level.name,
                trips=[f"{trip.kind.value} {trip.value:.4f} of {trip.threshold:.4f}, level {trip.level}"
                       for trip in breakers.trips], triggers=list(emergency.triggers), blind=list(emergency.blind))
            self._record.guards(now, breakers.level, emergency.level.name, emergency.triggers)
        self._shown = shown

    def _approaches(self, breakers: BreakerReport, snapshot: Snapshot) -> None:
        """How near each guard came, reached or not."""
        now, account = snapshot.time, snapshot.account
        for reading in breakers.measured:
            self._journal.approach(now, f"breaker {reading.kind.value}", reading.value, reading.threshold)
        for name, limit in DAY_LOSSES:
            self._journal.approach(now, name, -account.day_result_share, limit)
        self._journal.approach(now, "buying power RED", account.buying_power_used / account.equity,
                               RED_BUYING_POWER_SHARE)
        if snapshot.vix is not None:
            for name, limit in VIX_LEVELS:
                self._journal.approach(now, name, snapshot.vix.value, limit)
        short = [self._parts.specs[position.strategy] for position in snapshot.positions if position.has_short_options]
        self._journal.approach(now, "short-volatility positions", sum(spec.short_volatility for spec in short),
                               MAX_SHORT_VOLATILITY_POSITIONS)
        self._journal.approach(now, "positions with short options", len(short), MAX_LIMITER_POSITIONS)

    def _close(self, actions: tuple[Action, ...], snapshot: Snapshot) -> None:
        wanted = tuple(action for action in actions if isinstance(action, CLOSING))
        if not wanted:
            return
        for position in positions_to_close(wanted, snapshot, self._parts.margin, self._parts.greeks):
            self._defend(position, wanted[0].reason, snapshot.time)

    def _defend(self, position: Position, reason: str, now: datetime) -> None:
        intent = closing_intent(position, reason, now, Urgency.NATURAL, facts={"forced": True})
        self._rounds.carry_out(position, Exit(intent=intent, event=Event.DEFEND), now)

    def day_end(self, snapshot: Snapshot) -> None:
        """The ledger's mark of the session, and the phase's judgement."""
        parts = self._parts
        parts.ledger.mark(snapshot.time.date(), snapshot.account.equity)
        phase = parts.phase.phase
        change = parts.phase.update(snapshot.account.equity, parts.ledger.promotion_facts())
        if phase > min(PHASES) and parts.phase.earned_equity > 0.0:
            floor = DEMOTION_FLOOR_SHARE * PHASES[phase].equity_floor_usd
            self._journal.approach(snapshot.time, f"demotion from {phase} below the floor",
                                   floor / parts.phase.earned_equity, 1.0)
            self._journal.approach(snapshot.time, f"demotion from {phase} by drawdown", parts.phase.drawdown_share,
                                   DEMOTION_DRAWDOWN_SHARE)
        if change is not None:
            self._journal.event(snapshot.time, "PHASE", before=change.before, after=change.after, reason=change.reason,
                                equity=change.equity, drawdown_share=change.drawdown_share)
            self._record.phase(snapshot.time, change.after, change.reason.value)
