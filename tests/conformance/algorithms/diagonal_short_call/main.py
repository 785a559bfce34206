from AlgorithmImports import *
from probe import Probe


class DiagonalShortCall(Probe):
    """A poor man's covered call on QQQ: LEAN margins the short call naked and leaves the long one out."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 9), 40_000

    def set_up(self):
        self.qqq = self.add_equity("QQQ", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.at((2024, 8, 6), "9:45", self.choose)
        self.at((2024, 8, 6), "10:15", lambda: self.combo(self.legs, 1, yielding=1.0))
        self.at((2024, 8, 6), "11:01", lambda: self.account("held"))
        self.at((2024, 8, 7), "10:15", lambda: self.combo(self.legs, 3, yielding=1.0))
        self.at((2024, 8, 8), "10:15", lambda: self.combo(self.legs, 1, -1, yielding=1.0))
        self.at((2024, 8, 9), "11:01", lambda: self.account("after"))

    def choose(self):
        price = self.securities[self.qqq].price
        calls = [row for row in self.option_chain(self.qqq) if row.right == OptionRight.CALL]
        far = max(row.expiry for row in calls)
        leap = min((row for row in calls if row.expiry == far), key=lambda row: abs(row.strike - price * 0.8))
        near = min((row for row in calls if row.expiry.date() == date(2024, 8, 23)),
                   key=lambda row: abs(row.strike - price * 1.04))
        self.legs = [(self.add_option_contract(row.symbol).symbol, sign) for row, sign in ((leap, 1), (near, -1))]
        self.note("chosen", leap=self.name_of(leap.symbol), near=self.name_of(near.symbol))
