"""Whole scenarios as commands of their own, two at a time: each is run once a session, and kept in the project's cache
under everything its result depends on."""
from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.strategy_parameters import STRATEGY_PRIORITY
from local import results
from local.commands.backtest import GENERATE
from local.commands.planned import own_file
from local.commands.scenario_data import DEFAULT_CACHE, underlyings_of
from local.data import scenario
from local.data.served import ServedDays
from local.data.writer import ensure_data

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / ".cache" / "runs"
SOURCES = ("main.py", "config", "core", "strategies", "risk", "helpers", "local")
AT_ONCE = 2
KEPT_SECONDS = 24 * 3600
LARGE_ACCOUNT = 200_000.0       # in which a LEAP on SPY fits the 8 % of a poor man's covered call
NEW_YORK = ZoneInfo("America/New_York")
OPTION = re.compile(r"^(?P<root>\S+)\s+(?P<expiry>\d{6})(?P<right>[CP])(?P<strike>\d{8})$")
TAG = re.compile(r"^(?P<position>(?P<strategy>\w+)/\d+):(?P<purpose>[A-Z]+):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run: the scenario's days as the method's table names them, or a part of them."""

    scenario: str
    start: str
    end: str
    phase: int = 4
    cash: float | None = LARGE_ACCOUNT


SIX = {
    "august_2024": Plan(scenario="august_2024", start="2024-07-01", end="2024-08-30"),
    "volmageddon_2018": Plan(scenario="volmageddon_2018", start="2018-01-16", end="2018-03-29"),
    "covid_2020": Plan(scenario="covid_2020", start="2020-02-03", end="2020-04-30"),
    "fed_2018": Plan(scenario="fed_2018", start="2018-11-01", end="2019-01-31", phase=3, cash=65_000.0),
    "quiet_2017": Plan(scenario="quiet_2017", start="2017-10-02", end="2017-12-29"),
    "bear_2022": Plan(scenario="bear_2022", start="2022-01-03", end="2022-06-30"),
}
CRASH_BY_PHASE = {f"crash, phase {phase}": Plan(scenario="august_2024", start="2024-07-12", end="2024-08-09",
                                                phase=phase, cash=None) for phase in (1, 2, 3, 4)}
PLANS = SIX | CRASH_BY_PHASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One fill of one leg, from the order records: ``position`` and ``purpose`` are those of the order's tag, empty for
    what the exchange did by itself; times are New York."""

    time: datetime
    position: str
    strategy: str
    purpose: str
    contract: str
    root: str
    expiry: date
    right: str
    strike: float
    quantity: int
    price: float


class WholeRun:
    """What one run left: the report, the audit trail, the order records."""

    def __init__(self, label: str, folder: Path) -> None:
        self.label, self.plan, self.folder = label, PLANS[label], folder

    @cached_property
    def report(self) -> dict[str, Any]:
        return results.read_report(self.folder)

    @cached_property
    def audit(self) -> list[dict[str, Any]]:
        """The audit trail in order; ``at`` is the time."""
        found = []
        for path in sorted((self.folder / "storage").rglob("audit/*.jsonl")):
            found += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [row | {"at": datetime.fromisoformat(row["time"])} for row in found]

    def rows(self, *events: str, **facts: object) -> list[dict[str, Any]]:
        """Audit rows of these events whose facts hold these values."""
        return [row for row in self.audit if row["event"] in events
                and all(row["facts"].get(key) == value for key, value in facts.items())]

    @cached_property
    def fills(self) -> list[Fill]:
        """Every fill of an option, in order of time, from the engine's own order records."""
        tags = {order["id"]: order.get("tag") or "" for order in results.read_summary(self.folder)["orders"]}
        (path,) = self.folder.glob("*-order-events.json")
        events = json.loads(path.read_text(encoding="utf-8"))
        found = [_fill(event, tags[event["orderId"]]) for event in events if event["fillQuantity"]]
        return sorted((fill for fill in found if fill is not None), key=lambda fill: fill.time)

    @property
    def market(self) -> ServedDays:
        """The market of the run: what it was served."""
        return _market(self.plan.scenario)

    @property
    def daily(self) -> Path:
        """The data folder of the run, which holds daily bars."""
        return _folder(self.plan.scenario)


def _fill(event: dict[str, Any], tag: str) -> Fill | None:
    named, tagged = OPTION.match(event["symbolValue"]), TAG.match(tag)
    if named is None:
        return None
    return Fill(time=datetime.fromtimestamp(event["time"], NEW_YORK).replace(tzinfo=None),
                position=tagged["position"] if tagged else "", strategy=tagged["strategy"] if tagged else "",
                purpose=tagged["purpose"] if tagged else "", contract=event["symbolValue"], root=named["root"],
                expiry=datetime.strptime(named["expiry"], "%y%m%d").date(), right=named["right"],
                strike=int(named["strike"]) / 1000.0, quantity=int(event["fillQuantity"]), price=event["fillPrice"])


@lru_cache(maxsize=None)
def _market(name: str) -> ServedDays:
    return ServedDays(scenario.load(name), underlyings_of(STRATEGY_PRIORITY))


@lru_cache(maxsize=None)
def _folder(name: str) -> Path:
    return ensure_data(scenario.load(name), DEFAULT_CACHE, underlyings=underlyings_of(STRATEGY_PRIORITY), days=False)


@lru_cache(maxsize=1)
def _sources() -> str:
    digest = hashlib.sha256()
    for name in SOURCES:
        place = PROJECT / name
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.suffix in (".py", ".toml", ".commands", ".json", ".csv"):
                digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _run(label: str) -> WholeRun:
    plan = PLANS[label]
    key = hashlib.sha256(f"{sorted(asdict(plan).items(), key=str)} {_sources()}".encode()).hexdigest()[:16]
    name = re.sub(r"\W+", "_", label)
    folder = CACHE / f"{name}-{key}"
    if not folder.is_dir():
        for old in CACHE.glob(f"{name}-*"):
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:     # younger ones may be another version's, at work now
                shutil.rmtree(old, ignore_errors=True)
        command = [sys.executable, "-m", "local", "backtest", "--scenario", plan.scenario, "--phase", str(plan.phase),
                   "--param", f"start={plan.start}", "--param", f"end={plan.end}", "--out", str(folder), "--data", GENERATE]
        command += ["--cash", str(plan.cash)] if plan.cash is not None else []
        command += ["--commands"] if label in SIX and own_file(plan.scenario).is_file() else []
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr.splitlines()[-1:]
    return WholeRun(label, folder)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE)


@lru_cache(maxsize=None)
def _started(label: str) -> Future[WholeRun]:
    return _pool().submit(_run, label)


def whole_run(label: str, also: Iterable[str] = ()) -> WholeRun:
    """The run of one label; those of ``also`` are begun with it."""
    for name in (label, *also):
        _started(name)
    return _started(label).result()
