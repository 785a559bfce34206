from AlgorithmImports import *
from probe import Probe


class FutureOptionExpiry(Probe):
    """/MES options over 16 August: a long call in the money becomes a future, a short put is worth nothing."""

    START, END, CASH = (2024, 8, 13), (2024, 8, 20), 50_000

    def set_up(self):
        self.future = self.add_future_contract(Symbol.create_future("MES", Market.CME, datetime(2024, 9, 20))).symbol
        self.long = self.contract(OptionRight.CALL, 5350)
        self.short = self.contract(OptionRight.PUT, 5200)
        self.at((2024, 8, 13), "10:01", lambda: self.single(self.long, 2, yielding=2.0))
        self.at((2024, 8, 13), "10:01", lambda: self.single(self.short, -1, yielding=0.5))
        for day in (13, 16, 19):
            self.at((2024, 8, day), "11:01", lambda: self.account("held"))
        self.at((2024, 8, 19), "11:30", lambda: self.single(self.future, -2, yielding=2.0))

    def contract(self, right, strike):
        expiry = datetime(2024, 8, 16)
        symbol = Symbol.create_option(self.future, Market.CME, OptionStyle.AMERICAN, right, strike, expiry)
        return self.add_future_option_contract(symbol).symbol

    def on_delistings(self, delistings):
        for pair in delistings:
            self.note("delisting", symbol=self.name_of(pair.key), type=int(pair.value.type), price=pair.value.price)
