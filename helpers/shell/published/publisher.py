"""Writes what a reader is told: ``status`` each minute and at each event, ``performance`` and ``trades`` when they change.

Each document lies under the run's prefix in LEAN's ObjectStore, has a version, a number, the time of the algorithm and
the wall clock's, and a checksum in front. It is written last, after the state, and whatever goes wrong with it is told in
the journal and stops nothing: no exit waits for a reader.
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any, Callable, Final, Mapping

from config.constants import RISK_CHECK_MINUTES
from config.run_parameters import LogLevel, RunParameters
from core.codes import RefusalCode
from core.errors import CannotCompute, StoreError
from core.model import Position, Snapshot
from helpers.shell.components import Components
from helpers.shell.decision_rounds import DecisionRounds
from helpers.shell.published.book import made_usd, order_row, position_row
from helpers.shell.published.limits import breaker_steps, budget_rows, guard_rows
from helpers.shell.published.outlook import needs_owner, phase_row, rows_ahead
from helpers.shell.published.performance import at_risk, performance_body, trades_body
from helpers.shell.run_store import RunStore
from helpers.shell.snapshots import SnapshotBuilder
from helpers.store.journal import Journal, plain
from helpers.store.state_store import ObjectStorePort, sealed

SCHEMA: Final = 1
FOLDER: Final = "published"
STATUS, PERFORMANCE, TRADES = "status", "performance", "trades"
LARGEST_BYTES: Final = 1_000_000
COMMANDS_KEPT: Final = 30
ROWS_SHOWN: Final = 300
MINUTE_SECONDS: Final = 60


class Publisher:
    """Derives the documents and writes them.

    Parameters
    ----------
    port : ObjectStorePort
    store : RunStore
        Knows the run's prefix once it is open.
    clock : callable
        Wall time, UTC.
    """

    def __init__(self, *, port: ObjectStorePort, store: RunStore, components: Components, builder: SnapshotBuilder,
                 rounds: DecisionRounds, journal: Journal, run: RunParameters,
                 clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> None:
        self._port, self._store, self._parts, self._builder, self._rounds = port, store, components, builder, rounds
        self._journal, self._run, self._clock = journal, run, clock
        self._sequence = 0
        self._started = clock()
        self._failed: str | None = None
        self._seen: dict[str, object] = {}
        self._day: date | None = None
        self._made: dict[str, float] = {}
        self._day_start: dict[str, float] = {}
        self._minutes = {"seen": 0, "day": 0}
        self._last_minute: datetime | None = None
        self._commands: list[dict[str, Any]] = []

    def answered(self, now: datetime, words: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Keep a command and its answer; ``words`` are what was sent, its ``reference`` the sender's own."""
        self._commands.append(plain({"time": now, **words, "answer": answer}))
        del self._commands[:-COMMANDS_KEPT]

    def publish(self, now: datetime, *, ended: bool = False) -> None:
        """Write what has changed; never raises: a reader's page must not stop an exit. ``ended``: it is the last word."""
        if not self._run.publish:
            return
        try:
            self._write(STATUS, self._status(now, ended), now)
            ledger = (len(self._parts.ledger.trades), len(self._parts.ledger.marks), self._parts.ledger.unknown_results,
                      self._parts.ledger.net_flows_usd, now.date())
            self._when_changed(PERFORMANCE, ledger, lambda: performance_body(self._parts), now)
            refusals = self._journal.refusal_days
            self._when_changed(TRADES, (ledger, len(refusals), sum(row["count"] for row in refusals[-1:])),
                               lambda: trades_body(self._parts, self._journal), now)
        except Exception as problem:  # noqa: BLE001 - a defect in what a reader is told must not stop an exit
            self._fail(now, problem)
            return
        if self._failed is not None:
            self._journal.event(now, "PUBLISH_RECOVERED", was=self._failed)
            self._failed = None

    def _fail(self, now: datetime, problem: Exception) -> None:
        what = f"{type(problem).__name__}: {problem}"
        if self._failed is None:
            self._journal.event(now, "PUBLISH_FAILED", what=what)
        self._failed = what

    # --- writing ----------------------------------------------------------------------------------------------------

    def _when_changed(self, name: str, key: object, body: Callable[[], dict[str, Any]], now: datetime) -> None:
        if self._seen.get(name) != key:
            self._write(name, body(), now)
            self._seen[name] = key

    def _write(self, name: str, body: Mapping[str, Any], now: datetime) -> None:
        self._sequence += 1
        text = sealed({"format": f"tom-king-{name}", "schema": SCHEMA, "owner": self._store.prefix,
                       "sequence": self._sequence, "time": now.isoformat(),
                       "written": self._clock().isoformat(timespec="milliseconds"), "body": body})
        key = f"{self._store.prefix}/{FOLDER}/{name}.json"
        if len(text) > LARGEST_BYTES:
            raise StoreError("a published document is too large", key=key, size=len(text))
        if not self._port.save(key, text):
            raise StoreError("a published document was refused: the store's limit is reached", key=key, size=len(text))
        self._port.get_file_path(key)       # LEAN writes by a timer; asked for the file, it writes at once

    # --- status -----------------------------------------------------------------------------------------------------

    def _status(self, now: datetime, ended: bool) -> dict[str, Any]:
        try:
            snapshot: Snapshot | None = self._builder.glance(now)
            unvalued = None
        except CannotCompute as problem:
            snapshot, unvalued = None, f"{problem.message} {dict(problem.facts)}"
        self._note_time(now)
        body: dict[str, Any] = {
            "run": self._run_row(now) | {"ended": ended}, "account": self._account(snapshot, unvalued),
            "needs_owner": needs_owner(self._parts, self._builder, snapshot)[:ROWS_SHOWN],
            "market": self._market(snapshot, now), "guards": self._guards(),
            "limits": guard_rows(self._journal.readings), "breaker_steps": [], "positions": [], "orders": [],
            "value_at_risk": {"usd": None, "cannot_compute": unvalued}, "phase": phase_row(self._parts),
            "ahead": rows_ahead(self._parts, now.date()), "strategies": self._strategies(snapshot),
            "selecting": sorted(contract.id for contract in self._rounds.watched)[:ROWS_SHOWN], "recent": self._journal.recent,
            "refusals_today": self._refusals(now), "commands": list(self._commands)}
        if snapshot is not None:
            body["positions"] = self._positions(snapshot)
            body["orders"] = [order_row(work, snapshot) for work in self._parts.executor.works]
            body["limits"] += plain(budget_rows(self._parts, snapshot))
            body["breaker_steps"] = breaker_steps(snapshot)
            body["value_at_risk"] = at_risk(snapshot)
        return dict(plain(body))

    def _note_time(self, now: datetime) -> None:
        if self._day != now.date():
            self._day, self._day_start = now.date(), dict(self._made)
            self._minutes = {"seen": 0, "day": 0}
        opened, minute = self._builder.session(now)[0], now.replace(second=0, microsecond=0)
        if opened is not None and minute != self._last_minute and self._builder.in_session(now):
            self._minutes = {"seen": self._minutes["seen"] + 1, "day": int((minute - opened).total_seconds() // MINUTE_SECONDS)}
            self._last_minute = minute

    def _run_row(self, now: datetime) -> dict[str, Any]:
        run, delays = self._run, sorted(self._parts.executor.handing_over)
        opened, closes = self._builder.session(now)
        in_session = self._builder.in_session(now)
        return {"mode": run.mode, "environment": run.environment, "strategies": list(run.strategies), "fills": run.fills,
                "margin": run.margin, "absent": dict(self._parts.absent), "in_session": in_session,
                "session_open": opened, "session_close": closes,
                # a word is due within so many seconds of the wall clock; None on a day without a session
                "due_seconds": None if opened is None else MINUTE_SECONDS * (1 if in_session else RISK_CHECK_MINUTES),
                "started": self._started.isoformat(timespec="seconds"),
                "uptime_seconds": (self._clock() - self._started).total_seconds(),
                "minutes_seen_today": self._minutes["seen"], "minutes_of_session": self._minutes["day"],
                "errors": self._journal.told(LogLevel.ERROR), "warnings": self._journal.told(LogLevel.WARNING),
                "decision_to_order_seconds": {"last": delays and self._parts.executor.handing_over[-1] or None,
                                              "median": delays[len(delays) // 2] if delays else None,
                                              "worst": delays[-1] if delays else None, "orders": len(delays)}}

    def _account(self, snapshot: Snapshot | None, unvalued: str | None) -> dict[str, Any]:
        book, parts = self._parts.book, self._parts
        equity = book.equity_last if snapshot is None else snapshot.account.equity
        made = equity - book.flows_today - book.equity_day_start
        row: dict[str, Any] = {
            "equity_usd": equity, "equity_day_start_usd": book.equity_day_start, "flows_today_usd": book.flows_today,
            "day_result_usd": made, "day_result_share": made / book.equity_day_start if book.equity_day_start > 0.0 else None,
            "unvalued": unvalued, "cash_usd": None, "buying_power_used_usd": None, "buying_power_used_share": None,
            "reserved_margin_usd": parts.concentration.reserved_margin_usd, "room_usd": None, "greeks": None,
            "greeks_missing": {}, "entries_today": book.entries, "unprotected_day_result_share": None,
            "open_result_usd": None}
        if snapshot is None:
            return row
        account, read = snapshot.account, parts.greeks.reading(snapshot)
        results = [made_usd(position, snapshot) for position in snapshot.positions if position.is_open]
        row |= {"cash_usd": account.cash, "buying_power_used_usd": account.buying_power_used, "greeks": read.total,
                "greeks_missing": dict(read.missing),
                "unprotected_day_result_share": account.unprotected_day_result_share if book.equity_day_start > 0.0 else None,
                "open_result_usd": None if None in results else sum(result or 0.0 for result in results)}
        if account.equity > 0.0:
            row["buying_power_used_share"] = account.buying_power_used / account.equity
            if snapshot.vix is not None:
                row["room_usd"] = dict(parts.margin.room_usd(account.equity, account.buying_power_used,
                                                             row["reserved_margin_usd"], snapshot.phase, snapshot.vix.value))
        return row

    def _market(self, snapshot: Snapshot | None, now: datetime) -> dict[str, Any]:
        vix, last = (None if snapshot is None else snapshot.vix), self._parts.vix.last_print
        return {"vix": None if last is None else {"value": last[0], "time": last[1],
                                                  "age_seconds": (now - last[1]).total_seconds()},
                "vix_reading": vix, "vix_refusal": None if snapshot is None else snapshot.vix_refusal,
                "entry_stopped": self._parts.vix.entry_stopped,
                "underlyings": {} if snapshot is None else {
                    key: {"price": found.price, "bid": found.bid, "ask": found.ask,
                          "age_seconds": (now - found.quote_time).total_seconds()}
                    for key, found in sorted(snapshot.underlyings.items())}}

    def _guards(self) -> dict[str, Any]:
        breakers, emergency, parts = self._parts.breakers.report, self._parts.emergency.report, self._parts
        return {"halted": self._builder.view().halted, "operator_halt": parts.book.halted, "closing": dict(parts.book.closing),
                "quarantined": list(parts.book.quarantined[:ROWS_SHOWN]), "blind": parts.blind,
                "breaker_level": breakers.level, "breaker_trips": list(breakers.trips), "locked_until": breakers.locked_until,
                "size_multiplier": breakers.size_multiplier, "one_entry_at_a_time": breakers.one_entry_at_a_time,
                "emergency": emergency.level.name, "emergency_since": emergency.since, "triggers": list(emergency.triggers),
                "pending": emergency.pending, "emergency_blind": list(emergency.blind),
                "stop_credit_multiple": emergency.stop_credit_multiple, "correlation": parts.limiter.reading()}

    def _positions(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        rows = []
        for position in snapshot.positions:
            if position.is_open:
                self._note_made(position, snapshot)
                rows.append(position_row(self._parts, position, snapshot, self._start_of(position, snapshot)))
        return rows

    def _note_made(self, position: Position, snapshot: Snapshot) -> None:
        made = made_usd(position, snapshot)
        if made is not None:
            self._made[position.id] = made

    def _start_of(self, position: Position, snapshot: Snapshot) -> float | None:
        """What a position had made when the day began: nothing where it was opened today."""
        if position.opened is not None and position.opened.date() == snapshot.time.date():
            return 0.0
        return self._day_start.get(position.id)

    def _strategies(self, snapshot: Snapshot | None) -> list[dict[str, Any]]:
        view, parts = self._builder.view(), self._parts
        held: dict[str, int] = {}
        for position in parts.states.open_positions:
            held[position.strategy] = held.get(position.strategy, 0) + 1
        return [{"name": name, "on": name in view.enabled, "open": held.get(name, 0),
                 "suspended": None if name not in view.suspended else view.suspended[name],
                 "pending": view.pending.get(name), "unfilled_today": view.unfilled[name][0] if name in view.unfilled else 0,
                 "in_error": name in view.strategies_in_error, "protection": not spec.counts_as_position}
                for name, spec in parts.specs.items()]

    def _refusals(self, now: datetime) -> list[dict[str, Any]]:
        today = now.date().isoformat()
        return [row | {"meaning": RefusalCode(row["code"]).meaning} for row in self._journal.refusal_days
                if row["date"] == today][-ROWS_SHOWN:]
