"""The method's figures, written a second time on purpose: a slip of a key in ``config`` that widens a limit must not pass
unseen. How each binds, at the limit and one past it, is held where the rule lives."""
from __future__ import annotations

import math
from datetime import time

import pytest

from config import constants as c
from config.strategy_parameters import SPECS, STRATEGY_PRIORITY

INF = math.inf


@pytest.mark.parametrize("phase, row", [
    (1, (30_000, 3, 0.05, 0.30, 300, 500, 10, 100)), (2, (40_000, 5, 0.07, 0.50, 500, 750, 20, 200)),
    (3, (60_000, 7, 0.10, 0.65, 750, 1_000, 30, 350)), (4, (75_000, 10, 0.15, 0.80, 1_000, 1_500, 40, 500))])
def test_limits_of_the_phases(phase: int, row: tuple[float, ...]) -> None:
    limits = c.PHASES[phase]
    assert tuple(getattr(limits, name) for name in limits.__slots__) == row
    assert set(c.PHASES) == {1, 2, 3, 4}


def test_promotions_and_demotions() -> None:
    assert [(rule.to_phase, rule.min_equity_usd, rule.min_closed_trades, rule.min_win_rate, rule.max_single_loss_share,
             rule.needs_profitable, rule.max_drawdown_share) for rule in c.PROMOTIONS] == [
        (2, 40_000, 20, 0.60, 0.05, None, None), (3, 60_000, 50, 0.65, None, "lt112", None),
        (4, 75_000, 100, 0.70, None, None, 0.15)]
    assert (c.DEMOTION_FLOOR_SHARE, c.DEMOTION_DRAWDOWN_SHARE) == (0.93, 0.20)


def test_size_and_buying_power() -> None:
    assert (c.KELLY_FRACTION, c.MONDAY_MULTIPLIER, c.MAX_HEAT_SHARE, c.LEDGER_PAYOFF_MIN_LOSSES) == (0.25, 0.5, 0.40, 5)
    assert c.KELLY_VIX_MULTIPLIERS == ((15.0, 0.75), (25.0, 1.0), (30.0, 0.75), (INF, 0.5))
    assert c.BUYING_POWER_VIX_SHARES == ((13.0, 0.45), (18.0, 0.65), (25.0, 0.75), (30.0, 0.50), (INF, 0.80))
    assert (c.BUYING_POWER_BREAKER_MULTIPLE, c.RESERVE_AFTER_TRADE_SHARE, SPECS["futures_strangle"].risk_credit_multiple) == (
        0.75, 0.20, 2.0)
    assert (c.NAKED_MARGIN_SPOT_SHARE, c.NAKED_MARGIN_STRIKE_SHARE) == (0.20, 0.10)
    assert (c.NOTIONAL_DELTA_EQUITY_MULTIPLE, c.GREEK_WARNING_SHARE) == (0.75, 0.80)


def test_limits_of_a_day_and_counts() -> None:
    assert (c.MAX_ENTRIES_PER_DAY, c.DAILY_LOSS_SHARE, c.MINUTES_BETWEEN_ENTRIES) == (10, 0.0143, 5)
    assert (c.PATTERN_DAY_TRADER_EQUITY_USD, c.PATTERN_DAY_TRADES, c.PATTERN_DAY_TRADE_WINDOW_SESSIONS) == (25_000, 3, 5)
    assert (c.MAX_POSITIONS_PER_UNDERLYING, c.MAX_SPY_EQUIVALENT_POSITIONS, SPECS["lt112"].max_spy_slots) == (2, 3, 2)
    assert set(c.SPY_EQUIVALENTS) == {"SPY", "SPX", "XSP", "/ES", "/MES"}


def test_concentration_correlation_and_coordination() -> None:
    assert (c.FOMC_DELTA_LIMIT_MULTIPLE, c.SPY_DELTA_WARNING_SHARE) == (0.5, 0.75)
    assert (c.MAX_POSITIONS_PER_GROUP, c.MAX_SHORT_VOLATILITY_POSITIONS, c.MAX_LIMITER_POSITIONS) == (3, 5, 10)
    assert (c.CORRELATION_BLOCK, c.CORRELATION_WINDOW_MARKS, c.CORRELATION_MARK_MINUTES, c.CORRELATION_MIN_MARKS,
            c.CORRELATION_MIN_UNDERLYINGS) == (0.70, 78, 5, 60, 2)
    assert set(c.CORRELATION_GROUPS.values()) == {"equity_index", "energy", "metals", "bonds", "single_stocks"}
    assert STRATEGY_PRIORITY[:5] == ("friday_0dte", "lt112", "ipmcc", "futures_strangle", "leap_put_ladder")
    assert c.BUYING_POWER_QUEUE_SHARES == (0.30, 0.25, 0.20, 0.15, 0.10)
    assert (c.STRESSED_MARGIN_SHARE, c.STRESSED_PRIORITIES, c.STRESSED_SIZE_MULTIPLIER) == (0.70, 2, 0.5)


