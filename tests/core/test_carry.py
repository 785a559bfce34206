"""The one source of carry: interest by month, dividends by day, and what both make of an option's terms."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import exp, log

import pytest

from config import calendars
from config.carry import CLOSED_ROUND_THIRD_FRIDAYS, DIVIDENDS_PCT, FINANCING_SPREAD, TREASURY_BILLS_PCT
from config.constants import GREEKS_EXCLUDED
from core.carry import (dividend_share, dividend_yield, dividends_between, option_terms, risk_free_rate,
                        years_to_expiry)
from core.errors import CannotCompute
from core.model import ContractKind

SHARES, FUTURES, INDEX = ContractKind.EQUITY_OPTION, ContractKind.FUTURE_OPTION, ContractKind.INDEX_OPTION
NOON = datetime(2024, 7, 26, 12, 0)


def test_years_run_to_four_in_the_afternoon_of_expiry() -> None:
    assert years_to_expiry(date(2024, 7, 26), NOON) == pytest.approx(4 / 24 / 365)
    assert years_to_expiry(date(2024, 7, 26), datetime(2024, 7, 26, 15, 59)) > 0
    with pytest.raises(CannotCompute):
        years_to_expiry(date(2024, 7, 26), datetime(2024, 7, 26, 16, 0))


def test_a_bills_discount_becomes_a_continuous_rate() -> None:
    """A bill at 5.05 % costs 1 - 0.0505 x 91 / 360 and pays 1 after 91 days."""
    price = 1 - 0.0505 * 91 / 360
    assert risk_free_rate(date(2024, 8, 5)) == pytest.approx(-log(price) * 365 / 91 + FINANCING_SPREAD)
    assert risk_free_rate(date(2020, 2, 29)) > 10 * (risk_free_rate(date(2020, 4, 1)) - FINANCING_SPREAD)


def test_the_record_has_every_month_and_the_last_stays() -> None:
    years = sorted(TREASURY_BILLS_PCT)
    assert years == list(range(2000, years[-1] + 1))
    assert all(len(TREASURY_BILLS_PCT[year]) == 12 for year in years[:-1])
    assert all(0.0 <= figure < 10.0 for figures in TREASURY_BILLS_PCT.values() for figure in figures)
    last = date(years[-1], len(TREASURY_BILLS_PCT[years[-1]]), 28)
    assert risk_free_rate(date(2027, 12, 31)) == risk_free_rate(last)
    for outside in (date(1999, 12, 31), date(2028, 1, 1)):
        with pytest.raises(CannotCompute):
            risk_free_rate(outside)


@pytest.mark.parametrize("symbol", sorted(DIVIDENDS_PCT))
def test_a_years_dividends_are_its_percentage(symbol: str) -> None:
    years = DIVIDENDS_PCT[symbol]
    assert sorted(years) == list(range(2000, max(years) + 1)) and all(0.0 <= figure < 4.0 for figure in years.values())
    taken = sum(dividend_share(symbol, date(2022, 1, 1) + timedelta(days=day)) for day in range(365))
    assert taken == pytest.approx(years[2022] / 100.0)
    whole = dividends_between(symbol, date(2021, 12, 31), date(2022, 12, 31))
    assert 1.0 - exp(-whole) == pytest.approx(years[2022] / 100.0, rel=0.01)


@pytest.mark.parametrize("symbol, day", [
    ("SPY", date(2024, 6, 21)), ("SPY", date(2026, 6, 18)), ("SPY", date(2027, 6, 17)), ("SPY", date(2008, 3, 20)),
    ("QQQ", date(2024, 6, 24)), ("QQQ", date(2022, 6, 21)), ("QQQ", date(2023, 6, 20)), ("QQQ", date(2026, 6, 22)),
    ("IWM", date(2024, 6, 11)), ("AAPL", date(2024, 8, 12)), ("MSFT", date(2026, 11, 19)), ("SPX", date(2024, 6, 21))])
def test_ex_dividend_days(symbol: str, day: date) -> None:
    assert dividend_share(symbol, day) > 0.0
    assert dividend_share(symbol, day - timedelta(days=1)) == dividend_share(symbol, day + timedelta(days=1)) == 0.0
    assert dividends_between(symbol, day - timedelta(days=1), day) == pytest.approx(-log(1 - dividend_share(symbol, day)))
    assert dividends_between(symbol, day, day + timedelta(days=60)) == 0.0


@pytest.mark.parametrize("symbol", sorted(calendars.EX_DIVIDENDS))
def test_listed_days_come_from_the_calendars_and_repeat_beyond_them(symbol: str) -> None:
    listed = calendars.EX_DIVIDENDS[symbol]
    assert all(dividend_share(symbol, day) > 0.0 for day in listed)
    assert dividends_between(symbol, listed[-1], listed[-4] + timedelta(days=363)) == 0.0
    assert dividend_share(symbol, listed[-4] + timedelta(days=364)) > 0.0
    assert dividend_share("MSFT", calendars.EX_DIVIDENDS["MSFT"][0] - timedelta(days=92)) == 0.0
    assert dividend_share("MSFT", calendars.EX_DIVIDENDS["MSFT"][3] - timedelta(days=364)) > 0.0


def test_closed_days_lie_round_third_fridays() -> None:
    for day in CLOSED_ROUND_THIRD_FRIDAYS:
        friday = calendars.third_friday(day.year, day.month)
        assert day in (friday, friday + timedelta(days=3)) and day.month in calendars.QUARTER_MONTHS


def test_the_yield_takes_what_the_days_take() -> None:
    before, after = date(2024, 9, 18), date(2024, 9, 27)
    now = datetime(2024, 9, 17, 12, 0)
    assert dividend_yield("SPY", SHARES, before, now) == 0.0
    terms = option_terms("SPY", SHARES, after, now)
    assert exp(-terms.dividend_yield * terms.years) == pytest.approx(1 - dividend_share("SPY", date(2024, 9, 20)))
    assert terms.dividend_yield == dividend_yield("SPY", SHARES, after, now)
    on_the_day = datetime(2024, 9, 20, 10, 0)
    assert dividend_yield("SPY", SHARES, after, on_the_day) == 0.0


def test_terms_by_kind() -> None:
    future = option_terms("/ES", FUTURES, date(2024, 9, 20), NOON)
    assert future.dividend_yield == future.rate == risk_free_rate(NOON.date()) and future.american
    assert dividend_yield("/ES", FUTURES, date(2024, 9, 20), NOON) == future.rate
    index = option_terms("VIX", INDEX, date(2024, 9, 18), NOON)
    assert index.dividend_yield == 0.0 and not index.american and "VIX" in GREEKS_EXCLUDED
    assert option_terms("SPY", SHARES, date(2024, 9, 20), NOON).american


def test_what_is_not_on_record_is_not_computed_with() -> None:
    for underlying, expiry in (("XYZ", date(2024, 9, 20)), ("SPY", date(2060, 1, 1))):
        with pytest.raises(CannotCompute):
            dividend_yield(underlying, SHARES, expiry, NOON)
    with pytest.raises(CannotCompute):
        dividend_share("XYZ", NOON.date())
    with pytest.raises(CannotCompute):
        dividends_between("SPY", date(1999, 12, 31), date(2001, 1, 1))
