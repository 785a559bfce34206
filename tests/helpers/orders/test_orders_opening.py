"""Entries: the walk, the time-out, refusals, uneven legs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import IntegrityError
from core.model import Purpose, Urgency
from helpers.atomic_order_executor import OrderStatus
from tests.builders import make_contract, make_quote
from tests.helpers.orders.fake_broker import (CALL, CLOSING, CONDOR, EXPIRY, LONG, QUOTES, SHORT, SPREAD, Desk,
                                              entry_desk, limits, make_intent)


def test_entry_is_one_combo_at_mid_with_its_id_in_the_tag():
    desk = entry_desk()
    (legs, quantity, limit, tag), = desk.broker.sent
    assert dict(legs) == SPREAD and quantity == 2 and limit == -1.00
    assert tag == "lt112/202407261100:ENTRY:202407261100#1"


def test_entry_walks_half_of_the_way_and_no_further():
    desk = entry_desk()
    desk.minutes(4)
    # mid −1.00, natural −0.90, in three steps; a credit is rounded toward us
    assert limits(desk) == [-1.00, -0.99, -0.97, -0.95]


def test_what_a_fill_costs_against_the_mid_is_told_with_half_of_the_spread():
    desk = entry_desk()                                      # short 3.00/3.10, long 2.00/2.10, two units
    desk.minutes(1)
    desk.broker.fill(SHORT, price=3.02)
    desk.broker.fill(LONG, price=2.06)
    assert desk.finals() == [("FILLED", True, "TEST", 2)]
    facts = desk.reports[-1].facts
    assert facts["contracts"] == 4 and facts["slippage_usd"] == pytest.approx(2 * (0.03 + 0.01) * 100.0)
    assert facts["half_spread_usd"] == pytest.approx(4 * 0.05 * 100.0)


def test_entry_never_chases_beyond_the_natural_price_it_started_with():
    desk = entry_desk()
    desk.broker.quotes[SHORT] = make_quote(2.00, 2.10)       # the credit is gone
    desk.minutes(4)
    assert max(limits(desk)) == -0.90


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
    assert not desk.executor.working("lt112/202407261100")


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
    assert desk.executor.halted_by == ()
    desk.minutes(1)
    assert desk.executor.halted_by == ("lt112/202407261100:ENTRY:202407261100",)       # nobody enters meanwhile
    desk.minutes(2)
    assert desk.outcomes() == []
    desk.minutes(1)
    assert desk.outcomes() == [("FAILED", False, "UNEVEN_AFTER_THREE_TRIES", 0)]
    assert desk.executor.halted_by == ("lt112/202407261100:ENTRY:202407261100",)
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


def test_limit_stands_on_the_grid():
    desk = Desk(quotes={SHORT: make_quote(3.00, 3.15), LONG: make_quote(2.00, 2.10)})
    desk.start(make_intent(SPREAD))
    assert desk.broker.sent[0][2] == -1.03                     # mid −1.025, toward us


@pytest.mark.parametrize("worst, limits", [(None, [-1.0, -0.99, -0.97, -0.95, -0.95]), (-0.97, [-1.0, -0.99, -0.97, -0.97, -0.97]),
                                           (-1.02, [-1.02] * 5)])
def test_an_entry_walks_half_of_the_way_as_long_as_the_strategys_conditions_hold(worst, limits):
    desk = Desk(quotes=dict(QUOTES))                           # mid −1.00, natural −0.90
    desk.start(replace(make_intent(SPREAD), worst=worst))
    for _ in range(4):
        desk.minutes(1)
    repriced = [desk.broker.sent[0][2]] + [limit for _, limit in desk.broker.updates]
    assert repriced == [limit for place, limit in enumerate(limits) if not place or limit != limits[place - 1]]


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


def test_worthless_long_beyond_the_even_units_of_an_entry_is_kept_after_three_tries():
    desk = entry_desk(quantity=3)
    desk.broker.fill(SHORT, 1)
    desk.broker.fill(LONG, 3)
    desk.broker.quotes[LONG] = make_quote(0.0, 0.05)
    desk.minutes(3)
    assert desk.outcomes() == []
    desk.minutes(1)
    assert desk.outcomes() == [("UNEVEN_REPAIRED", True, "UNEVEN", 1)]
    assert desk.reports[-1].facts["missing"][0]["quantity"] == -2
    assert desk.net() == {SHORT: -1, LONG: 3}
