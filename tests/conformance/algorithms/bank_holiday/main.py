from AlgorithmImports import *
from probe import Probe


class BankHoliday(Probe):
    """A bank holiday: futures trade half a session, shares not at all; orders, schedules, closes around it."""

    DATA, START, END, CASH = "july", (2024, 7, 2), (2024, 7, 5), 100_000

    def set_up(self):
        self.es = self.add_future_contract(Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20)),
                                           extended_market_hours=True).symbol
        self.seen = {}
        for day in (3, 4, 5):
            for clock in ("8:00", "9:45", "11:30", "12:59", "14:00", "18:30"):
                self.at((2024, 7, day), clock, self.look)
        self.at((2024, 7, 4), "10:00", lambda: self.answer("future", [self.market_order(self.es, 1)]))
        self.at((2024, 7, 4), "14:00", lambda: self.answer("late", [self.market_order(self.es, 1)]))
        self.at((2024, 7, 4), "10:01", lambda: self.answer("share", [self.limit_order(self.spy, 1, 600)]))
        self.schedule.on(self.date_rules.every_day(self.es), self.time_rules.before_market_close(self.es, 10),
                         lambda: self.note("before the close"))
        self.schedule.on(self.date_rules.every_day(self.spy), self.time_rules.after_market_open(self.spy, 5),
                         lambda: self.note("after the open"))

    def look(self):
        for symbol in (self.es, self.spy):
            hours = self.securities[symbol].exchange.hours
            local = self.securities[symbol].local_time
            self.note("hours", symbol=symbol.value, open=self.securities[symbol].exchange.exchange_open,
                      date=bool(hours.is_date_open(local)), extended=bool(hours.is_open(local, True)),
                      opens=str(hours.get_next_market_open(local, False)), closes=str(hours.get_next_market_close(local, False)),
                      later=str(hours.get_next_market_close(local, True)), price=self.securities[symbol].price)

    def on_data(self, data):
        if data.quote_bars.contains_key(self.es):
            day = self.time.strftime("%d")
            self.seen.setdefault(day, []).append(self.time.strftime("%H:%M"))

    def on_end_of_algorithm(self):
        for day, times in self.seen.items():
            self.note("bars", day=day, count=len(times), first=times[0], last=times[-1])
        super().on_end_of_algorithm()
