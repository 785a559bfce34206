"""Diagonal: as the covered call, but the weekly by delta and only in rich volatility."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from config.calendars import EX_DIVIDENDS, QUIET_DAYS
from config.strategy_parameters import DIAGONAL
from core.codes import RefusalCode as Code
from core.model import (Exit, HeldLeg, Hold, Indicators, IvHistory, Manage, Mode, Proposal, Quote, Select, State,
                        Urgency)
from core.option_values import contract_greeks
from strategies.diagonal_spread_with_state import Diagonal
from tests.builders import (make_account, make_calendar, make_position, make_snapshot, make_underlying, make_view,
                            make_vix)
from tests.builders_chains import exact_quotes, flat, make_chain, model_quotes, option

NOW = datetime(2024, 7, 22, 10, 0)
TODAY = NOW.date()
WEEKLY, LEAP = TODAY + timedelta(days=7), TODAY + timedelta(days=400)
AVERAGES = Indicators(ema8=201.0, ema21=200.0, ema50=195.0)
RICH = IvHistory(current=0.3, rank=60.0, percentile=60.0, samples=252)


def chain(days=(2, 7, 14, 400), strikes=range(140, 261), today=TODAY):
    return make_chain("IWM", 200.0, today, [today + timedelta(days=day) for day in days], strikes, flat(0.3))


CHAIN = chain()
STRATEGY = Diagonal()


def snapshot(time=NOW, price=200.0, market=(), symbols=("IWM",), **overrides):
    found = {symbol: make_underlying(symbol, price, time, **({"indicators": AVERAGES, "iv": RICH} | dict(market)))
             for symbol in symbols}
    return make_snapshot(time, **({"underlyings": found, "chains": {symbol: (CHAIN,) for symbol in symbols},
                                   "vix": make_vix(22.0, time)} | overrides))


def code_of(symbol="IWM", **arguments):
    refusal = STRATEGY.screen(snapshot(**arguments), make_view())
    return None if refusal is None else refusal.facts["symbols"][symbol]


@pytest.mark.parametrize("rank, code", [(50.01, None), (50.0, "IV_RANK_LOW")])
def test_iv_rank_above_50(rank, code):
    assert code_of(market={"iv": replace(RICH, rank=rank)}) == code


@pytest.mark.parametrize("price, ema8, code", [(195.0, 199.0, None), (194.99, 200.0, None),
                                               (194.99, 199.99, "TREND_AGAINST")])
def test_trend(price, ema8, code):
    assert code_of(price=price, market={"indicators": replace(AVERAGES, ema8=ema8)}) == code


def test_other_refusals():
    assert code_of("AAPL", time=datetime(2024, 7, 2, 10), symbols=("AAPL",)) == "EARNINGS_NEAR"
    assert code_of(symbols=()) == "UNDERLYING_MISSING" and code_of(vix=None) == "VIX_MISSING"
    assert code_of(market={"iv": None}) == "IV_HISTORY_MISSING"
    assert code_of(positions=(make_position(strategy="diagonal", underlying="IWM"),)) == "ALREADY_OPEN"
    assert STRATEGY.screen(snapshot(), make_view(pending={"diagonal": "QQQ"})).code is Code.ENTRY_PENDING
    assert "SPY" not in DIAGONAL.underlyings


def selected(**arguments):
    return STRATEGY.select(snapshot(**arguments), make_view())


def test_leap_and_weekly_by_delta():
    leap, *weeklies = selected().contracts
    assert leap.expiry == LEAP and 160.0 <= leap.strike <= 168.0
    quotes = model_quotes(weeklies, 200.0, NOW, flat(0.3))
    deltas = {weekly.strike: contract_greeks(weekly, quotes[weekly.id], 200.0, NOW).delta for weekly in weeklies}
    assert min(deltas.values()) < 0.30 < max(deltas.values()) and len(weeklies) == 5
    assert weeklies[2].strike == min(deltas, key=lambda strike: abs(deltas[strike] - 0.30))


def test_the_weekly_is_always_above_the_leap():
    low = make_chain("IWM", 200.0, TODAY, [WEEKLY, LEAP], [150, 164], flat(0.3))
    assert selected(chains={"IWM": (low,)}).code is Code.STRIKE_NOT_LISTED
    few = make_chain("IWM", 200.0, TODAY, [WEEKLY, LEAP], [150, 164, 172], flat(0.3))
    assert [contract.strike for contract in selected(chains={"IWM": (few,)}).contracts][-1] == 172.0


def test_nothing_listed():
    assert selected(chains={"IWM": (chain((7, 364)),)}).code is Code.EXPIRY_NOT_LISTED
    assert selected(chains={"IWM": (chain((1, 15, 400)),)}).code is Code.EXPIRY_NOT_LISTED
    assert selected(chains={}).code is Code.CHAIN_MISSING


def proposed(spot=200.0, change=None, **overrides):
    selection = selected()
    quotes = model_quotes(selection.contracts, spot, NOW, flat(0.3)) | (change or {})
    return selection, STRATEGY.propose(snapshot(price=spot, **({"quotes": quotes} | overrides)), make_view(), selection)


def test_the_weekly_nearest_delta_now():
    selection, found = proposed()
    assert isinstance(found, Proposal) and found.legs[1].contract == selection.contracts[3]
    assert [leg.ratio for leg in found.legs] == [1, -1] and found.contract_cap == 5
    assert found.risk_usd == pytest.approx(-found.credit * 100 + 2.0) and found.credit < 0
    _, moved = proposed(spot=201.2)
    assert moved.legs[1].contract.strike > found.legs[1].contract.strike


def test_a_weekly_at_the_leaps_strike_is_none_however_near_its_delta():
    """Quotes that make the strike at the LEAP's own the one nearest 0.30: it is not taken, the next above is."""
    leap = option(168, "C", LEAP, "IWM")
    at, above = option(168, "C", WEEKLY, "IWM"), option(169, "C", WEEKLY, "IWM")
    quotes = exact_quotes(NOW, [(leap, 9.0), (at, 1.0), (above, 0.6)])
    chosen = Select(strategy="diagonal", underlying="IWM", contracts=(leap, at, above), facts={})
    found = STRATEGY.propose(snapshot(price=165.0, quotes=quotes), make_view(), chosen)
    assert isinstance(found, Proposal) and found.legs[1].contract == above
    alone = Select(strategy="diagonal", underlying="IWM", contracts=(leap, at), facts={})
    assert STRATEGY.propose(snapshot(price=165.0, quotes=quotes), make_view(), alone).code is Code.NO_STRIKE_QUALIFIES


