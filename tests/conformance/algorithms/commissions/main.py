from AlgorithmImports import *
from probe import Probe


class Commissions(Probe):
    """Fees of every kind of product, to open and to close: shares, options, index options, futures, their options."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 200_000

    def set_up(self):
        es = self.add_future_contract(Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20))).symbol
        mcl = self.add_future_contract(Symbol.create_future("MCL", Market.NYMEX, datetime(2024, 8, 19))).symbol
        put = Symbol.create_option(es, Market.CME, OptionStyle.AMERICAN, OptionRight.PUT, 5000, datetime(2024, 9, 20))
        vix = Symbol.create_option(self.vix, "VIXW", Market.USA, OptionStyle.EUROPEAN, OptionRight.CALL, 30,
                                   datetime(2024, 8, 14))
        put, vix = self.add_future_option_contract(put).symbol, self.add_index_option_contract(vix).symbol
        self.traded = [(self.spy, 7), (self.put((2024, 9, 20), 500), -2), (es, 1), (mcl, -2), (put, -2), (vix, 3)]
        self.at((2024, 8, 6), "10:10", lambda: self.trade(1))
        self.at((2024, 8, 6), "11:01", lambda: self.account("open"))
        self.at((2024, 8, 7), "10:10", lambda: self.trade(-1))

    def trade(self, sign):
        for symbol, quantity in self.traded:
            wide = symbol.security_type == SecurityType.FUTURE_OPTION
            self.single(symbol, sign * quantity, yielding=2.0 if wide else 0.2)
