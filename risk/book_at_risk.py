"""Value at risk of what is held now, by simulation: one factor moves all underlyings on one day, each by its own deviation
and with the sign of its beta, and every leg is valued anew at its own volatility.

The VIX has no beta: it moves against the factor, and where its own volatility is not in the snapshot by less than it
would, so that calls on it are counted low. The draws are the equally likely quantiles of a normal distribution, so the
answer is the same whenever it is asked.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np

from config.constants import BETA_TO_SPY, VALUE_AT_RISK_CONFIDENCE, VALUE_AT_RISK_DRAWS
from core.arrays import Floats
from core.errors import CannotCompute
from core.model import Contract, ContractKind, Right, Snapshot
from core.option_values import chain_prices, quote_volatility, terms_of
from core.quotes import underlying_price, usable_mid
from risk.defence import daily_deviation

_DRAWS: Final = np.array([NormalDist().inv_cdf((place + 0.5) / VALUE_AT_RISK_DRAWS) for place in range(VALUE_AT_RISK_DRAWS)])


def simulated_results_usd(snapshot: Snapshot) -> Floats:
    """What the book would make on each draw of the next day, USD, in the order of the factor.

    Raises
    ------
    CannotCompute
        A leg, an underlying or a volatility is missing or unusable.
    """
    total = np.zeros(VALUE_AT_RISK_DRAWS)
    for position in snapshot.positions:
        for leg in position.legs:
            if leg.quantity:
                total = total + leg.quantity * leg.contract.multiplier * _changes(leg.contract, snapshot)
    return total


def value_at_risk_usd(snapshot: Snapshot) -> float:
    """Loss of the next day that the worst 5 % of draws exceed, USD; 0 where none loses.

    Raises
    ------
    CannotCompute
        As :func:`simulated_results_usd`.
    """
    return max(0.0, -float(np.quantile(simulated_results_usd(snapshot), 1.0 - VALUE_AT_RISK_CONFIDENCE)))


def _changes(contract: Contract, snapshot: Snapshot) -> Floats:
    """Points one contract gains on each draw."""
    if contract.underlying not in BETA_TO_SPY:
        raise CannotCompute("no beta for the underlying", underlying=contract.underlying)
    beta = BETA_TO_SPY[contract.underlying]
    shocks = np.exp(math.copysign(1.0, beta if beta else -1.0) * _DRAWS * daily_deviation(contract, snapshot))
    spot = underlying_price(contract, snapshot.underlyings)
    if contract.kind is ContractKind.EQUITY:
        return np.asarray(spot * (shocks - 1.0))
    usable_mid(contract, snapshot.quotes)
    volatility = quote_volatility(contract, snapshot.quotes[contract.id], spot, snapshot.time)
    # a price at spot x shock is shock times that of the strike divided by the shock
    strikes = contract.strike / np.concatenate(([1.0], shocks))
    values = chain_prices(spot, strikes, np.full(len(strikes), contract.right is Right.PUT), volatility,
                          terms_of(contract, snapshot.time))
    if not np.isfinite(values).all():
        raise CannotCompute("a draw's price cannot be computed", contract=contract.id)
    return np.asarray(values[1:] * shocks - values[0])
