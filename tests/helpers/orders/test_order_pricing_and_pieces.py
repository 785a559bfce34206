from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from config.venues import VENUES, PriceGrid
from core.combo_prices import ComboPrice
from core.model import ContractKind, Leg, Right
from helpers.orders.pieces import Piece, cover, next_piece, short_of_zero
from helpers.orders.pricing import (combo_price, entry_limit, exit_limit, greatest_worth, grid_of, marketable,
                                    sendable_limit, toward_market, toward_us)
from helpers.orders.reports import Pace
from tests.builders import make_contract, make_quote

EXPIRY = date(2024, 11, 15)
PUT, WING = make_contract(500.0, expiry=EXPIRY), make_contract(495.0, expiry=EXPIRY)
BUY, SELL = Leg(contract=PUT, ratio=1), Leg(contract=WING, ratio=-1)


def quotes(put=(3.0, 3.1), wing=(2.0, 2.1)):
    return {PUT: make_quote(*put), WING: make_quote(*wing)}.get


def test_natural_buys_at_the_ask_and_sells_at_the_bid():
    assert combo_price((BUY, SELL), quotes()) == ComboPrice(mid=1.0, natural=1.1)
    assert combo_price((Leg(contract=PUT, ratio=-1), Leg(contract=WING, ratio=2)), quotes()) == ComboPrice(
        mid=1.05, natural=1.2)


def test_dead_and_crossed_sides():
    assert combo_price((BUY, SELL), quotes(put=(0.0, 3.1))) == ComboPrice(mid=-0.5, natural=1.1)
    assert combo_price((SELL,), quotes(wing=(2.0, 0.0))) == ComboPrice(mid=-2.0, natural=-2.0)
    assert combo_price((BUY,), quotes(put=(3.2, 3.1))).natural == 3.2
    for put, wing in (((3.0, 0.0), (2.0, 2.1)), ((3.0, 3.1), (0.0, 2.1)), ((3.0, float("nan")), (2.0, 2.1)),
                      ((3.0, float("inf")), (2.0, 2.1)), ((3.0, -1.0), (2.0, 2.1))):
        assert combo_price((BUY, SELL), quotes(put, wing)) is None
    assert combo_price((BUY,), {}.get) is None


CALL = make_contract(180.0, Right.CALL, expiry=EXPIRY, underlying="AAPL")
VIX_CALL = make_contract(25.0, Right.CALL, expiry=EXPIRY, underlying="VIX", kind=ContractKind.INDEX_OPTION, root="VIX")
FIVES = PriceGrid(bands=((float("inf"), 0.05),))
PENNIES, OF_AAPL = VENUES["SPY"].alone, VENUES["AAPL"].alone


@pytest.mark.parametrize("price, grid, below, above", [
    (1.019, PENNIES, 1.01, 1.02), (-1.011, PENNIES, -1.02, -1.01), (1.02, PENNIES, 1.02, 1.02), (-1.02, PENNIES, -1.02, -1.02),
    (0.07, FIVES, 0.05, 0.10), (-0.07, FIVES, -0.10, -0.05), (0.004, PENNIES, 0.0, 0.01), (-0.004, PENNIES, -0.01, 0.0),
    (1.005, PENNIES, 1.0, 1.01), (2.987, OF_AAPL, 2.98, 2.99), (2.997, OF_AAPL, 2.99, 3.00), (3.02, OF_AAPL, 3.00, 3.05),
    (-3.02, OF_AAPL, -3.05, -3.00), (-2.997, OF_AAPL, -3.00, -2.99), (5013.37, VENUES["/ES"].alone, 5013.25, 5013.5),
    (12.26, VENUES["/GC"].combo, 12.2, 12.3), (0.4567, VENUES["/SI"].combo, 0.456, 0.457), (3.02, VENUES["VIX"].alone, 3.0, 3.05)])
def test_prices_are_rounded_to_the_grid_toward_us_and_away(price, grid, below, above):
    assert (toward_us(price, grid), toward_market(price, grid)) == (below, above)


