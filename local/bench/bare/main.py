"""The same subscriptions as a recorded run of the framework, at the same times, and nothing else."""

import json
from pathlib import Path

from AlgorithmImports import *


class BareAlgorithm(QCAlgorithm):
    """Adds and removes securities as the record says; decides nothing."""

    def initialize(self):
        start, end = (datetime.fromisoformat(self.get_parameter(name)) for name in ("start", "end"))
        self.set_start_date(start.year, start.month, start.day)
        self.set_end_date(end.year, end.month, end.day)
        self.set_cash(float(self.get_parameter("cash")))
        self.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
        self.record = json.loads(Path(self.get_parameter("record")).read_text())["subscriptions"]
        self.position = 0
        self._follow_until(str(self.time)[:19])

    def on_data(self, data):
        self._follow_until(str(self.time)[:19])

    def _follow_until(self, now):
        while self.position < len(self.record) and self.record[self.position]["time"] <= now:
            self._follow(**self.record[self.position])
            self.position += 1

    def _follow(self, time, call, id, value):
        if call == "add_equity":
            self.add_equity(value, Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW)
        elif call == "add_index":
            self.add_index(value, Resolution.MINUTE)
        else:
            symbol = Symbol(SecurityIdentifier.parse(id), value)
            if call == "remove_option_contract":
                self.remove_option_contract(symbol)
            else:
                getattr(self, call)(symbol, Resolution.MINUTE)
