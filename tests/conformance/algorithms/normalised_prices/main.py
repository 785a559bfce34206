from AlgorithmImports import *
from probe import Probe


class NormalisedPrices(Probe):
    """Prices, volumes and history of a share with a dividend and a split, by every normalization mode."""

    START, END = (2024, 8, 7), (2024, 8, 15)
    MODES = (DataNormalizationMode.RAW, DataNormalizationMode.ADJUSTED, DataNormalizationMode.SPLIT_ADJUSTED,
             DataNormalizationMode.TOTAL_RETURN)

    def set_up(self):
        self.gld = self.add_equity("GLD", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.TOTAL_RETURN).symbol
        self.aapl = self.add_equity("AAPL", Resolution.MINUTE,
                                    data_normalization_mode=DataNormalizationMode.SPLIT_ADJUSTED).symbol
        self.qqq = self.add_equity("QQQ", Resolution.MINUTE).symbol
        for day in (7, 8, 13, 14, 15):
            self.at((2024, 8, day), "10:00", self.look)
        self.at((2024, 8, 15), "11:00", self.histories)

    def look(self):
        for symbol in (self.gld, self.aapl):
            one = self.securities[symbol]
            bar, quote = one.cache.get_data[TradeBar](), one.cache.get_data[QuoteBar]()
            self.note("prices", symbol=symbol.value, price=one.price, volume=bar.volume, figures=[bar.open, bar.high, bar.low],
                      bid=quote.bid.close, size=quote.last_bid_size, mode=str(one.data_normalization_mode))

    def histories(self):
        for mode in self.MODES:
            for symbol in (self.gld, self.aapl):
                bars = list(self.history[TradeBar](symbol, datetime(2024, 8, 6), datetime(2024, 8, 15), Resolution.DAILY,
                                                   data_normalization_mode=mode))
                self.note("daily", symbol=symbol.value, mode=str(mode), closes=[bar.close for bar in bars],
                          volumes=[bar.volume for bar in bars])
                quotes = list(self.history[QuoteBar](symbol, datetime(2024, 8, 7, 15, 58), datetime(2024, 8, 8, 9, 32),
                                                     Resolution.MINUTE, data_normalization_mode=mode))
                self.note("minutes", symbol=symbol.value, mode=str(mode), asks=[bar.ask.close for bar in quotes],
                          sizes=[bar.last_ask_size for bar in quotes])

    def on_dividends(self, dividends):
        for pair in dividends:
            self.note("dividend", symbol=pair.key.value, cash=pair.value.distribution, reference=pair.value.reference_price)

    def on_splits(self, splits):
        for pair in splits:
            one = pair.value
            self.note("split", symbol=pair.key.value, kind=str(one.type), factor=one.split_factor, reference=one.reference_price)