def leg(contract, ratio=1):
    return Leg(contract=contract, ratio=ratio)


@pytest.mark.parametrize("legs, steps", [
    ((BUY,), (0.01, 0.01)), ((BUY, SELL), (0.01, 0.01)), ((leg(CALL),), (0.01, 0.05)),
    ((leg(CALL), leg(make_contract(190.0, Right.CALL, expiry=EXPIRY, underlying="AAPL"), -1)), (0.01, 0.01)),
    ((leg(VIX_CALL),), (0.01, 0.05)),
    ((leg(make_contract(0.0, Right.CALL, underlying="AAPL", kind=ContractKind.EQUITY, multiplier=1.0), -100),), (0.01, 0.01))])
def test_a_grid_is_the_classs_own_alone_and_the_combos_for_several_legs(legs, steps):
    assert tuple(grid_of(legs).step(price) for price in (2.99, 3.0)) == steps


@pytest.mark.parametrize("price, legs, opening, limit", [
    (0.0, (BUY, SELL), True, -0.01), (0.0, (BUY, SELL), False, 0.01), (0.009, (BUY, SELL), False, 0.01),
    (0.0, (BUY,), True, 0.01), (-0.5, (BUY,), False, 0.01), (0.0, (SELL,), False, -0.01), (0.02, (SELL,), True, -0.01),
    (0.5, (BUY,), True, 0.5), (-0.5, (SELL,), True, -0.5)])
def test_a_limit_is_never_zero_and_has_its_sides_sign(price, legs, opening, limit):
    assert sendable_limit(price, legs, opening=opening) == limit


@pytest.mark.parametrize("price, most, opening, limit", [
    (102.30, 5.0, False, 5.0), (4.99, 5.0, False, 4.99), (0.15, 0.0, False, -0.01), (0.15, 0.0, True, -0.01), (-0.40, 0.0, True, -0.40)])
def test_nothing_is_bought_above_what_it_can_be_worth(price, most, opening, limit):
    assert sendable_limit(price, (BUY, SELL), opening=opening, most=most) == limit


@pytest.mark.parametrize("legs, most", [
    ((BUY, SELL), 5.0), ((leg(PUT, -1), leg(WING)), 0.0), ((BUY,), 500.0), ((SELL,), 0.0), ((leg(CALL),), float("inf"))])
def test_what_an_order_can_bring_at_most(legs, most):
    assert greatest_worth(legs) == most


PRICE = ComboPrice(mid=1.0, natural=1.4)


def test_the_walks():
    assert [entry_limit(PRICE, minute, 9.0, PENNIES) for minute in (0, 1, 2, 3, 4, 5, 60)] == pytest.approx(
        [1.0, 1.0 + 0.2 / 3, 1.0 + 0.4 / 3, 1.2, 1.2, 1.2, 1.2])
    assert [exit_limit(PRICE, step, PENNIES) for step in (0, 1, 4, 5, 60)] == pytest.approx([1.0, 1.1, 1.41, 1.41, 1.41])
    assert marketable(PRICE, FIVES) == pytest.approx(1.45)


@given(some.integers(-5_000, 5_000), some.integers(0, 500), some.integers(0, 30), some.sampled_from([PENNIES, FIVES]),
       some.floats(-50, 50))
def test_an_entry_concedes_half_of_the_way_give_or_take_half_a_step(mid, half, minute, grid, worst):
    price = ComboPrice(mid=mid / 100, natural=(mid + half) / 100)
    limit = toward_us(entry_limit(price, minute, worst, grid), grid)
    step = grid.smallest
    assert limit <= min(price.at(0.5) + step / 2, max(price.natural, price.mid), worst) + 1e-6
    if minute >= 3 and worst >= price.natural:
        assert limit > price.at(0.5) - step - 1e-6


