from AlgorithmImports import *
from probe import Probe


class WarmUpDaily(Probe):
    """A warm-up of five daily bars: what comes in slices, when it ends, orders refused until then."""

    START, END = (2024, 8, 8), (2024, 8, 8)

    def set_up(self):
        self.set_warm_up(5, Resolution.DAILY)
        self.mean = self.sma(self.spy, 3, Resolution.DAILY)
        self.option = self.put((2024, 8, 16), 510)
        self.note("asked", time=str(self.time), warming=self.is_warming_up)

    def on_warmup_finished(self):
        self.note("finished", time_now=str(self.time), mean=self.mean.current.value, samples=self.mean.samples,
                  price=self.securities[self.spy].price, vix=self.securities[self.vix].price)

    def on_data(self, data):
        minute = self.time.strftime("%H:%M")
        if self.is_warming_up or minute in ("09:31", "09:32", "15:59", "16:00"):
            self.note("data", warming=self.is_warming_up, bars=[self.bar(pair) for pair in data.bars],
                      quotes=[self.name_of(pair.key) for pair in data.quote_bars], price=self.securities[self.spy].price,
                      option=self.securities[self.option].price)
        if self.is_warming_up or minute == "09:32":
            self.single(self.spy, 1)

    def bar(self, pair):
        return f"{self.name_of(pair.key)} {pair.value.time} {pair.value.end_time} {pair.value.close:.4f}"
