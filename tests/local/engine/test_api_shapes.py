"""Shapes of LEAN's API: member names, dictionaries of a slice, values that compare."""
from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from local.data.static import write_static_files
from local.engine.collections import DataDictionary
from local.engine.enums import (DataNormalizationMode, Market, OptionRight, OptionStyle, Resolution, SecurityType,
                                TickType)
from local.engine.errors import MemberNotSupported
from local.engine.indicators.base import ExponentialMovingAverage
from local.engine.loop.clock import Clock
from local.engine.market.chains import Greeks, OptionChain
from local.engine.market.data_dictionaries import OptionChains
from local.engine.market.feed import Feed
from local.engine.market.series import BarSeries
from local.engine.market.symbol import Symbol
from local.engine.net_names import python_name


def share(ticker: str) -> Symbol:
    return Symbol.create(ticker, SecurityType.EQUITY, Market.USA)


@pytest.mark.parametrize("net, plain", [("Greeks", "greeks"), ("ImpliedVolatility", "implied_volatility"),
                                        ("UTCTime", "utc_time"), ("BidPrice", "bid_price")])
def test_names_of_net_in_python(net: str, plain: str) -> None:
    assert python_name(net) == plain


def test_a_member_goes_by_its_net_name_too() -> None:
    assert Greeks(delta=0.3).Delta == 0.3
    with pytest.raises(MemberNotSupported, match="Greeks.Epsilon"):
        Greeks().Epsilon  # noqa: B018


def test_data_come_in_the_order_of_tickers() -> None:
    data: DataDictionary[int] = DataDictionary({share("spy"): 3, share("AAPL"): 1})
    assert [symbol.value for symbol in data.keys()] == ["AAPL", "SPY"] and data.values() == [1, 3]
    data[share("MSFT")] = 2
    assert [pair.value for pair in data] == [1, 2, 3] and data.keys()[1] == share("MSFT")


def test_chains_are_found_by_underlying_contract_and_canonical_symbol() -> None:
    chain = OptionChain(Symbol.create_canonical_option(share("SPY")), datetime(2024, 8, 5))
    chains = OptionChains({chain.symbol: chain})
    contract = Symbol.create_option(share("SPY"), Market.USA, OptionStyle.AMERICAN, OptionRight.PUT, 500.0, datetime(2024, 9, 20))
    assert chains[share("SPY")] is chains[contract] is chains[chain.symbol] is chain
    assert share("QQQ") not in chains


def test_indicators_compare_by_their_values() -> None:
    slow, fast = ExponentialMovingAverage(2), ExponentialMovingAverage(1)
    for day, value in ((1, 10.0), (2, 12.0)):
        slow.update(datetime(2024, 8, day), value)
        fast.update(datetime(2024, 8, day), value)
    assert fast > slow and slow < fast and fast > 11.9 and not fast > 12 and fast >= 12


@pytest.mark.parametrize("last", [date(2024, 3, 12), date(2024, 11, 5)])
def test_bars_of_an_index_are_looked_for_across_a_clock_change(tmp_path: Path, last: date) -> None:
    write_static_files(tmp_path)
    feed = Feed(tmp_path, Clock())
    loader = feed.loader(Symbol.create("VIX", SecurityType.INDEX, Market.USA), TickType.TRADE, Resolution.MINUTE, False,
                         DataNormalizationMode.RAW)
    stop = int(datetime(last.year, last.month, last.day).timestamp())
    series = BarSeries(loader, stop - 6 * 86_400)
    assert isinstance(series.ends_in(stop - 6 * 86_400, stop), np.ndarray)
    assert series.rows_between(stop - 6 * 86_400, stop) == []
