"""A position that stands in an exit state with nothing at work is closed again: nothing is forgotten between two orders."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from core.codes import RefusalCode
from core.intents import closing_intent
from core.model import Event, Exit, HeldLeg, Intent, Position, Purpose, Refused, Right, Select, State, Urgency
from helpers.shell.decision_rounds import SHORTS_UNWANTED, DecisionRounds
from strategies.exits import ExitReason
from strategies.rolls import roll
from tests.builders import make_contract, make_position
from tests.strategies.worlds import WORLDS, decide, house, position_of, shares_of

WORLD = WORLDS["lt112"]
HELD = position_of(WORLD, decide(WORLD).intent)
ROLLED = position_of(WORLDS["calendar"], decide(WORLDS["calendar"]).intent)
NOW = WORLD.time + timedelta(days=3)


class Executor:
    """Notes what it is asked to start; works what ``at_work`` names, has not told of all that ``untold`` names."""

    def __init__(self) -> None:
        self.started: list[Intent] = []
        self.at_work: set[str] = set()
        self.untold: set[str] = set()

    def working(self, position_id: str) -> bool:
        return position_id in self.at_work

    def unsettled(self, position_id: str) -> bool:
        return position_id in self.at_work | self.untold

    def start(self, intent: Intent, now: datetime) -> None:
        self.started.append(intent)


class Rounds:
    """Rounds over one spread (LT112's, or the calendar's that is rolled) in ``state``, with the real managers."""

    def __init__(self, state: State, *extra: HeldLeg, held: Position = HELD) -> None:
        self.executor = Executor()
        self.parts = house().with_executor(self.executor)
        held = replace(held, state=State.WAITING, legs=held.legs + extra,
                       facts=dict(held.facts) | {"exit_reason": "DTE_21", "exit_forced": True})
        self.parts.states.open(held, NOW)
        self.parts.states._positions[held.id] = replace(held, state=state)
        self.events: list[str] = []
        self.refused: list[tuple[str, str]] = []
        journal = SimpleNamespace(event=lambda now, name, **facts: self.events.append(name),
                                  refused=lambda now, name, refusal: self.refused.append((name, refusal.code.value)))
        gateway, builder = SimpleNamespace(subscribe=lambda contracts: None), SimpleNamespace(view=WORLD.view)
        self.rounds = DecisionRounds(gateway, self.parts, builder, journal)

    def check(self, minutes: int) -> list[Intent]:
        """One check; what was started in it."""
        before = len(self.executor.started)
        now = NOW + timedelta(minutes=minutes)
        self.rounds.manage(WORLD.snapshot(now), only_urgent=True)
        return self.executor.started[before:]

    @property
    def position(self) -> Position:
        return self.parts.states.positions[0]


@pytest.mark.parametrize("state, urgency", [(State.EXITING, Urgency.WALK), (State.DEFENSIVE_EXIT, Urgency.NATURAL),
                                            (State.DEFENSIVE_21DTE, Urgency.NATURAL)])
def test_an_exit_that_ended_with_something_left_begins_again(state: State, urgency: Urgency) -> None:
    world = Rounds(state)
    (intent,) = world.check(0)
    assert {leg.contract: leg.ratio for leg in intent.legs} == {
        leg.contract: leg.ratio for leg in closing_intent(HELD, "x", NOW).legs}
    assert (intent.reason, intent.urgency) == ("DTE_21", urgency)
    assert world.position.state is state and world.position.facts["exit_forced"] is True


def test_not_while_an_order_of_it_is_at_work() -> None:
    world = Rounds(State.DEFENSIVE_EXIT)
    world.executor.at_work.add(HELD.id)
    assert [world.check(minute) for minute in range(4)] == [[]] * 4
    world.executor.at_work.clear()
    world.executor.untold.add(HELD.id)
    assert world.check(4) == []
    world.executor.untold.clear()
    assert len(world.check(5)) == 1


def test_shares_that_came_during_an_exit_are_closed_after_it() -> None:
    world = Rounds(State.EXITING, HeldLeg(contract=shares_of("SPY"), quantity=100, average_price=500.0))
    (intent,) = world.check(0)      # the machine may still be defended: at once
    assert intent.reason == "ASSIGNED" and world.position.state is State.DEFENSIVE_EXIT
    world.executor.started.clear()
    assert [found.reason for found in world.check(1)] == ["ASSIGNED"]


def test_shares_do_not_wait_for_the_quarter_of_an_hour() -> None:
    shares = HeldLeg(contract=shares_of("SPY"), quantity=100, average_price=500.0)
    assert [intent.reason for intent in Rounds(State.ACTIVE, shares).check(1)] == ["ASSIGNED"]


@pytest.mark.parametrize("state", [State.ACTIVE, State.ERROR])
def test_other_states_are_the_strategys(state: State) -> None:
    world = Rounds(state)
    assert world.check(0) == world.check(1) == []
    assert Event.DEFEND.value not in world.events


@pytest.mark.parametrize("working, state", [(True, State.MANAGING), (False, State.ACTIVE)])
def test_a_change_without_an_order_under_way_is_over(working: bool, state: State) -> None:
    """Decided again in the minute of a restart it has an id that is known, and no order."""
    world = Rounds(State.MANAGING, held=ROLLED)
    world.executor.at_work |= {ROLLED.id} if working else set()
    world.check(0)
    assert world.position.state is state


def test_an_exit_decided_before_a_roll_has_been_told_waits_for_what_the_position_holds_then() -> None:
    """The roll filled while another position's order was sent: the snapshot still shows its old legs."""
    world = Rounds(State.MANAGING, held=ROLLED)
    world.executor.untold.add(ROLLED.id)
    intent = closing_intent(world.position, "RED", NOW, Urgency.NATURAL, facts={"forced": True})
    world.rounds.carry_out(world.position, Exit(intent=intent, event=Event.DEFEND), NOW)
    assert world.check(0) == []
    world.executor.untold.clear()
    short, long = sorted(ROLLED.legs, key=lambda leg: leg.quantity)
    world.parts.states.apply(ROLLED.id, Event.MANAGED, NOW, "FILLED")
    world.parts.states.apply_fill(ROLLED.id, short.contract, -short.quantity, 1.0, 0.0)
    (started,) = world.check(1)
    assert world.position.state is State.DEFENSIVE_EXIT and started.reason == "RED"
    assert {leg.contract: leg.ratio for leg in started.legs} == {long.contract: -1}


