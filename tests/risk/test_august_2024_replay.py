from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codes import RefusalCode
from risk.august_2024_replay import AUGUST_2_2024, RECORDED_LOSS, replay

INDEX = ("SPX", "/ES", "IWM")


def test_the_fourteen_are_those_on_record() -> None:
    names = [casualty.underlying for casualty in AUGUST_2_2024]
    assert {name: names.count(name) for name in names} == {"SPX": 6, "/ES": 2, "/CL": 3, "/GC": 2, "IWM": 1}


def test_of_the_fourteen_at_most_five_are_admitted() -> None:
    result = replay()
    assert [casualty.underlying for casualty in result.admitted] == ["SPX", "SPX", "SPX", "/CL", "/CL"]
    assert len(result.refused) == 9
    assert result.refused[0][1].code is RefusalCode.GROUP_FULL
    assert result.refused[-1][1].code is RefusalCode.GROUP_FULL
    codes = {casualty.underlying: refusal.code for casualty, refusal in result.refused}
    assert codes["/CL"] is codes["/GC"] is RefusalCode.SHORT_VOLATILITY_FULL


def test_every_index_position_lost_and_the_admitted_lost_less_than_all() -> None:
    result = replay()
    assert all(casualty.loss_usd > 0.0 for casualty in AUGUST_2_2024 if casualty.underlying in INDEX)
    assert 0.0 < result.admitted_loss_usd < result.all_loss_usd
    assert result.all_loss_usd == pytest.approx(sum(casualty.loss_usd for casualty in AUGUST_2_2024))
    assert 0.0 < result.scaled_admitted_loss < 0.6 * RECORDED_LOSS


def test_the_lines_name_every_position_and_both_sums() -> None:
    lines = replay().lines()
    assert len(lines) == 16
    assert sum(line.startswith("admitted") for line in lines) == 5
    assert "all 14" in lines[-2] and "the 5 admitted" in lines[-2] and "308,000" in lines[-1]


@given(st.integers(min_value=0, max_value=10_000))
def test_in_no_order_are_more_than_five_admitted(seed: int) -> None:
    shuffled = list(AUGUST_2_2024)
    Random(seed).shuffle(shuffled)
    result = replay(shuffled)
    assert len(result.admitted) <= 5
    assert sum(casualty.underlying in INDEX for casualty in result.admitted) <= 3
