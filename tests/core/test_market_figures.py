"""Every underlying a strategy may trade has the figures that margin and Greeks need; the guards name what is wrong."""

from __future__ import annotations

from datetime import date
from math import inf, nan

import pytest

from config.constants import (BETA_TO_SPY, GREEKS_EXCLUDED,
                              KELLY_VIX_MULTIPLIERS, SPY_EQUIVALENTS)
from config.strategy_parameters import SPECS
from core.carry import dividends_between
from core.codes import RefusalCode
from config.future_margins import FUTURE_MARGINS, MICRO_OF
from core.errors import CannotCompute
from core.market_values import below, finite, guard_refusal, not_negative, positive
from core.quotes import held_mark, usable_mid
from tests.builders import make_contract, make_quote, make_underlying

UNDERLYINGS = sorted({symbol for spec in SPECS.values() for symbol in spec.underlyings} | set(SPY_EQUIVALENTS))


@pytest.mark.parametrize("symbol", UNDERLYINGS)
def test_every_underlying_has_its_figures(symbol: str) -> None:
    if symbol.startswith("/"):
        assert FUTURE_MARGINS[MICRO_OF.get(symbol, symbol)]
    else:
        assert dividends_between(symbol, date(2024, 1, 1), date(2025, 1, 1)) >= 0
    assert symbol in GREEKS_EXCLUDED or BETA_TO_SPY[symbol] != 0


def test_tables_by_bound() -> None:
    assert below(KELLY_VIX_MULTIPLIERS, 14.99) == 0.75 and below(KELLY_VIX_MULTIPLIERS, 15.0) == 1.0


@pytest.mark.parametrize("guard, good, bad", [
    (positive, (1e-9, 5.0), (0.0, -1.0, nan, inf, None)), (not_negative, (0.0, 5.0), (-1e-9, nan, inf, None)),
    (finite, (-5.0, 0.0), (nan, inf, -inf, None))])
def test_guards(guard, good, bad) -> None:
    for value in good:
        assert guard(value, "it") == value
    for value in bad:
        with pytest.raises(CannotCompute) as caught:
            guard(value, "it", where="here")
        assert caught.value.facts["input"] == "it" and caught.value.facts["where"] == "here"


def test_a_bid_of_nothing_is_a_price_and_an_ask_of_nothing_is_none() -> None:
    contract = make_contract()
    assert usable_mid(contract, {contract.id: make_quote(0.0, 0.05)}) == 0.025
    assert usable_mid(contract, {contract.id: make_quote(0.05, 0.05)}) == 0.05
    for bid, ask in ((0.0, 0.0), (0.06, 0.05), (-0.01, 0.05), (0.05, nan), (nan, 0.05), (0.05, inf)):
        with pytest.raises(CannotCompute):
            usable_mid(contract, {contract.id: make_quote(bid, ask)})
    with pytest.raises(CannotCompute):
        usable_mid(contract, {})


def test_a_guard_that_cannot_compute_refuses_with_its_facts() -> None:
    refused = guard_refusal("size", CannotCompute("no price", contract="SPY"))
    assert refused.code is RefusalCode.GUARD_CANNOT_COMPUTE
    assert dict(refused.facts) == {"guard": "size", "why": "no price", "contract": "SPY"}


@pytest.mark.parametrize("quantity, bid, ask, mark", [
    (-1, 2.0, 4.0, 3.0), (1, 2.0, 4.0, 3.0), (-1, 0.0, 4.0, 2.0), (1, 3.0, 0.0, 3.0), (1, 0.0, 0.0, 0.0),
    (-1, 50.0, 0.0, 56.0), (-1, 60.0, 0.0, 60.0), (-1, 0.0, 0.0, 56.0)])
def test_a_dead_side_makes_no_debt_smaller(quantity: int, bid: float, ask: float, mark: float) -> None:
    """A put of 600 on SPY at 544 is worth 56 exercised."""
    put = make_contract(600.0)
    assert held_mark(put, quantity, make_quote(bid, ask), {"SPY": make_underlying(price=544.0)}) == mark


@pytest.mark.parametrize("quantity, bid, ask", [(1, nan, 1.0), (1, 1.0, nan), (-1, -1.0, 2.0), (1, inf, 2.0),
                                                (-1, 1.0, 0.0)])
def test_a_quote_that_is_none_has_no_mark(quantity: int, bid: float, ask: float) -> None:
    with pytest.raises(CannotCompute):
        held_mark(make_contract(600.0), quantity, make_quote(bid, ask), {})
