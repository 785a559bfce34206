"""IPMCC: the LEAP, the weekly that never locks in a loss, refusals and rolls, at the limit and one past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from config.calendars import EX_DIVIDENDS, QUIET_DAYS
from config.strategy_parameters import IPMCC
from core.codes import RefusalCode as Code
from core.model import (EmergencyLevel, Exit, HeldLeg, Hold, Indicators, IvHistory, Manage, Mode, Proposal, Quote,
                        Right, Select, State, Urgency)
from strategies.ipmcc_with_state import Ipmcc
from tests.builders import (make_account, make_calendar, make_position, make_snapshot, make_underlying, make_view,
                            make_vix)
from tests.builders_chains import exact_quotes, flat, make_chain, model_quotes, option

NOW = datetime(2024, 7, 22, 10, 0)
TODAY = NOW.date()
WEEKLY, LEAP = TODAY + timedelta(days=7), TODAY + timedelta(days=400)
AVERAGES = Indicators(ema8=201.0, ema21=200.0, ema50=195.0)


def chain(symbol="IWM", days=(2, 7, 14, 364, 400, 700), strikes=range(140, 261)):
    return make_chain(symbol, 200.0, TODAY, [TODAY + timedelta(days=day) for day in days], strikes, flat(0.2))


CHAIN = chain()
STRATEGY = Ipmcc()


def snapshot(time=NOW, price=200.0, market=(), symbols=("IWM",), **overrides):
    found = {symbol: make_underlying(symbol, price, time, **({"indicators": AVERAGES} | dict(market)))
             for symbol in symbols}
    return make_snapshot(time, **({"underlyings": found, "chains": {symbol: (CHAIN,) for symbol in symbols},
                                   "vix": make_vix(16.0, time), "account": make_account(90_000.0)} | overrides))


def code_of(symbol="IWM", **arguments):
    refusal = STRATEGY.screen(snapshot(**arguments), make_view())
    return None if refusal is None else refusal.facts["symbols"][symbol]


# --- refusals -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("rank, code", [(30.01, None), (30.0, "IV_RANK_LOW")])
def test_iv_rank_above_30(rank, code):
    assert code_of(market={"iv": IvHistory(current=0.2, rank=rank, percentile=50.0, samples=252)}) == code


def test_iv_history_of_a_year():
    assert code_of(market={"iv": IvHistory(current=0.2, rank=60.0, percentile=50.0, samples=251)}) \
        == "IV_HISTORY_MISSING"


@pytest.mark.parametrize("price, ema8, code", [(195.0, 199.0, None), (194.99, 200.0, None),
                                               (194.99, 199.99, "TREND_AGAINST")])
def test_both_trend_conditions_are_needed_to_refuse(price, ema8, code):
    assert code_of(price=price, market={"indicators": replace(AVERAGES, ema8=ema8)}) == code


@pytest.mark.parametrize("day, code", [(datetime(2024, 7, 1, 10), None), (datetime(2024, 7, 2, 10), "EARNINGS_NEAR"),
                                       (datetime(2024, 8, 1, 10), "EARNINGS_NEAR"), (datetime(2024, 8, 2, 10), None)])
def test_earnings_within_30_days_of_a_stock(day, code):
    assert code_of("AAPL", time=day, symbols=("AAPL",)) == code


def test_a_day_beyond_the_earnings_calendar_refuses_stocks_only():
    assert code_of("AAPL", time=datetime(2027, 1, 4, 10), symbols=("AAPL",)) == "CALENDAR_UNCOVERED"
    assert code_of("QQQ", time=datetime(2027, 1, 4, 10), symbols=("QQQ",)) is None


def test_missing_data_and_own_positions():
    assert code_of(symbols=()) == "UNDERLYING_MISSING"
    assert code_of(vix=None) == "VIX_MISSING"
    assert code_of(market={"indicators": Indicators(ema8=1.0, ema21=1.0)}) == "INDICATOR_MISSING"
    held = make_position(strategy="ipmcc", underlying="IWM")
    assert code_of(positions=(held,)) == "ALREADY_OPEN"
    assert code_of(positions=(replace(held, underlying="QQQ"),)) is None
    assert STRATEGY.screen(snapshot(), make_view(pending={"ipmcc": "SPY"})).code is Code.ENTRY_PENDING


def test_the_first_symbol_that_may_be_entered_is_taken():
    held = make_position(strategy="ipmcc", underlying="QQQ")
    found = STRATEGY.select(snapshot(symbols=("QQQ", "IWM"), positions=(held,)), make_view())
    assert isinstance(found, Select) and found.underlying == "IWM"
    assert STRATEGY.select(snapshot(symbols=("QQQ", "IWM")), make_view()).underlying == "QQQ"


# --- selection ------------------------------------------------------------------------------------------------------

def selected(**arguments):
    found = STRATEGY.select(snapshot(**arguments), make_view())
    assert isinstance(found, Select), found
    return found


def test_the_leap_is_a_year_out_near_082_of_the_price_and_delta_080():
    leap = selected().contracts[0]
    assert (leap.expiry, leap.right) == (LEAP, Right.CALL)
    assert leap.strike == 168.0     # within 164 +/- 4; the delta falls with the strike, so the highest is nearest 0.80
    rich = make_chain("IWM", 200.0, TODAY, [WEEKLY, LEAP], range(140, 261), flat(0.45))
    assert selected(chains={"IWM": (rich,)}).contracts[0].strike == 160.0


def test_the_first_symbol_that_fits_its_size_is_taken():
    """One LEAP on a price of 200 costs some 4,400; on SPY at 500 some 11,000. The cap is 8 % of equity."""
    spy = make_chain("SPY", 500.0, TODAY, [WEEKLY, LEAP], range(380, 600), flat(0.2))
    given = {"symbols": ("SPY", "IWM"), "chains": {"SPY": (spy,), "IWM": (CHAIN,)}}
    prices = {"SPY": make_underlying("SPY", 500.0, NOW, indicators=AVERAGES),
              "IWM": make_underlying("IWM", 200.0, NOW, indicators=AVERAGES)}

    def chosen(equity):
        return STRATEGY.select(snapshot(underlyings=prices, account=make_account(equity), **given), make_view())

    assert (chosen(200_000.0).underlying, chosen(90_000.0).underlying) == ("SPY", "IWM")
    small = chosen(40_000.0)
    assert small.code is Code.SIZE_ZERO and small.facts["underlying"] == "SPY"
    assert small.facts["risk_usd"] > small.facts["capital_usd"] == pytest.approx(3_200.0)


def test_without_volatilities_the_strike_nearest_the_share_is_taken():
    bare = make_chain("IWM", 200.0, TODAY, [WEEKLY, LEAP], range(140, 261), flat(0.2), with_volatility=False)
    bare = replace(bare, price=bare.price * float("nan"))
    assert selected(chains={"IWM": (bare,)}).contracts[0].strike == 164.0


@pytest.mark.parametrize("days, expected", [((365,), 365), ((364, 900), 900), ((366, 365), 365)])
def test_the_nearest_expiry_at_least_a_year_out(days, expected):
    assert selected(chains={"IWM": (chain(days=(7, *days)),)}).contracts[0].expiry == TODAY + timedelta(days=expected)


def test_no_leap_listed():
    assert STRATEGY.select(snapshot(chains={"IWM": (chain(days=(7, 364, 901)),)}), make_view()).code \
        is Code.EXPIRY_NOT_LISTED
    assert STRATEGY.select(snapshot(chains={}), make_view()).code is Code.CHAIN_MISSING


@pytest.mark.parametrize("days, expected", [((2, 7, 14), 7), ((2, 14), 2), ((1, 14), 14), ((4, 10), 10)])
def test_the_weekly_is_nearest_seven_days(days, expected):
    weeklies = selected(chains={"IWM": (chain(days=(*days, 400)),)}).contracts[1:]
    assert {contract.expiry for contract in weeklies} == {TODAY + timedelta(days=expected)}


def test_without_a_weekly_expiry_the_leap_goes_alone():
    assert len(selected(chains={"IWM": (chain(days=(1, 15, 400)),)}).contracts) == 1


# --- calendars ------------------------------------------------------------------------------------------------------

IWM_LAST = EX_DIVIDENDS["IWM"][-1] + timedelta(days=QUIET_DAYS["ex_dividends"])


@pytest.mark.parametrize("days, refused", [(14, False), (13, True)])
def test_no_entry_where_ex_dividend_days_are_not_known_for_every_weekly_that_may_be_sold(days, refused):
    now = datetime.combine(IWM_LAST - timedelta(days=days), datetime.min.time()).replace(hour=10)
    refusal = STRATEGY.screen(snapshot(now), make_view())
    assert (refusal is not None and refusal.facts["symbols"]["IWM"] == "CALENDAR_UNCOVERED") is refused
    if refused:
        assert refusal.facts["uncovered"]["IWM"] == {
            "calendar": "ex-dividends IWM", "last": IWM_LAST.isoformat(), "continued_by": "parameter dates"}


@pytest.mark.parametrize("days, sells", [(7, True), (6, False)])
def test_no_weekly_is_sold_that_outlives_the_known_ex_dividend_days(days, sells):
    now = datetime.combine(IWM_LAST - timedelta(days=days), datetime.min.time()).replace(hour=10)
    held = position(weekly_strike=None, leap_expiry=now.date() + timedelta(days=400))
    listed = {"IWM": (make_chain("IWM", 200.0, now.date(), [now.date() + timedelta(days=day) for day in (7, 400)],
                                 range(140, 261), flat(0.2)),)}
    found = STRATEGY.manage(snapshot(now, chains=listed), make_view(), held)
    assert isinstance(found, Select) if sells else found == Hold(reason="NO_WEEKLY_THIS_WEEK")


@pytest.mark.parametrize("price, buys", [(210.0, False), (210.01, True)])
def test_in_the_money_where_the_next_day_is_not_covered(price, buys):
    """Nobody knows whether the next session is an ex-dividend day: read as one."""
    now = datetime.combine(IWM_LAST, datetime.min.time()).replace(hour=10)
    held = position(weekly_expiry=IWM_LAST + timedelta(days=4), leap_expiry=IWM_LAST + timedelta(days=400))
    found = managed(held, now, price=price)
    assert (isinstance(found, Manage) and found.intent.reason == "EX_DIVIDEND") is buys


# --- proposal -------------------------------------------------------------------------------------------------------

def proposed(leap_mid=44.0, weekly_strikes=(205, 206, 208, 210), weekly_mid=0.20, price=200.0, leap_strike=164,
             drop=()):
    leap = option(leap_strike, "C", LEAP, "IWM")
    weeklies = [option(strike, "C", WEEKLY, "IWM") for strike in weekly_strikes]
    quotes = exact_quotes(NOW, [(leap, leap_mid), *((weekly, weekly_mid) for weekly in weeklies)])
    for strike in drop:
        del quotes[option(strike, "C", WEEKLY, "IWM").id]
    selection = Select(strategy="ipmcc", underlying="IWM", contracts=(leap, *weeklies), facts={})
    return STRATEGY.propose(snapshot(price=price, quotes=quotes), make_view(), selection)


def weekly_of(proposal):
    shorts = [leg.contract.strike for leg in proposal.legs if leg.ratio < 0]
    return shorts[0] if shorts else None


@pytest.mark.parametrize("leap_mid, strike", [
    (41.99, 206.0),    # 164 + 41.99 = 205.99: and at least 3 % above 200
    (42.0, 208.0),     # above 206, not at it
    (44.0, 210.0), (46.0, None), (38.0, 206.0)])
def test_the_weekly_lies_above_3_percent_and_above_what_is_to_recover(leap_mid, strike):
    assert weekly_of(proposed(leap_mid)) == strike


@pytest.mark.parametrize("price, strike", [(200.0, 206.0), (200.01, 208.0), (199.0, 205.0), (198.0, 205.0)])
def test_three_percent_is_of_the_live_price(price, strike):
    assert weekly_of(proposed(38.0, price=price)) == strike


def test_without_a_bid_or_a_quote_there_is_no_weekly():
    assert weekly_of(proposed(38.0, weekly_mid=0.005)) is None
    assert weekly_of(proposed(38.0, drop=(206,))) is None


def test_debit_risk_and_count():
    both, alone = proposed(44.0), proposed(46.0)
    assert isinstance(both, Proposal)
    assert both.credit == pytest.approx(-43.80) and both.risk_usd == pytest.approx(4380.0 + 2.0)
    assert alone.credit == pytest.approx(-46.0) and alone.risk_usd == pytest.approx(4600.0 + 1.0)
    assert both.contract_cap == 5 and 0 < both.short_strike_probability_otm < 1
    assert alone.short_strike_probability_otm is None


def test_the_leap_needs_a_quote():
    selection = selected()
    assert STRATEGY.propose(snapshot(), make_view(), selection).code is Code.QUOTE_MISSING


# --- management -----------------------------------------------------------------------------------------------------

def position(weekly_strike=210, weekly_expiry=WEEKLY, leap_expiry=LEAP, cash=-4380.0, units=1, state=State.ACTIVE):
    legs = [HeldLeg(contract=option(164, "C", leap_expiry, "IWM"), quantity=units, average_price=44.0)]
    if weekly_strike:
        legs.append(HeldLeg(contract=option(weekly_strike, "C", weekly_expiry, "IWM"), quantity=-units,
                            average_price=0.50))
    return make_position(*legs, id="ipmcc/202407011000", strategy="ipmcc", underlying="IWM", units=units, state=state,
                         entry_price=-43.8, cash_flow_usd=cash * units, fees_usd=0.0, short_dte_at_entry=7)


def managed(held, now=NOW, following=None, price=200.0, mids=(), quotes=None, view=None, with_chain=True, **overrides):
    contracts = [leg.contract for leg in held.legs]
    found = model_quotes(contracts, price, now, flat(0.2)) | exact_quotes(now, mids) if quotes is None else quotes
    calendar = make_calendar(now.date(), next_session=following or now.date() + timedelta(days=1))
    listed = {"IWM": (make_chain("IWM", 200.0, now.date(), [now.date() + timedelta(days=day) for day in (1, 7, 8, 400)],
                                 range(140, 261), flat(0.2)),)} if with_chain else {}
    return STRATEGY.manage(snapshot(now, price, quotes=found, calendar=calendar, chains=listed, **overrides),
                           view or make_view(), held)


def test_nothing_to_do():
    assert managed(position()) == Hold()


@pytest.mark.parametrize("mid, rolls", [(0.10, True), (0.101, False)])
def test_rolls_at_80_percent_gained(mid, rolls):
    held = position()
    found = managed(held, mids=[(held.legs[1].contract, mid)])
    assert (found != Hold()) is rolls


def gained(new_bid, view=None, days=(1, 7, 8, 14, 400)):
    """A weekly at a fifth of what was taken for it, 4 days before its end; chain and quotes are there."""
    now, held = NOW + timedelta(days=3), position()
    listed = {"IWM": (make_chain("IWM", 200.0, now.date(), [now.date() + timedelta(days=day) for day in days],
                                 range(140, 261), flat(0.2)),)}
    old = held.legs[1].contract
    later = [option(strike, "C", now.date() + timedelta(days=day), "IWM") for day in days[:-1]
             for strike in range(206, 214)]
    quotes = exact_quotes(now, [(old, 0.10), (held.legs[0].contract, 44.0)], spread=0.04) | {
        contract.id: Quote(bid=new_bid, ask=new_bid + 0.05, time=now) for contract in later if contract != old}
    calendar = make_calendar(now.date(), next_session=now.date() + timedelta(days=1))
    found = snapshot(now, quotes=quotes, calendar=calendar, chains=listed)
    return STRATEGY.manage(found, view or make_view(), held)


@pytest.mark.parametrize("bid, rolls", [(0.13, True), (0.12, False)])
def test_an_early_roll_must_pay_even_at_the_natural_price(bid, rolls):
    found = gained(bid)
    assert isinstance(found, Manage) is rolls and (rolls or found == Hold(reason="NO_LATER_WEEKLY_PAYS"))


def test_a_roll_goes_to_a_later_expiry():
    """The weekly ends in 4 days and the next one in 8: only the later one is a roll, however near 7 the other is."""
    assert gained(0.5, days=(4, 8, 400)).intent.legs[1].contract.expiry == NOW.date() + timedelta(days=11)
    assert gained(0.5, days=(4, 400)) == Hold(reason="NO_LATER_WEEKLY_PAYS")


def test_no_early_roll_while_entries_are_halted():
    assert gained(0.5, make_view(mode=Mode.EXITS_ONLY)) == Hold()


@pytest.mark.parametrize("clock, urgency", [((14, 59), Urgency.WALK), ((15, 0), Urgency.NATURAL)])
def test_a_due_roll_goes_at_the_natural_price_in_the_last_hour(clock, urgency):
    held, now = position(), (NOW + timedelta(days=6)).replace(hour=clock[0], minute=clock[1])
    target = option(208, "C", now.date() + timedelta(days=7), "IWM")
    found = managed(held, now, mids=[(held.legs[1].contract, 0.05), (target, 0.40)])
    assert (found.intent.reason, found.intent.urgency) == ("ROLL_WEEKLY", urgency)
    alone = managed(held, now, view=make_view(mode=Mode.EXITS_ONLY))
    assert (alone.intent.reason, alone.intent.urgency) == ("BUY_BACK", urgency)


@pytest.mark.parametrize("left, following, rolls", [(2, 1, False), (1, 0, True), (3, 0, True), (2, 0, True)])
def test_rolls_in_the_last_session_with_a_day_left(left, following, rolls):
    now = NOW + timedelta(days=7 - left)
    held = position()
    found = managed(held, now, WEEKLY - timedelta(days=following), mids=[(held.legs[1].contract, 0.4)],
                    with_chain=False)
    assert isinstance(found, Select) is rolls
    if rolls:
        assert found.contracts == ()     # the chain is wanted first


def test_a_roll_asks_for_the_chain_then_for_quotes_then_goes_as_one_combo():
    now, held = NOW + timedelta(days=6), position()
    assert managed(held, now, with_chain=False).contracts == ()
    wanted = managed(held, now)
    assert isinstance(wanted, Select) and 1 < len(wanted.contracts) <= 5
    target = option(208, "C", now.date() + timedelta(days=7), "IWM")     # above 164 + 43.80 + what buying back costs
    assert target in wanted.contracts
    mids = [(held.legs[1].contract, 0.05), (target, 0.40)]
    found = managed(held, now, mids=mids)
    assert isinstance(found, Manage) and found.intent.reason == "ROLL_WEEKLY"
    assert [(leg.contract, leg.ratio) for leg in found.intent.legs] == [(held.legs[1].contract, 1), (target, -1)]
    assert found.intent.quantity == 1 and found.intent.urgency is Urgency.WALK


@pytest.mark.parametrize("cost, strike", [(0.19, 208.0), (0.20, 209.0), (1.19, 209.0), (1.21, 210.0)])
def test_what_buying_back_costs_must_be_recovered_too(cost, strike):
    held, now = position(), NOW + timedelta(days=6)
    wanted = managed(held, now, mids=[(held.legs[1].contract, cost)])
    assert option(strike, "C", now.date() + timedelta(days=7), "IWM") in wanted.contracts
    assert wanted.contracts[2].strike == strike


@pytest.mark.parametrize("fees, strike", [(0.0, 208.0), (9.0, 209.0)])
def test_fees_must_be_recovered_too(fees, strike):
    """164 and 43.95 paid: 207.95 with nothing else, 208.04 with nine dollars of fees."""
    held, now = position(cash=-4395.0 - fees), NOW + timedelta(days=6)
    held = replace(held, fees_usd=fees)
    wanted = managed(held, now, mids=[(held.legs[1].contract, 0.0)])
    assert wanted.contracts[2].strike == strike


def test_income_so_far_lowers_the_strike_but_never_below_the_leap_and_3_percent():
    now = NOW + timedelta(days=6)
    rich = position(cash=+500.0)
    assert managed(rich, now, mids=[(rich.legs[1].contract, 0.05)]).contracts[2].strike == 206.0


def test_bought_back_alone_where_no_strike_qualifies_or_pays():
    held, now = position(cash=-9_800.0), NOW + timedelta(days=6)
    found = managed(held, now)
    assert isinstance(found, Manage) and found.intent.reason == "BUY_BACK"
    assert [(leg.contract, leg.ratio) for leg in found.intent.legs] == [(held.legs[1].contract, 1)]


def test_on_its_last_day_it_is_bought_back_at_the_natural_price_with_nothing_else_known():
    found = managed(position(), NOW + timedelta(days=7), quotes={}, with_chain=False)
    assert (found.intent.reason, found.intent.urgency) == ("BUY_BACK", Urgency.NATURAL)


@pytest.mark.parametrize("view", [make_view(halted="operator"), make_view(mode=Mode.EXITS_ONLY),
                                  make_view(emergency=EmergencyLevel.YELLOW), make_view(breaker_level=2),
                                  make_view(quarantined=("X",))])
def test_where_entries_are_halted_a_roll_is_a_buy_back_and_nothing_is_sold(view):
    assert managed(position(), NOW + timedelta(days=6), view=view).intent.reason == "BUY_BACK"
    assert managed(position(weekly_strike=None), view=view) == Hold()


@pytest.mark.parametrize("vix, sells", [(None, False), (make_vix(35.0), True), (make_vix(35.01), False),
                                        (make_vix(31.0, entry_stopped=True), False)])
def test_nothing_is_sold_without_a_vix_or_above_its_stop(vix, sells):
    bare = managed(position(weekly_strike=None), vix=vix)
    assert isinstance(bare, Select) if sells else bare == Hold()
    due = managed(position(), NOW + timedelta(days=6), vix=vix)
    assert isinstance(due, Select) if sells else due.intent.reason == "BUY_BACK"


def test_a_bare_leap_sells_a_weekly():
    held = position(weekly_strike=None, units=3)
    wanted = managed(held)
    assert isinstance(wanted, Select) and wanted.contracts
    target = wanted.contracts[2]
    assert target.strike == 208.0
    found = managed(held, mids=[(contract, 0.3) for contract in wanted.contracts])
    assert found.intent.reason == "SELL_WEEKLY" and found.intent.quantity == 3
    assert [(leg.contract, leg.ratio) for leg in found.intent.legs] == [(target, -1)]
    dead = {target.id: Quote(bid=0.0, ask=0.05, time=NOW)}
    assert managed(held, quotes=dead) == Hold(reason="NO_WEEKLY_THIS_WEEK")


@pytest.mark.parametrize("price, buys", [(210.0, False), (210.01, True)])
def test_in_the_money_before_an_ex_dividend_day(price, buys):
    now = datetime(2024, 6, 10, 10, 0)     # IWM goes ex on 2024-06-11
    held = position(weekly_expiry=now.date() + timedelta(days=4), leap_expiry=now.date() + timedelta(days=400))
    found = managed(held, now, price=price)
    assert (isinstance(found, Manage) and found.intent.reason == "EX_DIVIDEND") is buys
    if buys:
        assert found.intent.urgency is Urgency.NATURAL and len(found.intent.legs) == 1
    later = datetime(2024, 6, 11, 10, 0)
    assert getattr(managed(held, later, price=price), "intent", None) is None


@pytest.mark.parametrize("left, following, rolls", [(91, 90, False), (90, 89, True), (92, 89, True)])
def test_the_leap_is_rolled_at_90_days(left, following, rolls):
    end = TODAY + timedelta(days=left)
    held = position(weekly_strike=None, leap_expiry=end, cash=0.0)
    found = managed(held, following=end - timedelta(days=following), with_chain=False)
    assert isinstance(found, Select)     # a bare LEAP wants the chain for its weekly anyhow
    covered = position(weekly_strike=230, leap_expiry=end)
    found = managed(covered, following=end - timedelta(days=following), mids=[(covered.legs[1].contract, 0.4)])
    assert isinstance(found, Select) is rolls
    if rolls:
        assert found.contracts[2].expiry == LEAP and found.contracts[2].strike == 168.0


def leap_roll(free):
    held = position(weekly_strike=230, leap_expiry=TODAY + timedelta(days=90))
    new = option(168, "C", LEAP, "IWM")
    mids = [(held.legs[0].contract, 36.0), (held.legs[1].contract, 0.4), (new, 41.0)]
    return managed(held, mids=mids, account=make_account(10_000.0, buying_power_used=10_000.0 - free))


def test_the_leap_roll_is_one_combo_that_the_account_can_pay():
    found = leap_roll(500.0)
    assert isinstance(found, Manage) and found.intent.reason == "ROLL_LEAP"
    assert [(leg.contract.strike, leg.ratio) for leg in found.intent.legs] == [(164.0, -1), (168.0, 1)]
    closed = leap_roll(499.99)
    assert isinstance(closed, Exit) and closed.intent.reason == "ROLL_IMPOSSIBLE"


def test_a_short_call_without_its_leap_is_closed():
    held = position()
    found = managed(replace(held, legs=held.legs[1:]))
    assert isinstance(found, Exit) and found.intent.urgency is Urgency.NATURAL and found.intent.reason == "NAKED_SHORT"


@pytest.mark.parametrize("state", [State.ENTERING, State.MANAGING, State.EXITING, State.DEFENSIVE_EXIT, State.ERROR])
def test_other_states_decide_nothing(state):
    assert isinstance(managed(position(state=state), NOW + timedelta(days=7)), Hold)


def test_spec_is_the_table_of_the_specification():
    assert dict(IPMCC.max_open) == {1: 1, 2: 1, 3: 2, 4: 2} and IPMCC.max_capital_share == 0.08
    assert IPMCC.underlyings == ("SPY", "QQQ", "IWM", "AAPL", "MSFT")
