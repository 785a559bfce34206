from AlgorithmImports import *
from probe import Probe


class MarginCallSingle(Probe):
    """Naked puts against too little money: the call of a single leg is a market order, which closes a part."""

    START, END, CASH = (2024, 8, 1), (2024, 8, 6), 16_000

    def set_up(self):
        self.short = self.put((2024, 9, 20), 505)
        self.warnings = 0
        self.at((2024, 8, 1), "10:01", lambda: self.single(self.short, -2))
        for day in (1, 2, 5, 6):
            for clock in ("9:45", "15:45"):
                self.at((2024, 8, day), clock, lambda: self.account("held"))

    def on_margin_call_warning(self):
        self.warnings += 1
        if self.warnings < 4:
            self.account("warning")

    def on_margin_call(self, requests):
        self.note("call", orders=[f"{self.name_of(one.symbol)} {float(one.quantity):g} {int(one.order_type)} {one.tag}"
                                  for one in requests])
        return requests
