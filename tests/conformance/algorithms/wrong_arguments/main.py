from AlgorithmImports import *
from probe import Probe


class WrongArguments(Probe):
    """Arguments of the wrong kind: which calls refuse them, and which take them."""

    START, END = (2024, 8, 6), (2024, 8, 6)

    def set_up(self):
        self.option = self.put((2024, 9, 20), 500)
        self.es = Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20))
        self.at((2024, 8, 6), "10:00", self.orders)
        self.at((2024, 8, 6), "10:30", self.others)

    def attempt(self, what, call):
        try:
            found = call()
        except BaseException:
            self.note(what, refused=True)
            return
        self.answer(what, [found], quantity=found.quantity) if isinstance(found, OrderTicket) else self.note(what, refused=False)

    def orders(self):
        spy, option = self.spy, self.option
        self.attempt("text as quantity", lambda: self.market_order(spy, "1"))
        self.attempt("none as quantity", lambda: self.market_order(spy, None))
        self.attempt("boolean as quantity", lambda: self.market_order(spy, True))
        self.attempt("fraction", lambda: self.market_order(spy, 1.5))
        self.attempt("not a number", lambda: self.limit_order(spy, 1, float("nan")))
        self.attempt("text as limit", lambda: self.limit_order(spy, 1, "500"))
        self.attempt("number as tag", lambda: self.limit_order(spy, 1, 400, False, 5))
        self.attempt("none as symbol", lambda: self.market_order(None, 1))
        self.attempt("security as symbol", lambda: self.market_order(self.securities[spy], 1))
        self.attempt("fraction in a combo", lambda: self.combo_limit_order([Leg.create(option, -1)], 1.5, -1.0))
        self.attempt("fraction of a leg", lambda: Leg.create(option, 0.5))
        self.attempt("text as leg", lambda: Leg.create(option, "1"))
        self.attempt("tuple as leg", lambda: self.combo_limit_order([(option, 1)], 1, 1.0))
        self.attempt("named wrongly", lambda: self.limit_order(symbol=spy, amount=1, limit_price=400))
        self.attempt("too many", lambda: self.market_order(spy, 1, False, "", None, 1))

    def others(self):
        other = Symbol.create_option(self.spy, Market.USA, OptionStyle.AMERICAN, OptionRight.PUT, 510, datetime(2024, 9, 20))
        self.attempt("option as future option", lambda: self.add_future_option_contract(other))
        self.attempt("an order on it", lambda: self.limit_order(other, 1, 1.0))
        self.attempt("future as option", lambda: self.add_option_contract(self.es))
        self.attempt("share as option", lambda: self.add_option_contract(self.spy))
        self.attempt("option as index option", lambda: self.add_index_option_contract(self.option))
        self.attempt("option as future", lambda: self.add_future_contract(self.option))
        self.attempt("text as resolution", lambda: self.add_equity("QQQ", "minute"))
        self.attempt("number as resolution", lambda: self.add_equity("QQQ", 1))
        self.attempt("text as periods", lambda: self.history(self.spy, "5", Resolution.DAILY))
        self.attempt("text as date", lambda: self.schedule.on("2024-08-06", self.time_rules.at(15, 0), self.others))
        self.attempt("number to save", lambda: self.object_store.save("conformance/x", 5))
        self.attempt("text as cash", lambda: self.portfolio.set_cash("100"))
        self.attempt("unknown member", lambda: self.no_such_member)
        self.attempt("text as strike", lambda: Symbol.create_option(self.spy, Market.USA, OptionStyle.AMERICAN, OptionRight.PUT,
                                                                    "500", datetime(2024, 9, 20)))