@pytest.mark.parametrize("mid, natural, grid, limit", [
    (1.275, 1.30, FIVES, 1.30), (1.25, 1.30, FIVES, 1.30), (-1.275, -1.25, FIVES, -1.25), (1.25, 1.40, FIVES, 1.35),
    (1.245, 1.265, PENNIES, 1.26), (1.25, 1.28, PENNIES, 1.27), (1.25, 1.29, PENNIES, 1.27), (1.25, 1.25, PENNIES, 1.25),
    (1.253, 1.257, PENNIES, 1.25)])
def test_the_last_step_stands_on_the_nearest_price_at_natural_at_most(mid, natural, grid, limit):
    price = ComboPrice(mid=mid, natural=natural)
    assert toward_us(entry_limit(price, 3, natural, grid), grid) == pytest.approx(limit)


# --- pieces

def option(strike: float, right: Right = Right.PUT, expiry: date = EXPIRY, **more):
    return make_contract(strike, right, expiry=expiry, **more)


def alive(*dead):
    return lambda contract: None if contract in dead else make_quote()


def done_in(todo, quote_of, apart=False):
    """Pieces in the order they would be sent, each filled whole."""
    todo, sent = dict(todo), []
    while True:
        plan = next_piece(todo, quote_of, apart=apart)
        if plan.piece is None:
            return sent, todo
        piece = {leg.contract: leg.ratio * plan.piece.quantity for leg in plan.piece.legs}
        sent.append(piece)
        todo = {contract: quantity - piece.get(contract, 0) for contract, quantity in todo.items()}


CONDOR = {option(500): 2, option(495): -2, option(560, Right.CALL): 2, option(565, Right.CALL): -2}


def test_four_legs_are_one_combo_without_a_common_divisor():
    plan = next_piece(CONDOR, alive(), apart=False)
    assert plan.piece.quantity == 2 and {leg.ratio for leg in plan.piece.legs} == {1, -1}


def test_taken_apart_the_naked_short_comes_first():
    todo = {option(500): 2, option(495): -1}
    assert done_in(todo, alive(), apart=True)[0] == [{option(500): 1}, {option(500): 1, option(495): -1}]


def test_cover_needs_right_and_expiry():
    later, sooner = option(500, expiry=date(2025, 1, 17)), option(500, expiry=date(2024, 9, 20))
    covers, naked, spare = cover({option(500): 1, later: -1})
    assert covers == [(option(500), later, 1)] and not naked and not spare
    for other in (sooner, option(560, Right.CALL), option(500, underlying="QQQ")):
        covers, naked, spare = cover({option(500): 1, other: -1})
        assert not covers and naked == {option(500): 1} and spare == {other: -1}


def test_unpriceable_legs():
    short, wing = option(500), option(495)
    assert done_in(CONDOR, alive(wing))[0] == [{contract: n for contract, n in CONDOR.items() if contract != wing}]
    plan = next_piece(CONDOR, alive(short), apart=False)
    assert plan.stuck == (short,)
    assert {leg.contract.right for leg in plan.piece.legs} == {Right.CALL}
    sent, left = done_in(CONDOR, alive(short))
    assert {contract: n for contract, n in left.items() if n} == {short: 2, wing: -2}


def test_shares_go_alone_and_never_outlast_what_protects_them():
    """Shares short are bought before the calls that protect them are sold, shares long sold before their puts; only
    calls that the shares cover are bought back first."""
    shares = make_contract(0.0, Right.CALL, expiry=date.max, kind=ContractKind.EQUITY, multiplier=1.0)
    call, put = option(560, Right.CALL), option(500)
    assert done_in({call: -1, shares: 100}, alive())[0] == [{shares: 100}, {call: -1}]
    assert done_in({call: 1, shares: -100}, alive())[0] == [{call: 1}, {shares: -100}]
    assert done_in({put: -1, shares: -100}, alive())[0] == [{shares: -100}, {put: -1}]
    assert done_in({put: 1, shares: -100}, alive())[0] == [{shares: -100}, {put: 1}]
    assert done_in({put: -1, call: 1, shares: -100}, alive())[0] == [{put: -1, call: 1}, {shares: -100}]


