from AlgorithmImports import *
from probe import Probe


class WarmUpMinutes(Probe):
    """A warm-up of ninety minute bars: the first and last bars, an option's quotes, consolidators, two resolutions."""

    START, END = (2024, 8, 7), (2024, 8, 7)

    def set_up(self):
        self.set_warm_up(90, Resolution.MINUTE)
        self.option = self.put((2024, 9, 20), 500)
        self.bars, self.total = 0, 0.0
        self.consolidate(self.spy, timedelta(hours=1), lambda bar: self.bar("hour", bar))
        self.consolidate(self.vix, Resolution.DAILY, lambda bar: self.bar("VIX day", bar))
        self.mean = self.sma(self.spy, 30, Resolution.MINUTE)

    def bar(self, what, bar):
        self.note(what, warming=self.is_warming_up, start=str(bar.time), end=str(bar.end_time),
                  figures=[bar.open, bar.high, bar.low, bar.close, bar.volume])

    def on_data(self, data):
        self.bars += 1
        if self.bars < 4 or self.time.strftime("%H:%M") in ("15:59", "16:00", "09:31", "09:32", "12:00"):
            quotes = data.quote_bars
            option = quotes[self.option].bid.close if quotes.contains_key(self.option) else None
            self.note("data", warming=self.is_warming_up, bars=self.bars, spy=self.close(data, self.spy), vix=self.close(data, self.vix),
                      option=option, samples=self.mean.samples)

    def close(self, data, symbol):
        return data.bars[symbol].close if data.bars.contains_key(symbol) else None

    def on_warmup_finished(self):
        self.note("finished", bars=self.bars, samples=self.mean.samples, mean=self.mean.current.value)
