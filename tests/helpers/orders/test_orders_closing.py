"""Exits and rolls: the walk to natural, pieces, worthless and stuck legs, the close."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from config.constants import QUOTE_AWAIT_MINUTES, STUCK_MINUTES
from core.model import ContractKind, Purpose, Right, Urgency
from helpers.orders.port import OrderStatus
from tests.builders import make_contract, make_quote
from tests.helpers.orders.fake_broker import (CALL, CLOSING, EXPIRY, FAR_CALL, LONG, QUOTES, SHORT, Desk, entry_desk,
                                              exit_desk, limits, make_intent)


def test_exit_walks_from_mid_to_natural_and_stays_there():
    desk = exit_desk()
    assert limits(desk) == [1.00]
    desk.minutes(12)
    assert limits(desk) == [1.00, 1.02, 1.05, 1.07, 1.11]
    assert desk.finals() == [] and desk.broker.cancels == []


def test_mandatory_exit_starts_at_natural_and_follows_it():
    desk = exit_desk(Urgency.NATURAL)
    assert limits(desk) == [1.11]
    desk.broker.quotes[SHORT] = make_quote(5.0, 5.2)
    desk.minutes(1)
    assert limits(desk)[-1] == 3.21
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def test_a_mandatory_exit_hurries_the_one_that_walks_instead_of_doubling_it():
    desk = exit_desk()
    assert desk.start(make_intent(CLOSING, 2, Purpose.EXIT, Urgency.NATURAL, id="other:EXIT:1")) is False
    assert len(desk.broker.sent) == 1 and limits(desk)[-1] == 1.11


def test_exit_while_the_entry_works_cancels_it_and_says_busy():
    desk = entry_desk()
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT, id="other:EXIT:1"))
    assert desk.finals() == [("REFUSED", True, "BUSY", 0)]
    desk.minutes(1)
    assert desk.finals()[-1] == ("NOT_FILLED", True, "EXIT_WANTED", 0)


def test_exit_waits_over_the_close_and_goes_on():
    desk = exit_desk()
    desk.broker.now = desk.broker.close - timedelta(minutes=2)
    desk.minutes(1)
    assert len(desk.broker.cancels) == 1
    desk.broker.close = None
    desk.minutes(5)
    assert len(desk.broker.sent) == 1 and desk.finals() == []
    desk.broker.now += timedelta(hours=17)
    desk.broker.close = desk.broker.now + timedelta(hours=6)
    desk.minutes(1)
    assert len(desk.broker.sent) == 2
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def overnight(desk, *, told: bool):
    """The last minute's cancel is not heard, nor any later one: the order ends with its day, and that may be told or not."""
    desk.broker.deaf_cancel = True
    desk.broker.now = desk.broker.close - timedelta(minutes=2)
    desk.minutes(2)
    for order_id in list(desk.broker.orders) if told else ():
        desk.broker.end(order_id, OrderStatus.CANCELED, "The order has expired.")
    desk.broker.close = None
    desk.minutes(5)
    desk.broker.now = (desk.now + timedelta(days=1)).replace(hour=9, minute=30)
    desk.broker.close = desk.now.replace(hour=16)
    desk.minutes(1)


@pytest.mark.parametrize("told", [True, False])
def test_an_order_ends_with_its_day_and_the_exit_is_sent_again_in_the_morning(told):
    desk = exit_desk()
    overnight(desk, told=told)
    desk.minutes(3)
    assert len(desk.broker.sent) == 2 and desk.finals() == []
    desk.broker.orders = {number: order for number, order in desk.broker.orders.items() if number > 2}
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)] and desk.net() == {SHORT: 2, LONG: -2}


@pytest.mark.parametrize("told", [True, False])
def test_an_entry_whose_order_ended_with_its_day_is_over(told):
    desk = entry_desk()
    overnight(desk, told=told)
    desk.minutes(3)
    assert desk.finals() == [("NOT_FILLED", True, "LAST_MINUTE", 0)] and len(desk.broker.sent) == 1
    assert desk.executor.halted_by == ()