def test_a_roll_decided_before_the_last_one_has_been_told_is_dropped() -> None:
    """It was decided on legs that the position has no more; the next check decides anew."""
    world = Rounds(State.ACTIVE, held=ROLLED)
    short = next(leg for leg in ROLLED.legs if leg.quantity < 0)
    decision = roll(ROLLED, short, replace(short.contract, expiry=short.contract.expiry + timedelta(days=7)),
                    ExitReason.ROLL_WEEKLY, NOW)
    world.executor.untold.add(ROLLED.id)
    world.rounds.carry_out(world.position, decision, NOW)
    assert world.executor.started == [] and world.position.state is State.ACTIVE and world.events == []
    world.executor.untold.clear()
    world.rounds.carry_out(world.position, decision, NOW)
    assert world.executor.started == [decision.intent] and world.position.state is State.MANAGING


def test_an_exit_during_a_roll_cancels_the_roll_and_waits_for_its_end() -> None:
    world = Rounds(State.MANAGING, held=ROLLED)
    world.executor.at_work.add(ROLLED.id)
    intent = closing_intent(world.position, "RED", NOW, Urgency.NATURAL)
    world.rounds.carry_out(world.position, Exit(intent=intent, event=Event.DEFEND), NOW)
    assert world.executor.started == [intent], "the executor is told, and cancels the roll"
    assert world.position.state is State.MANAGING and world.events == ["EXIT_WAITS"]
    assert world.check(0) == []
    world.executor.at_work.clear()
    assert [found.reason for found in world.check(1)] == ["RED"] and world.position.state is State.DEFENSIVE_EXIT


