"""Emergency hedge: triggers, strike, allocation, exits, at the limit and one past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from config.strategy_parameters import HEDGE
from core.codes import RefusalCode as Code
from core.model import ContractKind, Exit, HeldLeg, Hold, Proposal, Refused, Right, Select, State, Urgency
from strategies.emergency_hedge_with_state import EmergencyHedge
from tests.builders import (make_account, make_calendar, make_position, make_snapshot, make_underlying, make_view,
                            make_vix)
from tests.builders_chains import exact_quotes, flat, make_chain, option
from tests.strategies.worlds import WORLDS, decide

NOW = datetime(2024, 7, 1, 10, 0)
TODAY = NOW.date()
EXPIRY = TODAY + timedelta(days=79)
SESSIONS = tuple(TODAY + timedelta(days=days) for days in (1, 2, 4, 7, 8, 9, 10, 11))
VIX_OPTION = dict(kind=ContractKind.INDEX_OPTION, root="VIX")


def chain(days=(51, 79, 107), strikes=range(10, 60)):
    return make_chain("VIX", 13.0, TODAY, [TODAY + timedelta(days=day) for day in days], strikes, flat(0.9),
                      ContractKind.INDEX_OPTION, root="VIX")


CHAIN = chain()
STRATEGY = EmergencyHedge()


def snapshot(vix=12.5, time=NOW, sessions=SESSIONS, **overrides):
    calendar = make_calendar(time.date(), next_session=sessions[0] if sessions else time.date(),
                             sessions_ahead=sessions)
    return make_snapshot(time, **({"underlyings": {"VIX": make_underlying("VIX", vix or 12.5, time)},
                                   "chains": {"VIX": (CHAIN,)}, "vix": make_vix(vix, time) if vix else None,
                                   "calendar": calendar, "account": make_account(50_000.0)} | overrides))


def screened(**arguments):
    refusal = STRATEGY.screen(snapshot(**arguments), make_view())
    return None if refusal is None else refusal.code


@pytest.mark.parametrize("vix, code", [(12.99, None), (13.0, Code.NOT_TRIGGERED)])
def test_a_quiet_vix(vix, code):
    assert screened(vix=vix) is code


@pytest.mark.parametrize("fifth, code", [(date(2024, 7, 31), None), (date(2024, 7, 30), Code.NOT_TRIGGERED)])
def test_an_event_within_five_sessions(fifth, code):
    """The FOMC decides on 2024-07-31."""
    time = datetime(2024, 7, 24, 10, 0)
    ahead = tuple(fifth - timedelta(days=4 - place) for place in range(5)) + (fifth + timedelta(days=1),)
    assert screened(vix=18.0, time=time, sessions=ahead) is code


@pytest.mark.parametrize("vix, code", [(24.99, None), (25.0, Code.VIX_ABOVE_BAND), (31.0, Code.VIX_ABOVE_BAND)])
def test_none_is_bought_where_it_would_be_sold_in_the_same_breath(vix, code):
    """Two days before an FOMC decision, by the whole gate."""
    world = WORLDS["hedge"]
    time = datetime(2024, 7, 29, 10, 0)
    found = decide(replace(world, time=time, vix=vix, price=vix))
    assert (found.code if isinstance(found, Refused) else None) is code


def test_an_event_that_cannot_be_known_refuses_unless_the_vix_is_quiet():
    assert screened(vix=18.0, sessions=SESSIONS[:4]) is Code.GUARD_CANNOT_COMPUTE
    assert screened(vix=12.0, sessions=SESSIONS[:4]) is None
    later = datetime(2028, 1, 4, 10, 0)
    ahead = tuple(later.date() + timedelta(days=days) for days in range(1, 7))
    assert screened(vix=18.0, time=later, sessions=ahead) is Code.CALENDAR_UNCOVERED


def test_one_at_a_time_and_missing_data():
    held = make_position(strategy="hedge", underlying="VIX")
    assert screened(positions=(held,)) is Code.ALREADY_OPEN
    assert screened(positions=(replace(held, state=State.COMPLETE),)) is None
    assert screened(vix=None) is Code.VIX_MISSING and screened(underlyings={}) is Code.UNDERLYING_MISSING
    assert STRATEGY.screen(snapshot(), make_view(pending={"hedge": "VIX"})).code is Code.ENTRY_PENDING


def selected(**arguments):
    return STRATEGY.select(snapshot(**arguments), make_view())


@pytest.mark.parametrize("vix, strike", [(12.4, 22.0), (12.6, 23.0), (12.5, 23.0)])
def test_the_call_ten_above_the_vix(vix, strike):
    call, = selected(vix=vix).contracts
    assert (call.strike, call.right, call.root, call.kind) == (strike, Right.CALL, "VIX", ContractKind.INDEX_OPTION)
    assert call.expiry == EXPIRY


@pytest.mark.parametrize("days, expected", [((60,), 60), ((90,), 90), ((60, 88, 91), 88)])
def test_60_to_90_days_the_furthest(days, expected):
    assert selected(chains={"VIX": (chain(days),)}).contracts[0].expiry == TODAY + timedelta(days=expected)


def test_nothing_listed():
    assert selected(chains={"VIX": (chain((59, 91)),)}).code is Code.EXPIRY_NOT_LISTED
    assert selected(chains={}).code is Code.CHAIN_MISSING


CALL = option(23, "C", EXPIRY, "VIX", **VIX_OPTION)


def proposed(mid, equity=50_000.0, **overrides):
    selection = Select(strategy="hedge", underlying="VIX", contracts=(CALL,), facts={"vix": 12.5})
    quotes = exact_quotes(NOW, [(CALL, mid)])
    return STRATEGY.propose(snapshot(**({"quotes": quotes, "account": make_account(equity)} | overrides)), make_view(),
                            selection)


@pytest.mark.parametrize("mid, count", [(0.49, 10), (0.99, 5), (2.49, 2), (2.50, 2), (4.99, 1), (5.0, 1), (9.99, 1),
                                        (10.0, None)])
def test_the_fewest_calls_that_make_1_percent_within_2(mid, count):
    found = proposed(mid)
    if count is None:
        assert found.code is Code.SIZE_ZERO
    else:
        assert isinstance(found, Proposal) and found.contract_cap == count
        assert found.risk_usd == pytest.approx(mid * 100 + 1) and found.credit == pytest.approx(-mid)


def test_missing_quotes_or_vix():
    assert proposed(1.0, quotes={}).code is Code.QUOTE_MISSING and proposed(1.0, vix=None).code is Code.VIX_MISSING


def managed(mid=1.0, vix=13.0, now=NOW, following=None, state=State.ACTIVE, quotes=None, view=None):
    held = make_position(HeldLeg(contract=CALL, quantity=5, average_price=1.0), strategy="hedge", underlying="VIX",
                         units=5, state=state, entry_price=1.0, short_dte_at_entry=None)
    quotes = exact_quotes(now, [(CALL, mid)]) if quotes is None else quotes
    calendar = make_calendar(now.date(), next_session=following or now.date() + timedelta(days=1))
    return STRATEGY.manage(snapshot(vix, now, quotes=quotes, calendar=calendar), view or make_view(), held)


def reason(decision):
    return decision.intent.reason if isinstance(decision, Exit) else None


@pytest.mark.parametrize("mid, expected", [(3.0, "PROFIT_TARGET"), (2.999, None)])
def test_gained_200_percent(mid, expected):
    assert reason(managed(mid)) == expected


@pytest.mark.parametrize("vix, expected", [(30.01, "VIX_TARGET"), (30.0, None), (None, None)])
def test_vix_above_30(vix, expected):
    assert reason(managed(vix=vix)) == expected


@pytest.mark.parametrize("closing, expected", [(True, "BOOK_CLOSED"), (False, None)])
def test_with_the_book_when_all_of_it_is_closed(closing, expected):
    found = managed(vix=26.0, view=make_view(book_closing=closing))
    assert reason(found) == expected and (not closing or found.intent.urgency is Urgency.WALK)


@pytest.mark.parametrize("left, following, closes", [(22, 21, False), (21, 20, True), (24, 20, True)])
def test_21_days(left, following, closes):
    found = managed(now=NOW + timedelta(days=79 - left), following=EXPIRY - timedelta(days=following), quotes={})
    assert (reason(found) == "DTE_EXIT") is closes
    assert not closes or found.intent.urgency is Urgency.WALK


def test_states_and_dead_quotes():
    assert managed(quotes={}) == Hold(reason="QUOTE_MISSING")
    for state in (State.EXITING, State.DEFENSIVE_EXIT, State.ERROR, State.ENTERING):
        assert isinstance(managed(9.0, 40.0, state=state), Hold)
    assert HEDGE.counts_as_position is False and HEDGE.max_capital_share == 0.02
