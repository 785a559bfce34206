"""One frozen specification per strategy: the names of its own figures, and their values. Every figure is stated at the
strategy it belongs to. A test changes each field and expects some decision to change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import Final, Mapping

from config.constants import FUTURES_ENTRY_CLOSE, VIX_ENTRY_STOP
from config.strategy_spec import INFINITY, OpenUnit, StrategySpec


def _phases(one: int, two: int, three: int, four: int) -> Mapping[int, int]:
    return MappingProxyType({1: one, 2: two, 3: three, 4: four})


@dataclass(frozen=True, slots=True, kw_only=True)
class PacedSpec(StrategySpec):
    """A strategy that enters at most once in ``days_between_entries`` calendar days."""

    days_between_entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeapCallSpec(StrategySpec):
    """A LEAP call, and weekly calls sold against it. The LEAP's strike lies within ``leap_strike_window_share`` of spot
    around ``leap_strike_share``; among those strikes it has the delta nearest ``leap_target_delta``. The weekly's
    expiry is the one nearest ``weekly_target_dte``, more than ``weekly_roll_dte`` and at most twice the target away.
    The weekly's premium is at least ``weekly_min_fees`` times what opening it costs. At entry the LEAP has
    ``entry_dte_min`` to ``entry_dte_max`` days to expiry."""

    leap_strike_share: float
    leap_strike_window_share: float
    leap_target_delta: float
    weekly_target_dte: int
    weekly_min_fees: float
    weekly_profit_share: float
    weekly_roll_dte: int
    leap_roll_dte: int
    min_iv_rank: float
    earnings_days: int
    max_contracts: int

    def _laws(self) -> Mapping[str, bool]:
        return StrategySpec._laws(self) | {
            "a weekly is rolled before it would be sold": self.weekly_roll_dte < self.weekly_target_dte,
            "a LEAP is bought before it would be rolled": self.leap_roll_dte < self.entry_dte_min}


@dataclass(frozen=True, slots=True, kw_only=True)
class Friday0DteSpec(PacedSpec):
    """Friday same-day iron condor. Distances are in SPY points, gaps and losses are shares.

    Exits are measured from the wall, the time from which the broker takes no more orders on expiring options. It is
    ``broker_wall``, or earlier on triple witching, or ``early_close_wall_minutes`` before an early close.
    """

    entry_weekday: int
    atr_multiple: float
    wing_points: float
    broken_wing_points: float
    broken_wing_min_phase: int
    max_gap_share: float
    min_credit_share_of_wing: float
    min_iv_percentile: float
    loss_budget_share: float
    profit_target_share: float
    stop_credit_multiple: float
    danger_from: time
    danger_atr_multiple: float
    broker_wall: time
    triple_witching_wall: time
    early_close_wall_minutes: int
    natural_before_wall_minutes: int
    flat_before_wall_minutes: int

    def _laws(self) -> Mapping[str, bool]:
        return StrategySpec._laws(self) | {
            "the broken wing is the wider one": self.wing_points <= self.broken_wing_points,
            "the wall of triple witching is the earlier one": self.triple_witching_wall <= self.broker_wall,
            "natural before flat": self.flat_before_wall_minutes <= self.natural_before_wall_minutes}

    def enters_on(self, weekday: int) -> bool:
        """Whether ``weekday`` is the one on which the strategy enters."""
        return weekday == self.entry_weekday


FRIDAY_0DTE: Final = Friday0DteSpec(
    name="friday_0dte", underlyings=("SPY",), entry_dte_min=0, entry_dte_max=0, vix_min=22.0, vix_max=INFINITY,
    vix_open=True, window_open=time(10, 30), window_close=time(13, 30), max_capital_share=0.05,
    max_open=_phases(2, 3, 4, 12), win_rate=0.88, payoff_ratio=0.25, min_win_rate=0.80, min_sample=50,
    short_volatility=True, bets_on_volatility=True, defensive_21dte=False,
    open_unit=OpenUnit.CONTRACT, counts_on_underlying=False, waits_for=("lt112",), days_between_entries=1,
    entry_weekday=4, atr_multiple=0.7, wing_points=3.0, broken_wing_points=5.0, broken_wing_min_phase=3,
    max_gap_share=0.015, min_credit_share_of_wing=0.10, min_iv_percentile=30.0, loss_budget_share=0.01,
    profit_target_share=0.50, stop_credit_multiple=2.0, danger_from=time(14, 0), danger_atr_multiple=0.1,
    broker_wall=time(15, 30), triple_witching_wall=time(15, 0), early_close_wall_minutes=50,
    natural_before_wall_minutes=15, flat_before_wall_minutes=2,
    max_spread_share=0.20, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lt112Spec(PacedSpec):
    """112-day put credit spread. Distances out of the money are shares of spot."""

    target_dte: int
    width_points: float
    walk_from_otm_share: float
    walk_to_otm_share: float
    min_credit_share_of_width: float
    min_iv_percentile: float
    min_probability_otm: float
    profit_target_share: float
    max_quoted_contracts: int

    def _laws(self) -> Mapping[str, bool]:
        return StrategySpec._laws(self) | {
            "the walk goes towards the money": self.walk_to_otm_share <= self.walk_from_otm_share}


LT112: Final = Lt112Spec(
    name="lt112", underlyings=("SPY",), entry_dte_min=84, entry_dte_max=140, vix_min=12.0, vix_max=35.0,
    vix_open=False, max_capital_share=0.10, max_open=_phases(1, 2, 2, 2), win_rate=0.73, payoff_ratio=0.5,
    min_win_rate=0.65, min_sample=30, short_volatility=True, defensive_21dte=True, max_spy_slots=2,
    days_between_entries=7, target_dte=112, width_points=5.0, walk_from_otm_share=0.10, walk_to_otm_share=0.03,
    min_credit_share_of_width=0.20, min_iv_percentile=25.0, min_probability_otm=0.73, profit_target_share=0.50,
    max_quoted_contracts=16,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredCallSpec(LeapCallSpec):
    """Poor man's covered call. The weekly lies this far out of the money, and above what is still to recover."""

    weekly_min_otm_share: float


