"""Put ratio spread: deltas, the walk for a credit, the shocked risk, exits, at the limit and one past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from config.strategy_parameters import RATIO
from core.codes import RefusalCode as Code
from core.model import Event, Exit, HeldLeg, Hold, Proposal, Right, Select, State, Urgency
from core.option_values import contract_greeks, contract_price, quote_volatility
from strategies.ratio_spread_with_state import RatioSpread
from tests.builders import make_calendar, make_position, make_quote, make_snapshot, make_underlying, make_view
from tests.builders_chains import exact_quotes, make_chain, model_quotes, option, skewed

NOW = datetime(2024, 7, 22, 10, 0)
TODAY = NOW.date()
EXPIRY = TODAY + timedelta(days=58)
CHAIN = make_chain(today=TODAY, spot=544.0, expiries=[TODAY + timedelta(days=days) for days in (44, 46, 58, 61)],
                   strikes=range(400, 560, 2))
STRATEGY = RatioSpread()


def snapshot(time=NOW, spot=544.0, phase=3, **overrides):
    return make_snapshot(time, **({"underlyings": {"SPY": make_underlying(price=spot, time=time)}, "phase": phase,
                                   "chains": {"SPY": (CHAIN,)}} | overrides))


def selected(**arguments):
    return STRATEGY.select(snapshot(**arguments), make_view())


def delta(contract, spot=544.0, surface=skewed()):
    quote = model_quotes([contract], spot, NOW, surface)[contract.id]
    return abs(contract_greeks(contract, quote, spot, NOW).delta)


# --- selection ------------------------------------------------------------------------------------------------------

def test_the_long_put_is_nearest_delta_025_and_the_shorts_below_it():
    found = selected()
    *shorts, long = found.contracts
    grid = [option(strike, "P", EXPIRY) for strike in range(450, 540, 2)]
    assert long == min(grid, key=lambda contract: abs(delta(contract) - 0.25))
    assert len(found.contracts) <= RATIO.max_quoted_contracts and found.facts["ratios"] == [[1, 2]]
    assert all(short.strike < long.strike and short.right is Right.PUT for short in shorts)
    assert all(delta(short) <= 0.2001 for short in shorts)


@pytest.mark.parametrize("days, expected", [((45,), 45), ((60,), 60), ((45, 60, 61), 60)])
def test_45_to_60_days_the_furthest(days, expected):
    chain = make_chain(today=TODAY, spot=544.0, expiries=[TODAY + timedelta(days=day) for day in days],
                       strikes=range(400, 560, 5))
    assert selected(chains={"SPY": (chain,)}).contracts[0].expiry == TODAY + timedelta(days=expected)


def test_two_by_three_is_tried_first_from_phase_4():
    assert selected(phase=4).facts["ratios"] == [[2, 3], [1, 2]]
    assert selected(phase=3).facts["ratios"] == [[1, 2]]


def test_refusals_of_the_selection():
    view = make_view()
    out = make_chain(today=TODAY, spot=544.0, expiries=[TODAY + timedelta(days=44), TODAY + timedelta(days=61)],
                     strikes=range(400, 560, 5))
    assert selected(chains={"SPY": (out,)}).code is Code.EXPIRY_NOT_LISTED
    assert selected(chains={}).code is Code.CHAIN_MISSING
    assert selected(vix=None).code is Code.VIX_MISSING and selected(underlyings={}).code is Code.UNDERLYING_MISSING
    held = make_position(HeldLeg(contract=option(500, "P", EXPIRY), quantity=-2, average_price=1.0), strategy="ratio")
    assert selected(positions=(held,)).code is Code.EXPIRY_TAKEN
    assert isinstance(selected(positions=(replace(held, strategy="lt112"),)), Select)
    assert STRATEGY.screen(snapshot(), make_view(pending={"ratio": "SPY"})).code is Code.ENTRY_PENDING
    high = make_chain(today=TODAY, spot=544.0, expiries=[EXPIRY], strikes=(530, 535, 540))
    assert STRATEGY.select(snapshot(chains={"SPY": (high,)}), view).code is Code.STRIKE_NOT_LISTED
    bare = replace(CHAIN, price=np.full(len(CHAIN), np.nan), iv=np.zeros(len(CHAIN)))
    unknown = {"SPY": make_underlying(price=544.0, time=NOW, iv=None)}
    assert selected(chains={"SPY": (bare,)}, underlyings=unknown).code is Code.GUARD_CANNOT_COMPUTE


def test_by_names_alone_the_level_of_the_index_says_which_puts_are_quoted():
    bare = replace(CHAIN, price=np.full(len(CHAIN), np.nan), iv=np.full(len(CHAIN), np.nan))
    level = make_underlying(price=544.0, time=NOW)
    long = selected(chains={"SPY": (bare,)}, underlyings={"SPY": level}).contracts[-1]
    grid = [option(strike, "P", EXPIRY) for strike in range(450, 540, 2)]
    assert long == min(grid, key=lambda put: abs(delta(put, surface=lambda strike, spot: level.iv.current) - 0.25))
    some = replace(CHAIN, iv=np.where(CHAIN.strike < 500, np.nan, CHAIN.iv), price=np.where(CHAIN.strike < 500, np.nan,
                                                                                         CHAIN.price))
    assert min(put.strike for put in selected(chains={"SPY": (some,)}).contracts) >= 500, "rows that lack one stay out"


# --- proposal -------------------------------------------------------------------------------------------------------

SHORTS = tuple(option(strike, "P", EXPIRY) for strike in (490, 494, 498, 502))
LONG = option(524, "P", EXPIRY)


def proposed(mids=(2.2, 2.6, 3.0, 3.5), long=6.0, ratios=((1, 2),), spot=544.0, **overrides):
    selection = Select(strategy="ratio", underlying="SPY", contracts=(*SHORTS, LONG),
                       facts={"long": 524.0, "ratios": [list(ratio) for ratio in ratios]})
    quotes = exact_quotes(NOW, zip((*SHORTS, LONG), (*mids, long)))
    return STRATEGY.propose(snapshot(spot=spot, **({"quotes": quotes} | overrides)), make_view(), selection)


@pytest.mark.parametrize("mids, strike", [((2.2, 2.6, 3.12, 3.5), 498.0), ((2.2, 2.6, 3.119, 3.5), 502.0),
                                          ((3.12, 3.2, 3.3, 3.5), 490.0), ((2.2, 2.6, 3.0, 3.119), None)])
def test_the_lowest_strike_that_pays_for_the_long_put_and_eight_times_the_fees(mids, strike):
    """Three contracts cost 3 dollars to open: the credit is at least 24, 0.24 in points."""
    found = proposed(mids)
    if strike is None:
        assert found.code is Code.NO_STRIKE_QUALIFIES
    else:
        assert [(leg.contract.strike, leg.ratio) for leg in found.legs] == [(strike, -2), (524.0, 1)]
        assert found.facts == {"ratio": [1, 2], "short_strike": strike}


def test_two_by_three_before_one_by_two():
    both = ((2, 3), (1, 2))
    assert proposed((2.2, 2.6, 4.1334, 4.2), ratios=both).facts == {"ratio": [2, 3], "short_strike": 498.0}
    assert proposed((2.2, 2.6, 4.1, 4.1333), ratios=both).facts == {"ratio": [1, 2], "short_strike": 498.0}


def test_the_live_delta_must_be_at_most_020():
    low, high = 3.0, 12.0
    for _ in range(50):
        middle = (low + high) / 2
        found = proposed((middle, 13.0, 14.0, 15.0), long=6.0)
        low, high = (middle, high) if isinstance(found, Proposal) else (low, middle)
    accepted = proposed((low - 1e-6, 13.0, 14.0, 15.0))
    assert isinstance(accepted, Proposal)
    quote = exact_quotes(NOW, [(SHORTS[0], low)])[SHORTS[0].id]
    assert abs(contract_greeks(SHORTS[0], quote, 544.0, NOW).delta) == pytest.approx(0.20, abs=1e-4)
    assert proposed((high + 1e-6, 13.0, 14.0, 15.0)).code is Code.NO_STRIKE_QUALIFIES


def test_risk_is_the_model_loss_at_10_percent_down_and_vix_up_15():
    found = proposed((2.2, 2.6, 3.2, 3.5))
    quotes = exact_quotes(NOW, [(SHORTS[2], 3.2), (LONG, 6.0)])

    def shocked(contract):
        iv = quote_volatility(contract, quotes[contract.id], 544.0, NOW) + 0.15
        return contract_price(contract, 544.0 * 0.9, iv, NOW)

    loss = 2 * (shocked(SHORTS[2]) - 3.2) - (shocked(LONG) - 6.0)
    assert found.risk_usd == pytest.approx(100.0 * loss) and loss > 0
    assert found.credit == pytest.approx(0.4)


def test_missing_quotes():
    assert proposed(quotes={}).code is Code.QUOTE_MISSING


# --- exits ----------------------------------------------------------------------------------------------------------

def managed(debit=0.2, now=NOW, following=None, spot=544.0, credit=0.4, state=State.ACTIVE, quotes=None):
    legs = (SHORTS[2], LONG)
    held = make_position(*(HeldLeg(contract=contract, quantity=quantity, average_price=1.0)
                           for contract, quantity in zip(legs, (-2, 1))), strategy="ratio", state=state,
                         entry_price=-credit, short_dte_at_entry=58)
    quotes = exact_quotes(now, zip(legs, (3.0 + debit / 2, 6.0))) if quotes is None else quotes
    calendar = make_calendar(now.date(), next_session=following or now.date() + timedelta(days=1))
    return STRATEGY.manage(snapshot(now, spot, quotes=quotes, calendar=calendar), make_view(), held)


def reason(decision):
    return decision.intent.reason if isinstance(decision, Exit) else None


@pytest.mark.parametrize("debit, credit, expected", [(0.2, 0.4, "PROFIT_TARGET"), (0.201, 0.4, None),
                                                     (-0.5, 0.0, None), (-0.5, -0.1, None),
                                                     (0.0, 0.1, "PROFIT_TARGET")])
def test_half_the_credit_where_there_was_one(debit, credit, expected):
    found = managed(debit, credit=credit)
    assert reason(found) == expected and (not expected or found.intent.urgency is Urgency.WALK)


@pytest.mark.parametrize("credit, expected", [(0.31, "PROFIT_TARGET"), (0.29, None)])
def test_half_a_credit_that_the_quotes_would_take_is_no_profit(credit, expected):
    """At the mids 0.10 closes it, half of either credit; bought at the ask and sold at the bid 0.30 does."""
    quotes = {SHORTS[2].id: make_quote(2.95, 3.05, NOW), LONG.id: make_quote(5.80, 6.00, NOW)}
    assert reason(managed(credit=credit, quotes=quotes)) == expected


@pytest.mark.parametrize("spot, expected", [(498 * 1.02, "DANGER_ZONE"), (498 * 1.02 + 0.01, None),
                                            (480.0, "DANGER_ZONE")])
def test_within_2_percent_of_the_short_strike(spot, expected):
    found = managed(0.5, spot=spot)
    assert reason(found) == expected and (not expected or found.intent.urgency is Urgency.NATURAL)
    assert reason(managed(0.5, spot=spot, quotes={})) == expected


@pytest.mark.parametrize("left, following, closes", [(22, 21, False), (21, 20, True), (23, 20, True)])
def test_21_dte(left, following, closes):
    found = managed(0.5, NOW + timedelta(days=58 - left), EXPIRY - timedelta(days=following), quotes={})
    assert (reason(found) == "DTE_21") is closes and (not closes or found.event is Event.DEFEND_21DTE)


def test_states_and_dead_quotes():
    assert managed(quotes={}) == Hold(reason="QUOTE_MISSING")
    assert managed(state=State.EXITING) == Hold(reason="EXIT_WORKING")
    assert reason(managed(state=State.EXITING, spot=480.0)) == "DANGER_ZONE"
    assert isinstance(managed(state=State.DEFENSIVE_EXIT, spot=480.0), Hold)
    assert dict(RATIO.max_open) == {1: 0, 2: 1, 3: 1, 4: 2}
