"""Filters over chains; what they leave was compared with LEAN's own on its sample chains."""
from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.engine.enums import Market, OptionRight, OptionStyle, SecurityType
from local.engine.errors import ArgumentException, InvalidOperationException, MemberNotSupported
from local.engine.market.futures_constants import Futures
from local.engine.market.symbol import Symbol
from local.engine.universes.contract_filters import FutureFilterUniverse
from local.engine.universes.option_filters import (OptionFilterUniverse, default_option_selection, future_selection,
                                                   no_contracts, option_selection, selected_symbols)
from local.engine.universes.universe_files import UniverseRow

NOW = datetime(2024, 7, 24)
SPY = Symbol.create("SPY", SecurityType.EQUITY, Market.USA)
EXPIRIES = (datetime(2024, 7, 26), datetime(2024, 8, 16), datetime(2024, 9, 20))
STRIKES = (540.0, 545.0, 550.0, 555.0, 560.0)
RIGHTS = (OptionRight.CALL, OptionRight.PUT)
PRICE = 551.0


class Hours:
    """Open on weekdays."""

    @staticmethod
    def is_date_open(day: datetime) -> bool:
        return day.weekday() < 5

    @staticmethod
    def get_next_trading_day(day: datetime) -> datetime:
        day += timedelta(days=1)
        return day if day.weekday() < 5 else Hours.get_next_trading_day(day)


def option(kind: SecurityType = SecurityType.OPTION, multiplier: float = 1.0) -> SimpleNamespace:
    return SimpleNamespace(symbol=SimpleNamespace(security_type=kind), exchange=SimpleNamespace(hours=Hours),
                           symbol_properties=SimpleNamespace(strike_multiplier=multiplier))


def row(strike: float, right: OptionRight, expiry: datetime, price: float = PRICE, figures: str = "") -> UniverseRow:
    symbol = Symbol.create_option(SPY, Market.USA, OptionStyle.AMERICAN, right, strike, expiry)
    figures = figures or "0,0,0,1,0,50,0.2,0.3,0.01,0.5,-0.1,0.2"
    found = UniverseRow(symbol, NOW, figures.split(","), 0, (Path("x"), 1))
    found.underlying_price = price
    return found


def chain(now: datetime = NOW, price: float = PRICE, strikes: tuple[float, ...] = STRIKES,
          expiries: tuple[datetime, ...] = EXPIRIES) -> OptionFilterUniverse:
    contracts = OptionFilterUniverse(option())
    contracts.refresh([row(k, r, e, price) for e in expiries for r in RIGHTS for k in strikes], now)
    return contracts


def strikes_of(contracts: OptionFilterUniverse) -> list[float]:
    return sorted({s.id.strike_price for s in contracts.symbols})


def legs_of(contracts: OptionFilterUniverse) -> list[tuple[str, float, int]]:
    return [(s.id.option_right.name[0], s.id.strike_price, EXPIRIES.index(s.id.date)) for s in contracts.symbols]


@pytest.mark.parametrize("low, high, left", [
    (-1, 1, [550, 555]), (-2, 2, [545, 550, 555, 560]), (0, 1, [555, 560]), (1, 2, [555, 560]), (-1, 0, [550, 555]),
    (-2, -1, [545, 550]), (-99, 99, [540, 545, 550, 555, 560]), (-99, -98, []), (9, 10, []),
])
def test_strikes_are_counted_from_the_price(low: int, high: int, left: list[float]) -> None:
    assert strikes_of(chain().strikes(low, high)) == left


@pytest.mark.parametrize("low, high, left", [(-1, 1, [545, 550, 555]), (0, 0, [550]), (1, 1, [555])])
def test_a_strike_at_the_price_is_step_zero(low: int, high: int, left: list[float]) -> None:
    assert strikes_of(chain(price=550.0).strikes(low, high)) == left


def test_above_all_strikes_nothing_is_left() -> None:
    assert chain(price=600.0).strikes(-5, 5).count == 0


