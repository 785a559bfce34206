from AlgorithmImports import *
from probe import Probe


class EarlyAssignment(Probe):
    """Short puts deep in the money two days before expiry: assigned early, the long leg of a spread stays."""

    START, END, CASH = (2024, 8, 2), (2024, 8, 7), 150_000

    def set_up(self):
        self.spread = [(self.put((2024, 8, 7), 545), -1), (self.put((2024, 8, 7), 525), 1)]
        self.later = self.put((2024, 8, 30), 545)
        self.at((2024, 8, 2), "10:01", lambda: self.combo(self.spread, yielding=1.0))
        self.at((2024, 8, 2), "10:01", lambda: self.single(self.later, -1))
        for day in (2, 5, 6, 7):
            for clock in ("9:45", "11:15"):
                self.at((2024, 8, day), clock, lambda: self.account("held"))
        self.at((2024, 8, 6), "12:01", self.sell_shares)

    def sell_shares(self):
        quantity = self.portfolio[self.spy].quantity
        if quantity:
            self.answer("sell", [self.market_order(self.spy, -quantity)])

    def on_assignment_order_event(self, event):
        self.note("assigned", symbol=self.name_of(event.symbol), quantity=event.fill_quantity, price=event.fill_price)
