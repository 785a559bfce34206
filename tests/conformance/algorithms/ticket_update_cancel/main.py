from AlgorithmImports import *
from probe import Probe


class TicketUpdateCancel(Probe):
    """A resting limit: its price, quantity and tag changed, updates after the fill refused, one cancelled twice."""

    START, END = (2024, 8, 6), (2024, 8, 6)

    def set_up(self):
        self.option = self.put((2024, 9, 20), 500)
        day = (2024, 8, 6)
        self.at(day, "10:01", lambda: setattr(self, "ticket", self.single(self.option, 2, 1.0)))
        self.at(day, "10:10", lambda: self.change(limit_price=1.25, tag="higher"))
        self.at(day, "10:20", lambda: self.change(quantity=3))
        self.at(day, "10:30", lambda: self.change(limit_price=30.0))
        self.at(day, "10:45", lambda: self.change(limit_price=31.0))
        self.at(day, "11:01", lambda: setattr(self, "ticket", self.single(self.option, -1, 90.0)))
        self.at(day, "11:10", lambda: self.cancel("first"))
        self.at(day, "11:15", lambda: self.cancel("second"))

    def change(self, **values):
        fields = UpdateOrderFields()
        for name, value in values.items():
            setattr(fields, name, value)
        response = self.ticket.update(fields)
        self.note("update", ok=bool(response.is_success), code=int(response.error_code), status=int(self.ticket.status),
                  quantity=self.ticket.quantity, limit=self.ticket.get(OrderField.LIMIT_PRICE), tag=self.ticket.tag,
                  filled=self.ticket.quantity_filled, average=self.ticket.average_fill_price)

    def cancel(self, why):
        response = self.ticket.cancel(why)
        self.note("cancel", ok=bool(response.is_success), code=int(response.error_code), status=int(self.ticket.status),
                  open=len(list(self.transactions.get_open_orders())))
