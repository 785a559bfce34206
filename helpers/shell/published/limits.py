"""Every limit of the risk budget with what is used of it, and what would trip next."""

from __future__ import annotations

from typing import Any, Mapping

from config.constants import (BREAKER_SECOND_LEVEL_CLOSES, MAX_ENTRIES_PER_DAY, MAX_SPY_EQUIVALENT_POSITIONS,
                              ORANGE_BUYING_POWER_CUT, ORANGE_CLOSES, PATTERN_DAY_TRADER_EQUITY_USD, PATTERN_DAY_TRADES,
                              PHASES)
from core.errors import CannotCompute
from core.model import Snapshot
from helpers.shell.components import Components
from helpers.shell.figures import concentration
from risk.circuit_breakers import BreakerKind, thresholds
from risk.greeks_monitor import bound_values

BREAKERS, EMERGENCY, GREEKS, CONCENTRATION, DAY = "breakers", "emergency", "greeks", "concentration", "day"
BREAKER = "breaker "
UNITS: Mapping[str, str] = {
    "breaker drawdown": "share", "breaker correlation": "correlation", "breaker margin": "share", "breaker streak": "count",
    "VIX at 30": "points", "VIX at 35": "points", "short-volatility positions": "count",
    "positions with short options": "count", "SPY delta limit": "share", "buying power RED": "share"}
YELLOW = "YELLOW: no new positions today, tighter stops"
ORANGE = (f"ORANGE: buying power is cut by {ORANGE_BUYING_POWER_CUT:.0%}, the {ORANGE_CLOSES} riskiest positions are closed, "
          "delta is brought inside its limit")
CONSEQUENCES = (
    (BREAKER, f"entries halt and the {BREAKER_SECOND_LEVEL_CLOSES} riskiest positions are closed"),
    ("RED", "RED: everything but protection is closed"), ("ORANGE", ORANGE), ("YELLOW", YELLOW), ("VIX at 30", YELLOW),
    ("VIX at 35", ORANGE), ("demotion", "the phase goes down by one"), ("positions", "no more entries of the kind"),
    ("delta", "no entry that adds to it"))
GREEK_UNITS = {"greek_delta": "shares", "greek_notional_delta": "shares", "greek_gamma": "shares", "greek_vega": "usd"}


def limit_row(name: str, group: str, value: float, limit: float, unit: str, time: str | None = None,
              trips: str = "") -> dict[str, Any]:
    """One bar: ``used_share`` 1 is the limit itself; ``to_trip`` is what is missing, in the bar's unit."""
    return {"name": name, "group": group, "value": value, "limit": limit, "unit": unit, "time": time, "trips": trips,
            "used_share": value / limit if limit else None, "to_trip": limit - value}


def guard_rows(readings: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the guards measured at their last check, each against its own threshold (:meth:`Journal.readings`)."""
    return [limit_row(name, _group(name), row["value"], row["threshold"], UNITS.get(name, "share"), row["time"], _trips(name))
            for name, row in readings.items()]


def _group(name: str) -> str:
    if name.startswith(BREAKER):
        return BREAKERS
    return CONCENTRATION if "positions" in name or "delta" in name else EMERGENCY


def _trips(name: str) -> str:
    """What happens when the bar is full."""
    if name == f"{BREAKER}{BreakerKind.STREAK.value}":
        return "entries halt"
    return next((consequence for word, consequence in CONSEQUENCES if word in name), "")


def breaker_steps(snapshot: Snapshot) -> list[dict[str, Any]]:
    """First, second and third level of each breaker now; the third is None where there is none."""
    limits = thresholds(snapshot.phase, None if snapshot.vix is None else snapshot.vix.value)
    rows = []
    for kind in BreakerKind:
        third = limits.third(kind)
        rows.append({"name": kind.value, "second": limits.second(kind), "third": third if third < float("inf") else None})
    return rows


def budget_rows(parts: Components, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Greeks, concentration, buying power and the day's counts against their limits at this moment."""
    account, phase, book = snapshot.account, PHASES[snapshot.phase], parts.book
    rows = [limit_row("entries today", DAY, book.entries, MAX_ENTRIES_PER_DAY, "count", trips="no more entries today")]
    if account.equity < PATTERN_DAY_TRADER_EQUITY_USD and book.day is not None:
        rows.append(limit_row("day trades in five sessions", DAY, parts.ledger.day_trades_open(book.day),
                              PATTERN_DAY_TRADES, "count", trips="no more 0DTE entries"))
    shorts = sum(position.has_short_options for position in snapshot.positions)
    rows.append(limit_row("open positions of the phase", DAY, shorts, phase.max_positions, "count", trips="no more entries"))
    if account.equity > 0.0:
        used = (account.buying_power_used + parts.concentration.reserved_margin_usd) / account.equity
        cap = (phase.max_buying_power_share if snapshot.vix is None
               else parts.margin.buying_power_cap_share(snapshot.phase, snapshot.vix.value))
        rows.append(limit_row("buying power", GREEKS, used, cap, "share", trips="no entry that binds more"))
    read = parts.greeks.reading(snapshot)
    spy = snapshot.underlyings.get("SPY")
    if read.missing or spy is None:
        return rows
    try:
        limits = parts.greeks.limits(snapshot.phase, account.equity, spy.price)
        near = concentration(parts, snapshot, read.total)
    except CannotCompute:
        return rows
    values = bound_values(read.total)
    rows += [limit_row(name, GREEKS, values[name], limit, GREEK_UNITS[name], trips="no entry that adds to it")
             for name, limit in limits.items()]
    rows.append(limit_row("SPY delta, reservations included", CONCENTRATION, near.used_share * near.limit, near.limit, "shares",
                          trips="no entry that adds to it"))
    rows.append(limit_row("SPY slots", CONCENTRATION, near.spy_slots, MAX_SPY_EQUIVALENT_POSITIONS, "count",
                          trips="no more positions on what moves with SPY"))
    return rows
