"""Friday 0DTE condor: every rule at its limit and one past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from config.strategy_parameters import FRIDAY_0DTE
from core.codes import RefusalCode as Code
from core.model import (EmergencyLevel, Event, Exit, HeldLeg, Hold, Indicators, IvHistory, Proposal, Quote, Refused,
                        Right, Select, State, Urgency)
from strategies.friday_0dte_with_state import Friday0Dte
from tests.builders import (FRIDAY, make_account, make_calendar, make_position, make_snapshot, make_underlying,
                            make_view)
from tests.builders_chains import exact_quotes, make_chain, option

TODAY = FRIDAY.date()
AVERAGES = Indicators(atr14=10.0, ema8=545.0, ema21=540.0, vwap=544.0)
CHAIN = make_chain(expiries=[TODAY, TODAY + timedelta(days=7)], strikes=range(520, 571))
STRATEGY = Friday0Dte()
LEGS = tuple(option(strike, right, TODAY) for strike, right in ((534, "P"), (537, "P"), (551, "C"), (554, "C")))


def underlying(price=544.0, **overrides):
    return make_underlying(price=price, **({"open_price": 544.0, "last_close": 544.0, "indicators": AVERAGES}
                                           | overrides))


def snapshot(time=FRIDAY, price=544.0, market=(), **overrides):
    found = underlying(price, **dict(market))
    return make_snapshot(time, **({"underlyings": {"SPY": found}, "chains": {"SPY": (CHAIN,)}} | overrides))


def screened(**arguments):
    refusal = STRATEGY.screen(snapshot(**arguments), make_view())
    return refusal.code if refusal is not None else None


def test_a_quiet_friday_passes():
    assert screened() is None


@pytest.mark.parametrize("days, code", [(0, None), (-1, Code.WRONG_WEEKDAY), (3, Code.WRONG_WEEKDAY)])
def test_fridays_only(days, code):
    assert screened(time=FRIDAY + timedelta(days=days)) is code


def test_not_on_fomc_days():
    assert screened(calendar=make_calendar(TODAY, is_fomc_day=True)) is Code.FOMC_DAY


@pytest.mark.parametrize("opened, code", [(544.0 * 1.01499, None), (544.0 * 1.015, Code.GAP_TOO_LARGE),
                                          (544.0 * 0.98501, None), (544.0 * 0.985, Code.GAP_TOO_LARGE)])
def test_gap_is_of_the_open_both_ways(opened, code):
    assert screened(market={"open_price": opened}) is code


def test_a_gap_that_was_filled_still_refuses():
    assert screened(price=544.0, market={"open_price": 560.0}) is Code.GAP_TOO_LARGE


@pytest.mark.parametrize("percentile, code", [(30.0, None), (29.99, Code.IV_PERCENTILE_LOW)])
def test_iv_percentile(percentile, code):
    iv = IvHistory(current=0.2, rank=50.0, percentile=percentile, samples=252)
    assert screened(market={"iv": iv}) is code


@pytest.mark.parametrize("iv", [None, IvHistory(current=0.2, rank=50.0, percentile=60.0, samples=251)])
def test_iv_history_must_be_a_whole_year(iv):
    assert screened(market={"iv": iv}) is Code.IV_HISTORY_MISSING


@pytest.mark.parametrize("market", [{"open_price": None}, {"last_close": 0.0},
                                    {"indicators": replace(AVERAGES, atr14=None)},
                                    {"indicators": replace(AVERAGES, atr14=float("nan"))},
                                    {"indicators": replace(AVERAGES, vwap=None)},
                                    {"indicators": replace(AVERAGES, ema21=None)}])
def test_missing_figures_refuse(market):
    assert screened(market=market) is Code.INDICATOR_MISSING


def test_averages_are_only_asked_for_from_phase_3():
    bare = {"indicators": Indicators(atr14=10.0)}
    assert screened(market=bare, phase=2) is None
    assert screened(market=bare, phase=3) is Code.INDICATOR_MISSING


def test_missing_market_refuses():
    assert screened(vix=None) is Code.VIX_MISSING
    assert screened(underlyings={}) is Code.UNDERLYING_MISSING
    assert screened(price=float("nan")) is Code.UNDERLYING_MISSING


def test_one_entry_a_friday():
    open_position = make_position(strategy="friday_0dte", state=State.ACTIVE)
    assert screened(positions=(open_position,)) is Code.ALREADY_OPEN
    assert screened(positions=(replace(open_position, state=State.COMPLETE),)) is None
    assert screened(positions=(replace(open_position, strategy="lt112"),)) is None
    again = make_view(entry_dates={"friday_0dte": (TODAY,)})
    assert STRATEGY.screen(snapshot(), again).code is Code.ALREADY_OPEN
    last_week = make_view(entry_dates={"friday_0dte": (TODAY - timedelta(days=7),)})
    assert STRATEGY.screen(snapshot(), last_week) is None


def test_not_while_an_entry_is_pending():
    assert STRATEGY.screen(snapshot(), make_view(pending={"friday_0dte": "SPY"})).code is Code.ENTRY_PENDING
    assert STRATEGY.screen(snapshot(), make_view(pending={"lt112": "SPY"})) is None


# --- strikes --------------------------------------------------------------------------------------------------------

def strikes(**arguments):
    found = STRATEGY.select(snapshot(phase=2, **arguments), make_view())
    assert isinstance(found, Select), found
    return [contract.strike for contract in found.contracts]


def test_strikes_are_the_listed_ones_nearest_seven_tenths_of_atr():
    assert strikes() == [534.0, 537.0, 551.0, 554.0]
    assert strikes(price=544.4) == [534.0, 537.0, 551.0, 554.0]
    assert strikes(price=544.6) == [535.0, 538.0, 552.0, 555.0]


def test_half_way_the_strike_further_out_is_taken():
    assert strikes(price=544.5) == [534.0, 537.0, 552.0, 555.0]


def test_rights_and_expiry():
    found = STRATEGY.select(snapshot(), make_view())
    assert [contract.right for contract in found.contracts] == [Right.PUT, Right.PUT, Right.CALL, Right.CALL]
    assert {contract.expiry for contract in found.contracts} == {TODAY}
    assert found.underlying == "SPY" and found.facts["atr"] == 10.0


@pytest.mark.parametrize("phase, price, averages, widths, bias", [
    (3, 544.1, {}, (5.0, 3.0), "bull"), (3, 543.9, {"ema8": 539.0}, (3.0, 5.0), "bear"),
    (3, 543.9, {}, (3.0, 3.0), "sideways"), (3, 544.1, {"ema8": 540.0}, (3.0, 3.0), "sideways"),
    (2, 544.1, {}, (3.0, 3.0), "none"), (4, 544.1, {}, (5.0, 3.0), "bull")])
def test_the_wing_on_the_side_of_the_bias_is_wide_from_phase_3(phase, price, averages, widths, bias):
    market = {"indicators": replace(AVERAGES, **averages)}
    found = STRATEGY.select(snapshot(price=price, market=market, phase=phase), make_view())
    low, put, call, high = (contract.strike for contract in found.contracts)
    assert (put - low, high - call) == widths and found.facts["bias"] == bias


def test_what_is_not_listed_refuses():
    view = make_view()
    assert STRATEGY.select(snapshot(chains={}), view).code is Code.CHAIN_MISSING
    other_day = make_chain(expiries=[TODAY + timedelta(days=7)], strikes=range(520, 571))
    assert STRATEGY.select(snapshot(chains={"SPY": (other_day,)}), view).code is Code.EXPIRY_NOT_LISTED
    coarse = make_chain(expiries=[TODAY], strikes=range(520, 571, 5))
    assert STRATEGY.select(snapshot(chains={"SPY": (coarse,)}), view).code is Code.STRIKE_NOT_LISTED


def test_select_asks_the_screen_again():
    assert STRATEGY.select(snapshot(vix=None), make_view()).code is Code.VIX_MISSING


# --- proposal -------------------------------------------------------------------------------------------------------

def proposed(mids=(0.20, 0.55, 0.50, 0.20), wings=(3.0, 3.0), price=544.0, **arguments):
    low, put, call, high = LEGS
    contracts = (option(put.strike - wings[0], "P", TODAY), put, call, option(call.strike + wings[1], "C", TODAY))
    facts = {"atr": 10.0, "spot": 544.0, "put_wing": wings[0], "call_wing": wings[1], "bias": "none"}
    selection = Select(strategy="friday_0dte", underlying="SPY", contracts=contracts, facts=facts)
    quotes = arguments.pop("quotes", exact_quotes(FRIDAY, zip(contracts, mids)))
    return STRATEGY.propose(snapshot(price=price, quotes=quotes, **arguments), make_view(), selection)


def test_proposal_carries_credit_risk_and_legs():
    found = proposed()
    assert isinstance(found, Proposal)
    assert found.credit == pytest.approx(0.65) and found.risk_usd == pytest.approx(235.0)
    assert [leg.ratio for leg in found.legs] == [1, -1, -1, 1]
    assert 0.0 < found.short_strike_probability_otm < 1.0
    assert found.facts["atr"] == 10.0


@pytest.mark.parametrize("mids, wings, accepted", [
    ((0.20, 0.35, 0.35, 0.20), (3.0, 3.0), True), ((0.20, 0.35, 0.34, 0.20), (3.0, 3.0), False),
    ((0.20, 0.45, 0.45, 0.20), (5.0, 3.0), True), ((0.20, 0.45, 0.44, 0.20), (5.0, 3.0), False),
    ((0.20, 0.45, 0.44, 0.20), (3.0, 5.0), False)])
def test_credit_is_at_least_a_tenth_of_the_wider_wing(mids, wings, accepted):
    found = proposed(mids, wings)
    assert isinstance(found, Proposal) if accepted else found.code is Code.CREDIT_TOO_SMALL


def test_risk_is_of_the_wider_wing():
    assert proposed((0.20, 0.55, 0.50, 0.20), (5.0, 3.0)).risk_usd == pytest.approx(435.0)


@pytest.mark.parametrize("equity, phase, mids, cap", [
    (65_000.0, 3, (0.20, 0.55, 0.50, 0.20), 4),    # 650 / 130 = 5, the phase allows 4
    (65_000.0, 4, (0.20, 0.55, 0.50, 0.20), 5),
    (64_999.0, 4, (0.20, 0.55, 0.50, 0.20), 4),
    (35_000.0, 1, (0.20, 0.55, 0.50, 0.20), 2),    # 350 / 130 = 2.7
    (12_999.0, 1, (0.20, 0.55, 0.50, 0.20), 0),
    (32_000.0, 4, (0.20, 0.90, 0.90, 0.20), 2),    # credit 1.40: 160 at the wing is less than 280 at the stop
    (16_000.0, 4, (0.20, 0.90, 0.90, 0.20), 1), (15_999.0, 4, (0.20, 0.90, 0.90, 0.20), 0)])
def test_contract_cap(equity, phase, mids, cap):
    assert proposed(mids, account=make_account(equity), phase=phase).contract_cap == cap


def test_a_credit_that_is_not_below_the_width_is_no_price():
    assert proposed((0.20, 2.0, 2.0, 0.20)).code is Code.GUARD_CANNOT_COMPUTE


@pytest.mark.parametrize("price, accepted", [(537.01, True), (537.0, False), (550.99, True), (551.0, False)])
def test_the_price_must_still_be_between_the_short_strikes(price, accepted):
    found = proposed(price=price)
    assert isinstance(found, Proposal) if accepted else found.code is Code.NO_STRIKE_QUALIFIES


@pytest.mark.parametrize("bad, code", [
    (None, Code.QUOTE_MISSING), (Quote(bid=0.0, ask=0.0, time=FRIDAY), Code.QUOTE_EMPTY),
    (Quote(bid=float("nan"), ask=0.3, time=FRIDAY), Code.QUOTE_EMPTY),
    (Quote(bid=0.3, ask=0.2, time=FRIDAY), Code.QUOTE_CROSSED),
    (Quote(bid=0.1, ask=0.3, time=FRIDAY - timedelta(minutes=10, seconds=1)), Code.QUOTE_STALE)])
def test_every_leg_needs_a_usable_quote(bad, code):
    quotes = exact_quotes(FRIDAY, zip(LEGS, (0.20, 0.55, 0.50, 0.20)))
    if bad is None:
        del quotes[LEGS[3].id]
    else:
        quotes[LEGS[3].id] = bad
    assert proposed(quotes=quotes).code is code


def test_a_quote_ten_minutes_old_is_used_and_a_dead_bid_under_a_live_ask_too():
    quotes = exact_quotes(FRIDAY - timedelta(minutes=10), zip(LEGS, (0.20, 0.55, 0.50, 0.20)))
    quotes[LEGS[0].id] = Quote(bid=0.0, ask=0.01, time=FRIDAY)
    assert isinstance(proposed(quotes=quotes), Proposal)


# --- exits ----------------------------------------------------------------------------------------------------------

def position(state=State.ACTIVE, credit=0.60, units=2):
    legs = tuple(HeldLeg(contract=contract, quantity=ratio * units, average_price=0.3)
                 for contract, ratio in zip(LEGS, (1, -1, -1, 1)))
    return make_position(*legs, id="friday_0dte/202407261000", strategy="friday_0dte", state=state, units=units,
                         entry_price=-credit, short_dte_at_entry=0, facts={"atr": 10.0})


def managed(debit=0.60, at=(12, 0), price=544.0, state=State.ACTIVE, view=None, day=None, **arguments):
    now = datetime.combine(TODAY, datetime.min.time()).replace(hour=at[0], minute=at[1])
    quotes = arguments.pop("quotes", exact_quotes(now, zip(LEGS, (0.0, debit / 2, debit / 2, 0.0)), spread=0.0))
    quotes = {key: replace(quote, ask=max(quote.ask, 1e-12)) for key, quote in quotes.items()}
    found = snapshot(now, price, quotes=quotes, calendar=day or make_calendar(TODAY), **arguments)
    return STRATEGY.manage(found, view or make_view(), position(state))


def reason(decision):
    return decision.intent.reason if isinstance(decision, Exit) else None


@pytest.mark.parametrize("debit, closes", [(0.30, True), (0.301, False)])
def test_half_the_credit(debit, closes):
    found = managed(debit)
    assert isinstance(found, Exit) is closes
    if closes:
        assert (found.intent.reason, found.intent.urgency, found.event) == ("PROFIT_TARGET", Urgency.WALK, Event.EXIT)
        assert found.intent.quantity == 2 and [leg.ratio for leg in found.intent.legs] == [-1, 1, 1, -1]


@pytest.mark.parametrize("debit, closes", [(1.80, True), (1.799, False)])
def test_a_loss_of_twice_the_credit(debit, closes):
    found = managed(debit)
    assert reason(found) == ("STOP_LOSS" if closes else None)
    if closes:
        assert found.intent.urgency is Urgency.NATURAL and found.event is Event.DEFEND


def test_yellow_tightens_the_stop_to_150_percent():
    yellow = make_view(emergency=EmergencyLevel.YELLOW)
    assert reason(managed(1.50, view=yellow)) == "STOP_LOSS"
    assert reason(managed(1.499, view=yellow)) is None


@pytest.mark.parametrize("price, closes", [(537.0, False), (536.99, True), (551.0, False), (551.01, True)])
def test_breach(price, closes):
    found = managed(price=price)
    assert reason(found) == ("STRIKE_BREACHED" if closes else None)


@pytest.mark.parametrize("at, price, closes", [
    ((14, 0), 538.0, True), ((14, 0), 538.01, False), ((13, 59), 538.0, False), ((14, 0), 550.0, True),
    ((14, 0), 549.99, False), ((15, 14), 538.0, True)])
def test_danger_zone_from_14_00(at, price, closes):
    assert reason(managed(at=at, price=price)) == ("DANGER_ZONE" if closes else None)


@pytest.mark.parametrize("at, expected", [((15, 14), None), ((15, 15), "WALL"), ((15, 27), "WALL"),
                                          ((15, 28), "FLAT_BY_MISSED")])
def test_the_brokers_wall(at, expected):
    found = managed(at=at)
    assert reason(found) == expected
    if expected:
        assert found.intent.urgency is Urgency.NATURAL and found.event is Event.DEFEND
        assert found.intent.facts["flat_by"] == "2024-07-26T15:28:00"


@pytest.mark.parametrize("facts, at, expected", [
    ({"is_triple_witching": True}, (14, 44), None), ({"is_triple_witching": True}, (14, 45), "WALL"),
    ({"is_triple_witching": True}, (14, 58), "FLAT_BY_MISSED"),
    ({"is_early_close": True, "session_close": datetime(2024, 7, 26, 13, 0)}, (11, 54), None),
    ({"is_early_close": True, "session_close": datetime(2024, 7, 26, 13, 0)}, (11, 55), "WALL"),
    ({"is_early_close": True, "session_close": datetime(2024, 7, 26, 13, 0)}, (12, 8), "FLAT_BY_MISSED"),
    ({"is_early_close": True, "is_triple_witching": True, "session_close": datetime(2024, 7, 26, 13, 0)}, (11, 55),
     "WALL")])
def test_walls_of_special_days(facts, at, expected):
    assert reason(managed(at=at, day=make_calendar(TODAY, **facts))) == expected


def test_dead_quotes_hold_a_profit_target_and_never_a_mandatory_exit():
    assert managed(quotes={}) == Hold(reason="QUOTE_MISSING")
    assert reason(managed(quotes={}, at=(15, 15))) == "WALL"
    assert reason(managed(quotes={}, price=536.0)) == "STRIKE_BREACHED"
    assert reason(managed(quotes={}, price=538.0, at=(14, 0))) == "DANGER_ZONE"
    assert reason(managed(quotes={}, underlyings={}, at=(15, 15))) == "WALL"


def test_a_stop_counts_what_is_known():
    """The wings' quotes are dead and the puts alone are quoted: their loss is enough."""
    now = datetime(2024, 7, 26, 12, 0)
    puts = exact_quotes(now, [(LEGS[1], 1.80)], spread=0.0)
    assert reason(managed(quotes=puts)) == "STOP_LOSS"
    nearly = exact_quotes(now, [(LEGS[1], 1.799)], spread=0.0)
    assert managed(quotes=nearly) == Hold(reason="QUOTE_MISSING")
    stale = exact_quotes(now - timedelta(hours=1), [(LEGS[1], 1.80)], spread=0.0)
    assert reason(managed(quotes=stale)) == "STOP_LOSS"


