from AlgorithmImports import *
from probe import Probe


class MarginCallCombo(Probe):
    """A strangle against too little money in the crash: LEAN's margin calls are combo orders that the model refuses."""

    START, END, CASH = (2024, 8, 2), (2024, 8, 5), 18_500

    def set_up(self):
        expiry = (2024, 8, 30)
        self.legs = [(self.put(expiry, 500), -1), (self.call(expiry, 560), -1)]
        self.warnings = self.calls = 0
        self.at((2024, 8, 2), "10:01", lambda: self.combo(self.legs, 2))
        for day in (2, 5):
            for clock in ("10:30", "13:00", "15:59"):
                self.at((2024, 8, day), clock, lambda: self.account("held"))

    def on_margin_call_warning(self):
        self.warnings += 1

    def on_margin_call(self, requests):
        self.calls += 1
        if self.calls <= 2:
            self.note("call", orders=[f"{self.name_of(one.symbol)} {float(one.quantity):g} {int(one.order_type)}"
                                      for one in requests])
        return requests

    def on_end_of_algorithm(self):
        self.note("counts", warnings=self.warnings, calls=self.calls)
        super().on_end_of_algorithm()
