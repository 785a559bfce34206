from AlgorithmImports import *
from probe import Probe


class AssignedSharesDividend(Probe):
    """A short call assigned on 9 August leaves short shares over the ex-date: the dividend is paid; bought back."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 14), 60_000

    def set_up(self):
        self.aapl = self.add_equity("AAPL", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.at((2024, 8, 6), "9:45", self.choose)
        self.at((2024, 8, 6), "10:15", lambda: self.single(self.short, -1))
        for day in (6, 7, 8, 9, 12, 13, 14):
            self.at((2024, 8, day), "11:31", lambda: self.account("held"))
        self.at((2024, 8, 13), "12:01", self.buy_back)

    def choose(self):
        rows = [row for row in self.option_chain(self.aapl) if row.expiry.date() == date(2024, 8, 9)]
        price = self.securities[self.aapl].price
        row = min((row for row in rows if row.right == OptionRight.CALL), key=lambda row: abs(row.strike - price + 8))
        self.short = self.add_option_contract(row.symbol).symbol
        self.note("chosen", symbol=self.name_of(self.short), price=price)

    def buy_back(self):
        quantity = self.portfolio[self.aapl].quantity
        self.note("shares", quantity=quantity)
        if quantity:
            self.answer("buy", [self.market_order(self.aapl, -quantity)])

    def on_assignment_order_event(self, event):
        self.note("assigned", symbol=self.name_of(event.symbol), quantity=event.fill_quantity, price=event.fill_price)
