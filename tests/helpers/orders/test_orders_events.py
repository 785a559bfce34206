"""Events that come twice, late, out of order or never; cancels nobody hears; holdings that lag."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.model import Purpose, Urgency
from helpers.atomic_order_executor import OrderStatus
from tests.helpers.orders.fake_broker import (CALL, FAR_CALL, LONG, QUOTES, SHORT, SPREAD, Desk, entry_desk,
                                              exit_desk, make_intent)


def test_duplicate_events_count_once():
    desk = entry_desk()
    desk.broker.quiet = True
    desk.broker.fill(SHORT, 1)
    event = desk.broker.events[0]
    for _ in range(3):
        desk.executor.on_order_event(event, desk.now)
    assert desk.net() == {SHORT: -1}
    desk.executor.on_order_event(replace(event, event_id="other", fill_quantity=-2), desk.now)
    assert desk.net() == {SHORT: -2}       # never more than asked


def test_filled_before_submitted_and_partial_after_filled():
    desk = Desk(quotes=dict(QUOTES), quiet=True)
    desk.start(make_intent(SPREAD, 2))
    desk.broker.fill(SHORT, 1)
    desk.broker.fill(SHORT, 1)
    desk.broker.fill(LONG, 2)
    desk.broker.events.reverse()
    desk.broker.deliver()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]
    assert desk.net() == {SHORT: -2, LONG: 2}


def test_fill_that_crosses_the_cancel_counts():
    desk = entry_desk()
    desk.broker.quiet = True
    desk.minutes(5)
    cancels = list(desk.broker.events)
    desk.broker.events.clear()
    for order in desk.broker.orders.values():
        order.status = OrderStatus.SUBMITTED
    desk.broker.fill(SHORT, 2)
    desk.broker.fill(LONG, 2)
    for event in cancels:
        desk.executor.on_order_event(event, desk.now)
    desk.broker.now += timedelta(seconds=20)
    desk.broker.deliver()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def test_fill_after_the_end_is_traded_back_and_reported():
    desk = entry_desk()
    desk.minutes(6)
    assert desk.finals() == [("NOT_FILLED", True, "TIMEOUT", 0)]
    desk.broker.orders[1].status = OrderStatus.SUBMITTED
    desk.broker.fill(SHORT, 1, price=3.05)
    desk.broker.orders[1].status = OrderStatus.CANCELED
    assert desk.outcomes()[-1] == ("UNKNOWN", False, "LATE_FILL", 0)
    desk.minutes(1)
    desk.broker.fill(SHORT, price=3.10)
    assert desk.finals()[-1] == ("UNEVEN_REPAIRED", True, "LATE_FILL", 0)
    assert desk.net() == {} and desk.broker.holdings[SHORT] == 0


def test_one_leg_cancelled_takes_the_other_with_it():
    desk = entry_desk()
    desk.broker.end(1, OrderStatus.CANCELED)
    desk.minutes(1)
    assert desk.broker.cancels == [(2,)]
    desk.minutes(1)
    assert desk.finals() == [("NOT_FILLED", True, "LEG_LOST", 0)]


def test_unanswered_cancel_becomes_unknown_and_waits():
    desk = entry_desk()
    desk.broker.deaf_cancel = True
    desk.minutes(6)
    assert desk.outcomes() == []
    desk.minutes(1)
    assert desk.outcomes() == [("UNKNOWN", False, "NO_ANSWER", 0)]
    assert len(desk.broker.cancels) == 3                        # asked again every minute
    desk.start(make_intent({CALL: 1}, id="b/1:ENTRY:2", position_id="b/1"))
    assert desk.finals() == [("REFUSED", True, "HALTED", 0)]
    desk.broker.deaf_cancel = False
    desk.minutes(2)
    assert desk.finals()[-1] == ("NOT_FILLED", True, "TIMEOUT", 0)


def test_order_the_engine_does_not_list_any_more_is_settled_by_the_holdings():
    desk = entry_desk()
    desk.broker.fill(SHORT, told=False)
    desk.broker.fill(LONG, told=False)
    desk.minutes(12)
    assert desk.finals() == [("FILLED", True, "TEST", 2)]
    assert desk.net() == {SHORT: -2, LONG: 2}
    assert all(fill.deduced for fill in desk.fills())
    cost = sum(fill.quantity * fill.price for fill in desk.fills())
    assert cost / 2 == pytest.approx(desk.broker.orders[1].limit)


def test_silent_rejection_ends_when_holdings_show_nothing():
    desk = entry_desk()
    for order_id in (1, 2):
        desk.broker.end(order_id, OrderStatus.INVALID, told=False)
    desk.minutes(12)
    assert [outcome[0] for outcome in desk.finals()] == ["NOT_FILLED"]
    assert desk.net() == {}


def test_holdings_that_lag_are_waited_for():
    desk = entry_desk()
    desk.broker.shown_holdings = {}
    desk.broker.fill_all()
    assert desk.finals() == []
    desk.minutes(1)
    desk.broker.shown_holdings = None
    desk.minutes(1)
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def test_holdings_that_contradict_for_good_are_unknown_until_accepted():
    desk = entry_desk()
    desk.broker.shown_holdings = {}
    desk.broker.fill_all()
    desk.minutes(3)
    assert desk.outcomes() == [("UNKNOWN", False, "HOLDINGS_DISAGREE", 2)]
    desk.executor.reconcile(desk.now, {})
    assert desk.finals() == []
    desk.executor.reconcile(desk.now, {}, accept=True)
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def test_drained_reports_stay_in_the_facts_until_the_next_drain():
    desk = entry_desk()
    desk.broker.fill_all()
    first = desk.executor.drain()
    assert [report.sequence for report in first] == [1, 2, 3]
    assert len(desk.executor.facts()["reports"]["items"]) == 3
    assert desk.executor.drain() == ()
    assert desk.executor.facts()["reports"]["items"] == []


def test_exit_whose_updates_fail_is_cancelled_and_sent_anew():
    desk = exit_desk(deaf_update=True)
    desk.minutes(3)
    assert desk.broker.cancels == []
    desk.minutes(3)
    assert len(desk.broker.cancels) == 1 and len(desk.broker.sent) == 2


def test_exit_refused_by_event_is_reported_and_waits():
    desk = exit_desk(Urgency.NATURAL)
    for order_id in (1, 2):
        desk.broker.end(order_id, OrderStatus.INVALID, "EXPIRATION DAY")
    assert desk.outcomes() == [("REFUSED", False, "EXPIRATION DAY", 0)]
    desk.broker.now += timedelta(seconds=30)
    desk.executor.on_minute(desk.now)
    assert len(desk.broker.sent) == 1
    desk.minutes(1)
    assert len(desk.broker.sent) == 2


def test_exit_without_any_answer_is_cancelled_and_sent_anew():
    desk = exit_desk(silent_submit=True)
    desk.minutes(1)
    assert desk.broker.cancels == []
    desk.minutes(1)
    assert len(desk.broker.cancels) == 1
    desk.minutes(1)
    assert len(desk.broker.sent) == 2


def test_cancels_are_asked_again_once_a_minute_and_not_more():
    desk = entry_desk()
    desk.broker.deaf_cancel = True
    desk.minutes(5)
    for _ in range(30):
        desk.broker.now += timedelta(seconds=1)
        desk.executor.on_minute(desk.now)
    assert len(desk.broker.cancels) == 1


def test_event_of_a_fill_that_the_holdings_showed_is_not_counted_again():
    desk = entry_desk()
    desk.broker.quiet = True
    desk.broker.fill(SHORT, 1)
    desk.broker.fill(LONG, 1)
    late = list(desk.broker.events)
    desk.broker.events.clear()
    for order_id in (1, 2):
        desk.broker.end(order_id, OrderStatus.CANCELED, told=False)
    desk.minutes(8)
    assert [outcome[:2] + outcome[3:] for outcome in desk.finals()] == [("PARTIAL", True, 1)]
    for event in late:
        desk.executor.on_order_event(event, desk.now)
    assert len(desk.outcomes()) == 1 and desk.net() == {SHORT: -1, LONG: 1}


def test_leg_said_to_be_filled_waits_for_fills_that_are_missing():
    desk = entry_desk()
    desk.broker.shown_holdings = {SHORT: -2, LONG: 1}
    desk.broker.fill(SHORT, 2)
    desk.broker.fill(LONG, 1)
    desk.broker.fill(LONG, 1, told=False)
    desk.broker.say(2, OrderStatus.FILLED)
    assert desk.finals() == []
    desk.minutes(1)
    assert len(desk.broker.sent) == 1
    desk.broker.shown_holdings = None
    desk.minutes(2)
    assert desk.finals() == [("FILLED", True, "TEST", 2)] and len(desk.broker.sent) == 1


def test_late_fill_of_an_earlier_order_stops_the_one_that_took_its_place():
    desk = exit_desk(Urgency.NATURAL)
    for order_id in (1, 2):
        desk.broker.end(order_id, OrderStatus.CANCELED)
    desk.minutes(1)
    assert len(desk.broker.sent) == 2
    desk.broker.orders[1].status = OrderStatus.SUBMITTED
    desk.broker.fill(SHORT, 1)
    desk.broker.orders[1].status = OrderStatus.CANCELED
    assert desk.broker.cancels == [(3, 4)]
    for _ in range(3):
        desk.minutes(1)
        desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)] and desk.broker.holdings == {SHORT: 0, LONG: 0}


def test_events_on_the_brokers_thread_are_booked_by_the_next_call():
    desk = Desk(quotes=dict(QUOTES))
    desk.executor = type(desk.executor)(desk.broker, desk.journal, desk.positions, events_later=True)
    desk.broker.hear = desk.executor.on_order_event
    desk.start(make_intent(SPREAD, 2))
    saves = desk.journal.count
    desk.broker.fill_all()
    assert desk.journal.count == saves and desk.executor.working("lt112/202407261100")
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def lagging_by_one_untold_fill(desk: Desk, contract) -> None:
    """One fill is never told; the holdings lag the next by a moment, so that they seem to agree with the events."""
    desk.broker.fill(contract, 1, told=False)
    desk.broker.shown_holdings = dict(desk.broker.holdings)
    desk.broker.fill(contract, 1)
    desk.executor.cancel_all(desk.now, "HALT")
    desk.broker.shown_holdings = None


def test_untold_fill_hidden_by_lagging_holdings_is_found_when_the_repair_settles():
    desk = entry_desk()
    lagging_by_one_untold_fill(desk, LONG)
    for _ in range(8):
        desk.minutes(1)
        desk.broker.fill_all(legs=1)
    assert desk.finals() == [("UNEVEN_REPAIRED", True, "HALT", 0)]
    assert desk.net() == {} and desk.broker.holdings[LONG] == 0


def test_untold_fill_of_an_exit_hidden_by_lagging_holdings_is_found_before_the_next_order():
    desk = exit_desk()
    lagging_by_one_untold_fill(desk, LONG)
    for _ in range(8):
        desk.minutes(1)
        desk.broker.fill_all()
    (kind, final, reason, units), = desk.finals()
    assert kind == "PARTIAL" and units == 2
    assert desk.net() == {SHORT: 2, LONG: -2} and not any(desk.broker.holdings.values())


def test_late_fill_of_one_intent_is_not_taken_for_anothers():
    """Two entries on the same contracts: the first one's late leg is traded back, the second one keeps its own."""
    desk = entry_desk()
    desk.minutes(6)
    desk.start(make_intent(SPREAD, 2, id="second:ENTRY:1"))
    late(desk, 1, SHORT)
    desk.minutes(6)
    assert ("NOT_FILLED", True, "TIMEOUT", 0) in desk.finals()[1:]
    assert not any(kind == "UNKNOWN" and reason != "LATE_FILL" for kind, _, reason, _ in desk.outcomes())
    desk.broker.fill_all()
    desk.minutes(2)
    assert ("UNEVEN_REPAIRED", True, "LATE_FILL", 0) in desk.finals()
    assert not any(desk.broker.holdings.values())


