"""Two-sided quotes: order, grid, and widths as on record."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from local.data import figures, quoting
from local.data.quoting import Moments

CLASSES = (figures.INDEX_FUND_WIDTH, figures.FUND_WIDTH, figures.STOCK_WIDTH, figures.INDEX_FUTURE_WIDTH,
           figures.OIL_WIDTH, figures.GOLD_WIDTH, figures.SILVER_WIDTH, figures.VIX_WIDTH)


def moments(vix: float, days: int = 30, minutes: int = 1) -> Moments:
    """A row of minutes with one level of VIX."""
    return Moments(vix=np.full(minutes, vix), minutes=np.arange(minutes), days=days)


@given(some.sampled_from(CLASSES), some.lists(some.floats(0, 300), min_size=2, max_size=30), some.floats(8.5, 90),
       some.integers(0, 900))
def test_quotes_are_sane(width: figures.QuoteWidth, fair: list[float], vix: float, days: int) -> None:
    price = np.sort(np.array(fair))[:, None]
    bid, ask = (side[:, 0] for side in quoting.quotes(width, price, np.zeros_like(price), moments(vix, days)))
    assert (0 <= bid).all() and (bid < ask).all()
    assert (bid * width.tick <= price[:, 0] + 1e-4).all() and (ask * width.tick >= price[:, 0] - 1e-4).all()
    assert (np.diff(bid) >= 0).all() and (np.diff(ask) >= 0).all()
    for side in (bid, ask):
        coarse = side * width.tick >= width.coarse_from
        assert (side[coarse] % width.coarse == 0).all()


def test_spreads_widen_with_the_index_and_with_time() -> None:
    def mean(vix: float, days: int) -> float:
        bid, ask = quoting.quotes(figures.INDEX_FUND_WIDTH, np.full((1, 390), 5.0), np.zeros((1, 390)),
                                  moments(vix, days, 390))
        return float((ask - bid).mean())

    assert mean(40, 30) > 1.5 * mean(12, 30) and mean(12, 400) > 1.5 * mean(12, 5)


def test_a_worthless_option_has_no_bid() -> None:
    bid, ask = quoting.quotes(figures.INDEX_FUND_WIDTH, np.array([[0.0], [0.004]]), np.zeros((2, 1)), moments(20.0, 0))
    assert bid.ravel().tolist() == [0, 0] and ask.ravel().tolist() == [1, 1]


@given(some.sampled_from(CLASSES), some.integers(0, 10_000), some.floats(0.02, 40), some.floats(0.001, 0.2))
def test_the_fair_price_never_leaves_the_last_row(width: figures.QuoteWidth, seed: int, start: float, move: float) -> None:
    steps = np.random.default_rng(seed).standard_normal((5, 390))
    fair = start * np.exp(np.cumsum(move * steps / np.sqrt(390), axis=1))
    bid, ask = quoting.quotes(width, fair, np.zeros_like(fair), moments(25.0, 30, 390))
    written = quoting.alive_rows(width, fair, bid, ask, 30)
    assert written[:, 0].all() and written[:, -1].all()
    last = np.maximum.accumulate(np.where(written, np.arange(390), 0), axis=1)
    assert (np.arange(390) - last < quoting.LONGEST_HOLD).all()
    contract = np.arange(5)[:, None]
    assert (bid[contract, last] <= fair / width.tick + 1e-5).all()
    assert (ask[contract, last] >= fair / width.tick - 1e-5).all()


def test_a_price_that_stands_still_is_written_now_and_then() -> None:
    bid, ask = np.full((1, 21), 100), np.full((1, 21), 102)
    written = {days: quoting.alive_rows(figures.INDEX_FUND_WIDTH, np.full((1, 21), 1.01), bid, ask, days)
               for days in (0, 1)}
    assert np.flatnonzero(written[1][0]).tolist() == [0, 4, 8, 12, 16, 20] and written[0].all()


@pytest.mark.parametrize(("width", "price", "inner", "vix", "days", "real"), [
    (figures.INDEX_FUND_WIDTH, 0.75, 0.0, 24, 3, 0.03), (figures.INDEX_FUND_WIDTH, 3.5, 0.0, 24, 3, 0.05),
    (figures.INDEX_FUND_WIDTH, 15.0, 0.0, 24, 5, 0.12), (figures.INDEX_FUND_WIDTH, 23.0, 20.0, 16, 29, 0.56),
    (figures.INDEX_FUTURE_WIDTH, 40.0, 0.0, 13.9, 74, 0.45), (figures.INDEX_FUTURE_WIDTH, 100.0, 0.0, 13.9, 74, 0.55),
    (figures.INDEX_FUTURE_WIDTH, 200.0, 0.0, 13.9, 165, 0.95)])
def test_widths_are_those_on_record_within_a_factor_of_two(width: figures.QuoteWidth, price: float, inner: float,
                                                           vix: float, days: int, real: float) -> None:
    bid, ask = quoting.quotes(width, np.full((1, 390), price), np.full((1, 390), inner), moments(vix, days, 390))
    assert 0.5 <= (ask - bid).mean() * width.tick / real <= 2.0
