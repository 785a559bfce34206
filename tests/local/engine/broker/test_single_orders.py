"""Single orders: fills of each type at the boundary, expiry by time, pre-order checks."""

from __future__ import annotations

from datetime import datetime

import pytest

from local.engine.broker.enums import AccountType, BrokerageName, OrderResponseErrorCode, OrderStatus, OrderType
from local.engine.broker.time_in_force import OrderProperties, TimeInForce
from local.engine.enums import OptionRight
from tests.local.engine.broker.fakes import FakeAlgorithm, FakeSecurity


def option_market(model: BrokerageName = BrokerageName.TASTYTRADE) -> tuple[FakeAlgorithm, FakeSecurity]:
    algorithm = FakeAlgorithm()
    algorithm.set_brokerage_model(model, AccountType.MARGIN)
    option = algorithm.add_option(algorithm.add_spy(), 500, OptionRight.PUT, 4.00, 4.10)
    algorithm.start()
    return algorithm, option


def share_market() -> tuple[FakeAlgorithm, FakeSecurity]:
    algorithm = FakeAlgorithm()
    spy = algorithm.add_spy()
    algorithm.start()
    return algorithm, spy


@pytest.mark.parametrize(("limit", "status"), [(4.10, OrderStatus.SUBMITTED), (4.11, OrderStatus.FILLED)])
def test_option_limit_needs_a_strictly_better_and_strictly_later_quote(limit: float, status: OrderStatus) -> None:
    algorithm, option = option_market()
    ticket = algorithm.limit_order(option.symbol, 1, limit)
    algorithm.step()
    assert ticket.status is OrderStatus.SUBMITTED
    algorithm.advance()
    algorithm.step()
    assert ticket.status is OrderStatus.SUBMITTED, "the quote is not later than the order"
    option.quote(4.00, 4.10)
    algorithm.step()
    assert ticket.status is status


def test_option_limit_fills_at_the_worse_of_high_and_limit() -> None:
    algorithm, option = option_market()
    buy = algorithm.limit_order(option.symbol, 1, 4.50)
    algorithm.advance()
    option.quote(4.00, 4.10, high=4.30)
    algorithm.step()
    assert buy.average_fill_price == 4.30
    sell = algorithm.limit_order(option.symbol, -1, 3.50)
    algorithm.advance()
    option.quote(4.00, 4.10, low=3.80)
    algorithm.step()
    assert sell.average_fill_price == 3.80


def test_option_limit_rests_when_the_market_is_closed() -> None:
    algorithm, option = option_market()
    ticket = algorithm.limit_order(option.symbol, 1, 9.0)
    algorithm.time = datetime(2024, 7, 24, 16, 1)
    option.quote(4.0, 4.1, at=datetime(2024, 7, 24, 15, 59))
    algorithm.step()
    assert ticket.status is OrderStatus.SUBMITTED


def test_market_order_fills_at_once_at_the_side() -> None:
    algorithm, option = option_market()
    assert algorithm.market_order(option.symbol, 1).average_fill_price == 4.10
    assert algorithm.sell(option.symbol, 1).average_fill_price == 4.00
    assert algorithm.statuses() == [(1, "SUBMITTED"), (1, "FILLED"), (2, "SUBMITTED"), (2, "FILLED")]


def test_market_order_outside_hours_becomes_market_on_open_and_tastytrade_refuses_that() -> None:
    algorithm, option = option_market()
    algorithm.time = datetime(2024, 7, 24, 16, 0)
    ticket = algorithm.market_order(option.symbol, 1)
    assert ticket.order_type is OrderType.MARKET_ON_OPEN
    assert ticket.status is OrderStatus.INVALID


def test_market_order_on_a_quote_more_than_a_bar_old_waits_once_it_is_an_hour_stale() -> None:
    algorithm, option = option_market()
    algorithm.time = datetime(2024, 7, 24, 11, 0)
    assert algorithm.market_order(option.symbol, 1).status is OrderStatus.FILLED
    algorithm.time = datetime(2024, 7, 24, 11, 1)
    ticket = algorithm.market_order(option.symbol, 1)
    assert ticket.status is OrderStatus.SUBMITTED
    option.quote(4.2, 4.3)
    algorithm.step()
    assert ticket.average_fill_price == 4.3


