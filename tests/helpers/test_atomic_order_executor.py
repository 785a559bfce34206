from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.errors import IntegrityError
from core.model import ContractKind, Purpose, Right, Urgency
from helpers.atomic_order_executor import OrderStatus
from tests.builders import make_contract, make_quote
from tests.helpers.fake_broker import Desk, make_intent

EXPIRY = date(2024, 11, 15)
SHORT = make_contract(500.0, expiry=EXPIRY)
LONG = make_contract(495.0, expiry=EXPIRY)
CALL = make_contract(600.0, Right.CALL, expiry=EXPIRY)
FAR_CALL = make_contract(605.0, Right.CALL, expiry=EXPIRY)
QUOTES = {SHORT: make_quote(3.00, 3.10), LONG: make_quote(2.00, 2.10), CALL: make_quote(1.50, 1.60),
          FAR_CALL: make_quote(1.00, 1.10)}
SPREAD = {SHORT: -1, LONG: 1}
CONDOR = {SHORT: -1, LONG: 1, CALL: -1, FAR_CALL: 1}
CLOSING = {SHORT: 1, LONG: -1}


def entry_desk(legs=SPREAD, quantity=2, **overrides) -> Desk:
    desk = Desk(quotes=dict(QUOTES))
    desk.start(make_intent(legs, quantity, **overrides))
    return desk


def exit_desk(urgency=Urgency.WALK, units=2, legs=CLOSING, purpose=Purpose.EXIT, start=True, **broker) -> Desk:
    desk = Desk(quotes=dict(QUOTES), holdings={contract: -ratio * units for contract, ratio in legs.items()}, **broker)
    if start:
        desk.start(make_intent(legs, units, purpose, urgency))
    return desk


def limits(desk: Desk) -> list[float]:
    return [sent[2] for sent in desk.broker.sent] + [limit for _, limit in desk.broker.updates]


# --- opening


def test_entry_is_one_combo_at_mid_with_its_id_in_the_tag():
    desk = entry_desk()
    (legs, quantity, limit, tag), = desk.broker.sent
    assert dict(legs) == SPREAD and quantity == 2 and limit == -1.00
    assert tag == "lt112/202407261000:ENTRY:202407261000#1"


def test_entry_walks_a_quarter_of_the_way_and_no_further():
    desk = entry_desk()
    desk.minutes(4)
    # mid −1.00, natural −0.90: a quarter is −0.975; a credit is rounded toward us, to −0.98
    assert limits(desk) == [-1.00, -0.99, -0.98]


def test_entry_never_chases_beyond_a_quarter_of_the_first_spread():
    desk = entry_desk()
    desk.broker.quotes[SHORT] = make_quote(2.00, 2.10)       # the credit is gone
    desk.minutes(4)
    assert max(limits(desk)) <= -0.975


def test_entry_follows_the_mid_in_our_favour():
    desk = entry_desk()
    desk.broker.quotes[SHORT] = make_quote(4.00, 4.10)
    desk.minutes(1)
    assert limits(desk)[-1] <= -1.95


def test_filled_entry_reports_fills_and_its_price_per_unit():
    desk = entry_desk()
    desk.broker.fill(SHORT, price=3.05)
    assert desk.finals() == []
    desk.broker.fill(LONG, price=2.03)
    assert desk.finals() == [("FILLED", True, "TEST", 2)]
    outcome = desk.reports[-1]
    assert outcome.price == pytest.approx(-1.02)
    assert desk.net() == {SHORT: -2, LONG: 2}
    assert sum(fill.fee for fill in desk.fills()) == 4.0
    assert not desk.executor.working("lt112/202407261000")


def test_entry_is_cancelled_at_five_minutes_not_at_four():
    desk = entry_desk()
    desk.minutes(4)
    assert desk.broker.cancels == []
    desk.minutes(1)
    assert len(desk.broker.cancels) == 1 and set(desk.broker.cancels[0]) == {1, 2}
    desk.minutes(1)
    assert desk.finals() == [("NOT_FILLED", True, "TIMEOUT", 0)]


def test_even_but_fewer_units_are_kept():
    desk = entry_desk(quantity=3)
    desk.broker.fill(SHORT, 1)
    desk.broker.fill(LONG, 1)
    desk.minutes(6)
    assert desk.finals() == [("PARTIAL", True, "TIMEOUT", 1)]
    assert desk.net() == {SHORT: -1, LONG: 1}
    assert len(desk.broker.sent) == 1


def test_uneven_legs_are_worked_for_sixty_seconds_then_flattened():
    desk = entry_desk()
    desk.broker.fill(SHORT, 2)
    desk.broker.fill(LONG, 1)
    desk.broker.now += timedelta(seconds=58)
    desk.executor.on_minute(desk.now)
    assert desk.broker.cancels == []
    desk.broker.now += timedelta(seconds=2)
    desk.executor.on_minute(desk.now)
    assert len(desk.broker.cancels) == 1
    (legs, quantity, limit, _) = desk.broker.sent[-1]
    assert dict(legs) == {SHORT: 1} and quantity == 1 and limit == 3.11       # a tick through the ask
    desk.broker.fill(SHORT, price=3.10)
    assert desk.finals() == [("UNEVEN_REPAIRED", True, "UNEVEN", 1)]
    assert desk.net() == {SHORT: -1, LONG: 1}


