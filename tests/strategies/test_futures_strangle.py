"""Futures strangle: strikes from the expected move, products by phase, the one roll, exits; at the limit and past it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from math import sqrt

import numpy as np
import pytest

from config.strategy_parameters import FUTURES_STRANGLE
from core.codes import RefusalCode as Code
from core.model import (ContractKind, EmergencyLevel, Event, Exit, HeldLeg, Hold, Manage, Mode, Proposal, Quote,
                        Right, Select, State, Urgency)
from core.option_values import contract_greeks
from strategies.futures_strangle_with_state import FuturesStrangle
from tests.builders import (make_account, make_calendar, make_position, make_snapshot, make_underlying, make_view,
                            make_vix)
from tests.builders_chains import exact_quotes, flat, make_chain, model_quotes, option

NOW = datetime(2024, 7, 23, 10, 0)
TODAY = NOW.date()
EXPIRY, FUTURE = TODAY + timedelta(days=50), date(2024, 9, 20)
FUTURE_OPTION = dict(kind=ContractKind.FUTURE_OPTION, future_expiry=FUTURE)
PRICE = 80.0
STRATEGY = FuturesStrangle()


def chain(product="/MCL", days=(30, 50), multiplier=100.0, price=PRICE, strikes=None, future=FUTURE, level=0.3):
    strikes = strikes if strikes is not None else np.arange(50.0, 110.0, 0.5)
    return make_chain(product, price, TODAY, [TODAY + timedelta(days=day) for day in days], strikes, flat(level),
                      ContractKind.FUTURE_OPTION, multiplier, future_expiry=future, with_volatility=False)


CHAIN = chain()


def future(product="/MCL", price=PRICE, time=NOW, month=FUTURE):
    return make_underlying(product, price, time, last_close=PRICE, future_expiry=month)


def snapshot(time=NOW, phase=1, underlyings=None, chains=None, **overrides):
    return make_snapshot(time, **({
        "phase": phase, "underlyings": underlyings if underlyings is not None else {"/MCL": future(time=time)},
        "chains": chains if chains is not None else {"/MCL": (CHAIN,)}, "vix": make_vix(20.0, time)} | overrides))


def code_of(product="/MCL", **arguments):
    refusal = STRATEGY.screen(snapshot(**arguments), make_view())
    return None if refusal is None else refusal.facts["products"][product]


# --- refusals -------------------------------------------------------------------------------------------------------

def test_a_product_without_a_strangle_passes_and_one_with_it_does_not():
    held = make_position(strategy="futures_strangle", underlying="/MCL")
    assert code_of() is None
    assert code_of(positions=(held,)) == "ALREADY_OPEN"
    assert code_of(positions=(replace(held, state=State.COMPLETE),)) is None
    assert code_of(underlyings={}) == "UNDERLYING_MISSING"
    assert STRATEGY.screen(snapshot(vix=None), make_view()).code is Code.VIX_MISSING
    assert STRATEGY.screen(snapshot(), make_view(pending={"futures_strangle": "/MCL"})).code is Code.ENTRY_PENDING


@pytest.mark.parametrize("day, code", [(12, "ROLL_WEEK"), (19, "ROLL_WEEK"), (22, None), (11, None)])
def test_not_in_the_products_roll_week(day, code):
    assert code_of(time=datetime(2024, 7, day, 10, 0)) == code


def test_phase_1_trades_the_micro_of_oil_only():
    both = {"/MCL": future(), "/MGC": future("/MGC")}
    held = make_position(strategy="futures_strangle", underlying="/MCL")
    refusal = STRATEGY.screen(snapshot(underlyings=both, positions=(held,)), make_view())
    assert set(refusal.facts["products"]) == {"/MCL"}
    assert STRATEGY.screen(snapshot(underlyings=both, positions=(held,), phase=2), make_view()) is None


# --- selection ------------------------------------------------------------------------------------------------------

def selected(view=None, **arguments):
    return STRATEGY.select(snapshot(**arguments), view or make_view())


def test_strikes_at_half_and_four_tenths_of_the_expected_move():
    found = selected()
    move = PRICE * 0.3 * sqrt(50 / 365)
    assert found.facts["expected_move"] == pytest.approx(move, rel=0.01)
    put, call = found.contracts
    assert (put.right, call.right) == (Right.PUT, Right.CALL) and put.future_expiry == FUTURE
    assert put.strike == 75.5 and call.strike == 83.5     # 75.56 and 83.55
    assert {put.expiry, call.expiry} == {EXPIRY}


def test_the_move_is_of_todays_future():
    put, call = selected(underlyings={"/MCL": future(price=82.0)}).contracts
    assert (put.strike, call.strike) == (77.5, 85.5)


@pytest.mark.parametrize("days, expected", [((45, 60), 60), ((45,), 45), ((60, 61), 60), ((44, 45), 45)])
def test_45_to_60_days_the_furthest(days, expected):
    assert selected(chains={"/MCL": (chain(days=days),)}).contracts[0].expiry == TODAY + timedelta(days=expected)


def test_nothing_listed_in_range():
    assert selected(chains={"/MCL": (chain(days=(44, 61)),)}).code is Code.EXPIRY_NOT_LISTED
    assert selected(chains={}).code is Code.CHAIN_MISSING


def test_the_price_is_that_of_the_chains_own_month():
    other = {"/MCL": future(month=date(2024, 8, 20)), "/MCL@240920": future(price=84.0)}
    assert selected(underlyings=other).contracts[0].strike == pytest.approx(79.5)
    assert selected(underlyings={"/MCL": future(month=date(2024, 8, 20))}).code is Code.UNDERLYING_MISSING


def test_a_chain_without_prices_refuses():
    bare = replace(CHAIN, price=np.full(len(CHAIN), np.nan))
    unknown = {"/MCL": replace(future(), iv=None), "/MCL@240920": replace(future(), iv=None)}
    assert selected(chains={"/MCL": (bare,)}, underlyings=unknown).code is Code.GUARD_CANNOT_COMPUTE
    found = selected(chains={"/MCL": (bare,)})                # by names alone the level of the index stands in
    assert found.facts["iv"] == future().iv.current


def pair(full_price=PRICE, level=0.3, equity=80_000.0, **arguments):
    chains = {"/CL": (chain("/CL", multiplier=1000.0, level=level),), "/MCL": (chain("/MCL", level=level),)}
    both = {"/CL": future("/CL", full_price), "/MCL": future(price=full_price)}
    return selected(phase=4, underlyings=both, chains=chains, account=make_account(equity), **arguments)


def test_a_micro_stands_in_where_the_full_size_does_not_fit():
    """Kelly at VIX 20 is 4 %: a full-size strangle risks twice its premium of about 3.7 points, some 7,500."""
    assert pair(equity=80_000.0).underlying == "/MCL"
    assert pair(equity=1_000_000.0).underlying == "/CL"


def test_full_size_at_the_limit_of_the_capital():
    """What a strangle is expected to take at today's price and yesterday's volatility, twice, is 4 % of equity."""
    contracts = pair(equity=1_000_000.0).contracts
    credit = sum(quote.mid for quote in model_quotes(contracts, PRICE, NOW, flat(0.3)).values())
    limit = 2 * credit * 1000.0 / 0.04
    assert pair(equity=limit * 1.01).underlying == "/CL" and pair(equity=limit * 0.99).underlying == "/MCL"


def test_the_next_product_of_the_phase_where_the_first_does_not_fit():
    gold = chain("/MGC", multiplier=10.0, price=2_400.0, strikes=np.arange(2_000.0, 2_800.0, 10.0), level=0.15)
    both = {"/MCL": future(), "/MGC": future("/MGC", 2_400.0)}
    chains = {"/MCL": (CHAIN,), "/MGC": (gold,)}
    assert selected(phase=2, underlyings=both, chains=chains, account=make_account(50_000.0)).underlying == "/MCL"
    dear = {"/MCL": (replace(CHAIN, multiplier=1_000.0),), "/MGC": (gold,)}
    assert selected(phase=2, underlyings=both, chains=dear, account=make_account(50_000.0)).underlying == "/MGC"
    poor = selected(phase=2, underlyings=both, chains=dear, account=make_account(5_000.0))
    assert poor.code is Code.SIZE_ZERO and poor.facts["underlying"] == "/MCL"


def test_full_size_and_micro_are_one_exposure_in_phase_4():
    full = make_position(strategy="futures_strangle", underlying="/CL")
    codes = STRATEGY.screen(snapshot(phase=4, positions=(full,)), make_view()).facts["products"]
    assert codes["/MCL"] == codes["/CL"] == "ALREADY_OPEN" and codes["/ES"] == "UNDERLYING_MISSING"


def test_a_micro_does_not_stand_in_for_a_full_size_without_data():
    both = {"/CL": future("/CL"), "/MCL": future()}
    assert selected(phase=4, underlyings=both, chains={"/MCL": (CHAIN,)}).code is Code.CHAIN_MISSING


# --- proposal -------------------------------------------------------------------------------------------------------

PUT, CALL = option(75.5, "P", EXPIRY, "/MCL", multiplier=100.0, **FUTURE_OPTION), \
    option(83.5, "C", EXPIRY, "/MCL", multiplier=100.0, **FUTURE_OPTION)


def proposed(put=(1.45, 1.55), call=(1.70, 1.80), price=PRICE, **overrides):
    quotes = {contract.id: Quote(bid=bid, ask=ask, time=NOW) for contract, (bid, ask) in ((PUT, put), (CALL, call))}
    selection = Select(strategy="futures_strangle", underlying="/MCL", contracts=(PUT, CALL), facts={})
    return STRATEGY.propose(snapshot(underlyings={"/MCL": future(price=price)}, **({"quotes": quotes} | overrides)),
                            make_view(), selection)


def test_credit_and_risk_of_twice_the_credit():
    found = proposed()
    assert isinstance(found, Proposal)
    assert found.credit == pytest.approx(3.25) and found.risk_usd == pytest.approx(650.0)
    assert [leg.ratio for leg in found.legs] == [-1, -1] and 0 < found.short_strike_probability_otm < 1


@pytest.mark.parametrize("quote, accepted", [((1.90, 2.10), True), ((1.899, 2.101), False), ((0.0, 0.01), False)])
def test_bid_ask_at_most_a_tenth_of_the_mid(quote, accepted):
    found = proposed(put=quote)
    assert isinstance(found, Proposal) if accepted else found.code is Code.SPREAD_TOO_WIDE


@pytest.mark.parametrize("price, accepted", [(75.51, True), (75.5, False), (83.49, True), (83.5, False)])
def test_the_future_must_still_be_between_the_strikes(price, accepted):
    found = proposed(price=price)
    assert isinstance(found, Proposal) if accepted else found.code is Code.NO_STRIKE_QUALIFIES


def test_missing_quotes_vix_or_future():
    assert proposed(quotes={}).code is Code.QUOTE_MISSING
    assert proposed(vix=None).code is Code.VIX_MISSING
    selection = Select(strategy="futures_strangle", underlying="/MCL", contracts=(PUT, CALL), facts={})
    quotes = exact_quotes(NOW, ((PUT, 1.5), (CALL, 1.75)))
    assert STRATEGY.propose(snapshot(underlyings={}, quotes=quotes), make_view(), selection).code \
        is Code.UNDERLYING_MISSING


# --- exits ----------------------------------------------------------------------------------------------------------

def position(state=State.ACTIVE, credit=3.25, facts=None, units=2):
    legs = (HeldLeg(contract=PUT, quantity=-units, average_price=1.5),
            HeldLeg(contract=CALL, quantity=-units, average_price=1.75))
    return make_position(*legs, id="futures_strangle/1", strategy="futures_strangle", underlying="/MCL", units=units,
                         state=state, entry_price=-credit, cash_flow_usd=credit * 100.0 * units - 10.0, fees_usd=10.0,
                         short_dte_at_entry=50, facts=facts or {})


def managed(held=None, put=1.5, call=1.75, price=PRICE, day=TODAY, following=None, view=None, quotes=None,
            chains=None, **overrides):
    now = datetime.combine(day, datetime.min.time()).replace(hour=10)
    quotes = exact_quotes(now, ((PUT, put), (CALL, call))) if quotes is None else quotes
    calendar = make_calendar(day, next_session=following or day + timedelta(days=1))
    found = snapshot(now, quotes=quotes, calendar=calendar, underlyings={"/MCL": future(price=price, time=now)},
                     chains={} if chains is None else chains, **overrides)
    return STRATEGY.manage(found, view or make_view(), held or position())


def reason(decision):
    return decision.intent.reason if isinstance(decision, (Exit, Manage)) else None


@pytest.mark.parametrize("put, expected", [(0.625, "PROFIT_TARGET"), (0.626, None)])
def test_half_the_credit(put, expected):
    found = managed(put=put, call=1.0)
    assert reason(found) == expected
    if expected:
        assert found.intent.urgency is Urgency.WALK and found.intent.quantity == 2


@pytest.mark.parametrize("put, expected", [(8.0, "STOP_LOSS"), (7.999, None)])
def test_a_loss_of_twice_the_credit(put, expected):
    found = managed(put=put, call=1.75)
    assert reason(found) == expected
    if expected:
        assert found.intent.urgency is Urgency.NATURAL and found.event is Event.DEFEND


def test_the_credit_of_a_roll_counts():
    """3.25 taken at the entry and 1.00 more in the roll."""
    rolled = replace(position(credit=4.25, facts={"rolled": "C"}), entry_price=-3.25)
    assert reason(managed(rolled, put=8.0)) is None
    assert reason(managed(rolled, put=11.0)) == "STOP_LOSS"
    assert reason(managed(rolled, put=0.375, call=1.75)) == "PROFIT_TARGET"


def test_yellow_tightens_the_stop():
    yellow = make_view(emergency=EmergencyLevel.YELLOW)
    assert reason(managed(put=6.375, view=yellow)) == "STOP_LOSS"
    assert reason(managed(put=6.374, view=yellow)) is None


def test_a_stop_on_half_the_quotes_and_no_target():
    put_only = exact_quotes(NOW, [(PUT, 9.75)])
    assert reason(managed(quotes=put_only)) == "STOP_LOSS"
    assert managed(quotes=exact_quotes(NOW, [(PUT, 0.1)])) == Hold(reason="QUOTE_MISSING")
    assert reason(managed(quotes={}, price=65.0)) == "STOP_LOSS"     # 10.5 points in the money, by exercise value alone


@pytest.mark.parametrize("left, following, closes", [(22, 21, False), (21, 20, True), (24, 20, True)])
def test_21_dte(left, following, closes):
    found = managed(day=EXPIRY - timedelta(days=left), following=EXPIRY - timedelta(days=following), quotes={})
    assert (reason(found) == "DTE_21") is closes
    if closes:
        assert found.event is Event.DEFEND_21DTE and found.intent.urgency is Urgency.NATURAL


# --- the roll of the untested side ----------------------------------------------------------------------------------

def at_delta(target):
    """Future price at which the put's delta is ``target`` (negative), and quotes at 30 % volatility."""
    low, high = 60.0, 90.0
    for _ in range(80):
        middle = (low + high) / 2
        quote = model_quotes([PUT], middle, NOW, flat(0.3))[PUT.id]
        low, high = (middle, high) if contract_greeks(PUT, quote, middle, NOW).delta < target else (low, middle)
    return low, model_quotes([PUT, CALL], low, NOW, flat(0.3))