@pytest.mark.parametrize(("low", "filled"), [(540.0, False), (539.99, True)])
def test_option_style_stop_triggers_strictly_through_the_stop(low: float, filled: bool) -> None:
    algorithm, option = option_market()
    ticket = algorithm.stop_market_order(option.symbol, -1, 3.90)
    algorithm.advance()
    option.quote(4.00, 4.10, low=3.90 if low == 540.0 else 3.89)
    algorithm.step()
    assert (ticket.status is OrderStatus.FILLED) is filled
    if filled:
        assert ticket.average_fill_price == 3.90


def test_stop_limit_triggers_and_then_waits_for_its_limit() -> None:
    algorithm, option = option_market()
    ticket = algorithm.stop_limit_order(option.symbol, -1, 3.95, 3.97)
    algorithm.advance()
    option.quote(3.90, 4.00)
    algorithm.step()
    assert ticket.status is OrderStatus.SUBMITTED
    algorithm.advance()
    option.quote(3.98, 4.08)
    algorithm.step()
    assert ticket.average_fill_price == 3.98


def test_share_limit_fills_at_the_open_when_that_is_better() -> None:
    algorithm, spy = share_market()
    ticket = algorithm.limit_order(spy.symbol, 10, 549.0)
    algorithm.advance()
    spy.trade(548.0, open=548.5, low=547.9, high=548.6)
    algorithm.step()
    assert ticket.average_fill_price == 548.5


@pytest.mark.parametrize(("low", "filled"), [(549.00, False), (548.99, True)])
def test_share_limit_needs_a_trade_strictly_through_it(low: float, filled: bool) -> None:
    algorithm, spy = share_market()
    ticket = algorithm.limit_order(spy.symbol, 10, 549.0)
    algorithm.advance()
    spy.trade(549.5, open=549.6, low=low)
    algorithm.step()
    assert (ticket.status is OrderStatus.FILLED) is filled
    if filled:
        assert ticket.average_fill_price == 549.0


def test_share_stop_fills_at_the_open_of_a_gap() -> None:
    algorithm, spy = share_market()
    algorithm.market_order(spy.symbol, 10)
    ticket = algorithm.stop_market_order(spy.symbol, -10, 545.0)
    algorithm.advance()
    spy.trade(540.0, open=541.0)
    algorithm.step()
    assert ticket.average_fill_price == 541.0


def test_trailing_stop_follows_and_then_fills() -> None:
    algorithm, option = option_market(BrokerageName.DEFAULT)
    algorithm.market_order(option.symbol, 1)
    ticket = algorithm.trailing_stop_order(option.symbol, -1, 0.50, False)
    algorithm.advance()
    option.quote(5.00, 5.10)
    algorithm.step()
    assert algorithm.transactions.get_order_by_id(ticket.order_id).stop_price == 4.50
    algorithm.advance()
    option.quote(4.40, 4.50)
    algorithm.step()
    assert ticket.average_fill_price == 4.40


def test_market_on_close_fills_at_the_close_and_may_not_come_too_late() -> None:
    algorithm, spy = share_market()
    ticket = algorithm.market_on_close_order(spy.symbol, 5)
    algorithm.time = datetime(2024, 7, 24, 15, 59)
    algorithm.step()
    assert ticket.status is OrderStatus.SUBMITTED
    algorithm.time = datetime(2024, 7, 24, 16, 0)
    spy.trade(551.0)
    algorithm.step()
    assert ticket.average_fill_price == 551.0
    algorithm.time = datetime(2024, 7, 25, 15, 44)
    assert algorithm.market_on_close_order(spy.symbol, 5).status is OrderStatus.SUBMITTED
    algorithm.time = datetime(2024, 7, 25, 15, 45)
    late = algorithm.market_on_close_order(spy.symbol, 5)
    assert late.submit_request.response.error_code is OrderResponseErrorCode.MARKET_ON_CLOSE_ORDER_TOO_LATE


def test_market_on_open_fills_at_the_first_regular_bars_open() -> None:
    algorithm, spy = share_market()
    algorithm.time = datetime(2024, 7, 24, 16, 30)
    ticket = algorithm.market_on_open_order(spy.symbol, 5)
    algorithm.time = datetime(2024, 7, 25, 9, 31)
    spy.trade(552.0, open=551.5)
    algorithm.step()
    assert ticket.average_fill_price == 551.5


