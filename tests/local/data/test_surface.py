"""Laws of the option surface: no arbitrage across strikes and expiries, the level of the index, textbook prices."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from local.data import quoting, surface

INDEX = some.floats(8.5, 90)
SHARE = some.floats(0, 1)
SESSIONS = some.integers(0, 700)
RATE = some.floats(0, 0.06)
STRIKES = np.arange(300.0, 650.0, 5.0)
ELAPSED = some.floats(0, 0.998)


def prices(index: float, sessions: int, elapsed: float, rate: float, strikes: np.ndarray = STRIKES
           ) -> tuple[np.ndarray, np.ndarray]:
    """Calls and puts on a share at 500."""
    variance = surface.variance_years(np.array([sessions]), np.array([elapsed]))
    calendar_years = np.array([(sessions + 1 - elapsed) / 252])
    call, put = surface.equity_option_prices(surface.EQUITY_INDEX, np.array([500.0]), np.array([index]), strikes,
                                             variance, calendar_years, rate)
    return call[:, 0], put[:, 0]


@given(INDEX, SESSIONS, ELAPSED, RATE)
@settings(max_examples=200, deadline=None)
def test_strikes_leave_no_arbitrage(index: float, sessions: int, elapsed: float, rate: float) -> None:
    call, put = prices(index, sessions, elapsed, rate)
    assert (np.diff(call) <= 1e-9).all() and (np.diff(put) >= -1e-9).all()
    assert (np.abs(np.diff(call)) <= 5 + 1e-9).all() and (np.diff(put) <= 5 + 1e-9).all()
    assert (np.diff(call, 2) >= -1e-7).all() and (np.diff(put, 2) >= -1e-7).all()
    assert (call >= np.maximum(500 - STRIKES, 0) - 1e-9).all()
    assert (put >= np.maximum(STRIKES - 500, 0) - 1e-9).all()
    assert (call <= 500).all() and (put <= STRIKES).all()


@given(INDEX, some.integers(0, 600), some.integers(1, 100), ELAPSED, RATE)
@settings(max_examples=200, deadline=None)
def test_later_expiries_are_not_cheaper(index: float, sessions: int, more: int, elapsed: float, rate: float) -> None:
    near, far = prices(index, sessions, elapsed, rate), prices(index, sessions + more, elapsed, rate)
    assert (far[0] >= near[0] - 1e-9).all()
    otm = STRIKES <= 485
    assert (far[1][otm] >= near[1][otm] * (0.98 if rate > 0 else 1) - 1e-9).all()
    # of puts in the money the two-sided quotes must leave nothing to take
    bid, _ = quoting.quotes(near[1][:, None], np.array([index]), np.array([0]), sessions)
    _, ask = quoting.quotes(far[1][:, None], np.array([index]), np.array([0]), sessions + more)
    assert (ask >= bid).all()


@given(INDEX, SHARE)
def test_total_variance_grows_with_time_at_every_moneyness(index: float, elapsed: float) -> None:
    years = surface.variance_years(np.arange(0, 700), np.full(700, elapsed))
    theta = surface.atm_variance(surface.EQUITY_INDEX, np.array(index), years)
    assert (np.diff(theta) > 0).all()
    for moneyness in (-0.5, -0.2, -0.05, 0.0, 0.05, 0.3):
        assert (np.diff(surface.total_variance(surface.EQUITY_INDEX, theta, moneyness)) > 0).all()


@given(some.floats(9, 90))
def test_thirty_day_volatility_follows_the_index(index: float) -> None:
    theta = surface.atm_variance(surface.EQUITY_INDEX, np.array(index), np.array(surface.INDEX_HORIZON_YEARS))
    volatility = 100 * np.sqrt(theta / surface.INDEX_HORIZON_YEARS)
    assert volatility == pytest.approx(0.95 * index, rel=0.02)


def test_puts_carry_the_skew_and_long_dates_move_less() -> None:
    def volatility(index: float, sessions: int, moneyness: float) -> float:
        years = surface.variance_years(np.array(sessions), np.array(0.0))
        theta = surface.atm_variance(surface.EQUITY_INDEX, np.array(index), years)
        return float(np.sqrt(surface.total_variance(surface.EQUITY_INDEX, theta, moneyness) / years))

    assert volatility(16, 21, -0.05) > volatility(16, 21, 0.0) > volatility(16, 21, 0.03)
    assert volatility(40, 21, 0) - volatility(16, 21, 0) > 2 * (volatility(40, 252, 0) - volatility(16, 252, 0)) > 0


def test_black_scholes_textbook() -> None:
    # Hull, "Options, Futures and Other Derivatives", example 15.6: S 42, K 40, r 10 %, sigma 20 %, half a year
    call, put = surface.black_scholes(np.array(42 * np.exp(0.05)), np.array(40.0), np.array(0.02),
                                      np.array(np.exp(-0.05)))
    assert (float(call), float(put)) == (pytest.approx(4.7594, abs=1e-4), pytest.approx(0.8086, abs=1e-4))


def test_greeks_are_the_prices_slopes() -> None:
    strikes, years, rate, vol = np.array([470.0, 500.0, 540.0]), 0.3, 0.04, 0.2

    def price(spot: float, sigma: float, time: float, interest: float, sign: int) -> np.ndarray:
        discount = np.exp(-interest * time)
        both = surface.black_scholes(np.array(spot / discount), strikes, np.full(3, sigma**2 * time), discount)
        return both[0] if sign > 0 else both[1]

    for sign in (1, -1):
        found = surface.greeks(500, 500 * np.exp(rate * years), strikes, np.full(3, vol**2 * years), years, rate, sign)
        assert found.volatility == pytest.approx(np.full(3, vol))
        up, down = price(500.5, vol, years, rate, sign), price(499.5, vol, years, rate, sign)
        middle = price(500, vol, years, rate, sign)
        assert found.delta == pytest.approx(up - down, abs=1e-5)
        assert found.gamma == pytest.approx((up - 2 * middle + down) * 4, abs=1e-5)
        assert found.vega == pytest.approx(price(500, vol + 0.005, years, rate, sign)
                                           - price(500, vol - 0.005, years, rate, sign), abs=5e-4)
        assert found.theta == pytest.approx((price(500, vol, years - 0.001, rate, sign) - middle) / 0.365, abs=1e-3)
        assert found.rho == pytest.approx(price(500, vol, years, rate + 0.005, sign)
                                          - price(500, vol, years, rate - 0.005, sign), abs=1e-4)


@given(some.lists(some.floats(0, 300), min_size=2, max_size=30), INDEX, some.integers(0, 900))
def test_quotes_are_sane(fair: list[float], index: float, days: int) -> None:
    price = np.sort(np.array(fair))
    bid, ask = (side[:, 0] for side in quoting.quotes(price[:, None], np.array([index]), np.array([0]), days))
    assert (0 <= bid).all() and (bid < ask).all()
    assert (bid <= price * 100 + 1e-4).all() and (ask >= price * 100 - 1e-4).all()
    assert (np.diff(bid) >= 0).all() and (np.diff(ask) >= 0).all()


def test_spreads_widen_with_the_index() -> None:
    calm, stressed = (quoting.quotes(np.full((1, 390), 5.0), np.full(390, level), np.arange(390), 30)
                      for level in (12.0, 40.0))
    assert (stressed[1] - stressed[0]).mean() > (calm[1] - calm[0]).mean()


def test_a_worthless_option_has_no_bid() -> None:
    bid, ask = quoting.quotes(np.array([[0.0], [0.004]]), np.array([20.0]), np.array([0]), 0)
    assert bid.ravel().tolist() == [0, 0] and ask.ravel().tolist() == [1, 1]


@pytest.mark.parametrize("change", [{"rho": -1.0}, {"rho": 1.0}, {"eta": 0.0}, {"eta": 1.26}, {"reversion": 0.0},
                                    {"atm_to_index": -1.0}, {"long_run_slope": -0.1}])
def test_a_shape_with_arbitrage_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="arbitrage|positive"):
        surface.SurfaceShape(**change)
    assert surface.SurfaceShape(eta=1.25).eta == 1.25


def tree_put(spot: float, strike: float, volatility: float, years: float, rate: float, steps: int = 400) -> float:
    """American put on a Cox-Ross-Rubinstein tree."""
    step = years / steps
    up = np.exp(volatility * np.sqrt(step))
    chance = (np.exp(rate * step) - 1 / up) / (up - 1 / up)
    value = np.maximum(strike - spot * up ** (steps - 2.0 * np.arange(steps + 1)), 0)
    for left in range(steps - 1, -1, -1):
        held = np.exp(-rate * step) * (chance * value[:-1] + (1 - chance) * value[1:])
        value = np.maximum(held, strike - spot * up ** (left - 2.0 * np.arange(left + 1)))
    return float(value[0])


@pytest.mark.parametrize(("volatility", "years", "rate"), [(0.17, 1.46, 0.055), (0.15, 0.3, 0.055), (0.4, 0.3, 0.05),
                                                           (0.14, 1.2, 0.02), (0.3, 2.5, 0.0075)])
def test_early_exercise_is_worth_what_a_tree_says(monkeypatch: pytest.MonkeyPatch, volatility: float, years: float,
                                                  rate: float) -> None:
    monkeypatch.setattr(surface, "atm_variance", lambda *_: np.array([volatility**2 * years]))
    monkeypatch.setattr(surface, "total_variance", lambda shape, theta, moneyness: theta + 0 * moneyness)
    strikes = np.array([430.0, 480.0, 500.0, 515.0, 550.0, 600.0])
    time = np.array([years])
    _, put = surface.equity_option_prices(surface.EQUITY_INDEX, np.array([500.0]), np.array([20.0]), strikes, time,
                                          time, rate)
    for strike, price in zip(strikes, put[:, 0]):
        assert price == pytest.approx(tree_put(500, strike, volatility, years, rate), rel=0.015, abs=0.3)
