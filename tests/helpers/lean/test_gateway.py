"""The gateway on the embedded engine: what it reads of a market, a clock, chains, an account; nothing of LEAN leaves it."""
from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from config.constants import FOLLOWED_FUTURE_DAYS
from core.errors import CannotCompute, GatewayError
from core.model import Contract, ContractKind, Leg, Right
from tests.helpers.lean.engine_world import World
from tests.scenarios.test_strangle_weeks import data as strangle_data

FRIDAY = date(2024, 7, 26)
PUT = Contract(underlying="SPY", expiry=FRIDAY, strike=550.0, right=Right.PUT)
LOWER = Contract(underlying="SPY", expiry=FRIDAY, strike=545.0, right=Right.PUT)
LATER = Contract(underlying="SPY", expiry=date(2024, 8, 16), strike=550.0, right=Right.PUT)
SHARES = Contract(underlying="SPY", expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY,
                  multiplier=1.0)
SEPTEMBER = date(2024, 9, 19)


def at(hour: int, minute: int, day: date = FRIDAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A Friday with SPY and VIX, at ten."""
    made = World(tmp_path, "2024-07-26", "2024-07-26")
    made.until(at(10, 0))
    return made


def bought(world: World, contract: Contract = PUT, quantity: int = 2) -> None:
    """``quantity`` contracts are held a few minutes later."""
    world.gateway.subscribe([contract])
    world.until(world.algorithm.time + timedelta(minutes=2))
    world.gateway.submit((Leg(contract=contract, ratio=1),), quantity, 50.0, "test#1")
    world.until(world.algorithm.time + timedelta(minutes=2))
    assert world.gateway.holding(contract) == quantity


# --- the clock


def test_a_session_is_told_by_the_exchanges_hours(world: World) -> None:
    facts = world.gateway.calendar()
    assert (facts.today, facts.session_open, facts.session_close) == (FRIDAY, at(9, 30), at(16, 0))
    assert (facts.previous_session, facts.next_session) == (date(2024, 7, 25), date(2024, 7, 29))
    assert facts.sessions_ahead[:2] == (date(2024, 7, 29), date(2024, 7, 30)) and world.gateway.calendar() is facts


def test_each_day_has_its_own_facts_and_a_saturday_no_session(tmp_path: Path) -> None:
    thursday, friday, saturday = (date(2024, 7, day) for day in (18, 19, 20))
    world = World(tmp_path, "2024-07-18", "2024-07-22")
    assert world.until(at(10, 0, thursday)).calendar().today == thursday
    assert world.until(at(10, 0, friday)).calendar().today == friday
    facts = world.until(at(10, 0, saturday)).calendar()
    assert (facts.session_open, facts.session_close, facts.previous_session) == (None, None, friday)


def test_an_order_rests_until_the_close_of_the_session_that_is_open(world: World) -> None:
    assert world.gateway.session_close(PUT, at(10, 0)) == at(16, 0)
    world.until(at(16, 30))
    assert world.gateway.session_close(PUT, at(16, 30)) is None


# --- prices


def test_an_underlying_is_read_with_yesterdays_close_and_the_vix_as_its_volatility(world: World) -> None:
    spy = world.gateway.underlying("SPY")
    assert spy.price == world.gateway.price("SPY") == float(world.algorithm.securities["SPY"].price)
    assert spy.bid < spy.price < spy.ask and spy.quote_time == at(10, 0)
    assert spy.last_close == 558.2 and world.gateway.daily_closes("SPY")[-1] == (date(2024, 7, 25), 558.2)
    assert spy.iv.current == pytest.approx(world.gateway.price("VIX") / 100.0) and spy.iv.samples == 252
    assert spy.open_price is None and spy.indicators.vwap is None and spy.indicators.ema50 is not None


def test_the_session_so_far_is_read_only_when_asked_for(world: World) -> None:
    spy = world.gateway.underlying("SPY", intraday=True)
    assert spy.open_price == 558.5 and 550.0 < spy.indicators.vwap < 565.0
    assert spy.indicators.atr14 == world.gateway.underlying("SPY").indicators.atr14


def test_before_the_first_print_there_is_no_price(tmp_path: Path) -> None:
    gateway = World(tmp_path, "2024-07-26", "2024-07-26").until(at(9, 0))
    assert gateway.underlying("SPY") is None and not gateway.has_price("SPY")
    assert gateway.last_print("VIX") is None and gateway.vix() is None and gateway.price_under(PUT) is None
    assert gateway.quote(SHARES) is None


def test_times_are_new_yorks_whatever_zone_the_exchange_keeps(world: World) -> None:
    assert world.algorithm.securities["VIX"].local_time == at(9, 0), "Chicago"
    value, time = world.gateway.last_print("VIX")
    assert time == at(10, 0) and value == world.gateway.vix() == world.gateway.price("VIX")


def test_without_its_index_an_underlying_has_no_volatility_history(tmp_path: Path) -> None:
    gateway = World(tmp_path, "2024-07-26", "2024-07-26", tickers=("SPY",)).until(at(10, 0))
    assert gateway.underlying("SPY").iv is None


def test_daily_bars_that_are_not_there_cannot_be_computed_from(tmp_path: Path) -> None:
    gateway = World(tmp_path, "2024-07-26", "2024-07-26", tickers=("SPY", "VIX", "QQQ")).until(at(10, 0))
    assert not gateway.has_price("QQQ") and gateway.has_price("SPY")
    with pytest.raises(CannotCompute, match="no daily history"):
        gateway.daily_closes("QQQ")


def test_an_underlying_without_daily_bars_has_no_price_yet(world: World) -> None:
    daily = world.gateway._daily
    known, daily._read = daily._read, lambda ticker: known(ticker).iloc[:0]
    assert not world.gateway.has_price("SPY")
    daily._read = known
    assert not world.gateway.has_price("SPY"), "asked for again after five minutes"
    assert world.until(at(10, 5)).has_price("SPY")


# --- subscriptions and quotes


def test_a_contract_has_a_quote_from_its_next_bar_on(world: World) -> None:
    gateway = world.gateway
    assert gateway.quote(PUT) is None, "nobody asked for it"
    gateway.subscribe([PUT, LATER, SHARES, PUT])
    assert gateway.subscribed == (PUT, LATER) and gateway.quote(PUT) is None
    world.until(at(10, 2))
    quote = gateway.quote(PUT)
    assert 0.0 < quote.bid < quote.ask and quote.time == at(10, 2)
    kept = gateway.subscribed
    gateway.subscribe([PUT])
    assert gateway.subscribed is kept


def test_a_side_that_nobody_quotes_is_zero(world: World) -> None:
    worthless = Contract(underlying="SPY", expiry=FRIDAY, strike=480.0, right=Right.PUT)
    world.gateway.subscribe([worthless])
    quote = world.until(at(15, 55)).last_quote(worthless)
    assert quote is not None and quote.bid == 0.0 < quote.ask


def test_shares_are_quoted_without_being_subscribed_as_contracts(world: World) -> None:
    quote = world.gateway.quote(SHARES)
    assert quote.bid < quote.ask and quote.time == at(10, 0) and world.gateway.subscribed == ()


def test_a_flat_contract_is_let_go_and_a_held_one_never(world: World) -> None:
    bought(world)
    world.gateway.subscribe([LOWER])
    with pytest.raises(GatewayError, match="held") as refused:
        world.gateway.unsubscribe([LATER, PUT])
    assert refused.value.facts == {"contract": PUT.id, "quantity": 2}
    assert world.gateway.holding(PUT) == 2 and world.gateway.subscribed == (PUT, LOWER)
    world.until(at(10, 8))
    let_go = world.algorithm.securities[world.gateway._symbols.symbol(LOWER)]
    assert let_go.is_tradable and world.gateway.quote(LOWER).time == at(10, 8)
    world.gateway.unsubscribe([LOWER])
    assert world.gateway.subscribed == (PUT,) and world.gateway.quote(LOWER) is None and not let_go.is_tradable
    world.until(at(10, 10))
    assert world.gateway.quote(PUT).time == at(10, 10)


@pytest.mark.parametrize("contract", [
    PUT, Contract(underlying="SPY", expiry=LATER.expiry, strike=560.0, right=Right.CALL),
    Contract(underlying="VIX", expiry=date(2024, 8, 21), strike=20.0, right=Right.CALL, root="VIX",
             kind=ContractKind.INDEX_OPTION),
    Contract(underlying="VIX", expiry=date(2024, 8, 7), strike=20.0, right=Right.PUT, root="VIXW",
             kind=ContractKind.INDEX_OPTION),
    Contract(underlying="/CL", expiry=date(2024, 9, 17), strike=75.0, right=Right.PUT, multiplier=1000.0,
             kind=ContractKind.FUTURE_OPTION, future_expiry=SEPTEMBER), SHARES], ids=lambda contract: contract.id)
def test_a_contract_is_the_same_by_leans_symbol(world: World, contract: Contract) -> None:
    from helpers.lean.symbols import SymbolBook
    names = world.gateway._symbols
    symbol = names.symbol(contract)
    assert names.symbol(contract) is symbol and names.contract(symbol) is contract
    if contract.kind is not ContractKind.EQUITY:
        assert (symbol.id.option_style == 1) is (contract.kind is ContractKind.INDEX_OPTION), "European"
    fresh = SymbolBook()
    fresh.underlyings = names.underlyings
    assert fresh.contract(symbol) == contract


# --- chains


def test_a_chain_holds_the_rows_of_the_session_before_and_is_read_once_a_day(world: World) -> None:
    (chain,) = world.gateway.chains("SPY")
    assert (chain.underlying, chain.as_of, chain.underlying_close) == ("SPY", date(2024, 7, 25), 558.2)
    assert not chain.is_names_only and chain.kind is ContractKind.EQUITY_OPTION
    row = next(row for row in range(len(chain)) if chain.contract(row) == LATER)
    assert -1.0 < chain.delta[row] < 0.0 < chain.iv[row] and chain.price[row] > 0.0
    assert world.gateway.chains("SPY")[0] is chain and world.gateway.drain_notes() == ()


def test_a_chain_that_lean_has_nothing_of_is_empty(world: World) -> None:
    assert world.gateway.chains("VIX") == ()


# --- futures


@pytest.fixture
def oil(tmp_path: Path) -> World:
    """A Wednesday with crude oil, before its months are followed."""
    made = World(tmp_path, "2024-07-31", "2024-08-01", tickers=("SPY", "VIX", "OVX", "/CL"), data_folder=strangle_data())
    made.until(at(9, 45, date(2024, 7, 31)))
    return made


def test_months_whose_options_could_be_sold_are_followed_and_named_once_they_have_a_price(oil: World) -> None:
    gateway = oil.gateway
    gateway.follow_futures({"/CL": set()})
    assert gateway.months() == {}
    followed, (first, last) = set(gateway._months.of("/CL")), FOLLOWED_FUTURE_DAYS
    assert followed and all(first <= (expiry - date(2024, 7, 31)).days <= last for expiry in followed)
    oil.until(at(9, 50, date(2024, 7, 31)))
    months = gateway.months()
    assert months and gateway.months() is months and {expiry for _, expiry in months.values()} == followed
    key, (ticker, expiry) = next(iter(months.items()))
    assert key == f"/CL@{expiry:%y%m%d}" and ticker == "/CL"
    month = gateway.future(ticker, expiry)
    assert month.price == gateway.future_price(ticker, expiry) > 0.0 and month.future_expiry == expiry
    assert month.quote_time <= at(9, 50, date(2024, 7, 31)) and month.last_close == pytest.approx(month.price, rel=0.05)


def test_months_of_options_that_are_held_are_followed_however_near_their_end(oil: World) -> None:
    near = min(oil.gateway._day_chains.futures("/CL", oil.gateway._symbols.underlyings["/CL"]))
    assert (near - date(2024, 7, 31)).days < FOLLOWED_FUTURE_DAYS[0]
    oil.gateway.follow_futures({"/CL": {near}})
    oil.until(at(9, 50, date(2024, 7, 31)))
    assert near in {expiry for _, expiry in oil.gateway.months().values()}


def test_a_month_without_a_price_is_no_underlying(oil: World) -> None:
    oil.gateway.follow_futures({"/CL": set()})
    expiry = next(iter(oil.gateway._months.of("/CL")))
    with pytest.raises(GatewayError, match="without a price"):
        oil.gateway.future("/CL", expiry)


def test_chains_of_futures_know_their_month_and_its_close(oil: World) -> None:
    oil.gateway.follow_futures({"/CL": set()})
    chains = oil.gateway.chains("/CL")
    assert chains and {chain.kind for chain in chains} == {ContractKind.FUTURE_OPTION}
    for chain in chains:
        assert chain.future_expiry in oil.gateway._months.of("/CL")
        assert chain.underlying_close == oil.gateway._months.last_close("/CL", chain.future_expiry)


def test_an_option_on_a_future_is_quoted_and_priced_by_its_own_month(oil: World) -> None:
    oil.gateway.follow_futures({"/CL": set()})
    chain = oil.gateway.chains("/CL")[0]
    near_money = min(range(len(chain)), key=lambda row: abs(chain.strike[row] - chain.underlying_close))
    contract = chain.contract(near_money)
    oil.gateway.subscribe([contract])
    oil.until(at(10, 0, date(2024, 7, 31)))
    assert oil.gateway.price_under(contract) == oil.gateway.future_price("/CL", contract.future_expiry)
    assert oil.gateway.last_quote(contract).ask > 0.0
    assert oil.gateway.session_close(contract, at(10, 0, date(2024, 7, 31))) == at(16, 0, date(2024, 7, 31))


# --- the account


def test_the_account_is_cash_and_what_is_held(world: World) -> None:
    assert world.gateway.cash == world.gateway.account_value() == 100_000.0
    world.gateway.subscribe([PUT])
    world.until(at(10, 1))
    assert world.gateway.holdings() == {} and world.gateway.average_price(PUT) is None
    bought(world)
    paid = world.gateway.average_price(PUT)
    assert world.gateway.cash == pytest.approx(100_000.0 - 200 * paid - 2.0)
    assert world.gateway.holdings() == world.gateway.subscribed_holdings() == {PUT: 2}
    assert world.gateway.others_value() == 0.0


def test_shares_of_an_underlying_are_our_own_and_other_contracts_the_owners(world: World) -> None:
    algorithm = world.algorithm
    algorithm.market_order("SPY", 10)
    other = algorithm.add_option_contract(world.gateway._symbols.symbol(LATER)).symbol
    world.until(at(10, 6))
    algorithm.market_order(other, 3)
    world.until(at(10, 12))
    assert world.gateway.holdings() == {SHARES: 10, LATER: 3}
    assert world.gateway.subscribed_holdings() == {SHARES: 10}
    worth = float(algorithm.portfolio[other].holdings_value)
    assert worth > 0.0 and world.gateway.others_value() == pytest.approx(worth)
    world.gateway.subscribe([LATER])
    assert world.gateway.others_value() == 0.0 and world.gateway.subscribed_holdings() == {SHARES: 10, LATER: 3}


@pytest.mark.parametrize("own, alone, spread", [(True, -60, -400), (False, 0, 0)])
def test_whose_margin_counts_is_the_runs_choice(tmp_path: Path, own: bool, alone: int, spread: int) -> None:
    """Sixty naked puts, and spreads that can lose 200,000, on 100,000: LEAN's own margin would have neither."""
    world = World(tmp_path, "2024-07-26", "2024-07-26", own_margin=own)
    world.until(at(10, 0))
    world.gateway.subscribe([PUT, LOWER, LATER])
    world.until(at(10, 6))
    world.gateway.submit((Leg(contract=LATER, ratio=-1),), 60, -0.05, "test#1")
    world.gateway.submit((Leg(contract=PUT, ratio=-1), Leg(contract=LOWER, ratio=1)), 400, -0.01, "test#2")
    world.until(at(10, 12))
    assert [world.gateway.holding(contract) for contract in (LATER, PUT, LOWER)] == [alone, spread, -spread]
    import AlgorithmImports as lean
    assert world.algorithm.portfolio.margin_call_model is lean.MarginCallModel.NULL, "LEAN closes nothing by itself"
