"""Iron butterfly: strikes, bound on risk, exits, at the limit and one past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from config.strategy_parameters import BUTTERFLY
from core.codes import RefusalCode as Code
from core.model import EmergencyLevel, Event, Exit, HeldLeg, Hold, Proposal, Refused, Select, State, Urgency
from strategies.butterfly_with_state import Butterfly
from tests.builders import make_account, make_calendar, make_position, make_snapshot, make_underlying, make_view
from tests.builders_chains import exact_quotes, make_chain, option

NOW = datetime(2024, 7, 22, 10, 0)
TODAY = NOW.date()
EXPIRY = TODAY + timedelta(days=40)
CHAIN = make_chain(today=TODAY, spot=544.0, expiries=[TODAY + timedelta(days=days) for days in (25, 33, 40, 50)],
                   strikes=range(520, 571))
STRATEGY = Butterfly()
LEGS = tuple(option(strike, right, EXPIRY) for strike, right in ((534, "P"), (544, "P"), (544, "C"), (554, "C")))


def snapshot(time=NOW, price=544.0, **overrides):
    return make_snapshot(time, **({"underlyings": {"SPY": make_underlying(price=price, time=time)},
                                   "chains": {"SPY": (CHAIN,)}} | overrides))


def selected(**arguments):
    return STRATEGY.select(snapshot(**arguments), make_view())


def test_the_body_at_the_money_and_wings_of_ten():
    found = selected()
    assert found.contracts == LEGS and found.facts == {"body": 544.0}
    assert selected(price=544.6).facts == {"body": 545.0} and selected(price=544.5).facts == {"body": 544.0}


@pytest.mark.parametrize("days, expected", [((30,), 30), ((45,), 45), ((30, 45, 46), 45), ((29, 31), 31)])
def test_30_to_45_days_the_furthest(days, expected):
    chain = make_chain(today=TODAY, spot=544.0, expiries=[TODAY + timedelta(days=day) for day in days],
                       strikes=range(520, 571))
    assert selected(chains={"SPY": (chain,)}).contracts[0].expiry == TODAY + timedelta(days=expected)


def test_the_body_needs_both_wings_listed():
    narrow = make_chain(today=TODAY, spot=544.0, expiries=[EXPIRY], strikes=(530, 534, 540, 544, 550, 553))
    assert selected(chains={"SPY": (narrow,)}).facts == {"body": 540.0}
    none = make_chain(today=TODAY, spot=544.0, expiries=[EXPIRY], strikes=(535, 544, 553))
    assert selected(chains={"SPY": (none,)}).code is Code.STRIKE_NOT_LISTED


def test_refusals_of_the_selection():
    out = make_chain(today=TODAY, spot=544.0, expiries=[TODAY + timedelta(days=29), TODAY + timedelta(days=46)],
                     strikes=range(520, 571))
    assert selected(chains={"SPY": (out,)}).code is Code.EXPIRY_NOT_LISTED
    assert selected(chains={}).code is Code.CHAIN_MISSING
    assert selected(vix=None).code is Code.VIX_MISSING and selected(underlyings={}).code is Code.UNDERLYING_MISSING
    held = make_position(HeldLeg(contract=LEGS[0], quantity=1, average_price=1.0), strategy="butterfly")
    assert selected(positions=(held,)).code is Code.EXPIRY_TAKEN
    assert isinstance(selected(positions=(replace(held, strategy="ratio"),)), Select)
    assert STRATEGY.screen(snapshot(), make_view(pending={"butterfly": "SPY"})).code is Code.ENTRY_PENDING


@pytest.mark.parametrize("expiry, refused", [(date(2027, 12, 31), False), (date(2028, 1, 3), True)])
def test_no_short_call_beyond_the_known_ex_dividend_days(expiry, refused):
    now = datetime(2027, 11, 29, 10, 0)
    chain = make_chain(today=now.date(), spot=544.0, expiries=[expiry], strikes=range(520, 571))
    found = selected(time=now, chains={"SPY": (chain,)})
    assert found.code is Code.CALENDAR_UNCOVERED if refused else isinstance(found, Select)


def proposed(credit=8.0, equity=65_000.0, **overrides):
    quotes = exact_quotes(NOW, zip(LEGS, (3.0, 3.0 + credit / 2, 3.0 + credit / 2, 3.0)))
    selection = Select(strategy="butterfly", underlying="SPY", contracts=LEGS, facts={"body": 544.0})
    return STRATEGY.propose(snapshot(account=make_account(equity), **({"quotes": quotes} | overrides)), make_view(),
                            selection)


def test_proposal():
    found = proposed()
    assert isinstance(found, Proposal) and found.credit == pytest.approx(8.0)
    assert found.risk_usd == pytest.approx(200.0) and [leg.ratio for leg in found.legs] == [1, -1, -1, 1]


@pytest.mark.parametrize("credit, equity, cap", [
    (8.0, 65_000.0, 2),         # 500 / 200
    (7.5, 65_000.0, 2), (7.49, 65_000.0, 1), (5.0, 65_000.0, 1), (4.99, 65_000.0, None),
    (4.99, 167_000.0, 1),       # 0.3 % is 501
    (5.0, 333_400.0, 2), (5.0, 333_300.0, 1)])
def test_risk_at_most_the_larger_of_500_and_03_percent(credit, equity, cap):
    found = proposed(credit, equity)
    assert found.code is Code.SIZE_ZERO if cap is None else found.contract_cap == cap


@pytest.mark.parametrize("credit", [0.0, -0.5, 10.0, 11.0])
def test_a_credit_outside_the_width_is_no_price(credit):
    assert proposed(credit).code is Code.GUARD_CANNOT_COMPUTE


def test_missing_quotes_or_vix():
    assert proposed(quotes={}).code is Code.QUOTE_MISSING and proposed(vix=None).code is Code.VIX_MISSING


def managed(debit=8.0, now=NOW, following=None, price=544.0, state=State.ACTIVE, credit=8.0, quotes=None, view=None,
            legs=LEGS):
    held = make_position(*(HeldLeg(contract=contract, quantity=ratio, average_price=1.0)
                           for contract, ratio in zip(legs, (1, -1, -1, 1))), strategy="butterfly", state=state,
                         entry_price=-credit, short_dte_at_entry=40)
    if quotes is None:
        quotes = exact_quotes(now, zip(legs, (3.0, 3.0 + debit / 2, 3.0 + debit / 2, 3.0)))
    calendar = make_calendar(now.date(), next_session=following or now.date() + timedelta(days=1))
    return STRATEGY.manage(snapshot(now, price, quotes=quotes, calendar=calendar), view or make_view(), held)


def reason(decision):
    return decision.intent.reason if isinstance(decision, Exit) else None


@pytest.mark.parametrize("debit, expected", [(6.0, "PROFIT_TARGET"), (6.001, None)])
def test_a_quarter_of_the_credit(debit, expected):
    found = managed(debit)
    assert reason(found) == expected and (not expected or found.intent.urgency is Urgency.WALK)


@pytest.mark.parametrize("credit, debit, expected", [(8.0, 9.0, "STOP_LOSS"), (8.0, 8.999, None), (4.0, 7.0, "STOP_LOSS"),
                                                     (4.0, 6.999, None), (9.0, 9.5, "STOP_LOSS"), (9.0, 9.499, None)])
def test_half_of_the_largest_possible_loss(credit, debit, expected):
    """Wings of 10 and a credit of 8 can lose 2 a unit at most: the stop is at 1. An emergency's tightened stop, 150 % of the
    credit, is wider than that."""
    found = managed(debit, credit=credit)
    assert reason(found) == expected and (not expected or found.intent.urgency is Urgency.NATURAL)
    assert reason(managed(debit, credit=credit, view=make_view(emergency=EmergencyLevel.RED))) == expected


@pytest.mark.parametrize("day, price, code", [(18, 544.01, None), (19, 544.01, Code.EX_DIVIDEND_NEXT), (19, 544.0, None)])
def test_no_call_is_sold_in_the_money_on_the_eve_of_an_ex_dividend_day(day, price, code):
    """SPY goes ex on Friday 2024-09-20: what would be bought back at once is not sold."""
    now = datetime(2024, 9, day, 10, 0)
    legs = tuple(replace(contract, expiry=now.date() + timedelta(days=40)) for contract in LEGS)
    quotes = exact_quotes(now, zip(legs, (3.0, 7.25, 7.25, 3.0)))
    calendar = make_calendar(now.date(), next_session=now.date() + timedelta(days=1))
    selection = Select(strategy="butterfly", underlying="SPY", contracts=legs, facts={"body": 544.0})
    found = STRATEGY.propose(snapshot(now, price, quotes=quotes, calendar=calendar), make_view(), selection)
    assert (found.code if isinstance(found, Refused) else None) is code


@pytest.mark.parametrize("left, following, closes", [(22, 21, False), (21, 20, True), (23, 20, True)])
def test_21_dte(left, following, closes):
    found = managed(now=NOW + timedelta(days=40 - left), following=EXPIRY - timedelta(days=following), quotes={})
    assert (reason(found) == "DTE_21") is closes and (not closes or found.event is Event.DEFEND_21DTE)


@pytest.mark.parametrize("day, price, closes", [(19, 544.0, False), (19, 544.01, False), (20, 544.01, True),
                                                (20, 544.0, False)])
def test_the_short_call_in_the_money_the_day_before_an_ex_dividend_day(day, price, closes):
    """SPY goes ex on Friday 2024-09-20; the day before is Thursday the 19th."""
    now = datetime(2024, 9, day - 1, 10, 0)
    legs = tuple(replace(contract, expiry=now.date() + timedelta(days=30)) for contract in LEGS)
    assert (reason(managed(now=now, price=price, legs=legs)) == "EX_DIVIDEND") is closes


def test_dead_quotes_hold_the_target_and_other_states_hold_all():
    assert managed(quotes={}) == Hold(reason="QUOTE_MISSING")
    assert managed(1.0, state=State.EXITING) == Hold(reason="EXIT_WORKING")
    assert isinstance(managed(1.0, state=State.DEFENSIVE_EXIT), Hold)
    assert BUTTERFLY.max_open[4] == 1 and BUTTERFLY.max_open[2] == 0
