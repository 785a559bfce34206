"""The six indices' rules where their returns are known exactly."""
from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from local.data import calendar
from local.data.figures import EQUITY_INDEX
from local.validation.history import History
from local.validation.strategy_indices import cycles_of, monthly_returns


def still(price: float = 100.25, vix: float = 20.0, moves: dict[date, float] | None = None) -> History:
    """Two years in which nothing moves but from the days in ``moves`` on; no interest, no dividends."""
    days = calendar.sessions(date(2017, 10, 2), date(2020, 1, 31))
    factor = np.cumprod([1 + (moves or {}).get(day, 0.0) for day in days])
    level, flat, none = price * factor, np.full(len(days), vix), np.zeros(len(days))
    return History(days=days, index_open=level, index_trade=level, index_close=level, share_open=level, share_trade=level,
                   share_close=level, shares=np.ones(len(days)), vix_open=flat, vix_trade=flat, vix_close=flat,
                   index_sessions=np.full(len(days), 21.2), rate=none + 1e-9, dividend_yield=none)


def whole(name: str, history: History) -> float:
    """What a unit has become over 2018 and 2019."""
    return float(np.prod(1 + monthly_returns(history, EQUITY_INDEX, (2018, 2019))[name]))


def test_sold_premium_is_kept_where_nothing_moves() -> None:
    gained = {name: whole(name, still()) for name in ("PUT", "BXM", "BXMD", "PPUT", "CNDR", "BFLY")}
    assert gained["PUT"] > 1.4 and gained["BXM"] > 1.4 and gained["BFLY"] > gained["CNDR"] > 1.05
    assert gained["BXM"] > gained["BXMD"] > 1.0 > gained["PPUT"] > 0.8
    # a put and a call at the money, half a point out, cost the same: both keep about the same premium
    assert gained["PUT"] == pytest.approx(gained["BXM"], rel=0.02)


def test_cycles_run_from_third_friday_to_third_friday() -> None:
    history = still()
    cycles = cycles_of(history, (2018, 2019))
    assert len(cycles.trade) == 25
    assert [history.days[at] for at in (cycles.trade[0], cycles.mark[0], cycles.settle[0])] == [
        date(2017, 12, 15), date(2017, 12, 29), date(2018, 1, 19)]
    assert history.days[cycles.trade[16]] == date(2019, 4, 18)           # Good Friday: the session before


def test_a_fall_costs_what_the_rules_say() -> None:
    # after the trade of 15 June 2018 the index loses a fifth and stays there
    calm, fallen = still(), still(moves={date(2018, 6, 18): -0.2})
    before = {name: monthly_returns(calm, EQUITY_INDEX, (2018, 2018))[name] for name in ("PUT", "PPUT", "BXM", "CNDR")}
    after = {name: monthly_returns(fallen, EQUITY_INDEX, (2018, 2018))[name] for name in ("PUT", "PPUT", "BXM", "CNDR")}
    assert np.allclose(before["PUT"][:5], after["PUT"][:5])
    two_months = {name: float(np.prod(1 + after[name][5:7])) for name in after}
    assert two_months["PPUT"] == pytest.approx(0.95, abs=0.02)          # protected five per cent down
    assert two_months["PUT"] == pytest.approx(0.80 + 2 * 0.023, abs=0.02)
    assert two_months["BXM"] == pytest.approx(two_months["PUT"], abs=0.01)
    assert 0.88 < two_months["CNDR"] < 0.95                             # a tenth of the money is behind the wing


def test_months_multiply_to_the_cycles() -> None:
    history = still(moves={date(2018, 3, 1): 0.03, date(2018, 7, 24): -0.04, date(2019, 2, 8): 0.02})
    returns = monthly_returns(history, EQUITY_INDEX, (2018, 2019))
    for name, months in returns.items():
        assert months.shape == (24,) and np.isfinite(months).all(), name
