"""Orders through the gateway on the embedded engine: limits out with their signs, events in as plain values."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from core.errors import GatewayError
from core.model import Contract, Leg, Right
from helpers.orders.port import OpenOrder, OrderStatus, Rejected, Submitted
from tests.helpers.lean.engine_world import World

FRIDAY = date(2024, 7, 26)
SHORT = Contract(underlying="SPY", expiry=FRIDAY, strike=550.0, right=Right.PUT)
LONG = Contract(underlying="SPY", expiry=FRIDAY, strike=545.0, right=Right.PUT)
SPREAD = (Leg(contract=SHORT, ratio=-1), Leg(contract=LONG, ratio=1))
BUY, SELL = (Leg(contract=SHORT, ratio=1),), (Leg(contract=SHORT, ratio=-1),)


def at(hour: int, minute: int) -> datetime:
    return datetime(2024, 7, 26, hour, minute)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A Friday at two past ten, with two puts quoted."""
    made = World(tmp_path, "2024-07-26", "2024-07-26")
    made.until(at(10, 0))
    made.gateway.subscribe([SHORT, LONG])
    made.until(at(10, 2))
    return made


def limits(world: World) -> list[float]:
    """Limits of the tickets as LEAN has them, in the order they were sent."""
    tickets = sorted(world.algorithm.transactions.get_order_tickets(), key=lambda ticket: ticket.order_id)
    import AlgorithmImports as lean
    return [float(ticket.get(lean.OrderField.LIMIT_PRICE)) for ticket in tickets]


def test_one_leg_is_a_plain_limit_without_a_sign(world: World) -> None:
    gateway = world.gateway
    assert gateway.submit(BUY, 2, 0.01, "buy#1") == Submitted(order_ids=(1,))
    assert gateway.submit(SELL, 3, -9.0, "sell#1") == Submitted(order_ids=(2,))
    assert limits(world) == [0.01, 9.0]
    assert gateway.open_orders() == (OpenOrder(order_id=1, contract=SHORT, quantity=2, tag="buy#1"),
                                     OpenOrder(order_id=2, contract=SHORT, quantity=-3, tag="sell#1"))


def test_several_legs_are_one_combo_with_the_sign_of_what_is_paid(world: World) -> None:
    sent = world.gateway.submit(SPREAD, 2, -4.99, "spread#1")
    assert sent == Submitted(order_ids=(1, 2))
    assert [(order.contract, order.quantity) for order in world.gateway.open_orders()] == [(SHORT, -2), (LONG, 2)]
    assert limits(world) == [-4.99, -4.99]
    world.until(at(10, 5))
    assert world.gateway.holdings() == {}, "nobody pays that much"


def test_a_combo_fills_leg_by_leg_and_every_event_is_a_plain_value(world: World) -> None:
    world.gateway.submit(SPREAD, 2, -0.01, "spread#1")
    world.until(at(10, 4))
    heard = world.heard()
    assert [(one.update.contract, one.update.status) for one in heard] == [
        (SHORT, OrderStatus.SUBMITTED), (LONG, OrderStatus.SUBMITTED),
        (SHORT, OrderStatus.FILLED), (LONG, OrderStatus.FILLED)]
    short, long = (one.update for one in heard[2:])
    assert (short.order_id, short.fill_quantity, long.order_id, long.fill_quantity) == (1, -2, 2, 2)
    assert short.fill_price > long.fill_price > 0.0 and short.fee > 0.0 and short.time == at(10, 3)
    assert len({one.update.event_id for one in heard}) == 4 and not any(one.exercise for one in heard)
    assert world.gateway.holdings() == {SHORT: -2, LONG: 2} and world.gateway.open_orders() == ()
    assert world.gateway.average_price(SHORT) == pytest.approx(short.fill_price)


