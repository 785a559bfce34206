"""What the conformance cases have in common: the account, two prices to look at, and a record of what happened."""
import json

from AlgorithmImports import *


class Probe(QCAlgorithm):
    """Tastytrade's model, SPY and VIX; every order event is recorded, and whatever a case notes beside."""

    START, END, CASH = (2024, 8, 1), (2024, 8, 1), 100_000

    def initialize(self):
        self.set_start_date(*self.START)
        self.set_end_date(*self.END)
        self.set_cash(self.CASH)
        self.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
        self.spy = self.add_equity("SPY", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.vix = self.add_index("VIX", Resolution.MINUTE).symbol
        self.record = []
        self.set_up()

    def set_up(self):
        """Schedule what the case does."""

    # what is written down ---------------------------------------------------------------------------------------
    def note(self, what, **values):
        """An entry at this time; floats with six decimals."""
        figures = {key: self.plain(value) for key, value in values.items()}
        self.record.append({"time": str(self.time), "what": what, **figures})

    def plain(self, value):
        if isinstance(value, (bool, int, str)) or value is None:
            return value
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        return round(float(value), 6)

    def account(self, what):
        """Cash, value and margin."""
        book = self.portfolio
        self.note(what, cash=book.cash, value=book.total_portfolio_value, margin_used=book.total_margin_used,
                  margin_remaining=book.margin_remaining, profit=book.total_profit, fees=book.total_fees,
                  holdings=[self.holding(pair.value) for pair in book if pair.value.invested])

    def holding(self, one):
        return f"{self.name_of(one.symbol)} {float(one.quantity):g} at {float(one.average_price):.4f}"

    def name_of(self, symbol):
        return symbol.value.replace(" ", "")

    def on_order_event(self, event):
        order = self.transactions.get_order_by_id(event.order_id)
        self.note("order event", order=event.order_id, symbol=self.name_of(event.symbol), status=int(event.status),
                  type=int(order.type), price=event.fill_price, quantity=event.fill_quantity,
                  fee=event.order_fee.value.amount, assignment=bool(event.is_assignment),
                  message=(event.message or "")[:60])

    def on_end_of_algorithm(self):
        self.account("end")
        self.note("orders", count=self.transactions.orders_count)
        self.object_store.save("conformance/record.json", json.dumps(self.record))

    # what cases do ----------------------------------------------------------------------------------------------
    def at(self, day, clock, action):
        """Schedule an action on a date (None: every day of SPY) at HH:MM."""
        dates = self.date_rules.on(*day) if day else self.date_rules.every_day(self.spy)
        hour, minute = map(int, clock.split(":"))
        self.schedule.on(dates, self.time_rules.at(hour, minute), action)

    def share_option(self, expiry, strike, right, underlying=None):
        """Subscribe to an American option on a share."""
        symbol = Symbol.create_option(underlying or self.spy, Market.USA, OptionStyle.AMERICAN, right, strike,
                                      datetime(*expiry))
        return self.add_option_contract(symbol, Resolution.MINUTE).symbol

    def put(self, expiry, strike, underlying=None):
        return self.share_option(expiry, strike, OptionRight.PUT, underlying)

    def call(self, expiry, strike, underlying=None):
        return self.share_option(expiry, strike, OptionRight.CALL, underlying)

    def market_side(self, symbol, quantity):
        """The price at once: the ask to buy, the bid to sell."""
        security = self.securities[symbol]
        return security.ask_price if quantity > 0 else security.bid_price

    def combo(self, legs, quantity=1, sign=1, limit=None, yielding=0.30):
        """A ComboLimit past the market, so that it fills on the next quotes; ``sign`` -1 closes. Notes the answer."""
        if limit is None:
            limit = round(sum(sign * q * self.market_side(s, sign * q) for s, q in legs) + yielding, 2) or 0.01
        tickets = self.combo_limit_order([Leg.create(s, sign * q) for s, q in legs], quantity, limit)
        self.answer("combo", tickets, limit=limit)
        return list(tickets)

    def single(self, symbol, quantity, limit=None, yielding=0.20):
        """A Limit past the market."""
        if limit is None:
            limit = round(self.market_side(symbol, quantity) + (yielding if quantity > 0 else -yielding), 2)
        ticket = self.limit_order(symbol, quantity, limit)
        self.answer("single", [ticket], limit=limit)
        return ticket

    def answer(self, what, tickets, **more):
        """What the engine said to orders."""
        tickets = list(tickets)
        responses = [ticket.submit_request.response for ticket in tickets]
        self.note(what, statuses=[int(ticket.status) for ticket in tickets],
                  codes=[int(response.error_code) for response in responses],
                  message=str(responses[-1].error_message or "")[:60] if responses else "", **more)
