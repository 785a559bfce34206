"""How option positions are split into strategies, and what each is margined at."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.engine.broker.strategy_definitions import COVERED_FIRST, DEFINITIONS
from local.engine.broker.strategy_matcher import match_strategies
from local.engine.enums import Market, OptionRight, OptionStyle, SecurityType
from local.engine.market.symbol import Symbol
from tests.local.engine.broker.fakes import FakeAlgorithm

SPY = Symbol.create("SPY", SecurityType.EQUITY, Market.USA)
NEAR, FAR = datetime(2024, 11, 15), datetime(2024, 12, 20)


def contract(text: str) -> Symbol:
    """Read `P500` or `C560/far`."""
    head, _, far = text.partition("/")
    right = OptionRight.PUT if head[0] == "P" else OptionRight.CALL
    return Symbol.create_option(SPY, Market.USA, OptionStyle.AMERICAN, right, float(head[1:]), FAR if far else NEAR)


def names(**positions: int) -> Counter[str]:
    return found({key.replace("_", "/"): quantity for key, quantity in positions.items()})


def found(positions: dict[str, int]) -> Counter[str]:
    held = {SPY if key == "SPY" else contract(key): quantity for key, quantity in positions.items()}
    return Counter(strategy.name for strategy in match_strategies(held, SPY))


@pytest.mark.parametrize(("positions", "expected"), [
    ({"P500": -1, "P490": 1}, ["Bull Put Spread"]),
    ({"P500": 1, "P490": -1}, ["Bear Put Spread"]),
    ({"C560": -1, "C570": 1}, ["Bear Call Spread"]),
    ({"C560": 1, "C570": -1}, ["Bull Call Spread"]),
    ({"P490": 1, "P500": -1, "C560": -1, "C570": 1}, ["Iron Condor"]),
    ({"P490": 1, "P500": -1, "C500": -1, "C510": 1}, ["Iron Butterfly"]),
    ({"C500": 1, "C510": -2, "C520": 1}, ["Butterfly Call"]),
    ({"P500": -1, "C560": -1}, ["Short Strangle"]),
    ({"P500": -1, "C500": -1}, ["Short Straddle"]),
    ({"P500": -1, "P500/far": 1}, ["Put Calendar Spread"]),
    ({"P500": 1, "P500/far": -1}, ["Short Put Calendar Spread"]),
    ({"SPY": 1, "C560": -1}, ["Covered Call"]),
    ({"SPY": 1, "P500": 1}, ["Protective Put"]),
    ({"SPY": -1, "P500": -1}, ["Covered Put"]),
    ({"SPY": 1, "C560": -1, "P500": 1}, ["Protective Collar"]),
    ({"P500": -1}, ["Naked Put"]),
    ({"C500": 1}, ["Naked Call"]),
    ({"P500": 1, "P490": -2}, ["Bear Put Spread", "Naked Put"]),
    ({"C430/far": 1, "C560": -1}, ["Naked Call", "Naked Call"]),
])
def test_known_strategies(positions: dict[str, int], expected: list[str]) -> None:
    assert found(positions) == Counter(expected)


def test_quantities_beyond_the_strategy_stay() -> None:
    positions = {contract("P500"): -3, contract("P490"): 1}
    (spread, naked) = sorted(match_strategies(positions, SPY), key=lambda strategy: -len(strategy.option_legs))
    assert [leg.quantity for leg in spread.option_legs] == [-1, 1]
    assert [leg.quantity for leg in naked.option_legs] == [-2]


def test_definitions_are_tried_with_most_legs_first_and_uncovered_ones_last_in_the_second_order() -> None:
    counts = [definition.leg_count for definition in DEFINITIONS]
    assert counts == sorted(counts, reverse=True)
    uncovered = [definition.leaves_short_uncovered for definition in COVERED_FIRST]
    assert uncovered == sorted(uncovered)
    assert sorted(map(id, COVERED_FIRST)) == sorted(map(id, DEFINITIONS))


def test_inverses_without_a_name_of_their_own_are_matched_under_the_first_name() -> None:
    inverse = Counter(definition.name for definition in DEFINITIONS)
    assert {name for name, count in inverse.items() if count > 1} == {"Protective Collar", "Naked Call", "Naked Put"}


KEYS = ["P480", "P490", "P500", "P510", "C540", "C550", "C560", "P500/far", "C550/far"]
legs = st.dictionaries(st.sampled_from(KEYS), st.integers(-3, 3).filter(bool), min_size=1, max_size=6)


@given(legs)
def test_matched_legs_never_exceed_what_is_held(positions: dict[str, int]) -> None:
    held = {contract(key): quantity for key, quantity in positions.items()}
    used: Counter[Symbol] = Counter()
    for strategy in match_strategies(held, SPY):
        for leg in strategy.option_legs:
            assert leg.quantity * held[leg.symbol] > 0
            used[leg.symbol] += leg.quantity
    for symbol, quantity in held.items():
        assert used[symbol] == quantity, "single options are strategies too, so everything is matched"


# -- margin ------------------------------------------------------------------------------------------------------


def margin_of(positions: dict[str, float], spot: float = 550.0) -> tuple[float, float]:
    """Return maintenance margin of holdings bought at 2.00 with every option quoted 2.00/2.10."""
    algorithm = FakeAlgorithm()
    spy = algorithm.add_spy(spot)
    algorithm.start()
    for key, quantity in positions.items():
        if key == "SPY":
            security = spy
        else:
            symbol = contract(key)
            security = algorithm.add_option(spy, symbol.id.strike_price, symbol.id.option_right, 2.00, 2.10,
                                            symbol.id.date)
        security.holdings.set_holdings(2.0, quantity)
    groups = algorithm.portfolio.positions.groups
    initial = sum(float(group.buying_power_model.get_initial_margin_requirement(algorithm.portfolio, group))
                  for group in groups)
    return algorithm.portfolio.total_margin_used, initial


@pytest.mark.parametrize(("positions", "margin"), [
    ({"P500": -1, "P490": 1}, 1_000.0),
    ({"P500": 2, "P490": -2}, 0.0),
    ({"C560": -1, "C570": 1}, 1_000.0),
    ({"P495": 1, "P500": -1, "C560": -1, "C575": 1}, 500.0),
    ({"P485": 1, "P500": -1, "C560": -1, "C565": 1}, 1_500.0),
    ({"P500": -1, "P500/far": 1}, 0.0),
    ({"C500": 1, "C510": -2, "C520": 1}, 0.0),
    ({"C500": -1, "C510": 2, "C520": -1}, 1_000.0),
    ({"P500": 1}, 0.0),
    # naked put: price + max(10 % of strike, 20 % of spot less 50 out of the money), × 100
    ({"P500": -1}, 205.0 + 100 * max(50.0, 110.0 - 50.0)),
    # naked call 560: 10 out of the money
    ({"C560": -1}, 205.0 + 100 * max(55.0, 110.0 - 10.0)),
    # strangle: the dearer side plus the other's price
    ({"P500": -1, "C560": -1}, 10_205.0 + 205.0),
    ({"P500": -1, "C560": -1, "SPY": 0}, 10_205.0 + 205.0),
    # shares at leverage 2: half their value; protected by a put: 10 % of strike plus out of the money
    ({"SPY": 100}, 27_500.0),
    ({"SPY": 100, "P500": 1}, 100 * (50.0 + 50.0)),
    ({"SPY": 100, "P540": 1}, 100 * (54.0 + 10.0)),
])
def test_maintenance_margin(positions: dict[str, float], margin: float) -> None:
    assert margin_of(positions)[0] == pytest.approx(margin)


def test_initial_margin_of_a_debit_includes_its_premium_and_of_a_credit_does_not() -> None:
    assert margin_of({"P500": 1})[1] == pytest.approx(205.0)
    assert margin_of({"P500": -1, "P490": 1})[1] == pytest.approx(1_000.0)
