"""A day's universe file from its quotes: each contract's middle over the day, and the project's own volatility and Greeks."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

import numpy as np

from core.carry import OptionTerms, dividends_between, option_terms, risk_free_rate, years_to_expiry
from core.errors import CannotCompute
from core.model import ContractKind
from core.option_values import chain_greeks, chain_prices, chain_volatilities
from local.data.importers.contracts import NOT_ON_SPOT, is_index
from local.data.importers.errors import ImportRefused
from local.data.importers.rows import SCALE
from local.data.options import UNIVERSE_HEADER

RATE_STEP, PER_POINT = 1e-4, 0.01
NEAR_THE_MONEY = (0.2, 0.8)        # of delta: where a vendor's volatility is held against ours
NEAREST_PAIRS = 5


@dataclass(slots=True, kw_only=True)
class Volatilities:
    """What is told of volatilities: contracts valued, those whose quote gives none, vendor's over ours."""

    valued: int = 0
    unsolved: int = 0
    ratios: list[float] = field(default_factory=list)


def check_carry(underlying: str, yields: Mapping[str, float]) -> None:
    """Refuse an underlying whose dividends are neither on record nor told.

    Raises
    ------
    ImportRefused
        The line says what to add.
    """
    if underlying in yields:
        return
    try:
        dividends_between(underlying, date(2024, 1, 2), date(2024, 1, 3))
    except CannotCompute as error:
        raise ImportRefused(f"no dividends of {underlying} are on record, and volatilities need them: "
                            f"--dividend-yield {underlying}=0.012, a fraction a year (0 where it pays none)") from error


def universe_text(rows: np.ndarray, underlying: str, day: date, bar: tuple[float, float, float, float],
                  yields: Mapping[str, float], volume_adds_up: bool, told: Volatilities) -> str:
    """The file's text.

    Parameters
    ----------
    rows
        Checked quotes of one root, by contract and time.
    bar
        The underlying's open, high, low, close.
    yields
        Dividend yields by underlying that replace the record's.
    """
    lines = [UNIVERSE_HEADER, ",,," + ",".join(f"{price:.2f}" for price in bar) + ",0,,,,,,,\n"]
    for expiry in np.unique(rows["expiry"]):
        if expiry > day.toordinal():
            lines += _expiry_lines(rows[rows["expiry"] == expiry], underlying, day, date.fromordinal(int(expiry)), yields,
                                   volume_adds_up, told)
    return "".join(lines)


def starts_of_contracts(rows: np.ndarray) -> np.ndarray:
    """Where each contract's quotes begin."""
    new = np.ones(len(rows), dtype=bool)
    for name in ("expiry", "strike", "put"):
        new[1:] &= rows[name][1:] == rows[name][:-1]
    new[1:] = ~new[1:]
    return np.flatnonzero(new)


def middles(rows: np.ndarray) -> np.ndarray:
    """Middle of each quote in USD; the side that is there where one is not, as LEAN has it."""
    bid, ask = rows["bid"] / SCALE, rows["ask"] / SCALE
    return np.where((bid > 0.0) & (ask > 0.0), (bid + ask) / 2.0, np.maximum(bid, ask))


def _expiry_lines(rows: np.ndarray, underlying: str, day: date, expiry: date, yields: Mapping[str, float],
                  volume_adds_up: bool, told: Volatilities) -> list[str]:
    starts, middle = starts_of_contracts(rows), middles(rows)
    ends = np.append(starts[1:], len(rows)) - 1
    last, close = rows[ends], middle[ends]
    high, low = np.maximum.reduceat(middle, starts), np.minimum.reduceat(middle, starts)
    volume = (np.add if volume_adds_up else np.maximum).reduceat(rows["volume"], starts)
    interest = np.maximum.reduceat(rows["interest"], starts)
    spot, strikes, puts = last["spot"], last["strike"] / SCALE, last["put"]
    both = (last["bid"] > 0) & (last["ask"] > 0)
    moment = datetime.combine(day, time()) + timedelta(seconds=int(last["second"].max()))
    terms = _terms(underlying, expiry, moment, yields)
    if underlying in NOT_ON_SPOT:
        terms = _on_forward(terms, last, np.where(both, close, np.nan))
    iv = chain_volatilities(np.where(both, close, np.nan), spot, strikes, puts, terms)
    greeks = chain_greeks(spot, strikes, puts, iv, terms)
    up, down = (chain_prices(spot, strikes, puts, iv, replace(terms, rate=terms.rate + step)) for step in (RATE_STEP, -RATE_STEP))
    rho = (up - down) / (2.0 * RATE_STEP) * PER_POINT
    told.valued += len(iv)
    told.unsolved += int((~np.isfinite(iv)).sum())
    near = np.isfinite(iv) & (last["iv"] > 0.0) & (np.abs(greeks.delta) > NEAR_THE_MONEY[0]) \
        & (np.abs(greeks.delta) < NEAR_THE_MONEY[1])
    if near.any():
        told.ratios.append(float(np.median(last["iv"][near] / iv[near])))
    figures = np.nan_to_num(np.stack([iv, greeks.delta, greeks.gamma, greeks.vega, greeks.theta, rho], axis=1))
    lines = []
    for at in range(len(last)):
        strike = f"{strikes[at]:.4f}".rstrip("0").rstrip(".")
        lines.append(f"{expiry:%Y%m%d},{strike},{'P' if puts[at] else 'C'},{middle[starts[at]]:.4f},{high[at]:.4f},{low[at]:.4f},"
                     f"{close[at]:.4f},{volume[at]},{interest[at]},"
                     + "%.4f,%.4f,%.6f,%.4f,%.4f,%.3f\n" % tuple(figures[at]))
    return lines


def _terms(underlying: str, expiry: date, now: datetime, yields: Mapping[str, float]) -> OptionTerms:
    kind = ContractKind.INDEX_OPTION if is_index(underlying) else ContractKind.EQUITY_OPTION
    try:
        if underlying in yields:
            return OptionTerms(years=years_to_expiry(expiry, now), rate=risk_free_rate(now.date()),
                               dividend_yield=yields[underlying], american=kind is ContractKind.EQUITY_OPTION)
        return option_terms(underlying, kind, expiry, now)
    except CannotCompute as error:
        raise ImportRefused(f"{underlying} {expiry} at {now}: {error}") from error


def _on_forward(terms: OptionTerms, last: np.ndarray, close: np.ndarray) -> OptionTerms:
    """The carry that puts the forward where calls and puts of one strike say it is, at the strikes where they are nearest
    in price; as it is where no strike has both."""
    calls, puts = (dict(zip(last["strike"][chosen].tolist(), close[chosen].tolist())) for chosen in (~last["put"], last["put"]))
    pairs = [(abs(calls[strike] - puts[strike]), strike / SCALE, calls[strike] - puts[strike])
             for strike in calls if strike in puts and np.isfinite(calls[strike] + puts[strike])]
    nearest = sorted(pairs)[:NEAREST_PAIRS]
    if not nearest:
        return terms
    forward = float(np.median([strike + difference * np.exp(terms.rate * terms.years) for _, strike, difference in nearest]))
    if forward <= 0.0:
        return terms
    spot = float(np.median(last["spot"]))
    return replace(terms, dividend_yield=terms.rate - float(np.log(forward / spot)) / terms.years)
