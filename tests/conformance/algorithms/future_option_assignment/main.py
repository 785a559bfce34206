from AlgorithmImports import *
from probe import Probe


class FutureOptionAssignment(Probe):
    """A short /CL call in the money at its expiry (15 August): assigned, the short future is bought back later."""

    START, END, CASH = (2024, 8, 12), (2024, 8, 19), 60_000

    def set_up(self):
        self.future = self.add_future_contract(Symbol.create_future("CL", Market.NYMEX, datetime(2024, 8, 20))).symbol
        self.at((2024, 8, 12), "9:45", self.choose)
        self.at((2024, 8, 12), "10:01", lambda: self.single(self.short, -1, yielding=0.3))
        for day in (12, 14, 15, 16):
            self.at((2024, 8, day), "11:01", lambda: self.account("held"))
        self.at((2024, 8, 16), "12:01", lambda: self.answer("market", [self.market_order(self.future, 1)]))

    def choose(self):
        rows = [row for row in self.option_chain(self.future) if row.right == OptionRight.CALL]
        price = self.securities[self.future].price
        row = min(rows, key=lambda row: (row.expiry, abs(row.strike - (price - 4))))
        self.note("chosen", id=str(row.symbol.id), value=row.symbol.value, expiry=str(row.expiry), strike=row.strike,
                  close=row.last_price, open_interest=row.open_interest)
        self.short = self.add_future_option_contract(row.symbol).symbol