def test_legs_that_come_even_within_the_minute_are_kept():
    desk = entry_desk()
    desk.broker.fill(SHORT, 2)
    desk.broker.now += timedelta(seconds=30)
    desk.broker.fill(LONG, 2)
    assert desk.finals() == [("FILLED", True, "TEST", 2)]


def test_nothing_even_is_flattened_to_nothing():
    desk = entry_desk()
    desk.broker.fill(LONG, 1)
    desk.minutes(1)
    desk.broker.fill(LONG, price=2.00)
    assert desk.finals() == [("UNEVEN_REPAIRED", True, "UNEVEN", 0)]
    assert desk.net() == {}


def test_flattening_fails_after_three_tries_and_goes_on():
    desk = entry_desk()
    desk.broker.fill(SHORT, 1)
    desk.minutes(1)
    desk.minutes(2)
    assert desk.outcomes() == [] and desk.executor.halted_by == ()
    desk.minutes(1)
    assert desk.outcomes() == [("FAILED", False, "UNEVEN_AFTER_THREE_TRIES", 0)]
    assert desk.executor.halted_by == ("lt112/202407261000:ENTRY:202407261000",)
    desk.broker.quotes[SHORT] = make_quote(3.50, 3.60)
    desk.minutes(1)
    assert desk.broker.updates[-1][1] == 3.61
    desk.broker.fill(SHORT)
    assert desk.finals() == [("UNEVEN_REPAIRED", True, "UNEVEN", 0)]
    assert desk.executor.halted_by == ()


def test_refusal_by_the_port_ends_the_entry_at_once():
    desk = Desk(quotes=dict(QUOTES), reject="INSUFFICIENT_BUYING_POWER")
    desk.start(make_intent(SPREAD))
    assert desk.finals() == [("REFUSED", True, "INSUFFICIENT_BUYING_POWER", 0)]
    desk.minutes(3)
    assert len(desk.broker.sent) == 1


def test_refusal_by_event_ends_the_entry_even_inside_the_call():
    desk = Desk(quotes=dict(QUOTES))
    original = desk.broker.submit

    def submit(*arguments):
        answer = original(*arguments)
        for order_id in answer.order_ids:
            desk.broker.end(order_id, OrderStatus.INVALID, "NO MONEY")
        return answer

    desk.broker.submit = submit
    desk.start(make_intent(SPREAD))
    assert desk.finals() == [("REFUSED", True, "NO MONEY", 0)]


def test_more_than_four_legs_are_refused_for_entries():
    extra = make_contract(490.0, expiry=EXPIRY)
    desk = Desk(quotes=QUOTES | {extra: make_quote()})
    desk.start(make_intent(CONDOR | {extra: 1}))
    assert desk.finals() == [("REFUSED", True, "TOO_MANY_LEGS", 0)]
    assert desk.broker.sent == []


@pytest.mark.parametrize("contract, quote", [(SHORT, None), (LONG, None), (SHORT, make_quote(0.0, 3.1)),
                                             (LONG, make_quote(2.0, 0.0)), (LONG, make_quote(2.0, float("nan")))])
def test_entry_without_the_needed_side_of_a_quote_is_refused(contract, quote):
    desk = Desk(quotes=QUOTES | {contract: quote})
    desk.start(make_intent(SPREAD))
    assert desk.finals() == [("REFUSED", True, "QUOTE_MISSING", 0)]


def test_entry_in_the_last_minute_is_refused_and_before_it_is_not():
    for seconds, refused in ((60, True), (61, False)):
        desk = Desk(quotes=dict(QUOTES))
        desk.broker.now = desk.broker.close - timedelta(seconds=seconds)
        desk.start(make_intent(SPREAD))
        assert bool(desk.finals()) is refused
    desk = Desk(quotes=dict(QUOTES), close=None)
    desk.start(make_intent(SPREAD))
    assert desk.finals() == [("REFUSED", True, "LAST_MINUTE", 0)]


def test_resting_entry_is_cancelled_when_the_last_minute_begins():
    desk = Desk(quotes=dict(QUOTES))
    desk.broker.now = desk.broker.close - timedelta(minutes=3)
    desk.start(make_intent(SPREAD))
    desk.minutes(1)
    assert desk.broker.cancels == []
    desk.minutes(1)
    assert len(desk.broker.cancels) == 1
    desk.minutes(1)
    assert desk.finals() == [("NOT_FILLED", True, "LAST_MINUTE", 0)]


def test_entry_against_a_holding_or_a_working_contract_is_refused():
    desk = Desk(quotes=dict(QUOTES), holdings={SHORT: 1})
    desk.start(make_intent(SPREAD))
    assert desk.finals() == [("REFUSED", True, "CONTRACT_HELD_OPPOSITE", 0)]
    desk = entry_desk()
    desk.start(make_intent({LONG: -1, CALL: 1}, id="a/1:ENTRY:2", position_id="a/1"))
    assert desk.finals() == [("REFUSED", True, "CONTRACT_BUSY", 0)]


