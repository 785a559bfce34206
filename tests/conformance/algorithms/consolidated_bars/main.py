from AlgorithmImports import *
from probe import Probe


class ConsolidatedBars(Probe):
    """Consolidators: 15 minutes and a day of SPY, quotes of an option, and one taken away in the run."""

    START, END = (2024, 8, 5), (2024, 8, 6)

    def set_up(self):
        self.option = self.put((2024, 9, 20), 500)
        self.fifteen = self.consolidate(self.spy, timedelta(minutes=15), self.trade_bar)
        self.consolidate(self.spy, Resolution.DAILY, lambda bar: self.bar("day", bar))
        self.consolidate(self.vix, timedelta(hours=1), lambda bar: self.bar("VIX hour", bar))
        self.consolidate(self.option, timedelta(minutes=30), self.quote_bar)
        self.at((2024, 8, 6), "11:02", self.stop)

    def bar(self, what, bar):
        self.note(what, start=str(bar.time), end=str(bar.end_time), figures=[bar.open, bar.high, bar.low, bar.close])

    def trade_bar(self, bar):
        if bar.time.hour in (9, 15):
            self.bar("fifteen", bar)
            self.note("volume", volume=bar.volume)

    def quote_bar(self, bar):
        if bar.time.hour in (9, 12):
            self.bar("option", bar)
            self.note("sides", bid=bar.bid.close, ask=bar.ask.close)

    def stop(self):
        self.subscription_manager.remove_consolidator(self.spy, self.fifteen)
        self.note("removed")
