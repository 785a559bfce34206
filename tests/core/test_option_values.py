"""Values of listed contracts at a moment: style, carry, and what a quote tells of its volatility."""

from __future__ import annotations

from datetime import timedelta
from math import nan

import pytest

from core import option_math, option_values
from core.errors import CannotCompute
from core.model import ContractKind, Right
from tests.builders import FRIDAY, make_contract, make_quote


def test_an_option_on_a_future_is_blacks() -> None:
    contract = make_contract(5000.0, Right.PUT, FRIDAY.date() + timedelta(days=50), "/ES",
                             kind=ContractKind.FUTURE_OPTION, multiplier=50.0)
    terms = option_values.terms_of(contract, FRIDAY)
    assert terms.dividend_yield == terms.rate and terms.american
    value = option_values.contract_price(contract, 5400.0, 0.2, FRIDAY)
    european = option_math.price(5400.0, 5000.0, Right.PUT, 0.2, terms.years, terms.rate, terms.rate)
    assert european < value < european * 1.01
    found = option_values.contract_greeks(contract, make_quote(value - 0.25, value + 0.25), 5400.0, FRIDAY)
    assert found.iv == pytest.approx(0.2, abs=1e-6) and found.price == pytest.approx(value)


def test_a_quotes_volatility_comes_from_its_mid() -> None:
    contract = make_contract(500.0, Right.PUT, FRIDAY.date() + timedelta(days=112))
    value = option_values.contract_price(contract, 544.0, 0.18, FRIDAY)
    assert option_values.quote_volatility(contract, make_quote(value - 0.1, value + 0.1), 544.0, FRIDAY) == pytest.approx(
        0.18, abs=1e-8)


def test_a_deep_option_uses_what_its_quote_admits() -> None:
    contract = make_contract(600.0, Right.PUT, FRIDAY.date())
    lowest = 600.0 - 544.0
    inside = option_values.contract_greeks(contract, make_quote(lowest - 0.5, lowest + 0.1), 544.0, FRIDAY)
    assert inside.price == pytest.approx(lowest + 0.025, abs=1e-6) and inside.delta < -0.95
    with pytest.raises(CannotCompute):
        option_values.quote_volatility(contract, make_quote(lowest - 0.5, lowest), 544.0, FRIDAY)


@pytest.mark.parametrize("bid, ask", [(0.0, 0.0), (1.1, 1.0), (nan, 1.0), (1.0, nan), (-0.1, 1.0), (600.0, 601.0)])
def test_unusable_quotes_are_not_computed_with(bid: float, ask: float) -> None:
    contract = make_contract(500.0, Right.PUT, FRIDAY.date() + timedelta(days=112))
    with pytest.raises(CannotCompute):
        option_values.quote_volatility(contract, make_quote(bid, ask), 544.0, FRIDAY)


def test_a_quote_without_an_underlying_price_is_not_computed_with() -> None:
    contract = make_contract(500.0, Right.PUT, FRIDAY.date() + timedelta(days=112))
    for price in (nan, 0.0, -1.0):
        with pytest.raises(CannotCompute):
            option_values.contract_greeks(contract, make_quote(), price, FRIDAY)
