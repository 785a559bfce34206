"""Why a position was opened and closed, and why a strategy did not enter: from what is published and the audit trail."""
from __future__ import annotations

from typing import Any

from operations.dashboard.hub import Hub
from operations.dashboard.store_reader import StoreReader

LONGEST_NAME = 100


def position_story(hub: Hub, reader: StoreReader, position: str) -> dict[str, Any]:
    """All that is told of one position: its row while it is open, its trade when it is closed, and its audited events,
    oldest first."""
    status, trades = (hub.documents.get(name, {}).get("body", {}) for name in ("status", "trades"))
    found = {"rows": [], "more": False} if hub.run is None else reader.audit(hub.run, words=position[:LONGEST_NAME])
    return {"position": next((row for row in status.get("positions", []) if row["id"] == position), None),
            "trade": next((row for row in trades.get("trades", []) if row["id"] == position), None),
            "events": list(reversed(found["rows"])), "more": found["more"]}


def strategy_story(hub: Hub, strategy: str) -> dict[str, Any]:
    """Why a strategy does not enter: what it was refused for today and on the days before, and whether it is on."""
    status, trades = (hub.documents.get(name, {}).get("body", {}) for name in ("status", "trades"))
    return {"strategy": next((row for row in status.get("strategies", []) if row["name"] == strategy), None),
            "refusals_today": [row for row in status.get("refusals_today", []) if row["strategy"] == strategy],
            "refusals": [row for row in trades.get("refusals", []) if row["strategy"] == strategy][:LONGEST_NAME],
            "guards": status.get("guards")}
