from AlgorithmImports import *
from probe import Probe


class QuoteConsolidators(Probe):
    """Quote bars of an option and a share by periods: opens, sizes, periods without quotes, the order they come in."""

    START, END = (2024, 8, 5), (2024, 8, 6)

    def set_up(self):
        expiry = datetime(2024, 9, 20)
        far, near = (Symbol.create_option(self.spy, Market.USA, OptionStyle.AMERICAN, OptionRight.PUT, strike, when)
                     for strike, when in ((380, datetime(2024, 12, 20)), (500, expiry)))
        self.far, self.near = self.add_option_contract(far).symbol, self.add_option_contract(near, fill_forward=False).symbol
        self.watch("near 20", self.near, QuoteBarConsolidator(timedelta(minutes=20)))
        self.watch("far 10", self.far, QuoteBarConsolidator(timedelta(minutes=10)))
        self.watch("far 3", self.far, QuoteBarConsolidator(timedelta(minutes=3)))
        self.watch("spy hour", self.spy, TradeBarConsolidator(timedelta(hours=1)))
        self.watch("spy quotes", self.spy, QuoteBarConsolidator(timedelta(minutes=30)))
        self.watch("far day", self.far, QuoteBarConsolidator(timedelta(days=1)))
        self.watch("spy 90", self.spy, TradeBarConsolidator(timedelta(minutes=90)))
        self.consolidate(self.far, timedelta(minutes=25), TickType.QUOTE, lambda bar: self.bar("consolidate", bar))
        self.consolidate(self.far, Resolution.DAILY, TickType.QUOTE, lambda bar: self.bar("session", bar))

    def watch(self, what, symbol, consolidator):
        consolidator.data_consolidated += lambda _, bar: self.bar(what, bar)
        self.subscription_manager.add_consolidator(symbol, consolidator)

    def bar(self, what, bar):
        minute = self.time.strftime("%H:%M")
        if "10:35" < minute < "15:25" and what in ("far 10", "far 3", "near 20", "consolidate"):
            return
        if isinstance(bar, TradeBar):
            self.note(what, start=str(bar.time), end=str(bar.end_time), now=str(self.time),
                      figures=[bar.open, bar.high, bar.low, bar.close, bar.volume])
            return
        sides = [[side.open, side.high, side.low, side.close] if side is not None else [] for side in (bar.bid, bar.ask)]
        self.note(what, start=str(bar.time), end=str(bar.end_time), bid=sides[0], ask=sides[1], value=bar.value,
                  close=bar.close, sizes=[bar.last_bid_size, bar.last_ask_size])
