"""The algorithm that LEAN runs. It wires the framework and passes LEAN's events on. No rule lives here."""

from __future__ import annotations

import json
from functools import partial

from AlgorithmImports import *

from config.constants import RISK_CHECK_MINUTES
from config.run_parameters import parse
from helpers.shell.assembly import assemble
from helpers.shell.ports import CommandWords


class TomKingAlgorithm(QCAlgorithm):
    """Ten options strategies under one risk budget."""

    def initialize(self) -> None:
        run = parse({pair.key: pair.value for pair in self.get_parameters()}, live=self.live_mode)
        if not self.live_mode:
            start, end = run.days()
            self.set_start_date(start.year, start.month, start.day)
            self.set_end_date(end.year, end.month, end.day)
            self.set_cash(run.cash)
        self.shell = assemble(self, run)
        spy = self.symbol("SPY")
        self.set_benchmark(lambda _: self.securities[spy].price)    # LEAN's own reads hourly bars, which a data folder may lack
        self.schedule.on(self.date_rules.every_day(spy),
                         self.time_rules.every(timedelta(minutes=RISK_CHECK_MINUTES)), self.heartbeat)
        for planned in run.commands:
            self.schedule.on(self.date_rules.on(planned.at.year, planned.at.month, planned.at.day),
                             self.time_rules.at(planned.at.hour, planned.at.minute), partial(self.on_command, planned))

    def heartbeat(self) -> None:
        self.shell.heartbeat(self.time)

    def on_data(self, data: Slice) -> None:
        self.shell.tick(self.time)

    def on_splits(self, splits: Iterable[KeyValuePair[Symbol, Split]]) -> None:
        warned = [str(pair.key.value) for pair in splits if pair.value.type == SplitType.WARNING]
        if warned:
            self.shell.split_ahead(warned, self.time)

    def on_order_event(self, order_event: OrderEvent) -> None:
        self.shell.order_event(order_event, self.time)

    def on_command(self, data: CommandWords) -> bool:
        """An operator's command: {"action": "halt", "reason": "…"}. The answer is stored in the ObjectStore."""
        answer = self.shell.command(data, self.time)
        self.object_store.save(f"{self.shell.store.prefix}/answer.json", json.dumps(answer, indent=1))
        return "error" not in answer

    def on_end_of_algorithm(self) -> None:
        record = self.shell.end(self.time)
        key = f"{self.shell.store.prefix}/report.json"
        if not self.object_store.save(key, json.dumps(record, indent=1, allow_nan=False)):
            raise RuntimeError(f"the record of the run was not saved: {key}")