def test_what_the_engine_refuses_at_once_is_told_with_its_reason(world: World) -> None:
    unknown = Contract(underlying="SPY", expiry=FRIDAY, strike=552.0, right=Right.PUT)
    world.gateway.subscribe([unknown])
    refused = world.gateway.submit((Leg(contract=unknown, ratio=1),), 1, 1.0, "new#1")
    assert isinstance(refused, Rejected) and refused.reason.startswith("SECURITY_PRICE_ZERO: ")
    refused = world.gateway.submit((Leg(contract=unknown, ratio=1), Leg(contract=LONG, ratio=-1)), 1, 1.0, "new#2")
    assert isinstance(refused, Rejected) and world.gateway.open_orders() == ()


def test_a_new_limit_reaches_every_ticket_and_a_combos_keeps_its_sign(world: World) -> None:
    world.gateway.submit(SPREAD, 1, -4.99, "spread#1")
    world.gateway.submit(SELL, 1, -9.0, "sell#1")
    world.until(at(10, 3))
    assert world.gateway.update((1, 2), -4.50) and world.gateway.update((3,), -8.0)
    world.until(at(10, 4))
    assert limits(world) == [-4.50, -4.50, 8.0]
    assert world.gateway.update((1, 2), -0.01)
    world.until(at(10, 6))
    assert world.gateway.holdings() == {SHORT: -1, LONG: 1}
    assert not world.gateway.update((1, 2), -0.02), "it is over"


def test_tickets_of_their_own_are_all_reached(world: World) -> None:
    world.gateway.submit(SELL, 1, -9.0, "a#1")
    world.gateway.submit(SELL, 1, -9.5, "b#1")
    world.until(at(10, 3))
    assert world.gateway.update((1, 2), -8.0)
    world.until(at(10, 4))
    assert limits(world) == [8.0, 8.0]


def test_a_cancel_reaches_every_ticket(world: World) -> None:
    world.gateway.submit(SPREAD, 1, -4.99, "spread#1")
    world.until(at(10, 3))
    world.heard()
    assert world.gateway.cancel((1, 2))
    world.until(at(10, 5))
    assert [(one.update.order_id, one.update.status) for one in world.heard()] == [
        (1, OrderStatus.OTHER), (2, OrderStatus.OTHER), (1, OrderStatus.CANCELED), (2, OrderStatus.CANCELED)]
    assert world.gateway.open_orders() == () and not world.gateway.cancel((1, 2))


def test_orders_are_found_by_exactly_their_tag(world: World) -> None:
    world.gateway.submit(SPREAD, 1, -4.99, "a#1")
    world.gateway.submit(SELL, 1, -9.0, "a#11")
    assert world.gateway.open_order_ids("a#1") == (1, 2) and world.gateway.open_order_ids("a#11") == (3,)
    assert world.gateway.open_order_ids("a") == ()


@pytest.mark.parametrize("ask", [lambda gateway: gateway.update((77,), 1.0), lambda gateway: gateway.cancel((77,))])
def test_an_order_that_lean_does_not_know_is_an_error_with_its_number(world: World, ask) -> None:
    with pytest.raises(GatewayError, match="no such order") as problem:
        ask(world.gateway)
    assert problem.value.facts == {"order_id": 77}


def test_what_the_exchange_does_by_itself_is_told_apart(tmp_path: Path) -> None:
    world = World(tmp_path, "2024-07-19", "2024-07-22")
    world.until(datetime(2024, 7, 19, 10, 0))
    deep = replace(SHORT, expiry=date(2024, 7, 19), strike=566.0)
    world.gateway.subscribe([deep])
    world.until(datetime(2024, 7, 19, 10, 2))
    world.gateway.submit((Leg(contract=deep, ratio=1),), 1, 60.0, "deep#1")
    world.until(datetime(2024, 7, 19, 10, 4))
    assert [one.exercise for one in world.heard()] == [False, False] and world.gateway.holding(deep) == 1
    world.until(datetime(2024, 7, 22, 10, 0))
    heard = [one for one in world.heard() if one.update.contract == deep]
    assert heard and all(one.exercise for one in heard) and sum(one.update.fill_quantity for one in heard) == -1
    assert world.gateway.holding(deep) == 0 and sum(world.gateway.holdings().values()) == -100, "a put sells shares"
