"""LT112 put spread: every rule at its limit and one past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.strategy_parameters import LT112
from core.codes import RefusalCode as Code
from core.model import Event, Exit, HeldLeg, Hold, Indicators, IvHistory, Proposal, Right, Select, State, Urgency
from strategies.lt112_with_state import Lt112
from tests.builders import make_calendar, make_position, make_snapshot, make_underlying, make_view, make_vix
from tests.builders_chains import exact_quotes, make_chain, model_quotes, option, skewed

NOW = datetime(2024, 7, 22, 10, 0)
TODAY = NOW.date()
EXPIRY = TODAY + timedelta(days=112)
EXPIRIES = [TODAY + timedelta(days=days) for days in (0, 77, 105, 112, 119, 147)]
FIVES = make_chain(today=TODAY, spot=540.0, expiries=EXPIRIES, strikes=range(450, 560, 5))
ONES = make_chain(today=TODAY, spot=540.0, expiries=EXPIRIES, strikes=range(450, 560))
STRATEGY = Lt112()


def snapshot(time=NOW, price=540.0, market=(), chain=FIVES, **overrides):
    found = make_underlying(price=price, time=time, **({"last_close": 540.0} | dict(market)))
    return make_snapshot(time, **({"underlyings": {"SPY": found}, "chains": {"SPY": (chain,)},
                                   "vix": make_vix(16.0, time)} | overrides))


def screened(view=None, **arguments):
    refusal = STRATEGY.screen(snapshot(**arguments), view or make_view())
    return refusal.code if refusal is not None else None


def test_a_rising_market_passes():
    assert screened() is None


@pytest.mark.parametrize("ema8, ema21, code", [(540.01, 540.0, None), (540.0, 540.0, Code.TREND_AGAINST),
                                               (539.0, 540.0, Code.TREND_AGAINST),
                                               (None, 540.0, Code.INDICATOR_MISSING),
                                               (540.0, None, Code.INDICATOR_MISSING)])
def test_trend_filter(ema8, ema21, code):
    assert screened(market={"indicators": Indicators(ema8=ema8, ema21=ema21)}) is code


@pytest.mark.parametrize("percentile, samples, code", [(25.0, 252, None), (24.99, 252, Code.IV_PERCENTILE_LOW),
                                                       (60.0, 251, Code.IV_HISTORY_MISSING)])
def test_iv_percentile(percentile, samples, code):
    iv = IvHistory(current=0.16, rank=50.0, percentile=percentile, samples=samples)
    assert screened(market={"iv": iv}) is code


@pytest.mark.parametrize("days, code", [(7, None), (6, Code.WEEK_TAKEN), (0, Code.WEEK_TAKEN)])
def test_one_entry_a_week(days, code):
    before = TODAY - timedelta(days=days)
    assert screened(make_view(entry_dates={"lt112": (before,)})) is code
    held = make_position(opened=datetime.combine(before, datetime.min.time()))
    assert screened(positions=(held,)) is code
    assert screened(positions=(replace(held, strategy="ratio"),)) is None


def test_missing_market_refuses():
    assert screened(vix=None) is Code.VIX_MISSING
    assert screened(underlyings={}) is Code.UNDERLYING_MISSING
    assert screened(make_view(pending={"lt112": "SPY"})) is Code.ENTRY_PENDING


# --- expiry and walk ------------------------------------------------------------------------------------------------

def selected(**arguments):
    return STRATEGY.select(snapshot(**arguments), make_view())


def test_the_expiry_nearest_112_days_and_every_strike_of_the_walk():
    found = selected()
    assert isinstance(found, Select)
    assert {contract.expiry for contract in found.contracts} == {EXPIRY}
    assert {contract.right for contract in found.contracts} == {Right.PUT}
    assert found.facts["shorts"] == [490.0, 495.0, 500.0, 505.0, 510.0, 515.0, 520.0]
    assert [contract.strike for contract in found.contracts] == [float(strike) for strike in range(485, 525, 5)]


@pytest.mark.parametrize("price, first, last", [(500.0, 450.0 + 5, 485.0), (550.0, 495.0, 530.0),
                                                (550.01, 500.0, 530.0), (549.99, 495.0, 530.0), (546.4, 495.0, 530.0),
                                                (546.3, 495.0, 525.0)])
def test_the_walk_goes_from_10_to_3_percent_out(price, first, last):
    shorts = selected(price=price).facts["shorts"]
    assert (shorts[0], shorts[-1]) == (first, last)


@pytest.mark.parametrize("listed, expected", [((105, 119), 119), ((84,), 84), ((140,), 140), ((111, 119), 111)])
def test_nearest_expiry_and_of_two_as_near_the_later(listed, expected):
    chain = make_chain(today=TODAY, spot=540.0, expiries=[TODAY + timedelta(days=days) for days in listed],
                       strikes=range(450, 560, 5))
    assert selected(chain=chain).contracts[0].expiry == TODAY + timedelta(days=expected)


@pytest.mark.parametrize("days", [83, 141])
def test_no_expiry_near_enough(days):
    chain = make_chain(today=TODAY, spot=540.0, expiries=[TODAY + timedelta(days=days)], strikes=range(450, 560, 5))
    assert selected(chain=chain).code is Code.EXPIRY_NOT_LISTED


def test_missing_chain_strikes_and_pairs():
    assert selected(chains={}).code is Code.CHAIN_MISSING
    wide = make_chain(today=TODAY, spot=540.0, expiries=[EXPIRY], strikes=range(450, 560, 10))
    assert selected(chain=wide).code is Code.STRIKE_NOT_LISTED


def test_one_entry_an_expiry():
    held = make_position(HeldLeg(contract=option(500, "P", EXPIRY), quantity=-1, average_price=1.0),
                         opened=datetime(2024, 7, 1, 10, 0))
    assert selected(positions=(held,)).code is Code.EXPIRY_TAKEN
    elsewhere = replace(held, legs=(replace(held.legs[0], contract=option(500, "P", EXPIRY - timedelta(days=7))),))
    assert isinstance(selected(positions=(elsewhere,)), Select)


def test_a_dense_chain_is_quoted_around_the_strike_expected_to_qualify():
    found = selected(chain=ONES)
    assert len(found.contracts) <= LT112.max_quoted_contracts
    shorts = found.facts["shorts"]
    assert shorts == list(np.arange(shorts[0], shorts[-1] + 1)) and found.facts["walk_outermost"] == 486.0
    quotes = model_quotes(found.contracts, 540.0, NOW)
    proposal = STRATEGY.propose(snapshot(chain=ONES, quotes=quotes), make_view(), found)
    assert isinstance(proposal, Proposal) and proposal.facts["walk_truncated"] is False
    assert shorts[0] < proposal.legs[1].contract.strike < shorts[-1]


@given(level=st.floats(0.10, 0.5), slope=st.floats(0.0, 0.8), price=st.floats(500.0, 550.0))
@settings(max_examples=40, deadline=None)
def test_never_more_contracts_than_the_bound_and_every_short_has_its_long(level, slope, price):
    chain = make_chain(today=TODAY, spot=540.0, expiries=[EXPIRY], strikes=range(440, 560),
                       surface=skewed(level, slope))
    found = selected(chain=chain, price=price)
    assert len(found.contracts) <= LT112.max_quoted_contracts
    strikes = {contract.strike for contract in found.contracts}
    assert strikes == set(found.facts["shorts"]) | {short - 5.0 for short in found.facts["shorts"]}
    assert all(price * 0.9 - 1e-6 <= short <= price * 0.97 + 1e-6 for short in found.facts["shorts"])


def test_a_higher_vix_moves_the_quoted_strikes_out():
    calm = selected(chain=ONES).facts["shorts"]
    alarmed = selected(chain=ONES, vix=make_vix(26.0, NOW, previous_close=16.0)).facts["shorts"]
    assert alarmed[0] < calm[0]


def test_a_chain_of_names_only_uses_the_index():
    names = make_chain(today=TODAY, spot=540.0, expiries=[EXPIRY], strikes=range(450, 560), with_volatility=False)
    names = replace(names, price=np.full(len(names), np.nan))
    found = selected(chain=names, vix=make_vix(18.0, NOW))
    assert isinstance(found, Select) and len(found.contracts) <= LT112.max_quoted_contracts


# --- proposal -------------------------------------------------------------------------------------------------------

def walk(credits, price=540.0, drop=()):
    """Quotes that give the spreads 490, 495, 500 ... these credits (none after the last)."""
    contracts = [option(strike, "P", EXPIRY) for strike in range(485, 525, 5)]
    mids = [8.0]
    for credit in credits:
        mids.append(mids[-1] + credit)
    mids += [mids[-1]] * (len(contracts) - len(mids))
    quotes = exact_quotes(NOW, zip(contracts, mids), spread=0.1)
    for strike in drop:
        del quotes[option(strike, "P", EXPIRY).id]
    found = snapshot(price=price, quotes=quotes)
    return STRATEGY.propose(found, make_view(), STRATEGY.select(snapshot(), make_view()))


def test_the_first_strike_with_a_fifth_of_the_width_is_taken():
    found = walk([0.80, 0.99, 1.00, 1.20])
    assert isinstance(found, Proposal)
    assert [(leg.contract.strike, leg.ratio) for leg in found.legs] == [(495.0, 1), (500.0, -1)]
    assert found.credit == pytest.approx(1.0) and found.risk_usd == pytest.approx(400.0)
    assert found.short_strike_probability_otm == found.facts["probability_otm"] >= 0.73


def test_none_with_enough_credit_is_no_trade():
    refusal = walk([0.5, 0.7, 0.99])
    assert refusal.code is Code.NO_STRIKE_QUALIFIES and refusal.facts["best_credit"] == pytest.approx(0.99)


def test_a_strike_that_might_be_first_needs_its_quotes():
    assert walk([0.80, 0.99, 1.00, 1.20], drop=(490,)).code is Code.QUOTE_MISSING
    assert isinstance(walk([0.80, 0.99, 1.00, 1.20], drop=(505, 510)), Proposal)


def test_the_walk_is_measured_from_the_live_price():
    found = walk([1.10, 1.10, 1.10], price=545.0)
    assert found.legs[1].contract.strike == 495.0
    assert walk([0.8, 1.10], price=400.0).code is Code.NO_STRIKE_QUALIFIES


def probability_at(credit):
    return walk([0.5, 0.5, credit])


def test_probability_that_the_short_expires_worthless():
    low, high = 1.0, 2.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if isinstance(probability_at(middle), Proposal) else (low, middle)
    accepted, refused = probability_at(low - 1e-6), probability_at(high + 1e-6)
    assert accepted.short_strike_probability_otm == pytest.approx(0.73, abs=1e-4)
    assert refused.code is Code.PROBABILITY_TOO_LOW and refused.facts["probability"] < 0.73


def test_a_probability_at_the_limit_is_enough_and_one_below_is_not():
    def asked(limit):
        contracts = [option(strike, "P", EXPIRY) for strike in (485, 490, 495)]
        found = snapshot(quotes=exact_quotes(NOW, zip(contracts, (8.0, 8.5, 9.6)), spread=0.1))
        strategy = Lt112(replace(LT112, min_probability_otm=limit))
        return strategy.propose(found, make_view(), Select(
            strategy="lt112", underlying="SPY", contracts=tuple(contracts),
            facts={"shorts": [490.0, 495.0], "walk_outermost": 490.0}))
    reached = asked(0.5).short_strike_probability_otm
    assert isinstance(asked(reached), Proposal)
    assert asked(reached + 1e-6).code is Code.PROBABILITY_TOO_LOW


def test_a_credit_that_is_not_below_the_width_is_no_price():
    assert walk([5.0]).code is Code.GUARD_CANNOT_COMPUTE


def test_a_walk_that_begins_inside_says_so():
    found = STRATEGY.select(snapshot(chain=ONES), make_view())
    dear = model_quotes(found.contracts, 540.0, NOW, surface=skewed(0.21))
    proposal = STRATEGY.propose(snapshot(quotes=dear), make_view(), found)
    assert isinstance(proposal, Proposal) and proposal.facts["walk_truncated"] is True


# --- exits ----------------------------------------------------------------------------------------------------------

LEGS = (option(495, "P", EXPIRY), option(500, "P", EXPIRY))


def managed(debit=1.0, day=TODAY, following=None, state=State.ACTIVE, short_dte=112, quotes=None, price=540.0):
    now = datetime.combine(day, datetime.min.time()).replace(hour=10)
    if quotes is None:
        quotes = exact_quotes(now, zip(LEGS, (1.0, 1.0 + debit)))
    position = make_position(*(HeldLeg(contract=contract, quantity=quantity, average_price=1.0)
                               for contract, quantity in zip(LEGS, (3, -3))), units=3, state=state,
                             short_dte_at_entry=short_dte)
    calendar = make_calendar(day, next_session=following or day + timedelta(days=1))
    return STRATEGY.manage(snapshot(now, price=price, quotes=quotes, calendar=calendar), make_view(), position)


@pytest.mark.parametrize("debit, closes", [(0.5, True), (0.501, False), (4.99, False)])
def test_half_the_credit_and_no_price_stop(debit, closes):
    found = managed(debit)
    assert isinstance(found, Exit) is closes
    if closes:
        assert (found.intent.reason, found.intent.urgency, found.event) == ("PROFIT_TARGET", Urgency.WALK, Event.EXIT)
        assert found.intent.quantity == 3 and [leg.ratio for leg in found.intent.legs] == [-1, 1]


@pytest.mark.parametrize("left, following, closes", [
    (22, 21, False), (21, 20, True), (20, 19, True),
    (23, 20, True),     # a long weekend: day 22 and 21 have no session
    (24, 21, False), (22, 20, True)])
def test_21_dte_in_the_last_session_with_at_least_21_left(left, following, closes):
    found = managed(day=EXPIRY - timedelta(days=left), following=EXPIRY - timedelta(days=following))
    assert isinstance(found, Exit) is closes
    if closes:
        assert (found.intent.reason, found.intent.urgency, found.event) == ("DTE_21", Urgency.NATURAL,
                                                                            Event.DEFEND_21DTE)


def test_21_dte_needs_no_quote_no_price_and_no_profit():
    day = EXPIRY - timedelta(days=21)
    assert managed(day=day, quotes={}).intent.reason == "DTE_21"
    assert managed(4.9, day=day).intent.reason == "DTE_21"
    assert managed(0.1, day=day).intent.reason == "DTE_21"


def test_21_dte_exempts_only_what_was_short_dated_at_entry():
    day = EXPIRY - timedelta(days=10)
    assert isinstance(managed(day=day, short_dte=21), Hold)
    assert isinstance(managed(day=day, short_dte=22), Exit)


def test_missing_quotes_hold_the_profit_target():
    assert managed(quotes={}) == Hold(reason="QUOTE_MISSING")


def test_a_walking_exit_is_hurried_on_day_21_and_otherwise_left():
    assert managed(0.1, state=State.EXITING) == Hold(reason="EXIT_WORKING")
    assert managed(day=EXPIRY - timedelta(days=21), state=State.EXITING).event is Event.DEFEND_21DTE


@pytest.mark.parametrize("state", [State.VALIDATION, State.ENTERING, State.DEFENSIVE_EXIT, State.DEFENSIVE_21DTE,
                                   State.ERROR, State.COMPLETE])
def test_other_states_decide_nothing(state):
    assert isinstance(managed(0.1, state=state, day=EXPIRY - timedelta(days=21)), Hold)


def test_spec_is_the_table_of_the_specification():
    assert (LT112.vix_min, LT112.vix_max, LT112.vix_open, LT112.defensive_21dte) == (12.0, 35.0, False, True)
    assert dict(LT112.max_open) == {1: 1, 2: 2, 3: 2, 4: 2} and date(2024, 11, 11) == EXPIRY
