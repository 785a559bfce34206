"""Reads every bar of many contracts in one of three ways and counts them; does nothing else."""

import json
from time import process_time

from AlgorithmImports import *


class ReaderAlgorithm(QCAlgorithm):
    """Adds the contracts it is told and adds up the bids it is handed, with the processor time from first to last."""

    def initialize(self):
        start, end = (datetime.fromisoformat(self.get_parameter(name)) for name in ("start", "end"))
        self.set_start_date(start.year, start.month, start.day)
        self.set_end_date(end.year, end.month, end.day)
        share = self.add_equity("SPY", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        expiry = datetime.fromisoformat(self.get_parameter("expiry"))
        self.contracts = []
        for strike in self.get_parameter("strikes").split(";"):
            for right in (OptionRight.CALL, OptionRight.PUT):
                symbol = Symbol.create_option(share, Market.USA, OptionStyle.AMERICAN, right, float(strike), expiry)
                self.contracts.append(self.add_option_contract(symbol, Resolution.MINUTE, self.get_parameter("fill") == "yes"))
        self.read = {"quote_bars": self.by_quote_bars, "securities": self.by_securities}[self.get_parameter("read")]
        self.bars, self.bids, self.began = 0, 0.0, None

    def on_data(self, data):
        if self.began is None:
            self.began = process_time()
        self.read(data)

    def by_quote_bars(self, data):
        for bar in data.quote_bars.values():
            self.bars += 1
            self.bids += bar.bid.close

    def by_securities(self, data):
        for security in self.contracts:
            self.bars += 1
            self.bids += security.bid_price

    def on_end_of_algorithm(self):
        spent = process_time() - self.began
        self.object_store.save("bench/reader.json", json.dumps({"bars": self.bars, "bids": round(self.bids, 2), "seconds": spent}))
