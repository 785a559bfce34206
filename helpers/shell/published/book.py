"""Open positions and orders under way, as a reader sees them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from config.constants import DEFENSIVE_DTE
from core.combo_prices import ComboPrice
from core.errors import CannotCompute
from core.model import Contract, ContractKind, HeldLeg, Position, Quote, Snapshot
from core.option_values import greeks_at, quote_volatility, terms_of
from core.protection import result_usd
from core.quotes import held_mark, price_fault, underlying_of
from helpers.orders.pricing import combo_price
from helpers.orders.work import Work
from helpers.shell.components import Components
from helpers.shell.figures import max_loss_usd
from helpers.store.journal import plain
from risk.emergency_protocol import position_limit_usd, position_loss_usd

REASONS = ("entry_reason", "exit_reason", "exit_wanted", "shorts_unwanted")


def position_row(parts: Components, position: Position, snapshot: Snapshot, day_start: float | None) -> dict[str, Any]:
    """One open position.

    Parameters
    ----------
    day_start : float or None
        What it had made when the day began, USD; None where that is not known.

    Returns
    -------
    dict
        Money in USD, prices in points, Greeks as :mod:`risk.greeks_monitor` says; what cannot be computed is None.
    """
    made = made_usd(position, snapshot)
    shorts = [leg.contract.expiry for leg in position.legs if leg.quantity < 0 and leg.contract.kind is not ContractKind.EQUITY]
    leaves = (max(shorts) - timedelta(days=DEFENSIVE_DTE)
              if shorts and parts.specs[position.strategy].defensive_21dte else None)
    loss, limit = _loss(position, snapshot)
    row: dict[str, Any] = plain({
        "id": position.id, "strategy": position.strategy, "underlying": position.underlying, "state": position.state,
        "since": parts.states.since(position.id), "opened": position.opened, "units": position.units,
        "entry_price": position.entry_price, "entry_margin_usd": position.entry_margin_usd,
        "entry_risk_usd": position.entry_risk_usd, "cash_flow_usd": position.cash_flow_usd, "fees_usd": position.fees_usd,
        "spot": _spot(position, snapshot), "pnl_usd": made,
        "pnl_today_usd": None if made is None or day_start is None else made - day_start,
        "max_loss_usd": _max_loss(parts, position), "loss_usd": loss, "loss_limit_usd": limit,
        "greeks": parts.greeks.reading(snapshot).by_position.get(position.id), "defensive_exit_on": leaves,
        "expiries": sorted({leg.contract.expiry for leg in position.legs if leg.contract.expiry < date.max}),
        "reasons": {name: str(position.facts[name]) for name in REASONS if position.facts.get(name)},
        "legs": [leg_row(leg, snapshot) for leg in position.legs if leg.quantity]})
    return row


def made_usd(position: Position, snapshot: Snapshot) -> float | None:
    """What a position has made since its entry, fees included, USD; None while a leg has no mark."""
    def mark(contract: Contract, quantity: int) -> float:
        quote = snapshot.quotes.get(contract.id)
        if quote is None:
            raise CannotCompute("contract has no quote", contract=contract.id)
        return held_mark(contract, quantity, quote, snapshot.underlyings)
    try:
        return result_usd(position, mark)
    except CannotCompute:
        return None


def leg_row(leg: HeldLeg, snapshot: Snapshot) -> dict[str, Any]:
    """One held leg with its quote, its volatility and its Greeks: of one long contract, per point."""
    contract, quote = leg.contract, snapshot.quotes.get(leg.contract.id)
    row: dict[str, Any] = {
        "contract": contract.id, "kind": contract.kind, "right": contract.right, "strike": contract.strike,
        "expiry": contract.expiry if contract.expiry < date.max else None, "quantity": leg.quantity,
        "average_price": leg.average_price, "multiplier": contract.multiplier,
        "dte": contract.dte(snapshot.time.date()) if contract.expiry < date.max else None}
    return row | _quoted(quote, snapshot.time) | _valued(contract, quote, snapshot)


def _quoted(quote: Quote | None, now: datetime) -> dict[str, Any]:
    if quote is None:
        return {"bid": None, "ask": None, "mid": None, "quote_age_seconds": None, "fault": price_fault(None)}
    fault = price_fault(quote)
    return {"bid": quote.bid, "ask": quote.ask, "mid": None if fault else quote.mid, "fault": fault,
            "quote_age_seconds": (now - quote.time).total_seconds()}


def _valued(contract: Contract, quote: Quote | None, snapshot: Snapshot) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys(("iv", "delta", "gamma", "vega", "theta", "years", "rate", "dividend_yield"))
    under = underlying_of(contract, snapshot.underlyings)
    if contract.kind is ContractKind.EQUITY or quote is None or under is None or price_fault(quote):
        return nothing
    try:
        terms, spot = terms_of(contract, snapshot.time), under.price
        volatility = quote_volatility(contract, quote, spot, snapshot.time)
        one = greeks_at(contract, spot, volatility, snapshot.time)
    except CannotCompute:
        return nothing
    return {"iv": volatility, "delta": one.delta, "gamma": one.gamma, "vega": one.vega, "theta": one.theta,
            "years": terms.years, "rate": terms.rate, "dividend_yield": terms.dividend_yield}


def _spot(position: Position, snapshot: Snapshot) -> float | None:
    for leg in position.legs:
        found = underlying_of(leg.contract, snapshot.underlyings)
        if found is not None:
            return found.price
    return None


def _max_loss(parts: Components, position: Position) -> float | None:
    try:
        return max_loss_usd(parts, position)
    except CannotCompute:
        return None


def _loss(position: Position, snapshot: Snapshot) -> tuple[float | None, float | None]:
    try:
        return position_loss_usd(position, snapshot), position_limit_usd(position, snapshot)
    except CannotCompute:
        return None, None


# --- orders ---------------------------------------------------------------------------------------------------------


def order_row(work: Work, snapshot: Snapshot) -> dict[str, Any]:
    """One intent under way: its order, its age and how far it has walked. Prices are points per unit, debit positive."""
    intent, order = work.intent, work.order
    price = combo_price(intent.legs, lambda contract: snapshot.quotes.get(contract.id))
    row: dict[str, Any] = plain({
        "intent": intent.id, "position": intent.position_id, "strategy": intent.strategy, "purpose": intent.purpose,
        "reason": intent.reason, "quantity": intent.quantity, "legs": [f"{leg.ratio:+d} {leg.contract.id}" for leg in intent.legs],
        "started": work.started, "age_seconds": (snapshot.time - work.started).total_seconds(), "urgent": work.urgent,
        "units_filled": work.units, "orders_sent": work.orders_sent, "steps": work.steps,
        "limit": None if order is None else order.limit, "sent": None if order is None else order.sent,
        "priced": None if order is None else order.priced, "worst": intent.worst, "mid": None if price is None else price.mid,
        "natural": None if price is None else price.natural,
        "walked_share": _walked(None if order is None else order.limit, price),
        "state": _state(work), "message": "" if order is None else order.message})
    return row


def _walked(limit: float | None, price: ComboPrice | None) -> float | None:
    if limit is None or price is None or not price.natural > price.mid:
        return None
    return (limit - price.mid) / (price.natural - price.mid)


def _state(work: Work) -> str:
    for name in ("failed", "unknown", "repairing", "stuck"):
        if getattr(work, name):
            return name.upper()
    return "ENDING" if work.ending else "WORKING" if work.order is not None else "WAITING"
