"""The framework as it is, with its own time a minute bar, its decision rounds, its orders and its subscriptions recorded."""

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

from core.errors import CannotCompute  # noqa: E402 - the path is set above

RECORD_KEY = "bench/minutes.json"
ROUND_EVERY_MINUTES, ROUND_OFFSET = 15, 9


class TimedAlgorithm(_framework.TomKingAlgorithm):
    """Times every call LEAN makes into the framework and adds the times up by minute.

    Four times an hour one decision round of its own is timed before the framework's: snapshot, view, every strategy
    screened and asked for contracts, every open position's strategy asked. It carries nothing out. Those minutes are
    left out of the framework's, which would find a part of its work done.
    """

    def initialize(self):
        self.seconds_by_minute, self.round_seconds, self.round_minutes = {}, [], set()
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
            minute = str(self.time)[:16]
            self.bars.add(minute)
            if self.shell.started and self.time.minute % ROUND_EVERY_MINUTES == ROUND_OFFSET:
                self.round_minutes.add(minute)
                self._decide_once(self.time)
        self._timed(super().on_data, data)

    def on_order_event(self, order_event):
        self._timed(super().on_order_event, order_event)

    def _decide_once(self, now):
        """From a snapshot to everybody's decisions, none of which is carried out."""
        shell, session = self.shell, self.shell.parts.coordinator
        calendar = shell._gateway.calendar()
        if calendar.session_open is None or not calendar.session_open < now <= calendar.session_close:
            return
        started = time.perf_counter()
        try:
            snapshot = shell.builder.snapshot(now)
        except CannotCompute:
            return
        view = shell.builder.view()
        for name in session.names():
            if name in view.enabled and name not in view.pending and session.screen(name, snapshot, view) is None:
                wanted = shell.parts.specs[name].underlyings
                session.select(name, shell.builder.with_chains(snapshot, wanted), view)
        for position in shell.parts.states.open_positions:
            session.manage(snapshot, view, position)
        self.round_seconds.append(time.perf_counter() - started)

    # --- subscriptions ----------------------------------------------------------------------------------------------

    def add_equity(self, *arguments, **named):
        return self._noted("add_equity", super().add_equity(*arguments, **named))

    def add_index(self, *arguments, **named):
        return self._noted("add_index", super().add_index(*arguments, **named))

    def add_future_contract(self, *arguments, **named):
        return self._noted("add_future_contract", super().add_future_contract(*arguments, **named))

    def add_option_contract(self, *arguments, **named):
        return self._noted("add_option_contract", super().add_option_contract(*arguments, **named))

    def add_index_option_contract(self, *arguments, **named):
        return self._noted("add_index_option_contract", super().add_index_option_contract(*arguments, **named))

    def add_future_option_contract(self, *arguments, **named):
        return self._noted("add_future_option_contract", super().add_future_option_contract(*arguments, **named))

    def remove_option_contract(self, symbol, *arguments):
        self._note("remove_option_contract", symbol)
        return super().remove_option_contract(symbol, *arguments)

    def _noted(self, call, security):
        self._note(call, security.symbol)
        return security

    def _note(self, call, symbol):
        self.subscription_log.append({"time": str(self.time)[:19], "call": call, "id": str(symbol.id),
                                      "value": str(symbol.value)})

    def on_end_of_algorithm(self):
        super().on_end_of_algorithm()
        counted = sorted(self.bars - self.round_minutes)
        record = {"seconds": [self.seconds_by_minute.get(minute, 0.0) for minute in counted],
                  "round_seconds": self.round_seconds,
                  "order_seconds": list(self.shell.parts.executor.handing_over),
                  "other_seconds": sum(spent for minute, spent in self.seconds_by_minute.items()
                                       if minute not in self.bars),
                  "subscriptions": self.subscription_log}
        if not self.object_store.save(RECORD_KEY, json.dumps(record)):
            raise RuntimeError("the times were not saved")
