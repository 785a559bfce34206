"""What the account has made, for a reader: results, statistics, closed trades."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.errors import CannotCompute
from core.model import Snapshot
from helpers.shell.components import Components
from helpers.shell.figures import ledger_figures
from helpers.store.journal import Journal, plain
from risk.book_at_risk import value_at_risk_usd

TRADES_SHOWN, MARKS_SHOWN, REFUSALS_SHOWN = 500, 1300, 300


def performance_body(parts: Components) -> dict[str, Any]:
    """Results by day, month and strategy, statistics, and the equity curve of the last five years of sessions."""
    ledger = parts.ledger
    body: dict[str, Any] = plain(ledger_figures(parts))
    body["account_by_day"] = plain(dict(list(ledger.equity_by_day().items())[-MARKS_SHOWN:]))
    body["pnl_by_day"] = dict(list(body["pnl_by_day"].items())[-MARKS_SHOWN:])
    body["equity_marks"] = [[mark.day.isoformat(), round(mark.equity_usd, 2)] for mark in ledger.marks[-MARKS_SHOWN:]]
    body["marks_left_out"] = max(0, len(ledger.marks) - MARKS_SHOWN)
    body["orders"] = plain(parts.order_figures.rows())
    return body


def trades_body(parts: Components, journal: Journal) -> dict[str, Any]:
    """The last closed trades, newest first, and the refusals: one row a day, strategy and code."""
    trades, refusals = parts.ledger.trades, journal.refusal_days
    return {"trades": [trade.to_json() for trade in reversed(trades[-TRADES_SHOWN:])],
            "trades_left_out": max(0, len(trades) - TRADES_SHOWN),
            "refusals": list(reversed(refusals[-REFUSALS_SHOWN:])), "refusals_left_out": max(0, len(refusals) - REFUSALS_SHOWN)}


def at_risk(snapshot: Snapshot) -> dict[str, Any]:
    """Value at risk of a day by simulation of what is held, USD, or why it cannot be computed."""
    try:
        return {"usd": round(value_at_risk_usd(snapshot), 2), "cannot_compute": None}
    except CannotCompute as problem:
        return {"usd": None, "cannot_compute": problem.message}


def since(started: datetime, now: datetime) -> float:
    """Seconds between two moments of the wall clock."""
    return round((now - started).total_seconds(), 1)
