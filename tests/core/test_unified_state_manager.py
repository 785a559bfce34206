from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.codes import RefusalCode
from core.errors import IntegrityError, TransitionError
from core.model import Event, HeldLeg, State
from core.unified_state_manager import UnifiedStateManager
from tests.builders import make_contract, make_position

NOW = datetime(2024, 7, 26, 10, 0)
TABLE = {
    (State.WAITING, Event.SELECTED): State.VALIDATION,
    (State.VALIDATION, Event.ORDER_SENT): State.ENTERING,
    (State.VALIDATION, Event.TIMED_OUT): State.WAITING,
    (State.ENTERING, Event.ENTRY_FILLED): State.ACTIVE,
    (State.ENTERING, Event.FAULT): State.ERROR,
    (State.ACTIVE, Event.FAULT): State.ERROR,
    (State.ERROR, Event.FAULT): State.ERROR,
    (State.ACTIVE, Event.EXIT): State.EXITING,
    (State.EXITING, Event.EXIT_FILLED): State.COMPLETE,
    (State.COMPLETE, Event.RESET): State.WAITING,
}
PUT, OTHER = make_contract(500.0), make_contract(495.0)


def manager(*events: Event, strategy: str = "lt112", key: str = "lt112/1") -> UnifiedStateManager:
    states = UnifiedStateManager({"lt112": TABLE, "hedge": TABLE})
    states.open(make_position(id=key, strategy=strategy, state=State.WAITING, opened=None, cash_flow_usd=0.0,
                              fees_usd=0.0), NOW)
    for event in events:
        states.apply(key, event, NOW, "test")
    return states


def test_each_machine_follows_its_own_table_and_every_step_is_kept():
    states = manager(Event.SELECTED, Event.ORDER_SENT)
    assert states.position("lt112/1").state is State.ENTERING
    steps = states.drain_transitions()
    assert [(step.source, step.event, step.target) for step in steps] == [
        (State.WAITING, Event.SELECTED, State.VALIDATION), (State.VALIDATION, Event.ORDER_SENT, State.ENTERING)]
    assert states.drain_transitions() == () and len(states.transitions()) == 2


def test_an_unknown_pair_raises_and_changes_nothing():
    states = manager(Event.SELECTED)
    before = states.facts()
    with pytest.raises(TransitionError) as caught:
        states.apply("lt112/1", Event.EXIT_FILLED, NOW, "no")
    assert caught.value.facts["state"] == "VALIDATION" and caught.value.facts["event"] == "EXIT_FILLED"
    assert states.facts() == before
    with pytest.raises(TransitionError):
        states.apply("nobody", Event.SELECTED, NOW, "no")
    assert states.allows("lt112/1", Event.ORDER_SENT) and not states.allows("lt112/1", Event.EXIT)


@pytest.mark.parametrize("change", [{"state": State.ACTIVE}, {"strategy": "unheard_of"}, {"id": "lt112/1"}])
def test_what_may_not_be_opened(change):
    states = manager()
    with pytest.raises(IntegrityError):
        states.open(make_position(**({"id": "lt112/2", "state": State.WAITING} | change)), NOW)


def test_the_clock_of_a_state_starts_when_it_is_entered():
    states = manager(Event.SELECTED)
    states.apply("lt112/1", Event.ORDER_SENT, NOW + timedelta(minutes=4), "sent")
    assert states.since("lt112/1") == NOW + timedelta(minutes=4)


@pytest.mark.parametrize("minutes, suspended", [(30, True), (30.02, False)])
def test_three_errors_in_thirty_minutes_suspend(minutes, suspended):
    states = manager()
    assert states.record_error("lt112", NOW, "one") is False
    assert states.record_error("lt112", NOW + timedelta(minutes=10), "two") is False
    assert states.record_error("lt112", NOW + timedelta(minutes=minutes), "three") is suspended
    assert states.suspended() == ({"lt112": RefusalCode.STRATEGY_SUSPENDED} if suspended else {})
    states.resume("lt112")
    assert states.suspended() == {}
    assert states.record_error("lt112", NOW + timedelta(minutes=minutes), "again") is False


def test_faults_of_the_machine_are_errors_of_the_strategy():
    states = manager(Event.SELECTED, Event.ORDER_SENT, Event.FAULT, Event.FAULT)
    assert states.suspended() == {} and states.in_error() == {"lt112"}
    states.apply("lt112/1", Event.FAULT, NOW, "third")
    assert "lt112" in states.suspended()
    assert "hedge" not in states.suspended()


def test_fills_move_legs_cash_and_fees():
    states = manager()
    states.apply_fill("lt112/1", PUT, -2, 3.00, 2.0)
    states.apply_fill("lt112/1", OTHER, 2, 2.00, 2.0)
    position = states.apply_fill("lt112/1", PUT, -1, 3.60, 1.0)
    assert position.legs == (HeldLeg(contract=PUT, quantity=-3, average_price=pytest.approx(3.2)),
                             HeldLeg(contract=OTHER, quantity=2, average_price=2.0))
    assert position.cash_flow_usd == pytest.approx(600 - 400 + 360 - 5) and position.fees_usd == 5.0
    position = states.apply_fill("lt112/1", PUT, 3, 1.00, 0.0)
    assert [leg.contract for leg in position.legs] == [OTHER]
    assert position.cash_flow_usd == pytest.approx(255)


