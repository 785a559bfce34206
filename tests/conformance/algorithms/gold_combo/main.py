from AlgorithmImports import *
from probe import Probe


class GoldCombo(Probe):
    """A /GC condor as one combo: four legs of futures options, prices in tenths, margin of the short legs."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 8), 75_000

    def set_up(self):
        self.at((2024, 8, 6), "9:40", self.choose)
        self.at((2024, 8, 6), "10:01", lambda: self.combo(self.legs, yielding=2.0))
        self.at((2024, 8, 6), "11:01", lambda: self.account("held"))
        self.at((2024, 8, 7), "11:01", lambda: self.account("next day"))
        self.at((2024, 8, 8), "10:01", lambda: self.combo(self.legs, sign=-1, yielding=2.0))

    def choose(self):
        root = Symbol.create("GC", SecurityType.FUTURE, Market.COMEX)
        months = sorted(self.future_chain(root), key=lambda row: row.expiry)
        future = self.add_future_contract(months[1].symbol).symbol
        rows = list(self.option_chain(future))
        self.note("chain", future=str(future.id), rows=len(rows), expiries=sorted({str(row.expiry) for row in rows}))
        last = max(row.expiry for row in rows)
        price, self.legs = months[1].last_price, []
        for right, share, quantity in ((OptionRight.PUT, 0.97, -1), (OptionRight.PUT, 0.95, 1),
                                       (OptionRight.CALL, 1.03, -1), (OptionRight.CALL, 1.05, 1)):
            row = min((row for row in rows if row.right == right and row.expiry == last),
                      key=lambda row: abs(row.strike - price * share))
            self.legs.append((self.add_future_option_contract(row.symbol).symbol, quantity))
            self.note("leg", id=str(row.symbol.id), strike=row.strike, close=row.last_price)
