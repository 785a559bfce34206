from AlgorithmImports import *
from probe import Probe


class FutureExpiry(Probe):
    """/MCL and /CL held past their last day (19 and 20 August): sold at the last price, and the delisting events."""

    START, END, CASH = (2024, 8, 16), (2024, 8, 21), 80_000

    def set_up(self):
        self.mcl = self.add_future_contract(Symbol.create_future("MCL", Market.NYMEX, datetime(2024, 8, 19))).symbol
        self.cl = self.add_future_contract(Symbol.create_future("CL", Market.NYMEX, datetime(2024, 8, 20))).symbol
        self.at((2024, 8, 16), "10:00", lambda: self.single(self.mcl, 2, yielding=0.05))
        self.at((2024, 8, 16), "10:00", lambda: self.single(self.cl, -1, yielding=0.05))
        for day in (16, 19, 20, 21):
            self.at((2024, 8, day), "15:30", lambda: self.account("held"))
        self.at((2024, 8, 20), "15:45", lambda: self.single(self.mcl, 1, 70.0))

    def on_delistings(self, delistings):
        for pair in delistings:
            self.note("delisting", symbol=pair.key.value, type=int(pair.value.type), price=pair.value.price)