def test_missing_quotes_and_dead_bids():
    selection, refusal = proposed(quotes={})
    assert refusal.code is Code.QUOTE_MISSING
    dead = {contract.id: Quote(bid=0.0, ask=0.4, time=NOW) for contract in selection.contracts[1:]}
    assert proposed(change=dead)[1].code is Code.NO_STRIKE_QUALIFIES


def test_no_weekly_is_sold_that_outlives_the_known_ex_dividend_days():
    last = EX_DIVIDENDS["IWM"][-1] + timedelta(days=QUIET_DAYS["ex_dividends"])
    for days, sells in ((7, True), (6, False)):
        now = datetime.combine(last - timedelta(days=days), datetime.min.time()).replace(hour=10)
        listed = {"IWM": (chain((7, 400), today=now.date()),)}
        held = position(weekly=None, leap_expiry=now.date() + timedelta(days=400))
        found = STRATEGY.manage(snapshot(now, chains=listed), make_view(), held)
        assert isinstance(found, Select) if sells else found == Hold(reason="NO_WEEKLY_THIS_WEEK")
        refusal = STRATEGY.screen(snapshot(now), make_view())
        assert refusal.facts["symbols"]["IWM"] == "CALENDAR_UNCOVERED"


# --- management -----------------------------------------------------------------------------------------------------

def position(weekly=206, expiry=WEEKLY, leap_expiry=LEAP, state=State.ACTIVE, units=2):
    legs = [HeldLeg(contract=option(164, "C", leap_expiry, "IWM"), quantity=units, average_price=48.0)]
    if weekly:
        legs.append(HeldLeg(contract=option(weekly, "C", expiry, "IWM"), quantity=-units, average_price=1.5))
    return make_position(*legs, strategy="diagonal", underlying="IWM", units=units, state=state, entry_price=46.5,
                         cash_flow_usd=-9_300.0, fees_usd=4.0, short_dte_at_entry=7)


def managed(held, now=NOW, following=None, price=200.0, mids=(), with_chain=True, view=None, quotes=None, **overrides):
    found = model_quotes([leg.contract for leg in held.legs], price, now, flat(0.3)) if quotes is None else quotes
    calendar = make_calendar(now.date(), next_session=following or now.date() + timedelta(days=1))
    chains = {"IWM": (chain((1, 7, 400), today=now.date()),)} if with_chain else {}
    return STRATEGY.manage(snapshot(now, price, quotes=found | exact_quotes(now, mids), calendar=calendar,
                                    chains=chains, **overrides), view or make_view(), held)


def test_the_weekly_roll():
    now, held = NOW + timedelta(days=6), position()
    assert managed(held, now, with_chain=False).contracts == ()
    wanted = managed(held, now)
    assert isinstance(wanted, Select) and len(wanted.contracts) == 5
    quotes = model_quotes([*wanted.contracts, *(leg.contract for leg in held.legs)], 200.0, now, flat(0.3))
    found = managed(held, now, quotes=quotes)
    assert isinstance(found, Manage) and found.intent.reason == "ROLL_WEEKLY" and found.intent.quantity == 2
    old, new = found.intent.legs
    assert (old.contract.strike, old.ratio, new.contract, new.ratio) == (206.0, 1, wanted.contracts[2], -1)


def test_a_later_expiry_and_the_natural_price_in_the_last_hour():
    now, held = (NOW + timedelta(days=6)).replace(hour=15), position()
    wanted = managed(held, now)
    assert {contract.expiry for contract in wanted.contracts} == {now.date() + timedelta(days=7)}
    quotes = model_quotes([*wanted.contracts, *(leg.contract for leg in held.legs)], 200.0, now, flat(0.3))
    assert managed(held, now, quotes=quotes).intent.urgency is Urgency.NATURAL


