"""What forced closes cost or saved: each against the same legs held on, at the closes of the run's data.

A run cannot tell: contracts nobody holds have no quotes. The daily universe files (a day's closes of every listed contract) can.
Written once, when the run has ended; the report is made from it without data.
"""
from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from local.run_report.closes import ChainCloses, Universes
from local.whole_file import replace_file

FILE_NAME = "held-on.json"
HORIZONS = {"day": "by that day's close", "week": "in five sessions", "end": "by expiry or the end of the run"}
WEEK_SESSIONS = 5
OPTION = re.compile(r"(?P<name>\S+?)(@\d{6})? (?P<expiry>\d{6})(?P<right>[CP])(?P<strike>\d+\.\d+)")
LEAVING = frozenset({"EXIT", "FLATTEN"})


def forced_closes(report: Mapping[str, Any], data: Universes) -> list[dict[str, Any]]:
    """One row a position that was closed by force, with what it made and what it would have made held on, USD by horizon.

    Fees of a later close are not taken off. None stands where the folder has no close of a leg on that day.
    """
    closes = ChainCloses(data)
    logs = {row["id"]: row for row in report["positions"]}
    last = date.fromisoformat(report["marks"][-1]["time"][:10])
    rows = []
    for trade in report["trades"]:
        log = logs.get(trade["id"])
        if not trade["forced"] or not trade["result_known"] or log is None:
            continue
        decided = next((change["time"] for change in log["changes"] if change["purpose"] in LEAVING), trade["closed"])
        cash, legs = 0.0, dict[str, int]()
        for fill in log["fills"]:
            if fill["time"] > decided and fill["purpose"] in LEAVING:
                continue
            each = trade["multiplier"] if OPTION.fullmatch(fill["contract"]) else 1.0
            cash -= fill["quantity"] * fill["price"] * each + fill["fee"]
            legs[fill["contract"]] = legs.get(fill["contract"], 0) + fill["quantity"]
        held = {contract: quantity for contract, quantity in legs.items() if quantity}
        rows.append({"id": trade["id"], "strategy": trade["strategy"], "closed": trade["closed"], "units": trade["units"],
                     "reason": trade["exit_reason"], "made_usd": trade["pnl_usd"],
                     "held_on": {key: _worth(held, day, closes, cash, trade["multiplier"])
                                 for key, day in _days(decided, last, closes.sessions).items()}})
    return rows


def _days(decided: str, last: date, days: Sequence[date]) -> dict[str, date]:
    """The day of each horizon, of ``days`` that have chains."""
    first = datetime.fromisoformat(decided).date()
    sessions = [day for day in days if first <= day <= last]
    if not sessions:
        return {}
    return {"day": sessions[0], "week": sessions[min(WEEK_SESSIONS, len(sessions) - 1)], "end": sessions[-1]}


def write(folder: Path, report: Mapping[str, Any], data: Universes) -> None:
    """Keep the rows in a results folder.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    replace_file(folder / FILE_NAME, json.dumps(forced_closes(report, data), indent=1) + "\n")


def read(folder: Path) -> list[dict[str, Any]] | None:
    """The rows as they were kept; None where they were not."""
    try:
        found: list[dict[str, Any]] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _worth(legs: Mapping[str, int], day: date, closes: ChainCloses, cash: float, multiplier: float) -> float | None:
    total = cash
    for contract, quantity in legs.items():
        price = _price(contract, day, closes)
        if price is None:
            return None
        total += quantity * price * (multiplier if OPTION.fullmatch(contract) else 1.0)
    return round(total, 2)


def _price(contract: str, day: date, closes: ChainCloses) -> float | None:
    """A contract's close; after its expiry what it was worth then."""
    found = OPTION.fullmatch(contract)
    if found is None:
        chain = closes.chain(contract, day)
        return None if chain is None else chain.underlying
    expiry, right, strike = f"20{found['expiry']}", found["right"], float(found["strike"])
    over = datetime.strptime(expiry, "%Y%m%d").date()
    if day < over:
        chain = closes.chain(found["name"], day, expiry)
        return None if chain is None else chain.contracts.get((expiry, strike, right))
    chain = closes.chain(found["name"], over, expiry)
    if chain is None or chain.underlying is None:
        return None
    return max(0.0, chain.underlying - strike if right == "C" else strike - chain.underlying)
