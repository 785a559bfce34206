"""Value at risk of the book by simulation: against what can be told by hand, and monotone in what is held."""
from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import exp, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from config.constants import TRADING_DAYS_PER_YEAR
from core.errors import CannotCompute
from core.model import ContractKind, Right
from core.option_values import contract_price
from risk.book_at_risk import simulated_results_usd, value_at_risk_usd
from tests.builders import FRIDAY, make_contract, make_underlying
from tests.risk.test_defence import SPOT, VOLATILITY, option, position, snapshot

SHARES = make_contract(0.0, Right.CALL, date.max, kind=ContractKind.EQUITY, multiplier=1.0)
DAY = VOLATILITY / sqrt(TRADING_DAYS_PER_YEAR)


def test_shares_lose_their_quantile() -> None:
    """The worst 5 % of a lognormal day: spot times one less its 5 % quantile."""
    seen = snapshot(position("shares", (SHARES, 100)))
    expected = 100 * SPOT * (1.0 - exp(NormalDist().inv_cdf(0.05) * DAY))
    assert value_at_risk_usd(seen) == pytest.approx(expected, rel=0.02), "between two of 200 draws"


def test_each_draw_is_the_option_valued_anew() -> None:
    put = option(520.0)
    results = simulated_results_usd(snapshot(position("naked", (put, -1))))
    shocks = (exp(NormalDist().inv_cdf((place + 0.5) / len(results)) * DAY) for place in range(len(results)))
    before = contract_price(put, SPOT, VOLATILITY, FRIDAY)
    expected = [-100.0 * (contract_price(put, SPOT * shock, VOLATILITY, FRIDAY) - before) for shock in shocks]
    assert np.allclose(results, expected, atol=1.5), "at the volatility its quote implies, near that it was made with"


def test_a_wing_lowers_it_and_twice_the_book_doubles_it() -> None:
    naked, covered = (value_at_risk_usd(snapshot(position("p", (option(530.0), -1), *wing)))
                      for wing in ((), ((option(525.0), 1),)))
    twice = value_at_risk_usd(snapshot(position("p", (option(530.0), -2))))
    assert 0.0 < covered < naked and twice == pytest.approx(2.0 * naked)


def test_what_moves_the_other_way_offsets() -> None:
    bonds = make_contract(0.0, Right.CALL, date.max, "TLT", kind=ContractKind.EQUITY, multiplier=1.0)
    world = {"underlyings": {"SPY": make_underlying(price=SPOT), "TLT": make_underlying("TLT", price=SPOT)}}
    both = snapshot(position("shares", (SHARES, 100)), position("bonds", (bonds, 100)), **world)
    assert value_at_risk_usd(both) < 0.1 * value_at_risk_usd(snapshot(position("shares", (SHARES, 100))))


def test_an_empty_book_has_none_and_a_leg_without_a_quote_cannot_be_valued() -> None:
    seen = snapshot(position("naked", (option(500.0), -1)))
    assert value_at_risk_usd(snapshot()) == 0.0
    with pytest.raises(CannotCompute, match="no quote"):
        value_at_risk_usd(replace(seen, quotes={}))