def test_what_filled_before_the_day_ended_is_found_in_the_holdings():
    desk = entry_desk()
    desk.broker.fill(SHORT, told=False)
    desk.broker.fill(LONG, told=False)
    overnight(desk, told=False)
    desk.minutes(3)
    assert [outcome[:2] + outcome[3:] for outcome in desk.finals()] == [("FILLED", True, 2)]


def test_a_send_that_never_returned_is_over_with_its_day():
    desk = exit_desk(start=False, explode=True)
    with pytest.raises(RuntimeError):
        desk.start(make_intent(CLOSING, 2, Purpose.EXIT))
    desk.broker.explode = False
    desk.broker.now += timedelta(days=1)
    desk.broker.close = desk.now.replace(hour=16)
    desk.minutes(4)
    assert len(desk.broker.sent) == 2


def test_worthless_long_is_left_out_and_sold_once_somebody_bids():
    desk = exit_desk(Urgency.NATURAL, start=False)
    desk.broker.quotes[LONG] = make_quote(0.0, 0.05)
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT, Urgency.NATURAL))
    assert dict(desk.broker.sent[0][0]) == {SHORT: 1} and desk.broker.sent[0][2] == 3.11
    desk.broker.fill_all()
    desk.minutes(3)
    assert desk.finals() == [] and len(desk.broker.sent) == 1
    desk.broker.quotes[LONG] = make_quote(0.02, 0.05)
    desk.minutes(1)
    assert dict(desk.broker.sent[1][0]) == {LONG: -1} and desk.broker.sent[1][2] == -0.01
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def test_long_that_never_had_a_quote_is_awaited_and_not_taken_for_worthless():
    desk = exit_desk(Urgency.NATURAL, start=False)
    del desk.broker.quotes[LONG]
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT, Urgency.NATURAL))
    desk.minutes(QUOTE_AWAIT_MINUTES - 1)
    assert desk.broker.sent == []
    desk.broker.quotes[LONG] = QUOTES[LONG]
    desk.minutes(1)
    assert dict(desk.broker.sent[0][0]) == CLOSING


def test_long_without_any_quote_frees_its_short_when_its_time_is_up():
    desk = exit_desk(Urgency.NATURAL, start=False)
    del desk.broker.quotes[LONG]
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT, Urgency.NATURAL))
    desk.minutes(QUOTE_AWAIT_MINUTES)
    assert dict(desk.broker.sent[0][0]) == {SHORT: 1}


def test_order_taken_over_by_a_restart_outlives_the_minutes_until_its_long_is_quoted():
    desk = exit_desk(Urgency.NATURAL)
    del desk.broker.quotes[LONG]
    desk.minutes(QUOTE_AWAIT_MINUTES - 1)
    assert desk.broker.cancels == []
    desk.minutes(2)
    assert len(desk.broker.cancels) == 1


def stands_through(minutes: int, age: timedelta) -> Desk:
    """A mandatory exit that nobody fills although quotes ``age`` old stand through its limit."""
    desk = exit_desk(Urgency.NATURAL)
    sent = desk.now
    for contract, quote in desk.broker.quotes.items():
        desk.broker.quotes[contract] = replace(quote, time=sent - age)
    desk.minutes(minutes)
    return desk


def test_closing_order_that_fresh_quotes_stand_through_is_sent_anew():
    desk = stands_through(STUCK_MINUTES, timedelta(minutes=-1))
    assert desk.broker.cancels == []
    desk.minutes(3)
    assert len(desk.broker.cancels) == 1 and len(desk.broker.sent) == 2
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def test_quotes_older_than_the_order_do_not_make_it_stuck():
    desk = stands_through(STUCK_MINUTES + 6, timedelta(0))
    assert desk.broker.cancels == [] and len(desk.broker.sent) == 1


