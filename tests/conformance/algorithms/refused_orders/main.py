from AlgorithmImports import *
from probe import Probe


class RefusedOrders(Probe):
    """What Tastytrade's model refuses, with codes: combo market, legs with limits, on open, trailing, if touched."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 6), 8_000

    def set_up(self):
        expiry = (2024, 9, 20)
        self.legs = [(self.put(expiry, 500), -1), (self.put(expiry, 490), 1)]
        self.at((2024, 8, 6), "10:01", self.go)
        self.at((2024, 8, 6), "16:05", self.late)

    def go(self):
        legs = [Leg.create(symbol, quantity) for symbol, quantity in self.legs]
        self.answer("combo market", self.combo_market_order(legs, 1))
        limits = [Leg.create(symbol, quantity, 5.0) for symbol, quantity in self.legs]
        self.answer("leg limits", self.combo_leg_limit_order(limits, 1))
        self.answer("on open", [self.market_on_open_order(self.spy, 1)])
        self.answer("on close", [self.market_on_close_order(self.spy, 1)])
        self.answer("if touched", [self.limit_if_touched_order(self.spy, 1, 500.0, 499.0)])
        self.answer("trailing", [self.trailing_stop_order(self.spy, 1, 5.25, False)])
        self.answer("too many shares", [self.limit_order(self.spy, 500, 520.0)])
        self.answer("naked", [self.limit_order(self.legs[0][0], -3, 5.0)])
        self.answer("no quantity", [self.limit_order(self.spy, 0, 500.0)])
        self.account("after")

    def late(self):
        self.answer("late market", [self.market_order(self.spy, 1)])
        self.answer("late limit", [self.limit_order(self.legs[1][0], 1, 5.0)])
