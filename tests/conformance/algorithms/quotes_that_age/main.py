from AlgorithmImports import *
from probe import Probe


class QuotesThatAge(Probe):
    """Sparse rows: which quotes are real, which filled forward; fills on them; no price yet."""

    START, END = (2024, 8, 6), (2024, 8, 6)

    def set_up(self):
        self.option = self.put((2024, 10, 18), 470)
        self.seen = 0
        self.at((2024, 8, 6), "10:02", lambda: self.single(self.option, 1))
        self.at((2024, 8, 6), "10:14", lambda: self.single(self.option, -1))
        self.at((2024, 8, 6), "11:00", self.fresh)

    def fresh(self):
        self.new = self.put((2024, 10, 18), 450)
        self.note("just added", price=self.securities[self.new].price, data=bool(self.securities[self.new].has_data))
        self.answer("no price yet", [self.limit_order(self.new, 1, 5.0)])
        self.at((2024, 8, 6), "11:09", lambda: self.answer("priced", [self.limit_order(self.new, 1, 50.0)]))

    def on_data(self, data):
        bar = data.quote_bars.get(self.option)
        if bar is not None and self.time.hour == 10 and self.time.minute < 25:
            last = self.securities[self.option].get_last_data()
            self.note("bar", end=str(bar.end_time), filled=bool(bar.is_fill_forward), bid=bar.bid.close,
                      ask=bar.ask.close, last_real=str(last.end_time), real_filled=bool(last.is_fill_forward))