def test_bid_that_dies_on_the_way_frees_the_short():
    desk = exit_desk(Urgency.NATURAL)
    desk.broker.quotes[LONG] = make_quote(0.0, 0.05)
    desk.minutes(2)
    assert dict(desk.broker.sent[-1][0]) == {SHORT: 1}


def test_worthless_long_ends_with_its_expiry():
    desk = exit_desk(Urgency.NATURAL, start=False)
    desk.broker.quotes[LONG] = make_quote(0.0, 0.05)
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT, Urgency.NATURAL))
    desk.broker.fill_all()
    desk.broker.now = desk.broker.now.replace(year=2024, month=11, day=15)
    desk.minutes(1)
    assert desk.finals() == []
    desk.broker.now += timedelta(days=1)
    desk.minutes(1)
    (kind, _, _, units), = desk.finals()
    assert (kind, units) == ("FILLED", 2)
    assert desk.reports[-1].facts["missing"][0]["quantity"] == -2


def test_short_without_an_ask_is_reported_and_tried_every_minute_while_the_rest_is_closed():
    legs = {SHORT: 1, LONG: -1, CALL: 1, FAR_CALL: -1}
    desk = exit_desk(Urgency.NATURAL, legs=legs, start=False)
    desk.broker.quotes[CALL] = make_quote(1.5, 0.0)
    desk.start(make_intent(legs, 2, Purpose.EXIT, Urgency.NATURAL))
    assert desk.outcomes() == [("STUCK", False, "NO_ASK", 0)]
    assert dict(desk.broker.sent[0][0]) == CLOSING
    desk.broker.fill_all()
    desk.minutes(3)
    assert len(desk.broker.sent) == 1 and len(desk.outcomes()) == 1
    desk.broker.quotes[CALL] = QUOTES[CALL]
    desk.minutes(1)
    assert dict(desk.broker.sent[1][0]) == {CALL: 1, FAR_CALL: -1}


def test_more_than_four_legs_are_closed_with_risk_defined_throughout():
    naked = make_contract(650.0, Right.CALL, expiry=EXPIRY)
    spare = make_contract(400.0, expiry=EXPIRY)
    legs = {SHORT: 1, LONG: -1, CALL: 1, FAR_CALL: -1, naked: 1, spare: -1}
    desk = Desk(quotes=QUOTES | {naked: make_quote(), spare: make_quote()},
                holdings={contract: -ratio for contract, ratio in legs.items()})
    desk.start(make_intent(legs, 1, Purpose.EXIT))
    for _ in range(3):
        desk.broker.fill_all()
        desk.minutes(1)
    assert [set(dict(sent[0])) for sent in desk.broker.sent] == [{naked}, {SHORT, LONG, CALL, FAR_CALL}, {spare}]
    assert desk.finals() == [("FILLED", True, "TEST", 1)]


def test_refused_exit_is_tried_again_ever_later_and_fails_after_three():
    desk = exit_desk(Urgency.NATURAL, reject="NO")
    assert desk.outcomes() == [("REFUSED", False, "NO", 0)]
    desk.minutes(2)
    assert [outcome[0] for outcome in desk.outcomes()] == ["REFUSED", "REFUSED", "REFUSED", "FAILED"]
    desk.minutes(4)
    assert len(desk.broker.sent) == 3
    desk.broker.reject = ""
    desk.minutes(1)
    assert len(desk.broker.sent) == 4
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def test_uneven_exit_closes_the_naked_short_first():
    desk = exit_desk()
    desk.broker.fill(LONG, 2)
    desk.minutes(1)
    assert len(desk.broker.cancels) == 1
    assert dict(desk.broker.sent[-1][0]) == {SHORT: 1} and desk.broker.sent[-1][2] == 3.11
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]
    assert desk.reports[-1].facts["uneven"] is True


