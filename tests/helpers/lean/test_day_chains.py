"""Chains of the day: rows of the last session only, with the close of their own underlying; else names, openly."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import isnan, nan
from types import SimpleNamespace
from typing import Any

import pytest

from config.constants import CHAIN_RETRY_MINUTES
from config.instruments import INSTRUMENTS
from helpers.lean.day_chains import DayChains

PUT, CALL = "put", "call"
NOW, SESSION = datetime(2024, 7, 26, 10, 0), date(2024, 7, 25)
EXPIRY = datetime(2024, 9, 17)


def row(strike: float, right: str, session: date = SESSION, close: float = 80.0) -> Any:
    midnight = datetime.combine(session + timedelta(days=1), datetime.min.time())
    return SimpleNamespace(expiry=EXPIRY, strike=strike, right=right, last_price=2.5, implied_volatility=0.0,
                           greeks=SimpleNamespace(delta=0.0), time=midnight, underlying_last_price=close)


def name(strike: float, right: str) -> Any:
    return SimpleNamespace(id=SimpleNamespace(date=EXPIRY, strike_price=strike, option_right=right, symbol="MCL"))


class Provider:
    """LEAN's algorithm as far as chains are concerned."""

    def __init__(self, *rows: Any) -> None:
        self.rows, self.asked = list(rows), 0
        self.time = NOW
        names = [name(80.0, PUT), name(80.0, CALL)]
        self.option_chain_provider = SimpleNamespace(get_option_contract_list=lambda symbol, time: names)
        self.future_chain_provider = SimpleNamespace(get_future_contract_list=lambda symbol, time: [])

    def option_chain(self, symbol: Any) -> list[Any]:
        self.asked += 1
        return self.rows

    def future_chain(self, symbol: Any) -> list[Any]:
        return [SimpleNamespace(expiry=EXPIRY, last_price=81.0)]


def read(provider: Provider, last_close: float = nan) -> tuple[Any, ...]:
    chains = DayChains(provider, PUT)
    (chain,) = chains.options("/MCL", INSTRUMENTS["/MCL"], SESSION, lambda: [("MCLU24", EXPIRY.date(), last_close)])
    return chain, [event for event, _ in chains.drain_notes()]


def test_rows_tell_their_own_session_and_the_close_of_their_own_underlying() -> None:
    chain, notes = read(Provider(row(80.0, PUT), row(80.0, CALL)), last_close=99.0)
    assert (chain.as_of, chain.underlying_close) == (SESSION, 80.0) and notes == []
    assert not chain.is_names_only


@pytest.mark.parametrize("last_close", [81.0, nan])
def test_where_the_rows_do_not_tell_it_the_close_is_that_of_the_futures_own_chain(last_close: float) -> None:
    chain, _ = read(Provider(row(80.0, PUT, close=0.0)), last_close)
    assert chain.underlying_close == last_close or isnan(chain.underlying_close) and isnan(last_close)


@pytest.mark.parametrize("age, used", [(0, True), (1, False), (3, False)])
def test_rows_older_than_the_last_session_are_not_used(age: int, used: bool) -> None:
    """LEAN hands out rows up to three sessions old without a word."""
    chain, notes = read(Provider(row(80.0, PUT, SESSION - timedelta(days=age))))
    assert chain.is_names_only is not used
    assert notes == ([] if used else ["CHAIN_OLD", "CHAIN_BY_NAMES"])


def test_rows_of_a_session_that_only_the_futures_had_are_used() -> None:
    """Futures trade half a session on most bank holidays: their rows may be younger than the stock market's."""
    chain, notes = read(Provider(row(80.0, PUT, SESSION + timedelta(days=1))))
    assert chain.as_of == SESSION + timedelta(days=1) and notes == []


def test_rows_that_come_late_take_the_place_of_names() -> None:
    provider = Provider(row(80.0, PUT, SESSION - timedelta(days=1)))
    chains = DayChains(provider, PUT)

    def asked() -> bool:
        return chains.options("/MCL", INSTRUMENTS["/MCL"], SESSION, lambda: [("MCLU24", EXPIRY.date(), nan)])[0].is_names_only
    assert asked() and [event for event, _ in chains.drain_notes()] == ["CHAIN_OLD", "CHAIN_BY_NAMES"]
    provider.time = NOW + timedelta(minutes=CHAIN_RETRY_MINUTES)
    assert asked() and chains.drain_notes() == (), "said once a day"
    provider.rows = [row(80.0, PUT)]
    provider.time += timedelta(minutes=CHAIN_RETRY_MINUTES - 1)
    assert asked()
    provider.time += timedelta(minutes=1)
    assert not asked() and provider.asked == 3
    provider.time += timedelta(hours=3)
    assert not asked() and provider.asked == 3


def test_futures_are_read_anew_each_time_they_are_asked_for() -> None:
    provider = Provider()
    chains = DayChains(provider, PUT)
    assert chains.futures("/MCL", "MCL") == {EXPIRY.date(): 81.0}
    provider.future_chain = lambda symbol: [SimpleNamespace(expiry=EXPIRY, last_price=90.0)]
    assert chains.futures("/MCL", "MCL") == {EXPIRY.date(): 90.0}