@pytest.mark.parametrize("target, rolls", [(-0.5001, True), (-0.4999, False)])
def test_tested_at_delta_050(target, rolls):
    price, quotes = at_delta(target)
    found = managed(price=price, quotes=quotes)
    assert isinstance(found, Select) is rolls
    if rolls:
        assert found.contracts == ()


def rolled(spread=0.02, held=None, view=None, **overrides):
    price, quotes = at_delta(-0.55)
    chains = {"/MCL": (CHAIN,)}
    wanted = managed(held, price=price, quotes=quotes, chains=chains, view=view, **overrides)
    if not isinstance(wanted, Select):
        return wanted
    quotes |= model_quotes(wanted.contracts, price, NOW, flat(0.3), spread)
    return managed(held, price=price, quotes=quotes, chains=chains, view=view)


@pytest.mark.parametrize("vix, rolls", [(None, False), (make_vix(35.0), True), (make_vix(35.01), False),
                                        (make_vix(31.0, entry_stopped=True), False)])
def test_the_untested_side_is_not_rolled_without_a_vix_or_above_its_stop(vix, rolls):
    assert reason(rolled(vix=vix)) == ("ROLL_UNTESTED" if rolls else None)


def test_the_untested_side_is_rolled_to_delta_030_for_a_credit():
    found = rolled()
    assert isinstance(found, Manage) and found.intent.reason == "ROLL_UNTESTED"
    (old, new) = found.intent.legs
    assert (old.contract, old.ratio, new.ratio) == (CALL, 1, -1) and found.intent.quantity == 2
    assert PUT.strike < new.contract.strike < CALL.strike and new.contract.right is Right.CALL
    price, _ = at_delta(-0.55)
    deltas = {strike: contract_greeks(replace(CALL, strike=strike), model_quotes(
        [replace(CALL, strike=strike)], price, NOW, flat(0.3))[replace(CALL, strike=strike).id], price, NOW).delta
        for strike in np.arange(76.0, 83.5, 0.5)}
    assert new.contract.strike == min(deltas, key=lambda strike: abs(deltas[strike] - 0.30))
    assert found.intent.facts == {"rolled": "C", "rolled_to": new.contract.strike}


