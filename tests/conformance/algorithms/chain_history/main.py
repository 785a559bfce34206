from AlgorithmImports import *
from probe import Probe


class ChainHistory(Probe):
    """History of chains, flattened: days, contracts, columns, by number of days and by span."""

    START, END = (2024, 8, 7), (2024, 8, 7)

    def set_up(self):
        self.chain = self.add_option("SPY", Resolution.MINUTE).symbol
        self.look("in initialize")
        self.at((2024, 8, 7), "12:00", lambda: self.look("at noon"))

    def look(self, what):
        for table in (self.history(self.chain, 2, flatten=True), self.history(self.chain, timedelta(days=5), flatten=True)):
            days = table.index.get_level_values(0)
            self.note(what, names=list(table.index.names), days=[str(day) for day in dict.fromkeys(days)], rows=len(table),
                      first=self.name_of(table.index[0][1]), columns=sorted(str(column) for column in table.columns),
                      close=float(table["close"].sum()), delta=float(table["delta"].sum()))
