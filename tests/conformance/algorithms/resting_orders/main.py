from AlgorithmImports import *
from probe import Probe


class RestingOrders(Probe):
    """Nothing is reserved for resting orders: two combos beyond the money are taken, the second to fill is refused."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 5_000

    def set_up(self):
        self.first = [(self.put((2024, 9, 20), 490), -1), (self.put((2024, 9, 20), 480), 1)]
        self.second = [(self.put((2024, 10, 18), 490), -1), (self.put((2024, 10, 18), 480), 1)]
        self.tickets = []
        self.at((2024, 8, 6), "10:01", self.rest)
        self.at((2024, 8, 6), "11:01", lambda: self.lower(self.tickets[0]))
        self.at((2024, 8, 6), "11:02", lambda: self.lower(self.tickets[1]))
        self.at((2024, 8, 6), "12:01", lambda: self.account("after"))
        self.at((2024, 8, 7), "10:01", lambda: self.combo(self.first, 4, -1))

    def rest(self):
        self.tickets = [self.combo(legs, 4, limit=-6.0) for legs in (self.first, self.second)]
        self.note("open", count=len(list(self.transactions.get_open_orders())),
                  power=self.portfolio.get_buying_power(self.spy, OrderDirection.BUY))

    def lower(self, tickets):
        fields = UpdateOrderFields()
        fields.limit_price = -0.50
        self.note("lower", ok=[bool(ticket.update(fields).is_success) for ticket in tickets[:1]])
