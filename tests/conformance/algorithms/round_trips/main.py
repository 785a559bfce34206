from AlgorithmImports import *
from probe import Probe


class RoundTrips(Probe):
    """A trade a day for three weeks, won and lost: what the statistics make of it."""

    START, END, CASH = (2024, 8, 1), (2024, 8, 21), 30_000

    def set_up(self):
        self.legs = None
        self.at(None, "9:45", self.choose)
        self.at(None, "10:15", lambda: self.combo(self.legs, 2, yielding=0.1))
        self.at(None, "15:30", lambda: self.combo(self.legs, 2, -1, yielding=0.5))

    def choose(self):
        if self.legs is not None:
            for symbol, _ in self.legs:
                self.remove_option_contract(symbol)
        price = round(self.securities[self.spy].price)
        rows = [row for row in self.option_chain(self.spy) if row.right == OptionRight.PUT
                and 25 <= (row.expiry.date() - self.time.date()).days <= 40]
        last = max(row.expiry for row in rows)
        strikes = sorted({float(row.strike) for row in rows if row.expiry == last and row.strike % 5 == 0})
        short = min(strikes, key=lambda strike: abs(strike - price * 0.97))
        self.legs = [(self.put((last.year, last.month, last.day), strike), quantity)
                     for strike, quantity in ((short, -1), (short - 10, 1))]
