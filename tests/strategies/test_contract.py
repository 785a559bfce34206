"""One contract for all ten strategies, through the real gate, sizer, coordinator and state machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from math import gcd

import numpy as np
import pytest

from config.constants import DEFENSIVE_DTE, LEG_MAX_AGE_MINUTES
from core.codes import RefusalCode as Code
from core.intents import closing_intent
from core.model import (EmergencyLevel, Enter, Event, Exit, HeldLeg, Hold, Manage, Mode, Quote, Refused,
                        Select, State, Urgency)
from core.serialization import position_from_json, position_to_json
from risk.margin_structures import structures
from strategies import ALL
from tests.builders import make_calendar, make_vix
from tests.strategies.worlds import (WORLDS, code_of, decide, house, plain, position_of, select, shares_of,
                                     weekdays_after)

EVERY = pytest.mark.parametrize("world", WORLDS.values(), ids=lambda world: world.name)
QUOTE_CODES = {Code.QUOTE_MISSING, Code.QUOTE_EMPTY, Code.QUOTE_STALE, Code.QUOTE_CROSSED}


@pytest.fixture(scope="module")
def entries():
    return {name: decide(world) for name, world in WORLDS.items()}


@pytest.fixture(scope="module")
def positions(entries):
    return {name: position_of(world, entries[name].intent) for name, world in WORLDS.items()}


def test_every_strategy_has_a_world():
    assert set(WORLDS) == set(ALL)


# --- entering -------------------------------------------------------------------------------------------------------

@EVERY
def test_enters_in_its_world_with_one_combo(world, entries):
    entry = entries[world.name]
    assert isinstance(entry, Enter), entry
    intent = entry.intent
    assert 1 <= len(intent.legs) <= 4 and intent.quantity >= 1 and intent.reason
    assert gcd(*(leg.ratio for leg in intent.legs)) == 1 and all(leg.ratio for leg in intent.legs)
    assert len({leg.contract for leg in intent.legs}) == len(intent.legs)
    assert {leg.contract.underlying for leg in intent.legs} == {world.symbol}
    assert intent.risk_usd > 0 and plain(dict(intent.facts)) == dict(intent.facts)


@EVERY
def test_enters_by_names_alone(world, entries):
    """A provider may list contracts without prices or volatilities: own figures from quotes decide then."""
    chain = world.chain()
    nothing = np.full(len(chain), np.nan)
    bare = replace(chain, price=nothing, iv=nothing, delta=nothing)
    entry = decide(world, chains={world.symbol: (bare,)})
    assert bare.is_names_only and not chain.is_names_only and isinstance(entry, Enter), entry
    if not world.volatility_chooses:
        assert entry.intent.legs == entries[world.name].intent.legs


@EVERY
def test_short_options_report_their_probability(world, entries):
    intent = entries[world.name].intent
    reported = intent.facts["short_strike_probability_otm"]
    if any(leg.ratio < 0 for leg in intent.legs):
        assert 0.0 <= reported <= 1.0
    else:
        assert reported is None


@EVERY
def test_same_input_same_decision(world, entries):
    assert decide(world) == entries[world.name]


# --- refusing -------------------------------------------------------------------------------------------------------

@EVERY
def test_refuses_without_vix(world):
    assert code_of(decide(world, vix=None)) is Code.VIX_MISSING
    assert ALL[world.name].screen(world.snapshot(vix=None), world.view()).code is Code.VIX_MISSING
    stale = make_vix(world.vix, world.time - timedelta(minutes=5, seconds=1))
    assert code_of(decide(world, vix=stale)) is Code.VIX_STALE


@EVERY
def test_refuses_outside_its_vix_band(world):
    spec, code = world.spec, None
    for value, at_edge in ((spec.vix_min, False), (np.nextafter(spec.vix_min, 0), True), (spec.vix_max, False),
                           (np.nextafter(spec.vix_max, np.inf), True)):
        if not 5.0 < value < 100.0:
            continue
        answer = decide(world, vix=make_vix(value, world.time))
        low = value <= spec.vix_min
        code = Code.VIX_BELOW_BAND if low else Code.VIX_ABOVE_BAND
        outside = at_edge or spec.vix_open
        if outside:
            assert code_of(answer) in (code, Code.VIX_ENTRY_STOP)
        else:
            assert code_of(answer) is not code
    assert code_of(decide(world, vix=make_vix(36.0, world.time))) is Code.VIX_ENTRY_STOP


@EVERY
def test_refuses_outside_its_window(world):
    start = datetime.combine(world.time.date(), world.spec.window_open)
    end = datetime.combine(world.time.date(), world.spec.window_close)
    for moment, inside in ((start, True), (start - timedelta(minutes=1), False), (end - timedelta(minutes=1), True),
                           (end, False)):
        answer = decide(replace(world, time=moment))
        assert (code_of(answer) is not Code.OUTSIDE_WINDOW) is inside
        assert not inside or isinstance(answer, Enter)


@EVERY
def test_refuses_in_a_phase_that_does_not_allow_it(world):
    for phase in (1, 2, 3, 4):
        answer = decide(world, phase=phase)
        assert (code_of(answer) is Code.PHASE_FORBIDS) is (world.spec.max_open[phase] == 0)


@EVERY
def test_refuses_without_fresh_quotes(world):
    assert code_of(decide(world, quotes=lambda selection: {})) is Code.QUOTE_MISSING
    limit = timedelta(minutes=LEG_MAX_AGE_MINUTES)
    for age, fresh in ((limit, True), (limit + timedelta(seconds=1), False)):
        def aged(selection, age=age):
            return {key: replace(quote, time=quote.time - age)
                    for key, quote in world.quotes(selection.contracts).items()}
        assert (code_of(decide(world, quotes=aged)) is not Code.QUOTE_STALE) is fresh


@EVERY
@pytest.mark.parametrize("broken, code", [
    (None, Code.QUOTE_MISSING), (Quote(bid=0.0, ask=0.0, time=WORLDS["lt112"].time), Code.QUOTE_EMPTY),
    (Quote(bid=float("nan"), ask=float("nan"), time=WORLDS["lt112"].time), Code.QUOTE_EMPTY),
    (Quote(bid=2.0, ask=1.0, time=WORLDS["lt112"].time), Code.QUOTE_CROSSED)])
def test_every_leg_it_takes_needs_a_usable_quote(world, broken, code, entries):
    """An optional leg may be left out instead; none is ever taken on a broken quote."""
    for leg in entries[world.name].intent.legs:
        def changed(selection, leg=leg):
            found = world.quotes(selection.contracts)
            del found[leg.contract.id]
            return found if broken is None else found | {leg.contract.id: replace(broken, time=world.time)}
        answer = decide(world, quotes=changed)
        if isinstance(answer, Enter):
            assert leg.contract not in {other.contract for other in answer.intent.legs}
        else:
            assert answer.code in (code, Code.NO_STRIKE_QUALIFIES)


@EVERY
def test_refuses_without_chain_underlying_or_listing(world):
    assert code_of(decide(world, chains={})) is Code.CHAIN_MISSING
    assert code_of(decide(world, underlyings={})) is Code.UNDERLYING_MISSING
    assert isinstance(decide(world, chains={world.symbol: (world.chain(days=(1_000,)),)}), Refused)


@EVERY
def test_a_chain_of_nothing_but_nan_or_nothing_at_all_is_no_crash(world):
    chain = world.chain()
    nothing = replace(chain, price=np.full(len(chain), np.nan), iv=np.full(len(chain), np.nan),
                      delta=np.full(len(chain), np.nan))
    empty = replace(chain, **{name: getattr(chain, name)[:0] for name in (
        "expiry", "strike", "is_put", "price", "iv", "delta")})
    assert isinstance(select(world, chains={world.symbol: (nothing,)}), (Select, Refused))
    assert isinstance(select(world, chains={world.symbol: (empty,)}), Refused)


@EVERY
@pytest.mark.parametrize("price", [float("nan"), 0.0, -1.0])
def test_a_price_that_is_none_refuses(world, price):
    broken = {world.symbol: replace(world.underlying(), price=price)}
    assert isinstance(ALL[world.name].select(world.snapshot(underlyings=broken), world.view()), Refused)
    assert isinstance(decide(world, underlyings=broken), Refused)


@EVERY
@pytest.mark.parametrize("view", [dict(mode=Mode.OBSERVE), dict(mode=Mode.EXITS_ONLY), dict(halted="operator"),
                                  dict(emergency=EmergencyLevel.YELLOW), dict(breaker_level=2),
                                  dict(enabled=frozenset()), dict(quarantined=("SPY",)),
                                  dict(strategies_in_error=frozenset({"lt112"}))])
def test_refuses_when_the_house_does_not_enter(world, view):
    assert isinstance(decide(world, view=world.view(**view)), Refused)


@EVERY
def test_refusals_are_plain_facts(world):
    for change in (dict(vix=None), dict(chains={}), dict(underlyings={}), dict(phase=1)):
        answer = decide(world, **change)
        if isinstance(answer, Refused):
            assert plain(dict(answer.facts)) is not None


# --- never twice ----------------------------------------------------------------------------------------------------

@EVERY
def test_never_opens_twice(world, positions):
    """Five minutes after its entry, with the position in the book, the strategy has nothing further to open there."""
    later = world.time + timedelta(minutes=6)
    view = world.view(entry_dates={world.name: (world.time.date(),)}, last_entry=world.time)
    answer = decide(replace(world, time=later), view=view, positions=(positions[world.name],))
    assert isinstance(answer, Refused), answer
    alone = ALL[world.name].select(replace(world, time=later).snapshot(positions=(positions[world.name],)), view)
    assert isinstance(alone, Refused)


@EVERY
@pytest.mark.parametrize("state", [State.ACTIVE, State.MANAGING, State.EXITING, State.DEFENSIVE_EXIT, State.ERROR])
def test_whatever_state_the_first_is_in(world, state, positions):
    held = replace(positions[world.name], state=state)
    view = world.view(entry_dates={world.name: (world.time.date(),)})
    assert isinstance(ALL[world.name].select(world.snapshot(positions=(held,)), view), Refused)


@EVERY
def test_nor_while_an_entry_is_on_its_way(world):
    view = world.view(pending={world.name: world.symbol})
    assert ALL[world.name].screen(world.snapshot(), view).code is Code.ENTRY_PENDING
    assert code_of(decide(world, view=view)) is Code.ENTRY_PENDING


# --- 21 DTE ---------------------------------------------------------------------------------------------------------

def sessions(world, last):
    return (world.time.date(), *[day for day in weekdays_after(world.time.date(), 600) if day <= last])


@EVERY
def test_honours_21_dte_on_every_session_of_its_life(world, positions):
    """Without a quote, a price or a VIX: closed in the last session with at least 21 days left, and ever after."""
    held = positions[world.name]
    shorts = [leg.contract for leg in held.legs if leg.quantity < 0]
    if not shorts:
        return
    bound = held.short_dte_at_entry > DEFENSIVE_DTE
    assert bound is world.spec.defensive_21dte
    for day in sessions(world, shorts[0].expiry):
        now = datetime.combine(day, datetime.min.time()).replace(hour=10)
        following = weekdays_after(day, 1)[0]
        found = ALL[world.name].manage(world.snapshot(now, quotes={}, underlyings={}, vix=None, chains={},
                                                      calendar=make_calendar(day, next_session=following)),
                                       world.view(), held)
        due = bound and shorts[0].dte(following) < DEFENSIVE_DTE
        assert (isinstance(found, Exit) and found.event is Event.DEFEND_21DTE) is due, day
        if due:
            assert found.intent.urgency is Urgency.NATURAL and found.intent.reason == "DTE_21"


@EVERY
def test_what_is_exempt_is_short_dated_by_design(world, positions):
    held = positions[world.name]
    if held.has_short_options and not world.spec.defensive_21dte:
        assert held.short_dte_at_entry <= DEFENSIVE_DTE


# --- exits and changes ----------------------------------------------------------------------------------------------

def asked(world, held, now):
    """What the strategy answers at ``now`` once it has been given the chain and the quotes it asks for."""
    contracts = [leg.contract for leg in held.legs]
    found = world.snapshot(now, chains={}, quotes=world.quotes(contracts, now))
    decision = ALL[world.name].manage(found, world.view(), held)
    if isinstance(decision, Select) and not decision.contracts:
        own = {contract.dte(now.date()) for contract in contracts}
        days = sorted({*range(1, 30), 60, 120, 400} | own)
        found = replace(found, chains={world.symbol: (world.chain(days=days, today=now.date()),)})
        decision = ALL[world.name].manage(found, world.view(), held)
    if isinstance(decision, Select) and decision.contracts:
        quotes = world.quotes([*contracts, *decision.contracts], now)
        decision = ALL[world.name].manage(replace(found, quotes=quotes), world.view(), held)
    assert not isinstance(decision, Select), "asked twice for what it has"
    return decision


def filled(world, held, intent, now):
    """The position after a change was filled at the mids."""
    legs = {leg.contract: leg for leg in held.legs}
    cash = held.cash_flow_usd
    for contract, quote in world.quotes((leg.contract for leg in intent.legs), now).items():
        leg = next(leg for leg in intent.legs if leg.contract.id == contract)
        quantity = leg.ratio * intent.quantity
        cash -= quantity * quote.mid * world.multiplier
        before = legs[leg.contract].quantity if leg.contract in legs else 0
        legs[leg.contract] = HeldLeg(contract=leg.contract, quantity=before + quantity, average_price=quote.mid)
    return replace(held, legs=tuple(leg for leg in legs.values() if leg.quantity), cash_flow_usd=cash,
                   facts=dict(held.facts) | dict(intent.facts))


def life(world, held, mood, checks=340):
    """(position, decision) at 15:20 of every session, changes filled, in a market that went ``mood`` times at once."""
    moved = replace(world, price=world.price * mood)
    day = world.time.date()
    for _ in range(checks):
        now = datetime.combine(day, datetime.min.time()).replace(hour=15, minute=20)
        expired = [leg for leg in held.legs if leg.contract.expiry < day]
        assert not expired, f"{world.name} held {expired} beyond its last day"
        decision = asked(moved, held, now)
        yield held, decision
        if isinstance(decision, Exit):
            return
        if isinstance(decision, Manage):
            held = filled(moved, held, decision.intent, now)
        day = weekdays_after(day, 1)[0]


def naked(position):
    """Rights of the short options that nothing covers, as many times as there are contracts."""
    found = structures(position.legs, lambda contract: contract.strike)
    return Counter(contract.right for contract in found.naked for _ in range(found.scale))


def assert_covered(world, held, entered):
    """No short option without the protection it was entered with: two-expiry strategies own a later long one for each."""
    longs = [leg for leg in held.legs if leg.quantity > 0]
    shorts = [leg for leg in held.legs if leg.quantity < 0]
    assert naked(held) <= naked(entered)
    if world.two_expiries:
        assert -sum(leg.quantity for leg in shorts) <= sum(leg.quantity for leg in longs)
        assert all(long.contract.expiry > short.contract.expiry for long in longs for short in shorts)


@EVERY
@pytest.mark.parametrize("mood", [0.85, 1.0, 1.12])
def test_a_whole_life_leaves_nothing_naked_and_nothing_forgotten(world, mood, positions):
    decision, changes = None, set()
    for held, decision in life(world, positions[world.name], mood):
        assert_covered(world, held, positions[world.name])
        if isinstance(decision, Exit):
            intent, owned = decision.intent, {leg.contract: leg.quantity for leg in held.legs}
            assert {leg.contract: -leg.ratio * intent.quantity for leg in intent.legs} == owned
            assert ALL[world.name].transitions[held.state, decision.event]
        elif isinstance(decision, Manage):
            changes.add(decision.intent.reason)
            assert len(decision.intent.legs) <= 4
            assert ALL[world.name].transitions[held.state, Event.MANAGE] is State.MANAGING
        for choice in (decision,) if not isinstance(decision, Hold) else ():
            assert choice.intent.reason and choice.intent.position_id == held.id
    assert isinstance(decision, Exit) is world.ends, decision
    if world.name in ("ipmcc", "diagonal"):
        assert changes & {"ROLL_WEEKLY", "BUY_BACK"} and "ROLL_LEAP" in changes
    if world.name == "leap_put_ladder":
        assert changes == {"ROLL_RUNG"}


@EVERY
def test_shares_of_an_assignment_are_closed_at_once_with_what_is_left(world, positions):
    """Long (a put was assigned) or short (a call was): at the natural price, in every state that may be defended, with
    nothing else known; without shares the strategy itself is asked."""
    held, coordinator = positions[world.name], house().coordinator
    blind = world.snapshot(quotes={}, underlyings={}, vix=None, chains={})
    defended = [state for state, event in ALL[world.name].transitions if event is Event.DEFEND]
    assert State.ACTIVE in defended
    for state in defended:
        for quantity in (100, -100):
            legs = held.legs[:1] + (HeldLeg(contract=shares_of(world.symbol), quantity=quantity, average_price=500.0),)
            found = coordinator.manage(blind, world.view(), replace(held, legs=legs, state=state))
            assert isinstance(found, Exit) and found.event is Event.DEFEND, state
            assert (found.intent.reason, found.intent.urgency) == ("ASSIGNED", Urgency.NATURAL)
            assert {leg.contract: leg.ratio * found.intent.quantity for leg in found.intent.legs} == {
                leg.contract: -leg.quantity for leg in legs}
    plain_answer = coordinator.manage(world.snapshot(), world.view(), held)
    assert not isinstance(plain_answer, Exit) or plain_answer.intent.reason != "ASSIGNED"


@EVERY
def test_ends_flat_when_told_to(world, positions):
    held = positions[world.name]
    intent = closing_intent(held, "OPERATOR", world.time)
    left = {leg.contract: leg.quantity for leg in held.legs}
    for leg in intent.legs:
        left[leg.contract] += leg.ratio * intent.quantity
    assert not any(left.values())
    table = ALL[world.name].transitions
    for event in (Event.EXIT, Event.DEFEND):
        assert table[table[State.ACTIVE, event], Event.EXIT_FILLED] is State.COMPLETE


# --- memory ---------------------------------------------------------------------------------------------------------

@EVERY
def test_survives_save_and_load_in_every_state(world, positions):
    states = {state for state, _ in ALL[world.name].transitions}
    for state in states:
        held = replace(positions[world.name], state=state)
        loaded = position_from_json(plain(position_to_json(held)))
        assert loaded == held
        for now in (world.time + timedelta(minutes=30), world.time.replace(hour=15, minute=20)):
            found = world.snapshot(now, quotes=world.quotes((leg.contract for leg in held.legs), now))
            before = ALL[world.name].manage(found, world.view(), held)
            assert ALL[world.name].manage(found, world.view(), loaded) == before


@EVERY
def test_the_state_manager_walks_its_table_from_entry_to_archive(world, positions):
    states = house().states
    held = replace(positions[world.name], state=State.WAITING)
    states.open(held, world.time)
    for event, state in ((Event.SELECTED, State.VALIDATION), (Event.ORDER_SENT, State.ENTERING),
                         (Event.ENTRY_FILLED, State.ACTIVE), (Event.FAULT, State.ERROR),
                         (Event.RECOVER, State.RECOVERY), (Event.RECOVERED_HELD, State.ACTIVE),
                         (Event.DEFEND, State.DEFENSIVE_EXIT), (Event.EXIT_FILLED, State.COMPLETE),
                         (Event.RESET, State.WAITING)):
        assert states.apply(held.id, event, world.time, "test").state is state