def test_a_choice_that_timed_out_is_over_and_not_asked_again() -> None:
    world = Rounds(State.VALIDATION)
    world.parts.states._positions[HELD.id] = replace(world.position, legs=())
    contracts = tuple(leg.contract for leg in HELD.legs)
    world.rounds._selections[HELD.id] = Select(strategy="lt112", underlying="SPY", contracts=contracts)
    world.rounds.time_out(HELD.id, NOW)
    assert world.parts.states.positions == () and not world.rounds.validating
    assert world.refused == [("lt112", "ENTRY_TIMEOUT")]
    assert [step.event.value for step in world.parts.states.transitions()] == ["TIMED_OUT"]


def test_strategies_whose_entries_ended_unfilled_come_after_the_others() -> None:
    world, asked = Rounds(State.ACTIVE), []
    refusal = Refused(code=RefusalCode.NOT_TRIGGERED)
    world.parts.coordinator.screen = lambda name, snapshot, view: asked.append(name) or refusal
    names = list(world.parts.coordinator.names())
    for unfilled, expected in (({}, names), ({"lt112": (1, NOW)}, [name for name in names if name != "lt112"] + ["lt112"]),
                               ({"friday_0dte": (2, NOW), "lt112": (1, NOW)}, names[2:] + ["lt112", "friday_0dte"])):
        asked.clear()
        world.rounds.select(WORLD.snapshot(), replace(WORLD.view(), unfilled=unfilled, enabled=frozenset(names)))
        assert asked == expected


# --- what is sold against a LEAP is bought back, and the LEAP stays


def covered(**overrides: object) -> Position:
    leap = make_contract(440.0, Right.CALL, (NOW + timedelta(days=400)).date())
    weekly = make_contract(560.0, Right.CALL, (NOW + timedelta(days=4)).date())
    return make_position(HeldLeg(contract=leap, quantity=2, average_price=110.0),
                         HeldLeg(contract=weekly, quantity=-2, average_price=1.0), id="ipmcc/1", strategy="ipmcc",
                         units=2, **overrides)


def test_orange_buys_back_the_short_leg_alone_at_once() -> None:
    held = covered()
    world = Rounds(State.ACTIVE, held=held)
    world.rounds.buy_back([world.position], "SPY moved")
    (intent,) = world.check(1)
    assert [(leg.contract, leg.ratio) for leg in intent.legs] == [(held.legs[1].contract, 1)] and intent.quantity == 2
    assert (intent.purpose, intent.urgency, intent.reason) == (Purpose.MANAGE, Urgency.NATURAL, "SPY moved")
    assert world.position.state is State.MANAGING


def test_the_wish_to_buy_back_waits_for_a_roll_stands_until_nothing_is_short_and_ends_then() -> None:
    held = covered()
    world = Rounds(State.MANAGING, held=held)
    world.executor.at_work.add(held.id)
    world.rounds.buy_back([world.position], "SPY moved")
    assert world.check(0) == [] and world.rounds.urgent(world.position)
    world.executor.at_work.clear()
    assert [intent.reason for intent in world.check(1)] == ["SPY moved"], "the roll is over"
    assert [intent.reason for intent in world.check(7)] == ["SPY moved"], "it was not filled"
    world.parts.states.apply_fill(held.id, held.legs[1].contract, 2, 0.5, 0.0)
    assert world.check(8) == [] and SHORTS_UNWANTED not in world.position.facts
    assert [leg.quantity for leg in world.position.legs] == [2]


@pytest.mark.parametrize("state", [State.EXITING, State.DEFENSIVE_EXIT])
def test_what_is_leaving_whole_is_not_bought_back_by_halves(state: State) -> None:
    world = Rounds(state, held=covered())
    world.rounds.buy_back([world.position], "SPY moved")
    (intent,) = world.check(1)
    assert len(intent.legs) == 2
