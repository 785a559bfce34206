"""Laws of the option surface: no arbitrage across strikes and expiries, the level of the index, textbook prices."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from local.data import figures, quoting, share_options, surface
from local.data.share_options import Horizon

INDEX = some.floats(8.5, 90)
SHARE = some.floats(0, 1)
SESSIONS = some.integers(0, 700)
RATE = some.floats(0, 0.06)
STRIKES = np.arange(300.0, 650.0, 5.0)
ELAPSED = some.floats(0, 0.998)
QUARTER, DIVIDEND = 63, 0.004
SHAPES = some.sampled_from([figures.EQUITY_INDEX, figures.EARLY_YEARS, figures.NASDAQ_FUND, figures.LARGE_STOCK])
EVERY_SHAPE = (figures.EQUITY_INDEX, figures.EARLY_YEARS, figures.NASDAQ_FUND, figures.RUSSELL_FUND,
               figures.LARGE_STOCK, figures.METAL, figures.OIL, figures.VIX_FUTURE)


def horizon(sessions: int, elapsed: float, quarters: int) -> Horizon:
    """The close so many sessions on, behind so many dividends."""
    return Horizon(variance_years=surface.variance_years(np.array([sessions]), np.array([elapsed])),
                   years=np.array([(sessions + 1 - elapsed) / 252]), dividends=quarters * DIVIDEND)


def prices(index: float, sessions: int, elapsed: float, rate: float, strikes: np.ndarray = STRIKES, first: int = 20,
           shape: figures.SurfaceShape = figures.EQUITY_INDEX) -> tuple[np.ndarray, np.ndarray]:
    """Calls and puts on a share at 500 that pays a dividend after ``first`` sessions and every quarter from there."""
    ex_days = range(first, sessions + 1, QUARTER)
    eves = [horizon(day - 1, elapsed, number) for number, day in enumerate(ex_days)]
    call, put = share_options.share_option_prices(
        shape, np.array([500.0]), np.array([index * shape.scale]), strikes, rate,
        horizon(sessions, elapsed, len(ex_days)), eves, horizon(first, elapsed, 1) if ex_days else None)
    return call[:, 0], put[:, 0]


@given(INDEX, SESSIONS, ELAPSED, RATE, some.integers(1, QUARTER), SHAPES)
@settings(max_examples=200, deadline=None)
def test_strikes_leave_no_arbitrage(index: float, sessions: int, elapsed: float, rate: float, first: int,
                                    shape: figures.SurfaceShape) -> None:
    call, put = prices(index, sessions, elapsed, rate, first=first, shape=shape)
    assert (np.diff(call) <= 1e-9).all() and (np.diff(put) >= -1e-9).all()
    assert (np.abs(np.diff(call)) <= 5 + 1e-9).all() and (np.diff(put) <= 5 + 1e-9).all()
    assert (np.diff(call, 2) >= -1e-7).all() and (np.diff(put, 2) >= -1e-7).all()
    assert (call >= np.maximum(500 - STRIKES, 0) - 1e-9).all()
    assert (put >= np.maximum(STRIKES - 500, 0) - 1e-9).all()
    assert (call <= 500).all() and (put <= STRIKES).all()


@given(INDEX, some.integers(0, 600), some.integers(1, 100), ELAPSED, RATE, some.integers(1, QUARTER))
@settings(max_examples=200, deadline=None)
def test_later_expiries_are_not_cheaper(index: float, sessions: int, more: int, elapsed: float, rate: float,
                                        first: int) -> None:
    later = sessions + max(more, sessions // 20)        # far out, expiries are listed weeks apart
    near, far = (prices(index, days, elapsed, rate, first=first) for days in (sessions, later))
    otm = STRIKES <= 485
    assert (far[1][otm] >= near[1][otm] * (0.98 if rate > 0 else 1) - 1e-9).all()
    # of the others the two-sided quotes must leave nothing to take (two cents where a dividend lies between)
    for side, inner in ((0, np.maximum(500 - STRIKES, 0)), (1, np.maximum(STRIKES - 500, 0))):
        (bid, _), (_, ask) = (quoting.quotes(
            figures.INDEX_FUND_WIDTH, found[side][:, None], inner[:, None],
            quoting.Moments(vix=np.array([index]), minutes=np.array([0]), days=days))
            for found, days in ((near, sessions), (far, later)))
        assert (ask >= bid - 2).all()


@pytest.mark.parametrize("shape", EVERY_SHAPE)
def test_total_variance_grows_with_time_at_every_moneyness(shape: figures.SurfaceShape) -> None:
    later, elapsed = np.meshgrid(np.arange(0, 760), [0.0, 0.3, 0.9, 1.0])
    for level in (8.5, 10.0, 13.0, 16.0, 21.0, 27.0, 35.0, 50.0, 90.0):
        years = surface.variance_years(later, elapsed)
        for moneyness in (-1.5, -0.5, -0.2, -0.05, 0.0, 0.05, 0.15, 0.3, 0.6):
            total = surface.total_variance(shape, np.float64(level * shape.scale), years, np.float64(moneyness))
            assert (np.diff(total, axis=1) > 0).all(), (level, moneyness)


@pytest.mark.parametrize(("index", "realised"), [(11.7, 0.53), (15.3, 0.587), (20.0, 0.630), (23.4, 0.673),
                                                 (27.0, 0.684), (36.0, 0.675)])
def test_a_session_sells_a_little_more_variance_than_is_realised(index: float, realised: float) -> None:
    """SPY from open to close, 2010-2024, in units of VIX a day, by VIX."""
    open_to_close = surface.variance_years(np.array(0), np.array(0.0))
    sold = surface.atm_variance(figures.EQUITY_INDEX, np.float64(index), open_to_close)
    assert 1.0 <= sold / ((realised * index / 100) ** 2 / 252) <= 1.2


def test_overnight_holds_its_share_of_a_day() -> None:
    day = np.array([0.0, 1.0])
    assert surface.variance_years(np.array(0), day[0]) * 252 == pytest.approx(1 - figures.OVERNIGHT_SHARE)
    assert surface.variance_years(np.array(1), day[1]) * 252 == pytest.approx(1.0)


def test_puts_carry_the_skew_and_long_dates_move_less() -> None:
    def volatility(index: float, sessions: int, moneyness: float) -> float:
        years = surface.variance_years(np.array(sessions), np.array(0.0))
        return float(np.sqrt(surface.total_variance(figures.EQUITY_INDEX, np.float64(index), years, moneyness) / years))

    assert volatility(16, 21, -0.05) > volatility(16, 21, 0.0) > volatility(16, 21, 0.03)
    assert volatility(40, 21, 0) - volatility(16, 21, 0) > 1.5 * (volatility(40, 252, 0) - volatility(16, 252, 0)) > 0
    assert volatility(14, 63, 0) > volatility(14, 21, 0) and volatility(40, 63, 0) < volatility(40, 21, 0)


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


@pytest.mark.parametrize("change", [{"rho_short": -1.0}, {"rho_short": -0.6, "rho_far": -0.4}, {"eta_base": 0.0},
                                    {"eta_base": 1.45, "eta_low": 0.1}, {"reversion": 0.0}, {"atm_slope": -1.0},
                                    {"long_slope": -0.1}, {"long_base": 0.0, "long_slope": 0.0}])
def test_a_shape_with_arbitrage_is_refused(change: dict[str, float]) -> None:
    fair = {"atm_slope": 0.9, "long_base": 10.0, "long_slope": 0.5, "reversion": 3.0, "rho_short": -0.6, "eta_base": 0.9}
    with pytest.raises(ValueError, match="arbitrage|positive"):
        figures.SurfaceShape(**{**fair, **change})
    assert figures.SurfaceShape(**{**fair, "eta_base": 1.5}).eta_base == 1.5


def tree(spot: float, strike: float, volatility: float, years: float, rate: float, sign: int,
         paid: tuple[tuple[float, float], ...] = (), steps: int = 400) -> float:
    """American option (``sign`` 1 a call) on a Cox-Ross-Rubinstein tree; ``paid`` are (years, share of the price)."""
    step = years / steps
    up = np.exp(volatility * np.sqrt(step))
    chance = (np.exp(rate * step) - 1 / up) / (up - 1 / up)

    def share(at: int) -> np.ndarray:
        left = np.prod([1 - part for when, part in paid if when <= at * step])
        return left * spot * up ** (at - 2.0 * np.arange(at + 1))

    value = np.maximum(sign * (share(steps) - strike), 0)
    for at in range(steps - 1, -1, -1):
        value = np.exp(-rate * step) * (chance * value[:-1] + (1 - chance) * value[1:])
        value = np.maximum(value, sign * (share(at) - strike))
    return float(value[0])


@pytest.fixture()
def flat(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Makes the surface flat at a volatility."""
    def make(volatility: float) -> None:
        monkeypatch.setattr(surface, "atm_variance", lambda shape, index, years, horizon, level: volatility**2 * years)
        monkeypatch.setattr(surface, "total_variance", lambda shape, index, years, k, horizon, level: volatility**2 * years + 0 * k)
    return make


