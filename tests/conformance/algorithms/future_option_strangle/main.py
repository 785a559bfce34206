from AlgorithmImports import *
from probe import Probe


class FutureOptionStrangle(Probe):
    """A /ES strangle of 20 September from the chain: margin, daily value, one leg rolled down, closed."""

    START, END, CASH = (2024, 8, 2), (2024, 8, 7), 90_000

    def set_up(self):
        self.at((2024, 8, 2), "9:45", self.choose)
        self.at((2024, 8, 2), "10:01", lambda: self.combo(self.legs, yielding=1.0))
        for day in (2, 5, 6, 7):
            self.at((2024, 8, day), "11:01", lambda: self.account("held"))
        self.at((2024, 8, 6), "11:05", self.roll)
        self.at((2024, 8, 7), "11:05", lambda: self.combo(self.legs, sign=-1, yielding=1.0))

    def choose(self):
        root = Symbol.create("ES", SecurityType.FUTURE, Market.CME)
        future = min(self.future_chain(root), key=lambda row: row.expiry)
        self.future = self.add_future_contract(future.symbol).symbol
        self.rows = [row for row in self.option_chain(self.future) if row.expiry.date() == date(2024, 9, 20)]
        expiries = {str(row.expiry) for row in self.option_chain(self.future)}
        self.note("chain", rows=len(self.rows), expiries=sorted(expiries))
        self.legs = [(self.nearest(OptionRight.PUT, future.last_price * 0.93), -1),
                     (self.nearest(OptionRight.CALL, future.last_price * 1.05), -1)]

    def nearest(self, right, strike):
        row = min((row for row in self.rows if row.right == right), key=lambda row: abs(row.strike - strike))
        return self.add_future_option_contract(row.symbol).symbol

    def roll(self):
        call = self.legs[1][0]
        lower = self.nearest(OptionRight.CALL, float(call.id.strike_price) - 100)
        self.single(call, 1, yielding=1.0)
        self.at((2024, 8, 6), "12:01", lambda: self.single(lower, -1, yielding=1.0))
        self.legs[1] = (lower, -1)
