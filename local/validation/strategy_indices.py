"""Six of Cboe's strategy indices by their published rules, on the written market's surface.

Every third Friday the options of the month before settle at the opening price and those of the next are traded: PUT sells
cash-secured puts at the money, BXM and BXMD sell calls at the money and of 30 delta against the index, PPUT buys puts 5 %
below it, CNDR and BFLY sell a condor (20 and 5 delta) and a butterfly (at the money, 5 % wings) against ten times the
width of their wider wing in bills. Strikes are those listed, five points apart; trades are at fair prices; months are
calendar months, marked at fair prices on their last close.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from core.arrays import Floats
from local.data import surface
from local.data.figures import OVERNIGHT_SHARE, SESSIONS_A_YEAR, SurfaceShape
from local.validation.history import History

STRIKE_STEP = 0.5                       # in SPY's size: five index points
TRADE_ELAPSED = 0.45                    # share of the session's time at trade time
AT_OPEN, AFTER_CLOSE = 0.35, 0.70       # days of calendar time between the trade and the open, the close and the open
STRIKES_BELOW, STRIKES_ABOVE = 220, 160
TIMES_COLLATERAL = 10
PROTECTED = 0.05
MONTHS = 12

Price = Callable[[np.ndarray], tuple[Floats, Floats]]
Growth = tuple[Floats, Floats]          # of a cycle: to the month's end, and to the next trade


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cycles:
    """Months between third Fridays: session numbers of the trade, the calendar month's last close and the settlement."""

    history: History
    trade: np.ndarray
    mark: np.ndarray
    settle: np.ndarray


