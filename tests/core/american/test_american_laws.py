"""Laws of American values, over all that markets have shown and more: no row is left without a value."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core import option_arrays, option_math
from core.american import leg
from core.american.boundary import PREMIUM_POINTS, log_boundaries
from core.american.leg import (american_implied_volatility, american_leg_greeks, american_price, american_price_bounds,
                               premium_bound)
from core.american.premium import burdens, premium, scaled
from core.american.values import american_greeks, american_prices
from core.american.volatilities import american_volatilities
from core.errors import CannotCompute
from core.model import Right

SPOT = 500.0
MONEYNESS = st.floats(0.3, 3.0)
VOLATILITIES = st.floats(0.03, 2.0)
YEARS = st.floats(1 / 365 / 8, 3.0)
RATES = st.one_of(st.just(0.0), st.floats(-0.02, 0.12))
YIELDS = st.one_of(st.just(0.0), st.floats(0.0, 0.15), st.floats(0.0, 1.5))
RIGHTS = st.sampled_from(Right)
NOISE = 2e-8 * SPOT                 # of neighbouring values, by what is interpolated
SEAM = 2e-6                         # of spot: between cells that know nothing of each other; a tenth of what a price may be off


def worked_example(rate: float, carry: float, right: Right) -> float:
    return american_price(100.0, 100.0, right, 0.25, 1.0, rate, carry)


@pytest.mark.parametrize("rate, carry, right, premium_told", [
    # Andersen, Lake and Offengenden (2016), section 6: one year, at the money, 25 %: 0.106952702747.
    (0.05, 0.05, Right.PUT, 0.106952702747), (0.05, 0.05, Right.CALL, 0.106952702747)])
def test_a_published_premium(rate: float, carry: float, right: Right, premium_told: float) -> None:
    european = option_math.price(100.0, 100.0, right, 0.25, 1.0, rate, carry)
    assert worked_example(rate, carry, right) - european == pytest.approx(premium_told, abs=2e-6)
    chain = american_prices(100.0, [100.0], [right is Right.PUT], 0.25, 1.0, rate, carry)[0]
    assert chain - european == pytest.approx(premium_told, abs=2e-6)


def test_the_collocation_itself_is_exact_to_a_millionth_of_the_premium() -> None:
    logs, burden = log_boundaries(np.array([0.05]), np.array([0.05]), np.array([0.25])), burdens(0.05, 0.05)
    found = premium(scaled(logs[:, :PREMIUM_POINTS], burden), np.zeros((1, 1)), np.full((1, 1), 0.25), burden)
    assert 100.0 * found[0] == pytest.approx(0.106952702747, rel=1e-6)


@settings(max_examples=300, deadline=None)
@given(MONEYNESS, RIGHTS, VOLATILITIES, YEARS, RATES, YIELDS)
def test_an_american_option_is_worth_its_bounds(moneyness: float, right: Right, iv: float, years: float, rate: float,
                                                carry: float) -> None:
    strike = SPOT * moneyness
    value = american_price(SPOT, strike, right, iv, years, rate, carry)
    assert value >= option_math.price(SPOT, strike, right, iv, years, rate, carry) - 1e-12
    lowest, highest = american_price_bounds(SPOT, strike, right, years, rate, carry)
    assert lowest - 1e-9 <= value <= highest + 1e-9


@settings(max_examples=120, deadline=None)
@given(st.booleans(), VOLATILITIES, YEARS, RATES, YIELDS)
def test_chains_are_monotone_and_convex_in_strike(is_put: bool, iv: float, years: float, rate: float, carry: float
                                                  ) -> None:
    strikes = SPOT * np.exp(np.linspace(-4.0, 4.0, 161) * min(iv * years ** 0.5, 0.4))
    values = american_prices(SPOT, strikes, is_put, iv, years, rate, carry)
    assert np.isfinite(values).all()
    slopes = np.diff(values) / np.diff(strikes)
    per_strike = 2.0 * NOISE / np.diff(strikes).min()
    assert (slopes >= -per_strike).all() if is_put else (slopes <= per_strike).all()
    assert (np.abs(slopes) <= max(1.0, np.exp(-rate * years)) + per_strike).all()
    assert (np.diff(slopes) >= -2.0 * per_strike).all()
    european = option_arrays.prices(SPOT, strikes, is_put, iv, years, rate, carry)
    assert (values >= european - 1e-11 * strikes).all()      # rounding of values in the thousands
    assert (values >= np.maximum(0.0, (strikes - SPOT) * (1.0 if is_put else -1.0)) - 1e-9).all()


@settings(max_examples=150, deadline=None)
@given(MONEYNESS, VOLATILITIES, YEARS, st.floats(0.0, 0.12), st.floats(0.0, 0.15))
def test_a_call_is_the_put_with_everything_exchanged(moneyness: float, iv: float, years: float, rate: float, carry: float
                                                     ) -> None:
    strike = SPOT * moneyness
    call = american_prices(SPOT, [strike], False, iv, years, rate, carry)[0]
    put = american_prices(strike, [SPOT], True, iv, years, carry, rate)[0]
    assert call == pytest.approx(put, abs=SEAM * SPOT * max(1.0, moneyness))


@settings(max_examples=150, deadline=None)
@given(MONEYNESS, RIGHTS, VOLATILITIES, YEARS, RATES, YIELDS)
def test_one_leg_is_what_the_chain_says(moneyness: float, right: Right, iv: float, years: float, rate: float, carry: float
                                        ) -> None:
    strike = SPOT * moneyness
    one = american_leg_greeks(SPOT, strike, right, iv, years, rate, carry)
    row = american_greeks(SPOT, [strike], [right is Right.PUT], iv, years, rate, carry)
    spread = SPOT * iv * years ** 0.5
    assert one.price == pytest.approx(american_price(SPOT, strike, right, iv, years, rate, carry), abs=1e-9)
    assert one.price == pytest.approx(row.price[0], abs=1.01 * leg.NO_MATTER * SPOT)
    assert one.delta == pytest.approx(row.delta[0], abs=1e-6 + 4.0 * leg.NO_MATTER * SPOT / spread)


@settings(max_examples=150, deadline=None)
@given(st.floats(0.7, 1.4), RIGHTS, st.floats(0.05, 1.0), st.floats(1 / 365, 2.5), st.floats(0.0, 0.08),
       st.floats(0.0, 0.08))
def test_greeks_are_the_slopes_of_the_price(moneyness: float, right: Right, iv: float, years: float, rate: float,
                                            carry: float) -> None:
    strike, put = SPOT * moneyness, right is Right.PUT

    def price(spot: float = SPOT, iv: float = iv, years: float = years) -> float:
        return float(american_prices(spot, [strike], put, iv, years, rate, carry)[0])

    spread = SPOT * iv * years ** 0.5
    step, exercise = 0.01 * spread, abs(SPOT - strike)
    near = [price(SPOT + step), price(), price(SPOT - step)]
    assume(all(value > exercise + 1e-6 * SPOT for value in near) or spread < abs(SPOT - strike) / 6.0)
    found = american_greeks(SPOT, [strike], put, iv, years, rate, carry)
    assert found.delta[0] == pytest.approx((near[0] - near[2]) / (2.0 * step), abs=2e-3)
    assert found.gamma[0] * spread == pytest.approx((near[0] - 2.0 * near[1] + near[2]) / step ** 2 * spread, abs=2e-2)
    assert found.vega[0] == pytest.approx((price(iv=iv * 1.002) - price(iv=iv * 0.998)) / (0.4 * iv), abs=3e-5 * spread / iv)
    day = 0.002 * years
    assert found.theta[0] == pytest.approx((price(years=years - day) - price(years=years + day)) / (2.0 * day) / 365.0,
                                           abs=2e-2 * spread / years / 365.0)


def test_what_is_exercised_at_once_moves_with_its_intrinsic_value() -> None:
    one = american_leg_greeks(500.0, 900.0, Right.PUT, 0.15, 0.5, 0.05, 0.0)
    assert (one.price, one.delta, one.gamma, one.vega, one.theta) == (400.0, -1.0, 0.0, 0.0, 0.0)
    rows = american_greeks(500.0, [900.0, 100.0], [True, False], 0.15, 0.5, 0.05, 0.06)
    assert rows.price == pytest.approx(400.0, abs=1e-12) and rows.delta.tolist() == [-1.0, 1.0]


@settings(max_examples=150, deadline=None)
@given(MONEYNESS, RIGHTS, VOLATILITIES, YEARS, RATES, st.floats(0.0, 0.15))
def test_implied_volatility_gives_the_price_back(moneyness: float, right: Right, iv: float, years: float, rate: float,
                                                 carry: float) -> None:
    strike, put = SPOT * moneyness, right is Right.PUT
    row = american_greeks(SPOT, [strike], [put], iv, years, rate, carry)
    exercise = SPOT - strike if right is Right.CALL else strike - SPOT
    assume(row.vega[0] > 1e-4 * SPOT * years ** 0.5 and row.price[0] > max(0.0, exercise) + 1e-5 * SPOT)
    told = american_volatilities(row.price, SPOT, [strike], [put], years, rate, carry)[0]
    assert told == pytest.approx(iv, abs=1e-6)
    one = american_implied_volatility(float(row.price[0]), SPOT, strike, right, years, rate, carry)
    assert one == pytest.approx(iv, abs=1e-6 + 2.0 * leg.NO_MATTER * SPOT / row.vega[0] / 100.0)


@settings(max_examples=200, deadline=None)
@given(st.floats(-0.2, 1.0), st.floats(1e-3, 1.0), st.floats(1e-5, 0.3), st.floats(0.0, 0.3))
def test_the_quick_bound_is_one(away: float, deviation: float, rate_time: float, yield_time: float) -> None:
    log_price, burden = away * deviation * 4.0, burdens(rate_time, yield_time)
    logs = log_boundaries(np.array([rate_time]), np.array([yield_time]), np.array([deviation]))
    assume(log_price > logs[0, -1])
    added = premium(scaled(logs[:, :PREMIUM_POINTS], burden), np.full((1, 1), log_price), np.full((1, 1), deviation), burden)
    assert float(added[0]) <= premium_bound(log_price, deviation, rate_time, yield_time) + 1e-12


def test_where_the_premium_cannot_matter_nothing_is_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg, "boundary_of_one", None)
    hours = 5.0 / 24.0 / 365.0
    for spot, strike, right, iv, years, rate, carry in (
            (544.0, 560.0, Right.CALL, 0.15, 0.12, 0.055, 0.0), (544.0, 470.0, Right.PUT, 0.15, 0.12, 0.055, 0.0),
            (544.0, 544.0, Right.PUT, 0.15, hours, 0.055, 0.0), (544.0, 540.0, Right.PUT, 0.15, 0.12, 0.0, 0.02)):
        value = american_price(spot, strike, right, iv, years, rate, carry)
        assert american_implied_volatility(value, spot, strike, right, years, rate, carry) == pytest.approx(iv, abs=1e-6)
        assert american_leg_greeks(spot, strike, right, iv, years, rate, carry).price == value


def test_rows_that_cannot_be_computed_are_no_numbers() -> None:
    for spot, strike, iv in ((nan, 500.0, 0.2), (500.0, 0.0, 0.2), (500.0, 500.0, -0.1), (500.0, inf, 0.2)):
        values = american_prices(spot, [strike, 480.0], True, iv, 0.5, 0.05, 0.01)
        assert np.isnan(values[0])
        assert np.isnan(american_volatilities(10.0, spot, [strike], True, 0.5, 0.05, 0.01)).all() or iv <= 0.0
    for years, rate, carry in ((0.0, 0.05, 0.01), (nan, 0.05, 0.01), (0.5, inf, 0.01), (0.5, -0.02, -0.03)):
        assert np.isnan(american_prices(500.0, [480.0], True, 0.2, years, rate, carry)).all()
    told = american_volatilities([0.0, 20.0, nan, 600.0, 15.0], 500.0, [480.0, 520.0, 480.0, 480.0, 490.0], True, 0.5, 0.05,
                                 0.0)
    assert np.isnan(told[:4]).all() and told[4] > 0.0


def test_prices_at_or_beyond_the_bounds_have_no_volatility() -> None:
    for price in (20.0, 19.0, 520.0, nan, -1.0):
        with pytest.raises(CannotCompute):
            american_implied_volatility(price, 500.0, 520.0, Right.PUT, 0.5, 0.05, 0.0)
    assert american_implied_volatility(20.05, 500.0, 520.0, Right.PUT, 0.5, 0.05, 0.0) > 0.0
    with pytest.raises(CannotCompute):
        american_price(500.0, 480.0, Right.PUT, 0.2, 0.5, -0.02, -0.03)