@pytest.mark.parametrize("kept", [1, 2])
def test_late_fill_of_a_repair_that_took_too_much_is_bought_back(kept):
    """Three longs and fewer shorts: the surplus is sold, and a fill of the cancelled first try comes after the second."""
    desk = entry_desk(quantity=3)
    desk.broker.fill(SHORT, kept)
    desk.broker.fill(LONG, 3)
    desk.minutes(1)
    desk.broker.end(3, OrderStatus.CANCELED)
    desk.minutes(1)
    desk.broker.fill(LONG)
    assert desk.finals() == [("UNEVEN_REPAIRED", True, "UNEVEN", kept)]
    late(desk, 3, LONG)
    assert desk.broker.holdings == {SHORT: -kept, LONG: kept - 1}
    for _ in range(4):
        desk.minutes(1)
        desk.broker.fill_all()
    assert desk.broker.holdings == {SHORT: -kept, LONG: kept}
    assert desk.finals()[-1] == ("UNEVEN_REPAIRED", True, "LATE_FILL", kept)


def test_late_fill_after_a_finished_exit_is_traded_back():
    desk = exit_desk(Urgency.NATURAL)
    for order_id in (1, 2):
        desk.broker.end(order_id, OrderStatus.CANCELED)
    desk.minutes(1)
    desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]
    late(desk, 1, SHORT)
    assert desk.broker.holdings == {SHORT: 1, LONG: 0}
    for _ in range(4):
        desk.minutes(1)
        desk.broker.fill_all()
    assert desk.broker.holdings == {SHORT: 0, LONG: 0} and desk.net() == {SHORT: 2, LONG: -2}
    assert "missing" not in desk.reports[-1].facts and desk.finals()[-1][1]