def cycles_of(history: History, years: tuple[int, int]) -> Cycles:
    """The cycles that the calendar months of ``years`` are made of: one more before the first month."""
    months = [(month // MONTHS, month % MONTHS + 1)
              for month in range(years[0] * MONTHS - 1, (years[1] + 1) * MONTHS + 1)]
    rolls = np.array([history.third_friday(*month) for month in months])
    ends = np.array([max(at for at in range(first, last) if history.days[at].month == history.days[first].month)
                     for first, last in zip(rolls, rolls[1:])])
    return Cycles(history=history, trade=rolls[:-1], mark=ends, settle=rolls[1:])


def monthly_returns(history: History, shape: SurfaceShape, years: tuple[int, int]) -> dict[str, Floats]:
    """Returns of each index over the calendar months of ``years``, in order, as fractions."""
    cycles = cycles_of(history, years)
    found = _Replay(cycles, shape).growth()
    return {name: (whole[:-1] / marked[:-1]) * marked[1:] - 1 for name, (marked, whole) in found.items()}


class _Replay:
    """One surface over all cycles."""

    def __init__(self, cycles: Cycles, shape: SurfaceShape) -> None:
        history, trade, mark, settle = cycles.history, cycles.trade, cycles.mark, cycles.settle
        self.at = history.index_trade[trade]
        self.settled = history.index_open[settle]
        rate, dividends = history.rate[trade], history.dividend_yield[trade]
        whole = history.years_between(trade, settle) - AT_OPEN / 365
        rest = history.years_between(mark, settle) - AFTER_CLOSE / 365
        self.interest, self.interest_to_mark = np.exp(rate * whole), np.exp(rate * (whole - rest))
        self.priced = self._pricer(shape, self.at, history.index_sessions[trade], history.vix_trade[trade], settle - trade, TRADE_ELAPSED,
                                   rate, dividends, whole)
        self.marked = self._pricer(shape, history.index_close[mark], history.index_sessions[mark], history.vix_close[mark],
                                   settle - mark, 1.0, rate, dividends, rest)
        held = history.shares * history.share_close
        start = history.shares[trade] * history.share_trade[trade]
        self.stock_to_mark = held[mark] / start
        self.stock_to_open = history.shares[settle] * history.share_open[settle] / start
        self.after_open = history.share_trade[settle] / history.share_open[settle]
        self.delta_strikes = self._strikes_by_delta()

    def _pricer(self, shape: SurfaceShape, index: Floats, month: Floats, vix: Floats, sessions: np.ndarray, elapsed: float,
                rate: Floats, dividends: Floats, years: Floats) -> Price:
        """(call, put) of strikes at one moment of every cycle, settled at the open of the last session."""
        last = (1 - OVERNIGHT_SHARE) / SESSIONS_A_YEAR
        variance_years = surface.variance_years(sessions, np.float64(elapsed)) - last
        horizon = surface.index_horizon(month, np.float64(elapsed))
        forward, discount = index * np.exp((rate - dividends) * years), np.exp(-rate * years)

        def price(strikes: np.ndarray) -> tuple[Floats, Floats]:
            variance = surface.total_variance(shape, vix, variance_years, np.log(strikes / forward), horizon)
            return surface.black_scholes(forward, strikes, variance, discount)

        if elapsed < 1.0:
            self._forward, self._vix, self._years, self._horizon = forward, vix, variance_years, horizon
            self._shape = shape
        return price

    def _strikes_by_delta(self) -> Callable[[float], Floats]:
        """Listed strike whose call delta is nearest to a target, in every cycle."""
        base = np.floor(self.at / STRIKE_STEP) * STRIKE_STEP
        listed = np.maximum(base[:, None] + np.arange(-STRIKES_BELOW, STRIKES_ABOVE) * STRIKE_STEP, STRIKE_STEP)
        moneyness = np.log(listed / self._forward[:, None])
        deviation = np.sqrt(surface.total_variance(self._shape, self._vix[:, None], self._years[:, None], moneyness,
                                                   self._horizon[:, None]))
        delta = ndtr(-moneyness / deviation + deviation / 2)

        def strikes(target: float) -> Floats:
            return listed[np.arange(len(listed)), np.abs(delta - target).argmin(axis=1)]
        return strikes

    def growth(self) -> dict[str, Growth]:
        """Value of one unit at the month's end and at the next trade, by index."""
        below = np.floor(self.at / STRIKE_STEP) * STRIKE_STEP
        middle = np.round(self.at / STRIKE_STEP) * STRIKE_STEP
        low, high = (np.round(self.at * (1 + side * PROTECTED) / STRIKE_STEP) * STRIKE_STEP for side in (-1, 1))
        by_delta = self.delta_strikes
        return {"PUT": self._puts_on_cash(below), "BXM": self._covered(below + STRIKE_STEP),
                "BXMD": self._covered(by_delta(0.30)), "PPUT": self._protected(low),
                "CNDR": self._against_bills(by_delta(0.95), by_delta(0.80), by_delta(0.20), by_delta(0.05)),
                "BFLY": self._against_bills(low, middle, middle, high)}

    def _puts_on_cash(self, strikes: Floats) -> Growth:
        premium, mark = self.priced(strikes)[1], self.marked(strikes)[1]
        units = self.interest / (strikes - premium * self.interest)
        return self._cash(units, premium, mark, np.maximum(strikes - self.settled, 0))

    def _against_bills(self, low: Floats, put: Floats, call: Floats, high: Floats) -> Growth:
        def worth(price: Price) -> Floats:
            return price(put)[1] - price(low)[1] + price(call)[0] - price(high)[0]

        settled = (np.maximum(put - self.settled, 0) - np.maximum(low - self.settled, 0)
                   + np.maximum(self.settled - call, 0) - np.maximum(self.settled - high, 0))
        units = 1 / (TIMES_COLLATERAL * np.maximum(put - low, high - call))
        return self._cash(units, worth(self.priced), worth(self.marked), settled)

    def _cash(self, units: Floats, premium: Floats, mark: Floats, settled: Floats) -> Growth:
        """One unit of cash and the premium in bills, less what the options are worth."""
        held = 1 + units * premium
        return held * self.interest_to_mark - units * mark, held * self.interest - units * settled

    def _covered(self, strikes: Floats) -> Growth:
        premium, mark = self.priced(strikes)[0], self.marked(strikes)[0]
        return self._stock(-premium, -mark, -np.maximum(self.settled - strikes, 0))

    def _protected(self, strikes: Floats) -> Growth:
        premium, mark = self.priced(strikes)[1], self.marked(strikes)[1]
        return self._stock(premium, mark, np.maximum(strikes - self.settled, 0))

    def _stock(self, paid: Floats, mark: Floats, settled: Floats) -> Growth:
        """The index and an option on it; from the open to the trade the index alone."""
        cost = self.at + paid
        return (self.at * self.stock_to_mark + mark) / cost, (self.at * self.stock_to_open + settled) / cost * self.after_open
