"""What a structure can be worth at least and at most."""
from __future__ import annotations

from datetime import date, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CannotCompute
from core.model import Contract, ContractKind, Right
from core.option_math import price
from core.structure_worth import structure_worth

NEAR, FAR = date(2024, 8, 16), date(2024, 10, 18)
PUT, CALL = Right.PUT, Right.CALL


def option(strike: float, right: Right, expiry: date = NEAR, **more: object) -> Contract:
    return Contract(underlying=str(more.pop("underlying", "SPY")), expiry=expiry, strike=strike, right=right, **more)


def bounds(*legs: tuple[Contract, int]) -> tuple[float, float]:
    worth = structure_worth(legs)
    return worth.least, worth.greatest


def shares(count: int) -> tuple[Contract, int]:
    return Contract(underlying="SPY", expiry=date.max, strike=0.0, right=CALL, kind=ContractKind.EQUITY,
                    multiplier=1.0), count


@pytest.mark.parametrize("legs, expected", [
    ([(option(500, PUT), -1), (option(495, PUT), 1)], (-5, 0)),                               # short vertical
    ([(option(500, PUT), 1), (option(495, PUT), -1)], (0, 5)),                                # closing it
    ([(option(500, CALL), 2), (option(505, CALL), -2)], (0, 10)),
    ([(option(495, PUT), 1), (option(500, PUT), -1), (option(540, CALL), -1), (option(545, CALL), 1)], (-5, 0)),
    ([(option(490, PUT), 1), (option(500, PUT), -1), (option(540, CALL), -1), (option(543, CALL), 1)], (-10, 0)),
    ([(option(490, PUT), 1), (option(500, PUT), -1), (option(500, CALL), -1), (option(510, CALL), 1)], (-10, 0)),
    ([(option(490, PUT), 1), (option(500, PUT), -2), (option(510, PUT), 1)], (0, 10)),        # long butterfly
    ([(option(500, PUT), 1), (option(490, PUT), -2)], (-480, 10)),                            # ratio: naked to 0
    ([(option(500, PUT), 1)], (0, 500)), ([(option(500, PUT), -1)], (-500, 0)),
    ([(option(500, CALL), 1)], (0, inf)), ([(option(500, CALL), -1)], (-inf, 0)),
    ([(option(500, PUT), -1), (option(520, CALL), -1)], (-inf, 0)),
    ([(option(500, PUT, FAR), 1), (option(500, PUT), -1)], (0, 500)),                         # calendar
    ([(option(500, PUT, FAR), -1), (option(500, PUT), 1)], (-500, 0)),                        # closing it
    ([(option(400, CALL, FAR), 1), (option(520, CALL), -1)], (0, inf)),                       # covered by a LEAP
    ([(option(400, CALL, FAR), -1), (option(520, CALL), 1)], (-inf, 0)),
    ([(option(520, CALL, FAR), 1), (option(500, CALL), -1)], (-20, inf)),                     # the wrong way round
    ([(option(500, PUT, FAR), -1), (option(500, PUT), 1), (option(480, PUT), 1)], (-500, 480)),
    ([shares(100), (option(520, CALL), -1)], (0, inf)),
])
def test_structures(legs: list[tuple[Contract, int]], expected: tuple[float, float]) -> None:
    assert bounds(*legs) == expected


def test_only_american_options_on_one_thing_gain_by_a_longer_life() -> None:
    def vix(strike: float, expiry: date) -> Contract:
        return option(strike, CALL, expiry, underlying="VIX", kind=ContractKind.INDEX_OPTION, root="VIX")

    def oil(strike: float, expiry: date, future: date) -> Contract:
        return option(strike, PUT, expiry, underlying="/CL", kind=ContractKind.FUTURE_OPTION, multiplier=1000.0,
                      future_expiry=future)

    assert bounds((vix(30, FAR), 1), (vix(30, NEAR), -1)) == (-inf, inf)
    assert bounds((oil(70, FAR, FAR), 1), (oil(70, NEAR, NEAR), -1)) == (-inf, inf)
    assert bounds((oil(70, NEAR, FAR), 1), (oil(68, NEAR, FAR), -1)) == (0, 2)
    assert bounds((oil(70, NEAR, FAR), -1)) == (-inf, 0)      # a future can fall below nothing


def test_what_has_no_value_in_points_raises() -> None:
    es = option(5000, PUT, underlying="/ES", kind=ContractKind.FUTURE_OPTION, multiplier=50.0, future_expiry=FAR)
    for legs in ((), ((option(500, PUT), 1), (es, -1))):
        with pytest.raises(CannotCompute):
            structure_worth(legs)


def test_a_value_is_held_between_the_bounds_only() -> None:
    worth = structure_worth([(option(500, PUT), -1), (option(495, PUT), 1)])
    assert worth.holds(-5.0) and worth.holds(0.0) and worth.holds(-5.005, 0.01)
    assert not worth.holds(-5.005) and not worth.holds(0.005) and not worth.holds(-5.02, 0.01)


@given(st.lists(st.tuples(st.integers(80, 120), st.sampled_from([PUT, CALL]), st.sampled_from([-2, -1, 1, 2])),
                min_size=1, max_size=4, unique_by=lambda leg: leg[:2]),
       st.floats(50, 200), st.floats(0.05, 1.5), st.integers(1, 700), st.floats(0.0, 0.06))
def test_no_model_price_lies_outside(legs: list[tuple[int, Right, int]], spot: float, iv: float, days: int, rate: float
                                     ) -> None:
    signed = [(option(strike, right, NEAR + timedelta(days=days)), count) for strike, right, count in legs]
    value = sum(count * price(spot, contract.strike, contract.right, iv, days / 365, rate, rate)
                for contract, count in signed)
    assert structure_worth(signed).holds(value, 1e-6)
