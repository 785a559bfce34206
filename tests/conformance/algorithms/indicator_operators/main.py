from AlgorithmImports import *
from probe import Probe


class IndicatorOperators(Probe):
    """Indicators of indicators: sums, quotients, chains and weighted ones; what Python's operators do with them."""

    START, END = (2024, 8, 6), (2024, 8, 6)

    def set_up(self):
        fast, slow = self.ema(self.spy, 5, Resolution.MINUTE), self.sma(self.spy, 20, Resolution.MINUTE)
        self.first, self.second, of = fast, slow, IndicatorExtensions
        self.made = {"of": of.of(SimpleMovingAverage(3), fast), "over": of.over(fast, slow), "times": of.times(fast, slow),
                     "minus": of.minus(fast, slow), "plus": of.plus(fast, slow, "named"), "plus two": of.plus(fast, 2),
                     "less": of.minus(slow, 1.5), "half": of.over(slow, 2), "twice": of.times(fast, 2),
                     "weighted": of.weighted_by(slow, fast, 4), "not waiting": of.sma(slow, 2, False),
                     "of both": of.over(of.minus(fast, slow), slow)}
        self.lonely = SimpleMovingAverage("plain", 3)
        self.at((2024, 8, 6), "9:36", lambda: self.look("early"))
        self.at((2024, 8, 6), "9:52", lambda: self.look("ready"))
        self.at((2024, 8, 6), "12:00", lambda: self.look("noon"))
        self.at((2024, 8, 6), "12:01", self.operators)

    def look(self, what):
        for name, made in self.made.items():
            self.note(what, name=name, value=made.current.value, ready=made.is_ready, samples=made.samples, text=made.name)

    def attempt(self, what, call):
        try:
            found = call()
            self.note(what, found=bool(found) if isinstance(found, bool) else float(found))
        except BaseException:
            self.note(what, refused=True)

    def operators(self):
        one, two = self.first, self.second
        same = self.ema(self.spy, 5, Resolution.MINUTE)
        calls = {"sum": lambda: one + two, "sum of a kind": lambda: one + same, "product": lambda: one * 2, "left": lambda: 2 * one,
                 "difference": lambda: one - 1.5, "quotient": lambda: one / two, "negative": lambda: -one,
                 "greater": lambda: one > two,
                 "equal": lambda: one == one, "equal number": lambda: one == one.current.value,
                 "unequal": lambda: one != two, "points": lambda: one.current > two.current, "point": lambda: one.current + 1,
                 "power": lambda: one ** 2, "text": lambda: float(str(one)), "kinds": lambda: same > one}
        for what, call in calls.items():
            self.attempt(what, call)
        for value in (1.0, 2.5, 4.5, 7.0):
            self.lonely.update(self.time, value)
        self.note("window", values=[self.lonely[index].value for index in range(2)], previous=self.lonely.previous.value,
                  current=self.lonely.current.value, size=self.lonely.window.count)
        self.lonely.reset()
        self.note("reset", samples=self.lonely.samples, ready=self.lonely.is_ready, value=self.lonely.current.value)
