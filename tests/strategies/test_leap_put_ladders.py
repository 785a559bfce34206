"""LEAP put ladder: rungs, counts, allocation, rolls, at the limit and one past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from config.strategy_parameters import LEAP_PUT_LADDER
from core.codes import RefusalCode as Code
from core.model import Event, Exit, HeldLeg, Hold, Manage, Mode, Proposal, Right, Select, State, Urgency
from core.option_values import contract_greeks
from strategies.leap_put_ladders_with_state import LeapPutLadder
from tests.builders import (make_account, make_calendar, make_position, make_snapshot, make_underlying, make_view,
                            make_vix)
from tests.builders_chains import exact_quotes, make_chain, model_quotes, option

NOW = datetime(2024, 7, 22, 10, 0)
TODAY = NOW.date()
YEAR = TODAY + timedelta(days=365)
CHAIN = make_chain(today=TODAY, spot=500.0, expiries=[TODAY + timedelta(days=days) for days in (112, 364, 365, 540)],
                   strikes=range(380, 520, 5))
STRATEGY = LeapPutLadder()


def snapshot(time=NOW, price=500.0, **overrides):
    return make_snapshot(time, **({"underlyings": {"SPY": make_underlying(price=price, time=time)},
                                   "chains": {"SPY": (CHAIN,)}, "vix": make_vix(16.0, time),
                                   "account": make_account(100_000.0)} | overrides))


def rung(share, cost=1_000.0, opened=datetime(2024, 5, 2, 10), state=State.ACTIVE, expiry=YEAR, quantity=1):
    put = option(round(500.0 * (1 - share) / 5) * 5, "P", expiry)
    return make_position(HeldLeg(contract=put, quantity=quantity, average_price=cost / 100.0),
                         id=f"leap_put_ladder/{share}", strategy="leap_put_ladder", state=state, opened=opened,
                         entry_price=cost / 100.0, entry_risk_usd=cost, short_dte_at_entry=None, facts={"rung": share})


def screened(view=None, **arguments):
    refusal = STRATEGY.screen(snapshot(**arguments), view or make_view())
    return None if refusal is None else refusal.code


RUNGS = LEAP_PUT_LADDER.rungs_otm_share


# --- refusals -------------------------------------------------------------------------------------------------------

def test_one_rung_a_month():
    assert screened(make_view(entry_dates={"leap_put_ladder": (datetime(2024, 6, 30).date(),)})) is None
    assert screened(make_view(entry_dates={"leap_put_ladder": (datetime(2024, 7, 1).date(),)})) is Code.MONTH_TAKEN
    assert screened(make_view(entry_dates={"leap_put_ladder": (datetime(2023, 7, 1).date(),)})) is None
    assert screened(positions=(rung(0.05, opened=datetime(2024, 7, 1, 10)),)) is Code.MONTH_TAKEN


def test_not_in_a_panic_and_not_without_data():
    assert screened(vix=make_vix(30.0, NOW, panic=True)) is Code.VIX_PANIC
    assert screened(vix=None) is Code.VIX_MISSING and screened(underlyings={}) is Code.UNDERLYING_MISSING
    assert screened(make_view(pending={"leap_put_ladder": "SPY"})) is Code.ENTRY_PENDING
    assert (LEAP_PUT_LADDER.vix_max, LEAP_PUT_LADDER.vix_open) == (35.0, False)


@pytest.mark.parametrize("held, cost, missing", [
    ((), 0.0, (0.05, 0.10, 0.15, 0.20)), ((0.05,), 100.0, (0.10, 0.15, 0.20)), ((0.10, 0.20), 100.0, (0.05, 0.15)),
    (RUNGS, 2_500.0, RUNGS), ((*RUNGS, 0.05, 0.10), 1_000.0, (0.15, 0.20)), ((*RUNGS, *RUNGS), 1_000.0, ())])
def test_missing_rungs(held, cost, missing):
    positions = tuple(rung(share, cost) for share in held)
    assert STRATEGY.missing_rungs(snapshot(positions=positions)) == missing
    assert (screened(positions=positions) is Code.COUNT_STRATEGY) is (not missing)


# --- selection and proposal -----------------------------------------------------------------------------------------

def test_no_more_rungs_than_the_cap_whatever_they_cost():
    held = [rung(share, cost=1.0) for share in (0.05, 0.10, 0.15, 0.20, 0.05)]
    found = snapshot(positions=tuple(replace(position, id=str(number)) for number, position in enumerate(held)))
    for cap, missing in ((5, ()), (6, (0.10, 0.15, 0.20))):
        capped = LeapPutLadder(replace(LEAP_PUT_LADDER, max_open=dict.fromkeys((1, 2, 3, 4), cap)))
        assert capped.missing_rungs(found) == missing


def test_a_put_for_every_missing_rung_on_the_nearest_expiry_a_year_out():
    found = STRATEGY.select(snapshot(positions=(rung(0.10),)), make_view())
    assert [contract.strike for contract in found.contracts] == [475.0, 425.0, 400.0]
    assert {contract.expiry for contract in found.contracts} == {YEAR} and found.facts["rungs"] == [0.05, 0.15, 0.20]
    assert {contract.right for contract in found.contracts} == {Right.PUT}


def test_a_strike_is_not_taken_twice():
    coarse = make_chain(today=TODAY, spot=500.0, expiries=[YEAR], strikes=(475, 425, 300))
    found = STRATEGY.select(snapshot(chains={"SPY": (coarse,)}), make_view())
    assert [contract.strike for contract in found.contracts] == [475.0, 425.0]
    assert found.facts["rungs"] == [0.05, 0.10]


def test_nothing_listed():
    near = make_chain(today=TODAY, spot=500.0, expiries=[TODAY + timedelta(days=364)], strikes=(475,))
    assert STRATEGY.select(snapshot(chains={"SPY": (near,)}), make_view()).code is Code.EXPIRY_NOT_LISTED
    assert STRATEGY.select(snapshot(chains={}), make_view()).code is Code.CHAIN_MISSING


def proposed(mids, equity=100_000.0, positions=(), drop=(), phase=3):
    puts = [option(strike, "P", YEAR) for strike in (475, 450, 425, 400)]
    quotes = exact_quotes(NOW, zip(puts, mids))
    for place in drop:
        del quotes[puts[place].id]
    selection = Select(strategy="leap_put_ladder", underlying="SPY", contracts=tuple(puts), facts={"rungs": [*RUNGS]})
    return STRATEGY.propose(snapshot(quotes=quotes, positions=positions, account=make_account(equity), phase=phase),
                            make_view(), selection)


@pytest.mark.parametrize("mids, share", [((29.99, 20.0, 14.0, 10.0), 0.05), ((30.0, 20.0, 14.0, 10.0), 0.10),
                                         ((40.0, 35.0, 29.0, 10.0), 0.15), ((40.0, 35.0, 31.0, 30.0), None)])
def test_the_nearest_rung_of_which_one_fits_3_percent(mids, share):
    """3 % of 100,000 is 3,000; one contract costs its price and a dollar."""
    found = proposed(mids)
    if share is None:
        assert found.code is Code.SIZE_ZERO
    else:
        assert found.facts == {"rung": share} and found.contract_cap == 1
        assert found.risk_usd == pytest.approx(mids[RUNGS.index(share)] * 100 + 1)


@pytest.mark.parametrize("mid, count", [(3.99, 5), (4.0, 5), (3.98, 6), (9.99, 2), (10.0, 2), (15.0, 1), (14.98, 2),
                                        (19.99, 1), (29.99, 1)])
def test_the_fewest_contracts_that_make_2_percent_within_3(mid, count):
    assert proposed((mid, 1.0, 1.0, 1.0)).contract_cap == count


@pytest.mark.parametrize("phase, share", [(1, 0.04), (2, 0.06), (3, 0.10), (4, 0.12)])
def test_4_6_10_12_percent_in_all_by_phase(phase, share):
    """A rung costs 2,001 of 100,000."""
    for held, accepted in ((share * 100_000.0 - 2_001.0, True), (share * 100_000.0 - 2_000.99, False)):
        found = proposed((20.0, 40.0, 40.0, 40.0), positions=(rung(0.10, held),), phase=phase)
        assert isinstance(found, Proposal) if accepted else found.code is Code.SIZE_ZERO


def test_a_rung_that_might_fit_needs_its_quote():
    assert proposed((20.0, 10.0, 10.0, 10.0), drop=(0,)).code is Code.QUOTE_MISSING
    assert isinstance(proposed((20.0, 10.0, 10.0, 10.0), drop=(1, 2, 3)), Proposal)


# --- management -----------------------------------------------------------------------------------------------------

def managed(held, following=None, mids=(), chains=None, view=None, **overrides):
    calendar = make_calendar(TODAY, next_session=following or TODAY + timedelta(days=1))
    found = snapshot(calendar=calendar, quotes=exact_quotes(NOW, mids),
                     chains={"SPY": (CHAIN,)} if chains is None else chains, **overrides)
    return STRATEGY.manage(found, view or make_view(), held)


@pytest.mark.parametrize("left, following, rolls", [(91, 90, False), (90, 89, True), (92, 89, True), (20, 19, True)])
def test_rolls_at_90_days(left, following, rolls):
    held = rung(0.10, expiry=TODAY + timedelta(days=left))
    found = managed(held, TODAY + timedelta(days=left - following), chains={})
    assert isinstance(found, Select) is rolls and (rolls or found == Hold())


@pytest.mark.parametrize("worth, harvested", [(29.99, False), (30.0, True), (80.0, True)])
def test_a_rung_worth_three_times_its_debit_is_sold(worth, harvested):
    held = rung(0.10, cost=1_000.0, quantity=2)
    found = managed(held, mids=[(held.legs[0].contract, worth)])
    assert isinstance(found, Exit) is harvested
    if harvested:
        assert (found.intent.reason, found.intent.urgency, found.event) == ("HARVEST", Urgency.WALK, Event.EXIT)
        assert found.intent.facts == {"worth": worth, "debit": 10.0}


def ladder(*shares, quantity=1):
    return tuple(replace(rung(share, quantity=quantity), opened=datetime(2024, 5, 2, 10)) for share in shares)


def sold(rungs, excess, following=None, **overrides):
    """Shares of the rungs that are sold when the account's delta is beyond its limit by ``excess``."""
    quotes = model_quotes([leg.contract for held in rungs for leg in held.legs], 500.0, NOW)
    found = snapshot(quotes=quotes, positions=tuple(rungs), **overrides)
    view = make_view(book_closing=True, excess_spy_delta=excess)
    decisions = {held.facts["rung"]: STRATEGY.manage(found, view, held) for held in rungs if held.state is State.ACTIVE}
    for decision in decisions.values():
        assert isinstance(decision, Hold) or (decision.intent.reason, decision.intent.urgency) == (
            "BOOK_CLOSED", Urgency.WALK)
    return [share for share, decision in decisions.items() if isinstance(decision, Exit)]


