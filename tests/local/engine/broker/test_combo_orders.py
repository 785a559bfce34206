"""Combo limit orders: submission, fills at the limit and past it, updates, cancellation, refusals."""

from __future__ import annotations

import pytest

from local.engine.broker.enums import AccountType, BrokerageName, OrderField, OrderResponseErrorCode, OrderStatus
from local.engine.broker.orders import Leg
from local.engine.broker.requests import UpdateOrderFields
from local.engine.enums import OptionRight
from local.engine.errors import ArgumentException
from tests.local.engine.broker.fakes import FakeAlgorithm


def spread(cash: float = 100_000.0) -> tuple[FakeAlgorithm, list[Leg]]:
    """A put credit spread 500/490 quoted 4.00/4.10 and 3.00/3.10: natural credit 0.90."""
    algorithm = FakeAlgorithm(cash=cash)
    algorithm.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
    spy = algorithm.add_spy()
    short = algorithm.add_option(spy, 500, OptionRight.PUT, 4.00, 4.10)
    long = algorithm.add_option(spy, 490, OptionRight.PUT, 3.00, 3.10)
    algorithm.start()
    return algorithm, [Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)]


def requote(algorithm: FakeAlgorithm, legs: list[Leg], *quotes: tuple[float, float]) -> None:
    for leg, (bid, ask) in zip(legs, quotes):
        algorithm.securities[leg.symbol].quote(bid, ask)


def test_one_submitted_event_a_leg_in_order() -> None:
    algorithm, legs = spread()
    tickets = algorithm.combo_limit_order(legs, 1, -0.9)
    assert algorithm.statuses() == [(1, "SUBMITTED"), (2, "SUBMITTED")]
    assert [ticket.status for ticket in tickets] == [OrderStatus.SUBMITTED] * 2


def test_never_fills_at_the_instant_of_submission() -> None:
    algorithm, legs = spread()
    algorithm.combo_limit_order(legs, 1, 5.0)
    algorithm.step()
    assert len(algorithm.events) == 2


@pytest.mark.parametrize(("limit", "fills"), [(-0.90, False), (-0.89, True)])
def test_sum_must_strictly_beat_the_limit(limit: float, fills: bool) -> None:
    algorithm, legs = spread()
    algorithm.combo_limit_order(legs, 1, limit)
    algorithm.advance()
    requote(algorithm, legs, (4.00, 4.10), (3.00, 3.10))
    algorithm.step()
    assert (algorithm.statuses()[-1] == (2, "FILLED")) is fills


def test_fills_sells_at_bid_and_buys_at_ask_together() -> None:
    algorithm, legs = spread()
    algorithm.combo_limit_order(legs, 2, -0.5)
    algorithm.advance()
    requote(algorithm, legs, (4.00, 4.10), (3.00, 3.10))
    algorithm.step()
    filled = [event for event in algorithm.events if event.status is OrderStatus.FILLED]
    assert [(e.fill_price, e.fill_quantity, e.order_fee.value.amount) for e in filled] == [
        (4.00, -2.0, 2.0), (3.10, 2.0, 2.0)]
    assert algorithm.portfolio.cash == 100_000 + 800 - 620 - 4
    assert algorithm.portfolio.total_margin_used == 2_000


def test_a_quote_as_old_as_the_order_is_fresh_enough_and_an_older_one_is_not() -> None:
    algorithm, legs = spread()
    for leg in legs:
        algorithm.securities[leg.symbol].quote(4.0, 4.1, at=algorithm.time)
    algorithm.combo_limit_order(legs, 1, 5.0)
    algorithm.advance()
    algorithm.step()
    assert algorithm.statuses()[-1] == (2, "FILLED")

    algorithm, legs = spread()
    algorithm.advance()
    algorithm.securities[legs[0].symbol].quote(4.0, 4.1)
    algorithm.combo_limit_order(legs, 1, 5.0)
    algorithm.advance()
    algorithm.securities[legs[0].symbol].quote(4.0, 4.1)
    algorithm.step()
    assert algorithm.statuses()[-1] == (2, "SUBMITTED")


def test_update_of_one_leg_changes_the_whole_and_may_fill_in_the_same_step() -> None:
    algorithm, legs = spread()
    tickets = algorithm.combo_limit_order(legs, 1, -5.0)
    algorithm.advance()
    requote(algorithm, legs, (4.00, 4.10), (3.00, 3.10))
    algorithm.step()
    fields = UpdateOrderFields()
    fields.limit_price = -0.5
    response = tickets[1].update(fields)
    assert response.is_success
    algorithm.step()
    assert algorithm.statuses()[2:] == [(2, "UPDATE_SUBMITTED"), (1, "FILLED"), (2, "FILLED")]
    assert tickets[0].get(OrderField.LIMIT_PRICE) == -0.5


def test_update_of_a_filled_order_is_refused_but_its_tag_may_change() -> None:
    algorithm, legs = spread()
    tickets = algorithm.combo_limit_order(legs, 1, 5.0)
    algorithm.advance()
    requote(algorithm, legs, (4.00, 4.10), (3.00, 3.10))
    algorithm.step()
    assert tickets[0].update_limit_price(1.0).error_code is OrderResponseErrorCode.INVALID_ORDER_STATUS
    assert tickets[0].update_tag("done").is_success
    algorithm.step()
    assert tickets[0].tag == "done"


