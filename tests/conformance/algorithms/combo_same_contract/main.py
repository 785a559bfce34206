from AlgorithmImports import *
from probe import Probe


class ComboSameContract(Probe):
    """The same contract twice in a combo, with and against itself; a combo of which one leg is being cancelled."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 6), 100_000

    def set_up(self):
        expiry = (2024, 9, 20)
        self.one, self.two = self.put(expiry, 500), self.put(expiry, 490)
        day = (2024, 8, 6)
        self.at(day, "10:01", lambda: self.try_it("twice", [(self.one, 1), (self.one, 1)]))
        self.at(day, "10:10", lambda: self.try_it("against itself", [(self.one, 1), (self.one, -1)]))
        self.at(day, "10:20", lambda: self.try_it("in a ratio", [(self.one, 1), (self.two, -1), (self.one, 1)]))
        self.at(day, "10:29", lambda: self.account("held"))
        self.at(day, "10:30", self.cancel_one_leg)
        self.at(day, "10:45", lambda: self.account("after"))
        self.at(day, "11:00", self.cancel_and_update)
        self.at(day, "11:15", lambda: self.account("after both"))

    def try_it(self, what, legs):
        try:
            self.combo(legs)
        except BaseException as error:
            self.note(what, raised=str(error)[:80])

    def cancel_one_leg(self):
        self.tickets = self.combo([(self.one, -1), (self.two, 1)], limit=-9.0)
        answer = self.tickets[0].cancel("one leg")
        self.note("cancelled", error=int(answer.error_code), success=bool(answer.is_success),
                  statuses=[int(ticket.status) for ticket in self.tickets])

    def cancel_and_update(self):
        self.tickets = self.combo([(self.one, -1), (self.two, 1)], limit=-9.0)
        self.tickets[0].cancel("first")
        fields = UpdateOrderFields()
        fields.limit_price = -0.5
        answer = self.tickets[1].update(fields)
        self.note("updated", error=int(answer.error_code), statuses=[int(ticket.status) for ticket in self.tickets],
                  limit=self.tickets[1].get(OrderField.LIMIT_PRICE))
