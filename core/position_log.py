"""The history of each position: what was known at its entry, every fill and change, and its worst and best result.

It is for readers of a finished run. No rule reads it, and it begins anew with each start of the process.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping

from config.constants import GREEKS_EXCLUDED
from core.errors import CannotCompute
from core.model import Contract, Intent, Leg, Snapshot
from core.option_values import contract_greeks
from core.quotes import underlying_price

EXCHANGE, ELSEWHERE = "EXCHANGE", "ELSEWHERE"     # fills that no order of the framework made


class PositionLog:
    """Collects by position id, in the order the positions began."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}

    def entered(self, intent: Intent, snapshot: Snapshot) -> None:
        """Record that an entry was sent, with the market in which it was decided."""
        self._row(intent.position_id)["entry"] = entry_facts(intent, snapshot)

    def changed(self, intent: Intent, now: datetime) -> None:
        """Record that a roll, a new weekly or an exit was sent, with its reason."""
        self._row(intent.position_id)["changes"].append({
            "time": now.isoformat(), "purpose": intent.purpose.value, "reason": intent.reason,
            "legs": [f"{leg.ratio:+d} {leg.contract.id}" for leg in intent.legs], "quantity": intent.quantity})

    def filled(self, position_id: str, time: datetime, contract: Contract, quantity: int, price: float, fee: float,
               purpose: str) -> None:
        """Record one fill: signed contracts, points, USD. ``purpose`` is the intent's, or the mark of a fill without
        one."""
        self._row(position_id)["fills"].append({
            "time": time.isoformat(), "contract": contract.id, "quantity": quantity, "price": price,
            "fee": fee, "purpose": purpose})

    def marked(self, results: Mapping[str, float], now: datetime) -> None:
        """Record what each open position has made so far in USD. The worst and the best are kept with their times."""
        for position_id, usd in results.items():
            row = self._row(position_id)
            for key, better in (("worst", usd < row["worst"]["usd"] if row["worst"] else True),
                                ("best", usd > row["best"]["usd"] if row["best"] else True)):
                if better:
                    row[key] = {"usd": round(usd, 2), "time": now.isoformat()}

    def rows(self) -> list[dict[str, Any]]:
        """Plain rows: ``entry`` (None if it was sent before this run), ``fills``, ``changes``, ``worst``, ``best``."""
        return [{"id": key, **row} for key, row in self._rows.items()]

    def _row(self, position_id: str) -> dict[str, Any]:
        return self._rows.setdefault(position_id, {"entry": None, "fills": [], "changes": [], "worst": None, "best": None})


def entry_facts(intent: Intent, snapshot: Snapshot) -> dict[str, Any]:
    """The market in which an entry was decided: prices, VIX, and the chance that the shorts expire worthless. For each
    leg its count in one unit, its quote, and its volatility and delta (of one long contract; None if they cannot be
    computed)."""
    return {"time": snapshot.time.isoformat(), "vix": None if snapshot.vix is None else snapshot.vix.value,
            "underlying_price": _price(intent.legs[0].contract, snapshot),
            "probability_otm": intent.facts.get("short_strike_probability_otm"),
            "units": intent.quantity, "risk_usd": round(intent.risk_usd, 2), "margin_usd": round(intent.margin_usd, 2),
            "legs": [_leg(leg, snapshot) for leg in intent.legs]}


def _price(contract: Contract, snapshot: Snapshot) -> float | None:
    try:
        return underlying_price(contract, snapshot.underlyings)
    except CannotCompute:
        return None


def _leg(leg: Leg, snapshot: Snapshot) -> dict[str, Any]:
    contract, quote = leg.contract, snapshot.quotes.get(leg.contract.id)
    row: dict[str, Any] = {"contract": contract.id, "count": leg.ratio, "bid": None, "ask": None, "iv": None, "delta": None}
    if quote is None:
        return row
    row |= {"bid": quote.bid, "ask": quote.ask}
    price = _price(contract, snapshot)
    if price is None or contract.underlying in GREEKS_EXCLUDED:
        return row
    try:
        one = contract_greeks(contract, quote, price, snapshot.time)
    except CannotCompute:
        return row
    return row | {"iv": one.iv, "delta": one.delta}
