"""Universes: when members may leave, what their files may hold; continuous futures: map and factor files."""
from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.engine.enums import DataMappingMode, DataNormalizationMode, Market, OptionRight, OptionStyle, SecurityType
from local.engine.files.data_files import DataFileError
from local.engine.market.chains import OptionContract
from local.engine.market.continuous import ContinuousFutures
from local.engine.market.symbol import Symbol, SymbolCache
from local.engine.universes.universe_files import UniverseStore
from local.engine.universes.universe_selection import Universe

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


SPY_CHAIN = Symbol.create_canonical_option(SPY)
GOOD = "20240802,500,P,1,2,0.5,1.5,10,20,0.2,-0.3,0.01,0.5,-0.1,0.02"


def _store(tmp_path: Path) -> UniverseStore:
    """Files of options on shares are read without exchange hours."""
    return UniverseStore(tmp_path, None)  # type: ignore[arg-type]


def _rows(tmp_path: Path, *lines: str, store: UniverseStore | None = None, day: date = date(2024, 7, 24)) -> list:
    path = tmp_path / "option" / "usa" / "universes" / "spy" / f"{day:%Y%m%d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#expiry,strike,right", ",,,540,541,539,540.5,1000,,,,,,,", *lines]), encoding="utf-8")
    return (store or _store(tmp_path)).rows(SPY_CHAIN, "SPY", day)


def test_a_row_is_a_contract_with_the_underlying_of_the_file(tmp_path: Path) -> None:
    row, = _rows(tmp_path, GOOD)
    assert (row.symbol.id.strike_price, row.symbol.id.date, row.number(3), row.number(6)) == (
        500.0, datetime(2024, 8, 2), 1.5, 0.2)
    assert row.underlying_price == 540.5


@pytest.mark.parametrize(("field", "text"), [
    (0, ""), (0, "20240230"), (0, "20241301"), (0, "soon"), (0, "20240804"),      # the last a Sunday
    (0, "20240723"),                                                              # the day before the file's
    (1, ""), (1, "0"), (1, "-5"), (1, "nan"), (1, "inf"), (1, "high"), (2, ""), (2, "X")])
def test_a_contract_that_cannot_be_names_file_and_line(tmp_path: Path, field: int, text: str) -> None:
    cells = GOOD.split(",")
    cells[field] = text
    with pytest.raises(DataFileError, match="20240724.csv, line 4"):
        _rows(tmp_path, GOOD, ",".join(cells))


def test_a_contract_may_expire_on_the_day_of_its_file_and_not_stand_in_the_next(tmp_path: Path) -> None:
    store, row = _store(tmp_path), GOOD.replace("20240802", "20240724")
    assert len(_rows(tmp_path, row, store=store)) == 1
    with pytest.raises(DataFileError, match="20240725.csv, line 3: the contract expired"):
        _rows(tmp_path, row, store=store, day=date(2024, 7, 25))


@pytest.mark.parametrize("text", ["nan", "inf", "a lot"])
def test_a_figure_that_is_no_number_names_file_and_line(tmp_path: Path, text: str) -> None:
    row, = _rows(tmp_path, GOOD.replace("0.2,-0.3", f"{text},-0.3"))
    with pytest.raises(DataFileError, match="20240724.csv, line 3"):
        row.number(6)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    _rows(tmp_path, GOOD)
    path = next(tmp_path.rglob("20240724.csv"))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataFileError, match="20240724.csv is not text"):
        _store(tmp_path).rows(SPY_CHAIN, "SPY", date(2024, 7, 24))
