"""Fee models, each rate at its step."""

from __future__ import annotations

import pytest

from local.engine.broker.enums import OrderDirection, OrderPosition
from local.engine.broker.fees import ConstantFeeModel, InteractiveBrokersFeeModel, TastytradeFeeModel, order_position
from local.engine.broker.orders import LimitOrder, MarketOrder
from local.engine.enums import Market, OptionRight, SecurityType
from local.engine.market.symbol import Symbol
from tests.local.engine.broker.fakes import FakeAlgorithm, FakeSecurity


@pytest.fixture
def algorithm() -> FakeAlgorithm:
    return FakeAlgorithm()


def fee(model: object, security: FakeSecurity, quantity: float, limit: float | None = None) -> float:
    if limit is None:
        order = MarketOrder(security.symbol, quantity, security.utc_time)
    else:
        order = LimitOrder(security.symbol, quantity, security.utc_time)
        order.limit_price = limit
    return model.order_fee(security, order).value.amount


def test_tastytrade_charges_options_to_open_only(algorithm: FakeAlgorithm) -> None:
    option = algorithm.add_option(algorithm.add_spy(), 500, OptionRight.PUT, 4.0, 4.1)
    model = TastytradeFeeModel()
    assert fee(model, option, -3) == 3.0
    option.holdings.set_holdings(4.0, -3)
    assert fee(model, option, 2) == 0.0
    assert fee(model, option, -1) == 1.0
    assert fee(model, option.underlying, 100) == 0.0


def test_tastytrade_charges_futures_both_ways(algorithm: FakeAlgorithm) -> None:
    from datetime import datetime

    future = algorithm.add(Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20)), 50.0)
    assert future.type is SecurityType.FUTURE
    model = TastytradeFeeModel()
    assert fee(model, future, 2) == 2.5
    future.holdings.set_holdings(5500, 2)
    assert fee(model, future, -2) == 2.5


@pytest.mark.parametrize(("premium", "expected"), [(0.10, 6.5), (0.09, 5.0), (0.05, 5.0), (0.04, 2.5)])
def test_interactive_brokers_option_tiers(algorithm: FakeAlgorithm, premium: float, expected: float) -> None:
    option = algorithm.add_option(algorithm.add_spy(), 500, OptionRight.PUT, 4.0, 4.1)
    assert fee(InteractiveBrokersFeeModel(), option, 10, premium) == expected


def test_interactive_brokers_option_minimum(algorithm: FakeAlgorithm) -> None:
    option = algorithm.add_option(algorithm.add_spy(), 500, OptionRight.PUT, 4.0, 4.1)
    assert fee(InteractiveBrokersFeeModel(), option, 1, 5.0) == 1.0


@pytest.mark.parametrize(("shares", "expected"), [(199, 1.0), (200, 1.0), (201, 1.005), (10_000, 50.0)])
def test_interactive_brokers_shares(algorithm: FakeAlgorithm, shares: float, expected: float) -> None:
    assert fee(InteractiveBrokersFeeModel(), algorithm.add_spy(), shares) == pytest.approx(expected)


def test_interactive_brokers_caps_shares_at_half_a_percent(algorithm: FakeAlgorithm) -> None:
    assert fee(InteractiveBrokersFeeModel(), algorithm.add_spy(0.50), 1_000) == 2.5


def test_constant_fee(algorithm: FakeAlgorithm) -> None:
    assert fee(ConstantFeeModel(-2.0), algorithm.add_spy(), 1) == 2.0


@pytest.mark.parametrize(("direction", "held", "expected"), [
    (OrderDirection.BUY, 0, OrderPosition.BUY_TO_OPEN), (OrderDirection.BUY, -1, OrderPosition.BUY_TO_CLOSE),
    (OrderDirection.SELL, 0, OrderPosition.SELL_TO_OPEN), (OrderDirection.SELL, 1, OrderPosition.SELL_TO_CLOSE)])
def test_order_position(direction: OrderDirection, held: float, expected: OrderPosition) -> None:
    assert order_position(direction, held) is expected


def test_order_position_without_direction_raises() -> None:
    with pytest.raises(ValueError, match="no direction"):
        order_position(OrderDirection.HOLD, 0)