IPMCC: Final = CoveredCallSpec(
    name="ipmcc", underlyings=("SPY", "QQQ", "IWM", "AAPL", "MSFT"), entry_dte_min=365, entry_dte_max=900, vix_min=0.0,
    vix_max=INFINITY, vix_open=True, max_capital_share=0.08, max_open=_phases(1, 1, 2, 2), min_win_rate=0.60,
    min_sample=30, short_volatility=False, sells_against_leap=True, defensive_21dte=False,
    open_unit=OpenUnit.UNDERLYING, max_contracts=5, leap_strike_share=0.82, leap_strike_window_share=0.02,
    leap_target_delta=0.80, weekly_target_dte=7, weekly_min_otm_share=0.03, weekly_min_fees=8.0,
    weekly_profit_share=0.80, weekly_roll_dte=1, leap_roll_dte=90, min_iv_rank=30.0, earnings_days=30,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class FuturesStrangleSpec(StrategySpec):
    """Strangle on futures options at fractions of the expected move. ``micros`` maps a full-size product to the micro
    that replaces it if not even one full-size strangle fits."""

    put_move_share: float
    call_move_share: float
    tested_delta: float
    untested_roll_delta: float
    profit_target_share: float
    stop_credit_multiple: float
    risk_credit_multiple: float
    phase_products: Mapping[int, tuple[str, ...]]
    micros: Mapping[str, str]


FUTURES_STRANGLE: Final = FuturesStrangleSpec(
    name="futures_strangle", underlyings=("/MCL", "/MGC", "/MES", "/ES", "/CL", "/GC", "/SI"), entry_dte_min=45,
    entry_dte_max=60, vix_min=15.0, vix_max=VIX_ENTRY_STOP, vix_open=False, window_close=FUTURES_ENTRY_CLOSE,
    max_capital_share=0.07, max_open=_phases(1, 1, 1, 1), win_rate=0.72, payoff_ratio=0.5, min_win_rate=0.60,
    min_sample=20, short_volatility=True, bets_on_volatility=True, defensive_21dte=True, open_unit=OpenUnit.PRODUCT,
    risk_credit_multiple=2.0,
    phase_products=MappingProxyType({
        1: ("/MCL",), 2: ("/MCL", "/MGC"), 3: ("/MCL", "/MGC", "/MES"),
        4: ("/ES", "/CL", "/GC", "/SI", "/MES", "/MCL", "/MGC")}),
    micros=MappingProxyType({"/ES": "/MES", "/CL": "/MCL", "/GC": "/MGC"}), put_move_share=0.5, call_move_share=0.4,
    tested_delta=0.50, untested_roll_delta=0.30, profit_target_share=0.50, stop_credit_multiple=2.0,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeapLadderSpec(StrategySpec):
    """Long-dated protective puts in rungs; shares of spot and of equity. A rung takes the smallest number of contracts
    that costs ``rung_min_share``, but never more than ``max_capital_share``. Every rung is bought once, then a second
    time, as far as the phase's ``total_share`` allows. A rung worth ``harvest_multiple`` times what its put cost is
    sold."""

    rungs_otm_share: tuple[float, ...]
    rung_min_share: float
    total_share: Mapping[int, float]
    harvest_multiple: float
    roll_dte: int

    def _laws(self) -> Mapping[str, bool]:
        return StrategySpec._laws(self) | {
            "a rung is bought before it would be rolled": self.roll_dte < self.entry_dte_min}


LEAP_PUT_LADDER: Final = LeapLadderSpec(
    name="leap_put_ladder", underlyings=("SPY",), entry_dte_min=365, entry_dte_max=900, vix_min=0.0,
    vix_max=VIX_ENTRY_STOP, vix_open=False, max_capital_share=0.03, max_open=_phases(8, 8, 8, 8), min_sample=0,
    short_volatility=False, counts_as_position=False, defensive_21dte=False,
    total_share=MappingProxyType({1: 0.04, 2: 0.06, 3: 0.10, 4: 0.12}), rungs_otm_share=(0.05, 0.10, 0.15, 0.20),
    rung_min_share=0.02, harvest_multiple=3.0, roll_dte=90,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ButterflySpec(StrategySpec):
    """At-the-money iron butterfly. The stop is a share of the largest possible loss, which is the wing less the
    credit."""

    wing_points: float
    profit_target_share: float
    stop_loss_share: float


BUTTERFLY: Final = ButterflySpec(
    name="butterfly", underlyings=("SPY",), entry_dte_min=30, entry_dte_max=45, vix_min=0.0, vix_max=INFINITY,
    vix_open=True, max_capital_share=0.05, max_open=_phases(0, 0, 1, 1), win_rate=0.60, payoff_ratio=1.0,
    min_win_rate=0.50, min_sample=20, short_volatility=True, bets_on_volatility=True, defensive_21dte=True,
    max_risk_usd=500.0, max_risk_share=0.003, wing_points=10.0, profit_target_share=0.25, stop_loss_share=0.50,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSpec(StrategySpec):
    """At-the-money put calendar for a debit. The near leg is rolled in its last session with ``near_roll_dte`` left."""

    far_target_dte: int
    near_min_dte: int
    near_max_dte: int
    near_roll_dte: int
    profit_target_share: float
    stop_loss_share: float
    far_exit_dte: int

    def _laws(self) -> Mapping[str, bool]:
        return StrategySpec._laws(self) | {
            "the near leg's days in order": self.near_roll_dte < self.near_min_dte <= self.near_max_dte < self.entry_dte_min,
            "the far leg is bought before it would be sold": self.far_exit_dte < self.entry_dte_min}


CALENDAR: Final = CalendarSpec(
    name="calendar", underlyings=("SPY", "IWM"), entry_dte_min=50, entry_dte_max=75, vix_min=0.0, vix_max=20.0,
    vix_open=True, max_capital_share=0.05, max_open=_phases(0, 0, 1, 2), win_rate=0.60, payoff_ratio=1.0,
    min_win_rate=0.50, min_sample=20, short_volatility=False, defensive_21dte=False, far_target_dte=60, near_min_dte=7,
    near_max_dte=14, near_roll_dte=1, profit_target_share=0.25, stop_loss_share=0.50, far_exit_dte=21,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioSpec(StrategySpec):
    """Put ratio spread: one long, more short, for a net credit of at least ``min_credit_fees`` times what opening the
    trade costs. From phase ``ratio_2x3_min_phase`` on it is two long against three short if a strike qualifies,
    otherwise one against two. ``shock`` is the model move at which a unit's risk is measured."""

    long_delta: float
    short_max_delta: float
    min_credit_fees: float
    shock_spot_share: float
    shock_vix_points: float
    danger_spot_share: float
    profit_target_share: float
    ratio_2x3_min_phase: int
    max_quoted_contracts: int

    def _laws(self) -> Mapping[str, bool]:
        return StrategySpec._laws(self) | {
            "shorts farther out than the long": self.short_max_delta < self.long_delta}


RATIO: Final = RatioSpec(
    name="ratio", underlyings=("SPY",), entry_dte_min=45, entry_dte_max=60, vix_min=15.0, vix_max=35.0, vix_open=False,
    max_capital_share=0.07, max_open=_phases(0, 1, 1, 2), win_rate=0.75, payoff_ratio=0.5, min_win_rate=0.65,
    min_sample=20, short_volatility=True, defensive_21dte=True, long_delta=0.25, short_max_delta=0.20,
    min_credit_fees=8.0, shock_spot_share=-0.10, shock_vix_points=15.0, danger_spot_share=0.02,
    profit_target_share=0.50, ratio_2x3_min_phase=4, max_quoted_contracts=16,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagonalSpec(LeapCallSpec):
    """LEAP call and a weekly short call chosen by delta, only when volatility is rich."""

    weekly_delta: float


DIAGONAL: Final = DiagonalSpec(
    name="diagonal", underlyings=("AAPL", "MSFT", "QQQ", "IWM"), entry_dte_min=365, entry_dte_max=900, vix_min=0.0,
    vix_max=INFINITY, vix_open=True, max_capital_share=0.08, max_open=_phases(0, 0, 0, 2), min_win_rate=0.55,
    min_sample=20, short_volatility=False, sells_against_leap=True, defensive_21dte=False,
    open_unit=OpenUnit.UNDERLYING, max_contracts=5, leap_strike_share=0.82, leap_strike_window_share=0.02,
    leap_target_delta=0.80, weekly_target_dte=7, weekly_delta=0.30, weekly_min_fees=8.0, weekly_profit_share=0.80,
    weekly_roll_dte=1, leap_roll_dte=90, min_iv_rank=50.0, earnings_days=30,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeSpec(StrategySpec):
    """VIX calls bought while they are cheap: the smallest number that costs ``min_share`` of equity, never more than
    ``max_capital_share``. None are bought at a VIX of ``vix_max`` or above, which is below the VIX they are sold at."""

    quiet_vix: float
    strike_above_vix: float
    event_sessions: int
    min_share: float
    exit_vix: float
    profit_multiple: float
    exit_dte: int

    def _laws(self) -> Mapping[str, bool]:
        return StrategySpec._laws(self) | {
            "bought below the VIX it is sold at": self.vix_max <= self.exit_vix,
            "bought before it is sold": self.entry_dte_min > self.exit_dte}


HEDGE: Final = HedgeSpec(
    name="hedge", underlyings=("VIX",), entry_dte_min=60, entry_dte_max=90, vix_min=0.0, vix_max=25.0, vix_open=True,
    max_capital_share=0.02, max_open=_phases(1, 1, 1, 1), min_sample=0, short_volatility=False,
    counts_as_position=False, defensive_21dte=False,
    total_share=MappingProxyType({1: 0.02, 2: 0.02, 3: 0.02, 4: 0.02}), quiet_vix=13.0, strike_above_vix=10.0,
    event_sessions=5, min_share=0.01, exit_vix=30.0, profit_multiple=2.0, exit_dte=21,
    max_spread_share=0.10, cheap_leg_usd=1.0, max_spread_usd=0.15)


SPECS: Final[Mapping[str, StrategySpec]] = MappingProxyType({
    spec.name: spec for spec in (FRIDAY_0DTE, LT112, IPMCC, FUTURES_STRANGLE, LEAP_PUT_LADDER, BUTTERFLY, CALENDAR,
                                 RATIO, DIAGONAL, HEDGE)})
"""Every specification by its name, in the order of priority: who is asked first, and whose share of buying power comes first."""

STRATEGY_PRIORITY: Final = tuple(SPECS)
