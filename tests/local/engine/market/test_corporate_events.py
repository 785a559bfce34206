"""Dividends and splits as events of a run."""
from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from local.data.static import write_static_files
from local.engine.enums import Market, SecurityType, SplitType
from local.engine.files.factor_files import FactorFiles
from local.engine.market.bars import Dividend, Split
from local.engine.market.corporate_events import corporate_events
from local.engine.market.market_hours import MarketHoursDatabase, SecurityExchangeHours
from local.engine.market.symbol import Symbol

# a dividend of 0.25 with its ex-date on Monday 12 August, a split of four for one on Thursday 5 September (2024)
ROWS = "20230519,0.9988439,0.25,216.24\n20240809,0.9988439,0.25,216.24\n20240904,1,0.25,220\n20501231,1,1,0\n"
FIRST, LAST = datetime(2024, 8, 1), datetime(2024, 9, 30)


@pytest.fixture
def files(tmp_path: Path) -> FactorFiles:
    folder = tmp_path / "equity/usa/factor_files"
    folder.mkdir(parents=True)
    (folder / "aapl.csv").write_text(ROWS, encoding="utf-8")
    write_static_files(tmp_path)
    return FactorFiles(tmp_path)


@pytest.fixture
def hours(files: FactorFiles, tmp_path: Path) -> SecurityExchangeHours:
    return MarketHoursDatabase.of_folder(tmp_path).get_entry(Market.USA, "AAPL", SecurityType.EQUITY).exchange_hours


def share(ticker: str = "AAPL") -> Symbol:
    return Symbol.create(ticker, SecurityType.EQUITY, Market.USA)


def test_a_dividend_comes_on_its_ex_date_a_split_with_a_warning(files: FactorFiles, hours: SecurityExchangeHours) -> None:
    found = list(corporate_events(files, share(), hours, FIRST, LAST))
    assert [when for when, _ in found] == [datetime(2024, 8, 12), datetime(2024, 9, 4), datetime(2024, 9, 5)]
    dividend, warning, split = (event for _, event in found)
    assert isinstance(dividend, Dividend) and dividend.distribution == 0.25 and dividend.reference_price == 216.24
    assert isinstance(warning, Split) and (warning.type, warning.split_factor) == (SplitType.WARNING, 0.25)
    assert isinstance(split, Split) and (split.type, split.reference_price) == (SplitType.SPLIT_OCCURRED, 220.0)


@pytest.mark.parametrize("first, last, count", [
    (datetime(2024, 8, 11, 23, 59), datetime(2024, 8, 12), 1), (datetime(2024, 8, 12), datetime(2024, 8, 13), 0),
    (FIRST, datetime(2024, 8, 11, 23, 59), 0),
])
def test_only_dates_that_begin_in_the_span(files: FactorFiles, hours: SecurityExchangeHours, first: datetime,
                                           last: datetime, count: int) -> None:
    assert len(list(corporate_events(files, share(), hours, first, last))) == count


def test_other_shares_and_kinds_have_none(files: FactorFiles, hours: SecurityExchangeHours) -> None:
    assert not list(corporate_events(files, share("MSFT"), hours, FIRST, LAST))
    vix = Symbol.create("VIX", SecurityType.INDEX, Market.USA)
    assert not list(corporate_events(files, vix, hours, FIRST, LAST))
