"""A position that stands in an exit state with nothing at work is closed again: nothing is forgotten between two orders."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from core.intents import closing_intent
from core.model import Event, HeldLeg, Intent, Position, Select, State, Urgency
from helpers.decision_rounds import DecisionRounds
from tests.strategies.worlds import WORLDS, decide, house, position_of, shares_of

WORLD = WORLDS["lt112"]
HELD = position_of(WORLD, decide(WORLD).intent)
NOW = WORLD.time + timedelta(days=3)


class Executor:
    """Notes what it is asked to start; works what ``at_work`` names."""

    def __init__(self) -> None:
        self.started: list[Intent] = []
        self.at_work: set[str] = set()

    def working(self, position_id: str) -> bool:
        return position_id in self.at_work

    def start(self, intent: Intent, now: datetime) -> None:
        self.started.append(intent)


class Rounds:
    """Rounds over one LT112 spread in ``state``, with the real managers."""

    def __init__(self, state: State, *extra: HeldLeg) -> None:
        self.parts = house()
        self.parts.executor = self.executor = Executor()
        held = replace(HELD, state=State.WAITING, legs=HELD.legs + extra,
                       facts=dict(HELD.facts) | {"exit_reason": "DTE_21", "exit_forced": True})
        self.parts.states.open(held, NOW)
        self.parts.states._positions[held.id] = replace(held, state=state)
        self.events: list[str] = []
        self.refused: list[tuple[str, str]] = []
        journal = SimpleNamespace(event=lambda now, name, **facts: self.events.append(name),
                                  refused=lambda now, name, refusal: self.refused.append((name, refusal.code.value)))
        self.rounds = DecisionRounds(SimpleNamespace(subscribe=lambda contracts: None), self.parts, None, journal)

    def check(self, minutes: int) -> list[Intent]:
        """One check; what was started in it."""
        before = len(self.executor.started)
        now = NOW + timedelta(minutes=minutes)
        self.rounds.manage(WORLD.snapshot(now), WORLD.view(), only_urgent=True)
        return self.executor.started[before:]

    @property
    def position(self) -> Position:
        return self.parts.states.position(HELD.id)


@pytest.mark.parametrize("state, urgency", [(State.EXITING, Urgency.WALK), (State.DEFENSIVE_EXIT, Urgency.NATURAL),
                                            (State.DEFENSIVE_21DTE, Urgency.NATURAL)])
def test_an_exit_that_ended_with_something_left_begins_again_at_the_second_check(state: State, urgency: Urgency
                                                                                 ) -> None:
    """Not at the first: fills may have been told and not be booked yet."""
    world = Rounds(state)
    assert world.check(0) == []
    (intent,) = world.check(1)
    assert {leg.contract: leg.ratio for leg in intent.legs} == {
        leg.contract: leg.ratio for leg in closing_intent(HELD, "x", NOW).legs}
    assert (intent.reason, intent.urgency) == ("DTE_21", urgency)
    assert world.position.state is state and world.position.facts["exit_forced"] is True


def test_not_while_an_order_of_it_is_at_work() -> None:
    world = Rounds(State.DEFENSIVE_EXIT)
    world.executor.at_work.add(HELD.id)
    assert [world.check(minute) for minute in range(4)] == [[]] * 4
    world.executor.at_work.clear()
    assert world.check(4) == [] and len(world.check(5)) == 1


def test_shares_that_came_during_an_exit_are_closed_after_it() -> None:
    world = Rounds(State.EXITING, HeldLeg(contract=shares_of("SPY"), quantity=100, average_price=500.0))
    (intent,) = world.check(0)      # the machine may still be defended: at once
    assert intent.reason == "ASSIGNED" and world.position.state is State.DEFENSIVE_EXIT
    world.executor.started.clear()
    assert world.check(1) == [] and [found.reason for found in world.check(2)] == ["ASSIGNED"]


def test_shares_do_not_wait_for_the_quarter_of_an_hour() -> None:
    shares = HeldLeg(contract=shares_of("SPY"), quantity=100, average_price=500.0)
    assert [intent.reason for intent in Rounds(State.ACTIVE, shares).check(1)] == ["ASSIGNED"]


@pytest.mark.parametrize("state", [State.ACTIVE, State.ERROR])
def test_other_states_are_the_strategys(state: State) -> None:
    world = Rounds(state)
    assert world.check(0) == world.check(1) == []
    assert Event.DEFEND.value not in world.events


def test_a_choice_that_timed_out_is_over_and_not_asked_again() -> None:
    world = Rounds(State.VALIDATION)
    world.parts.states._positions[HELD.id] = replace(world.position, legs=())
    contracts = tuple(leg.contract for leg in HELD.legs)
    world.rounds._selections[HELD.id] = Select(strategy="lt112", underlying="SPY", contracts=contracts)
    world.rounds.time_out(HELD.id, NOW)
    assert world.parts.states.positions == () and not world.rounds.validating
    assert world.refused == [("lt112", "ENTRY_TIMEOUT")]
    assert [step.event.value for step in world.parts.states.transitions()] == ["TIMED_OUT"]
