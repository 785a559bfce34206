"""What a run leaves for its report: marks, trades, refusals, phases, and how near each rule came to firing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.run_parameters import RunParameters
from core.model import Snapshot
from helpers.components import Components
from helpers.journal import Journal, plain

SCHEMA = 1


class RunRecord:
    """Collects marks while the run goes on and writes everything down at its end."""

    def __init__(self, components: Components, journal: Journal, run: RunParameters) -> None:
        self._parts = components
        self._journal = journal
        self._run = run
        self._marks: list[dict[str, Any]] = []
        self._phases: list[dict[str, Any]] = []
        self._guards: list[dict[str, Any]] = []

    def mark(self, snapshot: Snapshot) -> None:
        """The account and its exposure at one of the marks of the day."""
        account = snapshot.account
        row: dict[str, Any] = {
            "time": snapshot.time.isoformat(), "equity": round(account.equity, 2), "cash": round(account.cash, 2),
            "phase": snapshot.phase, "positions": len(self._parts.states.open_positions),
            "buying_power_used": round(account.buying_power_used, 2),
            "day_result_share": round(account.day_result_share, 6),
            "vix": None if snapshot.vix is None else snapshot.vix.value,
            "regime": None if snapshot.vix is None else snapshot.vix.regime}
        exposure = self._parts.exposure(snapshot)
        if exposure is not None:
            row |= {"spy_delta": round(exposure.spy_delta, 2), "gamma": round(exposure.gamma, 4),
                    "vega": round(exposure.vega, 2), "theta": round(exposure.theta, 2)}
        self._marks.append(row)
        self._journal.audit(snapshot.time, "MARK", row)

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
        return {
            "schema": SCHEMA, "ended": now.isoformat(),
            "run": {"mode": self._run.mode.value, "strategies": list(self._run.strategies),
                    "starting_phase": self._run.starting_phase, "cash": self._run.cash,
                    "margin": self._run.margin.value, "environment": self._run.environment.value},
            "marks": self._marks, "trades": [plain(trade) for trade in ledger.trades],
            "open_positions": [plain({"id": position.id, "strategy": position.strategy,
                                      "underlying": position.underlying, "state": position.state,
                                      "opened": position.opened, "units": position.units,
                                      "entry_price": position.entry_price,
                                      "legs": [f"{leg.quantity:+d} {leg.contract.id}" for leg in position.legs]})
                               for position in self._parts.states.open_positions],
            "refusals": self._journal.refusal_counts, "refusal_days": self._journal.refusal_days,
            "phases": self._phases, "guards": self._guards, "unbuilt_checks": list(self._parts.gate.unbuilt),
            "statistics": plain(ledger.statistics()), "closest_approach": self._journal.closest_approaches}