def delta_of(share):
    put = rung(share).legs[0].contract
    return 100.0 * contract_greeks(put, model_quotes([put], 500.0, NOW)[put.id], 500.0, NOW).delta


def test_rungs_are_sold_until_the_excess_delta_is_gone_the_largest_first():
    rungs = ladder(*RUNGS)
    first, second = delta_of(0.05), delta_of(0.10)
    assert sold(rungs, 0.0) == []
    assert sold(rungs, -0.1) == sold(rungs, first + 0.1) == sold(rungs, first) == [0.05]
    assert sold(rungs, first - 0.1) == sold(rungs, first + second) == [0.05, 0.10]
    assert sold(rungs, -1_000.0) == list(RUNGS)
    assert sold(rungs, 5.0) == [], "what is long is no matter of puts"
    assert sold(ladder(0.05, quantity=3)[:1] + ladder(0.10), 3 * first) == [0.05]


def test_while_a_rung_is_leaving_or_a_delta_is_unknown_no_other_is_sold():
    first, second = ladder(0.05, 0.10)
    assert sold((replace(first, state=State.EXITING), second), -5.0) == []
    assert sold((replace(first, state=State.ERROR), second), -5.0) == [0.10]
    assert sold((first, second), -5.0, underlyings={}) == []


def test_the_debit_is_that_of_the_put_that_is_held_now():
    """A rung that was rolled is judged by its new put, whatever its first one cost."""
    held = rung(0.10, cost=1_000.0)
    rolled = replace(held, legs=(replace(held.legs[0], average_price=30.0),))
    assert managed(rolled, mids=[(held.legs[0].contract, 89.0)]) == Hold()
    assert isinstance(managed(rolled, mids=[(held.legs[0].contract, 90.0)]), Exit)


