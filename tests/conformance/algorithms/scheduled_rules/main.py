from AlgorithmImports import *
from probe import Probe


class ScheduledRules(Probe):
    """Date and time rules over a week with a holiday, events added in the run and removed, equal times in order."""

    DATA, START, END = "july", (2024, 7, 1), (2024, 7, 5)

    def set_up(self):
        dates, times = self.date_rules, self.time_rules
        rules = {"month start": dates.month_start(self.spy), "week start": dates.week_start(self.spy),
                 "week end": dates.week_end(self.spy), "fridays": dates.every(DayOfWeek.FRIDAY),
                 "thursdays": dates.every(DayOfWeek.THURSDAY), "all days": dates.every_day(),
                 "on": dates.on(2024, 7, 3), "tomorrow": dates.tomorrow, "today": dates.today}
        for name, rule in rules.items():
            self.schedule.on(rule, times.at(10, 30), lambda name=name: self.note(name))
        every = dates.every_day(self.spy)
        self.schedule.on(every, times.every(timedelta(hours=3)), lambda: self.note("every three hours"))
        self.schedule.on(every, times.midnight, lambda: self.note("midnight"))
        self.schedule.on(every, times.noon, lambda: self.note("noon"))
        self.schedule.on(every, times.after_market_open(self.spy, -10), lambda: self.note("before the open"))
        self.schedule.on(every, times.before_market_close(self.spy, 0), lambda: self.note("at the close"))
        self.schedule.on(every, times.at(9, 31, 30), lambda: self.note("half a minute"))
        self.added = self.schedule.on(every, times.at(11, 0), self.first)
        self.schedule.on(every, times.at(11, 0), lambda: self.note("second at eleven"))

    def first(self):
        self.note("first at eleven")
        self.schedule.on(self.date_rules.today, self.time_rules.at(11, 5), lambda: self.note("added at eleven"))
        self.schedule.on(self.date_rules.today, self.time_rules.at(10, 0), lambda: self.note("never: past"))
        if self.time.day == 3:
            self.schedule.remove(self.added)
