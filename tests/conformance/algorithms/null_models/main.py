from AlgorithmImports import *
from probe import Probe


class NullModels(Probe):
    """No margin anywhere: null buying power, null position groups, null margin calls. Cash may go below zero."""

    START, END, CASH = (2024, 8, 2), (2024, 8, 6), 26_000

    def set_up(self):
        self.portfolio.set_positions(SecurityPositionGroupModel.NULL)
        self.portfolio.set_margin_call_model(MarginCallModel.NULL)
        expiry = (2024, 9, 20)
        self.strangle = [(self.put(expiry, 500), -1), (self.call(expiry, 560), -1)]
        self.long = self.call((2024, 12, 20), 500)
        for pair in self.securities:
            pair.value.set_buying_power_model(BuyingPowerModel.NULL)
        self.at((2024, 8, 2), "10:01", lambda: self.combo(self.strangle, 4))
        self.at((2024, 8, 2), "10:31", lambda: self.single(self.long, 9, yielding=1.0))
        for day in (2, 5, 6):
            self.at((2024, 8, day), "11:01", lambda: self.account("held"))
        self.at((2024, 8, 6), "12:01", lambda: self.combo(self.strangle, 4, -1, yielding=1.0))

    def on_margin_call(self, requests):
        self.note("never")
        return requests
