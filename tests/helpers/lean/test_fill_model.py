"""The fill model of worked orders, on the engine's broker: when, at what price, and never on old or closed quotes."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import local.engine.imports
from config.constants import FILL_CONCESSION
from local.engine.broker.enums import AccountType, BrokerageName, OrderStatus
from local.engine.broker.orders import Leg
from local.engine.enums import OptionRight
from tests.local.engine.broker.fakes import FakeAlgorithm, FakeSecurity

QUOTES = ((4.00, 4.10), (3.00, 3.20))           # of the short and the long put; the unit: mid -0.95, natural -0.80


@pytest.fixture(autouse=True)
def engine_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(local.engine.imports.__path__[0])))


def market() -> tuple[FakeAlgorithm, FakeSecurity, FakeSecurity, FakeSecurity]:
    """SPY and two puts, all with the model."""
    from helpers.lean.fill_model import WorkedFillModel
    algorithm = FakeAlgorithm()
    algorithm.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
    spy = algorithm.add_spy()
    puts = [algorithm.add_option(spy, strike, OptionRight.PUT, *quote) for strike, quote in zip((500, 490), QUOTES)]
    model = WorkedFillModel(lambda: algorithm.transactions.utc_time)
    for security in (spy, *puts):
        security.set_fill_model(model)
    algorithm.start()
    return algorithm, spy, puts[0], puts[1]


def requote(algorithm: FakeAlgorithm, *pairs: tuple[FakeSecurity, tuple[float, float]], minutes: int = 1) -> None:
    algorithm.advance(minutes)
    for security, (bid, ask) in pairs:
        security.quote(bid, ask)
    algorithm.step()


def fills(algorithm: FakeAlgorithm) -> list[tuple[float, float]]:
    return [(event.fill_price, event.fill_quantity) for event in algorithm.events if event.status is OrderStatus.FILLED]


def sold_spread(limit: float, *quotes: tuple[float, float], units: int = 2) -> list[tuple[float, float]]:
    algorithm, _, short, long = market()
    algorithm.combo_limit_order([Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)], units, limit)
    requote(algorithm, *zip((short, long), quotes or QUOTES))
    return fills(algorithm)


def test_the_concession_is_what_traders_pay_who_work_their_orders() -> None:
    assert FILL_CONCESSION == 0.40


@pytest.mark.parametrize("limit, filled", [(-0.95, False), (-0.90, False), (-0.89, True), (-0.80, True)])
def test_a_combo_fills_once_it_concedes_enough(limit: float, filled: bool) -> None:
    assert bool(sold_spread(limit)) is filled                  # 0.40 of the way from -0.95 to -0.80 is -0.89


def test_a_combo_fills_at_its_limit_every_leg_conceding_the_same_share() -> None:
    (short, sold), (long, bought) = sold_spread(-0.89)
    assert (sold, bought) == (-2, 2) and (short, long) == (4.03, 3.14)


def test_a_limit_beyond_natural_fills_at_natural() -> None:
    assert sold_spread(-0.50) == [(4.00, -2), (3.20, 2)]


@pytest.mark.parametrize("limit", [-0.87, -0.83, -0.81])
def test_the_legs_prices_make_the_limit_exactly(limit: float) -> None:
    (short, _), (long, _) = sold_spread(limit, (4.00, 4.11), (3.01, 3.20))
    assert long - short == pytest.approx(limit, abs=1e-9)


def test_ratios_count() -> None:
    algorithm, _, high, low = market()
    algorithm.combo_limit_order([Leg.create(high.symbol, 1), Leg.create(low.symbol, -2)], 3, -2.00)
    requote(algorithm, (high, QUOTES[0]), (low, QUOTES[1]))     # mid -2.15, natural -1.90, 0.40 of the way -2.05
    (bought, units), (sold, doubled) = fills(algorithm)
    assert (units, doubled) == (3, -6) and bought - 2 * sold == pytest.approx(-2.00, abs=1e-9)


@pytest.mark.parametrize("quantity, limit, price", [
    (1, 3.13, None), (1, 3.14, 3.14), (1, 3.25, 3.20), (-1, 3.07, None), (-1, 3.06, 3.06), (-1, 2.50, 3.00)])
def test_a_single_limit(quantity: int, limit: float, price: float | None) -> None:
    algorithm, _, _, long = market()
    algorithm.limit_order(long.symbol, quantity, limit)
    requote(algorithm, (long, QUOTES[1]))
    assert fills(algorithm) == ([] if price is None else [(price, quantity)])


def test_shares_are_worked_too() -> None:
    algorithm, spy, _, _ = market()
    algorithm.limit_order(spy.symbol, 10, 550.02)
    requote(algorithm, (spy, (550.00, 550.05)))
    assert fills(algorithm) == []                              # 0.40 of the way from 550.025 to 550.05 is 550.035
    requote(algorithm, (spy, (549.99, 550.03)))
    assert fills(algorithm) == [(550.02, 10)]


@pytest.mark.parametrize("side, quotes", [
    ("nobody bids for what is sold", ((0.0, 0.10), (3.00, 3.20))), ("nobody offers what is bought", (QUOTES[0], (3.00, 0.0)))])
def test_a_side_that_died_fills_nothing(side: str, quotes: tuple[tuple[float, float], ...]) -> None:
    assert sold_spread(5.00, *quotes) == [], side


def test_a_bid_of_nothing_does_not_keep_a_purchase_back() -> None:
    algorithm, _, _, long = market()
    algorithm.limit_order(long.symbol, 1, 0.07)
    requote(algorithm, (long, (0.0, 0.10)))
    assert fills(algorithm) == [(0.07, 1)]


def test_quotes_older_than_the_order_do_not_count() -> None:
    algorithm, _, short, long = market()
    algorithm.advance()
    short.quote(*QUOTES[0])
    algorithm.combo_limit_order([Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)], 1, -0.80)
    requote(algorithm, minutes=5)
    assert fills(algorithm) == []
    requote(algorithm, (long, QUOTES[1]))
    assert len(fills(algorithm)) == 2


def test_the_quotes_an_order_was_priced_by_count() -> None:
    algorithm, _, short, long = market()
    for security, quote in zip((short, long), QUOTES):
        security.quote(*quote)
    algorithm.combo_limit_order([Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)], 1, -0.80)
    algorithm.step()
    assert fills(algorithm) == []                              # never at the instant it was made
    requote(algorithm)
    assert len(fills(algorithm)) == 2


@pytest.mark.parametrize("clock, filled", [("15:59", True), ("16:00", True), ("16:01", False)])
def test_the_last_minute_of_the_session_fills_and_none_after_it(clock: str, filled: bool) -> None:
    algorithm, _, short, long = market()
    hour, minute = map(int, clock.split(":"))
    algorithm.time = algorithm.time.replace(hour=15, minute=57)
    algorithm.combo_limit_order([Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)], 1, -0.80)
    algorithm.time = algorithm.time.replace(hour=hour, minute=minute)
    for security, quote in zip((short, long), QUOTES):
        security.quote(*quote)
    algorithm.step()
    assert bool(fills(algorithm)) is filled


def test_other_orders_fill_as_on_lean() -> None:
    algorithm, spy, _, _ = market()
    algorithm.stop_market_order(spy.symbol, 5, 551.00)
    requote(algorithm, (spy, (551.10, 551.20)))
    assert [quantity for _, quantity in fills(algorithm)] == [5]


def test_an_order_that_does_not_fill_may_be_asked_after_often() -> None:
    """The answer does not depend on how often, or at which leg, the broker asks."""
    algorithm, _, short, long = market()
    tickets: list[Any] = algorithm.combo_limit_order([Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)], 1, -0.92)
    for _ in range(3):
        requote(algorithm, (short, QUOTES[0]), (long, QUOTES[1]))
    assert fills(algorithm) == [] and all(ticket.status is OrderStatus.SUBMITTED for ticket in tickets)
