"""Price models an algorithm chooses: engines against known prices, volatility models, custom points."""
from __future__ import annotations

import math
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from local.engine.enums import OptionRight, OptionStyle, Resolution
from local.engine.errors import ArgumentException, MemberNotSupported
from local.engine.indicators.base import Identity
from local.engine.indicators.extensions import IndicatorExtensions
from local.engine.loop.warm_up import requested
from local.engine.market.custom_data import Compression, PythonData
from local.engine.pricing.option_models import OptionPriceModels, QLOptionPriceModel
from local.engine.pricing.quantlib_engines import (Terms, analytic, barone_adesi_whaley, cox_ross_rubinstein,
                                                   crank_nicolson, implied_volatility)
from local.engine.pricing.volatility_models import (RelativeStandardDeviationVolatilityModel,
                                                    StandardDeviationOfReturnsVolatilityModel)


def terms(spot: float = 100.0, strike: float = 100.0, *, is_call: bool = False, is_american: bool = True) -> Terms:
    """A year to expiry at a rate of 5 %."""
    made = Terms.__new__(Terms)
    made.spot, made.strike, made.years, made.rate = spot, strike, 1.0, 0.05
    made.is_call, made.is_american, made.first_exercise = is_call, is_american, 1 / 365
    return made


def test_the_formula_gives_the_textbook_price_and_greeks() -> None:
    price, greeks = analytic(terms(is_call=True, is_american=False), 0.2)
    assert price == pytest.approx(10.4506, abs=1e-4)
    assert greeks.delta == pytest.approx(0.6368, abs=1e-4) and greeks.gamma == pytest.approx(0.018762, abs=1e-6)
    assert greeks.vega == pytest.approx(0.37524, abs=1e-5) and greeks.theta == pytest.approx(-6.4140, abs=1e-4)


@pytest.mark.parametrize("engine, tolerance", [(cox_ross_rubinstein, 0.02), (crank_nicolson, 0.02), (barone_adesi_whaley, 0.05)])
def test_american_puts_are_worth_more_than_european_ones(engine, tolerance: float) -> None:
    price, _ = engine(terms(), 0.2)
    assert price == pytest.approx(6.0896, abs=tolerance)
    assert price > analytic(terms(is_american=False), 0.2)[0]


@pytest.mark.parametrize("is_american", [True, False])
def test_implied_volatility_is_found_again(is_american: bool) -> None:
    case = terms(is_american=is_american)
    price, _ = crank_nicolson(case, 0.3)
    assert implied_volatility(case, price) == pytest.approx(0.3, abs=2e-3)
    assert implied_volatility(case, 1000.0) is None


def test_a_model_refuses_styles_its_engine_does_not_price() -> None:
    contract = SimpleNamespace(style=OptionStyle.AMERICAN, right=OptionRight.PUT)
    with pytest.raises(ArgumentException, match="not supported"):
        OptionPriceModels.QuantLib.black_scholes().evaluate(SimpleNamespace(security=None, contract=contract, slice=None))
    assert isinstance(OptionPriceModels.QuantLib.crank_nicolson_fd(), QLOptionPriceModel)
    with pytest.raises(MemberNotSupported, match="binomial_joshi"):
        OptionPriceModels.QuantLib.binomial_joshi()


def bars(*prices: float, step: timedelta = timedelta(days=1)) -> list[SimpleNamespace]:
    return [SimpleNamespace(price=price, end_time=datetime(2024, 8, 1) + index * step) for index, price in enumerate(prices)]


def test_volatility_of_returns_waits_for_two_returns_and_for_its_period() -> None:
    model = StandardDeviationOfReturnsVolatilityModel(3, Resolution.DAILY)
    found = []
    for bar in bars(100, 110, 99):
        model.update(None, bar)
        found.append(model.volatility)
    assert found[:2] == [0.0, 0.0] and found[2] == pytest.approx(math.sqrt(2) * 0.1 * math.sqrt(252))
    model.update(None, SimpleNamespace(price=50.0, end_time=datetime(2024, 8, 3, 23)))
    assert model.volatility == found[2]
    with pytest.raises(ValueError, match="greater than or equal to 2"):
        StandardDeviationOfReturnsVolatilityModel(1)


def test_volatility_relative_to_the_mean() -> None:
    model = RelativeStandardDeviationVolatilityModel(timedelta(hours=1), 2)
    for bar in bars(90, 110, 120, step=timedelta(minutes=40)):
        model.update(None, bar)
    assert model.volatility == pytest.approx(math.sqrt(450) / 105)


def test_an_indicator_of_an_indicator() -> None:
    first = Identity("price")
    mean = IndicatorExtensions.sma(first, 2)
    for day in (1, 2, 3):
        first.update(datetime(2024, 8, day), float(day))
    assert mean.name == "SMA2_Of_price" and mean.current.value == 2.5


def test_fields_of_custom_points_go_by_any_spelling() -> None:
    point = PythonData()
    point.time, point.value = datetime(2024, 8, 5), 3.0
    point["BidClose"] = 2.5
    assert point.bid_close == point["bidclose"] == 2.5 and point.price == 3.0 and point.end_time == point.time
    with pytest.raises(MemberNotSupported, match="ask_close"):
        point.ask_close  # noqa: B018
    assert Compression.zip_bytes(list(b"1,2"), "data")[:2] == b"PK"


@pytest.mark.parametrize("arguments, span, count", [((timedelta(days=4),), timedelta(days=4), None), ((30, Resolution.DAILY), None, 30)])
def test_a_warm_up_is_a_span_or_a_number_of_bars(arguments: tuple, span: timedelta | None, count: int | None) -> None:
    found = requested(arguments, {})
    assert (found.span, found.bars) == (span, count)
    with pytest.raises(TypeError, match="timedelta or as a number"):
        requested(("4",), {})
