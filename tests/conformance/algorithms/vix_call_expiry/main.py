from AlgorithmImports import *
from probe import Probe


class VixCallExpiry(Probe):
    """VIX calls of 7 August, one in the money, one not: cash-settled, European, no shares come of it."""

    START, END, CASH = (2024, 8, 1), (2024, 8, 8), 21_000

    def set_up(self):
        self.low, self.high = (self.contract(strike) for strike in (18, 40))
        self.at((2024, 8, 1), "10:01", lambda: self.single(self.low, 3))
        self.at((2024, 8, 1), "10:01", lambda: self.single(self.high, 2))
        for day in (1, 5, 7, 8):
            self.at((2024, 8, day), "11:01", self.look)
        self.at((2024, 8, 6), "10:30", lambda: self.answer("exercise", [self.exercise_option(self.low, 1)]))

    def contract(self, strike):
        symbol = Symbol.create_option(self.vix, "VIXW", Market.USA, OptionStyle.EUROPEAN, OptionRight.CALL, strike,
                                      datetime(2024, 8, 7))
        return self.add_index_option_contract(symbol).symbol

    def look(self):
        option = self.securities[self.low]
        self.note("option", vix=self.securities[self.vix].price, bid=option.bid_price, ask=option.ask_price,
                  style=int(option.style), settlement=int(option.exercise_settlement),
                  tradable=bool(option.is_tradable))
        self.account("held")