def test_what_was_missing_once_is_not_told_again_after_a_late_fill():
    """One of two longs was gone; a cancelled try to buy the short back fills late."""
    desk = exit_desk(Urgency.NATURAL, start=False)
    desk.broker.holdings[LONG] = 1
    desk.start(make_intent({SHORT: 1, LONG: -1}, 2, Purpose.EXIT, Urgency.NATURAL))
    desk.minutes(2)
    for order_id in (1, 2):
        desk.broker.end(order_id, OrderStatus.CANCELED)
    for _ in range(6):
        desk.minutes(1)
        desk.broker.fill_all()
    assert desk.finals() == [("FILLED", True, "TEST", 2)]
    assert [row["quantity"] for row in desk.reports[-1].facts["missing"]] == [-1]
    late(desk, 1, SHORT)
    for _ in range(6):
        desk.minutes(1)
        desk.broker.fill_all()
    assert len(desk.finals()) == 2 and "missing" not in desk.reports[-1].facts
    assert desk.broker.holdings == {SHORT: 0, LONG: 0}


def test_roll_that_bought_its_old_short_back_waits_for_fills_that_crossed_the_cancel():
    """Nothing is to be traded back, so nothing presses: the new short's fill, untold, is found in the holdings."""
    desk = Desk(quotes=dict(QUOTES), holdings={CALL: -1})
    desk.start(make_intent({CALL: 1, FAR_CALL: -1}, 1, Purpose.MANAGE))
    desk.broker.fill(CALL)
    desk.broker.shown_holdings = dict(desk.broker.holdings)
    desk.broker.fill(FAR_CALL, told=False)
    desk.executor.cancel_all(desk.now, "HALT")
    desk.broker.shown_holdings = None
    desk.minutes(6)
    assert desk.finals() == [("FILLED", True, "TEST", 1)] and desk.net() == {CALL: 1, FAR_CALL: -1}