def test_vix_and_freshness() -> None:
    assert [bound for bound, _ in c.VIX_REGIMES] == [13.0, 18.0, 25.0, 30.0, INF]
    assert (c.VIX_MAX_AGE_MINUTES, c.VIX_PERCENTILE_SESSIONS, c.VIX_PANIC_CHANGE) == (5, 252, 0.50)
    assert (c.VIX_COMPLACENT_LEVEL, c.VIX_COMPLACENT_CHANGE) == (15.0, 0.10)
    assert (c.VIX_ENTRY_STOP, c.VIX_ENTRY_RESUME_CLOSE) == (35.0, 30.0)
    assert (c.UNDERLYING_MAX_AGE_MINUTES, c.LEG_MAX_AGE_MINUTES) == (2, 10)


def test_breakers() -> None:
    assert (c.BREAKER_DRAWDOWN_SHARE, c.BREAKER_DRAWDOWN_SHARE_PHASE1, c.BREAKER_DRAWDOWN_MINUTES) == (0.03, 0.02, 5)
    assert (c.BREAKER_DRAWDOWN_HIGH_VIX, c.BREAKER_DRAWDOWN_LOW_VIX) == ((30.0, 1.5), (15.0, 0.67))
    assert (c.BREAKER_CORRELATION, c.BREAKER_CORRELATION_PHASE1) == (0.90, 0.80)
    assert c.BREAKER_MARGIN_VIX_SHARES == ((20.0, 0.80), (30.0, 0.70), (40.0, 0.60), (INF, 0.50))
    assert (c.BREAKER_MARGIN_PHASE1_SHARE, c.BREAKER_LOSS_STREAK, c.BREAKER_LOSS_STREAK_PHASE1) == (0.60, 3, 2)
    assert (c.BREAKER_FIRST_LEVEL_SHARE, c.BREAKER_FIRST_LEVEL_SIZE, c.BREAKER_SECOND_LEVEL_CLOSES) == (0.80, 0.5, 3)
    assert (c.BREAKER_THIRD_DRAWDOWN_MULTIPLE, c.BREAKER_THIRD_CORRELATION, c.BREAKER_THIRD_MARGIN_SHARE) == (
        1.5, 0.98, 0.95)
    assert (c.BREAKER_LOCK_HOURS, c.BREAKER_RECOVERY_HOURS, c.BREAKER_RECOVERY_CORRELATION) == (24, 1, 0.70)


def test_emergency_levels() -> None:
    assert (c.YELLOW_LOSS_SHARE, c.ORANGE_LOSS_SHARE, c.RED_LOSS_SHARE) == (0.0071, 0.0143, 0.0286)
    assert (c.YELLOW_VIX, c.ORANGE_VIX) == (30.0, 35.0)
    assert (c.YELLOW_POSITION_LOSS_SHARE, c.YELLOW_POSITION_CREDIT_MULTIPLE, c.YELLOW_POSITION_DEBIT_SHARE,
            c.LEVEL_CHECKS_RUNNING, c.YELLOW_STOP_CREDIT_MULTIPLE) == (0.0029, 1.5, 0.25, 2, 1.5)
    assert (c.ORANGE_SPY_MOVE_SHARE, c.ORANGE_SPY_MOVE_MINUTES, c.ORANGE_BUYING_POWER_CUT, c.ORANGE_CLOSES) == (
        0.015, 15, 0.20, 5)
    assert (c.RED_BUYING_POWER_SHARE, c.RED_SIGMAS, c.RED_LOCK_HOURS, c.RED_EXIT_VIX, c.RED_EXIT_CORRELATION) == (
        0.95, 2.0, 24, 25.0, 0.60)


def test_the_clock() -> None:
    assert (c.ENTRY_OPEN, c.ENTRY_CLOSE, c.FUTURES_ENTRY_CLOSE) == (time(9, 45), time(14, 0), time(15, 0))
    assert (c.RISK_CHECK_MINUTES, c.POSITION_CHECK_MINUTES, c.TROUBLE_CHECK_MINUTES) == (5, 15, 1)
    assert c.MARK_TIMES == (time(10, 30), time(12, 0), time(14, 0), time(15, 15), time(15, 45))
    assert (c.STORE_TIME, c.DENSE_MARK_SHARE, c.DEFENSIVE_DTE) == (time(15, 45), 0.005, 21)
