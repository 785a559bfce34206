"""Cboe's formula over chains."""
from __future__ import annotations

import numpy as np
import pytest

from local.data import surface
from local.data.figures import EARLY_YEARS, EQUITY_INDEX, SurfaceShape
from local.validation import record
from local.validation.chain_index import ExpiryQuotes, chains_index, index_of, variance_of


def flat_chain(volatility: float, days: int, rate: float, least_bid: float = 0.0) -> ExpiryQuotes:
    """A chain at one volatility around a share at 500; options worth less than ``least_bid`` have no bid."""
    years, strikes = days / 365, np.arange(100.0, 1200.0)
    discount = np.float64(np.exp(-rate * years))
    call, put = surface.black_scholes(np.float64(500.0) / discount, strikes, np.full(len(strikes), volatility**2 * years),
                                      discount)
    return ExpiryQuotes(strikes=strikes, call=call, put=put, call_bid=np.where(call < least_bid, 0.0, call),
                        put_bid=np.where(put < least_bid, 0.0, put), years=years)


@pytest.mark.parametrize("volatility", [0.12, 0.2, 0.45])
@pytest.mark.parametrize("rate", [0.0, 0.05])
def test_a_flat_chain_gives_its_volatility(volatility: float, rate: float) -> None:
    near, far = flat_chain(volatility, 25, rate), flat_chain(volatility, 32, rate)
    assert np.sqrt(variance_of(near, rate)) == pytest.approx(volatility, rel=0.002)
    assert index_of(near, far, rate) == pytest.approx(100 * volatility, rel=0.002)


def test_two_without_a_bid_end_the_sum() -> None:
    whole, cut = flat_chain(0.3, 30, 0.02), flat_chain(0.3, 30, 0.02, least_bid=0.5)
    assert variance_of(cut, 0.02) < 0.99 * variance_of(whole, 0.02)
    holed = flat_chain(0.3, 30, 0.02)
    holed.put_bid[330] = 0.0                    # one alone is left out, and the sum goes on
    assert 0.99 * variance_of(whole, 0.02) < variance_of(holed, 0.02) < variance_of(whole, 0.02)


@pytest.mark.parametrize("shape", [EQUITY_INDEX, EARLY_YEARS])
@pytest.mark.parametrize("vix", record.VIX_LEVELS)
def test_the_written_chain_gives_its_vix_back(shape: SurfaceShape, vix: float) -> None:
    assert chains_index(shape, vix, 0.02) == pytest.approx(vix, rel=record.VIX_BOUND)
