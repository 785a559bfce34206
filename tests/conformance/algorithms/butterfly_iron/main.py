from AlgorithmImports import *
from probe import Probe


class ButterflyIron(Probe):
    """An iron butterfly (four legs) and a put butterfly (one leg twice): margin, profit, a leg ratio of two."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 8), 20_000

    def set_up(self):
        expiry = (2024, 8, 16)
        self.iron = [(self.put(expiry, 520), -1), (self.put(expiry, 510), 1),
                     (self.call(expiry, 520), -1), (self.call(expiry, 530), 1)]
        self.fly = [(self.put(expiry, 515), 1), (self.put(expiry, 505), -2), (self.put(expiry, 495), 1)]
        self.at((2024, 8, 6), "10:01", lambda: self.combo(self.iron, 2, yielding=1.0))
        self.at((2024, 8, 6), "10:31", lambda: self.account("iron"))
        self.at((2024, 8, 7), "10:01", lambda: self.combo(self.iron, 2, -1, yielding=1.0))
        self.at((2024, 8, 7), "10:31", lambda: self.combo(self.fly, 3))
        self.at((2024, 8, 7), "11:01", lambda: self.account("fly"))
        self.at((2024, 8, 8), "10:01", lambda: self.combo(self.fly, 2, -1))
        self.at((2024, 8, 8), "10:31", lambda: self.account("one left"))
