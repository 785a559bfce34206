"""What SPY and VIX bars alone can tell of the written market: the chain's VIX, the curve, sessions, premiums."""
from __future__ import annotations

from datetime import date

import numpy as np

from core.arrays import Floats
from local.data import surface
from local.data.figures import OVERNIGHT_SHARE, SESSIONS_A_YEAR, SurfaceShape
from local.statistics_table import grid
from local.validation import record
from local.validation.chain_index import chains_index
from local.validation.history import History
from local.validation.strategy_indices import STRIKE_STEP, TRADE_ELAPSED

USUAL_RATE = 0.02
MONTH_SESSIONS, QUARTER_SESSIONS = 21.2, 64.0
WEEKLIES_SETTLE_AT_CLOSE_FROM = date(2010, 12, 1)
THIRD_FRIDAYS = range(15, 22)


def check_market(history: History, shape: SurfaceShape) -> bool:
    """Print every check; whether all bounds are kept."""
    kept = [_chain(shape), _curve(history, shape), _sessions(history, shape), _premiums(history, shape)]
    return all(kept)


def _chain(shape: SurfaceShape) -> bool:
    ratios = {level: chains_index(shape, level, USUAL_RATE) / level for level in record.VIX_LEVELS}
    kept = all(abs(ratio - 1) <= record.VIX_BOUND for ratio in ratios.values())
    print(f"VIX of the written chain over the VIX it came from (within {record.VIX_BOUND:.0%}): "
          + ", ".join(f"{level:g}: {ratio:.3f}" for level, ratio in ratios.items()) + _verdict(kept))
    return kept


def backwardation(history: History, shape: SurfaceShape) -> float:
    """Share of days on which VIX stands above the surface's three-month index."""
    vix = history.vix_close[history.between(record.CURVE_YEARS)]
    levels = np.unique(np.round(vix, 1))
    above = dict(zip(levels, surface.horizon_index(shape, levels, MONTH_SESSIONS)
                             > surface.horizon_index(shape, levels, QUARTER_SESSIONS)))
    return float(np.mean([above[level] for level in np.round(vix, 1)]))


def _curve(history: History, shape: SurfaceShape) -> bool:
    share, (low, high) = backwardation(history, shape), record.BACKWARDATION_BOUNDS
    kept = low <= share <= high
    print(f"days with the curve falling from one to three months, {_years(record.CURVE_YEARS)} ({low:.0%} to {high:.0%}): "
          f"{share:.1%}" + _verdict(kept))
    return kept


def session_ratios(history: History, shape: SurfaceShape) -> dict[tuple[float, float], tuple[int, float]]:
    """(sessions, variance sold at the open over variance realised to the close) by regime of VIX at the open."""
    chosen = history.between(record.CURVE_YEARS)
    vix = history.vix_open[chosen]
    moved = np.log(history.share_close[chosen] / history.share_open[chosen])
    sold = surface.atm_variance(shape, vix, surface.variance_years(np.zeros(len(vix)), np.zeros(len(vix))),
                                surface.index_horizon(history.index_sessions[chosen], np.zeros(len(vix))))
    found = {}
    for low, high in record.REGIMES:
        inside = (vix >= low) & (vix < high)
        found[low, high] = (int(inside.sum()), float(sold[inside].sum() / (moved[inside] ** 2).sum()))
    return found


def _sessions(history: History, shape: SurfaceShape) -> bool:
    low, high = record.SESSION_BOUNDS
    ratios = session_ratios(history, shape)
    kept = all(low <= ratio <= high for _, ratio in ratios.values())
    print(f"\nvariance that a session sells at the money over what SPY realised in it, {_years(record.CURVE_YEARS)} "
          f"({low:g} to {high:g})" + _verdict(kept))
    print("\n".join(grid(("VIX", "Sessions", "Ratio"), [(f"{begin:g} to {end:g}", str(count), f"{ratio:.2f}")
                                                       for (begin, end), (count, ratio) in ratios.items()])))
    return kept


def weekly_premium(history: History, shape: SurfaceShape) -> float:
    """Premium of weekly puts at the money, per cent of the index a year, sold each week's last day for the next's.

    Weeklies settled at the open until December 2010, and those of third Fridays do so still.
    """
    ends = [at for at in range(len(history.days) - 1)
            if history.days[at].isocalendar()[1] != history.days[at + 1].isocalendar()[1]]
    sold, settled = np.array(ends[:-1]), np.array(ends[1:])
    at_open = np.array([history.days[at].day in THIRD_FRIDAYS or history.days[at] < WEEKLIES_SETTLE_AT_CLOSE_FROM
                        for at in settled])
    return _yearly(history, shape, sold, settled, at_open)


def monthly_premium(history: History, shape: SurfaceShape) -> float:
    """Premium of monthly puts at the money, per cent of the index a year."""
    first, last = record.PREMIUM_YEARS
    rolls = np.array([history.third_friday(year, month) for year in range(first, last + 1) for month in range(1, 13)]
                     + [history.third_friday(last + 1, 1)])
    return _yearly(history, shape, rolls[:-1], rolls[1:], np.ones(len(rolls) - 1, dtype=bool))


def _yearly(history: History, shape: SurfaceShape, sold: np.ndarray, settled: np.ndarray, at_open: np.ndarray) -> float:
    first, last = record.PREMIUM_YEARS
    index, years = history.index_trade[sold], history.years_between(sold, settled)
    strikes = np.floor(index / STRIKE_STEP) * STRIKE_STEP
    forward = index * np.exp((history.rate[sold] - history.dividend_yield[sold]) * years)
    variance_years = surface.variance_years(settled - sold, np.float64(TRADE_ELAPSED)) \
        - at_open * (1 - OVERNIGHT_SHARE) / SESSIONS_A_YEAR
    variance = surface.total_variance(shape, history.vix_trade[sold], variance_years, np.log(strikes / forward),
                                      surface.index_horizon(history.index_sessions[sold], np.float64(TRADE_ELAPSED)))
    _, put = surface.black_scholes(forward, strikes, variance, np.exp(-history.rate[sold] * years))
    inside = history.between((first, last))[sold]
    premium: Floats = put / index
    return float(premium[inside].sum()) / (last - first + 1) * 100


def _premiums(history: History, shape: SurfaceShape) -> bool:
    low, high = record.WEEKLY_PREMIUM_BOUNDS_PCT
    weekly, monthly = weekly_premium(history, shape), monthly_premium(history, shape)
    kept = low <= weekly <= high
    print(f"\npremium of puts at the money, {_years(record.PREMIUM_YEARS)}, per cent a year: weekly {weekly:.1f} (record "
          f"{record.WEEKLY_PREMIUM_PCT}, {low:g} to {high:g}), monthly {monthly:.1f} (record {record.MONTHLY_PREMIUM_PCT})"
          + _verdict(kept))
    return kept


def _years(years: tuple[int, int]) -> str:
    return f"{years[0]}-{years[1]}"


def _verdict(kept: bool) -> str:
    return "" if kept else "   OUT OF BOUNDS"
