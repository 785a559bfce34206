"""Management: what is leaving goes on leaving, whatever became of its order."""
from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from core.intents import closing_intent
from core.model import (Contract, ContractKind, Event, Exit, HeldLeg, Hold, Intent, Position, Purpose, Right, Select, State,
                        Urgency)
from core.unified_state_manager import UnifiedStateManager
from helpers.decision_rounds import DecisionRounds
from strategies import ALL
from tests.builders import FRIDAY, make_contract, make_position, make_snapshot, make_view

EXPIRY = date(2024, 11, 15)
SHORT, LONG = make_contract(525.0, expiry=EXPIRY), make_contract(520.0, expiry=EXPIRY)
SHARES = Contract(underlying="SPY", expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY, multiplier=1.0)
KEY = "lt112/202407011000"


class World:
    """One LT112 spread in some state, and an executor that notes what it is asked."""

    def __init__(self, state: State, working: bool = False, strategy: str = "lt112", *legs: HeldLeg) -> None:
        self.states = UnifiedStateManager({name: strategy.transitions for name, strategy in ALL.items()})
        position = make_position(HeldLeg(contract=SHORT, quantity=-1, average_price=3.0),
                                 HeldLeg(contract=LONG, quantity=1, average_price=2.0), *legs, state=State.WAITING,
                                 strategy=strategy,
                                 facts={"exit_reason": "DTE_21", "exit_forced": True})
        self.states.open(position, FRIDAY)
        self.states._positions[KEY] = replace(position, state=state)
        self.started: list[Intent] = []
        self.untold = False
        executor = SimpleNamespace(working=lambda key: working, unsettled=lambda key: working or self.untold,
                                   start=lambda intent, now: self.started.append(intent))
        coordinator = SimpleNamespace(manage=lambda snapshot, view, position: Hold(reason="STATE"))
        specs = {name: strategy.spec for name, strategy in ALL.items()}
        parts = SimpleNamespace(strategies=ALL, states=self.states, executor=executor, coordinator=coordinator, specs=specs)
        self.refused: list[tuple[str, str]] = []
        journal = SimpleNamespace(event=lambda *args, **facts: None, refused=lambda now, name, refusal: self.refused.append(
            (name, refusal.code.value)))
        self.rounds = DecisionRounds(None, parts, None, journal)

    def manage(self) -> Position:
        self.rounds.manage(make_snapshot(), make_view(), only_urgent=True)
        return self.states.position(KEY)


@pytest.mark.parametrize("state, urgency", [(State.EXITING, Urgency.WALK), (State.DEFENSIVE_EXIT, Urgency.NATURAL),
                                            (State.DEFENSIVE_21DTE, Urgency.NATURAL)])
def test_a_position_that_leaves_without_an_order_under_way_is_closed_again(state, urgency):
    world = World(state)
    assert world.manage().state is state
    (intent,) = world.started
    assert {leg.contract: leg.ratio for leg in intent.legs} == {SHORT: 1, LONG: -1}
    assert (intent.urgency, intent.reason, intent.facts["forced"]) == (urgency, "DTE_21", True)


@pytest.mark.parametrize("state, working", [(State.EXITING, True), (State.ACTIVE, False), (State.ERROR, True)])
def test_what_is_at_work_or_not_leaving_is_left_alone(state, working):
    world = World(state, working)
    world.manage()
    assert world.started == []


def test_a_choice_that_timed_out_is_over_and_not_asked_again():
    world = World(State.VALIDATION)
    world.states._positions[KEY] = replace(world.states.position(KEY), legs=())
    world.rounds._selections[KEY] = Select(strategy="lt112", underlying="SPY", contracts=(SHORT, LONG))
    world.rounds.time_out(KEY, FRIDAY)
    assert world.states.positions == () and not world.rounds.validating
    assert world.refused == [("lt112", "ENTRY_TIMEOUT")]
    assert [step.event.value for step in world.states.transitions()] == ["TIMED_OUT"]


@pytest.mark.parametrize("strategy, state", [("lt112", State.DEFENSIVE_EXIT), ("calendar", State.ACTIVE)])
def test_assigned_shares_are_closed_by_themselves_within_a_minute(strategy, state):
    world = World(State.ACTIVE, False, strategy, HeldLeg(contract=SHARES, quantity=100, average_price=525.0))
    assert world.rounds.urgent(world.states.position(KEY))
    assert world.manage().state is state                     # what is left of a calendar lives on
    (intent,) = world.started
    assert [(leg.contract, leg.ratio * intent.quantity) for leg in intent.legs] == [(SHARES, -100)]
    assert (intent.purpose, intent.urgency, intent.reason) == (Purpose.FLATTEN, Urgency.WALK, "ASSIGNED")


@pytest.mark.parametrize("working, state", [(True, State.MANAGING), (False, State.ACTIVE)])
def test_a_change_without_an_order_under_way_is_over(working, state):
    """Decided again in the minute of a restart it has an id that is known, and no order."""
    assert World(State.MANAGING, working, "calendar").manage().state is state


def test_an_exit_decided_before_a_roll_has_been_told_waits_for_what_the_position_holds_then():
    """The roll filled while another position's order was sent: the snapshot still shows its old legs."""
    world = World(State.MANAGING, False, "calendar")
    world.untold = True
    stale = world.states.position(KEY)
    intent = closing_intent(stale, "RED", FRIDAY, Urgency.NATURAL, facts={"forced": True})
    world.rounds.carry_out(stale, Exit(intent=intent, event=Event.DEFEND), FRIDAY)
    world.manage()
    assert world.started == []
    world.untold = False
    world.states.apply(KEY, Event.MANAGED, FRIDAY, "FILLED")
    world.states.apply_fill(KEY, SHORT, 1, 1.0, 0.0)
    assert world.manage().state is State.DEFENSIVE_EXIT
    (started,) = world.started
    assert {leg.contract: leg.ratio for leg in started.legs} == {LONG: -1} and started.reason == "RED"
