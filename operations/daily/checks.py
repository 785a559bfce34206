"""What is looked at before the algorithm starts, and any time while it runs. Each line says what is, and what to do."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from operations.backup.manifest import BackupName, Kind
from operations.backup.repository import Repository
from operations.documents import Run
from operations.errors import OperationsError
from operations.records import Records

LEAST_FREE_BYTES = 2_000_000_000
RUNNING_SECONDS, CLOCK_SECONDS = 180.0, 5.0
BACKUP_RUNNING, BACKUP_IDLE, FULL_BACKUP = timedelta(minutes=20), timedelta(days=4), timedelta(days=4)
RESTORED_WITHIN = timedelta(days=7)
UNDERLYING_SECONDS, VIX_SECONDS = 120.0, 300.0
DEFENSIVE_DTE = 21
IN_TROUBLE = ("ERROR", "RECOVERY")
# Troubles that stop a start. With every other one what is held still has to be looked after, and that takes a start.
STOP_A_START = ("system", "clock", "rights", "store")


class Verdict(str, Enum):
    """``NOTE`` is worth knowing and stops nothing."""

    OK = "ok"
    NOTE = "note"
    TROUBLE = "TROUBLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the check. ``entry`` is the runbook's heading for it, "" where all is well."""

    name: str
    verdict: Verdict
    text: str
    entry: str = ""


def ok(name: str, text: str) -> Line:
    return Line(name=name, verdict=Verdict.OK, text=text)


def note(name: str, text: str, entry: str = "") -> Line:
    return Line(name=name, verdict=Verdict.NOTE, text=text, entry=entry)


def trouble(name: str, text: str, entry: str) -> Line:
    return Line(name=name, verdict=Verdict.TROUBLE, text=text, entry=entry)


def system(oldest: tuple[int, int] = (3, 11)) -> Line:
    """The interpreter."""
    found = sys.version_info[:2]
    if found < oldest:
        return trouble("system", f"Python {found[0]}.{found[1]} is too old", "The set-up is broken")
    return ok("system", f"Python {sys.version.split()[0]}")


def disk(*places: Path) -> Line:
    """Room where the store and the backups lie."""
    free = min(shutil.disk_usage(_existing(place)).free for place in places)
    text = f"{free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        return trouble("disk", f"{text}, {LEAST_FREE_BYTES / 1e9:.0f} are asked for", "The disk is full")
    return ok("disk", text)


def _existing(place: Path) -> Path:
    return place if place.exists() or place.parent == place else _existing(place.parent)


def clock(run: Run | None, now: datetime, synchronized: Callable[[], bool | None]) -> Line:
    """Whether the system's clock can be trusted: kept by a time service, and not behind what the store has seen."""
    status = None if run is None else run.status()
    if status is not None and status.age_seconds(now) < -CLOCK_SECONDS:
        return trouble("clock", f"the clock is {-status.age_seconds(now):.0f} seconds behind what was published", "The clock is wrong")
    kept = synchronized()
    if kept is False:
        return trouble("clock", "the clock is not kept by a time service", "The clock is wrong")
    if kept is None:
        return note("clock", "nothing here tells whether the clock is kept by a time service", "The clock is wrong")
    return ok("clock", f"kept by a time service, {time.strftime('%Z')}")


def time_service() -> bool | None:
    """Whether the system says that its clock is synchronised; None where it does not say."""
    if shutil.which("timedatectl") is None:
        return None
    answer = subprocess.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"], capture_output=True, text=True,
                            check=False)
    return {"yes": True, "no": False}.get(answer.stdout.strip())


def documents(run: Run) -> Line:
    """Whether the algorithm could start from what it has stored."""
    try:
        found = [one for one in (run.positions(), run.orders()) if one is not None]
    except OperationsError as problem:
        return trouble("store", problem.message, "The state cannot be read")
    problems = [problem for one in found for problem in one.problems]
    if problems:
        return note("store", f"one slot is torn, the other stands: {problems[0]}", "The state cannot be read")
    if not found:
        return note("store", f"{run.prefix} holds no documents yet")
    return ok("store", f"{run.prefix}, number {found[0].sequence} of {found[0].written_at:%Y-%m-%d %H:%M} New York")


def reconciliation(run: Run) -> list[Line]:
    """What the next start, or the owner, has to settle."""
    try:
        positions, orders = run.positions(), run.orders()
    except OperationsError:
        return []       # told by documents()
    if positions is None:
        return [ok("reconcile", "nothing is held")]
    facts: Mapping[str, Any] = positions.payload
    book, lines = facts["book"], []
    if book["quarantined"]:
        lines.append(trouble("reconcile", f"not the framework's: {', '.join(book['quarantined'][:5])}", "Holdings nobody knows"))
    if book["halted"]:
        lines.append(note("entries", f"halted by the operator: {book['halted']}", "Entries are halted"))
    if facts["emergency"]["level"] != "NONE":
        lines.append(trouble("emergency", f"{facts['emergency']['level']} stands", "An emergency level stands"))
    lines += [trouble("position", f"{row['id']} is in {row['state']}", "A position is in ERROR")
              for row in facts["states"]["positions"] if row["state"] in IN_TROUBLE]
    works = [] if orders is None else orders.payload["executor"]["works"]
    lines += [trouble("order", f"{work['intent']['id']}: its outcome is not known", "An order's outcome is not known")
              for work in works if work["unknown"]]
    if works:
        lines.append(note("orders", f"{len(works)} at work, the start will look at each"))
    return lines or [ok("reconcile", f"{len(_held(facts))} positions, nothing to settle")]


