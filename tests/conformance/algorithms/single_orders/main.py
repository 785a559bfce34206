from AlgorithmImports import *
from probe import Probe


class SingleOrders(Probe):
    """Limit, stop and stop-limit orders on shares and one option; a limit that waits for its price; time in force."""

    START, END, CASH = (2024, 8, 5), (2024, 8, 6), 100_000

    def set_up(self):
        self.option = self.put((2024, 8, 16), 500)
        day = (2024, 8, 5)
        self.at(day, "9:45", lambda: self.answer("limit", [self.limit_order(self.spy, 20, 513.5)]))
        self.at(day, "9:46", lambda: self.answer("stop", [self.stop_market_order(self.spy, 10, 520.0)]))
        self.at(day, "9:47", lambda: self.answer("stop limit", [self.stop_limit_order(self.spy, -10, 516.0, 515.9)]))
        self.at(day, "9:48", self.option_stop)
        self.at(day, "9:50", self.of_the_day)
        self.at(day, "15:45", lambda: self.account("held"))
        self.at((2024, 8, 6), "10:01", lambda: self.note("open", orders=[
            f"{one.id} {int(one.status)}" for one in self.transactions.get_open_orders()]))
        self.at((2024, 8, 6), "10:02", lambda: self.answer("flat", self.liquidate()))

    def option_stop(self):
        stop = round(self.securities[self.option].ask_price * 1.04, 2)
        self.answer("option stop", [self.stop_market_order(self.option, 1, stop)], stop=stop)

    def of_the_day(self):
        properties = OrderProperties()
        properties.time_in_force = TimeInForce.DAY
        self.answer("day", [self.limit_order(self.spy, 5, 480.0, order_properties=properties)])