def test_day_order_is_cancelled_at_the_close() -> None:
    algorithm, option = option_market()
    properties = OrderProperties()
    properties.time_in_force = TimeInForce.DAY
    ticket = algorithm.limit_order(option.symbol, 1, 1.0, order_properties=properties)
    algorithm.time = datetime(2024, 7, 24, 15, 59)
    algorithm.step()
    assert ticket.status is OrderStatus.SUBMITTED
    algorithm.time = datetime(2024, 7, 24, 16, 0)
    algorithm.step()
    assert ticket.status is OrderStatus.CANCELED


def test_good_til_date_lives_to_the_close_of_its_date() -> None:
    algorithm, option = option_market()
    properties = OrderProperties()
    properties.time_in_force = TimeInForce.good_til_date(datetime(2024, 7, 25))
    ticket = algorithm.limit_order(option.symbol, 1, 1.0, order_properties=properties)
    algorithm.time = datetime(2024, 7, 25, 15, 59)
    algorithm.step()
    assert ticket.status is OrderStatus.SUBMITTED
    algorithm.time = datetime(2024, 7, 25, 16, 0)
    algorithm.step()
    assert ticket.status is OrderStatus.CANCELED


def code_of(ticket: object) -> OrderResponseErrorCode:
    return ticket.submit_request.response.error_code


def test_pre_order_checks_have_their_codes() -> None:
    algorithm, option = option_market()
    assert code_of(algorithm.limit_order(option.symbol, 0, 1.0)) is OrderResponseErrorCode.ORDER_QUANTITY_ZERO
    assert code_of(algorithm.limit_order(option.symbol, 0.5, 1.0)) is \
        OrderResponseErrorCode.ORDER_QUANTITY_LESS_THAN_LOT_SIZE
    algorithm.is_warming_up = True
    assert code_of(algorithm.limit_order(option.symbol, 1, 1.0)) is OrderResponseErrorCode.ALGORITHM_WARMING_UP
    algorithm.is_warming_up = False
    assert code_of(algorithm.exercise_option(option.symbol, 1)) is OrderResponseErrorCode.UNSUPPORTED_REQUEST_TYPE
    option.is_delisted, option.is_tradable = True, False
    assert code_of(algorithm.limit_order(option.symbol, 1, 1.0)) is OrderResponseErrorCode.NON_TRADABLE_SECURITY
    assert not algorithm.events


def test_market_on_open_is_refused_while_the_market_is_open() -> None:
    algorithm, spy = share_market()
    code = code_of(algorithm.market_on_open_order(spy.symbol, 1))
    assert code is OrderResponseErrorCode.MARKET_ON_OPEN_NOT_ALLOWED_DURING_REGULAR_HOURS


def test_orders_beyond_the_maximum_are_refused_and_end_the_run() -> None:
    algorithm, option = option_market()
    algorithm.set_maximum_orders(1)
    algorithm.limit_order(option.symbol, 1, 1.0)
    algorithm.limit_order(option.symbol, 1, 1.0)
    code = code_of(algorithm.limit_order(option.symbol, 1, 1.0))
    assert code is OrderResponseErrorCode.EXCEEDED_MAXIMUM_ORDERS


def test_liquidate_cancels_orders_and_closes_the_holding() -> None:
    algorithm, option = option_market()
    algorithm.market_order(option.symbol, 2)
    resting = algorithm.limit_order(option.symbol, -2, 9.0)
    (ticket,) = algorithm.liquidate(option.symbol)
    algorithm.step()
    assert ticket.quantity == -2 and ticket.status is OrderStatus.FILLED and ticket.tag == "Liquidated"
    assert resting.status is OrderStatus.CANCELED
    assert not algorithm.portfolio.invested


def test_an_event_handler_may_order() -> None:
    algorithm, option = option_market()
    seen = []

    def on_order_event(event: object) -> None:
        seen.append((event.order_id, event.status.name))
        if event.order_id == 1 and event.status is OrderStatus.FILLED:
            algorithm.market_order(option.symbol, -1)

    algorithm.on_order_event = on_order_event
    algorithm.market_order(option.symbol, 1)
    assert seen == [(1, "SUBMITTED"), (1, "FILLED"), (2, "SUBMITTED"), (2, "FILLED")]
    assert not algorithm.portfolio.invested
