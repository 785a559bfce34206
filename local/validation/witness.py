"""QuantLib as a second witness of American values, where it is installed: random options over more than markets show.

Options come in chains: one time, interest and yield, many strikes and volatilities. QuantLib's engine is the same method
by another hand (``QdFpAmericanEngine``); its Greeks are central differences of its values.
"""
from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from core.american.values import american_greeks
from core.arrays import Flags, Floats

ROWS = 10_000
STRIKES = 40                        # of each chain
SEED = 20_160_905
SHORTEST_YEARS, LONGEST_YEARS = 1.0 / 365.0 / 6.5, 3.0
RATES, YIELDS, VOLATILITIES, DISTANCES = (-0.02, 0.12), (0.0, 0.12), (0.03, 2.0), 3.0
PRICE_BOUND, DELTA_BOUND = 2e-5, 1e-3
SPOT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Chain:
    strike: Floats
    is_put: Flags
    iv: Floats
    years: float
    rate: float
    dividend_yield: float


def compared(rows: int) -> tuple[list[str], bool]:
    """What the witness said, as lines, and whether price and delta agree within their bounds."""
    if find_spec("QuantLib") is None:
        return ["second witness: QuantLib is not installed, none was heard"], True
    import QuantLib
    price, delta, none = [], [], 0
    for chain in _chains(max(1, rows // STRIKES)):
        told = _witnessed(QuantLib, chain)
        ours = american_greeks(SPOT, chain.strike, chain.is_put, chain.iv, chain.years, chain.rate, chain.dividend_yield)
        none += int((~np.isfinite(ours.price)).sum())
        price.append(np.abs(ours.price - told[0]) / SPOT)
        delta.append(np.abs(ours.delta - told[1]))
    prices, deltas = np.concatenate(price), np.concatenate(delta)
    kept = none == 0 and float(prices.max()) <= PRICE_BOUND and float(deltas.max()) <= DELTA_BOUND
    return [f"second witness, QuantLib {QuantLib.__version__}, {len(prices):,} random options: price within "
            f"{100.0 * prices.max():.6f} % of spot (99 of 100 within {100.0 * np.percentile(prices, 99):.6f}), delta within "
            f"{deltas.max():.6f}, {none} without a value: {'met' if kept else 'MISSED'}"], kept


def _chains(count: int) -> list[_Chain]:
    draw = np.random.default_rng(SEED)
    chains = []
    for _ in range(count):
        years = float(np.exp(draw.uniform(np.log(SHORTEST_YEARS), np.log(LONGEST_YEARS))))
        rate = 0.0 if draw.random() < 0.1 else float(draw.uniform(*RATES))
        carry = 0.0 if draw.random() < 0.25 else rate if rate > 0.0 and draw.random() < 0.15 else float(draw.uniform(*YIELDS))
        iv = np.exp(draw.uniform(*np.log(VOLATILITIES), STRIKES))
        spread = np.minimum(iv * np.sqrt(years), 1.0)
        chains.append(_Chain(strike=SPOT * np.exp(spread * draw.uniform(-DISTANCES, DISTANCES, STRIKES)), iv=iv, years=years,
                             is_put=draw.random(STRIKES) < 0.5, rate=rate, dividend_yield=carry))
    return chains


def _witnessed(library: ModuleType, chain: _Chain) -> tuple[Floats, Floats]:
    """Prices and deltas by the witness. Its dates are whole days: a year stands for the option's life, with interest,
    yield and variance to match."""
    ql: Any = library
    today = ql.Date(2, 1, 2020)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()
    spot, volatility = ql.SimpleQuote(SPOT), ql.SimpleQuote(0.2)
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(spot), ql.YieldTermStructureHandle(ql.FlatForward(today, chain.dividend_yield * chain.years, count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, chain.rate * chain.years, count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(volatility), count)))
    engine = ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.accurateScheme())
    prices, deltas = [], []
    for strike, is_put, iv in zip(chain.strike.tolist(), chain.is_put.tolist(), chain.iv.tolist()):
        deviation = iv * chain.years ** 0.5
        volatility.setValue(deviation)
        option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put if is_put else ql.Option.Call, strike),
                                  ql.AmericanExercise(today, today + 365))
        option.setPricingEngine(engine)
        step, values = 1e-3 * deviation * SPOT, []
        for moved in (SPOT, SPOT + step, SPOT - step):
            spot.setValue(moved)
            values.append(option.NPV())
        spot.setValue(SPOT)
        prices.append(values[0])
        deltas.append((values[1] - values[2]) / (2.0 * step))
    return np.array(prices), np.array(deltas)
