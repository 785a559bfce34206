"""What every strategy states about itself. Code that counts, sizes, watches or shows strategies reads it here; no other
module knows a strategy by its name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import time
from enum import Enum
from typing import Final, Mapping

from config.constants import ENTRY_CLOSE, ENTRY_OPEN, VIX_ENTRY_STOP
from config.figure_bounds import figure_bounds, is_within
from core.errors import ConfigError

INFINITY: Final = float("inf")


class OpenUnit(str, Enum):
    """What the limit ``max_open`` counts."""

    POSITION = "position"          # every position (a rung is one)
    CONTRACT = "contract"          # contracts of all positions
    UNDERLYING = "underlying"      # other underlyings that have a position
    PRODUCT = "product"            # positions on the same underlying


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySpec:
    """What every strategy states about itself.

    Attributes
    ----------
    name : str
        Key used in the ledger, the store, orders' tags and the ``strategies`` parameter.
    underlyings : tuple of str
        Tickers; futures begin with ``/``.
    entry_dte_min, entry_dte_max : int
        Calendar days from entry to the expiry of the leg the strategy is named for.
    vix_min, vix_max : float
        Entries need ``vix_min < VIX < vix_max`` if ``vix_open`` is True, otherwise ``vix_min <= VIX <= vix_max``. A
        band must end at or below the VIX at which all entries stop, or have no upper end: a figure beyond the stop
        would never decide anything.
    window_open, window_close : time
        New York; entries need ``window_open <= time < window_close``.
    max_capital_share : float
        Share of equity one entry may risk.
    max_risk_usd, max_risk_share : float
        In addition to ``max_capital_share``: one entry risks at most the larger of these dollars and this share of
        equity.
    risk_credit_multiple : float or None
        A unit's risk as a multiple of the premium received, if nothing else bounds the risk.
    max_open : mapping of int to int
        Phase to the largest number of units open at once, counted by ``open_unit``. A phase with 0 refuses.
    open_unit : OpenUnit
        What ``max_open`` counts.
    max_contracts : int or None
        Largest number of contracts of all positions on one underlying.
    total_share : mapping of int to float, or None
        For a fixed allocation: phase to the share of equity that all positions together may cost. None if
        ``max_capital_share`` applies to each underlying separately.
    phase_products : mapping of int to tuple of str, or None
        Phase to the underlyings it allows; None for all of them in every phase.
    max_spy_slots : int or None
        Largest number of the slots for SPY and its equivalents that the strategy may hold.
    waits_for : tuple of str
        Strategies during whose 21-day exit this one does not enter.
    win_rate, payoff_ratio : float or None
        Assumed until ``min_sample`` trades have closed; None for fixed allocations.
    min_win_rate : float or None
        The strategy is suspended (EDGE_LOST) if its win rate is below this after ``min_sample`` closed trades. None,
        with a sample of 0, for bought protection.
    short_volatility : bool
        Counts in the limiter's short-volatility total.
    bets_on_volatility : bool
        Short on both sides. It moves with its underlying's volatility, not with its price.
    sells_against_leap : bool
        Its short options are covered by a LEAP of its own. ORANGE then buys back the short leg and keeps the LEAP.
    counts_as_position : bool
        False for bought protection: limited by its allocation only.
    counts_on_underlying : bool
        False if all entries of a day are one position and do not count towards the positions on an underlying.
    defensive_21dte : bool
        True if the 21-DTE rule applies to its short options.
    max_spread_share : float
        Widest bid-ask of a leg as a share of its mid, for entries. Legs cheaper than ``cheap_leg_usd`` are limited by
        ``max_spread_usd`` alone.

    Raises
    ------
    ConfigError
        If a figure is out of its bounds (``config.figure_bounds``), or figures contradict each other (``_laws``).
    """

    name: str
    underlyings: tuple[str, ...]
    entry_dte_min: int
    entry_dte_max: int
    vix_min: float
    vix_max: float
    vix_open: bool
    window_open: time = ENTRY_OPEN
    window_close: time = ENTRY_CLOSE
    max_capital_share: float
    max_risk_usd: float = INFINITY
    max_risk_share: float = 0.0
    risk_credit_multiple: float | None = None
    max_open: Mapping[int, int]
    open_unit: OpenUnit = OpenUnit.POSITION
    max_contracts: int | None = None
    total_share: Mapping[int, float] | None = None
    phase_products: Mapping[int, tuple[str, ...]] | None = None
    max_spy_slots: int | None = None
    waits_for: tuple[str, ...] = ()
    win_rate: float | None = None
    payoff_ratio: float | None = None
    min_win_rate: float | None = None
    min_sample: int
    short_volatility: bool
    bets_on_volatility: bool = False
    sells_against_leap: bool = False
    counts_as_position: bool = True
    counts_on_underlying: bool = True
    defensive_21dte: bool
    max_spread_share: float
    cheap_leg_usd: float
    max_spread_usd: float

    def __post_init__(self) -> None:
        for one in fields(self):
            self._check_bounds(one.name, getattr(self, one.name))
        for name, holds in self._laws().items():
            if not holds:
                raise ConfigError(f"a specification contradicts itself: {name}", strategy=self.name)

    def _check_bounds(self, name: str, value: object) -> None:
        for figure in value.values() if isinstance(value, Mapping) else (value,):
            if isinstance(figure, (int, float)) and not isinstance(figure, bool) and not is_within(name, figure):
                least, most = figure_bounds(name)
                raise ConfigError(f"{name} must be from {least:.10g} to {most:.10g}, not {figure:.10g}", strategy=self.name)

    def products(self, phase: int) -> tuple[str, ...]:
        """Underlyings that ``phase`` allows; none in an unknown phase."""
        return self.underlyings if self.phase_products is None else self.phase_products.get(phase, ())

    def enters_on(self, weekday: int) -> bool:
        """Whether entries are made on a weekday (Monday is 0). On any weekday, unless a strategy's own figures name
        one."""
        return True

    def _laws(self) -> Mapping[str, bool]:
        judged = self.min_win_rate is not None
        return {
            "days to expiry in order": 0 <= self.entry_dte_min <= self.entry_dte_max,
            "VIX band in order": 0.0 <= self.vix_min < self.vix_max,
            "the VIX band ends where entries stop, or nowhere": self.vix_max <= VIX_ENTRY_STOP or self.vix_max == INFINITY,
            "window in order": self.window_open < self.window_close,
            "capital is a share": 0.0 < self.max_capital_share <= 1.0,
            "counts are not negative": min(self.max_open.values()) >= 0,
            "win rate and payoff ratio go together": (self.win_rate is None) == (self.payoff_ratio is None),
            "rates are shares": all(rate is None or 0.0 < rate < 1.0 for rate in (self.win_rate, self.min_win_rate)),
            "a least win rate needs a sample, a sample a least win rate": judged == (self.min_sample > 0),
            "bought protection has no edge to judge": self.counts_as_position == judged,
            "protection counts nowhere": self.counts_as_position or (
                self.counts_on_underlying and self.max_spy_slots is None and not self.bets_on_volatility),
            "a total is of a fixed allocation": self.total_share is None or self.win_rate is None,
            "spreads are bounds": min(self.max_spread_share, self.max_spread_usd) > 0.0 and self.cheap_leg_usd >= 0.0,
        }
