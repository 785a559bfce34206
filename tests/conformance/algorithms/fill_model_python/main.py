from AlgorithmImports import *
from conceding_fills import ConcedingFills
from probe import Probe


class FillModelPython(Probe):
    """A fill model in Python, set on each security: when it is asked, with what, and what its answers do."""

    START, END = (2024, 8, 6), (2024, 8, 7)

    def set_up(self):
        self.model = ConcedingFills(self)
        self.high, self.low = self.put((2024, 9, 20), 490), self.put((2024, 9, 20), 480)
        self.far = self.call((2024, 10, 18), 530)
        for symbol in (self.high, self.low, self.far, self.spy):
            self.securities[symbol].set_fill_model(self.model)
        self.legs = [(self.high, -1), (self.low, 1)]
        self.at((2024, 8, 6), "10:06", self.open)
        self.at((2024, 8, 6), "10:09", self.give)
        self.at((2024, 8, 6), "10:20", lambda: self.account("held"))
        self.at((2024, 8, 6), "15:58", self.rest)
        self.at((2024, 8, 7), "11:01", lambda: self.combo(self.legs, 2, -1, limit=self.between(self.legs, -1, 1.5)))

    def between(self, legs, sign, share):
        """The unit's price a share of the way from mid to natural."""
        signed = [(self.securities[symbol], sign * ratio) for symbol, ratio in legs]
        mid = sum(ratio * (one.bid_price + one.ask_price) / 2 for one, ratio in signed)
        half = sum(abs(ratio) * (one.ask_price - one.bid_price) / 2 for one, ratio in signed)
        return round(mid + share * half, 2)

    def open(self):
        self.tickets = [self.combo(self.legs, 2, limit=self.between(self.legs, 1, -0.5)),
                        [self.single(self.far, 3, limit=self.between([(self.far, 1)], 1, -0.5))]]
        self.shares = self.single(self.spy, 10, limit=round(self.securities[self.spy].ask_price - 0.5, 2))

    def give(self):
        for tickets, legs in zip(self.tickets, (self.legs, [(self.far, 1)])):
            fields = UpdateOrderFields()
            fields.limit_price = self.between(legs, 1, 0.6)
            self.note("give", ok=[bool(ticket.update(fields).is_success) for ticket in tickets[:1]])
        self.shares.cancel()

    def rest(self):
        self.single(self.far, -3, limit=self.between([(self.far, 1)], 1, 1.0))
        self.at((2024, 8, 7), "09:35", lambda: self.transactions.cancel_open_orders())
