from AlgorithmImports import *
from probe import Probe


class GroupsOfExpiries(Probe):
    """Spreads of three expiries side by side, a call spread among them: margin by group, one closed."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 15_000

    def set_up(self):
        self.puts = {month: [(self.put((2024, month, day), 490), -1), (self.put((2024, month, day), 480), 1)]
                     for month, day in ((9, 20), (10, 18), (11, 15))}
        self.calls = [(self.call((2024, 10, 18), 545), -1), (self.call((2024, 10, 18), 550), 1)]
        for number, month in enumerate((9, 10, 11)):
            self.at((2024, 8, 6), f"1{number}:01", lambda month=month: self.combo(self.puts[month], month - 8))
            self.at((2024, 8, 6), f"1{number}:31", lambda: self.account("one more"))
        self.at((2024, 8, 6), "14:01", lambda: self.combo(self.calls, 2))
        self.at((2024, 8, 6), "14:31", lambda: self.account("with calls: a condor of October"))
        self.at((2024, 8, 7), "10:01", lambda: self.combo(self.puts[10], 2, -1))
        self.at((2024, 8, 7), "10:31", lambda: self.account("calls alone"))
