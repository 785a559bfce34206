from AlgorithmImports import *
from probe import Probe


class IndicatorsWarm(Probe):
    """Daily indicators that warm themselves up in initialize, minute ones that begin empty, over three days."""

    START, END = (2024, 8, 5), (2024, 8, 7)

    def set_up(self):
        self.settings.automatic_indicator_warm_up = True
        daily = Resolution.DAILY
        self.daily = {"sma": self.sma(self.spy, 50, daily), "ema": self.ema(self.spy, 21, daily),
                      "atr": self.atr(self.spy, 14, MovingAverageType.WILDERS, daily),
                      "rsi": self.rsi(self.spy, 14, MovingAverageType.WILDERS, daily),
                      "vix": self.sma(self.vix, 20, daily), "std": self.std(self.spy, 20, daily)}
        self.look("in initialize")
        self.settings.automatic_indicator_warm_up = False
        self.daily["minutes"] = self.ema(self.spy, 30, Resolution.MINUTE)
        for day in (5, 6, 7):
            for clock in ("9:31", "12:00", "16:00"):
                self.at((2024, 8, day), clock, lambda: self.look("look"))

    def look(self, what):
        for name, indicator in self.daily.items():
            self.note(what, name=name, ready=bool(indicator.is_ready), value=indicator.current.value,
                      samples=indicator.samples, at=str(indicator.current.end_time))
