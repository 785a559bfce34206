from AlgorithmImports import *
from probe import Probe


class AppleDividend(Probe):
    """Shares over their ex-date (12 August): cash comes to the long side; the yield enters implied volatility."""

    START, END, CASH = (2024, 8, 8), (2024, 8, 13), 60_000

    def set_up(self):
        self.aapl = self.add_equity("AAPL", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.calls = self.call((2024, 8, 16), 215, self.aapl)
        self.at((2024, 8, 8), "10:01", lambda: self.answer("buy", [self.market_order(self.aapl, 150)]))
        for day in (8, 9, 12, 13):
            self.at((2024, 8, day), "11:01", self.look)

    def look(self):
        self.account("held")
        chain = self.current_slice.option_chains.get(self.calls.canonical)
        for contract in chain or []:
            self.note("greeks", symbol=self.name_of(contract.symbol), iv=contract.implied_volatility,
                      delta=contract.greeks.delta, vega=contract.greeks.vega)

    def on_dividends(self, dividends):
        for pair in dividends:
            self.note("dividend", symbol=pair.key.value, amount=pair.value.distribution,
                      reference=pair.value.reference_price)

    def on_data(self, data):
        for pair in data.dividends:
            self.note("dividend in slice", symbol=pair.key.value, amount=pair.value.distribution)
