"""What forced closes cost or saved: each against the same legs held on, at the closes of the data folder.

A run cannot tell: contracts nobody holds have no quotes. The daily universe files (a day's closes of every listed contract) can.
Written once, when the run has ended; the report is made from it without data.
"""
from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from local.data.products import FUTURES
from local.whole_file import replace_file

FILE_NAME = "held-on.json"
HORIZONS = {"day": "by that day's close", "week": "in five sessions", "end": "by expiry or the end of the run"}
WEEK_SESSIONS = 5
OPTION = re.compile(r"(?P<name>\S+?)(@\d{6})? (?P<expiry>\d{6})(?P<right>[CP])(?P<strike>\d+\.\d+)")
LEAVING = frozenset({"EXIT", "FLATTEN"})


class Closes(NamedTuple):
    """One day of one chain: closes of contracts by expiry (``20240816``), strike and right, and of what they are on."""

    contracts: Mapping[tuple[str, float, str], float]
    underlying: float | None


def forced_closes(report: Mapping[str, Any], data: Path) -> list[dict[str, Any]]:
    """One row a position that was closed by force, with what it made and what it would have made held on, USD by horizon.

    Fees of a later close are not taken off. None stands where the folder has no close of a leg on that day.
    """
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
                     "held_on": {key: _worth(held, day, data, cash, trade["multiplier"])
                                 for key, day in _days(decided, last, data).items()}})
    return rows


def _days(decided: str, last: date, data: Path) -> dict[str, date]:
    """The day of each horizon: sessions are the days of the folder's SPY chains."""
    first = datetime.fromisoformat(decided).date()
    sessions = [day for day in _sessions(data) if first <= day <= last]
    if not sessions:
        return {}
    return {"day": sessions[0], "week": sessions[min(WEEK_SESSIONS, len(sessions) - 1)], "end": sessions[-1]}


def write(folder: Path, report: Mapping[str, Any], data: Path) -> None:
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


@lru_cache(maxsize=4)
def _sessions(data: Path) -> tuple[date, ...]:
    return tuple(sorted(datetime.strptime(path.stem, "%Y%m%d").date()
                        for path in (data / "option" / "usa" / "universes" / "spy").glob("*.csv")))


def _worth(legs: Mapping[str, int], day: date, data: Path, cash: float, multiplier: float) -> float | None:
    total = cash
    for contract, quantity in legs.items():
        price = _price(contract, day, data)
        if price is None:
            return None
        total += quantity * price * (multiplier if OPTION.fullmatch(contract) else 1.0)
    return round(total, 2)


def _price(contract: str, day: date, data: Path) -> float | None:
    """A contract's close; after its expiry what it was worth then."""
    found = OPTION.fullmatch(contract)
    if found is None:
        chain = _chain(data, contract, day)
        return None if chain is None else chain.underlying
    expiry, right, strike = f"20{found['expiry']}", found["right"], float(found["strike"])
    over = datetime.strptime(expiry, "%Y%m%d").date()
    if day < over:
        chain = _chain(data, found["name"], day, expiry)
        return None if chain is None else chain.contracts.get((expiry, strike, right))
    chain = _chain(data, found["name"], over, expiry)
    if chain is None or chain.underlying is None:
        return None
    return max(0.0, chain.underlying - strike if right == "C" else strike - chain.underlying)


def _chain(data: Path, name: str, day: date, expiry: str | None = None) -> Closes | None:
    """A day's chain of what a contract's text begins with; of a future the month whose options expire then."""
    future = FUTURES.get(name.removeprefix("/")) if name.startswith("/") else None
    if future is not None:
        months = sorted((data / "futureoption" / future.market / "universes" / future.option_ticker.lower()).glob("*"))
        for month in months:
            chain = _read(month / f"{day:%Y%m%d}.csv")
            if chain is not None and any(key[0] == expiry for key in chain.contracts):
                return chain
        return None
    for kind in ("option", "indexoption"):
        chain = _read(data / kind / "usa" / "universes" / name.lower() / f"{day:%Y%m%d}.csv")
        if chain is not None:
            return chain
    return None


@lru_cache(maxsize=256)
def _read(path: Path) -> Closes | None:
    """A universe file in LEAN's layout; None where there is none."""
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except FileNotFoundError:
        return None
    contracts, underlying = {}, None
    for row in rows:
        if not row["#expiry"]:
            underlying = float(row["close"])
        else:
            contracts[row["#expiry"], float(row["strike"]), row["right"]] = float(row["close"])
    return Closes(contracts, underlying)
