from AlgorithmImports import *
from probe import Probe


class SelectedUniverse(Probe):
    """Tickers a function gives every day, options on them, and what leaves when the function changes its mind."""

    START, END = (2024, 8, 6), (2024, 8, 9)

    def set_up(self):
        self.universe_settings.resolution = Resolution.MINUTE
        universe = self.add_universe("chosen", self.choose)
        self.add_universe_options(universe, lambda contracts: contracts.strikes(-1, 1).expiration(5, 12))
        self.seen = SecurityChanges.NONE

    def choose(self, time):
        self.note("choose", at=str(time))
        return ["AAPL"] if time.day < 8 else ["SPY"]

    def on_data(self, data):
        if self.time.strftime("%H:%M") in ("09:31", "12:00"):
            for pair in data.option_chains:
                self.note("chain", symbol=self.name_of(pair.key), under=pair.value.underlying.price,
                          contracts=[self.name_of(contract.symbol) for contract in pair.value])

    def on_securities_changed(self, changes):
        self.note("changed", added=[self.name_of(one.symbol) for one in changes.added_securities],
                  removed=[self.name_of(one.symbol) for one in changes.removed_securities])
        self.seen = self.seen + changes
        self.note("seen", added=len(self.seen.added_securities), removed=len(self.seen.removed_securities))
