from AlgorithmImports import *
from probe import Probe


class ConsolidatorsByCount(Probe):
    """Consolidators by count, calendar and price: bars of seven, weeks and months, Renko bricks, a running bar."""

    START, END = (2024, 8, 1), (2024, 8, 13)

    def set_up(self):
        self.option = self.put((2024, 9, 20), 500)
        self.watch("forty", self.spy, TradeBarConsolidator(40))
        self.watch("forty quotes", self.option, QuoteBarConsolidator(40))
        self.watch("week", self.spy, TradeBarConsolidator(Calendar.WEEKLY))
        self.watch("month", self.vix, TradeBarConsolidator(Calendar.MONTHLY))
        self.watch("own", self.spy, TradeBarConsolidator(self.two_days))
        self.watch("renko", self.spy, RenkoConsolidator(2.5))
        self.watch("classic", self.spy, ClassicRenkoConsolidator(4))
        self.watch("classic uneven", self.spy, ClassicRenkoConsolidator(4, None, None, False))
        self.running = self.consolidate(self.spy, timedelta(hours=2), lambda bar: self.bar("two hours", bar))
        self.weekly = self.consolidate(self.vix, Calendar.WEEKLY, lambda bar: self.bar("VIX week", bar))
        self.at((2024, 8, 6), "10:17", self.look)
        self.at((2024, 8, 7), "10:17", self.look)

    def two_days(self, when):
        start = datetime(when.year, when.month, when.day) - timedelta(days=when.day % 2)
        return CalendarInfo(start, timedelta(days=2))

    def watch(self, what, symbol, consolidator):
        consolidator.data_consolidated += lambda _, bar: self.bar(what, bar)
        self.subscription_manager.add_consolidator(symbol, consolidator)

    def bar(self, what, bar):
        if what == "two hours" and self.time.day not in (2, 5) or what.startswith("forty") and self.time.day != 2:
            return
        more = {"direction": str(bar.direction), "size": bar.brick_size} if "renko" in what or "classic" in what else {}
        self.note(what, start=str(bar.time), end=str(bar.end_time), figures=[bar.open, bar.high, bar.low, bar.close], **more)

    def look(self):
        working, last = self.running.working_data, self.running.consolidated
        self.note("running", start=str(working.time), end=str(working.end_time), close=working.value,
                  last=None if last is None else str(last.end_time))
        self.note("week so far", start=str(self.weekly.working_data.time), close=self.weekly.working_data.value)
