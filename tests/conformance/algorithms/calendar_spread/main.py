from AlgorithmImports import *
from probe import Probe


class CalendarSpread(Probe):
    """A put calendar on SPY: margin while it stands, the near leg worthless at its expiry, the far leg left over."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 13), 25_000

    def set_up(self):
        self.legs = [(self.put((2024, 8, 9), 505), -1), (self.put((2024, 8, 30), 505), 1)]
        self.at((2024, 8, 6), "10:01", lambda: self.combo(self.legs, 3))
        for day in (6, 8, 9, 12, 13):
            self.at((2024, 8, day), "11:01", lambda: self.account("held"))
        self.at((2024, 8, 13), "12:01", lambda: self.single(self.legs[1][0], -3))
