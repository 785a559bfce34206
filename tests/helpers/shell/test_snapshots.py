"""Snapshots and views: what the account is worth, whose margin counts, what stops entries, what is asked of the gateway."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Collection, Iterable, Mapping

import pytest

from config.availability import NO_CHAIN
from config.calendars import CONTINUED
from config.run_parameters import parse
from core.codes import RefusalCode
from core.errors import CannotCompute
from core.model import CalendarFacts, Chain, Contract, ContractKind, HeldLeg, Position, Quote, Right, State, Underlying
from helpers.shell.components import Components, build
from helpers.shell.snapshots import SnapshotBuilder, with_indices
from strategies import ALL
from tests.builders import FRIDAY, make_calendar, make_contract, make_position, make_quote, make_underlying
from tests.builders_chains import make_chain
from tests.strategies.worlds import shares_of

THURSDAY = date(2024, 7, 25)
SEPTEMBER, DECEMBER = date(2024, 9, 20), date(2024, 12, 20)
SHORT = make_contract(500.0, Right.PUT, date(2024, 11, 15))
LONG = make_contract(495.0, Right.PUT, date(2024, 11, 15))
FUTURE_PUT = make_contract(5000.0, Right.PUT, date(2024, 8, 30), "/MES", kind=ContractKind.FUTURE_OPTION, multiplier=5.0,
                           future_expiry=SEPTEMBER)


def closes_until(last: date) -> list[tuple[date, float]]:
    return [(last - timedelta(days=ahead), 16.0 + ahead % 5) for ahead in range(400, -1, -1)]


@dataclass
class Market:
    """A gateway by its port: what it is told to know, and what it was asked."""

    cash: float = 60_000.0
    subscribed: tuple[Contract, ...] = ()
    facts: CalendarFacts = field(default_factory=make_calendar)
    quotes: dict[Contract, Quote] = field(default_factory=dict)
    held: dict[Contract, int] = field(default_factory=dict)
    others: float = 0.0
    listed: dict[str, tuple[str, date]] = field(default_factory=dict)
    unpriced: set[str] = field(default_factory=set)
    chainless: set[str] = field(default_factory=set)
    vix_closes: list[tuple[date, float]] = field(default_factory=lambda: closes_until(THURSDAY))
    print: tuple[float, datetime] | None = (17.0, FRIDAY)
    asked: list[Any] = field(default_factory=list)

    def calendar(self) -> CalendarFacts:
        return self.facts

    def add_underlying(self, ticker: str) -> None:
        self.asked.append(("add", ticker))

    def underlying(self, ticker: str, *, intraday: bool = False) -> Underlying | None:
        self.asked.append((ticker, intraday))
        return None if ticker in self.unpriced else make_underlying(ticker, 544.0)

    def price(self, ticker: str) -> float:
        self.asked.append(("price", ticker))
        return 544.0

    def has_price(self, ticker: str) -> bool:
        self.asked.append(("has", ticker))
        return ticker not in self.unpriced

    def last_print(self, ticker: str) -> tuple[float, datetime] | None:
        return self.print

    def daily_closes(self, ticker: str) -> list[tuple[date, float]]:
        self.asked.append(("closes", ticker))
        return self.vix_closes

    def months(self) -> dict[str, tuple[str, date]]:
        return self.listed

    def future(self, ticker: str, expiry: date) -> Underlying:
        return make_underlying(ticker, 5_500.0, future_expiry=expiry)

    def future_price(self, ticker: str, expiry: date) -> float:
        return 5_500.0

    def follow_futures(self, held: Mapping[str, Collection[date]]) -> None:
        self.asked.append(("months", {ticker: set(expiries) for ticker, expiries in held.items()}))

    def chains(self, ticker: str) -> tuple[Chain, ...]:
        if ticker in self.chainless:
            return ()
        kind = ContractKind.FUTURE_OPTION if ticker.startswith("/") else ContractKind.EQUITY_OPTION
        return (make_chain(ticker, expiries=(date(2024, 8, 23),), strikes=(540.0, 544.0, 550.0), kind=kind),)

    def quote(self, contract: Contract) -> Quote | None:
        return self.quotes.get(contract)

    def holdings(self) -> dict[Contract, int]:
        return self.held

    def subscribed_holdings(self) -> dict[Contract, int]:
        return self.held

    def others_value(self) -> float:
        return self.others


class Builder:
    """A builder over the real managers and a market."""

    def __init__(self, *positions: Position, tickers: Iterable[str] = ("SPY", "VIX"), phase: int = 4,
                 dates: str | None = None, **market: Any) -> None:
        self.market = Market(**market)
        own = {} if dates is None else {"dates": dates}
        run = parse({"cash": "65000", "starting_phase": str(phase)} | own, live=False)
        self.parts: Components = build(run, ALL).with_executor(SimpleNamespace(halted_by=()))
        self.parts.blind = None
        for position in positions:
            self.parts.states.open(replace(position, state=State.WAITING), FRIDAY)
            self.parts.states._positions[position.id] = position
        self.builder = SnapshotBuilder(self.market, self.parts, run, tuple(tickers))
        self.parts.vix.load_history(self.market.vix_closes)


def spread(**overrides: Any) -> Position:
    return make_position(HeldLeg(contract=SHORT, quantity=-2, average_price=4.0),
                         HeldLeg(contract=LONG, quantity=2, average_price=3.4), **{"units": 2} | overrides)


QUOTED = {SHORT: make_quote(4.00, 4.20), LONG: make_quote(3.40, 3.60)}
HELD = {SHORT: -2, LONG: 2}


# --- what the account is worth


def test_equity_is_cash_what_is_held_at_its_mids_and_the_owners_own() -> None:
    shares = shares_of("SPY")
    world = Builder(spread(), subscribed=(SHORT, LONG), quotes=QUOTED | {shares: make_quote(544.0, 544.2)},
                    held=HELD | {shares: 10}, others=1_234.0)
    account = world.builder.snapshot(FRIDAY).account
    assert account.cash == 60_000.0
    assert account.equity == pytest.approx(60_000.0 + 1_234.0 + 200 * (3.50 - 4.10) + 10 * 544.1)


def test_without_a_quote_of_what_is_held_the_account_has_no_value_and_exits_see_the_last() -> None:
    world = Builder(spread(), subscribed=(SHORT, LONG), quotes={SHORT: QUOTED[SHORT]}, held=HELD)
    with pytest.raises(CannotCompute, match="never had a quote") as problem:
        world.builder.snapshot(FRIDAY)
    assert problem.value.facts["contract"] == LONG.id
    seen = world.builder.unvalued(FRIDAY)
    assert seen.account.equity == 65_000.0 and set(seen.quotes) == {SHORT.id} and len(seen.positions) == 1
    assert seen.holdings == {SHORT.id: -2, LONG.id: 2}


def test_a_debt_on_a_dead_quote_is_worth_no_less_than_its_exercise() -> None:
    dead = make_contract(560.0, Right.PUT, date(2024, 8, 16))
    held = make_position(HeldLeg(contract=dead, quantity=-1, average_price=20.0))
    world = Builder(held, subscribed=(dead,), quotes={dead: make_quote(1.0, 0.0)}, held={dead: -1})
    assert world.builder.snapshot(FRIDAY).account.equity == pytest.approx(60_000.0 - 100 * 16.0)


@pytest.mark.parametrize("state, counts", [(State.ACTIVE, True), (State.MANAGING, True), (State.EXITING, True),
                                           (State.ENTERING, False), (State.ERROR, True)])
def test_an_entry_half_filled_is_margined_by_its_reservation_alone(state: State, counts: bool) -> None:
    """One leg is told before the other: what is held for a moment looks like a naked short."""
    naked = make_position(HeldLeg(contract=SHORT, quantity=-2, average_price=4.0), state=state)
    world = Builder(naked, subscribed=(SHORT,), quotes=QUOTED, held={SHORT: -2})
    used = world.builder.snapshot(FRIDAY).account.buying_power_used
    assert used > 5_000.0 if counts else used == 0.0


def test_what_protection_made_stands_beside_the_accounts_value() -> None:
    rung = make_contract(440.0, Right.PUT, date(2026, 1, 16))
    held = make_position(HeldLeg(contract=rung, quantity=3, average_price=12.0), id="leap_put_ladder/1",
                         strategy="leap_put_ladder", cash_flow_usd=-3_600.0)
    world = Builder(spread(), held, subscribed=(SHORT, LONG, rung), quotes=QUOTED | {rung: make_quote(13.0, 13.2)},
                    held=HELD | {rung: 3})
    account = world.builder.snapshot(FRIDAY).account
    assert account.protection == pytest.approx(3 * 100 * 13.1 - 3_600.0)
    world.parts.book.protection_day_start = 100.0
    assert world.builder.snapshot(FRIDAY).account.protection_day_start == 100.0
    del world.market.held[rung], world.market.quotes[rung]      # it expired, and its position has not been told yet
    assert world.builder.snapshot(FRIDAY).account.protection == pytest.approx(-3_600.0)


# --- what a snapshot shows


def test_a_refusal_of_the_vix_stands_in_its_place() -> None:
    stale = Builder(print=(17.0, FRIDAY - timedelta(minutes=20)))
    seen = stale.builder.snapshot(FRIDAY)
    assert seen.vix is None and seen.vix_refusal.code is RefusalCode.VIX_STALE
    fresh = Builder().builder.snapshot(FRIDAY)
    assert fresh.vix_refusal is None and fresh.vix.value == 17.0


def test_outside_the_session_an_old_print_of_the_vix_will_do() -> None:
    world = Builder(print=(17.0, FRIDAY - timedelta(minutes=20)), facts=make_calendar(session_open=None, session_close=None))
    assert world.builder.snapshot(FRIDAY).vix.value == 17.0


@pytest.mark.parametrize("clock, open_now", [((9, 29), False), ((9, 30), True), ((16, 0), True), ((16, 1), False)])
def test_the_session_holds_both_its_ends(clock: tuple[int, int], open_now: bool) -> None:
    assert Builder().builder.in_session(FRIDAY.replace(hour=clock[0], minute=clock[1])) is open_now


def test_the_users_own_dates_stand_in_the_calendar() -> None:
    later = CONTINUED["earnings"]["AAPL"][-1] + timedelta(weeks=13)
    world = Builder(dates=f"earnings AAPL {later}")
    assert world.builder.snapshot(FRIDAY).calendar.announced["earnings"]["AAPL"] == (later,)


def test_the_vix_history_is_read_until_it_holds_the_last_session() -> None:
    world = Builder(vix_closes=closes_until(THURSDAY - timedelta(days=1)))
    for _ in range(2):
        world.builder.read_vix(FRIDAY)
    world.market.vix_closes = closes_until(THURSDAY)
    for _ in range(3):
        world.builder.read_vix(FRIDAY)
    assert world.market.asked.count(("closes", "VIX")) == 3
    world.market.facts = make_calendar(date(2024, 7, 29), previous_session=FRIDAY.date())
    world.builder.read_vix(FRIDAY + timedelta(days=3))
    assert world.market.asked.count(("closes", "VIX")) == 4


def test_underlyings_are_named_at_once_and_built_when_asked_for() -> None:
    world = Builder(tickers=("SPY", "QQQ", "/MES", "VIX"), unpriced={"QQQ"}, listed={"/MES@240920": ("/MES", SEPTEMBER)})
    seen = world.builder.snapshot(FRIDAY, intraday=("SPY",))
    assert list(seen.underlyings) == ["SPY", "VIX", "/MES@240920"]
    assert ("SPY", True) not in world.market.asked
    assert seen.price("SPY") == 544.0 and ("SPY", True) not in world.market.asked
    assert seen.underlyings["SPY"].price == 544.0 and seen.underlyings["VIX"].price == 544.0
    assert ("SPY", True) in world.market.asked and ("VIX", False) in world.market.asked
    assert seen.underlyings["/MES@240920"].future_expiry == SEPTEMBER and seen.price("/MES@240920") == 5_500.0


def test_what_had_a_price_today_is_not_asked_about_again_until_tomorrow() -> None:
    world = Builder(unpriced={"SPY"})
    assert "SPY" not in list(world.builder.snapshot(FRIDAY).underlyings)
    world.market.unpriced.clear()
    for _ in range(3):
        assert list(world.builder.snapshot(FRIDAY).underlyings) == ["SPY", "VIX"]
    assert world.market.asked.count(("has", "SPY")) == 2
    list(world.builder.snapshot(FRIDAY + timedelta(days=3)).underlyings)
    assert world.market.asked.count(("has", "SPY")) == 3


def test_months_that_come_are_seen_in_the_next_snapshot() -> None:
    world = Builder(tickers=("SPY", "/MES"))
    assert list(world.builder.snapshot(FRIDAY).underlyings) == ["SPY"]
    world.market.listed = {"/MES@240920": ("/MES", SEPTEMBER)}
    assert list(world.builder.snapshot(FRIDAY).underlyings) == ["SPY", "/MES@240920"]


def test_contracts_subscribed_since_have_quotes_in_the_next_snapshot() -> None:
    world = Builder(quotes=QUOTED, subscribed=(SHORT,))
    assert set(world.builder.snapshot(FRIDAY).quotes) == {SHORT.id}
    world.market.subscribed = (SHORT, LONG)
    assert world.builder.snapshot(FRIDAY).quotes[LONG.id] == QUOTED[LONG]


def test_chains_are_given_of_underlyings_of_the_run_alone() -> None:
    world = Builder(tickers=("SPY", "VIX"))
    seen = world.builder.with_chains(world.builder.snapshot(FRIDAY), ("SPY", "QQQ"))
    assert set(seen.chains) == {"SPY"} and seen.chains["SPY"][0].underlying == "SPY"


# --- mornings


def test_in_the_morning_the_months_of_what_is_held_are_followed_in_any_phase() -> None:
    held = make_position(HeldLeg(contract=FUTURE_PUT, quantity=-1, average_price=20.0), id="futures_strangle/1",
                         strategy="futures_strangle", underlying="/MES")
    world = Builder(held, tickers=("SPY", "VIX", "/CL", "/MCL"), phase=2)
    world.builder.morning(FRIDAY)
    (_, followed), = [row for row in world.market.asked if row[0] == "months"]
    assert followed["/MES"] == {SEPTEMBER} and followed["/MCL"] == set() and "/CL" not in followed


def test_products_without_a_chain_are_absent_until_there_is_one_and_never_again() -> None:
    world = Builder(tickers=("SPY", "VIX", "/MCL", "/MGC"), phase=2)
    world.market.chainless = {"/MCL", "/MGC"}
    world.builder.morning(FRIDAY)
    assert world.parts.absent == {"/MCL": NO_CHAIN, "/MGC": NO_CHAIN}
    assert world.builder.view().absent == {"/MCL", "/MGC"}
    world.market.chainless = {"/MCL"}
    world.builder.morning(FRIDAY)
    assert world.parts.absent == {"/MCL": NO_CHAIN}
    world.market.chainless = {"/MCL", "/MGC"}
    world.builder.morning(FRIDAY)
    assert world.parts.absent == {"/MCL": NO_CHAIN}, "a day without a chain is a refusal of that day"


def test_in_the_morning_volatilities_without_an_index_are_kept_from_the_chain() -> None:
    world = Builder(tickers=("SPY", "MSFT", "/MES"), unpriced={"MSFT"})
    world.builder.morning(FRIDAY)
    assert world.parts.iv_record.history("MSFT", THURSDAY) is None
    world.market.unpriced.clear()
    world.builder.morning(FRIDAY)
    found = world.parts.iv_record.history("MSFT", THURSDAY)
    assert found is not None and found.samples == 1 and 0.10 < found.current < 0.30
    assert [world.parts.iv_record.history(ticker, THURSDAY) for ticker in ("SPY", "/MES")] == [None, None]


def test_underlyings_of_positions_of_a_strategy_that_is_off_are_followed_once() -> None:
    world = Builder(tickers=("SPY", "VIX"))
    world.builder.follow(["SPY", "QQQ"])
    world.builder.follow(["QQQ"])
    added = [ticker for kind, ticker in world.market.asked if kind == "add"]
    assert added == [ticker for ticker in with_indices(["QQQ"]) if ticker != "SPY"]
    assert "QQQ" in world.builder.snapshot(FRIDAY).underlyings


# --- the view of the gate


@pytest.mark.parametrize("why, reason", [("book", "the operator"), ("blind", "no VIX"), ("unsaved", "disk full"),
                                         ("executor", "order lt112/1:ENTRY:1")])
def test_each_of_four_halts_entries_with_its_reason(why: str, reason: str) -> None:
    world = Builder()
    assert world.builder.view().halted is None
    if why == "book":
        world.parts.book.halted = reason
    elif why == "executor":
        world.parts.executor.halted_by = (reason.removeprefix("order "),)
    else:
        setattr(world.parts, why, reason)
    assert world.builder.view().halted == reason


def test_a_view_before_the_first_day_counts_no_day_trades() -> None:
    world = Builder()
    world.parts.ledger.mark(THURSDAY, 65_000.0)
    assert world.parts.book.day is None and world.builder.view().day_trades == 0


def test_the_view_shows_the_managers_own_facts() -> None:
    world = Builder(spread(state=State.ENTERING))
    parts = world.parts
    parts.book.quarantined, parts.book.entries, parts.book.last_entry = ("X",), 2, FRIDAY
    parts.book_closing, parts.excess_spy_delta = True, -12.0
    view = world.builder.view()
    assert view.pending == {"lt112": "SPY"} and view.quarantined == ("X",)
    assert (view.entries_today, view.last_entry, view.book_closing, view.excess_spy_delta) == (2, FRIDAY, True, -12.0)
    assert view.breaker_level == parts.breakers.report.level and view.emergency is parts.emergency.report.level
    assert set(view.samples) == set(view.enabled)
