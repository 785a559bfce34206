"""The same subscriptions as a recorded run of the framework, at the same times, and nothing else."""

from AlgorithmImports import *

import json
from pathlib import Path


class BareAlgorithm(QCAlgorithm):
    """Adds and removes contracts as the record says; decides nothing."""

    def initialize(self):
        start, end = (datetime.fromisoformat(self.get_parameter(name)) for name in ("start", "end"))
        self.set_start_date(start.year, start.month, start.day)
        self.set_end_date(end.year, end.month, end.day)
        self.set_cash(float(self.get_parameter("cash")))
        self.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
        spy = self.add_equity("SPY", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.add_index("VIX", Resolution.MINUTE)
        self.underlyings = {"SPY": spy}
        self.record = json.loads(Path(self.get_parameter("record")).read_text())["subscriptions"]
        self.position = 0

    def on_data(self, data):
        now = str(self.time)[:19]
        while self.position < len(self.record) and self.record[self.position]["time"] <= now:
            self._follow(self.record[self.position])
            self.position += 1

    def _follow(self, row):
        right = OptionRight.PUT if row["is_put"] else OptionRight.CALL
        symbol = Symbol.create_option(self.underlyings[row["underlying"]], Market.USA, OptionStyle.AMERICAN, right,
                                      row["strike"], datetime.fromisoformat(row["expiry"]))
        if row["action"] == "add":
            self.add_option_contract(symbol, Resolution.MINUTE)
        else:
            self.remove_option_contract(symbol)
