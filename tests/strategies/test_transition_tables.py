"""Every strategy's transition table, swept: every state x every event, all states reachable, all can end."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.model import Event, State
from strategies import ALL
from strategies.lifecycle import SHARED, lifecycle

STRATEGIES = pytest.mark.parametrize("strategy", ALL.values(), ids=lambda strategy: strategy.spec.name)
MAY_HOLD = {State.ENTERING, State.ACTIVE, State.MANAGING, State.EXITING, State.DEFENSIVE_EXIT, State.DEFENSIVE_21DTE,
            State.ERROR}


def states(table):
    return {state for state, _ in table} | set(table.values())


def reachable(table, start):
    found, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        for (source, _), target in table.items():
            if source is state and target not in found:
                found.add(target)
                waiting.append(target)
    return found


@STRATEGIES
def test_every_pair_is_a_state_or_raises(strategy):
    table = strategy.transitions
    for state in State:
        for event in Event:
            if (state, event) in table:
                assert isinstance(table[state, event], State)
            else:
                with pytest.raises(KeyError):
                    table[state, event]


@STRATEGIES
def test_tables_are_read_only_and_literal(strategy):
    with pytest.raises(TypeError):
        strategy.transitions[State.WAITING, Event.SELECTED] = State.ACTIVE
    others = [other.transitions for other in ALL.values() if other is not strategy]
    assert all(strategy.transitions is not other for other in others)


@STRATEGIES
def test_all_states_are_reachable_from_waiting_and_can_end_there(strategy):
    table = strategy.transitions
    assert reachable(table, State.WAITING) == states(table)
    for state in states(table):
        assert State.WAITING in reachable(table, state), state


@STRATEGIES
def test_every_state_can_fail_and_what_may_hold_can_be_recovered(strategy):
    table = strategy.transitions
    for state in states(table):
        assert table[state, Event.FAULT] is State.ERROR
    for state in states(table) & MAY_HOLD:
        assert table[state, Event.RECOVER] is State.RECOVERY
    assert table[State.RECOVERY, Event.RECOVERED_FLAT] is State.COMPLETE
    assert table[State.RECOVERY, Event.RECOVERED_HELD] is State.ACTIVE


@STRATEGIES
def test_nothing_that_may_hold_returns_to_waiting_but_an_entry_that_found_nothing(strategy):
    back = {(state, event) for (state, event), target in strategy.transitions.items() if target is State.WAITING}
    assert back == {(State.COMPLETE, Event.RESET)} | {
        (state, event) for state in (State.VALIDATION, State.ENTERING)
        for event in (Event.ENTRY_REFUSED, Event.TIMED_OUT)}


@STRATEGIES
def test_an_exit_never_times_out_and_never_turns_back(strategy):
    table = strategy.transitions
    exits = states(table) & {State.EXITING, State.DEFENSIVE_EXIT, State.DEFENSIVE_21DTE}
    for state in exits:
        assert (state, Event.TIMED_OUT) not in table
        assert State.ACTIVE not in {target for (source, _), target in table.items() if source is state}
        assert table[state, Event.EXIT_FILLED] is State.COMPLETE


@STRATEGIES
def test_every_open_state_can_be_defended(strategy):
    table = strategy.transitions
    for state in states(table) & {State.ACTIVE, State.MANAGING, State.EXITING}:
        assert table[state, Event.DEFEND] is State.DEFENSIVE_EXIT


@STRATEGIES
def test_the_21_dte_event_is_known_exactly_where_the_rule_applies(strategy):
    table, applies = strategy.transitions, strategy.spec.defensive_21dte
    for state in states(table) & {State.ACTIVE, State.MANAGING, State.EXITING}:
        assert ((state, Event.DEFEND_21DTE) in table) is applies


def test_only_lt112_has_the_21_dte_state():
    holders = {name for name, strategy in ALL.items() if State.DEFENSIVE_21DTE in states(strategy.transitions)}
    assert holders == {"lt112"}


# --- shared rows and own ones


def test_own_rows_never_say_what_is_shared():
    own = {(State.ACTIVE, Event.EXPIRED): State.COMPLETE}
    assert lifecycle(own) == {**SHARED, **own}
    with pytest.raises(ConfigError, match="repeat"):
        lifecycle({(State.ACTIVE, Event.EXIT): State.DEFENSIVE_EXIT})


def test_the_ten_differ_in_expiry_changes_and_day_21_only():
    """Prints, for every pair that is not shared, which strategies lead where (``pytest -rP``)."""
    for pair in sorted({pair for strategy in ALL.values() for pair in strategy.transitions} - SHARED.keys()):
        state, event = pair
        targets = {}
        for name, strategy in ALL.items():
            if pair in strategy.transitions:
                targets.setdefault(strategy.transitions[pair].value, []).append(name)
        print(f"{state.value:>16} {event.value:<12} " + "; ".join(f"{to}: {', '.join(who)}" for to, who in targets.items()))
        assert (event is Event.EXPIRED or event is Event.DEFEND_21DTE or event is Event.MANAGE
                or state in (State.MANAGING, State.DEFENSIVE_21DTE) or pair == (State.ACTIVE, Event.EXIT_FILLED)), pair
    for name, strategy in ALL.items():
        lives_on = strategy.transitions[State.ACTIVE, Event.EXPIRED] is State.ACTIVE
        assert ((State.ACTIVE, Event.EXIT_FILLED) in strategy.transitions) is lives_on, name
