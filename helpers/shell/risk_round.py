"""One round of the guards: limiter, breakers, emergency levels, invariants. What they want closed is closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Callable, Mapping, TypeVar

from config.constants import (DEMOTION_DRAWDOWN_SHARE, DEMOTION_FLOOR_SHARE, MAX_LIMITER_POSITIONS,
                              MAX_SHORT_VOLATILITY_POSITIONS, ORANGE_LOSS_SHARE, ORANGE_VIX, PHASES,
                              RED_BUYING_POWER_SHARE, RED_LOSS_SHARE, RISK_CHECK_MINUTES, TROUBLE_CHECK_MINUTES,
                              YELLOW_LOSS_SHARE, YELLOW_VIX)
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.model import EmergencyLevel, Snapshot
from core.protection import protects
from helpers.shell.components import Components
from helpers.shell.decision_rounds import DecisionRounds
from helpers.shell.run_record import RunRecord
from helpers.store.journal import Journal
from risk.august_2024_correlation_limiter import CorrelationReading
from risk.circuit_breakers import THIRD, BreakerInputs, BreakerReport
from risk.defence import (Action, CloseAll, CloseRiskiest, CutBuyingPower, CutDelta, excess_protection_delta,
                          positions_to_close)
from risk.emergency_protocol import EmergencyReport

DAY_LOSSES = (("day's loss YELLOW", YELLOW_LOSS_SHARE), ("day's loss ORANGE", ORANGE_LOSS_SHARE),
              ("day's loss RED", RED_LOSS_SHARE))
VIX_LEVELS = (("VIX at 30", YELLOW_VIX), ("VIX at 35", ORANGE_VIX))
Report = TypeVar("Report")
CLOSING = (CloseAll, CloseRiskiest, CutBuyingPower, CutDelta)


class RiskRound:
    """Asks the guards and carries out their actions. The gate stops entries, because it reads the guards' reports."""

    def __init__(self, components: Components, rounds: DecisionRounds, journal: Journal, record: RunRecord) -> None:
        self._parts = components
        self._rounds = rounds
        self._journal = journal
        self._record = record
        self._shown: tuple[int, EmergencyLevel, datetime | None] = (0, EmergencyLevel.NONE, None)
        self._checked: datetime | None = None
        self._noted = ""
        self._kept: tuple[Mapping[str, Any], ...] = ()

    @property
    def trouble(self) -> bool:
        """Whether checks are due every minute."""
        return self._parts.breakers.report.check_every_minute or self._parts.emergency.report.check_every_minute

    def news(self) -> bool:
        """Whether the guards' facts have changed since this was last asked. A crash must not lose such a change."""
        parts = self._parts
        facts = (parts.vix.facts(), parts.breakers.facts(), parts.emergency.facts())
        changed, self._kept = facts != self._kept, facts
        return changed

    def due(self, now: datetime) -> bool:
        """Whether a check is due: every five minutes on the minute, every minute in trouble, and at once for the first
        check of a run. A check whose minute brought no data is made up for."""
        minutes = TROUBLE_CHECK_MINUTES if self.trouble else RISK_CHECK_MINUTES
        overdue = self._checked is None or (self._checked.date() == now.date()
                                            and now - self._checked >= timedelta(minutes=minutes))
        return now.minute % minutes == 0 or overdue

    def check(self, snapshot: Snapshot) -> None:
        """Make one check. If a guard cannot compute, entries halt until it can. The other guard is asked all the
        same."""
        parts = self._parts
        self._checked = snapshot.time
        parts.limiter.observe(snapshot)
        correlation = parts.limiter.reading()
        if correlation.note != self._noted:
            self._journal.event(snapshot.time, "CORRELATION", note=correlation.note, value=correlation.value,
                                underlyings=correlation.underlyings, marks=correlation.marks)
            self._noted = correlation.note
        blind: list[str] = []
        breakers = self._ask("breakers", lambda: parts.breakers.check(self._inputs(snapshot, correlation)),
                             snapshot.time, blind)
        emergency = self._ask("emergency", lambda: parts.emergency.check(
            snapshot, correlation, self._failed_invariant(snapshot)), snapshot.time, blind)
        parts.blind = "; ".join(blind) or None
        self._show(breakers or parts.breakers.report, emergency or parts.emergency.report, snapshot.time)
        if breakers is not None:
            self._approaches(breakers, snapshot)
        parts.book_closing = parts.emergency.report.level is EmergencyLevel.RED or parts.breakers.report.level == THIRD
        parts.excess_spy_delta = excess_protection_delta(snapshot, parts.greeks) if parts.book_closing else 0.0
        self._close((breakers.actions if breakers else ()) + (emergency.actions if emergency else ()), snapshot)

    def _ask(self, guard: str, judge: Callable[[], Report], now: datetime, blind: list[str]) -> Report | None:
        """A guard's report. None if it cannot compute, which is added to ``blind``."""
        try:
            return judge()
        except CannotCompute as problem:
            blind.append(f"{guard}: {problem.message}")
            self._journal.event(now, "RISK_BLIND", code=RefusalCode.GUARD_CANNOT_COMPUTE, guard=guard,
                                what=problem.message, facts=problem.facts)
            return None

    def _inputs(self, snapshot: Snapshot, correlation: CorrelationReading) -> BreakerInputs:
        account = snapshot.account
        if account.equity <= 0.0:
            raise CannotCompute("equity is not positive", equity=account.equity)
        return BreakerInputs(
            time=snapshot.time, phase=snapshot.phase, vix=None if snapshot.vix is None else snapshot.vix.value,
            equity=account.equity, flows_today=account.flows_today, protection=account.protection,
            margin_used_share=account.buying_power_used / account.equity, correlation=correlation,
            data_fresh=self._data_fresh(snapshot))

    def _data_fresh(self, snapshot: Snapshot) -> bool:
        spy = snapshot.underlyings.get("SPY")
        return snapshot.vix is not None and self._parts.validator.underlying("SPY", spy, snapshot.time) is None

    def _failed_invariant(self, snapshot: Snapshot) -> str | None:
        """A holding that differs from what the positions say, while no order is in flight; None if there is none."""
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
        shown = (breakers.level, emergency.level, emergency.since)   # the same level on a new day counts as a change
        if shown != self._shown:
            self._journal.event(
                now, "GUARDS", breaker_level=breakers.level, emergency=emergency.level.name,
                trips=[f"{trip.kind.value} {trip.value:.4f} of {trip.threshold:.4f}, level {trip.level}"
                       for trip in breakers.trips], triggers=list(emergency.triggers), blind=list(emergency.blind))
            self._record.guards(now, breakers.level, emergency.level.name, emergency.triggers)
        self._shown = shown

    def _approaches(self, breakers: BreakerReport, snapshot: Snapshot) -> None:
        """Record how near each guard came to its limit, whether it was reached or not."""
        now, account = snapshot.time, snapshot.account
        for reading in breakers.measured:
            self._journal.approach(now, f"breaker {reading.kind.value}", reading.value, reading.threshold)
        if account.equity_day_start > 0.0:
            unprotected = -account.unprotected_day_result_share
            for name, limit in DAY_LOSSES:
                self._journal.approach(now, name, unprotected, limit)
            self._journal.approach(now, "day's loss RED, protection included", -account.day_result_share, RED_LOSS_SHARE)
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
        if wanted:
            chosen = positions_to_close(wanted, snapshot, self._parts.margin, self._parts.greeks)
            reason = wanted[0].reason
            self._rounds.defend([closing.position for closing in chosen if not closing.shorts_only], reason, snapshot.time)
            self._rounds.buy_back([closing.position for closing in chosen if closing.shorts_only], reason)

    def day_end(self, snapshot: Snapshot) -> None:
        """Record the ledger's mark of the session, and judge the phase."""
        parts = self._parts
        parts.ledger.mark(snapshot.time.date(), snapshot.account.equity)
        phase = parts.phase.phase
        held = [position.id for position in snapshot.positions if protects(position.strategy)]
        unrealized = snapshot.account.protection - parts.ledger.protection_usd(held)
        change = parts.phase.update(snapshot.account.equity, parts.ledger.promotion_facts(),
                                    equity_at_cost=snapshot.account.equity - unrealized)
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
