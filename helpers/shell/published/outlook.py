"""What comes next: dates, the phase's way up, and what waits for the owner."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from config.calendars import FOMC_SCHEDULED
from config.constants import DEFENSIVE_DTE, TARGET_EQUITY_USD
from core.model import ContractKind, EmergencyLevel, Snapshot
from helpers.shell.components import Components
from helpers.shell.snapshots import SnapshotBuilder
from helpers.store.journal import plain

FOMC_SHOWN = 2


def rows_ahead(parts: Components, today: date) -> list[dict[str, Any]]:
    """What must happen, by day: exits at 21 days, expiries, FOMC decisions."""
    rows: list[tuple[date, str, str, str]] = []
    for position in parts.states.open_positions:
        listed = [leg for leg in position.legs if leg.quantity and leg.contract.kind is not ContractKind.EQUITY]
        shorts = [leg.contract.expiry for leg in listed if leg.quantity < 0]
        if shorts and parts.specs[position.strategy].defensive_21dte:
            rows.append((max(shorts) - timedelta(days=DEFENSIVE_DTE), "21-DTE", position.id, position.underlying))
        rows += [(expiry, "expiry", position.id, position.underlying) for expiry in {leg.contract.expiry for leg in listed}]
    rows += [(day, "FOMC", "", "") for day in [day for day in FOMC_SCHEDULED if day >= today][:FOMC_SHOWN]]
    return [{"day": day.isoformat(), "what": what, "position": position, "underlying": underlying, "days": (day - today).days}
            for day, what, position, underlying in sorted(rows)]


def phase_row(parts: Components) -> dict[str, Any]:
    """The phase, and every criterion of the next one with what there is and what is needed."""
    phase = parts.phase
    found: dict[str, Any] = plain({
        "phase": phase.phase, "earned_equity_usd": phase.earned_equity, "target_equity_usd": TARGET_EQUITY_USD,
        "drawdown_share": phase.drawdown_share, "next": phase.criteria(parts.ledger.promotion_facts())})
    return found


def needs_owner(parts: Components, builder: SnapshotBuilder, snapshot: Snapshot | None) -> list[dict[str, Any]]:
    """What waits for the owner or should be known first, the gravest first: a code, a sentence, and the command that
    answers it ("" where none does)."""
    book, breakers, emergency = parts.book, parts.breakers.report, parts.emergency.report
    rows: list[tuple[str, str, str]] = []
    if emergency.level is EmergencyLevel.RED:
        rows.append(("RED", f"RED stands since {emergency.since:%Y-%m-%d %H:%M}: everything but protection is closed", "resume"))
    if breakers.locked_until is not None:
        rows.append(("BREAKER_LOCKED", f"A circuit breaker is locked until {breakers.locked_until:%Y-%m-%d %H:%M}; after that "
                                       "you resume", "resume"))
    rows += [("ORDER_HALTS", f"Order {key} has failed, is unknown or is being evened out; entries wait", "accept")
             for key in parts.executor.halted_by]
    if parts.unsaved or parts.executor.unsaved:
        rows.append(("STORE_FAILED", f"The store does not take the state: {parts.unsaved or parts.executor.unsaved}", ""))
    if book.quarantined:
        rows.append(("QUARANTINE", f"{len(book.quarantined)} holdings or orders are not the framework's: "
                                   f"{', '.join(book.quarantined[:10])}", "accept"))
    rows += [("IN_ERROR", f"{strategy} is in ERROR or RECOVERY", "") for strategy in sorted(parts.states.in_error())]
    rows += [("RESULT_UNKNOWN", f"{trade} was closed elsewhere: tell what it made", "result")
             for trade in parts.ledger.unknown_results]
    if emergency.level in (EmergencyLevel.YELLOW, EmergencyLevel.ORANGE):
        rows.append((emergency.level.name, f"{emergency.level.name} since {emergency.since:%Y-%m-%d %H:%M}: "
                                           f"{', '.join(emergency.triggers) or 'it stands until the day ends'}", ""))
    if book.halted:
        rows.append(("HALTED", f"Entries are halted: {book.halted}", "resume"))
    rows += [("SUSPENDED", f"{strategy} is suspended: {code.value}", "resume")
             for strategy, code in builder.view().suspended.items() if strategy not in book.closing]
    if parts.blind:
        rows.append(("BLIND", f"Guards cannot judge: {parts.blind}", ""))
    if snapshot is not None and snapshot.calendar.uncovered:
        rows.append(("CALENDAR_UNCOVERED", f"Calendars end before today: {', '.join(snapshot.calendar.uncovered)}", ""))
    return [{"code": code, "text": text, "command": command} for code, text, command in rows]