def test_cancel_of_one_leg_cancels_all() -> None:
    algorithm, legs = spread()
    tickets = algorithm.combo_limit_order(legs, 1, -5.0)
    assert tickets[0].cancel("give up").is_success
    assert [ticket.status for ticket in tickets] == [OrderStatus.CANCEL_PENDING, OrderStatus.SUBMITTED]
    assert tickets[0].cancel().error_code is OrderResponseErrorCode.REQUEST_CANCELED
    algorithm.step()
    assert algorithm.statuses()[2:] == [(1, "CANCEL_PENDING"), (1, "CANCELED"), (2, "CANCELED")]
    assert tickets[0].tag == "give up"
    assert not algorithm.broker.has_open_orders


def test_too_little_money_makes_every_leg_invalid_and_the_last_leg_says_why() -> None:
    algorithm, legs = spread(cash=999.0)
    tickets = algorithm.combo_limit_order(legs, 1, -0.5)
    assert algorithm.statuses() == [(1, "INVALID"), (2, "INVALID")]
    codes = [ticket.submit_request.response.error_code for ticket in tickets]
    assert codes == [OrderResponseErrorCode.NONE, OrderResponseErrorCode.INSUFFICIENT_BUYING_POWER]
    assert "Maintenance Margin Delta: 1000, Free Margin: 999" in tickets[1].submit_request.response.error_message


def test_exactly_enough_money_is_enough() -> None:
    algorithm, legs = spread(cash=1_000.0)
    algorithm.combo_limit_order(legs, 1, -0.5)
    assert algorithm.statuses() == [(1, "SUBMITTED"), (2, "SUBMITTED")]


def test_nothing_is_reserved_for_open_orders_and_the_second_to_fill_goes_invalid() -> None:
    algorithm, legs = spread(cash=1_500.0)
    algorithm.combo_limit_order(legs, 1, -0.5)
    algorithm.combo_limit_order(legs, 1, -0.5)
    algorithm.advance()
    requote(algorithm, legs, (4.00, 4.10), (3.00, 3.10))
    algorithm.step()
    assert algorithm.statuses()[4:] == [(1, "FILLED"), (2, "FILLED"), (3, "INVALID"), (4, "INVALID")]


@pytest.mark.parametrize(("ratios", "raises"), [((1, -2), False), ((2, -4), True), ((2, -3), False)])
def test_ratios_with_a_common_divisor_raise(ratios: tuple[int, int], raises: bool) -> None:
    algorithm, legs = spread()
    legs = [Leg.create(legs[1].symbol, ratios[0]), Leg.create(legs[0].symbol, ratios[1])]
    if raises:
        with pytest.raises(ArgumentException, match="from 1x"):
            algorithm.combo_limit_order(legs, 1, 5.0)
    else:
        assert len(algorithm.combo_limit_order(legs, 1, 5.0)) == 2


def test_a_limit_of_zero_raises_and_one_below_half_a_cent_becomes_zero() -> None:
    algorithm, legs = spread()
    with pytest.raises(ArgumentException, match="requires a limit price"):
        algorithm.combo_limit_order(legs, 1, 0)
    tickets = algorithm.combo_limit_order(legs, 1, 0.004)
    assert tickets[0].get(OrderField.LIMIT_PRICE) == 0.0


def test_combo_market_is_refused_by_the_tastytrade_model() -> None:
    algorithm, legs = spread()
    tickets = algorithm.combo_market_order(legs, 1)
    assert algorithm.statuses() == [(1, "INVALID"), (2, "INVALID")]
    code = tickets[1].submit_request.response.error_code
    assert code is OrderResponseErrorCode.BROKERAGE_MODEL_REFUSED_TO_SUBMIT_ORDER


def test_a_combo_may_not_take_a_holding_through_zero() -> None:
    algorithm, legs = spread()
    algorithm.combo_limit_order(legs, 1, 5.0)
    algorithm.advance()
    requote(algorithm, legs, (4.00, 4.10), (3.00, 3.10))
    algorithm.step()
    back = [Leg.create(leg.symbol, -leg.quantity) for leg in legs]
    tickets = algorithm.combo_limit_order(back, 2, 9.0)
    assert [ticket.status for ticket in tickets] == [OrderStatus.INVALID] * 2


def test_a_security_without_price_refuses_the_whole_combo_with_one_ticket() -> None:
    algorithm, legs = spread()
    fresh = algorithm.add_option(algorithm.securities[legs[0].symbol].underlying, 450, OptionRight.PUT, 0.0, 0.0)
    tickets = algorithm.combo_limit_order([Leg.create(fresh.symbol, -1), legs[1]], 1, -1.0)
    assert [ticket.status for ticket in tickets] == [OrderStatus.INVALID]
    assert tickets[0].submit_request.response.error_code is OrderResponseErrorCode.SECURITY_PRICE_ZERO
    assert not algorithm.events


def test_legs_are_whole_numbers() -> None:
    algorithm, legs = spread()
    with pytest.raises(TypeError, match="whole number"):
        Leg.create(legs[0].symbol, 1.5)
