"""What a run leaves for its report: marks, trades, results, refusals, phases, and how near each rule came to firing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.run_parameters import RunParameters
from core.errors import CannotCompute
from core.exposure import Exposure
from core.model import Position, Snapshot
from helpers.shell.components import Components
from helpers.shell.figures import concentration, near_limits
from helpers.store.journal import Journal, plain

SCHEMA = 2


class RunRecord:
    """Collects marks while the run goes on and writes everything down at its end."""

    def __init__(self, components: Components, journal: Journal, run: RunParameters) -> None:
        self._parts = components
        self._journal = journal
        self._run = run
        self._marks: list[dict[str, Any]] = []
        self._phases: list[dict[str, Any]] = []
        self._guards: list[dict[str, Any]] = []
        self._warnings: list[dict[str, Any]] = []
        self._warned: frozenset[str] = frozenset()

    def mark(self, snapshot: Snapshot) -> None:
        """The account and its exposure at one of the marks of the day; limits that are nearly used up are warned of."""
        account = snapshot.account
        row: dict[str, Any] = {
            "time": snapshot.time.isoformat(), "equity": round(account.equity, 2), "cash": round(account.cash, 2),
            "phase": snapshot.phase, "positions": len(self._parts.states.open_positions),
            "buying_power_used": round(account.buying_power_used, 2),
            "day_result_share": round(account.day_result_share, 6) if account.equity_day_start > 0.0 else None,
            "vix": None if snapshot.vix is None else snapshot.vix.value,
            "regime": None if snapshot.vix is None else snapshot.vix.regime}
        exposure = self._parts.exposure(snapshot)
        if exposure is not None:
            row |= {"spy_delta": round(exposure.spy_delta, 2), "gamma": round(exposure.gamma, 4),
                    "vega": round(exposure.vega, 2), "theta": round(exposure.theta, 2)}
            row |= self._limits(snapshot, exposure)
        correlation = self._parts.limiter.reading().value
        if correlation is not None:
            row["correlation"] = round(correlation, 4)
        self._marks.append(row)
        self._journal.audit(snapshot.time, "MARK", row)

    def _limits(self, snapshot: Snapshot, exposure: Exposure) -> dict[str, Any]:
        """Share of the SPY delta limit in use, reservations included; warnings as they begin."""
        try:
            delta = concentration(self._parts, snapshot, exposure)
            near = near_limits(self._parts, snapshot, exposure)
        except CannotCompute as problem:
            self._journal.event(snapshot.time, "CANNOT_COMPUTE", what=problem.message, facts=problem.facts)
            return {}
        self._journal.approach(snapshot.time, "SPY delta limit", delta.used_share, 1.0)
        for name in sorted(near.keys() - self._warned):
            value, limit = near[name]
            self._journal.event(snapshot.time, "LIMIT_WARNING", limit_name=name, value=value, limit=limit)
            self._warnings.append({"time": snapshot.time.isoformat(), "limit_name": name, "value": round(value, 2),
                                   "limit": round(limit, 2)})
        self._warned = frozenset(near)
        return {"spy_delta_used_share": round(delta.used_share, 4)}

    def phase(self, now: datetime, phase: int, why: str) -> None:
        """A promotion or a demotion."""
        self._phases.append({"time": now.isoformat(), "phase": phase, "why": why})

    def guards(self, now: datetime, breaker_level: int, emergency: str, triggers: tuple[str, ...]) -> None:
        """A change of a breaker's or the emergency level."""
        self._guards.append({"time": now.isoformat(), "breaker_level": breaker_level, "emergency": emergency,
                             "triggers": list(triggers)})

    def document(self, now: datetime) -> dict[str, Any]:
        """The whole record as plain JSON."""
        ledger = self._parts.ledger
        results = {"closed": {"day": ledger.by_day(), "month": ledger.by_month(), "strategy": ledger.by_strategy()},
                   "account": {"day": ledger.equity_by_day(), "month": ledger.equity_by_month()}}
        return {
            "schema": SCHEMA, "ended": now.isoformat(),
            "run": {"mode": self._run.mode.value, "strategies": list(self._run.strategies),
                    "starting_phase": self._run.starting_phase, "cash": self._run.cash,
                    "margin": self._run.margin.value, "fills": self._run.fills.value,
                    "environment": self._run.environment.value},
            "marks": self._marks, "orders": self._parts.order_figures.rows(),
            "trades": [plain(trade) for trade in ledger.trades],
            "open_positions": [_held(position) for position in self._parts.states.open_positions],
            "refusals": self._journal.refusal_counts, "refusal_days": self._journal.refusal_days,
            "phases": self._phases, "guards": self._guards, "warnings": self._warnings,
            "unbuilt_checks": list(self._parts.gate.unbuilt), "absent": dict(self._parts.absent), "results": plain(results),
            "statistics": plain(ledger.statistics()), "equity_statistics": plain(ledger.equity_statistics()),
            "planned": plain(ledger.planned_and_achieved()), "closest_approach": self._journal.closest_approaches}


def _held(position: Position) -> dict[str, Any]:
    """A position that is open at the end; legs with all their contracts."""
    held: dict[str, Any] = plain({
        "id": position.id, "strategy": position.strategy, "underlying": position.underlying, "state": position.state,
        "opened": position.opened, "units": position.units, "entry_price": position.entry_price,
        "entry_reason": position.facts.get("entry_reason", ""),
        "legs": [f"{leg.quantity:+d} {leg.contract.id}" for leg in position.legs]})
    return held