def unanswered(listed: bool) -> Desk:
    """An entry whose cancel nobody answers; ``listed``: the engine goes on listing its order."""
    desk = entry_desk()
    desk.broker.deaf_cancel = True
    desk.minutes(7)
    assert desk.outcomes() == [("UNKNOWN", False, "NO_ANSWER", 0)]
    if not listed:
        for order_id in (1, 2):
            desk.broker.end(order_id, OrderStatus.CANCELED, told=False)
    return desk


def test_the_operator_ends_what_the_engine_lists_for_ever():
    """The broker refused it and nobody told the engine."""
    desk = unanswered(listed=True)
    desk.executor.reconcile(desk.now, {})
    assert desk.finals() == [] and desk.executor.halted_by
    desk.executor.reconcile(desk.now, {}, accept=True)
    assert desk.finals() == [("NOT_FILLED", True, "TIMEOUT", 0)] and desk.executor.halted_by == ()


@pytest.mark.parametrize("listed", [True, False])
def test_fill_of_an_order_that_was_given_up_is_still_heard(listed):
    desk = unanswered(listed)
    desk.executor.reconcile(desk.now, {}, accept=True)
    assert [outcome[0] for outcome in desk.finals()] == ["NOT_FILLED"]
    desk.broker.orders[2].status = OrderStatus.CANCELED
    late(desk, 1, SHORT)
    for _ in range(3):
        desk.minutes(1)
        desk.broker.fill_all(legs=1)
    assert desk.finals()[-1] == ("UNEVEN_REPAIRED", True, "LATE_FILL", 0)
    assert desk.broker.holdings[SHORT] == 0


def late(desk, order_id, contract):
    """A leg that was cancelled has filled after all."""
    status, desk.broker.orders[order_id].status = desk.broker.orders[order_id].status, OrderStatus.SUBMITTED
    others = {key: order.status for key, order in desk.broker.orders.items() if key != order_id}
    for key in others:
        desk.broker.orders[key].status = OrderStatus.CANCELED
    desk.broker.fill(contract, 1, price=3.05)
    for key, value in (others | {order_id: status}).items():
        desk.broker.orders[key].status = value
