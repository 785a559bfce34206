from AlgorithmImports import *
from probe import Probe


class ComboCancelPending(Probe):
    """A leg of a resting combo is cancelled while another order's fill is told: in time to fill, or short of money."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 60_000

    def set_up(self):
        self.one, self.two = (self.put((2024, 9, 20), strike) for strike in (500, 490))
        self.three, self.four = (self.put((2024, 12, 20), strike) for strike in (470, 460))
        self.five, self.six = (self.put((2024, 8, 16), strike) for strike in (505, 495))
        self.rival, self.target, self.leg = None, [], 0
        for minute, leg, quantity in (("10:01", 0, 1), ("10:31", 1, 1), ("11:01", 0, 2), ("11:31", 1, 2)):
            self.at((2024, 8, 6), minute, lambda leg=leg, quantity=quantity: self.pair(leg, quantity))
        for minute, leg in (("10:01", 0), ("10:31", 1)):
            self.at((2024, 8, 7), minute, lambda leg=leg: self.pair(leg, 1, dear=True))
        self.at((2024, 8, 7), "12:00", lambda: self.account("later"))

    def pair(self, leg, quantity, dear=False):
        """Two combos of which the first fills first; with ``dear`` it takes the money the second needs."""
        self.leg, room = leg, int(self.portfolio.margin_remaining / 1000) - 3
        legs = [(self.five, -1), (self.six, 1)] if dear else [(self.three, 1), (self.four, 1)]
        self.rival = self.combo(legs, quantity=20 if dear else 1, yielding=0.6)[0].order_id
        self.target = self.combo([(self.one, -1), (self.two, 1)], quantity=room if dear else quantity)
        self.account("sent")

    def on_order_event(self, event):
        super().on_order_event(event)
        if event.order_id == self.rival and event.status == OrderStatus.FILLED:
            self.rival = None
            answer = self.target[self.leg].cancel("rival filled")
            self.note("cancelled", error=int(answer.error_code), statuses=[int(ticket.status) for ticket in self.target])
            self.target_requests = [int(ticket.cancel_request.status) for ticket in self.target if ticket.cancel_request]
            self.note("requests", statuses=self.target_requests)
