from AlgorithmImports import *
from probe import Probe


class MinuteOrder(Probe):
    """What comes before what within a minute: order events, scheduled events, consolidators, on_data, end of day."""

    START, END = (2024, 8, 6), (2024, 8, 6)

    def set_up(self):
        self.option = self.put((2024, 9, 20), 500)
        self.ticket = None
        self.consolidate(self.spy, timedelta(minutes=5), lambda bar: self.say("five minutes", bar.end_time))
        for minute in range(0, 16):
            self.at((2024, 8, 6), f"10:{minute:02d}", lambda: self.say("scheduled"))
        self.at((2024, 8, 6), "10:01", self.send)
        self.at((2024, 8, 6), "15:50", lambda: self.say("15:50"))

    def say(self, what, when=None):
        security = self.securities[self.spy]
        self.note(what, price=security.price, bar=str(security.get_last_data().end_time), end=str(when))

    def send(self):
        self.say("sending")
        self.ticket = self.single(self.option, 1, 4.0)
        self.answer("market", [self.market_order(self.spy, 10)])

    def on_data(self, data):
        if self.time.hour == 10 and self.time.minute < 16:
            self.say("on_data")
            if self.time.minute == 7:
                fields = UpdateOrderFields()
                fields.limit_price = 40.0
                self.note("updated", ok=bool(self.ticket.update(fields).is_success))

    def on_end_of_time_step(self):
        if self.time.hour == 10 and self.time.minute == 7:
            self.say("end of time step")

    def on_end_of_day(self, symbol):
        self.say(f"end of day of {symbol.value}")
