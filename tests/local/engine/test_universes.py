"""Universes: when members may leave; continuous futures: map and factor files."""
from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.engine.chains import OptionContract
from local.engine.continuous import ContinuousFutures
from local.engine.data_files import DataFileError
from local.engine.enums import DataMappingMode, DataNormalizationMode, Market, OptionRight, OptionStyle, SecurityType
from local.engine.symbol import Symbol, SymbolCache
from local.engine.universe_selection import Universe

NOON = datetime(2024, 7, 24, 16)
SPY = Symbol.create("SPY", SecurityType.EQUITY, Market.USA)


class _Listed(Universe):
    """Selects what a list holds."""

    def __init__(self, symbols: list[Symbol]) -> None:
        super().__init__((0, "test"))
        self.symbols = symbols

    def wanted(self, utc: datetime) -> list[Symbol]:
        return self.symbols


def test_equal_selections_change_nothing() -> None:
    seen: list[list[Symbol]] = []
    universe = _Listed([SPY])
    universe.selection_changed.append(seen.append)
    assert universe.perform(NOON)
    assert not universe.perform(NOON)
    universe.symbols = []
    assert universe.perform(NOON)
    assert seen == [[SPY], []]


@pytest.mark.parametrize(("hours", "minimum", "may_leave"), [
    (12, timedelta(days=1), False), (12.1, timedelta(days=1), True), (0, timedelta(0), True),
    (0.4, timedelta(hours=1), False), (0.6, timedelta(hours=1), True)])
def test_members_stay_for_the_rounded_minimum(hours: float, minimum: timedelta, may_leave: bool) -> None:
    universe = _Listed([])
    universe.minimum_stay = minimum
    universe.members[SPY] = NOON
    security = SimpleNamespace(is_delisted=False)
    assert universe.can_leave(SPY, NOON + timedelta(hours=hours), security) is may_leave


def test_delisted_members_and_members_of_disposed_universes_may_leave() -> None:
    universe = _Listed([])
    universe.members[SPY] = NOON
    assert universe.can_leave(SPY, NOON, SimpleNamespace(is_delisted=True))
    universe.is_disposed = True
    assert universe.can_leave(SPY, NOON, SimpleNamespace(is_delisted=False))


def _write(folder: Path, kind: str, text: str) -> None:
    path = folder / "future" / "cme" / kind / "es.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


ES = Symbol.create("ES", SecurityType.FUTURE, Market.CME)
MARCH, JUNE = (Symbol.create_future("ES", Market.CME, datetime(2020, *day, 13, 30)) for day in ((3, 20), (6, 19)))


def test_continuous_future_stands_for_the_contract_of_the_map_file(tmp_path: Path) -> None:
    _write(tmp_path, "map_files", f"18991230,es,CME\n20200317,{str(MARCH.id).lower()},CME,2\n"
                                  f"20200320,{str(MARCH.id).lower()},CME,0\n20200616,{str(JUNE.id).lower()},CME,2\n")
    futures = ContinuousFutures(tmp_path)
    mapping = DataMappingMode.OPEN_INTEREST
    assert futures.mapped_on(ES, date(2020, 3, 17), mapping) == MARCH
    assert futures.mapped_on(ES, date(2020, 3, 18), mapping) == JUNE
    assert futures.mapped_on(ES, date(2020, 3, 18), DataMappingMode.LAST_TRADING_DAY) == MARCH
    assert futures.mapped_on(ES, date(2020, 6, 17), mapping) is None


def test_factor_of_the_next_row_of_the_mapping_mode_holds(tmp_path: Path) -> None:
    _write(tmp_path, "factor_files", '{"Date":"2020-03-17T00:00:00","BackwardsRatioScale":[0.9],"DataMappingMode":2}\n')
    futures = ContinuousFutures(tmp_path)
    mapping, ratio = DataMappingMode.OPEN_INTEREST, DataNormalizationMode.BACKWARDS_RATIO
    assert futures.factor_on(ES, date(2020, 3, 17), mapping, ratio) == 0.9
    assert futures.factor_on(ES, date(2020, 3, 18), mapping, ratio) is None
    assert futures.factor_on(ES, date(2020, 3, 17), mapping, DataNormalizationMode.RAW) is None


def test_malformed_rows_name_file_and_line(tmp_path: Path) -> None:
    _write(tmp_path, "map_files", "18991230,es,CME\n20200317,x,CME,2\n")
    with pytest.raises(DataFileError, match="es.csv, line 2"):
        ContinuousFutures(tmp_path).mapped_on(ES, date(2020, 1, 1), DataMappingMode.OPEN_INTEREST)
    _write(tmp_path, "factor_files", "{}\n")
    with pytest.raises(DataFileError, match="es.csv, line 1"):
        ContinuousFutures(tmp_path).factor_on(ES, date(2020, 1, 1), DataMappingMode.OPEN_INTEREST,
                                              DataNormalizationMode.BACKWARDS_RATIO)


def test_contracts_of_chains_count_as_their_symbols() -> None:
    SymbolCache.clear()
    symbol = Symbol.create_option(SPY, Market.USA, OptionStyle.AMERICAN, OptionRight.PUT, 500.0, datetime(2024, 11, 15))
    contract = OptionContract(symbol, NOON)
    assert contract == symbol and symbol == contract
    assert {symbol: 1}[contract] == 1
    assert contract.security_type == SecurityType.OPTION and not contract.is_canonical()
