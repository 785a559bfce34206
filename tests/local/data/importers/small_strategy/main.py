"""A small strategy for any folder with options: buys a call and sells a put near the money, later turns both round, and
again the next day. ``contracts`` names legs (``20230901:C:430``); without it the chain's filter finds them."""
from AlgorithmImports import *


class SmallStrategy(QCAlgorithm):
    """Two legs, in and out once a day: in by market orders, out by limits that the market meets."""

    def initialize(self) -> None:
        start, end = (datetime.strptime(self.get_parameter(name), "%Y-%m-%d") for name in ("start", "end"))
        self.set_start_date(start.year, start.month, start.day)
        self.set_end_date(end.year, end.month, end.day)
        self.set_cash(200_000)
        self.resolution = {"minute": Resolution.MINUTE, "hour": Resolution.HOUR}[self.get_parameter("resolution", "minute")]
        self.wait = timedelta(minutes=int(self.get_parameter("wait", "20")))
        self.ticker, target = self.get_parameter("ticker"), self.get_parameter("target", "")
        self.named, self.legs, self.day, self.entered = [], [], None, None
        if self.get_parameter("contracts", ""):
            self.name_contracts(target)
        elif target:
            underlying = self.add_index(self.ticker, self.resolution).symbol
            self.filter(self.add_index_option(underlying, target, self.resolution))
        else:
            self.add_equity(self.ticker, self.resolution, data_normalization_mode=DataNormalizationMode.RAW)
            self.filter(self.add_option(self.ticker, self.resolution))

    def filter(self, option) -> None:
        self.chain = option.symbol
        option.set_filter(lambda universe: universe.include_weeklys().strikes(-3, 3).expiration(1, 90))

    def name_contracts(self, target) -> None:
        add = self.add_index if target else self.add_equity
        share = add(self.ticker, self.resolution)
        if not target:
            share.set_data_normalization_mode(DataNormalizationMode.RAW)
        for text in self.get_parameter("contracts").split(";"):
            expiry, right, strike = text.split(":")
            right = OptionRight.CALL if right == "C" else OptionRight.PUT
            day = datetime.strptime(expiry, "%Y%m%d")
            if target:
                symbol = Symbol.create_option(share.symbol, target, Market.USA, OptionStyle.EUROPEAN, right, float(strike), day)
                self.named.append(self.add_index_option_contract(symbol, self.resolution).symbol)
            else:
                symbol = Symbol.create_option(share.symbol, Market.USA, OptionStyle.AMERICAN, right, float(strike), day)
                self.named.append(self.add_option_contract(symbol, self.resolution).symbol)

    def on_data(self, slice) -> None:
        if self.legs:
            self.leave(slice)
        elif self.time.date() != self.day:
            self.enter(slice)

    def quoted(self, slice, symbol):
        bar = slice.quote_bars.get(symbol)
        if bar is None or bar.bid is None or bar.ask is None or bar.bid.close <= 0 or bar.is_fill_forward:
            return None
        return bar

    def enter(self, slice) -> None:
        found = []
        for right in (OptionRight.CALL, OptionRight.PUT):
            symbols = [symbol for symbol in self.candidates(slice) if symbol.id.option_right == right and self.quoted(slice, symbol)]
            if not symbols:
                return
            price = self.securities[symbols[0].underlying].price
            found.append(min(symbols, key=lambda symbol: (abs(symbol.id.strike_price - price), symbol.id.date, symbol.value)))
        self.legs, self.day, self.entered = found, self.time.date(), self.time
        self.market_order(found[0], 1)
        self.market_order(found[1], -1)

    def candidates(self, slice):
        if self.named:
            return self.named
        chain = slice.option_chains.get(self.chain)
        return [] if chain is None else [contract.symbol for contract in chain]

    def leave(self, slice) -> None:
        if self.time < self.entered + self.wait:
            return
        bars = [self.quoted(slice, symbol) for symbol in self.legs]
        if any(bar is None for bar in bars):
            return
        call, put = self.legs
        self.limit_order(call, -1, round(bars[0].bid.close * 0.9, 2))
        self.limit_order(put, 1, round(bars[1].ask.close * 1.1, 2))
        self.legs = []
