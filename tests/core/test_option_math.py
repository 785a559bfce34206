"""Laws of the option formulas, their figures against independent arithmetic, and every guard."""

from __future__ import annotations

from math import exp, inf, isclose, nan

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core import option_arrays, option_math
from core.errors import CannotCompute
from core.model import Right

SPOTS = st.floats(50, 1000)
MONEYNESS = st.floats(0.6, 1.5)
VOLATILITIES = st.floats(0.05, 2.0)
YEARS = st.floats(1 / 365, 2.5)
RATES = st.floats(-0.01, 0.08)
RIGHTS = st.sampled_from(Right)


def test_price_of_a_textbook_option() -> None:
    # Hull's worked example: S 42, K 40, r 10 %, sigma 20 %, half a year: call 4.76, put 0.81.
    assert option_math.price(42, 40, Right.CALL, 0.2, 0.5, 0.1, 0.0) == pytest.approx(4.7594, abs=1e-4)
    assert option_math.price(42, 40, Right.PUT, 0.2, 0.5, 0.1, 0.0) == pytest.approx(0.8086, abs=1e-4)


@given(SPOTS, MONEYNESS, VOLATILITIES, YEARS, RATES, RATES)
def test_put_call_parity(spot: float, moneyness: float, iv: float, years: float, rate: float, carry: float) -> None:
    strike = spot * moneyness
    call = option_math.price(spot, strike, Right.CALL, iv, years, rate, carry)
    put = option_math.price(spot, strike, Right.PUT, iv, years, rate, carry)
    assert call - put == pytest.approx(spot * exp(-carry * years) - strike * exp(-rate * years), abs=1e-9 * spot)


@given(SPOTS, MONEYNESS, RIGHTS, VOLATILITIES, YEARS, RATES, RATES)
def test_implied_volatility_gives_the_price_back(spot: float, moneyness: float, right: Right, iv: float, years: float,
                                                 rate: float, carry: float) -> None:
    strike = spot * moneyness
    value = option_math.greeks(spot, strike, right, iv, years, rate, carry)
    assume(value.vega > 1e-4)
    assert option_math.implied_volatility(value.price, spot, strike, right, years, rate, carry) == pytest.approx(
        iv, abs=1e-6)


@given(SPOTS, MONEYNESS, RIGHTS, VOLATILITIES, YEARS, RATES, RATES)
def test_greeks_are_the_slopes_of_the_price(spot: float, moneyness: float, right: Right, iv: float, years: float,
                                            rate: float, carry: float) -> None:
    strike = spot * moneyness
    assume(years > 0.01 and iv * years ** 0.5 > 0.02)
    value = option_math.greeks(spot, strike, right, iv, years, rate, carry)

    def price(spot: float = spot, iv: float = iv, years: float = years) -> float:
        return option_math.price(spot, strike, right, iv, years, rate, carry)

    step = spot * 1e-4
    assert value.delta == pytest.approx((price(spot + step) - price(spot - step)) / (2 * step), abs=1e-4)
    curvature = (price(spot + step) - 2 * price() + price(spot - step)) / step ** 2
    assert value.gamma == pytest.approx(curvature, abs=1e-4 + 0.01 * value.gamma)
    assert value.vega == pytest.approx((price(iv=iv + 1e-4) - price(iv=iv - 1e-4)) / 0.02, abs=1e-4 * spot)
    day = 1e-3 / 365
    assert value.theta == pytest.approx((price(years=years - day) - price(years=years + day)) / 2e-3,
                                        abs=1e-5 * spot)


@settings(max_examples=40)
@given(st.lists(st.tuples(SPOTS, MONEYNESS, st.booleans(), VOLATILITIES, YEARS), min_size=1, max_size=8), RATES, RATES)
def test_arrays_and_scalars_agree(rows: list[tuple[float, float, bool, float, float]], rate: float,
                                  carry: float) -> None:
    spot, ratio, is_put, iv, years = (np.array(column) for column in zip(*rows))
    strike = spot * ratio
    columns = option_arrays.greeks_arrays(spot, strike, is_put, iv, years, rate, carry)
    prices = option_arrays.prices(spot, strike, is_put, iv, years, rate, carry)
    for row in range(len(rows)):
        right = Right.PUT if is_put[row] else Right.CALL
        one = option_math.greeks(spot[row], strike[row], right, iv[row], years[row], rate, carry)
        for name in ("price", "delta", "gamma", "vega", "theta"):
            assert getattr(columns, name)[row] == pytest.approx(getattr(one, name), rel=1e-9, abs=1e-9)
        assert prices[row] == pytest.approx(one.price, rel=1e-9, abs=1e-9)