def test_the_steps_stay_those_of_the_days_first_look() -> None:
    contracts = chain()
    contracts.calls_only().strikes(-1, 1)
    contracts.refresh([row(550.0, OptionRight.CALL, EXPIRIES[0])], NOW)
    assert contracts.strikes(-2, -1).count == 1
    contracts.refresh([row(550.0, OptionRight.CALL, EXPIRIES[0])], NOW + timedelta(days=1))
    assert contracts.strikes(-2, -1).count == 0


def test_strikes_scale_with_the_products_multiplier() -> None:
    contracts = OptionFilterUniverse(option(multiplier=10.0))
    contracts.refresh([row(k, OptionRight.CALL, EXPIRIES[0], 5510.0) for k in STRIKES], NOW)
    assert strikes_of(contracts.strikes(-1, 1)) == [550, 555]


def test_without_a_price_of_the_underlying_strikes_leaves_all() -> None:
    assert len(strikes_of(chain(price=0.0).strikes(-1, 1))) == len(STRIKES)


@pytest.mark.parametrize("span, left", [((0, 2), 1), ((2, 23), 2), ((3, 22), 0), ((timedelta(0), timedelta(60)), 3),
                                        ((0, timedelta.max), 3)])
def test_expiration_includes_both_ends(span: tuple, left: int) -> None:
    assert len({s.id.date for s in chain().expiration(*span).symbols}) == left


def test_on_a_closed_day_expiries_count_from_the_next_trading_day() -> None:
    saturday = datetime(2024, 7, 27)
    assert {s.id.date for s in chain(saturday).expiration(0, 18).symbols} == set(EXPIRIES[1:2])
    assert chain(saturday).expiration(0, 17).count == 0


def test_months_and_kinds() -> None:
    assert {s.id.date for s in chain().standards_only().front_month().symbols} == {EXPIRIES[1]}
    assert {s.id.date for s in chain().weeklys_only().front_month().symbols} == {EXPIRIES[0]}
    assert {s.id.date for s in chain().back_months().symbols} == set(EXPIRIES[1:])
    assert {s.id.date for s in chain().back_month().symbols} == {EXPIRIES[1]}
    with pytest.raises(InvalidOperationException, match="StandardsOnly"):
        chain().front_month().standards_only()


def test_the_kind_is_applied_at_the_end_even_when_asked_for_after_other_filters() -> None:
    assert {s.id.date for s in selected_symbols(chain(), lambda c: c.strikes(-1, 1).weeklys_only())} == {EXPIRIES[0]}


def test_an_index_option_is_standard_by_its_ticker_and_third_friday() -> None:
    contracts = OptionFilterUniverse(option(SecurityType.INDEX_OPTION))
    spx = Symbol.create("SPX", SecurityType.INDEX, Market.USA)
    for ticker, expiry, is_standard in (("SPX", datetime(2024, 7, 18), True), ("SPXW", datetime(2024, 7, 18), False),
                                        ("SPXW", datetime(2024, 7, 19), True)):
        symbol = Symbol.create_option(spx, ticker, Market.USA, OptionStyle.EUROPEAN, OptionRight.CALL, 5500, expiry)
        assert contracts.is_standard(symbol) is is_standard, (ticker, expiry)


@pytest.mark.parametrize("name, figures, bounds", [
    ("delta", "0,0,0,1,0,50,0.2,0.6,0.01,0.5,-0.1,0.2", (0.5, 0.7)),
    ("d", "0,0,0,1,0,50,0.2,-0.6,0.01,0.5,-0.1,0.2", (-0.7, -0.5)),
    ("gamma", "0,0,0,1,0,50,0.2,0.3,0.09,0.5,-0.1,0.2", (0.05, 0.1)),
    ("vega", "0,0,0,1,0,50,0.2,0.3,0.01,5,-0.1,0.2", (4, 6)),
    ("theta", "0,0,0,1,0,50,0.2,0.3,0.01,0.5,-1,0.2", (-370, -360)),
    ("rho", "0,0,0,1,0,50,0.2,0.3,0.01,0.5,-0.1,2", (2, 2)),
    ("iv", "0,0,0,1,0,50,0.9,0.3,0.01,0.5,-0.1,0.2", (0.9, 1)),
    ("oi", "0,0,0,1,0,5000,0.2,0.3,0.01,0.5,-0.1,0.2", (100, 5000)),
])
def test_figures_within_bounds_included(name: str, figures: str, bounds: tuple[float, float]) -> None:
    contracts = OptionFilterUniverse(option())
    contracts.refresh([row(545.0, OptionRight.CALL, EXPIRIES[0]),
                       row(550.0, OptionRight.CALL, EXPIRIES[0], figures=figures)], NOW)
    assert strikes_of(getattr(contracts, name)(*bounds)) == [550]


