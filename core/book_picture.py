"""The open book at one moment as plain facts. A payoff and a grid of spot and volatility are computed from it later."""

from __future__ import annotations

from typing import Any

from config.constants import BETA_TO_SPY
from core.errors import CannotCompute
from core.model import ContractKind, HeldLeg, Position, Snapshot
from core.option_values import quote_volatility
from core.quotes import held_mark, underlying_price
from core.serialization import contract_to_json


def book_facts(snapshot: Snapshot) -> dict[str, Any]:
    """Every held leg: its contract, signed quantity, mark in points, the volatility of its quote, and its underlying's
    price and beta to SPY. ``iv`` is None for shares, and if no volatility gives the quote. Such a leg keeps its
    mark."""
    spy = snapshot.underlyings.get("SPY")
    return {"time": snapshot.time.isoformat(), "spy": None if spy is None else spy.price,
            "legs": [_leg(position, leg, snapshot) for position in snapshot.positions for leg in position.legs if leg.quantity]}


def _leg(position: Position, leg: HeldLeg, snapshot: Snapshot) -> dict[str, Any]:
    contract, quote = leg.contract, snapshot.quotes.get(leg.contract.id)
    row: dict[str, Any] = {"strategy": position.strategy, "position": position.id, "quantity": leg.quantity,
                           "contract": contract_to_json(contract), "beta": BETA_TO_SPY.get(contract.underlying),
                           "mark": None, "iv": None, "price": None}
    try:
        row["price"] = underlying_price(contract, snapshot.underlyings)
        if quote is not None:
            row["mark"] = held_mark(contract, leg.quantity, quote, snapshot.underlyings)
            if contract.kind is not ContractKind.EQUITY:
                row["iv"] = quote_volatility(contract, quote, row["price"], snapshot.time)
    except CannotCompute:
        return row
    return row