@pytest.mark.parametrize(("volatility", "years", "rate"), [(0.17, 1.46, 0.055), (0.15, 0.3, 0.055), (0.4, 0.3, 0.05),
                                                           (0.14, 1.2, 0.02), (0.3, 2.5, 0.0075)])
def test_early_exercise_is_worth_what_a_tree_says(flat: Callable[[float], None], volatility: float, years: float,
                                                  rate: float) -> None:
    flat(volatility)
    strikes, time = np.array([430.0, 480.0, 500.0, 515.0, 550.0, 600.0]), np.array([years])
    expiry = Horizon(variance_years=time, years=time, dividends=0.0)
    _, put = share_options.share_option_prices(figures.EQUITY_INDEX, np.array([500.0]), np.array([20.0]), strikes, rate,
                                               expiry)
    for strike, price in zip(strikes, put[:, 0]):
        assert price == pytest.approx(tree(500, strike, volatility, years, rate, -1), rel=0.015, abs=0.3)


@pytest.mark.parametrize(("volatility", "years", "rate"), [(0.15, 0.2, 0.003), (0.15, 0.5, 0.003), (0.15, 1.2, 0.053),
                                                           (0.2, 1.2, 0.003)])
def test_dividends_make_what_a_tree_says(flat: Callable[[float], None], volatility: float, years: float, rate: float
                                         ) -> None:
    flat(volatility)
    paid = tuple((when, 0.004) for when in (0.1, 0.35, 0.6, 0.85, 1.1) if when < years)
    strikes = np.array([350.0, 410.0, 450.0, 500.0, 540.0])

    def at(when: float, number: int) -> Horizon:
        return Horizon(variance_years=np.array([when]), years=np.array([when]), dividends=-number * np.log(1 - 0.004))

    call, put = share_options.share_option_prices(
        figures.EQUITY_INDEX, np.array([500.0]), np.array([20.0]), strikes, rate, at(years, len(paid)),
        [at(when - 0.001, number) for number, (when, _) in enumerate(paid)], at(paid[0][0] + 0.001, 1))
    for strike, bought, sold in zip(strikes, call[:, 0], put[:, 0]):
        assert bought == pytest.approx(tree(500, strike, volatility, years, rate, 1, paid), rel=0.01, abs=0.15)
        assert sold == pytest.approx(tree(500, strike, volatility, years, rate, -1, paid), rel=0.03, abs=0.3)