def test_exit_never_closes_more_than_is_held():
    desk = exit_desk(start=False)
    desk.broker.holdings = {SHORT: -1, LONG: 2}
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT))
    assert desk.broker.sent == []                # the holding may lag
    desk.minutes(2)
    desk.broker.fill_all()
    desk.minutes(2)
    assert desk.broker.holdings == {SHORT: 0, LONG: 0}
    assert desk.finals()[0][0] == "FILLED"
    desk = exit_desk(start=False)
    desk.broker.holdings = {}
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT))
    desk.minutes(2)
    assert desk.finals() == [("REFUSED", True, "NOTHING_HELD", 0)] and desk.broker.sent == []


def test_exits_go_out_even_when_the_store_fails():
    desk = exit_desk(start=False)
    desk.journal.broken = True
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT))
    assert len(desk.broker.sent) == 1


def test_pace_holds_back_what_exceeds_five_a_second():
    contracts = [make_contract(400.0 + number, expiry=EXPIRY) for number in range(7)]
    desk = Desk(quotes={contract: make_quote() for contract in contracts},
                holdings={contract: 1 for contract in contracts})
    desk.executor = type(desk.executor)(desk.broker, desk.journal, desk.positions, clock_seconds=1)
    desk.broker.hear = desk.executor.on_order_event
    for number, contract in enumerate(contracts):
        desk.start(make_intent({contract: -1}, 1, Purpose.EXIT, id=f"p/{number}:EXIT:1", position_id=f"p/{number}"))
    assert len(desk.broker.sent) == 5
    desk.broker.now += timedelta(seconds=1)
    desk.executor.on_minute(desk.now)
    assert len(desk.broker.sent) == 7


def test_cancel_all_ends_entries_and_exits_and_evens_out_what_began():
    desk = exit_desk(units=3)
    desk.broker.fill(SHORT, 1)
    desk.executor.cancel_all(desk.now, "HALT")
    assert len(desk.broker.cancels) == 1
    desk.minutes(1)
    assert dict(desk.broker.sent[-1][0]) == {LONG: -1} and desk.broker.sent[-1][1] == 1
    desk.broker.fill_all()
    assert desk.finals() == [("PARTIAL", True, "HALT", 1)]
    assert desk.broker.holdings == {SHORT: -2, LONG: 2}


def test_what_evens_a_stopped_exit_out_stands_until_it_fills():
    desk = exit_desk(units=3)
    desk.broker.fill(SHORT, 1)
    desk.executor.cancel_all(desk.now, "HALT")
    desk.minutes(3)
    assert len(desk.broker.cancels) == 1 and len(desk.broker.sent) == 2
    desk.broker.fill_all()
    assert desk.finals() == [("PARTIAL", True, "HALT", 1)]


def test_shares_are_closed_by_a_plain_limit_apart_from_the_options():
    shares = make_contract(0.0, Right.CALL, expiry=date.max, kind=ContractKind.EQUITY, multiplier=1.0)
    desk = Desk(quotes=QUOTES | {shares: make_quote(540.0, 540.02)}, holdings={shares: 100, CALL: -1})
    desk.start(make_intent({CALL: 1, shares: -100}, 1, Purpose.EXIT))
    assert dict(desk.broker.sent[0][0]) == {CALL: 1}
    desk.broker.fill_all()
    desk.minutes(1)
    assert dict(desk.broker.sent[1][0]) == {shares: -1} and desk.broker.sent[1][1] == 100
    assert -540.02 <= desk.broker.sent[1][2] <= -540.0


def test_assignment_on_the_way_shrinks_what_is_left_to_close():
    desk = exit_desk()
    desk.broker.holdings[SHORT] = 0
    desk.executor.holding_changed("lt112/202407261100", SHORT, 2, desk.now)
    desk.minutes(1)
    assert dict(desk.broker.sent[-1][0]) == {LONG: -1}
    desk.broker.fill_all()
    assert desk.finals()[0][0] == "FILLED"
    assert "missing" not in desk.reports[-1].facts        # who told us of it has booked it


