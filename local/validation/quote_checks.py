"""Volatilities, premiums and widths of real quotes beside those of the written market."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from core.arrays import Flags, Floats
from core.carry import dividends_between, risk_free_rate
from local.data import calendar, surface
from local.data.figures import (INDEX_FUND_WIDTH, INDEX_FUTURE_WIDTH, STOCK_WIDTH, QuoteWidth, SurfaceShape)
from local.data.quoting import DAYS_A_YEAR, stress, usual_width
from local.statistics_table import grid
from local.validation import record
from local.validation.history import History
from local.validation.sample_quotes import CLOSE_MINUTE, Quotes, Source, read_samples

OPEN_MINUTE, SESSION = 570, 390
DAY_MINUTES = 1440
LEAST_DELTA, MOST_DELTA = 0.10, 0.50
TENORS = ((7, 35), (35, 100), (100, 366), (366, 2000))
JUDGED_DAYS = (7, 365)
LONG_DAYS = 120
PREMIUMS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 60.0, 150.0, 400.0)
FEWEST = 5
WIDTHS: dict[str, QuoteWidth] = {"SPY": INDEX_FUND_WIDTH, "ES": INDEX_FUTURE_WIDTH, "GOOG": STOCK_WIDTH}
LARGEST_VOLATILITY = 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """Quotes out of the money with their volatility and ours, a fraction a year, and what both make of the premium."""

    source: Source
    days: np.ndarray
    delta: Floats
    real: Floats
    ours: Floats
    real_price: Floats
    our_price: Floats


def check_typed(shape: SurfaceShape) -> bool:
    """Volatilities on record, typed in: print them beside ours; whether the median error keeps its bound."""
    rows, errors = [], []
    for quoted in record.QUOTED:
        ours = _model_at_delta(shape, quoted)
        errors.append(abs(ours - quoted.volatility_pct))
        rows.append((f"{quoted.source} {quoted.day}", str(quoted.days), f"{quoted.delta:+.2f}",
                     f"{quoted.volatility_pct:.1f}", f"{ours:.1f}"))
    median = float(np.median(errors))
    kept = median <= record.QUOTED_BOUND_POINTS
    print(f"\nvolatilities of real quotes on record, per cent: median error {median:.2f} points (at most "
          f"{record.QUOTED_BOUND_POINTS:g})" + ("" if kept else "   OUT OF BOUNDS"))
    print("\n".join(grid(("Quote", "Days", "Delta", "Real", "Ours"), rows)))
    return kept


def _model_at_delta(shape: SurfaceShape, quoted: record.QuotedVolatility) -> float:
    years = np.float64(quoted.days / DAYS_A_YEAR)
    spread = quoted.volatility_pct / 100 * np.sqrt(years)
    target = quoted.delta if quoted.delta > 0 else 1 + quoted.delta
    moneyness = brentq(lambda k: ndtr(-k / spread + spread / 2) - target, -3.0, 3.0)
    return 100 * float(_volatility(shape, quoted.vix, quoted.day, quoted.days, CLOSE_MINUTE, np.array([moneyness]))[0])


def _volatility(shape: SurfaceShape, vix: float, day: date, days: int, minute: int, moneyness: Floats) -> Floats:
    """Our volatility, a calendar year, at a moment of a day for an expiry so many days later."""
    elapsed = np.float64(min(max((minute - OPEN_MINUTE) / SESSION, 0.0), 1.0))
    after = calendar.session_number(date.fromordinal(day.toordinal() + days)) - calendar.session_number(day)
    variance_years = surface.variance_years(np.array(after), elapsed)
    horizon = surface.index_horizon(calendar.index_sessions(day), elapsed)
    variance = surface.total_variance(shape, np.float64(vix), variance_years, moneyness, horizon)
    return np.sqrt(variance / _years(days, minute))


def _years(days: int, minute: int) -> float:
    return max(days * DAY_MINUTES + CLOSE_MINUTE - minute, 1) / DAY_MINUTES / DAYS_A_YEAR


def check_samples(history: History, shape: SurfaceShape, folder: Path) -> bool:
    """Print volatilities and widths beside ours; whether their bounds are kept."""
    found = [(source, quotes, _vix(history, source.day)) for source, quotes in read_samples(folder)]
    if not found:
        print(f"\nno sample quotes in {folder}")
        return True
    one_sided = [place for _, quotes, _ in found for place in quotes.left_out]
    if one_sided:
        print(f"\n{len(one_sided)} quotes without an ask, or with a bid above it, are left out, the first: {one_sided[0]}")
    compared = [_compare(shape, source, quotes, vix) for source, quotes, vix in found if source.index != "GOOG"]
    kept = [_print_volatilities(compared), _print_long_puts(compared), _print_widths(found)]
    return all(kept)


def _vix(history: History, day: date) -> tuple[float, float]:
    """VIX at the open and at the close of a day."""
    at = history.days.index(day)
    return float(history.vix_open[at]), float(history.vix_close[at])


def _compare(shape: SurfaceShape, source: Source, quotes: Quotes, vix: tuple[float, float]) -> Compared:
    parts = []
    for expiry, minute in sorted(set(zip(quotes.expiry.tolist(), quotes.minute.tolist()))):
        chosen = (quotes.expiry == expiry) & (quotes.minute == minute) & (quotes.bid > 0)
        days = expiry - source.day.toordinal()
        forward = _forward(quotes, chosen, source, days, minute)
        if forward is None or days <= 0 and minute >= CLOSE_MINUTE:
            continue
        level = vix[0] + (vix[1] - vix[0]) * (minute - OPEN_MINUTE) / SESSION
        parts.append(_one_expiry(shape, source, quotes, chosen, days, minute, forward, level))
    columns = [np.concatenate(column) for column in zip(*parts)] if parts else [np.empty(0)] * 6
    return Compared(source=source, days=columns[0], delta=columns[1], real=columns[2], ours=columns[3],
                    real_price=columns[4], our_price=columns[5])


def _forward(quotes: Quotes, chosen: Flags, source: Source, days: int, minute: int) -> float | None:
    """By put-call parity at the strikes where call and put are nearest to each other."""
    calls = dict(zip(quotes.strike[chosen & quotes.is_call], quotes.mid[chosen & quotes.is_call]))
    puts = dict(zip(quotes.strike[chosen & ~quotes.is_call], quotes.mid[chosen & ~quotes.is_call]))
    grown = np.exp(risk_free_rate(source.day) * _years(days, minute))
    both = sorted(set(calls) & set(puts), key=lambda strike: abs(calls[strike] - puts[strike]))[:5]
    return float(np.median([strike + (calls[strike] - puts[strike]) * grown for strike in both])) if both else None


def _one_expiry(shape: SurfaceShape, source: Source, quotes: Quotes, chosen: Flags, days: int, minute: int, forward: float,
                vix: float) -> tuple[np.ndarray, ...]:
    years = _years(days, minute)
    discount = np.exp(-risk_free_rate(source.day) * years)
    out = chosen & (quotes.is_call == (quotes.strike >= forward))
    strikes, is_call, price = quotes.strike[out], quotes.is_call[out], quotes.mid[out]
    ours = _volatility(shape, vix, source.day, days, minute, np.log(strikes / forward))
    call, put = surface.black_scholes(np.float64(forward), strikes, ours**2 * years, np.float64(discount))
    real = np.array([_implied(forward, strike, above, value / discount, years)
                     for strike, above, value in zip(strikes, is_call, price)])
    spread = real * np.sqrt(years)
    delta = ndtr(np.log(forward / strikes) / spread + spread / 2) - ~is_call
    return np.full(len(strikes), days), delta, real, ours, price, np.where(is_call, call, put)


def _implied(forward: float, strike: float, is_call: bool, value: float, years: float) -> float:
    """Volatility of an undiscounted price; not a number where none gives it."""
    def excess(volatility: float) -> float:
        call, put = surface.black_scholes(np.float64(forward), np.float64(strike), np.float64(volatility**2 * years),
                                          np.float64(1.0))
        return float(call if is_call else put) - value
    if value <= 0 or excess(1e-4) > 0 or excess(LARGEST_VOLATILITY) < 0:
        return float("nan")
    return float(brentq(excess, 1e-4, LARGEST_VOLATILITY))


def _print_volatilities(compared: list[Compared]) -> bool:
    rows, judged = [], []
    for name in dict.fromkeys(one.source.name for one in compared):
        of_name = [one for one in compared if one.source.name == name]
        days, delta, real, ours = (np.concatenate([getattr(one, field) for one in of_name])
                                   for field in ("days", "delta", "real", "ours"))
        told = (np.abs(delta) >= LEAST_DELTA) & (np.abs(delta) <= MOST_DELTA) & np.isfinite(real)
        if of_name[0].source.judged:
            inside = told & (days >= JUDGED_DAYS[0]) & (days <= JUDGED_DAYS[1])
            judged.append(100 * np.abs(ours - real)[inside])
        for low, high in ((0, 7), *TENORS):
            part = told & (days >= low) & (days < high)
            if part.any():
                error = 100 * (ours - real)[part]
                rows.append((name, f"{low} to {high - 1}", str(int(part.sum())), f"{100 * real[part].mean():.1f}",
                             f"{100 * ours[part].mean():.1f}", f"{np.median(np.abs(error)):.2f}"))
    median = float(np.median(np.concatenate(judged))) if judged else 0.0
    kept = median <= record.QUOTED_BOUND_POINTS
    print(f"\nvolatilities of sample quotes, 10 to 50 delta, per cent: median error {median:.2f} points from 7 to 365 days, "
          f"January 2021 apart (at most {record.QUOTED_BOUND_POINTS:g})" + ("" if kept else "   OUT OF BOUNDS"))
    print("\n".join(grid(("Quotes", "Days", "Number", "Real", "Ours", "Median error"), rows)))
    return kept


def _print_long_puts(compared: list[Compared]) -> bool:
    ratios = np.concatenate([(one.our_price / one.real_price)[
        (one.days >= LONG_DAYS) & (one.delta < -LEAST_DELTA) & (one.delta > -MOST_DELTA) & one.source.judged]
        for one in compared])
    if not len(ratios):
        return True
    median = float(np.median(ratios))
    kept = abs(median - 1) <= record.LONG_PUT_BOUND
    print(f"\nputs of four months and more: {len(ratios)} quotes, our premium over theirs {median:.2f} (middle half "
          f"{np.quantile(ratios, 0.25):.2f} to {np.quantile(ratios, 0.75):.2f}; within {record.LONG_PUT_BOUND:.0%})"
          + ("" if kept else "   OUT OF BOUNDS"))
    return kept


def _print_widths(found: list[tuple[Source, Quotes, tuple[float, float]]]) -> bool:
    """Mean widths by premium; a single stock's are printed and not judged: a class of its own, on a thin day."""
    rows, kept = [], True
    for name in dict.fromkeys(source.name for source, _, _ in found):
        parts = [(source, quotes, vix) for source, quotes, vix in found if source.name == name]
        index = parts[0][0].index
        premium, real, ours = (np.concatenate(column) for column in zip(*(_widths(*part) for part in parts)))
        for low, high in zip(PREMIUMS, PREMIUMS[1:]):
            part = (premium >= low) & (premium < high)
            if part.sum() < FEWEST or not real[part].any():
                continue
            factor = float(ours[part].mean() / real[part].mean())
            inside = 1 / record.WIDTH_FACTOR <= factor <= record.WIDTH_FACTOR
            kept &= inside or index == "GOOG"
            rows.append((name, f"{low:g} to {high:g}", str(int(part.sum())), f"{real[part].mean():.3f}",
                         f"{ours[part].mean():.3f}", f"{factor:.2f}" + ("" if inside else " *")))
    bidless = sum(int((quotes.bid == 0).sum()) for _, quotes, _ in found)
    print(f"\nwidths by premium, in the written data's size (within a factor of {record.WIDTH_FACTOR:g}, * is outside; "
          f"{bidless} quotes had no bid)" + ("" if kept else "   OUT OF BOUNDS"))
    print("\n".join(grid(("Quotes", "Premium", "Number", "Real", "Ours", "Ours / real"), rows)))
    return kept


