"""Expiry, early assignment, exercise, delisting, dividends and splits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest

from local.engine.broker.enums import AccountType, BrokerageName, OrderField, OrderStatus, OrderType
from local.engine.broker.options_lifecycle import NullOptionAssignmentModel, option_expiry_utc
from local.engine.enums import DataNormalizationMode, DelistingType, Market, OptionRight, SecurityType, SplitType
from local.engine.market.symbol import Symbol
from tests.local.engine.broker.fakes import FakeAlgorithm, FakeSecurity, utc

FRIDAY = datetime(2024, 7, 26)


@dataclass(slots=True)
class FakeDelisting:
    symbol: Symbol
    type: DelistingType


@dataclass(slots=True)
class FakeDividend:
    symbol: Symbol
    distribution: float


@dataclass(slots=True)
class FakeSplit:
    symbol: Symbol
    split_factor: float
    type: SplitType
    reference_price: float = 100.0


def market(right: OptionRight, strike: float, quantity: float, *, price: float = 2.0, spot: float = 550.0,
           expiry: datetime = FRIDAY) -> tuple[FakeAlgorithm, FakeSecurity]:
    algorithm = FakeAlgorithm()
    algorithm.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
    spy = algorithm.add_spy(spot)
    option = algorithm.add_option(spy, strike, right, price, price + 0.1, expiry)
    algorithm.start()
    option.holdings.set_holdings(price, quantity)
    return algorithm, option


def expire(algorithm: FakeAlgorithm, option: FakeSecurity) -> None:
    algorithm.time = datetime(2024, 7, 27)
    algorithm.broker.process_synchronous_events([FakeDelisting(option.symbol, DelistingType.DELISTED)])


def test_worthless_options_go_at_zero() -> None:
    algorithm, option = market(OptionRight.PUT, 500, -2)
    expire(algorithm, option)
    (event,) = algorithm.events
    assert (event.status, event.fill_price, event.fill_quantity) == (OrderStatus.FILLED, 0.0, 2.0)
    assert not event.is_assignment and not event.is_in_the_money
    assert event.message.startswith("OTM. Underlying: 550")
    assert algorithm.transactions.get_order_by_id(1).type is OrderType.OPTION_EXERCISE
    assert option.holdings.profit == 400.0
    assert algorithm.portfolio.cash == 100_000.0


@pytest.mark.parametrize(("right", "quantity", "shares"), [
    (OptionRight.CALL, 1, 100), (OptionRight.CALL, -1, -100), (OptionRight.PUT, 1, -100), (OptionRight.PUT, -1, 100)])
def test_options_in_the_money_become_shares_at_the_strike(right: OptionRight, quantity: float, shares: float) -> None:
    strike = 540 if right is OptionRight.CALL else 560
    algorithm, option = market(right, strike, quantity)
    expire(algorithm, option)
    first, second = algorithm.events
    assert first.fill_price == 0.0 and first.is_assignment is (quantity < 0) and first.is_in_the_money
    assert (second.symbol, second.fill_price, second.fill_quantity) == (option.underlying.symbol, strike, shares)
    assert option.underlying.holdings.quantity == shares
    assert algorithm.portfolio.cash == 100_000.0 - shares * strike
    assert first.order_fee.value.amount == 0


@pytest.mark.parametrize(("spot", "exercised"), [(540.0, False), (540.01, True)])
def test_a_cent_in_the_money_is_exercised(spot: float, exercised: bool) -> None:
    algorithm, option = market(OptionRight.CALL, 540, 1, spot=spot)
    option.underlying.trade(spot)
    option.underlying.quote(spot, spot)
    expire(algorithm, option)
    assert (option.underlying.holdings.quantity == 100) is exercised


def test_cash_settled_options_pay_their_intrinsic_value() -> None:
    algorithm = FakeAlgorithm()
    vix = algorithm.add(Symbol.create("VIX", SecurityType.INDEX, Market.USA))
    vix.trade(20.0)
    long = algorithm.add_option(vix, 15, OptionRight.CALL, 5.0, 5.1, FRIDAY)
    short = algorithm.add_option(vix, 18, OptionRight.CALL, 2.0, 2.1, FRIDAY)
    algorithm.start()
    long.holdings.set_holdings(4.0, 2)
    short.holdings.set_holdings(1.5, -1)
    algorithm.time = datetime(2024, 7, 27)
    gone = [FakeDelisting(option.symbol, DelistingType.DELISTED) for option in (long, short)]
    algorithm.broker.process_synchronous_events(gone)
    assert algorithm.portfolio.cash == 100_000 + 2 * 500 - 200
    assert long.holdings.profit == 200.0 and short.holdings.profit == -50.0
    assert vix.holdings.quantity == 0


def test_open_orders_on_an_expired_contract_are_cancelled() -> None:
    algorithm, option = market(OptionRight.PUT, 500, 0)
    ticket = algorithm.limit_order(option.symbol, -1, 9.0)
    expire(algorithm, option)
    algorithm.step()
    assert ticket.status is OrderStatus.CANCELED


def test_a_warning_does_nothing() -> None:
    algorithm, option = market(OptionRight.PUT, 500, -2)
    algorithm.broker.process_synchronous_events([FakeDelisting(option.symbol, DelistingType.WARNING)])
    assert not algorithm.events


def test_a_delisted_share_is_sold_at_the_last_price_without_a_fee() -> None:
    algorithm, option = market(OptionRight.PUT, 500, 0)
    spy = option.underlying
    spy.holdings.set_holdings(500.0, 10)
    algorithm.broker.process_synchronous_events([FakeDelisting(spy.symbol, DelistingType.DELISTED)])
    (event,) = algorithm.events
    assert (event.fill_price, event.fill_quantity, event.message) == (550.0, -10.0, "Liquidate from delisting")


# -- early assignment --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strike", "assigned"), [(577.5, False), (577.51, True)])
def test_shorts_more_than_five_percent_in_the_money_are_assigned(strike: float, assigned: bool) -> None:
    algorithm, option = market(OptionRight.PUT, strike, -1, price=25.0)
    option.underlying.trade(550.0)
    algorithm.step()
    assert bool(algorithm.events) is assigned
    if assigned:
        assert algorithm.events[0].is_assignment
        assert "Simulated option assignment before expiration" in algorithm.events[0].message
        assert option.underlying.holdings.quantity == 100


@pytest.mark.parametrize(("now", "assigned"), [(datetime(2024, 7, 21, 23, 59), False), (datetime(2024, 7, 22), True)])
def test_assignment_begins_four_days_before_expiry(now: datetime, assigned: bool) -> None:
    algorithm, option = market(OptionRight.PUT, 600, -1, price=40.0)
    algorithm.time = now
    algorithm.broker.brokerage.next_assignment_time = None
    algorithm.step()
    assert bool(algorithm.events) is assigned


def test_assignment_is_looked_at_once_an_hour() -> None:
    algorithm, option = market(OptionRight.PUT, 600, 0, price=40.0)
    algorithm.step()
    option.holdings.set_holdings(40.0, -1)
    algorithm.advance(59)
    algorithm.step()
    assert not algorithm.events
    algorithm.advance(1)
    algorithm.step()
    assert algorithm.events


def test_longs_and_switched_off_shorts_are_not_assigned() -> None:
    algorithm, option = market(OptionRight.PUT, 600, 1, price=40.0)
    algorithm.step()
    assert not algorithm.events
    algorithm, option = market(OptionRight.PUT, 600, -1, price=40.0)
    option.set_option_assignment_model(NullOptionAssignmentModel())
    algorithm.step()
    assert not algorithm.events


def test_exercise_option_turns_a_long_into_shares() -> None:
    algorithm, option = market(OptionRight.CALL, 540, 2)
    algorithm.set_brokerage_model(BrokerageName.DEFAULT, AccountType.MARGIN)
    ticket = algorithm.exercise_option(option.symbol, 1)
    assert ticket.status is OrderStatus.FILLED
    assert (option.holdings.quantity, option.underlying.holdings.quantity) == (1, 100)


def test_tastytrade_refuses_to_exercise() -> None:
    algorithm, option = market(OptionRight.CALL, 540, 2)
    assert algorithm.exercise_option(option.symbol, 1).status is OrderStatus.INVALID


def test_expiry_is_the_close_of_the_expiry_date_or_of_the_session_before() -> None:
    _, friday = market(OptionRight.CALL, 540, 1)
    assert option_expiry_utc(friday) == utc(datetime(2024, 7, 26, 16, 0))
    _, saturday = market(OptionRight.CALL, 540, 1, expiry=datetime(2024, 7, 27))
    assert option_expiry_utc(saturday) == utc(datetime(2024, 7, 26, 16, 0))


# -- dividends and splits ----------------------------------------------------------------------------------------


def test_dividends_are_paid_on_raw_longs_and_by_raw_shorts() -> None:
    algorithm, option = market(OptionRight.PUT, 500, 0)
    spy = option.underlying
    spy.holdings.set_holdings(550.0, 100)
    algorithm.broker.apply_dividends([FakeDividend(spy.symbol, 1.75)])
    assert algorithm.portfolio.cash == 100_175.0
    spy.holdings.set_holdings(550.0, -100)
    algorithm.broker.apply_dividends([FakeDividend(spy.symbol, 1.75)])
    assert algorithm.portfolio.cash == 100_000.0
    spy.data_normalization_mode = DataNormalizationMode.ADJUSTED
    algorithm.broker.apply_dividends([FakeDividend(spy.symbol, 1.75)])
    assert algorithm.portfolio.cash == 100_000.0


def test_a_split_leaves_whole_shares_and_cash_for_the_rest() -> None:
    algorithm, option = market(OptionRight.PUT, 500, 0, spot=90.0)
    spy = option.underlying
    spy.holdings.set_holdings(90.0, 101)
    ticket = algorithm.limit_order(spy.symbol, 100, 80.0)
    algorithm.broker.apply_splits([FakeSplit(spy.symbol, 1.5, SplitType.SPLIT_OCCURRED)])
    algorithm.step()
    assert (spy.holdings.quantity, spy.holdings.average_price) == (67, 135.0)
    assert algorithm.portfolio.cash == pytest.approx(100_000 + (101 / 1.5 - 67) * 135.0)
    assert (ticket.quantity, ticket.get(OrderField.LIMIT_PRICE)) == (66, 120.0)


def test_options_are_closed_at_the_close_before_a_split() -> None:
    algorithm, option = market(OptionRight.PUT, 500, 3, expiry=datetime(2024, 11, 15))
    algorithm.set_brokerage_model(BrokerageName.DEFAULT, AccountType.MARGIN)
    split = FakeSplit(option.underlying.symbol, 0.5, SplitType.WARNING)
    algorithm.broker.apply_splits([split])
    algorithm.time = datetime(2024, 7, 24, 15, 43)
    algorithm.broker.process_split_symbols()
    assert not algorithm.events
    algorithm.time = datetime(2024, 7, 24, 15, 44)
    algorithm.broker.process_split_symbols()
    order = algorithm.transactions.get_order_by_id(1)
    assert (order.type, order.quantity, option.is_tradable) == (OrderType.MARKET_ON_CLOSE, -3, False)
