from AlgorithmImports import *
from probe import Probe


class AssignmentSwitchedOff(Probe):
    """The same kind of short put with the null assignment model: nothing happens before expiry, then it is assigned."""

    START, END, CASH = (2024, 8, 2), (2024, 8, 8), 150_000

    def set_up(self):
        self.short = self.put((2024, 8, 7), 545)
        self.securities[self.short].set_option_assignment_model(NullOptionAssignmentModel())
        self.at((2024, 8, 2), "10:01", lambda: self.single(self.short, -1))
        for day in (2, 5, 6, 7, 8):
            self.at((2024, 8, day), "11:15", lambda: self.account("held"))
        self.at((2024, 8, 8), "12:01", lambda: self.answer("sell", [self.market_order(self.spy, -100)]))

    def on_assignment_order_event(self, event):
        self.note("assigned", symbol=self.name_of(event.symbol), quantity=event.fill_quantity, price=event.fill_price)