def test_a_late_fill_may_turn_a_leg_round():
    states = manager()
    states.apply_fill("lt112/1", PUT, -2, 3.00, 0.0)
    position = states.apply_fill("lt112/1", PUT, 3, 1.00, 0.0)
    assert position.legs == (HeldLeg(contract=PUT, quantity=1, average_price=1.00),)
    assert position.cash_flow_usd == pytest.approx(600 - 300)


@given(some.lists(some.tuples(some.integers(-5, 5).filter(bool), some.floats(0, 100)), max_size=12))
def test_cash_flow_is_the_sum_of_all_fills(fills):
    states = manager()
    booked = cash = 0
    for quantity, price in fills:
        if booked * quantity < 0 and abs(quantity) > abs(booked):
            quantity = -booked
        states.apply_fill("lt112/1", PUT, quantity, price, 0.5)
        booked += quantity
        cash -= quantity * price * 100 + 0.5
    position = states.position("lt112/1")
    assert sum(leg.quantity for leg in position.legs) == booked
    assert position.cash_flow_usd == pytest.approx(cash)


def test_legs_taken_out_without_money():
    states = manager()
    states.apply_fill("lt112/1", PUT, -2, 3.00, 0.0)
    assert states.remove_leg("lt112/1", PUT, -1).legs[0].quantity == -1
    for contract, quantity in ((PUT, -2), (PUT, 1), (OTHER, 1)):
        with pytest.raises(IntegrityError):
            states.remove_leg("lt112/1", contract, quantity)
    assert states.remove_leg("lt112/1", PUT).legs == ()
    assert states.position("lt112/1").cash_flow_usd == 600


def test_the_stream_is_accepted_once_and_in_order():
    states = manager()
    assert [states.accept(number) for number in (1, 2, 2, 1, 3)] == [True, True, False, False, True]


def test_archive_only_what_is_over_and_reopen_what_was_archived():
    states = manager(Event.SELECTED, Event.ORDER_SENT, Event.ENTRY_FILLED, Event.EXIT, Event.EXIT_FILLED)
    states.apply_fill("lt112/1", PUT, -1, 3.00, 0.0)
    with pytest.raises(IntegrityError):
        states.archive("lt112/1")
    states.remove_leg("lt112/1", PUT)
    assert states.archive("lt112/1").state is State.COMPLETE
    assert "lt112/1" not in states and states.positions == ()
    assert states.reopen("lt112/1", NOW, "late fill").state is State.ERROR
    with pytest.raises(TransitionError):
        states.reopen("lt112/1", NOW, "twice")
    with pytest.raises(IntegrityError):
        manager(Event.SELECTED).archive("lt112/1")


def test_only_entry_facts_may_be_changed():
    states = manager()
    assert states.change("lt112/1", units=3, entry_price=-1.2).units == 3
    for field in ("state", "legs", "cash_flow_usd", "id"):
        with pytest.raises(IntegrityError):
            states.change("lt112/1", **{field: None})


def test_what_the_gate_is_told():
    states = manager(Event.SELECTED)
    assert states.pending() == {"lt112": "SPY"}
    states.apply("lt112/1", Event.ORDER_SENT, NOW, "sent")
    assert states.pending() == {"lt112": "SPY"}
    states.apply("lt112/1", Event.ENTRY_FILLED, NOW, "filled")
    assert states.pending() == {} and states.entry_dates() == {"lt112": (date(2024, 7, 26),)}
    assert states.open_positions == ()
    states.apply_fill("lt112/1", PUT, -1, 3.00, 0.0)
    assert len(states.open_positions) == 1


@pytest.mark.parametrize("events", [(), (Event.SELECTED,), (Event.SELECTED, Event.ORDER_SENT),
                                    (Event.SELECTED, Event.ORDER_SENT, Event.ENTRY_FILLED),
                                    (Event.SELECTED, Event.ORDER_SENT, Event.FAULT)])
def test_facts_survive_json_in_every_state(events):
    states = manager(*events)
    states.change("lt112/1", facts={"rung": 2})
    if Event.ENTRY_FILLED in events:
        states.apply_fill("lt112/1", make_contract(80.0, underlying="VIX", root="VIXW"), 1, 3.00, 1.0)
    states.accept(7)
    facts = json.loads(json.dumps(states.facts()))
    other = UnifiedStateManager({"lt112": TABLE, "hedge": TABLE})
    other.restore(facts)
    assert other.facts() == facts and other.positions == states.positions
    assert not other.accept(7) and other.accept(8)


def broken(change) -> dict:
    facts = manager(Event.SELECTED, Event.ORDER_SENT, Event.ENTRY_FILLED).facts()
    change(facts)
    return facts


@pytest.mark.parametrize("change", [
    lambda facts: facts["since"].clear(),
    lambda facts: facts["positions"].append(facts["positions"][0]),
    lambda facts: facts["positions"][0].update(strategy="unheard_of"),
    lambda facts: facts["positions"][0].update(state="DEFENSIVE_21DTE"),
    lambda facts: facts["positions"][0].update(id="another"),
])
def test_facts_that_contradict_themselves_are_refused(change):
    with pytest.raises(IntegrityError):
        UnifiedStateManager({"lt112": TABLE}).restore(broken(change))
