"""The model's values as plain JSON and back: the store's form of positions, intents and fills."""

from __future__ import annotations

import json
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Iterable, Mapping

from core.errors import IntegrityError
from core.model import Contract, ContractKind, HeldLeg, Intent, Leg, Position, Purpose, Right, State, Urgency


class Encoded:
    """A value held as its canonical JSON text, for values that are written often and seldom change."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def rows(cls, texts: Iterable[str]) -> Encoded:
        """A list of values whose texts are already known."""
        return cls(f"[{','.join(texts)}]")


def canonical(value: object) -> str:
    """JSON text with sorted keys and no spaces. NaN and infinity raise ValueError, unknown types TypeError."""
    if isinstance(value, Encoded):
        return value.text
    if isinstance(value, dict) and _holds_encoded(value):
        return "{" + ",".join(f"{_text(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    return _text(value)


def _holds_encoded(value: object) -> bool:
    """Whether a mapping, or a mapping within it, holds encoded text. Lists never hold any."""
    if isinstance(value, dict):
        return any(map(_holds_encoded, value.values()))
    return isinstance(value, Encoded)


_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode


def time_to_json(moment: datetime | None) -> str | None:
    """ISO text of a naive New York time; None stays None."""
    return None if moment is None else moment.isoformat()


def time_from_json(text: str | None) -> datetime | None:
    """Inverse of :func:`time_to_json`."""
    return None if text is None else datetime.fromisoformat(text)


def contract_to_json(contract: Contract) -> dict[str, Any]:
    """Every field of a contract, dates as ISO text."""
    future = contract.future_expiry
    return {"underlying": contract.underlying, "expiry": contract.expiry.isoformat(), "strike": contract.strike,
            "right": contract.right.value, "kind": contract.kind.value, "multiplier": contract.multiplier,
            "root": contract.root, "future_expiry": None if future is None else future.isoformat()}


def contract_from_json(facts: Mapping[str, Any]) -> Contract:
    """Inverse of :func:`contract_to_json`."""
    future = facts["future_expiry"]
    return Contract(underlying=facts["underlying"], expiry=date.fromisoformat(facts["expiry"]),
                    strike=float(facts["strike"]), right=Right(facts["right"]), kind=ContractKind(facts["kind"]),
                    multiplier=float(facts["multiplier"]), root=facts["root"],
                    future_expiry=None if future is None else date.fromisoformat(future))


def quantities_to_json(quantities: Mapping[Contract, int]) -> list[dict[str, Any]]:
    """A contract-to-quantity mapping as a list sorted by contract id (zero quantities kept)."""
    return [{"contract": contract_to_json(contract), "quantity": quantities[contract]}
            for contract in sorted(quantities, key=lambda contract: contract.id)]


def quantities_from_json(rows: list[Mapping[str, Any]]) -> dict[Contract, int]:
    """Inverse of :func:`quantities_to_json`."""
    return {contract_from_json(row["contract"]): int(row["quantity"]) for row in rows}


def legs_to_json(legs: tuple[Leg, ...]) -> list[dict[str, Any]]:
    """Legs of an order with their ratios, in order."""
    return [{"contract": contract_to_json(leg.contract), "ratio": leg.ratio} for leg in legs]


def legs_from_json(rows: list[Mapping[str, Any]]) -> tuple[Leg, ...]:
    """Inverse of :func:`legs_to_json`."""
    return tuple(Leg(contract=contract_from_json(row["contract"]), ratio=int(row["ratio"])) for row in rows)


def intent_to_json(intent: Intent) -> dict[str, Any]:
    """Every field of an intent."""
    return {"id": intent.id, "strategy": intent.strategy, "position_id": intent.position_id,
            "purpose": intent.purpose.value, "urgency": intent.urgency.value, "legs": legs_to_json(intent.legs),
            "quantity": intent.quantity, "reason": intent.reason, "created": time_to_json(intent.created),
            "limit": intent.limit, "worst": intent.worst, "risk_usd": intent.risk_usd, "margin_usd": intent.margin_usd,
            "spy_delta": intent.spy_delta, "facts": dict(intent.facts)}


def intent_from_json(facts: Mapping[str, Any]) -> Intent:
    """Inverse of :func:`intent_to_json`."""
    return Intent(id=facts["id"], strategy=facts["strategy"], position_id=facts["position_id"],
                  purpose=Purpose(facts["purpose"]), urgency=Urgency(facts["urgency"]),
                  legs=legs_from_json(facts["legs"]), quantity=int(facts["quantity"]), reason=facts["reason"],
                  created=datetime.fromisoformat(facts["created"]), limit=facts["limit"], worst=facts["worst"], risk_usd=facts["risk_usd"],
                  margin_usd=facts["margin_usd"], spy_delta=facts["spy_delta"],
                  facts=MappingProxyType(dict(facts["facts"])))


def position_to_json(position: Position) -> dict[str, Any]:
    """Every field of a position."""
    return {"id": position.id, "strategy": position.strategy, "underlying": position.underlying,
            "state": position.state.value, "opened": time_to_json(position.opened),
            "legs": [{"contract": contract_to_json(leg.contract), "quantity": leg.quantity,
                      "average_price": leg.average_price} for leg in position.legs],
            "units": position.units, "entry_price": position.entry_price,
            "entry_margin_usd": position.entry_margin_usd, "entry_risk_usd": position.entry_risk_usd,
            "short_dte_at_entry": position.short_dte_at_entry, "cash_flow_usd": position.cash_flow_usd,
            "fees_usd": position.fees_usd, "facts": dict(position.facts)}


def position_from_json(facts: Mapping[str, Any]) -> Position:
    """Inverse of :func:`position_to_json`.

    Raises
    ------
    IntegrityError
        If two legs name the same contract.
    """
    legs = tuple(HeldLeg(contract=contract_from_json(row["contract"]), quantity=int(row["quantity"]),
                         average_price=float(row["average_price"])) for row in facts["legs"])
    if len({leg.contract for leg in legs}) != len(legs):
        raise IntegrityError("a position names a contract twice", position=facts["id"])
    return Position(id=facts["id"], strategy=facts["strategy"], underlying=facts["underlying"],
                    state=State(facts["state"]), opened=time_from_json(facts["opened"]), legs=legs,
                    units=int(facts["units"]), entry_price=float(facts["entry_price"]),
                    entry_margin_usd=float(facts["entry_margin_usd"]), entry_risk_usd=float(facts["entry_risk_usd"]),
                    short_dte_at_entry=facts["short_dte_at_entry"], cash_flow_usd=float(facts["cash_flow_usd"]),
                    fees_usd=float(facts["fees_usd"]), facts=MappingProxyType(dict(facts["facts"])))