def test_a_walking_exit_is_only_overtaken_by_a_mandatory_one():
    assert managed(0.10, state=State.EXITING) == Hold(reason="EXIT_WORKING")
    assert reason(managed(0.10, state=State.EXITING, at=(15, 15))) == "WALL"


@pytest.mark.parametrize("state", [State.VALIDATION, State.ENTERING, State.DEFENSIVE_EXIT, State.ERROR, State.COMPLETE])
def test_other_states_decide_nothing(state):
    assert isinstance(managed(9.0, state=state, at=(15, 20)), Hold)


def test_the_same_decision_at_the_same_minute_has_the_same_id():
    assert managed(0.30).intent.id == managed(0.30).intent.id == "friday_0dte/202407261000:EXIT:202407261200"


def test_spec_is_the_table_of_the_specification():
    assert (FRIDAY_0DTE.vix_min, FRIDAY_0DTE.vix_open, FRIDAY_0DTE.underlyings) == (22.0, True, ("SPY",))
    assert dict(FRIDAY_0DTE.max_open) == {1: 2, 2: 3, 3: 4, 4: 12}
    assert isinstance(STRATEGY.screen(snapshot(time=datetime(2024, 7, 25, 10, 0)), make_view()), Refused)
    assert date(2024, 7, 26).weekday() == FRIDAY_0DTE.entry_weekday
