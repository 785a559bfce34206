"""Figures that belong to the portfolio as a whole. Units are in the names: _pct is a percentage of 100, _share a
fraction of 1, _usd dollars, _minutes minutes. Dollars and pounds are the same numbers: the account is in USD."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import Final, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLimits:
    """What one phase of the account allows.

    Attributes
    ----------
    equity_floor_usd : float
        The phase's own floor; demotion is measured from it.
    max_positions : int
        Open positions that hold short options.
    max_position_share, max_buying_power_share : float
        Shares of equity.
    max_abs_spy_delta : float
        Beta-weighted SPY share-equivalents, both ways.
    max_short_vega_usd, max_short_gamma : float
        Dollars per volatility point; share-equivalents per 1 of SPY. Bind on the short side only.
    theta_target_usd : float
        Dollars a day a full book aims at; reported, never gated.
    """

    equity_floor_usd: float
    max_positions: int
    max_position_share: float
    max_buying_power_share: float
    max_abs_spy_delta: float
    max_short_vega_usd: float
    max_short_gamma: float
    theta_target_usd: float


PHASES: Final[Mapping[int, PhaseLimits]] = MappingProxyType({
    1: PhaseLimits(equity_floor_usd=30_000, max_positions=3, max_position_share=0.05, max_buying_power_share=0.30,
                   max_abs_spy_delta=300, max_short_vega_usd=500, max_short_gamma=10, theta_target_usd=100),
    2: PhaseLimits(equity_floor_usd=40_000, max_positions=5, max_position_share=0.07, max_buying_power_share=0.50,
                   max_abs_spy_delta=500, max_short_vega_usd=750, max_short_gamma=20, theta_target_usd=200),
    3: PhaseLimits(equity_floor_usd=60_000, max_positions=7, max_position_share=0.10, max_buying_power_share=0.65,
                   max_abs_spy_delta=750, max_short_vega_usd=1_000, max_short_gamma=30, theta_target_usd=350),
    4: PhaseLimits(equity_floor_usd=75_000, max_positions=10, max_position_share=0.15, max_buying_power_share=0.80,
                   max_abs_spy_delta=1_000, max_short_vega_usd=1_500, max_short_gamma=40, theta_target_usd=500),
})


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRule:
    """All of these at once lift the account into ``to_phase``."""

    to_phase: int
    min_equity_usd: float
    min_closed_trades: int
    min_win_rate: float
    max_single_loss_share: float | None = None
    needs_profitable: str | None = None
    max_drawdown_share: float | None = None


PROMOTIONS: Final[tuple[PromotionRule, ...]] = (
    PromotionRule(to_phase=2, min_equity_usd=40_000, min_closed_trades=20, min_win_rate=0.60,
                  max_single_loss_share=0.05),
    PromotionRule(to_phase=3, min_equity_usd=60_000, min_closed_trades=50, min_win_rate=0.65,
                  needs_profitable="lt112"),
    PromotionRule(to_phase=4, min_equity_usd=75_000, min_closed_trades=100, min_win_rate=0.70,
                  max_drawdown_share=0.15),
)
# Win rate and worst loss of a promotion are those of so many trades that closed last, all of them within so many days;
# its drawdown is that of those days.
PROMOTION_TRADES: Final = 50
PROMOTION_DAYS: Final = 365
DEMOTION_FLOOR_SHARE: Final = 0.93
DEMOTION_DRAWDOWN_SHARE: Final = 0.20
STARTING_EQUITY_USD: Final = 35_000.0
TARGET_EQUITY_USD: Final = 80_000.0
GOAL_MONTHLY_SHARE: Final = 0.12

# --- size (position sizer)
KELLY_FRACTION: Final = 0.25
MONDAY_MULTIPLIER: Final = 0.5
# (VIX below, multiplier); the last row has no upper bound.
KELLY_VIX_MULTIPLIERS: Final = ((15.0, 0.75), (25.0, 1.0), (30.0, 0.75), (float("inf"), 0.5))
LEDGER_PAYOFF_MIN_LOSSES: Final = 5
MAX_HEAT_SHARE: Final = 0.40

# --- buying power: (VIX below, most of equity used)
BUYING_POWER_VIX_SHARES: Final = ((13.0, 0.45), (18.0, 0.65), (25.0, 0.75), (30.0, 0.50), (float("inf"), 0.80))
BUYING_POWER_BREAKER_MULTIPLE: Final = 0.75
RESERVE_AFTER_TRADE_SHARE: Final = 0.20
NOTIONAL_DELTA_EQUITY_MULTIPLE: Final = 0.75
GREEK_WARNING_SHARE: Final = 0.80
NAKED_MARGIN_SPOT_SHARE: Final = 0.20
NAKED_MARGIN_STRIKE_SHARE: Final = 0.10

# --- daily limits
MAX_ENTRIES_PER_DAY: Final = 10
DAILY_LOSS_SHARE: Final = 0.0143
PATTERN_DAY_TRADER_EQUITY_USD: Final = 25_000.0
PATTERN_DAY_TRADES: Final = 3
PATTERN_DAY_TRADE_WINDOW_SESSIONS: Final = 5
MAX_POSITIONS_PER_UNDERLYING: Final = 2
MAX_SPY_EQUIVALENT_POSITIONS: Final = 3
SPY_EQUIVALENTS: Final = ("SPY", "SPX", "XSP", "/ES", "/MES")

# --- SPY concentration
FOMC_DELTA_LIMIT_MULTIPLE: Final = 0.5
SPY_DELTA_WARNING_SHARE: Final = 0.75
BETA_TO_SPY: Final[Mapping[str, float]] = MappingProxyType({
    "SPY": 1.0, "SPX": 1.0, "XSP": 1.0, "/ES": 1.0, "/MES": 1.0, "QQQ": 1.25, "IWM": 1.15, "AAPL": 1.2, "MSFT": 1.1,
    "GLD": 0.05, "/GC": 0.05, "/MGC": 0.05, "TLT": -0.25, "/CL": 0.3, "/MCL": 0.3, "/SI": 0.1, "VIX": 0.0,
})

# --- August 2024 correlation limiter
MAX_POSITIONS_PER_GROUP: Final = 3
MAX_SHORT_VOLATILITY_POSITIONS: Final = 5
MAX_LIMITER_POSITIONS: Final = 10
CORRELATION_BLOCK: Final = 0.70
CORRELATION_WINDOW_MARKS: Final = 78      # a day's of session time, whatever nights lie between
CORRELATION_MARK_MINUTES: Final = 5
CORRELATION_MIN_MARKS: Final = 60
CORRELATION_MIN_UNDERLYINGS: Final = 2
CORRELATION_GROUPS: Final[Mapping[str, str]] = MappingProxyType({
    "SPY": "equity_index", "SPX": "equity_index", "XSP": "equity_index", "QQQ": "equity_index", "IWM": "equity_index",
    "/ES": "equity_index", "/MES": "equity_index", "VIX": "equity_index", "/CL": "energy", "/MCL": "energy",
    "/GC": "metals", "/MGC": "metals", "/SI": "metals", "GLD": "metals", "TLT": "bonds", "/ZB": "bonds",
    "AAPL": "single_stocks", "MSFT": "single_stocks",
})

# --- coordinator
BUYING_POWER_QUEUE_SHARES: Final = (0.30, 0.25, 0.20, 0.15, 0.10)
MINUTES_BETWEEN_ENTRIES: Final = 5
STRESSED_MARGIN_SHARE: Final = 0.70
STRESSED_PRIORITIES: Final = 2
STRESSED_SIZE_MULTIPLIER: Final = 0.5

# --- VIX
VIX_REGIMES: Final = ((13.0, "very_low"), (18.0, "low"), (25.0, "normal"), (30.0, "elevated"), (float("inf"), "high"))
VIX_MAX_AGE_MINUTES: Final = 5
VIX_PERCENTILE_SESSIONS: Final = 252
VIX_PANIC_CHANGE: Final = 0.50
VIX_COMPLACENT_LEVEL: Final = 15.0
VIX_COMPLACENT_CHANGE: Final = 0.10
VIX_ENTRY_STOP: Final = 35.0
VIX_ENTRY_RESUME_CLOSE: Final = 30.0

# --- daily indicators: sessions each looks back
INDICATOR_SESSIONS: Final[Mapping[str, int]] = MappingProxyType({"atr14": 14, "ema8": 8, "ema21": 21, "ema50": 50})

# --- futures: days to expiry of the contract months that are followed before one is held
FOLLOWED_FUTURE_DAYS: Final = (45, 150)

# --- data freshness
UNDERLYING_MAX_AGE_MINUTES: Final = 2
LEG_MAX_AGE_MINUTES: Final = 10

# --- quotes as marks: one that jumps more than this share of its value while the underlying and the VIX moved less is
# doubted until later quotes have confirmed it so long, unless the neighbouring strikes follow
MARK_JUMP_SHARE: Final = 0.5
MARK_STRUCTURE_SHARE: Final = 0.1     # a smaller change of a leg is not held against what its structures can be worth
MARK_UNDERLYING_MOVE_SHARE: Final = 0.003
MARK_VIX_MOVE_POINTS: Final = 1.0
MARK_HOLD_MINUTES: Final = 3
MARK_COMPARED_MINUTES: Final = LEG_MAX_AGE_MINUTES    # far expiries are quoted every five minutes or less often

# --- circuit breakers
BREAKER_DRAWDOWN_SHARE: Final = 0.03
BREAKER_DRAWDOWN_SHARE_PHASE1: Final = 0.02
BREAKER_DRAWDOWN_MINUTES: Final = 5
BREAKER_DRAWDOWN_HIGH_VIX: Final = (30.0, 1.5)
BREAKER_DRAWDOWN_LOW_VIX: Final = (15.0, 0.67)
BREAKER_CORRELATION: Final = 0.90
BREAKER_CORRELATION_PHASE1: Final = 0.80
BREAKER_MARGIN_VIX_SHARES: Final = ((20.0, 0.80), (30.0, 0.70), (40.0, 0.60), (float("inf"), 0.50))
BREAKER_MARGIN_PHASE1_SHARE: Final = 0.60
BREAKER_LOSS_STREAK: Final = 3
BREAKER_LOSS_STREAK_PHASE1: Final = 2
BREAKER_FIRST_LEVEL_SHARE: Final = 0.80
BREAKER_FIRST_LEVEL_SIZE: Final = 0.5
BREAKER_SECOND_LEVEL_CLOSES: Final = 3
BREAKER_THIRD_DRAWDOWN_MULTIPLE: Final = 1.5
BREAKER_THIRD_CORRELATION: Final = 0.98
BREAKER_THIRD_MARGIN_SHARE: Final = 0.95
BREAKER_LOCK_HOURS: Final = 24
BREAKER_RECOVERY_HOURS: Final = 1
BREAKER_RECOVERY_CORRELATION: Final = 0.70

# --- emergency levels, shares of equity lost today
YELLOW_LOSS_SHARE: Final = 0.0071
ORANGE_LOSS_SHARE: Final = DAILY_LOSS_SHARE
RED_LOSS_SHARE: Final = 0.0286
YELLOW_VIX: Final = 30.0
ORANGE_VIX: Final = 35.0
YELLOW_POSITION_LOSS_SHARE: Final = 0.0029
YELLOW_POSITION_CREDIT_MULTIPLE: Final = 1.5
YELLOW_POSITION_DEBIT_SHARE: Final = 0.25
YELLOW_POSITION_AGAIN_MULTIPLE: Final = 2.0   # a position counts once, and again whenever its loss has doubled since
LEVEL_CHECKS_RUNNING: Final = 2               # of emergency levels and breakers; a fall of SPY or VIX itself needs one
YELLOW_STOP_CREDIT_MULTIPLE: Final = 1.5
ORANGE_SPY_MOVE_SHARE: Final = 0.015
ORANGE_SPY_MOVE_MINUTES: Final = 15
ORANGE_BUYING_POWER_CUT: Final = 0.20
ORANGE_CLOSES: Final = 5
RED_BUYING_POWER_SHARE: Final = 0.95
RED_SIGMAS: Final = 2.0
RED_LOCK_HOURS: Final = 24
RED_EXIT_VIX: Final = 25.0
RED_EXIT_CORRELATION: Final = 0.60

# --- orders
ORDER_REPRICE_MINUTES: Final = 1
ENTRY_WALK_SHARE: Final = 0.50
ENTRY_TIMEOUT_MINUTES: Final = 5
UNFILLED_PAUSE_MINUTES: Final = 20      # an entry that ended unfilled is tried again no sooner
UNFILLED_TRIES_A_DAY: Final = 3         # of one strategy
VALIDATION_TIMEOUT_MINUTES: Final = 5
LAST_MINUTES_WITHOUT_ORDERS: Final = 1
UNEVEN_REPAIR_SECONDS: Final = 60
UNEVEN_MAX_TRIES: Final = 3
MAX_COMBO_LEGS: Final = 4
ORDERS_PER_SECOND: Final = 5

# Fills of worked orders in a backtest: a limit fills once it concedes this share of the way from mid to natural.
FILL_CONCESSION: Final = 0.40

# --- states
ERRORS_TO_SUSPEND: Final = 3
ERROR_WINDOW_MINUTES: Final = 30
ENTRY_RETRY_MINUTES: Final = 60
ENTRY_TRIES_A_WINDOW: Final = 4
CHAIN_RETRY_MINUTES: Final = 15           # a chain that was not to be had is asked for again

# --- clock (New York)
ENTRY_OPEN: Final = time(9, 45)
ENTRY_CLOSE: Final = time(14, 0)
FUTURES_ENTRY_CLOSE: Final = time(15, 0)
RISK_CHECK_MINUTES: Final = 5
ENTRY_ROUND_MINUTES: Final = 5
ENTRY_ROUND_OFFSET_MINUTES: Final = 3     # quotes of far expiries come in minutes that end in 1 and 6
POSITION_CHECK_MINUTES: Final = 15
LAST_CHECK_MINUTES_BEFORE_CLOSE: Final = 5    # instead of one at the close, after which no order can go out
TROUBLE_CHECK_MINUTES: Final = 1
MARK_TIMES: Final = (time(10, 30), time(12, 0), time(14, 0), time(15, 15), time(15, 45))
STORE_TIME: Final = time(15, 45)
DENSE_MARK_SHARE: Final = 0.005    # a risk check that moved equity by more than this share leaves a mark of its own

# --- the rule that is never disabled
DEFENSIVE_DTE: Final = 21

# No entry within this many calendar days before a split: positions are closed in the session before it.
SPLIT_QUIET_DAYS: Final = 30

# --- indicators
IV_HISTORY_SESSIONS: Final = 252
IV_RECORD_DTE: Final = 30
TRADING_DAYS_PER_YEAR: Final = 252
CALENDAR_DAYS_PER_YEAR: Final = 365

# --- costs reported beside LEAN's fee model (assumptions, per contract and side)
EXCHANGE_FEE_USD: Final = 0.14
SLIPPAGE_TICKS: Final = 1

# --- model inputs of option Greeks; interest and dividends stand in config/carry.py
OPTION_EXPIRY_TIME: Final = time(16, 0)

# --- Greeks: underlyings whose options' delta, gamma and vega are in another unit than SPY's (volatility of
# volatility) and so add nothing to the sums; only long options on them are held.
GREEKS_EXCLUDED: Final = ("VIX",)

# --- margin of shares held after an assignment: Reg T's initial share, either side
SHARE_MARGIN_SHARE: Final = 0.50
PROTECTED_STRIKE_SHARE: Final = 0.10    # of a lot with a long option against it, besides what that is out of the money
SHARES_PER_CONTRACT: Final = 100

# --- reported figures
VALUE_AT_RISK_CONFIDENCE: Final = 0.95
VALUE_AT_RISK_MIN_DAYS: Final = 20
VALUE_AT_RISK_DRAWS: Final = 200

# --- orders: what the executor adds to the method's own figures
EXIT_WALK_MINUTES: Final = 4              # a walking exit stands at the natural price after this many steps
# an entry stands at its share of the way to natural after this many minutes, and waits there
ENTRY_WALK_MINUTES: Final = 3
# LEAN fills only strictly better than the quote: natural is sent one tick through
MARKETABLE_TICKS: Final = 1
SETTLE_MINUTES: Final = 2                 # holdings may lag an event this long before they are believed against it
QUOTE_AWAIT_MINUTES: Final = 5            # a long leg that never had a quote (after a restart) is waited for this long in an exit
STUCK_MINUTES: Final = 3                  # a closing order through fresh quotes on every leg is sent anew after this
SILENCE_MINUTES: Final = 2                # an order without any answer is looked up after this
REFUSED_EXIT_TRIES: Final = 3             # refusals in a row of one exit before it counts as failed
REFUSED_EXIT_PAUSE_MINUTES: Final = 5     # between tries after that
TRANSITIONS_KEPT: Final = 100             # in the state document; all of them are in the audit trail

# --- VIX source: longest time between the last close known and today (a long weekend has four days)
VIX_PREVIOUS_CLOSE_MAX_DAYS: Final = 5

# --- starting cash of a backtest that names a phase but no cash: inside each phase's band of equity
PHASE_STARTING_CASH: Final[Mapping[int, float]] = MappingProxyType({1: 35_000.0, 2: 50_000.0, 3: 65_000.0, 4: 80_000.0})

# --- what opening one contract costs under LEAN's fee model of the broker (closing is free); part of the risk of bought
# and diagonal positions, which is debit + fees
OPENING_FEE_USD: Final[Mapping[str, float]] = MappingProxyType({
    "equity_option": 1.00, "index_option": 1.00, "future_option": 2.50,
})

# --- strategies: strikes quoted on each side of the one a roll wants, so that a moving price finds it quoted
ROLL_NEIGHBOUR_STRIKES: Final = 2
# A roll that is due by its date goes at the natural price in the last hour of the session.
ROLL_NATURAL_MINUTES_BEFORE_CLOSE: Final = 60
