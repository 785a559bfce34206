from AlgorithmImports import *
from probe import Probe


class RemoveContract(Probe):
    """A flat contract removed and added again; a held leg removed: it is sold at the market, the other leg stays."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 30_000

    def set_up(self):
        expiry = (2024, 9, 20)
        self.legs = [(self.put(expiry, 500), -1), (self.put(expiry, 490), 1)]
        self.flat = self.put(expiry, 470)
        self.at((2024, 8, 6), "10:01", lambda: self.combo(self.legs))
        self.at((2024, 8, 6), "11:00", lambda: self.look("before"))
        self.at((2024, 8, 6), "11:01", lambda: self.note("removed", ok=bool(self.remove_option_contract(self.flat))))
        self.at((2024, 8, 6), "11:02", lambda: self.look("after"))
        self.at((2024, 8, 7), "10:01", lambda: self.put(expiry, 470))
        self.at((2024, 8, 7), "10:20", lambda: self.look("added again"))
        self.at((2024, 8, 7), "11:01", lambda: self.remove_option_contract(self.legs[1][0]))
        self.at((2024, 8, 7), "11:20", lambda: self.account("one leg"))

    def look(self, what):
        security = self.securities[self.flat]
        self.note(what, bid=security.bid_price, tradable=bool(security.is_tradable),
                  listed=bool(self.securities.contains_key(self.flat)))