contracts = some.builds(option, some.sampled_from([490.0, 495.0, 500.0, 505.0]), some.sampled_from(Right),
                        some.sampled_from([EXPIRY, date(2024, 9, 20)]))


@given(some.dictionaries(contracts, some.integers(-3, 3).filter(bool), min_size=1, max_size=8), some.data(),
       some.booleans())
def test_a_closing_never_makes_more_naked_shorts(todo, data, apart):
    """After every piece the shorts without cover are no more than before it; at the end only what has no price is left,
    and what covers it."""
    dead = data.draw(some.sets(some.sampled_from(sorted(todo, key=lambda contract: contract.id))))
    left = dict(todo)
    for piece in done_in(todo, alive(*dead), apart)[0]:
        assert len(piece) <= 4
        before = sum(cover(left)[1].values())
        left = {contract: quantity - piece.get(contract, 0) for contract, quantity in left.items()}
        assert all(left[contract] * todo[contract] >= 0 for contract in todo)
        assert sum(cover({c: q for c, q in left.items() if q})[1].values()) <= before
    left = {contract: quantity for contract, quantity in left.items() if quantity}
    assert set(left) <= set(dead) | {long for short, long, _ in cover(left)[0] if short in dead}


def test_a_long_that_came_free_stays_to_cover_a_short_without_a_price():
    """At first both good longs cover the three dearer shorts and the stuck one has none; once the short beside the
    worthless long is bought back, one of the two comes free and is kept for the stuck short."""
    november = date(2024, 11, 15)
    sold, stuck = option(495, expiry=date(2024, 9, 20)), option(490, expiry=november)
    worthless, long = option(490, expiry=date(2024, 9, 20)), option(500, expiry=november)
    todo = {sold: 3, stuck: 1, worthless: -1, long: -2}
    assert cover(todo)[1] == {stuck: 1}
    sent, left = done_in(todo, alive(stuck, worthless))
    assert sent == [{sold: 1}, {sold: 2, long: -1}]
    assert {contract: quantity for contract, quantity in left.items() if quantity} == {stuck: 1, worthless: -1, long: -1}


@pytest.mark.parametrize("legs, quantity, held, expected", [
    ((BUY,), 2, {PUT: -2}, {PUT: 2}),                    # to zero, not through it
    ((BUY,), 2, {PUT: -1}, {PUT: 1}),
    ((BUY,), 2, {PUT: 0}, {PUT: 2}),                     # from zero on there is nothing to cross
    ((BUY,), 2, {PUT: 3}, {PUT: 2}),
    ((BUY, SELL), 3, {PUT: -2, WING: 1}, {PUT: 1, WING: -1}),
    ((Leg(contract=PUT, ratio=2), SELL), 1, {PUT: -1, WING: 1}, {PUT: 1}),
])
def test_no_order_takes_a_holding_of_the_account_through_zero(legs, quantity, held, expected):
    piece = short_of_zero(Piece(legs=legs, quantity=quantity), lambda contract: held.get(contract, 0))
    assert {leg.contract: leg.ratio * piece.quantity for leg in piece.legs} == expected


def test_pace_counts_within_its_window():
    start = datetime(2024, 8, 5, 10, 0)
    pace = Pace(5, 1)
    assert [pace.take(start) for _ in range(6)] == [True] * 5 + [False]
    assert not pace.take(start + timedelta(milliseconds=999)) and pace.take(start + timedelta(seconds=1))
    late = Pace(5, 1)
    moments = [start] + [start + timedelta(milliseconds=900)] * 4 + [start + timedelta(seconds=1)] * 2
    assert [late.take(moment) for moment in moments] == [True] * 6 + [False]         # not five more a moment later
    assert late.take(start + timedelta(milliseconds=1900))
    minute = Pace(5, 60)
    assert sum(minute.take(start) for _ in range(400)) == 300
