from AlgorithmImports import *
from probe import Probe


class ContinuousFuture(Probe):
    """A continuous future by two mapping modes: what it stands for, its changes, its history, the contract's last day."""

    START, END, CASH = (2024, 8, 12), (2024, 8, 21), 100_000

    def set_up(self):
        self.oil = self.add_future("CL", Resolution.MINUTE, Market.NYMEX, data_mapping_mode=DataMappingMode.OPEN_INTEREST,
                                   data_normalization_mode=DataNormalizationMode.BACKWARDS_RATIO)
        self.micro = self.add_future("MCL", Resolution.MINUTE, Market.NYMEX, data_mapping_mode=DataMappingMode.LAST_TRADING_DAY,
                                     data_normalization_mode=DataNormalizationMode.RAW)
        for day in range(12, 22):
            self.at((2024, 8, day), "10:00", self.look)
        self.at((2024, 8, 16), "10:01", self.enter)
        self.at((2024, 8, 21), "12:00", self.histories)

    def look(self):
        for future in (self.oil, self.micro):
            self.note("stands for", mapped=str(future.mapped.id), price=future.price, value=future.symbol.value,
                      known=self.securities.contains_key(future.mapped),
                      mapped_price=self.securities[future.mapped].price if self.securities.contains_key(future.mapped) else None)

    def enter(self):
        self.contract = self.micro.mapped
        self.answer("bought", [self.market_order(self.contract, 1)])
        self.account("holds")

    def histories(self):
        for mode in (DataMappingMode.LAST_TRADING_DAY, DataMappingMode.FIRST_DAY_MONTH, DataMappingMode.OPEN_INTEREST):
            frame = self.history(self.oil.symbol, datetime(2024, 8, 12), datetime(2024, 8, 21), Resolution.HOUR,
                                 data_mapping_mode=mode, data_normalization_mode=DataNormalizationMode.RAW)
            bars = list(self.history[TradeBar](self.oil.symbol, datetime(2024, 8, 13, 12), datetime(2024, 8, 14, 12), Resolution.MINUTE,
                                               data_mapping_mode=mode, data_normalization_mode=DataNormalizationMode.RAW))
            self.note("history", mode=str(mode), rows=len(frame), bars=len(bars), some=[bar.close for bar in bars[::240]],
                      ends=[str(bar.end_time) for bar in bars[::480]])

    def on_symbol_changed_events(self, changes):
        for pair in changes:
            one = pair.value
            self.note("changed", symbol=str(pair.key.id), old=one.old_symbol, new=one.new_symbol, end=str(one.end_time))

    def on_delistings(self, delistings):
        for pair in delistings:
            self.note("delisting", symbol=str(pair.key.id), kind=str(pair.value.type), price=pair.value.price,
                      end=str(pair.value.end_time))

    def on_securities_changed(self, changes):
        self.note("securities", added=[str(one.symbol.id) for one in changes.added_securities],
                  removed=[str(one.symbol.id) for one in changes.removed_securities])