def test_only_once_and_only_for_a_credit_and_not_while_entries_are_halted():
    assert rolled(held=position(facts={"rolled": "C"})) == Hold()
    assert rolled(spread=3.0) == Hold(reason="NO_CREDIT_FOR_THE_ROLL")
    assert rolled(view=make_view(mode=Mode.EXITS_ONLY)) == Hold()


@pytest.mark.parametrize("above_the_ask, rolls", [(0.01, True), (0.0, False)])
def test_the_credit_of_the_roll_is_one_at_the_natural_price(above_the_ask, rolls):
    """What is sold must bid more than what is bought back asks."""
    price, quotes = at_delta(-0.55)
    wanted = managed(price=price, quotes=quotes, chains={"/MCL": (CHAIN,)})
    bid = quotes[CALL.id].ask + above_the_ask
    quotes |= {contract.id: Quote(bid=bid, ask=bid + 0.5, time=NOW) for contract in wanted.contracts
               if contract != CALL}
    found = managed(price=price, quotes=quotes, chains={"/MCL": (CHAIN,)})
    assert isinstance(found, Manage) is rolls and (rolls or found == Hold(reason="NO_CREDIT_FOR_THE_ROLL"))


def test_a_stop_overtakes_a_roll_and_a_working_order_is_otherwise_left():
    assert reason(managed(position(State.MANAGING), put=9.0)) == "STOP_LOSS"
    assert managed(position(State.MANAGING), put=0.1, call=0.1) == Hold(reason="ORDER_WORKING")
    assert managed(position(State.EXITING), put=0.1, call=0.1) == Hold(reason="ORDER_WORKING")
    assert isinstance(managed(position(State.DEFENSIVE_EXIT), put=9.0), Hold)


def test_the_future_of_another_month_does_not_price_the_roll():
    price, quotes = at_delta(-0.55)
    other = {"/MCL": future(price=price, month=date(2024, 10, 22))}
    found = STRATEGY.manage(snapshot(quotes=quotes, underlyings=other), make_view(), position())
    assert found == Hold(reason="UNDERLYING_MISSING")


def test_spec_is_the_table_of_the_specification():
    assert FUTURES_STRANGLE.phase_products[3] == ("/MCL", "/MGC", "/MES")
    assert set(FUTURES_STRANGLE.phase_products[4]) == {"/ES", "/CL", "/GC", "/SI", "/MES", "/MCL", "/MGC"}
