"""How many option values a second: one leg after another as the framework asks them, and whole chains."""
from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime

import numpy as np

from core.carry import OptionTerms, option_terms
from core.model import Contract, ContractKind, Quote, Right
from core.option_arrays import implied_volatilities, prices
from core.option_values import chain_greeks, chain_prices, chain_volatilities, contract_greeks, contract_price
from local.statistics_table import grid

NOW, EXPIRY = datetime(2024, 7, 15, 11, 0), date(2024, 8, 30)
SPOT = 544.0
CHAIN, VOLATILITIES = 1_250, 20_000
SECONDS = 0.5                       # that each is repeated for
# Legs by what early exercise means to them: matters, is shown not to matter, does not exist.
LEGS = (("put at the money, 46 days", 544.0, Right.PUT, EXPIRY, ContractKind.EQUITY_OPTION),
        ("put in the money, a year", 600.0, Right.PUT, date(2025, 7, 18), ContractKind.EQUITY_OPTION),
        ("put far out of the money, 46 days", 440.0, Right.PUT, EXPIRY, ContractKind.EQUITY_OPTION),
        ("put at the money, five hours", 545.0, Right.PUT, NOW.date(), ContractKind.EQUITY_OPTION),
        ("call without a dividend, 46 days", 560.0, Right.CALL, EXPIRY, ContractKind.EQUITY_OPTION),
        ("European put, 46 days", 544.0, Right.PUT, EXPIRY, ContractKind.INDEX_OPTION))


def option_lines() -> list[str]:
    """Rates of legs (volatility and Greeks by a quote), of a chain and of volatilities, as tables."""
    rows = [(f"Greeks of a {name}", f"{_rate(_leg(strike, right, expiry, kind), 1):,.0f}", "legs")
            for name, strike, right, expiry, kind in LEGS]
    terms, strikes, puts, iv = _chain(CHAIN)
    values = chain_prices(SPOT, strikes, puts, iv, terms)
    rows += [(f"Prices of a chain of {CHAIN:,}", f"{_rate(lambda: chain_prices(SPOT, strikes, puts, iv, terms), CHAIN):,.0f}",
              "American values"),
             (f"Greeks of a chain of {CHAIN:,}", f"{_rate(lambda: chain_greeks(SPOT, strikes, puts, iv, terms), CHAIN):,.0f}",
              "American values"),
             (f"Volatilities of a chain of {CHAIN:,}",
              f"{_rate(lambda: chain_volatilities(values, SPOT, strikes, puts, terms), CHAIN):,.0f}", "American values")]
    rows.append((f"Volatilities of {VOLATILITIES:,} rows", f"{_rate(_european_rows(), VOLATILITIES):,.0f}", "European values"))
    return grid(("Option values", "A second", "Of"), rows)


def _leg(strike: float, right: Right, expiry: date, kind: ContractKind) -> Callable[[], object]:
    """A leg's Greeks as the monitor asks for them: by its quote."""
    contract = Contract(underlying="SPY", expiry=expiry, strike=strike, right=right, kind=kind)
    value = contract_price(contract, SPOT, 0.16, NOW)
    quote = Quote(bid=value * 0.995, ask=value * 1.005, time=NOW)
    return lambda: contract_greeks(contract, quote, SPOT, NOW)


def _chain(count: int) -> tuple[OptionTerms, np.ndarray, np.ndarray, np.ndarray]:
    strikes = np.repeat(np.linspace(0.75 * SPOT, 1.25 * SPOT, count // 2), 2)
    puts = np.tile([True, False], count // 2)
    return (option_terms("SPY", ContractKind.EQUITY_OPTION, date(2024, 9, 27), NOW), strikes, puts,
            0.14 + 0.5 * np.abs(np.log(strikes / SPOT)))


def _european_rows() -> Callable[[], object]:
    """Volatilities of random options from a day to two years, those far from the money too."""
    draw = np.random.default_rng(1)
    strikes = SPOT * np.exp(draw.normal(0.0, 0.15, VOLATILITIES))
    puts, years = draw.random(VOLATILITIES) < 0.5, np.exp(draw.uniform(np.log(1.0 / 365.0), np.log(2.0), VOLATILITIES))
    iv = np.exp(draw.uniform(np.log(0.05), np.log(1.5), VOLATILITIES))
    values = prices(SPOT, strikes, puts, iv, years, 0.05, 0.014)
    return lambda: implied_volatilities(values, SPOT, strikes, puts, years, 0.05, 0.014)


def _rate(once: Callable[[], object], count: int) -> float:
    """Values a second; what is solved once and remembered is solved before."""
    once()
    repeats, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < SECONDS:
        once()
        repeats += 1
    return count * repeats / spent