def test_implied_volatilities_of_a_chain_and_its_unusable_rows() -> None:
    strikes = np.linspace(400, 600, 41)
    puts = strikes < 500
    prices = option_arrays.prices(500, strikes, puts, 0.25, 0.3, 0.05, 0.01)
    prices[0], prices[1], prices[2] = nan, 0.0, 1e6
    implied = option_arrays.implied_volatilities(prices, 500, strikes, puts, 0.3, 0.05, 0.01)
    assert np.isnan(implied[:3]).all()
    assert implied[3:] == pytest.approx(0.25, abs=1e-9)
    assert np.isnan(option_arrays.implied_volatilities(10.0, 500, 500, True, 0.0, 0.05, 0.01)).all()


@given(SPOTS, MONEYNESS, VOLATILITIES, YEARS, RATES)
def test_chances_of_put_and_call_add_to_one(spot: float, ratio: float, iv: float, years: float, rate: float) -> None:
    strike = spot * ratio
    put = option_math.probability_otm(spot, strike, Right.PUT, iv, years, rate, 0.0)
    call = option_math.probability_otm(spot, strike, Right.CALL, iv, years, rate, 0.0)
    assert isclose(put + call, 1.0, abs_tol=1e-12) and 0.0 <= put <= 1.0


def test_the_chance_is_the_price_of_a_digital() -> None:
    step = 0.01
    spread = (option_math.price(500, 470 + step, Right.PUT, 0.2, 0.3, 0.05, 0.014)
              - option_math.price(500, 470 - step, Right.PUT, 0.2, 0.3, 0.05, 0.014)) / (2 * step)
    in_the_money = spread * exp(0.05 * 0.3)
    assert option_math.probability_otm(500, 470, Right.PUT, 0.2, 0.3, 0.05, 0.014) == pytest.approx(
        1 - in_the_money, abs=1e-6)


@pytest.mark.parametrize("name", ["spot", "strike", "iv", "years", "rate", "dividend_yield"])
@pytest.mark.parametrize("bad", [nan, inf, 0.0, -1.0])
def test_every_input_is_guarded(name: str, bad: float) -> None:
    values = dict(spot=500.0, strike=480.0, right=Right.PUT, iv=0.2, years=0.3, rate=0.05, dividend_yield=0.01)
    if name in ("rate", "dividend_yield") and bad in (0.0, -1.0):
        return
    values[name] = bad
    for function in (option_math.price, option_math.greeks, option_math.probability_otm):
        with pytest.raises(CannotCompute):
            function(**values)
    if name != "iv":
        values.pop("iv")
        with pytest.raises(CannotCompute):
            option_math.implied_volatility(10.0, **values)
        columns = option_arrays.prices(values["spot"], values["strike"], True, 0.2, values["years"], values["rate"],
                                       values["dividend_yield"])
        assert np.isnan(columns).all()


def test_a_price_at_or_beyond_the_bounds_has_no_volatility() -> None:
    lowest, highest = option_math.price_bounds(500, 600, Right.PUT, 0.5, 0.05, 0.0)
    assert lowest == pytest.approx(600 * exp(-0.025) - 500) and highest == pytest.approx(600 * exp(-0.025))
    for price in (lowest, highest, nan, -1.0, 0.0):
        with pytest.raises(CannotCompute):
            option_math.implied_volatility(price, 500, 600, Right.PUT, 0.5, 0.05, 0.0)
    assert option_math.implied_volatility(lowest + 0.5, 500, 600, Right.PUT, 0.5, 0.05, 0.0) > 0
