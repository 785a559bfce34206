"""A run as the framework itself would store it: the managers' own facts, a status that says what a test needs."""
from __future__ import annotations

import json
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from config.run_parameters import parse
from core.model import Contract, ContractKind, HeldLeg, Position, Right, State
from core.serialization import canonical, position_to_json
from helpers.shell.components import Managers, build
from helpers.store.state_store import CHECKSUM_HEAD, StateStore, checksum
from strategies import ALL
from tests.operations.stores import FolderPort

NOW = datetime(2026, 3, 3, 15, 30, tzinfo=timezone.utc)        # Tuesday, 10:30 in New York
THEN = datetime(2026, 3, 3, 10, 25)
PREFIX = "live/main/tom-king"


class StoredRun:
    """The store of one live run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = FolderPort(folder)
        self.managers: Managers = build(parse({}, live=True), ALL)
        self.works: list[dict[str, Any]] = []

    def hold(self, expiry: date, state: State = State.ACTIVE, key: str = "lt112/202601051000") -> Position:
        """A short put spread."""
        legs = tuple(HeldLeg(contract=Contract(underlying="SPY", expiry=expiry, strike=strike, right=Right.PUT, multiplier=100.0,
                                               kind=ContractKind.EQUITY_OPTION, root="SPY", future_expiry=None),
                             quantity=quantity, average_price=price) for strike, quantity, price in ((500.0, -1, 3.0), (495.0, 1, 2.0)))
        position = Position(id=key, strategy=key.split("/")[0], underlying="SPY", state=state, legs=legs,
                            opened=datetime(2026, 1, 5, 10, 0), units=1, entry_price=-1.0, entry_margin_usd=500.0,
                            entry_risk_usd=400.0, short_dte_at_entry=112, cash_flow_usd=100.0, fees_usd=1.0, facts={})
        return position

    def save(self, *positions: Position) -> None:
        """Write both documents; positions stand there as they are given."""
        payload = {name: dict(part.facts()) for name, part in self.managers.remembering().items()}
        payload["states"]["positions"] = [position_to_json(position) for position in positions]
        for key, body in ((PREFIX, payload), (f"{PREFIX}/orders", {"executor": {"works": self.works, "finished": [], "reports": {}}})):
            document = StateStore(self.port, key, live=True)
            document.load()
            document.save(body, THEN)

    def publish(self, written: datetime = NOW, *, ended: bool = False, in_session: bool = True, vix: float | None = 10.0,
                ages: dict[str, float] | None = None, needs: tuple[str, ...] = (), ahead: tuple[tuple[str, str], ...] = ()) -> None:
        """Write a status, sealed as the algorithm seals it."""
        body = {"run": {"ended": ended, "mode": "trade", "environment": "production", "in_session": in_session, "due_seconds": 60},
                "needs_owner": [{"code": "X", "text": text, "command": ""} for text in needs],
                "ahead": [{"day": day, "what": what, "position": "", "underlying": "", "days": 0} for day, what in ahead],
                "market": {"vix": None if vix is None else {"value": 18.0, "time": "", "age_seconds": vix},
                           "underlyings": {name: {"age_seconds": age} for name, age in (ages or {"SPY": 5.0}).items()}}}
        text = canonical({"format": "tom-king-status", "schema": 1, "owner": PREFIX, "sequence": 1, "time": THEN.isoformat(),
                          "written": written.isoformat(), "body": body})
        self.port.save(f"{PREFIX}/published/status.json", f"{CHECKSUM_HEAD}{checksum(text)}\",{text[1:]}")

    def tell(self, event: str, time: datetime = THEN, number: int = 1, **facts: Any) -> None:
        """One more line of the audit trail."""
        place = self.folder / PREFIX / f"audit/{time:%Y%m%d}-{number:04d}.jsonl"
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(place, "a", encoding="utf-8") as file:
            file.write(json.dumps({"time": time.isoformat(), "event": event, "facts": facts}) + "\n")
