"""The framework as it is, with its own time a minute bar and its subscriptions recorded in the ObjectStore."""

from AlgorithmImports import *

import importlib.util
import json
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))
_spec = importlib.util.spec_from_file_location("framework_main", PROJECT / "main.py")
_framework = importlib.util.module_from_spec(_spec)
sys.modules["framework_main"] = _framework
_spec.loader.exec_module(_framework)

RECORD_KEY = "bench/minutes.json"


class TimedAlgorithm(_framework.TomKingAlgorithm):
    """Times every call LEAN makes into the framework and adds the times up by minute."""

    def initialize(self):
        self.seconds_by_minute = {}
        self.bars = set()
        self.subscription_log = []
        self.depth = 0
        super().initialize()

    def _timed(self, call, *arguments):
        if self.depth:
            return call(*arguments)
        self.depth, minute, started = 1, str(self.time)[:16], time.perf_counter()
        try:
            return call(*arguments)
        finally:
            self.depth = 0
            spent = time.perf_counter() - started
            self.seconds_by_minute[minute] = self.seconds_by_minute.get(minute, 0.0) + spent

    def heartbeat(self):
        self._timed(super().heartbeat)

    def on_data(self, data):
        if data is not None:
            self.bars.add(str(self.time)[:16])
        self._timed(super().on_data, data)

    def on_order_event(self, order_event):
        self._timed(super().on_order_event, order_event)

    def add_option_contract(self, symbol, resolution):
        self._note("add", symbol)
        return super().add_option_contract(symbol, resolution)

    def remove_option_contract(self, symbol):
        self._note("remove", symbol)
        return super().remove_option_contract(symbol)

    def _note(self, action, symbol):
        contract = symbol.id
        self.subscription_log.append({
            "time": str(self.time)[:19], "action": action, "underlying": symbol.underlying.value,
            "expiry": str(contract.date)[:10], "strike": float(contract.strike_price),
            "is_put": contract.option_right == OptionRight.PUT})

    def on_end_of_algorithm(self):
        super().on_end_of_algorithm()
        record = {"seconds": [self.seconds_by_minute.get(minute, 0.0) for minute in sorted(self.bars)],
                  "other_seconds": sum(spent for minute, spent in self.seconds_by_minute.items()
                                       if minute not in self.bars),
                  "subscriptions": self.subscription_log}
        if not self.object_store.save(RECORD_KEY, json.dumps(record)):
            raise RuntimeError("the times were not saved")
