"""Values of listed contracts: price, Greeks and implied volatility at a moment, with the carry of ``core.carry``.

Whoever holds a contract or a chain reaches the formulas here: American if the contract can be exercised early
(``core.american``), otherwise European. Units are those of ``core.option_math``.
"""

from __future__ import annotations

from datetime import datetime

from numpy.typing import ArrayLike

from core.american.leg import (american_implied_volatility, american_leg_greeks, american_price,
                               american_price_bounds)
from core.american.values import american_greeks, american_prices
from core.american.volatilities import american_volatilities
from core.arrays import Floats
from core.carry import OptionTerms, option_terms
from core.errors import CannotCompute
from core.model import Contract, Quote
from core.option_arrays import GreekArrays, greeks_arrays, implied_volatilities, prices
from core.option_math import OptionGreeks, greeks, implied_volatility, price, price_bounds
from core.quotes import require_price


def terms_of(contract: Contract, now: datetime) -> OptionTerms:
    """Time, carry and style of a contract at ``now``.

    Raises
    ------
    CannotCompute
        If it has expired, or the record does not cover it.
    """
    return option_terms(contract.underlying, contract.kind, contract.expiry, now)


def contract_price(contract: Contract, spot: float, iv: float, now: datetime) -> float:
    """Model price of one contract in points, given the underlying's price and a volatility.

    Raises
    ------
    CannotCompute
        As :func:`terms_of`, and if an input is not a positive number.
    """
    terms = terms_of(contract, now)
    model = american_price if terms.american else price
    return model(spot, contract.strike, contract.right, iv, terms.years, terms.rate, terms.dividend_yield)


def greeks_at(contract: Contract, spot: float, iv: float, now: datetime) -> OptionGreeks:
    """Price and sensitivities of one long contract per point, given the underlying's price and a volatility.

    Raises
    ------
    CannotCompute
        As :func:`contract_price`.
    """
    terms = terms_of(contract, now)
    model = american_leg_greeks if terms.american else greeks
    return model(spot, contract.strike, contract.right, iv, terms.years, terms.rate, terms.dividend_yield)


def quote_volatility(contract: Contract, quote: Quote, underlying_price: float, now: datetime) -> float:
    """Volatility implied by a quote's mid.

    The mid itself may lie at or below the no-arbitrage bound while the ask does not (a deep option whose quote is wide,
    or a minute older than the underlying's). Then the lowest quarter of the admissible part of the quote is used.

    Raises
    ------
    CannotCompute
        If the quote is empty, crossed or wholly outside the bounds, the underlying's price is missing, or the contract
        has expired.
    """
    require_price(contract, quote)
    facts = dict(contract=contract.id, bid=quote.bid, ask=quote.ask)
    terms = terms_of(contract, now)
    bounds, model = (american_price_bounds, american_implied_volatility) if terms.american \
        else (price_bounds, implied_volatility)
    years, rate, carry = terms.years, terms.rate, terms.dividend_yield
    lowest, highest = bounds(underlying_price, contract.strike, contract.right, years, rate, carry)
    mid = quote.mid
    if mid <= lowest:
        if quote.ask <= lowest:
            raise CannotCompute("quote lies below the option's intrinsic value", lowest=lowest, **facts)
        mid = lowest + 0.25 * (quote.ask - lowest)
    if mid >= highest:
        raise CannotCompute("quote lies above the option's highest value", highest=highest, **facts)
    return model(mid, underlying_price, contract.strike, contract.right, years, rate, carry)


def contract_greeks(contract: Contract, quote: Quote, underlying_price: float, now: datetime) -> OptionGreeks:
    """Greeks of one long contract per point, at the volatility its quote implies.

    Raises
    ------
    CannotCompute
        As :func:`quote_volatility`.
    """
    return greeks_at(contract, underlying_price, quote_volatility(contract, quote, underlying_price, now), now)


def chain_prices(spot: float, strikes: ArrayLike, is_put: ArrayLike, iv: ArrayLike, terms: OptionTerms) -> Floats:
    """Model prices of one expiry's contracts in points; NaN if a row's input is unusable."""
    model = american_prices if terms.american else prices
    return model(spot, strikes, is_put, iv, terms.years, terms.rate, terms.dividend_yield)


def chain_greeks(spot: float, strikes: ArrayLike, is_put: ArrayLike, iv: ArrayLike, terms: OptionTerms) -> GreekArrays:
    """Prices and sensitivities of one expiry's contracts; NaN if a row's input is unusable."""
    model = american_greeks if terms.american else greeks_arrays
    return model(spot, strikes, is_put, iv, terms.years, terms.rate, terms.dividend_yield)


def chain_volatilities(price: ArrayLike, spot: float, strikes: ArrayLike, is_put: ArrayLike, terms: OptionTerms
                       ) -> Floats:
    """Volatilities of one expiry's contracts at their prices; NaN if none gives the price."""
    model = american_volatilities if terms.american else implied_volatilities
    return model(price, spot, strikes, is_put, terms.years, terms.rate, terms.dividend_yield)
