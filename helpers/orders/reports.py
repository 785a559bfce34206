"""The executor's stream of reports, numbered and kept until the shell has surely applied them; and paced sending."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Mapping

from core.errors import IntegrityError
from core.model import Contract, Purpose
from core.serialization import contract_from_json, contract_to_json, intent_from_json, intent_to_json
from helpers.orders.port import Fill, Outcome, OutcomeKind
from helpers.orders.work import Work


class ReportStream:
    """Fills and outcomes in the order they happened.

    What ``drain`` handed over stays in ``facts`` until the next ``drain``: the shell applies, saves, and drains again.
    After a restart in between, the same items are offered again under the same numbers.
    """

    def __init__(self) -> None:
        self._items: list[Fill | Outcome] = []
        self._handed = 0
        self._sequence = 0

    def _number(self) -> int:
        self._sequence += 1
        return self._sequence

    def fill(self, work: Work, contract: Contract, quantity: int, price: float, fee: float, time: datetime,
             deduced: bool) -> None:
        """Report one fill of ``work``."""
        intent = work.intent
        self._items.append(Fill(sequence=self._number(), position_id=intent.position_id, intent_id=intent.id,
                                purpose=intent.purpose, contract=contract, quantity=quantity, price=price, fee=fee,
                                time=time, deduced=deduced))

    def outcome(self, work: Work, kind: OutcomeKind, reason: str, now: datetime, *, final: bool,
                facts: Mapping[str, Any]) -> None:
        """Report the result of ``work`` so far."""
        units = work.units
        self._items.append(Outcome(sequence=self._number(), kind=kind, intent=work.intent, final=final, reason=reason,
                                   units=units, price=round(work.value / units, 6) if units else None, time=now,
                                   facts=MappingProxyType(dict(facts))))

    def drain(self) -> tuple[Fill | Outcome, ...]:
        """Everything new, oldest first. What the last call handed over is forgotten."""
        del self._items[:self._handed]
        self._handed = len(self._items)
        return tuple(self._items)

    def unbooked(self, but: str, contract: Contract, after: int) -> int:
        """Signed change of ``contract`` in positions other than ``but``, from reports with a number above ``after``:
        their fills, and what their closings found missing."""
        changed = 0
        for item in self._items:
            if item.sequence <= after:
                continue
            if isinstance(item, Fill):
                changed += item.quantity if item.position_id != but and item.contract == contract else 0
            elif item.final and item.intent.position_id != but:
                changed += sum(row["quantity"] for row in item.facts.get("missing", ())
                               if contract_from_json(row["contract"]) == contract)
        return changed

    def waits(self, position_id: str) -> bool:
        """Whether a report on a position has not been handed over yet."""
        return any(position_id == (item.position_id if isinstance(item, Fill) else item.intent.position_id)
                   for item in self._items[self._handed:])

    @property
    def last(self) -> int:
        """Number of the last report."""
        return self._sequence

    def facts(self) -> dict[str, Any]:
        return {"sequence": self._sequence, "items": [_item_to_json(item) for item in self._items]}

    def restore(self, facts: Mapping[str, Any]) -> None:
        self._sequence = int(facts["sequence"])
        self._items = [_item_from_json(row) for row in facts["items"]]
        self._handed = 0
        if any(item.sequence > self._sequence for item in self._items):
            raise IntegrityError("a report is numbered beyond the stream", sequence=self._sequence)


def _item_to_json(item: Fill | Outcome) -> dict[str, Any]:
    if isinstance(item, Fill):
        return {"type": "fill", "sequence": item.sequence, "position_id": item.position_id,
                "intent_id": item.intent_id, "purpose": item.purpose.value,
                "contract": contract_to_json(item.contract), "quantity": item.quantity, "price": item.price,
                "fee": item.fee, "time": item.time.isoformat(), "deduced": item.deduced}
    return {"type": "outcome", "sequence": item.sequence, "kind": item.kind.value,
            "intent": intent_to_json(item.intent), "final": item.final, "reason": item.reason, "units": item.units,
            "price": item.price, "time": item.time.isoformat(), "facts": dict(item.facts)}


def _item_from_json(row: Mapping[str, Any]) -> Fill | Outcome:
    time = datetime.fromisoformat(row["time"])
    if row["type"] == "fill":
        return Fill(sequence=row["sequence"], position_id=row["position_id"], intent_id=row["intent_id"],
                    purpose=Purpose(row["purpose"]), contract=contract_from_json(row["contract"]),
                    quantity=row["quantity"], price=row["price"], fee=row["fee"], time=time, deduced=row["deduced"])
    return Outcome(sequence=row["sequence"], kind=OutcomeKind(row["kind"]), intent=intent_from_json(row["intent"]),
                   final=row["final"], reason=row["reason"], units=row["units"], price=row["price"], time=time,
                   facts=MappingProxyType(dict(row["facts"])))


class Pace:
    """Limits the requests to the broker per second.

    Parameters
    ----------
    per_second : int
    clock_seconds : int
        The least time between two different readings of the clock: 1 live, 60 on a backtest's minute clock. There
        everything in one minute has the same time, so the limit of a second becomes that of a minute.
    """

    def __init__(self, per_second: int, clock_seconds: int) -> None:
        self._most = per_second * clock_seconds
        self._window = timedelta(seconds=clock_seconds)
        self._taken: deque[datetime] = deque(maxlen=self._most)

    def take(self, now: datetime) -> bool:
        """Whether one more request may go out now, given those of the window that ends now. If so, it is counted."""
        if self._taken and now < self._taken[-1]:
            self._taken.clear()                              # the clock was set back
        if len(self._taken) == self._most and now - self._taken[0] < self._window:
            return False
        self._taken.append(now)
        return True