def test_common_divisors_are_taken_out_and_bad_intents_raise():
    desk = Desk(quotes=dict(QUOTES))
    desk.start(make_intent({LONG: 2, SHORT: -4}, 3, limit=-2.0))
    (legs, quantity, limit, _), = desk.broker.sent
    assert dict(legs) == {LONG: 1, SHORT: -2} and quantity == 6 and limit == -1.0
    for bad in (make_intent({}), make_intent({LONG: 0}), make_intent({LONG: 1}, 0)):
        with pytest.raises(IntegrityError):
            Desk(quotes=dict(QUOTES)).start(bad)


def test_limit_is_never_zero():
    desk = Desk(quotes={SHORT: make_quote(2.0, 2.1), LONG: make_quote(2.0, 2.1)})
    desk.start(make_intent(SPREAD))
    assert desk.broker.sent[0][2] == -0.01
    desk = Desk(quotes={SHORT: make_quote(2.0, 2.0), LONG: make_quote(2.01, 2.01)}, holdings={SHORT: -1, LONG: 1})
    desk.start(make_intent(CLOSING, 1, Purpose.EXIT, Urgency.NATURAL))
    assert desk.broker.sent[0][2] == 0.01


def test_limit_stands_on_the_tick():
    desk = Desk(quotes={SHORT: make_quote(3.00, 3.15), LONG: make_quote(2.00, 2.10)}, tick_size=0.05)
    desk.start(make_intent(SPREAD))
    assert desk.broker.sent[0][2] == -1.05                     # mid −1.025, toward us


def test_entry_is_not_sent_when_it_cannot_be_written_ahead():
    desk = Desk(quotes=dict(QUOTES))
    desk.journal.broken = True
    desk.start(make_intent(SPREAD))
    assert desk.finals() == [("REFUSED", True, "STORE_FAILED", 0)]
    assert desk.broker.sent == []


def test_intent_is_journalled_before_it_is_sent():
    desk = Desk(quotes=dict(QUOTES))
    seen = []
    original = desk.broker.submit
    desk.broker.submit = lambda *arguments: seen.append(desk.journal.saved["works"][0]["order"]["tag"]) or original(
        *arguments)
    desk.start(make_intent(SPREAD))
    assert seen == [desk.broker.sent[0][3]]


def test_the_same_intent_is_never_sent_twice():
    desk = entry_desk()
    assert desk.start(make_intent(SPREAD)) is False
    desk.broker.fill_all()
    assert desk.start(make_intent(SPREAD)) is False
    assert len(desk.broker.sent) == 1


# --- events that come wrong


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
    assert desk.executor.busy_contracts == {SHORT, LONG}
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


# --- closing


def test_exit_walks_from_mid_to_natural_and_stays_there():
    desk = exit_desk()
    assert limits(desk) == [1.00]
    desk.minutes(12)
    assert limits(desk) == [1.00, 1.02, 1.04, 1.06, 1.08, 1.11]
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
    desk.executor = type(desk.executor)(desk.broker, desk.journal, clock_seconds=1)
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
    desk.executor.holding_changed(SHORT, 2, desk.now)
    desk.minutes(1)
    assert dict(desk.broker.sent[-1][0]) == {LONG: -1}
    desk.broker.fill_all()
    assert desk.finals()[0][0] == "FILLED"


# --- rolls


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


# --- reports


def test_drained_reports_stay_in_the_facts_until_the_next_drain():
    desk = entry_desk()
    desk.broker.fill_all()
    first = desk.executor.drain()
    assert [report.sequence for report in first] == [1, 2, 3]
    assert len(desk.executor.facts()["reports"]["items"]) == 3
    assert desk.executor.drain() == ()
    assert desk.executor.facts()["reports"]["items"] == []


# --- what a random broker found, or might have


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


def test_stopped_exit_of_a_ratio_rounds_up_to_whole_units():
    desk = exit_desk(legs={SHORT: 2, LONG: -1}, units=3)
    desk.broker.fill(SHORT, 1)
    desk.executor.cancel_all(desk.now, "HALT")
    for _ in range(3):
        desk.minutes(1)
        desk.broker.fill_all()
    assert desk.finals() == [("PARTIAL", True, "HALT", 1)]
    assert desk.broker.holdings == {SHORT: -4, LONG: 2}


def test_exit_without_any_answer_is_cancelled_and_sent_anew():
    desk = exit_desk(silent_submit=True)
    desk.minutes(1)
    assert desk.broker.cancels == []
    desk.minutes(1)
    assert len(desk.broker.cancels) == 1
    desk.minutes(1)
    assert len(desk.broker.sent) == 2


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
    desk.executor = type(desk.executor)(desk.broker, desk.journal, events_later=True)
    desk.broker.hear = desk.executor.on_order_event
    desk.start(make_intent(SPREAD, 2))
    saves = desk.journal.count
    desk.broker.fill_all()
    assert desk.journal.count == saves and desk.executor.working("lt112/202407261000")
    assert desk.finals() == [("FILLED", True, "TEST", 2)]
