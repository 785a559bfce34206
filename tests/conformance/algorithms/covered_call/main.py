from AlgorithmImports import *
from probe import Probe


class CoveredCall(Probe):
    """Shares and a short call sold apart: what is held as margin, and what is free for a second call."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 9), 40_000

    def set_up(self):
        self.aapl = self.add_equity("AAPL", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.short = self.call((2024, 8, 16), 215, self.aapl)
        day = (2024, 8, 6)
        self.at(day, "10:01", lambda: self.answer("buy", [self.market_order(self.aapl, 100)]))
        self.at(day, "10:16", lambda: self.account("shares"))
        self.at(day, "10:31", lambda: self.single(self.short, -1))
        self.at(day, "11:01", lambda: self.account("covered"))
        self.at(day, "11:16", lambda: self.single(self.short, -1))
        self.at(day, "11:46", lambda: self.account("one covered, one not"))
        self.at((2024, 8, 7), "10:01", lambda: self.single(self.short, 2))
        self.at((2024, 8, 8), "10:01", lambda: self.answer("sell", [self.market_order(self.aapl, -100)]))
        self.at((2024, 8, 8), "11:01", lambda: self.account("flat"))