def test_options_on_futures_have_no_figures() -> None:
    with pytest.raises(InvalidOperationException, match="Delta filter is not supported"):
        OptionFilterUniverse(option(SecurityType.FUTURE_OPTION)).delta(0, 1)


@pytest.mark.parametrize("select, legs", [
    (lambda c: c.naked_call(3, 3), [("C", 555, 1)]),
    (lambda c: c.naked_put(0, -10), [("P", 540, 0)]),
    (lambda c: c.call_spread(0, 5), [("C", 545, 0), ("C", 555, 0)]),
    (lambda c: c.put_spread(3, 0, -10), [("P", 540, 1), ("P", 550, 1)]),
    (lambda c: c.call_calendar_spread(0, 0, 30), [("C", 550, 0), ("C", 550, 2)]),
    (lambda c: c.put_calendar_spread(5, 0, 1), [("P", 555, 0), ("P", 555, 1)]),
    (lambda c: c.strangle(0, 5, -5), [("C", 555, 0), ("P", 545, 0)]),
    (lambda c: c.straddle(0), [("C", 550, 0), ("P", 550, 0)]),
    (lambda c: c.protective_collar(0, 10, -10), [("C", 560, 0), ("P", 540, 0)]),
    (lambda c: c.conversion(0, 5), [("C", 555, 0), ("P", 555, 0)]),
    (lambda c: c.call_butterfly(0, 5), [("C", 545, 0), ("C", 550, 0), ("C", 555, 0)]),
    (lambda c: c.put_butterfly(3, 10), [("P", 540, 1), ("P", 550, 1), ("P", 560, 1)]),
    (lambda c: c.iron_butterfly(0, 10), [("C", 550, 0), ("C", 560, 0), ("P", 540, 0), ("P", 550, 0)]),
    (lambda c: c.iron_condor(0, 4, 9), [("C", 555, 0), ("C", 560, 0), ("P", 540, 0), ("P", 545, 0)]),
    (lambda c: c.box_spread(0, 5), [("C", 545, 0), ("C", 555, 0), ("P", 545, 0), ("P", 555, 0)]),
    (lambda c: c.jelly_roll(0, 0, 30), [("C", 550, 0), ("C", 550, 2), ("P", 550, 0), ("P", 550, 2)]),
    (lambda c: c.call_ladder(0, 10, 5, -5), [("C", 545, 0), ("C", 555, 0), ("C", 560, 0)]),
    (lambda c: c.put_ladder(3, 5, 0, -10), [("P", 540, 1), ("P", 550, 1), ("P", 555, 1)]),
])
def test_the_contracts_of_a_strategy(select, legs: list[tuple[str, float, int]]) -> None:
    assert sorted(legs_of(select(chain()))) == sorted(legs)


@pytest.mark.parametrize("select", [
    lambda c: c.naked_call(365), lambda c: c.call_spread(365), lambda c: c.strangle(365), lambda c: c.iron_condor(365),
    lambda c: c.call_calendar_spread(0, 365, 400), lambda c: c.call_calendar_spread(0, 0, 365),
    lambda c: c.call_spread(0, 20, 19),
    lambda c: c.jelly_roll(0, 365, 366), lambda c: c.box_spread(365), lambda c: c.iron_butterfly(365),
    lambda c: c.put_butterfly(365),
    lambda c: c.call_ladder(0, 40, 30, 20),
])
def test_a_strategy_that_lacks_a_contract_leaves_nothing(select) -> None:
    assert select(chain()).count == 0


