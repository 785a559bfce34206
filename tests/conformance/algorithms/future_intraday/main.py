from AlgorithmImports import *
from probe import Probe


class FutureIntraday(Probe):
    """One /ES and one /MES bought and sold again within a day: margin, fees, multiplier, the session's quotes."""

    START, END, CASH = (2024, 8, 6), (2024, 8, 7), 60_000

    def set_up(self):
        self.es = self.add_future_contract(Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20)))
        self.mes = self.add_future_contract(Symbol.create_future("MES", Market.CME, datetime(2024, 9, 20)))
        day = (2024, 8, 6)
        self.at(day, "10:00", self.look)
        self.at(day, "10:01", lambda: self.answer("market", [self.market_order(self.es.symbol, 1)]))
        self.at(day, "10:05", lambda: self.single(self.mes.symbol, -3, yielding=0.5))
        self.at(day, "10:30", lambda: self.account("both"))
        self.at(day, "15:30", lambda: self.account("before the close"))
        self.at((2024, 8, 7), "9:45", lambda: self.account("overnight"))
        self.at((2024, 8, 7), "10:00", lambda: self.answer("too many", [self.market_order(self.es.symbol, 9)]))
        self.at((2024, 8, 7), "10:30", self.leave)

    def look(self):
        for future in (self.es, self.mes):
            self.note("future", symbol=str(future.symbol.id), price=future.price, bid=future.bid_price,
                      ask=future.ask_price, multiplier=future.symbol_properties.contract_multiplier,
                      tick=future.symbol_properties.minimum_price_variation, local=str(future.local_time),
                      expiry=str(future.expiry))

    def leave(self):
        self.single(self.es.symbol, -1)
        self.answer("market", [self.market_order(self.mes.symbol, 3)])
