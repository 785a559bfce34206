"""Volatilities kept from daily chains: one a session, a year at most, the right strike and expiry."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest

from config.constants import IV_HISTORY_SESSIONS
from core.errors import IntegrityError
from core.iv_record import IvRecord, at_the_money_iv
from core.model import Chain

DAY = date(2024, 7, 1)


def chain(rows: list[tuple[int, float, bool, float]], close: float = 100.0) -> Chain:
    days, strikes, puts, iv = (np.array(column) for column in zip(*rows))
    return Chain(underlying="MSFT", as_of=DAY, expiry=DAY.toordinal() + days, strike=strikes.astype(float),
                 is_put=puts, price=np.ones(len(rows)), iv=iv.astype(float), delta=np.zeros(len(rows)), underlying_close=close)


def test_the_expiry_nearest_thirty_days_and_the_nearest_strike_count() -> None:
    rows = [(10, 100, True, 0.50), (31, 95, True, 0.40), (31, 100, True, 0.20), (31, 100, False, 0.22),
            (60, 100, True, 0.60)]
    assert at_the_money_iv([chain(rows, close=101.0)]) == (DAY, pytest.approx(21.0))


def test_of_several_chains_the_one_nearest_thirty_days_counts() -> None:
    near, far = chain([(28, 100, True, 0.20)]), chain([(45, 100, True, 0.40)])
    assert at_the_money_iv([near, far]) == at_the_money_iv([far, near]) == (DAY, pytest.approx(20.0))


def test_a_chain_without_volatilities_says_nothing() -> None:
    assert at_the_money_iv([chain([(30, 100, True, 0.0), (30, 100, False, float("nan"))])]) is None
    assert at_the_money_iv([chain([(30, 100, True, 0.2)], close=float("nan"))]) is None
    assert at_the_money_iv([]) is None


def test_a_year_is_kept_and_no_more() -> None:
    record = IvRecord()
    for number in range(IV_HISTORY_SESSIONS + 5):
        record.record("MSFT", DAY + timedelta(days=number), 20.0 + number)
    last = DAY + timedelta(days=IV_HISTORY_SESSIONS + 4)
    found = record.history("MSFT", last)
    assert found is not None and found.samples == IV_HISTORY_SESSIONS
    assert found.rank == pytest.approx(100.0)
    assert record.history("MSFT", last + timedelta(days=1)) is None     # a value of an earlier session is no reading


def test_before_the_first_session_there_is_nothing() -> None:
    assert IvRecord().history("MSFT", DAY) is None


@pytest.mark.parametrize("points", [0.0, -1.0, float("nan")])
def test_an_impossible_volatility_is_refused(points: float) -> None:
    with pytest.raises(IntegrityError):
        IvRecord().record("MSFT", DAY, points)


def test_sessions_do_not_go_back() -> None:
    record = IvRecord()
    record.record("MSFT", DAY, 20.0)
    record.record("MSFT", DAY, 21.0)
    with pytest.raises(IntegrityError):
        record.record("MSFT", DAY - timedelta(days=1), 20.0)


def test_facts_survive_the_store() -> None:
    record, other = IvRecord(), IvRecord()
    record.record("MSFT", DAY, 20.0)
    record.record("MSFT", DAY + timedelta(days=1), 22.0)
    other.restore(json.loads(json.dumps(record.facts())))
    assert other.facts() == record.facts()