@pytest.mark.parametrize("select", [
    lambda c: c.call_spread(0, -5), lambda c: c.strangle(0, -5, -5), lambda c: c.strangle(0, 5, 5),
    lambda c: c.call_butterfly(0, 0),
    lambda c: c.iron_butterfly(0, -1), lambda c: c.iron_condor(0, 10, 5), lambda c: c.iron_condor(0, 0, 5),
    lambda c: c.box_spread(0, 0),
    lambda c: c.call_calendar_spread(0, 30, 30), lambda c: c.jelly_roll(0, -1, 5), lambda c: c.call_ladder(0, 5, 5, 0),
    lambda c: c.protective_collar(0, -5, 5),
])
def test_senseless_arguments_are_refused(select) -> None:
    with pytest.raises(ArgumentException):
        select(chain())


@pytest.mark.parametrize("arguments, named, left", [
    ((-1, 1), {}, 12), ((-1, 1, 0, 2), {}, 4), ((-1, 1, timedelta(0), timedelta(2)), {}, 4),
    ((timedelta(0), timedelta(2)), {}, 10),
    ((), {"min_strike": -1, "max_strike": 1, "min_expiry_days": 0, "max_expiry_days": 2}, 4),
    ((lambda c: c.calls_only(),), {}, 15), ((), {"universe_func": lambda c: c.puts_only()}, 15),
    ((lambda c: None,), {}, 30), ((lambda c: [c.symbols[3]],), {}, 1),
    ((lambda c: c.contracts(lambda rows: rows[:2]),), {}, 2),
])
def test_set_filters_arguments(arguments: tuple, named: dict, left: int) -> None:
    assert len(selected_symbols(chain(), option_selection(*arguments, **named))) == left


def test_a_filter_that_returns_nothing_keeps_what_it_narrowed() -> None:
    def narrow(contracts: OptionFilterUniverse) -> None:
        contracts.calls_only().strikes(-1, 1)

    assert len(selected_symbols(chain(), option_selection(narrow))) == 6


@pytest.mark.parametrize("arguments", [(1,), (1, 2, 3), (1, 2, 3, 4, 5)])
def test_other_arguments_are_refused(arguments: tuple) -> None:
    with pytest.raises(ArgumentException):
        option_selection(*arguments)
    if len(arguments) != 2:
        with pytest.raises(ArgumentException):
            future_selection(*arguments)


def test_without_set_filter() -> None:
    assert len(selected_symbols(chain(), default_option_selection)) == 8
    assert selected_symbols(chain(), no_contracts) == []


def test_symbols_that_are_not_in_the_chain_come_in_without_figures() -> None:
    other = Symbol.create_option(SPY, Market.USA, OptionStyle.AMERICAN, OptionRight.CALL, 999, EXPIRIES[0])
    contracts = chain().contracts([other])
    assert contracts.symbols == [other]
    assert next(iter(contracts)).close == 0


def test_futures() -> None:
    expiries = [datetime(2024, 9, 20, 9, 30), datetime(2024, 12, 20, 9, 30), datetime(2025, 3, 21, 9, 30)]
    rows = [UniverseRow(Symbol.create_future("ES", Market.CME, e), NOW, ["1"] * 6, 0, (Path("x"), 1)) for e in expiries]
    contracts = FutureFilterUniverse(None)
    contracts.refresh(rows, NOW)
    assert selected_symbols(contracts, future_selection(0, 90)) == [rows[0].symbol]
    contracts.refresh(rows, NOW)
    cycle = future_selection(lambda c: c.expiration_cycle([3, 12]))
    assert selected_symbols(contracts, cycle) == [r.symbol for r in rows[1:]]
    contracts.refresh(rows, NOW)
    assert contracts.front_month().symbols == [rows[0].symbol]


def test_what_is_not_there_says_so() -> None:
    assert (Futures.Indices.SP_500_E_MINI, Futures.Metals.GOLD) == ("ES", "GC")
    with pytest.raises(MemberNotSupported, match="Futures.*NOPE"):
        _ = Futures.Indices.NOPE
    with pytest.raises(MemberNotSupported, match="OptionFilterUniverse.nope"):
        _ = chain().nope
