"""Contract multipliers and price steps from `symbol-properties/symbol-properties-database.csv`."""
from __future__ import annotations

import csv
import dataclasses
import functools
from pathlib import Path

from local.engine.enums import SecurityType
from local.engine.market.futures_option_tickers import future_of_option
from local.engine.market.symbol import Symbol

_WILDCARD = "[*]"


@dataclasses.dataclass(slots=True)
class SymbolProperties:
    """What a unit of a security is worth and how finely it is quoted."""

    description: str
    quote_currency: str
    contract_multiplier: float
    minimum_price_variation: float
    lot_size: float
    market_ticker: str = ""
    minimum_order_size: float | None = None
    price_magnifier: float = 1.0
    strike_multiplier: float = 1.0
    contract_unit_of_trade: int = 1


class SymbolPropertiesDatabase:
    """Symbol properties of a data folder."""

    def __init__(self, rows: dict[tuple[str, str, str], SymbolProperties]) -> None:
        self._rows = rows

    @staticmethod
    @functools.lru_cache(maxsize=4)
    def of_folder(data_folder: Path) -> SymbolPropertiesDatabase:
        """Database of a data folder (read once)."""
        path = Path(data_folder) / "symbol-properties" / "symbol-properties-database.csv"
        rows: dict[tuple[str, str, str], SymbolProperties] = {}
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if number == 1 or not row or row[0].startswith("#") or not row[0].strip():
                    continue
                rows[(row[0].lower(), row[1].upper(), row[2].lower())] = _properties(row, path, number)
        return SymbolPropertiesDatabase(rows)

    def get(self, market: str, ticker: str, security_type: SecurityType) -> SymbolProperties:
        """A copy of the properties of a ticker, else of its market; options on futures fall back to the future."""
        kind = security_type.name.replace("_", "").lower()
        for key in ((market, ticker.upper(), kind), (market, _WILDCARD, kind)):
            if key in self._rows:
                return self._copy(key, security_type)
        if security_type == SecurityType.FUTURE_OPTION:
            return self.get(market, future_of_option(ticker), SecurityType.FUTURE)
        return SymbolProperties("", "USD", 1.0, 0.01, 1.0)

    def _copy(self, key: tuple[str, str, str], security_type: SecurityType) -> SymbolProperties:
        return dataclasses.replace(self._rows[key])

    def market_of(self, ticker: str, security_type: SecurityType) -> str | None:
        """Market under which a ticker is listed."""
        kind = security_type.name.replace("_", "").lower()
        return next((market for market, name, row_kind in self._rows if name == ticker.upper() and row_kind == kind), None)

    def of_symbol(self, symbol: Symbol) -> SymbolProperties:
        """Properties of a symbol, with the units one option contract delivers."""
        ticker = symbol.underlying.value if symbol.security_type == SecurityType.OPTION else symbol.id.symbol
        found = self.get(symbol.id.market, ticker, symbol.security_type)
        if symbol.security_type.is_option():
            is_future = symbol.security_type == SecurityType.FUTURE_OPTION
            found.contract_unit_of_trade = 1 if is_future else int(found.contract_multiplier)
        return found


def _properties(row: list[str], path: Path, number: int) -> SymbolProperties:
    def at(index: int, default: float) -> float:
        return float(row[index]) if len(row) > index and row[index].strip() else default

    try:
        return SymbolProperties(row[3], row[4], float(row[5]), float(row[6]) if row[6] else 0.0, float(row[7]),
                                row[8] if len(row) > 8 else "", at(9, 0.0) or None, at(10, 1.0), at(11, 1.0))
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path}, line {number}: malformed symbol properties ({error})") from error
