from AlgorithmImports import *
from probe import Probe


class CondorUnequalWings(Probe):
    """Condors whose call wing is wider than the put wing: LEAN holds the put wing only."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 12_000

    def set_up(self):
        expiry = (2024, 9, 20)
        self.narrow = [(self.put(expiry, 490), -1), (self.put(expiry, 485), 1),
                       (self.call(expiry, 545), -1), (self.call(expiry, 560), 1)]
        self.wide = [(self.put(expiry, 480), -1), (self.put(expiry, 460), 1),
                     (self.call(expiry, 550), -1), (self.call(expiry, 555), 1)]
        self.at((2024, 8, 6), "10:01", lambda: self.combo(self.narrow, 2))
        self.at((2024, 8, 6), "10:31", lambda: self.account("put wing of 5"))
        self.at((2024, 8, 6), "11:01", lambda: self.combo(self.narrow, 2, -1))
        self.at((2024, 8, 6), "11:31", lambda: self.combo(self.wide, 2))
        self.at((2024, 8, 6), "12:01", lambda: self.account("put wing of 20"))
        self.at((2024, 8, 7), "10:01", lambda: self.combo(self.wide, 10))
        self.at((2024, 8, 7), "10:31", lambda: self.combo(self.wide, 2, -1))
