from AlgorithmImports import *
from probe import Probe


class VixSpreadShort(Probe):
    """A short VIX call spread carried through the crash to its cash settlement, and a naked short call refused."""

    START, END, CASH = (2024, 8, 1), (2024, 8, 15), 6_000

    def set_up(self):
        self.legs = [(self.contract(strike), quantity) for strike, quantity in ((20, -1), (25, 1))]
        self.naked = self.contract(30)
        self.at((2024, 8, 1), "10:01", lambda: self.combo(self.legs, 2, yielding=0.2))
        self.at((2024, 8, 1), "10:31", lambda: self.single(self.naked, -8))
        for day in (1, 5, 6, 14, 15):
            self.at((2024, 8, day), "15:01", lambda: self.account("held"))

    def contract(self, strike):
        symbol = Symbol.create_option(self.vix, "VIXW", Market.USA, OptionStyle.EUROPEAN, OptionRight.CALL, strike,
                                      datetime(2024, 8, 14))
        return self.add_index_option_contract(symbol).symbol

    def on_margin_call_warning(self):
        self.account("warning")
