"""The figures that the operator asks for and the report keeps: the ledger's results, and where the book stands against
its limits. Nothing here decides."""

from __future__ import annotations

from datetime import date
from math import inf
from typing import Any, Mapping

from config.constants import PHASES, TARGET_EQUITY_USD
from config.run_parameters import RunParameters
from config.strategy_parameters import SPECS
from core.errors import CannotCompute
from core.exposure import Exposure
from core.model import Leg, Position, Snapshot
from core.quotes import is_future
from core.spy_concentration_manager import ConcentrationReading
from helpers.shell.components import Components
from risk.exchange_margins import unconfirmed


def ledger_figures(parts: Components) -> dict[str, Any]:
    """Trades, equity, P&L in USD by day, month and strategy, plan against record, and what the next phase still needs.

    ``pnl_by_*`` are those of closed trades. ``account_by_month`` is what the account made, open positions included.
    """
    ledger, phase = parts.ledger, parts.phase
    facts = ledger.promotion_facts()
    return {
        "unknown_results": list(ledger.unknown_results), "trades": ledger.statistics(),
        "equity": ledger.equity_statistics(), "pnl_by_day": ledger.by_day(),
        "pnl_by_month": ledger.by_month(), "pnl_by_strategy": ledger.by_strategy(),
        "account_by_month": ledger.equity_by_month(), "net_flows_usd": ledger.net_flows_usd,
        "planned_and_achieved": ledger.planned_and_achieved(),
        "phase": {"phase": phase.phase, "earned_equity": phase.earned_equity, "target_equity_usd": TARGET_EQUITY_USD,
                  "drawdown_share": phase.drawdown_share, "worst_drawdown_share": facts.worst_drawdown_share,
                  "missing_for_promotion": phase.missing_for_promotion(facts)}}


def book_figures(parts: Components, snapshot: Snapshot) -> dict[str, Any]:
    """Buying power, Greeks, SPY concentration and correlation against their limits. A figure that cannot be computed
    says so."""
    read = parts.greeks.reading(snapshot)
    return {"buying_power": _buying_power(parts, snapshot), "greeks": read.total, "greeks_missing": dict(read.missing),
            "theta_target_usd": PHASES[snapshot.phase].theta_target_usd,
            "concentration": _concentration(parts, snapshot, read.total) if not read.missing else None,
            "correlation": parts.limiter.reading(),
            "max_loss_usd": {position.id: max_loss_usd(parts, position) for position in snapshot.positions
                             if position.is_open},
            "warnings": near_limits(parts, snapshot, read.total) if not read.missing else None}


def near_limits(parts: Components, snapshot: Snapshot, held: Exposure) -> dict[str, tuple[float, float]]:
    """Value and limit, by name, of Greeks at 80 % of a limit and of the SPY delta at 75 %, reservations included.

    Raises
    ------
    CannotCompute
        If a limit cannot be computed.
    """
    spy = snapshot.underlyings.get("SPY")
    if spy is None:
        raise CannotCompute("underlying is not in the snapshot", underlying="SPY")
    found = {row.greek: (row.value, row.limit) for row in parts.greeks.warnings(
        held, snapshot.account.equity, spy.price, snapshot.phase)}
    delta = concentration(parts, snapshot, held)
    return found | ({"spy_concentration": (delta.used_share * delta.limit, delta.limit)} if delta.warned else {})


def concentration(parts: Components, snapshot: Snapshot, held: Exposure) -> ConcentrationReading:
    """SPY delta, held and reserved, against its limit."""
    return parts.concentration.reading(held.spy_delta, snapshot.phase, snapshot.calendar.is_fomc_day)


def margins_unconfirmed(run: RunParameters, day: date) -> Mapping[str, date]:
    """The futures that enabled strategies may trade and whose margins nobody has confirmed for a year, and since
    when."""
    traded = {ticker for name in run.strategies for ticker in SPECS[name].underlyings if is_future(ticker)}
    return unconfirmed(tuple(sorted(traded)), day)


def max_loss_usd(parts: Components, position: Position) -> float | None:
    """The most that a position can lose from entry to expiry, rolls and fees included, in USD; None if there is no
    bound."""
    legs = [Leg(contract=leg.contract, ratio=leg.quantity) for leg in position.legs]
    loss = parts.margin.max_loss_usd(legs, -position.cash_flow_usd / max(leg.contract.multiplier for leg in legs))
    return None if loss == inf else loss


def _concentration(parts: Components, snapshot: Snapshot, held: Exposure) -> dict[str, Any]:
    read = concentration(parts, snapshot, held)
    return {"reading": read, "used_share": read.used_share}


def _buying_power(parts: Components, snapshot: Snapshot) -> dict[str, Any]:
    account, reserved = snapshot.account, parts.concentration.reserved_margin_usd
    found: dict[str, Any] = {"used_usd": account.buying_power_used, "reserved_usd": reserved,
                             "used_share": account.buying_power_used / account.equity if account.equity > 0.0 else None}
    if snapshot.vix is not None:
        found["caps"] = parts.margin.buying_power_caps(snapshot.phase, snapshot.vix.value)
        found["room_usd"] = parts.margin.room_usd(account.equity, account.buying_power_used, reserved, snapshot.phase,
                                                  snapshot.vix.value) if account.equity > 0.0 else None
    return found
