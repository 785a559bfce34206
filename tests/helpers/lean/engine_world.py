"""A gateway in an algorithm of its own on the embedded engine, moment by moment."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Iterable

from local.engine.loop.engine import Engine
from tests.scenarios.order_world import data

HOLDER = '''
from AlgorithmImports import *

from core.iv_record import IvRecord
from helpers.lean.gateway import LeanGateway


class Holder(QCAlgorithm):
    """Holds a gateway; what it is asked is asked from outside."""

    def initialize(self):
        words = {pair.key: pair.value for pair in self.get_parameters()}
        self.set_cash(float(words["cash"]))
        self.set_start_date(*map(int, words["start"].split("-")))
        self.set_end_date(*map(int, words["end"].split("-")))
        self.schedule.on(self.date_rules.every_day(), self.time_rules.every(timedelta(minutes=30)), lambda: None)
        self.iv_record, self.heard = IvRecord(), []
        self.gateway = LeanGateway(self, self.iv_record, own_margin=words["own_margin"] == "yes", worked_fills=False)
        self.gateway.configure(words["tickers"].split(","))

    def on_data(self, data):
        """The engine passes over minutes that nobody looks at."""

    def on_order_event(self, event):
        self.heard.append((self.gateway.order_update(event), self.gateway.is_exercise(event)))
'''


class World:
    """One run. ``gateway`` is the gateway, ``algorithm`` what LEAN would hand it."""

    def __init__(self, folder: Path, start: str, end: str, *, tickers: Iterable[str] = ("SPY", "VIX"), cash: float = 100_000.0,
                 own_margin: bool = True, data_folder: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "main.py").write_text(HOLDER, encoding="utf-8")
        words = {"cash": str(cash), "start": start, "end": end, "own_margin": "yes" if own_margin else "no",
                 "tickers": ",".join(tickers)}
        self.engine = Engine(folder, data_folder or data(), folder / "out", words)

    def until(self, moment: datetime) -> Any:
        """Run on to ``moment``, New York time; the gateway."""
        self.engine.run_until(moment)
        failed = self.algorithm.runtime_error
        if failed is not None:
            raise failed
        return self.gateway

    @property
    def algorithm(self) -> Any:
        return self.engine.algorithm

    @property
    def gateway(self) -> Any:
        return self.algorithm.gateway

    def heard(self) -> list[SimpleNamespace]:
        """Order events since the last call, with whether they were the exchange's own."""
        events, self.algorithm.heard[:] = list(self.algorithm.heard), []
        return [SimpleNamespace(update=update, exercise=exercise) for update, exercise in events]