def _held(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in facts["states"]["positions"] if any(leg["quantity"] for leg in row["legs"])]


def due_today(run: Run, today: date) -> list[Line]:
    """Expiries and 21-day exits of today and the next four days, from what is held."""
    try:
        positions = run.positions()
    except OperationsError:
        return []
    rows: list[tuple[date, str]] = []
    for row in [] if positions is None else _held(positions.payload):
        legs = [(date.fromisoformat(leg["contract"]["expiry"]), leg["quantity"]) for leg in row["legs"]
                if leg["quantity"] and leg["contract"]["kind"] != "equity"]
        rows += [(expiry, f"{row['id']} expires") for expiry in {expiry for expiry, _ in legs}]
        rows += [(expiry - timedelta(days=DEFENSIVE_DTE), f"{row['id']} has {DEFENSIVE_DTE} days left")
                 for expiry in {max((expiry for expiry, quantity in legs if quantity < 0), default=None)}
                 if expiry is not None and row["short_dte_at_entry"] is not None and row["short_dte_at_entry"] > DEFENSIVE_DTE]
    near = sorted((day, what) for day, what in rows if today <= day <= today + timedelta(days=4))
    status = run.status()
    near += [(date.fromisoformat(row["day"]), row["what"]) for row in (status.body["ahead"] if status else ())
             if row["what"] == "FOMC" and 0 <= (date.fromisoformat(row["day"]) - today).days <= 4]
    return [note("due", f"{day:%a %d %b}: {what}") for day, what in sorted(near)] or [ok("due", "nothing in the next four days")]


def running(run: Run, now: datetime) -> list[Line]:
    """Whether the algorithm speaks, and how old its data is."""
    status = run.status()
    if status is None:
        return [note("algorithm", "nothing is published: it has not run with this store")]
    age, body = status.age_seconds(now), status.body
    if body["run"]["ended"]:
        return [ok("algorithm", f"ended {age / 3600:.1f} hours ago")]
    due = body["run"]["due_seconds"]
    if due is not None and age > max(RUNNING_SECONDS, 3 * due):
        return [trouble("algorithm", f"silent for {age:.0f} seconds, a word was due after {due:.0f}", "The algorithm is silent")]
    lines = [ok("algorithm", f"spoke {age:.0f} seconds ago, {body['run']['mode']} in {body['run']['environment']}")]
    lines += [trouble("owner", row["text"], "The page asks for you") for row in body["needs_owner"]]
    if body["run"]["in_session"]:
        lines += _data_age(body)
    return lines


def _data_age(body: Mapping[str, Any]) -> list[Line]:
    vix = body["market"]["vix"]
    ages = {name: row["age_seconds"] for name, row in body["market"]["underlyings"].items()}
    old = {name: age for name, age in ages.items() if age > UNDERLYING_SECONDS}
    if vix is None or vix["age_seconds"] > VIX_SECONDS:
        what = "there is no VIX" if vix is None else f"the VIX is {vix['age_seconds']:.0f} seconds old"
        return [trouble("data", what, "Data is old or missing")]
    if old:
        age, name = max((float(age), name) for name, age in old.items())
        return [trouble("data", f"{name} is {age:.0f} seconds old, {len(old)} of {len(ages)} are too old", "Data is old or missing")]
    oldest = max(ages.values(), default=0.0)
    return [ok("data", f"VIX {vix['age_seconds']:.0f} seconds old, the oldest of {len(ages)} underlyings {oldest:.0f}")]


def backups(repository: Repository, records: Records, now: datetime, *, runs: bool) -> list[Line]:
    """Whether the newest backup is young and whole, and whether one was restored lately."""
    names = repository.names()
    if not names:
        return [trouble("backup", "there is none", "The backup fails")]
    newest, full = names[-1], [name for name in names if name.kind is Kind.FULL]
    lines = [_age(newest, now - newest.taken, BACKUP_RUNNING if runs else BACKUP_IDLE)]
    if not full or now - full[-1].taken > FULL_BACKUP:
        lines.append(trouble("backup", "no full one in four days", "The backup fails"))
    _, troubles = repository.troubles(newest)
    if troubles:
        lines.append(trouble("backup", f"{newest.shown} is not whole: {troubles[0]}", "A backup is torn"))
    restored = [datetime.fromisoformat(row["time"]) for row in records.rows("restores")]
    if not restored or now - restored[-1] > RESTORED_WITHIN:
        lines.append(note("restore", "none was restored within seven days", "A backup must be tried"))
    return lines


def _age(newest: BackupName, age: timedelta, most: timedelta) -> Line:
    text = f"{newest.shown}, {age.total_seconds() / 60:.0f} minutes old"
    return ok("backup", text) if age <= most else trouble("backup", text, "The backup fails")


def writable(store: Path) -> Line:
    """Whether this user may write the store."""
    if os.access(store, os.W_OK):
        return ok("rights", "the store can be written")
    return trouble("rights", f"this user may not write {store}", "The store cannot be written")
