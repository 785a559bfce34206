"""What the exchange asks of a future on a day: dated sums, the share of value of gold and silver, and what is old."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from config import future_margins
from config.future_margins import FUTURE_MARGINS, FutureMargin
from config.strategy_parameters import FUTURES_STRANGLE
from core.errors import CannotCompute, IntegrityError
from core.model import Contract, ContractKind, HeldLeg, Right
from risk import exchange_margins
from risk.dynamic_margin_manager import DynamicMarginManager
from risk.exchange_margins import check_figures, future_margin_usd, margin_row, needs_price, unconfirmed
from tests.builders import make_contract, make_position, make_quote, make_underlying

MULTIPLIERS = {"/GC": 100.0, "/MGC": 10.0, "/SI": 5_000.0, "/ES": 50.0, "/MES": 5.0, "/CL": 1_000.0, "/MCL": 100.0}


def option(product: str, strike: float = 4_000.0, right: Right = Right.PUT) -> Contract:
    return make_contract(strike, right, date(2026, 9, 20), product, kind=ContractKind.FUTURE_OPTION,
                         multiplier=MULTIPLIERS[product], future_expiry=date(2026, 9, 28))


@pytest.mark.parametrize("product, day, price, usd", [
    ("/ES", date(2020, 3, 18), None, 10_600.0), ("/ES", date(2020, 3, 19), None, 12_000.0), ("/MES", date(2020, 3, 19), None, 1_200.0),
    ("/CL", date(2024, 8, 5), None, 6_000.0), ("/MCL", date(2018, 1, 5), None, 195.0),
    ("/GC", date(2025, 12, 31), None, 9_500.0), ("/GC", date(2026, 1, 13), 4_600.0, 9_500.0),
    ("/GC", date(2026, 1, 14), 4_600.0, 41_400.0), ("/MGC", date(2026, 1, 14), 4_600.0, 4_140.0),
    ("/SI", date(2026, 1, 14), 90.0, 81_000.0), ("/GC", date(2026, 11, 29), 1_000.0, 9_500.0),
    ("/MGC", date(2026, 11, 29), 1_000.0, 950.0)])
def test_the_larger_of_the_sum_and_the_share_of_value_by_date(product: str, day: date, price: float | None,
                                                              usd: float) -> None:
    assert future_margin_usd(option(product), day, price) == pytest.approx(usd)
    assert needs_price(product, day) is (product in ("/GC", "/MGC", "/SI") and day >= date(2026, 1, 14))


@pytest.mark.parametrize("product, day, price", [
    ("/ZB", date(2024, 1, 2), 100.0), ("/ES", date(2017, 6, 29), 2_400.0), ("/GC", date(2026, 2, 1), None),
    ("/GC", date(2026, 2, 1), float("nan")), ("/SI", date(2026, 2, 1), 0.0)])
def test_what_is_not_on_record_or_not_known_is_not_guessed(product: str, day: date, price: float | None) -> None:
    contract = replace(option("/ES"), underlying=product)
    with pytest.raises(CannotCompute):
        future_margin_usd(contract, day, price)


def test_every_product_of_the_strangle_is_on_record_today() -> None:
    for product in FUTURES_STRANGLE.underlyings:
        assert margin_row(product, date(2026, 11, 29)).usd > 0.0


def test_gold_and_silver_of_today_are_held_to_their_value() -> None:
    manager, day = DynamicMarginManager(), date(2026, 11, 29)
    put, call = option("/MGC", 4_000.0), option("/MGC", 4_600.0, Right.CALL)
    strangle = make_position(*(HeldLeg(contract=leg, quantity=-2, average_price=40.0) for leg in (put, call)),
                             strategy="futures_strangle", underlying="/MGC")
    months = {"/MGC@260928": make_underlying("/MGC", 4_300.0, future_expiry=put.future_expiry)}
    assert manager.margin_of(strangle, {}, months, day=day) == pytest.approx(2 * 0.09 * 43_000.0)
    assert manager.margin_of(strangle, {}, {}, day=date(2025, 6, 2)) == 2 * 950.0
    dearer = {key: replace(found, price=4_500.0) for key, found in months.items()}
    assert manager.margin_of(strangle, {}, dearer, day=day) == pytest.approx(2 * 0.09 * 45_000.0), "every minute's price"
    with pytest.raises(CannotCompute):
        manager.margin_of(strangle, {}, {}, day=day)
    with pytest.raises(CannotCompute):
        manager.margin_of(strangle, {put.id: make_quote()}, {"/MGC": months["/MGC@260928"] and make_underlying("/MGC", 4_300.0)},
                          day=day)


def test_figures_older_than_a_year_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_margins, "CONFIRMED", {"/ES": date(2024, 12, 31), "/GC": date(2026, 1, 31)})
    year = date(2025, 12, 31)
    assert unconfirmed(("/MES", "/ES", "/GC"), year) == {}
    assert unconfirmed(("/MES", "/ES", "/GC"), year + timedelta(days=1)) == {
        "/MES": date(2024, 12, 31), "/ES": date(2024, 12, 31)}


def row(**overrides: Any) -> FutureMargin:
    return replace(FUTURE_MARGINS["/ES"][0], **overrides)


@pytest.mark.parametrize("rows", [(), (row(usd=0.0),), (row(value_share=1.0),), (row(value_share=-0.1),), (row(), row()),
                                  (row(), row(since=date(2017, 1, 1)))])
def test_impossible_figures_stop_the_start(monkeypatch: pytest.MonkeyPatch, rows: tuple[FutureMargin, ...]) -> None:
    check_figures()
    monkeypatch.setattr(exchange_margins, "FUTURE_MARGINS", {"/ES": rows})
    with pytest.raises(IntegrityError):
        DynamicMarginManager().self_check()


def test_every_full_size_product_has_a_day_it_was_confirmed() -> None:
    assert set(future_margins.CONFIRMED) == set(FUTURE_MARGINS)
