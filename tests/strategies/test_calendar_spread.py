"""Calendar: legs, gain and loss on the debit, the weekly roll, at the limit and one past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from config.strategy_parameters import CALENDAR
from core.codes import RefusalCode as Code
from core.model import Event, Exit, HeldLeg, Hold, Manage, Mode, Proposal, Quote, Select, State, Urgency
from strategies.calendar_spread_with_state import Calendar
from tests.builders import make_calendar, make_position, make_snapshot, make_underlying, make_view, make_vix
from tests.builders_chains import exact_quotes, make_chain, option

NOW = datetime(2024, 7, 22, 10, 0)
TODAY = NOW.date()
NEAR, FAR = TODAY + timedelta(days=9), TODAY + timedelta(days=60)


def chain(days=(5, 9, 13, 45, 60, 74), strikes=range(520, 571), symbol="SPY", today=TODAY):
    return make_chain(symbol, 544.0, today, [today + timedelta(days=day) for day in days], strikes)


CHAIN = chain()
STRATEGY = Calendar()


def snapshot(time=NOW, price=544.0, symbols=("SPY",), **overrides):
    return make_snapshot(time, **({"underlyings": {name: make_underlying(name, price, time) for name in symbols},
                                   "chains": {name: (CHAIN,) for name in symbols}} | overrides))


def selected(**arguments):
    return STRATEGY.select(snapshot(**arguments), make_view())


# --- entry ----------------------------------------------------------------------------------------------------------

def test_puts_at_the_money_near_and_far():
    far, near = selected().contracts
    assert (far, near) == (option(544, "P", FAR), option(544, "P", NEAR))


@pytest.mark.parametrize("days, near, far", [((7, 60), 7, 60), ((14, 50), 14, 50), ((7, 14, 75), 7, 75),
                                             ((9, 57, 63), 9, 63), ((9, 58, 63), 9, 58)])
def test_expiries(days, near, far):
    found = selected(chains={"SPY": (chain(days),)})
    assert [(contract.expiry - TODAY).days for contract in found.contracts] == [far, near]


@pytest.mark.parametrize("days", [(6, 60), (15, 60), (9, 49), (9, 76)])
def test_expiries_out_of_range(days):
    assert selected(chains={"SPY": (chain(days),)}).code is Code.EXPIRY_NOT_LISTED


def test_the_strike_is_listed_in_both_expiries():
    near = chain((9,), strikes=(540, 550))
    far = chain((60,), strikes=(535, 544, 550))
    assert selected(chains={"SPY": (near, far)}).facts == {"strike": 550.0}
    assert selected(chains={"SPY": (chain((9,), (541,)), chain((60,), (542,)))}).code is Code.STRIKE_NOT_LISTED


def test_one_position_an_underlying():
    held = make_position(strategy="calendar", underlying="SPY")
    assert STRATEGY.screen(snapshot(positions=(held,)), make_view()).facts["symbols"] == {
        "SPY": "ALREADY_OPEN", "IWM": "UNDERLYING_MISSING"}
    assert selected(symbols=("SPY", "IWM"), positions=(held,)).underlying == "IWM"
    assert selected(chains={}).code is Code.CHAIN_MISSING and selected(vix=None).code is Code.VIX_MISSING
    assert STRATEGY.screen(snapshot(), make_view(pending={"calendar": "SPY"})).code is Code.ENTRY_PENDING


def proposed(far=12.0, near=4.0, **overrides):
    contracts = (option(544, "P", FAR), option(544, "P", NEAR))
    selection = Select(strategy="calendar", underlying="SPY", contracts=contracts, facts={})
    quotes = exact_quotes(NOW, zip(contracts, (far, near)))
    return STRATEGY.propose(snapshot(**({"quotes": quotes} | overrides)), make_view(), selection)


def test_debit_and_risk():
    found = proposed()
    assert isinstance(found, Proposal) and found.credit == pytest.approx(-8.0)
    assert found.risk_usd == pytest.approx(802.0) and [leg.ratio for leg in found.legs] == [1, -1]


def test_no_debit_no_quotes_no_vix():
    assert proposed(4.0, 4.0).code is Code.GUARD_CANNOT_COMPUTE
    assert proposed(quotes={}).code is Code.QUOTE_MISSING and proposed(vix=None).code is Code.VIX_MISSING


# --- management -----------------------------------------------------------------------------------------------------

def position(near=NEAR, far=FAR, state=State.ACTIVE, premium=-8.0, units=2):
    legs = [HeldLeg(contract=option(544, "P", far), quantity=units, average_price=12.0)]
    if near is not None:
        legs.append(HeldLeg(contract=option(544, "P", near), quantity=-units, average_price=4.0))
    return make_position(*legs, id="calendar/1", strategy="calendar", units=units, state=state, entry_price=8.0,
                         cash_flow_usd=premium * 100 * units - 4.0, fees_usd=4.0, short_dte_at_entry=9)


def managed(held, worth=8.0, now=NOW, following=None, quotes=None, chains=None, view=None, more=(), **overrides):
    if quotes is None:
        near = 4.0 if len(held.legs) > 1 else 0.0
        quotes = exact_quotes(now, [(leg.contract, near + (worth if leg.quantity > 0 else 0.0)) for leg in held.legs])
    calendar = make_calendar(now.date(), next_session=following or now.date() + timedelta(days=1))
    return STRATEGY.manage(snapshot(now, quotes=quotes | exact_quotes(now, more), calendar=calendar,
                                    chains=chains or {}, **overrides), view or make_view(), held)


def reason(decision):
    return decision.intent.reason if isinstance(decision, (Exit, Manage)) else None


@pytest.mark.parametrize("worth, expected", [(10.0, "PROFIT_TARGET"), (9.999, None), (4.0, "STOP_LOSS"), (4.001, None)])
def test_a_quarter_gained_or_half_lost_of_the_debit(worth, expected):
    found = managed(position(), worth)
    assert reason(found) == expected
    if expected == "STOP_LOSS":
        assert found.intent.urgency is Urgency.NATURAL and found.event is Event.DEFEND


def test_premium_of_later_weeklies_counts():
    rolled = position(premium=-6.0)
    assert reason(managed(rolled, 8.0)) == "PROFIT_TARGET" and reason(managed(rolled, 7.999)) is None
    assert reason(managed(rolled, 2.0)) == "STOP_LOSS" and reason(managed(rolled, 2.001)) is None


@pytest.mark.parametrize("left, following, closes", [(22, 21, False), (21, 20, True), (24, 20, True)])
def test_the_far_put_ends_at_21_days(left, following, closes):
    now = NOW + timedelta(days=60 - left)
    held = position(near=now.date() + timedelta(days=10))
    found = managed(held, now=now, following=FAR - timedelta(days=following), quotes={})
    assert (reason(found) == "DTE_EXIT") is closes
    if closes:
        assert found.intent.urgency is Urgency.NATURAL


def test_a_dead_quote_neither_stops_nor_takes_a_profit():
    assert managed(position(), quotes={}) == Hold(reason="QUOTE_MISSING")


@pytest.mark.parametrize("left, following, rolls", [(2, 1, False), (1, 0, True), (3, 0, True)])
def test_the_near_put_is_rolled_in_the_last_session_with_a_day_left(left, following, rolls):
    now = NOW + timedelta(days=9 - left)
    found = managed(position(), now=now, following=NEAR - timedelta(days=following))
    assert isinstance(found, Select) is rolls and (rolls or found == Hold())


def test_the_roll():
    now = NOW + timedelta(days=8)
    chains = {"SPY": (chain((3, 7, 12, 52), today=now.date()),)}
    new = option(544, "P", now.date() + timedelta(days=7))
    assert managed(position(), now=now).contracts == ()
    assert managed(position(), now=now, chains=chains).contracts == (new,)
    found = managed(position(), now=now, chains=chains, more=[(new, 5.0)])
    assert isinstance(found, Manage) and found.intent.reason == "ROLL_NEAR" and found.intent.quantity == 2
    assert [(leg.contract, leg.ratio) for leg in found.intent.legs] == [(option(544, "P", NEAR), 1), (new, -1)]
    dead = {new.id: Quote(bid=0.0, ask=0.1, time=now)} | exact_quotes(
        now, [(option(544, "P", FAR), 12.0), (option(544, "P", NEAR), 4.0)])
    assert managed(position(), now=now, chains=chains, quotes=dead) == Hold(reason="QUOTE_MISSING")


def test_never_above_the_far_strike_and_never_beyond_the_far_expiry():
    now = NOW + timedelta(days=8)
    chains = {"SPY": (chain((7, 52), strikes=(541, 545), today=now.date()),)}
    assert managed(position(), now=now, chains=chains).contracts[0].strike == 541.0
    above = {"SPY": (chain((7, 52), strikes=(545, 550), today=now.date()),)}
    assert reason(managed(position(), now=now, chains=above)) == "ROLL_IMPOSSIBLE"
    none = {"SPY": (chain((6, 15, 52), today=now.date()),)}
    assert reason(managed(position(), now=now, chains=none)) == "ROLL_IMPOSSIBLE"


def test_a_far_put_alone_sells_the_next_near_put():
    held = position(near=None)
    new = option(544, "P", NEAR)
    assert managed(held).contracts == ()
    assert managed(held, chains={"SPY": (CHAIN,)}).contracts == (new,)
    found = managed(held, chains={"SPY": (CHAIN,)}, more=[(new, 4.0)])
    assert [(leg.contract, leg.ratio) for leg in found.intent.legs] == [(new, -1)] and found.intent.quantity == 2


def test_where_entries_are_halted_the_near_put_is_only_bought_back():
    now, halted = NOW + timedelta(days=8), make_view(mode=Mode.EXITS_ONLY)
    assert reason(managed(position(), now=now, view=halted)) == "BUY_BACK"
    assert managed(position(near=None), view=halted) == Hold(reason="ROLL_WAITS")


@pytest.mark.parametrize("vix, sells", [(None, False), (make_vix(35.0), True), (make_vix(35.01), False),
                                        (make_vix(31.0, entry_stopped=True), False)])
def test_no_near_put_is_sold_without_a_vix_or_above_its_stop(vix, sells):
    alone = managed(position(near=None), vix=vix)
    assert isinstance(alone, Select) if sells else alone == Hold(reason="ROLL_WAITS")
    due = managed(position(), now=NOW + timedelta(days=8), vix=vix)
    assert isinstance(due, Select) if sells else reason(due) == "BUY_BACK"


def test_on_its_last_day_the_near_put_is_bought_back_at_the_natural_price():
    found = managed(position(), now=NOW + timedelta(days=9), quotes={})
    assert (reason(found), found.intent.urgency) == ("BUY_BACK", Urgency.NATURAL)


def test_a_near_put_without_the_far_one_is_closed():
    held = position()
    assert reason(managed(replace(held, legs=held.legs[1:]))) == "NAKED_SHORT"


def test_states():
    assert managed(position(state=State.MANAGING), 10.0) == Hold(reason="ORDER_WORKING")
    assert reason(managed(position(state=State.MANAGING), 4.0)) == "STOP_LOSS"
    assert reason(managed(position(state=State.EXITING), 4.0)) == "STOP_LOSS"
    assert isinstance(managed(position(state=State.DEFENSIVE_EXIT), 4.0), Hold)
    assert (CALENDAR.vix_max, CALENDAR.vix_open) == (20.0, True)