def _widths(source: Source, quotes: Quotes, vix: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    """(premium, real width, our average width) of a source's two-sided quotes."""
    width, spot = WIDTHS[source.index], _spot(source, quotes)
    days = quotes.expiry - source.day.toordinal()
    inner = np.maximum(np.where(quotes.is_call, spot - quotes.strike, quotes.strike - spot), 0.0) * (source.index != "ES")
    usual = usual_width(width, quotes.mid, inner) * stress(np.full(len(days), vix[1])) * (1 + days / DAYS_A_YEAR)
    step = width.tick * np.where(quotes.mid >= width.coarse_from, width.coarse, 1)
    two_sided = (quotes.bid > 0) & (quotes.ask > quotes.bid)
    return quotes.mid[two_sided], (quotes.ask - quotes.bid)[two_sided], np.maximum(usual, step)[two_sided]


def _spot(source: Source, quotes: Quotes) -> float:
    """The underlying's price that day, about: the nearest expiry's forward less its carry."""
    for expiry in np.unique(quotes.expiry):
        days = int(expiry) - source.day.toordinal()
        for minute in np.unique(quotes.minute):
            chosen = (quotes.expiry == expiry) & (quotes.minute == minute)
            forward = _forward(quotes, chosen, source, days, int(minute))
            if forward is not None:
                paid = dividends_between("SPY", source.day, date.fromordinal(int(expiry))) if source.index == "SPY" else 0.0
                return forward * float(np.exp(paid - risk_free_rate(source.day) * _years(days, int(minute))))
    return float(np.median(quotes.strike))
