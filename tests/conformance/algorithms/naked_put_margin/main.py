from AlgorithmImports import *
from probe import Probe


class NakedPutMargin(Probe):
    """Margin of one naked put through the crash, and of a strangle made out of it."""

    START, END, CASH = (2024, 8, 1), (2024, 8, 7), 60_000

    def set_up(self):
        self.short_put = self.put((2024, 9, 20), 500)
        self.short_call = self.call((2024, 9, 20), 560)
        self.at((2024, 8, 1), "10:01", lambda: self.single(self.short_put, -2))
        self.at((2024, 8, 2), "10:01", lambda: self.single(self.short_call, -2))
        for day in (1, 2, 5, 6, 7):
            for clock in ("9:31", "12:00", "15:59"):
                self.at((2024, 8, day), clock, lambda: self.account("held"))
        self.at((2024, 8, 7), "12:31", lambda: self.single(self.short_put, 2))
        self.at((2024, 8, 7), "13:01", lambda: self.account("calls only"))
