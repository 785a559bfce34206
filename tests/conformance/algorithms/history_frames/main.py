from AlgorithmImports import *
from probe import Probe


class HistoryFrames(Probe):
    """History: daily and minute frames, spans, quotes of an option, a future, an index, and typed bars."""

    START, END = (2024, 8, 6), (2024, 8, 6)

    def set_up(self):
        self.option = self.put((2024, 9, 20), 500)
        self.es = self.add_future_contract(Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20))).symbol
        self.frame("in initialize", self.history(self.spy, 30, Resolution.DAILY))
        self.at((2024, 8, 6), "10:30", self.look)

    def frame(self, what, frame):
        columns = [str(column) for column in frame.columns]
        rows = [[float(value) for value in frame.iloc[index].fillna(-1)] for index in (0, len(frame) // 2, -1)] \
            if len(frame) else []
        ends = [str(frame.index[index][-1]) for index in (0, -1)] if len(frame) else []
        names = [str(name) for name in frame.index.names]
        self.note(what, rows=len(frame), columns=columns, names=names, some=rows, ends=ends)

    def look(self):
        self.frame("daily", self.history(self.spy, 300, Resolution.DAILY))
        self.frame("daily VIX", self.history(self.vix, 60, Resolution.DAILY))
        self.frame("minutes", self.history(self.spy, 45, Resolution.MINUTE))
        self.frame("span", self.history(self.spy, timedelta(days=3), Resolution.DAILY))
        first, last = datetime(2024, 8, 5, 15), datetime(2024, 8, 5, 17)
        self.frame("from to", self.history(self.spy, first, last, Resolution.MINUTE))
        self.frame("option", self.history(self.option, 20, Resolution.MINUTE))
        self.frame("future", self.history(self.es, 20, Resolution.MINUTE))
        self.frame("two", self.history([self.spy, self.vix], 5, Resolution.DAILY))
        bars = list(self.history[TradeBar](self.spy, 3, Resolution.DAILY))
        self.note("bars", ends=[str(bar.end_time) for bar in bars], closes=[bar.close for bar in bars],
                  volumes=[bar.volume for bar in bars])
        quotes = list(self.history[QuoteBar](self.option, 5, Resolution.MINUTE))
        self.note("quotes", ends=[str(bar.end_time) for bar in quotes], asks=[bar.ask.close for bar in quotes])
