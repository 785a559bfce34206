from AlgorithmImports import *
from probe import Probe


class WarmUpSpan(Probe):
    """A warm-up of a day and a half in the securities' own resolution: minute indicators, scheduled rules, chains."""

    START, END = (2024, 8, 7), (2024, 8, 7)

    def set_up(self):
        self.set_warm_up(timedelta(days=1, hours=12))
        self.mean = self.ema(self.spy, 20, Resolution.MINUTE)
        self.bars = 0
        chain = self.add_option("SPY", Resolution.MINUTE)
        chain.set_filter(-1, 1, 5, 12)
        self.chain = chain.symbol
        self.at(None, "10:00", lambda: self.note("scheduled", warming=self.is_warming_up, bars=self.bars))
        self.at(None, "15:30", lambda: self.note("scheduled", warming=self.is_warming_up, bars=self.bars))

    def on_warmup_finished(self):
        self.note("finished", bars=self.bars, mean=self.mean.current.value, samples=self.mean.samples)

    def on_data(self, data):
        self.bars += 1
        if self.time.strftime("%H:%M") in ("09:31", "12:00", "16:00"):
            found = data.option_chains.get(self.chain)
            self.note("data", warming=self.is_warming_up, spy=data.bars[self.spy].close, mean=self.mean.current.value,
                      chain=[] if found is None else [self.name_of(contract.symbol) for contract in found])

    def on_securities_changed(self, changes):
        self.note("changed", added=[self.name_of(one.symbol) for one in changes.added_securities],
                  removed=[self.name_of(one.symbol) for one in changes.removed_securities])
