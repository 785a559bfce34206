from AlgorithmImports import *
from probe import Probe


class ComboRatios(Probe):
    """Put ratios 1x2 and 2x3; what raises: a limit of zero, ratios with a common divisor; what a tiny limit becomes."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 80_000

    def set_up(self):
        expiry = (2024, 9, 20)
        self.one_two = [(self.put(expiry, 510), 1), (self.put(expiry, 490), -2)]
        self.two_three = [(self.put(expiry, 505), 2), (self.put(expiry, 485), -3)]
        self.at((2024, 8, 6), "10:01", lambda: self.combo(self.one_two, 2))
        self.at((2024, 8, 6), "10:31", lambda: self.account("1x2"))
        self.at((2024, 8, 6), "11:01", lambda: self.combo(self.two_three))
        self.at((2024, 8, 6), "11:31", lambda: self.account("1x2 and 2x3"))
        self.at((2024, 8, 6), "12:01", self.refused)
        self.at((2024, 8, 7), "10:01", lambda: self.combo(self.one_two, 2, -1))
        self.at((2024, 8, 7), "10:31", lambda: self.combo(self.two_three, 1, -1))

    def refused(self):
        for what, legs, limit in (("divisor", [(s, 2 * q) for s, q in self.one_two], 1.0), ("zero", self.one_two, 0)):
            try:
                self.combo_limit_order([Leg.create(s, q) for s, q in legs], 1, limit)
            except BaseException:
                self.note(what, raised=True)
        tiny = self.combo_limit_order([Leg.create(s, q) for s, q in self.one_two], 1, 0.004)
        self.answer("tiny", tiny, limit=tiny[0].get(OrderField.LIMIT_PRICE))
        tiny[0].cancel()
