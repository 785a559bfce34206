from AlgorithmImports import *
from probe import Probe


class ExpiryInAndOut(Probe):
    """Expiry of 9 August: a long call and a spread in the money, a spread out of it, a resting order cancelled."""

    START, END, CASH = (2024, 8, 8), (2024, 8, 12), 200_000

    def set_up(self):
        expiry = (2024, 8, 9)
        self.qqq = self.add_equity("QQQ", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.at((2024, 8, 8), "9:40", self.choose)
        self.inside = [(self.call(expiry, 520), -1), (self.call(expiry, 527), 1)]
        self.outside = [(self.put(expiry, 515), -1), (self.put(expiry, 510), 1)]
        self.at((2024, 8, 8), "10:01", lambda: self.single(self.long, 1, yielding=1.0))
        self.at((2024, 8, 8), "10:01", lambda: self.combo(self.inside, 2, yielding=2.0))
        self.at((2024, 8, 8), "10:01", lambda: self.combo(self.outside, 1))
        self.at((2024, 8, 9), "15:45", lambda: self.single(self.outside[0][0], 1, 0.01))
        for day in (8, 9, 12):
            self.at((2024, 8, day), "15:50", lambda: self.account("held"))
        self.at((2024, 8, 12), "10:01", lambda: self.answer("flat", self.liquidate()))
        self.at((2024, 8, 9), "11:01", lambda: self.answer("exercise", [self.exercise_option(self.long, 1)]))

    def choose(self):
        calls = [row for row in self.option_chain(self.qqq)
                 if row.right == OptionRight.CALL and row.expiry.date() == date(2024, 8, 9)]
        price = self.securities[self.qqq].price
        row = min(calls, key=lambda row: abs(row.strike - price * 0.98))
        self.long = self.add_option_contract(row.symbol).symbol

    def on_delistings(self, delistings):
        for pair in delistings:
            self.note("delisting", symbol=self.name_of(pair.key), type=int(pair.value.type), price=pair.value.price)