def test_expiry_on_the_way_is_booked_once():
    """Told by the exchange at midnight, and met again by the exit the next morning."""
    desk = exit_desk(Urgency.NATURAL)
    desk.broker.now = desk.broker.now.replace(year=EXPIRY.year, month=EXPIRY.month, day=EXPIRY.day) + timedelta(days=1)
    for contract, quantity in ((SHORT, 2), (LONG, -2)):
        desk.broker.holdings[contract] = 0
        desk.executor.holding_changed("lt112/202407261100", contract, quantity, desk.now)
    for order_id in list(desk.broker.orders):
        desk.broker.end(order_id, OrderStatus.CANCELED)
    desk.minutes(2)
    assert len(desk.finals()) == 1
    assert "missing" not in desk.reports[-1].facts


def test_roll_that_buys_back_the_old_short_only_keeps_that():
    new = make_contract(610.0, Right.CALL, expiry=EXPIRY)
    desk = Desk(quotes=QUOTES | {new: make_quote()}, holdings={CALL: -1})
    desk.start(make_intent({CALL: 1, new: -1}, 1, Purpose.MANAGE))
    desk.broker.fill(CALL)
    desk.minutes(2)
    assert desk.finals() == [("UNEVEN_REPAIRED", True, "UNEVEN", 0)]
    assert desk.broker.holdings == {CALL: 0} and len(desk.broker.sent) == 1


def test_roll_that_sells_the_new_short_only_takes_it_back():
    new = make_contract(610.0, Right.CALL, expiry=EXPIRY)
    desk = Desk(quotes=QUOTES | {new: make_quote()}, holdings={CALL: -1})
    desk.start(make_intent({CALL: 1, new: -1}, 1, Purpose.MANAGE))
    desk.broker.fill(new)
    desk.minutes(1)
    desk.broker.fill(new)
    assert desk.broker.holdings == {CALL: -1, new: 0}
    assert desk.finals() == [("UNEVEN_REPAIRED", True, "UNEVEN", 0)]


def test_roll_that_sold_the_long_only_buys_it_back():
    new = make_contract(500.0, Right.CALL, expiry=EXPIRY)
    old = make_contract(450.0, Right.CALL, expiry=EXPIRY)
    desk = Desk(quotes={new: make_quote(), old: make_quote()}, holdings={old: 1})
    desk.start(make_intent({old: -1, new: 1}, 1, Purpose.MANAGE))
    desk.broker.fill(old)
    desk.minutes(1)
    desk.broker.fill(old)
    assert desk.broker.holdings == {old: 1}


def test_stopped_exit_of_a_ratio_rounds_up_to_whole_units():
    desk = exit_desk(legs={SHORT: 2, LONG: -1}, units=3)
    desk.broker.fill(SHORT, 1)
    desk.executor.cancel_all(desk.now, "HALT")
    for _ in range(3):
        desk.minutes(1)
        desk.broker.fill_all()
    assert desk.finals() == [("PARTIAL", True, "HALT", 1)]
    assert desk.broker.holdings == {SHORT: -4, LONG: 2}


def test_exits_on_one_contract_wait_for_each_other():
    desk = exit_desk(start=False)
    desk.broker.holdings = {SHORT: -4, LONG: 4}
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT))
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT, id="b/1:EXIT:1", position_id="b/1"))
    desk.minutes(1)
    assert len(desk.broker.sent) == 1
    desk.broker.fill_all()
    desk.minutes(1)
    assert len(desk.broker.sent) == 2
    desk.broker.fill_all()
    assert [outcome[0] for outcome in desk.finals()] == ["FILLED", "FILLED"]
    assert desk.broker.holdings == {SHORT: 0, LONG: 0}


def test_exit_that_is_even_again_walks_on_and_does_not_fail():
    desk = exit_desk(units=3)
    desk.broker.fill(LONG, 1)
    desk.minutes(1)
    assert dict(desk.broker.sent[-1][0]) == {SHORT: 1} and desk.broker.sent[-1][1] == 1
    desk.broker.fill(SHORT)
    desk.minutes(6)
    assert dict(desk.broker.sent[-1][0]) == CLOSING and desk.broker.sent[-1][1] == 2
    assert desk.outcomes() == []
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 3)]


