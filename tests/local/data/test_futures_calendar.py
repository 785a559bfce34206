"""Contract months and expiries against the exchanges' published dates."""
from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from local.data import calendar, future_maps, futures_calendar
from local.data.products import FUTURES


@pytest.mark.parametrize(("ticker", "month", "expiry"), [
    ("ES", (2024, 9), date(2024, 9, 20)), ("MES", (2024, 12), date(2024, 12, 20)), ("ES", (2020, 3), date(2020, 3, 20)),
    ("CL", (2020, 5), date(2020, 4, 21)), ("MCL", (2020, 5), date(2020, 4, 20)), ("CL", (2024, 9), date(2024, 8, 20)),
    ("CL", (2024, 6), date(2024, 5, 21)), ("MCL", (2024, 9), date(2024, 8, 19)), ("GC", (2024, 8), date(2024, 8, 28)),
    ("MGC", (2024, 12), date(2024, 12, 27)), ("SI", (2024, 9), date(2024, 9, 26)),
    ("GC", (2021, 12), date(2021, 12, 28)),         # 31 December 2021 was no settlement day
])
def test_future_expiries(ticker: str, month: tuple[int, int], expiry: date) -> None:
    assert futures_calendar.future_expiry(FUTURES[ticker], month) == expiry


@pytest.mark.parametrize(("ticker", "month", "expiry"), [
    ("ES", (2024, 8), date(2024, 8, 16)), ("ES", (2019, 4), date(2019, 4, 18)),     # Good Friday
    ("CL", (2020, 5), date(2020, 4, 16)), ("CL", (2024, 9), date(2024, 8, 15)),
    ("GC", (2024, 8), date(2024, 7, 25)),
    ("GC", (2024, 12), date(2024, 11, 25)), ("SI", (2024, 9), date(2024, 8, 27)),
    ("GC", (2024, 6), date(2024, 5, 28)),
])
def test_option_expiries(ticker: str, month: tuple[int, int], expiry: date) -> None:
    assert futures_calendar.option_expiry(FUTURES[ticker], month) == expiry


@pytest.mark.parametrize("ticker", FUTURES)
def test_series_are_consistent_every_day(ticker: str) -> None:
    future, before = FUTURES[ticker], set()
    for day in calendar.sessions(date(2019, 12, 2), date(2020, 12, 31)):
        months = futures_calendar.contract_months(future, day)
        assert len(months) == future.listed and list(months) == sorted(months)
        assert futures_calendar.future_expiry(future, months[0]) >= day
        series = futures_calendar.option_series(future, day)
        for month, expiry in series:
            assert month in months                          # the underlying is written
            assert day <= expiry <= day + timedelta(75)
            assert expiry <= futures_calendar.future_expiry(future, month)
        assert {item for item in before if item[1] >= day} <= set(series)   # once listed, listed to the end
        before = set(series)


@pytest.mark.parametrize("ticker", FUTURES)
def test_most_days_have_a_strangle_to_sell(ticker: str) -> None:
    days = calendar.sessions(date(2024, 5, 1), date(2024, 8, 30))
    found = [any(45 <= (expiry - day).days <= 60 for _, expiry in
                 futures_calendar.option_series(FUTURES[ticker], day)) for day in days]
    assert sum(found) / len(found) > 0.4


@pytest.mark.parametrize(("month", "name"), [((2024, 9), "mes ylz9z50bje2p"), ((2024, 12), "mes yogvnnaoi1oh")])
def test_contract_names(month: tuple[int, int], name: str) -> None:
    assert future_maps.security_identifier(FUTURES["MES"], month) == name     # as LEAN prints them


def test_map_files(tmp_path: Path) -> None:
    future_maps.write_future_map(tmp_path, FUTURES["CL"], date(2024, 4, 30), date(2024, 8, 30))
    rows = (tmp_path / "future/nymex/map_files/cl.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "18991230,cl,NYMEX"
    days = [row.split(",")[0] for row in rows[1:]]
    assert days == sorted(days) and days[-4:] == ["20501231"] * 4
    mapped = [row.split(",") for row in rows[1:] if row.endswith(",0")]
    assert [row[0] for row in mapped[:4]] == ["20240521", "20240620", "20240722", "20240820"]
    assert mapped[0][1] == future_maps.security_identifier(FUTURES["CL"], (2024, 6))
    first_of_month = [row.split(",")[0] for row in rows[1:] if row.endswith(",1")]
    assert first_of_month[:2] == ["20240430", "20240531"]
