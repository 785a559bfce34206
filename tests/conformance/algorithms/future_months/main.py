from AlgorithmImports import *
from probe import Probe


class FutureMonths(Probe):
    """Contract months, expiries and closes of five products by their chains, before and after /MCL's expiry."""

    START, END = (2024, 8, 16), (2024, 8, 21)
    ROOTS = (("ES", Market.CME), ("MES", Market.CME), ("CL", Market.NYMEX), ("MCL", Market.NYMEX), ("GC", Market.COMEX))

    def set_up(self):
        for day in (16, 19, 20, 21):
            self.at((2024, 8, day), "9:31", self.look)

    def look(self):
        for ticker, market in self.ROOTS:
            root = Symbol.create(ticker, SecurityType.FUTURE, market)
            for row in sorted(self.future_chain(root), key=lambda row: row.expiry):
                self.note("month", id=str(row.symbol.id), value=row.symbol.value, expiry=str(row.expiry),
                          close=row.last_price, days=(row.expiry - self.time).days)
            listed = self.future_chain_provider.get_future_contract_list(root, self.time)
            self.note("listed", root=ticker, ids=sorted(str(symbol.id) for symbol in listed))
