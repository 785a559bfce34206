from AlgorithmImports import *
from probe import Probe


class CrossingZero(Probe):
    """Orders that turn a holding round: a single one, shares, and combos, which may not; fees to open and to close."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 60_000

    def set_up(self):
        expiry = (2024, 9, 20)
        self.option = self.put(expiry, 480)
        self.legs = [(self.put(expiry, 500), -1), (self.put(expiry, 490), 1)]
        day = (2024, 8, 6)
        self.at(day, "10:01", lambda: self.single(self.option, 2))
        self.at(day, "10:31", lambda: self.single(self.option, -3))
        self.at(day, "11:01", lambda: self.account("turned round"))
        self.at(day, "11:05", lambda: self.combo(self.legs, 2))
        self.at(day, "11:31", lambda: self.combo(self.legs, 3, -1))
        self.at(day, "11:45", lambda: self.account("combo through zero"))
        self.at(day, "12:01", lambda: self.combo(self.legs, 1, -1))
        self.at(day, "12:31", lambda: self.answer("shares", [self.market_order(self.spy, 30)]))
        self.at(day, "12:32", lambda: self.answer("shares", [self.market_order(self.spy, -50)]))
        self.at((2024, 8, 7), "10:01", lambda: self.account("next day"))
        self.at((2024, 8, 7), "10:31", lambda: self.answer("flat", self.liquidate()))
