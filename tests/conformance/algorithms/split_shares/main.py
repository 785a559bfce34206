from AlgorithmImports import *
from probe import Probe


class SplitShares(Probe):
    """Shares and options of a share that splits: reference prices, the holding, open orders, options before it."""

    START, END, CASH = (2024, 8, 12), (2024, 8, 15), 200_000

    def set_up(self):
        self.gld = self.add_equity("GLD", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.option = self.put((2024, 9, 20), 225, self.gld)
        self.at((2024, 8, 12), "10:01", lambda: self.answer("shares", [self.market_order(self.gld, 101)]))
        self.at((2024, 8, 12), "10:02", lambda: self.single(self.option, -2))
        self.at((2024, 8, 13), "10:01", lambda: self.single(self.gld, 11, limit=150.0))
        self.at((2024, 8, 13), "10:02", lambda: self.answer("stop", [self.stop_market_order(self.gld, -21, 140.5)]))
        self.at((2024, 8, 13), "12:00", lambda: self.single(self.option, 1, limit=0.05))
        for day in (13, 14, 15):
            for clock in ("9:45", "15:40", "15:50"):
                self.at((2024, 8, day), clock, lambda: self.account("held"))
        self.at((2024, 8, 14), "10:00", self.orders)

    def orders(self):
        for ticket in self.transactions.get_open_order_tickets():
            self.note("open", order=ticket.order_id, quantity=ticket.quantity, type=int(ticket.order_type))
        self.note("price", price=self.securities[self.gld].price, option=bool(self.securities[self.option].is_tradable))

    def on_splits(self, splits):
        for pair in splits:
            one = pair.value
            self.note("split", symbol=pair.key.value, kind=str(one.type), factor=one.split_factor, value=one.value,
                      price=one.price, reference=one.reference_price, end=str(one.end_time))