def test_the_roll_keeps_its_distance_from_the_price():
    held = rung(0.10, expiry=TODAY + timedelta(days=90), quantity=2)
    assert managed(held, chains={}).contracts == ()
    target = option(460, "P", YEAR)
    price = {"underlyings": {"SPY": make_underlying(price=511.0, time=NOW)}}
    assert managed(held, **price).contracts == (target,)
    found = managed(held, mids=[(target, 15.0)], **price)
    assert isinstance(found, Manage) and found.intent.reason == "ROLL_RUNG" and found.intent.quantity == 2
    assert [(leg.contract, leg.ratio) for leg in found.intent.legs] == [(held.legs[0].contract, -1), (target, 1)]
    sold = managed(held, mids=[(target, 15.01)], **price)
    assert isinstance(sold, Exit) and sold.intent.reason == "ROLL_IMPOSSIBLE"


def test_a_roll_waits_while_entries_are_halted_or_data_is_missing():
    held = rung(0.10, expiry=TODAY + timedelta(days=60))
    assert managed(held, view=make_view(mode=Mode.EXITS_ONLY)) == Hold(reason="ROLL_WAITS")
    assert managed(held, underlyings={}) == Hold(reason="ROLL_WAITS")


@pytest.mark.parametrize("state", [State.MANAGING, State.EXITING, State.DEFENSIVE_EXIT, State.ERROR])
def test_other_states_decide_nothing(state):
    assert isinstance(managed(rung(0.1, state=state, expiry=TODAY + timedelta(days=60))), Hold)
