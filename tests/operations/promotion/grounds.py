"""A project in a real git repository, its workspace, store and backups, with every line of the checklist kept."""
from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

from helpers.store.promotion import tree_hash
from operations.backup.keys import key_file
from operations.backup.repository import Repository
from operations.promotion import tree_records
from operations.promotion.checklist import PRODUCTION, Ground, checklist, reviewed_digest
from operations.promotion.steps import promote
from operations.records import Records
from tests.operations.stores import World

NOW = datetime(2026, 6, 1, 21, 0, tzinfo=timezone.utc)
LIVE, PAPER = "live/main/tom-king", "paper/main/tom-king"
CONFIG = {"parameters": {"strategies": "all", "mode": "observe", "environment": "staging"}}


class Project:
    """Everything a promotion looks at; ``now`` goes on as told."""

    def __init__(self, top: Path) -> None:
        self.top, self.now = top, NOW
        self.folder, self.store, self.workspace = top / "workspace/project", top / "workspace/storage", top / "workspace"
        self.folder.mkdir(parents=True)
        self.git("init", "-q")
        self.git("config", "user.email", "owner@example.invalid")
        self.git("config", "user.name", "owner")
        self.write("config.json", json.dumps(CONFIG))
        self.write(".gitignore", ".cache/\n")
        self.write("main.py", "VERSION = 1\n")
        for room in ("config", "core", "helpers", "risk", "strategies", "local", "operations", "research", "tests"):
            self.write(f"{room}/__init__.py", f'"""{room}"""\n')
        self.commit("first")
        (self.workspace / "lean.json").write_text(json.dumps({"environments": {"live-tastytrade": {
            "tastytrade-account-number": "5WT00001", "tastytrade-refresh-token": "TOKEN"}}}), encoding="utf-8")
        self.live = World(self.store, LIVE)
        self.live.step()
        self.repository = Repository(top / "backups", key_file(top / "key", make=True))
        self.observe(NOW.date() - timedelta(days=40), 40)
        self.records.add("restores", NOW - timedelta(days=6))
        self.review()
        self.show()

    @property
    def ground(self) -> Ground:
        return Ground(project=self.folder, workspace=self.workspace, store=self.store, now=self.now)

    @property
    def records(self) -> Records:
        return Records(self.store)

    @property
    def tree(self) -> str:
        return tree_hash(self.folder)

    def git(self, *words: str) -> str:
        return subprocess.run(["git", "-C", str(self.folder), *words], check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def commit(self, title: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", title)
        return self.git("rev-parse", "HEAD")

    def show(self, *, failed: int = 0, equal: bool = True, fills: int = 40) -> None:
        """What make test and make parity would note of the tree as it is."""
        whole = tree_records.whole_hash(self.folder)
        tree_records.note(tree_records.TESTS, whole, self.folder, passed=900, failed=failed)
        tree_records.note(tree_records.PARITY, whole, self.folder, equal=equal, fills=fills, trades=9, scenario="august_2024")

    def review(self) -> None:
        self.records.add("reviews", self.now, digest=reviewed_digest(self.folder)[0])

    def observe(self, first: object, days: int, *, fills: int = 12, conceded: float = 0.4, drill: tuple[str, ...] = (
            "halt", "liquidate", "resume")) -> None:
        """The audit trail of staging on paper: a mark a day, fills on the first days, the drill on the last."""
        for number in range(days):
            day = first + timedelta(days=number)       # type: ignore[operator]  # a date
            rows = [("MARK", {"equity": 1.0})]
            if number < fills:
                rows += [("ENTER", {"strategy": "lt112", "intent": f"i{number}"}),
                         ("ORDER_FILLED", {"strategy": "lt112", "intent": f"i{number}", "purpose": "ENTRY", "price": -1.0,
                                           "slippage_usd": -10.0 * conceded, "half_spread_usd": 10.0})]
            if number == days - 1:
                rows += [("COMMAND", {"action": word}) for word in drill]
            place = self.store / PAPER / f"audit/{day:%Y%m%d}-0001.jsonl"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("".join(json.dumps({"time": f"{day}T12:00:{second:02d}", "event": event, "facts": facts}) + "\n"
                                     for second, (event, facts) in enumerate(rows)), encoding="utf-8")

    def missing(self, target: str = PRODUCTION) -> list[str]:
        return [item.name for item in checklist(self.ground, target) if not item.kept]

    def text(self, name: str) -> str:
        return next(item.text for item in checklist(self.ground, PRODUCTION) if item.name == name)

    def promote(self, target: str = PRODUCTION) -> bool:
        return promote(self.ground, target, checklist(self.ground, target), lambda: self.repository)
