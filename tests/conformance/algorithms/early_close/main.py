from AlgorithmImports import *
from probe import Probe


class EarlyClose(Probe):
    """3 July 2024 ends at 13:00: what hours say, when rules fire, which orders still fill, a 0DTE spread's end."""

    DATA, START, END = "july", (2024, 7, 2), (2024, 7, 5)

    def set_up(self):
        self.es = self.add_future_contract(Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20))).symbol
        self.legs = [(self.put((2024, 8, 16), 540), -1), (self.put((2024, 8, 16), 530), 1)]
        days, rules = self.date_rules.every_day(self.spy), self.time_rules
        for symbol in (self.spy, self.vix, self.es):
            self.schedule.on(days, rules.before_market_close(symbol, 15),
                             lambda symbol=symbol: self.note("15 before close", of=symbol.value))
        self.schedule.on(days, rules.after_market_open(self.spy, 1), self.hours)
        self.schedule.on(days, rules.at(15, 45), lambda: self.note("15:45", open=bool(self.is_market_open(self.spy))))
        for clock in ("12:57", "12:59", "13:00", "13:05"):
            self.at((2024, 7, 3), clock, lambda: self.combo(self.legs))
        self.at((2024, 7, 3), "9:35", self.choose)
        self.at((2024, 7, 3), "10:01", lambda: self.combo(self.zero))
        self.at((2024, 7, 3), "12:40", lambda: self.answer("future", [self.market_order(self.es, 1)]))
        self.at((2024, 7, 3), "14:30", lambda: self.answer("future late", [self.market_order(self.es, -1)]))
        self.at((2024, 7, 5), "10:01", lambda: self.account("after the holiday"))
        self.last = None

    def choose(self):
        price = self.securities[self.spy].price
        strikes = sorted(float(row.strike) for row in self.option_chain(self.spy)
                         if row.right == OptionRight.PUT and row.expiry.date() == self.time.date())
        near = [min(strikes, key=lambda strike: abs(strike - price + away)) for away in (0, 5)]
        self.zero = [(self.put((2024, 7, 3), strike), sign) for strike, sign in zip(near, (-1, 1))]
        self.note("strikes", near=near)

    def hours(self):
        for symbol in (self.spy, self.vix, self.es):
            hours, now = self.securities[symbol].exchange.hours, self.securities[symbol].local_time
            self.note("hours", of=symbol.value, close=str(hours.get_next_market_close(now, False)),
                      open=str(hours.get_next_market_open(now, False)),
                      late=str(hours.get_next_market_close(now, True)))

    def on_data(self, data):
        if self.last is not None and self.last.date() != self.time.date():
            self.note("first slice", last=str(self.last))
        self.last = self.time

    def on_end_of_day(self, symbol):
        self.note("end of day", symbol=symbol.value)
