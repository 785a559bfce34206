"""What a run leaves for its report: marks, trades, results, refusals, phases, and how near each rule came to firing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping

from config.constants import DENSE_MARK_SHARE
from config.run_parameters import RunParameters
from core.book_picture import book_facts
from core.errors import CannotCompute
from core.exposure import Exposure
from core.model import Account, Position, Snapshot, State
from core.protection import protects
from helpers.shell.components import Components
from helpers.shell.figures import concentration, near_limits
from helpers.store.journal import Journal, plain

SCHEMA = 3
EVE_OF_WORST, LAST_CLOSE = "eve of the worst day", "last close"


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
        self._results: dict[str, float] = {}
        self._books: dict[str, dict[str, Any]] = {}
        self._worst_day = 0.0

    def observe(self, snapshot: Snapshot, results: Mapping[str, float], *, due: bool) -> None:
        """A moment that was looked at: how far each position is under water, and a mark where one is ``due``, or where
        the account has moved by more than :data:`DENSE_MARK_SHARE` since the last.

        Parameters
        ----------
        results : mapping
            USD that each open position has made so far, by id.
        """
        self._parts.position_log.marked(results, snapshot.time)
        if due or self._moved(snapshot.account):
            self.mark(snapshot, results)

    def _moved(self, account: Account) -> bool:
        before = self._marks[-1]["equity"] if self._marks else account.equity_day_start
        return bool(abs(account.equity - before) > DENSE_MARK_SHARE * abs(before))

    def mark(self, snapshot: Snapshot, results: Mapping[str, float]) -> None:
        """The account and its exposure at one moment; limits that are nearly used up are warned of."""
        account = snapshot.account
        self._results = dict(results)
        row: dict[str, Any] = {
            "time": snapshot.time.isoformat(), "equity": round(account.equity, 2), "cash": round(account.cash, 2),
            "phase": snapshot.phase, "positions": len(self._parts.states.open_positions),
            "buying_power_used": round(account.buying_power_used, 2),
            "day_result_share": round(account.day_result_share, 6) if account.equity_day_start > 0.0 else None,
            "vix": None if snapshot.vix is None else snapshot.vix.value,
            "regime": None if snapshot.vix is None else snapshot.vix.regime,
            "spy": snapshot.price("SPY") if "SPY" in snapshot.underlyings else None,
            "strategies": self._by_strategy(snapshot, results)}
        exposure = self._parts.exposure(snapshot)
        if exposure is not None:
            row |= _greeks(exposure) | self._limits(snapshot, exposure)
        correlation = self._parts.limiter.reading().value
        if correlation is not None:
            row["correlation"] = round(correlation, 4)
        self._marks.append(row)
        self._journal.audit(snapshot.time, "MARK", {key: value for key, value in row.items() if key != "strategies"})
        if snapshot.time == snapshot.calendar.session_close:
            self._close_of_day(snapshot, row["day_result_share"])

    def _close_of_day(self, snapshot: Snapshot, result_share: float | None) -> None:
        """Keep the book of the last close, and that with which the worst day so far was entered."""
        if result_share is not None and result_share < self._worst_day:
            self._worst_day = result_share
            if LAST_CLOSE in self._books:
                self._books[EVE_OF_WORST] = self._books[LAST_CLOSE]
        self._books[LAST_CLOSE] = book_facts(snapshot)

    def _by_strategy(self, snapshot: Snapshot, results: Mapping[str, float]) -> dict[str, dict[str, Any]]:
        """Open positions of each strategy: what they have made so far, their margin, their Greeks (None where a leg's cannot
        be computed)."""
        greeks, rows = self._parts.greeks.reading(snapshot), dict[str, dict[str, Any]]()
        for position in snapshot.positions:
            if position.id not in results:
                continue
            row = rows.setdefault(position.strategy, {"positions": 0, "open_usd": 0.0, "margin": 0.0, "greeks": Exposure()})
            row["positions"] += 1
            row["open_usd"] += results[position.id]
            if position.state is not State.ENTERING:         # as the account counts it
                row["margin"] += self._parts.margin.margin_of(position, snapshot.quotes, snapshot.underlyings,
                                                              day=snapshot.time.date())
            one = greeks.by_position.get(position.id)
            row["greeks"] = None if one is None or row["greeks"] is None else row["greeks"] + one
        return {name: {"positions": row["positions"], "open_usd": round(row["open_usd"], 2), "margin": round(row["margin"], 2),
                       **_greeks(row["greeks"])} for name, row in rows.items()}

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
                   "account": {"day": ledger.equity_by_day(), "month": ledger.equity_by_month(),
                               "return": ledger.returns_by_day(),
                               "equity": {mark.day.isoformat(): mark.equity_usd for mark in ledger.marks}}}
        return {
            "schema": SCHEMA, "ended": now.isoformat(),
            "run": {"mode": self._run.mode.value, "strategies": list(self._run.strategies),
                    "starting_phase": self._run.starting_phase, "cash": self._run.cash,
                    "margin": self._run.margin.value, "fills": self._run.fills.value,
                    "environment": self._run.environment.value},
            "marks": self._marks, "orders": self._parts.order_figures.rows(),
            "trades": [plain(trade) for trade in ledger.trades],
            "open_positions": [_held(position, self._results.get(position.id))
                               for position in self._parts.states.open_positions],
            "positions": plain(self._parts.position_log.rows()),
            "books": plain([{"why": why, **book} for why, book in self._books.items()]),
            "net_flows_usd": ledger.net_flows_usd,
            "refusals": self._journal.refusal_counts, "refusal_days": self._journal.refusal_days,
            "phases": self._phases, "guards": self._guards, "warnings": self._warnings,
            "unbuilt_checks": list(self._parts.gate.unbuilt), "absent": dict(self._parts.absent), "results": plain(results),
            "statistics": plain(ledger.statistics()), "equity_statistics": plain(ledger.equity_statistics()),
            "planned": plain(ledger.planned_and_achieved()), "closest_approach": self._journal.closest_approaches}


def _greeks(exposure: Exposure | None) -> dict[str, float | None]:
    """Rounded, by name."""
    return {name: None if exposure is None else round(getattr(exposure, name), digits)
            for name, digits in (("spy_delta", 2), ("gamma", 4), ("vega", 2), ("theta", 2))}


def _held(position: Position, result_usd: float | None) -> dict[str, Any]:
    """A position that is open at the end; legs with all their contracts. ``open_usd`` is what it had made at the last mark,
    fees included; None where it was opened after."""
    held: dict[str, Any] = plain({
        "id": position.id, "strategy": position.strategy, "underlying": position.underlying, "state": position.state,
        "opened": position.opened, "units": position.units, "entry_price": position.entry_price,
        "entry_reason": position.facts.get("entry_reason", ""), "open_usd": result_usd, "fees_usd": position.fees_usd,
        "protection": protects(position.strategy),
        "legs": [f"{leg.quantity:+d} {leg.contract.id}" for leg in position.legs]})
    return held