def test_worthless_rest_of_an_uneven_exit_is_no_failure():
    desk = exit_desk(Urgency.NATURAL, units=2)
    desk.broker.fill(SHORT, 2)
    desk.broker.quotes[LONG] = make_quote(0.0, 0.05)
    desk.minutes(8)
    assert desk.outcomes() == [] and desk.executor.halted_by == () and len(desk.broker.sent) == 1
    desk.broker.quotes[LONG] = make_quote(0.05, 0.10)
    desk.minutes(1)
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def turned_round(others: int, holding: int) -> Desk:
    """A late fill has turned a short leg of ours into two long ones, while other positions hold ``others`` of it."""
    desk = exit_desk(Urgency.NATURAL, start=False)
    desk.broker.holdings, desk.positions.others = {SHORT: holding}, {SHORT: others}
    desk.start(make_intent({SHORT: -1}, 2, Purpose.FLATTEN, Urgency.NATURAL))
    desk.minutes(1)
    return desk


def test_what_other_positions_hold_does_not_hide_what_is_to_be_traded_back():
    desk = turned_round(others=-2, holding=0)
    assert desk.broker.sent[0][:2] == (((SHORT, -1),), 2)
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)] and desk.broker.holdings == {SHORT: -2}


def test_what_stands_beyond_zero_goes_in_an_order_of_its_own():
    desk = turned_round(others=-1, holding=1)
    assert desk.broker.sent[0][1] == 1
    desk.broker.fill_all()
    desk.minutes(1)
    assert desk.broker.sent[1][1] == 1
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)] and desk.broker.holdings == {SHORT: -1}


def test_of_two_positions_that_claim_one_contract_one_closes_it():
    desk = exit_desk(Urgency.NATURAL, start=False)
    desk.broker.holdings = {SHORT: -1}
    for name in ("a", "b"):
        desk.positions.others = {SHORT: -1}
        desk.start(make_intent({SHORT: 1}, 1, Purpose.EXIT, Urgency.NATURAL, id=f"{name}/1:EXIT:1", position_id=f"{name}/1"))
    for _ in range(8):
        desk.minutes(1)
        desk.broker.fill_all()
    assert desk.broker.holdings == {SHORT: 0}
    assert sorted(outcome[0] for outcome in desk.finals()) == ["FILLED", "REFUSED"]


def test_what_leaves_one_position_is_still_closed_in_another():
    desk = exit_desk(Urgency.NATURAL, legs={SHORT: 1}, units=1, start=False)
    desk.broker.holdings = {SHORT: -2}
    desk.start(make_intent({SHORT: 1}, 1, Purpose.EXIT, Urgency.NATURAL))
    desk.broker.holdings[SHORT] = -1
    desk.executor.holding_changed("other/1", SHORT, 1, desk.now)          # assigned, of the other position
    desk.minutes(2)
    desk.broker.fill_all()
    assert desk.finals()[-1] == ("FILLED", True, "TEST", 1) and desk.broker.holdings == {SHORT: 0}


def test_a_mandatory_exit_hurries_the_part_it_has_to_wait_for():
    desk = exit_desk(legs={SHORT: 1}, units=2)
    desk.broker.holdings[LONG] = 2
    desk.start(make_intent(CLOSING, 2, Purpose.EXIT, Urgency.NATURAL, id="other:EXIT:1"))
    assert desk.finals() == [("REFUSED", True, "BUSY", 0)]
    assert limits(desk) == [3.05, 3.11]


def test_a_position_is_unsettled_until_its_end_has_been_told():
    desk = exit_desk(Urgency.NATURAL)
    assert desk.executor.unsettled("lt112/202407261100") and not desk.executor.unsettled("other/1")
    desk.broker.fill_all()
    assert not desk.executor.working("lt112/202407261100") and desk.executor.unsettled("lt112/202407261100")
    desk.executor.drain()
    assert not desk.executor.unsettled("lt112/202407261100")
