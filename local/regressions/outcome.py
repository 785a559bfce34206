"""What one algorithm left on one engine, and whether two engines left the same."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

END_EQUITY = "End Equity"
PRICE_TOLERANCE, TIME_TOLERANCE_SECONDS = 1e-6, 1.0
SHOWN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Order events and the equity at the end; ``error`` when the run failed."""

    events: tuple[tuple[Any, ...], ...] = ()
    end_equity: str = ""
    error: str = ""

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Outcome:
        """What ``to_json`` wrote."""
        stored = json.loads(text)
        return Outcome(events=tuple(tuple(event) for event in stored["events"]), end_equity=stored["end_equity"],
                       error=stored["error"])


def outcome_of(folder: Path) -> Outcome:
    """Read a results folder that either engine wrote."""
    summary, events = folder / "run-summary.json", folder / "run-order-events.json"
    if not summary.is_file():
        return Outcome(error="the run left no results")
    document = json.loads(summary.read_text(encoding="utf-8"))
    error = str(document["state"].get("RuntimeError") or "")
    rows = json.loads(events.read_text(encoding="utf-8")) if events.is_file() else []
    return Outcome(events=tuple(_event(row) for row in rows), error=error,
                   end_equity=str(document["statistics"].get(END_EQUITY, "")))


def _event(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["orderId"], row["symbol"], str(row["status"]).lower(), float(row["time"]), float(row["quantity"]),
            float(row["fillPrice"]), float(row["fillQuantity"]))


def verdict(lean: Outcome, embedded: Outcome) -> str:
    """Empty when both ran to the end with the same orders and the same equity, else what differs."""
    if lean.error:
        return f"fails on LEAN here: {_first(lean.error)}"
    if embedded.error:
        return f"fails on the embedded engine: {_last(embedded.error)}"
    if len(lean.events) != len(embedded.events):
        return f"{len(lean.events)} order events on LEAN, {len(embedded.events)} here"
    for number, (want, have) in enumerate(zip(lean.events, embedded.events)):
        if not _same(want, have):
            return f"order event {number}: LEAN {_shown(want)}, here {_shown(have)}"
    if lean.end_equity != embedded.end_equity:
        return f"equity at the end: LEAN {lean.end_equity}, here {embedded.end_equity}"
    return ""


def _same(want: tuple[Any, ...], have: tuple[Any, ...]) -> bool:
    return want[:3] == have[:3] and abs(want[3] - have[3]) < TIME_TOLERANCE_SECONDS \
        and all(abs(one - other) <= PRICE_TOLERANCE for one, other in zip(want[4:], have[4:]))


def _shown(event: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in event)


def _first(text: str) -> str:
    return text.strip().split("\n")[0][:SHOWN]


def _last(text: str) -> str:
    return text.strip().split("\n")[-1][:SHOWN]