def test_an_early_roll_pays_or_waits():
    now, held = NOW + timedelta(days=3), position()
    cheap = [(held.legs[1].contract, 0.2)]
    wanted = managed(held, now, mids=cheap)
    quotes = model_quotes([*wanted.contracts, *(leg.contract for leg in held.legs)], 200.0, now, flat(0.3))
    assert managed(held, now, quotes=quotes, mids=cheap).intent.reason == "ROLL_WEEKLY"
    poor = {contract.id: Quote(bid=0.1, ask=4.0, time=now) for contract in wanted.contracts}
    assert managed(held, now, quotes=quotes | poor, mids=cheap) == Hold(reason="NO_LATER_WEEKLY_PAYS")
    assert managed(held, now, quotes=quotes, mids=cheap, view=make_view(mode=Mode.EXITS_ONLY)) == Hold()


@pytest.mark.parametrize("mid, rolls", [(0.30, True), (0.301, False)])
def test_at_80_percent_gained(mid, rolls):
    held = position()
    found = managed(held, mids=[(held.legs[1].contract, mid)], with_chain=False)
    assert isinstance(found, Select) is rolls and (rolls or found == Hold())


@pytest.mark.parametrize("left, following, rolls", [(2, 1, False), (1, 0, True), (3, 0, True)])
def test_in_the_last_session_with_a_day_left(left, following, rolls):
    held = position()
    found = managed(held, NOW + timedelta(days=7 - left), WEEKLY - timedelta(days=following),
                    mids=[(held.legs[1].contract, 1.2)], with_chain=False)
    assert isinstance(found, Select) is rolls


def test_buy_backs():
    last_day = managed(position(), NOW + timedelta(days=7), quotes={}, with_chain=False)
    assert (last_day.intent.reason, last_day.intent.urgency) == ("BUY_BACK", Urgency.NATURAL)
    halted = managed(position(), NOW + timedelta(days=6), view=make_view(mode=Mode.EXITS_ONLY))
    assert halted.intent.reason == "BUY_BACK"
    june = datetime(2024, 6, 10, 10, 0)
    threatened = managed(position(expiry=june.date() + timedelta(days=4)), june, price=207.0)
    assert threatened.intent.reason == "EX_DIVIDEND"


@pytest.mark.parametrize("vix, sells", [(None, False), (make_vix(35.0), True), (make_vix(35.01), False),
                                        (make_vix(31.0, entry_stopped=True), False)])
def test_nothing_is_sold_without_a_vix_or_above_its_stop(vix, sells):
    bare = managed(position(weekly=None), vix=vix)
    assert isinstance(bare, Select) if sells else bare == Hold()
    due = managed(position(), NOW + timedelta(days=6), vix=vix)
    assert isinstance(due, Select) if sells else due.intent.reason == "BUY_BACK"


def test_a_bare_leap_sells_a_weekly():
    held = position(weekly=None)
    wanted = managed(held)
    quotes = model_quotes([*wanted.contracts, held.legs[0].contract], 200.0, NOW, flat(0.3))
    found = managed(held, quotes=quotes)
    assert found.intent.reason == "SELL_WEEKLY" and found.intent.quantity == 2
    assert managed(held, view=make_view(halted="operator")) == Hold()
    assert managed(held, with_chain=False, underlyings={}) == Hold(reason="NO_WEEKLY_THIS_WEEK")


def leap_roll(free):
    held = position(weekly=230, leap_expiry=TODAY + timedelta(days=90))
    contracts = [leg.contract for leg in held.legs]
    wanted = managed(held, mids=[(contracts[1], 1.4)])
    new = wanted.contracts[2]
    mids = [(contracts[0], 40.0), (contracts[1], 1.4), (new, 45.0)]
    return managed(held, mids=mids, account=make_account(10_000.0, buying_power_used=10_000.0 - free))


def test_the_leap_roll_and_its_price():
    found = leap_roll(1_000.0)
    assert found.intent.reason == "ROLL_LEAP" and [leg.ratio for leg in found.intent.legs] == [-1, 1]
    closed = leap_roll(999.0)
    assert isinstance(closed, Exit) and closed.intent.reason == "ROLL_IMPOSSIBLE"


@pytest.mark.parametrize("left, following, rolls", [(91, 90, False), (90, 89, True), (92, 89, True)])
def test_the_leap_is_rolled_at_90_days(left, following, rolls):
    end = TODAY + timedelta(days=left)
    held = position(weekly=230, leap_expiry=end)
    found = managed(held, following=end - timedelta(days=following), mids=[(held.legs[1].contract, 1.4)],
                    with_chain=False)
    assert isinstance(found, Select) is rolls


def test_naked_shorts_and_states():
    held = position()
    assert managed(replace(held, legs=held.legs[1:])).intent.reason == "NAKED_SHORT"
    for state in (State.MANAGING, State.EXITING, State.DEFENSIVE_EXIT, State.ERROR):
        assert isinstance(managed(position(state=state), NOW + timedelta(days=7)), Hold)
