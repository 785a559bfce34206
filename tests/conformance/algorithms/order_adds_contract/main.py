from AlgorithmImports import *
from probe import Probe


class OrderAddsContract(Probe):
    """Orders on contracts never added, removed long ago or just now, in a combo, expired; an index, an unknown ticker."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 9), 200_000

    def set_up(self):
        self.one, self.two = (self.option(strike) for strike in (500, 490))
        self.three, self.removed, self.now = (self.option(strike) for strike in (480, 470, 460))
        self.add_option_contract(self.removed)
        self.add_option_contract(self.now)
        self.expired = self.option(500, (2024, 8, 7))
        day = (2024, 8, 6)
        self.at(day, "10:01", lambda: self.order_it("never", self.one, 2))
        self.at(day, "10:10", lambda: self.look("never", self.one))
        self.at(day, "10:30", lambda: self.remove_option_contract(self.removed))
        self.at(day, "11:00", lambda: self.order_it("removed", self.removed, -1))
        self.at(day, "11:10", lambda: self.look("removed", self.removed))
        self.at(day, "11:30", self.remove_and_order)
        self.at(day, "11:40", lambda: self.look("in one step", self.now))
        self.at(day, "12:00", lambda: self.combo([(self.two, -1), (self.three, 1)], limit=0.5))
        self.at(day, "12:10", lambda: self.look("combo", self.three))
        self.at(day, "16:20", lambda: self.order_it("after the close", self.option(450), 1))
        self.at((2024, 8, 8), "10:01", lambda: self.order_it("expired", self.expired, 1))
        self.at((2024, 8, 8), "10:02", lambda: self.order_it("index", self.vix, 1))
        self.at((2024, 8, 8), "10:03", lambda: self.order_it("share", Symbol.create("QQQ", SecurityType.EQUITY, Market.USA), 5))
        self.at((2024, 8, 8), "10:04", lambda: self.order_it("unknown", "NOSUCH", 1))
        self.at((2024, 8, 8), "10:10", lambda: self.account("later"))

    def option(self, strike, expiry=(2024, 9, 20)):
        return Symbol.create_option(self.spy, Market.USA, OptionStyle.AMERICAN, OptionRight.PUT, strike, datetime(*expiry))

    def order_it(self, what, symbol, quantity):
        try:
            ticket = self.market_order(symbol, quantity)
        except BaseException as error:
            self.note(what, raised=str(error)[:60])
            return
        self.answer(what, [ticket], quantity=ticket.quantity)
        if not isinstance(symbol, str):
            self.look(what, symbol)

    def remove_and_order(self):
        self.remove_option_contract(self.now)
        self.order_it("in one step", self.now, 1)

    def look(self, what, symbol):
        known = self.securities.contains_key(symbol)
        one = self.securities[symbol]
        self.note(what, known=known, price=one.price, bid=one.bid_price, ask=one.ask_price, tradable=bool(one.is_tradable),
                  data=bool(one.has_data), holds=one.holdings.quantity)
