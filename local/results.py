"""Reads what a run leaves behind, of either engine: LEAN-named results, the ObjectStore, the framework's own report."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from helpers.store.run_place import BACKTEST

REPORT_SCHEMA = 3
NEW_YORK = ZoneInfo("America/New_York")
COMPLETED = "Completed"
RESULT_FOLDERS = ("runs", "backtests")
SUMMARY_END, REPORT_NAME, STORE_FOLDER, WORKSPACE_FILE = "-summary.json", "report.json", "storage", "lean.json"


class ResultsError(ValueError):
    """A results folder that is missing something or holds what is not ours; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One fill, from the order events. ``quantity`` signed, ``price`` in points, ``fee`` in USD, time New York."""

    time: datetime
    symbol: str
    order_id: int
    quantity: float
    price: float
    fee: float
    is_assignment: bool


def _one(folder: Path, pattern: str) -> Path | None:
    found = sorted(folder.glob(pattern))
    if len(found) > 1:
        raise ResultsError(f"{folder} holds {len(found)} files {pattern}: {', '.join(path.name for path in found)}")
    return found[0] if found else None


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read: {error}") from error


def read_summary(folder: Path) -> dict[str, Any]:
    """LEAN's summary of a run: ``statistics``, ``state``, ``charts`` and more.

    Raises
    ------
    ResultsError
        There is none, or it cannot be read.
    """
    path = _one(folder, f"*{SUMMARY_END}")
    if path is None:
        raise ResultsError(f"{folder} is not the folder of a finished run: it holds no *-summary.json")
    summary = _load(path)
    if not isinstance(summary, dict) or not isinstance(summary.get("statistics"), dict):
        raise ResultsError(f"{path} is not a summary of LEAN's: it holds no statistics")
    return summary


def runtime_error(folder: Path) -> str | None:
    """The algorithm's runtime error, or None when the summary says that it completed."""
    try:
        state = read_summary(folder).get("state") or {}
    except ResultsError as error:
        return str(error)
    message = str(state.get("RuntimeError") or "").strip()
    if message:
        return message
    status = state.get("Status")
    return None if status in (None, COMPLETED) else f"the run ended as {status}"


def read_fills(folder: Path) -> tuple[Fill, ...]:
    """All fills of a run in the order of their events; empty where there were no orders."""
    path = _one(folder, "*-order-events.json")
    if path is None:
        return ()
    rows = _load(path)
    if not isinstance(rows, list):
        raise ResultsError(f"{path} is not a list of order events")
    return tuple(_fill(row) for row in rows if row.get("fillQuantity"))


def _fill(row: Mapping[str, Any]) -> Fill:
    moment = datetime.fromtimestamp(float(row["time"]), NEW_YORK).replace(tzinfo=None)
    return Fill(time=moment, symbol=" ".join(str(row["symbolValue"]).split()), order_id=int(row["orderId"]),
                quantity=float(row["fillQuantity"]), price=float(row["fillPrice"]),
                fee=float(row.get("orderFeeAmount") or 0.0), is_assignment=bool(row.get("isAssignment")))


def amount(text: object) -> float:
    """The number in LEAN's way to print one: ``$1,234.50``, ``-3.2%``, ``99814``."""
    try:
        return float(str(text).replace("$", "").replace("%", "").replace(",", "").replace(" ", ""))
    except ValueError:
        raise ResultsError(f"{text!r} is not a number of LEAN's") from None


def end_equity(folder: Path) -> float:
    """Equity at the end of a run in USD, from LEAN's statistics."""
    statistics = read_summary(folder)["statistics"]
    if "End Equity" not in statistics:
        raise ResultsError(f"{folder}: the statistics hold no End Equity")
    return amount(statistics["End Equity"])


def run_id(folder: Path) -> str | None:
    """LEAN's id of a run, from the name of its summary; None where there is none."""
    path = _one(folder, f"*{SUMMARY_END}")
    return None if path is None else path.name.removesuffix(SUMMARY_END)


def find_store(folder: Path) -> Path | None:
    """Where the framework kept what a run must remember: in the run's own folder, or, of a run by the ``lean`` command,
    in the storage of the workspace around it, under the run's id. None where there is nothing."""
    name = run_id(folder)
    places = [folder, *folder.absolute().parents] if name else [folder]
    for place in places:
        store = place / STORE_FOLDER
        if place != folder and not ((place / WORKSPACE_FILE).is_file() and store.is_dir()):
            continue
        if name is not None and (found := store / BACKTEST / name).is_dir():
            return found
        if place == folder and next(store.rglob(REPORT_NAME), None) is not None:
            return store
    return None


def find_report(folder: Path) -> Path | None:
    """The framework's report.json of a run; None where the algorithm left none."""
    store = find_store(folder)
    found = [] if store is None else sorted(store.rglob(REPORT_NAME))
    if len(found) > 1:
        raise ResultsError(f"{store} holds {len(found)} reports; a run leaves one")
    return found[0] if found else None


def read_report(folder: Path) -> dict[str, Any]:
    """The framework's own report of a run.

    Raises
    ------
    ResultsError
        There is none, or the file is not a report of this framework.
    """
    path = find_report(folder)
    if path is None:
        raise ResultsError(f"{folder} holds no report.json under storage, nor does a workspace around it under the run's id: "
                           "this framework did not run there, or later backtests took its keys away (the last five stay)")
    report = _load(path)
    wanted = ("run", "marks", "trades", "refusals", "phases", "results", "planned")
    if not isinstance(report, dict) or any(key not in report for key in wanted):
        raise ResultsError(f"{path} is not a report of this framework")
    if report.get("schema") != REPORT_SCHEMA:
        raise ResultsError(f"{path} has schema {report.get('schema')!r}; this version reads {REPORT_SCHEMA}")
    return report


def newest_run(root: Path) -> Path:
    """The newest finished run of the project: ours, or one of ``lean backtest``.

    Raises
    ------
    ResultsError
        There is none.
    """
    found = [path.parent for name in RESULT_FOLDERS for path in (root / name).glob(f"*/*{SUMMARY_END}")]
    if not found:
        raise ResultsError(f"{root} holds no finished run in {' or '.join(RESULT_FOLDERS)}")
    return max(found, key=lambda folder: folder.name)


def read_audit(store: Path) -> list[dict[str, Any]]:
    """The audit trail in a store, or in one run's folder of a store, in order of time. Each row has its moment as ``at`` too.

    Raises
    ------
    ResultsError
        A line that cannot be read.
    """
    rows = []
    for path in sorted(store.rglob("audit/*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                rows.append(row | {"at": datetime.fromisoformat(row["time"])})
            except (ValueError, KeyError, TypeError) as problem:
                raise ResultsError(f"{path}, line {number} cannot be read: {problem}") from problem
    return sorted(rows, key=lambda row: row["at"])
